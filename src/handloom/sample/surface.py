"""From capsules to a relief: for each pixel the height of the nearest flesh, and which capsule it belongs to."""

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]

# The height where there is nothing, and the capsule's number there.
_DEPTHS = np.float32(-1e9)
NOTHING = -1


class Relief:
    """A depth image that capsules are raised from, one after the other.

    Attributes:
        height: ``[H, W]`` pixels towards the camera.
        owner: ``[H, W]`` the number of the capsule seen, `NOTHING` where there is none.
    """

    def __init__(self, width: int, height: int) -> None:
        self.height: Picture = np.full((height, width), _DEPTHS)
        self.owner = np.full((height, width), NOTHING, np.int16)

    def raise_capsule(
        self, number: int, start: NDArray[np.float64], end: NDArray[np.float64], radii: tuple[float, float]
    ) -> None:
        """Raise the relief to a capsule's surface, touching only the pixels around it.

        The surface is the union of the spheres along the capsule. At a pixel, `along` and `across` are its coordinates
        in the capsule's own plane frame; the highest sphere there is not the one beside the pixel but, on a slope, one
        farther up.

        Args:
            number: what `owner` is to hold where this capsule is seen.
            start: ``[3]`` x right, y down, z towards the camera, pixels.
            end: ``[3]`` likewise.
            radii: at start and end, pixels.
        """
        reach = max(radii) + 1
        left, top = (np.minimum(start, end)[:2] - reach).astype(int).clip(0)
        right, bottom = (np.maximum(start, end)[:2] + reach).astype(int) + 1
        right, bottom = min(right, self.height.shape[1]), min(bottom, self.height.shape[0])
        if left >= right or top >= bottom:
            return
        step = end - start
        length = max(float(np.hypot(step[0], step[1])), 1e-3)
        slope, taper = np.float32(step[2] / length), np.float32((radii[1] - radii[0]) / length)
        east, south = np.float32(step[0] / length), np.float32(step[1] / length)

        x = np.arange(left, right, dtype=np.float32) - np.float32(start[0])
        y = (np.arange(top, bottom, dtype=np.float32) - np.float32(start[1]))[:, None]
        along = x * east + y * south
        across_squared = (y * east - x * south) ** 2
        half_chord = np.sqrt(np.maximum(np.float32((radii[0] + radii[1]) ** 2 / 4) - across_squared, 0))
        sphere = np.clip(along + half_chord * (slope / np.hypot(np.float32(1), slope)), 0, np.float32(length))
        radius = sphere * taper + np.float32(radii[0])
        left_over = radius * radius - across_squared - (along - sphere) ** 2
        surface = sphere * slope + np.float32(start[2]) + np.sqrt(np.maximum(left_over, 0))

        window = self.height[top:bottom, left:right]
        seen = (left_over > 0) & (surface > window)
        np.copyto(window, surface, where=seen)
        np.copyto(self.owner[top:bottom, left:right], np.int16(number), where=seen)
