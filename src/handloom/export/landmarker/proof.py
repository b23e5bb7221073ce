"""The proof that the exported networks compute what the original files do, read from disk, on pictures of hands."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handloom.described.skeleton import FINGERS
from handloom.export.comparison import differences
from handloom.export.interpreter.kernels import sigmoid
from handloom.export.landmarker.networks import HAND_LANDMARKS, NETWORKS, PALM_DETECTOR, ExportedNetwork
from handloom.export.landmarker.runtime import FileNetwork
from handloom.export.libraries import quiet
from handloom.export.package import sha256_of, size_of
from handloom.export.specification import read_specification, storage
from handloom.landmarks.litert_runtime import LiteRTLandmarker
from handloom.landmarks.network_landmarker import HandNetwork
from handloom.landmarks.square import Points, around_picture
from handloom.media.frame import Picture
from handloom.media.photos import read_photo
from handloom.models.files import ML_PROGRAM
from handloom.sample import draw_photos
from handloom.support.files import json_number

# How far an output may be from the original one: pixels of the input, and probabilities.
PIXELS = {"float32": 0.1, "float16": 0.5}
PROBABILITY = 1e-2
# Boxes of which the detector is less sure show no palm, and where they lie means nothing.
PALM = 0.5
HANDS = 2  # of a picture, at most
PHOTO_SIDE = 1280  # pixels
# An open hand and a fist are drawn for the proof, by so many people each: how bent the fingers are.
PEOPLE, SEED = 10, 0
_GESTURES = {"fist": 0.9, "open": 0.05}
_VIEW = """\
variation: {curl: 0.1, spread: 0.2, thumb: 0.1}
view:
  turn: {mean: 0, deviation: 15}
  tilt: {mean: 0, deviation: 15}
  roll: {mean: 0, deviation: 30}
"""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class NetworkProof:
    """How far one file is from the original network.

    Attributes:
        path: the file.
        bytes: its size.
        storage: how its weights are stored.
        pictures: how many it was run on.
        pixels: the largest difference of a coordinate, pixels of the input.
        allowed_pixels: how large it may be.
        probability: the largest difference of a probability.
    """

    path: Path
    bytes: int
    storage: str
    pictures: int
    pixels: float
    allowed_pixels: float
    probability: float

    @property
    def passed(self) -> bool:
        """Whether all of it is within the limits; without pictures nothing is proven."""
        return self.pictures > 0 and self.pixels <= self.allowed_pixels and self.probability <= PROBABILITY

    @property
    def summary(self) -> str:
        """All of it in one line."""
        return (
            f"{self.path.name}: {self.storage}, {self.bytes / 1e6:.2f} MB; {self.pictures} pictures, within"
            f" {self.pixels:.2g} pixels (allowed: {self.allowed_pixels:g}) and {self.probability:.1g} of a probability"
            f" (allowed: {PROBABILITY:g}) of the original network"
        )

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "file": self.path.name,
            "sha256": sha256_of(self.path),
            "passed": self.passed,
            "allowed_probability": PROBABILITY,
            **{name: value for name, value in asdict(self).items() if name != "path"},
            "pixels": json_number(self.pixels),
            "probability": json_number(self.probability),
        }


class Crop(NamedTuple):
    """What a network sees: what lies between four corners in a picture."""

    picture: Picture
    corners: Points


def drawn_pictures() -> list[Picture]:
    """Drawn photos of two gestures by several people, the same each time: ``[height, width, 3]`` each."""
    with TemporaryDirectory(prefix="handloom-") as name, quiet():
        folder = Path(name)
        (folder / "gestures").mkdir()
        for label, curl in _GESTURES.items():
            (folder / "gestures" / f"{label}.yaml").write_text(_gesture(label, curl), encoding="utf-8")
        photos, truth = folder / "photos", folder / "truth.parquet"
        draw_photos(folder / "gestures", photos, truth, seed=SEED, people=PEOPLE, per_class=PEOPLE, workers=1)
        return [read_photo(path, PHOTO_SIDE).picture for path in sorted(photos.rglob("*.jpg"))]


def _gesture(label: str, curl: float) -> str:
    """A gesture as `handloom.described` reads it."""
    fingers = "".join(f"  {finger}: {{curl: {curl}}}\n" for finger in FINGERS)
    thumb = f"thumb: {{abduction: 0.5, opposition: {curl}, curl: {curl / 2}}}\n"
    return f"meaning: {label}\nfingers:\n{fingers}spread: 0.4\n{thumb}{_VIEW}"


def prove(files: Sequence[Path], model: Path, pictures: Sequence[Picture]) -> list[NetworkProof]:
    """Run saved networks on pictures and compare them with LiteRT, which runs the original ones.

    The detector sees each whole picture, the landmark network the hands that the detector finds there.

    Args:
        files: as `write_landmarker` gives them.
        model: the `hand_landmarker.task` file.
        pictures: uint8 ``[height, width, 3]`` each, of hands.

    Raises:
        DataError: a file cannot be read.
    """
    named = {network.name: network for network in NETWORKS}
    with LiteRTLandmarker(model, PALM) as landmarker:
        originals = dict(zip(NETWORKS, landmarker.networks, strict=True))
        crops = {
            PALM_DETECTOR: [Crop(picture, around_picture(picture)) for picture in pictures],
            HAND_LANDMARKS: [
                Crop(picture, square.corners(picture))
                for picture in pictures
                for square in landmarker.squares(picture, HANDS)
            ],
        }
        return [
            _proof(file, network, originals[network], crops[network])
            for file, network in ((file, named[file.stem]) for file in files)
        ]


def _proof(path: Path, network: ExportedNetwork, original: HandNetwork, crops: Sequence[Crop]) -> NetworkProof:
    stored = storage(read_specification(path)) if path.suffix == ML_PROGRAM else "float32"
    file = FileNetwork(path, network)
    pixels = probability = 0.0
    for crop in crops:
        apart = _apart(network, original(*crop), file(*crop))
        pixels, probability = max(pixels, apart[0]), max(probability, apart[1])
    return NetworkProof(path, size_of(path), stored, len(crops), pixels, PIXELS[stored], probability)


def _apart(network: ExportedNetwork, expected: list[Floats], found: list[Floats]) -> tuple[float, float]:
    """The largest differences of a coordinate, pixels, and of a probability; infinite where there is no number."""
    if network is PALM_DETECTOR:
        (boxes, scores), (found_boxes, found_scores) = expected, found
        probabilities = sigmoid(scores)
        found_probabilities = np.where(np.isfinite(found_scores), sigmoid(found_scores), np.nan)
        sure = probabilities[0, :, 0] >= PALM
        places = boxes[:, sure], found_boxes[:, sure]
        chances = [(probabilities, found_probabilities)]
    else:
        # Depth is not used.
        places = (expected[0].reshape(-1, 3)[:, :2], found[0].reshape(-1, 3)[:, :2])
        chances = list(zip(expected[1:], found[1:], strict=True))
    return _largest(*places), max(_largest(*pair) for pair in chances)


def _largest(expected: Floats, found: Floats) -> float:
    return float(differences(expected, found).max(initial=0))
