"""PyTorch to Core ML, in its two formats, with Create ML's interface."""

import errno
from collections.abc import Mapping
from tempfile import gettempdir
from typing import Any

import torch
from torch import Tensor, nn

from handloom.config import ExportCoreML
from handloom.export.compress import compressed_network, compressed_program
from handloom.export.interface import LABEL, LABEL_PROBABILITIES, POSES, feature_descriptions
from handloom.export.quiet import quiet
from handloom.hand import CHANNELS, JOINT_COUNT
from handloom.models.checkpoint import TrainedModel


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
        metadata: what is to stand in the file beside that.
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

    shape = (model.window, len(CHANNELS), JOINT_COUNT)
    try:
        return coremltools.convert(
            torch.jit.trace(ExportedNetwork(model.network).eval(), torch.zeros(shape)),
            inputs=[coremltools.TensorType(name=POSES, shape=shape)],
            classifier_config=coremltools.ClassifierConfig(model.classes, predicted_feature_name=LABEL),
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
