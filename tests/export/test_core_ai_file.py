"""Core AI's format, run by Apple's own runtime, which its extra brings."""

import asyncio
import gc
import hashlib
import json
import shutil
import sys
import threading
from pathlib import Path

import pytest
from small_models import WINDOWS, rows, trained

from handloom.config import KINDS, ExportCoreML, Kind
from handloom.errors import ConfigurationError, DataError
from handloom.export.agreement import Answers
from handloom.export.core_ai_file import save_core_ai
from handloom.export.core_ai_model import HASH, METADATA, PROGRAM
from handloom.export.export import write_files
from handloom.export.interface import user_metadata
from handloom.export.self_check import SELF_CHECK, self_check
from handloom.export.verification import verify
from handloom.prediction.predictor import Predictor

SETTINGS = ExportCoreML(formats=["aimodel"], author="somebody", license="MIT")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[Kind, Path]:
    pytest.importorskip("coreai_torch", reason="the extra coreai is not installed")
    files = {}
    for kind in KINDS:
        metadata = user_metadata(trained(kind)) | {SELF_CHECK: self_check(trained(kind))}
        (files[kind],) = write_files(trained(kind), SETTINGS, metadata, tmp_path_factory.mktemp(kind))
    return files


@pytest.mark.parametrize("kind", KINDS)
def test_apples_runtime_answers_as_the_network_does(saved: dict[Kind, Path], kind: Kind) -> None:
    answers = Answers()
    found = verify(saved[kind], trained(kind), rows(WINDOWS[kind]), answers)
    assert found.problems == []
    assert [(one.one, one.other) for one in answers.pairs()] == [("PyTorch", ".aimodel in Apple's runtime")]
    (comparison,) = found.comparisons.values()
    assert comparison.equal_labels == comparison.rows
    assert comparison.largest_difference < 1e-5
    opened = Predictor.open(saved[kind])
    assert (opened.kind, opened.classes, opened.window) == (kind, trained(kind).spec.classes, WINDOWS[kind])
    weights = sum(one.numel() for one in trained(kind).network.parameters())
    assert (saved[kind] / PROGRAM).stat().st_size < 4 * weights + 50_000  # no matrix is stored once a frame


def test_a_model_that_is_dropped_leaves_no_thread_and_no_loop(
    saved: dict[Kind, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, threads = asyncio.new_event_loop(), threading.active_count()
    monkeypatch.setattr(asyncio, "new_event_loop", lambda: loop)
    opened = Predictor.open(saved["pose"])
    assert not loop.is_closed() and threading.active_count() > threads
    del opened
    gc.collect()
    assert loop.is_closed() and threading.active_count() == threads


def test_the_same_model_is_the_same_bytes_without_paths_of_this_computer(
    saved: dict[Kind, Path], tmp_path: Path
) -> None:
    metadata = user_metadata(trained("pose")) | {SELF_CHECK: self_check(trained("pose"))}
    (again,) = write_files(trained("pose"), SETTINGS, metadata, tmp_path)
    for name in (PROGRAM, HASH, METADATA):
        assert (again / name).read_bytes() == (saved["pose"] / name).read_bytes()
    assert b"handloom/" not in (again / PROGRAM).read_bytes()
    about = json.loads((again / METADATA).read_text())
    assert (about["author"], about["license"]) == ("somebody", "MIT")


@pytest.mark.parametrize("name", [PROGRAM, HASH, METADATA])
def test_a_damaged_file_is_refused(saved: dict[Kind, Path], tmp_path: Path, name: str) -> None:
    path = Path(shutil.copytree(saved["pose"], tmp_path / "Hand.aimodel"))
    content = bytearray((path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (path / name).write_bytes(bytes(content))
    try:
        assert verify(path, None, {}).problems
    except DataError as error:
        assert "\n" not in str(error)
    (path / name).unlink()
    with pytest.raises(DataError, match=r"Hand.aimodel: not a Core AI model that can be read"):
        verify(path, None, {})


def test_a_changed_weight_or_label_is_seen_though_the_hash_was_updated(saved: dict[Kind, Path], tmp_path: Path) -> None:
    path = Path(shutil.copytree(saved["pose"], tmp_path / "Hand.aimodel"))
    content = bytearray((path / PROGRAM).read_bytes())
    weight = trained("pose").network.hand_in.weight.detach().numpy().astype("<f4").tobytes()
    content[bytes(content).index(weight[:16]) + 3] ^= 0x40
    (path / PROGRAM).write_bytes(bytes(content))
    (path / HASH).write_bytes(hashlib.sha256(content).digest())
    assert len(verify(path, None, {}).problems) >= 1
    assert any(one.startswith("test set") for one in verify(path, trained("pose"), rows(1)).problems)

    path = Path(shutil.copytree(saved["pose"], tmp_path / "Other.aimodel"))
    about = json.loads((path / METADATA).read_text())
    about["creatorDefinedMetadata"]["Class Labels"] = '["a", "b", "c"]'
    (path / METADATA).write_text(json.dumps(about))
    assert [one for one in verify(path, None, {}).problems if "probes" in one]
    assert any(one.startswith("test set") for one in verify(path, trained("pose"), rows(1)).problems)


def test_without_the_extra_one_line_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "coreai_torch", None)
    with pytest.raises(
        ConfigurationError, match=r"^export_coreml.formats: aimodel needs coreai_torch: pip install 'hand"
    ):
        save_core_ai(trained("pose"), tmp_path / "Hand.aimodel", SETTINGS, {})
    assert list(tmp_path.iterdir()) == []
