"""The hand: joint order, bones, and the one array convention.

`poses` is float32 ``[T, 3, 21]``: time, (x, y, confidence), joint. x and y are fractions of the upright picture's width
and height with the **origin at the lower left**, as Vision's ``keypointsMultiArray()`` gives them and as the exported
Core ML model takes them. A frame without a hand is all zeros. A photo has T = 1.
"""

import numpy as np
from numpy.typing import NDArray

# Create ML's order, written inside every model that it exports. MediaPipe's 21 landmarks have the same order.
JOINTS: tuple[str, ...] = (
    "wrist",
    *(f"thumb{part}" for part in ("CMC", "MP", "IP", "Tip")),
    *(f"{finger}{part}" for finger in ("index", "middle", "ring", "little") for part in ("MCP", "PIP", "DIP", "Tip")),
)
JOINT_COUNT = len(JOINTS)
CHANNELS: tuple[str, ...] = ("x", "y", "confidence")

WRIST = JOINTS.index("wrist")
MIDDLE_MCP = JOINTS.index("middleMCP")
# The wrist and the knuckles of the four fingers: the part of a hand that moves as one piece.
PALM = (WRIST, 5, MIDDLE_MCP, 13, 17)
# Smaller palms than this share of the picture are not resolved by any landmarker.
SMALLEST_PALM = 0.01
# A hand goes about 1 / PATH_SCALE times farther through the picture than its joints go about its centre.
PATH_SCALE = 0.3

# The joint each joint hangs from; the wrist hangs from itself.
PARENTS: tuple[int, ...] = tuple(0 if joint % 4 == 1 or joint == WRIST else joint - 1 for joint in range(JOINT_COUNT))

# (parent, child): the 20 bones of the kinematic tree.
BONES: tuple[tuple[int, int], ...] = tuple((PARENTS[joint], joint) for joint in range(1, JOINT_COUNT))

# Neighbouring knuckles, which skin and muscle tie together although no bone does.
KNUCKLE_LINKS: tuple[tuple[int, int], ...] = ((1, 5), (5, 9), (9, 13), (13, 17))

# Which hand it is, "" where that is not known. Arrays hold its place here.
CHIRALITIES = ("", "left", "right")
# What a frame says of the side of its hand; the sign of their sum is that of most frames.
VOTES = {"left": 1, "right": -1, "": 0}
CHIRALITY_OF_VOTES = {vote: side for side, vote in VOTES.items()}

Poses = NDArray[np.float32]


def poses_from_picture(points: NDArray[np.floating], confidence: float = 1.0) -> Poses:
    """Convert joints in picture coordinates to `poses`. The only place that flips y.

    Args:
        points: ``[T, 21, 2]``, x to the right and y **down**, as fractions of the upright picture's width and height.
        confidence: the value of the third channel, 0 to 1.

    Returns:
        float32 ``[T, 3, 21]`` with the origin at the lower left.
    """
    if points.ndim != 3 or points.shape[1:] != (JOINT_COUNT, 2):
        raise ValueError(f"points: expected shape [T, {JOINT_COUNT}, 2], got {list(points.shape)}")
    x, y = points[..., 0], 1.0 - points[..., 1]
    return np.stack([x, y, np.full_like(x, confidence)], axis=1).astype(np.float32)


def picture_from_poses(poses: Poses) -> NDArray[np.float32]:
    """The inverse of `poses_from_picture`: ``[T, 3, 21]`` to ``[T, 21, 2]`` with y down, for drawing over a picture."""
    return np.stack([poses[:, 0], 1.0 - poses[:, 1]], axis=-1)


def present(poses: Poses) -> NDArray[np.bool_]:
    """Which frames have a hand: bool ``[..., T]``, true where any joint of ``[..., T, 3, 21]`` is seen."""
    return np.asarray((poses[..., 2, :] > 0).any(axis=-1))


def middle_frame(poses: Poses) -> int:
    """The frame nearest to the middle of ``[T, 3, 21]`` that has a hand; of an example without a hand, the middle."""
    frames = np.flatnonzero(present(poses)) if present(poses).any() else np.arange(len(poses))
    return int(frames[np.abs(frames - len(poses) // 2).argmin()])


def mirror(poses: Poses) -> Poses:
    """Mirror hands: x becomes 1 - x; joints of confidence 0 are unchanged."""
    mirrored = poses.copy()
    mirrored[:, 0] = np.where(poses[:, 2] > 0, 1.0 - poses[:, 0], poses[:, 0])
    return mirrored


def palm_length(poses: Poses, width: int, height: int) -> NDArray[np.float64]:
    """The distance from the wrist to the middle knuckle, in pixels of a `width` x `height` picture: ``[T]``."""
    x, y = poses[:, 0].astype(float) * width, poses[:, 1].astype(float) * height
    length: NDArray[np.float64] = np.hypot(x[:, MIDDLE_MCP] - x[:, WRIST], y[:, MIDDLE_MCP] - y[:, WRIST])
    return length


def upright(seen: NDArray[np.floating]) -> NDArray[np.floating]:
    """Rotations ``[N, 2, 2]`` that turn the middle finger's knuckle above the wrist; joints ``[N, 21, 2]``, y up."""
    palm = seen[:, MIDDLE_MCP] - seen[:, 0]
    palm = palm / np.maximum(np.linalg.norm(palm, axis=1, keepdims=True), 1e-6)
    across, up = palm[:, 0], palm[:, 1]
    return np.stack([np.stack([up, -across], axis=-1), np.stack([across, up], axis=-1)], axis=-2)


def turned(points: NDArray[np.floating], turn: NDArray[np.floating]) -> NDArray[np.floating]:
    """Points ``[N, 21, 2 or 3]`` with x and y turned by ``[N, 2, 2]``."""
    flat = points[..., :2] @ turn.swapaxes(-1, -2)
    return flat if points.shape[-1] == 2 else np.concatenate([flat, points[..., 2:]], axis=-1)
