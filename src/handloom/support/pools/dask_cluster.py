"""The pool on a Dask cluster, whose scheduler gives tasks of a lost machine to another one."""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from distributed import Client, Future, KilledWorker, LocalCluster, default_client, wait
from typing_extensions import override

from handloom.support.pools.cluster import Cluster


class DaskCluster(Cluster):
    """The cluster of the process's own client, or at ``DASK_SCHEDULER_ADDRESS``; else one of this machine's cores."""

    def __init__(self) -> None:
        try:
            self._client = default_client()
        except ValueError:  # there is none yet
            address = os.environ.get("DASK_SCHEDULER_ADDRESS")
            self._client = Client(
                address or LocalCluster(host="127.0.0.1", dashboard_address=None, threads_per_worker=1)
            )

    @override
    def cores(self) -> int:
        return sum(self._client.nthreads().values())

    @override
    def start(self, function: Callable[[Sequence[Any]], Sequence[Any]], items: Sequence[Any]) -> Future[Any]:
        # How often a task is begun again is the scheduler's `distributed.scheduler.allowed-failures`: 3.
        task: Future[Any] = self._client.submit(function, items, pure=False)
        return task

    @override
    def next_done(self, tasks: Iterable[Future[Any]]) -> Future[Any]:
        return next(iter(wait(list(tasks), return_when="FIRST_COMPLETED").done))

    @override
    def result_of(self, task: Future[Any]) -> Sequence[Any] | None:
        try:
            result: Sequence[Any] = task.result()
            return result
        except KilledWorker:
            return None

    @override
    def give_up(self, tasks: Iterable[Future[Any]]) -> None:
        self._client.cancel(list(tasks))
