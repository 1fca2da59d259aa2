"""Targets: looked up, compared as printed, and shown for both halves."""

import math

import pytest

from monitor.evaluation import targets


def figures(value):
    return {"steps": {"ways": {"acc-live": {"walk_absolute_percent": {"value": value}}}}}


@pytest.mark.parametrize(("value", "verdict"), [(2.0, "met"), (3.04, "met"), (3.06, "missed")])
def test_a_figure_is_judged_as_it_is_printed(value, verdict):
    table = targets.table("voisard", figures(value), [("odd people", figures(1.0)), ("even people", {})])
    assert table.head[-2:] == ("odd people", "even people")
    assert table.rows == [
        ("steps, error a walk, %", "accelerometer only, live", "≤ 3", f"{value:.1f}", verdict, "1.0", "–")
    ]


def test_json_says_the_same_as_the_table():
    (row,) = targets.plain("voisard", figures(3.04))
    assert (row["way"], row["sense"], row["target"], row["value"], row["met"]) == ("acc-live", "≤", 3.0, 3.04, True)


def test_without_any_figure_there_is_no_table():
    assert targets.table("voisard", {}) is None
    assert targets.table("broad", figures(1.0)) is None
    assert math.isnan(targets.figure({}, targets.TARGETS[0], "acc-live"))


def test_at_least_and_at_most():
    least = next(each for each in targets.TARGETS if each.sense == "≥")
    assert targets.met(0.94, least, 0.94)
    assert not targets.met(0.9394, least, 0.94)
