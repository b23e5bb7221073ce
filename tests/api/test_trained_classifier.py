"""A trained classifier's members, on joints, and what its job said while it was trained."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
import torch
from small_sessions import ITERATIONS, LABELS, WINDOW, joints, new_folder, pose_source, trained_action, undisturbed

from handloom import (
    Checkpoint,
    ClassifierMetrics,
    DataSource,
    HandActionClassifier,
    HandPoseClassifier,
    ModelParameters,
    Phase,
    TrainingSession,
)
from handloom.errors import DataError

BOTH: list[Any] = [lambda: undisturbed().classifier, lambda: trained_action().classifier]


def weights(classifier: Any) -> dict[str, torch.Tensor]:
    return dict(classifier.trained_model.network.state_dict())


def same_weights(first: Any, second: Any) -> bool:
    one, other = weights(first), weights(second)
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_train_returns_before_training_ends() -> None:
    made = undisturbed()
    assert (made.phase_at_return, made.done_at_return) == ("initialized", False)
    assert made.text_at_return == "Job(pose, initialized, 0)"


def test_a_job_tells_of_every_iteration_although_another_listener_is_broken() -> None:
    told = [one for one in undisturbed().progress if one.phase is Phase.TRAINING and one.item_count]
    assert [one.item_count for one in told] == list(range(1, ITERATIONS + 1))
    assert {one.total_item_count for one in told} == {ITERATIONS}
    assert told[-1].fraction_completed == 1
    assert told[0].fraction_completed == pytest.approx(1 / ITERATIONS)
    assert {"loss", "accuracy", "validation_loss", "validation_accuracy"} <= told[-1].metrics.keys()
    assert 0 < told[0].elapsed_time < told[-1].elapsed_time


def test_phases_come_in_their_order() -> None:
    phases = [one.phase for one in undisturbed().progress]
    assert list(dict.fromkeys(phases)) == [Phase.EXTRACTING_FEATURES, Phase.TRAINING]


def test_a_job_tells_of_every_checkpoint_and_keeps_them_all() -> None:
    made = undisturbed()
    assert [one.iteration for one in made.checkpoints] == list(range(1, ITERATIONS + 1))
    assert made.job.checkpoints == made.checkpoints
    last = made.checkpoints[-1]
    assert last.phase is Phase.TRAINING
    assert last.path.is_relative_to(made.folder)
    assert last.metrics == made.progress[-1].metrics
    assert made.job.session.date <= last.date <= datetime.now().astimezone()


def test_a_finished_job_says_so_and_a_cancel_that_comes_too_late_is_none() -> None:
    made = undisturbed()
    assert made.job.is_done and not made.job.is_cancelled
    assert made.done == [made.job]
    late: list[Any] = []
    made.job.on_done(late.append)
    assert late == [made.job]
    assert repr(made.job) == "Job(pose, training, done)"
    assert made.job.phase is Phase.TRAINING
    assert made.job.progress.item_count == ITERATIONS
    assert timedelta() < datetime.now().astimezone() - made.job.start_date
    made.job.cancel()
    assert not made.job.is_cancelled


def test_a_job_can_be_awaited() -> None:
    async def wait() -> HandPoseClassifier:
        return await undisturbed().job

    assert asyncio.run(wait()) is undisturbed().classifier


def test_a_session_says_where_it_is() -> None:
    session = undisturbed().job.session
    assert isinstance(session, TrainingSession)
    assert session.task is HandPoseClassifier
    assert (session.phase, session.iteration, session.is_finished) == (Phase.TRAINING, ITERATIONS, True)
    assert session.parameters.train_pose.maximum_iterations == ITERATIONS
    assert repr(session) == f"TrainingSession(pose, training, iteration {ITERATIONS}, '{session.folder}')"


def test_classes_and_parameters_are_those_of_the_training() -> None:
    assert undisturbed().classifier.classes == sorted(LABELS)
    parameters = undisturbed().classifier.model_parameters
    assert parameters is not None and parameters.maximum_iterations == ITERATIONS
    action = trained_action()
    assert action.classifier.model_parameters is action.parameters
    spec = action.classifier.trained_model.spec
    assert (spec.window, spec.frame_rate) == (WINDOW, 15)


def test_the_nested_types_are_create_mls() -> None:
    assert HandPoseClassifier.DataSource is HandActionClassifier.DataSource is DataSource
    assert HandPoseClassifier.ModelParameters is HandActionClassifier.ModelParameters is ModelParameters
    pose = {option.value for option in HandPoseClassifier.ImageAugmentationOptions}
    action = {option.value for option in HandActionClassifier.VideoAugmentationOptions}
    assert action - pose == {"interpolate_frames", "drop_frames"}
    assert set(trained_action().classifier.trained_model.training["augmentation_options"]) == action


def test_metrics_are_about_the_parts_of_the_session() -> None:
    classifier = undisturbed().classifier
    on_training, held_out = classifier.training_metrics, classifier.validation_metrics
    assert (on_training.examples, held_out.examples) == (42, 18)
    for metrics in (on_training, held_out):
        assert metrics.is_valid and metrics.error is None
        wrong = metrics.predictions.label != metrics.predictions.predicted
        assert metrics.classification_error == pytest.approx(wrong.mean())
        assert metrics.accuracy == pytest.approx(1 - wrong.mean())
        assert metrics.confusion["count"].sum() == metrics.examples
        assert list(metrics.precision_recall.label) == classifier.classes
        assert set(metrics.macro_average) == {"precision", "recall", "f1"}
        assert metrics.hands_found == 1
    reported = undisturbed().progress[-1].metrics["validation_accuracy"]
    assert held_out.accuracy == pytest.approx(reported)
    assert on_training.accuracy > 0.9


def test_validation_metrics_are_about_the_validation_source() -> None:
    classifier = trained_action().classifier
    assert classifier.validation_metrics.examples == 6
    assert classifier.training_metrics.examples == 20
    assert all(name.startswith("validation/") for name in classifier.validation_metrics.predictions.name)


@pytest.mark.parametrize(
    "table",
    [lambda frame: frame, lambda frame: pa.Table.from_pandas(frame), lambda frame: written(frame)],
    ids=["pandas", "arrow", "file"],
)
def test_evaluation_takes_other_examples_in_memory_and_in_a_file(table: Callable[[pd.DataFrame], Any]) -> None:
    metrics = undisturbed().classifier.evaluation(on=DataSource.labeled_keypoints_data_frame(table(joints(10, seed=9))))
    assert metrics.examples == 10
    assert metrics.accuracy > 0.8
    assert repr(metrics).startswith("ClassifierMetrics(error ")


def written(frame: pd.DataFrame) -> Path:
    path = new_folder() / "joints.parquet"
    frame.to_parquet(path)
    return path


def test_evaluation_of_clips_takes_them_at_the_frame_rate_of_the_model() -> None:
    source = DataSource.labeled_keypoints_data_frame(joints(4, 20, seed=9), frame_rate=30)
    assert trained_action().classifier.evaluation(on=source).examples == 4


def test_a_label_that_the_model_does_not_know_counts_as_an_error() -> None:
    source = DataSource.labeled_keypoints_data_frame(joints(6, labels=[LABELS[0], "new"]))
    metrics = undisturbed().classifier.evaluation(on=source)
    assert metrics.classification_error >= 0.5
    assert list(metrics.precision_recall.label) == [LABELS[0], "new"]


def test_a_hand_that_was_not_found_counts_as_an_error() -> None:
    frame = joints(10, seed=9)
    frame.loc[[0, 1], "keypoints"] = pd.Series([[0.0] * 63] * 2)
    metrics = undisturbed().classifier.evaluation(on=DataSource.labeled_keypoints_data_frame(frame))
    assert metrics.hands_found == pytest.approx(0.8)
    assert metrics.classification_error == pytest.approx(0.2)
    assert list(metrics.predictions.hand_found).count(False) == 2


def test_metrics_that_could_not_be_had_say_why() -> None:
    from_a_file = HandPoseClassifier(undisturbed().folder / "model" / "model.ckpt")
    assert not from_a_file.validation_metrics.is_valid
    assert from_a_file.validation_metrics.error == from_a_file.training_metrics.error
    assert "evaluation(on=...)" in (from_a_file.validation_metrics.error or "")
    assert from_a_file.model_parameters is None
    assert "evaluation(on=...)" in repr(from_a_file.validation_metrics)
    assert ClassifierMetrics.of([], ["a"]).is_valid is False


@pytest.mark.parametrize("made", BOTH, ids=["pose", "action"])
def test_the_last_checkpoint_and_the_model_file_make_the_same_classifier(made: Callable[[], Any]) -> None:
    classifier = made()
    path = classifier._session.folder / "model" / "model.ckpt"
    for again in (type(classifier)(path), type(classifier)(str(path))):
        assert same_weights(again, classifier)
        assert again.classes == classifier.classes


def test_a_checkpoint_on_the_way_makes_a_classifier_that_knows_less() -> None:
    first, last = undisturbed().checkpoints[0], undisturbed().checkpoints[-1]
    beginner = HandPoseClassifier(first)
    assert beginner.classes == sorted(LABELS)
    assert not same_weights(beginner, HandPoseClassifier(last))
    losses = [one.metrics["loss"] for one in (first, last)]
    assert losses[1] < losses[0]
    assert Checkpoint.read(first.path) == first


@pytest.mark.parametrize("made", BOTH, ids=["pose", "action"])
def test_it_shows_its_classes_and_escapes_them_in_html(made: Callable[[], Any]) -> None:
    classifier = made()
    assert f"2 classes: {', '.join(sorted(LABELS))}" in repr(classifier)
    page = classifier._repr_html_()
    assert "&lt;3 fist" in page
    assert "<3" not in page and "one & " not in page
    assert "<table" in page and "maximum_iterations" in page
    assert ("windows of 6 frames at 15 frames/s" in repr(classifier)) == (classifier.kind == "action")


def test_metrics_escape_labels_that_only_the_evaluation_knows() -> None:
    source = DataSource.labeled_keypoints_data_frame(joints(6, labels=[LABELS[0], "new & old"]))
    page = undisturbed().classifier.evaluation(on=source)._repr_html_()
    assert "new &amp; old" in page and "new & old" not in page


def test_a_source_whose_examples_cannot_be_used_is_refused() -> None:
    source = DataSource.labeled_keypoints_data_frame(joints(6, labels=["<i>markup</i>"]))
    with pytest.warns(UserWarning, match="begins a tag"), pytest.raises(DataError, match="none of its examples"):
        undisturbed().classifier.evaluation(on=source)


def test_parameters_in_html_are_escaped(tmp_path: Path) -> None:
    content = torch.load(undisturbed().folder / "model" / "model.ckpt", weights_only=True)
    content["hyper_parameters"]["training"]["background_label"] = "<script>"
    torch.save(content, tmp_path / "model.ckpt")
    page = HandPoseClassifier(tmp_path / "model.ckpt")._repr_html_()
    assert "&lt;script&gt;" in page and "<script>" not in page


def test_predictor_answers_for_the_classifier() -> None:
    predictor = trained_action().classifier.predictor
    assert (predictor.kind, predictor.window, predictor.frame_rate) == ("action", WINDOW, 15)
    assert predictor.classes == sorted(LABELS)


def test_a_data_source_in_memory_is_read_when_asked() -> None:
    rows = pose_source(4).extract_keypoints()
    assert list(rows.label) == [LABELS[number % 2] for number in range(4)]
