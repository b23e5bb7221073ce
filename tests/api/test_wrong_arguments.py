# Its arguments are wrong on purpose.
# mypy: disable-error-code="arg-type, list-item"
"""Every wrong argument names itself and what was expected, in one line."""

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_sessions import (
    every_iteration,
    joints,
    new_folder,
    pose_parameters,
    pose_source,
    trained_action,
    undisturbed,
)

from handloom import (
    ConfigurationError,
    DataError,
    DataSource,
    HandActionClassifier,
    HandloomError,
    HandPoseClassifier,
    ModelParameters,
    Predictor,
    Recognizer,
    TrainingSessionParameters,
    ValidationData,
    VideoAugmentationOptions,
    predict_photos,
    predict_stream,
    predict_video,
)


def said_by(call: Callable[[], Any], error: type[HandloomError] = HandloomError) -> str:
    """The one line that a call is refused with."""
    with pytest.raises(error) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text
    return text


def videos() -> DataSource:
    return DataSource.directory_with_videos_and_annotation(
        at="clips", annotation_file="labels.csv", video_column="video", label_column="label"
    )


def photos() -> DataSource:
    return DataSource.directory_with_images_and_annotation(
        at="photos", annotation_file="labels.csv", image_column="image", label_column="label"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"batch_size": -1}, "batch_size: input should be greater than or equal to 1 (got -1)"),
        ({"batch_size": "16"}, "batch_size: input should be a valid integer (got '16')"),
        ({"maximum_iterations": 2.5}, "maximum_iterations: input should be a valid integer"),
        ({"seed": -1}, "seed: input should be greater than or equal to 0 (got -1)"),
        ({"prediction_window_size": 30}, "prediction_window_size: a pose has one frame (got 30)"),
        ({"target_frame_rate": 30}, "target_frame_rate: photos have none; leave it out"),
        ({"algorithm": "transformer"}, "algorithm: the only one is 'gcn' (got 'transformer')"),
        (
            {"augmentation_options": ["flip"]},
            "augmentation_options: 'flip' is none of horizontally_flip, rotate, scale",
        ),
        ({"augmentation_options": [VideoAugmentationOptions.DROP_FRAMES]}, "augmentation_options: 'drop_frames' is"),
        ({"augmentation_options": "rotate"}, "augmentation_options: list or tuple or set or frozenset expected"),
        ({"augmentation_options": 3}, "augmentation_options: list or tuple or set or frozenset expected (got 3"),
        ({"training": {"optimiser": {}}}, "training.optimiser: unknown parameter"),
        ({"training": {"optimizer": {"rate": 1}}}, "training.optimizer.rate: unknown parameter"),
        ({"training": {"optimizer": {"lr": -1.0}}}, "training.optimizer.lr: input should be greater than 0 (got -1.0)"),
        ({"training": {"batch_size": 3}}, "training: batch_size is a parameter of its own; give it there"),
        ({"training": {"seed": 3}}, "training: seed is a parameter of its own; give it there"),
        ({"training": "fast"}, "training: Mapping expected (got 'fast', of type str)"),
        ({"extraction": {"hands": "left"}}, "extraction.hands: unknown parameter"),
        ({"extraction": 5}, "extraction: Mapping expected (got 5"),
        ({"validation": "none"}, "validation: ValidationData expected (got 'none'"),
        ({"validation": ValidationData.data_source(5)}, "validation: DataSource expected (got 5"),
        ({"validation": ValidationData.data_source(videos())}, "validation: "),
        (
            {"validation": ValidationData.split("fixed", ratio=1.5)},
            "validation.ratio: input should be less than or equal",
        ),
        ({"validation": ValidationData.split("strict")}, "validation.strategy: "),
    ],
)
def test_a_wrong_parameter_of_a_pose_classifier(changes: dict[str, Any], said: str) -> None:
    parameters = pose_parameters(**changes)
    text = said_by(lambda: HandPoseClassifier.train(pose_source(4), parameters), ConfigurationError)
    assert text.startswith(said)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"prediction_window_size": 0}, "prediction_window_size: input should be greater than or equal to 1 (got 0)"),
        ({"target_frame_rate": 5, "extraction": {"target_frame_rate": 6}}, "extraction: target_frame_rate is a param"),
        ({"target_frame_rate": -5}, "target_frame_rate: input should be greater than 0 (got -5"),
        ({"target_frame_rate": "fast"}, "target_frame_rate: input should be a valid number (got 'fast')"),
    ],
)
def test_a_wrong_parameter_of_an_action_classifier(changes: dict[str, Any], said: str) -> None:
    source = DataSource.labeled_keypoints_data_frame(joints(4, 8))
    call = lambda: HandActionClassifier.train(source, ModelParameters(**changes))  # noqa: E731
    assert said_by(call, ConfigurationError).startswith(said)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"report_interval": 0}, "report_interval: input should be greater than or equal to 1 (got 0)"),
        ({"checkpoint_interval": "often"}, "checkpoint_interval: input should be a valid integer"),
        ({"iterations": -3}, "iterations: input should be greater than or equal to 1 (got -3)"),
        ({"session_directory": 5}, "session_directory: str or Path expected (got 5"),
    ],
)
def test_a_wrong_session_parameter(changes: dict[str, Any], said: str) -> None:
    where = TrainingSessionParameters(**changes)
    call = lambda: HandPoseClassifier.train(pose_source(4), session_parameters=where)  # noqa: E731
    assert said_by(call, ConfigurationError).startswith(said)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: HandPoseClassifier.train("photos"), "training_data: DataSource expected (got 'photos', of type str)"),
        (lambda: HandPoseClassifier.train(joints(4)), "training_data: DataSource expected"),
        (lambda: HandPoseClassifier.train(videos()), "training_data: a source of photos or joints was expected"),
        (lambda: HandActionClassifier.train(photos()), "training_data: a source of videos or joints was expected"),
        (lambda: HandPoseClassifier.train(pose_source(4), {"batch_size": 1}), "parameters: ModelParameters expected"),
        (lambda: HandPoseClassifier.train(pose_source(4), None, "here"), "session_parameters: TrainingSessionParam"),
        (lambda: HandPoseClassifier.restore_training_session("here"), "session_parameters: TrainingSessionParameters"),
        (
            lambda: HandPoseClassifier.restore_training_session(TrainingSessionParameters()),
            "session_directory: say where the session is",
        ),
        (lambda: HandPoseClassifier.resume("here"), "session: TrainingSession expected"),
        (
            lambda: HandActionClassifier.resume(undisturbed().job.session),
            "session: it trains a hand pose classifier, not a hand action classifier",
        ),
        (lambda: HandPoseClassifier(), "HandPoseClassifier: give either a checkpoint or training_data"),
        (
            lambda: HandPoseClassifier("a", training_data=pose_source()),
            "HandPoseClassifier: give either a checkpoint or",
        ),
        (lambda: HandPoseClassifier(5), "checkpoint: Checkpoint or str or Path expected (got 5"),
        (lambda: HandPoseClassifier(training_data="photos"), "training_data: DataSource expected (got 'photos'"),
        (lambda: undisturbed().classifier.evaluation(on="photos"), "on: DataSource expected (got 'photos'"),
        (lambda: undisturbed().job.session.reuse_extracted_features("s"), "other: TrainingSession expected"),
    ],
)
def test_an_argument_of_another_kind(call: Callable[[], Any], said: str) -> None:
    assert said_by(call).startswith(said)


def test_data_that_cannot_teach_anything_is_told_by_the_job_also_from_another_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    joints(6, labels=["fist"]).to_parquet(tmp_path / "joints.parquet")
    monkeypatch.chdir(tmp_path)
    one_class = DataSource.labeled_keypoints_data_frame("joints.parquet")
    session = HandPoseClassifier.make_training_session(one_class, pose_parameters())
    monkeypatch.chdir("/")
    text = said_by(lambda: HandPoseClassifier.resume(session).result(60), DataError)
    assert text.startswith("training_data: ") and "fist" in text


def test_a_data_frame_that_cannot_be_stored_is_named() -> None:
    frame = joints(4)
    frame["label"] = ["a", 1, {"b": 2}, "c"]
    source = DataSource.labeled_keypoints_data_frame(frame)
    assert said_by(lambda: HandPoseClassifier.train(source)).startswith("training_data: column 'label'")


def test_a_session_directory_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    text = said_by(lambda: HandPoseClassifier.train(pose_source(4), pose_parameters(), every_iteration(tmp_path)))
    assert text == f"{tmp_path}: not empty, and not a session; name another session directory"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_session_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    where = every_iteration(tmp_path / "file")
    for call in (
        lambda: HandPoseClassifier.train(pose_source(4), pose_parameters(), where),
        lambda: HandPoseClassifier.restore_training_session(where),
    ):
        assert said_by(call, ConfigurationError).startswith("session_directory: ")


def test_the_session_of_the_other_classifier_is_named() -> None:
    where = every_iteration(undisturbed().folder)
    source = DataSource.labeled_keypoints_data_frame(joints(4, 8))
    text = said_by(lambda: HandActionClassifier.train(source, session_parameters=where))
    assert "holds a session of a hand pose classifier" in text
    text = said_by(lambda: HandActionClassifier.restore_training_session(where))
    assert text.endswith("the session trains a hand pose classifier")


@pytest.mark.parametrize("given", [np.zeros((4, 4, 3), np.uint8), None, 5, b"hand.jpg"])
def test_what_is_no_path_is_refused_with_what_to_pass(given: Any) -> None:
    pose, action = undisturbed().classifier, trained_action().classifier
    for call in (
        lambda: pose.prediction(given),
        lambda: pose.predictions([given]),
        lambda: pose.hands(given),
        lambda: action.prediction(given),
        lambda: action.predictions([given]),
        lambda: action.stream(given),
        lambda: predict_photos(pose.predictor, [given]),
        lambda: predict_video(action.predictor, given),
    ):
        assert "; pass a file's path; for a picture or joints in memory use " in said_by(call, ConfigurationError)
    assert said_by(lambda: Predictor.open(given), ConfigurationError).startswith("address: str or PathLike expected")


def test_a_single_path_and_a_classifier_in_the_place_of_its_predictor_are_refused() -> None:
    classifier = undisturbed().classifier
    text = said_by(lambda: classifier.predictions("hand.jpg"), ConfigurationError)
    assert text == "from_: a list of paths expected (got 'hand.jpg'); pass [path]"
    for call in (
        lambda: predict_photos(classifier, ["hand.jpg"]),
        lambda: predict_video(classifier, "clip.mp4"),
        lambda: predict_stream(classifier, []),
        lambda: Recognizer(classifier),
    ):
        assert said_by(call, ConfigurationError).endswith("or the attribute predictor of a classifier")


def test_a_data_source_and_a_recognizer_show_what_they_are() -> None:
    table = joints(2)
    source = DataSource.joined(
        own=DataSource.labeled_directories(at="data/photos"), shared=DataSource.labeled_keypoints_data_frame(table)
    )
    assert repr(source) == (
        "DataSource.joined(own=DataSource.labeled_directories(at='data/photos'),"
        " shared=DataSource.labeled_keypoints_data_frame(<2 rows>))"
    )
    assert repr(videos()) == (
        "DataSource.directory_with_videos_and_annotation(at='clips', annotation_file='labels.csv')"
    )
    recognizer = Recognizer(undisturbed().classifier.predictor)
    assert repr(recognizer) == "Recognizer(pose, classes: <3 fist, one & 'two'; active: none)"


def test_there_is_no_session_to_restore(tmp_path: Path) -> None:
    text = said_by(lambda: HandPoseClassifier.restore_training_session(every_iteration(tmp_path)), DataError)
    assert text == f"{tmp_path}: no session here; make one with make_training_session"


@pytest.mark.parametrize(
    "content",
    [
        "not JSON",
        "[]",
        "5",
        json.dumps({"format": 1}),
        lambda content: content | {"format": 0},
        lambda content: content | {"parameters": content["parameters"] | {"train_pose": {"speed": 1}}},
        lambda content: {name: value for name, value in content.items() if name != "kind"},
    ],
)
def test_a_session_file_that_cannot_be_read_or_is_of_an_older_version_is_named(tmp_path: Path, content: Any) -> None:
    if callable(content):
        content = json.dumps(content(json.loads((undisturbed().folder / "session.json").read_text())))
    (tmp_path / "session.json").write_text(content)
    text = said_by(lambda: HandPoseClassifier.restore_training_session(every_iteration(tmp_path)), DataError)
    assert text == f"{tmp_path}/session.json: not a session of this version of handloom; use another folder"
    with pytest.raises(DataError, match="not a session of this version"):
        HandPoseClassifier.train(pose_source(4), pose_parameters(), every_iteration(tmp_path))


def test_a_restored_session_is_not_spoilt_by_a_wrong_parameter(tmp_path: Path) -> None:
    shutil.copy(undisturbed().folder / "session.json", tmp_path)
    text = said_by(lambda: HandPoseClassifier.restore_training_session(every_iteration(tmp_path, iterations="all")))
    assert text.startswith("iterations: ")
    assert HandPoseClassifier.restore_training_session(every_iteration(tmp_path)).iteration == 0


def test_a_model_of_the_other_kind_is_named() -> None:
    path = undisturbed().checkpoints[0].path
    text = said_by(lambda: HandActionClassifier(path), DataError)
    assert text == f"{path}: a hand pose classifier, not a hand action classifier"
    session = trained_action().classifier._session
    assert session is not None
    action = session.checkpoints[-1]
    assert said_by(lambda: HandPoseClassifier(action), DataError).endswith("not a hand pose classifier")


def test_a_checkpoint_that_is_missing_or_cut_off_or_something_else_is_named(tmp_path: Path) -> None:
    whole = undisturbed().checkpoints[0].path.read_bytes()
    contents = {"cut": whole[: len(whole) // 2], "json": b"{}", "text": b"hello", "table": b"a,b\n1,2\n", "empty": b""}
    for name, content in contents.items():
        path = tmp_path / f"{name}.ckpt"
        path.write_bytes(content)
        assert said_by(partial(HandPoseClassifier, path), DataError).startswith(f"{path}:")
    for path in (tmp_path / "missing.ckpt", tmp_path):
        assert said_by(partial(HandPoseClassifier, path), DataError).startswith(f"{path}: ")


def test_a_damaged_checkpoint_of_a_session_is_left_out() -> None:
    folder = new_folder() / "copy"
    shutil.copytree(undisturbed().folder, folder)
    session = HandPoseClassifier.restore_training_session(every_iteration(folder))
    newest = session.checkpoints[-1]
    newest.path.write_bytes(newest.path.read_bytes()[:1000])
    assert session.iteration == newest.iteration - 1
