"""What is asked of the arguments of every prediction: a predictor, and paths of files."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from handloom.errors import ConfigurationError, expect, printable
from handloom.prediction.predictor import Predictor


def require_predictor(predictor: Any) -> None:
    """See that it is one.

    Raises:
        ConfigurationError: it is not; the text says what to pass.
    """
    advice = "pass Predictor.open(path), or the attribute predictor of a classifier"
    expect("predictor", predictor, Predictor, advice=advice)


def path_of(name: str, path: str | os.PathLike[str]) -> Path:
    """The path of a file that was given as an argument.

    Raises:
        ConfigurationError: it is no path; the text says what to pass.
    """
    advice = "pass a file's path; for a picture or joints in memory use Recognizer.add_frame or add_joints"
    expect(name, path, str, os.PathLike, advice=advice)
    return Path(path)


def paths_of(name: str, paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """The paths of several.

    Raises:
        ConfigurationError: they are no paths, or a single one.
    """
    if isinstance(paths, str | os.PathLike) or not isinstance(paths, Iterable):
        raise ConfigurationError(f"{name}: a list of paths expected (got {printable(repr(paths)[:80])}); pass [path]")
    return [path_of(name, path) for path in paths]
