"""The front against the nominal one: figures that can be counted by hand."""

import math
from dataclasses import replace

import pytest

from monitor.evaluation import alignment
from monitor.stream import AlignmentChanged, ReferenceChanged

UP = (0.0, 1.0, 0.0)
ZERO = ReferenceChanged(5.0, UP, 1, 1.0)


def front(deg, t_s=10.0, rise=0.0):
    """Told at t_s: turned by deg about UP from +z; `rise` lifts it out of the plane across UP."""
    a = math.radians(deg)
    return AlignmentChanged(t_s, (math.sin(a), rise, math.cos(a)), 5.0, "walking")


def answers(told, *fronts, zeros=(ZERO,), walking=20):
    return replace(told(["walking"] * walking), alignments=list(fronts), zeros=list(zeros))


def measured(blank, each, way="acc-live"):
    return alignment.measure(blank(anterior=(0.0, 0.0, 1.0)), {way: each})


def test_the_front_told_last_counts_and_the_time_until_the_first(told, blank):
    found = measured(blank, answers(told, front(120.0, 12.0), front(20.0, 40.0)))["acc-live"]
    assert found.angle_deg == pytest.approx(20.0)
    assert (found.first_s, found.walked_s) == (12.0, 12.0)  # seconds 0 to 11 were walked


def test_the_angle_is_across_the_zero_of_its_time(told, blank):
    zeros = (ZERO, ReferenceChanged(60.0, (0.0, 0.0, 1.0), 1, 1.0))
    found = measured(blank, answers(told, front(30.0, rise=0.7), zeros=zeros))["acc-live"]
    assert found.angle_deg == pytest.approx(30.0)


def test_figures_by_hand(told, blank):
    people = {
        "user01": [measured(blank, answers(told, front(10.0))), measured(blank, answers(told, front(30.0)))],
        "user02": [measured(blank, answers(told, front(-170.0, 30.0)))],
        "user03": [measured(blank, answers(told))],
    }
    way = alignment.figures(people)["ways"]["acc-live"]
    assert way["angle_people_deg"]["people"] == 2
    assert way["angle_people_deg"]["mean"] == pytest.approx((20.0 + 170.0) / 2)
    assert way["wrong_side"]["value"] == pytest.approx(1 / 3)
    assert (way["sessions"], way["told"]["value"]) == (4, 0.75)
    assert way["first_s"]["median"] == pytest.approx(10.0)
    tables = alignment.tables("voisard", alignment.figures(people))
    assert [len(table.rows) for table in tables] == [1, 1]
    assert all(len(row) == len(table.head) for table in tables for row in table.rows)
    assert tables[0].rows[0][1] == "95.0"
    assert tables[0].rows[0][-2] == "33.3 %"


def test_where_no_front_is_told_there_are_dashes(told, blank):
    found = alignment.figures({"user01": [measured(blank, answers(told))]})
    angle, soon = alignment.tables("sisfall", found)
    assert angle.rows[0][1] == "–"
    assert soon.rows[0][2] == "0.0 %"


def test_without_a_nominal_front_and_in_hindsight_nothing_is_measured(told, blank):
    assert alignment.measure(blank(), {"acc-live": answers(told, front(10.0))}) == {}
    assert measured(blank, answers(told, front(10.0)), "gyro-hindsight") == {}
    assert alignment.tables("hapt", alignment.figures({"user01": [{}]})) == []
