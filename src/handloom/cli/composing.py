"""Data that lies anywhere: what is typed of it, and the parameters for it, from the groups of `conf/` and overrides."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from handloom.cli.overrides import overrides_argument
from handloom.cli.verb import PATH, POSE_OR_ACTION
from handloom.errors import ConfigurationError, DataError, printable

if TYPE_CHECKING:
    from handloom.config import Kind, Parameters


data_argument = click.argument("data", type=PATH, help="a folder with one folder per class")
data_overrides_argument = overrides_argument(
    "parameters, by their names in params.yaml; data/pose=labeled_files (or data/action=...) reads DATA as another"
    " kind of source"
)


def check_data(data: Path, overrides: Sequence[str], tables: Sequence[str] = ()) -> None:
    """See that the data is there, before anything is imported that takes time.

    Args:
        data: the path that was typed.
        overrides: what was typed after it.
        tables: suffixes of files that need no word about what they are.

    Raises:
        DataError: it is not there, or is a file where only an override could say what it is.
    """
    shown = printable(str(data))
    if not data.exists():
        raise DataError(f"{shown}: no such file or folder; DATA is a folder with one folder per class")
    if data.is_dir() or data.suffix in tables or any(word.startswith("data/") for word in overrides):
        return
    raise DataError(
        f"{shown}: a file, and DATA is a folder with one folder per class; of a table say what it is:"
        " data/pose=labeled_keypoints_data_frame (or data/action=...)"
    )


def parameters_for(
    kind: "Kind", data: Path, overrides: Sequence[str] = (), sections: Iterable[str] = ()
) -> "Parameters":
    """What `conf/` says, for this data.

    Args:
        kind: whose data it is.
        data: a folder with one folder per class; if an override names another source, that one's folder or table.
        overrides: as of the stage scripts: ``train_pose.optimizer.lr=0.001``, ``data/pose=labeled_files``.
        sections: of the parameters, those that overrides may be of; all if empty.

    Raises:
        ConfigurationError: an override is not understood or would have no effect, or a value cannot be.
    """
    from handloom.config import KINDS, parameters_from

    _refuse_without_effect(kind, overrides, tuple(sections))
    given = {word.split("=")[0] for word in overrides}
    own = [f"data/{one}=labeled_directories" for one in KINDS if f"data/{one}" not in given]  # not the drawn sample
    content = _composed([*own, *overrides])
    source: dict[str, Any] = content["data"][kind]
    if "sources" in source:
        raise ConfigurationError(f"data/{kind}: joined sources are for projects; make one with handloom init")
    source["path" if "path" in source else "data_frame"] = str(data)
    return parameters_from(content)


def section_of(override: str) -> str:
    """The section of the parameters that an override is of: `data` of ``data/pose=labeled_files``."""
    return re.split("[./]", _key(override))[0]


def _key(override: str) -> str:
    return override.lstrip("+~").split("=")[0].split("@")[-1]


def _refuse_without_effect(kind: "Kind", overrides: Sequence[str], sections: Sequence[str]) -> None:
    (other,) = (one for one in POSE_OR_ACTION if one != kind)
    for word in overrides:
        shown = printable(word)
        if re.match(rf"(data[./]|train_){other}\b", _key(word)):
            raise ConfigurationError(f"{shown}: is for {other}, and has no effect on {kind}; leave it out")
        if sections and section_of(word) not in sections:
            raise ConfigurationError(f"{shown}: has no effect here, only {' and '.join(sections)} have; leave it out")


def _composed(overrides: Sequence[str]) -> dict[str, Any]:
    from handloom.project.template import template_folder
    from handloom.stages.compose import composed_text
    from handloom.support.yaml_files import parse_yaml

    content: dict[str, Any] = parse_yaml(composed_text(template_folder() / "conf", overrides), "conf")
    return content
