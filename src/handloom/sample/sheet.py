"""What a description looks like: some drawn hands of each gesture on one sheet, or an action as a clip."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from handloom.described.gestures import Gesture
from handloom.described.people import Person, make_people
from handloom.described.performance import perform
from handloom.described.randomness import Generator, generator_for
from handloom.hand import poses_from_picture
from handloom.overlay import with_joints
from handloom.sample.drawing import draw_hand, make_scene
from handloom.sample.encoding import write_clip
from handloom.support.files import replacing

PEOPLE = 12
TILE = 150  # pixels
LINE = 18
FRAMES = 6  # of an action, on a sheet


def draw_sheet(gestures: Mapping[str, Gesture], out: Path, *, seed: int, of_each: int = 8, joints: bool = True) -> None:
    """Write a PNG with a row a pose, `of_each` hands in it, or a row an action, its frames from first to last.

    Args:
        gestures: by label.
        out: the file.
        seed: the same seed gives the same bytes.
        of_each: hands of a pose.
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
                    for number in range(of_each)
                    for random in [generator_for(seed, "sheet", gesture.label, number)]
                ]
            )
    sheet = Image.new("RGB", (TILE * max(map(len, rows)), (TILE + LINE) * len(rows)), "white")
    for row, (gesture, pictures) in enumerate(zip(gestures.values(), rows, strict=True)):
        top = row * (TILE + LINE)
        ImageDraw.Draw(sheet).text((4, top + 3), _latin(f"{gesture.label}: {gesture.meaning}"), fill="black")
        for column, picture in enumerate(pictures):
            sheet.paste(_tile(picture), (column * TILE, top + LINE))
    with replacing(out) as beside:
        sheet.save(beside, format="PNG", optimize=True)


def draw_clip(gesture: Gesture, out: Path, *, seed: int, joints: bool = True) -> None:
    """Write an MP4 of an action; the rest is as in `draw_sheet`."""
    random = generator_for(seed, "sheet", gesture.label)
    pictures = frames_of(gesture, [], make_people(seed, PEOPLE)[0], random, joints)
    height, width = pictures[0].shape[:2]
    with replacing(out) as beside:
        write_clip(beside, pictures, width, height)


def frames_of(
    gesture: Gesture, others: list[Gesture], person: Person, random: Generator, joints: bool
) -> list[NDArray[np.uint8]]:
    """The pictures of a gesture that is made once."""
    performance = perform(gesture, others, person, random)
    scene = make_scene(random, person, performance.width, performance.height)
    pictures = []
    for frame in range(len(performance.joints)):
        hand, camera = performance.joints[frame : frame + 1], performance.camera.at(frame)
        picture, points = draw_hand(scene, hand, camera, random)
        if joints:
            picture = with_joints(picture, poses_from_picture(points[None] / picture.shape[1::-1])[0])
        pictures.append(picture)
    return pictures


def _tile(picture: NDArray[np.uint8]) -> Image.Image:
    image = Image.fromarray(picture)
    image.thumbnail((TILE, TILE))
    framed = Image.new("RGB", (TILE, TILE), "white")
    framed.paste(image, ((TILE - image.width) // 2, (TILE - image.height) // 2))
    return framed


def _latin(text: str) -> str:
    return text.encode("latin-1", "replace").decode("latin-1")
