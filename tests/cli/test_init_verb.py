"""A new project: what is in it, that it runs, and that an upgrade of handloom is noticed."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import warm_start
import yaml
from conftest import REPOSITORY, Project

from handloom.cli import main
from handloom.config import KINDS, LabeledDirectories, parameters_from
from handloom.config.hydra_nodes import data_options
from handloom.sample import draw_photos
from handloom.stages.compose import composed_text

PEOPLE = ("anna", "ben", "carla", "dan", "eva")
INIT = "import sys; from handloom.cli import main; sys.exit(main(['init', sys.argv[1]]))"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "MLFLOW_", "GIT_"))}
    folders = (warm_start.folder_of_shims(), str(Path(sys.executable).parent), os.environ["PATH"])
    return {**kept, "DVC_NO_ANALYTICS": "1", "PATH": os.pathsep.join(folders), **more}


@pytest.mark.parametrize("kinds", [["pose"], ["action"], ["pose", "action"]])
def test_a_project_has_the_stages_of_its_kinds_and_good_parameters(
    kinds: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "deep" / "own"
    assert main(["init", str(folder), *(["--kind", kinds[0]] if len(kinds) == 1 else [])]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert f"  cd {folder}\n  git init\n  dvc init\n" in printed.out
    stages = yaml.safe_load((folder / "dvc.yaml").read_text())
    trained = {name for name in stages["stages"] if name.startswith("train_")}
    assert trained == {f"train_{kind}" for kind in kinds}
    assert len(stages["plots"]) == 4 * len(kinds)
    text = (folder / "dvc.yaml").read_text()
    assert "src/handloom" not in text
    for name, stage in stages["stages"].items():
        script = stage.get("do", stage)["cmd"].split()[1]
        assert script == "-m" or (folder / script).is_file(), name
    source = parameters_from(yaml.safe_load((folder / "params.yaml").read_text())).data.pose
    assert isinstance(source, LabeledDirectories) and source.path == "data/photos"
    media = {"pose": "photos", "action": "videos"}
    assert {path.name for path in (folder / "data").iterdir() if path.is_dir()} == {media[kind] for kind in kinds}
    everything = "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    assert not re.search(r"data/sample|: sample\b", everything)


def test_params_composes_or_leaves_the_file_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["init", str(tmp_path / "own")])
    config, params = tmp_path / "own/conf/config.yaml", tmp_path / "own/params.yaml"
    before = config.read_text()
    assert "`handloom params`" in before
    monkeypatch.chdir(tmp_path / "own/data")  # the project is the folder above
    config.write_text(f"{before}split:\n  seed: 7\n")
    assert main(["params"]) == 0
    composed = params.read_text()
    assert composed == composed_text(tmp_path / "own/conf") and yaml.safe_load(composed)["split"]["seed"] == 7
    capsys.readouterr()
    for wrong, said in (
        ("split:\n  seed: -1\n", "split.seed"),
        ("split:\n  sed: 1\n", "split.sed"),
        ("split: [", "not YAML"),
        ("evaluate: ${nowhere}\n", "nowhere"),
    ):
        config.write_text(before + wrong)
        assert main(["params"]) == 1
        told = capsys.readouterr().err
        assert told.startswith("handloom params: ") and said in told and told.count("\n") == 1
        assert params.read_text() == composed
    assert not list((tmp_path / "own").glob(".*part*"))


def test_every_option_of_the_data_groups_composes(tmp_path: Path) -> None:
    main(["init", str(tmp_path / "own")])
    conf = tmp_path / "own" / "conf"
    for kind in KINDS:
        for option in (*data_options(kind), *(path.stem for path in (conf / "data" / kind).glob("*.yaml"))):
            parameters_from(yaml.safe_load(composed_text(conf, [f"data/{kind}={option}"])))


@pytest.mark.parametrize("there", ["something.txt", ".hidden", "data/"])
def test_a_folder_that_is_not_empty_is_refused_in_one_line(
    there: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / there).mkdir() if there.endswith("/") else (tmp_path / there).touch()
    before = sorted(tmp_path.rglob("*"))
    assert main(["init", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    name = there.rstrip("/")
    assert printed.out == ""
    assert printed.err == f"handloom init: {tmp_path}: not empty ({name}); name a new folder, or an empty one\n"
    assert sorted(tmp_path.rglob("*")) == before


def test_what_a_killed_start_left_is_no_hindrance(tmp_path: Path) -> None:
    killed = os.fork()
    if killed == 0:
        os._exit(0)
    os.waitpid(killed, 0)
    left = tmp_path / f".project.{killed}-abc_12.part"
    (left / "conf").mkdir(parents=True)
    assert main(["init", str(tmp_path), "--kind", "pose"]) == 0
    assert not left.exists() and (tmp_path / "dvc.yaml").exists()


def test_a_file_or_an_unwritable_place_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main(["init", str(tmp_path / "file")]) == 1
    assert main(["init", str(tmp_path / "file" / "inside")]) == 1
    assert main(["init", "/proc/own"]) == 1
    assert capsys.readouterr().err.count("\n") == 3


def test_here_where_git_and_an_environment_are_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".venv").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["init", "."]) == 0
    assert "cd " not in capsys.readouterr().out
    assert Path("dvc.yaml").is_file()


def test_the_wheel_makes_the_same_project(
    make_project: Callable[[str], Project], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = make_project("for_the_wheel").root
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-build-isolation", "--no-deps", "--wheel-dir", "out"]
    subprocess.run([*build, "."], cwd=source, check=True, capture_output=True)
    with zipfile.ZipFile(next((source / "out").glob("*.whl"))) as wheel:
        wheel.extractall(tmp_path / "installed")
    assert (tmp_path / "installed/handloom/py.typed").is_file()  # type checkers read the annotations
    assert (tmp_path / "installed/hydra_plugins/handloom_parameters.py").is_file()  # Hydra reads the parameters
    started = environment(PYTHONPATH=str(tmp_path / "installed"))
    subprocess.run([sys.executable, "-c", INIT, "own"], cwd=tmp_path, env=started, check=True, capture_output=True)
    main(["init", str(tmp_path / "same")])
    assert contents(tmp_path / "own") == contents(tmp_path / "same")


def run(command: str, folder: Path) -> str:
    done = subprocess.run(command.split(), cwd=folder, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ran(output: str) -> list[str]:
    return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")]


def readme_blocks(section: str) -> list[tuple[str, str]]:
    """The blocks of code of a section of the README: language and text."""
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    return re.findall(r"^```(\w+)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def typed(block: str, folder: Path) -> str:
    """What a shell prints for a block of the README."""
    done = subprocess.run(["bash", "-e", "-c", block], cwd=folder, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_readme_runs_as_it_stands_and_a_second_repro_runs_nothing_and_an_upgrade_runs_what_it_changes(
    tmp_path: Path,
) -> None:
    blocks = readme_blocks("Your own photos and videos")
    assert [language for language, _ in blocks] == ["sh", "yaml", "sh"]
    (_, making), (_, settings), (_, running) = blocks
    steps = [step for step in typed(making, tmp_path).splitlines() if step.startswith("  ")]
    own = tmp_path / "my_gestures"
    (tmp_path / "gestures").mkdir()
    for name in ("background", "five", "one"):
        shutil.copy(REPOSITORY / f"data/sample/gestures/pose/{name}.yaml", tmp_path / "gestures")
    (own / "data/photos").rmdir()
    drawing = {"seed": 3, "people": 5, "per_class": 8}
    draw_photos(tmp_path / "gestures", own / "data/photos", tmp_path / "photos.parquet", **drawing)
    for path in (own / "data/photos").rglob("*.jpg"):  # named as in the README
        path.rename(path.with_name(re.sub(r"person_0(\d)-", lambda found: f"{PEOPLE[int(found[1])]}_", path.name)))
    assert any(step.strip().startswith("dvc add data/photos ") for step in steps), steps
    run("dvc add data/photos", own)
    config = own / "conf/config.yaml"
    config.write_text(config.read_text() + settings + "train_pose:\n  maximum_iterations: 4\n")

    assert sorted(ran(typed(running, own))) == [
        "code_versions",
        "evaluate@pose",
        "export_coreml@pose",
        "extract_keypoints@pose",
        "extract_streams@pose",
        "raw_data_pose@path",
        "split@pose",
        "train_pose",
    ]
    assert set(pq.read_table(own / "data/keypoints/pose.parquet").column("group").to_pylist()) == set(PEOPLE)
    assert (own / "exports/pose/HandPoseClassifier.mlpackage/Manifest.json").is_file()
    assert (own / "exports/pose/HandPoseClassifier.mlmodel").is_file()
    assert "data/photos/" not in run("git status --short --untracked-files=all", own)
    assert ran(run("dvc repro export_coreml@pose", own)) == ["code_versions"]

    # another handloom, in which only the export is another
    other = tmp_path / "other"
    for name in ("src/handloom", "conf", "pipeline"):
        shutil.copytree(REPOSITORY / name, other / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "dvc.yaml", other)
    code = other / "src/handloom/export/app_note.py"
    code.write_text(code.read_text() + "\nANOTHER = 1\n")
    code = other / "src/handloom/training/train.py"
    code.write_text(code.read_text() + "\n# a comment\n")
    upgraded = environment(PYTHONPATH=str(other / "src"))
    done = subprocess.run(
        ["dvc", "repro", "export_coreml@pose"], cwd=own, env=upgraded, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ran(done.stdout) == ["code_versions", "export_coreml@pose"]
