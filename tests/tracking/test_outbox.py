"""The server goes away and comes back: training goes on, and each thing that was logged arrives once."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as lightning
from mlflow import MlflowClient
from mlflow.entities import Run as MlflowRun
from mlflow_server import Server
from PIL import Image
from small_training import (
    OUT,
    PARTS,
    SETTINGS,
    TABLE,
    WITH_VALIDATION,
    WITHOUT_VALIDATION,
    settings_with,
    train_small,
    train_with,
    write_tables,
)
from tracked import client, outbox, start_run, tracker, trained_run

from handloom import tracking
from handloom.cli import main
from handloom.config import Data, LabeledDirectories, Parameters, Tracking
from handloom.config.fields import Pictures
from handloom.errors import DataError, HandloomError
from handloom.evaluation.evaluate import evaluate
from handloom.models.provenance import read_provenance
from handloom.runs.recorded import recorded_runs
from handloom.support.workspace import Workspace
from handloom.tracking import Run
from handloom.tracking.operations import Operation
from handloom.tracking.send import send

LABELS = ["a", "b"] * 10
KEEP_UNTIL_KILLED = """
import sys
from handloom.support.workspace import Workspace
from handloom.tracking.operations import Operation
from handloom.tracking.outbox import Outbox
from handloom.tracking.store import Store
from pathlib import Path
outbox = Outbox(Store(Workspace.here()))
for number in range(100000):
    outbox.keep("run", Operation("files", {"folder": str(number)}, (Path("kept.txt"),)))
    print(number, flush=True)
"""


@pytest.fixture(autouse=True)
def in_a_repository_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def parameters(experiment: str) -> Parameters:
    """Each test has an experiment of its own on the server that they share."""
    data = Data(pose=LabeledDirectories(path="photos"), action=LabeledDirectories(path="clips"))
    return Parameters(data=data, train_pose=SETTINGS, tracking=Tracking(experiment))


def the_run(client: MlflowClient, experiment: str) -> MlflowRun:
    """The only run of an experiment."""
    found = client.get_experiment_by_name(f"{experiment}-pose")
    assert found is not None
    (run,) = client.search_runs([found.experiment_id])
    return run


def curve(client: MlflowClient, run: MlflowRun, name: str) -> list[int]:
    return [point.step for point in client.get_metric_history(run.info.run_id, name)]


def artifacts(client: MlflowClient, run: MlflowRun, folder: str = "") -> set[str]:
    return {file.path for file in client.list_artifacts(run.info.run_id, folder or None)}


class StopServer(lightning.Callback):
    """Stops the server when an iteration is through."""

    def __init__(self, server: Server, after: int) -> None:
        self.server, self.after = server, after

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if trainer.current_epoch + 1 == self.after:
            self.server.stop()


def test_a_server_that_goes_away_in_the_middle_gets_the_rest_later(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tables(LABELS, WITH_VALIDATION)
    train_with(parameters("middle"), callbacks=[StopServer(server, after=2)])
    metrics = evaluate(parameters("middle"), "pose", OUT, TABLE, PARTS, Path("report"), Workspace.here()).metrics
    said = [line for line in capsys.readouterr().err.splitlines() if "MLflow" in line]
    assert len(said) == 1 and said[0].endswith("send it with: handloom send")
    assert server.uri in said[0] and "refuses the connection" in said[0]

    server.start()
    client = server.client()
    before = the_run(client, "middle")
    assert before.info.status == "RUNNING" and curve(client, before, "loss") == [2]
    assert send(Workspace.here()) == 1
    run = the_run(client, "middle")
    assert run.info.run_id == trained_run(OUT).run_id and run.info.status == "FINISHED"
    for name in ("loss", "accuracy", "validation_loss", "validation_accuracy"):
        assert curve(client, run, name) == [2, 4]
    assert run.data.metrics["test_accuracy"] == metrics["accuracy"]
    assert artifacts(client, run, "plots") == {"plots/confusion.png", "plots/reliability.png"}
    assert artifacts(client, run, "reports/report") == {
        f"reports/report/{file.name}" for file in Path("report").iterdir()
    }
    champion = client.get_model_version_by_alias("handloom-pose", "champion")
    assert champion.run_id == run.info.run_id
    assert outbox().waiting() == [] and send(Workspace.here()) == 0
    assert the_run(client, "middle").data.to_dictionary() == run.data.to_dictionary()


def test_a_run_that_began_without_the_server_is_one_run_however_often_sending_is_killed(
    a_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_server.stop()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", a_server.uri)
    write_tables(LABELS, WITH_VALIDATION)
    all_of_it = {"maximum_iterations": 30, "report_interval": 1}
    chosen = parameters("killed")
    for iterations in (20, 30):  # the second session goes on in the same run
        section = settings_with(**all_of_it, iterations=iterations)
        train_with(Parameters(chosen.data, train_pose=section, tracking=chosen.tracking))
    evaluate(chosen, "pose", OUT, TABLE, PARTS, Path("report"), Workspace.here())
    run_id = trained_run(OUT).run_id
    assert outbox().waiting() == [run_id]
    calls = (outbox().folder / run_id / "calls.jsonl").read_bytes()

    a_server.start()
    for answers in (1, 2, 3, 5, 8, 13):
        process = subprocess.run([sys.executable, "-c", KILLED_SENDER, str(answers)])
        assert process.returncode == -signal.SIGKILL
        assert outbox().waiting() == [run_id]
    send(Workspace.here())
    client = a_server.client()
    run = the_run(client, "killed")
    assert run.data.tags["handloom.run"] == run_id and run.info.status == "FINISHED"
    for name in ("loss", "validation_loss"):
        assert curve(client, run, name) == list(range(1, 31))
    assert run.data.params["train_pose.maximum_iterations"] == "30"

    (outbox().folder / run_id).mkdir(parents=True)  # all of it once more, as if nothing had been noted
    (outbox().folder / run_id / "calls.jsonl").write_bytes(
        b"".join(line for line in calls.splitlines(keepends=True) if json.loads(line)["call"] not in ("files", "model"))
    )
    (outbox().folder / run_id / "about.json").write_text(json.dumps({"address": a_server.uri, "since": 0}))
    assert send(Workspace.here()) == 1
    assert curve(client, run, "loss") == list(range(1, 31))
    assert len(client.get_metric_history(run.info.run_id, "test_accuracy")) == 1
    assert the_run(client, "killed").data.to_dictionary() == run.data.to_dictionary()

    metrics = evaluate(
        chosen, "pose", OUT, TABLE, PARTS, Path("report"), Workspace.here()
    ).metrics  # finds the run by our id
    again = the_run(client, "killed")
    assert again.data.metrics["test_accuracy"] == metrics["accuracy"]
    sha = Counter(one.tags["handloom.model_sha256"] for one in client.search_model_versions("name='handloom-pose'"))
    assert set(sha.values()) == {1}


# Killed when the server has answered so often, and nothing was noted of the last answer.
KILLED_SENDER = """
import os, signal, sys
import requests
from handloom.support.workspace import Workspace
from handloom.tracking.send import send
left, ask = int(sys.argv[1]), requests.Session.send
def ask_and_die(*given, **named):
    global left
    answer = ask(*given, **named)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
requests.Session.send = ask_and_die
send(Workspace.here())
"""


def test_what_is_kept_when_a_process_is_killed_is_whole() -> None:
    Path("kept.txt").write_text("kept")
    process = subprocess.Popen([sys.executable, "-c", KEEP_UNTIL_KILLED], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) == 300:
            process.send_signal(signal.SIGKILL)
            break
    rest = process.stdout.read()
    process.wait()
    told = int((rest.splitlines() or ["300"])[-1] or 300)
    with (outbox().folder / "run" / "calls.jsonl").open("ab") as file:
        file.write(b'{"call": "metr')  # cut off within a line
    outbox().keep("run", Operation("files", {"folder": "last"}, (Path("kept.txt"),)))
    found = [call for call, _ in outbox().read("run")]
    folders = [call.content["folder"] for call in found]
    assert folders[:-1] == [str(number) for number in range(len(folders) - 1)] and len(folders) - 1 >= told
    assert folders[-1] == "last"
    assert all(call.files[0].read_text() == "kept" for call in found)


def test_a_step_that_the_run_has_is_not_logged_again_by_a_training_that_went_back_to_a_checkpoint() -> None:
    run = start_run("pose", parameters("steps"))
    for step in (1, 2):
        run.log_metrics({"loss": step / 10}, step, once=True)
    run.log_metrics({"test_accuracy": 0.5})
    Path("mlflow.db").rename("away.db")
    Path("mlflow.db").mkdir()  # a store that cannot be opened
    for step in (2, 3):
        run.log_metrics({"loss": step / 10 + 1e-9}, step, once=True)
    run.log_metrics({"test_accuracy": 0.5})  # evaluated again, with the same result
    run.log_metrics({"test_accuracy": 0.6})  # and with another
    assert run.logged_steps() == {"loss": {2, 3}, "test_accuracy": {0}}
    Path("mlflow.db").rmdir()
    Path("away.db").rename("mlflow.db")
    assert send(Workspace.here()) == 1
    store = client()
    history = store.get_metric_history(run.run_id, "loss")
    assert [(point.step, point.value) for point in history] == [(1, 0.1), (2, 0.2), (3, 0.3 + 1e-9)]
    assert [point.value for point in store.get_metric_history(run.run_id, "test_accuracy")] == [0.5, 0.6]
    assert store.get_run(run.run_id).data.metrics["test_accuracy"] == 0.6


def test_a_server_that_never_answers_is_not_waited_for_twice(
    monkeypatch: pytest.MonkeyPatch, silent: socket.socket
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{silent.getsockname()[1]}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    write_tables(LABELS, WITHOUT_VALIDATION)
    train_small()
    silent.accept()[0].close()
    with pytest.raises(BlockingIOError):  # there was no second connection
        silent.accept()
    assert outbox().waiting() == [trained_run(OUT).run_id]


def kept_run(experiment: str) -> tuple[Run, Path]:
    """A run that waits, with a number; its folder in the outbox."""
    run = start_run("pose", parameters(experiment))
    run.log_metrics({"accuracy": 1.0})
    return run, outbox().folder / run.run_id


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no text": lambda run: (run / "calls.jsonl").write_bytes(b"\xff\xff\n"),
    "no object": lambda run: (run / "calls.jsonl").write_text("5\n"),
    "deep": lambda run: (run / "calls.jsonl").write_text("[" * 99999 + "\n"),
    "digits": lambda run: (run / "calls.jsonl").write_text('{"call": "tags", "content": ' + "9" * 6000 + "}\n"),
    "no call": lambda run: (run / "calls.jsonl").write_text('{"call": "evil", "content": {}, "files": []}\n'),
    "no content": lambda run: (run / "calls.jsonl").write_text('{"call": "metrics", "content": {}, "files": []}\n'),
    "elsewhere": lambda run: append(run, {"call": "files", "content": {"folder": ""}, "files": ["../../secret"]}),
    "gone": lambda run: append(run, {"call": "files", "content": {"folder": ""}, "files": ["files/9/gone"]}),
    "no run": lambda run: append(run, {"call": "status", "content": {"status": "EVIL", "time": 1}, "files": []}),
}


def append(run: Path, call: dict[str, Any]) -> None:
    with (run / "calls.jsonl").open("a") as file:
        file.write(json.dumps(call) + "\n")


def test_a_damaged_run_keeps_no_other_from_being_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    Path(".handloom/secret").parent.mkdir()
    Path(".handloom/secret").write_text("secret")
    damaged = {}
    for name, damage in DAMAGES.items():
        run, folder = kept_run("damaged")
        damage(folder)
        damaged[name] = run.run_id
    whole = {}
    for name, (file, text) in {
        "nothing": ("nothing", ""),
        "about is no text": ("about.json", "\xff\0"),
        "about is a list": ("about.json", "[]"),
        "sent is no number": ("sent", "abc"),
        "sent is beyond": ("sent", "99999999"),
        "sent is negative": ("sent", "-5"),
        "sent is within a line": ("sent", "7"),
    }.items():
        run, folder = kept_run("whole")
        (folder / file).write_text(text)
        whole[name] = run.run_id
    (outbox().folder / "a file").write_text("")

    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    with pytest.raises(HandloomError) as error:
        send(Workspace.here(), here=True)
    told = str(error.value)
    assert "\n" not in told and f"({len(whole)} sent, {len(damaged)} wait)" in told
    assert set(outbox().waiting()) == set(damaged.values())
    store = client()
    experiment = store.get_experiment_by_name("whole-pose")
    assert experiment is not None
    sent = store.search_runs([experiment.experiment_id])
    assert {run.data.tags["handloom.run"] for run in sent} == set(whole.values())
    assert all(len(store.get_metric_history(run.info.run_id, "accuracy")) == 1 for run in sent)
    assert not list(Path("mlruns").rglob("secret"))
    for run_id in damaged.values():
        with pytest.raises(HandloomError, match=rf"{run_id}|sent, "):
            send(Workspace.here(), here=True)
        shutil.rmtree(outbox().folder / run_id)
    assert send(Workspace.here()) == 0


def test_what_killed_processes_left_in_the_outbox_is_removed_at_the_next_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    Path("kept.txt").write_text("kept")
    run, folder = kept_run("left")
    run.log_files([Path("kept.txt")])
    before = set(outbox().folder.rglob("*"))
    size = (folder / "calls.jsonl").stat().st_size
    removed = outbox().folder / "removed/files/0/0/kept.txt"
    for left in (folder / f"files/{size}/0/kept.txt", removed, folder / ".sent.1.part"):
        left.parent.mkdir(parents=True, exist_ok=True)
        left.write_text("left")
    another = start_run("pose", parameters("left"))
    assert {path for path in outbox().folder.rglob("*") if another.run_id not in path.parts} - before <= {
        outbox().folder / "sending"
    }
    assert [call.name for call, _ in outbox().read(run.run_id)] == ["open", "metrics", "files"]


@pytest.mark.parametrize(
    "content",
    [
        *("x", "", "[]", "{}", "null", "[" * 99999, "\xff", '{"run_id": 5}', '{"run_id": null}', '{"run_id": ""}'),
        *('{"run_id": "../../elsewhere"}', '{"run_id": ".."}', '{"run_id": ' + "9" * 6000 + "}"),
    ],
)
def test_a_damaged_note_of_a_run_is_one_line_or_no_note(content: str) -> None:
    Path("work").mkdir()
    Path("work/mlflow_run.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(DataError, match=r"^work/mlflow_run\.json: damaged") as error:
        tracker().begin(Path("work"), "pose", parameters("damaged"), "f" * 64)
    assert "\n" not in str(error.value) and not Path(".handloom").exists()
    Path(".handloom/runs").mkdir(parents=True)
    Path(f".handloom/runs/{'f' * 32}.json").write_bytes(content.encode("latin-1"))
    assert tracker().noted("f" * 64) is None
    Path("run.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(DataError, match=r"^run\.json: damaged") as error:
        read_provenance(Path("run.json"))
    assert "\n" not in str(error.value)


def test_a_password_is_given_to_the_server_alone(
    server: Server, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://anna:s3%2Fcret@127.0.0.1:{server.port}")
    monkeypatch.delenv("MLFLOW_TRACKING_USERNAME", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_PASSWORD", raising=False)
    run = start_run("pose", parameters("login"))
    run.end()
    Image.new("RGB", (64, 64)).save("hand.jpg")
    assert main(["predict", "--model", "models:/nothing@champion", "hand.jpg"]) == 1
    with pytest.raises(HandloomError) as error:
        recorded_runs(Workspace.here(), "nothing")
    said = "".join(capfd.readouterr()) + str(error.value) + str(the_run(server.client(), "login").data.to_dictionary())
    assert "View run" in said and "models:/nothing@champion" in said
    assert "cret" not in said
    assert "MLFLOW_TRACKING_PASSWORD" not in os.environ  # it was there while MLflow was asked


def test_pictures_and_names_of_files_stay_here_unless_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.invalid:5000")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    write_tables(LABELS, WITH_VALIDATION)
    TABLE.with_suffix("").mkdir()
    for name in ("hands.png", "report.json"):
        (TABLE.with_suffix("") / name).write_text("people")
    private = {"hands.png", "report.json", "predictions.csv"}
    cases: list[tuple[Pictures, int]] = [("local", 1), ("always", 0), ("never", 0)]
    for seed, (pictures, lines) in enumerate(cases):
        given = parameters("pictures")
        training = replace(given.train_pose, seed=seed)  # a training of its own
        chosen = replace(given, train_pose=training, tracking=Tracking("pictures", pictures))
        train_with(chosen)
        evaluate(chosen, "pose", OUT, TABLE, PARTS, Path("report"), Workspace.here())
        kept = {path.name for path in outbox().folder.rglob("*")}
        assert kept & private == (private if pictures == "always" else set())
        assert "confusion.csv" in kept
        assert capsys.readouterr().err.count("stay on this computer") == lines
        shutil.rmtree(outbox().folder)


def test_it_is_not_sent_to_another_store_by_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://anna:secret@127.0.0.1:9")
    run = start_run("pose", parameters("elsewhere"))
    run.log_metrics({"loss": float("nan"), "accuracy": 1.0}, step=1)
    assert "secret" not in "".join(path.read_text() for path in outbox().folder.rglob("*.js*"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    with pytest.raises(HandloomError, match=r"^run local-\w+ was kept for http://127\.0\.0\.1:9, and the store is now"):
        send(Workspace.here())
    assert send(Workspace.here(), here=True) == 1
    store = client()
    assert the_run(store, "elsewhere").data.metrics["accuracy"] == 1.0
    assert the_run(store, "elsewhere").data.metrics["loss"] != the_run(store, "elsewhere").data.metrics["loss"]


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that lets connections wait and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.setblocking(False)
        yield listening


def test_runs_of_a_sweep_that_began_without_a_store_are_taken_up_and_stay_below_their_parent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start() -> tuple[str, str]:
        above = start_run("pose", parameters("sweep"), {tracking.JOB: "search"}).run_id
        tags = {tracking.JOB: "search-0", tracking.PARENT: above}
        return above, start_run("pose", parameters("sweep"), tags).run_id

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    kept = start()
    assert start() == kept and set(outbox().waiting()) == set(kept)
    Run(tracker().store, kept[1]).end()

    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert send(Workspace.here(), here=True) == 2
    parent, child = start()
    store = client()
    experiment = store.get_experiment_by_name("sweep-pose")
    assert experiment is not None
    runs = {run.info.run_id: run for run in store.search_runs([experiment.experiment_id])}
    assert set(runs) == {parent, child}
    assert runs[child].data.tags[tracking.PARENT] == parent
    assert {run.info.status for run in runs.values()} == {"RUNNING"}
