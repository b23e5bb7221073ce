"""`handloom send`: what was logged while the MLflow server could not be reached."""

import argparse

from handloom.cli.verb import Commands, add_verb
from handloom.support.console import DONE


def add(commands: Commands) -> None:
    """Add the verb."""
    send = add_verb(
        commands,
        "send",
        run,
        summary="send what was logged while the MLflow server could not be reached",
        description="Send what .handloom/outbox keeps to the MLflow store that it was kept for. It may be stopped and"
        " started again: every number, file and run arrives once.",
        example="handloom send --here",
    )
    send.add_argument(
        "--here", action="store_true", help="to the store that MLFLOW_TRACKING_URI names now, whichever that is"
    )


def run(given: argparse.Namespace) -> int:
    """Send it; print how many runs are complete."""
    from handloom.support.workspace import Workspace
    from handloom.tracking.outbox import Outbox
    from handloom.tracking.store import Store

    workspace = Workspace.here()
    store = Store(workspace)
    waiting = len(Outbox(store).waiting())
    if not waiting:
        print("nothing waits")
        return DONE

    from handloom.tracking.send import send

    complete = send(workspace, given.here)
    print(f"{complete} of {waiting} runs are complete in {store.address.shown}")
    return DONE
