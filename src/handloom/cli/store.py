"""The verbs of the MLflow store: its pages, and sending what waits for it."""

import os
import socket
import sys

import click

from handloom.cli.verb import verb
from handloom.errors import HandloomError
from handloom.support.console import DONE

HOST, PORT = "127.0.0.1", 5000  # this computer only


@verb(
    examples="""
    handloom ui
    handloom ui --port 5001
    """
)
@click.option("--port", type=click.IntRange(1, 65535), metavar="N", default=PORT, help="The port of the pages.")
def ui(port: int) -> int:
    """Show the runs in MLflow, in a browser.

    Opens the MLflow server that MLFLOW_TRACKING_URI names. Where the store is a file or a database, its pages are
    served to this computer alone until Ctrl-C.
    """
    from handloom.support.workspace import Workspace
    from handloom.tracking.address import VARIABLE
    from handloom.tracking.store import Store

    store = Store(Workspace.here())
    address = store.address
    if address.problem:
        raise HandloomError(f"{VARIABLE}={address.shown}: {address.problem}")
    if address.is_server:
        import webbrowser

        print(address.shown)
        if not webbrowser.open(address.shown):
            raise HandloomError(f"{address.shown}: there is no browser here; open the address in one")
        return DONE
    if missing := store.missing():
        raise HandloomError(f"{missing}: no such store, since nothing was trained yet; type: dvc repro")
    _check_port(port)
    command = [sys.executable, "-m", "mlflow", "ui", "--host", HOST, "--port", str(port)]
    # In the environment: a command line, with a database's password in it, could be read by other users.
    # In the place of this process, so that whoever ends it ends the server.
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    os.execve(sys.executable, command, {**environment, "MLFLOW_BACKEND_STORE_URI": address.uri})  # noqa: S606


@verb(
    examples="""
    handloom send
    handloom send --here
    """
)
@click.option("--here", is_flag=True, help="Send to the current MLFLOW_TRACKING_URI.")
def send(here: bool) -> int:
    """Send what was logged while the MLflow server was away.

    Sends what .handloom/outbox keeps to the MLflow store that it was kept for. You may stop it and start it again:
    every number, file and run arrives once.
    """
    from handloom.support.workspace import Workspace
    from handloom.tracking.outbox import Outbox
    from handloom.tracking.store import Store

    workspace = Workspace.here()
    store = Store(workspace)
    waiting = len(Outbox(store).waiting())
    if not waiting:
        print("nothing waits")
        return DONE

    from handloom.tracking.send import send as send_waiting

    complete = send_waiting(workspace, here)
    print(f"{complete} of {waiting} runs are complete in {store.address.shown}")
    return DONE


def _check_port(port: int) -> None:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError as error:
            raise HandloomError(f"--port {port}: cannot be used ({error.strerror}); name another one") from None
