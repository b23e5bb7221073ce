"""How joints are found: as the project in the working folder says, else as handloom does by default."""

from pathlib import Path

from handloom.config import ExtractKeypoints
from handloom.errors import ConfigurationError

PARAMETERS = Path("params.yaml")


def project_extraction() -> ExtractKeypoints | None:
    """The section `extract_keypoints` of `params.yaml` in the working folder; None where there is no such file.

    Raises:
        ConfigurationError: the file is not what handloom reads.
    """
    import yaml

    from handloom.config import parameters_from

    if not PARAMETERS.is_file():
        return None
    try:
        content = yaml.safe_load(PARAMETERS.read_text(encoding="utf-8"))
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{PARAMETERS}: cannot be read ({' '.join(str(error).split())})") from None
    if not isinstance(content, dict) or "extract_keypoints" not in content:
        return None  # another program's
    return parameters_from(content).extract_keypoints
