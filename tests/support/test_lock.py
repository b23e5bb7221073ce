"""Work that only one process at a time may do."""

import fcntl
import io
import os
import sys
import threading
from pathlib import Path

import pytest
from filelock import Timeout

from handloom.errors import HandloomError
from handloom.support.lock import alone, holder, locked


def test_a_second_one_is_told_and_a_later_one_is_let_in(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "search.lock"
    with (
        alone(path, "search x"),
        pytest.raises(HandloomError, match="search x is running already"),
        alone(path, "search x"),
    ):
        pass
    with alone(path, "search x"):
        pass
    assert not path.exists()


def test_one_that_may_wait_says_for_whom_and_goes_on_when_that_one_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, told, order = tmp_path / "training.lock", threading.Event(), []

    class Telling(io.StringIO):
        def write(self, text: str) -> int:
            told.set()
            return super().write(text)

    def second() -> None:
        with alone(path, "the training", wait=True):
            order.append("second")

    monkeypatch.setattr(sys, "stderr", said := Telling())
    waiting = threading.Thread(target=second)
    with alone(path, "the training"):
        waiting.start()
        assert told.wait(120)
        order.append("first")
    waiting.join(120)
    assert order == ["first", "second"]
    assert said.getvalue() == f"the training is running already in process {os.getpid()}; waiting for it to end\n"
    assert not path.exists()


def test_a_lock_that_a_killed_process_left_is_free(tmp_path: Path) -> None:
    path = tmp_path / "search.lock"
    assert holder(path) == 0
    path.write_text("1\n")
    assert holder(path) == 0
    with alone(path, "search x"):
        assert path.read_text() == f"{os.getpid()}\n"
        assert holder(path) == os.getpid()
    assert holder(path) == 0


def test_who_only_asks_keeps_nobody_out_and_is_not_taken_for_the_holder(tmp_path: Path) -> None:
    path, ended, seen = tmp_path / "search.lock", threading.Event(), set()
    killed = os.fork() or os._exit(0)
    os.waitpid(killed, 0)
    path.write_text(f"{killed}\n")

    def ask() -> None:
        while not ended.is_set():
            seen.add(holder(path))

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for one in askers:
        one.start()
    try:
        for _ in range(100):
            with alone(path, "search x"):
                pass
            path.write_text(f"{killed}\n")
    finally:
        ended.set()
        for one in askers:
            one.join(120)
    assert seen <= {0, os.getpid()}


def test_one_that_asks_on_a_busy_computer_keeps_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "search.lock"
    with path.open("w") as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)  # as `holder` does
        monkeypatch.setattr("handloom.support.lock.sleep", lambda _: asking.close())
        with alone(path, "search x"):
            assert holder(path) == os.getpid()


def test_a_lock_that_is_a_link_is_refused_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("content")
    (tmp_path / "search.lock").symlink_to(tmp_path / "precious")
    with pytest.raises(HandloomError, match=r"search\.lock: cannot be locked"), alone(tmp_path / "search.lock", "x"):
        pass
    assert (tmp_path / "precious").read_text() == "content"


def test_who_is_patient_gets_a_lock_and_who_is_not_is_told(tmp_path: Path) -> None:
    with locked(tmp_path / "lock"), pytest.raises(Timeout), locked(tmp_path / "lock", patience=0):
        pass
    with locked(tmp_path / "lock", patience=0):
        pass
