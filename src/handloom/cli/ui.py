"""`handloom ui`: the runs in MLflow's own pages."""

import argparse
import os
import socket
import sys

from handloom.cli.verb import Commands, add_verb
from handloom.errors import HandloomError
from handloom.support.console import DONE

HOST, PORT = "127.0.0.1", 5000  # this computer only


def add(commands: Commands) -> None:
    """Add the verb."""
    ui = add_verb(
        commands,
        "ui",
        run,
        summary="show the runs in MLflow, in a browser",
        description="Open the MLflow server that MLFLOW_TRACKING_URI names in a browser. Where the store is a file or a"
        " database, serve its pages to this computer alone until Ctrl-C.",
        example="handloom ui --port 5001",
    )
    ui.add_argument("--port", type=int, default=PORT, help=f"of the pages that are served ({PORT})")


def run(given: argparse.Namespace) -> int:
    """Open or serve them."""
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


def _check_port(port: int) -> None:
    if not 0 < port < 65536:
        raise HandloomError(f"--port: must be from 1 to 65535 (got {port})")
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError as error:
            raise HandloomError(f"--port {port}: cannot be used ({error.strerror}); name another one") from None
