"""Labels that look alike are told; those with invisible characters, or that pages would run, are refused."""

import pytest
from places import Place, make_place

from handloom.sources.clip import UnusableError
from handloom.sources.labels import checked_label, note_on_lookalikes

place = pytest.fixture(make_place)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(("Five", "five"), ("thumb up", "thumb_up"), ("a  b", "a b"), ("five", "fiv\u0435"), ("O", "\u039f")),
        *(
            ("K", "\u212a"),
            ("\u0441\u043e\u0440", "cop"),
            ("x\u200dy", "xy"),
            ("\uff21", "A"),
            ("stra\u00dfe", "STRASSE"),
        ),
    ],
)
def test_labels_that_look_alike_are_a_line(one: str, other: str) -> None:
    (note,) = note_on_lookalikes([one, other, "another", one], "data.pose")
    assert note.startswith("data.pose: ") and note.isprintable()
    assert "look alike and are 2 classes; give them one name if they are one" in note


def test_letters_of_another_script_are_named_by_number() -> None:
    (note,) = note_on_lookalikes(["five", "fiv\u0435"], "data.pose")
    assert "'fiv\u0435' (with U+0435)" in note


def test_different_labels_are_not_told() -> None:
    assert note_on_lookalikes(["one", "two", "1", "01", "größe", "grosse", "五", "六", "é", "e", "ж", "x"], "x") == []


@pytest.mark.parametrize("label", ["</script>", "<b>", "a<!--", "<?php", "x</SCRIPT >"])
def test_markup_is_refused(label: str) -> None:
    with pytest.raises(UnusableError, match="begins a tag on web pages; remove it"):
        checked_label(label)


@pytest.mark.parametrize("letter", ["\u200b", "\ufeff", "\u00ad", "\u2060", "\u202e", "\u2066"])
def test_invisible_letters_are_refused(letter: str) -> None:
    with pytest.raises(UnusableError, match=rf"an invisible character \(U\+{ord(letter):04X}\); remove it"):
        checked_label(f"fi{letter}ve")


@pytest.mark.parametrize("label", ["<3", "a < b", "-", "+", "👨‍👩‍👧", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "می‌خواهم", "=1", "@home", ">"])
def test_labels_that_people_use_stay(label: str) -> None:
    assert checked_label(label) == label


def test_a_folder_written_on_a_mac_is_the_same_class(place: Place) -> None:
    place.touch("gro\u0308\u00dfe/1.jpg", "gr\u00f6\u00dfe/2.jpg", "one/1.jpg", "one/2.jpg")
    gathered = place.directories()
    assert {clip.label for clip in gathered.clips} == {"gr\u00f6\u00dfe", "one"}
    assert note_on_lookalikes((clip.label for clip in gathered.clips), "x") == []
