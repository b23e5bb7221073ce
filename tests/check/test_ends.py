"""Ends of clips and of bursts of photos that do not show the sign."""

import numpy as np

from handloom.check.ends import SHORTEST, Ends, ends_of_bursts, ends_of_clips
from handloom.dataset.examples import Example, Examples
from handloom.hand import Poses, poses_from_picture

RATE = 20.0
GONE = np.zeros((15, 3, 21), np.float32)


def swipe(draw: np.random.Generator, frames: int = 20) -> Poses:
    """A hand that goes to the right."""
    shape = np.linspace(0, 0.2, 42).reshape(21, 2) ** 0.8
    points = shape + np.stack([np.linspace(0.1, 0.6, frames), np.full(frames, 0.4)], axis=1)[:, None]
    return poses_from_picture(points + draw.normal(0, 0.002, points.shape))


def waiting(pose: Poses, frames: int = 20) -> Poses:
    return np.repeat(pose[None], frames, axis=0)


def found(changed: Poses, label: str = "swipe", background: str = "background") -> list[Ends]:
    """Of twelve people's swipes, the last one's is changed."""
    draw = np.random.default_rng(1)
    clips = [*(swipe(draw, 18 + person % 5) for person in range(11)), changed]
    people = [f"person {person}" for person in range(12)]
    examples = Examples.of(Example(poses, label, "", "") for poses in clips)
    return ends_of_clips(examples, [label] * 12, people, RATE, background)


def test_a_hand_that_waits_before_its_sign_and_after_it_is_listed_with_the_seconds() -> None:
    clip = swipe(np.random.default_rng(2))
    (one,) = found(np.concatenate([waiting(clip[0]), clip, waiting(clip[-1], 16)]))
    assert one.row == 11 and not one.missing
    assert abs(one.before - 1.0) <= 0.3 and abs(one.after - 0.8) <= 0.3


def test_ends_without_a_hand_are_listed_and_so_is_the_waiting_between_them_and_the_sign() -> None:
    clip = swipe(np.random.default_rng(2))
    (one,) = found(np.concatenate([GONE, clip]))
    assert (one.before, one.after, one.missing) == (len(GONE) / RATE, 0.0, True)
    (one,) = found(np.concatenate([GONE, waiting(clip[0]), clip]))
    assert not one.missing and abs(one.before - 1.75) <= 0.3


def test_short_ends_a_slow_sign_and_the_background_are_not_listed() -> None:
    clip = swipe(np.random.default_rng(2))
    assert not found(clip)
    assert not found(np.concatenate([GONE[: int(SHORTEST * RATE) - 1], clip]))
    assert not found(swipe(np.random.default_rng(2), 45))
    assert not found(np.concatenate([GONE, waiting(clip[0]), clip]), "background")


def burst(*listed: int, count: int = 10, name: str = "fist/IMG {}.jpg") -> list[int]:
    """What is listed of a burst, when these of its photos are contradicted; another person's come after it."""
    labels, people = ["fist"] * (count + 3), ["anna"] * count + ["ben"] * 3
    names = [name.format(8 + row, chr(ord("a") + row)) for row in range(count + 3)]
    # Names are in the order of texts, in which IMG 10 is before IMG 8.
    order = sorted(range(count + 3), key=lambda row: (people[row], names[row]))
    contradicted = {order.index(row) for row in (*listed, count)}
    found = ends_of_bursts(contradicted, labels, people, [names[row] for row in order])
    return [order[row] for row in found]


def test_photos_at_the_ends_of_a_burst_are_listed_up_to_the_first_right_one() -> None:
    assert burst(0, 1, 9) == [0, 1, 9]
    assert burst(1, 4, 8) == []
    assert burst(0, 1, 3) == [0, 1]


def test_photos_whose_names_do_not_count_are_no_burst() -> None:
    assert burst(0, 1, name="fist/{1}{0}f.jpg") == burst(0, 1, name="fist/photo.jpg") == []


def test_few_photos_are_no_burst_and_mostly_contradicted_ones_have_no_ends() -> None:
    assert burst(0, count=7) == []
    assert burst(0, 1, 2, 7, 8, 9) == [] and burst(*range(10)) == []
