"""Parameters for data that lies anywhere, from the groups of `conf/` and overrides in Hydra's grammar."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from handloom.config import KINDS, Kind, Parameters, parameters_from
from handloom.config.data import DEPENDENCIES
from handloom.errors import ConfigurationError

_NO_GROUPS = "data/no_groups.csv"  # of conf/, for projects; there is none beside data that lies anywhere
_PATHS = ("path", "data_frame", "annotation_file")  # keys of a source that name what it reads


def parameters_for(kind: Kind, data: Path, overrides: Sequence[str] = ()) -> Parameters:
    """What `conf/` says, for this data.

    Args:
        kind: whose data it is.
        data: a folder with a folder a class; if an override names another source, that one's folder or table.
        overrides: as of the stage scripts: ``train_pose.optimizer.lr=0.001``, ``data/pose=labeled_files``.

    Raises:
        ConfigurationError: an override is not understood, or a value cannot be.
    """
    given = {word.split("=")[0] for word in overrides}
    own = [f"data/{one}=labeled_directories" for one in KINDS if f"data/{one}" not in given]  # not the drawn sample
    content = _composed([*own, *overrides])
    source: dict[str, Any] = content["data"][kind]
    if "sources" in source:
        raise ConfigurationError(f"data/{kind}: joined sources are for projects; make one with handloom init")
    source["path" if "path" in source else "data_frame"] = str(data)
    groups = source.get("groups", {})
    if groups.get("file") == _NO_GROUPS:
        groups["file"] = ""
    read = [path for path in (*(source.get(key) for key in _PATHS), groups.get("file")) if path]
    source["dependencies"] = [*read, *read[:1] * DEPENDENCIES][: max(DEPENDENCIES, len(read))]
    return parameters_from(content)


def _composed(overrides: Sequence[str]) -> dict[str, Any]:
    from handloom.compose import composed_text
    from handloom.project.template import template_folder
    from handloom.yaml_files import parse_yaml

    content: dict[str, Any] = parse_yaml(composed_text(template_folder() / "conf", overrides), "conf")
    return content
