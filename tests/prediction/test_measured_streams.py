"""Stream settings in a training, and events in an evaluation and its report."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fake_model import FakeModel
from small_models import save, trained
from small_training import OUT, PARTS, TABLE, WITH_VALIDATION, settings_with, write_tables

from handloom import keypoint_table
from handloom.cli import main
from handloom.config import Data, ExportCoreML, LabeledDirectories, Parameters, StreamsOfKinds, StreamValues
from handloom.errors import DataError
from handloom.evaluation.answered import answer_test_set
from handloom.evaluation.events import Interval
from handloom.keypoint_table import SCHEMA
from handloom.models.checkpoint import load_model
from handloom.models.files import MODEL_FILE
from handloom.models.model import ModelSpec, StreamSettings, stream_settings_with, usual_stream_settings
from handloom.prediction.annotated_streams import GESTURES, Made, gestures_text, read_streams
from handloom.prediction.measured_streams import measure_streams, measured, on_choice, settings_for
from handloom.prediction.predictor import Predictor
from handloom.prediction.stream_settings import Stream, ask, highest_likely_rate
from handloom.report.page import Written, write_page
from handloom.stages import run
from handloom.stages.layout import Layout
from handloom.support.workspace import Workspace
from handloom.training.resume import LastStep, TrainingTask
from handloom.training.stream_settings import store_stream_settings
from handloom.training.train import train

WINDOW, FRAMES = 3, 300  # of a model, and of each recording: ten seconds
LIMIT = 700.0  # false answers an hour: the model is at chance, and ten seconds show no rate below 830
MADE = {
    "v.mp4": tuple(Interval(label, time, time + 0.5) for time in range(5) for label in ("fist", "open")),
    "t.mp4": (Interval("fist", 1.0, 2.0), Interval("open", 4.0, 5.0)),
}
PARAMETERS = Parameters(data=Data(pose=LabeledDirectories(path="photos"), action=LabeledDirectories(path="clips")))


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """A small model of clips and two recordings, one of the validation and one of the test set."""
    folder = tmp_path_factory.mktemp("streams")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_tables(["fist", "open", "fist"] * 12, WITH_VALIDATION, frames=WINDOW)
        train(
            TrainingTask("action", settings_with(prediction_window_size=WINDOW), TABLE, PARTS), OUT, Workspace(folder)
        )
    write_recordings(folder / "streams.parquet")
    paths = {"keypoints": folder / TABLE, "split": folder / PARTS, "model": folder / OUT}
    return replace(Layout.in_folder(folder), **paths)


def write_recordings(path: Path, made: Made = MADE) -> None:
    random = np.random.default_rng(1)
    rows = [
        dict.fromkeys(SCHEMA.names)
        | {"session_id": session, "path": name, "part": part, "frame": frame, "chirality": ""}
        | {"keypoints": np.concatenate([random.random(42), np.ones(21)])}
        for session, (name, part) in enumerate([("v.mp4", "validation"), ("t.mp4", "test")])
        for frame in range(FRAMES)
    ]
    metadata = {"frame_rate": "30", GESTURES: gestures_text(made)}
    keypoint_table.write(path, [pa.Table.from_pylist(rows, schema=SCHEMA)], metadata)


def test_the_rate_that_is_likely_is_the_exact_limit_of_poisson() -> None:
    assert highest_likely_rate(0, 1.0) == pytest.approx(2.302585, abs=1e-5)  # -log(0.1)
    assert highest_likely_rate(3, 2.0) == pytest.approx(6.680783 / 2, abs=1e-5)  # Garwood's table, one-sided 90 %


def test_a_training_stores_the_settings_of_the_validation_recordings(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trained(task: Any, out: Path, *others: Any) -> None:
        last_step: LastStep = others[-1]
        out.mkdir()
        (out / MODEL_FILE).write_bytes((layout.model / MODEL_FILE).read_bytes())
        last_step.add_to(out / MODEL_FILE)

    monkeypatch.setattr("handloom.training.train.train", trained)
    with_limit = replace(PARAMETERS, train_action=replace(PARAMETERS.train_action, false_events_per_hour=LIMIT))
    run.train(with_limit, "action", replace(layout, model=tmp_path / "new"), Workspace.inside(tmp_path))
    stored = load_model(tmp_path / "new" / MODEL_FILE).spec.stream
    assert stored is not None and layout.streams is not None and stored.false_per_hour == LIMIT
    chosen, line = settings_for(layout.model_file, read_streams(layout.streams, "validation"), LIMIT)
    assert stored == chosen and "may be up to" in line  # ten seconds show no rate


def test_of_few_gestures_nothing_is_chosen(layout: Layout, tmp_path: Path) -> None:
    write_recordings(tmp_path / "few.parquet", MADE | {"v.mp4": MADE["v.mp4"][:9]})
    chosen, line = settings_for(layout.model_file, read_streams(tmp_path / "few.parquet", "validation"), 1.0)
    assert chosen is None and "have 9 gestures, 10 are needed" in line


def test_settings_that_find_nothing_are_not_stored(layout: Layout, tmp_path: Path) -> None:
    unknown = tuple(replace(one, label="wave") for one in MADE["v.mp4"])
    write_recordings(tmp_path / "unknown.parquet", MADE | {"v.mp4": unknown})
    chosen, line = settings_for(layout.model_file, read_streams(tmp_path / "unknown.parquet", "validation"), 1.0)
    assert chosen is None and line == (
        "no stream settings are stored: at 1 false an hour none find any of the 10 gestures in the recordings;"
        " allow more with train_action.false_events_per_hour, or check that the labels (wave) are classes of the model"
    )


def test_the_verb_stores_what_the_stage_does_and_refuses_few_gestures(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert layout.streams is not None
    recordings = read_streams(layout.streams, "validation")
    monkeypatch.setattr("handloom.cli.streams._streams", lambda *arguments: recordings)
    monkeypatch.setattr("handloom.cli.streams.check_data", lambda *arguments: None)
    out = tmp_path / "chosen.ckpt"
    words = ["streams", str(layout.model_file), str(tmp_path), "--choose", f"{LIMIT:g}", "--out", str(out)]
    assert main(words) == 0
    assert load_model(out).spec.stream == settings_for(layout.model_file, recordings, LIMIT)[0]
    out.unlink()
    capsys.readouterr()
    unknown = tuple(replace(one, label="wave") for one in recordings[0].made)
    for made, says in [
        (recordings[0].made[:9], "the recordings have 9 gestures, 10 are needed"),
        (unknown, "allow more with --choose, or check that the labels (wave) are classes of the model"),
    ]:
        recordings = [replace(recordings[0], made=made)]
        assert main(words) == 1 and not out.exists()
        assert "handloom streams: no stream settings are stored: " in (said := capsys.readouterr().err) and says in said


def test_the_verb_refuses_a_model_of_photos(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = save(trained("pose"), tmp_path / "Hand.mlmodel")
    (tmp_path / "photos").mkdir()
    assert main(["streams", str(model), str(tmp_path / "photos")]) == 1
    said = f"handloom streams: {model}: a model of poses; name one of actions, for videos\n"
    assert capsys.readouterr().err == said


def test_a_damaged_table_of_recordings_is_found_before_the_training(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handloom.training.train.train", lambda *arguments: pytest.fail("it was trained"))
    broken = tmp_path / "streams.parquet"
    broken.write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"streams\.parquet: not a Parquet file"):
        run.train(PARAMETERS, "action", replace(layout, streams=broken), Workspace.inside(tmp_path))


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"v.mp4": [], "t.mp4": [["fist", 1.0]]}', '{"v.mp4": 1}'])
def test_gestures_that_cannot_be_read_are_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(f"{__name__}.gestures_text", lambda made: text)
    write_recordings(tmp_path / "streams.parquet")
    with pytest.raises(DataError, match=r"^[^\n]*streams\.parquet: damaged[^\n]*\(dvc repro\)$"):
        read_streams(tmp_path / "streams.parquet", "validation")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, float]]:
    """The metrics of recordings that evaluations were given; they go no further."""
    metrics: list[dict[str, float]] = []

    def evaluated(*arguments: Any) -> Any:
        metrics.append(dict(arguments[-1]))
        raise KeyboardInterrupt

    monkeypatch.setattr("handloom.evaluation.evaluate.evaluate", evaluated)
    return metrics


def test_an_evaluation_has_the_events_of_the_test_recordings(
    layout: Layout, tmp_path: Path, said: list[dict[str, float]]
) -> None:
    for recordings in (layout.streams, None, tmp_path / "gone.parquet"):
        with pytest.raises(KeyboardInterrupt):
            run.evaluate(PARAMETERS, "action", replace(layout, streams=recordings), Workspace.inside(tmp_path))
    with_recordings, without, without_their_file = said
    assert with_recordings["gestures"] == 2 and with_recordings["stream_hours"] == pytest.approx(10 / 3600)
    assert {"events_found", "false_events_per_hour", "shrec_jaccard_index"} <= with_recordings.keys()
    assert without == without_their_file == {}  # the dvc.yaml of a former version has no recordings


def test_an_evaluation_measures_with_the_values_that_are_exported(
    layout: Layout, tmp_path: Path, said: list[dict[str, float]]
) -> None:
    for values in (StreamValues(), StreamValues(threshold=0.0), StreamValues(threshold=1.0)):
        parameters = replace(PARAMETERS, export_coreml=ExportCoreML(streams=StreamsOfKinds(action=values)))
        with pytest.raises(KeyboardInterrupt):
            run.evaluate(parameters, "action", layout, Workspace.inside(tmp_path))
        model = load_model(layout.model_file)
        exported = replace(model, spec=replace(model.spec, stream=stream_settings_with(model, values)))
        predictor = Predictor(exported)
        assert layout.streams is not None
        asked = [ask(predictor, one, WINDOW // 3) for one in read_streams(layout.streams, "test")]
        assert said[-1] == measured(asked, usual_stream_settings(exported), "background").metrics
    assert said[1]["false_events_per_hour"] > said[2]["false_events_per_hour"] == 0


def test_the_report_tells_what_was_found_of_each_class(layout: Layout, tmp_path: Path) -> None:
    assert layout.streams is not None
    found = measure_streams(layout.model_file, layout.streams)
    assert found is not None and {row["label"]: row["made"] for row in found.per_class}.items() >= {("fist", 1)}
    answered = answer_test_set(layout.model, layout.keypoints, layout.split, 1)
    where = Written(layout.keypoints, layout.split, layout.model, layout.keypoint_report)
    page = write_page(tmp_path / "report.html", PARAMETERS, answered, lambda: [], where, found)
    text = page.read_text(encoding="utf-8")
    assert 'id="streams"' in text and "flatters" in text and "Not chosen on recordings." in text
    values = StreamsOfKinds(action=StreamValues(threshold=0.5, hold_time=0.1))
    exported = replace(PARAMETERS, export_coreml=ExportCoreML(streams=values))
    write_page(page, exported, answered, lambda: [], where, found)
    text = page.read_text(encoding="utf-8")
    assert "Not chosen on recordings: <code>export_coreml.streams</code> sets threshold and hold time." in text
    store_stream_settings(layout.model_file, StreamSettings(false_per_hour=2.0), tmp_path / MODEL_FILE)
    chosen = replace(answered, model=load_model(tmp_path / MODEL_FILE))
    write_page(page, exported, chosen, lambda: [], where, found)
    text = page.read_text(encoding="utf-8")
    assert "at most 2.0 false an hour, except threshold and hold time, which <code>export_coreml.streams</code>" in text
    assert "Not chosen" not in text


def test_each_class_has_its_counts() -> None:
    """A model that says wave where the hand is right, in the wrong place once."""

    def said(windows: np.ndarray) -> np.ndarray:
        wave = windows[:, -1, 0, 0].astype(float)
        return np.stack([1 - wave, wave], axis=1)

    predictor = Predictor(FakeModel(ModelSpec("action", ["background", "wave"], 3, 10.0), said, {}))
    poses = np.zeros((100, 3, 21), np.float32)
    poses[:, 2] = 1
    poses[20:30, 0] = poses[32:36, 0] = poses[60:65, 0] = 1
    stream = Stream(poses, (Interval("wave", 2.0, 3.0), Interval("wave", 8.0, 9.0)))
    settings = StreamSettings(0.8, 0.0, 0.0, 1, 1, {}, 1.0)
    found = measured([ask(predictor, stream, 1)], settings, "background")
    assert found.per_class == [{"label": "wave", "made": 2, "found": 1, "missed": 1, "doubled": 1, "false": 1}]
    assert found.metrics["false_events_per_hour"] == pytest.approx(360)
    assert "threshold 0.8, hold time 0 s" in on_choice(found)
    assert "1 of 2 gestures found, 2 false or doubled" in on_choice(found)
    of_wave = measured([ask(predictor, stream, 1)], replace(settings, thresholds={"wave": 0.7}), "background")
    assert "threshold 0.8, of wave 0.7, hold time 0 s" in on_choice(of_wave)
