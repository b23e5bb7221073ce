"""LiteRT's format, made operator by operator and run by LiteRT itself."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from ai_edge_litert import schema_py_generated as schema
from small_models import WINDOWS, rows, trained
from torch import nn

from handloom.config import KINDS, ExportCoreML, Kind
from handloom.errors import DataError
from handloom.export.export import write_files
from handloom.export.interface import user_metadata
from handloom.export.litert_graph import Graph, lowered
from handloom.export.litert_model import LiteRTModel
from handloom.export.self_check import SELF_CHECK, self_check
from handloom.export.verification import verify
from handloom.prediction.predictor import Predictor

SETTINGS = ExportCoreML(formats=["tflite"], author="somebody")


def written(kind: Kind, folder: Path) -> Path:
    (file,) = write_files(
        trained(kind), SETTINGS, user_metadata(trained(kind)) | {SELF_CHECK: self_check(trained(kind))}, folder
    )
    return file


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[Kind, Path]:
    return {kind: written(kind, tmp_path_factory.mktemp(kind)) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_litert_answers_as_the_network_does(
    saved: dict[Kind, Path], kind: Kind, capfd: pytest.CaptureFixture[str]
) -> None:
    found = verify(saved[kind], trained(kind), rows(WINDOWS[kind]))
    assert found.problems == []
    (comparison,) = found.comparisons.values()
    assert comparison.equal_labels == comparison.rows
    assert comparison.largest_difference < 1e-5
    opened = Predictor.open(saved[kind])
    assert (opened.kind, opened.classes, opened.window) == (kind, trained(kind).spec.classes, WINDOWS[kind])
    assert capfd.readouterr() == ("", "")


def test_the_same_model_is_the_same_bytes_without_paths_of_this_computer(
    saved: dict[Kind, Path], tmp_path: Path
) -> None:
    content = written("pose", tmp_path).read_bytes()
    assert content == saved["pose"].read_bytes()
    assert content[4:8] == b"TFL3"
    assert b"handloom/" not in content
    assert LiteRTModel(saved["pose"]).metadata["Author"] == "somebody"


def a_weight(content: bytearray) -> None:
    weight = trained("pose").network.hand_in.weight.detach().numpy().astype("<f4").tobytes()
    content[bytes(content).index(weight[:16]) + 3] ^= 0x40


def the_labels(content: bytearray) -> None:
    place = bytes(content).rindex(json.dumps(json.dumps(trained("pose").spec.classes))[1:-1].encode())
    changed = json.dumps(json.dumps(sorted(trained("pose").spec.classes)))[1:-1].encode()
    content[place : place + len(changed)] = changed


@pytest.mark.parametrize("change", [a_weight, the_labels])
def test_a_changed_file_fails(saved: dict[Kind, Path], tmp_path: Path, change: Callable[[bytearray], None]) -> None:
    path = Path(shutil.copy(saved["pose"], tmp_path / "Hand.tflite"))
    content = bytearray(path.read_bytes())
    change(content)
    path.write_bytes(bytes(content))
    assert len(verify(path, None, {}).problems) == 2  # the probes, and the bytes
    assert any(one.startswith("test set") for one in verify(path, trained("pose"), rows(1)).problems)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00" * 64])
def test_something_else_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "Hand.tflite"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"Hand.tflite: ") as raised:
        LiteRTModel(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("network", "name"), [(nn.Tanh(), "tanh.default"), (nn.Conv1d(3, 2, 3), "changes the length")])
def test_an_operation_that_is_missing_is_named(network: nn.Module, name: str) -> None:
    with pytest.raises(NotImplementedError, match=f"{name}.* has no lowering to LiteRT"):
        lowered(network.eval(), (torch.zeros(1, 3, 21),), Graph(schema), ["x"], "y")
