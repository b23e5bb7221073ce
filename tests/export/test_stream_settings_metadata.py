"""Stream settings travel with the model: in its checkpoint and in the metadata of exported files."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_models import save, trained, with_spec
from small_training import OUT, WITHOUT_VALIDATION, train_small, write_tables

from handloom.errors import DataError
from handloom.export.interface import STREAM_SETTINGS, stream_settings_of, user_metadata
from handloom.models.checkpoint import load_model
from handloom.models.model import GestureTimes, StreamSettings
from handloom.prediction.predictor import Predictor
from handloom.prediction.windows import usual_stride
from handloom.training.stream_settings import store_stream_settings

SETTINGS = StreamSettings(0.9, 0.2, 0.6, 4, 3, {"a": 0.5}, 1.0, GestureTimes(0.8, 1.5, 0.25))
SHARES, SECONDS = st.floats(0, 1), st.floats(0, 60)


@given(
    st.builds(
        StreamSettings,
        SHARES,
        SECONDS,
        SECONDS,
        st.integers(1, 100),
        st.integers(1, 9),
        st.dictionaries(st.sampled_from("abc"), SHARES),
        st.none() | st.floats(0, 1e6),
        st.none() | st.builds(GestureTimes, SECONDS, SECONDS, SHARES),
    )
)
def test_metadata_hold_all_of_them(settings: StreamSettings) -> None:
    model = with_spec(trained("pose"), stream=settings)
    assert stream_settings_of(user_metadata(model), model.spec.classes) == settings


def test_an_exported_file_gives_them_to_the_predictor(tmp_path: Path) -> None:
    model = with_spec(trained("action"), stream=SETTINGS)
    opened = Predictor.open(save(model, tmp_path / "HandActionClassifier.mlmodel"))
    assert opened.stream == SETTINGS
    assert usual_stride(opened, None) == 4


@pytest.mark.parametrize(
    "wrong",
    [
        "[1]",
        "{",
        '{"threshold": 2}',
        '{"stride": 0}',
        '{"thresholds": {"none": 0.5}}',
        '{"hold_time": "long"}',
        '{"times": {"growth": 2}}',
    ],
)
def test_what_is_no_settings_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=STREAM_SETTINGS):
        stream_settings_of({STREAM_SETTINGS: wrong}, ["a"])
    assert stream_settings_of({STREAM_SETTINGS: json.dumps({"threshold": 0.7, "later": 1})}, ["a"]) == StreamSettings(
        0.7
    )


def test_a_checkpoint_keeps_them_and_everything_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_tables(["background", "a", "open"] * 10, WITHOUT_VALIDATION)
    train_small()
    before = load_model(OUT / "model.ckpt")
    store_stream_settings(OUT / "model.ckpt", SETTINGS, OUT / "chosen.ckpt")
    after = load_model(OUT / "chosen.ckpt")
    assert after.spec.stream == SETTINGS and before.spec.stream is None
    assert after.spec.classes == before.spec.classes
    for name, tensor in before.network.state_dict().items():
        assert (after.network.state_dict()[name] == tensor).all()
    with pytest.raises(DataError, match="no such file"):
        store_stream_settings(OUT / "missing.ckpt", SETTINGS, OUT / "other.ckpt")
