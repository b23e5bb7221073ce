"""An exported file: what it says of itself in its metadata, and something that runs it."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handloom.config import Kind, Training
from handloom.errors import DataError, printable
from handloom.export.interpreter.read import Runner, read_core_ml, read_runner
from handloom.hand import CHANNELS, JOINT_COUNT, Poses
from handloom.prediction.predictor import Predictor

# A file without this entry is Create ML's own, which samples clips at this rate unless told otherwise.
USUAL_FRAME_RATE = 30.0


def read_exported(path: Path) -> Predictor:
    """Read a `.mlpackage`, `.mlmodel` or `.onnx`: handloom's, or one that Create ML made.

    What its metadata leave out has defaults. On a Mac Core ML itself runs the first two, elsewhere handloom's
    interpreter.

    Raises:
        DataError: it is missing, is damaged, is no hand classifier, or its metadata cannot be read.
        HandloomError: it needs a package that is not installed, or an operation that the interpreter lacks.
    """
    from handloom.export import interface

    name = printable(str(path))
    if not path.exists():
        raise DataError(f"{name}: no such file; export the model first (dvc repro)")
    runner = read_core_ml(path) or read_runner(path)
    shape, metadata = _onnx_says(path) if path.suffix == ".onnx" else _core_ml_says(path)
    if len(shape) != 3 or shape[1:] != (len(CHANNELS), JOINT_COUNT) or shape[0] < 1:
        raise DataError(
            f"{name}: not a hand classifier, its input has shape {list(shape)} instead of [frames, {len(CHANNELS)},"
            f" {JOINT_COUNT}]; give a model that handloom or Create ML trained on hands"
        )
    window = shape[0]
    kinds: dict[str, Kind] = {preview: kind for kind, preview in interface.PREVIEW_TYPES.items()}
    try:
        return Predictor(
            kind=kinds.get(metadata.get(interface.PREVIEW_TYPE, ""), "pose" if window == 1 else "action"),
            classes=list(runner.classes),
            window=window,
            frame_rate=float(metadata.get(interface.TARGET_FRAME_RATE, USUAL_FRAME_RATE)),
            background_label=metadata.get(interface.BACKGROUND_LABEL, Training.background_label),
            left_hands="mirrored" if metadata.get(interface.LEFT_HANDS) == "mirrored" else "as_they_are",
            thresholds=_thresholds(metadata.get(interface.RECOMMENDED_THRESHOLDS, "{}")),
            ask=partial(_one_by_one, runner),
        )
    except (ValueError, TypeError, AttributeError):
        raise DataError(
            f"{name}: its metadata are not those that this version of handloom writes; export the model again"
        ) from None


def _one_by_one(runner: Runner, windows: Poses) -> NDArray[np.float64]:
    """Probabilities ``[K, classes]`` of windows ``[K, window, 3, 21]``, one after the other."""
    rows = [runner.probabilities(window) for window in windows]
    return np.array(rows, np.float64).reshape(len(rows), len(runner.classes))


def _thresholds(text: str) -> dict[str, float]:
    return {str(label): float(value) for label, value in json.loads(text).items()}


def _core_ml_says(path: Path) -> tuple[tuple[int, ...], Mapping[str, str]]:
    """The shape of the input and the metadata."""
    from handloom.export.specification import read_specification

    description = read_specification(path).description
    return tuple(description.input[0].type.multiArrayType.shape), dict(description.metadata.userDefined)


def _onnx_says(path: Path) -> tuple[tuple[int, ...], Mapping[str, str]]:
    """The same of a file that `OnnxRunner` has taken."""
    import onnxruntime

    session: Any = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    shape = session.get_inputs()[0].shape[1:]  # without the axis of several windows
    return tuple(size if isinstance(size, int) else 0 for size in shape), session.get_modelmeta().custom_metadata_map
