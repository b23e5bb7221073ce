"""Only handloom's own checkpoints are read, and nothing in a file is ever run."""

import os
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from handloom.config import Model, Training, as_plain
from handloom.errors import DataError
from handloom.export.interface import hand_of, user_metadata
from handloom.models.calibration import Calibration, ClassThreshold
from handloom.models.checkpoint import load_model
from handloom.models.model import ModelSpec
from handloom.prediction.predictor import Predictor
from handloom.training.checkpoints import save_model
from handloom.training.module import HandModule

SETTINGS = as_plain(Training(left_hands="as_they_are", model=Model(width=8, frame_features=16)))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_model(HandModule("pose", ["fist", "open"], 30.0, SETTINGS), None, tmp_path / "model.ckpt")
    return tmp_path / "model.ckpt"


def test_what_was_saved_is_loaded(saved: Path) -> None:
    model = load_model(saved)
    assert model.spec == ModelSpec("pose", ["fist", "open"], 1, 30.0)
    again = HandModule.load_from_checkpoint(saved).eval()  # Lightning's own way works too
    poses = torch.rand(2, 1, 3, 21)
    torch.testing.assert_close(model.network(poses), again(poses))


def test_a_model_says_which_of_two_hands_it_was_trained_on(tmp_path: Path) -> None:
    save_model(HandModule("pose", ["fist", "open"], 30.0, SETTINGS, hand="largest"), None, tmp_path / "model.ckpt")
    model = load_model(tmp_path / "model.ckpt")
    assert model.spec.hand == user_metadata(model)["Hand"] == Predictor(model).extraction.hand == "largest"
    assert hand_of(user_metadata(model)) == "largest" and hand_of({}) == ""


def test_equal_models_have_equal_bytes(saved: Path, tmp_path: Path) -> None:
    save_model(HandModule.load_from_checkpoint(saved), None, tmp_path / "again.ckpt")
    assert (tmp_path / "again.ckpt").read_bytes() == saved.read_bytes()


class RunsSomething:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_a_file_that_would_run_code_is_refused_and_not_run(tmp_path: Path) -> None:
    torch.save({"state_dict": RunsSomething(tmp_path / "ran")}, tmp_path / "evil.ckpt")
    (tmp_path / "evil.pickle").write_bytes(pickle.dumps(RunsSomething(tmp_path / "ran")))
    for name in ("evil.ckpt", "evil.pickle"):
        with pytest.raises(DataError, match=f"{name}: not a checkpoint that can be read"):
            load_model(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("no model")


def foreign(path: Path) -> None:
    torch.save({"weights": torch.zeros(3)}, path)


def other_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "b")


def changed(path: Path, *keys: str, value: Any = None) -> None:
    """Give a checkpoint another value at this place, or none."""
    content = torch.load(path, weights_only=True)
    place = content
    for key in keys[:-1]:
        place = place[key]
    if value is None:
        del place[keys[-1]]
    else:
        place[keys[-1]] = value
    torch.save(content, path)


def without_spec(path: Path) -> None:
    """As version 0.1 wrote checkpoints."""
    changed(path, "spec")


NAN, TENSOR = float("nan"), "network.out.bias"
FAULTS = [
    *(("frame_rate", value) for value in (NAN, 0.0, -30.0, float("inf"), "30", 1e9)),
    *(("kind", value) for value in ("face", 1)),
    *(("classes", value) for value in ([], ["fist"], ["fist", "fist"], ["fist", ""], "ab", 5, ["a", "b", "c"])),
    *(("window", value) for value in (0, -1, 2, 1.5, 10**12)),
    *(("left_hands", value) for value in ("both",)),
]


@pytest.mark.parametrize(
    ("name", "value"), [*FAULTS, ("format", 2), ("model", {"width": 4}), ("model", {"width": 10**9})]
)
def test_a_model_that_cannot_be_is_refused_in_one_line(saved: Path, name: str, value: Any) -> None:
    changed(saved, "spec", name, value=value)
    assert_refused(saved)


@pytest.mark.parametrize(("name", "value"), [fault for fault in FAULTS if fault[0] not in ("window", "left_hands")])
def test_so_is_one_of_an_older_version(saved: Path, name: str, value: Any) -> None:
    without_spec(saved)
    changed(saved, "hyper_parameters", name, value=value)
    assert_refused(saved)


@pytest.mark.parametrize(
    "value",
    [
        torch.tensor([NAN, 1.0]),
        torch.tensor([float("inf"), 1.0]),
        torch.zeros(3),
        torch.zeros(2, 1),
        torch.zeros(2, dtype=torch.int64),
        torch.zeros(2, dtype=torch.float64),
        torch.zeros(2).to_sparse(),
        [0.0, 1.0],
        None,
    ],
    ids=["nan", "inf", "longer", "other shape", "integers", "doubles", "sparse", "a list", "missing"],
)
def test_weights_that_are_not_the_networks_are_refused(saved: Path, value: Any) -> None:
    changed(saved, "state_dict", TENSOR, value=value)
    assert_refused(saved)


@pytest.mark.parametrize(
    "keys",
    [
        ("state_dict",),
        ("hyper_parameters",),
        ("spec",),
        ("hyper_parameters", "training"),
        ("calibration",),
        ("spec", "model"),
    ],
)
@pytest.mark.parametrize("value", [[1], "text", 5, {"a": {}}, {3: None}])
def test_a_malformed_checkpoint_is_refused(saved: Path, keys: tuple[str, ...], value: Any) -> None:
    changed(saved, *keys, value=value)
    if keys == ("hyper_parameters", "training") and isinstance(value, dict):
        assert load_model(saved).training == value  # how it was trained is shown, and needed for nothing
    else:
        assert_refused(saved)


def test_more_layers_than_weights_are_refused_before_they_are_made(saved: Path) -> None:
    changed(saved, "spec", "model", "spatial_layers", value=10**12)
    assert_refused(saved)


@pytest.mark.parametrize("make", [torch.save, lambda content, path: torch.save([content], path)])
def test_what_is_no_dictionary_is_refused(saved: Path, make: Any) -> None:
    make(torch.load(saved, weights_only=True)["state_dict"]["network.out.bias"], saved)
    assert_refused(saved)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.ckpt")
    assert_refused(tmp_path / "model.ckpt")


def test_a_record_that_is_marked_as_a_folder_is_refused(saved: Path) -> None:
    whole, entry = saved.read_bytes(), b"PK\x01\x02"
    weights = whole.index(b"archive/data/0", whole.index(entry)) - 46  # the first tensor
    assert whole[weights : weights + 4] == entry
    saved.write_bytes(whole[: weights + 38] + b"\x10" + whole[weights + 39 :])
    assert_refused(saved)


def test_one_changed_byte_of_a_model_is_noticed(saved: Path) -> None:
    whole, expected = saved.read_bytes(), load_model(saved)
    poses = torch.rand(2, 1, 3, 21)
    for place in range(0, len(whole), 211):
        saved.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        try:
            model = load_model(saved)
        except DataError:
            continue
        assert torch.equal(model.network(poses), expected.network(poses))  # it was between two records
        assert model.spec == expected.spec


def test_a_model_trained_with_parameters_of_another_version_is_used(saved: Path) -> None:
    poses, before = torch.rand(2, 1, 3, 21), load_model(saved)
    changed(saved, "hyper_parameters", "training", "lost_in_a_later_version", value=3)
    changed(saved, "hyper_parameters", "training", "seed")
    for change in (lambda path: None, without_spec):  # of this version, and of the first one
        change(saved)
        model = load_model(saved)
        assert torch.equal(model.network(poses), before.network(poses))
        assert model.spec == before.spec
        assert model.training["lost_in_a_later_version"] == 3


@pytest.mark.parametrize(
    "content",
    [
        {"weight": torch.ones(3)},
        {"state_dict": {"network.weight": torch.ones(3)}},
        {"state_dict": {"network.weight": torch.ones(3)}, "hyper_parameters": {"lr": 0.1}},
        {"state_dict": {"network.weight": torch.ones(3)}, "hyper_parameters": {"kind": "pose", "classes": ["a"]}},
    ],
    ids=["weights only", "no parameters", "other parameters", "some like ours"],
)
def test_a_checkpoint_of_another_program_is_told_as_one(saved: Path, content: Any) -> None:
    torch.save(content, saved)
    with pytest.raises(DataError, match=r"model\.ckpt: .*handloom") as caught:
        load_model(saved)
    assert "KeyError" not in str(caught.value) and "'" not in str(caught.value)


def test_an_error_about_code_in_a_file_does_not_say_how_to_run_it(saved: Path) -> None:
    torch.save({"state_dict": RunsSomething(saved)}, saved)
    with pytest.raises(DataError, match="objects other than tensors and plain types") as caught:
        load_model(saved)
    assert "weights_only" not in str(caught.value) and "two options" not in str(caught.value)


NUMBERS = Calibration(1.5, 9, 0.5, 0.4, 0.2, 0.1, (), 0.25, 0.125)


@pytest.mark.parametrize(
    "change",
    [
        {"classes": (ClassThreshold("open", 5, 0.5, 0.9, 0.8), ClassThreshold("fist", 4, None, None, None))},
        {"classes": (ClassThreshold("fist", 5, 0.5, 0.9, 0.8),) * 2},
        {"log_loss": -0.1},
        {"calibration_error": 1.5},
        {"false_activation_rate": -1.0},
    ],
    ids=["other order", "a class twice", "a negative loss", "an error above 1", "a negative share"],
)
def test_a_calibration_that_cannot_be_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    classes = (ClassThreshold("fist", 5, 0.5, 0.9, 0.8), ClassThreshold("open", 4, None, None, None))
    path = tmp_path / "model.ckpt"
    module = HandModule("pose", ["fist", "open"], 30.0, SETTINGS)
    save_model(module, replace(NUMBERS, classes=classes), path)
    assert load_model(path).calibration == replace(NUMBERS, classes=classes)
    save_model(module, replace(NUMBERS, **{"classes": classes} | change), path)
    assert_refused(path)


@pytest.mark.parametrize("damage", [truncated, empty, text, foreign, other_archive, Path.unlink])
def test_any_other_file_is_named_in_one_line(saved: Path, damage: Callable[..., Any]) -> None:
    damage(saved)
    assert_refused(saved)


def assert_refused(path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load_model(path)
    assert str(path) in str(caught.value) and "train" in str(caught.value)
    assert "\n" not in str(caught.value)


def with_batch_norm(path: Path) -> torch.nn.BatchNorm1d:
    """Save a network as handloom did when it had batch normalisation; return the normalisation of its one layer."""
    settings = as_plain(
        Training(prediction_window_size=6, model=Model(width=8, frame_features=16, temporal_layers=1, dropout=0.0))
    )
    save_model(HandModule("action", ["fist", "open"], 30.0, settings), None, path)
    norm = torch.nn.BatchNorm1d(16).eval()
    for numbers in norm.state_dict().values():
        if numbers.is_floating_point():
            torch.nn.init.uniform_(numbers, 0.5, 2.0)
    content = torch.load(path, weights_only=True)
    weights = content["state_dict"]
    for name in ("scale", "shift"):
        del weights[f"network.temporal.0.{name}"]
    weights["network.temporal.0.mix.bias"] = torch.rand(16)
    weights |= {f"network.temporal.0.norm.{name}": numbers for name, numbers in norm.state_dict().items()}
    torch.save(content, path)
    return norm


def test_an_older_network_with_batch_normalisation_computes_the_same(tmp_path: Path) -> None:
    path = tmp_path / "model.ckpt"
    norm = with_batch_norm(path)
    weights = torch.load(path, weights_only=True)["state_dict"]
    weight, bias = (weights[f"network.temporal.0.mix.{name}"] for name in ("weight", "bias"))
    (layer,) = load_model(path).network.temporal
    steps, seen = torch.randn(3, 16, 5), torch.ones(3, 1, 5)
    mixed = torch.nn.functional.conv1d(steps, weight, bias, padding=1)
    torch.testing.assert_close(layer(steps, seen), steps + torch.relu(norm(mixed)))


@pytest.mark.parametrize(
    ("name", "value"), [("running_var", -torch.ones(16)), ("running_mean", None), ("weight", torch.ones(3))]
)
def test_an_impossible_batch_normalisation_is_refused(tmp_path: Path, name: str, value: Any) -> None:
    path = tmp_path / "model.ckpt"
    with_batch_norm(path)
    changed(path, "state_dict", f"network.temporal.0.norm.{name}", value=value)
    assert_refused(path)
