"""Running one function over many items in processes: of this machine, or of a cluster that is configured."""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, TypeVar

from handloom.errors import ConfigurationError
from handloom.extraction.cluster_pool import Cluster, run_on
from handloom.extraction.local_pool import run_here

Backend = Literal["loky", "ray", "dask"]
Item = TypeVar("Item")
Result = TypeVar("Result")


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


def _cluster(backend: Backend) -> Cluster:
    try:
        if backend == "ray":
            from handloom.extraction.ray_pool import RayCluster

            return RayCluster()
        from handloom.extraction.dask_pool import DaskCluster

        return DaskCluster()
    except ImportError:
        raise ConfigurationError(
            f"extract_keypoints.backend: {backend} is not installed; pip install 'handloom[{backend}]', or use loky"
        ) from None
