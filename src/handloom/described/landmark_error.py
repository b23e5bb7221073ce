"""How far MediaPipe's landmarks are from the joints, as measured on drawn hands: biased by pose, and uncertain by pose.

Measured and written by `benchmarks/landmark_error.py`, which draws hands of random shapes, people and views, runs the
landmarker on them, and fits this model. Everything is of a right hand whose palm points upwards in the picture, in palm
lengths, so a hand is turned upright before, and what was drawn is turned back.

    error = weights' f + scale * factor' u,    log(scale) = spread' f + tail v,    f = (1, x, y, z of joints 1 to 20)

with u and v standard normal: a mean that is linear in the pose in space (bent and hidden fingers are pulled to where
they mostly are), and a covariance of all joints together (a finger that is taken for bent is so as a whole) that grows
with how hard the pose is to see, and from one hand to another of the same pose: most are seen well, a few badly.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Self

import numpy as np
from numpy.typing import NDArray

from handloom.described.randomness import Generator
from handloom.hand import JOINT_COUNT, MIDDLE_MCP

Floats = NDArray[np.floating]

TABLE = "landmark_error.json"
NUMBERS = 2 * JOINT_COUNT
FEATURES = 1 + 3 * (JOINT_COUNT - 1)

# The harder poses are not known to be harder than what was measured.
_SCALES = (0.3, 3.0)

# Weights that make independent numbers a slow flow of the same variance: about a third of a second at 30 frames/s.
_SMOOTH = np.hanning(11)[1:-1] / np.linalg.norm(np.hanning(11))


@dataclass(frozen=True)
class LandmarkError:
    """The fitted model.

    Attributes:
        weights: ``[61, 42]``, of the mean: x and y of joint 0, of joint 1, ...
        factor: ``[42, 42]``, the covariance is factor' factor.
        spread: ``[61]``, of the logarithm of the scale.
        tail: deviation of that logarithm among hands of one pose.
        times: everything is so many times what was measured.
    """

    weights: NDArray[np.float32]
    factor: NDArray[np.float32]
    spread: NDArray[np.float32]
    tail: float
    times: float = 1.0

    @classmethod
    def fitted(cls, space: Floats, error: Floats, ridge: float = 3.0) -> Self:
        """Fit to hands ``[N, 21, 3]`` and the errors of their landmarks ``[N, 21, 2]``, both as `upright` has them."""
        features = _features(space)
        weights = _solved(features, error.reshape(len(error), NUMBERS), ridge)
        left = error.reshape(len(error), NUMBERS) - features @ weights
        size = 0.5 * np.log(np.square(left).mean(axis=1) + 1e-8)
        spread = _solved(features, size, ridge)
        tail = float(np.std(size - features @ spread))
        spread[0] -= (features @ spread).mean()
        # What a scale of the mean square 1 leaves to the factor; so the sum of both is what was measured.
        scale = _scale(features @ spread) * np.exp(tail**2)
        scaled = left / scale[:, None]
        factor = np.linalg.cholesky(scaled.T @ scaled / len(scaled) + 1e-10 * np.eye(NUMBERS)).T
        return cls(weights.astype(np.float32), factor.astype(np.float32), spread.astype(np.float32), tail)

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
        return self._error(space, seen, noise, random.standard_normal(len(space)))

    def draw_in_time(self, space: Floats, seen: Floats, random: Generator) -> Floats:
        """Errors of one hand in T successive frames, as `draw`: a landmarker that follows a hand errs slowly.

        Half of the variance stays for the whole clip, most of the rest changes within some frames.
        """
        frames = len(space)
        stays = random.standard_normal((1, NUMBERS), np.float32)
        flow = _smooth(random.standard_normal((frames + len(_SMOOTH) - 1, NUMBERS), np.float32))
        jitter = random.standard_normal((frames, NUMBERS), np.float32)
        noise = np.sqrt(0.5) * stays + np.sqrt(0.4) * flow + np.sqrt(0.1) * jitter
        return self._error(space, seen, noise.astype(np.float32), random.standard_normal())

    def _error(self, space: Floats, seen: Floats, noise: NDArray[np.float32], tail: Floats | float) -> Floats:
        turn = upright(seen)
        features = _features(turned(space, turn)).astype(np.float32)
        scale = _scale(features @ self.spread) * np.exp(self.tail * np.clip(tail, -3, 3))
        error = features @ self.weights + scale[:, None] * (noise @ self.factor)
        return self.times * turned(error.reshape(-1, JOINT_COUNT, 2), turn.swapaxes(-1, -2))

    def as_json(self) -> str:
        """Text of some ten kB; four digits are finer than the measurement."""
        numbers = {name: _rounded(getattr(self, name)) for name in ("weights", "factor", "spread")}
        return json.dumps(numbers | {"tail": round(self.tail, 4)}) + "\n"

    @classmethod
    def from_json(cls, text: str, times: float = 1.0) -> Self:
        """The inverse of `as_json`."""
        content = json.loads(text)
        weights, factor, spread = (np.array(content[name], np.float32) for name in ("weights", "factor", "spread"))
        return cls(weights, factor, spread, content["tail"], times)


@cache
def measured_error(times: float = 1.0) -> LandmarkError | None:
    """The model that comes with handloom, `times` as large; None if that is 0."""
    if times == 0:
        return None
    text = files("handloom.described").joinpath(TABLE).read_text(encoding="utf-8")
    return LandmarkError.from_json(text, times)


def upright(seen: Floats) -> Floats:
    """Rotations ``[N, 2, 2]`` that turn the middle finger's knuckle above the wrist in a picture ``[N, 21, 2]``."""
    palm = seen[:, MIDDLE_MCP] - seen[:, 0]
    palm = palm / np.maximum(np.linalg.norm(palm, axis=1, keepdims=True), 1e-6)
    across, up = palm[:, 0], palm[:, 1]
    return np.stack([np.stack([up, -across], axis=-1), np.stack([across, up], axis=-1)], axis=-2)


def turned(points: Floats, turn: Floats) -> Floats:
    """Points ``[N, 21, 2 or 3]`` with x and y turned by ``[N, 2, 2]``."""
    flat = points[..., :2] @ turn.swapaxes(-1, -2)
    return flat if points.shape[-1] == 2 else np.concatenate([flat, points[..., 2:]], axis=-1)


def _smooth(noise: NDArray[np.float32]) -> Floats:
    """``[T + k - 1, C]`` to ``[T, C]``."""
    windows = np.lib.stride_tricks.sliding_window_view(noise, len(_SMOOTH), axis=0)
    return np.asarray(windows @ _SMOOTH)


def _scale(logarithm: Floats) -> Floats:
    return np.asarray(np.exp(logarithm).clip(*_SCALES))


def _features(space: Floats) -> Floats:
    joints = space[:, 1:].reshape(len(space), -1)
    return np.concatenate([np.ones((len(space), 1), joints.dtype), joints], axis=1)


def _solved(features: Floats, values: Floats, ridge: float) -> Floats:
    """Ridge regression."""
    return np.asarray(np.linalg.solve(features.T @ features + ridge * np.eye(features.shape[1]), features.T @ values))


def _rounded(numbers: NDArray[np.float32]) -> list[float] | list[list[float]]:
    rounded: list[float] | list[list[float]] = np.round(numbers.astype(np.float64), 4).tolist()
    return rounded
