"""How far MediaPipe's landmarks are from the joints, as measured on drawn hands: biased by pose, and uncertain by pose.

Measured, fitted and written by `benchmarks/landmark_error.py`, which draws hands of random shapes, people and views and
runs the landmarker on them. Everything is of a right hand whose palm points upwards in the picture, in palm lengths: a
hand is turned upright before, and what was drawn is turned back.

A hand is seen well or badly, which depends on its pose: badly with the chance share' f. Either way

    error = weights' f + factor u,    f = (1, x, y, z of joints 1 to 20),    u standard normal

a mean that is linear in the pose in space (bent and hidden fingers are pulled to where they mostly are), and a
covariance of all joints together (a finger that is taken for bent is so as a whole).
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from handloom.described.people import Generator
from handloom.hand import JOINT_COUNT, turned, upright

Floats = NDArray[np.floating]

TABLE = "landmark_error.json"
NUMBERS = 2 * JOINT_COUNT

# A chance is never certain.
_CHANCES = (0.01, 0.95)

# In a clip: the shares of the variance that stay, that flow, and that are new in each frame; measured at 30 frames/s on
# drawn clips by `benchmarks/landmark_error_in_time.py`.
STAYS, FLOWS, NEW = 0.65, 0.28, 0.07
# Weights that make independent numbers a slow flow of the same variance: about a third of a second.
FLOW = np.hanning(11)[1:-1] / np.linalg.norm(np.hanning(11))


@dataclass(frozen=True)
class ErrorKind:
    """The errors of hands that are seen well, or of those that are seen badly.

    Attributes:
        weights: ``[61, 42]``, of the mean: x and y of joint 0, of joint 1, ...
        factor: ``[42, 42]``, lower triangular; the covariance is factor factor'.
    """

    weights: NDArray[np.float32]
    factor: NDArray[np.float32]


@dataclass(frozen=True)
class LandmarkError:
    """The fitted model.

    Attributes:
        well: the errors of hands that are seen well.
        badly: those of the others.
        share: ``[61]``, of the chance to be seen badly.
        times: everything is so many times what was measured.
    """

    well: ErrorKind
    badly: ErrorKind
    share: NDArray[np.float32]
    times: float = 1.0

    def draw(self, space: Floats, seen: Floats, random: Generator) -> Floats:
        """Errors of N hands.

        Args:
            space: ``[N, 21, 3]``, right hands in space, palm lengths from the wrist, z towards the camera.
            seen: ``[N, 21, 2]``, as the camera sees them, palm lengths, y up.
            random: decides.

        Returns:
            ``[N, 21, 2]``, to be added to `seen`.
        """
        noise = random.standard_normal((len(space), NUMBERS), np.float32)
        return self._error(space, seen, noise, random.random(len(space)))

    def draw_in_time(self, space: Floats, seen: Floats, random: Generator) -> Floats:
        """Errors of one hand in T successive frames, as `draw`: a landmarker that follows a hand errs slowly."""
        frames = len(space)
        stays = random.standard_normal((1, NUMBERS), np.float32)
        flow = _smooth(random.standard_normal((frames + len(FLOW) - 1, NUMBERS), np.float32))
        jitter = random.standard_normal((frames, NUMBERS), np.float32)
        noise = np.sqrt(STAYS) * stays + np.sqrt(FLOWS) * flow + np.sqrt(NEW) * jitter
        return self._error(space, seen, noise.astype(np.float32), np.full(frames, random.random()))

    def _error(self, space: Floats, seen: Floats, noise: NDArray[np.float32], luck: Floats) -> Floats:
        turn = upright(seen)
        features = pose_features(turned(space, turn)).astype(np.float32)
        error = features @ self.well.weights + noise @ self.well.factor.T
        badly = np.flatnonzero(luck < self.chance(features))
        error[badly] = features[badly] @ self.badly.weights + noise[badly] @ self.badly.factor.T
        return self.times * turned(error.reshape(-1, JOINT_COUNT, 2), turn.swapaxes(-1, -2))

    def chance(self, features: Floats) -> Floats:
        """How likely hands of these features ``[N, 61]`` are to be seen badly: ``[N]``."""
        return np.asarray((features @ self.share).clip(*_CHANCES))

    @classmethod
    def from_json(cls, text: str, times: float = 1.0) -> Self:
        """The model in a file that `benchmarks/landmark_error.py` wrote, `times` as large."""
        content = json.loads(text)
        well, badly = (_kind_from(content[name]) for name in ("well", "badly"))
        return cls(well, badly, np.array(content["share"], np.float32), times)


@cache
def measured_error(times: float = 1.0) -> LandmarkError | None:
    """The model that comes with handloom, `times` as large; None if that is 0."""
    if times == 0:
        return None
    text = files("handloom.described").joinpath(TABLE).read_text(encoding="utf-8")
    return LandmarkError.from_json(text, times)


def pose_features(space: Floats) -> Floats:
    """What the error depends on, of upright hands in space ``[N, 21, 3]``: ``[N, 61]``."""
    joints = space[:, 1:].reshape(len(space), -1)
    return np.concatenate([np.ones((len(space), 1), joints.dtype), joints], axis=1)


def _kind_from(content: dict[str, Any]) -> ErrorKind:
    factor = np.zeros((NUMBERS, NUMBERS), np.float32)
    for number, row in enumerate(content["factor"]):
        factor[number, : number + 1] = row
    return ErrorKind(np.array(content["weights"], np.float32), factor)


def _smooth(noise: NDArray[np.float32]) -> Floats:
    """``[T + k - 1, C]`` to ``[T, C]``."""
    windows = np.lib.stride_tricks.sliding_window_view(noise, len(FLOW), axis=0)
    return np.asarray(windows @ FLOW)
