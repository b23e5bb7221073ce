"""What the operating system refuses is one line and status 1, whichever operation it stops; nothing half is left."""

import errno
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from small_models import save, trained
from small_training import TABLE, WITH_VALIDATION, write_tables

from handloom import keypoint_table
from handloom.dataset.split import split_table
from handloom.described.reading import load_gestures
from handloom.errors import HandloomError, Paused, as_handloom_error
from handloom.extraction.cache import KeypointCache
from handloom.extraction.extraction import FRAME, Extraction
from handloom.project.new_project import make_project
from handloom.sample.sheet import draw_sheet
from handloom.support.console import INTERRUPTED, REFUSED, status_of
from handloom.support.files import replacing, write_csv, write_json
from handloom.support.lock import alone
from handloom.training.checkpoints import AtomicCheckpointIO

GESTURES = Path(__file__).parents[1] / "data/sample/gestures/pose"


@contextmanager
def no_room_for(size: int) -> Iterator[None]:
    """Within, no file can grow beyond so many bytes: as on a full disk, with another number of the error."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def cached() -> None:
    with KeypointCache(Path("keypoints.sqlite")) as cache:
        for number in range(100):
            cache.put(str(number), Extraction(np.zeros(100, FRAME)))


def table() -> None:
    rows = [dict.fromkeys(keypoint_table.SCHEMA.names) | {"keypoints": np.arange(63)} for _ in range(2000)]
    keypoint_table.write(Path("t.parquet"), [pa.Table.from_pylist(rows, schema=keypoint_table.SCHEMA)], {})


def folder() -> None:
    with replacing(Path("export")) as part:
        shutil.copytree("whole", part)


OPERATIONS: dict[str, Callable[[], object]] = {
    "cache": cached,
    "table": table,
    "split": lambda: split_table(TABLE, WITH_VALIDATION, Path("new/parts.parquet")),
    "checkpoint": lambda: AtomicCheckpointIO().save_checkpoint({"a": list(range(10_000))}, "a.ckpt"),
    "json": lambda: write_json(Path("a.json"), list(range(10_000))),
    "csv": lambda: write_csv(Path("a.csv"), [{"a": number} for number in range(10_000)]),
    "folder": folder,
    "package": lambda: save(trained("pose"), Path("a.mlpackage")),
    "sheet": lambda: draw_sheet(load_gestures(GESTURES), Path("a.png"), seed=1, per_class=1),
    "project": lambda: make_project(Path("project"), ("pose",)),
}


def quietly(work: Callable[[], object]) -> None:
    work()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_full_disk_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], operation: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_tables(["a", "b"] * 20, WITH_VALIDATION)
    Path("whole").mkdir()
    Path("whole/a").write_bytes(bytes(10_000))
    with no_room_for(600):
        status = status_of("handloom x", partial(quietly, OPERATIONS[operation]))
    told = capsys.readouterr().err.splitlines()
    assert status == REFUSED
    assert len(told) == 1 and told[0].startswith("handloom x: ") and "Errno" not in told[0]
    assert not list(tmp_path.rglob(".*.part*"))


@pytest.mark.parametrize("operation", ["cache", "json", "folder", "project", "lock"])
def test_a_folder_that_is_a_file_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], operation: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    works: dict[str, Callable[[], object]] = {
        "cache": lambda: KeypointCache(Path("file/keypoints.sqlite")),
        "json": lambda: write_json(Path("file/a.json"), 1),
        "folder": lambda: replacing(Path("file/export")).__enter__(),
        "project": lambda: make_project(Path("file/project"), ("pose",)),
        "lock": lambda: alone(Path("file/a.lock"), "x").__enter__(),
    }
    assert status_of("x", partial(quietly, works[operation])) == REFUSED
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("x: ") and "file" in line


def hidden() -> None:
    """As libraries hide it: an error of theirs, while the disk's is being handled."""
    try:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), "place")
    except OSError:
        raise RuntimeError("file write failed") from None


def test_what_a_library_hides_is_found_and_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(HandloomError, match=r"^place: Read-only file system; allow writing there"), as_handloom_error():
        hidden()
    with pytest.raises(ZeroDivisionError), as_handloom_error():
        try:
            raise FileNotFoundError(errno.ENOENT, "gone", "place")
        except OSError:
            _ = 1 / 0


def test_an_interruption_has_the_status_of_a_shell(capsys: pytest.CaptureFixture[str]) -> None:
    def raising(error: BaseException) -> Callable[[], None]:
        def work() -> None:
            raise error

        return work

    assert status_of("x", raising(KeyboardInterrupt())) == INTERRUPTED
    assert status_of("x", raising(Paused("paused; go on"))) == INTERRUPTED
    with pytest.raises(BrokenPipeError):  # of another pipe than the output: a bug, which keeps its traceback
        status_of("x", raising(BrokenPipeError()))
    assert capsys.readouterr().err == "x: interrupted\nx: paused; go on\n"
