"""Running a saved ONNX file, without PyTorch."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from handloom.errors import DataError, printable
from handloom.export.exported import ExportedModel
from handloom.export.interface import LABEL_PROBABILITIES, POSES, labels_of
from handloom.export.interpreter.budget import need_elements
from handloom.export.libraries import one_line, quiet
from handloom.export.package import require_model_file
from handloom.hand import CHANNELS, JOINT_COUNT
from handloom.support.extras import needs_extra


class OnnxModel(ExportedModel):
    """A saved ONNX file, run as an app runs it: onnxruntime on one thread of the CPU.

    Args:
        path: what `onnx_file.save_onnx` wrote.

    Attributes:
        classes: labels, in the order of the probabilities.
        shape: of a window.
        metadata: the file's properties.

    Raises:
        DataError: the file is missing or damaged, or handloom did not write it.
        ConfigurationError: the extra `onnx` is not installed.
    """

    runtime = "onnxruntime"

    def __init__(self, path: Path) -> None:
        require_model_file(path)
        with needs_extra(str(path)):
            import onnx  # noqa: F401  # to look at the file before it runs
            import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what goes wrong is raised as well
        self.path = path
        with one_line(path, "an ONNX file"), quiet():  # of a damaged file it prints what it tries
            content = path.read_bytes()
            _check_cost(content)
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
            self.classes = _labels(self._session)
        if not self.classes:
            raise DataError(f"{printable(str(path))}: an ONNX file, but not one of handloom's hand classifiers")
        sizes = self._session.get_inputs()[0].shape[1:]  # without the axis of several windows
        self.shape = tuple(size if isinstance(size, int) else 0 for size in sizes)
        self.metadata = self._session.get_modelmeta().custom_metadata_map

    @override
    def _probabilities_of(self, poses: NDArray[np.float32]) -> NDArray[np.float32]:
        with one_line(self.path, "an ONNX file"):
            (found,) = self._session.run([LABEL_PROBABILITIES], {POSES: poses[np.newaxis]})
        return np.asarray(found[0], dtype=np.float32)


def _check_cost(content: bytes) -> None:
    """Refuse a file that could run forever or fill the memory: onnxruntime has no limits.

    Raises:
        ValueError: it has loops, or a value that is too large or of a size that only a run tells.
        Exception: one of onnx's own; it is damaged.
    """
    import onnx

    model = onnx.load_model_from_string(content)
    if model.functions or any(
        part.HasField("g") or part.graphs for node in model.graph.node for part in node.attribute
    ):
        raise ValueError("it has loops, branches or functions, which no hand classifier of handloom has")
    for given in model.graph.input:
        given.type.tensor_type.shape.dim[0].dim_value = 1  # one window
    sized = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
    shapes = {value.name: value.type.tensor_type.shape.dim for value in (*sized.value_info, *sized.output)}
    for name in (name for node in sized.node for name in node.output):
        if name not in shapes or not all(one.HasField("dim_value") for one in shapes[name]):
            raise ValueError(f"the size of its value {name!r} is not known before it runs")
        need_elements(*(one.dim_value for one in shapes[name]))


def _labels(session: Any) -> list[str]:
    """The class labels in the file's metadata; none unless input and output are those of a hand classifier."""
    labels = labels_of(session.get_modelmeta().custom_metadata_map)
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if [one.name for one in inputs] != [POSES] or [one.name for one in outputs] != [LABEL_PROBABILITIES]:
        return []
    fits = inputs[0].shape[2:] == [len(CHANNELS), JOINT_COUNT] and outputs[0].shape[1:] == [len(labels)]
    return labels if fits else []
