"""Fingertips that touch: the gap closes, for other bones too, and what does not touch stays."""

import numpy as np
import pytest

from handloom.described.gestures import Touch
from handloom.described.skeleton import LEAST, MOST, TYPICAL_LENGTHS
from handloom.described.touching import gaps, with_touches, with_touches_nearby

# index ... little curls, knuckles, spread, thumb
RING = np.array([0.55, 0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1, 0.3, 0.4, 0.7, 0.3])
FIST = np.array([0.8] * 4 + [0.7] * 4 + [0.1, 0.2, 0.6, 0.4])


@pytest.mark.parametrize(
    ("shape", "touches"),
    [
        (RING, [Touch(0, 0, False)]),
        (FIST, [Touch(0, finger, True) for finger in range(4)]),
        (np.array([0.55] * 4 + [0.5] * 4 + [0, 0.25, 0.9, 0.35]), [Touch(0, 0, False), Touch(0, 1, False)]),
    ],
)
def test_gaps_close_for_typical_and_for_other_hands(shape: np.ndarray, touches: list[Touch]) -> None:
    solved = with_touches(shape[None], None, touches)
    assert gaps(solved, None, touches).max() < 0.03
    random = np.random.default_rng(0)
    varied = np.clip(solved + random.uniform(-0.08, 0.08, (300, 12)), LEAST, MOST)
    lengths = TYPICAL_LENGTHS * random.normal(1, 0.04, (300, 20))
    before = gaps(varied, None, touches, lengths)
    after = gaps(with_touches_nearby(varied, solved[0], None, touches, lengths), None, touches, lengths)
    assert np.median(after) < 0.5 * np.median(before)
    assert np.quantile(after, 0.9) < 0.08


def test_other_fingers_stay() -> None:
    solved = with_touches(RING[None], None, [Touch(0, 0, False)])[0]
    assert np.array_equal(solved[[1, 2, 3, 5, 6, 7, 8]], RING[[1, 2, 3, 5, 6, 7, 8]])
