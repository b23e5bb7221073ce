"""`params.yaml` as a whole: checked before any work starts, every mistake named by its key in full."""

import json
from collections.abc import Mapping
from dataclasses import asdict, field, fields
from functools import cache
from typing import Any, TypeVar, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from handloom.config.data import Data, Groups, LabeledDirectories, Source, raw_data
from handloom.config.errors import flat, one_line
from handloom.config.fields import KINDS, STRICT, Kind
from handloom.config.sections import (
    CrossValidate,
    Evaluate,
    ExportCoreML,
    ExtractKeypoints,
    Sample,
    Search,
    Split,
    Tracking,
    Training,
    default_training,
)
from handloom.errors import ConfigurationError

Section = TypeVar("Section")
RAW_DATA = "raw_data"  # in params.yaml: what the sources read, composed for dvc.yaml; no parameter


@dataclass(frozen=True, config=STRICT)
class Parameters:
    """`params.yaml` as a whole."""

    data: Data
    sample: Sample = field(default_factory=Sample)
    extract_keypoints: ExtractKeypoints = field(default_factory=ExtractKeypoints)
    split: Split = field(default_factory=Split)
    train_pose: Training = field(default_factory=lambda: default_training("pose"))
    train_action: Training = field(default_factory=lambda: default_training("action"))
    evaluate: Evaluate = field(default_factory=Evaluate)
    export_coreml: ExportCoreML = field(default_factory=ExportCoreML)
    tracking: Tracking = field(default_factory=Tracking)
    search: Search = field(default_factory=Search)
    cross_validate: CrossValidate = field(default_factory=CrossValidate)

    def source(self, kind: Kind) -> Source:
        """The source of one kind."""
        return self.data.pose if kind == "pose" else self.data.action

    def training(self, kind: Kind) -> Training:
        """The training section of one kind."""
        return self.train_pose if kind == "pose" else self.train_action


def parameters_from(content: Mapping[str, Any]) -> Parameters:
    """Check plain dictionaries, as YAML gives them, and build `Parameters`.

    Raises:
        ConfigurationError: an unknown key, a wrong type or a value out of range; one line that starts with the key's
            full name. Further mistakes are counted in it.
    """
    try:
        parameters = section_from(Parameters, {name: value for name, value in content.items() if name != RAW_DATA})
    except ValidationError as error:
        raise ConfigurationError(one_line(error, names=_names(), whole="params.yaml")) from None
    if parameters.train_pose.prediction_window_size != 1:
        raise ConfigurationError(
            f"train_pose.prediction_window_size: must be 1, a photo has one frame"
            f" (got {parameters.train_pose.prediction_window_size}); for clips use train_action"
        )
    looks = parameters.extract_keypoints
    if not looks.tta_paddings and (looks.tta_rotations or looks.test_time_augmentation == "always"):
        raise ConfigurationError(
            "extract_keypoints.tta_paddings: empty, but test-time augmentation needs a padding; add one, or set"
            " tta_rotations to [] and test_time_augmentation to unsure"
        )
    return parameters


def check_raw_data(content: Mapping[str, Any]) -> None:
    """See that `params.yaml` lists for DVC what its sources read, as it does when it was composed.

    Raises:
        ConfigurationError: it lists something else.
    """
    listed, read = flat(content.get(RAW_DATA)), flat(raw_data(content.get("data")))
    for name in sorted(read.keys() | listed.keys()):
        if listed.get(name) != read.get(name) and name not in KINDS:
            raise ConfigurationError(
                f"{RAW_DATA}.{name}: {listed.get(name)}, but data says {read.get(name)}; write it into conf/config.yaml"
            )


def section_from(section: type[Section], content: Mapping[str, Any]) -> Section:
    """The inverse of `as_plain`, with every value checked: a section out of what a checkpoint holds.

    Raises:
        ValueError: it does not fit this version of handloom.
    """
    checked: Section = _adapter(section).validate_json(  # type: ignore[arg-type]
        json.dumps(content)  # strict, yet takes dictionaries
    )
    return checked


@cache
def _adapter(section: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(section)  # making one takes longer than using it


def as_plain(section: Any) -> dict[str, Any]:
    """A section as plain dictionaries, lists, numbers and texts: what YAML, JSON and checkpoints hold."""
    return asdict(section)


def _names() -> list[str]:
    """The full names of all parameters, those of every kind of source too."""
    any_data = LabeledDirectories(path=".")
    names = [name for name in flat(as_plain(Parameters(Data(any_data, any_data)))) if not name.startswith("data.")]
    of_sources = {one.name for source in get_args(Source) for one in fields(source)}
    of_sources |= {f"groups.{one.name}" for one in fields(Groups)}
    return names + [f"data.{kind}.{name}" for kind in KINDS for name in sorted(of_sources)]
