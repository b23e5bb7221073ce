"""Files whose names begin with the label."""

import pytest
from places import Place, make_place

from handloom import config

place = pytest.fixture(make_place)


def test_the_label_ends_at_the_first_period(place: Place) -> None:
    place.touch("Peace.3.png", "ThumbsUp.1.v2.jpg", "thumbs up.jpg", "studio/Peace.1.png")
    gathered = place.files(groups=config.Groups(file="", folder_level=1))
    assert [(clip.name, clip.label, clip.group) for clip in gathered.clips] == [
        ("Peace.3.png", "Peace", "Peace.3.png"),
        ("ThumbsUp.1.v2.jpg", "ThumbsUp", "ThumbsUp.1.v2.jpg"),
        ("studio/Peace.1.png", "Peace", "studio"),
        ("thumbs up.jpg", "thumbs up", "thumbs up.jpg"),
    ]
    assert gathered.skipped == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("noext", "noext: no period after the label; name it label.number.suffix"),
        (" .1.jpg", " .1.jpg: no label; give it one"),
        ("a" * 101 + ".1.jpg", "a" * 101 + ".1.jpg: a label of 101 characters; use at most 100"),
        ("a\nb.1.jpg", "a\\nb.1.jpg: its label has control characters; remove them"),
    ],
)
def test_a_name_without_a_label_is_skipped(place: Place, name: str, reason: str) -> None:
    place.touch("Peace.1.png", name)
    gathered = place.files()
    assert [clip.name for clip in gathered.clips] == ["Peace.1.png"]
    assert [(skipped.name, skipped.reason) for skipped in gathered.skipped] == [(name, reason)]


def test_names_that_begin_with_a_period_are_hidden(place: Place) -> None:
    place.touch("Peace.1.png", ".jpg")
    gathered = place.files()
    assert len(gathered.clips) == 1
    assert gathered.skipped == []
