"""The parameters as what Hydra composes, made of the dataclasses: nothing is written a second time in `conf/`.

Hydra finds them by the plug-in `hydra_plugins/handloom_parameters.py` wherever it composes: in `handloom params`, in
the stages, and in `dvc exp run -S`, which knows nothing of handloom.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from handloom.config.data import ActionMember, PoseMember, raw_data
from handloom.config.fields import KINDS, Kind
from handloom.config.parameters import RAW_DATA, as_plain
from handloom.config.sections import (
    CrossValidate,
    Evaluate,
    ExportCoreML,
    ExtractKeypoints,
    Sample,
    Search,
    Split,
    Tracking,
    default_training,
)

MEDIA = {"pose": "photos", "action": "videos"}  # folders in data/
NETWORKS = {"pose": "single_frame", "action": "window"}  # options of the group `model`
PARAMETERS = "handloom"  # the node with every section that has no options
_RESOLVER = "handloom_raw_data"


def register() -> None:
    """Put the parameters into Hydra's store: `handloom`, and the groups whose other options are files in `conf/`."""
    store = ConfigStore.instance()
    OmegaConf.register_new_resolver(
        _RESOLVER, lambda data: OmegaConf.create(raw_data(OmegaConf.to_container(data, resolve=True))), replace=True
    )
    for group, option, node in nodes():
        store.store(option, node, group=group or None, provider="handloom")


def nodes() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Group, option and content of each node."""
    sections: dict[str, Any] = {
        "split": Split(),
        "evaluate": Evaluate(),
        "export_coreml": ExportCoreML(),
        "tracking": Tracking(),
        "search": Search(),
        "cross_validate": CrossValidate(),
    }
    plain = {name: as_plain(section) for name, section in sections.items()}
    yield "", PARAMETERS, plain | {RAW_DATA: f"${{{_RESOLVER}:${{data}}}}"}
    yield "sample", "default", as_plain(Sample())
    yield "extract_keypoints", "default", as_plain(ExtractKeypoints())
    for kind in KINDS:
        training = as_plain(default_training(kind))
        yield "model", NETWORKS[kind], training.pop("model")
        network = {"defaults": [{"/model@model": NETWORKS[kind]}, "_self_"]}
        yield f"train_{kind}", "default", network | training
        for option, node in data_options(kind).items():
            yield f"data/{kind}", option, node


@cache
def data_options(kind: Kind) -> dict[str, dict[str, Any]]:
    """The options of the group `data/pose` or `data/action`: one for each kind of source, its name the source's."""
    union, *_ = get_args(PoseMember if kind == "pose" else ActionMember)
    options = {}
    for source in get_args(union):
        proposed = {
            name: field.json_schema_extra["proposed"].format(media=MEDIA[kind])
            for name, field in source.__pydantic_fields__.items()
            if field.is_required()
        }
        options[source.kind] = {"kind": source.kind} | as_plain(source(**proposed))
    options["joined"] = {
        "defaults": [
            {f"/data/{kind}@sources.own": "labeled_directories"},
            {f"/data/{kind}@sources.others": "labeled_files"},
            "_self_",
        ],
        "kind": "joined",
    }
    return options
