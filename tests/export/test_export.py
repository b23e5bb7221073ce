"""The stage: what it writes, and that an export which cannot be made or does not hold leaves the one before it."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
import torch
from small_training import OUT, PARTS, SETTINGS, TABLE, WITH_VALIDATION, settings_with, train_small, write_tables
from tracked import client, trained_run

from handloom.config import Data, ExportCoreML, LabeledDirectories, Parameters, StreamsOfKinds, StreamValues
from handloom.errors import HandloomError
from handloom.export import export as stage
from handloom.export.convert import ExportedNetwork
from handloom.export.export import export_coreml
from handloom.export.specification import read_specification
from handloom.export.verification import Verification
from handloom.models.model import StreamSettings
from handloom.models.provenance import read_provenance
from handloom.prediction.predictor import Predictor
from handloom.support.files import sha256_of_file
from handloom.support.workspace import Workspace

LABELS = ["background", "fist", "open"] * 20
EXPORT = Path("exports")
PARAMETERS = Parameters(
    data=Data(pose=LabeledDirectories(path="photos"), action=LabeledDirectories(path="clips")), train_pose=SETTINGS
)


@pytest.fixture(autouse=True)
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder with a trained model, its tables and an MLflow store of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    write_tables(LABELS, WITH_VALIDATION)
    train_small()


def export(**changes: Any) -> list[Verification]:
    parameters = replace(PARAMETERS, export_coreml=replace(ExportCoreML(), **changes))
    return export_coreml(parameters, "pose", OUT, TABLE, PARTS, EXPORT, Workspace.here())


def content(folder: Path) -> dict[str, str]:
    return {str(file): sha256_of_file(file) for file in folder.rglob("*") if file.is_file()}


def test_all_formats_the_proof_the_note_and_the_swift_package_are_written_and_logged() -> None:
    found = export(formats=["mlpackage", "mlmodel", "onnx"])
    names = ["HandPoseClassifier.mlpackage", "HandPoseClassifier.mlmodel", "HandPoseClassifier.onnx"]
    assert [one.path.name for one in found] == names
    assert {file.name for file in EXPORT.iterdir()} == {*names, "verification.json", "README.md", "HandloomKit"}
    proof = json.loads((EXPORT / "verification.json").read_text())
    written = proof["files"]
    assert [one["file"] for one in written] == names
    tested = pyarrow.parquet.read_table(PARTS).column("part").to_pylist().count("test")
    for one in written:
        assert one["passed"] and not one["problems"]
        assert all(each["passed"] for each in one["comparisons"].values())
        assert one["comparisons"]["test set, as stored"]["rows"] == tested > 0
        assert one["comparisons"]["hard cases, as stored"]["rows"] > 50

    pairs = {(one["one"], one["other"], one["part"]): one for one in proof["runtimes"]}
    runtimes = ["PyTorch", ".mlpackage in handloom's interpreter", ".mlmodel in handloom's interpreter"]
    runtimes.append(".onnx in onnxruntime")
    parts = ("test set", "hard cases")
    assert list(pairs) == [(*pair, part) for part in parts for pair in combinations(runtimes, 2)]
    for (one, other, part), pair in pairs.items():
        assert (pair["rows"], pair["other_labels"]) == (written[0]["comparisons"][f"{part}, as stored"]["rows"], 0)
        assert pair["largest_difference"] < (2e-2 if ".ml" in one + other else 1e-4), (one, other, part)
    note = (EXPORT / "README.md").read_text()
    assert re.search(r"^\| PyTorch; \.onnx in onnxruntime \| 0 of \d+, \de-\d\d \| 0 of \d+, \de-\d\d \|$", note, re.M)
    assert re.search(r"in shares of the palm's length: by 10 % \d", note)

    store, run_id = client(), trained_run(OUT).run_id
    logged = store.get_run(run_id).data.metrics
    for suffix in ("mlpackage", "mlmodel", "onnx"):
        assert logged[f"export_{suffix}_bytes"] > 10_000
        assert logged[f"export_{suffix}_largest_difference"] < 0.02
        assert logged[f"export_{suffix}_other_labels"] == 0
    artifacts = {file.path for file in store.list_artifacts(run_id, "exports")}
    assert artifacts == {f"exports/{file.name}" for file in EXPORT.iterdir()}


def test_only_the_formats_that_are_asked_for_are_written() -> None:
    an_export_before_it()
    (EXPORT / "HandPoseClassifier.mlpackage").mkdir()
    export(formats=["mlmodel"])
    assert not list(EXPORT.glob("*.mlpackage"))
    assert list(EXPORT.glob("*.mlmodel"))


def test_the_files_recommend_for_streams_what_the_project_says() -> None:
    (one,) = export(formats=["mlmodel"], streams=StreamsOfKinds(StreamValues(0.7, None, 0.5), StreamValues(0.1)))
    assert Predictor.open(one.path).stream == StreamSettings(0.7, 0.0, 0.5)
    assert (
        "The thresholds are for streams, with a hold time of 0 s, a cooldown of 0.5 s"
        in (EXPORT / "README.md").read_text()
    )


def test_the_files_say_which_training_they_come_from() -> None:
    for one in export():
        user = read_specification(one.path).description.metadata.userDefined
        assert user["Training Fingerprint"] == read_provenance(OUT / "run.json").fingerprint
        assert user["Training Data SHA-256"] == sha256_of_file(TABLE)
        assert user["Split SHA-256"] == sha256_of_file(PARTS)


def an_export_before_it() -> dict[str, str]:
    """A folder with files of an export, which the next one would replace; what they are."""
    EXPORT.mkdir()
    for name in ("HandPoseClassifier.mlmodel", "verification.json"):
        (EXPORT / name).write_text("of the export before it")
    return content(EXPORT)


def other_weights() -> None:
    """A checkpoint whose weights are those of another width than its configuration says."""
    checkpoint = torch.load(OUT / "model.ckpt", weights_only=True)
    checkpoint["spec"]["model"]["width"] = 16
    torch.save(checkpoint, OUT / "model.ckpt")


def cut_off() -> None:
    content = (OUT / "model.ckpt").read_bytes()
    (OUT / "model.ckpt").write_bytes(content[: len(content) // 2])


def no_origin() -> None:
    (OUT / "run.json").write_text("{}")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (other_weights, "model.ckpt: not a model that this version of handloom can use"),
        (cut_off, "model.ckpt: not a checkpoint that can be read"),
        (no_origin, "run.json: damaged, it does not say what the model was made of"),
    ],
)
def test_a_model_that_cannot_be_used_is_named_and_the_export_before_it_stays(
    spoil: Callable[[], None], said: str
) -> None:
    before = an_export_before_it()
    spoil()
    with pytest.raises(HandloomError, match=said) as raised:
        export()
    assert "\n" not in str(raised.value)
    assert content(EXPORT) == before


def test_without_a_format_for_its_networks_the_landmarker_is_refused_before_anything_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = an_export_before_it()
    monkeypatch.setattr(stage, "write_files", pytest.fail)
    with pytest.raises(HandloomError, match=r"^export_coreml\.landmarker: its networks are written as mlpackage"):
        export(formats=["onnx"], landmarker=True)
    assert content(EXPORT) == before


def test_a_model_of_another_configuration_is_refused_by_the_key() -> None:
    parameters = replace(PARAMETERS, train_pose=settings_with(label_smoothing=0.2))
    with pytest.raises(
        HandloomError, match=r"^train_pose\.label_smoothing: is 0\.2, and the model was trained with 0\.05"
    ):
        export_coreml(parameters, "pose", OUT, TABLE, PARTS, EXPORT, Workspace.here())
    assert not EXPORT.exists()


def test_settings_that_decide_nothing_may_change() -> None:
    parameters = replace(PARAMETERS, train_pose=settings_with(checkpoint_interval=3))
    assert export_coreml(parameters, "pose", OUT, TABLE, PARTS, EXPORT, Workspace.here())


FORWARD = ExportedNetwork.forward


def upside_down(self: ExportedNetwork, poses: torch.Tensor) -> torch.Tensor:
    return FORWARD(self, torch.stack([poses[:, 0], 1 - poses[:, 1], poses[:, 2]], dim=1))


def no_number(self: ExportedNetwork, poses: torch.Tensor) -> torch.Tensor:
    return FORWARD(self, poses) * float("nan")


@pytest.mark.parametrize("wrong", [upside_down, no_number])
def test_an_export_that_does_not_hold_is_refused_and_the_one_before_it_stays(
    wrong: Callable[[ExportedNetwork, torch.Tensor], torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = an_export_before_it()
    monkeypatch.setattr(ExportedNetwork, "forward", wrong)
    with pytest.raises(
        HandloomError, match=r"HandPoseClassifier\.mlmodel is not what was trained: .*test set"
    ) as raised:
        export(formats=["mlmodel"])
    assert "\n" not in str(raised.value)
    assert content(EXPORT) == before
    assert [file.name for file in Path().iterdir() if ".part" in file.name] == []


SCRIPT = """
import resource, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from dataclasses import replace
from itertools import combinations
from small_training import OUT, PARTS, SETTINGS, TABLE
from handloom.config import Data, ExportCoreML, LabeledDirectories, Parameters
from handloom.errors import HandloomError
from handloom.export.export import export_coreml
from handloom.support.workspace import Workspace
import coremltools, mlflow
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
data = Data(pose=LabeledDirectories(path="photos"), action=LabeledDirectories(path="clips"))
settings = ExportCoreML(formats=["{suffix}"], precision="float32")
parameters = Parameters(data=data, train_pose=SETTINGS, export_coreml=settings)
try:
    export_coreml(parameters, "pose", OUT, TABLE, PARTS, Path("exports"), Workspace.here())
except HandloomError as error:
    sys.exit(f"stage: {{error}}")
"""


@pytest.mark.parametrize("suffix", ["mlpackage", "mlmodel", "onnx"])
def test_a_disk_that_is_full_is_one_line_and_the_export_before_it_stays(suffix: str) -> None:
    """A limit on the size of files stands for the full disk: writing fails in the middle of the weights."""
    before = an_export_before_it()
    script = SCRIPT.format(tests=str(Path(__file__).parent.parent), limit=8_000, suffix=suffix)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 1
    assert [line for line in done.stderr.splitlines() if line.startswith("stage: exports")], done.stderr
    assert "Traceback" not in done.stderr
    assert content(EXPORT) == before
    assert [file.name for file in Path().iterdir() if ".part" in file.name] == []


def test_a_folder_that_cannot_be_written_is_one_line() -> None:
    EXPORT.write_text("a file where the folder should be")
    parameters = PARAMETERS
    with pytest.raises(HandloomError, match=r"^exports/pose: cannot be written \(") as raised:
        export_coreml(parameters, "pose", OUT, TABLE, PARTS, EXPORT / "pose", Workspace.here())
    assert "\n" not in str(raised.value)
    assert EXPORT.read_text() == "a file where the folder should be"
