"""Fields of a file that a person writes: numbers within a range, texts among some, known keys; and what is wrong."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

# What pydantic calls a value of another type, and what a person may write there.
EXPECTED = {
    "float_type": "a number",
    "string_type": "a text",
    "list_type": "a list with at least one entry",
    "too_short": "a list with at least one entry",
    "dict_type": "fields with values",
    "model_type": "fields with values",
}


def problem(field: str, text: str) -> PydanticCustomError:
    """A mistake in a field of the model that is being checked, or in a field further down: "path.circle.radius"."""
    return PydanticCustomError("gesture", "{text}", {"field": field, "text": text})


@dataclass(frozen=True)
class Within:
    """A number from `least` to `most`."""

    least: float
    most: float
    otherwise: str = "must be from {0.least:g} to {0.most:g}"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The type's own schema, then the range."""
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The range for editors."""
        return handler(schema) | {"minimum": self.least, "maximum": self.most}

    def _checked(self, value: float) -> float:
        if not self.least <= value <= self.most:
            raise problem("", f"{self.otherwise.format(self)}, got {value:g}")
        return value


@dataclass(frozen=True)
class OneOf:
    """A text among some."""

    choices: Collection[str]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The type's own schema, then the choice."""
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The choices for editors."""
        return handler(schema) | {"enum": list(self.choices)}

    def _checked(self, value: str) -> str:
        if value not in self.choices:
            raise problem("", f"must be one of {', '.join(self.choices)}, got {value!r}")
        return value


class Fields(BaseModel):
    """A mapping with known keys. Numbers must be numbers, and a key without a value is refused."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        use_attribute_docstrings=True,
        defer_build=True,  # who reads no description need not wait for it
    )

    @model_validator(mode="wrap")
    @classmethod
    def _known(cls, content: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(content, Mapping):
            return handler(content)
        for name, value in content.items():
            if value is None and name in cls.model_fields:
                raise problem(str(name), "has no value; write one, or remove the line")
        fields = handler({name: value for name, value in content.items() if name in cls.model_fields})
        for name in content:
            if name not in cls.model_fields:
                raise problem(str(name), f"unknown field; known here: {', '.join(sorted(cls.model_fields))}")
        return fields


def one_line(error: ValidationError) -> str:
    """The first mistake, with the full name of its field as a person writes it: "key_poses[1].shape"."""
    found = error.errors(include_url=False)
    first = found[0]
    key = ""
    for part in (*first["loc"], first.get("ctx", {}).get("field", "")):
        if isinstance(part, int):
            key += f"[{part}]"
        elif part and part != "[key]" and not part.startswith("<"):  # between <>: which of several models it is
            key += f".{part}" if key else part
    if first["type"] == "missing":
        text = "is missing"
    elif expected := EXPECTED.get(first["type"]):
        text = f"expected {expected}, got {_kind(first['input'])}"
    else:
        text = first["msg"]
    more = f" (and {len(found) - 1} more)" if found[1:] else ""
    return (f"{key}: " if key else "") + text + more


def _kind(value: Any) -> str:
    names = {bool: "true or false", str: "a text", list: "a list", int: "a number", float: "a number"}
    if value is None:
        return "nothing"
    return next((name for kind, name in names.items() if isinstance(value, kind)), "fields with values")
