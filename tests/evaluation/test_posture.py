"""Posture figures that can be counted by hand."""

import math

import numpy as np
import pytest

from monitor.evaluation import posture, posture_tables

TRUTH = dict(enumerate(["walking"] * 2 + ["sitting"] * 4 + ["standing"] * 2))
ANSWERS = ["walking", "walking", "sitting", "sitting", "standing", "unknown", "standing", "sitting"]


def figures(sessions):
    return posture.figures({"user01": sessions})


def test_figures_are_those_counted_by_hand(told, blank):
    found = figures([posture.measure(blank(truth=TRUTH), {"acc-live": told(ANSWERS)})])
    way = found["ways"]["acc-live"]
    assert (found["people"], found["sessions"], found["seconds"]) == (1, 1, 8)
    assert way["balanced_accuracy"]["value"] == pytest.approx((1.0 + 0.5 + 0.5) / 3)
    assert way["sit_stand_people"]["mean"] == pytest.approx(0.5)
    assert way["no_answer"] == pytest.approx(1 / 8)
    assert way["confusion"]["sitting"] == [0, 2, 1, 0, 1]
    assert math.isnan(way["found"]["lying"])


def test_sitting_time_counts_what_is_called_sitting_against_what_is_labelled(told, blank):
    way = figures([posture.measure(blank(truth=TRUTH), {"acc-live": told(ANSWERS)})])["ways"]["acc-live"]
    assert way["sitting_time"]["absolute_percent"]["mean"] == pytest.approx(25.0)  # 3 s told of 4 s
    assert way["sitting_time"]["bias_percent"]["value"] == pytest.approx(-25.0)
    assert way["sitting_time"]["absolute_min_per_h"]["mean"] == pytest.approx(60.0 / 8.0)


def test_a_probability_that_is_right_has_no_distance_and_one_that_boasts_has(told, blank):
    truth = dict.fromkeys(range(10), "sitting")
    names = ["sitting"] * 9 + ["standing"]
    for p, expected in ((0.9, 0.0), (1.0, 0.1)):
        way = figures([posture.measure(blank(truth=truth), {"acc-live": told(names, p=p)})])["ways"]["acc-live"]
        assert way["calibration"]["expected_error"] == pytest.approx(expected, abs=1e-9)
        assert sum(row["answers"] for row in way["calibration"]["bins"]) == 10
        assert max(row["right"] for row in way["calibration"]["bins"]) == pytest.approx(0.9)


def test_the_peer_takes_the_lead_as_its_zero(told, blank):
    rate = 10
    session = blank(8, truth={2: "walking", 3: "sitting", 4: "standing", 5: "lying"}, lead_s=2.0)
    tilted = session.samples.acc_g
    for second, angle in ((3, 15.0), (4, 8.0), (5, 80.0)):
        tilted[second * rate : (second + 1) * rate] = [0.0, np.cos(np.radians(angle)), np.sin(np.radians(angle))]
    way = figures([posture.measure(session, {"acc-live": told([])})])["ways"][posture.PEER]
    assert way["balanced_accuracy"]["value"] == 1.0
    blind = blank(8, truth={3: "sitting"}, lead_s=0.0)
    found = figures([posture.measure(blind, {"acc-live": told([])})])
    assert found["sessions_without_zero"] == 1
    assert found["ways"][posture.PEER]["no_answer"] == 1.0


def test_what_is_not_scored_is_shown_with_its_answer(told, blank):
    session = blank(truth=TRUTH, beside={8: "cycling, seated", 9: "cycling, seated"})
    measured = posture.measure(session, {"acc-live": told([*ANSWERS, "walking"])})
    found = figures([measured])
    assert found["ways"]["acc-live"]["beside"] == {"cycling, seated": {"walking": 1, "no-data": 1}}
    last = posture_tables.tables("harth", found)[-1]
    assert last.rows[0][:2] == ("cycling, seated", "1")


def test_a_session_without_scored_seconds_makes_no_figure(told, blank):
    found = figures([posture.measure(blank(), {"acc-live": told(ANSWERS)})])
    assert (found["people"], found["sessions"], found["ways"]) == (0, 0, {})


def test_every_table_has_a_row_a_way_and_cells_for_its_columns(told, blank):
    measured = posture.measure(blank(truth=TRUTH, lead_s=0.0), {"acc-live": told(ANSWERS), "gyro-live": told(ANSWERS)})
    for table in posture_tables.tables("hapt", figures([measured])):
        assert all(len(row) == len(table.head) for row in table.rows), table.title
        assert table.rows
