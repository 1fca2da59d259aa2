"""Guided protocols, performed by the simulated wearer and by made-up people who do it wrong."""

import copy
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.protocols import ALIGNMENT, SIX_FACE, shipped
from monitor.signal.alignment import separation_deg
from monitor.signal.calibration import six_face
from monitor.signal.guided import align
from monitor.signal.poses import fault
from monitor.sources import simulator
from monitor.sources.simulator import Mounting, SensorErrors, Wearer, script_of
from monitor.states.protocol import ProtocolRun
from monitor.stream import Samples

angles = st.floats(-180.0, 180.0)
STAND, BOW, SIT = "stand 8 0 0 1", "stand 4.5 42 0 1.5, stand 4 0 0 1.5", "sit 9 -10, sit 9 -28 1 2"


def played(script, *, gyro=True, rate_hz=100.0, **how):
    """What the sensor measures of the script."""
    wearer = Wearer(script_of(script) if isinstance(script, str) else script, **how)
    t = np.arange(0.0, wearer.duration_s, 1.0 / rate_hz)
    acc, gyr = wearer(t)
    return Samples(t, acc, gyr if gyro else None)


def ran(samples, protocol=ALIGNMENT):
    run = ProtocolRun(shipped(protocol))
    run.push(samples)
    run.finish()
    return run


@settings(max_examples=15, deadline=None)
@given(angles, angles, angles, st.integers(0, 1000), st.booleans())
def test_any_mounting_is_recovered_within_2_degrees(pitch, roll, yaw, seed, gyro):
    mounting = Mounting(pitch, roll, yaw)
    run = ran(played(simulator.ALIGNMENT, gyro=gyro, seed=seed, mounting=mounting))
    assert run.finished
    assert [pose.step for pose in run.poses] == ["stand", "bow", "bow", "bow", "sit-upright", "sit-slumped"]
    result = align(run.poses)
    assert not fault(result.checks)
    anterior = mounting.matrix() @ [1.0, 0.0, 0.0]
    assert separation_deg(result.alignment.anterior, tuple(anterior)) < 2.0
    np.testing.assert_allclose(result.alignment.sitting_styles_deg, (-10.0, -28.0), atol=2.0)
    assert all(bool(pose.turn) == gyro for pose in run.poses[1:4])


@pytest.mark.parametrize("rate_hz", [10.0, 25.0, 200.0])
def test_any_rate_will_do(rate_hz):
    assert not fault(align(ran(played(simulator.ALIGNMENT, rate_hz=rate_hz)).poses).checks)


SAMPLES = played(simulator.ALIGNMENT)
WHOLE = ran(SAMPLES)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, len(SAMPLES)), max_size=40), st.integers(0, 40))
def test_blocks_change_no_bit_and_the_state_can_be_copied(places, copied):
    run = ProtocolRun(shipped(ALIGNMENT))
    for number, (start, stop) in enumerate(pairwise([0, *sorted(places), len(SAMPLES)])):
        if number == copied:
            run = copy.deepcopy(run)
        run.push(SAMPLES.part(slice(start, stop)))
    run.finish()
    assert run.poses == WHOLE.poses


def test_it_says_what_to_do_and_how_far_it_is():
    run = ProtocolRun(shipped(ALIGNMENT))
    seen = []
    for start in range(0, len(SAMPLES), 10):
        run.push(SAMPLES.part(slice(start, start + 10)))
        seen.append(run.progress)
    steps = [p.step for p in seen]
    assert [a for a, b in pairwise([*steps, None]) if a != b] == ["stand", "bow", "sit-upright", "sit-slumped", ""]
    assert {p.done for p in seen if p.step == "bow"} == {0, 1, 2, 3}
    assert seen[0].left_s == pytest.approx(5.5)
    standing = [p.left_s for p in seen if p.step == "stand"]
    assert standing == sorted(standing, reverse=True)
    assert any(p.say.startswith("Come up") for p in seen)
    assert seen[-1].finished
    assert not any(p.failed for p in seen)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (f"{STAND}, stand 70", "'bow', time 1 of 3, was not done within 60 seconds"),
        (f"{STAND}, {BOW}, stand 70", "'bow', time 2 of 3"),
        (f"{STAND}, {BOW}, {SIT}", "ended in the step 'bow' (1 of 3 done)"),
        (f"{STAND}, {BOW}, {BOW}, {BOW}", "ended in the step 'sit-upright'"),
        (f"{STAND}, {BOW}, {BOW}, {BOW}, sit 60 -10", "'sit-slumped'"),
        ("walk 70", "'stand' was not done within 60 seconds"),
    ],
)
@pytest.mark.parametrize("gyro", [False, True])
def test_what_was_left_out_is_told(script, words, gyro):
    run = ran(played(script, gyro=gyro))
    assert not run.finished
    assert words in run.failed
    assert run.progress.failed == run.failed or run.progress.finished


def complaints(script, protocol=ALIGNMENT, **how):
    samples = played(script, **how)
    run = ProtocolRun(shipped(protocol))
    said = []
    for start in range(0, len(samples), 10):
        run.push(samples.part(slice(start, start + 10)))
        if run.progress.complaint not in ("", *said[-1:]):
            said.append(run.progress.complaint)
    return said, run


def test_who_moves_while_standing_is_told_and_starts_again():
    said, run = complaints("stand 3, stand 3 12 0 1, stand 9 0 0 1")
    assert said[0] == "you moved: again"
    assert run.poses[0].start_s > 6.0


def test_a_shallow_bow_is_told_with_its_angle_and_does_not_count():
    said, run = complaints(f"{STAND}, stand 4 16 0 1.5, stand 4 0 0 1.5, {BOW}")
    assert said[0].startswith("16 degrees, at least 25 are needed. Bow straight")
    assert [pose.step for pose in run.poses] == ["stand", "bow"]
    assert separation_deg(*(tuple(np.array(p.acc_g) / np.linalg.norm(p.acc_g)) for p in run.poses)) > 35.0


def test_a_bow_to_another_side_than_the_first_is_told_and_does_not_count():
    said, run = complaints(f"{STAND}, {BOW}, stand 5 0 40 1.5, stand 4 0 0 1.5, stand 5 -40 0 1.5, stand 3")
    assert said
    assert all(each.startswith("not the same way as before") for each in said)
    assert len(run.poses) == 2


def test_standing_on_is_neither_a_bow_nor_a_seat():
    said, run = complaints(f"{STAND}, {BOW}, {BOW}, {BOW}, stand 30")
    assert not said
    assert len(run.poses) == 4


def test_a_hole_in_the_data_breaks_a_hold():
    samples = played("stand 30")
    keep = (samples.t_s < 4.0) | (samples.t_s > 5.0)
    run = ran(Samples(samples.t_s[keep], samples.acc_g[keep], samples.gyr_dps[keep]))
    assert run.poses[0].start_s > 5.0


def test_bows_to_the_side_are_found_out_by_the_slump():
    side = "stand 4.5 0 40 1.5, stand 4 0 0 1.5"
    result = align(ran(played(f"{STAND}, {side}, {side}, {side}, sit 9 -10, sit 9 -28 0 2")).poses)
    assert "the angle of the slump to the bows" in fault(result.checks)


def test_six_faces_of_a_sensor_give_its_errors_to_1_mg():
    errors = SensorErrors(1.5, 0.1, 0.3, (31.0, -22.0, 47.0), (1.021, 0.987, 1.008))
    run = ran(played(simulator.SIX_FACE, mounting=Mounting(0, 0, 0), errors=errors), SIX_FACE)
    assert run.finished
    result = six_face(run.poses)
    assert not fault(result.checks)
    np.testing.assert_allclose(result.calibration.offset_g, (0.031, -0.022, 0.047), atol=1e-3)
    np.testing.assert_allclose(result.calibration.gain, (1.021, 0.987, 1.008), atol=1e-3)


def test_a_face_shown_twice_is_told_and_counts_once():
    said, run = complaints("off 9 90, off 9 0, off 9 90, off 9 180", SIX_FACE, mounting=Mounting(0, 0, 0))
    assert any("measured already" in each for each in said)
    assert len(run.poses) == 3


def test_nothing_at_all_ends_in_the_first_step():
    run = ProtocolRun(shipped(ALIGNMENT))
    run.push(Samples(np.zeros(0), np.zeros((0, 3))))
    run.finish()
    assert run.failed == "it ended in the step 'stand'"
    assert run.poses == []
