"""Hands whose joints lie as in no other hand: most were found in the wrong place."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handloom.hand import MIDDLE_MCP, WRIST, Poses, present

# How much thinner than around its neighbours hands lie around this one, as a ratio of densities. Above 2 were 2 % of
# the rows of kinivi's first half, and a training without them was worse: unusual hands are worth keeping. See
# docs/benchmarks.md.
UNLIKE = 3.0
NEIGHBOURS = 20
FEWEST = 100  # hands; with fewer there are no neighbours to be like


@dataclass(frozen=True)
class Unlike:
    """An example with such a hand.

    Attributes:
        row: which example.
        ratio: of the density around its neighbours to the density around it.
    """

    row: int
    ratio: float


def unlike_others(poses: Poses) -> list[Unlike]:
    """The hands that lie alone, by the local outlier factor (Breunig et al. 2000), the loneliest first.

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
