"""Align described joints with a few photos: each class mean moves towards that of the photos.

A description is off by the same amount in all that is made of it (a thumb further out than people hold it, a fold that
the landmarker sees elsewhere), and five photos say by how much; how hands vary around the middle stays as described.
Five photos' mean is off itself, so it is followed by the share n / (n + 1): what a mean of n deserves where the
description is off by about as much as one photo (Efron & Morris 1973 on shrinking means).
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from handloom.dataset.examples import Examples
from handloom.errors import ConfigurationError
from handloom.hand import MIDDLE_MCP, WRIST, Poses, turned, upright
from handloom.training.data import sources_of

Floats = NDArray[np.floating]

_INDEX_MCP, _LITTLE_MCP = 5, 17
_NEEDED = [WRIST, MIDDLE_MCP, _INDEX_MCP, _LITTLE_MCP]
# A palm that is so much shorter than broad is seen from its end; lengths in palm lengths say nothing then.
_SHORTEST = 0.5


def aligned(examples: Examples, towards: Mapping[str, str]) -> Examples:
    """Move the examples of some joined sources, class by class, towards those of others.

    Means are of hands that are turned upright, with the index finger's side to the right, in palm lengths; so it does
    not matter where in the picture, how large, how turned and which hand they are. Hands that are seen from the end of
    the palm neither count nor are moved.

    Args:
        examples: of one frame each.
        towards: by the source that is moved, the one that it follows. A class that the latter has not stays.

    Raises:
        ConfigurationError: no example is of a source of that name.
    """
    sources = sources_of(examples.names.to_pylist())
    labels = examples.labels.indices.to_numpy()
    frames = np.array(examples.frames)
    usable = _usable(frames[examples.starts])
    for moving, leading in towards.items():
        for name in (moving, leading):
            if not (sources == name).any():
                raise ConfigurationError(
                    f"align_to.{name}: no training example comes from a joined source of this name"
                )
        for label in np.unique(labels[sources == moving]):
            moved, led = (examples.starts[usable & (labels == label) & (sources == name)] for name in (moving, leading))
            if len(moved) and len(led):
                frames[moved] = _moved(frames[moved], frames[led])
    return replace(examples, frames=frames)


def _usable(poses: Poses) -> NDArray[np.bool_]:
    place = poses[:, :2]
    length = np.linalg.norm(place[..., MIDDLE_MCP] - place[..., WRIST], axis=1)
    breadth = np.linalg.norm(place[..., _INDEX_MCP] - place[..., _LITTLE_MCP], axis=1)
    return np.asarray((poses[:, 2, _NEEDED] > 0).all(axis=1) & (length > _SHORTEST * breadth))


def _moved(poses: Poses, leading: Poses) -> Poses:
    """Poses ``[N, 3, 21]`` of a class with their mean moved towards that of others ``[M, 3, 21]``."""
    hands, turn, length, mirrored = _as_alike(poses)
    further = _mean(_as_alike(leading)[0], leading[:, 2] > 0) - _mean(hands, poses[:, 2] > 0)
    shift = len(leading) / (len(leading) + 1) * np.nan_to_num(further)  # a joint that no photo has stays
    moved = turned(shift * mirrored, turn.swapaxes(-1, -2)) * length
    poses = poses.copy()
    poses[:, :2] += moved.swapaxes(1, 2) * (poses[:, 2:] > 0)
    return poses


def _as_alike(poses: Poses) -> tuple[Floats, Floats, Floats, Floats]:
    """Hands as alike as they can be turned, ``[N, 21, 2]`` from the wrist, and what was done to them.

    Returns:
        The hands; how they were turned ``[N, 2, 2]``; their palm lengths before ``[N, 1, 1]``; and with what their
        places were multiplied, ``[N, 1, 2]``: x by -1 where they were mirrored.
    """
    place = poses[:, :2].swapaxes(1, 2).astype(np.float64)
    turn = upright(place)
    hands = turned(place - place[:, WRIST, None], turn)
    length = np.maximum(hands[:, MIDDLE_MCP, 1], 1e-6)[:, None, None]
    left = hands[:, _INDEX_MCP, 0] < hands[:, _LITTLE_MCP, 0]
    mirrored = np.stack([np.where(left, -1.0, 1.0), np.ones(len(left))], axis=-1)[:, None]
    return hands / length * mirrored, turn, length, mirrored


def _mean(hands: Floats, known: NDArray[np.bool_]) -> Floats:
    """The mean place of each joint, ``[21, 2]``, over the hands in which it is known; nan where it never is."""
    with np.errstate(invalid="ignore"):
        return np.asarray((hands * known[..., None]).sum(axis=0) / known.sum(axis=0)[:, None])
