"""Signs by the right-hand rule, and frames that are frames whatever the mounting."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from monitor.signal.alignment import (
    AXES,
    PARALLEL_COS,
    angle_deg,
    body_frame,
    frame,
    minimal_rotation,
    rotate,
    separation_deg,
    tilt_obliquity_deg,
    unit_vec,
)

ANTERIOR, CRANIAL, RIGHT = np.eye(3)
directions = st.tuples(*[st.floats(-1.0, 1.0)] * 3).filter(lambda v: sum(x * x for x in v) > 0.01)


def normal(v):
    return tuple(float(x) for x in np.asarray(v) / math.sqrt(sum(x * x for x in v)))


def seen(body_turn, rotation):
    """Tilt and obliquity of a pelvis turned by `body_turn` out of the zero, measured in the sensor frame."""
    up_body = body_turn.inv().apply(CRANIAL)
    tilt, obliquity = tilt_obliquity_deg((rotation.T @ up_body)[None, :], rotation)
    return float(tilt[0]), float(obliquity[0])


def test_the_usual_clip_by_hand():
    rotation = body_frame((0.0, 1.0, 0.0), "-z")  # y up, face (+z) to the back
    np.testing.assert_allclose(rotation, [[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], atol=1e-15)
    ten = math.radians(10.0)
    tipped = np.array([[0.0, math.cos(ten), math.sin(ten)], [math.sin(ten), math.cos(ten), 0.0]])
    tilt, obliquity = tilt_obliquity_deg(tipped, rotation)
    np.testing.assert_allclose(tilt, [10.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(obliquity, [0.0, 10.0], atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(directions, st.sampled_from(sorted(AXES)), st.floats(-80.0, 80.0))
def test_front_down_is_positive_tilt_and_right_side_up_positive_obliquity(up, axis, angle):
    rotation = body_frame(normal(up), axis)
    # A right-hand turn about the axis to the right lifts the front; about the axis to the front it lowers the right.
    turned = seen(Rotation.from_rotvec(angle * RIGHT, degrees=True), rotation)
    assert turned == pytest.approx((-angle, 0.0), abs=1e-6)
    turned = seen(Rotation.from_rotvec(angle * ANTERIOR, degrees=True), rotation)
    assert turned == pytest.approx((0.0, -angle), abs=1e-6)
    assert seen(Rotation.from_rotvec(angle * CRANIAL, degrees=True), rotation) == pytest.approx((0.0, 0.0), abs=1e-6)


def test_tilt_goes_all_the_way_round():
    rotation = body_frame((0.0, 1.0, 0.0), "-z")
    for angle in (-170.0, -95.0, 95.0, 170.0):
        assert seen(Rotation.from_rotvec(-angle * RIGHT, degrees=True), rotation)[0] == pytest.approx(angle)


@settings(max_examples=200, deadline=None)
@given(directions, st.sampled_from(sorted(AXES)))
def test_the_body_frame_is_a_right_handed_frame_with_the_zero_as_its_y(up, axis):
    rotation = body_frame(normal(up), axis)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    np.testing.assert_array_equal(rotation[1], normal(up))
    cosine = float(np.dot(AXES[axis], normal(up)))
    assume(abs(cosine) < PARALLEL_COS - 1e-9)
    assert rotation[0] @ AXES[axis] == pytest.approx(math.sqrt(1.0 - cosine * cosine))


@pytest.mark.parametrize("degrees", [0.0, 10.0, 29.0])
def test_an_axis_that_points_up_gives_way_to_the_one_most_across(degrees):
    lean = math.radians(degrees)
    rotation = body_frame((0.0, math.sin(lean), math.cos(lean)), "-z")
    np.testing.assert_allclose(rotation[0], [1.0, 0.0, 0.0], atol=1e-12)


def test_an_axis_31_degrees_off_up_still_tells_the_front():
    lean = math.radians(31.0)
    rotation = body_frame((0.0, math.sin(lean), math.cos(lean)), "-z")
    np.testing.assert_allclose(rotation[0], [0.0, math.cos(lean), -math.sin(lean)], atol=1e-12)


@pytest.mark.parametrize("degrees", [1e-7, 1e-4, 0.01, 1.0, 60.0, 90.0, 179.0, 180.0])
def test_angles_are_exact_however_small(degrees):
    # acos of the dot product would give 0 for the first and 8 % too much or too little around 1e-6.
    a = math.radians(degrees)
    assert angle_deg(np.array([[math.sin(a), math.cos(a), 0.0]]), CRANIAL)[0] == pytest.approx(degrees, rel=1e-9)


def test_block_length_changes_no_bit():
    rng = np.random.default_rng(1)
    up = rng.normal(size=(97, 3))
    up /= np.linalg.norm(up, axis=1)[:, None]
    rotation = body_frame(normal((0.2, 0.9, -0.3)), "-z")
    whole = np.stack((*tilt_obliquity_deg(up, rotation), angle_deg(up, rotation[1])))
    single = [np.stack((*tilt_obliquity_deg(row, rotation), angle_deg(row, rotation[1]))) for row in up[:, None, :]]
    np.testing.assert_array_equal(np.concatenate(single, axis=1), whole)


@settings(max_examples=60, deadline=None)
@given(directions, directions)
def test_the_minimal_rotation_takes_one_to_the_other_and_turns_nothing_else(before, after):
    a, b = normal(before), normal(after)
    assume(np.dot(a, b) > -0.9998)  # up to 179 degrees; half a turn has a test of its own
    turn = minimal_rotation(a, b)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(rotate(a, turn), b, atol=1e-9)
    assert Rotation.from_matrix(turn).magnitude() == pytest.approx(math.radians(separation_deg(a, b)), abs=1e-6)


@pytest.mark.parametrize("v", [(1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.6, 0.0, 0.8)])
def test_half_a_turn_is_a_rotation_too(v):
    turn = minimal_rotation(v, tuple(-x for x in v))
    np.testing.assert_allclose(rotate(v, turn), [-x for x in v], atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1.0)
    np.testing.assert_allclose(minimal_rotation(v, v), np.eye(3), atol=1e-15)


@settings(max_examples=60, deadline=None)
@given(directions, directions)
def test_a_frame_takes_any_direction_to_the_front(up, anterior):
    y, hint = normal(up), normal(anterior)
    assume(abs(np.dot(y, hint)) < PARALLEL_COS - 1e-9)
    rotation = frame(y, hint)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    assert rotation[0] @ hint > 0.49
    assert abs(rotation[2] @ hint) < 1e-12


@pytest.mark.parametrize("axis", sorted(AXES))
def test_a_body_frame_is_the_frame_with_that_axis(axis):
    up = normal((0.3, 0.8, -0.4))
    np.testing.assert_array_equal(body_frame(up, axis), frame(up, AXES[axis]))


@given(directions)
def test_unit_vec_points_the_same_way_with_length_one(v):
    x, y, z = unit_vec(v)
    assert math.hypot(x, y, z) == pytest.approx(1.0)
    np.testing.assert_allclose(np.cross(v, (x, y, z)), 0.0, atol=1e-9)


def test_unit_vec_leaves_a_zero():
    assert unit_vec((0.0, 0.0, 0.0)) == (0.0, 0.0, 0.0)
