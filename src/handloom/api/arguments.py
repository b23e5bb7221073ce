"""What the methods of the classifiers say of an argument of the wrong type."""

from typing import Any

from handloom.errors import ConfigurationError, printable


def expect(name: str, value: Any, *types: type) -> None:
    """Refuse an argument that is of none of these types.

    Raises:
        ConfigurationError: it is not; the text names it, what was expected and what was given.
    """
    if not isinstance(value, types):
        names = " or ".join(one.__name__ for one in types)
        raise ConfigurationError(
            f"{name}: {names} expected (got {printable(repr(value)[:80])}, of type {type(value).__name__})"
        )
