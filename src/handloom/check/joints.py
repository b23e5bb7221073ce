"""Hands whose joints lie as in no other hand: most were found in the wrong place."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handloom.hand import MIDDLE_MCP, WRIST, Poses, present

# The local outlier factor from which a hand is listed. With 2, 52 of 2,393 rows of a public table (keypoint.csv) were
# listed, and a training without them was worse: unusual hands are worth keeping. See docs/benchmarks.md.
UNLIKE = 3.0
NEIGHBOURS = 20
FEWEST = 100  # hands; with fewer there are no neighbours to be like


@dataclass(frozen=True)
class Unlike:
    """An example with such a hand.

    Attributes:
        row: which example.
        ratio: the local outlier factor: 1 where hands lie as densely around it as around its neighbours, more where
            they lie less densely.
    """

    row: int
    ratio: float


def unlike_others(poses: Poses) -> list[Unlike]:
    """The hands that lie far from all others, the farthest first, by the local outlier factor (Breunig et al. 2000).

    Args:
        poses: ``[N, 3, 21]``, one frame of each example; frames without a hand are zeros.

    Returns:
        nothing with fewer than `FEWEST` hands.
    """
    from sklearn.neighbors import LocalOutlierFactor

    rows = np.flatnonzero(present(poses))
    if len(rows) < FEWEST:
        return []
    factor = LocalOutlierFactor(n_neighbors=NEIGHBOURS).fit(_turned(poses[rows]))
    ratios = -factor.negative_outlier_factor_
    found = [Unlike(int(row), float(ratio)) for row, ratio in zip(rows, ratios, strict=True) if ratio > UNLIKE]
    return sorted(found, key=lambda one: (-one.ratio, one.row))


def _turned(poses: Poses) -> NDArray[np.float64]:
    """Hands about their centre, of one size, the middle knuckle above the wrist: ``[N, 42]``."""
    points = poses[:, 0].astype(np.float64) + 1j * poses[:, 1]
    points -= points.mean(axis=1, keepdims=True)
    points /= np.maximum(np.sqrt((np.abs(points) ** 2).mean(axis=1, keepdims=True)), 1e-6)
    up = points[:, MIDDLE_MCP] - points[:, WRIST]
    points *= 1j * np.exp(-1j * np.angle(up))[:, None]
    return np.concatenate([points.real, points.imag], axis=1)
