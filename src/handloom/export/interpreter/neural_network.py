"""Runs saved neural-network classifiers (`.mlmodel`, specification 4 and 5), the format that Create ML writes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from handloom.errors import DataError, first_line, printable
from handloom.export.exported import ExportedModel, Precision
from handloom.export.interpreter import axis_layers, elementwise_layers, shape_layers, spatial_layers
from handloom.export.interpreter.budget import Budget, UnknownOperation
from handloom.export.interpreter.kernels import Array, one_thread, rounded_to_float16
from handloom.export.interpreter.layer import Layer, Prepare, UnsupportedUseError, Weights
from handloom.export.libraries import one_line
from handloom.export.specification import read_specification

# Every type of layer that can be run, by its name in NeuralNetwork.proto; what it computes is what that file's comments
# say (apple/coremltools, mlmodel/format/NeuralNetwork.proto).
LAYERS: dict[str, Prepare] = {
    **elementwise_layers.LAYERS,
    **shape_layers.LAYERS,
    **spatial_layers.LAYERS,
    **axis_layers.LAYERS,
}
_RANK5_ARRAY_MAPPING = 0  # of `NeuralNetworkMultiArrayShapeMapping`; otherwise blobs have the rank of the input


@dataclass(frozen=True)
class _Step:
    """A layer made ready, and the names of the blobs that it reads and writes."""

    kind: str
    name: str
    inputs: list[str]
    outputs: list[str]
    layer: Layer


class NetworkModel(ExportedModel):
    """Runs a saved neural-network classifier with one array in, of any network whose layers are in `LAYERS`.

    Args:
        path: a `.mlmodel`.
        precision: ``stored`` computes in float32 with the weights as they are in the file. ``float16`` rounds the
            window, the weights and every layer's result to float16, as the Neural Engine computes neural networks; sums
            are in float32. Devices may add in other orders and fuse layers, so their last bits differ.

    Raises:
        DataError: the file is missing, broken or something else.
        UnknownOperation: it has a layer that is not in `LAYERS`, or one that is used in an unknown way.
    """

    runtime = "handloom's interpreter"

    def __init__(self, path: Path, precision: Precision = "stored") -> None:
        self.path, self._float16 = path, precision == "float16"
        with one_line(path, "a neural network"):
            self._load()

    def _load(self) -> None:
        description, network = self._read()
        self.metadata = dict(description.metadata.userDefined)
        labels = network.WhichOneof("ClassLabels")
        self.classes = [str(label) for label in getattr(network, labels).vector] if labels else []
        (self._input,) = description.input
        self.shape = tuple(self._input.type.multiArrayType.shape)
        self._rank5 = network.arrayInputShapeMapping == _RANK5_ARRAY_MAPPING
        weights = Weights(self._float16)
        self._steps = [self._prepared(layer, weights) for layer in network.layers]
        known = self._check_order()
        names = (network.labelProbabilityLayerName, description.predictedProbabilitiesName)
        made_of_the_probabilities = {description.predictedFeatureName, description.predictedProbabilitiesName}
        for output in description.output:
            if output.name not in known | made_of_the_probabilities:
                raise self._broken(f"has an output {output.name!r} that no layer makes")
        found = [name for name in names if name in known]
        if not found:
            raise self._broken(f"names no layer's result as its probabilities ({' or '.join(map(repr, names))})")
        self._probabilities = found[0]

    @override
    def _probabilities_of(self, poses: NDArray[np.float32]) -> NDArray[np.float32]:
        """The blob that is the classifier's probability layer."""
        with one_line(self.path, "a neural network"):
            result = self.blobs(poses)[self._probabilities].ravel()
        if len(result) != len(self.classes):
            raise self._broken(f"has {len(self.classes)} classes and {len(result)} probabilities")
        return result

    def blobs(self, poses: NDArray[np.float32]) -> dict[str, Array]:
        """One window to the results of all layers, by their names in the file."""
        window = poses.astype(np.float32)
        # The rule of specification 3: [C, H, W] is [sequence, batch, C, H, W].
        blobs = {self._input.name: self._rounded(window[None, None] if self._rank5 else window)}
        budget = Budget()
        with one_thread(), np.errstate(all="ignore"):  # infinities go their way, as on a device
            for step in self._steps:
                with self._naming(step.kind, step.name):
                    budget.before(blobs[name] for name in step.inputs)
                    results = step.layer(*(blobs[name] for name in step.inputs))
                    several = results if isinstance(results, list) else [results]
                    budget.after(several)
                    for name, result in zip(step.outputs, several, strict=True):
                        blobs[name] = self._rounded(result)
        return blobs

    def _read(self) -> tuple[Any, Any]:
        """The description and the network of the file."""
        spec = read_specification(self.path)
        kind = spec.WhichOneof("Type")
        if kind != "neuralNetworkClassifier":
            raise self._broken(f"holds {kind}, not a neural-network classifier")
        inputs = [one.type.WhichOneof("Type") for one in spec.description.input]
        if inputs != ["multiArrayType"]:
            raise self._broken(f"takes {', '.join(map(str, inputs)) or 'nothing'} where one array of joints is due")
        if spec.neuralNetworkClassifier.preprocessing:
            raise UnknownOperation("preprocessing", self.path)
        return spec.description, spec.neuralNetworkClassifier

    def _prepared(self, layer: Any, weights: Weights) -> _Step:
        kind = layer.WhichOneof("layer")
        if kind not in LAYERS:
            # A type that is newer than `core_ml.binpb` is read as no type at all.
            raise UnknownOperation(f"{kind or 'of unknown type'} (layer {layer.name!r})", self.path)
        with self._naming(kind, layer.name), np.errstate(all="ignore"):
            ready = LAYERS[kind](getattr(layer, kind), weights)
        return _Step(kind, layer.name, list(layer.input), list(layer.output), ready)

    def _check_order(self) -> set[str]:
        """The names of all blobs, once it is clear that no layer reads one that is not there yet."""
        known = {self._input.name}
        for step in self._steps:
            for name in step.inputs:
                if name not in known:
                    raise self._broken(
                        f"has a layer {step.name!r} that reads {name!r}, which no layer before it writes"
                    )
            known.update(step.outputs)
        return known

    def _rounded(self, values: Array) -> Array:
        return rounded_to_float16(values) if self._float16 else values

    @contextmanager
    def _naming(self, kind: str, name: str) -> Iterator[None]:
        """Errors of a layer say which one it is, of which file."""
        try:
            yield
        except UnsupportedUseError as error:
            raise UnknownOperation(f"{kind} {error} (layer {name!r})", self.path) from error
        except (ValueError, LookupError, TypeError, ArithmeticError, AttributeError, MemoryError) as error:
            raise self._broken(f"has a {kind} layer {name!r} that cannot work ({first_line(error)})") from error

    def _broken(self, trouble: str) -> DataError:
        return DataError(f"{printable(str(self.path))} {printable(trouble)[:300]}; export the model again")
