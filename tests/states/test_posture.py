"""Posture: evidence by hand, the smoothing against every possible path, the fixed lag, and doubt where doubt is due."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.states.posture import STATES, TRANSITION, PostureModel, PostureParams, evidence, logistic
from monitor.stream import Posture

PARAMS = PostureParams()
WALKING, SITTING, STANDING, LYING = STATES
SIT, STAND, LIE = (evidence(angle_deg, 3.0, 0.1, PARAMS) for angle_deg in (25.0, 2.0, 85.0))
WALK = evidence(2.0, 200.0, 0.8, PARAMS)
OF = {SITTING: SIT, STANDING: STAND, LYING: LIE, WALKING: WALK}
shares = st.floats(PARAMS.floor, 1.0 - PARAMS.floor)
fours = st.tuples(shares, shares, shares, shares)


def run(seconds, params=PARAMS):
    """Every answer, those owed at the end included."""
    model = PostureModel(params)
    return [answer for e in seconds if (answer := model.push(e))] + model.drain()


def by_all_paths(seconds, at, until):
    """P(state at `at` | seconds up to `until`), summed over every path of states from a uniform second before."""
    weight = [0.0] * 4
    for path in product(range(4), repeat=until + 1):
        w = sum(TRANSITION[before][path[0]] for before in range(4)) / 4.0
        for k, state in enumerate(path):
            w *= seconds[k][state] * (TRANSITION[path[k - 1]][state] if k else 1.0)
        weight[path[at]] += w
    return [w / sum(weight) for w in weight]


def test_from_every_state_one_goes_somewhere():
    assert [sum(row) for row in TRANSITION] == pytest.approx([1.0] * 4)


def test_evidence_by_hand():
    # At the cut of 11.6 deg, at rest: no walking, sitting and standing even, lying out of question.
    assert evidence(11.6, 0.0, 0.0, PARAMS) == pytest.approx((0.02, 0.5, 0.5, 0.02), abs=1e-5)
    # One width beyond it: 1 / (1 + 1/e).
    assert evidence(15.1, 0.0, 0.0, PARAMS)[1:3] == pytest.approx((0.731059, 0.268941), abs=2e-5)
    # Halfway to lying: the rest is sitting.
    assert evidence(64.9, 0.0, 0.0, PARAMS) == pytest.approx((0.02, 0.5, 0.02, 0.5), abs=1e-5)
    # Walking needs both: spread at its midpoint halves it, half the periodicity halves it again.
    assert evidence(0.0, 55.0, 0.15, PARAMS)[0] == pytest.approx(0.25)
    assert evidence(0.0, 55.0, 0.9, PARAMS)[0] == pytest.approx(0.5)
    assert evidence(0.0, 500.0, -0.4, PARAMS)[0] == PARAMS.floor


@settings(max_examples=100, deadline=None)
@given(st.none() | st.floats(0.0, 180.0), st.floats(0.0, 1e6), st.floats(-1.2, 1.2))
def test_evidence_never_rules_a_state_out_or_in(angle_deg, sd_mg, rhythm):
    e = evidence(angle_deg, sd_mg, rhythm, PARAMS)
    assert all(PARAMS.floor <= x <= 1.0 for x in e)
    if angle_deg is None:
        assert e[1] == e[2] == e[3]


def test_logistic_takes_any_number():
    assert (logistic(-1e9), logistic(0.0), logistic(1e9)) == (0.0, 0.5, 1.0)
    assert logistic(2.0) + logistic(-2.0) == pytest.approx(1.0)


@settings(max_examples=25, deadline=None)
@given(st.lists(fours, min_size=1, max_size=5), st.integers(0, 3))
def test_answers_are_those_of_summing_over_every_path(seconds, lag):
    answers = run(seconds, PostureParams(lag=lag))
    assert len(answers) == len(seconds)
    for at, (posture, p) in enumerate(answers):
        exact = by_all_paths(seconds, at, min(at + lag, len(seconds) - 1))
        assert sum(exact) == pytest.approx(1.0)
        best = max(exact)
        if abs(best - PARAMS.min_p) < 1e-9:
            continue
        if best < PARAMS.min_p:
            assert (posture, p) == (Posture.UNKNOWN, pytest.approx(1.0 - best))
        else:
            state = exact.index(best)
            alone = seconds[at][state] / sum(seconds[at])
            assert (posture, p) == (STATES[state], pytest.approx(min(best, alone)))


@settings(max_examples=30, deadline=None)
@given(st.lists(fours, max_size=12), st.integers(0, 4))
def test_the_lag_is_fixed_and_drain_gives_what_is_owed(seconds, lag):
    model = PostureModel(PostureParams(lag=lag))
    answered = [model.push(e) is not None for e in seconds]
    assert answered == [k >= lag for k in range(len(seconds))]
    assert len(model.drain()) == min(lag, len(seconds))
    assert model.drain() == []
    assert model.provisional is Posture.UNKNOWN


def test_by_default_an_answer_is_two_seconds_late():
    # with the centred gait window that is the 3 s that stream.Epoch promises
    model = PostureModel(PARAMS)
    assert [model.push(SIT) is None for _ in range(4)] == [True, True, False, False]


def test_after_drain_the_model_is_as_new():
    model = PostureModel(PARAMS)
    for _ in range(30):
        model.push(LIE)
    model.drain()
    again = [model.push(SIT) for _ in range(8)]
    new = PostureModel(PARAMS)
    assert again == [new.push(SIT) for _ in range(8)]


@pytest.mark.parametrize("posture", STATES)
def test_clear_evidence_gives_a_clear_answer(posture):
    assert all(name is posture and p > 0.9 for name, p in run([OF[posture]] * 10)[2:])


def test_one_odd_second_is_provisional_only():
    odd = evidence(2.0, 3.0, 0.1, PARAMS)
    model = PostureModel(PARAMS)
    for _ in range(20):
        model.push(SIT)
    answers = [model.push(e) for e in (odd, SIT, SIT, SIT)]
    assert {name for name, _ in answers} == {SITTING}
    # A walk shows at once in the provisional answer; the confirmed one is `lag` seconds behind it.
    behind = model.push(WALK)
    assert model.push(WALK)[0] is SITTING
    assert behind[0] is SITTING
    assert model.provisional is WALKING


@pytest.mark.parametrize(("before", "after"), [(SIT, STAND), (STAND, SIT), (STAND, WALK), (WALK, SIT), (SIT, LIE)])
def test_a_change_is_placed_within_three_seconds(before, after):
    names = [name for name, _ in run([before] * 30 + [after] * 30)]
    old, new = names[20], names[50]
    assert old is not new
    change = names.index(new)
    assert 28 <= change <= 33
    assert set(names[:27]) == {old}
    assert set(names[change:]) == {new}


def test_without_a_zero_one_who_does_not_walk_stays_unknown_however_long():
    still = evidence(None, 3.0, 0.1, PARAMS)
    assert {name for name, _ in run([still] * 4000)} == {Posture.UNKNOWN}


def test_walking_needs_no_zero():
    striding = evidence(None, 200.0, 0.8, PARAMS)
    assert all(name is WALKING and p > 0.9 for name, p in run([striding] * 6))


@settings(max_examples=50, deadline=None)
@given(st.lists(fours, min_size=1, max_size=20))
def test_no_answer_is_surer_than_its_own_second(seconds):
    for e, (posture, p) in zip(seconds, run(seconds), strict=True):
        if posture is Posture.UNKNOWN:
            assert 1.0 - PARAMS.min_p < p <= 0.75 + 1e-12
        else:
            assert 0.0 < p <= e[STATES.index(posture)] / sum(e) + 1e-12
