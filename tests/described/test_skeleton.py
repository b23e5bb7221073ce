"""Forward kinematics: what holds for every hand, whatever its shape."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from handloom.described.skeleton import LEAST, MOST, PARAMETERS, TYPICAL_LENGTHS, Camera, Floats, joints_of, rotation_of
from handloom.hand import BONES, JOINTS, PARENTS

shares = hnp.arrays(float, (3, len(PARAMETERS)), elements=st.floats(0, 1))
lengths = hnp.arrays(float, (3, len(BONES)), elements=st.floats(0.1, 1.5))
angles = hnp.arrays(float, (3, 3), elements=st.floats(-180, 180))


def _hand(**values: float) -> Floats:
    """The joints ``[21, 3]`` of a straight hand, but for some numbers."""
    shape = np.zeros(len(PARAMETERS))
    for name, value in values.items():
        shape[PARAMETERS.index(name.replace("_", "."))] = value
    joints: NDArray[np.float64] = joints_of(shape[None], TYPICAL_LENGTHS[None])[0]
    return joints


@settings(deadline=None, max_examples=50)
@given(shares, lengths)
def test_bone_lengths_are_kept_under_any_shape(share: Floats, length: Floats) -> None:
    joints = joints_of(LEAST + share * (MOST - LEAST), length)
    bones = joints[:, 1:] - joints[:, list(PARENTS[1:])]
    np.testing.assert_allclose(np.linalg.norm(bones, axis=-1), length, rtol=1e-9)


@settings(deadline=None, max_examples=50)
@given(shares, angles)
def test_left_hand_is_the_mirror_image(share: Floats, angle: Floats) -> None:
    joints = joints_of(LEAST + share * (MOST - LEAST), np.tile(TYPICAL_LENGTHS, (3, 1)))
    wrist = np.full((3, 2), 100.0)
    right, left = (Camera(rotation_of(angle), side, 50.0, wrist, 10.0).project(joints)[0] for side in (False, True))
    np.testing.assert_allclose(left[..., 0], 200 - right[..., 0], atol=1e-9)
    np.testing.assert_allclose(left[..., 1:], right[..., 1:], atol=1e-9)


@settings(deadline=None, max_examples=50)
@given(angles)
def test_rotation_turns_and_does_nothing_else(angle: Floats) -> None:
    matrices = rotation_of(angle)
    np.testing.assert_allclose(matrices @ matrices.swapaxes(-1, -2), np.broadcast_to(np.eye(3), (3, 3, 3)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(matrices), 1)


def test_batch_equals_one_by_one() -> None:
    shapes = np.random.default_rng(0).uniform(LEAST, MOST, (5, len(PARAMETERS)))
    lengths_of_five = np.tile(TYPICAL_LENGTHS, (5, 1))
    together = joints_of(shapes, lengths_of_five)
    alone = [joints_of(shapes[at : at + 1], lengths_of_five[:1])[0] for at in range(5)]
    np.testing.assert_allclose(together, alone)


def test_axes_are_as_described() -> None:
    thumb_tip, index_tip = JOINTS.index("thumbTip"), JOINTS.index("indexTip")
    straight = _hand()
    assert straight[index_tip, 1] > 1.5, "fingers point up"
    assert straight[thumb_tip, 0] > 0, "the thumb is at x above 0"
    assert _hand(fingers_index_curl=1, fingers_index_knuckle=1)[index_tip, 1] < straight[index_tip, 1] - 0.5
    assert _hand(fingers_index_knuckle=1)[index_tip, 2] > 0.5, "knuckles bend to the palm's side"
    assert _hand(thumb_abduction=1)[thumb_tip, 0] > straight[thumb_tip, 0]
    assert _hand(thumb_opposition=1)[thumb_tip, 2] > straight[thumb_tip, 2]
    turned, tilted, rolled = rotation_of(np.eye(3) * 30)
    assert (turned @ [1, 0, 0])[2] > 0, "turn brings the thumb's side to the camera"
    assert (tilted @ [0, 1, 0])[2] > 0, "tilt leans the fingers to the camera"
    assert (rolled @ [1, 0, 0])[1] > 0, "roll is anticlockwise"
