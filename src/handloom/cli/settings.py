"""How joints are found: as the project in the working folder says, else as handloom does by default."""

from pathlib import Path

from handloom.config import ExtractKeypoints

PARAMETERS = Path("params.yaml")


def project_extraction() -> ExtractKeypoints | None:
    """The section `extract_keypoints` of `params.yaml` in the working folder; None where there is no such file.

    Raises:
        ConfigurationError: the file is not what handloom reads.
    """
    from handloom.config import parameters_from
    from handloom.support.yaml_files import read_yaml

    if not PARAMETERS.is_file():
        return None
    content = read_yaml(PARAMETERS)
    if not isinstance(content, dict) or "extract_keypoints" not in content:
        return None  # another program's
    return parameters_from(content).extract_keypoints
