"""Looking more than once at photos that the hand fills.

The landmarker cuts out a square well larger than the hand. Where that square leaves the picture it sees black, misses
the hand or misplaces bent fingers. With the edge pixels replicated around the picture it does not.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from handloom.extraction.landmarker import FoundHand, Landmarker, Picture
from handloom.hand import MIDDLE_MCP, WRIST

# The landmarker's square reaches about this share of the hand's larger side beyond the hand.
MARGIN = 0.5
# Looks whose joints are further apart than this, in palm lengths on average, saw different hands.
SAME_HAND = 1.0


def find_in_photo(landmarker: Landmarker, picture: Picture, borders: Sequence[float]) -> FoundHand | None:
    """The hand of a photo, looked for again with a border when it was not found or fills the picture.

    The joints of all looks that saw the same hand are averaged: bent fingers that one look misplaces, another does not.
    `benchmarks/bench_looks.py` shows what that is worth.

    Args:
        landmarker: one for photos.
        picture: uint8 ``[height, width, 3]``.
        borders: widths of the border in each further look, as shares of the picture's width and height.
    """
    plain = landmarker.find(picture)
    if plain is not None and not _fills(plain):
        return plain
    looks = [look for look in (plain, *(_with_border(landmarker, picture, border) for border in borders)) if look]
    if not looks:
        return None
    best = max(looks, key=lambda look: look.score)
    agreeing = [look.points for look in looks if _distance(look, best) < SAME_HAND]
    return FoundHand(points=np.mean(agreeing, axis=0), score=best.score, chirality=best.chirality)


def _with_border(landmarker: Landmarker, picture: Picture, border: float) -> FoundHand | None:
    height, width = picture.shape[:2]
    across, down = round(border * width), round(border * height)
    bordered = cv2.copyMakeBorder(picture, down, down, across, across, cv2.BORDER_REPLICATE)
    found = landmarker.find(np.asarray(bordered, dtype=np.uint8))
    if found is None:
        return None
    outer, inner = np.array([width + 2 * across, height + 2 * down]), np.array([width, height])
    points = (found.points * outer - np.array([across, down])) / inner
    return FoundHand(points=points, score=found.score, chirality=found.chirality)


def _fills(found: FoundHand) -> bool:
    low, high = found.points.min(axis=0), found.points.max(axis=0)
    margin = MARGIN * (high - low).max()
    return bool((low < margin).any() or (high > 1 - margin).any())


def _distance(one: FoundHand, other: FoundHand) -> float:
    palm = np.linalg.norm(other.points[MIDDLE_MCP] - other.points[WRIST])
    return float(np.linalg.norm(one.points - other.points, axis=1).mean() / max(palm, 1e-6))
