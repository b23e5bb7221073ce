"""PyTorch to LiteRT (TensorFlow Lite, `.tflite`), for Android, the web and small computers, and running it.

The extra `litert` is `ai-edge-litert` alone: the flatbuffer's schema and the interpreter. What the file says of itself
is a JSON object in a metadata buffer of its own, `ENTRY`; the labels, in the order of the probabilities, are in it too.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from typing_extensions import override

from handloom.config import ExportCoreML
from handloom.errors import DataError, printable
from handloom.export.convert import ExportedNetwork
from handloom.export.exported import ExportedModel
from handloom.export.interface import LABEL_PROBABILITIES, POSES, labels_of, self_describing
from handloom.export.libraries import needs_extra, one_line, quiet
from handloom.export.litert_graph import Graph, Made, lowered
from handloom.export.package import require_model_file
from handloom.hand import CHANNELS, JOINT_COUNT
from handloom.models.checkpoint import TrainedModel

ENTRY = "handloom"
_IDENTIFIER, _SCHEMA_VERSION = b"TFL3", 3


def save_litert(model: TrainedModel, path: Path, settings: ExportCoreML, metadata: Mapping[str, str]) -> None:
    """Write a `.tflite` in float32, the same bytes each time.

    Args:
        model: the trained classifier.
        path: the file.
        settings: the section `export_coreml`; author, description, licence and version are taken from it.
        metadata: what stands in the file beside that; the labels and the descriptions of input and output are added.

    Raises:
        ConfigurationError: the extra `litert` is not installed.
    """
    with needs_extra("litert", "export_coreml.formats: tflite"):
        from ai_edge_litert import schema_py_generated as schema

    graph = Graph(schema)
    with quiet():
        example = torch.zeros(model.spec.window, len(CHANNELS), JOINT_COUNT)
        network = ExportedNetwork(model.network).eval()
        given, made = lowered(network, (example,), graph, [POSES], LABEL_PROBABILITIES)
    path.write_bytes(finished(graph, given, made, with_about(model, settings, metadata)))


def with_about(model: TrainedModel, settings: ExportCoreML, metadata: Mapping[str, str]) -> dict[str, str]:
    """The metadata with what Core ML's files have places of their own for, and with labels and descriptions."""
    about = {
        "Author": settings.author,
        "Short Description": settings.short_description,
        "License": settings.license,
        "Version": settings.version,
    }
    return {name: text for name, text in about.items() if text} | self_describing(model, metadata)


def finished(
    graph: Graph, given: list[Made], made: Made, about: Mapping[str, str], more: Mapping[str, bytes] | None = None
) -> bytes:
    """The bytes of a `.tflite`.

    Args:
        graph: its operators.
        given: its inputs.
        made: its output.
        about: what it says of itself, for the buffer `ENTRY`.
        more: further metadata buffers by name.
    """
    import flatbuffers

    schema = graph.schema
    subgraph, content = schema.SubGraphT(), schema.ModelT()
    subgraph.name, subgraph.tensors, subgraph.operators = "main", graph.tensors, graph.operators
    subgraph.inputs, subgraph.outputs = given, [made]
    content.version, content.description = _SCHEMA_VERSION, "made by handloom"
    content.operatorCodes, content.subgraphs = graph.codes, [subgraph]
    content.buffers, content.metadata = list(graph.buffers), []
    for name, data in {ENTRY: json.dumps(about, ensure_ascii=False).encode(), **(more or {})}.items():
        entry, buffer = schema.MetadataT(), schema.BufferT()
        entry.name, entry.buffer, buffer.data = name, len(content.buffers), np.frombuffer(data, np.uint8)
        content.metadata.append(entry)
        content.buffers.append(buffer)
    builder = flatbuffers.Builder(1024)
    builder.Finish(content.Pack(builder), _IDENTIFIER)
    return bytes(builder.Output())


def metadata_of(content: bytes) -> dict[str, str]:
    """What `finished` put into the buffer `ENTRY`; nothing where there is none."""
    from ai_edge_litert import schema_py_generated as schema

    model: Any = schema.Model.GetRootAs(content, 0)
    for number in range(model.MetadataLength()):
        entry = model.Metadata(number)
        if entry.Name() == ENTRY.encode():
            text = model.Buffers(entry.Buffer()).DataAsNumpy().tobytes().decode()
            return {str(name): str(value) for name, value in json.loads(text).items()}
    return {}


class LiteRTInterpreter:
    """A `.tflite` in memory, on one thread of the CPU.

    Attributes:
        inputs: names of the inputs.
        output: name of the only output.
        shape_of_input, shape_of_output: of the first input, and of the output.

    Raises:
        ValueError: LiteRT does not take it, or it has not exactly one output.
    """

    def __init__(self, content: bytes) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        # Without the accelerated kernels, which print a line, and whose results depend on the processor.
        plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        self._interpreter = Interpreter(model_content=content, num_threads=1, experimental_op_resolver_type=plain)
        self._interpreter.allocate_tensors()
        given = self._interpreter.get_input_details()
        (made,) = self._interpreter.get_output_details()
        self.inputs, self.output = [one["name"] for one in given], made["name"]
        self.shape_of_input = [int(size) for size in given[0]["shape"]] if given else []
        self.shape_of_output = [int(size) for size in made["shape"]]
        self._given, self._made = [one["index"] for one in given], made["index"]

    def run(self, *values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The output for the inputs, in their order."""
        for index, value in zip(self._given, values, strict=True):
            self._interpreter.set_tensor(index, np.ascontiguousarray(value, np.float32))
        self._interpreter.invoke()
        return np.array(self._interpreter.get_tensor(self._made), np.float32)


class LiteRTModel(ExportedModel):
    """A saved `.tflite`, run by LiteRT on one thread of the CPU.

    Args:
        path: what `save_litert` wrote.

    Attributes:
        classes: labels, in the order of the probabilities.
        shape: of a window.
        metadata: what the file says of itself.

    Raises:
        DataError: the file is missing or damaged, or handloom did not write it.
        ConfigurationError: the extra `litert` is not installed.
    """

    def __init__(self, path: Path) -> None:
        with needs_extra("litert", str(path)):
            import ai_edge_litert  # noqa: F401

        require_model_file(path)
        self.path = path
        with one_line(path, "a LiteRT model"):
            content = path.read_bytes()
            self.metadata = metadata_of(content)
            self._interpreter = LiteRTInterpreter(content)
            ends = (self._interpreter.inputs, self._interpreter.output)
            self.classes = labels_of(self.metadata) if ends == ([POSES], LABEL_PROBABILITIES) else []
            self.shape = tuple(self._interpreter.shape_of_input)
        if not self.classes or self._interpreter.shape_of_output != [1, len(self.classes)]:
            raise DataError(f"{printable(str(path))}: a LiteRT model, but not one of handloom's hand classifiers")

    @override
    def run(self, poses: NDArray[np.float32]) -> NDArray[np.float32]:
        """One window ``[window, 3, 21]`` to the probability of each class ``[classes]``."""
        if poses.shape != self.shape:
            raise ValueError(f"poses: expected shape {list(self.shape)}, got {list(poses.shape)}")
        with one_line(self.path, "a LiteRT model"):
            return self._interpreter.run(poses)[0]
