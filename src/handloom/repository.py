"""Where the main repository is, also from the copies in which DVC runs queued experiments."""

import os
from pathlib import Path


def main_repository() -> Path:
    """The root of the main repository.

    DVC sets `DVC_ROOT` to it in every stage, also in its temporary copies. Outside DVC it is the nearest folder upwards
    of the working folder that holds `.dvc`, else the working folder.
    """
    root = os.environ.get("DVC_ROOT")
    if root:
        return Path(root).resolve()
    here = Path.cwd().resolve()
    return next((folder for folder in (here, *here.parents) if (folder / ".dvc").is_dir()), here)
