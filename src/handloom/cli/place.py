"""Where commands work: in a project's folder, or outside one, with all that is between them and their result."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handloom.errors import HandloomError, printable
from handloom.support.repository import main_repository

_CONFIGURATION = Path("conf") / "config.yaml"
_ROOT = "DVC_ROOT"  # what `handloom.support.repository` asks first


@contextmanager
def work_kept_in(folder: Path) -> Iterator[None]:
    """Within, the cache of joints, checkpoints and MLflow's store lie in `folder`; in a DVC project, in the project."""
    if os.environ.get(_ROOT) or (main_repository() / ".dvc").is_dir():
        yield
        return
    os.environ[_ROOT] = str(folder.resolve())
    try:
        yield
    finally:
        del os.environ[_ROOT]


def project_folder() -> Path:
    """The project's folder: the nearest one upwards of the working folder that has a configuration.

    Raises:
        HandloomError: there is none.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / _CONFIGURATION).is_file():
            return folder
    raise HandloomError(
        f"{printable(str(here))}: not in a project, there is no {_CONFIGURATION}; go to a project's folder, or make one"
        " with handloom init"
    )
