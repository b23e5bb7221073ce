"""Reading declared YAML: every wrong field is refused in one line that names the file and the field in full."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handloom.errors import DataError, printable
from handloom.support.yaml_files import read_yaml


class Fields:
    """A mapping of a YAML file, read field by field; `finish` refuses whatever nobody asked for."""

    def __init__(self, content: Any, file: str, name: str = "") -> None:
        self._file = file
        self._name = name
        if not isinstance(content, Mapping):
            raise self.error("", f"expected fields with values, got {_kind(content)}")
        self._content: Mapping[Any, Any] = content
        self._read: set[str] = set()

    def error(self, field: str, problem: str) -> DataError:
        """A one-line error about a field of this mapping (or, with an empty name, about the mapping itself)."""
        full_name = self._full_name(field)
        return DataError(f"{self._file}: {full_name}: {problem}" if full_name else f"{self._file}: {problem}")

    def __contains__(self, field: str) -> bool:
        return field in self._content

    def __iter__(self) -> Any:
        return iter(self._content)

    def is_section(self, field: str) -> bool:
        """Whether a mapping stands under the field."""
        return isinstance(self._content.get(field), Mapping)

    def number(self, field: str, least: float, most: float, default: float | None = None) -> float:
        """A number from `least` to `most`; without a default the field must be there."""
        value = self._take(field, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(field, f"expected a number, got {_kind(value)}")
        if not least <= value <= most:
            raise self.error(field, f"must be from {least:g} to {most:g}, got {value:g}")
        return float(value)

    def text(self, field: str, choices: tuple[str, ...] = (), default: str | None = None) -> str:
        """A text, one of `choices` if there are any."""
        value = self._take(field, default)
        if not isinstance(value, str):
            raise self.error(field, f"expected a text, got {_kind(value)}")
        if choices and value not in choices:
            raise self.error(field, f"must be one of {', '.join(choices)}, got {value!r}")
        return value

    def section(self, field: str, optional: bool = False) -> "Fields":
        """The mapping under a field; an empty one if it is optional and missing."""
        value = self._take(field, {} if optional else None)
        return Fields(value, self._file, self._full_name(field))

    def sections(self, field: str) -> list["Fields"]:
        """The mappings of a list under a field; there must be at least one."""
        value = self._take(field, None)
        if not isinstance(value, list) or not value:
            raise self.error(field, f"expected a list with at least one entry, got {_kind(value)}")
        return [Fields(entry, self._file, f"{self._full_name(field)}[{at}]") for at, entry in enumerate(value)]

    def finish(self) -> None:
        """Refuse the first field that was never read."""
        for field in self._content:
            if field not in self._read:
                known = ", ".join(sorted(self._read)) or "none"
                raise self.error(str(field), f"unknown field; known here: {known}")

    def _take(self, field: str, default: Any) -> Any:
        self._read.add(field)
        if field in self._content:
            return self._content[field]
        if default is None:
            raise self.error(field, "is missing")
        return default

    def _full_name(self, field: str) -> str:
        return ".".join(part for part in (self._name, field) if part)


def read_fields(path: Path) -> Fields:
    """Read one YAML file.

    Raises:
        DataError: the file is not YAML, beyond the bounds of `read_yaml`, or not a mapping.
    """
    return Fields(read_yaml(path, DataError), printable(str(path)))


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    names = {bool: "true or false", str: "a text", list: "a list", int: "a number", float: "a number"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "fields with values")
