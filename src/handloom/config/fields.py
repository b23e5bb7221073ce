"""What the fields of parameters are made of: types that several sections share, and a field with its meaning."""

from copy import deepcopy
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

Kind = Literal["pose", "action"]
KINDS: tuple[Kind, ...] = ("pose", "action")
# mirrored: left hands are turned into right ones by the chirality of the table, and the app has to do the same.
LeftHands = Literal["as_they_are", "mirrored"]
LeftHandsOption = Literal["auto", LeftHands]  # auto: decided by the training set
Pictures = Literal["local", "always", "never"]
ModelFormat = Literal["mlpackage", "mlmodel", "aimodel", "onnx", "tflite", "task"]

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

PositiveInt = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
ShareBelowOne = Annotated[float, Field(ge=0.0, lt=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
NotNegative = Annotated[float, Field(ge=0.0)]
Workers = Annotated[int, Field(ge=-1)]
Text = Annotated[str, Field(min_length=1)]


def _name_of_column(value: Any) -> Any:
    """Columns of a table without a header are called 0, 1, 2 ..., so a number will do for a name."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Column = Annotated[str, Field(min_length=1), BeforeValidator(_name_of_column)]
OptionalColumn = Annotated[str, BeforeValidator(_name_of_column)]  # empty: no such column


def parameter(default: Any, meaning: str, unit: str = "", **limits: Any) -> Any:
    """A parameter: the one place where its default, range, unit and meaning are written.

    Args:
        default: its value where none is given; a class of parameters stands for a section of its own.
        meaning: what it does, in a few words.
        unit: of a number.
        limits: pydantic's `gt`, `ge`, `lt`, `le`, `multiple_of`, `pattern`.
    """
    extra: Any = {"unit": unit} if unit else None
    if isinstance(default, type):
        return Field(default_factory=default, description=meaning)
    if isinstance(default, list | dict):
        return Field(default_factory=lambda: deepcopy(default), description=meaning, json_schema_extra=extra)
    return Field(default, description=meaning, json_schema_extra=extra, **limits)


def required(meaning: str, proposed: str) -> Any:
    """A parameter that a person has to give.

    Args:
        meaning: what it is.
        proposed: what an option of `data/pose` or `data/action` says until then; `{media}` is photos or videos.
    """
    return Field(description=meaning, json_schema_extra={"proposed": proposed})
