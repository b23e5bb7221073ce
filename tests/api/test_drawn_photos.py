"""From drawn photos through training to predictions and a file for an app, with nothing in between."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from small_sessions import SMALL, every_iteration, joints, new_folder

from handloom import (
    DataError,
    DataSource,
    HandloomError,
    HandPoseClassifier,
    IncompatibleParametersError,
    ModelParameters,
    ModifiedTrainingDataError,
    Phase,
    TrainingSession,
    ValidationData,
)
from handloom.api.changes import refuse_changes
from handloom.support.workspace import Workspace


def parameters(**changes: Any) -> ModelParameters:
    settings: dict[str, Any] = {"validation": ValidationData.none(), "maximum_iterations": 2, "training": SMALL}
    return ModelParameters(**settings | changes)


def labeled(folder: Path) -> DataSource:
    """The photos in a folder by a data frame in memory."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))
    frame = pd.DataFrame({"imagePath": names, "label": [name.split("/")[0] for name in names]})
    return DataSource.labeled_image_data_frame(frame, at=folder)


@pytest.fixture(scope="module")
def photos(drawn: Path) -> Path:
    """Drawn photos of one's own, which have names that a careless program trips over."""
    folder = new_folder() / "photos"
    shutil.copytree(drawn / "photos", folder)
    first = sorted((folder / "one").iterdir())[0]
    first.rename(first.with_name("ünd noch eins.jpg"))
    return folder


@pytest.fixture(scope="module")
def classifier(photos: Path) -> HandPoseClassifier:
    return HandPoseClassifier.train(labeled(photos), parameters(), every_iteration(new_folder())).result(120)


@pytest.fixture
def session(classifier: HandPoseClassifier) -> TrainingSession[HandPoseClassifier]:
    """The session that trained the classifier."""
    assert classifier._session is not None
    folder = classifier._session.folder
    return HandPoseClassifier.restore_training_session(every_iteration(folder))


@pytest.fixture(scope="module")
def empty_photo() -> Path:
    path = new_folder() / "wall.png"
    Image.new("RGB", (160, 120), (90, 110, 130)).save(path)
    return path


def test_a_photo_has_its_labels_the_most_likely_first(classifier: HandPoseClassifier, photos: Path) -> None:
    found = classifier.prediction(next((photos / "five").iterdir()))
    assert {label for label, _ in found} == {"five", "one"}
    assert found[0].confidence >= found[1].confidence
    assert sum(confidence for _, confidence in found) == pytest.approx(1)


def test_several_photos_are_answered_in_their_order_and_one_without_a_hand_is_empty(
    classifier: HandPoseClassifier, photos: Path, empty_photo: Path
) -> None:
    files = sorted(photos.rglob("*.jpg"))
    found = classifier.predictions([str(files[0]), empty_photo, *files[1:]])
    assert found[1] == []
    assert found[0] == classifier.prediction(files[0])
    assert found[2:] == [classifier.prediction(path) for path in files[1:]]
    assert classifier.prediction(empty_photo) == []


def test_what_it_says_of_the_photos_is_what_its_metrics_count(classifier: HandPoseClassifier, photos: Path) -> None:
    said = classifier.training_metrics.predictions
    assert len(said) == 6
    for row in said.itertuples():
        best = classifier.prediction(photos / row.name)[0]
        assert best.label == row.predicted and best.confidence == pytest.approx(row.confidence, abs=1e-6)
    again = classifier.evaluation(on=DataSource.labeled_directories(at=photos))
    assert again.classification_error == classifier.training_metrics.classification_error


def test_every_hand_comes_with_its_joints(classifier: HandPoseClassifier, photos: Path, empty_photo: Path) -> None:
    photo = next((photos / "five").iterdir())
    hands = classifier.hands(photo)
    assert list(hands[0].results) == classifier.prediction(photo)
    assert hands[0].poses.shape == (1, 3, 21) and (hands[0].poses[0, 2] > 0).any()
    assert classifier.hands(empty_photo) == []


def test_a_photo_that_cannot_be_read_is_named(classifier: HandPoseClassifier, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    for path in (tmp_path / "broken.jpg", tmp_path / "missing.jpg"):
        with pytest.raises(DataError, match=path.name) as caught:
            classifier.prediction(path)
        assert "\n" not in str(caught.value)


def test_a_classifier_from_a_file_says_the_same(classifier: HandPoseClassifier, photos: Path) -> None:
    assert classifier._session is not None
    again = HandPoseClassifier(classifier._session.folder / "model" / "model.ckpt")
    photo = next((photos / "one").iterdir())
    assert again.prediction(photo) == classifier.prediction(photo)


def test_it_is_written_with_where_its_joints_come_from(classifier: HandPoseClassifier, tmp_path: Path) -> None:
    import coremltools

    written = coremltools.models.MLModel(str(classifier.write(tmp_path / "a.mlmodel")), skip_model_load=True)
    assert "LiteRT" in written.user_defined_metadata["Landmarks"]


def test_a_changed_photo_ends_the_job(
    classifier: HandPoseClassifier, session: TrainingSession[HandPoseClassifier], photos: Path
) -> None:
    photo = photos / "one" / "ünd noch eins.jpg"
    before = photo.read_bytes()
    Image.new("RGB", (64, 64)).save(photo)
    try:
        with pytest.raises(
            ModifiedTrainingDataError, match=r"^training_data: one/ünd noch eins\.jpg changed"
        ) as caught:
            HandPoseClassifier.resume(session).result(60)
    finally:
        photo.write_bytes(before)
    assert "\n" not in str(caught.value)
    refuse_changes(session.folder, "pose", session.parameters, Workspace.inside(session.folder))  # as it was


def test_a_photo_that_is_gone_or_new_is_noticed(photos: Path, tmp_path: Path) -> None:
    folder, place = tmp_path / "photos", tmp_path / "session"
    shutil.copytree(photos, folder)
    source = DataSource.labeled_directories(at=folder)
    session = HandPoseClassifier.make_training_session(source, parameters(), every_iteration(place))
    refuse_changes(place, "pose", session.parameters, Workspace.inside(place))
    new = shutil.copy(folder / "one" / "ünd noch eins.jpg", folder / "five" / "new.jpg")
    with pytest.raises(ModifiedTrainingDataError, match=r"five/new\.jpg changed since the session was made"):
        refuse_changes(place, "pose", session.parameters, Workspace.inside(place))
    Path(new).unlink()
    for path in sorted((folder / "five").iterdir())[:1]:
        path.unlink()
    with pytest.raises(ModifiedTrainingDataError, match=r"five/person_\S+ changed since the session was made"):
        refuse_changes(place, "pose", session.parameters, Workspace.inside(place))


def test_a_table_of_joints_that_changes_is_noticed(tmp_path: Path) -> None:
    joints(6).to_parquet(tmp_path / "joints.parquet")
    source = DataSource.labeled_keypoints_data_frame(tmp_path / "joints.parquet")
    session = HandPoseClassifier.make_training_session(source, parameters(), every_iteration(tmp_path / "session"))
    refuse_changes(session.folder, "pose", session.parameters, Workspace.inside(session.folder))
    refuse_changes(session.folder, "pose", session.parameters, Workspace.inside(session.folder))
    joints(6, seed=1).to_parquet(tmp_path / "joints.parquet")
    with pytest.raises(ModifiedTrainingDataError, match="training_data: the table of joints changed"):
        refuse_changes(session.folder, "pose", session.parameters, Workspace.inside(session.folder))


def test_joints_that_were_found_before_are_not_looked_for_again(
    classifier: HandPoseClassifier, session: TrainingSession[HandPoseClassifier], photos: Path, tmp_path: Path
) -> None:
    other = HandPoseClassifier.make_training_session(
        labeled(photos), parameters(maximum_iterations=1), every_iteration(tmp_path)
    )
    phase = other.phase
    assert phase is Phase.INITIALIZED
    other.reuse_extracted_features(session)
    assert other.phase is Phase.EXTRACTING_FEATURES
    job = HandPoseClassifier.resume(other)
    phases: list[Phase] = []
    job.on_progress(lambda progress: phases.append(progress.phase))
    assert job.result(60).training_metrics.examples == 6
    assert set(phases) == {Phase.TRAINING}
    assert (tmp_path / "keypoints.parquet").read_bytes() == (session.folder / "keypoints.parquet").read_bytes()


def test_joints_of_photos_that_have_changed_since_are_not_taken(
    session: TrainingSession[HandPoseClassifier], photos: Path, tmp_path: Path
) -> None:
    other = HandPoseClassifier.make_training_session(labeled(photos), parameters(), every_iteration(tmp_path))
    other.reuse_extracted_features(session)
    photo = next((photos / "five").iterdir())
    before = photo.read_bytes()
    Image.new("RGB", (64, 64)).save(photo)
    try:
        with pytest.raises(ModifiedTrainingDataError, match=f"five/{photo.name} changed"):
            refuse_changes(tmp_path, "pose", other.parameters, Workspace.inside(tmp_path))
    finally:
        photo.write_bytes(before)


def test_joints_that_do_not_belong_to_the_session_are_refused(
    session: TrainingSession[HandPoseClassifier], photos: Path
) -> None:
    def fresh(source: DataSource, **changes: Any) -> TrainingSession[HandPoseClassifier]:
        return HandPoseClassifier.make_training_session(source, parameters(**changes), every_iteration(new_folder()))

    with pytest.raises(IncompatibleParametersError) as caught:
        fresh(labeled(photos), extraction={"hand": "left"}).reuse_extracted_features(session)
    assert (caught.value.original_value, caught.value.new_value) == ("raised", "left")
    with pytest.raises(ModifiedTrainingDataError, match="the other session has another data source"):
        fresh(DataSource.labeled_directories(at=photos)).reuse_extracted_features(session)
    with pytest.raises(HandloomError, match="the other session has not finished extraction"):
        fresh(labeled(photos)).reuse_extracted_features(fresh(labeled(photos)))
    with pytest.raises(HandloomError, match="this session has checkpoints already"):
        session.reuse_extracted_features(session)


def test_random_pixels_are_no_hand(classifier: HandPoseClassifier, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    assert classifier.predictions([]) == []
    assert classifier.prediction(tmp_path / "noise.png") == []
