"""The record of a run: tags, parameters, packages, name and description.

`handloom.` begins the names of tags by which our code finds runs and models; plain names are for people.

What shows people or names their files goes where `tracking.pictures` lets it go. A file of a run is on this computer if
its store is (`Address.is_on_this_computer`), and if that keeps the files of its runs here too. A tunnel to another
computer looks like a server on this one: with it, set `tracking.pictures=never`.
"""

import os
import platform
import re
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import yaml

from handloom.config import Kind, Parameters, Pictures, as_plain, raw_data
from handloom.support.files import sha256_of_file
from handloom.support.fingerprint import fingerprint
from handloom.support.repository import Commit
from handloom.tracking.address import SERVER, Address

if TYPE_CHECKING:
    from mlflow.entities import Run

KIND = "kind"
DIRTY, CHANGES = "uncommitted changes", "changed files"  # whether files differed from the commit; which, a line each
FOLD = "fold"  # of a training of a cross-validation
GIVEN_UP_AT = "pruned at iteration"  # of a trial that its search ended early
WARNING = "warning"
FINGERPRINT = "handloom.fingerprint"  # of the training, by which a model finds its run
JOB = "handloom.job"  # of a run that is one of many: which one, so that it is found again after a kill
KEYPOINTS_SHA256, SPLIT_SHA256 = "handloom.keypoints_sha256", "handloom.split_sha256"
MODEL_SHA256, LOCK_SHA256 = "handloom.model_sha256", "handloom.dvc_lock_sha256"
COMMIT, PARENT = "mlflow.source.git.commit", "mlflow.parentRunId"  # MLflow's own; it shows runs below their parent
NAME, NOTE = "mlflow.runName", "mlflow.note.content"  # MLflow's own, too
SOURCE, SOURCE_TYPE = "mlflow.source.name", "mlflow.source.type"

ENVIRONMENT_FILE, PARAMETERS_FILE = "environment.txt", "params.yaml"  # artifacts of a run

_CODE = (".py", ".yaml", ".yml", ".toml", ".cfg", ".md", ".sh", ".dvc", ".gitignore", "Makefile", "dvc.lock")
_NAMED = 4  # parameters in a name
_LONGEST_VALUE = 16
_AWKWARD = re.compile(r"[^\w.+-]+")  # in a name that is typed
_BEFORE = {  # what runs that are in stores have
    "handloom.kind": KIND,
    "handloom.git.dirty": DIRTY,
    "handloom.git.changes": CHANGES,
    "handloom.fold": FOLD,
    "handloom.given_up_at": GIVEN_UP_AT,
    "handloom.warning": WARNING,
}


def present_names(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags of a run, also of one that an older handloom recorded, under their present names."""
    return {_BEFORE.get(name, name): value for name, value in tags.items()}


def flat(content: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Nested dictionaries as one, its keys in full: ``train_pose.optimizer.lr``."""
    values: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{prefix}.{key}"
        values |= flat(value, name) if isinstance(value, Mapping) else {name: value}
    return values


def run_parameters(kind: Kind, parameters: Parameters) -> dict[str, str]:
    """All parameters that decide a model of this kind."""
    sections = {"data": parameters.source(kind), f"train_{kind}": parameters.training(kind)}
    for name in ("extract_keypoints", "split", "evaluate", "export_coreml"):
        sections[name] = getattr(parameters, name)
    return {
        key: str(value) for name, section in sections.items() for key, value in flat(as_plain(section), name).items()
    }


def parameters_text(parameters: Parameters) -> str:
    """All parameters as a `params.yaml`, which `parameters_from` reads to the same."""
    content = as_plain(parameters)
    return yaml.safe_dump(content | {"raw_data": raw_data(content["data"])}, sort_keys=False, allow_unicode=True)


def environment_text() -> str:
    """Python, platform and each installed distribution with its version, a line each; no paths, no machine's name."""
    described = (one.metadata for one in distributions())  # each access reads the file again
    installed = {f"{one['Name']}=={one['Version']}" for one in described}
    head = [
        f"# Python {platform.python_version()} ({platform.python_implementation()})",
        f"# {platform.system()} {platform.machine()}, {' '.join(platform.libc_ver())}".rstrip(", "),
    ]
    return "\n".join([*head, *sorted(installed, key=str.lower)]) + "\n"


def origin_tags(keypoints_sha256: str, split_sha256: str, project: Path) -> dict[str, str]:
    """Tags with the sha256 of the data, of its parts, and of `dvc.lock` where the project has one."""
    lock = project / "dvc.lock"
    tags = {KEYPOINTS_SHA256: keypoints_sha256, SPLIT_SHA256: split_sha256}
    return tags | ({LOCK_SHA256: sha256_of_file(lock)} if lock.exists() else {})


def describing_tags(kind: Kind, parameters: Parameters, commit: Commit | None) -> dict[str, str]:
    """Name, description and source of a run."""
    changed = changed_parameters(kind, parameters)
    listed = "".join(f"\n- `{key}`: {value}" for key, value in changed.items())
    differs = f"Parameters that differ from the defaults:\n{listed}" if changed else "All parameters are the defaults."
    return {
        NAME: os.environ.get("DVC_EXP_NAME") or run_name(kind, changed, commit),
        NOTE: f"Training of a hand {kind} classifier. {differs}",
        SOURCE: _program(),
        SOURCE_TYPE: "LOCAL",
    }


def changed_parameters(kind: Kind, parameters: Parameters) -> dict[str, str]:
    """The parameters of a model that differ from the defaults, except the data's; those of the training first."""
    default = run_parameters(kind, Parameters(data=parameters.data))
    changed = {key: value for key, value in run_parameters(kind, parameters).items() if default.get(key) != value}
    return dict(sorted(changed.items(), key=lambda item: not item[0].startswith(f"train_{kind}.")))


def run_name(kind: Kind, changed: dict[str, str], commit: Commit | None) -> str:
    """A name without spaces, so that it can be typed: ``pose,lr=0.002,seed=3,4d4be3f+``.

    Args:
        kind: "pose" or "action".
        changed: parameters that differ from the defaults, by their full names. The first few are named.
        commit: that is checked out; a plus follows where files differ from it.
    """
    last = [key.rpartition(".")[2] for key in changed]
    parts: list[str] = [kind]
    for key, value in list(changed.items())[:_NAMED]:
        short = key.rpartition(".")[2]
        name = short if last.count(short) == 1 else ".".join(key.split(".")[-2:])
        parts.append(f"{name}={_AWKWARD.sub('_', value)[:_LONGEST_VALUE]}")
    if rest := list(changed.items())[_NAMED:]:
        parts.append(f"and-{len(rest)}-more-{fingerprint(rest)[:4]}")  # so that two names differ in these too
    if commit:
        parts.append(commit.sha[:7] + "+" * commit.changed)
    return ",".join(parts)


def _program() -> str:
    """The script that runs, from the working folder; of one elsewhere only its name."""
    script = Path(sys.argv[0])
    folder = Path.cwd()
    return script.relative_to(folder).as_posix() if script.is_relative_to(folder) else script.name or "python"


def may_go(pictures: Pictures, address: Address) -> bool:
    """Whether such files may go to the store of an address."""
    return pictures == "always" or (pictures == "local" and address.is_on_this_computer)


def without_names_of_media(files: Sequence[str], pictures: Pictures, address: Address) -> list[str]:
    """Names of changed files, those of photos, clips and tables only as a number where such may not go."""
    if may_go(pictures, address):
        return list(files)
    kept = [name for name in files if PurePosixPath(name).suffix in _CODE or PurePosixPath(name).name in _CODE]
    return kept + ([f"{len(files) - len(kept)} other files"] if len(files) > len(kept) else [])


def stays_here(run: "Run", address: Address) -> bool:
    """Whether the files of a run of this store stay on this computer."""
    kept_by = urlsplit(str(run.info.artifact_uri)).scheme
    return address.is_on_this_computer and kept_by in ("", "file", "mlflow-artifacts", *SERVER)


def say_once_what_stays(files: Sequence[Path], address: Address) -> None:
    """Say, once a process and store, that files like these are not logged."""
    shown = address.shown
    if shown not in _said:
        _said.add(shown)
        folders = ", ".join(dict.fromkeys(str(file.parent) for file in files))
        print(
            f"MLflow at {shown}: contact sheets and tables with the names of files stay on this computer ({folders});"
            " tracking.pictures=always sends them too",
            file=sys.stderr,
        )


_said: set[str] = set()
