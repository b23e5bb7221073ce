"""Confidence intervals of an accuracy."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handloom.report.intervals import accuracy_interval, wilson

ANSWERS = st.lists(st.tuples(st.booleans(), st.sampled_from("abcdefg")), min_size=1, max_size=60)


def test_wilson_gives_the_numbers_of_a_worked_example() -> None:
    # Newcombe 1998, table I: 81 of 263 has 0.2553 to 0.3662 (method 3).
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


@settings(max_examples=40)
@given(ANSWERS)
def test_an_interval_holds_the_share_and_wilsons_interval(answers: list[tuple[bool, str]]) -> None:
    right = [one for one, _ in answers]
    low, high = accuracy_interval(right, [person for _, person in answers])
    inner_low, inner_high = wilson(sum(right), len(right))
    assert 0 <= low <= inner_low <= sum(right) / len(right) + 1e-12
    assert sum(right) / len(right) - 1e-12 <= inner_high <= high <= 1


def test_people_who_are_all_right_or_all_wrong_make_it_wider() -> None:
    right = [person < 5 for person in range(10) for _ in range(20)]
    together = accuracy_interval(right, [str(person) for person in range(10) for _ in range(20)])
    apart = accuracy_interval(right, [str(number) for number in range(200)])
    assert together[0] < apart[0] - 0.1 and together[1] > apart[1] + 0.1
