"""The pool on a Ray cluster, by Ray's own tasks.

joblib's backend for Ray works with actors, and the call ends with the first one that is lost. Tasks are begun again
on another machine (https://docs.ray.io/en/latest/ray-core/fault_tolerance/tasks.html), and processes, with what they
have imported, serve one task after the other.
"""

import os
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Any

# Where no cluster is named, only this machine is used, and Ray has to listen on its loopback address alone: by default
# it listens on all network interfaces. It reads this when it is imported, on Linux too.
if os.environ.get("RAY_ADDRESS", "") in ("", "local"):
    os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")

import ray
from ray.exceptions import (
    LocalRayletDiedError,
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayTaskError,
    WorkerCrashedError,
)
from typing_extensions import override

from handloom.errors import ConfigurationError, first_line
from handloom.support.pools.cluster import Cluster

# So often Ray begins a task of a single item again, elsewhere if need be.
RETRIES = 1
# What is raised for a task whose process, machine or finished result is gone.
LOST = (WorkerCrashedError, NodeDiedError, LocalRayletDiedError, OutOfMemoryError, ObjectLostError)
SECONDS_TO_ANSWER = 5.0


class RayCluster(Cluster):
    """The cluster at ``RAY_ADDRESS``; without that, one of this machine's cores, which listens on loopback only.

    Raises:
        ConfigurationError: it does not answer, or cannot be used.
    """

    def __init__(self) -> None:
        if not ray.is_initialized():
            _connect(os.environ.get("RAY_ADDRESS", ""))

    @override
    def cores(self) -> int:
        return int(ray.cluster_resources().get("CPU", 0))

    @override
    def start(self, function: Callable[[Sequence[Any]], Sequence[Any]], items: Sequence[Any]) -> Any:
        return _work.options(max_retries=RETRIES if len(items) == 1 else 0).remote(function, items)

    @override
    def next_done(self, tasks: Iterable[Any]) -> Any:
        (task,), _ = ray.wait(list(tasks))
        return task

    @override
    def result_of(self, task: Any) -> Sequence[Any] | None:
        try:
            result: Sequence[Any] = ray.get(task)
            return result
        except LOST:
            return None
        except RayTaskError as error:  # as the function raised it, without a stack of the other process
            raise error.cause from None

    @override
    def give_up(self, tasks: Iterable[Any]) -> None:
        for task in tasks:
            ray.cancel(task)


@ray.remote(num_cpus=1)
def _work(function: Callable[[Sequence[Any]], Sequence[Any]], items: Sequence[Any]) -> Sequence[Any]:
    return function(items)


def _connect(address: str) -> None:
    host, _, port = address.rpartition(":")
    try:
        if port.isdigit() and "/" not in host:  # Ray would try for two minutes, and then end this process
            socket.create_connection((host.strip("[]"), int(port)), SECONDS_TO_ANSWER).close()
        ray.init()
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigurationError(
            f"extract_keypoints.backend: no Ray cluster can be used at {address or 'this machine'}"
            f" ({first_line(error)}); set RAY_ADDRESS to what `ray start --head` says, or unset it"
        ) from None
