"""LiteRT runs the two networks of a `hand_landmarker.task`, see `network_landmarker`."""

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from handloom.errors import LandmarkModelError
from handloom.landmarks.native_libraries import quiet_stderr
from handloom.landmarks.network_files import NETWORK_FILES, read_networks
from handloom.landmarks.network_landmarker import LANDMARKS, SHAPES, NetworkLandmarker, Networks
from handloom.landmarks.square import Cropper, Points
from handloom.media.frame import Picture

# Networks that are idle, by the model's file: opening them takes as long as using them five times.
_idle: dict[tuple[Path, int, int], list[Networks]] = {}


class LiteRTNetwork:
    """One network in one thread: more threads are slower, and the workers are processes.

    Raises:
        LandmarkModelError: the content is no network of this name.
    """

    def __init__(self, content: bytes, name: str, file: Path) -> None:
        side, shapes = SHAPES[name]
        try:
            with quiet_stderr():  # it says that it uses the CPU
                self._interpreter = Interpreter(model_content=content, num_threads=1)
                self._interpreter.allocate_tensors()
            (taken,) = self._interpreter.get_input_details()
            given = self._interpreter.get_output_details()[: len(shapes)]
        except (RuntimeError, ValueError):
            raise LandmarkModelError(f"{file}: {name} is not a network that LiteRT can run") from None
        if tuple(taken["shape"]) != (1, side, side, 3) or tuple(tuple(one["shape"]) for one in given) != shapes:
            raise LandmarkModelError(
                f"{file}: {name} is another network than the one that is known here; set"
                " extract_keypoints.landmarker.runtime to mediapipe and export_coreml.landmarker to false"
            )
        self._taken, self._given = taken["index"], [one["index"] for one in given]
        self._crop = Cropper(side, replicate=name == LANDMARKS)  # outside a picture the detector sees black

    def __call__(self, picture: Picture, corners: Points) -> list[NDArray[np.float32]]:
        """The outputs for what lies between four corners in a picture."""
        crop = self._crop(picture, corners)
        # Into LiteRT's own memory; no view of it may be left when the network runs.
        np.multiply(crop, np.float32(1 / 255), out=self._interpreter.tensor(self._taken)()[0])
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._given]


class LiteRTLandmarker(NetworkLandmarker):
    """See `handloom.landmarks.landmarker.Landmarker`. One instance serves one thread at a time.

    Args:
        model: the `hand_landmarker.task` file.
        confidence: 0 to 1; what the detector or the landmark network is less sure of is no hand.

    Raises:
        LandmarkModelError: the file does not hold the two networks.
    """

    def __init__(self, model: Path, confidence: float) -> None:
        self._key, networks = _networks(model)
        super().__init__(networks, confidence)

    def close(self) -> None:
        """Give the networks to the next landmarker of this process."""
        if self._networks is not None:
            _idle.setdefault(self._key, []).append(self._networks)
            self._networks = None


def _networks(model: Path) -> tuple[tuple[Path, int, int], Networks]:
    """The networks of a file, from those that are idle or opened, and what they are kept by."""
    about = model.stat()
    key = (model, about.st_mtime_ns, about.st_size)
    try:
        return key, _idle[key].pop()
    except (KeyError, IndexError):
        pass
    contents = read_networks(model)
    return key, Networks(*(LiteRTNetwork(contents[name], name, model) for name in NETWORK_FILES))
