"""Send the pending data of an unreachable MLflow store: `handloom send`."""

from typing import TYPE_CHECKING

from handloom.errors import HandloomError, first_line, printable
from handloom.support.workspace import Workspace
from handloom.tracking.address import same_store
from handloom.tracking.operations import do, find_run, log_points, metrics_of, open_on
from handloom.tracking.outbox import ABOUT, Outbox
from handloom.tracking.store import Store
from handloom.tracking.store_errors import StoreError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric


def send(workspace: Workspace, here: bool = False) -> int:
    """Send everything that waits, in the order in which it was logged; how many runs the store now has all of.

    It may be killed and started again, and operations may be added meanwhile; each arrives once.

    Args:
        workspace: whose outbox is sent.
        here: also what was kept for a store of another address.

    Raises:
        HandloomError: something has to wait on; the line says what and why.
    """
    store = Store(workspace)
    outbox, shown = Outbox(store), store.address.shown
    complete, left = 0, []
    outbox.tidy()
    with outbox.sending():
        for run_id in outbox.waiting():
            try:
                _send_all_of(outbox, run_id, here)
                complete += 1
            except StoreError as error:
                left.append(f"{shown}: {error.reason}; run {run_id} stays pending")
                if error.passes:
                    break  # the store is away, for the other runs too
            except HandloomError as error:  # of this run: the others go on
                left.append(str(error))
            except Exception as error:
                left.append(f"run {run_id} stays pending, MLflow refuses it ({printable(first_line(error))})")
    if left:
        raise HandloomError(f"{left[0]} ({complete} sent, {len(outbox.waiting())} wait)")
    return complete


def _send_all_of(outbox: Outbox, run_id: str, here: bool) -> None:
    meant, shown = outbox.address_of(run_id), outbox.store.address.shown
    if meant is None and not here:
        raise HandloomError(
            f"run {run_id} does not say for which store it was kept ({ABOUT} is damaged); say --here to send it"
            f" to {shown}"
        )
    if not here and not same_store(str(meant), shown):
        raise HandloomError(
            f"run {run_id} was kept for {meant}, and the store is now {shown}; set"
            " MLFLOW_TRACKING_URI to the first, or say --here to send it to the second"
        )
    with outbox.store.opened() as client:
        _send_run(outbox, client, run_id)
        while not outbox.close(run_id):  # a training has added to it meanwhile
            _send_run(outbox, client, run_id)


def _send_run(outbox: Outbox, client: "MlflowClient", run_id: str) -> None:
    store = outbox.store
    mlflow_id: str | None = None
    numbers = _Numbers(client)
    end = 0
    for operation, end in outbox.read(run_id):
        if operation.name == "open":
            mlflow_id = open_on(store, client, run_id, operation)
            outbox.mark_sent(run_id, end)
            continue
        mlflow_id = mlflow_id or find_run(client, run_id)
        if mlflow_id is None:
            raise HandloomError(
                f"{store.address.shown} does not hold run {run_id}; set MLFLOW_TRACKING_URI to its store"
            )
        if operation.name == "metrics":  # many in one request
            numbers.add(mlflow_id, metrics_of(operation), once=operation.content["once"])
            continue
        numbers.log(mlflow_id)
        do(store, client, mlflow_id, operation)
        outbox.mark_sent(run_id, end)
    if mlflow_id:
        numbers.log(mlflow_id)
        outbox.mark_sent(run_id, end)


class _Numbers:
    """Numbers on their way to a run, without those that it has."""

    def __init__(self, client: "MlflowClient") -> None:
        self.client = client
        self.known: dict[str, list[Metric]] = {}
        self.fresh: list[Metric] = []

    def add(self, run_id: str, points: "list[Metric]", once: bool) -> None:
        for point in points:
            if point.key not in self.known:
                self.known[point.key] = list(self.client.get_metric_history(run_id, point.key))
            known = [one for one in self.known[point.key] if one.step == point.step]
            if known and (once or _same(max(known, key=lambda one: one.timestamp), point) or point in known):
                continue
            self.known[point.key].append(point)
            self.fresh.append(point)

    def log(self, run_id: str) -> None:
        log_points(self.client, run_id, self.fresh)
        self.fresh = []


def _same(one: "Metric", other: "Metric") -> bool:
    return bool(one.value == other.value or (one.value != one.value and other.value != other.value))
