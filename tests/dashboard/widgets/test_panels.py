"""The panels of words: link, player, posture, clocks, reading, prompt, explain."""

import math
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.dashboard.widgets import clocks, linkline, prompt, reading
from monitor.snapshot import Clock, Player
from monitor.stream import LinkState, Posture


def said(rows):
    """What is there without any colour."""
    return "\n".join("".join(text for text, _ in row).rstrip() for row in rows)


def test_the_link_line_names_everything(make_snapshot):
    top, link = said(linkline.draw(make_snapshot(), 80, 2)).splitlines()
    assert top.startswith(" sitwell live  recording to 2026-03-02T0912.sqlite")
    assert top.endswith(" 10:42:31")
    assert link == " ● WT901BLE67 connected · battery 76 % · 99.3 Hz · 0.3 % lost"


def test_a_lost_link_says_why_before_anything_else(make_lost):
    assert said(linkline.draw(make_lost(), 80, 1)).startswith(
        " × WT901BLE67 link lost: out of range, trying again · battery 12 % low"
    )
    assert said(linkline.draw(make_lost(), 120, 1)).endswith("1.7 % lost · 3 bad packets")


def test_link_states_differ_without_colour(make_snapshot):
    link = make_snapshot().link
    texts = {
        said(linkline.draw(make_snapshot(link=replace(link, state=state, cause="x")), 80, 1)) for state in LinkState
    }
    assert len(texts) == len(LinkState)


@given(columns=st.integers(1, 130), name=st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=60))
def test_the_link_line_never_overflows(columns, name):
    view = linkline.LinkView(name, LinkState.LOST, None, 0.0, 0, 0, 2, cause=name)
    row = linkline._link(view, columns)
    assert sum(len(text) for text, _ in row) <= columns


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, " ▶ playing, 12:34 of 1:00:00, speed 1×"),
        ({"speed": 0.5, "paused": True}, " ‖ paused, 12:34 of 1:00:00, speed 0.5×"),
        ({"speed": float("inf")}, " ▶ playing, 12:34 of 1:00:00, speed max"),
        ({"position_s": 3600.0, "paused": True, "ended": True}, " ■ ended, 1:00:00; ← goes back, q leaves"),
        ({"goal_s": 1800.0, "paused": True}, " » seeking 30:00, now at 12:34 of 1:00:00"),
        ({"goal_s": float("inf")}, " » seeking, now at 12:34 of 1:00:00"),
    ],
)
def test_the_player_in_words(changes, text):
    player = replace(Player(754.0, 3600.0, 1.0, paused=False, ended=False), **changes)
    assert linkline.draw_player(player, 46)[0][0] == text
    shorter = [linkline.draw_player(player, columns)[0][0] for columns in range(46)]
    assert all(len(short) <= columns for columns, short in enumerate(shorter))
    assert shorter[20].startswith(text[:3])


def test_the_badge_says_posture_probability_and_time(make_snapshot, make_alerting):
    assert said(clocks.draw_posture(make_snapshot(), 28, 2)) == " ▄ SITTING\n97 % sure, for 12:34"
    assert "(standing?)" in said(clocks.draw_posture(make_alerting(), 28, 2))


def test_badges_differ_without_colour_and_unsure_ones_claim_nothing(make_snapshot):
    badges = {posture: said(clocks.draw_posture(make_snapshot(posture=posture), 28, 2)) for posture in Posture}
    assert len(set(badges.values())) == len(Posture)
    assert {posture for posture, text in badges.items() if "sure, for" in text} == {
        Posture.SITTING,
        Posture.STANDING,
        Posture.WALKING,
        Posture.LYING,
    }


@pytest.mark.parametrize(
    ("clock", "text"),
    [
        (Clock(754.0, 1800.0), "Sitting  12:34 of 30:00"),
        (Clock(1865.0, 1800.0), "Sitting  31:05 of 30:00, 1:05 over"),
        (Clock(59.9, None), "Sitting  0:59, no limit"),
    ],
)
def test_a_clock_in_words(clock, text):
    assert said(clocks.clock_rows("Sitting", clock, 40)[:1]) == text


def test_a_clock_over_its_limit_says_so_in_a_narrow_panel_too():
    assert said(clocks.clock_rows("Sitting", Clock(1865.0, 1800.0), 29)[:1]) == "Sitting  31:05 of 30:00 over"


@given(st.floats(-1, 3), st.integers(1, 100))
def test_a_bar_fills_its_width(part, columns):
    row = clocks.bar(part, columns, "bar")
    assert sum(len(text) for text, _ in row) == columns


def test_bars_grow_with_their_part():
    lengths = [len(clocks.bar(part / 50, 25, "bar")[0][0]) for part in range(51)]
    assert lengths == sorted(lengths)
    assert (lengths[0], lengths[-1]) == (0, 25)


def test_the_reading_in_words(make_snapshot, make_lost):
    assert said(reading.draw_words(make_snapshot(), 28, 5)) == (
        "forward (anterior)\nwithin your band\nhips 2° left side up"
    )
    outside = said(reading.draw_words(make_snapshot(tilt_deg=-14.2, moving=True), 28, 5)).splitlines()
    assert outside[:3] == ["back (posterior)", "4° beyond your band", "moving: value held"]
    assert "no data: value held" in said(reading.draw_words(make_lost(), 28, 5))
    assert "your band −10° to +10°" in said(reading.draw_words(make_snapshot(), 28, 6))
    assert said(reading.draw_words(make_snapshot(tilt_deg=None), 28, 5)) == "not known yet"


def test_the_uncertainty_is_never_less_than_a_degree(make_snapshot):
    assert "±1°" in said(reading.draw_unit(make_snapshot(tilt_sd_deg=0.2), 10, 3))
    assert "±2°" in said(reading.draw_unit(make_snapshot(tilt_sd_deg=1.8), 10, 3))


@pytest.mark.parametrize("unknown", [None, float("nan")])
def test_unknown_figures_are_left_out(make_snapshot, unknown):
    snapshot = make_snapshot(tilt_sd_deg=unknown, obliquity_deg=unknown)
    assert said(reading.draw_unit(snapshot, 10, 3)).split() == ["°"]
    assert "hips" not in said(reading.draw_words(snapshot, 28, 6))


def test_calm_lines_differ(make_snapshot):
    lines = {posture: prompt.calm(make_snapshot(posture=posture)) for posture in Posture}
    assert lines[Posture.SITTING] == "Nothing to do. Sitting 12:34, next prompt at 30:00."
    assert lines[Posture.STANDING] == "Nothing to do. Standing 0:00, next prompt at 20:00."
    assert lines[Posture.WALKING] == lines[Posture.LYING] == lines[Posture.UNKNOWN] == "Nothing to do."
    told = [lines[posture] for posture in (Posture.SITTING, Posture.WALKING, Posture.NO_DATA, Posture.NOT_WORN)]
    assert all(a != b for a, b in combinations(told, 2))
    assert prompt.calm(make_snapshot(sitting=Clock(60.0, None))) == "Nothing to do. Sitting 1:00."
    assert prompt.calm(make_snapshot(quiet=("snoozed", 272.4))) == "Snoozed: 4:32 left."
    assert prompt.calm(make_snapshot(quiet=("hours", math.inf))) == "Outside your hours for prompts: some time left."
    assert "`sitwell quiet off`" in prompt.calm(make_snapshot(quiet=("baseline", 9000.0)))
    assert prompt.calm(make_snapshot(prompts_left=0)).endswith("This hour's prompts are used up.")
    assert prompt.calm(make_snapshot(praise="Well done: moved.")) == "Well done: moved."


def test_notes_follow_the_calm_line(make_snapshot):
    rows = prompt.draw(make_snapshot(notes=("The battery is low.",)), 78, 2, keys="")
    assert said(rows).splitlines()[1] == "The battery is low."


def test_a_prompt_shows_message_time_and_keys(make_alerting):
    rows = prompt.draw(make_alerting(), 78, 2, keys="[e] explain")
    assert said(rows) == (
        "You have been sitting for half an hour. Stand up and walk a few steps.\nfor 1:05   [e] explain"
    )
    assert len(prompt.draw(make_alerting(), 30, 2, keys="")) == 2


def test_explain_says_measured_limit_time_and_setting(make_alerting):
    text = said(prompt.draw_explain(make_alerting(), 78, 5))
    assert text.startswith("Measured 31:05 against a limit of 30:00; this prompt stands for 1:05.")
    assert "over limit: 1:05" in text
    assert "posture: 97 % sure" in text
    assert text.splitlines()[-1] == "setting: [[alert]] name = 'sitting', limit = 1800 s"
    assert max(len(line) for line in text.splitlines()) <= 78


def test_explain_without_a_prompt_is_empty(make_snapshot):
    assert prompt.draw_explain(make_snapshot(), 78, 5) == []


def test_the_title_tells_profile_and_budget_where_they_are_not_as_ever(make_snapshot, make_alerting):
    assert prompt.title(make_snapshot()) == "Next"
    assert prompt.title(make_alerting(prompts_left=3)) == "Please · 3 of 4 prompts left this hour"
    assert prompt.title(make_snapshot(profile="sofa")) == "Next · profile sofa"
