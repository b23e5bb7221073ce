"""A network of a `.tflite` file as a PyTorch module, which coremltools and coreai-torch convert.

The operations and weights are read from the flatbuffer; `ai-edge-litert` brings its schema. Only what MediaPipe's two
hand networks use is here: an operation or an option that is missing is an error with its name, never skipped.

LiteRT keeps pictures as ``[N, height, width, channels]``, PyTorch as ``[N, channels, height, width]``: the input is
turned once, and turned back where a picture becomes rows of numbers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

PICTURE = 4  # axes of a picture
_TYPES = {"FLOAT32": np.float32, "FLOAT16": np.float16, "INT32": np.int32}


class TFLiteNetwork(nn.Module):
    """The network.

    Args:
        content: of the `.tflite` file; its picture input and all sizes are fixed.
        outputs: how many of its outputs are wanted, the first ones; what only others need is left out.

    Raises:
        NotImplementedError: it uses an operation, an option or a type of weights that is missing here.
    """

    def __init__(self, content: bytes, outputs: int) -> None:
        super().__init__()
        from ai_edge_litert import schema_py_generated as schema

        graph = _Graph(content, schema)
        self._inputs, self._outputs = graph.inputs, graph.outputs[:outputs]
        self._places: list[tuple[list[int], int]] = []  # for each layer the values that it takes, and that it makes
        self.layers = nn.ModuleList()
        for operator in graph.needed(self._outputs):
            name = graph.name(operator)
            if name not in LAYERS:
                raise NotImplementedError(f"{name} of LiteRT has no layer here")
            layer = LAYERS[name](_Asked(graph, operator, schema))
            taken = [place for place in operator.inputs if place not in graph.stored]
            self._places.append((taken, int(operator.outputs[0])))
            self.layers.append(layer)
        self.shape: tuple[int, ...] = graph.shape(self._inputs[0])  # of the input, ``(1, side, side, 3)``

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        """A picture ``[1, side, side, 3]``, RGB from 0 to 1, to the outputs."""
        values = {self._inputs[0]: picture.permute(0, 3, 1, 2)}
        for layer, (taken, made) in zip(self.layers, self._places, strict=True):
            values[made] = layer(*(values[place] for place in taken))
        return tuple(values[place] for place in self._outputs)


class _Graph:
    """The only subgraph of a file: operators, and the tensors that are stored in it."""

    def __init__(self, content: bytes, schema: Any) -> None:
        model = schema.ModelT.InitFromPackedBuf(content, 0)
        (graph,) = model.subgraphs
        operators = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}
        types = {number: name for name, number in vars(schema.TensorType).items() if isinstance(number, int)}
        codes = [operators[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in model.operatorCodes]
        self.inputs, self.outputs = graph.inputs.tolist(), graph.outputs.tolist()
        self._tensors, self._codes = graph.tensors, codes
        self.stored: dict[int, Tensor] = {}
        for place, tensor in enumerate(graph.tensors):
            data = model.buffers[tensor.buffer].data
            if data is not None:
                kind = types[tensor.type]
                if kind not in _TYPES:
                    raise NotImplementedError(f"a tensor of {kind} that LiteRT stores has no layer here")
                values = np.frombuffer(data.tobytes(), _TYPES[kind]).reshape(tensor.shape)
                self.stored[place] = torch.from_numpy(values.copy())
        self._operators = []
        for operator in graph.operators:
            if self.name(operator) == "DEQUANTIZE":  # weights are stored as float16
                self.stored[operator.outputs[0]] = self.stored[operator.inputs[0]].float()
            else:
                self._operators.append(operator)

    def name(self, operator: Any) -> str:
        name: str = self._codes[operator.opcodeIndex]
        return name

    def shape(self, place: int) -> tuple[int, ...]:
        return tuple(self._tensors[place].shape.tolist())

    def needed(self, outputs: Sequence[int]) -> list[Any]:
        """The operators that these outputs need, in the file's order."""
        wanted, found = set(outputs), []
        for operator in reversed(self._operators):
            if wanted & set(operator.outputs):
                wanted |= set(operator.inputs)
                found.append(operator)
        return found[::-1]


class _Asked:
    """What an operator says: its options, the tensors that are stored for it, and the shapes around it."""

    def __init__(self, graph: _Graph, operator: Any, schema: Any) -> None:
        self.schema, self.options = schema, operator.builtinOptions
        self.stored = [graph.stored.get(place) for place in operator.inputs]
        self.taken = [graph.shape(place) for place in operator.inputs]
        self.made = graph.shape(operator.outputs[0])
        self._operator = graph.name(operator)

    def require(self, holds: bool, what: str) -> None:
        if not holds:
            raise NotImplementedError(f"{self._operator} of LiteRT {what}, which has no layer here")

    def require_no_activation(self) -> None:
        none = self.schema.ActivationFunctionType.NONE
        self.require(self.options.fusedActivationFunction == none, "with an activation")

    def weights(self, place: int) -> Tensor:
        found = self.stored[place] if place < len(self.stored) else None
        if found is None:
            raise NotImplementedError(f"{self._operator} of LiteRT without stored weights has no layer here")
        return found

    def pads(self, kernel: Sequence[int], strides: Sequence[int]) -> list[tuple[int, int]]:
        """Zeros before and after the height and the width; with an odd number, more after."""
        if self.options.padding == self.schema.Padding.VALID:
            return [(0, 0), (0, 0)]
        pads = []
        for length, size, stride in zip(self.taken[0][1:3], kernel, strides, strict=True):
            total = max(0, (-(-length // stride) - 1) * stride + size - length)
            pads.append((total // 2, total - total // 2))
        return pads


class _Convolution(nn.Module):
    def __init__(self, asked: _Asked, *, each_channel: bool) -> None:
        super().__init__()
        options, activations = asked.options, asked.schema.ActivationFunctionType
        asked.require(options.dilationHFactor == options.dilationWFactor == 1, "with dilation")
        asked.require(options.fusedActivationFunction in (activations.NONE, activations.RELU6), "with an activation")
        weight = asked.weights(1)  # [out, height, width, in]; of each channel: [1, height, width, out]
        weight = weight.permute(3, 0, 1, 2) if each_channel else weight.permute(0, 3, 1, 2)
        strides = (options.strideH, options.strideW)
        (top, bottom), (left, right) = asked.pads(weight.shape[2:], strides)
        even = top == bottom and left == right
        self.pads = None if even else (left, right, top, bottom)
        self.relu6 = options.fusedActivationFunction == activations.RELU6
        channels = asked.taken[0][3]
        self.mix = nn.Conv2d(
            channels,
            len(weight),
            (weight.shape[2], weight.shape[3]),
            strides,
            padding=(top, left) if even else 0,
            groups=channels if each_channel else 1,
        )
        self.mix.weight.data, self.mix.bias.data = weight.contiguous(), asked.weights(2)  # type: ignore[union-attr]

    def forward(self, x: Tensor) -> Tensor:
        mixed: Tensor = self.mix(x if self.pads is None else functional.pad(x, self.pads))
        return functional.relu6(mixed) if self.relu6 else mixed


class _Call(nn.Module):
    """A layer without weights."""

    def __init__(self, call: Callable[..., Tensor]) -> None:
        super().__init__()
        self.call = call

    def forward(self, *given: Tensor) -> Tensor:
        return self.call(*given)


def _prelu(asked: _Asked) -> nn.Module:
    alpha = asked.weights(1)
    layer = nn.PReLU(alpha.numel())
    layer.weight.data = alpha.reshape(-1)  # one for each channel: [1, 1, channels]
    return layer


def _linear(asked: _Asked) -> nn.Module:
    asked.require_no_activation()
    weight, bias = asked.weights(1), asked.weights(2)
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight.data, layer.bias.data = weight, bias
    return layer


def _add(asked: _Asked) -> nn.Module:
    asked.require_no_activation()
    return _Call(torch.add)


def _max_pool(asked: _Asked) -> nn.Module:
    asked.require_no_activation()
    options = asked.options
    kernel, strides = (options.filterHeight, options.filterWidth), (options.strideH, options.strideW)
    asked.require(asked.pads(kernel, strides) == [(0, 0), (0, 0)], "with padding")
    return nn.MaxPool2d(kernel, strides)


def _pad(asked: _Asked) -> nn.Module:
    rows, height, width, channels = asked.weights(1).tolist()
    # PyTorch counts from the last axis on.
    amounts = [number for pair in (width, height, channels, rows) for number in pair]
    return _Call(lambda x: functional.pad(x, amounts))


def _resize(asked: _Asked) -> nn.Module:
    asked.require(asked.options.halfPixelCenters and not asked.options.alignCorners, "with another grid")
    _, height, width, _ = asked.made
    return nn.Upsample(size=(height, width), mode="bilinear", align_corners=False)


def _reshape(asked: _Asked) -> nn.Module:
    made = asked.made
    if len(asked.taken[0]) != PICTURE:
        return _Call(lambda x: x.reshape(made))
    asked.require(len(made) != PICTURE, "to a picture")
    return _Call(lambda x: x.permute(0, 2, 3, 1).reshape(made))


def _concatenation(asked: _Asked) -> nn.Module:
    asked.require_no_activation()
    axis = asked.options.axis
    asked.require(len(asked.made) != PICTURE, "of pictures")
    return _Call(lambda *parts: torch.cat(parts, dim=axis))


def _mean(asked: _Asked) -> nn.Module:
    asked.require(asked.weights(1).tolist() == [1, 2] and not asked.options.keepDims, "over other axes")
    return _Call(lambda x: x.mean(dim=(2, 3)))


LAYERS: Mapping[str, Callable[[_Asked], nn.Module]] = {
    "ADD": _add,
    "CONCATENATION": _concatenation,
    "CONV_2D": lambda asked: _Convolution(asked, each_channel=False),
    "DEPTHWISE_CONV_2D": lambda asked: _Convolution(asked, each_channel=True),
    "FULLY_CONNECTED": _linear,
    "LOGISTIC": lambda _: nn.Sigmoid(),
    "MAX_POOL_2D": _max_pool,
    "MEAN": _mean,
    "PAD": _pad,
    "PRELU": _prelu,
    "RESHAPE": _reshape,
    "RESIZE_BILINEAR": _resize,
}
