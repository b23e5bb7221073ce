"""MediaPipe's networks as PyTorch modules: what LiteRT gives for the same picture. What is missing has a name."""

import zipfile
from typing import Any

import numpy as np
import pytest
import torch
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from handloom.config import LandmarkModel
from handloom.export.landmarker.networks import NETWORKS, ExportedNetwork
from handloom.export.landmarker.tflite_network import TFLiteNetwork
from handloom.export.litert_file import finished
from handloom.export.litert_graph import Graph
from handloom.landmarks.landmark_model import landmark_model_path


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_a_network_gives_what_litert_gives(network: ExportedNetwork) -> None:
    with zipfile.ZipFile(landmark_model_path(LandmarkModel())) as archive:
        content = archive.read(network.original)
    picture = np.random.default_rng(0).random((1, network.side, network.side, 3), dtype=np.float32)
    with torch.no_grad():
        found = TFLiteNetwork(content, len(network.outputs)).eval()(torch.from_numpy(picture))
    expected = by_litert(content, picture)[: len(network.outputs)]
    assert [tuple(one.shape) for one in found] == list(network.shapes)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.numpy(), other, atol=1e-3)


def by_litert(content: bytes, picture: np.ndarray) -> list[np.ndarray]:
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture)
    interpreter.invoke()
    return [interpreter.get_tensor(one["index"]) for one in interpreter.get_output_details()]


def small_network(name: str, *stored: np.ndarray, shape: list[int], **options: Any) -> bytes:
    """A `.tflite` with one operator that takes a picture ``[1, 4, 4, 2]``."""
    graph = Graph(schema)
    given = graph.tensor([1, 4, 4, 2])
    return finished(graph, [given], graph.operator(name, [given, *stored], shape, **options), {})


def with_other_weights(kind: str) -> bytes:
    """The same with weights of another type."""
    graph = Graph(schema)
    given, weight = graph.tensor([1, 4, 4, 2]), graph.constant(np.ones((1, 4, 4, 2), np.float32))
    graph.tensors[weight].type = getattr(schema.TensorType, kind)
    return finished(graph, [given], graph.operator("ADD", [given, weight], [1, 4, 4, 2], of="AddOptions"), {})


PICTURE = np.random.default_rng(1).normal(size=(1, 4, 4, 2)).astype(np.float32)
WEIGHT = np.random.default_rng(2).normal(size=(3, 3, 3, 2)).astype(np.float32)
CONVOLVED: dict[str, Any] = {"of": "Conv2DOptions", "dilationHFactor": 1, "dilationWFactor": 1}
BIAS = np.zeros(3, np.float32)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("kernel", [2, 3])
def test_convolutions_are_padded_as_litert_pads_them(stride: int, padding: int, kernel: int) -> None:
    out = -(-4 // stride) if padding == 0 else (4 - kernel) // stride + 1
    weight = WEIGHT[:, :kernel, :kernel]
    sizes = {"padding": padding, "strideH": stride, "strideW": stride, "fusedActivationFunction": 3}
    content = small_network("CONV_2D", weight, BIAS, shape=[1, out, out, 3], **CONVOLVED, **sizes)
    with torch.no_grad():
        (found,) = TFLiteNetwork(content, 1)(torch.from_numpy(PICTURE))
    np.testing.assert_allclose(found.permute(0, 2, 3, 1).numpy(), by_litert(content, PICTURE)[0], atol=1e-5)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (small_network("COS", shape=[1, 4, 4, 2]), "COS of LiteRT has no layer"),
        (
            small_network("CONV_2D", WEIGHT, BIAS, shape=[1, 4, 4, 3], **CONVOLVED | {"dilationHFactor": 2}),
            "CONV_2D of LiteRT with dilation",
        ),
        (
            small_network(
                "CONV_2D",
                WEIGHT,
                BIAS,
                shape=[1, 4, 4, 3],
                **CONVOLVED,
                strideH=1,
                strideW=1,
                fusedActivationFunction=1,
            ),
            "CONV_2D of LiteRT with an activation",
        ),
        (
            small_network(
                "RESIZE_BILINEAR",
                np.array([8, 8], np.int32),
                shape=[1, 8, 8, 2],
                of="ResizeBilinearOptions",
                alignCorners=True,
            ),
            "RESIZE_BILINEAR of LiteRT with another grid",
        ),
        (
            small_network(
                "MAX_POOL_2D",
                shape=[1, 2, 2, 2],
                of="Pool2DOptions",
                padding=1,
                **{"filterHeight": 2, "filterWidth": 2, "strideH": 2, "strideW": 2, "fusedActivationFunction": 1},
            ),
            "MAX_POOL_2D of LiteRT with an activation",
        ),
        (
            small_network(
                "CONCATENATION", shape=[1, 4, 4, 2], of="ConcatenationOptions", axis=3, fusedActivationFunction=3
            ),
            "CONCATENATION of LiteRT with an activation",
        ),
        (
            small_network("CONV_2D", WEIGHT, shape=[1, 4, 4, 3], **CONVOLVED, strideH=1, strideW=1),
            "CONV_2D of LiteRT without stored weights",
        ),
        (with_other_weights("INT8"), "a tensor of INT8 that LiteRT stores has no layer"),
    ],
    ids=["operation", "dilation", "activation", "grid", "activation of a pool", "of a join", "no bias", "type"],
)
def test_what_is_missing_is_named(content: bytes, said: str) -> None:
    with pytest.raises(NotImplementedError, match=said):
        TFLiteNetwork(content, 1)
