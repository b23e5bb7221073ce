"""The two networks as an app gets them: their files, inputs and outputs, and what each says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from handloom.landmarks.network_landmarker import DETECTOR, LANDMARKS, SHAPES

IMAGE = "image"  # the input of both
LICENSE = "Apache License, Version 2.0; copyright The MediaPipe Authors"
ORIGIN = "Original File"  # keys of the metadata
ORIGINAL_SHA256 = "Original SHA-256"
CHANGES = "Changes"


@dataclass(frozen=True, eq=False)
class ExportedNetwork:
    """One of them.

    Attributes:
        name: of its files, without an ending.
        original: the file in a `hand_landmarker.task`.
        description: what it does.
        image: what its input has to show.
        outputs: what each means, by name, in the order of the original.
    """

    name: str
    original: str
    description: str
    image: str
    outputs: Mapping[str, str]

    @property
    def side(self) -> int:
        """Pixels a side of the picture that it sees."""
        return SHAPES[self.original][0]

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of its outputs."""
        return SHAPES[self.original][1]

    @property
    def input_description(self) -> str:
        """What its input says of itself."""
        return (
            f"{self.image}, [1, row, column, channel]: {self.side} rows from above, {self.side} columns, red, green and"
            " blue, each from 0 to 1."
        )


PALM_DETECTOR = ExportedNetwork(
    name="PalmDetector",
    original=DETECTOR,
    description="Finds palms in a picture: MediaPipe's palm detector.",
    image="The whole picture, scaled down into the middle of a square with black around it",
    outputs={
        "boxes": (
            "2016 boxes with 18 numbers each, pixels of the input, from the box's anchor: x and y of the centre, width,"
            " height, then x and y of 7 points, of which the first is the wrist and the third the knuckle of the"
            " middle finger. Anchors: the middles of 24 x 24 cells, 2 boxes each, then of 12 x 12 cells, 6 boxes each."
        ),
        "scores": "How sure it is that a box shows a palm; 1 / (1 + exp(-score)) is the probability.",
    },
)
HAND_LANDMARKS = ExportedNetwork(
    name="HandLandmarks",
    original=LANDMARKS,
    description="Finds the 21 joints of a hand in a picture of it: MediaPipe's hand landmark network.",
    image="A hand, its fingers upwards, in a square of twice its size, the edge of the photo replicated",
    outputs={
        "landmarks": "x, y (pixels of the input, from the upper left corner) and depth of 21 joints, wrist first.",
        "presence": "The probability that the picture shows a hand.",
        "handedness": "The probability that it is a right hand, in a picture that is not mirrored.",
    },
)
NETWORKS = (PALM_DETECTOR, HAND_LANDMARKS)
