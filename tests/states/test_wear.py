"""Worn or not: a table, a body that breathes, a burst, a gap."""

import math

import pytest

from monitor.states.wear import Wear, WearParams

PARAMS = WearParams()
TABLE = (0.0, 0.2, 0.98)


def breathing(second, swing_mg=2.0):
    """One-second means of a quiet sitter who breathes every 4.3 s."""
    return (0.0, 0.97, 0.24 + swing_mg / 1000.0 * math.sin(2.0 * math.pi * second / 4.3))


def table(wear, seconds, sd_mg=1.0):
    return [wear.push(TABLE, sd_mg) for _ in range(seconds)]


def test_a_table_is_not_worn_after_five_minutes_to_the_second():
    assert table(Wear(PARAMS), 400) == [True] * (PARAMS.off_after_s - 1) + [False] * 101


def test_a_quiet_body_breathes_and_stays_worn():
    wear = Wear(PARAMS)
    assert all(wear.push(breathing(k), 3.0) for k in range(3600))


def test_a_swing_below_the_threshold_is_taken_for_a_table():
    # sd of a sine is its swing over the square root of 2: 0.8 mg is under 0.6, 1.0 mg above
    assert not all(
        [(wear := Wear(PARAMS)).push(breathing(0), 3.0), *(wear.push(breathing(k, 0.8), 3.0) for k in range(300))]
    )
    wear = Wear(PARAMS)
    assert all(wear.push(breathing(k, 1.0), 3.0) for k in range(900))


def test_the_first_burst_ends_it_at_once_and_a_nudge_does_not():
    wear = Wear(PARAMS)
    table(wear, 300)
    assert wear.push(TABLE, PARAMS.on_burst_mg) is False
    assert wear.push(TABLE, PARAMS.on_burst_mg + 0.1) is True
    assert table(wear, 299) == [True] * 299
    assert table(wear, 1) == [False]


def test_breath_ends_it_too_where_the_sensor_was_put_on_gently():
    wear = Wear(PARAMS)
    table(wear, 300)
    answers = [wear.push(breathing(k), 3.0) for k in range(60)]
    assert answers == [False] * 59 + [True]


def test_any_movement_starts_the_count_anew():
    wear = Wear(PARAMS)
    table(wear, 299)
    assert wear.push(TABLE, PARAMS.within_mg + 0.1)
    assert all(table(wear, 299))
    assert table(wear, 1) == [False]


@pytest.mark.parametrize("seconds", [60, 299])
def test_stillness_is_not_carried_across_a_gap(seconds):
    wear = Wear(PARAMS)
    table(wear, seconds)
    wear.pause()
    assert all(table(wear, 299))
    assert table(wear, 1) == [False]


def test_a_gap_does_not_make_a_lost_sensor_worn():
    wear = Wear(PARAMS)
    table(wear, 300)
    wear.pause()
    assert wear.worn is False
    assert not any(table(wear, 100))
