"""Copies of clips: found when cropped, cut, mirrored or compressed again, and not taken for others of the room."""

from io import BytesIO
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from handloom.check import same_motion
from handloom.check.copied_clips import copied_clips
from handloom.check.same_motion import same_motions
from handloom.dataset.examples import Example, Examples
from handloom.dataset.pictures import View
from handloom.hand import Poses, middle_frame, mirror, poses_from_picture
from handloom.pictures.overlay import with_joints

FRAMES, SIDE = 24, 240
Photos = NDArray[np.uint8]


def room(seed: int) -> NDArray[np.uint8]:
    """Blotches of several sizes."""
    draw = np.random.default_rng(seed)
    layers = [Image.fromarray(draw.integers(0, 256, (n, n, 3), np.uint8)).resize((SIDE, SIDE)) for n in (4, 12, 40)]
    mixed: NDArray[np.uint8] = np.mean([np.asarray(layer) for layer in layers], axis=0).astype(np.uint8)
    return mixed


def moving(seed: int) -> Poses:
    """A hand with unrest in all joints that goes somewhere."""
    draw = np.random.default_rng(seed)
    shape, unrest = draw.uniform(-0.15, 0.15, (21, 2)), draw.normal(0, 0.05, (2, 21, 2))
    time = np.linspace(0, 1, FRAMES)[:, None, None]
    way = draw.uniform(0.35, 0.65, 2) + (time - 0.5) * draw.uniform(-0.3, 0.3, 2)
    return poses_from_picture(way + shape + np.sin(6 * time) * unrest[0] + np.cos(9 * time) * unrest[1])


def filmed(scene: NDArray[np.uint8], poses: Poses) -> Photos:
    return np.stack([with_joints(scene, frame) for frame in poses])


def changed(photos: Photos, poses: Poses) -> tuple[Photos, Poses]:
    """Without some of each side and of the time, mirrored, compressed, its joints a little elsewhere."""
    left, right, top, bottom = 0.05, 0.92, 0.1, 1.0
    x, y = (int(one * SIDE) for one in (left, top))
    cut = photos[3:-2, y:, x : int(right * SIDE)]
    joints = poses[3:-2].copy()
    joints[:, 0] = (joints[:, 0] - left) / (right - left)
    joints[:, 1] = (joints[:, 1] - (1 - bottom)) / (bottom - top)
    joints[:, :2] += np.random.default_rng(0).normal(0, 0.003, joints[:, :2].shape).astype(np.float32)
    compressed = []
    for photo in cut:
        content = BytesIO()
        Image.fromarray(np.ascontiguousarray(photo[:, ::-1])).save(content, "JPEG", quality=40)
        compressed.append(np.asarray(Image.open(content).convert("RGB")))
    return np.stack(compressed), mirror(joints)


def found(clips: dict[str, tuple[Photos, Poses]], groups: list[str] | None = None, gone: str = "") -> set[str]:
    """The pairs of names, with a ~ where one is mirrored."""
    names = list(clips)
    examples = Examples.of(Example(poses, "wave", name, name) for name, (_, poses) in clips.items())
    views = []
    for name, (photos, poses) in clips.items():
        frame, (height, width) = middle_frame(poses), photos.shape[1:3]
        views.append(View(name, "wave", number=0, of=1, frame=frame, poses=poses[frame], width=width, height=height))

    def picture(view: View, side: int) -> NDArray[np.uint8] | None:
        return None if view.name == gone else clips[view.name][0][view.frame]

    copies = copied_clips(examples, views, groups or names, picture)
    return {f"{names[one.first]} {'~' if one.mirrored else ''}{names[one.second]}" for one in copies}


@pytest.fixture(scope="module")
def clips() -> dict[str, tuple[Photos, Poses]]:
    """A clip and its copy; another motion in the same room; nearly the same motion in another room."""
    poses, other = moving(1), moving(2)
    again = poses.copy()
    again[:, :2] += np.random.default_rng(1).normal(0, 0.005, again[:, :2].shape).astype(np.float32)
    one = filmed(room(1), poses), poses
    return {
        "one": one,
        "other motion": (filmed(room(1), other), other),
        "other room": (filmed(room(2), again), again),
        "copy": changed(*one),
    }


def test_a_changed_copy_is_found_and_nothing_else(clips: dict[str, tuple[Photos, Poses]]) -> None:
    assert found(clips) == {"one ~copy"}


def test_the_pictures_tell_clips_apart_that_move_alike(clips: dict[str, tuple[Photos, Poses]]) -> None:
    names = list(clips)
    examples = Examples.of(Example(poses, "wave", name, name) for name, (_, poses) in clips.items())
    alike = {frozenset((names[one.whole], names[one.other])) for one in same_motions(examples, names)}
    assert alike == {frozenset(pair) for pair in combinations(("one", "other room", "copy"), 2)}


def test_all_frames_of_long_clips_are_compared_at_few_shifts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    frames, compared = 900, list[int]()
    draw = np.random.default_rng(4)
    time = np.arange(frames)[:, None, None] / 30
    points = 0.5 + draw.uniform(-0.15, 0.15, (21, 2)) + 0.1 * np.sin(draw.uniform(0.5, 2, (1, 2)) * time)
    poses = poses_from_picture(points + draw.normal(0, 0.002, points.shape))
    clips = Examples.of(Example(one, "wave", "", "") for one in (poses, poses[77:]))

    fitted = same_motion._fitted

    def counted(joints: NDArray[np.float64], others: NDArray[np.float64]) -> object:
        compared.append(len(joints))
        return fitted(joints, others)

    monkeypatch.setattr(same_motion, "_fitted", counted)
    (one,) = same_motions(clips, ["anna", "ben"])
    assert abs(one.frame - one.other_frame) == 77 and one.distance < 0.01
    assert sum(count > 200 for count in compared) <= 6


def test_copies_within_a_group_are_not_listed_and_neither_are_clips_that_are_gone(
    clips: dict[str, tuple[Photos, Poses]],
) -> None:
    assert found(clips, ["anna", "ben", "carl", "anna"]) == set()
    assert found(clips, gone="copy") == set()


def test_frames_without_a_hand_do_not_matter(clips: dict[str, tuple[Photos, Poses]]) -> None:
    photos, poses = clips["copy"]
    gone = poses.copy()
    gone[[0, 5, 6, len(gone) // 2]] = 0
    assert found(clips | {"copy": (photos, gone)}) == {"one ~copy"}
