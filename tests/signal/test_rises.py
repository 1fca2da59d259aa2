"""The bank of templates: what it says of movements that are known."""

import numpy as np
import pytest

from monitor.signal.epochs import GRID_HZ
from monitor.signal.rises import AFTER_S, BEFORE_S, DURATIONS_S, Bank, quietest_mg, template

BANK = Bank()
N = (BEFORE_S + 1 + AFTER_S) * GRID_HZ
G = 9.80665


def moved(metres, seconds, centre_s=3.5, noise_mg=0.0):
    """|acc| in g of a smooth vertical movement, in a window of seven seconds."""
    t = np.arange(N) / GRID_HZ - centre_s
    x = t / seconds + 0.5
    acc = np.where((x > 0) & (x < 1), 60 * x - 180 * x**2 + 120 * x**3, 0.0) * metres / seconds**2
    return 1.0 + acc / G + np.random.default_rng(0).normal(0.0, noise_mg / 1000.0, N)


@pytest.mark.parametrize("seconds", DURATIONS_S)
def test_templates_hold_neither_constant_nor_slope(seconds):
    each = template(seconds)
    t = np.arange(len(each.shape))
    assert abs(each.shape.sum()) < 1e-9
    assert abs((t * each.shape).sum()) < 1e-6
    assert each.energy == pytest.approx((each.shape**2).sum())
    assert (each.trend @ each.trend.T) == pytest.approx(np.eye(2), abs=1e-12)


@pytest.mark.parametrize("metres", [0.4, -0.35, 0.2])
@pytest.mark.parametrize("seconds", DURATIONS_S)
def test_a_known_movement_is_measured(metres, seconds):
    displacement, explained = BANK.match(moved(metres, seconds, noise_mg=2.0))
    row, column = np.unravel_index(explained.argmax(), explained.shape)
    assert explained[row, column] > 0.9
    assert abs(DURATIONS_S[row] - seconds) <= 0.8
    assert column == pytest.approx(25, abs=6)
    assert displacement[DURATIONS_S.index(seconds), 25] == pytest.approx(metres, rel=0.12)


def test_scale_error_and_slow_change_do_not_matter():
    clean = BANK.match(moved(0.4, 1.9))
    skewed = BANK.match(moved(0.4, 1.9) + 0.033 + 0.01 * np.arange(N) / N)
    np.testing.assert_allclose(clean[0], skewed[0], atol=0.01)
    np.testing.assert_allclose(clean[1], skewed[1], atol=0.02)


def test_walking_is_not_explained_by_one_movement():
    vm = 1.0 + 0.25 * np.sin(2 * np.pi * 1.8 * np.arange(N) / GRID_HZ)
    assert BANK.match(vm)[1].max() < 0.4


def test_quietest_second_of_a_stretch():
    rng = np.random.default_rng(1)
    vm = np.concatenate((1.0 + rng.normal(0, 0.1, 100), 1.0 + rng.normal(0, 0.004, 60), 1.0 + rng.normal(0, 0.1, 100)))
    assert quietest_mg(vm) == pytest.approx(4.0, abs=1.5)
    assert quietest_mg(vm[:100]) > 60.0
    assert quietest_mg(vm[:49]) == float("inf")
