"""Sliders as text, and what turning one does to the settings."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import default_profile
from monitor.dashboard.widgets.slider import (
    CHANGED,
    CHOSEN,
    CONFIG,
    HERE,
    changes,
    folded,
    group_row,
    grouped,
    knob_row,
    label,
    letters,
    scrolled,
    slider_at,
    stepped,
    unfolded,
    value_at,
    with_unit,
)
from monitor.tuning.knobs import Knob, knobs

PROMPTS = default_profile().prompts
KNOBS = {place.name: knobs(place) for place in PROMPTS.places}
ALL = [(place, knob) for place, found in KNOBS.items() for knob in found.values()]
LIMIT = KNOBS["desk"]["sitting.limit_min"]


def turned(settings, knob, value, place):
    """These settings of the config's, with one more knob turned."""
    turns = unfolded(settings, PROMPTS, KNOBS) | {(place if knob.by_place else "desk", knob.name): value}
    return folded(PROMPTS, turns, KNOBS)


def shown(row):
    return "".join(text for text, _ in row)


@pytest.mark.parametrize(
    ("value", "steps", "wanted"),
    [
        (30, 1, 31),
        (30, -5, 25),
        (30.5, 1, 31),
        (30.5, -1, 30),
        (120, 1, 120),
        (3, -5, 1),
        (500, 1, 500),
        (500, -1, 120),
    ],
)
def test_a_step_keeps_to_the_grid_and_the_range(value, steps, wanted):
    assert stepped(LIMIT, value, steps) == wanted


def test_a_range_that_ends_beside_the_grid_is_left_onto_it():
    sure = KNOBS["desk"]["quiet.min_p"]
    assert stepped(sure, 0.95, 1) == 0.99
    assert stepped(sure, 0.99, -1) == 0.95


@given(st.dictionaries(st.sampled_from([(place, knob.name) for place, knob in ALL]), st.floats(0, 1), max_size=6))
def test_turns_are_found_again_in_the_settings_they_made(parts):
    turns = {}
    for (place, name), part in parts.items():
        knob = KNOBS[place][name]
        if place == "desk" or knob.by_place:
            value = value_at(knob, round(part * 30), 31)
            if all(abs(value - knob.get(PROMPTS, each.name)) > 1e-9 for each in PROMPTS.places):
                turns[place, name] = value
    now = folded(PROMPTS, turns, KNOBS)
    again = folded(PROMPTS, unfolded(now, PROMPTS, KNOBS), KNOBS)
    for place, knob in ALL:
        assert knob.get(again, place) == pytest.approx(knob.get(now, place))
    assert (now == PROMPTS) == (not turns) == (not changes(now, PROMPTS, KNOBS))
    assert unfolded(PROMPTS, PROMPTS, KNOBS) == {}


def test_profiles_follow_the_desk_until_they_are_turned_apart():
    hold = KNOBS["desk"]["sitting.hold_s"]
    now = turned(PROMPTS, hold, 9.0, "desk")
    assert [hold.get(now, place.name) for place in now.places] == [9.0] * 4
    now = turned(now, hold, 12.0, "sofa")
    now = turned(now, hold, 8.0, "desk")
    assert [hold.get(now, place.name) for place in now.places] == [8.0, 12.0, 8.0, 8.0]
    now = turned(PROMPTS, LIMIT, 20.0, "desk")
    assert [LIMIT.get(now, place.name) for place in now.places] == [20.0, 45.0, 20.0, 120.0]


def test_changes_are_told_once_with_their_profiles():
    hold, most = KNOBS["desk"]["sitting.hold_s"], KNOBS["desk"]["budget.most_per_hour"]
    now = turned(PROMPTS, hold, 9.0, "desk")
    now = turned(now, most, 2.0, "sofa")
    assert [each.words for each in changes(now, PROMPTS, KNOBS)] == [
        "sitting: held for 5 to 9 s (desk, sofa, standing-desk, car)",
        "budget: most an hour 4 to 2",
    ]


def test_every_rule_has_a_letter_of_its_own():
    names = [rule.name for rule in PROMPTS.places[0].rules]
    assert letters(names) == {
        "posture": "p",
        "sideways": "s",
        "sitting": "i",
        "standing": "t",
        "shift": "h",
        "breaks": "b",
    }
    assert len(set(letters([f"a{n}" for n in range(26)]).values())) == 26
    assert letters(["1", "2"]) == {"1": "a", "2": "b"}


def test_knobs_stand_in_groups():
    lines = grouped(KNOBS["desk"])
    assert [line for line in lines if isinstance(line, str)] == [
        "posture",
        "sideways",
        "sitting",
        "standing",
        "shift",
        "breaks",
        "budget",
        "fading",
        "quiet",
    ]
    at = lines.index("breaks")
    assert [label(each) for each in lines[at + 1 : at + 5]] == ["limit", "held for", "again after", "owed an hour"]
    assert shown(group_row("shift", {"shift": "h"}, off=True)) == "h shift (off in this profile)"


@given(st.sampled_from(ALL), st.integers(40, 120), st.floats(-10, 500))
def test_a_row_fills_its_width_whatever_the_value(chosen, columns, value):
    place, knob = chosen
    row = shown(knob_row(knob, value, knob.get(PROMPTS, place), columns, chosen=True))
    assert row.startswith(CHOSEN)
    assert row.count(HERE) == 1
    first, width = slider_at(columns)
    assert first <= row.index(HERE) < first + width
    if abs(value) < 1000:
        assert len(row) <= columns + 8  # a value of many digits


def test_a_row_marks_what_is_changed_and_where_the_config_has_it():
    row = shown(knob_row(LIMIT, 90.0, 30.0, 60, chosen=False))
    assert row.startswith(f" {CHANGED} limit ")
    assert row.endswith("   90 min   (30)")
    assert row.index(CONFIG) < row.index(HERE)
    same = shown(knob_row(LIMIT, 30.0, 30.0, 60, chosen=False))
    assert CHANGED not in same
    assert CONFIG not in same
    assert len(row) == len(same) == 60


@pytest.mark.parametrize(
    ("unit", "words"), [("deg", "15°"), ("deg·min", "15 °·min"), ("min", "15 min"), ("", "15"), ("s", "15 s")]
)
def test_values_have_their_unit(unit, words):
    assert with_unit(replace(LIMIT, unit=unit), 15.0) == words


@given(st.sampled_from(ALL), st.integers(4, 100))
def test_the_mouse_reaches_both_ends_and_stays_on_the_grid(chosen, width):
    knob: Knob = chosen[1]
    assert value_at(knob, -3, width) == knob.low
    assert value_at(knob, width + 9, width) == knob.high
    values = [value_at(knob, column, width) for column in range(width)]
    assert values == sorted(values)
    for value in values[:-1]:
        steps = (value - knob.low) / knob.step
        assert abs(steps - round(steps)) < 1e-6 or value == knob.high


@given(st.integers(0, 50), st.integers(0, 49), st.integers(1, 60))
def test_the_chosen_line_is_always_seen(top, chosen, rows):
    first = scrolled(top, chosen, rows, 50)
    assert first <= chosen < first + rows
    assert 0 <= first <= max(50 - rows, 0)
