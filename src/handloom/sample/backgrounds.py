"""What is behind the hand: walls, gradients, blotches and shelves, in colours that are not the skin's."""

from collections.abc import Callable

import cv2
import numpy as np

from handloom.described.people import Generator
from handloom.described.skeleton import Floats
from handloom.sample.flesh import Picture

# Least distance between the skin and whatever is behind it: red, green, blue, 0 to 255, Euclidean.
_LEAST_CONTRAST = 95.0


def draw_background(random: Generator, width: int, height: int, skin: Floats) -> Picture:
    """A background ``[H, W, 3]``, red, green, blue, 0 to 255, of a random kind."""
    painter = _PAINTERS[random.integers(len(_PAINTERS))]
    picture = painter(random, width, height, skin)
    grain = random.normal(0, random.uniform(0, 4), (height // 2 + 1, width // 2 + 1, 1)).astype(np.float32)
    return picture + cv2.resize(grain, (width, height))[..., None]


def _colour(random: Generator, skin: Floats) -> Floats:
    """A colour unlike the skin; mostly dull ones, as rooms are."""
    while True:
        grey, chroma = random.uniform(15, 245), random.choice([5.0, 12.0, 35.0])
        colour = np.clip(grey + random.normal(0, chroma, 3), 0, 255)
        if np.linalg.norm(colour - skin) > _LEAST_CONTRAST:
            return np.asarray(colour)


def _near(random: Generator, colour: Floats, skin: Floats, deviation: float) -> Floats:
    """A colour not far from another and still unlike the skin."""
    other = np.clip(colour + random.normal(0, deviation) + random.normal(0, deviation / 3, 3), 0, 255)
    return other if np.linalg.norm(other - skin) > _LEAST_CONTRAST else colour


def _mix(share: Picture, first: Floats, second: Floats) -> Picture:
    """Between two colours, by a share ``[H, W]`` from 0 to 1."""
    return (first + (second - first) * share[..., None]).astype(np.float32)


def _plain(random: Generator, width: int, height: int, skin: Floats) -> Picture:
    return np.broadcast_to(_colour(random, skin), (height, width, 3)).astype(np.float32)


def _gradient(random: Generator, width: int, height: int, skin: Floats) -> Picture:
    angle = random.uniform(0, 2 * np.pi)
    x, y = np.linspace(-0.5, 0.5, width), np.linspace(-0.5, 0.5, height)[:, None]
    share = (x * np.cos(angle) + y * np.sin(angle) + 0.7) / 1.4
    first = _colour(random, skin)
    return _mix(share.astype(np.float32), first, _near(random, first, skin, 40))


def _blotches(random: Generator, width: int, height: int, skin: Floats) -> Picture:
    cells = random.integers(3, 9)
    share = cv2.resize(random.random((cells, cells), dtype=np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    first = _colour(random, skin)
    return _mix(share.clip(0, 1), first, _near(random, first, skin, 30))


def _two_walls(random: Generator, width: int, height: int, skin: Floats) -> Picture:
    first = _colour(random, skin)
    second = _near(random, first, skin, 35)
    corner = random.uniform(0.15, 0.85) * width
    lean = random.uniform(-0.2, 0.2)
    edge = corner + lean * np.arange(height)[:, None]
    share = np.clip((np.arange(width) - edge) / 2, 0, 1).astype(np.float32)
    picture = _mix(share, first, second)
    if random.random() < 0.5:
        picture[int(random.uniform(0.6, 0.95) * height) :] = _near(random, second, skin, 40)
    return picture


def _shelf(random: Generator, width: int, height: int, skin: Floats) -> Picture:
    first = _colour(random, skin)
    picture = np.empty((height, width, 3), np.float32)
    row_height = int(random.uniform(0.35, 0.6) * height)
    for top in range(0, height, row_height):
        x = 0
        while x < width:
            right = x + int(random.uniform(0.03, 0.1) * width) + 2
            picture[top : top + row_height, x:right] = _near(random, first, skin, 30)
            x = right
        picture[top : top + 4] = first * 0.5 if np.linalg.norm(first * 0.5 - skin) > _LEAST_CONTRAST else first
    blur = random.uniform(0.8, 2.5)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), blur), np.float32)


_PAINTERS: tuple[Callable[[Generator, int, int, Floats], Picture], ...] = (
    _plain,
    _gradient,
    _blotches,
    _two_walls,
    _shelf,
)
