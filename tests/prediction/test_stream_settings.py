"""Settings of the decision that are chosen on annotated streams."""

from dataclasses import replace
from typing import cast

import numpy as np
import pytest
from fake_model import FakeModel
from hypothesis import given, settings
from hypothesis import strategies as st

from handloom.config import LONGEST_TIME, StreamValues, as_plain
from handloom.evaluation.events import Interval
from handloom.hand import Poses
from handloom.models.model import ModelSpec, StreamSettings, stream_settings_with
from handloom.prediction.predictor import Predictor
from handloom.prediction.recognizer import Recognizer
from handloom.prediction.stream_settings import Stream, ask, choose_settings, events_of, measured_times, replay

RATE = 10.0
WAVES = (Interval("wave", 2.0, 3.0), Interval("wave", 8.0, 9.0))


def predictor(settings: StreamSettings | None = None) -> Predictor:
    """Says wave as surely as the x of the window's last frame."""

    def said(windows: Poses) -> np.ndarray:
        wave = windows[:, -1, 0, 0].astype(float)
        return np.stack([1 - wave, wave], axis=1)

    return Predictor(FakeModel(ModelSpec("action", ["background", "wave"], 3, RATE, stream=settings), said, {}))


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
    chosen = choose_settings(asked, "background", 1.0, 1)
    assert 0.72 < chosen.threshold <= 0.92
    assert events_of(asked, chosen, "background").metrics()["events_found"] == 1.0


def test_a_twitch_is_held_off_by_time_where_no_threshold_can() -> None:
    asked = [ask(predictor(), stream(0.92, 0.1, twitch=0.99), 1)]
    chosen = choose_settings(asked, "background", 1.0, 1)
    events = events_of(asked, chosen, "background")
    assert chosen.hold_time > 0 and len(events.found) == 2 and not events.false


def test_more_false_answers_are_taken_where_they_are_allowed() -> None:
    asked = [ask(predictor(), stream(0.62, 0.1, twitch=0.99), 3)]
    strict, lenient = (choose_settings(asked, "background", limit, 3) for limit in (0.0, 1e6))
    assert len(events_of(asked, lenient, "background").found) == 2
    assert not events_of(asked, strict, "background").false


def test_short_recordings_do_not_silence_the_model() -> None:
    """Two minutes with a twitch that no setting holds off without the loss of all gestures but one."""
    waves = tuple(Interval("wave", start, start + 1) for start in range(2, 120, 4))
    poses = np.ones((1200, 3, 21), np.float32)
    poses[:, 0] = 0.1
    for wave in waves:
        poses[round(wave.start * RATE) : round(wave.end * RATE), 0] = 0.86
    poses[45:57, 0] = 0.95  # as long as a wave and surer
    poses[100:110, 0] = 0.995  # the only wave that is surer than that
    asked = [ask(predictor(), Stream(poses, waves), 1)]
    chosen = choose_settings(asked, "background", 1.0, 1)
    assert len(events_of(asked, chosen, "background").found) == len(waves)
    long = [replace(asked[0], seconds=10 * 3600.0)]  # these can show the rate: the limit counts
    assert len(events_of(long, choose_settings(long, "background", 0.25, 1), "background").found) == 1


PLACES = st.lists(st.sampled_from([-1.0, 0.2, 0.55, 0.8, 0.95]), min_size=4, max_size=40)


@given(PLACES, st.sampled_from([1, 2, 3]), st.sampled_from([1, 2]), st.sampled_from([{}, {"wave": 0.7}]))
def test_a_replay_reports_what_the_recognizer_does_with_the_models_settings(
    places: list[float], stride: int, mean: int, thresholds: dict[str, float]
) -> None:
    poses = np.ones((len(places), 3, 21), np.float32) * np.array([place > 0 for place in places])[:, None, None]
    poses[:, 0] *= np.array(places, np.float32)[:, None]
    settings = StreamSettings(0.6, 0.1, 0.2, stride, mean, thresholds)
    asked = ask(predictor(), Stream(poses.astype(np.float32), ()), stride)
    recognizer = Recognizer(predictor(settings))
    events = [event for row, one in enumerate(poses) for event in recognizer.add_joints(one[None], row / RATE)]
    began = [event for event in events if event.kind == "began"]
    found = list(replay(asked, settings, "background"))
    assert [one.label for one in found] == [event.label for event in began]
    assert [one.time for one in found] == pytest.approx([event.time for event in began])
    ended = [event for event in events + recognizer.close() if event.kind == "ended"]
    assert [one.interval.start for one in found] == pytest.approx([event.start for event in ended], abs=1 / RATE)


def late(delay: float, lengths: list[float]) -> Stream:
    """Waves of these lengths, which the model is sure of so many seconds later, three seconds apart."""
    waves = [Interval("wave", 2 + 10.0 * number, 2 + 10.0 * number + length) for number, length in enumerate(lengths)]
    poses = np.ones((round((10 * len(waves)) * RATE), 3, 21), np.float32)
    poses[:, 0] = 0.1
    for wave in waves:
        poses[round((wave.start + delay) * RATE) : round((wave.end + delay) * RATE), 0] = 0.95
    return Stream(poses, tuple(waves))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 15), st.lists(st.integers(10, 60), min_size=6, max_size=9))
def test_an_event_says_where_its_gesture_lies(delay: int, lengths: list[int]) -> None:
    recording = late(delay / 10, [length / 10 for length in lengths])
    asked = ask(predictor(), recording, 1)
    counted = StreamSettings(stride=1)
    measured = replace(counted, times=measured_times([asked], counted, "background"))
    assert measured.times and measured.times.delay == pytest.approx(delay / 10, abs=0.051)
    recognizer = Recognizer(predictor(measured))
    events = [
        event for row, one in enumerate(recording.poses) for event in recognizer.add_joints(one[None], row / RATE)
    ]
    ended = [event for event in events if event.kind == "ended"]
    replayed = [answer.interval for answer in replay(asked, measured, "background")]
    for name in ("start", "end"):
        expected = pytest.approx([getattr(one, name) for one in recording.made], abs=0.11)
        assert [getattr(one, name) for one in ended] == expected
        assert [getattr(one, name) for one in replayed] == expected


def test_gestures_that_are_all_as_long_lie_as_long_however_long_they_are_answered() -> None:
    recording = late(0.5, [2.0] * 8)
    for number, wave in enumerate(recording.made):  # the model is sure of more or less of it, around the same middle
        middle, half = round((wave.start + 1.5) * RATE), 5 + number
        recording.poses[middle - 20 : middle + 20, 0] = 0.1
        recording.poses[middle - half : middle + half, 0] = 0.95
    counted = StreamSettings(stride=1)
    times = measured_times([ask(predictor(), recording, 1)], counted, "background")
    assert times and (times.delay, times.length, times.growth) == pytest.approx((0.5, 2.0, 0.0), abs=0.01)


def test_parts_of_minutes_are_held_to_what_a_model_stores() -> None:
    recording = late(0.5, [2.0] * 6)
    minutes = tuple(replace(wave, end=wave.start + 300) for wave in recording.made)
    times = measured_times(
        [replace(ask(predictor(), recording, 1), made=minutes)], StreamSettings(stride=1), "background"
    )
    assert times and (times.delay, times.length) == (-LONGEST_TIME, LONGEST_TIME)


def test_few_found_gestures_say_nothing_of_where_they_lie() -> None:
    asked = ask(predictor(), late(0.5, [2.0] * 4), 1)
    assert measured_times([asked], StreamSettings(stride=1), "background") is None
    [*_, last] = replay(asked, StreamSettings(stride=1), "background")  # then the window's length counts
    assert last.interval.end - last.interval.start == pytest.approx(0.75 * 0.3 + 0.5 * 2.0, abs=0.01)


def test_what_is_said_counts_in_place_of_the_models_settings() -> None:
    stored = predictor(StreamSettings(threshold=0.99, hold_time=5.0, cooldown=5.0, stride=3, mean=4))
    said = Recognizer(stored, threshold=0.6, hold_time=0.0, cooldown=0.0, stride=1, smoothing=None)
    poses = stream(0.92, 0.1).poses

    def began(recognizer: Recognizer) -> list[float]:
        events = [event for row, one in enumerate(poses) for event in recognizer.add_joints(one[None], row / RATE)]
        return [event.time for event in events if event.kind == "began"]

    assert began(said) == pytest.approx([2.0, 8.0])
    assert began(Recognizer(stored)) == []


SHARES, SECONDS = st.floats(0, 1), st.floats(0, 3)


@settings(max_examples=40, deadline=None)
@given(
    st.builds(StreamValues, st.none() | SHARES, st.none() | SECONDS, st.none() | SECONDS),
    st.none() | st.builds(StreamSettings, SHARES, SECONDS, SECONDS, st.just(2), st.integers(1, 3)),
    st.dictionaries(st.just("wave"), SHARES),
)
def test_values_in_a_model_count_as_arguments_of_a_recogniser_do(
    values: StreamValues, chosen: StreamSettings | None, thresholds: dict[str, float]
) -> None:
    model = cast(FakeModel, predictor(chosen).model)
    model = replace(model, thresholds=thresholds)
    exported = replace(model, spec=replace(model.spec, stream=stream_settings_with(model, values)))
    asked = [Recognizer(Predictor(model), **as_plain(values)), Recognizer(Predictor(exported))]
    for number, sure in enumerate([*np.linspace(0, 1, 40), *np.linspace(1, 0, 10)]):
        frame = np.full((1, 3, 21), sure, np.float32)
        before, after = [one.add_joints(frame, number / RATE) for one in asked]
        assert before == after
