"""Two runs side by side."""

import json
from dataclasses import replace

import pytest
from tracked import start_run

from handloom import tracking
from handloom.cli import main
from handloom.config import Data, Kind, LabeledDirectories, Optimizer, Parameters

DATA = Data(pose=LabeledDirectories(path="photos"), action=LabeledDirectories(path="clips"))


def recorded(name: str, kind: Kind, lr: float, metrics: dict[str, float]) -> str:
    parameters = Parameters(data=DATA)
    training = replace(parameters.train_pose, optimizer=replace(Optimizer(), lr=lr))
    tags = {"mlflow.runName": name, "handloom.keypoints_sha256": "a" * 64, tracking.MODEL_SHA256: name}
    run = start_run(kind, replace(parameters, train_pose=training), tags)
    run.log_metrics(metrics)
    return run.run_id


def test_two_experiments_are_compared(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert main(["compare", "first", "second"]) == 1
    assert "there is no MLflow store at" in capsys.readouterr().err

    recorded("first", "pose", 0.1, {"test_accuracy": 0.1})  # an older one of the same name
    first = recorded("first", "pose", 0.001, {"loss": 1.0, "test_accuracy": 0.5})
    recorded("second", "pose", 0.002, {"loss": 0.25, "test_accuracy": 0.75, "test_log_loss": 0.3})
    recorded("third", "action", 0.001, {})

    assert main(["compare", first, "second", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["pose"]
    assert found["parameters"] == [{"parameter": "train_pose.optimizer.lr", "A": "0.001", "B": "0.002"}]
    assert found["metrics"] == [
        {"metric": "test_accuracy", "A": 0.5, "B": 0.75, "difference": 0.25},
        {"metric": "test_log_loss", "A": None, "B": 0.3},
        {"metric": "loss", "A": 1.0, "B": 0.25, "difference": -0.75},
    ]
    same = {row["of"]: row["same"] for row in found["made_of"]}
    assert same["joints"] is True and same["model"] is False

    assert main(["compare", "first", "second"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["train_pose.optimizer.lr", "0.001", "0.002"] in lines
    assert ["test_log_loss", "-", "0.3000", "-"] in lines
    assert ["joints", "a" * 12, "a" * 12, "yes"] in lines

    for given, said in (
        (["first", "third"], "first is of pose, third of action; name two of a kind"),
        (["first", "it's"], "it's: no run of this id or name in "),
    ):
        assert main(["compare", *given]) == 1
        told = capsys.readouterr()
        assert told.out == "" and told.err.startswith(f"handloom compare: {said}") and told.err.count("\n") == 1
