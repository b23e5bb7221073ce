"""One picture laid over another one, and how alike their details are there."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

DETAIL = 4.0  # pixels: what is smoother than this is light and background
LEAST_OVERLAP = 0.5  # of the area
BORDER = 3  # pixels, in which the filter of the details sees beyond the border
_ITERATIONS = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 30, 1e-4)

Photo = NDArray[np.uint8]
Grey = NDArray[np.float32]
Warp = NDArray[np.float64]


@dataclass(frozen=True)
class Laid:
    """How a picture lies over another one.

    Attributes:
        warp: ``[2, 3]``, the affine map from its pixels to those of the other.
        likeness: the correlation of their details, -1 to 1.
    """

    warp: Warp
    likeness: float


def lay_over(picture: Photo, other: Photo, start: Warp) -> Laid | None:
    """Lay a grey picture over another one of its size so that their correlation is highest.

    By OpenCV's `findTransformECC` (Evangelidis and Psarakis 2008).

    Args:
        picture: ``[height, width]``.
        other: ``[height, width]``.
        start: ``[2, 3]``, an affine map that is nearly right.

    Returns:
        None where they have too little in common.
    """
    template, image = picture.astype(np.float32), other.astype(np.float32)
    try:
        # The types that OpenCV declares have no call with a filter and without a mask.
        warp = cv2.findTransformECC(  # type: ignore[call-overload]
            template, image, start.astype(np.float32), cv2.MOTION_AFFINE, _ITERATIONS, None, 3
        )[1]
    except cv2.error:  # it does not converge
        return None
    size, flags = template.shape[::-1], cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    there = cv2.warpAffine(np.ones_like(image), warp, size, flags=flags) > 0.99
    inner = np.zeros(template.shape, bool)
    inner[BORDER:-BORDER, BORDER:-BORDER] = True
    there &= inner
    if there.mean() < LEAST_OVERLAP:
        return None
    laid = np.asarray(cv2.warpAffine(image, warp, size, flags=flags), np.float32)
    one, two = _details(template)[there], _details(laid)[there]
    if min(one.std(), two.std()) == 0:
        return None
    return Laid(np.asarray(warp, np.float64), float(np.corrcoef(one, two)[0, 1]))


def sampled(picture: Photo, warp: Warp, side: int) -> Photo:
    """A square of `side` pixels out of a picture: `warp` maps its pixels to the picture's, whose edge goes on."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    square = cv2.warpAffine(picture, warp, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(square, np.uint8)


def flipped(picture: Photo, mirrored: bool) -> Photo:
    """The picture in a mirror, or as it is."""
    return np.ascontiguousarray(picture[:, ::-1]) if mirrored else picture


def _details(picture: Grey) -> Grey:
    return np.asarray(picture - cv2.GaussianBlur(picture, (0, 0), DETAIL), np.float32)
