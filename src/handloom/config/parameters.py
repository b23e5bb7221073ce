"""`params.yaml` as a whole: checked before any work starts, every mistake named by its key in full."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, field, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from handloom.config.data import Data, Groups, LabeledDirectories, Source, members, read_paths
from handloom.config.fields import KINDS, STRICT, Kind
from handloom.config.names import flat, nearest
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
_LONGEST = 120  # characters of a wrong value in its line


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
        parameters = section_from(Parameters, content)
    except ValidationError as error:
        raise ConfigurationError(_one_line(error)) from None
    if parameters.train_pose.prediction_window_size != 1:
        raise ConfigurationError(
            f"train_pose.prediction_window_size: must be 1, a photo has one frame"
            f" (got {parameters.train_pose.prediction_window_size}); for clips use train_action"
        )
    looks = parameters.extract_keypoints
    if not looks.borders and (looks.turns or looks.look_again == "always"):
        raise ConfigurationError(
            "extract_keypoints.borders: empty, so no photo is looked at again; name one, or leave turns empty and"
            " look_again at unsure"
        )
    for kind in KINDS:
        _check_dependencies(parameters.source(kind), kind)
    return parameters


def _check_dependencies(source: Source, kind: Kind) -> None:
    watched = [Path(path) for path in source.dependencies]
    for member in members(source).values():
        for path in read_paths(member):
            if not any(Path(path).is_relative_to(place) for place in watched):
                raise ConfigurationError(
                    f"data.{kind}.dependencies: {path} is missing; without it DVC would not notice a change of it"
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


def _one_line(error: ValidationError) -> str:
    found = error.errors(include_url=False)
    # `dependencies` repeat what stands elsewhere, so a mistake elsewhere is told first.
    first = min(found, key=lambda one: "dependencies" in one["loc"])
    key = ".".join(_places(first["loc"])) or "params.yaml"
    got = _got(first["input"])
    if first["type"].startswith("union_tag"):
        folder = "/".join(key.split(".")[:2])
        text = f"{key}.kind: unknown or missing; see conf/{folder} for those that exist"
    elif first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        text = f"{key}: unknown parameter{nearest(key, _names()) or '; see conf/ for those that exist'}"
    elif first["type"] == "missing":
        text = f"{key}: missing; add it to params.yaml"
    elif first["type"] == "string_type" and isinstance(first["input"], int | float):
        typed = shlex.quote(f'{key}="{got}"')
        text = f"{key}: should be a text (got {got}); quote it: '{got}' in YAML, {typed} on the command line"
    elif first["type"] == "dataclass_type":
        text = f"{key}: should be a section with parameters (got {got})"
    else:
        message = first["msg"][0].lower() + first["msg"][1:]
        text = f"{key}: {message} (got {got})"
    return text + (f" (and {len(found) - 1} more)" if found[1:] else "")


def _got(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _names() -> list[str]:
    """The full names of all parameters, those of every kind of source too."""
    any_data = LabeledDirectories(path=".")
    names = [name for name in flat(as_plain(Parameters(Data(any_data, any_data)))) if not name.startswith("data.")]
    of_sources = {one.name for source in get_args(Source) for one in fields(source)}
    of_sources |= {f"groups.{one.name}" for one in fields(Groups)}
    return names + [f"data.{kind}.{name}" for kind in KINDS for name in sorted(of_sources)]


def _places(location: tuple[int | str, ...]) -> list[str]:
    """Where a mistake is, without the kinds of sources that pydantic puts between (data, pose, KIND, path)."""
    places = [str(part) for part in location if part != "[key]"]
    if places[:1] == ["data"]:
        joined = places[2:4] == ["joined", "sources"]  # (data, pose, KIND, sources, member, KIND, path)
        del places[2:3]
        if joined:
            del places[4:5]
    return places
