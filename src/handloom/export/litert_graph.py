"""A network as the operators of LiteRT (TensorFlow Lite): what `torch.export` gives, node by node.

handloom's networks are chains of some twenty plain operations, so that they are written here; the libraries that
convert any network (`litert-torch`, `onnx2tf`) bring JAX or TensorFlow. The schema comes with `ai-edge-litert`. An
operation that is missing here is an error with its name, never skipped.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.fx import Node

Array = NDArray[Any]
Lower = Callable[..., Any]  # the graph, the shape of the result, and the operation's own arguments, to the result


class Made(int):
    """The number of a tensor that a run makes. What is known before any run is an array instead."""


class Graph:
    """Tensors, buffers and operators as they are collected.

    Args:
        schema: the module of the flatbuffer's classes.
    """

    def __init__(self, schema: Any) -> None:
        self.schema = schema
        self.tensors: list[Any] = []
        self.buffers: list[Any] = [schema.BufferT()]  # the first one is empty, for tensors without stored values
        self.operators: list[Any] = []
        self.codes: list[Any] = []
        self._kept: dict[tuple[str, tuple[int, ...], bytes], Made] = {}

    def tensor(self, shape: Sequence[int], kind: str = "FLOAT32", name: str = "", values: bytes | None = None) -> Made:
        """A new tensor; its number."""
        made = self.schema.TensorT()
        made.shape, made.name = list(shape), name or f"t{len(self.tensors)}"
        made.type, made.buffer = getattr(self.schema.TensorType, kind), 0
        if values is not None:
            stored = self.schema.BufferT()
            stored.data = np.frombuffer(values, np.uint8)
            made.buffer = len(self.buffers)
            self.buffers.append(stored)
        self.tensors.append(made)
        return Made(len(self.tensors) - 1)

    def constant(self, values: Array) -> Made:
        """A tensor with stored values, float32 or int32; the same one for the same values."""
        values = np.ascontiguousarray(values)
        kind = "INT32" if values.dtype == np.int32 else "FLOAT32"
        content = values.astype("<i4" if kind == "INT32" else "<f4").tobytes()
        key = (kind, values.shape, content)
        if key not in self._kept:
            self._kept[key] = self.tensor(values.shape, kind, values=content)
        return self._kept[key]

    def shape(self, tensor: Made) -> list[int]:
        """The shape of a tensor."""
        return list(self.tensors[tensor].shape)

    def operator(
        self, name: str, inputs: Sequence[Made | Array], shape: Sequence[int], kind: str = "FLOAT32", **options: Any
    ) -> Made:
        """A new operator with one result; the number of that.

        Args:
            name: as in the schema's `BuiltinOperator`.
            inputs: tensors, and arrays that become constants.
            shape: of the result.
            kind: of its elements.
            options: `of` is the name of the schema's class of options; the others are its fields.
        """
        made = self.schema.OperatorT()
        made.opcodeIndex = self._code(getattr(self.schema.BuiltinOperator, name))
        made.inputs = [one if isinstance(one, Made) else self.constant(one) for one in inputs]
        result = self.tensor(shape, kind)
        made.outputs = [result]
        if options:
            of = options.pop("of")
            made.builtinOptionsType = getattr(self.schema.BuiltinOptions, of)
            made.builtinOptions = getattr(self.schema, f"{of}T")()
            for field, value in options.items():
                setattr(made.builtinOptions, field, value)
        self.operators.append(made)
        return result

    def _code(self, operator: int) -> int:
        for number, code in enumerate(self.codes):
            if code.builtinCode == operator:
                return number
        made = self.schema.OperatorCodeT()
        # Numbers up to 127 stand in the older field too.
        made.builtinCode, made.deprecatedBuiltinCode = operator, min(operator, 127)
        made.version = 2 if operator == self.schema.BuiltinOperator.BROADCAST_TO else 1  # it has no first version
        self.codes.append(made)
        return len(self.codes) - 1


def lowered(
    network: nn.Module, examples: Sequence[torch.Tensor], graph: Graph, names: Sequence[str], result: str
) -> tuple[list[Made], Made]:
    """Add a network to a graph; its inputs and its output.

    Args:
        network: in evaluation mode; tensors of fixed shapes in, one out.
        examples: of the inputs' shapes.
        graph: what is added to.
        names: of the inputs.
        result: the name of the output.

    Raises:
        NotImplementedError: it uses an operation that is missing here.
    """
    program = torch.export.export(network, tuple(examples)).run_decompositions()
    stored = {**program.state_dict, **program.constants}
    given = [graph.tensor(one.shape, name=name) for one, name in zip(examples, names, strict=True)]
    waiting = iter(given)
    known = {
        one.arg.name: stored[one.target].detach().numpy() if one.target else next(waiting)
        for one in program.graph_signature.input_specs
    }
    values: dict[Node, Any] = {}
    for node in program.graph.nodes:
        if node.op == "placeholder":
            values[node] = known[node.name]
        elif node.op == "call_function":
            name = getattr(node.target, "__name__", str(node.target))
            if name not in LOWERED:
                raise NotImplementedError(f"{name} has no lowering to LiteRT")
            arguments = torch.fx.node.map_arg(node.args, lambda one: values[one])
            shape = list(node.meta["val"].shape) if isinstance(node.meta.get("val"), torch.Tensor) else []
            values[node] = LOWERED[name](graph, shape, *arguments, **node.kwargs)
    (last,) = next(node for node in program.graph.nodes if node.op == "output").args[0]
    made: Made = values[last]
    graph.tensors[made].name = result
    return given, made


def _whole(numbers: Sequence[int]) -> Array:
    return np.array(numbers, np.int32)


def _reshape(graph: Graph, shape: list[int], x: Any, *_: Any) -> Any:
    if not isinstance(x, Made):
        return x.reshape(shape)
    return x if graph.shape(x) == shape else graph.operator("RESHAPE", [x, _whole(shape)], shape)


def _expand(graph: Graph, shape: list[int], x: Any, *_: Any) -> Any:
    if isinstance(x, Made) and graph.shape(x) == shape:
        return x
    return graph.operator("BROADCAST_TO", [x, _whole(shape)], shape)  # at run time: the file stays small


def _permute(graph: Graph, shape: list[int], x: Any, axes: list[int]) -> Any:
    return graph.operator("TRANSPOSE", [x, _whole(axes)], shape) if isinstance(x, Made) else x.transpose(axes)


def _slice(graph: Graph, shape: list[int], x: Made, axis: int = 0, start: int = 0, *_: Any) -> Made:
    begin = [0] * len(shape)
    begin[axis] = start if start >= 0 else graph.shape(x)[axis] + start
    return graph.operator("SLICE", [x, _whole(begin), _whole(shape)], shape)


def _binary(name: str, of: str = "") -> Lower:
    options: dict[str, Any] = {"of": of, "fusedActivationFunction": 0} if of else {}

    def lower(graph: Graph, shape: list[int], x: Any, y: Any) -> Made:
        inputs = [one if isinstance(one, Made) else np.asarray(one, np.float32) for one in (x, y)]
        return graph.operator(name, inputs, shape, **options)

    return lower


def _clamp(graph: Graph, shape: list[int], x: Made, least: float | None, most: float | None = None) -> Made:
    for name, bound in (("MAXIMUM", least), ("MINIMUM", most)):
        x = x if bound is None else _binary(name)(graph, shape, x, bound)
    return x


def _pad(graph: Graph, shape: list[int], x: Made, amounts: list[int], value: float = 0.0) -> Made:
    """The amounts come from the last axis on, before and after it."""
    if value:
        raise NotImplementedError("a padding with another number than 0 has no lowering to LiteRT")
    pairs = [amounts[place : place + 2] for place in range(0, len(amounts), 2)]
    whole = [[0, 0]] * (len(shape) - len(pairs)) + pairs[::-1]
    return graph.operator("PAD", [x, np.array(whole, np.int32)], shape)


def _greater(graph: Graph, shape: list[int], x: Made, number: float) -> Made:
    return graph.operator("GREATER", [x, np.array(number, np.float32)], shape, kind="BOOL")


def _to_float(graph: Graph, shape: list[int], x: Made, **_: Any) -> Made:
    return graph.operator("CAST", [x], shape)


def _unary(name: str) -> Lower:
    return lambda graph, shape, x: graph.operator(name, [x], shape)


def _reduction(name: str) -> Lower:
    def lower(graph: Graph, shape: list[int], x: Made, axes: list[int], keep: bool = False) -> Made:
        return graph.operator(name, [x, _whole(axes)], shape, of="ReducerOptions", keepDims=keep)

    return lower


def _concatenation(graph: Graph, shape: list[int], parts: list[Any], axis: int = 0) -> Made:
    return graph.operator("CONCATENATION", parts, shape, of="ConcatenationOptions", axis=axis % len(shape))


def _zeros(graph: Graph, shape: list[int], x: Made, number: float, **_: Any) -> Array:
    return np.full(shape, number, np.float32)


def _linear(graph: Graph, shape: list[int], bias: Any, x: Made, weight: Array) -> Made:
    """The weight comes as ``[in, out]``, and is stored as ``[out, in]``."""
    return graph.operator("FULLY_CONNECTED", [x, weight.T, bias], shape, of="FullyConnectedOptions")


def _product(graph: Graph, shape: list[int], x: Made, weight: Array) -> Made:
    return _linear(graph, shape, np.zeros(shape[-1], np.float32), x, weight)


def _layer_norm(
    graph: Graph, shape: list[int], x: Made, sizes: list[int], gamma: Array, beta: Array, epsilon: float
) -> Any:
    """A tuple, as the operation gives the mean and the deviation too; these are not used."""
    whole = graph.shape(x)
    axes = list(range(len(whole) - len(sizes), len(whole)))
    single = [*whole[: axes[0]], *[1] * len(sizes)]
    mean = _reduction("MEAN")(graph, single, x, axes, True)
    centred = _binary("SUB", "SubOptions")(graph, whole, x, mean)
    squares = _binary("MUL", "MulOptions")(graph, whole, centred, centred)
    variance = _reduction("MEAN")(graph, single, squares, axes, True)
    scale = graph.operator("RSQRT", [_binary("ADD", "AddOptions")(graph, single, variance, float(epsilon))], single)
    normal = _binary("MUL", "MulOptions")(graph, whole, centred, scale)
    return (_scaled(graph, whole, normal, gamma, beta),)


def _scaled(graph: Graph, shape: list[int], x: Made, scale: Array, shift: Array) -> Made:
    product = _binary("MUL", "MulOptions")(graph, shape, x, scale)
    shifted: Made = _binary("ADD", "AddOptions")(graph, shape, product, shift)
    return shifted


def _batch_norm(
    graph: Graph,
    shape: list[int],
    x: Made,
    gamma: Array,
    beta: Array,
    mean: Array,
    variance: Array,
    momentum: float,
    epsilon: float,
) -> Any:
    factor = gamma.astype(np.float64) / np.sqrt(variance.astype(np.float64) + epsilon)
    channels = [-1, *[1] * (len(graph.shape(x)) - 2)]
    parts = [one.astype(np.float32).reshape(channels) for one in (factor, beta - mean * factor)]
    return (_scaled(graph, graph.shape(x), x, *parts),)


def _convolution(
    graph: Graph,
    shape: list[int],
    x: Made,
    weight: Array,
    bias: Array | None,
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    *_: Any,
) -> Made:
    """Over time, ``[1, C, T]`` and ``[O, C, K]``: as a picture of height T and width 1, channels last, padded to T."""
    count, channels, steps = graph.shape(x)
    kernel = weight.shape[2]
    if stride != [1] or 2 * padding[0] != dilation[0] * (kernel - 1):
        raise NotImplementedError("a convolution that changes the length has no lowering to LiteRT")
    bias = np.zeros(len(weight), np.float32) if bias is None else bias  # LiteRT asks for one
    picture = _permute(graph, [count, steps, channels], x, [0, 2, 1])
    picture = _reshape(graph, [count, steps, 1, channels], picture)
    mixed = graph.operator(
        "CONV_2D",
        [picture, weight.transpose(0, 2, 1)[:, :, None], bias],
        [count, steps, 1, shape[1]],
        of="Conv2DOptions",
        padding=graph.schema.Padding.SAME,
        strideH=1,
        strideW=1,
        dilationHFactor=dilation[0],
        dilationWFactor=1,
    )
    turned: Made = _permute(graph, shape, _reshape(graph, [count, steps, shape[1]], mixed), [0, 2, 1])
    return turned


def _softmax(graph: Graph, shape: list[int], x: Made, axis: int, *_: Any) -> Made:
    if axis % len(shape) != len(shape) - 1:
        raise NotImplementedError("a softmax over another than the last axis has no lowering to LiteRT")
    return graph.operator("SOFTMAX", [x], shape, of="SoftmaxOptions", beta=1.0)


LOWERED: Mapping[str, Lower] = {
    "_assert_tensor_metadata.default": lambda *_, **__: None,
    "_native_batch_norm_legit_no_training.default": _batch_norm,
    "_softmax.default": _softmax,
    "_to_copy.default": _to_float,
    "abs.default": _unary("ABS"),
    "add.Tensor": _binary("ADD", "AddOptions"),
    "addmm.default": _linear,
    "amax.default": _reduction("REDUCE_MAX"),
    "bmm.default": _binary("BATCH_MATMUL"),
    "cat.default": _concatenation,
    "clamp.default": _clamp,
    "constant_pad_nd.default": _pad,
    "clone.default": lambda graph, shape, x, **_: x,
    "convolution.default": _convolution,
    "div.Tensor": _binary("DIV", "DivOptions"),
    "expand.default": _expand,
    "full_like.default": _zeros,
    "getitem": lambda graph, shape, results, index: results[index],
    "gt.Scalar": _greater,
    "mm.default": _product,
    "mul.Tensor": _binary("MUL", "MulOptions"),
    "native_layer_norm.default": _layer_norm,
    "permute.default": _permute,
    "relu.default": _unary("RELU"),
    "slice.Tensor": _slice,
    "squeeze.dims": _reshape,
    "sub.Tensor": _binary("SUB", "SubOptions"),
    "sum.dim_IntList": _reduction("SUM"),
    "unsqueeze.default": _reshape,
    "view.default": _reshape,
}
