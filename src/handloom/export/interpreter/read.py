"""A saved file as something that can be run, whatever its format."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from handloom.export.package import require_model_file
from handloom.hand import Poses
from handloom.models.files import CORE_AI, CORE_ML, LITERT, ML_PROGRAM, NEURAL_NETWORK, TASK

Precision = Literal["stored", "float16"]


class Runner(Protocol):
    """Runs a saved file.

    Attributes:
        classes: labels, in the file's order.
        shape: of the windows that it takes, ``(T, 3, 21)`` for a hand classifier.
        metadata: what the file says of itself, by the keys of `handloom.export.interface`.
    """

    classes: list[str]
    shape: tuple[int, ...]
    metadata: Mapping[str, str]

    def probabilities(self, poses: Poses) -> NDArray[np.float32]:
        """One window ``[T, 3, 21]`` to ``[classes]``."""
        ...


def read_runner(path: Path, precision: Precision = "stored") -> Runner:
    """Read a saved model back from disk, weights and all.

    Args:
        path: a file in one of the formats of `EXPORTED`.
        precision: "stored" computes as the file says; "float16" rounds each result, as the Neural Engine does: for
            Core ML's formats.

    Raises:
        DataError: the file is missing, is damaged, or is none of these.
        UnknownOperation: it uses an operation that the interpreter does not have.
        HandloomError: the extra for this format is not installed.
    """
    require_model_file(path)
    if path.suffix == ML_PROGRAM:
        from handloom.export.interpreter.ml_program import ProgramRunner

        return ProgramRunner(path, precision)
    if path.suffix == NEURAL_NETWORK:
        from handloom.export.interpreter.neural_network import NetworkRunner

        return NetworkRunner(path, precision)
    if path.suffix == CORE_AI:
        from handloom.export.core_ai_file import CoreAIRunner

        return CoreAIRunner(path)
    if path.suffix == LITERT:
        from handloom.export.litert_file import LiteRTRunner

        return LiteRTRunner(path)
    if path.suffix == TASK:
        from handloom.export.task_file import TaskRunner

        return TaskRunner(path)
    from handloom.export.onnx_file import OnnxRunner

    return OnnxRunner(path)


def read_core_ml(path: Path) -> Runner | None:
    """The same file run by Core ML itself, on a Mac; None on any other computer, and for other formats."""
    if sys.platform != "darwin" or path.suffix not in CORE_ML:
        return None
    return _CoreML(path)


class _CoreML:
    def __init__(self, path: Path) -> None:
        import coremltools

        from handloom.export.interface import LABEL_PROBABILITIES, POSES
        from handloom.export.specification import class_labels, input_shape, read_specification

        self._name, self._input = LABEL_PROBABILITIES, POSES
        spec = read_specification(path)  # refuses what is no file before Core ML's own code opens it
        model = coremltools.models.MLModel(str(path))
        self._predict: Callable[..., dict[str, dict[str, float]]] = model.predict
        self.classes = class_labels(spec)
        self.shape, self.metadata = input_shape(spec), dict(spec.description.metadata.userDefined)

    def probabilities(self, poses: Poses) -> NDArray[np.float32]:
        found = self._predict({self._input: poses})[self._name]
        return np.array([found[label] for label in self.classes], np.float32)
