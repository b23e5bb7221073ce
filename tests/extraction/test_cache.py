"""The cache: what was read once is known again by its content, whoever was killed when."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from random import Random

import numpy as np
import pytest

from handloom.errors import HandloomError
from handloom.extraction import cache as cache_module
from handloom.extraction.cache import KeypointCache
from handloom.extraction.extraction import FRAME, Extraction
from handloom.support.files import sha256_of_file

LONG_AGO = time.time() - 3600


def file_with(path: Path, text: str) -> Path:
    path.write_text(text)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def joints(value: float) -> Extraction:
    frames = np.zeros(2, FRAME)
    frames["keypoints"] = value
    return Extraction(frames, thumbnail=b"picture")


def test_what_was_put_is_there_for_the_next_process(tmp_path: Path) -> None:
    with KeypointCache(tmp_path / "cache.sqlite") as cache:
        cache.put("a", joints(1))
        cache.put("b", joints(2))
    with KeypointCache(tmp_path / "cache.sqlite") as cache:
        assert cache.known(["a", "c", "b", "a"]) == {"a", "b"}
        assert (cache.get("b").frames["keypoints"] == 2).all()
        assert cache.get("a").thumbnail == b"picture"
        with pytest.raises(KeyError):
            cache.get("c")


def test_hashes_are_those_of_the_content_and_follow_a_change(tmp_path: Path) -> None:
    path = file_with(tmp_path / "a.jpg", "hand")
    with KeypointCache(tmp_path / "cache.sqlite") as cache:
        for _ in range(2):
            assert cache.hashes([path], 2) == {path: sha256_of_file(path)}
        path.write_text("fist")  # as long as before, at another time
        assert cache.hashes([path], 2) == {path: sha256_of_file(path)}


def test_an_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    path = file_with(tmp_path / "a.jpg", "hand")
    with KeypointCache(tmp_path / "cache.sqlite") as cache:
        before = cache.hashes([path], 1)
        file_with(path, "fist")  # same size, same time: as git, it is taken for unchanged
        assert cache.hashes([path], 1) == before


def test_a_file_that_has_just_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_text("hand")
    status = path.stat()
    with KeypointCache(tmp_path / "cache.sqlite") as cache:
        before = cache.hashes([path], 1)
        path.write_text("fist")
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # within the same tick of a coarse clock
        assert cache.hashes([path], 1) != before


def test_files_that_cannot_be_read_have_no_hash(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    paths = [tmp_path / name for name in ("pipe", "link", "missing", ".")]
    with KeypointCache(tmp_path / "cache.sqlite") as cache:
        assert cache.hashes(paths, 2) == {}


def test_names_need_not_be_text(tmp_path: Path) -> None:
    path = file_with(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n.jpg")), "hand")
    with KeypointCache(tmp_path / "cache.sqlite") as cache:
        assert cache.hashes([path], 1) == cache.hashes([path], 1) == {path: sha256_of_file(path)}


ENTRIES = {f"{number:064x}": joints(number) for number in range(40)}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, dict[Path, str]]:
    """The bytes of a cache with `ENTRIES`, and the hashes in it."""
    folder = tmp_path_factory.mktemp("filled")
    paths = [file_with(folder / f"{number}.jpg", str(number)) for number in range(40)]
    with KeypointCache(folder / "cache.sqlite") as cache:
        for key, extraction in ENTRIES.items():
            cache.put(key, extraction)
        hashes = cache.hashes(paths, 1)
    return (folder / "cache.sqlite").read_bytes(), hashes


def damaged(content: bytes, kind: str, random: Random) -> bytes:
    changed = bytearray(content)
    if kind == "cut off":
        return content[: random.randrange(len(content))]
    if kind == "a page":
        place = random.randrange(len(content) // 4096) * 4096
        changed[place : place + 4096] = random.choice([bytes(4096), random.randbytes(4096)])
    elif kind == "in the header":
        changed[random.randrange(100)] ^= 1 << random.randrange(8)
    else:
        for _ in range(1 if kind == "a bit" else 20):
            changed[random.randrange(len(content))] ^= 1 << random.randrange(8)
    return bytes(changed)


@pytest.mark.parametrize("kind", ["cut off", "a page", "in the header", "a bit", "bits"])
def test_of_a_damaged_cache_nothing_wrong_is_read(
    filled: tuple[bytes, dict[Path, str]], tmp_path: Path, kind: str
) -> None:
    content, hashes = filled
    random = Random(kind)
    for number in range(25):
        path = tmp_path / f"{number}.sqlite"
        path.write_bytes(damaged(content, kind, random))
        with KeypointCache(path) as cache:
            assert cache.hashes(hashes, 1) == hashes
            for key in cache.known(list(ENTRIES)):
                try:
                    assert cache.get(key).to_bytes() == ENTRIES[key].to_bytes()
                except KeyError:
                    cache.put(key, ENTRIES[key])  # as the stage does, when it has read the file again
            for key in cache.whole(ENTRIES):
                assert cache.get(key).to_bytes() == ENTRIES[key].to_bytes()
            cache.put("new", joints(7))
            assert cache.get("new").to_bytes() == joints(7).to_bytes()


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0", b"\0" * 8192])
def test_what_is_no_cache_is_set_aside_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    path = tmp_path / "cache.sqlite"
    path.write_bytes(content)
    with KeypointCache(path) as cache:
        cache.put("a", joints(1))
    assert (tmp_path / "cache.damaged.sqlite").read_bytes() == content
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{path}: the joint cache is damaged (") and line.endswith("which can be deleted")


def test_a_cache_that_does_not_keep_what_is_put_gives_way_to_a_new_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cache.sqlite"
    with KeypointCache(path) as cache:
        cache.put("before", joints(1))
    with closing(sqlite3.connect(path)) as database:  # as a changed bit in sqlite's tree of rows does
        database.execute("CREATE TRIGGER lost BEFORE INSERT ON joints BEGIN SELECT RAISE(IGNORE); END")
    with KeypointCache(path) as cache:
        cache.put("after", joints(2))
        assert cache.get("after").to_bytes() == joints(2).to_bytes()
        assert cache.known(["before"]) == set()
    assert "does not store what is written" in capsys.readouterr().err


def test_a_cache_without_checksums_is_not_believed(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "cache.sqlite")) as older:
        older.execute("CREATE TABLE extractions (key TEXT PRIMARY KEY, content BLOB) WITHOUT ROWID")
        older.execute("INSERT INTO extractions VALUES ('a', ?)", (joints(1).to_bytes(),))
        older.commit()
    with KeypointCache(tmp_path / "cache.sqlite") as cache:
        assert cache.known(["a"]) == set()
        cache.put("a", joints(2))
        assert cache.get("a").to_bytes() == joints(2).to_bytes()


def test_a_full_disk_and_another_writer_are_a_line_and_harm_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "PATIENCE", 0)
    path = tmp_path / "cache.sqlite"
    with KeypointCache(path) as cache, closing(sqlite3.connect(path, isolation_level=None)) as other:
        cache.put("a", joints(1))
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(HandloomError, match=r"^[^\n]*cache\.sqlite: another process keeps the joint cache [^\n]*$"):
            cache.put("b", joints(1))
        other.execute("ROLLBACK")
        cache._opened().execute("PRAGMA max_page_count = 1")
        with pytest.raises(HandloomError, match=r"^[^\n]*cache\.sqlite: [^\n]* is full\); free disk space[^\n]*$"):
            for number in range(1000):
                cache.put(str(number), joints(number))
        assert cache.get("a").to_bytes() == joints(1).to_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["cache.sqlite"]


WRITER = """
import sys
from pathlib import Path
import numpy as np
from handloom.extraction.cache import KeypointCache
from handloom.extraction.extraction import FRAME, Extraction
with KeypointCache(Path(sys.argv[1])) as cache:
    for number in range(100_000):
        cache.put(str(number), Extraction(np.full(50, number, FRAME)))
        print(number, flush=True)
"""


def test_a_killed_writer_loses_nothing_that_it_had_put(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 200:
                process.send_signal(signal.SIGKILL)
        process.wait()
        with KeypointCache(path) as cache:
            keys = [str(number) for number in range(200)]
            assert cache.known(keys) == set(keys)
            assert all((cache.get(key).frames["score"] == int(key)).all() for key in keys)
