"""The bar of a replay."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.dashboard.widgets.scrubber import ALERT, CURSOR, GOAL, cell, draw
from monitor.snapshot import Player

PLAYER = Player(50.0, 100.0, 1.0, paused=False, ended=False)


def text(make_snapshot, columns=21, **changes):
    (row,) = draw(make_snapshot(player=replace(PLAYER, **changes)), columns, 1)
    return "".join(each for each, _ in row)


def test_played_alerts_and_position_read_without_colour(make_snapshot):
    assert text(make_snapshot) == "━━━━━━━━━━█──────────"
    assert text(make_snapshot, position_s=0.0) == "█────────────────────"
    assert text(make_snapshot, position_s=100.0) == "━━━━━━━━━━━━━━━━━━━━█"
    assert text(make_snapshot, alerts=(0.0, 0.25, 0.26, 1.0)) == "!━━━━!━━━━█─────────!"
    assert text(make_snapshot, alerts=(0.5,)) == "━━━━━━━━━━█──────────"
    assert text(make_snapshot, goal_s=80.0) == "━━━━━━━━━━█─────▒────"
    assert text(make_snapshot, goal_s=float("inf")) == "━━━━━━━━━━█──────────"
    assert text(make_snapshot, length_s=0.0, position_s=0.0) == "━━━━━━━━━━━━━━━━━━━━█"


def test_roles(make_snapshot):
    (row,) = draw(make_snapshot(player=replace(PLAYER, alerts=(0.9,), goal_s=80.0)), 21, 1)
    assert {part: role for part, role in row if part in {CURSOR, GOAL, ALERT}} == {
        CURSOR: "strong",
        GOAL: "strong",
        ALERT: "alert",
    }


def test_without_a_replay_or_room_there_is_no_bar(make_snapshot):
    assert draw(make_snapshot(), 20, 1) == []
    assert draw(make_snapshot(player=PLAYER), 0, 1) == []
    assert draw(make_snapshot(player=PLAYER), 20, 0) == []


@given(
    columns=st.integers(1, 200),
    position=st.floats(0, 1),
    goal=st.none() | st.floats(0, 1),
    alerts=st.lists(st.floats(0, 1), max_size=5),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it makes a snapshot and keeps nothing
def test_the_bar_fills_its_width_and_has_one_position(make_snapshot, columns, position, goal, alerts):
    player = Player(position, 1.0, 1.0, paused=False, ended=False, goal_s=goal, alerts=tuple(alerts))
    (row,) = draw(make_snapshot(player=player), columns, 1)
    line = "".join(each for each, _ in row)
    assert len(line) == columns
    assert line.count(CURSOR) == 1
    assert line.index(CURSOR) == cell(position, columns)


@pytest.mark.parametrize("columns", [2, 21, 80, 119])
def test_a_click_puts_the_position_where_it_was_made(columns):
    assert [cell(column / (columns - 1), columns) for column in range(columns)] == list(range(columns))
