"""Fidgets and posture shifts: a sitter second by second, as (tilt in degrees, sd in mg)."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.states.restless import Restless, RestlessParams
from monitor.stream import Epoch, Fidget, Posture

QUIET_MG = 3.0


def up(tilt_deg):
    return (0.0, math.cos(math.radians(tilt_deg)), math.sin(math.radians(tilt_deg)))


def told(seconds, posture=Posture.SITTING, start_s=0.0):
    """Events of seconds (tilt_deg, sd_mg)."""
    restless = Restless(RestlessParams())
    return [e for k, each in enumerate(seconds) for e in one(restless, start_s + k, *each, posture)]


def one(restless, t_s, tilt_deg, sd_mg, posture=Posture.SITTING, *, still=None):
    still = sd_mg < 60.0 if still is None else still
    epoch = Epoch(t_s, posture, 0.9, 0.0, 0.0, 1.0, still=still, motion_mg=0.0, steps=0)
    return restless.push(epoch, up(tilt_deg), sd_mg)


def quiet(seconds, tilt_deg=0.0, sd_mg=QUIET_MG):
    return [(tilt_deg, sd_mg)] * seconds


def test_a_movement_that_comes_back_is_a_fidget():
    (event,) = told([*quiet(20), (1.0, 20.0), (0.5, 15.0), *quiet(20)])
    assert (event.kind, event.start_s, event.end_s) == ("fidget", 20.0, 22.0)
    assert event.turned_deg == pytest.approx(0.0, abs=1e-6)
    assert event.t_s == 22.0


def test_it_is_told_two_seconds_after_its_end():
    seconds = [*quiet(20), (1.0, 20.0), *quiet(2)]
    assert told(seconds[:-1]) == []
    assert len(told(seconds)) == 1


@pytest.mark.parametrize(("turned_deg", "kind"), [(3.9, "fidget"), (4.1, "posture-shift"), (-15.0, "posture-shift")])
def test_a_trunk_that_stays_elsewhere_has_shifted(turned_deg, kind):
    (event,) = told([*quiet(20), (turned_deg / 2, 40.0), *quiet(20, turned_deg)])
    assert event.kind == kind
    assert event.turned_deg == pytest.approx(abs(turned_deg), abs=0.01)
    assert (event.start_s, event.end_s) == (20.0, 22.0)  # the trunk was still turning in second 21


def test_a_turn_within_five_seconds_needs_no_jerk():
    ramp = [(1.0 * k, QUIET_MG) for k in range(1, 6)]
    (event,) = told([*quiet(20), *ramp, *quiet(20, 5.0)])
    assert event.kind == "posture-shift"
    assert 20.0 <= event.start_s <= 23.0
    assert event.end_s == 25.0


def test_a_slow_slump_is_neither():
    assert told([(k / 30.0, QUIET_MG) for k in range(600)]) == []


def test_a_movement_that_came_back_is_not_told_again_as_a_turn():
    """Found in the simulated day: five seconds after a fidget its peak was taken for the posture before."""
    assert len(told([*quiet(20), (5.0, 20.0), *quiet(30)])) == 1


def test_breathing_and_sway_are_rest():
    assert (
        told([(0.6 * math.sin(1.6 * k) + 0.4 * math.sin(0.3 * k), 5.0 + 2.0 * math.sin(k)) for k in range(900)]) == []
    )


@pytest.mark.parametrize("noise_mg", [0.5, 4.0, 9.0])
def test_the_limit_follows_the_noise_of_the_sensor(noise_mg):
    calm = [(0.0, noise_mg * (1.0 + 0.1 * math.sin(3.0 * k))) for k in range(200)]
    assert told(calm) == []
    assert len(told([*calm, (0.0, noise_mg + 11.0), *calm])) == 1


@pytest.mark.parametrize("posture", [each for each in Posture if each is not Posture.SITTING])
def test_only_who_sits_fidgets(posture):
    assert told([*quiet(20), (1.0, 20.0), *quiet(20)], posture) == []


def test_sitting_down_and_getting_up_are_no_fidgets():
    restless = Restless(RestlessParams())
    events = [one(restless, float(k), 0.0, 3.0, Posture.STANDING) for k in range(10)]
    script = [(10.0, 90.0), *quiet(30, 20.0), (10.0, 90.0), (0.0, 80.0)]
    events += [one(restless, 10.0 + k, *each) for k, each in enumerate(script)]
    events += [one(restless, 43.0 + k, 0.0, 3.0, Posture.STANDING) for k in range(10)]
    assert [e for each in events for e in each] == []


def test_what_lies_across_a_gap_is_not_told():
    restless = Restless(RestlessParams())
    events = [one(restless, float(k), 0.0, 3.0) for k in range(20)]
    events += [one(restless, 40.0 + k, 10.0, 3.0) for k in range(20)]
    assert [e for each in events for e in each] == []


def test_without_a_direction_nothing_is_told():
    restless = Restless(RestlessParams())
    epoch = Epoch(0.0, Posture.SITTING, 0.9, 0.0, 0.0, 1.0, still=False, motion_mg=0.0, steps=0)
    assert restless.push(epoch, None, 3.0) == []


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(-30, 30), st.integers(1, 90), st.integers(1, 12)), max_size=40))
def test_events_never_overlap_and_lie_in_the_data(spells):
    seconds = [(float(tilt), float(sd)) for tilt, sd, length in spells for _ in range(length)]
    events = told(seconds)
    assert all(isinstance(e, Fidget) and 0.0 <= e.start_s < e.end_s <= len(seconds) for e in events)
    assert all(a.end_s <= b.start_s for a, b in pairwise(events))
    assert all((e.kind == "posture-shift") == (e.turned_deg >= 4.0) for e in events)
