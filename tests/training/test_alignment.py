"""Described photos moved to where real ones are."""

import numpy as np
import pytest
from conftest import REPOSITORY
from hypothesis import given, settings
from hypothesis import strategies as st

from handloom.dataset.examples import Example, Examples
from handloom.described.cameras import Cameras
from handloom.described.gestures import Gesture, Range
from handloom.described.joint_sets import Makers, joint_sets
from handloom.described.people import generator_for, make_people
from handloom.described.reading import load_gestures
from handloom.errors import ConfigurationError
from handloom.hand import Poses, mirror
from handloom.training.alignment import _as_alike, aligned

CAMERAS = Cameras(Range(1.0, 4.0), Range(3.0, 15.0), Range(9 / 16, 16 / 9))
GESTURES = load_gestures(REPOSITORY / "data/sample/gestures/pose")


def hands(gesture: Gesture, count: int, seed: int = 1) -> Poses:
    makers = Makers(make_people(seed, 10), CAMERAS, None)
    return joint_sets(gesture, [], makers, count, generator_for(seed, "alignment")).poses


DESCRIBED, OWN = hands(GESTURES["two"], 40), hands(GESTURES["one"], 3, seed=2)


def joined(**sources: list[tuple[str, Poses]]) -> Examples:
    return Examples.of(
        Example(pose[None], label, f"{source}/{label}/{number}.jpg", "")
        for source, parts in sources.items()
        for label, poses in parts
        for number, pose in enumerate(poses)
    )


def middle(poses: Poses) -> np.ndarray:
    return np.asarray(_as_alike(poses)[0].mean(axis=0))


def end_on(poses: Poses) -> Poses:
    """With the wrist next to the middle knuckle."""
    poses = poses.copy()
    poses[:, :2, 0] = poses[:, :2, 9] - 0.01 * (poses[:, :2, 5] - poses[:, :2, 17])
    return poses


def test_the_middle_of_a_class_is_moved_by_n_of_n_plus_1_of_the_way() -> None:
    moved = aligned(joined(described=[("a", DESCRIBED)], own=[("a", OWN)]), {"described": "own"}).frames
    before, target, after = middle(DESCRIBED), middle(OWN), middle(moved[: len(DESCRIBED)])
    assert np.abs(target - before).max() > 0.3
    np.testing.assert_allclose(after, before + 3 / 4 * (target - before), atol=1e-4)
    np.testing.assert_array_equal(moved[len(DESCRIBED) :], OWN)


@settings(deadline=None, max_examples=25)
@given(
    st.floats(-np.pi, np.pi),
    st.floats(0.3, 3),
    st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
    st.booleans(),
)
def test_where_how_large_how_turned_and_which_hand_photos_show_means_nothing(
    angle: float, size: float, shift: tuple[float, float], mirrored: bool
) -> None:
    own = OWN.copy()
    cosine, sine = size * np.cos(angle), size * np.sin(angle)
    own[:, :2] = np.einsum("cd,ndj->ncj", [[cosine, -sine], [sine, cosine]], own[:, :2]) + np.array(shift)[:, None]
    own = mirror(own) if mirrored else own
    first, second = (
        aligned(joined(described=[("a", DESCRIBED)], own=[("a", photos)]), {"described": "own"}).frames[
            : len(DESCRIBED)
        ]
        for photos in (OWN, own)
    )
    np.testing.assert_allclose(first, second, atol=1e-3)


def test_only_classes_of_the_named_source_that_the_other_one_has_are_moved() -> None:
    examples = joined(
        described=[("a", DESCRIBED), ("b", DESCRIBED)], drawn=[("a", DESCRIBED)], own=[("a", OWN), ("c", OWN)]
    )
    frames = aligned(examples, {"described": "own"}).frames
    changed = (frames != examples.frames).any(axis=(1, 2))
    assert changed.tolist() == [True] * len(DESCRIBED) + [False] * (len(frames) - len(DESCRIBED))


def test_a_photo_without_a_hand_and_a_joint_that_was_not_seen_do_not_count() -> None:
    tip = 8
    hidden = OWN.copy()
    hidden[0, :, tip] = 0
    lost = np.zeros_like(OWN[:1])
    with_them, without, all_seen = (
        aligned(joined(described=[("a", DESCRIBED)], own=[("a", own)]), {"described": "own"}).frames[: len(DESCRIBED)]
        for own in (np.concatenate([hidden, lost]), hidden, OWN)
    )
    np.testing.assert_array_equal(with_them, without)
    others = np.delete(np.arange(21), tip)
    np.testing.assert_allclose(without[..., others], all_seen[..., others], atol=1e-6)
    assert np.isfinite(without).all()
    assert np.abs(without[..., tip] - all_seen[..., tip]).max() > 1e-3


def test_a_hand_that_is_seen_from_the_end_of_its_palm_neither_counts_nor_is_moved() -> None:
    both, others = (
        aligned(joined(described=[("a", DESCRIBED)], own=[("a", own)]), {"described": "own"}).frames[: len(DESCRIBED)]
        for own in (np.concatenate([OWN, end_on(OWN)]), OWN)
    )
    np.testing.assert_array_equal(both, others)
    described = end_on(DESCRIBED)
    moved = aligned(joined(described=[("a", described)], own=[("a", OWN)]), {"described": "own"}).frames
    np.testing.assert_array_equal(moved[: len(described)], described)


@pytest.mark.parametrize("towards", [{"described": "photos"}, {"photos": "own"}])
def test_a_source_that_is_not_there_is_named(towards: dict[str, str]) -> None:
    examples = joined(described=[("a", DESCRIBED)], own=[("a", OWN)])
    with pytest.raises(ConfigurationError, match=r"^align_to\.photos: no training example comes from a joined source"):
        aligned(examples, towards)
