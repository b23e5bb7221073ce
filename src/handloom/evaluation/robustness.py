"""The accuracy of a model where another landmarker, such as Vision, places the joints elsewhere."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from handloom.dataset.examples import Example, Examples
from handloom.evaluation.answers import answers_of
from handloom.hand import CHANNELS, JOINT_COUNT, MIDDLE_MCP, WRIST, Poses, upright
from handloom.models.model import Model

SHARES = (0.1, 0.2)  # of the palm's length, from the wrist to the middle knuckle
MOVED_BY = "accuracy_joints_moved_by_"  # begins the name of each number
DRAWS = 5
MOST_EXAMPLES = 500
_SEED = 0


def robustness(model: Model, examples: Examples, stride: int) -> dict[str, float]:
    """The accuracy with all joints moved by 10 % and by 20 % of the palm's length.

    A draw gives each joint one direction in the frame of the hand, the same for all examples: landmarkers differ in
    such a way. Each number is the mean over `DRAWS` draws, of examples with a hand, at most `MOST_EXAMPLES`, evenly
    chosen. The same model and examples give the same numbers.

    Args:
        model: the classifier.
        examples: labelled; no numbers if none has a hand.
        stride: frames from one window of a clip to the next.
    """
    found = examples.with_hand()
    if not len(found):
        return {}
    chosen = [found[int(row)] for row in np.unique(np.linspace(0, len(found) - 1, MOST_EXAMPLES).astype(int))]
    generator = np.random.default_rng(_SEED)
    angles = generator.uniform(0, 2 * np.pi, (DRAWS, JOINT_COUNT))
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    numbers = {}
    for share in SHARES:
        right = [_right(model, chosen, share * draw, stride) for draw in directions]
        numbers[f"{MOVED_BY}{share:.0%}".replace("%", "_percent")] = float(np.mean(right))
    return numbers


def _right(model: Model, chosen: Sequence[Example], offsets: NDArray[np.float64], stride: int) -> float:
    moved = Examples.of(Example(moved_joints(one.poses, offsets), one.label, one.name, one.group) for one in chosen)
    answers = answers_of(model, moved, stride)
    return sum(answer.label == answer.predicted for answer in answers) / len(answers)


def moved_joints(poses: Poses, offsets: NDArray[np.float64]) -> Poses:
    """Poses with the joints elsewhere; frames without a hand and joints that were not seen stay as they are.

    Args:
        poses: ``[T, 3, 21]``.
        offsets: ``[21, 2]``, in palm lengths, of a hand whose middle knuckle is above the wrist.
    """
    points = poses[:, :2].transpose(0, 2, 1).astype(np.float64)
    palm = np.linalg.norm(points[:, MIDDLE_MCP] - points[:, WRIST], axis=1)
    to_hand = upright(points)  # its transpose turns back
    by = palm[:, None, None] * (offsets @ to_hand)
    moved = poses.copy()
    seen = poses[:, CHANNELS.index("confidence")] > 0
    moved[:, :2] = np.where(seen[:, None], poses[:, :2] + by.transpose(0, 2, 1), poses[:, :2])
    return moved
