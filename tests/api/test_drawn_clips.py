"""From drawn clips through training to predictions and a file for an app, with nothing in between."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from clip_files import write_clip
from small_sessions import SMALL, new_folder

from handloom import (
    ConfigurationError,
    DataError,
    DataSource,
    HandActionClassifier,
    ModelParameters,
    Prediction,
    ValidationData,
)
from handloom.prediction.predictor import Predictor
from handloom.sample import draw_clips

GESTURES = Path(__file__).parent.parent.parent / "data/sample/gestures/action"
WINDOW, RATE = 12, 15


@pytest.fixture(scope="module")
def clips() -> Path:
    """Two clips each of grab and swipe_left."""
    folder = new_folder()
    (folder / "gestures").mkdir()
    for name in ("grab", "swipe_left"):
        shutil.copy(GESTURES / f"{name}.yaml", folder / "gestures")
    draw_clips(folder / "gestures", folder / "clips", folder / "t.parquet", seed=3, people=2, per_class=2)
    return folder / "clips"


@pytest.fixture(scope="module")
def classifier(clips: Path) -> HandActionClassifier:
    parameters = ModelParameters(
        validation=ValidationData.none(),
        maximum_iterations=2,
        prediction_window_size=WINDOW,
        target_frame_rate=RATE,
        training=SMALL,
    )
    return HandActionClassifier(training_data=DataSource.labeled_directories(at=clips), parameters=parameters)


def test_a_clip_is_answered_window_by_window(classifier: HandActionClassifier, clips: Path) -> None:
    (clip, *_) = sorted((clips / "grab").iterdir())
    found = classifier.prediction(clip)
    assert len(found) > 3
    assert all(isinstance(one, Prediction) for one in found)
    assert HandActionClassifier.Prediction is Prediction
    for one in found:
        assert {label for label, _ in one.results} == {"grab", "swipe_left"}
        assert sum(confidence for _, confidence in one.results) == pytest.approx(1)
        assert len(one.frame_range) == pytest.approx(WINDOW * 30 / RATE, abs=2)
        assert one.end - one.start == pytest.approx(WINDOW / RATE, abs=0.04)
    assert found[0].frame_range.start == 0
    assert found[-1].frame_range.stop == 68  # the clip's own frames
    assert len(classifier.prediction(clip, stride=1)) > len(found)


def test_a_stream_gives_the_same_one_after_another(classifier: HandActionClassifier, clips: Path) -> None:
    (clip, *_) = sorted((clips / "grab").iterdir())
    stream = classifier.stream(clip, stride=2)
    assert iter(stream) is stream
    whole = classifier.prediction(str(clip), stride=2)
    assert next(stream).results == whole[0].results
    assert [one.results for one in stream] == [one.results for one in whole[1:]]


def test_several_clips_are_answered_in_their_order_and_one_without_a_hand_is_empty(
    classifier: HandActionClassifier, clips: Path, tmp_path: Path
) -> None:
    write_clip(tmp_path / "wall.mp4", [np.full((96, 96, 3), 90, np.uint8)] * 20)
    files = sorted(clips.rglob("*.mp4"))[1:3]
    found = classifier.predictions([files[0], tmp_path / "wall.mp4", files[1]], stride=WINDOW)
    assert found[1] == []
    for several, path in ((found[0], files[0]), (found[2], files[1])):
        alone = classifier.prediction(path, stride=WINDOW)
        assert [one.results for one in several] == [one.results for one in alone]


def test_metrics_are_about_the_clips(classifier: HandActionClassifier, clips: Path) -> None:
    assert classifier.training_metrics.examples == 4
    assert not classifier.validation_metrics.is_valid
    assert classifier.validation_metrics.error == "there was no validation set"
    assert np.isnan(classifier.validation_metrics.accuracy)
    again = classifier.evaluation(on=DataSource.labeled_directories(at=clips))
    assert again.classification_error == classifier.training_metrics.classification_error
    assert "there was no validation set" in classifier._repr_html_()


def test_it_is_written_for_an_app(classifier: HandActionClassifier, tmp_path: Path) -> None:
    saved = Predictor.open(classifier.write(tmp_path / "Gestures.mlpackage"))
    assert (saved.kind, saved.window, saved.frame_rate) == ("action", WINDOW, RATE)


def test_a_wrong_clip_or_stride_is_named(classifier: HandActionClassifier, clips: Path, tmp_path: Path) -> None:
    (clip, *_) = sorted((clips / "grab").iterdir())
    with pytest.raises(ConfigurationError, match="stride: must be at least 1"):
        classifier.prediction(clip, stride=0)
    (tmp_path / "broken.mp4").write_bytes(b"no clip")
    for path in (tmp_path / "broken.mp4", tmp_path / "missing.mp4"):
        with pytest.raises(DataError, match=path.name) as caught:
            classifier.prediction(path)
        assert "\n" not in str(caught.value)
