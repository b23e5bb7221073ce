"""Writing to a temporary file, then renaming it: the old content stays until the new one is complete."""

import csv
import errno
import hashlib
import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import time

import av
import pytest

from handloom.support import files
from handloom.support.files import as_cell, creating, replacing, sha256_of_file, write_csv, write_json


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names_in(tmp_path) == ["a.txt"]


def test_a_folder_is_replaced_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "model.mlpackage"
    path.mkdir()
    (path / "old").write_text("old")
    with replacing(path) as temporary:
        temporary.mkdir()
        (temporary / "new").write_text("new")
        assert names_in(path) == ["old"]
    assert names_in(path) == ["new"]
    assert names_in(tmp_path) == ["model.mlpackage"]


def test_the_old_file_stays_when_the_block_raises(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["a.txt"]


def test_the_old_folder_stays_when_the_block_raises(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as temporary:
        temporary.mkdir()
        (temporary / "half").write_text("half")
        raise KeyboardInterrupt
    assert names_in(path) == ["old"]
    assert names_in(tmp_path) == ["folder"]


@pytest.mark.parametrize("kind", [OSError, av.error.OSError])
def test_an_error_names_the_file_and_not_the_temporary_one(tmp_path: Path, kind: type[OSError]) -> None:
    with pytest.raises(OSError, match="No space left") as caught, replacing(tmp_path / "a.mp4") as part:
        raise kind(errno.ENOSPC, "No space left on device", str(part))
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(tmp_path / "a.mp4"))


def test_what_a_library_says_of_a_file_stays(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"^cannot write mode F as JPEG$"), replacing(tmp_path / "a.jpg"):
        raise OSError("cannot write mode F as JPEG")


def test_nothing_is_made_when_the_block_raises_before_it_writes(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "a.txt"):
        raise KeyboardInterrupt
    assert names_in(tmp_path) == []


def test_missing_parent_folders_are_made_and_the_suffix_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "b" / "c" / "table.parquet"
    with replacing(path) as temporary:
        assert temporary.parent == path.parent
        assert temporary.suffix == ".parquet"
        temporary.write_text("")
    assert names_in(path.parent) == ["table.parquet"]


def test_a_file_is_created_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with creating(path) as temporary:
        assert temporary.suffix == ".db"
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert names_in(tmp_path) == ["a.db"]


def test_what_was_created_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with creating(path) as temporary:
        temporary.write_text("second")
        path.write_text("first")
    assert path.read_text() == "first"
    assert names_in(tmp_path) == ["a.db"]


def test_a_file_is_created_where_there_are_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    path = tmp_path / "a.db"
    with creating(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert names_in(tmp_path) == ["a.db"]


def test_nothing_is_created_when_the_block_raises(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), creating(tmp_path / "a.db") as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert names_in(tmp_path) == []


def test_json_is_utf8_with_a_closing_newline(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"größe": [1, 0.5, None]})
    text = path.read_text(encoding="utf-8")
    assert "größe" in text
    assert text.endswith("}\n")
    assert json.loads(text) == {"größe": [1, 0.5, None]}


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_json_refuses_what_is_no_number_and_keeps_the_old_file(tmp_path: Path, number: float) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"accuracy": 0.5})
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"accuracy": number})
    assert json.loads(path.read_text()) == {"accuracy": 0.5}
    assert names_in(tmp_path) == ["a.json"]


def test_csv_has_all_keys_in_order_of_appearance(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_csv(path, [{"b": 1}, {"a": "x,y", "b": 2}])
    assert path.read_bytes() == b'b,a\n1,\n2,"x,y"\n'
    assert names_in(tmp_path) == ["a.csv"]


def test_sha256_is_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\x00\xffhand")
    assert sha256_of_file(path) == hashlib.sha256(b"\x00\xffhand").hexdigest()


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        *(
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1+cmd", "'+1+cmd"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\uff1dSUM(A1)", "'\uff1dSUM(A1)"),
        ),
        *(("\tx", "'\tx"), ("a\rb", "a\\rb"), ("a</script><b>", "a\\x3c/script>\\x3cb>"), ("<!--", "\\x3c!--")),
        *(
            ("-", "-"),
            ("+", "+"),
            ("-1", "-1"),
            ("+1.5", "+1.5"),
            ("a=b", "a=b"),
            ("<3", "<3"),
            ("five", "five"),
            ("", ""),
        ),
        *((-1.5, -1.5), (None, None), (3, 3)),
    ],
)
def test_nothing_in_a_table_for_people_runs_where_it_is_opened(
    tmp_path: Path, text: float | str | None, cell: float | str | None
) -> None:
    assert as_cell(text) == cell
    write_csv(tmp_path / "a.csv", [{"label": text, "number": -1}])
    with (tmp_path / "a.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row == {"label": "" if cell is None else str(cell), "number": "-1"}


FILE_EVENTS = {"open", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "shutil.rmtree"}


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do `work` in a process of its own that is killed at its file operation of this number; whether it was killed."""
    process = os.fork()
    if process == 0:
        steps = iter(range(step, -1, -1))

        def kill(event: str, _: object) -> None:
            if event in FILE_EVENTS and next(steps, 1) == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        files._remains.cache_clear()  # as in a process that was just started
        sys.addaudithook(kill)
        work()
        os._exit(0)
    return os.waitpid(process, 0)[1] != 0


def write_folder(path: Path, text: str) -> None:
    with replacing(path) as part:
        part.mkdir()
        for name in "abc":
            (part / name).write_text(text)


def content_of(path: Path) -> list[str]:
    return sorted(file.name + file.read_text() for file in path.iterdir())


@pytest.mark.parametrize("name", ["export", "model.mlpackage"])
def test_a_folder_is_whole_wherever_its_writer_is_killed(tmp_path: Path, name: str) -> None:
    path, step = tmp_path / name, 0
    write_folder(path, "0")
    while killed_at(step, partial(write_folder, path, str(step + 1))):
        step += 1
        assert content_of(path) in ([f"{file}{text}" for file in "abc"] for text in range(step + 1))
    assert step > 10
    assert names_in(tmp_path) == [name]  # nothing is left of all that were killed
    assert content_of(path) == [f"{file}{step + 1}" for file in "abc"]


def test_where_folders_cannot_be_exchanged_the_next_writer_puts_back_what_a_killed_one_took_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_swap", lambda one, other: False)
    path, step = tmp_path / "export", 0
    write_folder(path, "0")
    missing = 0
    while killed_at(step, partial(write_folder, path, str(step + 1))):
        step += 1
        missing += not path.exists()
        files._remains.cache_clear()
        with pytest.raises(KeyboardInterrupt), replacing(path):
            raise KeyboardInterrupt
        assert content_of(path) in ([f"{file}{text}" for file in "abc"] for text in range(step + 1))
        assert names_in(tmp_path) == ["export"]
    assert missing == 1


def test_what_running_processes_are_writing_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    dead = os.fork()
    if dead == 0:
        os._exit(0)
    os.waitpid(dead, 0)
    kept = [f".a.{os.getppid()}.part.txt", ".a.part.txt", "a.1.part.txt", f".b.{dead}.part.txt"]
    for name in (*kept, f".a.{dead}.part.txt", f".a.{dead}-7.part.txt-journal", f".a.{os.getpid()}-0.part.txt"):
        (tmp_path / name).touch()
    with replacing(tmp_path / "a.txt") as part:
        part.touch()
    assert names_in(tmp_path) == sorted(["a.txt", *kept])
    files.remove_remains(tmp_path)  # of whatever handloom has written in a folder of its own
    assert names_in(tmp_path) == sorted(["a.txt", *kept[:-1]])


def test_threads_that_write_at_once_do_not_remove_what_the_others_write(tmp_path: Path) -> None:
    for path in (tmp_path / "a.txt", tmp_path / "b.txt"):
        with replacing(tmp_path / "a.txt") as part:
            part.write_text("first")
            files._remains.cache_clear()  # as for a thread that looks for remains while the other one writes
            with replacing(path) as other:
                other.write_text("second")
            files.remove_remains(tmp_path)
        assert (tmp_path / "a.txt").read_text() == "first"


def test_what_another_machine_may_be_writing_stays_for_a_day(tmp_path: Path) -> None:
    dead = 2**22 + 1  # the largest number of a process is 2**22 on Linux, less on macOS
    name = f".a.{dead}-{{}}-0123abcd-0.part.txt"
    elsewhere, here = tmp_path / name.format("89abcdef"), tmp_path / name.format(files._machine())
    for path in (elsewhere, here):
        path.touch()
    with replacing(tmp_path / "a.txt") as part:
        part.touch()
    assert names_in(tmp_path) == sorted(["a.txt", elsewhere.name])
    os.utime(elsewhere, (0, 0))
    files._remains.cache_clear()
    files.remove_remains(tmp_path)
    assert names_in(tmp_path) == ["a.txt"]


def test_a_folder_that_another_machine_took_away_is_put_back_after_a_minute(tmp_path: Path) -> None:
    old = tmp_path / ".export.77-89abcd-012345-0.old"
    write_folder(old, "old")
    for age, names in ((30, [old.name]), (90, ["export"])):
        os.utime(old, (time() - age,) * 2)
        files._remains.cache_clear()
        with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "export"):
            raise KeyboardInterrupt
        assert names_in(tmp_path) == names


def test_a_file_gives_way_to_a_folder(tmp_path: Path) -> None:
    (tmp_path / "export").touch()
    write_folder(tmp_path / "export", "new")
    assert content_of(tmp_path / "export") == ["anew", "bnew", "cnew"]
    assert names_in(tmp_path) == ["export"]
