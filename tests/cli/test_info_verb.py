"""What a bug report gets: versions and settings, and nothing that names a person."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import handloom
from handloom.cli import main
from handloom.landmarks.landmark_model import NETWORKS

LIBRARIES = ("coremltools", "dvc", "mlflow", "pytorch-lightning", "torch")


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["info", "--json"]) == 0
    content: dict[str, Any] = json.loads(capsys.readouterr().out)
    return content


def test_versions_networks_and_what_calls_home_are_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "false")
    monkeypatch.setenv("DVC_NO_ANALYTICS", "true")
    content = told(capsys)
    assert content["handloom"]["version"] == handloom.__version__
    assert len(content["handloom"]["code"]) == 64
    assert {name: content["libraries"][name] for name in LIBRARIES} == {name: version(name) for name in LIBRARIES}
    assert not {"dev", "train"} & set(content["extras"])
    assert content["extras"]["search"] == f"optuna {version('optuna')}"
    assert content["landmarker"]["runtime"] == "litert"
    for name, (_, sha256) in NETWORKS.items():
        assert content["landmarker"][name] == f"sha256 {sha256}"
    assert content["calls home"]["MLflow's telemetry"].endswith("type: unset MLFLOW_DISABLE_TELEMETRY")
    assert content["calls home"]["DVC's analytics"] == "off"
    assert content["tracking"]["from"] == "default"

    assert main(["info"]) == 0
    text = capsys.readouterr().out
    assert f"\n  commit: {content['handloom']['commit']}\n" in text
    assert f"torch {version('torch')}" in text


def test_neither_the_person_nor_a_password_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "homes" / "anna.k"
    (home / "project").mkdir(parents=True)
    monkeypatch.chdir(home / "project")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LOGNAME", "anna.k")
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "DVC_ROOT", "DVC_NO_ANALYTICS", "DVC_TEST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://anna.k:secret@tracker.org/anna.k?token=hidden")
    content = told(capsys)
    assert content["tracking"] == {"address": "https://tracker.org/<user>", "from": "MLFLOW_TRACKING_URI"}
    assert content["landmarker"]["file"] == "~/.cache/handloom/hand_landmarker.task"
    assert content["landmarker"]["networks"] == "not downloaded yet"
    assert content["calls home"]["DVC's analytics"] == "on; type: dvc config --global core.analytics false"
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    own = told(capsys)
    assert own["tracking"]["address"].startswith("~/project/")
    assert not [word for word in ("anna", "secret", "hidden", str(tmp_path)) if word in json.dumps([content, own])]
