"""Groups: from a CSV, else from a folder or the file's name, else each file alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handloom.config import Groups
from handloom.errors import ConfigurationError, DataError
from handloom.sources.groups import GroupFinder

KEY = "data.pose.groups"


@pytest.fixture
def groups(tmp_path: Path) -> Callable[..., Groups]:
    """A function that writes the CSV and gives the parameters that name it."""

    def write(content: str | bytes, **settings: Any) -> Groups:
        path = tmp_path / "groups.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return Groups(file=str(path), **settings)

    return write


def finder(parameters: Groups, key: str) -> Callable[[str], str]:
    return GroupFinder(parameters, key).group_of


def one_line_error(kind: type[Exception], parameters: Groups) -> str:
    with pytest.raises(kind) as caught:
        GroupFinder(parameters, KEY)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_the_csv_names_groups_by_path(groups: Callable[..., Groups]) -> None:
    group_of = finder(groups("path,group\nfist/1.jpg,ann\nfist/2.jpg, bob \n"), KEY)
    assert [group_of(name) for name in ("fist/1.jpg", "fist/2.jpg")] == ["ann", "bob"]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_csv_of_a_spreadsheet_will_do(groups: Callable[..., Groups], start: str, line_end: str) -> None:
    text = f'{start}path,group{line_end}"fist/1, copy.jpg",Jörg{line_end}'
    assert finder(groups(text), KEY)("fist/1, copy.jpg") == "Jörg"


def test_columns_may_have_other_names_and_others_are_passed_over(groups: Callable[..., Groups]) -> None:
    parameters = groups("person,age,file\nann,30,fist/1.jpg\n", path_column="file", group_column="person")
    assert finder(parameters, KEY)("fist/1.jpg") == "ann"


def test_the_pattern_is_for_the_file_name(groups: Callable[..., Groups]) -> None:
    group_of = finder(groups("path,group\n", pattern=r"^(person_\d+)-"), KEY)
    assert group_of("fist/person_7-3.jpg") == "person_7"
    assert group_of("person_1-hands/person_2-3.jpg") == "person_2"


@pytest.mark.parametrize("pattern", ["", r"^(person_\d+)-", "(x)?a"])
def test_a_file_that_nothing_matches_is_a_group_of_its_own(groups: Callable[..., Groups], pattern: str) -> None:
    group_of = finder(groups("path,group\nfist/1.jpg,ann\n", pattern=pattern), KEY)
    assert group_of("fist/a.jpg") == "fist/a.jpg"
    assert group_of("five/1.jpg") == "five/1.jpg"


def test_the_csv_goes_before_the_pattern(groups: Callable[..., Groups]) -> None:
    group_of = finder(groups("path,group\nfist/bob-1.jpg,ann\n", pattern="^([a-z]+)-"), KEY)
    assert [group_of(name) for name in ("fist/bob-1.jpg", "fist/bob-2.jpg")] == ["ann", "bob"]


@pytest.mark.parametrize("row", ["fist/bob-1.jpg,", "fist/bob-1.jpg, ", "fist/bob-1.jpg"])
def test_a_row_without_a_group_names_none(groups: Callable[..., Groups], row: str) -> None:
    group_of = finder(groups(f"path,group\n{row}\n", pattern="^([a-z]+)-"), KEY)
    assert group_of("fist/bob-1.jpg") == "bob"


@pytest.mark.parametrize(("content", "listed"), [("file,group\n", "file, group"), ("path\n", "path"), ("", "none")])
def test_a_missing_column_is_named_with_those_that_exist(
    groups: Callable[..., Groups], content: str, listed: str
) -> None:
    text = one_line_error(DataError, groups(content))
    assert "groups.csv: no column '" in text
    assert f"it has {listed}: set {KEY}.{'group' if listed == 'path' else 'path'}_column" in text


def test_a_missing_file_is_named_with_its_parameter(tmp_path: Path) -> None:
    text = one_line_error(DataError, Groups(file=str(tmp_path / "nowhere.csv")))
    assert "nowhere.csv: no such file" in text
    assert f"{KEY}.file" in text


def test_a_folder_in_place_of_the_file_is_named_with_its_parameter(tmp_path: Path) -> None:
    (tmp_path / "groups.csv").mkdir()
    text = one_line_error(DataError, Groups(file=str(tmp_path / "groups.csv")))
    assert "groups.csv: no such file" in text
    assert f"{KEY}.file" in text


@pytest.mark.parametrize(
    "content", ["path,group\nfist/1.jpg,Jörg\n".encode("latin-1"), "path,group\n".encode("utf-16-be")]
)
def test_a_file_that_is_not_utf8_is_named(groups: Callable[..., Groups], content: bytes) -> None:
    text = one_line_error(DataError, groups(content))
    assert "groups.csv: not UTF-8" in text
    assert "save it as UTF-8" in text


@pytest.mark.parametrize(("level", "group"), [(0, "ann"), (1, "fist"), (2, "studio"), (3, "ann"), (4, "ann")])
def test_a_folder_may_be_the_group_and_goes_before_the_pattern(
    groups: Callable[..., Groups], level: int, group: str
) -> None:
    group_of = finder(groups("path,group\n", folder_level=level, pattern="^([a-z]+)-"), KEY)
    assert group_of("fist/studio/ann-1.jpg") == group


def test_the_csv_goes_before_the_folder(groups: Callable[..., Groups]) -> None:
    group_of = finder(groups("path,group\nfist/ann/1.jpg,bob\n", folder_level=2), KEY)
    assert [group_of(name) for name in ("fist/ann/1.jpg", "fist/ann/2.jpg")] == ["bob", "ann"]


def test_no_csv_is_needed() -> None:
    assert finder(Groups(file=""), KEY)("fist/1.jpg") == "fist/1.jpg"


@pytest.mark.parametrize("written", ["./fist/Jo\u0308rg.jpg", "fist\\J\u00f6rg.jpg"])
def test_one_path_has_several_spellings(groups: Callable[..., Groups], written: str) -> None:
    assert finder(groups(f"path,group\n{written},ann\n"), KEY)("fist/J\u00f6rg.jpg") == "ann"


def test_two_groups_of_one_file_are_refused(groups: Callable[..., Groups]) -> None:
    text = one_line_error(DataError, groups("path,group\na.jpg,ann\nb.jpg,ann\na.jpg,bob\n"))
    assert "groups.csv row 4: a.jpg is in group 'bob' here and in 'ann' in row 2; keep one" in text


def test_paths_of_the_csv_that_were_never_asked_for_are_told(groups: Callable[..., Groups]) -> None:
    found = GroupFinder(groups("path,group\na.jpg,ann\nfits/b.jpg,bob\nfist/c.jpg,bob\n"), KEY)
    assert found.group_of("a.jpg") == "ann"
    (note,) = found.notes()
    assert note.endswith("groups.csv: 2 of its 3 paths name no file of the source (the first: fist/c.jpg)")


@pytest.mark.parametrize(("pattern", "reason"), [("(person", "not a regular expression"), ("person", "put brackets")])
def test_a_wrong_pattern_is_named_with_its_parameter(groups: Callable[..., Groups], pattern: str, reason: str) -> None:
    text = one_line_error(ConfigurationError, groups("path,group\n", pattern=pattern))
    assert text.startswith(f"{KEY}.pattern: ")
    assert reason in text
    assert repr(pattern) in text


@pytest.mark.parametrize("settings", [{"pattern": "^([a-z]+)-"}, {"folder_level": 3}])
def test_a_rule_that_gives_no_file_a_group_is_told(settings: dict[str, Any]) -> None:
    found = GroupFinder(Groups(file="", **settings), KEY)
    assert [found.group_of(name) for name in ("a/1.jpg", "b/2.jpg")] == ["a/1.jpg", "b/2.jpg"]
    (note,) = found.notes()
    assert note.startswith(f"{KEY}.{next(iter(settings))} ") and "gives none of the 2 files a group" in note
    assert "each of the others is a group of its own (the first: a/1.jpg)" in note


def test_a_rule_that_gives_all_files_a_group_is_not_told() -> None:
    found = GroupFinder(Groups(file="", pattern="^([a-z]+)_"), KEY)
    assert found.group_of("a/ann_1.jpg") == "ann"
    assert found.notes() == []


@pytest.mark.parametrize("settings", [{"pattern": "^([a-z\u00f6]+)_"}, {"folder_level": 2}])
def test_a_person_whose_name_was_written_on_a_mac_is_one_group(settings: dict[str, Any]) -> None:
    found = GroupFinder(Groups(file="", **settings), KEY)
    names = [f"a/{person}/{person}_1.jpg" for person in ("jo\u0308rg", "j\u00f6rg")]
    assert {found.group_of(name) for name in names} == {"j\u00f6rg"}
