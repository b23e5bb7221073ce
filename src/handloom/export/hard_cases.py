"""Windows that are rare in data and still reach an app's model. An export must get them right too."""

from collections.abc import Callable

import numpy as np

from handloom.hand import CHANNELS, JOINT_COUNT, WRIST, Poses, present

# The lower left corner of the hand's box for its size: both ``[2]``, shares of the picture.
Place = Callable[[np.ndarray], np.ndarray]

_CORNERS = {
    "the lower left": (0.0, 0.0),
    "the lower right": (1.0, 0.0),
    "the upper left": (0.0, 1.0),
    "the upper right": (1.0, 1.0),
}
# Sizes of a hand, as shares of the picture. A hand is the smaller one at 3.5 m, the farthest that Apple advises.
_TINY, _HUGE = 0.04, 3.0


def hard_cases(windows: Poses) -> dict[str, Poses]:
    """Changed copies of windows, by what was done to them.

    Args:
        windows: ``[K, T, 3, 21]``, K at least 1; without a hand in any, a plain drawn one takes their place.

    Returns:
        arrays ``[K, T, 3, 21]``; of the window without a hand there is one.
    """
    windows = windows[present(windows).any(axis=1)]
    count = windows.shape[1]
    if not len(windows):
        windows = plain_hand(count)[None]
    cases = {"no hand": np.zeros_like(windows[:1])}
    if count > 1:
        third = -(-count // 3)
        cases["no hand at the start"] = _without(windows, slice(None, third))
        cases["no hand in the middle"] = _without(windows, slice(third, 2 * third))
        cases["no hand at the end"] = _without(windows, slice(count - third, None))
        cases["a hand in every second frame"] = _without(windows, slice(1, None, 2))
        cases["a hand in one frame"] = _without(windows, slice(1, None))
    for name, corner in _CORNERS.items():
        cases[f"a hand in {name} corner"] = _moved(windows, _in_corner(corner))
    cases["a hand half outside the picture"] = _moved(windows, lambda size: -size / 2)
    cases["a tiny hand"] = _sized(windows, _TINY)
    cases["a hand in one point"] = _sized(windows, 0.0)
    cases["a huge hand"] = _sized(windows, _HUGE)
    cases["confidence 0"] = _with_confidence(windows, slice(None), 0.0)
    cases["fingers with confidence 0"] = _with_confidence(windows, slice(WRIST + 1, None), 0.0)
    cases["little confidence"] = _with_confidence(windows, slice(None), 0.01)
    return cases


def plain_hand(count: int) -> Poses:
    """An open hand that moves to the right: ``[count, 3, 21]``. For files that come without data."""
    angles, lengths = np.radians([140.0, 105.0, 92.0, 79.0, 64.0]), np.array([0.16, 0.27, 0.29, 0.27, 0.23])
    parts = np.array([0.5, 0.7, 0.86, 1.0])
    along = lengths[:, None] * parts  # [5 fingers, 4 joints], from the wrist
    fingers = np.stack([along * np.cos(angles)[:, None], along * np.sin(angles)[:, None]]).reshape(2, -1)
    hand = np.ones((len(CHANNELS), JOINT_COUNT), np.float32)
    hand[:2] = np.concatenate([np.zeros((2, 1)), fingers], axis=1) + np.array([[0.4], [0.3]])
    poses = np.repeat(hand[None], count, axis=0)
    poses[:, 0] += np.linspace(0, 0.2, count, dtype=np.float32)[:, None]
    return poses


def _without(windows: Poses, frames: slice) -> Poses:
    changed = windows.copy()
    changed[:, frames] = 0
    return changed


def _with_confidence(windows: Poses, joints: slice, confidence: float) -> Poses:
    changed = windows.copy()
    changed[:, :, 2, joints] *= confidence
    return changed


def _in_corner(corner: tuple[float, float]) -> Place:
    return lambda size: np.array(corner) * (1 - size)


def _moved(windows: Poses, place: Place) -> Poses:
    """The hand's box, over the window, moved to a place."""
    return np.stack([_placed(window, 1.0, place) for window in windows])


def _sized(windows: Poses, size: float) -> Poses:
    """The hand's box, over the window, with `size` as its longer side, in the middle of the picture."""
    return np.stack([_placed(window, size / _longer_side(window), lambda size: 0.5 - size / 2) for window in windows])


def _longer_side(window: Poses) -> float:
    low, high = _box(window)
    return max(float((high - low).max()), 1e-6)


def _placed(window: Poses, scale: float, place: Place) -> Poses:
    low, high = _box(window)
    corner = place((high - low) * scale)
    changed = window.copy()
    moved = (window[:, :2] - low[None, :, None]) * scale + corner[None, :, None]
    changed[:, :2] = np.where(window[:, 2:] > 0, moved, window[:, :2])
    return changed


def _box(window: Poses) -> tuple[np.ndarray, np.ndarray]:
    """The corners of the box around all seen joints: two of ``[2]``."""
    seen = np.swapaxes(window, 1, 2)[window[:, 2] > 0]  # [joints, 3]
    return seen[:, :2].min(axis=0), seen[:, :2].max(axis=0)
