"""Labels that other people's examples contradict."""

import numpy as np
from numpy.typing import NDArray

from handloom.check.features import vectors_of
from handloom.check.labels import contradicted
from handloom.dataset.examples import Example, Examples
from handloom.hand import Poses

CLASSES, PEOPLE, EACH = 3, 6, 6


def people_and_their_vectors() -> tuple[NDArray[np.float64], list[str], list[str]]:
    """Classes that lie apart, a little elsewhere for each person."""
    draw = np.random.default_rng(0)
    places = draw.normal(0, 3, (CLASSES, 8))
    rows = [(label, person) for label in range(CLASSES) for person in range(PEOPLE) for _ in range(EACH)]
    vectors = np.array([places[label] + 0.3 * person for label, person in rows]) + draw.normal(0, 0.3, (len(rows), 8))
    return vectors, [f"class {label}" for label, _ in rows], [f"person {person}" for _, person in rows]


def test_exchanged_labels_are_found_and_right_ones_are_not() -> None:
    vectors, labels, people = people_and_their_vectors()
    wrong = {3: "class 1", 40: "class 2", 80: "class 0"}
    found = contradicted(vectors, [wrong.get(row, label) for row, label in enumerate(labels)], people)
    assert {one.row: one.other for one in found} == {row: labels[row] for row in wrong}
    assert [one.lead for one in found] == sorted((one.lead for one in found), reverse=True)


def test_the_same_data_give_the_same_list() -> None:
    vectors, labels, people = people_and_their_vectors()
    labels[5] = "class 2"
    assert contradicted(vectors, labels, people) == contradicted(vectors, labels, people)


def test_a_class_of_one_person_is_not_judged() -> None:
    vectors, labels, people = people_and_their_vectors()
    mine = [label == "class 0" and person == "person 0" for label, person in zip(labels, people, strict=True)]
    labels = ["mine alone" if one else label for label, one in zip(labels, mine, strict=True)]
    assert not [one for one in contradicted(vectors, labels, people) if mine[one.row]]


def test_one_person_or_one_class_gives_nothing() -> None:
    vectors, labels, people = people_and_their_vectors()
    assert contradicted(vectors, labels, ["somebody"] * len(labels)) == []
    assert contradicted(vectors, ["fist"] * len(labels), people) == []


def hand(draw: np.random.Generator) -> Poses:
    poses = draw.uniform(0.3, 0.7, (1, 3, 21)).astype(np.float32)
    poses[:, 2] = 1
    return poses


def test_place_and_size_of_a_hand_do_not_matter() -> None:
    poses = hand(np.random.default_rng(1))
    other = poses.copy()
    other[:, :2] = poses[:, :2] * 0.5 + 0.2
    clip = np.concatenate([poses, other, poses])
    one, same = vectors_of(Examples.of([Example(poses, "a", "a", "a"), Example(other, "a", "b", "b")]))
    assert np.allclose(one, same, atol=1e-4)
    moved = clip.copy()
    moved[:, :2] = clip[:, :2] * 0.7 - 0.1
    one, same = vectors_of(Examples.of([Example(clip, "a", "a", "a"), Example(moved, "a", "b", "b")]))
    assert np.allclose(one, same, atol=1e-4)
