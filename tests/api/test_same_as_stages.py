"""The classes and the pipeline's stages learn the same from the same data and parameters."""

from pathlib import Path
from typing import Any

from small_sessions import ITERATIONS, SMALL, WINDOW, model_bytes, new_folder, trained_action, undisturbed

from handloom import VideoAugmentationOptions
from handloom.config import (
    Split,
    Training,
    Validation,
    as_plain,
    default_training,
)
from handloom.config import section_from as section
from handloom.dataset.split import split_table
from handloom.support.workspace import Workspace
from handloom.training.resume import TrainingTask
from handloom.training.train import train


def trained_by_stages(kind: Any, table: Path, split: Split, settings: dict[str, Any]) -> bytes:
    """The model that `split_table` and `train` make of a keypoint table."""
    content = as_plain(default_training(kind)) | settings
    content["model"] = as_plain(default_training(kind))["model"] | SMALL["model"]
    content["optimizer"] = as_plain(default_training(kind))["optimizer"] | SMALL["optimizer"]
    training = section(Training, content)
    folder = new_folder()
    split_table(table, split, folder / "split.parquet")
    train(TrainingTask(kind, training, table, folder / "split.parquet"), folder, Workspace(folder))
    return (folder / "model.ckpt").read_bytes()


def test_a_pose_classifier_has_the_weights_of_the_stages() -> None:
    session = undisturbed().job.session
    split = Split(test_ratio=0.0, validation=Validation(strategy="fixed", ratio=0.3))
    settings = {"maximum_iterations": ITERATIONS, "batch_size": 2, "report_interval": 1}
    assert trained_by_stages("pose", session.folder / "keypoints.parquet", split, settings) == model_bytes(
        session.folder
    )


def test_an_action_classifier_has_the_weights_of_the_stages() -> None:
    session = trained_action().classifier._session
    assert session is not None
    folder = session.folder
    split = Split(test_ratio=0.0, validation=Validation(strategy="none"))  # the table itself says what is validation
    settings = {
        "maximum_iterations": 3,
        "batch_size": 8,
        "prediction_window_size": WINDOW,
        "augmentation_options": [
            VideoAugmentationOptions(one).value for one in trained_action().parameters.augmentation_options or ()
        ],
    }
    assert trained_by_stages("action", folder / "keypoints.parquet", split, settings) == model_bytes(folder)
