"""MediaPipe's error: what was fitted is drawn, whichever way the hand is turned in the picture."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from landmark_error_fit import as_json, fitted

from handloom.described.landmark_error import LandmarkError, measured_error
from handloom.described.skeleton import PARAMETERS, TYPICAL_LENGTHS, Floats, joints_of
from handloom.hand import turned


def hands(count: int, seed: int = 0) -> Floats:
    """``[N, 21, 3]``, upright but for some degrees."""
    shapes = np.random.default_rng(seed).uniform(0, 1, (count, len(PARAMETERS)))
    return joints_of(shapes, np.tile(TYPICAL_LENGTHS, (count, 1)))


@settings(deadline=None, max_examples=20)
@given(st.floats(-np.pi, np.pi))
def test_the_error_turns_with_the_picture(angle: float) -> None:
    error = measured_error()
    assert error is not None
    space = hands(50)
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.broadcast_to(np.array([[cosine, -sine], [sine, cosine]]), (50, 2, 2))
    upright, aslant = (error.draw(one, one[..., :2], np.random.default_rng(1)) for one in (space, turned(space, turn)))
    np.testing.assert_allclose(aslant, turned(upright, turn), atol=1e-4)


def test_the_fit_finds_a_bias_that_depends_on_the_pose_and_its_spread() -> None:
    space = hands(3000)
    random = np.random.default_rng(3)
    bent = space[:, 8, 2]  # how far the index finger's tip is out of the palm's plane
    error = 0.05 * random.standard_normal((3000, 21, 2))
    error[:, 8, 1] += 0.2 * bent
    model = LandmarkError.from_json(as_json(fitted(space, error)))
    drawn = model.draw(space, space[..., :2], np.random.default_rng(4))
    assert np.corrcoef(drawn[:, 8, 1], bent)[0, 1] > 0.5
    size = [np.sqrt(np.square(one).sum(axis=-1).mean(axis=0)) for one in (drawn, error)]
    np.testing.assert_allclose(size[0], size[1], rtol=0.15)


def test_errors_are_as_large_as_measured_where_hands_are_seen_badly_by_no_linear_rule() -> None:
    space = hands(3000)
    bent = space[:, 8, 2]
    scale = np.where(bent > np.quantile(bent, 0.9), 0.3, 0.03)[:, None, None]
    error = scale * np.random.default_rng(3).standard_normal((3000, 21, 2))
    drawn = fitted(space, error).draw(space, space[..., :2], np.random.default_rng(4))
    size = [np.sqrt(np.square(one).sum(axis=-1).mean(axis=0)) for one in (drawn, error)]
    assert abs((size[0] / size[1]).mean() - 1) < 0.04


def test_the_table_is_small_and_survives_text() -> None:
    error = measured_error()
    assert error is not None
    text = as_json(error)
    assert len(text) < 50_000
    again = LandmarkError.from_json(text)
    assert np.array_equal(again.badly.factor, error.badly.factor)
    assert measured_error(0) is None


def test_errors_in_time_are_as_large_and_slow() -> None:
    error = measured_error()
    assert error is not None
    still = np.repeat(hands(1, seed=5), 60, axis=0)
    clips = np.stack([error.draw_in_time(still, still[..., :2], np.random.default_rng(seed)) for seed in range(200)])
    many = np.repeat(still[:1], 4000, axis=0)
    alone = error.draw(many, many[..., :2], np.random.default_rng(9))
    np.testing.assert_allclose(clips.std(axis=(0, 1)).mean(), alone.std(axis=0).mean(), rtol=0.2)
    assert np.abs(np.diff(clips, axis=1)).mean() < 0.5 * clips.std(axis=(0, 1)).mean()
