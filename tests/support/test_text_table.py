"""A table for the terminal."""

from handloom.support.text_table import text_table


def test_names_stand_to_the_left_and_numbers_to_the_right() -> None:
    assert text_table([["wave", 3, 0.25], ["thumbs_up", 120, 1.0]], ["class", "files", "share"]).splitlines() == [
        "class      files   share",
        "wave           3  0.2500",
        "thumbs_up    120  1.0000",
    ]


def test_a_text_that_looks_like_a_number_stays_as_it_is() -> None:
    assert text_table([["1e5", "0012"], ["2", "3"]]).splitlines() == ["1e5  0012", "2       3"]


def test_wide_letters_take_two_cells_and_marks_none() -> None:
    assert text_table([["手势", 1], ["e\u0301a", 2]]).splitlines() == ["手势  1", "e\u0301a    2"]


def test_nothing_but_heads() -> None:
    assert text_table([], ["class", "files"]) == "class  files"
