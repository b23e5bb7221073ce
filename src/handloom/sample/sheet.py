"""What a description looks like: some drawn hands of each gesture on one sheet, or an action as a clip."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handloom.described.gestures import Gesture
from handloom.described.people import Generator, Person, generator_for, make_people
from handloom.described.performance import perform
from handloom.hand import poses_from_picture
from handloom.pictures.overlay import with_joints
from handloom.pictures.sheet import GAP, Block, Tile, contact_sheet
from handloom.sample.draw import write_clip
from handloom.sample.drawing import SIZES, draw_hand, make_scene
from handloom.support.files import replacing

PEOPLE = 12
TILE = 150  # pixels
FRAMES = 6  # of an action, on a sheet


def draw_sheet(
    gestures: Mapping[str, Gesture], out: Path, *, seed: int, per_class: int = 8, joints: bool = True
) -> None:
    """Write a PNG with one row per pose, `per_class` hands in it, or one row per action, its frames from first to last.

    Args:
        gestures: by label.
        out: the file.
        seed: the same seed gives the same bytes.
        per_class: hands of a pose.
        joints: whether they are drawn too.
    """
    rows = []
    people = make_people(seed, PEOPLE)
    for gesture in gestures.values():
        others = [other for other in gestures.values() if other is not gesture]
        if gesture.moves:
            pictures = frames_of(gesture, others, people[0], generator_for(seed, "sheet", gesture.label), joints)
            at = np.linspace(0, len(pictures) - 1, FRAMES).round().astype(int)
            rows.append([pictures[one] for one in at])
        else:
            rows.append(
                [
                    frames_of(gesture, others, people[number % PEOPLE], random, joints)[0]
                    for number in range(per_class)
                    for random in [generator_for(seed, "sheet", gesture.label, number)]
                ]
            )
    columns = max(map(len, rows))
    width = columns * (TILE + GAP) + GAP
    blocks = [
        Block(f"{gesture.label}: {gesture.meaning}", [Tile(_small(picture)) for picture in pictures])
        for gesture, pictures in zip(gestures.values(), rows, strict=True)
    ]
    with replacing(out) as temporary:
        contact_sheet("", blocks, width, columns, columns).save(temporary, format="PNG", optimize=True)


def draw_clip(gesture: Gesture, out: Path, *, seed: int, joints: bool = True) -> None:
    """Write an MP4 of an action; the rest is as in `draw_sheet`."""
    random = generator_for(seed, "sheet", gesture.label)
    pictures = frames_of(gesture, [], make_people(seed, PEOPLE)[0], random, joints)
    height, width = pictures[0].shape[:2]
    with replacing(out) as temporary:
        write_clip(temporary, pictures, width, height)


def frames_of(
    gesture: Gesture, others: list[Gesture], person: Person, random: Generator, joints: bool
) -> list[NDArray[np.uint8]]:
    """The pictures of a gesture that is made once."""
    performance = perform(gesture, others, person, random, SIZES)
    scene = make_scene(random, person, performance.width, performance.height)
    pictures = []
    for frame in range(len(performance.joints)):
        hand, camera = performance.joints[frame : frame + 1], performance.camera.at(frame)
        picture, points = draw_hand(scene, hand, camera, random)
        if joints:
            picture = with_joints(picture, poses_from_picture(points[None] / picture.shape[1::-1])[0])
        pictures.append(picture)
    return pictures


def _small(picture: NDArray[np.uint8]) -> Image.Image:
    image = Image.fromarray(picture)
    image.thumbnail((TILE, TILE))
    return image
