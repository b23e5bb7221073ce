"""Full names of parameters, and the one that a misspelt name is most like."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any


def flat(content: Any, before: str = "") -> dict[str, Any]:
    """Every parameter of nested sections by its full name, `split.seed` say, and the sections themselves."""
    names: dict[str, Any] = {}
    if isinstance(content, Mapping):
        for key, value in content.items():
            names[f"{before}{key}"] = value
            names |= flat(value, f"{before}{key}.")
    return names


def nearest(name: str, names: Iterable[str]) -> str:
    """`; did you mean ...` with the names that end so, or the one that is spelt most like it; empty: none is."""
    names = [other for other in names if not name.startswith(f"{other}.") and other != name]
    same_end = [other for other in names if other.endswith(f".{name}")]
    found = same_end[:2] or get_close_matches(name, names, n=1, cutoff=0.6)
    return f"; did you mean {' or '.join(found)}" if found else ""
