"""PyTorch to LiteRT (TensorFlow Lite, `.tflite`), for Android, the web and small computers, and running it.

The extra `litert` is `ai-edge-litert` alone: the flatbuffer's schema and the interpreter. What the file says of itself
is a JSON object in a metadata buffer of its own, `ENTRY`; the labels, in the order of the probabilities, are in it too.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from handloom.config import ExportCoreML
from handloom.errors import DataError, printable
from handloom.export.convert import ExportedNetwork
from handloom.export.extras import needs_extra
from handloom.export.interface import LABEL_PROBABILITIES, POSES, labels_of, self_describing
from handloom.export.litert_graph import Graph, lowered
from handloom.export.package import require_model_file
from handloom.export.quiet import quiet
from handloom.export.specification import one_line
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
        import flatbuffers
        from ai_edge_litert import schema_py_generated as schema

    graph = Graph(schema)
    with quiet():
        example = torch.zeros(model.window, len(CHANNELS), JOINT_COUNT)
        given, made = lowered(ExportedNetwork(model.network).eval(), example, graph)
    subgraph = schema.SubGraphT()
    subgraph.name, subgraph.tensors, subgraph.operators = "main", graph.tensors, graph.operators
    subgraph.inputs, subgraph.outputs = [given], [made]
    about = {
        "Author": settings.author,
        "Short Description": settings.short_description,
        "License": settings.license,
        "Version": settings.version,
    }
    known = {name: text for name, text in about.items() if text} | self_describing(model, metadata)
    text = schema.BufferT()
    text.data = np.frombuffer(json.dumps(known, ensure_ascii=False).encode(), np.uint8)
    entry = schema.MetadataT()
    entry.name, entry.buffer = ENTRY, len(graph.buffers)
    content = schema.ModelT()
    content.version, content.description = _SCHEMA_VERSION, settings.short_description
    content.operatorCodes, content.subgraphs = graph.codes, [subgraph]
    content.buffers, content.metadata = [*graph.buffers, text], [entry]
    builder = flatbuffers.Builder(1024)
    builder.Finish(content.Pack(builder), _IDENTIFIER)
    path.write_bytes(bytes(builder.Output()))


class LiteRTRunner:
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

    classes: list[str]
    shape: tuple[int, ...]
    metadata: Mapping[str, str]

    def __init__(self, path: Path) -> None:
        with needs_extra("litert", str(path)):
            from ai_edge_litert.interpreter import Interpreter, OpResolverType

        require_model_file(path)
        self._path = path
        with one_line(path, "a LiteRT model"):
            content = path.read_bytes()
            self.metadata = dict(_metadata(content))
            # Without the accelerated kernels, which print a line, and whose results depend on the processor.
            plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            self._interpreter = Interpreter(model_content=content, num_threads=1, experimental_op_resolver_type=plain)
            self._interpreter.allocate_tensors()
            given, made = self._interpreter.get_input_details(), self._interpreter.get_output_details()
            names = [one["name"] for one in (*given, *made)]
            self.classes = labels_of(self.metadata) if names == [POSES, LABEL_PROBABILITIES] else []
            self.shape = tuple(int(size) for size in given[0]["shape"]) if given else ()
            if self.classes and int(made[0]["shape"][-1]) != len(self.classes):
                raise ValueError(f"{len(self.classes)} labels for {made[0]['shape'][-1]} probabilities")
        if not self.classes:
            raise DataError(f"{printable(str(path))}: a LiteRT model, but not one of handloom's hand classifiers")
        self._given, self._made = int(given[0]["index"]), int(made[0]["index"])

    def probabilities(self, poses: NDArray[np.float32]) -> NDArray[np.float32]:
        """One window ``[window, 3, 21]`` to the probability of each class ``[classes]``."""
        if poses.shape != self.shape:
            raise ValueError(f"poses: expected shape {list(self.shape)}, got {list(poses.shape)}")
        with one_line(self._path, "a LiteRT model"):
            self._interpreter.set_tensor(self._given, np.ascontiguousarray(poses, np.float32))
            self._interpreter.invoke()
            return np.array(self._interpreter.get_tensor(self._made)[0], np.float32)


def _metadata(content: bytes) -> Iterator[tuple[str, str]]:
    """What `save_litert` put into the buffer `ENTRY`."""
    from ai_edge_litert import schema_py_generated as schema

    model: Any = schema.Model.GetRootAs(content, 0)
    for number in range(model.MetadataLength()):
        entry = model.Metadata(number)
        if entry.Name() == ENTRY.encode():
            text = model.Buffers(entry.Buffer()).DataAsNumpy().tobytes().decode()
            yield from ((str(name), str(value)) for name, value in json.loads(text).items())
