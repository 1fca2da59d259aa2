"""Whether a prompt may come: the budget on any day, fading over a month, quiet times, snoozes, praise, usefulness."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from desk import (
    AT_ONCE,
    BREAKS,
    POSTURE,
    SIT,
    SITTING,
    STAND,
    STANDING,
    WALK,
    Desk,
    cleared,
    due,
    only,
    raised,
    started,
    wanted,
    with_place,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.states.prompter import Prompter
from monitor.states.rules import (
    MEASURES,
    AlertRule,
    Band,
    BandParams,
    BudgetParams,
    DebtParams,
    FadingParams,
    QuietParams,
)
from monitor.stream import AlertCleared, Posture, Praised, SnoozeRefused, Started, Wearer

OFTEN = replace(SITTING, limit=60.0, clear=5.0, hold_s=1.0, repeat_s=60.0)
PUT_OFF = ("snooze", "quiet", "meeting")  # what the wearer says about when prompts come


# ------------------------------------------------------------ budget: whatever happens


def rule_sets(names):
    rule = st.builds(
        lambda name, measure, limit, clear, hold_s, repeat_s: AlertRule(
            name, measure, limit, clear * limit, hold_s, repeat_s, "m", "p"
        ),
        st.sampled_from(names),
        st.sampled_from(sorted(MEASURES)),
        st.sampled_from([1.0, 10.0, 60.0, 300.0]),
        st.sampled_from([0.0, 0.5]),
        st.sampled_from([1.0, 5.0]),
        st.sampled_from([1.0, 60.0, 900.0]),
    )
    return st.lists(rule, min_size=1, max_size=3, unique_by=lambda rule: rule.name).map(tuple)


@st.composite
def all_settings(draw):
    told = wanted(
        draw(rule_sets("abc")),
        BandParams(Band(5.0, 5.0, draw(st.sampled_from([-15.0, 0.0])))),
        budget=BudgetParams(draw(st.integers(1, 5)), draw(st.sampled_from([0.0, 1.0, 120.0, 600.0])), 300.0),
        fading=FadingParams(draw(st.integers(0, 1)), draw(st.sampled_from([0.25, 1.0]))),
        debt=DebtParams(60.0, 0.5),
        quiet=QuietParams(
            quiet_hours=draw(st.sampled_from([(), ("08:10-08:20",)])),
            settle_s=draw(st.sampled_from([0.0, 20.0])),
            snoozes_in_a_row=draw(st.integers(0, 3)),
        ),
    )
    return with_place(told, "sofa", draw(st.sampled_from([(), ("08:05-09:00",)])), draw(rule_sets("bcd")))


postures = st.sampled_from([SIT, SIT, SIT, STAND, WALK, *Posture])
steps = st.one_of(
    st.tuples(st.just("spend"), st.integers(1, 600), postures, st.floats(-70.0, 40.0)),
    st.tuples(st.just("says"), st.sampled_from([*PUT_OFF, "dismiss"]), st.sampled_from([0.0, 1.0, 30.0, 900.0])),
    st.tuples(st.just("chooses"), st.sampled_from(["sofa", "desk", "auto", "sitting"])),
    st.tuples(st.just("changes"), all_settings()),
    st.tuples(
        st.just("session"),
        st.sampled_from([0, 1, 100, 3600]),
        st.integers(0, 2),
        st.sampled_from([math.nan, 1.0]),
        st.sampled_from([0.0, 0.5, 2.0]),
    ),
)


@settings(max_examples=60, deadline=None)
@given(all_settings(), st.lists(steps, min_size=3, max_size=16))
def test_nothing_that_happens_gives_more_prompts_than_the_budget_says(told, day):
    desk, began_s, asked = Desk(told, started()), 0.0, []
    put_off_s = -math.inf  # when the wearer last said when prompts shall come

    def came(events):
        for _, t_s in raised(events):
            asked.append(began_s + t_s)
            assert sum(asked[-1] - 3600.0 < each <= asked[-1] for each in asked) <= told.budget.most_per_hour
            if len(asked) > 1 and put_off_s < asked[-2]:
                assert asked[-1] - asked[-2] >= told.budget.apart_s

    for step, *how in day:
        match step:
            case "spend":
                came(desk.spend(*how, sideways_deg=7.0))
            case "says":
                assert raised(desk.says(*how)) == []
                put_off_s = began_s + desk.t_s if how[0] in PUT_OFF else put_off_s
            case "chooses":
                assert raised(desk.chooses(*how)) == []
            case "changes":
                (told,) = how
                assert raised(desk.changes(told)) == []
            case "session":
                later_s, worn, first, week = how
                began_s += desk.t_s + later_s
                hour = tuple(each - began_s for each in asked if -3600.0 < each - began_s < 0.0)
                desk = Desk(told, Started(0.0, 30_000.0, 2, worn, first, week, hour))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.floats(0.0, 900.0), st.lists(st.floats(0.1, 2000.0), max_size=60), st.floats(0.0, 2.0))
def test_over_many_hours_the_budget_is_kept_to_the_second(most, apart_s, waits, week):
    rules = (replace(SITTING, repeat_s=1.0), replace(POSTURE, repeat_s=1.0))
    prompter = Prompter(wanted(rules, budget=BudgetParams(most, apart_s)))
    prompter.start(started(first_per_h=1.0, week_per_h=week))
    assert 1 <= prompter.most <= most
    now_s, asked = 0.0, []
    for n, wait_s in enumerate(waits):
        name = rules[n % 2].name
        earliest_s = prompter.earliest(name, now_s)
        assert (prompter.why_not(name, now_s) == "") is (earliest_s <= now_s)
        if earliest_s <= now_s + wait_s:  # it comes at the first moment
            now_s = max(now_s, earliest_s)
            assert prompter.earliest(name, now_s) == now_s
            prompter.ask(rules[n % 2], now_s)
            asked.append(now_s)
        now_s += wait_s / 3.0
    assert all(b - a >= apart_s - 1e-6 for a, b in pairwise(asked))
    assert all(later - first >= 3600.0 - 1e-6 for first, later in zip(asked, asked[most:], strict=False))


def test_the_budget_of_an_hour_is_kept_and_comes_back():
    desk = Desk(wanted((replace(OFTEN, hold_s=5.0),)))
    times = [t_s for _, t_s in raised(desk.spend(7400))]
    assert times == [hour + t_s for hour in (0.0, 3600.0) for t_s in (64.0, 184.0, 304.0, 424.0)] + [7264.0, 7384.0]


def test_prompts_of_a_session_just_ended_count():
    desk = Desk(wanted((OFTEN,)), started(asked_s=(-3000.0, -2000.0, -1000.0, -50.0)))
    assert desk.alerts.prompter.left(0.0) == 0
    assert raised(desk.spend(1700)) == [("sitting", 600.0), ("sitting", 1600.0)]
    desk = Desk(wanted((OFTEN,)), started(asked_s=(-50.0,)))
    assert raised(desk.spend(100)) == [("sitting", 70.0)]  # apart from it


# ------------------------------------------------------------ the most useful one


def test_of_several_that_are_due_the_one_farthest_beyond_its_limit_comes_first():
    rules = (replace(SITTING, limit=1750.0), replace(SITTING, name="longer", limit=1000.0), POSTURE)
    desk = Desk(wanted(rules))
    desk.says("snooze", 1900.0)
    assert raised(desk.spend(2200)) == [("longer", 1900.0), ("sitting", 2020.0)]


def test_one_that_waited_is_dropped_if_it_is_over_by_then():
    desk = Desk(wanted((SITTING, replace(POSTURE, clear=0.0))))
    desk.says("quiet", 1900.0)
    assert raised(desk.spend(1901, SIT, -60.0)) == [("posture", 1900.0)]
    assert raised(desk.spend(300, WALK)) == []


def test_what_was_never_followed_is_dropped_before_what_was():
    ignored = replace(OFTEN, name="ignored", measure="break_debt_s", limit=50.0, clear=0.0)
    followed = replace(OFTEN, name="followed")
    debt, budget = DebtParams(owed_min_per_h=60.0), BudgetParams(60, 1.0, answer_s=100.0)
    desk = Desk(wanted((ignored, followed), debt=debt, budget=budget, quiet=AT_ONCE))

    def first():
        """Which of the two comes when both have waited."""
        desk.says("quiet", 100.0)
        desk.spend(99)
        ((name, _),) = raised(desk.spend(1))
        return name

    assert first() == "ignored"  # farther beyond its limit
    assert [name for name, _ in raised(desk.spend(2))] == ["followed"]
    desk.spend(70, WALK)  # a break, but not all of the debt
    assert [name for name, _, _ in cleared(desk.events)] == ["followed"]
    assert desk.alerts.measures.values["break_debt_s"] > 0.0
    desk.spend(20)
    assert first() == "followed"  # though the other is farther beyond its limit still


# ------------------------------------------------------------ quiet


def test_after_quiet_one_prompt_catches_up():
    desk = Desk(wanted((SITTING, POSTURE)))
    desk.spend(100)
    desk.says("quiet", 2700.0)
    assert desk.alerts.prompter.quiet(100.0) == ("quiet", 2700.0)
    assert raised(desk.spend(2699, SIT, -60.0)) == []
    assert due(desk.events) == [("posture", "quiet", 135.0), ("sitting", "quiet", 1804.0)]
    assert len(raised(desk.spend(100, SIT, -60.0))) == 1
    assert raised(desk.events)[0][1] == 2800.0
    assert len(raised(desk.spend(100, SIT, -60.0))) == 1  # the other later, as it is still true


def test_quiet_takes_the_prompt_away_and_brings_it_back():
    desk = Desk(wanted((SITTING,)))
    desk.spend(1900)
    assert cleared(desk.says("quiet", 600.0)) == [("sitting", "quiet", 1900.0)]
    assert raised(desk.spend(700)) == [("sitting", 2500.0)]


def test_quiet_off_ends_quiet_snooze_and_meeting_at_once():
    for begin in ("quiet", "snooze", "meeting"):
        desk = Desk(wanted((SITTING,)))
        desk.spend(1900)
        desk.says(begin, 2700.0)
        desk.spend(300)
        assert desk.says("quiet", 0.0) == []
        assert desk.alerts.prompter.quiet(desk.t_s) is None
        assert raised(desk.spend(10)) == [("sitting", 2201.0)]


def test_quiet_off_without_quiet_hastens_nothing():
    desk = Desk(wanted((SITTING, replace(SITTING, name="other"))))
    desk.spend(1810)
    desk.says("quiet", 0.0)
    assert raised(desk.spend(1000)) == [("other", 1924.0), ("sitting", 2704.0)]


def test_in_a_meeting_nothing_comes_and_afterwards_one_prompt_does():
    desk = Desk(wanted((SITTING, replace(POSTURE, limit=300.0, clear=100.0))))
    desk.spend(1700)
    desk.says("meeting", 1.0)
    assert desk.alerts.prompter.quiet(1700.0) == ("meeting", 10_800.0)
    assert raised(desk.spend(1300, SIT, -60.0)) == []
    assert desk.says("meeting", 0.0) == []
    assert len(raised(desk.spend(100, SIT, -60.0))) == 1
    assert raised(desk.events)[0][1] == 3001.0


def test_a_meeting_takes_the_prompt_away_and_ends_by_itself():
    desk = Desk(wanted((SITTING,), quiet=QuietParams(meeting_most_s=600.0)))
    desk.spend(1900)
    assert cleared(desk.says("meeting", 1.0)) == [("sitting", "quiet", 1900.0)]
    assert raised(desk.spend(700)) == [("sitting", 2500.0)]


@pytest.mark.parametrize(
    ("quiet", "at", "weekday", "first_s"),
    [
        ({"quiet_hours": ("12:00-13:00",)}, "12:10", 0, 3000.0),
        ({"quiet_hours": ("23:30-00:30",)}, "23:50", 6, 2400.0),  # over midnight
        ({"quiet_hours": ("sun 23:30-00:30",)}, "23:50", 0, 60.0),
        ({"working_hours": ("mon-fri 08:30-17:30",)}, "08:00", 1, 1800.0),
        ({"working_hours": ("mon-fri 08:30-17:30",)}, "17:29", 1, None),
        ({"working_hours": ("mon-fri 08:30-17:30",)}, "12:00", 5, None),  # a Saturday
        ({"working_hours": ("22:00-06:00",)}, "05:00", 3, 60.0),
        ({"working_hours": ("mon-fri 08:30-17:30",), "quiet_hours": ("08:30-08:45",)}, "08:00", 1, 2700.0),
    ],
)
def test_prompts_come_within_working_hours_and_in_no_quiet_ones(quiet, at, weekday, first_s):
    other = replace(OFTEN, name="other", measure="unshifted_s")
    desk = Desk(wanted((other, OFTEN), quiet=QuietParams(settle_s=0.0, **quiet)), started(at, weekday))
    desk.spend(4300)
    times = [t_s for _, t_s in raised(desk.events)]
    assert (times[0] if times else None) == first_s
    assert all(b - a >= 120.0 for a, b in pairwise(times))  # no burst when they begin
    assert {held for _, held, _ in due(desk.events)} <= {"", "hours", "another prompt"}


# ------------------------------------------------------------ snooze


def test_snoozed_all_prompts_wait_and_the_one_on_screen_comes_back_when_it_ends():
    desk = Desk(wanted((SITTING, POSTURE)))
    desk.spend(1810)
    assert cleared(desk.says("snooze", 300.0)) == [("sitting", "snoozed", 1810.0)]
    assert desk.alerts.prompter.quiet(1810.0) == ("snoozed", 300.0)
    assert len(raised(desk.spend(400, SIT, -45.0))) == 1  # one to catch up, not a burst
    assert raised(desk.events)[-1][1] == 2110.0
    assert raised(desk.spend(100, SIT, -45.0))[0][1] == 2230.0


def test_a_prompt_can_be_put_off_so_often_in_a_row_and_then_it_stays():
    desk = Desk(wanted((SITTING,)))
    desk.spend(1810)
    for _ in range(3):
        assert cleared(desk.says("snooze", 60.0)) != []
        assert len(raised(desk.spend(100))) == 1
    assert desk.says("snooze", 60.0) == [SnoozeRefused(desk.t_s, 3)]
    assert desk.alerts.prompter.raised("sitting")
    assert desk.alerts.prompter.quiet(desk.t_s) is None


@pytest.mark.parametrize("end", ["dismiss", "move"])
def test_done_or_moved_one_may_put_off_anew(end):
    desk = Desk(wanted((SITTING,), quiet=QuietParams(snoozes_in_a_row=1)))
    desk.spend(1810)
    desk.says("snooze", 60.0)
    desk.spend(100)
    assert only(desk.says("snooze", 60.0), SnoozeRefused) != []
    if end == "dismiss":
        desk.says("dismiss")
    else:
        desk.spend(100, WALK)
    while not desk.alerts.prompter.raised("sitting"):
        desk.spend(10)
    assert cleared(desk.says("snooze", 60.0)) != []


def test_to_put_off_longer_while_it_is_put_off_counts_too():
    desk = Desk(wanted((SITTING,)))
    desk.spend(1810)
    for _ in range(3):
        assert only(desk.says("snooze", 60.0), SnoozeRefused) == []
        desk.spend(30)
    assert desk.says("snooze", 60.0) == [SnoozeRefused(1900.0, 3)]
    assert raised(desk.spend(60)) == [("sitting", 1930.0)]


def test_a_snooze_before_anything_is_asked_counts_for_nothing():
    desk = Desk(wanted((SITTING,), quiet=QuietParams(snoozes_in_a_row=1)))
    for _ in range(5):
        assert desk.says("snooze", 300.0) == desk.says("dismiss") == []
        desk.spend(10)
    desk.spend(2000)
    assert cleared(desk.says("snooze", 60.0)) == [("sitting", "snoozed", 2050.0)]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 300), st.sampled_from(["snooze", "quiet"]))
def test_on_any_day_nothing_is_raised_while_put_off(seconds, how):
    desk = Desk(wanted((OFTEN, replace(POSTURE, limit=60.0, clear=20.0))))
    desk.spend(seconds, SIT, -50.0)
    desk.says(how, float(seconds))
    assert raised(desk.spend(seconds - 1, SIT, 55.0)) == []


# ------------------------------------------------------------ praise


def test_a_break_after_a_prompt_is_praised_once_when_the_sensor_has_seen_it():
    desk = Desk(wanted((SITTING,)))
    desk.spend(1900)
    new = desk.spend(100, STAND, 0.0)
    assert new == [AlertCleared(1964.0, "sitting", "recovered"), Praised(1964.0, "sitting", "Up and moving.")]
    assert only(desk.spend(1000, WALK), Praised) == []


def test_standing_and_debt_are_praised_too_but_no_tilt():
    desk = Desk(wanted((STANDING,)))
    desk.spend(2500, STAND, 0.0)
    assert [event.name for event in only(desk.spend(100), Praised)] == ["standing"]  # sat down: a change
    desk = Desk(wanted((replace(BREAKS, limit=60.0, clear=30.0), POSTURE)))
    desk.spend(800)
    assert [event.name for event in only(desk.spend(100, WALK), Praised)] == ["breaks"]
    desk = Desk(wanted((POSTURE,)))
    desk.spend(120, SIT, -35.0)
    assert [cause for _, cause, _ in cleared(desk.spend(200))] == ["recovered"]
    assert only(desk.events, Praised) == []


def test_dismissed_first_a_break_is_still_praised():
    desk = Desk(wanted((SITTING,)))
    desk.spend(1900)
    desk.says("dismiss")
    assert len(only(desk.spend(100, WALK), Praised)) == 1


@pytest.mark.parametrize(
    ("before_s", "then"),
    [
        (1790, [(100, WALK)]),  # without a prompt
        (2300, [(100, WALK)]),  # long after it
        (1900, [(100, Posture.LYING)]),  # lay down: no movement that the sensor saw
        (1900, [(100, Posture.NOT_WORN)]),
        (1810, [(10, Posture.NO_DATA), (100, WALK)]),
    ],
)
def test_no_praise_without_a_prompt_just_before_and_a_movement_that_was_seen(before_s, then):
    desk = Desk(wanted((SITTING,)))
    desk.spend(before_s)
    for seconds, posture in then:
        desk.spend(seconds, posture)
    assert only(desk.events, Praised) == []


def test_unknown_for_long_is_no_movement():
    desk = Desk(wanted((SITTING,), budget=BudgetParams(answer_s=3600.0)))
    desk.spend(1900)
    desk.spend(400, Posture.UNKNOWN)
    assert [cause for _, cause, _ in cleared(desk.events)] == ["recovered"]
    assert only(desk.events, Praised) == []


def test_what_is_said_and_is_no_action_does_nothing():
    assert Prompter(wanted()).act(Wearer(3.0, "sing", 9.0)) == []
