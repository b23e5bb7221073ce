"""Stage scripts as they are run: a mistake ends in one line, status 1 and nothing written."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from handloom.errors import ConfigurationError
from handloom.stages.compose import composed, composed_text, parameters_of
from handloom.stages.multirun import Multirun

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(REPOSITORY / "pipeline", folder / "pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "params.yaml", folder)
    return folder


def run(project: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a stage script of the project from a folder that is not the project's."""
    elsewhere = project.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, str(project / "pipeline" / script), *arguments],
        cwd=elsewhere,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def everything_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.parent.rglob("*") if path.is_file())


def one_line_of(project: Path, script: str, *arguments: str) -> str:
    """The one line on stderr, after checking that it is one and that nothing was written."""
    before = everything_in(project)
    result = run(project, script, *arguments)
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert everything_in(project) == before
    assert lines[0].startswith(f"{script.removesuffix('.py')}: ")
    return lines[0]


@pytest.mark.parametrize("arguments", [[], ["poses"], ["split.seed=2", "pose"]])
def test_the_kind_must_come_first(project: Path, arguments: list[Any]) -> None:
    assert "say which kind, first: pose or action" in one_line_of(project, "split.py", *arguments)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("split.seed=-1", "split.seed: "),
        ("split.seed=one", "split.seed: "),
        ("split.sed=1", "split.sed: unknown parameter; did you mean split.seed"),
        ("+split.sed=1", "split.sed: unknown parameter"),
        ("split.seed", "'split.seed'"),
        ("train_pose.prediction_window_size=2", "train_pose.prediction_window_size: "),
    ],
)
def test_a_wrong_override_is_named(project: Path, override: str, told: str) -> None:
    assert told in one_line_of(project, "split.py", "pose", override)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"split: [", "params.yaml: not YAML"),
        (b"split: {seed: 1}\nsplit: {seed: 2}\n", "line 2: the key split appears twice; keep one"),
        (b"\xff\xfe", "params.yaml: not YAML in UTF-8"),
        (b"", "data: missing"),
        (b"- 1\n", "params"),
        (b"split: ${nowhere}\n", "'nowhere'"),
    ],
)
def test_a_broken_params_yaml_is_named(project: Path, content: bytes, told: str) -> None:
    (project / "params.yaml").write_bytes(content)
    assert told in one_line_of(project, "split.py", "pose")


def test_a_wrong_value_in_params_yaml_is_named(project: Path) -> None:
    text = (project / "params.yaml").read_text(encoding="utf-8")
    assert "  test_ratio: 0.2\n" in text
    (project / "params.yaml").write_text(text.replace("  test_ratio: 0.2\n", "  test_ratio: 2.0\n"), encoding="utf-8")
    assert "split.test_ratio: " in one_line_of(project, "split.py", "action")


def test_a_wrong_value_that_an_experiment_left_in_params_yaml_is_told_with_the_way_back(project: Path) -> None:
    text = (project / "params.yaml").read_text(encoding="utf-8")
    (project / "params.yaml").write_text(text.replace("lr: 0.003", "lr: -1"), encoding="utf-8")
    told = one_line_of(project, "train_pose.py")
    assert told.startswith("train_pose: train_pose.optimizer.lr: input should be greater than 0 (got -1)")
    assert told.endswith("; handloom params writes params.yaml again, from conf/")


def read_from(folder: Path, author: str) -> str:
    """The parameter `export_coreml.author` of a params.yaml that somebody sent."""
    text = (REPOSITORY / "params.yaml").read_text(encoding="utf-8")
    (folder / "params.yaml").write_text(text.replace("author: ''", f"author: '{author}'"), encoding="utf-8")
    return parameters_of(composed(folder, "params", [])).export_coreml.author


@pytest.mark.parametrize(
    "author",
    [
        "${oc.env:SECRET}",
        "by ${ oc.env:SECRET } and others",
        "${oc.decode:${oc.env:SECRET}}",
        "${oc.create:{a: ${oc.env:SECRET}}}",
        "${${oc.env:SECRET}}",
        "\\\\${oc.env:SECRET}",
        "${oc.select:nothing,${oc.env:SECRET}}",
        "${hydra:runtime.cwd}",
        "${oc.env:SECRET",
        "${" * 400,
    ],
)
def test_a_params_yaml_of_somebody_else_does_not_read_the_environment(
    author: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    with pytest.raises(ConfigurationError, match=r"^params\.yaml: export_coreml\.author: \$\{") as caught:
        read_from(tmp_path, author)
    assert "hunter2" not in str(caught.value)


def test_other_parameters_may_be_named(tmp_path: Path) -> None:
    assert read_from(tmp_path, "${tracking.experiment}") == "handloom"
    assert read_from(tmp_path, "\\${oc.env:SECRET}") == "${oc.env:SECRET}"  # escaped: a text


@pytest.mark.parametrize("section", ["hydra", "defaults"])
def test_a_params_yaml_cannot_steer_hydra(section: str, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(f"{section}: []\n")
    with pytest.raises(ConfigurationError, match=f"^params.yaml: {section}: not a parameter"):
        composed(tmp_path, "params", [])
    with pytest.raises(ConfigurationError, match=f"^params.yaml: {section}: not a parameter"):
        Multirun(tmp_path, ["--cfg", "job"]).launch("split", lambda parameters: pytest.fail("it ran"))


@pytest.mark.parametrize(
    ("script", "arguments", "told"),
    [
        ("extract_keypoints.py", ["action"], "data.action.path"),
        ("split.py", ["action"], "data/keypoints/action.parquet"),
    ],
)
def test_missing_inputs_are_named(project: Path, script: str, arguments: list[str], told: str) -> None:
    assert told in one_line_of(project, script, *arguments)


def test_a_stage_works_from_any_folder_with_overrides(project: Path) -> None:
    make_table(project / "data/keypoints/pose.parquet")
    result = run(project, "split.py", "pose", "split.test_ratio=0.5", "split.validation.strategy=none")
    assert (result.returncode, result.stderr) == (0, "")
    assert counts_in(result.stdout) == ["test: 4 examples of 2 classes", "train: 4 examples of 2 classes"]
    assert everything_in(project) == sorted(
        [
            *(path.relative_to(project).as_posix() for path in (project / "pipeline").iterdir()),
            "data/keypoints/pose.parquet",
            "data/splits/pose.parquet",
            "params.yaml",
        ]
    )


def test_multirun_runs_every_value(project: Path) -> None:
    make_table(project / "data/keypoints/pose.parquet")
    result = run(project, "split.py", "pose", "-m", "split.test_ratio=0.25,0.5")
    assert (result.returncode, result.stderr) == (0, "")
    assert counts_in(result.stdout) == [
        "test: 2 examples of 2 classes",
        "train: 6 examples of 2 classes",
        "test: 4 examples of 2 classes",
        "train: 4 examples of 2 classes",
    ]


def test_multirun_names_a_wrong_value_in_one_line(project: Path) -> None:
    result = run(project, "split.py", "pose", "--multirun", "split.seed=-1,1")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("split: split.seed: ")


def test_hydra_shows_the_configuration(project: Path) -> None:
    result = run(project, "split.py", "pose", "--cfg", "job", "-p", "split", "split.seed=7")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("# @package split\nseed: 7\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-x"], "--help lists the options"),
        (["-m", "-c", "job"], "not allowed with argument"),
        (["-c", "everything"], "invalid choice: 'everything'"),
        (["-c", "job", "split.sed=1"], "split.sed: unknown parameter; did you mean split.seed"),
    ],
)
def test_a_wrong_option_is_named(project: Path, words: list[str], told: str) -> None:
    assert told in one_line_of(project, "split.py", "pose", *words)


OLD_SCRIPT = """\
from pathlib import Path

from handloom.config import Kind, Parameters
from handloom.multirun import Multirun
from handloom.stage import run_stage


def main(parameters: Parameters, kind: Kind) -> None:
    from handloom.dataset.of_then import split_table


if __name__ == "__main__":
    run_stage(__file__, main)
"""


def test_a_project_of_an_older_handloom_says_what_to_do(project: Path) -> None:
    (project / "pipeline/split.py").write_text(OLD_SCRIPT)
    done = run(project, "split.py", "pose")
    assert done.returncode == 1
    assert done.stderr.startswith("split: this project is of an older handloom; make one with handloom init NAME")
    assert done.stderr.count("\n") == 1
    old = project / "conf/evaluate/default.yaml"
    old.parent.mkdir(parents=True)
    old.write_text("window_stride: null\n")
    with pytest.raises(ConfigurationError, match=r"^\S+/conf/evaluate/default.yaml: of an older handloom; "):
        composed_text(project / "conf")


def counts_in(printed: str) -> list[str]:
    return [line for line in printed.splitlines() if not line.startswith("note: ")]


def make_table(path: Path) -> None:
    """Eight photos of two classes."""
    import pyarrow as pa

    from handloom import keypoint_table

    columns: dict[str, list[Any]] = {
        field.name: [0] * 8 for field in keypoint_table.SCHEMA if not pa.types.is_string(field.type)
    }
    columns |= {field.name: [""] * 8 for field in keypoint_table.SCHEMA if pa.types.is_string(field.type)}
    columns |= {
        "session_id": list(range(8)),
        "label": list("abababab"),
        "group": list("01234567"),
        "keypoints": [[0.0] * 63] * 8,
    }
    keypoint_table.write(path, [pa.table(columns, schema=keypoint_table.SCHEMA)], {})
