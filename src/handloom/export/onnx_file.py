"""PyTorch to ONNX, for Android, the web and desktops: the same network under the same names as in the Core ML file.

Only plain operators: probabilities come out, and the labels stand in the metadata. Operators of ai.onnx.ml, which could
give the label itself, are missing from small runtimes.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from handloom.export.interface import LABEL_PROBABILITIES, POSES, self_describing
from handloom.export.libraries import quiet
from handloom.hand import CHANNELS, JOINT_COUNT
from handloom.models.checkpoint import TrainedModel
from handloom.support.extras import needs_extra

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
    with needs_extra("export_coreml.formats: onnx"):
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
