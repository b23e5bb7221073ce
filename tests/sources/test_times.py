"""Times of annotation files, in every form that Create ML takes."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handloom.sources.clip import UnusableError
from handloom.sources.times import seconds_of


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("12", 12),
        ("12.5", 12.5),
        ("12.", 12),
        (".5", 0.5),
        (" 7 ", 7),
        ("01:30", 90),
        ("1:30.250", 90.25),
        ("8:3.2", 483.2),
        ("90:00", 5400),
        ("01:00:00", 3600),
        ("1:59:5.8", 7145.8),
        (12, 12),
        (12.5, 12.5),
        (timedelta(seconds=1.5), 1.5),
        ("", None),
        ("  ", None),
        (None, None),
        (float("nan"), None),
    ],
)
def test_forms(value: Any, seconds: float | None) -> None:
    assert seconds_of(value) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value",
    [
        *("a", "1:2:3:4", ":5", "5:", "1,5", "1e3", "inf", "nan", "1_0", "5s", "1:75", "1:60:00", "\u0663", "9" * 400),
        *(True, [1], {"s": 1}, float("inf"), 10**400),
    ],
)
def test_what_is_no_time_is_refused(value: Any) -> None:
    with pytest.raises(UnusableError, match=r"^[^\n]*(write seconds, mm:ss or hh:mm:ss|a text was expected)[^\n]*$"):
        seconds_of(value)


@pytest.mark.parametrize("value", ["-3", "-0:01", -1, -0.5])
def test_negative_times_are_refused(value: Any) -> None:
    with pytest.raises(UnusableError, match="is negative"):
        seconds_of(value)


@given(st.integers(0, 359_999_999), st.booleans(), st.booleans())
def test_what_was_written_is_read(milliseconds: int, hours: bool, padded: bool) -> None:
    seconds, fraction = divmod(milliseconds, 1000)
    width = 2 if padded else 1
    last = f"{seconds % 60:0{width}}.{fraction:03}"
    if hours:
        text = f"{seconds // 3600:0{width}}:{seconds // 60 % 60:0{width}}:{last}"
    else:
        text = f"{seconds // 60:0{width}}:{last}"
    assert seconds_of(text) == pytest.approx(milliseconds / 1000, abs=1e-6)
    assert seconds_of(str(milliseconds / 1000)) == milliseconds / 1000
