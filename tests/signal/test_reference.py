"""The walking zero: when it is learnt, what is left out, how it holds against an outlier."""

import math

import numpy as np
import pytest

from monitor.signal.reference import Reference, ReferenceParams, ReferenceTracker

PARAMS = ReferenceParams()


def leaning(degrees, length_g=1.0):
    a = math.radians(degrees)
    return (0.0, length_g * math.cos(a), length_g * math.sin(a))


def walk(tracker, degrees=0.0, *, seconds=8, hardness_g=0.2, cadence_hz=1.8):
    """Whether each second renewed the zero."""
    return [tracker.push(leaning(degrees, 1.02), hardness_g, cadence_hz, walking=True) for _ in range(seconds)]


def lean_of(tracker):
    _, y, z = tracker.current.up
    return math.degrees(math.atan2(z, y))


def test_eight_seconds_make_a_zero_and_seven_do_not():
    tracker = ReferenceTracker(PARAMS)
    assert walk(tracker, seconds=7) == [False] * 7
    assert tracker.current is None
    assert walk(tracker, seconds=1) == [True]
    assert tracker.current.up == pytest.approx((0.0, 1.0, 0.0))
    assert (tracker.current.bouts, tracker.current.spread_deg) == (1, PARAMS.single_spread_deg)


def test_a_long_walk_renews_it_every_eight_seconds():
    assert np.flatnonzero(walk(ReferenceTracker(PARAMS), seconds=24)).tolist() == [7, 15, 23]


def test_the_vector_is_the_mean_direction_of_the_eight_seconds():
    tracker = ReferenceTracker(PARAMS)
    for degrees in (2.0, 4.0, 6.0, 8.0) * 2:
        walk(tracker, degrees, seconds=1)
    assert lean_of(tracker) == pytest.approx(5.0, abs=0.01)
    assert np.linalg.norm(tracker.current.up) == pytest.approx(1.0)


@pytest.mark.parametrize("interrupt", [lambda t: t.push(leaning(0), 0.0, 1.0, walking=False), lambda t: t.pause()])
def test_a_stop_or_a_gap_starts_the_count_anew(interrupt):
    tracker = ReferenceTracker(PARAMS)
    walk(tracker, seconds=7)
    interrupt(tracker)
    assert not any(walk(tracker, seconds=7))
    assert walk(tracker, seconds=1) == [True]


def test_a_slow_bout_is_left_out():
    tracker = ReferenceTracker(PARAMS)
    assert not any(walk(tracker, cadence_hz=1.4))
    assert tracker.current is None
    assert any(walk(tracker, cadence_hz=1.5))


def test_one_slow_second_does_not_spoil_a_bout():
    tracker = ReferenceTracker(PARAMS)
    walk(tracker, seconds=3, cadence_hz=1.2)
    assert any(walk(tracker, seconds=5))


def test_a_bout_much_harder_than_usual_is_left_out_once_there_is_a_usual():
    tracker = ReferenceTracker(PARAMS)
    for _ in range(2):
        walk(tracker)
    assert any(walk(tracker, 12.0, hardness_g=0.4))  # with two bouts nothing is usual yet
    tracker = ReferenceTracker(PARAMS)
    for _ in range(3):
        walk(tracker)
    before = tracker.current
    assert not any(walk(tracker, 12.0, hardness_g=0.27))  # stairs: 1.35 times as hard
    assert tracker.current == before
    assert any(walk(tracker, hardness_g=0.25))


@pytest.mark.parametrize("place", range(5))
def test_one_outlier_moves_the_zero_less_than_the_spread_of_the_rest(place):
    tracker = ReferenceTracker(PARAMS)
    leans = [-0.4, -0.2, 0.2, 0.4]
    leans.insert(place, 30.0)
    for lean in leans:
        walk(tracker, lean)
    assert abs(lean_of(tracker)) < 0.5
    assert tracker.current.spread_deg < 0.7
    assert tracker.current.bouts == 5


def test_the_spread_is_the_median_angle_and_shrinks_with_equal_bouts_but_never_to_nothing():
    tracker = ReferenceTracker(PARAMS)
    for lean in (-2.0, -2.0, 0.0, 2.0, 2.0):
        walk(tracker, lean)
    assert tracker.current.spread_deg == pytest.approx(2.0, abs=0.01)
    tracker = ReferenceTracker(PARAMS)
    for bouts in range(1, 5):
        walk(tracker)
        assert tracker.current.spread_deg == pytest.approx(PARAMS.single_spread_deg / bouts)


def test_only_the_last_bouts_count_so_that_a_moved_clip_is_followed():
    tracker = ReferenceTracker(ReferenceParams(keep=3))
    for _ in range(10):
        walk(tracker)
    walk(tracker, 20.0)
    assert lean_of(tracker) == pytest.approx(0.0, abs=0.01)
    walk(tracker, 20.0)
    assert lean_of(tracker) == pytest.approx(20.0, abs=0.01)
    assert tracker.current.bouts == 3


def test_a_zero_given_beforehand_stands_until_the_first_walk():
    given = Reference((1.0, 0.0, 0.0), 9, 0.4)
    tracker = ReferenceTracker(PARAMS, given)
    walk(tracker, seconds=7)
    assert tracker.current == given
    walk(tracker, seconds=1)
    assert tracker.current.up == pytest.approx((0.0, 1.0, 0.0))
