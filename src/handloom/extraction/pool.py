"""Running one function over many items in processes: of this machine, or of a cluster that is configured."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context
from typing import Any, Literal, TypeVar

from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError

from handloom.errors import ConfigurationError

Backend = Literal["loky", "ray", "dask"]
Item = TypeVar("Item")
Result = TypeVar("Result")

# Backends that cannot hand over results one by one get this many tasks a worker at a time.
ROUND = 64
# After a worker died, so many items a worker are tried alone to find the one that it died of.
SUSPECTS = 8


def run_over(
    function: Callable[[Sequence[Item]], Sequence[Result]],
    items: Sequence[Item],
    workers: int,
    backend: Backend,
    together: int = 1,
) -> Iterator[tuple[Item, Result | None]]:
    """Yield each item and what `function` makes of it, in the order in which they are ready.

    The result is None where the process died over the item, which takes native code: a damaged video can do that.

    Args:
        function: of a few items, giving a result for each; it and the items travel to other processes.
        items: what to work on.
        workers: processes; -1: one a core.
        backend: joblib's.
        together: how many items `function` gets at once, where it does well to share something among them.

    Raises:
        ConfigurationError: the backend is not installed.
    """
    waiting = dict(enumerate(items))
    while waiting:
        numbers = list(waiting)
        tasks = [numbers[start : start + together] for start in range(0, len(numbers), together)]
        try:
            calls = (delayed(_numbered)(function, task, [waiting[number] for number in task]) for task in tasks)
            for task, results in _together(calls, len(tasks), workers, backend):
                for number, result in zip(task, results, strict=True):
                    yield waiting.pop(number), result
        except TerminatedWorkerError:
            yield from _one_by_one(function, waiting, SUSPECTS * together * max(1, workers))


def _together(calls: Iterator[Any], count: int, workers: int, backend: Backend) -> Iterator[Any]:
    _prepare(backend)
    more: dict[str, Any] = {}
    if backend == "loky":  # a cluster's workers belong to the cluster, these to this process
        more = {"initializer": _end_with, "initargs": (os.getpid(),)}
    elif backend == "ray" and workers == -1:
        # Ray's workers reserve nothing, so that all of them may come to lie on one machine. With a core each they
        # cannot; more workers than cores would wait for ever.
        more = {"ray_remote_args": {"num_cpus": 1}}
    with parallel_config(backend=backend, n_jobs=workers, **more):
        if backend == "ray":  # https://docs.ray.io/en/latest/ray-more-libs/joblib.html: no results one by one
            parallel = Parallel()
            size = ROUND * parallel._effective_n_jobs()
            for _ in range(0, count, size):
                yield from parallel(islice(calls, size))
        else:
            yield from Parallel(return_as="generator_unordered")(calls)


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


def _prepare(backend: Backend) -> None:
    try:
        if backend == "ray":
            import ray
            from ray.util.joblib import register_ray

            register_ray()
            if not ray.is_initialized():
                ray.init()  # at RAY_ADDRESS; none: on this machine's cores
            logging.getLogger("ray.util.multiprocessing.pool").addFilter(_not_of_context)
        elif backend == "dask":
            from distributed import Client, LocalCluster, default_client

            try:
                default_client()
            except ValueError:  # there is none yet
                address = os.environ.get("DASK_SCHEDULER_ADDRESS")
                Client(address or LocalCluster(host="127.0.0.1", dashboard_address=None, threads_per_worker=1))
    except ImportError:
        raise ConfigurationError(
            f"extract_keypoints.backend: {backend} is not installed; pip install 'handloom[{backend}]', or use loky"
        ) from None


def _not_of_context(record: logging.LogRecord) -> bool:
    """False for Ray's warning of an argument that joblib always gives it: nobody can do anything about it."""
    return "'context' argument" not in record.getMessage()


def _numbered(
    function: Callable[[Sequence[Item]], Sequence[Result]], numbers: Sequence[int], items: Sequence[Item]
) -> tuple[Sequence[int], Sequence[Result]]:
    """The results, with the numbers of the items travelling along."""
    return numbers, function(items)


def _end_with(parent: int) -> None:
    """End this process soon after its parent: when that was killed, its workers would idle on for minutes."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
