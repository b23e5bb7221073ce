"""An exported file: what it says of itself in its metadata, and something that runs it."""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handloom.config import Kind, Training
from handloom.errors import DataError, printable
from handloom.export.interpreter.read import Runner, read_core_ml, read_runner
from handloom.hand import CHANNELS, JOINT_COUNT, Poses
from handloom.prediction.predictor import Predictor


def read_exported(path: Path) -> Predictor:
    """Read a file in one of the formats of `EXPORTED`: handloom's, or one that Create ML made.

    What its metadata leave out has defaults. On a Mac Core ML itself runs its own formats, elsewhere
    handloom's interpreter. A file that handloom did not make gets the confidences that Vision gives, see `NOT_OURS`.

    Raises:
        DataError: it is missing, is damaged, is no hand classifier, or its metadata cannot be read.
        HandloomError: it needs a package that is not installed, or an operation that the interpreter lacks.
    """
    from handloom.export import interface

    name = printable(str(path))
    runner = read_core_ml(path) or read_runner(path)
    shape, metadata = runner.shape, runner.metadata
    if len(shape) != 3 or shape[1:] != (len(CHANNELS), JOINT_COUNT) or not 1 <= shape[0] <= interface.LONGEST_WINDOW:
        raise DataError(
            f"{name}: not a hand classifier, its input has shape {list(shape)} instead of [frames, {len(CHANNELS)},"
            f" {JOINT_COUNT}]; give a model that handloom or Create ML trained on hands"
        )
    if not runner.classes or not all(runner.classes) or len(set(runner.classes)) < len(runner.classes):
        raise DataError(f"{name}: it has no labels, an empty one, or one of them twice; export the model again")
    window = shape[0]
    ours = interface.made_by_handloom(metadata)
    kinds: dict[str, Kind] = {preview: kind for kind, preview in interface.PREVIEW_TYPES.items()}
    try:
        return Predictor(
            kind=kinds.get(metadata.get(interface.PREVIEW_TYPE, ""), "pose" if window == 1 else "action"),
            classes=list(runner.classes),
            window=window,
            frame_rate=interface.frame_rate_of(metadata),
            background_label=metadata.get(interface.BACKGROUND_LABEL, Training.background_label),
            left_hands=interface.left_hands_of(metadata),
            thresholds=interface.thresholds_of(metadata, runner.classes),
            ask=partial(_one_by_one, runner, path, ours),
            note="" if ours else f"{name}: {interface.NOT_OURS}",
        )
    except ValueError as error:
        raise DataError(
            f"{name}: its metadata cannot be used ({printable(str(error))[:200]}); see handloom verify {name}"
        ) from None


def _one_by_one(runner: Runner, path: Path, ours: bool, windows: Poses) -> NDArray[np.float64]:
    """Probabilities ``[K, classes]`` of windows ``[K, window, 3, 21]``, one after the other."""
    from handloom.export.interface import with_vision_confidence

    given = windows if ours else with_vision_confidence(windows)
    rows = [runner.probabilities(window) for window in given]
    found = np.array(rows, np.float64).reshape(len(rows), len(runner.classes))
    if not np.isfinite(found).all():
        raise DataError(f"{printable(str(path))}: its probabilities are no numbers; export the model again")
    return found
