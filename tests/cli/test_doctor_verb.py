"""What doctor finds, and what it says to type; each thing really missing."""

import base64
import json
import os
import sqlite3
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from pathlib import Path

import pytest
from conftest import REPOSITORY

from handloom.cli import main
from handloom.cli.doctor.tracking_store import check_store

ENVIRONMENT = Path(sys.executable).parent


@pytest.fixture(autouse=True)
def healthy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{ENVIRONMENT}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY", raising=False)


def found(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, str]]]:
    status = main(["doctor", "--json"])
    printed = capsys.readouterr()
    assert printed.err == ""
    lines = [json.loads(line) for line in printed.out.splitlines()]
    return status, {line["item"]: line for line in lines}


def test_a_good_installation_has_status_zero_and_nothing_is_made(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status, items = found(capsys)
    assert {name for name, item in items.items() if item["state"] == "MISSING"} == set()
    assert status == 0
    assert {"Python", "handloom", "torch", "mediapipe", "git", "dvc", "landmark model", "MLflow store", "GPU"} <= set(
        items
    )
    assert "pytest" not in items and "DVC" not in items
    assert items["MLflow's telemetry"]["text"] == "off"
    assert list(tmp_path.iterdir()) == []
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.endswith("Everything needed is installed.\n")


def test_what_other_projects_send_and_cannot_do_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "prö").mkdir()
    monkeypatch.chdir(tmp_path / "prö")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "false")
    status, items = found(capsys)
    assert status == 0
    assert "calls play.googleapis.com" in items["MediaPipe's metrics"]["text"]
    assert "unshare -rn" in items["MediaPipe's metrics"]["advice"]
    assert items["MLflow's telemetry"]["advice"] == "type: unset MLFLOW_DISABLE_TELEMETRY"
    assert "dvc exp run --temp and the queue" in items["DVC"]["text"]


def test_missing_git_and_another_python_on_the_path(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    status, items = found(capsys)
    assert status == 1
    assert items["git"]["state"] == items["dvc"]["state"] == items["python"]["state"] == "MISSING"
    assert items["git"]["advice"].endswith("apt-get install git")
    assert items["dvc"]["advice"] == items["python"]["advice"] == f"type: . {ENVIRONMENT / 'activate'}"
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out.endswith("3 missing; the lines above say what to type\n")


def test_too_old_and_newer_than_tested_packages(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, version in (("av", "9.0"), ("tqdm", "4.999.0")):
        (tmp_path / f"{name}-{version}.dist-info").mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (tmp_path / f"{name}-{version}.dist-info" / "METADATA").write_text(metadata)
    monkeypatch.syspath_prepend(str(tmp_path))
    status, items = found(capsys)
    assert status == 1
    assert items["av"]["state"] == "MISSING"
    assert items["av"]["advice"] == "type: python -m pip install 'av>=17'"
    assert items["tqdm"]["state"] == "note"
    assert items["tqdm"]["text"].startswith("4.999.0; handloom was tested with 4.")


def test_a_package_that_only_an_extra_needs_is_a_note(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    asked = [f'not-there-{extra}>=1; extra == "{extra}"' for extra in {*extras, "of-tomorrow"} - {"train"}]
    monkeypatch.setattr(sys.modules["handloom.cli.requirements"], "requires", lambda name: asked)
    status, items = found(capsys)
    assert status == 0
    assert "not-there-dev" not in items
    for extra in {*extras, "of-tomorrow"} - {"dev", "train"}:
        item = items[f"not-there-{extra}"]
        assert item["state"] == "note" and item["text"].startswith("not installed, only ")
        assert item["advice"] == f"python -m pip install 'not-there-{extra}>=1'"
    assert items["not-there-search"]["text"] == "not installed, only handloom search needs it"


@pytest.mark.parametrize(("trains", "state"), [(True, "MISSING"), (False, "note")])
def test_what_training_needs_is_missing_where_some_of_it_is_there(
    trains: bool, state: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules["handloom.cli.doctor.packages"]
    monkeypatch.setattr(
        sys.modules["handloom.cli.requirements"], "requires", lambda name: ['not-there>=1; extra == "train"']
    )
    monkeypatch.setattr(module, "installed_to_train", lambda: trains)
    status, items = found(capsys)
    assert (status, items["not-there"]["state"]) == (int(trains), state)
    assert items["not-there"]["advice"].startswith("type: python -m pip install")


@pytest.mark.parametrize("there", [("click", "typing_extensions"), ()])
def test_without_packages_it_still_answers(there: tuple[str, ...], tmp_path: Path) -> None:
    for name in there:  # the command line itself needs them
        file = Path(str(import_module(name).__file__))
        packaged = file.parent if file.name == "__init__.py" else file
        (tmp_path / packaged.name).symlink_to(packaged)
    base_python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [str(base_python), "-S", "-c", "import sys; from handloom.cli import main; sys.exit(main(['doctor']))"],
        env={**kept, "PYTHONPATH": f"{REPOSITORY / 'src'}:{tmp_path}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if not there:
        told = "is not installed; type: python -m pip install --upgrade handloom\n"
        assert (done.returncode, done.stdout) == (1, "") and done.stderr.endswith(told)
        return
    assert (done.returncode, done.stderr) == (1, "")
    assert "ok       Python: 3." in done.stdout
    assert "GPU" not in done.stdout  # only training needs one
    assert "MISSING  landmark model: cannot be checked without" in done.stdout


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://me:secret@127.0.0.1:9", "http://127.0.0.1:9 does not answer"),
        ("http://me:sec/ret@127.0.0.1:9", "http://127.0.0.1:9 is no address of a store"),
        ("http://me:secret@[::1", "http://[::1 is no address of a store"),
        ("sqlite:///:memory:", "sqlite:///:memory: is no address of a store"),
        ("sqlite:///nowhere/mlflow.db", "{here}/nowhere/mlflow.db cannot be made"),
        ("sqlite:///damaged.db", "{here}/damaged.db is no MLflow store"),
        ("sqlite:///other.db", "{here}/other.db is no MLflow store"),
    ],
)
def test_a_store_that_cannot_be_used(
    address: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("damaged.db").write_text("not a database, and long enough to be read as one" * 10)
    sqlite3.connect("other.db").execute("CREATE TABLE something (number)").connection.close()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    status, items = found(capsys)
    assert status == 1
    assert items["MLflow store"]["text"].startswith(said.format(here=Path.cwd()))
    assert items["MLflow store"]["advice"]
    assert "secret" not in str(items)


def test_a_server_that_wants_a_password_gets_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = f"Basic {base64.b64encode(b'me:secret').decode()}"
            self.send_response(200 if self.headers["Authorization"] == wanted else 401)
            self.end_headers()
            self.wfile.write(self.server.body)  # type: ignore[attr-defined]

        def log_message(self, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        mine = "me:secret@"
        for login, body, state in ((mine, b"OK", "ok"), ("", b"OK", "MISSING"), (mine, b"x", "MISSING")):
            server.body = body  # type: ignore[attr-defined]
            monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://{login}127.0.0.1:{server.server_port}")
            (item,) = check_store()
            assert item.state == state and "secret" not in str(item)
        server.shutdown()


def test_a_landmark_model_that_is_gone_or_cannot_be_fetched(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Path("params.yaml").write_text("extract_keypoints: {landmark_model: {path: gone.task, sha256: ''}}")
    status, items = found(capsys)
    assert status == 1
    assert items["landmark model"]["text"].startswith("gone.task: no such file")

    Path("params.yaml").unlink()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    status, items = found(capsys)
    assert status == 1
    assert "pip does not find mediapipe==0.10.21" in items["landmark model"]["text"]
    assert not (tmp_path / "empty").exists()
