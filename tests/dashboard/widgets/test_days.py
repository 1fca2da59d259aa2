"""The ribbon of each day, the prompts under it, and one prompt in words."""

import functools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded import scripted

from monitor.config import default_profile
from monitor.dashboard.widgets.days import (
    CURSOR,
    GONE,
    GUTTER,
    KEPT,
    MISSING,
    NEW,
    SAME_S,
    Calendar,
    Shown,
    compared,
    day_rows,
    legend,
    measured,
    rule_of,
    spans_of,
    told,
    told_rows,
    with_times,
)
from monitor.dashboard.widgets.slider import letters
from monitor.snapshot import Span
from monitor.states.bouts import BoutParams
from monitor.stream import Posture
from monitor.tuning.days import days_of, worn
from monitor.tuning.prompted import Prompted
from monitor.tuning.rerun import Tried
from monitor.tuning.score import Label, Yardstick

CONFIG = replace(default_profile().prompts, fading=replace(default_profile().prompts.fading, baseline_days=0))
SIGNS = letters([rule.name for rule in CONFIG.places[0].rules])


@functools.cache
def sessions(*scripts):
    return days_of([worn(str(n), n * 86_400.0, scripted(each), BoutParams()) for n, each in enumerate(scripts)])


def calendar(*scripts, begins="09:00"):
    hours, minutes = map(int, begins.split(":"))

    def clock(_session, t_s):
        total = int(hours * 60 + minutes + t_s // 60)
        return f"{total // 60 % 24:02d}:{total % 60:02d}"

    return Calendar(sessions(*scripts), clock, lambda session: f"Mon {session + 3} Nov")


def prompt(t_s, name="sitting", session=0):
    return Prompted(session, int(t_s) - 1, t_s, name, 0, int(t_s))


def text(row):
    return "".join(part for part, _ in row)


def test_prompts_are_kept_new_or_gone():
    now = [prompt(100), prompt(900), prompt(5000, "shift")]
    config = [prompt(110), prompt(3000), prompt(5000, "posture")]
    assert [(each.prompt.t_s, each.state) for each in compared(now, config)] == [
        (100, KEPT),
        (900, NEW),
        (3000, GONE),
        (5000, GONE),
        (5000, NEW),
    ]


times = st.lists(st.integers(1, 4000), max_size=25, unique=True).map(sorted)


@given(times, times)
def test_every_prompt_is_shown_once(now_s, config_s):
    now, config = ([prompt(each) for each in times_s] for times_s in (now_s, config_s))
    shown = compared(now, config)
    states = [each.state for each in shown]
    assert [each.prompt.t_s for each in shown if each.state != GONE] == now_s
    assert states.count(KEPT) + states.count(GONE) == len(config_s)
    assert {each.state for each in compared(now, now)} <= {KEPT}
    for each in shown:
        if each.state == NEW and len(config_s) == 1:
            pair = any(other.state == KEPT for other in shown)
            assert pair or abs(each.prompt.t_s - config_s[0]) > SAME_S


def test_days_share_an_axis_of_whole_hours():
    drawn = calendar("s9000 w600", "s3600")
    assert (drawn.low_s, drawn.high_s) == (9 * 3600.0, 12 * 3600.0)
    assert text(drawn.hours(60)).split() == ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30"]
    whole = text(drawn.ribbon(0, 60))
    assert whole == "▄" * 50 + "▞" * 3 + "·" * 0 or whole.startswith("▄" * 50 + "▞▞▞")
    assert len(text(drawn.ribbon(1, 60))) == 20


def test_a_short_session_has_an_axis_of_minutes():
    drawn = calendar("s700", begins="09:07")
    assert (drawn.low_s, drawn.high_s) == (9 * 3600.0 + 300.0, 9 * 3600.0 + 1200.0)
    assert text(drawn.ribbon(0, 30)).count(" ") == 4


def test_a_session_over_midnight_goes_on_to_the_right():
    drawn = calendar("s7200", begins="23:00")
    assert drawn.high_s - drawn.low_s == 7200.0
    assert text(drawn.hours(40)).split() == ["23:00", "23:30", "00:00", "00:30"]


@given(st.integers(20, 180), st.integers(0, 9599))
def test_a_column_holds_the_time_in_its_middle(columns, t_s):
    drawn = calendar("s9000 w600")
    at = drawn.column(drawn.local_s(0, t_s), columns)
    assert 0 <= at < columns
    assert drawn.column(drawn.local_at(at, columns), columns) == at


def test_a_day_has_its_name_its_counts_and_signs_under_the_ribbon():
    drawn = calendar("s9000 w600")
    shown = [Shown(prompt(1800), KEPT), Shown(prompt(5400), NEW), Shown(prompt(9000, "shift"), GONE)]
    ribbon, prompts = day_rows(drawn, 0, shown, 60 + GUTTER, SIGNS, None)
    assert text(ribbon).startswith("  Mon 3 Nov  ▄▄▄")
    assert text(prompts)[:GUTTER].split() == ["2", "+1", f"{MISSING}1"]
    cells = text(prompts)[GUTTER:]
    assert (cells[10], cells[30], cells[50]) == ("i", "I", MISSING)
    pointed, marked = day_rows(drawn, 0, shown, 60 + GUTTER, SIGNS, shown[1])
    assert text(pointed)[GUTTER + 30] == CURSOR
    assert text(pointed).startswith("▸ Mon")
    assert len(text(pointed)) == len(text(ribbon))
    assert ("I", "good badge") in marked


def test_where_prompts_share_a_column_the_one_under_the_cursor_is_seen_then_the_new_one():
    drawn = calendar("s9000 w600")
    shown = [Shown(prompt(1800), NEW), Shown(prompt(1810, "shift"), KEPT)]
    for here, seen in ((None, "I"), (shown[1], "h")):
        assert text(day_rows(drawn, 0, shown, 60 + GUTTER, SIGNS, here)[1])[GUTTER + 10] == seen


@given(st.integers(14, 200))
def test_rows_fit_in_their_width(columns):
    drawn = calendar("w60 s9000 n40 s900 f500")
    shown = [Shown(prompt(each), KEPT) for each in range(1, 10_000, 300)]
    for row in (*day_rows(drawn, 0, shown, columns, SIGNS, shown[5]), drawn.hours(columns - GUTTER)):
        assert len(text(row)) <= max(columns, GUTTER + len("00:00"))
    assert len(text(legend(SIGNS, columns)).rstrip()) <= columns


def test_spans_are_apart_where_seconds_are_missing():
    session = sessions("s10").sessions[0]
    assert spans_of(session) == (Span(0.0, 10.0, Posture.SITTING),)
    events = [*scripted("s10"), *scripted("s10 w5", 100.0)]
    session = days_of([worn("", 0.0, events, BoutParams())]).sessions[0]
    assert [(span.start_s, span.end_s) for span in spans_of(session)] == [(0.0, 10.0), (100.0, 110.0), (110.0, 115.0)]


@pytest.mark.parametrize(("rows", "times"), [(1, True), (2, False), (3, True), (4, False), (5, True), (6, True)])
def test_times_stand_above_where_that_costs_no_day(rows, times):
    assert with_times(rows) == times


def test_a_prompt_is_told_with_what_was_measured_and_what_came_after():
    days = sessions("s2000 w90 s600")
    tried = Tried(days)
    marks = Yardstick(
        tried,
        CONFIG,
        [Label(0, 1700.0, 1750.0, "wrong"), Label(0, 1900.0, 1900.0, Posture.SITTING), Label(0, 0.0, 9.0, "right")],
    )
    drawn = Calendar(days, lambda _session, _t_s: "09:30", lambda _session: "Mon 3 Nov")
    rerun = tried.run(CONFIG)
    sitting = next(each for each in rerun.prompts if each.name == "sitting")
    sentences = told(Shown(sitting, NEW), drawn, tried, (CONFIG, rerun), marks)
    assert sentences[0] == "Mon 3 Nov 09:30  sitting, new"
    assert sentences[1].startswith("measured 30:0")
    assert sentences[1].endswith(", limit 30:00")
    assert sentences[2].startswith("a break began 3 min later")
    assert [each.split(": ")[1] for each in sentences[3:]] == ["wrong", "sitting"]
    assert "before" in sentences[3]
    assert "after" in sentences[4]
    assert rule_of(sitting, rerun).limit == 1800.0
    assert rule_of(replace(sitting, index=3), rerun) is None


def test_words_that_do_not_fit_are_cut_with_an_ellipsis():
    assert [text(row) for row in told_rows(["one", "two", "three"], 20, 3)] == ["one", "two · three"]
    assert [text(row) for row in told_rows(["one", "two two", "three"], 9, 2)] == ["one", "two two …"]
    assert told_rows(["one"], 20, 0) == []


def test_figures_are_told_as_their_sliders_have_them():
    assert measured(912.0, "deg·s") == "15.2 °·min"
    assert measured(1803.0, "s") == "30:03"
