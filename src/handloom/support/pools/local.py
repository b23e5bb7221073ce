"""The pool of this machine's processes, by joblib's loky."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError

Item = TypeVar("Item")
Result = TypeVar("Result")

# After a worker died, so many items a worker are tried alone to find the one that it died of.
SUSPECTS = 8


def run_here(
    function: Callable[[Sequence[Item]], Sequence[Result]], items: Sequence[Item], workers: int, together: int
) -> Iterator[tuple[Item, Result | None]]:
    """See `handloom.support.pools.processes.run_over`."""
    waiting = dict(enumerate(items))
    while waiting:
        numbers = list(waiting)
        tasks = [numbers[start : start + together] for start in range(0, len(numbers), together)]
        calls = (delayed(_numbered)(function, task, [waiting[number] for number in task]) for task in tasks)
        try:
            # The folder stands there because processes that began in another one would read relative paths from it;
            # joblib takes up its old processes only where all of this is the same.
            start = (os.getpid(), Path.cwd())
            with parallel_config("loky", n_jobs=workers, initializer=_end_with, initargs=start):
                for task, results in Parallel(return_as="generator_unordered")(calls):
                    for number, result in zip(task, results, strict=True):
                        yield waiting.pop(number), result
        except TerminatedWorkerError:
            yield from _one_by_one(function, waiting, SUSPECTS * together * max(1, workers))


def _one_by_one(
    function: Callable[[Sequence[Item]], Sequence[Result]], waiting: dict[int, Item], limit: int
) -> Iterator[tuple[Item, Result | None]]:
    """Take the first waiting items alone, until one kills its process too."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        for number in list(islice(waiting, limit)):
            try:
                result: Result | None = process.submit(function, [waiting[number]]).result()[0]
            except BrokenProcessPool:
                yield waiting.pop(number), None
                return
            yield waiting.pop(number), result


def _numbered(
    function: Callable[[Sequence[Item]], Sequence[Result]], numbers: Sequence[int], items: Sequence[Item]
) -> tuple[Sequence[int], Sequence[Result]]:
    """The results, with the numbers of the items travelling along."""
    return numbers, function(items)


def _end_with(parent: int, _folder: Path) -> None:
    """End this process soon after its parent: when that was killed, its workers would idle on for minutes."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
