"""The same picture under two names: kept on one side of a split, refused where its labels contradict each other."""

from pathlib import Path

from handloom.extraction.duplicates import settle_duplicates
from handloom.sources import Clip, Skipped

FOLDER = Path("photos")


def clip(file: str, label: str, group: str, start: float | None = None) -> Clip:
    return Clip(FOLDER, file, label, group, start=start)


def settle(contents: dict[Clip, str]) -> tuple[list[Clip], list[Skipped], list[str]]:
    return settle_duplicates(list(contents), {clip.path: content for clip, content in contents.items() if content})


def test_different_files_stay_as_they_are() -> None:
    contents = {clip("a.jpg", "one", "anna"): "1", clip("b.jpg", "two", "ben"): "2", clip("c.jpg", "two", "ben"): ""}
    assert settle(contents) == (list(contents), [], [])


def test_a_copy_in_the_same_class_joins_the_group_of_the_first_and_is_told() -> None:
    used, skipped, notes = settle({clip("a.jpg", "one", "anna"): "1", clip("b.jpg", "one", "ben"): "1"})
    assert [(c.file, c.group) for c in used] == [("a.jpg", "anna"), ("b.jpg", "anna")]
    assert not skipped
    assert notes == ["a.jpg: the same content as b.jpg; remove the copies"]


def test_the_same_picture_in_two_classes_is_left_out_of_both() -> None:
    contents = {clip("a.jpg", "one", "x"): "1", clip("b\n.jpg", "two", "y"): "1", clip("c.jpg", "two", "z"): "2"}
    used, skipped, notes = settle(contents)
    assert [c.file for c in used] == ["c.jpg"]
    assert [s.label for s in skipped] == ["one", "two"]
    assert all("a.jpg" in s.reason and "b\\n.jpg" in s.reason and "\n" not in s.reason for s in skipped)
    assert not notes


def test_stretches_of_one_video_may_have_different_classes() -> None:
    contents = {clip("a.mp4", "one", "x", 0.0): "1", clip("a.mp4", "two", "x", 2.0): "1"}
    assert settle(contents) == (list(contents), [], [])


def test_side_files_and_broken_files_of_one_content_are_no_duplicates(tmp_path: Path) -> None:
    contents = {}
    for number, content in enumerate((b"{}", b"", b"<html>not found</html>")):
        for label in ("one", "two"):
            (tmp_path / f"{label}{number}.jpg").write_bytes(content)
            contents[Clip(tmp_path, f"{label}{number}.jpg", label, "")] = str(number)
    assert settle(contents) == (list(contents), [], [])
