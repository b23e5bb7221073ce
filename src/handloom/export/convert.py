"""PyTorch to Core ML, in its two formats, with Create ML's interface."""

import errno
from collections.abc import Mapping
from tempfile import gettempdir
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from handloom.config import ExportCoreML
from handloom.export.interface import LABEL, LABEL_PROBABILITIES, POSES, feature_descriptions
from handloom.export.libraries import quiet
from handloom.hand import CHANNELS, JOINT_COUNT
from handloom.models.checkpoint import TrainedModel

Compression = Literal["none", "8_bit", "palettized"]

PALETTE_BITS = 6  # 64 values a weight matrix
SMALLEST = 512  # weight matrices with fewer numbers stay as they are: they are not worth a table
SEED = 0


class ExportedNetwork(nn.Module):
    """The network as an app calls it: ``[window, 3, 21]`` in, probabilities ``[1, classes]`` out."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, poses: Tensor) -> Tensor:
        """Joints to probabilities."""
        return torch.softmax(self.network(poses.unsqueeze(0)), dim=1)


def ml_program(model: TrainedModel, settings: ExportCoreML, metadata: Mapping[str, str]) -> Any:
    """An ML program for iOS 15, as a `coremltools.models.MLModel` that is not saved yet.

    Args:
        model: the trained classifier.
        settings: the section `export_coreml`.
        metadata: what is to stand in the file in addition.
    """
    with quiet():
        import coremltools

        converted = _converted(
            model,
            convert_to="mlprogram",
            minimum_deployment_target=coremltools.target.iOS15,
            compute_precision=_precision(settings),
        )
        converted = compressed_program(converted, settings.weight_compression)
        spec = converted.get_spec()
        # coremltools calls the dictionary label_probs, and refuses another name for it in an ML program.
        coremltools.utils.rename_feature(spec, spec.description.predictedProbabilitiesName, LABEL_PROBABILITIES)
        _describe(spec.description, model, settings, metadata)
        return coremltools.models.MLModel(spec, weights_dir=converted.weights_dir, skip_model_load=True)


def neural_network(model: TrainedModel, settings: ExportCoreML, metadata: Mapping[str, str]) -> Any:
    """The older format, which Create ML itself writes, for iOS 14: the protobuf message `Model`.

    Arguments as of `ml_program`.
    """
    with quiet():
        import coremltools

        converted = _converted(model, convert_to="neuralnetwork", minimum_deployment_target=coremltools.target.iOS14)
        spec = compressed_network(converted, settings.precision, settings.weight_compression).get_spec()
    _name_probabilities(spec)
    _describe(spec.description, model, settings, metadata)
    return spec


def _converted(model: TrainedModel, **options: Any) -> Any:
    import coremltools

    shape = (model.spec.window, len(CHANNELS), JOINT_COUNT)
    try:
        return coremltools.convert(
            torch.jit.trace(ExportedNetwork(model.network).eval(), torch.zeros(shape)),
            inputs=[coremltools.TensorType(name=POSES, shape=shape)],
            classifier_config=coremltools.ClassifierConfig(model.spec.classes, predicted_feature_name=LABEL),
            skip_model_load=True,
            **options,
        )
    except RuntimeError as error:
        if "FileWriter" not in str(error):
            raise
        # It writes weights to the folder for temporary files, and does not say what was wrong there.
        raise OSError(errno.ENOSPC, "coremltools cannot write its temporary files", gettempdir()) from None


def _precision(settings: ExportCoreML) -> Any:
    """Half precision from the first layer with weights on; what comes before always has float32.

    The joints of a far hand differ by a few hundredths, and half precision, which near 0.5 has steps of 0.0005, would
    blur them before the network can bring the hand to its size.
    """
    import coremltools

    if settings.precision == "float32":
        return coremltools.precision.FLOAT32
    return coremltools.transform.FP16ComputePrecision(op_selector=_behind_weights)


def _behind_weights(operation: Any) -> bool:
    """Whether an operation is a linear layer, or gets what came out of one."""
    waiting, seen = [operation], set()
    while waiting:
        one = waiting.pop()
        if one.op_type == "linear":
            return True
        for given in one.inputs.values():
            for variable in given if isinstance(given, list | tuple) else [given]:
                if variable.op is not None and variable.op not in seen:
                    seen.add(variable.op)
                    waiting.append(variable.op)
    return False


def _name_probabilities(spec: Any) -> None:
    """Give the layer that makes the probabilities Create ML's name, and the output with it; put that output first."""
    network, old = spec.neuralNetworkClassifier, spec.neuralNetworkClassifier.labelProbabilityLayerName
    for layer in network.layers:
        for names in (layer.input, layer.output):
            names[:] = [LABEL_PROBABILITIES if name == old else name for name in names]
        if LABEL_PROBABILITIES in layer.output:
            layer.name = LABEL_PROBABILITIES
    for output in spec.description.output:
        if output.name == old:
            output.name = LABEL_PROBABILITIES
    spec.description.output.sort(key=lambda output: output.name == LABEL)
    network.labelProbabilityLayerName = spec.description.predictedProbabilitiesName = LABEL_PROBABILITIES


def _describe(description: Any, model: TrainedModel, settings: ExportCoreML, metadata: Mapping[str, str]) -> None:
    about = description.metadata
    about.author, about.license = settings.author, settings.license
    about.shortDescription, about.versionString = settings.short_description, settings.version
    about.userDefined.update(metadata)
    descriptions = feature_descriptions(model)
    for feature in (*description.input, *description.output):
        feature.shortDescription = descriptions[feature.name]


def compressed_program(program: Any, compression: Compression) -> Any:
    """An ML program with its weights stored so; a `coremltools.models.MLModel`, for iOS 16 unless "none"."""
    from coremltools.optimize import coreml as optimize

    if compression == "none":
        return program
    if compression == "8_bit":
        linear = optimize.OpLinearQuantizerConfig(mode="linear_symmetric", weight_threshold=SMALLEST)
        return optimize.linear_quantize_weights(program, optimize.OptimizationConfig(global_config=linear))
    palette = optimize.OpPalettizerConfig(mode="kmeans", nbits=PALETTE_BITS, weight_threshold=SMALLEST)
    return optimize.palettize_weights(program, optimize.OptimizationConfig(global_config=palette))


def compressed_network(network: Any, precision: Literal["float16", "float32"], compression: Compression) -> Any:
    """A neural network with its weights stored so; a `coremltools.models.MLModel`."""
    from coremltools.models.neural_network.quantization_utils import quantize_weights

    if compression == "8_bit":
        return quantize_weights(network, 8, "linear_symmetric")
    if compression == "palettized":
        return quantize_weights(network, PALETTE_BITS, "custom_lut", lut_function=_palette)
    return quantize_weights(network, 16) if precision == "float16" else network


def _palette(bits: int, weights: NDArray[np.floating]) -> tuple[list[float], NDArray[np.uint8]]:
    """A layer's weights as a table of 2^bits values and the index of each; coremltools 9's own fails with NumPy 2."""
    from sklearn.cluster import KMeans

    column = np.asarray(weights).reshape(-1, 1)
    count = min(2**bits, len(np.unique(column)))
    found = KMeans(count, n_init=1, random_state=SEED).fit(column)
    table = np.zeros(2**bits)
    table[:count] = found.cluster_centers_[:, 0]
    return table.tolist(), found.labels_.astype(np.uint8)
