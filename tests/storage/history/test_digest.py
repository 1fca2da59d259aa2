"""Session time to local days, and a session's events to the figures of each of its days."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import scripted

from monitor.analysis import analyze
from monitor.config import profile_from_mapping
from monitor.profile import Profile
from monitor.states.day import DayFigures, DaySums, added
from monitor.storage.history.calendar import LocalDays, midnight_utc_s, zone_of
from monitor.storage.history.digest import Digester
from monitor.storage.recording import Recording
from monitor.stream import (
    AlertCleared,
    AlertRaised,
    BoutEnded,
    Fidget,
    Posture,
    PostureChanged,
    Transition,
    UprightShift,
)

ROOT = Path(__file__).parents[3]
VIENNA, NEW_YORK = ZoneInfo("Europe/Vienna"), ZoneInfo("America/New_York")


def digested(events, started_utc_s, zone):
    digester = Digester(LocalDays(started_utc_s, zone), started_utc_s, 10.0)
    for event in events:
        digester.push(event)
    return digester.digest()


def lain(seconds, started_utc_s, zone):
    """Seconds lying on each day of a session of so many."""
    digester = Digester(LocalDays(started_utc_s, zone), started_utc_s, 10.0)
    digester.spend(0.0, Posture.LYING, [0] * seconds)
    digester.push(BoutEnded(Posture.LYING, 0.0, float(seconds)))
    assert [row[0] for row in digester.digest().bouts] == list(digester.digest().days)
    return {day: each.lying_s for day, (each, *_) in digester.digest().days.items()}


def at(text, zone=VIENNA):
    """Unix time of a local date and time."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def before_midnight(seconds, events, zone=VIENNA):
    """The digest of events of a session that begins so long before the first of June."""
    return digested(events, at("2026-06-01") - seconds, zone)


def sums(digest, day):
    return digest.days[day][0]


# ------------------------------------------------------------ the calendar


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        ("2026-03-29", VIENNA, 23),
        ("2026-10-25", VIENNA, 25),
        ("2026-06-01", VIENNA, 24),
        ("2026-03-08", NEW_YORK, 23),
        ("2026-11-01", NEW_YORK, 25),
        ("2018-11-04", ZoneInfo("America/Sao_Paulo"), 23),  # there is no midnight on this day
        ("2026-03-29", zone_of("", 3600), 24),
    ],
)
def test_a_day_is_as_long_as_the_clocks_there_make_it(day, zone, hours):
    first = date.fromisoformat(day)
    after = date.fromordinal(first.toordinal() + 1)
    assert midnight_utc_s(after, zone) - midnight_utc_s(first, zone) == hours * 3600.0


def test_a_zone_that_nobody_knows_is_its_offset():
    for name in ("", "Middle/Earth", "../etc", "Europe"):
        assert zone_of(name, 7200).utcoffset(None).total_seconds() == 7200.0
    assert zone_of("", 0) is UTC


def test_each_second_belongs_to_the_day_in_which_it_began():
    days = LocalDays(at("2026-06-01") - 10.25, VIENNA)
    assert [str(days.at(t_s)) for t_s in (0.0, 9.0, 10.0, 10.9)] == ["2026-05-31"] * 4
    assert [str(days.at(t_s)) for t_s in (11.0, 86_410.0, 10.0, 86_411.0)] == [
        "2026-06-01",
        "2026-06-01",
        "2026-05-31",
        "2026-06-02",
    ]


@settings(max_examples=40, deadline=None)
@given(st.floats(1e9, 2e9), st.floats(0.0, 3e6), st.sampled_from([VIENNA, NEW_YORK, UTC]))
def test_days_follow_each_other_without_a_hole(started_utc_s, t_s, zone):
    days = LocalDays(started_utc_s, zone)
    day = days.at(t_s)
    since_s, until_s = days.since_s, days.until_s
    assert since_s <= t_s < until_s
    assert (since_s.is_integer(), until_s.is_integer()) == (True, True)
    assert days.at(until_s) == date.fromordinal(day.toordinal() + 1)
    assert days.since_s == until_s
    assert days.at(since_s) == day


# ------------------------------------------------------------ days of a session


@pytest.mark.parametrize("name", ["tour", "morning-acc-only"])
def test_one_session_on_one_day_has_the_figures_of_its_events(name):
    events = []
    with Recording.open(ROOT / "recordings" / f"{name}.sqlite") as recording:
        profile = profile_from_mapping(recording.meta.profile, Profile())
        report = analyze(recording, profile, sink=lambda _, some, __: events.extend(some))
        digest = digested(events, recording.meta.started_utc_s, ZoneInfo(recording.meta.zone))
    assert list(digest.days) == ["2026-03-02"]
    assert sums(digest, "2026-03-02").figures() == report.day.figures()
    assert digest.days["2026-03-02"][1] == report.alerts
    assert sum(row[1] == "walking" for row in digest.bouts) == report.day.walks


spells = st.lists(st.tuples(st.sampled_from("sfwlunob"), st.integers(1, 90)), max_size=15)


@settings(max_examples=40, deadline=None)
@given(spells)
def test_any_session_on_one_day_has_the_figures_of_its_events(script):
    events = scripted(" ".join(f"{letter}{seconds}" for letter, seconds in script))
    day = DayFigures()
    for event in events:
        day.push(event)
    digest = digested(events, at("2026-06-01T12:00"), VIENNA)
    assert added(sums for sums, *_ in digest.days.values()).figures() == day.figures()


@settings(max_examples=40, deadline=None)
@given(spells, st.integers(0, 900))
def test_midnight_takes_nothing_and_adds_nothing(script, seconds):
    events = scripted(" ".join(f"{letter}{length}" for letter, length in script))
    whole, cut = (before_midnight(length, events) for length in (90_000, seconds + 0.5))
    one, two = (added(part for part, *_ in digest.days.values()) for digest in (whole, cut))
    names = ("worn_s", "sitting_s", "walking_s", "no_data_s", "not_worn_s", "steps", "breaks", "upright_shifts")
    assert [getattr(one, name) for name in names] == [getattr(two, name) for name in names]
    assert sum(two.sat_s) == sum(one.sat_s)
    if not any(letter == "b" for letter, _ in script):  # what is taken back takes a bout's steps only with all of it
        assert sum(row[4] for row in cut.bouts) == sum(row[4] for row in whole.bouts)
    assert all(length_s > 0.0 for length_s in two.sat_s)


def test_a_session_over_midnight_gives_each_day_its_seconds_steps_and_spells():
    digest = before_midnight(1000, scripted("s600 w700 s1200"))
    old, new = sums(digest, "2026-05-31"), sums(digest, "2026-06-01")
    assert (old.sitting_s, old.walking_s, old.steps, old.sat_s) == (600.0, 400.0, 800, (600.0,))
    assert (new.sitting_s, new.walking_s, new.steps, new.sat_s) == (1200.0, 300.0, 600, (1200.0,))
    midnight = at("2026-06-01")
    assert digest.bouts[1:3] == [
        ("2026-05-31", "walking", midnight - 400.0, midnight, 800, ""),
        ("2026-06-01", "walking", midnight, midnight + 300.0, 600, ""),
    ]
    assert (old.walked_steps, new.walked_steps, old.breaks, new.breaks) == (800, 600, 1, 0)


def test_a_sitting_spell_is_cut_at_midnight_and_its_parts_are_no_longer_one():
    digest = before_midnight(600, scripted("s2000"))
    assert sums(digest, "2026-05-31").sat_s == (600.0,)
    assert sums(digest, "2026-06-01").sat_s == (1400.0,)


def test_a_break_over_midnight_belongs_to_the_day_it_began_in_and_parts_the_next_one_s_sitting():
    digest = before_midnight(130, scripted("s100 w60 s20 w10 s100"))  # the 20 s are too short to end the break
    assert (sums(digest, "2026-05-31").breaks, sums(digest, "2026-06-01").breaks) == (1, 0)
    assert [row[:2] for row in digest.breaks] == [("2026-05-31", "break")]
    assert sums(digest, "2026-06-01").sat_s == (20.0, 100.0)


def test_a_session_of_three_days_fills_the_middle_one():
    days = lain(176_401, at("2026-05-31T23:00"), VIENNA)
    assert days == {"2026-05-31": 3600.0, "2026-06-01": 86_400.0, "2026-06-02": 86_400.0, "2026-06-03": 1.0}


def test_what_was_not_worn_is_taken_back_on_both_sides_of_midnight():
    digest = before_midnight(1000, scripted("w60 s1340 b700 o100"))
    old, new = sums(digest, "2026-05-31"), sums(digest, "2026-06-01")
    assert (old.sitting_s, old.not_worn_s, old.sat_s) == (640.0, 300.0, (640.0,))
    assert (new.sitting_s, new.not_worn_s, new.sat_s) == (0.0, 500.0, ())
    assert [(row[0], row[1]) for row in digest.bouts] == [
        ("2026-05-31", "walking"),
        ("2026-05-31", "sitting"),
        ("2026-05-31", "not-worn"),
        ("2026-06-01", "not-worn"),
    ]


def test_bouts_told_already_end_where_it_was_not_worn():
    digest = before_midnight(86_000, scripted("s600 w30 s100 l60 s200 b380 o10"))
    rows = [(row[1], row[2] - digest.bouts[0][2], row[3] - digest.bouts[0][2]) for row in digest.bouts]
    assert rows == [("sitting", 0.0, 600.0), ("walking", 600.0, 610.0), ("not-worn", 610.0, 1000.0)]


# ------------------------------------------------------------ summer time


@pytest.mark.parametrize(
    ("started", "changed", "seconds"),
    [("2026-03-28T20:00", "2026-03-29", 82_800.0), ("2026-10-24T20:00", "2026-10-25", 90_000.0)],
)
def test_a_session_across_a_change_of_the_clocks_fills_a_day_of_23_or_25_hours(started, changed, seconds):
    after = str(date.fromordinal(date.fromisoformat(changed).toordinal() + 1))
    assert lain(4 * 3600 + int(seconds) + 1800, at(started), VIENNA) == {
        started[:10]: 4 * 3600.0,
        changed: seconds,
        after: 1800.0,
    }


def test_the_same_moment_is_another_day_elsewhere():
    started_utc_s = datetime(2026, 6, 1, 2, tzinfo=UTC).timestamp()
    events = scripted("s60")
    assert list(digested(events, started_utc_s, VIENNA).days) == ["2026-06-01"]
    assert list(digested(events, started_utc_s, NEW_YORK).days) == ["2026-05-31"]


# ------------------------------------------------------------ other events


def raised(t_s, name="sitting"):
    return AlertRaised(t_s, name, "Get up", 1800.0, 1800.0, "s", {})


def test_prompts_keep_what_became_of_them():
    events = scripted("s300")
    events[100:100] = [raised(10.0), raised(20.0, "tilt"), AlertCleared(30.0, "sitting", "dismissed"), raised(40.0)]
    digest = before_midnight(86_000, events)
    midnight = at("2026-06-01") - 86_000
    assert [(row[1], row[3] - midnight, row[7] and row[7] - midnight, row[8]) for row in digest.alerts] == [
        ("sitting", 10.0, 30.0, "dismissed"),
        ("tilt", 20.0, None, ""),
        ("sitting", 40.0, None, ""),
    ]
    assert digest.days["2026-05-31"][1] == 3


def test_a_prompt_at_midnight_belongs_to_the_second_that_raised_it():
    digest = before_midnight(100, [*scripted("s100"), raised(100.0)])
    assert {day: alerts for day, (_, alerts, _) in digest.days.items()} == {"2026-05-31": 1}


def test_what_happens_counts_on_the_day_it_begins_in():
    events = [
        *scripted("s200"),
        Fidget("fidget", 98.0, 101.0, 0.0),
        Fidget("posture-shift", 100.0, 101.0, 12.0),
        Transition("sit-to-stand", 99.6, 101.2, 0.9),
        UprightShift(95.0, 110.0),
        PostureChanged(199.0, Posture.SITTING, Posture.STANDING, 0.9),
    ]
    digest = before_midnight(100, events)
    old, new = sums(digest, "2026-05-31"), sums(digest, "2026-06-01")
    assert (old.fidgets, old.posture_shifts, new.fidgets, new.posture_shifts) == (1, 0, 0, 1)
    assert (old.upright_shifts, new.upright_shifts) == (1, 0)
    assert [row[:2] for row in digest.transitions] == [("2026-05-31", "sit-to-stand")]
    assert [row[:2] for row in digest.breaks] == [("2026-05-31", "upright-shift")]


def test_sums_of_nothing_are_nothing():
    assert added([]) == DaySums()
    assert DaySums().figures() == DayFigures().figures()
