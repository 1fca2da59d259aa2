"""The 50 Hz grid and its epochs: exact values, honest holes, no dependence on blocks; features by hand."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.signal.epochs import Cut, EpochParams, Gridder, features

PARAMS = EpochParams()


def line(t):
    return np.stack((2.0 + 0.5 * t, 1.0 - 3.0 * t), axis=1)


def grid_of(cut):
    return (cut.k[:, None] + np.arange(50) / 50.0).reshape(-1)


def joined(cuts):
    return Cut(*(np.concatenate([getattr(cut, name) for cut in cuts]) for name in ("k", "rows", "valid")))


def irregular(seed, n=900):
    """Times with jitter and a few holes, s; none on the grid but by chance."""
    rng = np.random.default_rng(seed)
    steps = rng.uniform(0.004, 0.016, n)
    steps[rng.integers(0, n, 4)] += rng.uniform(0.15, 1.9, 4)
    return 7.3 + np.cumsum(steps)


@pytest.mark.parametrize("rate_hz", [12.5, 25.0, 50.0, 99.26, 285.7])
def test_a_straight_line_comes_out_exactly(rate_hz):
    t = 0.0 + np.arange(int(10.0 * rate_hz)) / rate_hz
    cut = Gridder(rate_hz, 2, PARAMS).push(t, line(t))
    assert cut.k.tolist() == list(range(9)) or cut.k.tolist() == list(range(10))
    assert cut.valid.all()
    np.testing.assert_allclose(cut.rows.reshape(-1, 2), line(grid_of(cut)), atol=1e-9)


def test_samples_on_the_grid_are_kept_and_between_two_lies_their_middle():
    t = np.arange(0, 51) / 25.0
    rows = (np.arange(51) % 2.0)[:, None]  # 0, 1, 0, 1 at 25 Hz
    cut = Gridder(25.0, 1, PARAMS).push(t, rows)
    expected = np.tile([0.0, 0.5, 1.0, 0.5], 25)
    np.testing.assert_allclose(cut.rows.reshape(-1), expected, atol=1e-9)


@pytest.mark.parametrize("rate_hz", [25.0, 50.0, 100.0])
def test_a_block_that_ends_on_a_grid_point_changes_no_bit(rate_hz):
    """0.58 s * 50 Hz is 28.999999999999996: the grid point waited for the next sample, and was rounded otherwise."""
    t = np.arange(int(12 * rate_hz)) / rate_hz
    rows = np.random.default_rng(0).normal(size=(len(t), 2))
    whole = Gridder(rate_hz, 2, PARAMS).push(t, rows)
    gridder = Gridder(rate_hz, 2, PARAMS)
    single = joined([gridder.push(t[i : i + 1], rows[i : i + 1]) for i in range(len(t))])
    np.testing.assert_array_equal(single.rows, whole.rows)
    np.testing.assert_array_equal(single.valid, whole.valid)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 5), st.lists(st.integers(0, 900), max_size=40))
def test_cutting_into_blocks_changes_no_bit(seed, cuts):
    t = irregular(seed)
    rows = np.random.default_rng(seed).normal(size=(900, 3))

    def run(edges):
        gridder = Gridder(100.0, 3, PARAMS)
        return joined([*(gridder.push(t[a:b], rows[a:b]) for a, b in pairwise(edges)), gridder.close()])

    one, other = run([0, 900]), run([0, *sorted(cuts), 900])
    np.testing.assert_array_equal(one.k, other.k)
    np.testing.assert_array_equal(one.rows, other.rows)
    np.testing.assert_array_equal(one.valid, other.valid)


@pytest.mark.parametrize("seed", range(4))
def test_exactly_the_grid_points_inside_a_hole_are_invalid(seed):
    t = irregular(seed)
    gridder = Gridder(100.0, 2, PARAMS)
    cut = joined([gridder.push(t, line(t)), gridder.close()])
    grid = grid_of(cut)
    measured = (grid >= t[0]) & (grid <= t[-1])
    for before, after in pairwise(t):
        if after - before > PARAMS.hole_s:
            measured &= (grid <= before) | (grid >= after)
    np.testing.assert_array_equal(cut.valid.reshape(-1), measured)
    np.testing.assert_allclose(cut.rows.reshape(-1, 2)[measured], line(grid[measured]), atol=1e-9)


@pytest.mark.parametrize(("pause_s", "whole"), [(0.09, True), (0.11, False)])
def test_a_pause_is_a_hole_from_a_tenth_of_a_second_on(pause_s, whole):
    t = np.concatenate((np.arange(50) / 100.0, 0.49 + pause_s + np.arange(100) / 100.0))
    assert Gridder(100.0, 2, PARAMS).push(t, line(t)).valid.all() == whole


def test_a_slow_sensor_is_not_all_holes():
    t = np.arange(0.0, 5.0, 0.2)  # 5 Hz: its own step is longer than hole_s
    cut = Gridder(5.0, 2, PARAMS).push(t, line(t))
    assert cut.valid.all()


def test_an_epoch_is_given_out_with_the_sample_that_completes_it():
    gridder = Gridder(50.0, 1, PARAMS)
    t = 4.0 + np.arange(50) / 50.0
    assert gridder.push(t[:-1], np.ones((49, 1))).k.tolist() == []
    assert gridder.push(t[-1:], np.ones((1, 1))).k.tolist() == [4]
    assert gridder.push(np.array([5.0]), np.ones((1, 1))).k.tolist() == []


def test_a_start_inside_an_epoch_leaves_what_was_before_it_invalid():
    gridder = Gridder(100.0, 2, PARAMS)
    t = 3.5 + np.arange(150) / 100.0
    cut = gridder.push(t, line(t))
    assert cut.k.tolist() == [3, 4]
    assert cut.valid[0].tolist() == [False] * 25 + [True] * 25
    np.testing.assert_allclose(cut.rows[0, :25], np.tile(line(t[:1]), (25, 1)))
    assert cut.valid[1].all()


def test_close_fills_up_the_open_epoch_and_the_next_segment_starts_anew():
    gridder = Gridder(100.0, 2, PARAMS)
    t = np.arange(130) / 100.0
    assert gridder.push(t, line(t)).k.tolist() == [0]
    assert gridder.running
    rest = gridder.close()
    assert not gridder.running
    assert rest.k.tolist() == [1]
    assert rest.valid.sum() == 15  # 1.00 to 1.28
    assert gridder.close().k.tolist() == []
    later = 90.0 + np.arange(101) / 100.0
    again = gridder.push(later, line(later))
    assert again.k.tolist() == [90]
    assert again.valid.all()
    np.testing.assert_allclose(again.rows[0], line(90.0 + np.arange(50) / 50.0), atol=1e-9)


@pytest.mark.parametrize("count", [1, 20, 49, 50])
def test_what_close_fills_up_is_counted(count):
    gridder = Gridder(50.0, 2, EpochParams())
    t = np.arange(50 + count) / 50.0
    assert gridder.push(t, line(t)).filled == 0
    assert gridder.close().filled == 50 - count


def test_closing_at_the_end_of_an_epoch_makes_no_empty_one():
    gridder = Gridder(50.0, 1, PARAMS)
    assert gridder.push(np.arange(100) / 50.0, np.ones((100, 1))).k.tolist() == [0, 1]
    assert gridder.close().k.tolist() == []


def test_features_by_hand():
    rows = np.zeros((1, 50, 6))
    rows[0, :, 1] = np.tile([0.9, 1.1], 25)  # |acc| = acc_y
    rows[0, :, 3] = 0.3
    rows[0, :, 4] = np.tile([0.3, 0.5], 25)
    f = features(Cut(np.array([8]), rows, np.ones((1, 50), dtype=bool)), 0.5)
    assert f.k.tolist() == [8]
    np.testing.assert_allclose(f.acc_mean, [[0.0, 1.0, 0.0]], atol=1e-12)
    np.testing.assert_allclose(f.acc_sd, [[0.0, 0.1, 0.0]], atol=1e-12)
    np.testing.assert_allclose(f.up, [[0.6, 0.8, 0.0]], atol=1e-12)
    np.testing.assert_allclose([f.vm_mean[0], f.vm_sd[0], f.motion_mg[0]], [1.0, 0.1, 100.0], atol=1e-9)


def test_motion_is_the_mean_and_not_the_root_mean_square_deviation():
    rows = np.zeros((1, 50, 6))
    rows[0, :, 2] = 1.0
    rows[0, 0, 2] = 2.0  # one knock of 1 g in 50 points
    f = features(Cut(np.array([0]), rows, np.ones((1, 50), dtype=bool)), 0.5)
    assert f.motion_mg[0] == pytest.approx(2.0 * 0.02 * 0.98 * 1000.0)
    assert f.vm_sd[0] == pytest.approx((0.02 * 0.98) ** 0.5)


def test_half_a_second_measured_is_enough_and_less_is_not():
    valid = np.ones((2, 50), dtype=bool)
    valid[0, :25] = False
    valid[1, :26] = False
    assert features(Cut(np.array([0, 1]), np.ones((2, 50, 6)), valid), 0.5).present.tolist() == [True, False]
