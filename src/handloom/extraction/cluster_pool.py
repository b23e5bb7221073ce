"""The pool on a cluster, whichever it is: a bounded number of tasks under way, and nothing lost with a machine."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# Tasks a core that are handed over at most: one that runs and one that is there when it is done. The others stay here
# (https://docs.ray.io/en/latest/ray-core/patterns/limit-pending-tasks.html).
TASKS_A_CORE = 2


class Cluster(Protocol):
    """What differs between clusters. A task is whatever the cluster's library holds for one."""

    def cores(self) -> int:
        """The cores of all machines that are there now."""

    def start(self, function: Callable[[Sequence[Any]], Sequence[Any]], items: Sequence[Any]) -> Any:
        """Hand over a task. One of a single item is begun again a few times when its process or machine is lost."""

    def next_done(self, tasks: Iterable[Any]) -> Any:
        """Wait for one of the tasks."""

    def result_of(self, task: Any) -> Sequence[Any] | None:
        """What its function gave, or raised; None: its processes died, or its result was lost with a machine."""

    def give_up(self, tasks: Iterable[Any]) -> None:
        """Nobody waits for them any more."""


def run_on(
    cluster: Cluster,
    function: Callable[[Sequence[Item]], Sequence[Result]],
    items: Sequence[Item],
    workers: int,
    together: int,
) -> Iterator[tuple[Item, Result | None]]:
    """See `handloom.extraction.pool.run_over`.

    A core works on a task at a time; machines that join are used. Items of a task that was lost are tried alone, so
    that a damaged file costs nothing but itself.
    """
    waiting = deque(items[start : start + together] for start in range(0, len(items), together))
    running: dict[Any, Sequence[Item]] = {}
    try:
        while waiting or running:
            limit = workers if workers > 0 else TASKS_A_CORE * max(1, cluster.cores())
            while waiting and len(running) < limit:
                some = waiting.popleft()
                running[cluster.start(function, some)] = some
            task = cluster.next_done(running)
            some = running.pop(task)
            results = cluster.result_of(task)
            del task  # and with it the cluster's copy of the results
            if results is not None:
                yield from zip(some, results, strict=True)
            elif len(some) == 1:
                yield some[0], None
            else:
                waiting.extendleft([item] for item in some)
    finally:  # whoever asked has seen enough, or something went wrong
        cluster.give_up(running)
