"""Six faces give back the errors that were put in; the scale in use is a median."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import PoseError
from monitor.signal.calibration import (
    Calibration,
    ScaleParams,
    ScaleTracker,
    across_temperatures,
    face_up,
    six_face,
)
from monitor.signal.poses import Pose, fault

offsets = st.tuples(*[st.floats(-0.08, 0.08)] * 3)
gains = st.tuples(*[st.floats(0.94, 1.06)] * 3)


def faces(offset=(0, 0, 0), gain=(1, 1, 1), order=range(6), tipped_deg=0.0, sd_mg=2.0):
    """Still poses with each face up, as a sensor with these errors measures them."""
    poses = []
    for number in order:
        up = np.roll([np.cos(np.radians(tipped_deg)), np.sin(np.radians(tipped_deg)), 0.0], number // 2)
        acc = up * (-1) ** number * np.array(gain) + np.array(offset)
        poses.append(Pose("face", 0.0, 5.0, tuple(acc.tolist()), sd_mg))
    return poses


@settings(max_examples=50, deadline=None)
@given(offsets, gains, st.permutations(range(6)), st.floats(-2.0, 2.0))
def test_offset_and_gain_come_back_to_1_mg_in_any_order(offset, gain, order, tipped_deg):
    result = six_face(faces(offset, gain, order, tipped_deg), deg_c=31.0)
    np.testing.assert_allclose(result.calibration.offset_g, offset, atol=1e-3)
    np.testing.assert_allclose(result.calibration.gain, gain, atol=1e-3)
    assert result.calibration.at_deg_c == 31.0
    assert result.residual_mg < 1.0
    assert not fault(result.checks)
    true = np.random.default_rng(0).normal(size=(50, 3))
    np.testing.assert_allclose(result.calibration.apply(true * gain + offset), true, atol=4e-3)


def test_missing_faces_are_named():
    with pytest.raises(PoseError, match=r"-x or \+z up") as caught:
        six_face(faces(order=[0, 2, 3, 5]))
    assert "\n" not in str(caught.value)
    with pytest.raises(PoseError):
        six_face([])


@pytest.mark.parametrize(
    ("poses", "words"),
    [
        (faces(tipped_deg=8.0), "residual over the faces"),
        (faces(sd_mg=20.0), "movement on a face"),
        (faces(offset=(0.2, 0, 0)), "largest offset"),
        (faces(gain=(9.81, 9.81, 9.81)), "error of scale"),
    ],
)
def test_bad_quality_is_one_sentence(poses, words):
    said = fault(six_face(poses).checks)
    assert words in said
    assert "\n" not in said


def test_a_face_shown_twice_counts_with_its_mean_and_an_edge_not_at_all():
    poses = [*faces(), Pose("face", 0, 5, (1.02, 0.0, 0.0)), Pose("face", 0, 5, (0.7, 0.7, 0.0))]
    assert six_face(poses).calibration.offset_g[0] == pytest.approx(0.005)
    assert face_up((0.7, 0.7, 0.0)) == face_up((0.0, 0.0, 0.0)) == ""
    assert face_up((0.1, -0.98, 0.0)) == "-y"


def test_none_changes_nothing_and_costs_nothing():
    acc = np.random.default_rng(1).normal(size=(9, 3))
    assert Calibration().apply(acc, 10.0) is acc
    assert Calibration().none
    assert not Calibration(per_degree_g=(0.0, 0.0, 1e-3)).none


def test_blocks_change_no_bit():
    acc = np.random.default_rng(1).normal(size=(97, 3))
    calibration = Calibration((0.01, -0.02, 0.03), (1.01, 0.99, 1.02), (0.0, 1e-4, 4e-3), 25.0)
    single = [calibration.apply(row, 33.3) for row in acc[:, None, :]]
    np.testing.assert_array_equal(np.concatenate(single), calibration.apply(acc, 33.3))


def test_temperature_moves_the_offset():
    z_drift = Calibration(per_degree_g=(0.0, 0.0, 0.0196 / 5.0), at_deg_c=25.0)  # van Hees 2014
    warm = z_drift.apply(np.array([[0.0, 1.0, 0.0196]]), 30.0)
    np.testing.assert_allclose(warm, [[0.0, 1.0, 0.0]], atol=1e-12)
    np.testing.assert_array_equal(z_drift.apply(np.array([[0.0, 1.0, 0.0]]), None), [[0.0, 1.0, 0.0]])


def test_two_temperatures_give_the_drift():
    cold = six_face(faces(offset=(0.01, 0.0, -0.02)), deg_c=20.0).calibration
    warm = six_face(faces(offset=(0.01, 0.01, 0.02), gain=(1.02, 1, 1)), deg_c=30.0).calibration
    both = across_temperatures(cold, warm)
    np.testing.assert_allclose(both.per_degree_g, (0.0, 0.001, 0.004), atol=1e-12)
    assert both.gain[0] == pytest.approx(1.01)
    measured = np.array([[0.01, 1.0 + 0.005, 0.0]])
    np.testing.assert_allclose(both.apply(measured, 25.0), [[0.0, 1.0, 0.0]], atol=1e-12)
    with pytest.raises(PoseError, match=r"2\.0 degrees C apart"):
        across_temperatures(cold, six_face(faces(), deg_c=22.0).calibration)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.8, 1.2), min_size=1, max_size=60), st.integers(1, 20))
def test_the_scale_is_the_median_of_the_last_seconds(values, keep):
    tracker = ScaleTracker(ScaleParams(keep=keep))
    assert not tracker.known
    assert tracker.scale_g == 1.0
    for number, value in enumerate(values):
        if number == len(values) // 2:
            tracker = copy.deepcopy(tracker)
        got = tracker.push(value)
    assert got == tracker.scale_g == np.median(np.clip(values, 0.8, 1.2)[-keep:])
    assert tracker.known


def test_odd_seconds_do_not_move_the_scale():
    tracker = ScaleTracker(ScaleParams())
    for number in range(500):
        tracker.push(1.1 if number % 4 == 0 else 1.033)
    assert tracker.scale_g == 1.033
