"""The note of a source's files: it changes with them, and with nothing else."""

import json
from pathlib import Path

import pytest

from handloom.errors import DataError
from handloom.extraction.raw_data import remove_old_notes, write_note


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("one/a.jpg", "one/b.jpg", "two/c.jpg"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_text(name)
    return tmp_path / "photos"


def note_of(path: Path, folder: Path) -> dict[str, object]:
    write_note(path, folder / "notes" / "path.json", folder / "cache.sqlite")
    content: dict[str, object] = json.loads((folder / "notes" / "path.json").read_text())
    return content


def test_a_note_changes_with_the_files_and_with_nothing_else(photos: Path, tmp_path: Path) -> None:
    before = note_of(photos, tmp_path)
    assert before["files"] == 3
    (photos / "one" / ".DS_Store").write_text("of a Mac")
    (photos / "one" / "a.jpg").touch()
    assert note_of(photos, tmp_path) == before
    moved = photos.rename(tmp_path / "elsewhere")
    assert note_of(moved, tmp_path) == before
    for change in (
        lambda: (moved / "one" / "a.jpg").write_text("changed"),
        lambda: (moved / "one" / "a.jpg").rename(moved / "two" / "a.jpg"),
        lambda: (moved / "two" / "a.jpg").unlink(),
    ):
        change()
        after = note_of(moved, tmp_path)
        assert after != before
        before = after


def test_files_behind_links_count_and_a_link_to_a_folder_above_ends(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "linked.jpg").write_text("linked")
    (photos / "one" / "link.jpg").symlink_to(tmp_path / "linked.jpg")
    (photos / "one" / "up").symlink_to(photos)
    before = note_of(photos, tmp_path)
    assert before["files"] == 4
    (tmp_path / "linked.jpg").write_text("another")
    assert note_of(photos, tmp_path) != before


def test_a_file_has_a_note_too_and_none_is_one_line(photos: Path, tmp_path: Path) -> None:
    assert note_of(photos / "one" / "a.jpg", tmp_path)["files"] == 1
    with pytest.raises(DataError, match="nowhere: no such file or folder; dvc pull gets it"):
        note_of(tmp_path / "nowhere", tmp_path)


def test_notes_of_what_is_no_longer_read_go(photos: Path, tmp_path: Path) -> None:
    note_of(photos, tmp_path)
    (tmp_path / "notes" / "annotation_file.json").write_text("{}")
    remove_old_notes(tmp_path / "notes", {"path"})
    assert [one.name for one in (tmp_path / "notes").iterdir()] == ["path.json"]
    remove_old_notes(tmp_path / "none", {"path"})
