"""Hours of the week against minutes counted one by one; the profile a mark names; settings as plain data."""

import json
from dataclasses import asdict, replace

import pytest
from desk import RULES, SITTING, wanted, with_place
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.states.prompter import Week
from monitor.states.rules import (
    DAYS,
    MEASURES,
    AlertSettings,
    Band,
    BandParams,
    BudgetParams,
    DebtParams,
    FadingParams,
    Hours,
    QuietParams,
    alert_settings,
    hours_of,
    place_named,
)
from monitor.stream import Posture

DAY, WEEK = 1440, 7 * 1440  # minutes


def clock(minutes):
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


@st.composite
def hours_texts(draw):
    """Such as 'mon,sat 22:00-06:00', often by the full hour, so that some of them meet."""
    minutes = st.integers(0, 24).map(lambda h: h * 60) | st.integers(0, DAY)
    start, end = draw(st.lists(minutes, min_size=2, max_size=2, unique=True))
    days = draw(st.lists(st.sampled_from(DAYS), max_size=3, unique=True))
    return f"{','.join(days)} {clock(start)}-{clock(end)}".strip()


def minutes_of(text):
    """The minutes of the week in it, and of each the first one that is no longer in the same go; read on its own."""
    *days, times = text.split()
    start, end = (int(each[:2]) * 60 + int(each[3:]) for each in times.split("-"))
    length = end - start if end > start else end + DAY - start
    ends = {}
    for day in days[0].split(",") if days else DAYS:
        first = DAYS.index(day) * DAY + start
        ends |= {minute % WEEK: first + length for minute in range(first, first + length)}
    return ends


# ------------------------------------------------------------ one time of the week


@settings(max_examples=150, deadline=None)
@given(hours_texts(), st.integers(0, WEEK - 1))
@example("22:00-06:00", 5 * 60)
@example("sun 22:00-06:00", 5 * 60)
@example("24:00-06:00", 0)
@example("mon 00:00-24:00", DAY)
@example("mon 00:00-24:00", 0)
def test_hours_are_those_counted_minute_by_minute(text, minute):
    hours, on = hours_of(text), minutes_of(text)
    weekday, day_s = minute // DAY, minute % DAY * 60.0
    until_s = hours.until(weekday, day_s)
    if minute in on:
        assert until_s == (on[minute] - minute) % WEEK * 60.0
        assert hours.ahead(weekday, day_s) == 0.0
    else:
        assert until_s is None
        assert hours.ahead(weekday, day_s) == next(n for n in range(WEEK) if (minute + n) % WEEK in on) * 60.0


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("mon-fri 08:30-17:30", Hours((0, 1, 2, 3, 4), 30_600.0, 63_000.0)),
        ("sat,sun 10:00-12:00", Hours((5, 6), 36_000.0, 43_200.0)),
        ("Fri-Mon,wed 22:00-06:00", Hours((0, 2, 4, 5, 6), 79_200.0, 21_600.0)),
        ("9:05-24:00", Hours((0, 1, 2, 3, 4, 5, 6), 32_700.0, 86_400.0)),
    ],
)
def test_hours_are_written_as_one_says_them(text, hours):
    assert hours_of(text) == hours


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "write it as"),
        ("mon fri 08:00-09:00", "write it as"),
        ("mo-fr 08:00-09:00", "'mo-fr' is no day; days are mon, tue"),
        ("08:00", "'' is no time of day"),
        ("8-9", "write it as 08:30"),
        ("08:0-09:00", "write it as 08:30"),
        ("08:60-09:00", "'08:60' is no time of day"),
        ("08:00-24:01", "'24:01' is no time of day"),
        ("08:00-08:00", "it ends when it begins"),
        ("-1:00-08:00", "is no time of day"),
    ],
)
def test_hours_that_are_none_say_why(text, says):
    with pytest.raises(ValueError, match=says):
        hours_of(text)


# ------------------------------------------------------------ the whole week


def week_of(told, local_minute):
    week = Week(told)
    week.local_s = local_minute * 60.0
    return week


@settings(max_examples=80, deadline=None)
@given(
    st.lists(hours_texts(), max_size=2),
    st.lists(hours_texts(), max_size=3),
    st.integers(0, WEEK - 1),
    st.integers(0, 2 * WEEK),
)
@example(["mon,tue,wed,thu,fri 08:30-17:30"], ["12:00-13:00"], 0, 4 * DAY + 18 * 60)  # over the weekend
@example(["fri 22:00-06:00"], ["sat 00:00-05:00"], 4 * DAY, 23 * 60)  # over midnight
@example(["mon 09:00-10:00"], ["08:00-11:00"], 0, 0)  # never
def test_the_first_free_moment_is_the_one_found_minute_by_minute(working, quiet, local, t):
    week = week_of(wanted(quiet=QuietParams(tuple(working), tuple(quiet))), local)
    works = set().union(*map(minutes_of, working)) if working else set(range(WEEK))
    free = works - set().union(*map(minutes_of, quiet))
    expected = next((t + n for n in range(WEEK) if (local + t + n) % WEEK in free), None)
    found_s = week.free_from(t * 60.0)
    assert found_s == (float("inf") if expected is None else expected * 60.0)


@settings(max_examples=80, deadline=None)
@given(st.lists(hours_texts(), max_size=3), st.lists(hours_texts(), max_size=2), st.integers(0, WEEK - 1))
def test_the_profile_of_the_hour_is_sure_until_it_changes(sofa, car, minute):
    told = with_place(with_place(wanted(), "sofa", tuple(sofa)), "car", tuple(car))

    on = {name: set().union(*map(minutes_of, texts)) for name, texts in (("sofa", sofa), ("car", car))}

    def at(minute):
        return next((name for name, minutes in on.items() if minute % WEEK in minutes), "desk")

    name, until_s = week_of(told, minute).place(0.0)
    assert name == at(minute)
    assert until_s > 0.0
    for n in range(0, int(min(until_s / 60.0, WEEK)), 7):
        assert at(minute + n) == name


def test_without_a_known_clock_no_hours_apply():
    week = Week(with_place(wanted(quiet=QuietParams(("mon 08:00-09:00",))), "sofa", ("00:00-24:00",)))
    assert week.free_from(123.0) == 123.0
    assert week.place(123.0) == ("desk", float("inf"))


# ------------------------------------------------------------ names


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("sofa", "sofa"),
        ("Sofa", "sofa"),
        ("  Standing   Desk ", "standing-desk"),
        ("AUTO", "auto"),
        ("desk", "desk"),
        ("sitting", None),
        ("a sofa", None),
        ("", None),
    ],
)
def test_a_mark_names_a_profile_however_it_is_written(label, name):
    told = with_place(with_place(wanted(), "sofa"), "standing-desk")
    assert place_named(told, label) == name


def test_a_prompt_for_a_posture_is_asked_in_it():
    assert MEASURES["sitting_s"].asked_in == (Posture.SITTING,)
    assert MEASURES["standing_s"].asked_in == (Posture.STANDING,)
    asked = {posture for measure in MEASURES.values() for posture in measure.asked_in}
    assert asked == {Posture.SITTING, Posture.STANDING}


# ------------------------------------------------------------ plain data


TOLD = with_place(
    AlertSettings(
        wanted(RULES, BandParams(Band(7.5, 9.0, -12.5, 1.0), Band(6.0), 0.004, 8.0, 90.0)).places,
        DebtParams(6.0, 0.25),
        BudgetParams(2, 300.0, 200.0),
        FadingParams(0, 0.5),
        QuietParams(("mon-fri 08:00-16:00",), ("12:00-13:00",), 30.0, 0.8, 1, 600.0),
    ),
    "sofa",
    ("18:00-23:00",),
    (replace(SITTING, on=False, cue="screen"),),
    forget_s=30.0,
)


def test_settings_come_back_from_their_plain_form():
    for told in (TOLD, AlertSettings()):
        assert alert_settings(asdict(told)) == told
        assert alert_settings(json.loads(json.dumps(asdict(told)))) == told


def test_what_a_later_version_adds_is_left_out_and_what_an_older_one_lacks_is_as_shipped():
    plain = json.loads(json.dumps(asdict(TOLD)))
    plain["quiet"]["mood"] = plain["mood"] = 1
    plain["places"][0]["band"]["sitting"]["mood"] = plain["places"][0]["rules"][0]["mood"] = 1
    plain["places"][0]["rules"].append({**asdict(SITTING), "name": "heart", "measure": "heart_bpm"})
    assert alert_settings(plain) == TOLD
    assert alert_settings({}) == AlertSettings()
    assert alert_settings({"budget": {"most_per_hour": 2}}).budget == BudgetParams(2)
