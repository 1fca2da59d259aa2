"""Heights and templates: what they say of movements that are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.signal.epochs import GRID_HZ
from monitor.signal.rises import DURATIONS_S, PEAKS, Bank, gained_m, height_m, template

BANK = Bank()
SECONDS = 12
LIMITS = (0.18, 0.9)


def moved(metres, seconds, begin_s=4.0, noise=0.0):
    """Vertical acceleration, m/s^2, of a smooth movement (minimum jerk) that begins at begin_s."""
    t = np.arange(SECONDS * GRID_HZ) / GRID_HZ
    x = (t - begin_s) / seconds
    acc = np.where((x > 0) & (x < 1), 60 * x - 180 * x**2 + 120 * x**3, 0.0) * metres / seconds**2
    return acc + np.random.default_rng(0).normal(0.0, noise, len(t))


def around(begin_s):
    """Where a movement may begin."""
    at = round(begin_s * GRID_HZ)
    return slice(at - 25, at + 26)


@pytest.mark.parametrize("seconds", DURATIONS_S)
@pytest.mark.parametrize("peak", PEAKS)
def test_templates_hold_neither_constant_nor_slope(seconds, peak):
    each = template(seconds, peak)
    t = np.arange(len(each.shape))
    assert abs(each.shape.sum()) < 1e-9
    assert abs((t * each.shape).sum()) < 1e-6
    assert each.energy == pytest.approx((each.shape**2).sum())
    assert (each.trend @ each.trend.T) == pytest.approx(np.eye(2), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.floats(-0.6, 0.6), st.floats(0.8, 4.0), st.floats(-0.4, 0.4))
def test_the_height_between_two_rests_is_what_was_gained_whatever_the_sensors_offset(metres, seconds, offset):
    part = moved(metres, seconds)[3 * GRID_HZ : round((5 + seconds) * GRID_HZ)] + offset
    height = height_m(part, offset, offset)
    assert height[-1] == pytest.approx(metres, abs=0.015)


def test_an_offset_that_changes_with_the_pose_does_not_matter():
    part = moved(0.4, 2.0)[3 * GRID_HZ : 7 * GRID_HZ] + np.linspace(0.1, -0.2, 4 * GRID_HZ)
    assert height_m(part, 0.1, -0.2)[-1] == pytest.approx(0.4, abs=0.01)


def test_height_from_one_rest_onwards_and_back_from_one():
    rise, sit = moved(0.4, 1.6), moved(-0.4, 1.6)
    assert gained_m(rise[150:290] + 0.05, 0.05) == pytest.approx(0.4, abs=0.02)
    assert gained_m(sit[150:300][::-1], 0.0) == pytest.approx(0.4, abs=0.02)  # turned round in time: it sank


@pytest.mark.parametrize("metres", [0.4, -0.35, 0.2])
@pytest.mark.parametrize("seconds", [1.2, 1.9, 2.8])
def test_a_known_movement_is_measured(metres, seconds):
    direction = 1 if metres > 0 else -1
    anchor = around(4.0 if metres > 0 else 4.0 + seconds)
    match = BANK.best(moved(metres, seconds, noise=0.02), anchor, direction, (0.1, 0.9))
    assert match is not None
    assert match.explained > 0.9
    assert match.moved_m == pytest.approx(metres, rel=0.3)
    assert (match.first + match.last) / 2 / GRID_HZ == pytest.approx(4.0 + seconds / 2, abs=0.3)


def test_scale_error_and_slow_change_do_not_matter():
    clean = BANK.best(moved(0.4, 1.9), around(4.0), +1, LIMITS)
    skewed = BANK.best(moved(0.4, 1.9) + 0.3 + 0.1 * np.arange(SECONDS * GRID_HZ) / 600, around(4.0), +1, LIMITS)
    assert clean is not None
    assert skewed is not None
    assert skewed.moved_m == pytest.approx(clean.moved_m, abs=0.02)
    assert skewed.explained == pytest.approx(clean.explained, abs=0.03)


def test_walking_is_not_explained_by_one_movement():
    steps = 2.5 * np.sin(2 * np.pi * 1.8 * np.arange(SECONDS * GRID_HZ) / GRID_HZ)
    match = BANK.best(steps, slice(200, 300), +1, (0.05, 0.9))
    assert match is None or match.explained < 0.5


def test_too_little_data_or_a_movement_too_small_is_no_match():
    assert BANK.best(moved(0.4, 1.9)[:60], slice(0, 60), +1, LIMITS) is None
    assert BANK.best(moved(0.07, 1.9), around(4.0), +1, LIMITS) is None
