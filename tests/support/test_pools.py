"""Work in many processes: every item once, whatever happens to a process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import psutil
import pytest

from handloom.errors import ConfigurationError
from handloom.support.pools.processes import run_over


def squares(items: Sequence[int]) -> list[int]:
    return [item * item for item in items]


def die_of(number: int, items: Sequence[int]) -> list[int]:
    if number in items:
        os.kill(os.getpid(), signal.SIGKILL)  # as native code that reads a damaged video may
    return squares(items)


@pytest.mark.parametrize("together", [1, 7, 100])
@pytest.mark.parametrize("workers", [1, 2])
def test_every_item_has_its_result(workers: int, together: int) -> None:
    results = sorted(run_over(squares, range(50), workers, "loky", together))
    assert results == [(item, item * item) for item in range(50)]


def test_nothing_to_do() -> None:
    assert list(run_over(squares, [], 2, "loky")) == []


@pytest.mark.parametrize(("culprit", "together"), [(0, 1), (17, 4), (39, 1)])
def test_an_item_that_kills_its_process_is_found_and_the_others_are_done(culprit: int, together: int) -> None:
    results = dict(run_over(partial(die_of, culprit), range(40), 2, "loky", together))
    assert results == {item: None if item == culprit else item * item for item in range(40)}


PARENT = """
import sys, time
from handloom.support.pools.processes import run_over
for item, _ in run_over(lambda items: [time.sleep(0.1)], range(1000), 2, "loky"):
    print("ready", flush=True)
"""


@pytest.mark.parametrize("moment", ["starting", "working"])
def test_workers_end_soon_after_a_killed_parent(moment: str) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    workers: list[psutil.Process] = []
    deadline = time.monotonic() + 300
    while not workers:  # they are there, and may not have got anything to do yet
        assert parent.poll() is None and time.monotonic() < deadline
        with suppress(psutil.Error):  # another child that has just ended
            workers = [child for child in psutil.Process(parent.pid).children() if "Loky" in " ".join(child.cmdline())]
    if moment == "working":
        assert parent.stdout is not None and parent.stdout.readline()
        workers = psutil.Process(parent.pid).children(recursive=True)
    parent.kill()
    parent.wait()
    assert not psutil.wait_procs(workers, timeout=300)[1]


def test_a_backend_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "handloom.support.pools.dask_cluster", raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigurationError, match=r"^extract_keypoints\.backend: dask [^\n]*'handloom\[dask\]'[^\n]*$"):
        list(run_over(squares, range(3), 2, "dask"))


@pytest.mark.parametrize("address", ["127.0.0.1:9", "nonsense"])
def test_a_ray_cluster_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(ConfigurationError, match=rf"^extract_keypoints\.backend: [^\n]* at {address} [^\n]*$"):
        list(run_over(squares, range(3), 2, "ray"))
