"""A Create ML project: what Turi Create wrote reads back equal; damaged and foreign projects are one line."""

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from places import keypoints_of

from handloom import DataSource, config
from handloom.errors import DataError
from handloom.extraction.extract import extract_keypoints
from handloom.hand import present
from handloom.keypoint_table import landmarkers_of, poses_of
from handloom.sources import Gathered, gather
from handloom.sources.sframe import read_sframe

FOLDER = Path(__file__).parent / "create_ml_project"
PROJECT = FOLDER / "Gestures.mlproj"  # made by create_ml_project/make.py
SESSION = "Checkpoints/5D1C6E3A-0000-4000-8000-000000000001.Gestures.checkpoint"
TRAINING = f"{SESSION}/extracting-000000051.checkpoint/training/DataTable"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROJECT, tmp_path / "Gestures.mlproj"))


def gathered(path: Path = PROJECT, **settings: Any) -> Gathered:
    return gather(config.CreateMLProject(path=str(path), **settings), "pose", "data.pose")


def refused(path: Path, **settings: Any) -> str:
    with pytest.raises(DataError) as caught:
        gathered(path, **settings)
    (line,) = str(caught.value).splitlines()
    return line


def expected() -> list[dict[str, str]]:
    with (FOLDER / "joints.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_project_reads_back_equal_and_in_its_parts() -> None:
    rows = expected()
    table = keypoints_of(gathered())
    for column in ("label", "path", "part"):
        assert table.column(column).to_pylist() == [row[column] for row in rows]
    numbers = np.array([row["keypoints"].split() for row in rows], np.float64).reshape(-1, 3, 21)
    assert np.array_equal(poses_of(table), numbers.astype(np.float32))
    lost = numbers[:, 2] == 0
    assert 0 < lost.sum() < 21 and numbers[:, 0][lost].all()  # a joint that Vision lost keeps its place in the picture
    assert present(poses_of(table)).all()


def test_python_reads_a_project_too() -> None:
    frame = DataSource.create_ml_project(at=PROJECT).extract_keypoints()
    assert frame.groupby("part").size().to_dict() == {"train": 36, "validation": 15}
    assert not frame["path"].str.contains("somebody").any()  # where it lay on the Mac stays there


def test_every_packing_of_an_sframe_reads_back_equal() -> None:
    """The columns of `odd` in create_ml_project/make.py."""
    found = read_sframe(FOLDER / "odd.sframe", ["text", "whole", "decimal", "array"])
    rows = range(300)
    assert found["text"] == [None if row % 7 == 0 else "é" * (row % 5) + str(row) for row in rows]
    assert found["whole"] == [(row * 7919) % 13 - 4 if row < 200 else -(2**62) + row for row in rows]
    assert found["decimal"] == [row / 8 - 3 for row in rows]
    for row, value in zip(rows, found["array"], strict=True):
        assert value is None if row % 3 == 0 else np.array_equal(value, np.full((2, 1 + row % 2), float(row - 100)))


def test_foreign_projects_are_one_line(project: Path, tmp_path: Path) -> None:
    assert "no Project.json in it" in refused(tmp_path)
    assert "no Project.json in it" in refused(FOLDER / "joints.csv")
    file = project / "Project.json"
    file.write_text('{"taskType": "handActionClassifier"}')
    assert "a project of hand actions" in refused(project)
    file.write_text('{"taskType": "imageClassifier"}')
    assert "of another kind (imageClassifier)" in refused(project)
    for text in ("{}", "[]", "{", "[" * 100_000):
        file.write_text(text)
        assert "Project.json: damaged" in refused(project)


@pytest.mark.parametrize("name", ["Project.json", "Gestures.json", "*.frame_idx", "*.sidx", "*.0000"])
@pytest.mark.parametrize("device", [False, True])
def test_a_pipe_or_a_device_in_a_project_is_one_line_and_not_waited_for(project: Path, name: str, device: bool) -> None:
    file = next(project.rglob(name))
    file.unlink()
    file.symlink_to("/dev/zero") if device else os.mkfifo(file)
    assert "damaged" in refused(project)


def test_a_project_that_keeps_no_joints_says_what_to_do(project: Path) -> None:
    (project / SESSION / "extracting-000000051.checkpoint").rename(project / SESSION / "features-51")
    assert "keeps no joints" in refused(project)
    shutil.rmtree(project / "Checkpoints")
    assert "train the model in Create ML and save the project" in refused(project)


def test_of_two_models_one_has_to_be_named(project: Path) -> None:
    other = "11111111-0000-4000-8000-000000000002"
    shutil.copytree(project / SESSION, project / f"Checkpoints/{other}.Second.checkpoint")
    assert "set data.pose.model to one of Second, Gestures" in refused(project)
    assert "no model called 'Third'" in refused(project, model="Third")
    assert len(keypoints_of(gathered(project, model="Second"))) == 51
    container = {"id": other, "preferredFilename": "Renamed"}
    (project / "Model Containers/second.json").write_text(json.dumps(container))
    assert len(keypoints_of(gathered(project, model="Renamed"))) == 51
    (project / "Model Containers/second.json").write_text("{")
    assert "second.json: damaged" in refused(project)


def test_joints_of_another_shape_are_one_line(project: Path) -> None:
    index = next((project / TRAINING).glob("*.frame_idx"))
    text = index.read_text()
    index.write_text(text.replace("=keypoints\n", "=joints\n"))
    assert "no column 'keypoints'" in refused(project)
    index.write_text(text.replace("=keypoints\n", "=x\n").replace("=session_id\n", "=keypoints\n"))
    assert "its joints are no array [1, 3, 21]" in refused(project)


def test_an_index_leads_nowhere_else(project: Path) -> None:
    index = next((project / TRAINING).glob("*.frame_idx"))
    index.write_text(index.read_text().replace("m_", "../m_"))
    assert "which is no file of its folder" in refused(project)
    index.unlink()
    assert "0 files *.frame_idx" in refused(project)


def test_a_damaged_table_is_one_line_or_reads_as_a_table(project: Path) -> None:
    """Any byte of any file of the table may be another one, and any file may be cut off."""
    generator = np.random.default_rng(0)
    for file in sorted((project / TRAINING).iterdir()):
        whole = file.read_bytes()
        used = np.flatnonzero(np.frombuffer(whole, np.uint8))  # most of a segment is padding
        for place in generator.permutation(used)[:150].tolist():
            changed = bytearray(whole)
            changed[place] = generator.integers(256)
            file.write_bytes(changed)
            _read(project)
        for length in generator.integers(0, len(whole) + 1, 10).tolist():
            file.write_bytes(whole[:length])
            _read(project)
        file.write_bytes(whole)
    assert len(keypoints_of(gathered(project))) == 51


def _read(project: Path) -> None:
    try:
        gathered(project)
    except DataError as error:
        assert len(str(error).splitlines()) == 1


def test_the_table_knows_which_landmarkers_made_its_joints(tmp_path: Path) -> None:
    own = pd.DataFrame({"label": ["five", "one"] * 3, "keypoints": [row.tolist() for row in np.full((6, 63), 0.5)]})
    own.to_parquet(tmp_path / "own.parquet")
    table = config.LabeledKeypointsDataFrame(
        data_frame=str(tmp_path / "own.parquet"),
        session_id_column="",
        origin="lower_left",
        axis_order="channel_joint",
        channels="xy_confidence",
        landmarker="leap",
    )
    source = config.JoinedPose(sources={"theirs": config.CreateMLProject(path=str(PROJECT)), "own": table})
    out = tmp_path / "keypoints.parquet"
    extract_keypoints(source, config.ExtractKeypoints(), "pose", out, tmp_path / "report", tmp_path / "cache")
    assert landmarkers_of(out) == ["create_ml", "leap"]
