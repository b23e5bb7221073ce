"""Opens the runs in MLflow: `python -m handloom.tracking.ui`.

A file or a database is shown by a server of this computer's own, which nobody else can reach; the page of an MLflow
server is opened in a browser.
"""

import os
import subprocess
import sys
import webbrowser

from handloom.errors import HandloomError
from handloom.tracking.address import store_address
from handloom.tracking.store import missing_store

_MACHINE = "127.0.0.1"
_STORE = "MLFLOW_BACKEND_STORE_URI"  # of MLflow; on a command line every user of this computer could read a password


def open_ui() -> int:
    """Show the store that trainings use until the user ends it; the exit status.

    Raises:
        HandloomError: there is none.
    """
    address = store_address()
    if address.problem:
        raise HandloomError(f"MLFLOW_TRACKING_URI={address.shown}: {address.problem}")
    if address.is_server:
        return 0 if webbrowser.open(address.shown) else 1
    if missing := missing_store():
        raise HandloomError(f"there is no MLflow store at {missing}; train a model first, or set MLFLOW_TRACKING_URI")
    environment = os.environ | {_STORE: address.uri}
    environment.pop("MLFLOW_TRACKING_URI", None)
    return subprocess.run([sys.executable, "-m", "mlflow", "ui", "--host", _MACHINE], env=environment).returncode


if __name__ == "__main__":
    try:
        sys.exit(open_ui())
    except HandloomError as error:
        sys.exit(f"ui: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
