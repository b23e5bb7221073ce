"""Making a project of the user's own."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from handloom.config import KINDS, Kind
from handloom.errors import HandloomError, printable
from handloom.project.template import template_folder
from handloom.stages.compose import composed_text
from handloom.support.files import remove_remains

MEDIA_FOLDERS: dict[Kind, str] = {"pose": "photos", "action": "videos"}
# What may be there before: who made a repository or an environment first need not start again.
_ALLOWED = {".git", ".venv"}
# Lines of the repository's own .gitignore that mean nothing elsewhere.
_NOT_IGNORED = ("sample", "egg-info", "hypothesis")


def make_project(folder: Path, kinds: Sequence[Kind] = KINDS) -> None:
    """Fill a new or empty folder with a project that runs with `dvc repro`, all of it or nothing.

    Args:
        folder: where; the folders above it are made too.
        kinds: of classifiers; the stages of others are left out.

    Raises:
        HandloomError: there is something in the folder, or it cannot be written.
    """
    shown = printable(str(folder))
    try:
        if folder.exists():
            remove_remains(folder)
            there = sorted(path.name for path in folder.iterdir() if path.name not in _ALLOWED)
            if there:
                first = printable(there[0])
                raise HandloomError(f"{shown}: not empty ({first}); name a new folder, or an empty one")
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix=f".project.{os.getpid()}-", suffix=".part") as temporary:
            _fill(Path(temporary), kinds)
            for path in sorted(Path(temporary).iterdir()):
                path.rename(folder / path.name)
    except NotADirectoryError:
        raise HandloomError(f"{shown}: a file, not a folder; name a new folder") from None
    except OSError as error:
        raise HandloomError(f"{shown}: cannot be written ({error.strerror or error}); name another folder") from None


def _fill(folder: Path, kinds: Sequence[Kind]) -> None:
    template = template_folder()
    _write_conf(template / "conf", folder / "conf")
    (folder / "params.yaml").write_text(composed_text(folder / "conf"), encoding="utf-8")
    _write_stages(template / "dvc.yaml", folder / "dvc.yaml", kinds)

    (folder / "pipeline").mkdir()
    left_out = {"draw_sample", *(f"train_{kind}" for kind in KINDS if kind not in kinds)}
    for path in (template / "pipeline").glob("*.py"):
        if path.stem not in left_out:
            shutil.copyfile(path, folder / "pipeline" / path.name)

    for kind in kinds:
        (folder / "data" / MEDIA_FOLDERS[kind]).mkdir(parents=True)
    shutil.copyfile(template / ".dvcignore", folder / ".dvcignore")
    ignored = (template / ".gitignore").read_text(encoding="utf-8").splitlines()
    kept = [line for line in ignored if not any(word in line for word in _NOT_IGNORED)]
    (folder / ".gitignore").write_text("\n".join(kept) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(note(kinds), encoding="utf-8")


def _write_conf(template: Path, folder: Path) -> None:
    """Copy `conf/` without the drawn sample, which belongs to the repository."""
    for path in sorted(template.rglob("*.yaml")):
        if path.stem == "sample":
            continue
        target = folder / path.relative_to(template)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    lines = (folder / "config.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line.replace(": sample", ": labeled_directories") for line in lines if "sample: default" not in line]
    (folder / "config.yaml").write_text("".join(kept), encoding="utf-8")


def _write_stages(template: Path, target: Path, kinds: Sequence[Kind]) -> None:
    """Copy `dvc.yaml`, for one kind without the stages and plots of the other."""
    if len(kinds) == len(KINDS):
        shutil.copyfile(template, target)
        return
    content = yaml.safe_load(template.read_text(encoding="utf-8"))
    left_out = tuple(f"{sign}{kind}" for sign in "_ " for kind in KINDS if kind not in kinds)
    stages = {name: stage for name, stage in content["stages"].items() if not name.endswith(left_out)}
    for stage in stages.values():
        if stage.get("foreach") == "${data}":
            stage["foreach"] = {kind: f"${{data.{kind}}}" for kind in kinds}
    plots = [plot for plot in content["plots"] if not any(name.endswith(left_out) for name in plot)]
    parts = [{"stages": {name: stage}} for name, stage in stages.items()]
    blocks = [yaml.safe_dump(part, sort_keys=False, width=120).removeprefix("stages:\n") for part in parts]
    blocks = ["# From photos and videos to Core ML models: dvc repro\nstages:\n" + blocks[0], *blocks[1:]]
    blocks.append(yaml.safe_dump({"plots": plots}, sort_keys=False, width=120))
    target.write_text("\n".join(blocks), encoding="utf-8")


def next_steps(kinds: Sequence[Kind]) -> list[str]:
    """What to type or do in a new project, one line per step."""
    steps = ["git init", "dvc init", "dvc config hydra.enabled true    # for dvc exp run -S group=option"]
    media = [MEDIA_FOLDERS[kind] for kind in kinds]
    steps += [f"put {files} into data/{files}/<class>/, one folder per class" for files in media]
    folders = " ".join(f"data/{files}" for files in media)
    steps.append(f"dvc add {folders}    # keeps their versions; queued experiments need it")
    if len(kinds) == 1:
        return [*steps, "dvc repro"]
    return [*steps, "dvc repro    # or one kind alone: dvc repro export_coreml@pose"]


def note(kinds: Sequence[Kind]) -> str:
    """The project's README.md."""
    steps = "\n".join(f"{number}. {_marked(step)}" for number, step in enumerate(next_steps(kinds), 1))
    return f"""\
# Hand gestures

{steps}

The models for an app are then in `exports/`, how good they are is in `reports/`, and what was found in each file is in
`data/keypoints/`. A class `background` for everything else makes a classifier better.

Settings of your own go at the end of `conf/config.yaml`; then `handloom params` and `dvc repro`.
`handloom params --explain` prints every key with its default and meaning. `handloom doctor` tells what this computer
lacks.
"""


def _marked(step: str) -> str:
    command, _, remark = step.partition("    # ")
    if command.split()[0] not in ("git", "dvc"):
        return command
    return f"`{command}`" + (f" ({remark})" if remark else "")
