"""Neural networks in Core ML's older format, saved as Create ML saves its own."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import coremltools
from coremltools.models import datatypes
from coremltools.models.neural_network import NeuralNetworkBuilder

from handloom.export.libraries import quiet


def network_builder(
    build: Callable[[Any], Any], shape: Sequence[int], classes: int, *, exact_rank: bool = True, outputs: int = 1
) -> Any:
    """A classifier whose layers, added by `build`, make the blob `out` of the blob `poses`."""
    builder = NeuralNetworkBuilder(
        [("poses", datatypes.Array(*shape))],
        [(name, None) for name in ["out", "out1", "out2"][:outputs]],
        mode="classifier",
        disable_rank5_shape_mapping=exact_rank,
    )
    build(builder)
    builder.set_class_labels([f"class {number}" for number in range(classes)], prediction_blob="out")
    return builder


def save_network(path: Path, build: Callable[[Any], Any], shape: Sequence[int], classes: int, **options: Any) -> Path:
    return save_spec(path, network_builder(build, shape, classes, **options).spec)


def save_spec(path: Path, spec: Any) -> Path:
    with quiet():
        coremltools.utils.save_spec(spec, str(path))
    return path
