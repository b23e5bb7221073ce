"""Copies of photos: found when cropped, mirrored or compressed again, and not taken for photos of the same scene."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from handloom.check.near_duplicates import near_duplicates
from handloom.dataset.pictures import View
from handloom.hand import Poses, poses_from_picture
from handloom.pictures.overlay import with_joints

Photo = NDArray[np.uint8]
SIDE = 240


def scene(seed: int) -> Image.Image:
    """Blotches of several sizes."""
    draw = np.random.default_rng(seed)
    layers = [Image.fromarray(draw.integers(0, 256, (n, n, 3), np.uint8)).resize((SIDE, SIDE)) for n in (4, 12, 40)]
    return Image.fromarray(np.mean([np.asarray(layer) for layer in layers], axis=0).astype(np.uint8))


def hand(seed: int, middle: tuple[float, float] = (0.5, 0.5), size: float = 0.25) -> Poses:
    """Joints ``[3, 21]`` about a place."""
    points = np.random.default_rng(seed).uniform(-size, size, (1, 21, 2)) + np.array(middle)
    joints: Poses = poses_from_picture(points)[0]
    return joints


def view(name: str, poses: Poses) -> View:
    return View(name, "fist", number=0, of=1, frame=0, poses=poses, width=SIDE, height=SIDE)


def found(photos: dict[str, tuple[Image.Image, Poses]], groups: Sequence[str] = ()) -> set[str]:
    """The pairs of names, with a ~ where one is mirrored."""
    views = [view(name, poses) for name, (_, poses) in photos.items()]
    arrays = {name: np.asarray(photo) for name, (photo, _) in photos.items()}
    names = list(photos)
    copies = near_duplicates(views, groups or names, lambda view, side: arrays.get(view.name))
    return {f"{names[one.first]} {'~' if one.mirrored else ''}{names[one.second]}" for one in copies}


def with_hand(photo: Image.Image, poses: Poses) -> Image.Image:
    return Image.fromarray(with_joints(np.asarray(photo), poses))


def compressed(photo: Image.Image) -> Image.Image:
    content = BytesIO()
    photo.save(content, "JPEG", quality=40)
    return Image.open(content).convert("RGB")


@pytest.mark.parametrize("seed", range(4))
def test_a_cropped_a_mirrored_and_a_compressed_copy_are_found(seed: int) -> None:
    one, other = scene(2 * seed), scene(2 * seed + 1)
    joints = hand(seed)
    crop = one.crop((10, 24, 232, 236))
    photos = {
        "one": one,
        "other": other,
        "crop": compressed(crop),
        "mirror": ImageOps.mirror(other),
        "smaller": one.resize((120, 120)),
    }
    pairs = found({name: (photo, joints) for name, photo in photos.items()})
    assert pairs == {"one crop", "one smaller", "crop smaller", "other ~mirror"}


def test_two_hands_in_one_room_are_not_copies() -> None:
    room, small = scene(1), 0.06
    photos = {f"{seed}": (with_hand(room, hand(seed, size=small)), hand(seed, size=small)) for seed in range(3)}
    photos["same"] = compressed(photos["0"][0]), photos["0"][1]
    assert found(photos) == {"0 same"}


def test_copies_within_a_group_are_not_listed_and_neither_are_photos_that_are_gone() -> None:
    one, joints = scene(1), hand(1)
    assert found({"a": (one, joints), "b": (one, joints)}, ["anna", "anna"]) == set()
    views = [view(name, joints) for name in "ab"]
    assert near_duplicates(views, ["a", "b"], lambda view, side: None) == []
