"""Where commands that work outside a project leave what is between them and their result."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handloom.repository import main_repository

_ROOT = "DVC_ROOT"  # what `handloom.repository` asks first


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
