"""Names of movements: by hand, from what was measured of them; and on the simulated wearer, at their time."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.pipeline import Pipeline
from monitor.profile import Profile
from monitor.sources.simulator import Wearer, script_of
from monitor.states.transitions import Found, TransitionParams, named
from monitor.stream import Samples, Transition

PARAMS = TransitionParams()
ZERO = (0.0, 1.0, 0.0)


def at(degrees):
    a = math.radians(degrees)
    return np.array([0.0, math.cos(a), math.sin(a)])


def found(gained_m=0.4, *, seconds=2.0, lean=25.0, before=0.0, after=0.0, moved=None, **more):
    return Found(
        known_k=10,
        start_s=5.0,
        end_s=5.0 + seconds,
        before=at(before),
        after=at(after),
        gained_m=gained_m,
        moved=abs(gained_m) >= PARAMS.least_m if moved is None else moved,
        p=0.9,
        lean_deg=lean,
        leaning_deg=more.pop("leaning", lean),
        path=np.array([at(before), at(after)]),
        **more,
    )


def kind(*args, zero=ZERO, frame=None, **more):
    transition = named(found(*args, **more), zero, PARAMS, frame)
    return transition.kind if transition else None


def test_up_is_a_rise_and_down_is_sitting_down():
    assert kind(0.4) == "sit-to-stand"
    assert kind(-0.4) == "stand-to-sit"
    assert kind(0.4, zero=None) == "sit-to-stand"


def test_without_change_of_height_a_deep_lean_is_a_bow_and_a_small_one_nothing():
    assert kind(0.02, lean=45.0) == "bow"
    assert kind(0.02, lean=12.0) is None


def test_a_lean_that_no_rise_has_is_a_bow_whatever_the_height_says():
    assert kind(-0.3, lean=75.0) == "bow"


def test_a_change_of_height_without_a_lean_is_none():
    """A lift or a stumble: the trunk stays as it was."""
    assert kind(0.25, lean=2.0) is None
    assert kind(0.25, seconds=5.0, lean=12.0) is None
    assert kind(0.5, lean=6.0) == "sit-to-stand"  # so much higher that half the lean will do


@pytest.mark.parametrize(
    ("before", "after", "expected"), [(0, 90, "sit-to-lie"), (90, 5, "lie-to-sit"), (90, 100, None)]
)
def test_lying_before_or_after_names_it(before, after, expected):
    assert kind(0.05, seconds=4.0, lean=40.0, before=before, after=after, moved=False) == expected


def test_a_seat_that_leans_far_back_is_still_a_seat():
    assert kind(-0.4, seconds=2.5, after=60.0) == "stand-to-sit"
    assert kind(-0.4, seconds=2.5, after=85.0) == "sit-to-lie"
    assert kind(0.4, seconds=3.9, before=58.0) == "sit-to-stand"


def test_a_slow_sit_down_whose_height_was_lost_is_told_by_lean_and_new_pose():
    slow = {"seconds": 5.0, "lean": 25.0, "leaning": 40.0, "moved": False}
    assert kind(-0.05, after=20.0, **slow) == "stand-to-sit"
    assert kind(-0.05, after=2.0, **slow) is None  # back where it was: a bend
    assert kind(-0.05, before=25.0, after=40.0, **slow) is None  # not from upright
    assert kind(-0.05, after=20.0, **{**slow, "seconds": 3.0}) is None


def test_a_pause_half_way_into_a_low_seat_does_not_hide_it():
    second_half = found(-0.05, lean=20.0, after=5.0, moved=False, whole=found(-0.3, seconds=4.0, lean=30.0))
    transition = named(second_half, ZERO, PARAMS)
    assert transition is not None
    assert transition.kind == "stand-to-sit"
    assert named(found(-0.05, lean=20.0, moved=False, whole=found(0.3)), ZERO, PARAMS) is None


FRONT = np.array([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])  # `at` leans forward by its angle


def test_a_bend_that_is_held_is_a_bow_going_down_and_nothing_coming_up():
    """Found on sisfall (D16): one bend in five was told as sitting down, and coming up again as a rise."""
    down = {"lean": 26.0, "leaning": 52.0, "after": 52.0}
    assert kind(-0.18, frame=FRONT, **down) == "bow"
    assert kind(0.2, frame=FRONT, lean=26.0, leaning=52.0, before=52.0) is None
    assert kind(-0.18, **{**down, "after": 45.0}) == "stand-to-sit"  # the front is not known: it might be a deep seat
    assert kind(-0.18, frame=FRONT, **{**down, "after": -45.0}) == "stand-to-sit"
    assert kind(-0.18, frame=FRONT, lean=33.0, leaning=45.0, after=40.0) == "stand-to-sit"  # through a deeper lean
    assert kind(-0.45, frame=FRONT, lean=20.0, leaning=40.0, after=40.0) == "stand-to-sit"  # so far down is a seat


def test_with_one_end_at_rest_only_lying_is_left_out():
    assert kind(0.3, from_rest_to_rest=False) == "sit-to-stand"
    assert kind(-0.3, from_rest_to_rest=False) == "stand-to-sit"
    assert kind(-0.3, after=85.0, from_rest_to_rest=False) is None


@given(st.floats(-2, 2), st.floats(0.02, 6), st.floats(0, 180), st.floats(0, 180), st.floats(0, 180), st.booleans())
def test_whatever_was_measured_the_answer_is_well_formed(gained_m, seconds, lean, before, after, whole):
    transition = named(found(gained_m, seconds=seconds, lean=lean, before=before, after=after), ZERO, PARAMS)
    if transition:
        assert 0.0 <= transition.p <= 1.0
        assert transition.start_s < transition.end_s


SCRIPT = "walk 15, stand 5, sit 20 -14, stand 8, walk 12, stand 6, sit 20 -20, stand 10"


@pytest.mark.parametrize("gyro", [True, False])
@pytest.mark.parametrize("seed", [4, 5])
def test_the_simulated_wearer_gets_up_and_sits_down(gyro, seed):
    wearer = Wearer(script_of(SCRIPT), seed=seed)
    t = np.arange(0.0, wearer.duration_s, 0.01)
    acc, gyr = wearer(t)
    pipeline = Pipeline(Profile(), 100.0, gyro=gyro)
    told: list[tuple[Transition, float]] = []
    for start in range(0, len(t), 50):
        block = slice(start, start + 50)
        events = pipeline.push(Samples(t[block], acc[block], gyr[block]))
        told += [(e, float(t[block][-1])) for e in events if isinstance(e, Transition)]
    told += [(e, float(t[-1])) for e in pipeline.finish() if isinstance(e, Transition)]
    assert [e.kind for e, _ in told] == ["stand-to-sit", "sit-to-stand", "stand-to-sit", "sit-to-stand"]
    assert [(e.start_s + e.end_s) / 2 for e, _ in told] == pytest.approx([21.0, 41.0, 67.0, 87.0], abs=1.5)
    # What the issue asks: known at most 2.5 s after its end (and half a second for the block).
    assert max(known - e.end_s for e, known in told) <= 3.0
