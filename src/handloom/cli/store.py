"""The verbs of the MLflow store: its pages, and sending what waits for it."""

import argparse
import os
import socket
import sys

from handloom.cli.verb import Commands, add_verb
from handloom.errors import HandloomError
from handloom.support.console import DONE

HOST, PORT = "127.0.0.1", 5000  # this computer only


def add_ui(commands: Commands) -> None:
    """Add `handloom ui`."""
    ui = add_verb(
        commands,
        "ui",
        _ui,
        summary="show the runs in MLflow, in a browser",
        description="Open the MLflow server that MLFLOW_TRACKING_URI names in a browser. Where the store is a file or a"
        " database, serve its pages to this computer alone until Ctrl-C.",
        example="handloom ui --port 5001",
    )
    ui.add_argument("--port", type=int, default=PORT, help=f"of the pages that are served ({PORT})")


def add_send(commands: Commands) -> None:
    """Add `handloom send`."""
    send = add_verb(
        commands,
        "send",
        _send,
        summary="send what was logged while the MLflow server could not be reached",
        description="Send what .handloom/outbox keeps to the MLflow store that it was kept for. It may be stopped and"
        " started again: every number, file and run arrives once.",
        example="handloom send --here",
    )
    send.add_argument(
        "--here", action="store_true", help="to the store that MLFLOW_TRACKING_URI names now, whichever that is"
    )


def _ui(given: argparse.Namespace) -> int:
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
    _check_port(given.port)
    command = [sys.executable, "-m", "mlflow", "ui", "--host", HOST, "--port", str(given.port)]
    # In the environment: a command line, with a database's password in it, could be read by other users.
    # In the place of this process, so that whoever ends it ends the server.
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    os.execve(sys.executable, command, {**environment, "MLFLOW_BACKEND_STORE_URI": address.uri})  # noqa: S606


def _send(given: argparse.Namespace) -> int:
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


def _check_port(port: int) -> None:
    if not 0 < port < 65536:
        raise HandloomError(f"--port: must be from 1 to 65535 (got {port})")
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError as error:
            raise HandloomError(f"--port {port}: cannot be used ({error.strerror}); name another one") from None
