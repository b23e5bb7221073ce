"""Running the gesture recogniser inside a saved `.task`, without PyTorch and without MediaPipe."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from handloom.errors import DataError, printable
from handloom.export.exported import ExportedModel
from handloom.export.libraries import one_line
from handloom.export.litert_model import LiteRTInterpreter, metadata_of
from handloom.export.package import RECOGNIZER, embedder_of, require_model_file
from handloom.hand import CHANNELS, JOINT_COUNT, Poses, picture_from_poses

CLASSIFIER, LABELS = "canned_gesture_classifier.tflite", "labels.txt"
INPUTS = ("hand", "handedness", "world_hand")
SMALLEST = 0.1  # longer side of a hand, as a share of the picture, from which on its size in the picture is no matter


def looks_whole(windows: Poses) -> NDArray[np.bool_]:
    """Which of windows ``[K, 1, 3, 21]`` MediaPipe could give: all joints seen, and not so small that size counts."""
    sides = np.ptp(windows[:, :, :2], axis=3).max(axis=(1, 2))
    whole: NDArray[np.bool_] = (windows[:, :, 2] > 0).all(axis=(1, 2)) & (sides >= SMALLEST)
    return whole


class TaskModel(ExportedModel):
    """The gesture recogniser inside a `.task`, fed with what MediaPipe makes of landmarks, and run by LiteRT.

    Args:
        path: what `task_file.save_task` wrote.

    Attributes:
        classes: labels, in the order of the scores, as MediaPipe reads them.
        shape: of a window.
        metadata: what the embedder says of the model.

    Raises:
        DataError: the file is missing or damaged, or handloom did not write it.
    """

    runtime = "LiteRT"
    shape = (1, len(CHANNELS), JOINT_COUNT)

    def __init__(self, path: Path) -> None:
        require_model_file(path)
        self.path = path
        with one_line(path, "a bundle of a gesture recogniser"):
            content = embedder_of(path)
            with zipfile.ZipFile(path) as bundle:
                damaged = bundle.testzip()
                with zipfile.ZipFile(io.BytesIO(bundle.read(RECOGNIZER))) as recognizer:
                    behind = recognizer.read(CLASSIFIER)
            if damaged:
                raise DataError(
                    f"{printable(str(path))}: {printable(damaged)} in it is damaged; export the model again"
                )
            with zipfile.ZipFile(io.BytesIO(behind)) as archive:
                self.classes = archive.read(LABELS).decode().split("\n")
            self.metadata = metadata_of(content)
            self._embedder, self._classifier = LiteRTInterpreter(content), LiteRTInterpreter(behind)
            ends = [self._embedder.inputs, self._classifier.shape_of_output]
        if ends != [list(INPUTS), [1, len(self.classes)]] or not self.metadata:
            raise DataError(f"{printable(str(path))}: a bundle, but not one of handloom's gesture recognisers")

    @override
    def _probabilities_of(self, poses: NDArray[np.float32]) -> NDArray[np.float32]:
        """One window ``[1, 3, 21]`` to ``[classes]``; joints that were not seen count as seen."""
        with one_line(self.path, "a bundle of a gesture recogniser"):
            places = picture_from_poses(poses)[0]  # y down
            hand: Any = places - places[0]
            hand = hand / max(float(np.ptp(hand, axis=0).max()), 1e-5)
            hand = np.concatenate([hand, np.zeros((JOINT_COUNT, 1), np.float32)], axis=1)[None].astype(np.float32)
            right = np.ones((1, 1), np.float32)  # a model that mirrors left hands is asked with right ones alone
            embedding = self._embedder.run(hand, right, np.zeros_like(hand))
            probabilities: NDArray[np.float32] = self._classifier.run(embedding)[0]
            return probabilities
