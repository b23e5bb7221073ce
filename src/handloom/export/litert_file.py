"""PyTorch to LiteRT (TensorFlow Lite, `.tflite`), for Android, the web and small computers.

`ai-edge-litert` has the flatbuffer's schema. What the file says of itself is a JSON object in a metadata buffer of its
own, `ENTRY`; the labels, in the order of the probabilities, are in it too.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from handloom.config import ExportCoreML
from handloom.export.convert import ExportedNetwork
from handloom.export.interface import LABEL_PROBABILITIES, POSES, self_describing
from handloom.export.libraries import quiet
from handloom.export.litert_graph import Graph, Made, lowered
from handloom.export.litert_model import ENTRY
from handloom.hand import CHANNELS, JOINT_COUNT
from handloom.models.checkpoint import TrainedModel

_IDENTIFIER, _SCHEMA_VERSION = b"TFL3", 3


def save_litert(model: TrainedModel, path: Path, settings: ExportCoreML, metadata: Mapping[str, str]) -> None:
    """Write a `.tflite` in float32, the same bytes each time.

    Args:
        model: the trained classifier.
        path: the file.
        settings: the section `export_coreml`; author, description, licence and version are taken from it.
        metadata: what stands in the file in addition; the labels and the descriptions of input and output are added.
    """
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
