"""Palms: what the detector's numbers mean, and one palm out of the many that it sees around each.

As in MediaPipe's graphs (Apache-2.0, github.com/google-ai-edge/mediapipe, `mediapipe/`):
`calculators/tflite/ssd_anchors_calculator.cc`, `calculators/tensor/tensors_to_detections_calculator.cc` and
`calculators/util/non_max_suppression_calculator.cc` (WEIGHTED), with the numbers of
`tasks/cc/vision/hand_detector/hand_detector_graph.cc`.
"""

from functools import cache
from math import inf, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

DETECTOR_SIDE = 192  # pixels of the picture that the detector sees
# The detector's grids: cells a side, and boxes a cell.
GRIDS = ((24, 2), (12, 6))
BOXES = sum(cells * cells * each for cells, each in GRIDS)
# Numbers of a box: its centre, its size, and 7 points of which the first is the wrist and the third the middle knuckle.
NUMBERS = 18
PALM_WRIST, PALM_MIDDLE = 0, 2
# Boxes that overlap by more (intersection over union) show the same palm.
SAME_PALM = 0.3


class Palm(NamedTuple):
    """A palm, in shares of the picture that the detector sees.

    Attributes:
        low: the upper left corner of its box, ``[2]``.
        high: the lower right one.
        points: ``[7, 2]``.
        score: 0 to 1.
    """

    low: Floats
    high: Floats
    points: Floats
    score: float


@cache
def anchors() -> Floats:
    """The middle of the cell that each box belongs to, ``[2016, 2]``, shares of the picture."""
    grids = []
    for cells, each in GRIDS:
        middles = (np.arange(cells, dtype=np.float32) + np.float32(0.5)) / np.float32(cells)
        grid = np.stack(np.meshgrid(middles, middles), axis=-1).reshape(-1, 2)  # row by row
        grids.append(grid.repeat(each, axis=0))
    return np.concatenate(grids)


def palms(boxes: Floats, logits: Floats, confidence: float) -> list[Palm]:
    """The palms that the detector is sure of, the surest first.

    Args:
        boxes: the detector's first output, ``[2016, 18]``: a box and its points, from the anchor, pixels.
        logits: its second one, ``[2016]``.
        confidence: 0 to 1.
    """
    likely = np.flatnonzero(logits >= _logit(confidence) - 0.01)
    rest = np.exp(-logits[likely].clip(-100, 100).astype(np.float64)).astype(np.float32)
    scores = np.float32(1) / (np.float32(1) + rest)
    certain = (scores >= np.float32(confidence)) & (boxes[likely, 2:4] >= 0).all(axis=1)
    sure, scores = likely[certain], scores[certain]
    order = np.argsort(-scores, kind="stable")
    sure, scores = sure[order], scores[order]
    numbers = boxes[sure].reshape(-1, NUMBERS // 2, 2) / np.float32(DETECTOR_SIDE)
    half = numbers[:, 1] / np.float32(2)
    numbers[:, [0, *range(2, NUMBERS // 2)]] += anchors()[sure, None]
    low, high = numbers[:, 0] - half, numbers[:, 0] + half
    return _merged(np.stack([low, low + (high - low)], axis=1), numbers[:, 2:], scores)


def _logit(probability: float) -> float:
    return log(probability / (1 - probability)) if 0 < probability < 1 else (probability - 0.5) * inf


def _merged(corners: Floats, points: Floats, scores: Floats) -> list[Palm]:
    """Each palm once: the boxes that overlap with the surest one, averaged by score; then the same of the rest."""
    found = []
    left = np.arange(len(scores))
    while len(left):
        same = overlaps(corners[left], corners[left[0]]) > SAME_PALM
        same[0] = True  # a box without an area overlaps with nothing, not even with itself
        together, left = left[same], left[~same]
        places = np.concatenate([corners[together], points[together]], axis=1) * scores[together, None, None]
        # One after the other, as MediaPipe adds them up.
        mean = places.cumsum(axis=0)[-1] / scores[together].cumsum()[-1]
        low, high = mean[0], mean[0] + (mean[1] - mean[0])
        found.append(Palm(low, high, mean[2:], float(scores[together[0]])))
    return found


def overlaps(corners: Floats, one: Floats) -> Floats:
    """Intersection over union of boxes with one box, ``[n, 2, 2]`` and ``[2, 2]``: corners, x and y."""
    shared = np.clip(np.minimum(corners[:, 1], one[1]) - np.maximum(corners[:, 0], one[0]), 0, None).prod(axis=1)
    union = (corners[:, 1] - corners[:, 0]).prod(axis=1) + (one[1] - one[0]).prod() - shared
    overlap: NDArray[np.float32] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return overlap
