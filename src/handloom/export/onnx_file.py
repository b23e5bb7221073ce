"""PyTorch to ONNX, for Android, the web and desktops: the same network under the same names as in the Core ML file.

Only plain operators: probabilities come out, and the labels stand in the metadata. Operators of ai.onnx.ml, which could
give the label itself, are missing from small runtimes.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from typing_extensions import override

from handloom.errors import DataError, printable
from handloom.export.exported import ExportedModel
from handloom.export.interface import LABEL_PROBABILITIES, POSES, labels_of, self_describing
from handloom.export.interpreter.budget import need_elements
from handloom.export.libraries import needs_extra, one_line, quiet
from handloom.export.package import require_model_file
from handloom.hand import CHANNELS, JOINT_COUNT
from handloom.models.checkpoint import TrainedModel

if TYPE_CHECKING:
    import onnx

# The lowest that the exporter writes by itself, and the format of its time: onnxruntime reads both since 1.14 (2023).
OPSET, FORMAT = 18, 8


class _Probabilities(nn.Module):
    """The network as an app calls it: ``[N, window, 3, 21]`` in, probabilities ``[N, classes]`` out."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, poses: Tensor) -> Tensor:
        """Joints to probabilities."""
        return torch.softmax(self.network(poses), dim=1)


def save_onnx(model: TrainedModel, path: Path, metadata: Mapping[str, str]) -> None:
    """Write an ONNX file with the weights inside, the same bytes each time.

    Args:
        model: the trained classifier.
        path: the file, replaced if it exists.
        metadata: properties of the file; the labels and the descriptions of input and output are added.

    Raises:
        ConfigurationError: the extra `onnx` is not installed.
    """
    with needs_extra("onnx", "export_coreml.formats: onnx"):
        import onnxscript  # noqa: F401  # PyTorch's exporter needs it

    batch = 2  # with 1 the exporter would take the axis for a constant
    example = torch.zeros(batch, model.spec.window, len(CHANNELS), JOINT_COUNT)
    with quiet():
        program = torch.onnx.export(
            _Probabilities(model.network).eval(),
            (example,),
            input_names=[POSES],
            output_names=[LABEL_PROBABILITIES],
            opset_version=OPSET,
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("N")},),
            verbose=False,
        )
    assert program is not None
    proto = program.model_proto
    proto.ir_version = FORMAT
    proto.producer_version = proto.producer_version.partition("+")[0]  # the same from PyTorch for a CPU and for a GPU
    _forget_origin(proto.graph)
    _describe(proto, model, metadata)
    path.write_bytes(proto.SerializeToString(deterministic=True))


def _forget_origin(graph: "onnx.GraphProto") -> None:
    """Take out the exporter's notes: stack traces with this machine's paths, a fifth of the file."""
    for part in (graph, *graph.node, *graph.initializer, *graph.input, *graph.output, *graph.value_info):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")


def _describe(proto: "onnx.ModelProto", model: TrainedModel, metadata: Mapping[str, str]) -> None:
    import onnx

    properties = self_describing(model, metadata)
    poses = f"Description of {POSES}"
    properties[poses] = f"Any number of windows, along an axis before those of a window. {properties[poses]}"
    onnx.helper.set_model_props(proto, properties)
    proto.graph.input[0].doc_string = properties[poses]  # where viewers look
    proto.graph.output[0].doc_string = properties[f"Description of {LABEL_PROBABILITIES}"]


class OnnxModel(ExportedModel):
    """A saved ONNX file, run as an app runs it: onnxruntime on one thread of the CPU.

    Args:
        path: what `save_onnx` wrote.

    Attributes:
        classes: labels, in the order of the probabilities.
        shape: of a window.
        metadata: the file's properties.

    Raises:
        DataError: the file is missing or damaged, or handloom did not write it.
        ConfigurationError: the extra `onnx` is not installed.
    """

    def __init__(self, path: Path) -> None:
        require_model_file(path)
        with needs_extra("onnx", str(path)):
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
    def run(self, poses: NDArray[np.float32]) -> NDArray[np.float32]:
        """One window ``[window, 3, 21]`` to the probability of each class ``[classes]``."""
        if poses.shape != self.shape:
            raise ValueError(f"poses: expected shape {list(self.shape)}, got {list(poses.shape)}")
        with one_line(self.path, "an ONNX file"):
            (found,) = self._session.run([LABEL_PROBABILITIES], {POSES: poses[np.newaxis]})
        return np.asarray(found[0], dtype=np.float32)


def _check_cost(content: bytes) -> None:
    """Refuse a file that could run for ever or fill the memory: onnxruntime has no limits.

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
