"""A network with the layers of Create ML's own hand classifiers, written for Core ML and run in PyTorch at once."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

# Counted in seven published files (specification 4): 71 layers.
LAYER_COUNTS = {
    "convolution": 20,
    "batchnorm": 15,
    "activation": 8,
    "pooling": 8,
    "add": 7,
    "transpose": 4,
    "reshapeStatic": 2,
    "reshape": 1,
    "expandDims": 2,
    "innerProduct": 2,
    "squeeze": 1,
    "softmax": 1,
}
CLASSES = 5


class Twin:
    """Adds each layer to a builder and applies it to a window in PyTorch; weights are the same for the same seed."""

    def __init__(self, builder: Any, poses: np.ndarray, seed: int = 0) -> None:
        self._builder, self._random = builder, np.random.default_rng(seed)
        self._count = 0
        self.name, self.value = "poses", torch.tensor(poses)

    def numbers(self, *shape: int) -> np.ndarray:
        return self._random.normal(size=shape).astype(np.float32)

    def add(self, write: Callable[[str, str, str], Any], value: Tensor, output: str | None = None) -> None:
        """`write` gets the layer's name, its input and its output."""
        self._count += 1
        output = output or f"blob{self._count}"
        write(f"layer{self._count}", self.name, output)
        self.name, self.value = output, value

    def convolution(self, outputs: int, height: int, width: int) -> None:
        inputs = self.value.shape[-3]
        weight = self.numbers(outputs, inputs, height, width) / np.float32(np.sqrt(inputs * height * width))
        bias = self.numbers(outputs)
        self.add(
            lambda name, x, y: self._builder.add_convolution(
                name, inputs, outputs, height, width, 1, 1, "same", 1, weight.transpose(2, 3, 1, 0), bias, True,
                input_name=x, output_name=y,
            ),
            functional.conv2d(self.value, torch.tensor(weight), torch.tensor(bias), padding="same"),
        )  # fmt: skip

    def batch_norm(self) -> None:
        channels = self.value.shape[-3]
        gamma, beta, mean = (self.numbers(channels) for _ in range(3))
        variance = np.abs(self.numbers(channels)) + np.float32(0.5)
        x = self.value if self.value.ndim == 4 else self.value[None]
        value = functional.batch_norm(
            x, torch.tensor(mean), torch.tensor(variance), torch.tensor(gamma), torch.tensor(beta), eps=1e-5
        )
        self.add(
            lambda name, x, y: self._builder.add_batchnorm(name, channels, gamma, beta, mean, variance, x, y),
            value.reshape(self.value.shape),
        )

    def relu(self) -> None:
        self.add(lambda name, x, y: self._builder.add_activation(name, "RELU", x, y), torch.relu(self.value))

    def pool(self) -> None:
        """Every second frame, the greater of two."""
        self.add(
            lambda name, x, y: self._builder.add_pooling(name, 2, 1, 2, 1, "MAX", "SAME", x, y),
            functional.max_pool2d(self.value, (2, 1), (2, 1), ceil_mode=True),
        )

    def pool_all(self) -> None:
        self.add(
            lambda name, x, y: self._builder.add_pooling(name, 1, 1, 1, 1, "AVERAGE", "VALID", x, y, is_global=True),
            self.value.mean((-2, -1), keepdim=True),
        )

    def sum_with(self, other: tuple[str, Tensor]) -> None:
        self.add(lambda name, x, y: self._builder.add_elementwise(name, [x, other[0]], y, "ADD"), self.value + other[1])

    def transpose(self, *axes: int) -> None:
        self.add(lambda name, x, y: self._builder.add_transpose(name, axes, x, y), self.value.permute(*axes))

    def reshape(self, *shape: int) -> None:
        self.add(lambda name, x, y: self._builder.add_reshape_static(name, x, y, shape), self.value.reshape(shape))

    def old_reshape(self, *shape: int) -> None:
        value = self.value.reshape(*self.value.shape[:-3], *shape)
        self.add(lambda name, x, y: self._builder.add_reshape(name, x, y, shape, 0), value)

    def expand_dims(self, *axes: int) -> None:
        value = self.value
        for axis in axes:
            value = value.unsqueeze(axis)
        self.add(lambda name, x, y: self._builder.add_expand_dims(name, x, y, axes), value)

    def squeeze(self, axis: int) -> None:
        self.add(lambda name, x, y: self._builder.add_squeeze(name, x, y, [axis]), self.value.squeeze(axis))

    def inner_product(self, outputs: int) -> None:
        inputs = self.value.shape[-1]
        weight, bias = self.numbers(outputs, inputs) / np.float32(np.sqrt(inputs)), self.numbers(outputs)
        self.add(
            lambda name, x, y: self._builder.add_inner_product(name, weight, bias, inputs, outputs, True, x, y),
            functional.linear(self.value, torch.tensor(weight), torch.tensor(bias)),
        )

    def softmax(self, output: str) -> None:
        self.add(lambda name, x, y: self._builder.add_softmax(name, x, y), self.value.softmax(-3), output)


def write_like_create_ml(builder: Any, poses: np.ndarray) -> Tensor:
    """71 layers from ``[T, 3, 21]``; the probabilities as PyTorch computes them, ``[1, classes, 1, 1]``."""
    twin, frames = Twin(builder, poses), len(poses)
    twin.transpose(1, 2, 0)  # [3, 21, T]
    twin.reshape(63, 1, frames)
    twin.batch_norm()
    twin.expand_dims(0)
    twin.old_reshape(3, 21, frames)
    twin.transpose(0, 1, 3, 2)  # [1, 3, T, 21]
    channels = [16, 20, 24, 32, 48, 64, 64]  # the last block alone needs no convolution next to it
    for outputs in channels:
        start = (twin.name, twin.value)
        other = start
        if twin.value.shape[1] != outputs:
            twin.convolution(outputs, 1, 1)
            other = (twin.name, twin.value)
            twin.name, twin.value = start
        twin.convolution(outputs, 1, 1)
        twin.batch_norm()
        twin.relu()
        twin.convolution(outputs, 3, 1)
        twin.batch_norm()
        twin.sum_with(other)
        twin.pool()
    twin.pool_all()
    twin.transpose(0, 2, 3, 1)  # [1, 1, 1, C]
    twin.squeeze(1)
    twin.reshape(channels[-1], 1)
    twin.transpose(1, 0)
    twin.inner_product(32)
    twin.relu()
    twin.inner_product(CLASSES)
    twin.expand_dims(2, 3)
    twin.softmax("out")
    return twin.value
