"""The training stage on a table of its own: what it refuses, what it reports, what it leaves behind."""

import csv
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from handloom import keypoint_table
from handloom.config import Data, LabeledDirectories, Model, Optimizer, Parameters, Split, Training, Validation
from handloom.dataset.split import split_table
from handloom.errors import DataError, HandloomError
from handloom.keypoint_table import SCHEMA
from handloom.training.train import train

SETTINGS = Training(
    maximum_iterations=4, report_interval=2, checkpoint_interval=1, model=Model(width=8, frame_features=8)
)
WITHOUT_VALIDATION = Split(validation=Validation(strategy="none"))


@pytest.fixture(autouse=True)
def in_a_repository_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def parameters(training: Training = SETTINGS) -> Parameters:
    return Parameters(
        data=Data(pose=LabeledDirectories(path="photos"), action=LabeledDirectories(path="clips")), train_pose=training
    )


def write_tables(labels: Sequence[str], split: Split, lost: str = "") -> tuple[Path, Path]:
    """A table with a random hand for each label, or none for the class `lost`, and its parts."""
    random = np.random.default_rng(0)
    rows = []
    for number, label in enumerate(labels):
        pose = random.random((3, 21), dtype=np.float32)
        pose[2] = 0 if label == lost else 1
        rows.append(
            dict.fromkeys(SCHEMA.names)
            | {
                "session_id": number,
                "label": label,
                "group": str(number),
                "part": "",
                "path": f"{number}.jpg",
                "frame": 0,
            }
            | {"keypoints": (pose * (pose[2] > 0)).ravel()}
        )
    table, parts = Path("pose.parquet"), Path("parts.parquet")
    keypoint_table.write(table, [pa.Table.from_pylist(rows, schema=SCHEMA)], {"frame_rate": "30"})
    split_table(table, split, parts)
    return table, parts


def history() -> list[dict[str, str]]:
    return list(csv.DictReader(Path("out/history.csv").open()))


def test_without_validation_none_is_reported() -> None:
    train(parameters(), "pose", *write_tables(["a", "b"] * 5, WITHOUT_VALIDATION), out=Path("out"))
    assert [row["iteration"] for row in history()] == ["2", "4"]
    assert set(history()[0]) == {"iteration", "loss", "accuracy"}


def test_with_validation_it_is_reported_beside() -> None:
    split = Split(validation=Validation(strategy="fixed", ratio=0.3))
    train(parameters(), "pose", *write_tables(["a", "b"] * 10, split), out=Path("out"))
    assert set(history()[0]) == {"iteration", "loss", "accuracy", "validation_loss", "validation_accuracy"}


def test_a_loss_that_is_no_number_stops_in_one_line_and_keeps_the_last_checkpoint() -> None:
    wild = dataclasses.replace(SETTINGS, optimizer=Optimizer(lr=1e30, gradient_clip=0.0))
    with pytest.raises(HandloomError, match=r"^train_pose: the loss is (nan|inf) in iteration \d; lower[^\n]*$"):
        train(parameters(wild), "pose", *write_tables(["a", "b"] * 5, WITHOUT_VALIDATION), out=Path("out"))
    assert list(Path(".handloom/training").glob("*/iteration-*.ckpt"))
    assert not Path("out").exists()


def test_a_class_that_has_no_hand_to_learn_from_is_named() -> None:
    tables = write_tables(["a", "b", "c"] * 5, WITHOUT_VALIDATION, lost="b")
    with pytest.raises(DataError, match=r"^class 'b': no hand was found in any of its training examples"):
        train(parameters(), "pose", *tables, out=Path("out"))


def test_one_class_alone_is_refused() -> None:
    tables = write_tables(["a"] * 6, WITHOUT_VALIDATION)
    with pytest.raises(DataError, match=r"^only the class 'a' is left to learn from"):
        train(parameters(), "pose", *tables, out=Path("out"))


def test_a_class_that_only_validation_has_is_named() -> None:
    table, parts = write_tables(["a", "b", "c"] * 5, WITHOUT_VALIDATION)
    rows = pq.read_table(parts).to_pylist()
    moved = [row | {"part": "validation" if row["label"] == "c" else row["part"]} for row in rows]
    pq.write_table(pa.Table.from_pylist(moved), parts)
    with pytest.raises(DataError, match=r"^class 'c': only the validation part has it \(\d+\.jpg\)"):
        train(parameters(), "pose", table, parts, out=Path("out"))


def test_the_work_in_progress_is_gone_when_the_model_is_there() -> None:
    train(parameters(), "pose", *write_tables(["a", "b"] * 5, WITHOUT_VALIDATION), out=Path("out"))
    assert {path.name for path in Path("out").iterdir()} == {"model.ckpt", "history.csv", "run.json"}
    assert not list(Path(".handloom/training").iterdir())
