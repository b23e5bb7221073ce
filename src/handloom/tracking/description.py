"""What people read of a run in MLflow's lists: a name that says how it differs, a description, where it comes from."""

import os
import re
import sys
from pathlib import Path

from handloom.config import Kind, Parameters
from handloom.support.fingerprint import fingerprint
from handloom.support.repository import Commit
from handloom.tracking.parameters import run_parameters

NAME, NOTE = "mlflow.runName", "mlflow.note.content"  # MLflow's own tags, as are those of the source
SOURCE, SOURCE_TYPE = "mlflow.source.name", "mlflow.source.type"
_NAMED = 4  # parameters in a name
_LONGEST_VALUE = 16
_AWKWARD = re.compile(r"[^\w.+-]+")  # in a name that is typed


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
