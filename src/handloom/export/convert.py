"""PyTorch to Core ML: an ML program with Create ML's interface."""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from typing import Any

import torch
from torch import Tensor, nn

from handloom.config import ExportCoreML
from handloom.export.interface import LABEL, LABEL_PROBABILITIES, POSES, feature_descriptions, user_metadata
from handloom.hand import CHANNELS, JOINT_COUNT
from handloom.models.checkpoint import TrainedModel

_CONVERTERS_NAME = "label_probs"  # what coremltools calls the dictionary of an ML program


class ExportedNetwork(nn.Module):
    """The network as an app calls it: ``[window, 3, 21]`` in, probabilities ``[1, classes]`` out."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, poses: Tensor) -> Tensor:
        """Joints to probabilities."""
        return torch.softmax(self.network(poses.unsqueeze(0)), dim=1)


def convert(model: TrainedModel, settings: ExportCoreML) -> Any:
    """A `coremltools.models.MLModel`, not yet saved: ML program, iOS 15, interface and metadata as Create ML's.

    Args:
        model: the trained classifier.
        settings: the section `export_coreml`.
    """
    shape = (model.window, len(CHANNELS), JOINT_COUNT)
    with _quiet():
        import coremltools

        traced = torch.jit.trace(ExportedNetwork(model.network).eval(), torch.zeros(shape))
        converted = coremltools.convert(
            traced,
            inputs=[coremltools.TensorType(name=POSES, shape=shape)],
            classifier_config=coremltools.ClassifierConfig(model.classes, predicted_feature_name=LABEL),
            convert_to="mlprogram",
            minimum_deployment_target=coremltools.target.iOS15,
            compute_precision=getattr(coremltools.precision, settings.precision.upper()),
            skip_model_load=True,
        )
    spec = converted.get_spec()
    coremltools.utils.rename_feature(spec, _CONVERTERS_NAME, LABEL_PROBABILITIES)
    renamed = coremltools.models.MLModel(spec, weights_dir=converted.weights_dir, skip_model_load=True)
    _describe(renamed, model, settings)
    return renamed


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide progress bars, remarks on versions and that coremltools cannot predict off a Mac; errors are raised."""
    logging.disable(logging.WARNING)
    try:
        with redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


def _describe(converted: Any, model: TrainedModel, settings: ExportCoreML) -> None:
    converted.author = settings.author
    converted.license = settings.license
    converted.short_description = settings.short_description
    converted.version = settings.version
    converted.user_defined_metadata.update(user_metadata(model))
    descriptions = feature_descriptions(model)
    converted.input_description[POSES] = descriptions[POSES]
    for name in (LABEL, LABEL_PROBABILITIES):
        converted.output_description[name] = descriptions[name]
