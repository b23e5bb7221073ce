"""A pose classifier as a gesture recogniser of MediaPipe Tasks (`.task`): Android, the web, desktops and Python.

The bundle is a stored zip of the landmark networks that training used, and of a gesture recogniser: an "embedder", here
the whole network from landmarks to probabilities, and a "classifier", which hands them on and knows the labels. What
MediaPipe feeds: landmarks ``[1, 21, 3]``, x and y in one scale, the wrist at the origin, divided by the longer side of
the hand, y **down**; the network centres and scales by itself. Every joint counts as seen.

Formats: `landmarks_to_matrix_calculator.cc`, `hand_gesture_recognizer_graph.cc` and `metadata_schema.fbs` of MediaPipe.
"""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

from handloom.config import ExportCoreML, LandmarkModel
from handloom.errors import ConfigurationError
from handloom.export.libraries import quiet
from handloom.export.litert_file import finished, with_about
from handloom.export.litert_graph import Graph, lowered
from handloom.export.package import EMBEDDER, RECOGNIZER
from handloom.export.self_check import seal
from handloom.export.task_model import CLASSIFIER, INPUTS, LABELS
from handloom.hand import JOINT_COUNT
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.models.checkpoint import TrainedModel
from handloom.models.provenance import found_by

LANDMARKER = "hand_landmarker.task"
FIXED_DATE = (1980, 1, 1, 0, 0, 0)  # so that the archive is the same bytes each time


class _FromLandmarks(nn.Module):
    """MediaPipe's landmarks, handedness and world landmarks to probabilities; the last are not looked at.

    Args:
        network: joints to scores.
        mirrors: whether left hands are mirrored first. MediaPipe 1.2.2 gives the probability of a right hand as
            the handedness.
    """

    turn: Tensor

    def __init__(self, network: nn.Module, mirrors: bool) -> None:
        super().__init__()
        self.network = network
        self.mirrors = mirrors
        self.register_buffer("turn", torch.tensor([1.0, -1.0]), persistent=False)

    def forward(self, hand: Tensor, handedness: Tensor, world: Tensor) -> Tensor:
        """``[1, 21, 3]``, ``[1, 1]``, ``[1, 21, 3]`` to ``[1, classes]``."""
        places = hand[:, :, :2] * self.turn
        if self.mirrors:
            side = (handedness > 0.5).to(places.dtype) * 2.0 - 1.0  # [1, 1]: -1 for a left hand
            places = torch.cat([places[:, :, :1] * side.unsqueeze(2), places[:, :, 1:]], dim=2)
        poses = torch.cat([places, torch.ones_like(places[:, :, :1])], dim=2).transpose(1, 2)
        return torch.softmax(self.network(poses.unsqueeze(1)), dim=1)


class _HandedOn(nn.Module):
    """The classifier behind the embedder, which has done all of it."""

    def forward(self, probabilities: Tensor) -> Tensor:
        """The same."""
        return probabilities * 1.0


def save_task(model: TrainedModel, path: Path, settings: ExportCoreML, metadata: Mapping[str, str]) -> None:
    """Write a `.task` with the landmark networks, the same bytes each time.

    Args:
        model: a trained pose classifier.
        path: the file.
        settings: the section `export_coreml`.
        metadata: what the embedder says of the model.

    Raises:
        ConfigurationError: the format is not for this model: it is one for actions, or was trained on joints of other
            landmark networks.
        LandmarkModelError: the landmark networks cannot be had.
    """
    if model.spec.kind != "pose":
        raise ConfigurationError("export_coreml.formats: task is for poses; take tflite for actions")
    from ai_edge_litert import schema_py_generated as schema

    landmarks = landmark_model_path(LandmarkModel())
    if found_by(model.spec, landmarks) is False:
        raise ConfigurationError(
            "export_coreml.formats: task has handloom's own landmark networks, and the joints of this training were"
            " found with others; take tflite"
        )
    # Three tensors: torch.export takes the same tensor for the same input.
    examples = (torch.zeros(1, JOINT_COUNT, 3), torch.zeros(1, 1), torch.zeros(1, JOINT_COUNT, 3))
    embedder, classifier = Graph(schema), Graph(schema)
    with quiet():
        whole = _FromLandmarks(model.network, model.spec.left_hands == "mirrored").eval()
        ends = lowered(whole, examples, embedder, INPUTS, "probabilities")
        content = finished(embedder, *ends, with_about(model, settings, metadata))
        ends = lowered(_HandedOn(), (torch.zeros(1, len(model.spec.classes)),), classifier, ["probabilities"], "scores")
        handed_on = finished(classifier, *ends, {}, {"TFLITE_METADATA": _label_metadata()})
    with TemporaryDirectory() as folder:
        file = Path(folder) / EMBEDDER
        file.write_bytes(content)
        seal(file)
        content = file.read_bytes()
    labels = "\n".join(model.spec.classes).encode()
    recognizer = _zipped({EMBEDDER: content, CLASSIFIER: _zipped({LABELS: labels}, behind=handed_on)})
    path.write_bytes(_zipped({LANDMARKER: landmarks.read_bytes(), RECOGNIZER: recognizer}))


def _zipped(files: Mapping[str, bytes], behind: bytes = b"") -> bytes:
    """A zip archive of stored files, with the same date always; behind other bytes if there are any."""
    buffer = io.BytesIO(behind)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, FIXED_DATE), content)
    return buffer.getvalue()


def _label_metadata() -> bytes:
    """The flatbuffer that says that the file `LABELS` names the classes of the output."""
    import flatbuffers
    from mediapipe.tasks.metadata import metadata_schema_py_generated as schema

    file = schema.AssociatedFileT()
    file.name, file.type = LABELS, schema.AssociatedFileType.TENSOR_AXIS_LABELS
    given, made = schema.TensorMetadataT(), schema.TensorMetadataT()
    given.name, made.name, made.associatedFiles = "probabilities", "scores", [file]
    subgraph, model = schema.SubGraphMetadataT(), schema.ModelMetadataT()
    subgraph.inputTensorMetadata, subgraph.outputTensorMetadata = [given], [made]
    model.name, model.subgraphMetadata = "gestures", [subgraph]
    builder = flatbuffers.Builder(256)
    builder.Finish(model.Pack(builder), b"M001")
    return bytes(builder.Output())
