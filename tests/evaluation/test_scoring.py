"""The scores on made-up answers whose result can be counted by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.evaluation import scoring

TRUTH = ["walking", "walking", "sitting", "sitting", "sitting", "sitting", "standing", "standing", "lying", "lying"]
ANSWER = ["walking", "walking", "sitting", "standing", "unknown", "sitting", "standing", "sitting", "lying", "not-worn"]


def test_the_confusion_counts_every_second_once():
    counts = scoring.confusion(TRUTH, ANSWER)
    assert counts.tolist() == [[2, 0, 0, 0, 0], [0, 2, 1, 0, 1], [0, 1, 1, 0, 0], [0, 0, 0, 1, 1]]
    assert counts.sum() == len(TRUTH)
    assert scoring.unanswered(counts) == pytest.approx(0.2)


def test_an_answer_outside_the_classes_counts_as_wrong():
    counts = scoring.confusion(TRUTH, ANSWER)
    assert scoring.recalls(counts).tolist() == [1.0, 0.5, 0.5, 0.5]
    assert scoring.balanced_accuracy(counts) == pytest.approx(0.625)
    assert scoring.sit_stand(counts) == pytest.approx(0.5)


def test_balanced_accuracy_does_not_follow_the_frequent_class():
    counts = scoring.confusion(["sitting"] * 98 + ["standing"] * 2, ["sitting"] * 100)
    assert scoring.balanced_accuracy(counts) == pytest.approx(0.5)


def test_classes_that_never_occur_are_left_out_and_nothing_gives_nan():
    walks = scoring.confusion(["walking"], ["walking"])
    assert scoring.balanced_accuracy(walks) == 1.0
    assert math.isnan(scoring.sit_stand(walks))
    assert math.isnan(scoring.balanced_accuracy(scoring.confusion([], [])))
    assert math.isnan(scoring.unanswered(scoring.confusion([], [])))


def test_truth_and_answers_must_be_of_one_length():
    with pytest.raises(ValueError, match="zip"):
        scoring.confusion(["sitting"], [])


def test_the_spread_leaves_people_without_a_figure_out():
    over = scoring.spread([1.0, 0.5, float("nan"), 0.75])
    assert (over["mean"], over["median"], over["people"], over["least"], over["most"]) == (0.75, 0.75, 3, 0.5, 1.0)
    assert (over["p10"], over["p90"]) == pytest.approx((0.55, 0.95))
    assert 0.5 <= over["low"] < 0.75 < over["high"] <= 1.0
    nobody = scoring.spread([float("nan")])
    assert nobody["people"] == 0
    assert math.isnan(nobody["mean"])


def test_the_interval_holds_the_pooled_figure_and_repeats_itself():
    rng = np.random.default_rng(3)
    people = [scoring.confusion(["sitting"] * 20, rng.choice(["sitting", "standing"], 20).tolist()) for _ in range(12)]
    told = scoring.pooled(people, scoring.balanced_accuracy)
    assert told["value"] == scoring.balanced_accuracy(np.sum(people, axis=0))
    assert told["low"] < told["value"] < told["high"]
    assert scoring.pooled(people, scoring.balanced_accuracy) == told


def test_equal_people_leave_no_interval_and_nobody_no_figure():
    people = [scoring.confusion(TRUTH, ANSWER)] * 5
    told = scoring.pooled(people, scoring.balanced_accuracy)
    assert (told["value"], told["low"], told["high"]) == pytest.approx((0.625, 0.625, 0.625))
    assert all(math.isnan(value) for value in scoring.pooled([], scoring.balanced_accuracy).values())


def test_intervals_are_those_of_drawing_people_one_by_one():
    rng = np.random.default_rng(4)
    people = [scoring.confusion(rng.choice(scoring.CLASSES, 30), rng.choice(scoring.CLASSES, 30)) for _ in range(7)]
    chosen = np.random.default_rng(scoring.SEED).integers(7, size=(scoring.DRAWS, 7))
    values = [float(scoring.sit_stand(np.array(people)[row].sum(axis=0))) for row in chosen]
    told = scoring.pooled(people, scoring.sit_stand)
    assert (told["low"], told["high"]) == pytest.approx(tuple(np.percentile(values, [2.5, 97.5])))


def test_ratio_and_f1_of_nothing_are_no_figures():
    assert scoring.ratio(np.array([[1.0, 4.0], [0.0, 0.0]]))[0] == 0.25
    assert np.isnan(scoring.ratio(np.array([[1.0, 4.0], [0.0, 0.0]]))[1])
    assert float(scoring.f1(np.array([3.0, 4.0, 5.0]))) == pytest.approx(2 * 0.75 * 0.6 / (0.75 + 0.6))
    assert math.isnan(float(scoring.f1(np.zeros(3))))


def test_intervals_match_one_to_one_within_a_second():
    true = [(10.0, 12.0), (20.0, 22.0)]
    assert scoring.matches([(13.0, 14.0)], true) == [(0, 0)]
    assert scoring.matches([(13.1, 14.0)], true) == []
    assert scoring.matches([(10.0, 10.0), (11.0, 11.0)], true) in ([(0, 0)], [(1, 0)])


def test_a_match_gives_way_where_that_makes_more_of_them():
    true = [(0.0, 5.0), (6.5, 8.0)]
    found = [(4.0, 6.0), (1.0, 2.0)]  # the first touches both, the second only the first one
    assert scoring.matches(found, true) == [(0, 1), (1, 0)]


INTERVALS = st.lists(
    st.tuples(st.floats(0, 50), st.floats(0, 5)).map(lambda each: (each[0], each[0] + each[1])), max_size=8
)


@given(found=INTERVALS, true=INTERVALS)
def test_matches_are_pairs_that_touch_and_nothing_is_used_twice(found, true):
    pairs = scoring.matches(found, true)
    assert len({index for index, _ in pairs}) == len({other for _, other in pairs}) == len(pairs)
    for index, other in pairs:
        assert found[index][0] <= true[other][1] + 1.0
        assert found[index][1] >= true[other][0] - 1.0
    assert len(pairs) == len(scoring.matches(true, found))


def test_runs_cut_where_the_value_changes():
    assert scoring.runs(np.array([4, 4, 5, 5, 5, 4])) == [(0, 2), (2, 5), (5, 6)]
    assert scoring.runs(np.array([])) == []


def test_a_bout_is_cut_by_a_pause_and_by_another_posture():
    truth = {0: "sitting", 1: "sitting", 4: "sitting", 5: "standing", 6: "standing"}
    answers = {0: "sitting", 1: "unknown", 4: "standing", 5: "standing", 6: "standing"}
    found = [(bout.posture, bout.first, bout.found) for bout in scoring.bouts(truth, answers)]
    assert found == [("sitting", True, 0.5), ("sitting", False, 0.0), ("standing", True, 1.0)]
    assert scoring.bouts({}, {}) == []


def test_angles_are_exact_where_they_are_small_and_ignore_length():
    tiny = math.radians(1e-6)
    a = np.array([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [1.0, 0.0, 0.0]])
    b = np.array([[math.cos(tiny), math.sin(tiny), 0.0], [0.0, 0.0, 3.0], [-1.0, 0.0, 0.0]])
    assert scoring.angles_deg(a, b) == pytest.approx([1e-6, 90.0, 180.0], rel=1e-6)


def test_rms():
    assert scoring.rms(np.array([3.0, -4.0, 0.0, 0.0])) == pytest.approx(2.5)
    assert math.isnan(scoring.rms(np.array([])))


def test_percentiles_leave_out_what_is_not_there():
    assert scoring.percentiles([1.0, np.nan, 3.0]) == {"median": 2.0, "p90": pytest.approx(2.8), "most": 3.0}
    assert all(np.isnan(value) for value in scoring.percentiles([np.nan]).values())
