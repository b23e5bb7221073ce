"""Everything else is in pyproject.toml. This puts the files that new projects are made of into the wheel.

They exist once, at their places in the repository; `handloom.project.template` finds them here or there.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
FILES = (
    ".dvcignore",
    ".gitignore",
    "constraints.txt",
    "dvc.yaml",
    *(path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("conf/**/*.yaml"))),
    *(path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("pipeline/*.py"))),
)


class BuildWithTemplate(build_py):
    """Copies the template next to the code, except where the code itself stays in the repository."""

    def run(self) -> None:
        """Build, then copy."""
        super().run()
        if not self.editable_mode:
            for name, target in self._template().items():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, target)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """All files of the build, the copies too."""
        own = [] if self.editable_mode else [str(target) for target in self._template().values()]
        return [*super().get_outputs(include_bytecode), *own]

    def _template(self) -> dict[str, Path]:
        return {name: Path(self.build_lib) / "handloom" / "project" / "template" / name for name in FILES}


setup(cmdclass={"build_py": BuildWithTemplate})
