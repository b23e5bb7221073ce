"""Settings of the decision that are chosen on annotated streams."""

import numpy as np
import pytest
from fake_model import FakeModel
from hypothesis import given
from hypothesis import strategies as st

from handloom.evaluation.events import Interval
from handloom.hand import Poses
from handloom.models.model import ModelSpec
from handloom.prediction.decision import DecisionSettings
from handloom.prediction.predictor import Predictor
from handloom.prediction.recognizer import Recognizer
from handloom.prediction.stream_settings import Stream, ask, choose_settings, events_of, replay

RATE = 10.0
WAVES = (Interval("wave", 2.0, 3.0), Interval("wave", 8.0, 9.0))


def predictor() -> Predictor:
    """Says wave as surely as the x of the window's last frame."""

    def said(windows: Poses) -> np.ndarray:
        wave = windows[:, -1, 0, 0].astype(float)
        return np.stack([1 - wave, wave], axis=1)

    return Predictor(FakeModel(ModelSpec("action", ["background", "wave"], 3, RATE), said, {}))


def stream(sure: float, unsure: float, twitch: float = 0.0, seconds: int = 12) -> Stream:
    """Two waves that the model is `sure` of, `unsure` elsewhere, and one frame in which it takes a twitch for one."""
    poses = np.ones((round(seconds * RATE), 3, 21), np.float32)
    poses[:, 0] = unsure
    for wave in WAVES:
        poses[round(wave.start * RATE) : round(wave.end * RATE), 0] = sure
    if twitch:
        poses[60, 0] = twitch
    return Stream(poses, WAVES)


def test_the_threshold_lies_between_gestures_and_the_rest() -> None:
    asked = [ask(predictor(), stream(0.92, 0.72), 1)]
    chosen = choose_settings(asked, "background", 1.0)
    assert 0.72 < chosen.default_threshold <= 0.92
    assert events_of(asked, chosen).metrics()["events_found"] == 1.0


def test_a_twitch_is_held_off_by_time_where_no_threshold_can() -> None:
    asked = [ask(predictor(), stream(0.92, 0.1, twitch=0.99), 1)]
    chosen = choose_settings(asked, "background", 1.0)
    events = events_of(asked, chosen)
    assert chosen.hold_time > 0 and len(events.found) == 2 and not events.false


def test_more_false_answers_are_taken_where_they_are_allowed() -> None:
    asked = [ask(predictor(), stream(0.62, 0.1, twitch=0.99), 3)]
    strict, lenient = (choose_settings(asked, "background", limit) for limit in (0.0, 1e6))
    assert len(events_of(asked, lenient).found) == 2
    assert not events_of(asked, strict).false


@given(st.lists(st.sampled_from([-1.0, 0.2, 0.55, 0.8, 0.95]), min_size=4, max_size=40), st.sampled_from([1, 2, 3]))
def test_a_replay_reports_what_the_recognizer_does(places: list[float], stride: int) -> None:
    poses = np.ones((len(places), 3, 21), np.float32) * np.array([place > 0 for place in places])[:, None, None]
    poses[:, 0] *= np.array(places, np.float32)[:, None]
    settings = DecisionSettings(default_threshold=0.6, hold_time=0.1, cooldown=0.2)
    asked = ask(predictor(), Stream(poses.astype(np.float32), ()), stride)
    recognizer = Recognizer(predictor(), threshold=0.6, hold_time=0.1, cooldown=0.2, stride=stride)
    events = [event for row, one in enumerate(poses) for event in recognizer.add_joints(one[None], row / RATE)]
    began = [event for event in events if event.kind == "began"]
    found = list(replay(asked, settings))
    assert [one.label for one in found] == [event.label for event in began]
    assert [one.start for one in found] == pytest.approx([event.time for event in began])
