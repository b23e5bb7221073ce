"""Running one function over many items in processes: of this machine, or of a cluster that is configured."""

import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any, Literal, TypeVar, cast

from joblib import effective_n_jobs

from handloom.errors import ConfigurationError
from handloom.support.pools.cluster import Cluster, run_on
from handloom.support.pools.local import run_here

Backend = Literal["loky", "ray", "dask"]
Item = TypeVar("Item")
Result = TypeVar("Result")

# So many tasks a worker are under way or waiting for their turn at most; at the end of each such round the slowest task
# is waited for, so the number is not small.
TASKS_A_WORKER = 16


def worker_count(workers: int) -> int:
    """How many processes a number of workers stands for, where -1 is one a core."""
    return int(effective_n_jobs(workers))


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
        backend: loky for processes of this machine, or whose cluster.
        together: how many items `function` gets at once, where it does well to share something among them.

    Raises:
        ConfigurationError: the backend is not installed, or its cluster does not answer.
    """
    if backend == "loky":
        return run_here(function, items, workers, together)
    return run_on(_cluster(backend), function, items, workers, together)


def run_in_order(
    function: Callable[[Sequence[Item]], Sequence[Result]],
    items: Iterable[Item],
    workers: int,
    backend: Backend,
    together: int = 1,
) -> Iterator[tuple[Item, Result | None]]:
    """As `run_over`, but in the order of the items, which are taken as they are needed.

    No more results are held than those of a round; `together` is how many items `function` gets at most.
    """
    count = worker_count(workers)
    waiting = iter(items)
    while some := list(islice(waiting, TASKS_A_WORKER * together * count)):
        fair = min(together, -(-len(some) // count))  # a few items are for all workers too
        calls = run_over(partial(_without_numbers, function), list(enumerate(some)), workers, backend, fair)
        ready: dict[int, tuple[Item, Result | None]] = {}
        turn = 0
        with _closing_quietly(calls):
            for (number, item), result in calls:
                ready[number] = item, result
                while turn in ready:
                    yield ready.pop(turn)
                    turn += 1


@contextmanager
def _closing_quietly(calls: Iterator[Any]) -> Iterator[None]:
    """Close early, without joblib's warning about pending tasks."""
    try:
        yield
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cast(Generator[Any, None, None], calls).close()


def _without_numbers(
    function: Callable[[Sequence[Item]], Sequence[Result]], numbered: Sequence[tuple[int, Item]]
) -> Sequence[Result]:
    return function([item for _, item in numbered])


def _cluster(backend: Backend) -> Cluster:
    try:
        if backend == "ray":
            from handloom.support.pools.ray_cluster import RayCluster

            return RayCluster()
        from handloom.support.pools.dask_cluster import DaskCluster

        return DaskCluster()
    except ImportError:
        raise ConfigurationError(
            f"extract_keypoints.backend: {backend} is not installed; pip install 'handloom[{backend}]', or use loky"
        ) from None
