"""Whole sets: files to figures to tables, the same over any number of processes."""

import json

import pytest

from monitor.evaluation import run
from monitor.evaluation.targets import TARGETS, figure


@pytest.fixture(scope="module")
def measured(hapt_folder):
    return list(run.measure("hapt", run.files("hapt", hapt_folder), 1))


def test_the_simulated_wearer_is_understood(measured):
    told = run.figures("hapt", measured)
    way = told["posture"]["ways"]["gyro-live"]
    assert (told["posture"]["people"], told["posture"]["sessions"]) == (2, 2)
    assert way["balanced_accuracy"]["value"] > 0.9
    assert told["walking"]["ways"]["acc-live"]["sensitivity"]["pooled"]["value"] > 0.9
    assert told["worn"]["ways"]["acc-live"]["share"] == 0.0
    assert told["transitions"]["ways"]["gyro-live"]["sit-to-stand"]["labelled"] == 2


def test_the_lag_is_measured_on_the_sessions_chosen_for_it(measured):
    assert [("lag" in each.parts) for each in measured] == [True, False]


def test_odd_and_even_people_are_apart(measured):
    assert [each.person for each in run.of_people(measured, "odd")] == ["user01"]
    assert [each.person for each in run.of_people(measured, "even")] == ["user02"]
    assert len(run.of_people(measured, "all")) == 2
    assert [head for head, _ in run.halves("hapt", measured)] == ["odd people", "even people"]
    assert run.halves("broad", measured) == []


def test_processes_change_nothing(measured, hapt_folder):
    again = list(run.measure("hapt", run.files("hapt", hapt_folder.parent), 2))
    assert [each.name for each in again] == [each.name for each in measured]
    assert run.plain(run.figures("hapt", again)) == run.plain(run.figures("hapt", measured))


def test_figures_are_json_with_null_for_what_is_not_there(measured):
    told = run.plain(run.figures("hapt", measured))
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["posture"]["ways"]["acc-live"]["found"]["lying"] is None


def test_all_tables_are_well_formed_and_the_targets_come_first(measured):
    tables = run.tables("hapt", run.figures("hapt", measured), run.halves("hapt", measured))
    assert tables[0].title == "Targets, hapt"
    assert all(len(row) == len(table.head) for table in tables for row in table.rows)
    assert {len(table.head) for table in tables[:1]} == {7}


def test_every_target_of_a_set_names_a_figure_that_the_set_gives(measured):
    told = run.figures("hapt", measured)
    for target in TARGETS:
        if "hapt" in target.datasets:
            assert target.capability in run.DATASETS["hapt"].capabilities
            assert figure(told, target, "acc-live") == figure(told, target, "acc-live"), target.label  # not NaN
        assert all(name in run.DATASETS for name in target.datasets)
