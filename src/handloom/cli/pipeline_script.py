"""Running a script of the project's `pipeline/`, as `python pipeline/NAME.py` does."""

import runpy
import sys
from collections.abc import Sequence

from handloom.cli.place import project_folder
from handloom.errors import HandloomError, printable
from handloom.support.console import DONE


def run_script(name: str, arguments: Sequence[str]) -> int:
    """Run it in this process, with these arguments; its exit status.

    Raises:
        HandloomError: the working folder is in no project, or the project has no such script.
    """
    script = project_folder() / "pipeline" / f"{name}.py"
    if not script.is_file():
        raise HandloomError(f"{printable(str(script))}: no such script; make the project again with handloom init")
    before, sys.argv = sys.argv, [str(script), *arguments]
    try:
        runpy.run_path(str(script), run_name="__main__")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else DONE
    finally:
        sys.argv = before
    return DONE
