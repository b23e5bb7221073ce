"""The pool on any cluster: a bounded number of running tasks, and lost tasks run again."""

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
        """Their results are no longer needed."""


def run_on(
    cluster: Cluster,
    function: Callable[[Sequence[Item]], Sequence[Result]],
    items: Sequence[Item],
    workers: int,
    together: int,
) -> Iterator[tuple[Item, Result | None]]:
    """See `handloom.support.pools.processes.run_over`.

    A core works on a task at a time; machines that join are used. The items of a task that was lost are tried one by
    one, and those that are lost again once more when nothing else runs: a process or a machine can take tasks with it
    that had no part in its end.
    """
    tasks = deque(items[start : start + together] for start in range(0, len(items), together))
    suspects: list[Item] = []
    for some, results in _run(cluster, function, tasks, workers):
        if results is not None:
            yield from zip(some, results, strict=True)
        elif len(some) == 1:
            suspects.append(some[0])
        else:
            tasks.extendleft([item] for item in some)
    for item in suspects:
        for _, results in _run(cluster, function, deque([[item]]), workers):
            yield item, results[0] if results is not None else None


def _run(
    cluster: Cluster,
    function: Callable[[Sequence[Item]], Sequence[Result]],
    tasks: deque[Sequence[Item]],
    workers: int,
) -> Iterator[tuple[Sequence[Item], Sequence[Result] | None]]:
    """Yield each task and its results, or None where it was lost; more tasks may be added on the way."""
    running: dict[Any, Sequence[Item]] = {}
    try:
        while tasks or running:
            limit = workers if workers > 0 else TASKS_A_CORE * max(1, cluster.cores())
            while tasks and len(running) < limit:
                some = tasks.popleft()
                running[cluster.start(function, some)] = some
            done = cluster.next_done(running)
            some = running.pop(done)
            results = cluster.result_of(done)
            del done  # and with it the cluster's copy of the results
            yield some, results
    finally:  # whoever asked has seen enough, or something went wrong
        cluster.give_up(running)
