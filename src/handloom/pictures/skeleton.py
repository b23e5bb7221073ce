"""A hand as lines, for pages: the joints alone, without a photo."""

import numpy as np

from handloom.hand import BONES, Poses, middle_frame, picture_from_poses, present

SIDE = 120  # pixels
_MARGIN = 8


def skeleton_svg(poses: Poses) -> str:
    """An SVG of the hand in the middle frame of ``[T, 3, 21]``; empty where no frame has a hand."""
    if not present(poses).any():
        return ""
    frame = poses[middle_frame(poses)]
    points, seen = picture_from_poses(frame[None])[0], frame[2] > 0
    low, size = points[seen].min(axis=0), max(float(np.ptp(points[seen], axis=0).max()), 1e-6)
    places = _MARGIN + (points - low) / size * (SIDE - 2 * _MARGIN)
    bones = [bone for bone in BONES if seen[list(bone)].all()]
    path = " ".join("M{:.1f} {:.1f}L{:.1f} {:.1f}".format(*places[start], *places[end]) for start, end in bones)
    dots = "".join(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='2.5'/>" for x, y in places[seen])
    return (
        f"<svg width='{SIDE}' height='{SIDE}' role='img' aria-label='joints of the hand' fill='currentColor'"
        f" stroke='currentColor'><path d='{path}' fill='none' stroke-width='2'/>{dots}</svg>"
    )
