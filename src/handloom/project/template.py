"""Where the files are that a new project is made of: the repository's own, in the repository or inside the wheel."""

from pathlib import Path

import handloom
from handloom.errors import HandloomError


def template_folder() -> Path:
    """The folder with `conf/`, `pipeline/`, `dvc.yaml` and the rest, laid out as in the repository.

    A wheel has a copy, which `setup.py` puts there when it is built. An editable installation has none: there it is the
    repository itself.

    Raises:
        HandloomError: neither is there.
    """
    package = Path(handloom.__file__).resolve().parent
    for folder in (package / "project" / "template", package.parent.parent):
        if (folder / "dvc.yaml").is_file() and (folder / "conf" / "config.yaml").is_file():
            return folder
    raise HandloomError(f"{package}: the files of new projects are missing; install handloom again from its wheel")
