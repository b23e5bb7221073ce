"""Joints that another landmarker puts elsewhere: how far, in which frame, and what is left of the accuracy."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pytest
from numpy.typing import NDArray

from handloom.dataset.examples import Example, Examples
from handloom.evaluation.robustness import moved_joints, robustness
from handloom.export.hard_cases import plain_hand
from handloom.hand import MIDDLE_MCP, WRIST, Poses
from handloom.models.model import ModelSpec


def turned(poses: Poses, degrees: float) -> Poses:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    changed = poses.copy()
    changed[:, :2] = (turn @ (poses[:, :2] - 0.5)) + 0.5
    return changed


def test_each_joint_moves_by_its_share_of_the_palm_and_with_the_hand() -> None:
    poses = plain_hand(1)
    palm = float(np.linalg.norm(poses[0, :2, MIDDLE_MCP] - poses[0, :2, WRIST]))
    angles = np.linspace(0, 6, 21)
    offsets = 0.1 * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    moved = moved_joints(poses, offsets)
    assert np.linalg.norm((moved - poses)[0, :2], axis=0) == pytest.approx(np.full(21, 0.1 * palm), rel=1e-4)
    assert moved_joints(turned(poses, 70), offsets) == pytest.approx(turned(moved, 70), abs=1e-5)


def test_what_was_not_seen_stays() -> None:
    poses = np.concatenate([plain_hand(1), np.zeros((1, 3, 21), np.float32)])
    poses[0, 2, 7] = 0
    moved = moved_joints(poses, np.full((21, 2), 0.2))
    assert np.array_equal(moved[1], poses[1]) and np.array_equal(moved[0, :, 7], poses[0, :, 7])
    assert np.array_equal(moved[0, 2], poses[0, 2])


class ByTheTip:
    """Says "up" where a fingertip is higher than a limit, so a tip that moved may change it."""

    spec = ModelSpec("pose", ["down", "up"], 1, 30.0)
    thresholds: Mapping[str, float] = MappingProxyType({})

    def __init__(self, limit: float) -> None:
        self.limit = limit

    def probabilities(self, windows: NDArray[np.float32]) -> NDArray[np.float64]:
        up = windows[:, 0, 1, 12] > self.limit
        return np.stack([~up, up], axis=1).astype(float)


def test_the_accuracy_falls_with_the_distance_and_is_the_same_each_time() -> None:
    hand = plain_hand(1)
    examples = Examples.of([Example(hand, "up", f"{number}.jpg", "") for number in range(3)])
    tip, palm = float(hand[0, 1, 12]), float(np.linalg.norm(hand[0, :2, MIDDLE_MCP] - hand[0, :2, WRIST]))
    sure, unsure = (ByTheTip(tip - margin * palm) for margin in (0.25, 0.0))
    assert robustness(sure, examples, 1) == {
        "accuracy_joints_moved_by_10_percent": 1.0,
        "accuracy_joints_moved_by_20_percent": 1.0,
    }
    found = robustness(unsure, examples, 1)
    assert 0 < found["accuracy_joints_moved_by_10_percent"] < 1
    assert robustness(unsure, examples, 1) == found
