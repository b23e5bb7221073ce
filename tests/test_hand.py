"""The array convention: order of the joints, the tree of bones, y turned over once, left and right exchanged."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from handloom.hand import BONES, JOINTS, Poses, mirror, palm_length, picture_from_poses, poses_from_picture, present

CREATE_ML_ORDER = [
    "wrist",
    "thumbCMC",
    "thumbMP",
    "thumbIP",
    "thumbTip",
    "indexMCP",
    "indexPIP",
    "indexDIP",
    "indexTip",
    "middleMCP",
    "middlePIP",
    "middleDIP",
    "middleTip",
    "ringMCP",
    "ringPIP",
    "ringDIP",
    "ringTip",
    "littleMCP",
    "littlePIP",
    "littleDIP",
    "littleTip",
]

# Joints may lie outside the picture.
fractions = st.floats(-1.0, 2.0, width=32)
pictures = st.integers(1, 4).flatmap(lambda length: arrays(np.float32, (length, 21, 2), elements=fractions))
coordinates = st.integers(1, 4).flatmap(lambda length: arrays(np.float32, (length, 3, 21), elements=fractions))


@st.composite
def poses_with_unseen_joints(draw: st.DrawFn) -> Poses:
    poses = draw(coordinates)
    seen = draw(arrays(np.bool_, poses[:, 2].shape))
    poses[:, 2] = 1.0
    drawn: Poses = poses * seen[:, None]
    return drawn


def test_joints_are_in_the_order_of_create_ml() -> None:
    assert list(JOINTS) == CREATE_ML_ORDER


def test_bones_are_a_tree_rooted_in_the_wrist() -> None:
    assert len(BONES) == 20
    reached = {JOINTS.index("wrist")}
    for parent, child in BONES:
        assert parent in reached
        assert child not in reached
        reached.add(child)
    assert reached == set(range(21))


def test_fingers_run_from_the_wrist_to_the_tip() -> None:
    parents = {JOINTS[child]: JOINTS[parent] for parent, child in BONES}
    assert [parents[name] for name in ("indexTip", "indexDIP", "indexPIP", "indexMCP")] == [
        "indexDIP",
        "indexPIP",
        "indexMCP",
        "wrist",
    ]
    assert parents["thumbCMC"] == "wrist"


@given(pictures)
@settings(deadline=None)
def test_picture_and_poses_are_inverse(points: NDArray[np.float32]) -> None:
    poses = poses_from_picture(points)
    assert poses.shape == (len(points), 3, 21)
    assert poses.dtype == np.float32
    np.testing.assert_allclose(picture_from_poses(poses), points, atol=1e-6)


@given(pictures, st.floats(0, 1, width=32))
@settings(deadline=None)
def test_confidence_is_the_third_channel(points: NDArray[np.float32], confidence: float) -> None:
    assert (poses_from_picture(points, confidence)[:, 2] == np.float32(confidence)).all()


def test_top_of_the_picture_has_y_of_one() -> None:
    points = np.zeros((1, 21, 2))
    points[0, 3] = [0.25, 1.0]
    poses = poses_from_picture(points)
    assert poses[0, :, 0].tolist() == [0.0, 1.0, 1.0]
    assert poses[0, :, 3].tolist() == [0.25, 0.0, 1.0]


@pytest.mark.parametrize("shape", [(21, 2), (1, 20, 2), (1, 2, 21), (1, 21, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected shape"):
        poses_from_picture(np.zeros(shape))


@given(poses_with_unseen_joints())
@settings(deadline=None)
def test_mirroring_twice_changes_nothing(poses: Poses) -> None:
    np.testing.assert_allclose(mirror(mirror(poses)), poses, atol=1e-6)


@given(poses_with_unseen_joints())
@settings(deadline=None)
def test_mirroring_keeps_unseen_joints_zero_and_turns_seen_ones(poses: Poses) -> None:
    before, mirrored = poses.copy(), mirror(poses)
    seen = poses[:, 2] > 0
    assert (mirrored[:, 0][~seen] == 0).all()
    np.testing.assert_allclose(mirrored[:, 0][seen], 1 - poses[:, 0][seen], atol=1e-6)
    np.testing.assert_array_equal(mirrored[:, 1:], poses[:, 1:])
    np.testing.assert_array_equal(poses, before)


def test_a_frame_is_present_when_any_joint_was_seen() -> None:
    poses = np.zeros((3, 3, 21), np.float32)
    poses[1, 2, 20] = 0.1
    poses[2, :2] = 0.5
    assert present(poses).tolist() == [False, True, False]


def test_palm_length_is_in_pixels_of_the_picture() -> None:
    poses = np.zeros((1, 3, 21), np.float32)
    poses[0, :2, JOINTS.index("wrist")] = [0.5, 0.2]
    poses[0, :2, JOINTS.index("middleMCP")] = [0.53, 0.28]
    assert palm_length(poses, width=100, height=50) == pytest.approx([5.0])
