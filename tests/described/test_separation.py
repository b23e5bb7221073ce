"""Which descriptions cannot be told apart: twins are named, others are not."""

from dataclasses import replace
from pathlib import Path

from handloom.described.reading import load_gestures
from handloom.described.separation import separation_of

GESTURES = Path(__file__).parents[2] / "data" / "sample" / "gestures"


def test_twins_are_named_and_different_poses_are_not() -> None:
    poses = load_gestures(GESTURES / "pose")
    some = {name: poses[name] for name in ("background", "five", "one")}
    apart = separation_of(some)
    assert apart.taken.sum(axis=1).round(6).tolist() == [1, 1, 1]
    assert not any({"five", "one"} == {one, other} for one, other, _ in apart.hard_pairs())
    twins = separation_of({**some, "high_five": replace(poses["five"], label="high_five")})
    one, other, share = twins.hard_pairs()[0]
    assert {one, other} == {"five", "high_five"} and share > 0.3
    assert any("'five' and 'high_five'" in note or "'high_five' and 'five'" in note for note in twins.notes())
    five, background = twins.labels.index("five"), twins.labels.index("background")
    assert twins.distance[five, background] > 1.5 * twins.distance[five, twins.labels.index("high_five")]


def test_actions_that_differ_in_their_way_alone_are_told_apart() -> None:
    actions = load_gestures(GESTURES / "action")
    found = separation_of({name: actions[name] for name in ("swipe_left", "swipe_right")})
    assert not found.notes()
