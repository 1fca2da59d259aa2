"""Posture: evidence by hand, the smoothing against every possible path, the fixed lag, transitions, corrections."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.signal.alignment import minimal_rotation
from monitor.states.posture import (
    CHANGES,
    STATES,
    USUAL,
    PostureModel,
    PostureParams,
    logistic,
    sitting_cut_deg,
    with_seen,
)
from monitor.stream import Posture, Transition

PARAMS = PostureParams()
WALKING, SITTING, STANDING, LYING = STATES
NAMED = {"walking": WALKING, "sitting": SITTING, "standing": STANDING, "lying": LYING}
shares = st.floats(PARAMS.floor, 1.0)
fours = st.tuples(shares, shares, shares, shares)
kinds = st.sampled_from(sorted(CHANGES))


def leaning(degrees):
    a = math.radians(degrees)
    return (0.0, math.cos(a), math.sin(a))


def told(model, degrees, seconds, *, start=0, sd_mg=3.0, rhythm=0.1, zero=True):
    """Answers to `seconds` of one angle to the zero."""
    answers = []
    for k in range(start, start + seconds):
        e = model.evidence(leaning(degrees), abs(degrees) if zero else None, sd_mg, rhythm)
        answers.append(model.push(k, e))
    return [answer for answer in answers if answer]


def names(answers):
    return [posture for posture, _ in answers]


def by_all_paths(seconds, matrices, at, until):
    """P(state at `at` | seconds up to `until`), summed over every path of states from a uniform second before."""
    weight = [0.0] * 4
    for path in product(range(4), repeat=until + 1):
        w = sum(matrices[0][before][path[0]] for before in range(4)) / 4.0
        for k, state in enumerate(path):
            w *= seconds[k][state] * (matrices[k][path[k - 1]][state] if k else 1.0)
        weight[path[at]] += w
    return [w / sum(weight) for w in weight]


@given(kinds, st.floats(0.0, 1.0))
def test_from_every_state_one_goes_somewhere(kind, p):
    for matrix in (USUAL, with_seen(kind, p, PARAMS)):
        assert [sum(row) for row in matrix] == pytest.approx([1.0] * 4)
        assert min(min(row) for row in matrix) >= 0.0


def test_a_sure_transition_makes_its_change_likely_and_an_unknown_kind_none():
    assert with_seen("sit-to-stand", 1.0, PARAMS)[1][2] == pytest.approx(PARAMS.seen_p, abs=0.01)
    assert with_seen("stand-to-sit", 1.0, PARAMS)[0][1] == pytest.approx(PARAMS.seen_p, abs=0.06)
    assert with_seen("bow", 1.0, PARAMS) == USUAL


def test_evidence_by_hand():
    model = PostureModel(PARAMS)
    walk, sit, stand, lie = model.evidence(leaning(0.0), 0.0, 200.0, 0.8)
    assert (walk, sit, stand, lie) == pytest.approx((1.0, 0.02, 0.02, 0.02), abs=1e-3)
    # Walking needs both: spread at its midpoint halves it, half the periodicity halves it again.
    assert PostureModel(PARAMS).evidence(leaning(0.0), 0.0, 55.0, 0.15)[0] == pytest.approx(0.25)
    # Far beyond the cut one lies; between the limits of reclining it is left open.
    assert PostureModel(PARAMS).evidence(leaning(85.0), 85.0, 3.0, 0.1)[3] > 0.9
    open_to_both = PostureModel(PARAMS).evidence(leaning(70.0), 70.0, 3.0, 0.1)
    assert 0.4 < open_to_both[3] < 0.6
    # Nothing in it for sitting or standing where the angle is at the cut.
    at_the_cut = PostureModel(PARAMS).evidence(leaning(12.0), PARAMS.sit_mid_deg, 3.0, 0.1)
    assert at_the_cut[1] == pytest.approx(at_the_cut[2])


@settings(max_examples=100, deadline=None)
@given(st.none() | st.floats(0.0, 180.0), st.floats(0.0, 1e6), st.floats(-1.2, 1.2))
def test_evidence_never_rules_a_state_out(angle_deg, sd_mg, rhythm):
    e = PostureModel(PARAMS).evidence(leaning(angle_deg or 0.0), angle_deg, sd_mg, rhythm)
    assert all(PARAMS.floor <= x <= 2.0 for x in e)
    if angle_deg is None:
        assert e[1] == e[2] == e[3]


def test_logistic_takes_any_number():
    assert (logistic(-1e9), logistic(0.0), logistic(1e9)) == (0.0, 0.5, 1.0)
    assert logistic(2.0) + logistic(-2.0) == pytest.approx(1.0)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(fours, st.none() | kinds), min_size=1, max_size=5), st.integers(0, 3))
def test_answers_are_those_of_summing_over_every_path(seconds, lag):
    params = PostureParams(lag=lag)
    model = PostureModel(params)
    matrices = [USUAL if kind is None else with_seen(kind, 0.8, params) for _, kind in seconds]
    answers = []
    for k, (e, kind) in enumerate(seconds):
        if kind:
            model.see(Transition(kind, k - 1.0, k + 0.5, 0.8))
        answer = model.push(k, e)
        answers += [answer] if answer else []
    answers += model.drain()
    assert len(answers) == len(seconds)
    for at, (posture, p) in enumerate(answers):
        exact = by_all_paths([e for e, _ in seconds], matrices, at, min(at + lag, len(seconds) - 1))
        best = max(exact)
        if abs(best - params.min_p) < 1e-9:
            continue
        if best < params.min_p:
            assert (posture, p) == (Posture.UNKNOWN, pytest.approx(1.0 - best))
        else:
            assert (posture, p) == (STATES[exact.index(best)], pytest.approx(best))


@settings(max_examples=30, deadline=None)
@given(st.lists(fours, max_size=12), st.integers(0, 4))
def test_the_lag_is_fixed_and_drain_gives_what_is_owed(seconds, lag):
    model = PostureModel(PostureParams(lag=lag))
    answered = [model.push(k, e) is not None for k, e in enumerate(seconds)]
    assert answered == [k >= lag for k in range(len(seconds))]
    assert len(model.drain()) == min(lag, len(seconds))
    assert model.drain() == []
    assert model.provisional is Posture.UNKNOWN


def test_by_default_an_answer_is_two_seconds_late():
    # with the centred gait window that is the 3 s that stream.Epoch promises
    assert len(told(PostureModel(PARAMS), 0.0, 10)) == 8


def test_a_seen_rise_is_believed_at_once_though_the_trunk_stays_as_it_was():
    model = PostureModel(PARAMS)
    told(model, 6.0, 5)
    model.see(Transition("stand-to-sit", 4.0, 5.5, 1.0))
    assert set(names(told(model, 6.0, 100, start=5))[3:]) == {SITTING}
    model.see(Transition("sit-to-stand", 103.0, 105.5, 0.9))
    assert set(names(told(model, 6.0, 100, start=105))[3:]) == {STANDING}


def test_a_transition_that_comes_late_counts_for_seconds_that_still_wait():
    model = PostureModel(PARAMS)
    told(model, 6.0, 20)
    model.see(Transition("stand-to-sit", 17.0, 18.5, 1.0))  # second 18 waits for its answer
    assert set(names(told(model, 6.0, 5, start=20))[1:]) == {SITTING}


@pytest.mark.parametrize(("kind", "posture"), [("sit-to-stand", STANDING), ("stand-to-sit", SITTING)])
def test_an_hour_of_the_same_upright_trunk_drifts_to_neither(kind, posture):
    """Found on the simulated office day: fifty minutes of standing were called sitting after two."""
    model = PostureModel(PARAMS)
    told(model, 2.0, 3, sd_mg=150.0, rhythm=0.8)
    model.see(Transition("stand-to-sit", 2.0, 4.0, 1.0))
    told(model, 2.0, 60, start=3)
    if kind == "sit-to-stand":
        model.see(Transition(kind, 62.0, 63.5, 1.0))
    assert set(names(told(model, 2.0, 3600, start=63))[3:]) == {posture}


def test_a_sit_down_that_was_missed_is_made_up_for_by_a_slumped_trunk():
    model = PostureModel(PARAMS)
    told(model, 0.0, 20, sd_mg=150.0, rhythm=0.8)
    answers = names(told(model, 25.0, 120, start=20))
    assert answers[-1] is SITTING
    assert SITTING in answers[:45]


def test_lying_is_told_within_seconds():
    model = PostureModel(PARAMS)
    told(model, 10.0, 30)
    assert set(names(told(model, 90.0, 30, start=30))[8:]) == {LYING}


def test_walking_needs_no_zero():
    answers = told(PostureModel(PARAMS), 0.0, 8, sd_mg=200.0, rhythm=0.8, zero=False)
    assert all(posture is WALKING and p > 0.9 for posture, p in answers[1:])


# ---------------------------------------------------------------- what the wearer says


@pytest.mark.parametrize("posture", STATES)
def test_a_correction_is_believed_at_once(posture):
    model = PostureModel(PARAMS)
    told(model, 3.0, 50)
    model.correct(posture, leaning(3.0))
    assert names(told(model, 3.0, 1, start=50)) == [posture]


def test_a_correction_is_remembered_for_that_way_of_holding_oneself():
    model = PostureModel(PARAMS)
    told(model, 0.0, 20, sd_mg=150.0, rhythm=0.8)
    told(model, 5.0, 20, start=20)
    model.correct(SITTING, leaning(5.0))
    told(model, 5.0, 20, start=40)
    told(model, 0.0, 20, start=60, sd_mg=150.0, rhythm=0.8)
    assert set(names(told(model, 5.0, 20, start=80))[10:]) == {SITTING}  # no sit-down was seen
    told(model, 0.0, 20, start=100, sd_mg=150.0, rhythm=0.8)
    assert set(names(told(model, -5.0, 20, start=120))[3:]) == {STANDING}


def test_the_newest_word_on_a_direction_counts():
    model = PostureModel(PARAMS)
    told(model, 5.0, 5)
    model.correct(SITTING, leaning(5.0))
    told(model, 5.0, 5, start=5)
    model.correct(STANDING, leaning(6.0))
    assert set(names(told(model, 6.0, 30, start=10))) == {STANDING}


def test_what_is_remembered_turns_with_the_clip():
    model = PostureModel(PARAMS)
    told(model, 5.0, 20)
    model.correct(SITTING, leaning(5.0))
    model.turn(minimal_rotation(leaning(5.0), leaning(45.0)))
    told(model, 0.0, 20, start=20, sd_mg=150.0, rhythm=0.8)
    before = PostureModel(PARAMS)
    told(before, 0.0, 20, sd_mg=150.0, rhythm=0.8)

    def sure_of_sitting(m):
        e = m.evidence(leaning(45.0), 5.0, 3.0, 0.1)
        return e[1] / e[2]

    assert sure_of_sitting(model) > 2.0 * sure_of_sitting(before)


@pytest.mark.parametrize(
    ("styles", "cut"), [((), PARAMS.sit_mid_deg), ((20.0, 34.0), 10.0), ((4.0,), 6.0), ((80.0,), 25.0)]
)
def test_own_sitting_styles_move_the_cut_half_way_to_the_most_upright_one(styles, cut):
    assert sitting_cut_deg(PostureParams(sitting_styles_deg=styles)) == cut


def test_own_styles_make_a_missed_sit_down_known_sooner():
    def until_known(params):
        model = PostureModel(params)
        told(model, 0.0, 20, sd_mg=150.0, rhythm=0.8)
        return names(told(model, 14.0, 900, start=20)).index(SITTING)

    assert until_known(PostureParams(sitting_styles_deg=(14.0, 30.0))) < until_known(PARAMS)


@settings(max_examples=50, deadline=None)
@given(st.lists(fours, min_size=1, max_size=20))
def test_probabilities_are_probabilities(seconds):
    model = PostureModel(PARAMS)
    answers = [model.push(k, e) for k, e in enumerate(seconds)]
    for posture, p in [answer for answer in answers if answer] + model.drain():
        assert PARAMS.min_p <= p <= 1.0 or (posture is Posture.UNKNOWN and 0.0 < p <= 0.75)
    assert np.isfinite([p for _, p in model.drain()]).all()


@pytest.mark.parametrize(
    ("named", "kind", "then"),
    [
        (Posture.STANDING, "stand-to-sit", Posture.SITTING),
        (Posture.SITTING, "sit-to-stand", Posture.STANDING),
    ],
)
def test_a_correction_does_not_outlast_a_rise_or_sit_down_that_was_seen(named, kind, then):
    """What the wearer once said of this up took the seen change back within seconds, for ever."""
    model = PostureModel(PostureParams())
    told(model, 2.0, 10)
    model.correct(named, leaning(2.0))
    told(model, 2.0, 10, start=10)
    model.see(Transition(kind, 18.0, 20.0, 0.95))
    assert set(names(told(model, 2.0, 60, start=20))[5:]) == {then}
    # Walking begins anew: then the word counts again.
    told(model, 2.0, 10, start=80, sd_mg=200.0, rhythm=0.9)
    assert set(names(told(model, 2.0, 30, start=90))[15:]) == {named}


def test_a_transition_told_too_late_counts_for_the_oldest_second_that_waits():
    """It was kept for a second that never came: no evidence, and memory that grew."""
    model = PostureModel(PostureParams())
    told(model, -20.0, 30)
    model.see(Transition("sit-to-stand", 22.0, 24.0, 0.95))
    assert set(names(told(model, -20.0, 5, start=30))) == {Posture.STANDING}
