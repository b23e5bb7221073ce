"""The cache: what was read once is known again by its content, whoever was killed when."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from handloom.errors import HandloomError
from handloom.extraction.cache import KeypointCache
from handloom.extraction.extraction import FRAME, Extraction
from handloom.files import sha256_of_file

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


def test_a_damaged_cache_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "cache.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(HandloomError, match=r"^[^\n]*cache\.sqlite: [^\n]*; delete the file$"):
        KeypointCache(tmp_path / "cache.sqlite")


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
