"""Packages that only some formats need: an extra each, and one line where it is missing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from handloom.errors import ConfigurationError

Extra = Literal["onnx", "coreai", "litert"]


@contextmanager
def needs_extra(extra: Extra, asked: str) -> Iterator[None]:
    """Around the imports of an extra's packages.

    Args:
        extra: its name in `pyproject.toml`.
        asked: what was asked for, for the message.

    Raises:
        ConfigurationError: a package is not installed.
    """
    try:
        yield
    except ImportError as error:
        missing = (error.name or extra).partition(".")[0]
        raise ConfigurationError(f"{asked} needs {missing}: pip install 'handloom[{extra}]'") from None
