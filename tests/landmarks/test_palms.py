"""From the detector's numbers to palms."""

import numpy as np
import pytest

from handloom.landmarks.palms import BOXES, DETECTOR_SIDE, NUMBERS, anchors, palms

FAR_BELOW = -20.0


def numbers(*seen: tuple[int, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """What the detector says if it sees palms of 48 pixels: number of the box, logit, shift to the right in pixels."""
    boxes, logits = np.zeros((BOXES, NUMBERS), np.float32), np.full(BOXES, FAR_BELOW, np.float32)
    for number, logit, shift in seen:
        boxes[number, ::2], boxes[number, 2:4] = shift, 48
        logits[number] = logit
    return boxes, logits


def test_the_anchors_are_the_middles_of_the_cells_row_by_row() -> None:
    assert anchors().shape == (BOXES, 2) == (2016, 2)
    np.testing.assert_allclose(anchors()[:4] * 48, [[1, 1], [1, 1], [3, 1], [3, 1]])
    np.testing.assert_allclose(anchors()[1152:1159] * 24, [[1, 1]] * 6 + [[3, 1]])
    np.testing.assert_allclose(anchors().mean(axis=0), 0.5, atol=1e-6)


def test_a_palm_is_where_its_anchor_and_the_numbers_say() -> None:
    (palm,) = palms(*numbers((1000, 2.0, 6.0)), 0.5)
    middle = anchors()[1000] + np.array([6, 0]) / DETECTOR_SIDE
    np.testing.assert_allclose([palm.low, palm.high], [middle - 0.125, middle + 0.125], atol=1e-6)
    np.testing.assert_allclose(palm.points, np.tile(middle, (7, 1)), atol=1e-6)
    assert palm.score == pytest.approx(1 / (1 + np.exp(-2.0)))


@pytest.mark.parametrize(("confidence", "found"), [(0.0, BOXES), (0.5, 2), (0.9, 1), (1.0, 0)])
def test_only_what_is_sure_enough_is_a_palm(confidence: float, found: int) -> None:
    boxes, logits = numbers((0, 1.0, 0.0), (2015, 3.0, 0.0))
    if not confidence:
        boxes[:, 2:4] = 0.01  # so small that none of them overlap, but for those of one cell
        assert len(palms(boxes, logits, confidence)) == 24 * 24 + 12 * 12
    else:
        assert len(palms(boxes, logits, confidence)) == found


def test_boxes_of_one_palm_are_averaged_by_their_scores_and_others_stay() -> None:
    near, far = (1000, 3.0, 0.0), (1150, 4.0, 0.0)
    (first, second) = palms(*numbers(near, (1000 + 1, 0.0, 10.0), far), 0.5)
    assert [first.score, second.score] == pytest.approx([1 / (1 + np.exp(-logit)) for logit in (4.0, 3.0)])
    weight = 0.5 / (0.5 + second.score)
    np.testing.assert_allclose(second.points[0], anchors()[1000] + [10 * weight / DETECTOR_SIDE, 0], atol=1e-6)


def test_numbers_without_sense_are_no_palms() -> None:
    boxes, logits = numbers((3, 9.0, 0.0), (700, 8.0, 0.0))
    boxes[3, 2], boxes[700, 3] = -1, np.nan
    assert palms(boxes, logits, 0.5) == []
