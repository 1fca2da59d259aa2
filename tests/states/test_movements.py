"""Movements between rests, on made-up samples: found once, measured right, at their time, whatever the blocks."""

import copy
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.signal.movement import Movement, RestParams
from monitor.signal.orientation import Orientation, OrientationParams
from monitor.states.movements import Movements
from monitor.states.transitions import TransitionParams

G = 9.80665


def rows_of(seconds, moves=(), *, walking=(), leans=True, steps=(), noise_mg=2.0, gyro=True, seed=2):
    """(seconds, 50, 6) on the grid: acc and up. moves: (metres, duration, start); steps: (at, degrees) of the clip."""
    t = np.arange(seconds * 50) / 50.0
    rng = np.random.default_rng(seed)
    vertical, tilt = np.zeros(len(t)), np.zeros(len(t))
    for metres, duration_s, start_s in moves:
        x = np.clip((t - start_s) / duration_s, 0.0, 1.0)
        vertical += (60 * x - 180 * x**2 + 120 * x**3) * metres / duration_s**2 / G
        tilt += 35.0 * leans * np.sin(np.pi * x) ** 2
    for start_s, end_s in walking:
        vertical += np.where((t >= start_s) & (t < end_s), 0.25 * np.sin(2 * np.pi * 1.8 * t), 0.0)
    for at_s, degrees in steps:
        tilt += np.where(t >= at_s, degrees, 0.0)
    a = np.deg2rad(tilt)
    up = np.stack((np.zeros(len(t)), np.cos(a), np.sin(a)), axis=1)
    acc = up * (1.0 + vertical)[:, None] + rng.normal(0.0, noise_mg / 1000.0, (len(t), 3))
    known = up if gyro else Orientation(50.0, gyro=False, params=OrientationParams()).push(acc, None)
    return np.concatenate((acc, known), axis=1).reshape(seconds, 50, 6)


def told(rows, *, gyro=True, cuts=(), start_k=0):
    model = Movements(TransitionParams(), gyro=gyro)
    found = []
    edges = [0, *sorted(cuts), len(rows)]
    for a, b in pairwise(edges):
        if b > a:
            found += model.push(start_k + a, rows[a:b])
    return found + model.flush()


def moved(found):
    return [each for each in found if each.moved]


@pytest.mark.parametrize("gyro", [True, False])
@pytest.mark.parametrize("duration_s", [1.2, 1.9, 2.8])
@pytest.mark.parametrize("start_s", [10.0, 10.5, 10.98])
def test_a_rise_is_told_once_at_its_time_with_its_height(duration_s, start_s, gyro):
    (each,) = moved(told(rows_of(20, [(0.4, duration_s, start_s)], gyro=gyro), gyro=gyro))
    assert each.gained_m == pytest.approx(0.4, abs=0.05 if gyro else 0.12)
    assert each.start_s == pytest.approx(start_s, abs=0.5)
    assert each.end_s == pytest.approx(start_s + duration_s, abs=0.6)
    assert 20.0 < each.leaning_deg < 41.0  # without gyroscope a second's mean flattens it
    assert each.from_rest_to_rest
    assert each.p > 0.7


@pytest.mark.parametrize("gyro", [True, False])
def test_a_sit_down_is_told_and_both_follow_each_other(gyro):
    found = moved(told(rows_of(30, [(0.4, 1.6, 8.0), (-0.4, 1.6, 18.0)], gyro=gyro), gyro=gyro))
    assert [each.gained_m > 0 for each in found] == [True, False]


@pytest.mark.parametrize("start_s", [10.0, 13.4])
def test_it_is_known_at_most_two_and_a_half_seconds_after_its_end(start_s):
    (each,) = moved(told(rows_of(25, [(-0.4, 1.6, start_s)])))
    assert each.known_k + 1 - each.end_s <= 2.5


def test_a_bow_comes_back_to_its_height():
    rows = rows_of(20, [(-0.06, 1.5, 8.0), (0.06, 1.5, 9.5)])
    assert not moved(told(rows))
    assert max(each.lean_deg for each in told(rows)) > 25.0


def test_rising_into_a_walk_and_sitting_down_out_of_one():
    rise = [each for each in told(rows_of(20, [(0.4, 1.6, 8.0)], walking=[(10.2, 20)])) if each.moved]
    assert [(each.gained_m > 0, each.from_rest_to_rest) for each in rise] == [(True, False)]
    assert rise[0].start_s == pytest.approx(8.0, abs=0.5)
    sit = [each for each in told(rows_of(20, [(-0.4, 1.6, 10.0)], walking=[(2, 9.4)])) if each.moved]
    assert [each.gained_m > 0 for each in sit] == [False]
    assert sit[0].end_s == pytest.approx(11.6, abs=0.6)


def test_stillness_and_walking_hold_none():
    assert not told(rows_of(60))
    assert not moved(told(rows_of(60, walking=[(0, 60)])))
    assert not moved(told(rows_of(60, walking=[(20, 40)])))


def test_within_walking_nothing_counts():
    assert not moved(told(rows_of(40, [(0.4, 1.6, 20.0)], walking=[(10, 30)])))


def test_a_nod_of_seven_centimetres_is_none():
    assert not moved(told(rows_of(20, [(0.07, 1.9, 10.0)])))


def test_scale_error_and_offset_do_not_matter():
    rows = rows_of(20, [(0.4, 1.9, 10.0)])
    rows[:, :, :3] *= 1.033
    (each,) = moved(told(rows))
    assert each.gained_m == pytest.approx(0.4, abs=0.06)


@pytest.mark.parametrize("start_s", [2.5, 16.5])
def test_near_the_ends_of_the_data(start_s):
    (each,) = moved(told(rows_of(20, [(0.4, 1.4, start_s)])))
    assert each.start_s == pytest.approx(start_s, abs=0.5)


@pytest.mark.parametrize("cut", [5, 9, 11, 15])
def test_a_gap_ends_what_was_and_starts_anew(cut):
    rows = rows_of(20, [(0.4, 1.6, 9.0)])
    model = Movements(TransitionParams(), gyro=True)
    found = model.push(0, rows[:cut]) + model.push(cut + 100, rows[cut:]) + model.flush()
    assert len(moved(found)) <= 1
    assert all(0 <= each.start_s <= cut or each.start_s >= cut + 100 for each in found)


@pytest.mark.parametrize("gyro", [True, False])
def test_a_step_of_the_clip_is_no_movement_of_the_body(gyro):
    (each,) = [each for each in told(rows_of(20, steps=[(10.0, 8.0)], gyro=gyro), gyro=gyro) if each.slipped]
    assert each.end_s == pytest.approx(10.0, abs=1.0)
    assert np.degrees(np.arccos(each.before @ each.after)) == pytest.approx(8.0, abs=1.0)


def test_a_shift_of_the_trunk_within_half_a_second_is_no_step_of_the_clip():
    """Found on hapt and sisfall: a limit on time alone fired seven times an hour on people who shift in their seat."""
    t = np.arange(1000) / 50.0
    x = np.clip((t - 10.0) / 0.5, 0.0, 1.0)
    a = np.deg2rad(9.0 * x * x * x * (10.0 + x * (6.0 * x - 15.0)))
    up = np.stack((np.zeros(1000), np.cos(a), np.sin(a)), axis=1)
    rows = np.concatenate((up + np.random.default_rng(0).normal(0, 0.002, up.shape), up), axis=1).reshape(20, 50, 6)
    assert not [each for each in told(rows) if each.slipped]


def as_plain(found):
    return [(e.known_k, e.start_s, e.end_s, e.gained_m, e.lean_deg, *e.before, *e.after) for e in found]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.4, -0.4, 0.25]), st.sampled_from([1.2, 1.9]), st.floats(3, 50)), max_size=6),
    st.lists(st.integers(1, 54), max_size=20),
    st.booleans(),
)
def test_no_answer_depends_on_blocks_and_movements_follow_each_other(moves, cuts, gyro):
    rows = rows_of(55, moves, gyro=gyro)
    found = told(rows, gyro=gyro)
    assert as_plain(told(rows, gyro=gyro, cuts=cuts)) == as_plain(found)
    assert all(0.0 <= e.p <= 1.0 and e.start_s <= e.end_s for e in found)
    assert [e.known_k for e in found] == sorted(e.known_k for e in found)


def test_a_copy_goes_on_as_the_original():
    rows = rows_of(30, [(0.4, 1.6, 8.0), (-0.4, 1.6, 18.0)])
    model = Movements(TransitionParams(), gyro=True)
    model.push(0, rows[:9])
    other = copy.deepcopy(model)
    assert as_plain(model.push(9, rows[9:]) + model.flush()) == as_plain(other.push(9, rows[9:]) + other.flush())


@pytest.mark.parametrize("gyro", [True, False])
def test_the_track_is_late_by_its_delay_and_knows_rest(gyro):
    rows = rows_of(12, [(0.4, 1.6, 5.0)], gyro=gyro).reshape(-1, 6)
    movement = Movement(RestParams(), gyro=gyro)
    track = movement.push(rows[:, :3], rows[:, 3:])
    moving = np.flatnonzero(~track.rest) - movement.delay
    assert 5.0 - 0.7 <= moving[0] / 50 <= 5.4
    assert 6.2 <= moving[-1] / 50 <= 6.6 + 0.9
    at = movement.delay + np.arange(200)
    np.testing.assert_allclose(track.up[at], np.tile([0.0, 1.0, 0.0], (200, 1)), atol=0.01)
    assert track.vertical[movement.delay + 265 : movement.delay + 280].max() > 0.5
