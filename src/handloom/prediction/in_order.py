"""Work in processes whose results come in the order of the items, with a bounded look ahead."""

import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any, TypeVar, cast

from joblib import effective_n_jobs

from handloom.config import ExtractKeypoints
from handloom.extraction.pool import run_over

Item = TypeVar("Item")
Result = TypeVar("Result")

# So many tasks a worker are under way or waiting for their turn at most; at the end of each such round the slowest task
# is waited for, so the number is not small.
TASKS_A_WORKER = 16


def run_in_order(
    function: Callable[[Sequence[Item]], Sequence[Result]],
    items: Iterable[Item],
    settings: ExtractKeypoints,
    together: int = 1,
) -> Iterator[tuple[Item, Result | None]]:
    """Yield each item and what `function` makes of it, in order; None where the process died over it.

    Items are taken as they are needed, and no more results are held than those of a round.

    Args:
        function: of a few items, giving a result for each; it and the items travel to other processes.
        items: what to work on.
        settings: `workers` and `backend` count.
        together: how many items `function` gets at once, at most.
    """
    workers = effective_n_jobs(settings.workers)
    waiting = iter(items)
    while some := list(islice(waiting, TASKS_A_WORKER * together * workers)):
        fair = min(together, -(-len(some) // workers))  # a few items are for all workers too
        calls = run_over(
            partial(_without_numbers, function), list(enumerate(some)), settings.workers, settings.backend, fair
        )
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
    """Whoever has seen enough stops asking; joblib would warn of the tasks that nobody waits for."""
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
