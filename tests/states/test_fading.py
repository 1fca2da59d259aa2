"""Prompts over days and weeks: a silent first day, then a schedule that thins out with need and comes back with it."""

import math
from dataclasses import replace

import pytest
from desk import (
    AT_ONCE,
    FIXED,
    SITTING,
    WALK,
    Desk,
    due,
    raised,
    started,
    wanted,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.states.prompter import fading_share
from monitor.states.rules import (
    BudgetParams,
    FadingParams,
)

OFTEN = replace(SITTING, limit=60.0, clear=5.0, hold_s=1.0, repeat_s=60.0)

# ------------------------------------------------------------ the silent first day


@pytest.mark.parametrize(
    ("days", "worn", "at", "until_s"),
    [
        (1, 0, "23:00", 3600.0),
        (1, 0, "00:00", 86_400.0),
        (3, 1, "23:00", 3600.0 + 86_400.0),
        (1, 1, "23:00", None),
        (0, 0, "23:00", None),
    ],
)
def test_the_first_days_are_silent_until_midnight(days, worn, at, until_s):
    desk = Desk(wanted((OFTEN,), fading=FadingParams(baseline_days=days)), started(at, days_worn=worn))
    assert desk.alerts.prompter.quiet(0.0) == (None if until_s is None else ("baseline", until_s))
    desk.spend(3700)
    if until_s is None:
        assert raised(desk.events)[0] == ("sitting", 60.0)
    elif until_s > 3700.0:
        assert due(desk.events) == [("sitting", "baseline", 60.0)]
        assert raised(desk.events) == []
    else:
        assert raised(desk.events) == [("sitting", 3600.0)]


def test_quiet_off_or_the_file_skips_the_silent_first_day():
    told = wanted((OFTEN,))
    desk = Desk(told, started(days_worn=0))
    desk.spend(100)
    desk.says("quiet", 0.0)
    assert raised(desk.spend(10)) == [("sitting", 101.0)]
    desk.changes(replace(told, fading=FadingParams(least=0.5)))
    assert desk.alerts.prompter.quiet(desk.t_s) is None  # nor does it begin anew
    desk = Desk(told, started(days_worn=0))
    desk.spend(100)
    desk.changes(replace(told, fading=FadingParams(baseline_days=0)))
    assert raised(desk.spend(10)) == [("sitting", 101.0)]


# ------------------------------------------------------------ fading


@settings(max_examples=100, deadline=None)
@given(st.floats(0.01, 1.0), st.floats(0.01, 20.0), st.floats(0.0, 20.0), st.floats(0.0, 20.0))
def test_the_share_rises_and_falls_with_the_week_and_never_beyond_all(least, first, week, other):
    low, high = (fading_share(least, first, each) for each in sorted((week, other)))
    assert least <= low <= high <= 1.0
    assert fading_share(least, first, first) == 1.0
    assert fading_share(1.0, first, week) == 1.0
    assert fading_share(least, first, 0.0) == least


def test_what_is_not_known_fades_nothing():
    for first, week in ((math.nan, 1.0), (1.0, math.nan), (0.0, 0.0)):
        assert fading_share(0.25, first, week) == 1.0


def test_faded_prompts_are_fewer_farther_apart_and_come_again_later():
    told = wanted((SITTING, replace(SITTING, name="other")))
    desk = Desk(told, started(first_per_h=2.0, week_per_h=1.0))
    assert desk.alerts.prompter.most == 2
    assert raised(desk.spend(3900)) == [("sitting", 1804.0), ("other", 1804.0 + 240.0)]
    assert raised(desk.spend(1600)) == [("sitting", 5404.0)]  # the budget of an hour is two
    desk = Desk(wanted((SITTING,)), started(first_per_h=2.0, week_per_h=1.0))
    assert raised(desk.spend(3700)) == [("sitting", 1804.0), ("sitting", 1804.0 + 2 * 900.0)]
    desk = Desk(told, started(first_per_h=2.0, week_per_h=1.0))
    desk.changes(replace(told, fading=FadingParams(least=1.0)))
    assert desk.alerts.prompter.most == 4  # at once


def test_one_prompt_an_hour_is_always_left():
    desk = Desk(wanted((OFTEN,), budget=BudgetParams(1)), started(first_per_h=9.0, week_per_h=0.0))
    assert len(raised(desk.spend(7300))) == 3


# ------------------------------------------------------------ a month

WORN_S = 6000
MONTH = wanted((SITTING,), FIXED, quiet=AT_ONCE)


def month(seated_s, told=MONTH, follows=True):
    """Days of sitting spells: (prompts, Prompter.most, share) of each, each begun with what the days before tell.

    seated_s: seconds of the spell of this number in a day; follows: a walk of a minute between them, else none.
    """
    spells, found = [], []
    for day in range(30):
        desk = Desk(told, started(days_worn=day, first_per_h=_pace(spells, first=True), week_per_h=_pace(spells)))
        spell = 0
        while desk.t_s < WORN_S:
            desk.spend(min(seated_s(day, spell), WORN_S - desk.t_s))
            spell += 1
            if follows:
                desk.spend(70, WALK)
        spells.append(len(due(desk.events)))
        prompter = desk.alerts.prompter
        times = [t_s for _, t_s in raised(desk.events)]
        assert all(b - a >= 3600.0 for a, b in zip(times, times[4:], strict=False))
        found.append((len(times), prompter.most, prompter.share))
    return found


def _pace(spells, *, first=False):
    """As in storage.history.queries."""
    counted = next((n for n, each in enumerate(spells) if each), len(spells))
    week = spells[counted : counted + 7] if first else spells[max(counted, len(spells) - 7) :]
    return sum(week) / (len(week) * WORN_S / 3600.0) if week else math.nan


def weeks(days, column):
    return [sum(day[column] for day in days[n : n + 7]) / 7.0 for n in range(1, 29, 7)]


def test_who_improves_over_a_month_is_asked_less_and_less():
    days = month(lambda day, spell: 2000 if spell < 3 - (day - 1) // 7 else 1200)
    assert days[0] == (0, 4, 1.0)  # the silent first day
    prompts, most, share = (weeks(days, column) for column in range(3))
    assert prompts == sorted(prompts, reverse=True)
    assert prompts[0] > prompts[-1] == 0.0
    assert most == sorted(most, reverse=True)
    assert share == sorted(share, reverse=True)
    assert days[-1][1:] == (1, 0.25)


def test_who_falls_back_gets_the_full_schedule_again():
    days = month(lambda day, _: 1500 if 8 <= day < 17 else 2600)
    assert min(share for _, _, share in days) == 0.25
    assert [each[1:] for each in days[-6:]] == [(4, 1.0)] * 6
    assert days[-1][0] == days[1][0] > 0


def test_who_ignores_prompts_never_gets_more_than_the_budget():
    stubborn = replace(MONTH, budget=BudgetParams(most_per_hour=4, apart_s=60.0))
    often = [replace(rule, repeat_s=60.0) for rule in (SITTING, replace(SITTING, name="other", limit=600.0))]
    told = replace(stubborn, places=wanted(often, FIXED).places)
    days = month(lambda *_: WORN_S, told, follows=False)  # asserts it for each hour
    assert {prompts for prompts, _, _ in days[1:]} == {8}
    assert days[-1][1:] == (4, 1.0)
