"""A classifier ready to predict, and checks of the arguments of predictions."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handloom.config import Kind
from handloom.errors import ConfigurationError, expect, printable
from handloom.prediction.open_model import open_model
from handloom.prediction.ready_model import ReadyModel


@dataclass(frozen=True)
class Predictor(ReadyModel):
    """A model ready to predict, from any file: see `open`.

    Attributes:
        model: what gives the probabilities.
    """

    @classmethod
    def open(cls, address: str | Path, kind: Kind | None = None) -> "Predictor":
        """Open a saved model.

        Args:
            address: `model.ckpt`, an exported file; a folder with one; ``runs:/<run id>``,
                the exported file of an MLflow run; ``models:/<name>@<alias>`` or ``models:/<name>/<version>``.
            kind: what it has to be; either if None.

        Raises:
            DataError: there is no such model, it cannot be read, or it is of the other kind.
            HandloomError: it needs a package that is not installed, or an operation that the interpreter lacks.
        """
        return cls(open_model(address, kind))


def require_predictor(predictor: Any) -> None:
    """Check the type of a predictor.

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
