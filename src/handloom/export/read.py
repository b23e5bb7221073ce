"""Reading a saved file back, in any format."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handloom.export.core_ai_model import CoreAIModel
from handloom.export.exported import ExportedModel, Precision
from handloom.export.interface import LABEL_PROBABILITIES, POSES
from handloom.export.interpreter.ml_program import ProgramModel
from handloom.export.interpreter.neural_network import NetworkModel
from handloom.export.litert_model import LiteRTModel
from handloom.export.onnx_model import OnnxModel
from handloom.export.package import require_model_file
from handloom.export.specification import class_labels, input_shape, read_specification
from handloom.export.task_model import TaskModel
from handloom.models.files import CORE_AI, CORE_ML, LITERT, ML_PROGRAM, NEURAL_NETWORK, ONNX, TASK

_CORE_ML: dict[str, Callable[[Path, Precision], ExportedModel]] = {
    ML_PROGRAM: ProgramModel,
    NEURAL_NETWORK: NetworkModel,
}
_OTHERS: dict[str, Callable[[Path], ExportedModel]] = {
    CORE_AI: CoreAIModel,
    ONNX: OnnxModel,
    LITERT: LiteRTModel,
    TASK: TaskModel,
}


def read_exported(path: Path, precision: Precision = "stored") -> ExportedModel:
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
    if path.suffix in CORE_ML:
        return _CORE_ML[path.suffix](path, precision)
    return _OTHERS[path.suffix](path)


def read_by_core_ml(path: Path) -> ExportedModel | None:
    """The same file run by Core ML itself, on a Mac; None on any other computer, and for other formats."""
    if sys.platform != "darwin" or path.suffix not in CORE_ML:
        return None
    return _CoreMLModel(path)


class _CoreMLModel(ExportedModel):
    runtime = "Core ML"

    def __init__(self, path: Path) -> None:
        import coremltools

        self.path = path
        spec = read_specification(path)  # refuses what is no file before Core ML's own code opens it
        model = coremltools.models.MLModel(str(path))
        self._predict: Callable[..., dict[str, dict[str, float]]] = model.predict
        self.classes = class_labels(spec)
        self.shape, self.metadata = input_shape(spec), dict(spec.description.metadata.userDefined)

    def _probabilities_of(self, poses: NDArray[np.float32]) -> NDArray[np.float32]:
        found = self._predict({POSES: poses})[LABEL_PROBABILITIES]
        return np.array([found[label] for label in self.classes], np.float32)
