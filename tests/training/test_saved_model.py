"""The temperature is inside the saved weights, and what the calibration next to them."""

from pathlib import Path
from typing import Any

import pytest
import torch

from handloom.config import Model, Training, as_plain
from handloom.models.calibration import Calibration
from handloom.models.checkpoint import load_model
from handloom.training.calibration import calibrate
from handloom.training.checkpoints import save_model
from handloom.training.module import HandModule

CLASSES = ["background", "fist", "open"]


def module(**settings: Any) -> HandModule:
    torch.manual_seed(0)
    options = Training(model=Model(width=8, frame_features=16), **settings)
    return HandModule("pose", CLASSES, 30.0, as_plain(options)).eval()


def calibration() -> Calibration:
    torch.manual_seed(1)
    found = calibrate(9 * torch.randn(50, 3), torch.arange(50) % 3, CLASSES, "background")
    assert found is not None and found.temperature > 2 and found.thresholds
    return found


def test_the_saved_networks_scores_are_divided_by_the_temperature(tmp_path: Path) -> None:
    trained, calibrated = module(), calibration()
    save_model(trained, calibrated, tmp_path / "model.ckpt")
    poses = torch.rand(20, 1, 3, 21)
    expected = trained(poses)
    for network in (
        load_model(tmp_path / "model.ckpt").network,
        HandModule.load_from_checkpoint(tmp_path / "model.ckpt"),
    ):
        scores = network.eval()(poses)
        torch.testing.assert_close(scores, expected / calibrated.temperature)
        assert torch.equal(scores.argmax(dim=1), expected.argmax(dim=1))


def test_what_validation_taught_is_read_back_as_it_was(tmp_path: Path) -> None:
    save_model(module(), calibration(), tmp_path / "model.ckpt")
    assert load_model(tmp_path / "model.ckpt").calibration == calibration()


def test_equal_models_with_equal_calibrations_have_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        save_model(module(), calibration(), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_without_a_calibration_the_weights_are_as_they_were_trained(tmp_path: Path) -> None:
    trained = module()
    save_model(trained, None, tmp_path / "model.ckpt")
    model = load_model(tmp_path / "model.ckpt")
    assert model.calibration is None
    poses = torch.rand(5, 1, 3, 21)
    assert torch.equal(model.network(poses), trained(poses))


@pytest.mark.parametrize("left_hands", ["as_they_are", "mirrored"])
def test_what_an_app_has_to_know_of_the_training_is_read_back(tmp_path: Path, left_hands: str) -> None:
    save_model(module(left_hands=left_hands, background_label="fist"), None, tmp_path / "model.ckpt")
    model = load_model(tmp_path / "model.ckpt")
    assert (model.spec.left_hands, model.spec.background_label) == (left_hands, "fist")
