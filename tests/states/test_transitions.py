"""Getting up and sitting down: scripts on made-up |acc|, and the simulated wearer."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.pipeline import Pipeline, Profile
from monitor.sources.simulator import Wearer, script_of
from monitor.states.transitions import TransitionParams, Transitions
from monitor.stream import Samples, Transition

UP = (0.0, 1.0, 0.0)
FLAT = (0.0, 0.0, 1.0)
G = 9.80665


def smooth(t, metres, seconds, centre_s):
    x = (t - centre_s) / seconds + 0.5
    return np.where((x > 0) & (x < 1), 60 * x - 180 * x**2 + 120 * x**3, 0.0) * metres / seconds**2 / G


def vm_of(seconds, moves=(), walking=(), noise_mg=3.0):
    t = np.arange(seconds * 50) / 50.0
    vm = 1.0 + np.random.default_rng(2).normal(0.0, noise_mg / 1000.0, len(t))
    for metres, duration_s, centre_s in moves:
        vm += smooth(t, metres, duration_s, centre_s)
    for start_s, end_s in walking:
        vm += np.where((t >= start_s) & (t < end_s), 0.25 * np.sin(2 * np.pi * 1.8 * t), 0.0)
    return vm.reshape(seconds, 50)


def told(vm, ups=None, zero=UP, params=None):
    model = Transitions(params or TransitionParams())
    events = []
    for k, row in enumerate(vm):
        events += model.push(k, row, ups[k] if ups else UP, zero)
    return events + model.flush(zero)


@pytest.mark.parametrize("duration_s", [1.2, 1.9, 2.8])
@pytest.mark.parametrize("centre_s", [10.0, 10.5, 10.98])
def test_a_rise_is_told_once_at_its_time(duration_s, centre_s):
    (event,) = told(vm_of(20, [(0.4, duration_s, centre_s)]))
    assert event.kind == "sit-to-stand"
    assert (event.start_s + event.end_s) / 2 == pytest.approx(centre_s, abs=0.2)
    assert event.end_s - event.start_s == pytest.approx(duration_s, abs=0.8)
    assert event.p > 0.8


def test_a_sit_down_is_told():
    (event,) = told(vm_of(20, [(-0.4, 1.6, 9.0)]))
    assert event.kind == "stand-to-sit"


def test_up_and_down_again_are_two():
    assert [e.kind for e in told(vm_of(30, [(0.4, 1.6, 8.0), (-0.4, 1.6, 18.0)]))] == ["sit-to-stand", "stand-to-sit"]


@pytest.mark.parametrize("centre_s", [2.5, 18.5])
def test_near_the_ends_of_the_data(centre_s):
    assert [e.kind for e in told(vm_of(20, [(0.4, 1.4, centre_s)]))] == ["sit-to-stand"]


@pytest.mark.parametrize(("metres", "centre_s"), [(0.4, 0.5), (-0.4, 19.0), (0.4, 19.8)])
def test_what_the_data_do_not_show_whole_is_not_guessed(metres, centre_s):
    """A rise needs the stillness before it, a sit-down the one after it."""
    assert not told(vm_of(20, [(metres, 1.4, centre_s)]))


def test_stillness_and_walking_hold_none():
    assert not told(vm_of(60))
    assert not told(vm_of(60, walking=[(0, 60)]))
    assert not told(vm_of(60, walking=[(20, 40)]))


def test_within_walking_nothing_counts():
    assert not told(vm_of(40, [(0.4, 1.6, 20.0)], walking=[(10, 30)]))


def test_a_nod_of_seven_centimetres_is_no_transition():
    assert not told(vm_of(20, [(0.07, 1.9, 10.0)]))


def test_lying_before_or_after_names_it():
    ups = [FLAT] * 10 + [UP] * 10
    (event,) = told(vm_of(20, [(0.4, 1.6, 10.0)]), ups)
    assert event.kind == "lie-to-sit"
    (event,) = told(vm_of(20, [(-0.4, 1.6, 10.0)]), ups[::-1])
    assert event.kind == "sit-to-lie"
    (event,) = told(vm_of(20, [(0.4, 1.6, 10.0)]), ups, zero=None)
    assert event.kind == "sit-to-stand"


def test_a_gap_ends_what_was_and_starts_anew():
    vm = vm_of(20, [(0.4, 1.6, 8.5)])
    model = Transitions(TransitionParams())
    events = []
    for k, row in enumerate(vm[:10]):
        events += model.push(k, row, UP, UP)
    assert not events
    events += model.push(100, vm[15], UP, UP)
    assert [e.kind for e in events] == ["sit-to-stand"]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.4, -0.4, 0.25]), st.sampled_from([1.2, 1.9]), st.floats(3, 50)), max_size=6)
)
def test_never_two_closer_than_they_may_be(moves):
    events = told(vm_of(55, moves))
    centres = [(e.start_s + e.end_s) / 2 for e in events]
    assert all(b - a > 1.3 for a, b in pairwise(centres))
    assert all(0.0 <= e.p <= 1.0 and e.start_s < e.end_s for e in events)


@pytest.mark.parametrize("gyro", [True, False])
def test_the_simulated_wearer_gets_up_and_sits_down(gyro):
    wearer = Wearer(script_of("walk 15, stand 5, sit 20 -14, stand 8, walk 12, stand 6, sit 20 -20, stand 10"), seed=4)
    t = np.arange(0.0, wearer.duration_s, 0.01)
    acc, gyr = wearer(t)
    pipeline = Pipeline(Profile(), 100.0, gyro=gyro)
    events = pipeline.push(Samples(t, acc, gyr)) + pipeline.finish()
    kinds = [(e.kind, (e.start_s + e.end_s) / 2) for e in events if isinstance(e, Transition)]
    assert [kind for kind, _ in kinds] == ["stand-to-sit", "sit-to-stand", "stand-to-sit", "sit-to-stand"]
    assert [at for _, at in kinds] == pytest.approx([21.0, 41.0, 67.0, 87.0], abs=1.5)
