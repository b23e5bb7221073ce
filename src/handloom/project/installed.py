"""Which handloom is installed, stage by stage, as a file that DVC watches in place of the source code.

python -m handloom.project.installed    writes it; a project's first stage does so in every `dvc repro`

A project does not hold handloom's code, and DVC would not notice that an upgrade computes something else. So the stages
depend on the hashes in this file, each on that of the code that it runs: an upgrade runs what it changes and no more.
"""

from pathlib import Path
from typing import Any

import yaml

import handloom
from handloom.project.template import template_folder
from handloom.support.files import replacing, sha256_of_file
from handloom.support.fingerprint import fingerprint

INSTALLED_FILE = "installed_handloom.yaml"
SOURCE = "src/handloom/"  # how the repository's own dvc.yaml begins a dependency on code

_HEADER = "# Written by the stage installed_handloom: what runs the other stages. Keep it in git, leave it as it is.\n"


def write_installed(folder: Path) -> None:
    """Write the file: handloom's version, and a hash of the code of each stage."""
    stages = yaml.safe_load((template_folder() / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    code = {name: _hash(code_of(stage.get("do", stage))) for name, stage in stages.items()}
    text = _HEADER + yaml.safe_dump({"version": handloom.__version__, "code": code}, sort_keys=False)
    with replacing(folder / INSTALLED_FILE) as beside:
        beside.write_text(text, encoding="utf-8")


def code_of(stage: dict[str, Any]) -> list[str]:
    """The files and folders of the package that a stage of the repository's own dvc.yaml depends on."""
    return [path.removeprefix(SOURCE) for path in stage["deps"] if path.startswith(SOURCE)]


def _hash(names: list[str]) -> str:
    package = Path(handloom.__file__).resolve().parent
    files = []
    for path in (package / name for name in names):
        if not path.exists():
            raise FileNotFoundError(path)  # a name that nobody has any more would watch nothing
        inside = path.rglob("*") if path.is_dir() else [path]
        files += sorted(file for file in inside if file.is_file() and "__pycache__" not in file.parts)
    return fingerprint([(file.relative_to(package).as_posix(), sha256_of_file(file)) for file in files])


if __name__ == "__main__":
    write_installed(Path.cwd())
