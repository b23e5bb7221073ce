"""A store that cannot be used: one line, before anything is trained, and nothing damaged."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from mlflow_server import Server
from small_training import OUT, WITHOUT_VALIDATION, train_small, write_tables
from tracked import client, outbox, start_run, tracker

from handloom.config import Data, LabeledDirectories, Parameters
from handloom.errors import ConfigurationError, HandloomError
from handloom.runs.recorded import recorded_runs
from handloom.support.files import sha256_of_file
from handloom.support.workspace import Workspace
from handloom.tracking.send import send

PARAMETERS = Parameters(data=Data(pose=LabeledDirectories(path="photos"), action=LabeledDirectories(path="clips")))


@pytest.fixture(autouse=True)
def in_a_repository_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture
def answering() -> Iterator[HTTPServer]:
    """A server that answers each request with its `status` and its `body`, a page."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(self.server.status)  # type: ignore[attr-defined]
            self.end_headers()
            self.wfile.write(self.server.body)  # type: ignore[attr-defined]

        do_POST = do_GET  # noqa: N815

        def log_message(self, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.body = b"<html>a page</html>"  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def one_line(error: pytest.ExceptionInfo[HandloomError]) -> str:
    text = str(error.value)
    assert "\n" not in text and len(text) < 400
    return text


NO_ADDRESSES = [
    *("htp://127.0.0.1:5000", "http://", "127.0.0.1:5000", "./runs", "http://[::1", "?"),
    *("sqlite3:///x.db", "mysql2://u:p@h/d", "file:./mlruns", "databricks"),
]


@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_what_is_no_address_is_refused_before_training(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    write_tables(["a", "b"] * 5, WITHOUT_VALIDATION)
    with pytest.raises(ConfigurationError, match=r"^MLFLOW_TRACKING_URI=") as error:
        train_small()
    one_line(error)
    assert not OUT.exists() and not outbox().folder.exists()


@pytest.mark.parametrize(
    ("status", "said"),
    [(404, "404 Not Found"), (401, "401 Unauthorized"), (403, "403 Forbidden"), (200, "not an MLflow server")],
)
def test_another_server_is_refused(
    status: int, said: str, answering: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering.status = status  # type: ignore[attr-defined]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:secret@127.0.0.1:{answering.server_port}/there")
    with pytest.raises(ConfigurationError, match=r"^MLFLOW_TRACKING_URI=http://127.0.0.1:\d+/there: ") as error:
        start_run("pose", PARAMETERS)
    assert said in one_line(error)


@pytest.mark.parametrize(
    "body", ["", "{}", "[]", "5", "null", '"x"', '{"run": 5}', '{"experiment": {"experiment_id": []}}', "[" * 9999]
)
def test_nonsense_is_no_mlflow_server(body: str, answering: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    answering.status, answering.body = 200, body.encode()  # type: ignore[attr-defined]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{answering.server_port}")
    for begin in (lambda: start_run("pose", PARAMETERS), lambda: recorded_runs(Workspace.here(), "a" * 32)):
        with pytest.raises(HandloomError, match=r"not an MLflow server|no run of this id") as error:
            begin()
        one_line(error)
    assert not outbox().folder.exists()


@pytest.mark.parametrize("kind", ["postgresql", "postgresql+psycopg2", "mysql", "mssql", "mssql+other", "mysql+a+b"])
def test_a_database_whose_driver_is_missing_is_told(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"{kind}://me:s3cret@127.0.0.1/runs")
    with pytest.raises(ConfigurationError, match=r"driver|no address|plugin") as error:
        start_run("pose", PARAMETERS)
    assert "s3cret" not in one_line(error)


def test_a_store_in_a_folder_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///no/where/mlflow.db")
    with pytest.raises(ConfigurationError, match=r"there is no folder .*/no/where; make it first") as error:
        start_run("pose", PARAMETERS)
    assert one_line(error) and not Path("no").exists()


def test_a_deleted_experiment_is_told() -> None:
    start_run("pose", PARAMETERS)
    (experiment,) = [one for one in client().search_experiments() if one.name == "handloom-pose"]
    client().delete_experiment(experiment.experiment_id)
    with pytest.raises(HandloomError, match=r"Restore it in MLflow, or change tracking\.experiment") as error:
        start_run("pose", PARAMETERS)
    assert one_line(error)


@pytest.mark.parametrize("status", [500, 502, 503, 429, 520])
def test_a_server_that_is_down_for_now_is_waited_for(
    status: int, answering: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering.status = status  # type: ignore[attr-defined]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{answering.server_port}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    run = start_run("pose", PARAMETERS)
    assert outbox().waiting() == [run.run_id]
    with pytest.raises(HandloomError, match=str(status)) as error:
        send(Workspace.here())
    assert one_line(error)


def test_a_name_that_no_machine_has_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.invalid:5000")
    run = start_run("pose", PARAMETERS)
    assert outbox().waiting() == [run.run_id]


def test_a_path_that_the_server_does_not_have_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"{server.uri}/elsewhere")
    with pytest.raises(ConfigurationError, match=r"/elsewhere: cannot be used \(it answers 40[45]"):
        start_run("pose", PARAMETERS)


def test_a_file_that_is_no_store_is_named_and_left_as_it_is() -> None:
    tracker().workspace.store.write_bytes(b"my thesis" * 1000)
    before = sha256_of_file(tracker().workspace.store)
    with pytest.raises(
        HandloomError, match=r"mlflow\.db: the MLflow store cannot be used \(file is not a database\)"
    ) as error:
        start_run("pose", PARAMETERS)
    assert one_line(error) and sha256_of_file(tracker().workspace.store) == before


def test_a_damaged_store_is_named() -> None:
    start_run("pose", PARAMETERS)
    content = bytearray(tracker().workspace.store.read_bytes())
    content[4096 : len(content) // 2] = b"\xff" * (len(content) // 2 - 4096)
    damaged = Path("damaged/mlflow.db")
    damaged.parent.mkdir()
    damaged.write_bytes(content)
    os.environ["DVC_ROOT"] = str(damaged.parent.resolve())
    with pytest.raises(HandloomError, match=r"damaged/mlflow\.db: the MLflow store cannot be used \(") as error:
        start_run("pose", PARAMETERS)
    assert one_line(error)


def test_a_store_that_may_only_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    start_run("pose", PARAMETERS)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///file:{tracker().workspace.store}?mode=ro&uri=true")
    with pytest.raises(ConfigurationError, match="readonly database") as error:
        start_run("pose", PARAMETERS)
    assert one_line(error)


def test_a_store_that_another_process_holds_is_waited_for() -> None:
    run = start_run("pose", PARAMETERS)
    holder = sqlite3.connect(tracker().workspace.store, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    run.log_metrics({"loss": 1.0}, step=1)
    assert outbox().waiting() == [run.run_id]
    holder.execute("ROLLBACK")
    holder.close()
    run.log_metrics({"loss": 0.5}, step=2)  # behind the first, so that order stays
    assert send(Workspace.here()) == 1
    assert run.logged_steps() == {"loss": {1, 2}}


FULL = """
import resource, sys
from handloom.errors import HandloomError
from small_training import train_small
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))  # no file may grow beyond it, as on a full disk
try:
    train_small()
except HandloomError as error:
    sys.exit(f"{error}")
"""


def on_a_full_disk(limit: int) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", FULL, str(limit)]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_a_full_disk_is_one_line_and_the_store_stays_whole() -> None:
    write_tables(["a", "b"] * 5, WITHOUT_VALIDATION)
    run = start_run("pose", PARAMETERS)
    run.log_metrics({"loss": 1.0})
    ended = on_a_full_disk(4096)
    assert ended.returncode == 1
    lines = [line for line in ended.stderr.splitlines() if "little training data" not in line]
    assert len(lines) == 1 and "the MLflow store cannot be used" in lines[0], ended.stderr
    with sqlite3.connect(tracker().workspace.store) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert client().get_run(run.run_id).data.metrics == {"loss": 1.0}
    train_small()
