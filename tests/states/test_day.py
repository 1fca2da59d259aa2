"""The day's figures from events: by hand, and from scripts through Bouts."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.snapshot import Span
from monitor.states.bouts import BoutParams, Bouts
from monitor.states.day import DayFigures, add_span, take_back, w50
from monitor.stream import BoutEnded, Break, Epoch, Fidget, Posture, PostureChanged, UprightShift

LETTER = {
    "s": Posture.SITTING,
    "f": Posture.STANDING,  # without any evidence
    "w": Posture.WALKING,
    "l": Posture.LYING,
    "u": Posture.UNKNOWN,
    "n": Posture.NO_DATA,
    "o": Posture.NOT_WORN,
}
SIT, OFF = Posture.SITTING, Posture.NOT_WORN


class Day:
    """A script such as 's600 w20 s60'; 'b300': not worn for the last 300 s, as is known now; j: jump ahead."""

    def __init__(self, script):
        self.bouts, self.day, self.t_s = Bouts(BoutParams()), DayFigures(), 0.0
        for letter, seconds in re.findall(r"([a-z])(\d+)", script):
            if letter == "j":
                self.t_s += int(seconds)
                continue
            if letter == "b":
                self.take(self.bouts.not_worn_since(max(self.t_s - int(seconds), 0.0)))
                continue
            for _ in range(int(seconds)):
                steps = 2 if letter == "w" else 0
                epoch = Epoch(self.t_s, LETTER[letter], 0.9, 0.0, 0.0, 1.0, still=True, motion_mg=3.0, steps=steps)
                self.take([epoch, *self.bouts.push(epoch)])
                self.t_s += 1.0
        self.take(self.bouts.finish())

    def take(self, events):
        for event in events:
            self.day.push(event)

    @property
    def figures(self):
        return self.day.figures()


def test_an_empty_day_divides_by_nothing():
    figures = DayFigures().figures()
    assert (figures.sitting_s, figures.sitting_bouts, figures.breaks, figures.steps) == (0.0, 0, 0, 0)
    assert figures.longest_sitting_s is figures.median_sitting_s is figures.w50_sitting_s is None
    assert figures.breaks_per_sitting_h is figures.cadence_steps_per_min is None


def test_a_morning_of_three_bouts():
    figures = Day("w60 s1300 w70 s3700 w30 s2200").figures
    assert (figures.sitting_s, figures.sitting_bouts) == (7200.0, 3)
    assert (figures.longest_sitting_s, figures.median_sitting_s, figures.w50_sitting_s) == (3700.0, 2200.0, 3700.0)
    over = figures.sitting_bouts_over_20_min, figures.sitting_bouts_over_30_min, figures.sitting_bouts_over_60_min
    assert over == (3, 2, 1)
    assert (figures.breaks, figures.breaks_per_sitting_h, figures.upright_shifts) == (1, 0.5, 1)
    assert (figures.walking_bouts, figures.steps, figures.cadence_steps_per_min) == (3, 320, 120.0)


def test_a_bout_of_twenty_minutes_is_not_over_twenty_minutes():
    assert Day("s1200").figures.sitting_bouts_over_20_min == 0
    assert Day("s1201").figures.sitting_bouts_over_20_min == 1


@pytest.mark.parametrize(
    ("between", "lengths_s"),
    [
        ("f300", [1200.0]),  # sitting tall
        ("w3", [1200.0]),  # a step aside
        ("w10", [600.0, 600.0]),
        ("w60", [600.0, 600.0]),
        ("l5", [600.0, 600.0]),
        ("o5", [600.0, 600.0]),
        ("n10", [1200.0]),
        ("n11", [600.0, 600.0]),
        ("u11", [600.0, 600.0]),
        ("j11", [600.0, 600.0]),
        ("f300 n11", [600.0, 600.0]),
    ],
)
def test_what_ends_a_sitting_bout(between, lengths_s):
    figures = Day(f"s600 {between} s600").figures
    assert figures.sitting_bouts == len(lengths_s)
    assert figures.longest_sitting_s == max(lengths_s)
    assert figures.sitting_s == 1200.0  # whatever lay between is not in it


def test_half_of_all_time_lies_in_bouts_at_least_that_long():
    assert w50([10.0, 5.0, 4.0, 3.0]) == 5.0
    assert w50([60.0, 30.0, 20.0]) == 60.0
    assert w50([7.0]) == 7.0


def test_restlessness_is_told_by_kind_and_hour():
    day = Day("s1800").day
    for kind in ("fidget", "fidget", "posture-shift"):
        day.push(Fidget(kind, 5.0, 6.0, 1.0))
    figures = day.figures()
    assert (figures.fidgets, figures.fidgets_per_sitting_h) == (2, 4.0)
    assert (figures.posture_shifts, figures.posture_shifts_per_sitting_h) == (1, 2.0)


def test_short_walks_count_but_say_nothing_of_cadence():
    assert Day("w9").figures.cadence_steps_per_min is None
    assert Day("w9").figures.walking_bouts == 1


def test_breaks_and_shifts_are_those_told():
    day = DayFigures()
    for event in (Break(0.0, 60.0), UprightShift(90.0, 110.0), UprightShift(190.0, 210.0)):
        day.push(event)
    assert (day.figures().breaks, day.figures().upright_shifts) == (1, 2)


# ------------------------------------------------------------ taken back


def test_sitting_that_was_none_is_taken_back():
    figures = Day("w60 s1000 b400 o100").figures
    assert (figures.sitting_s, figures.not_worn_s, figures.longest_sitting_s) == (600.0, 500.0, 600.0)


def test_bouts_that_were_told_already_are_taken_back_too():
    figures = Day("s600 w30 s100 l60 u20 s200 b380 o10").figures
    assert (figures.sitting_s, figures.not_worn_s) == (600.0, 390.0)
    assert (figures.sitting_bouts, figures.longest_sitting_s) == (1, 600.0)
    figures = Day("s600 w30 s100 l60 u20 s200 b330 o10").figures
    assert (figures.sitting_bouts, figures.longest_sitting_s, figures.sitting_s) == (2, 600.0, 650.0)


def test_sitting_down_after_taking_off_is_another_bout():
    figures = Day("s600 b300 o60 s200").figures
    assert (figures.sitting_bouts, figures.longest_sitting_s, figures.median_sitting_s) == (2, 300.0, 250.0)


def test_missing_data_stay_missing():
    day = Day("s600 n8 s100 b200").day
    assert day.postures_s[Posture.NO_DATA] == 8.0
    assert (day.postures_s[SIT], day.postures_s[OFF]) == (508.0, 192.0)


def test_spans_are_named_anew_and_joined():
    spans = [Span(0.0, 5.0, SIT), Span(5.0, 9.0, Posture.NO_DATA), Span(9.0, 12.0, SIT), Span(12.0, 20.0, OFF)]
    assert take_back(spans, 3.0) == [Span(3.0, 5.0, SIT), Span(9.0, 12.0, SIT), Span(12.0, 20.0, OFF)]
    assert spans == [
        Span(0.0, 3.0, SIT),
        Span(3.0, 5.0, OFF),
        Span(5.0, 9.0, Posture.NO_DATA),
        Span(9.0, 20.0, OFF),
    ]
    add_span(spans, Span(20.0, 21.0, OFF))
    assert spans[-1] == Span(9.0, 21.0, OFF)


def test_memory_does_not_grow_with_the_day():
    day = DayFigures()
    for k in range(20_000):
        posture = SIT if k % 2 else Posture.STANDING
        day.push(Epoch(float(k), posture, 0.9, 0.0, 0.0, 1.0, still=True, motion_mg=3.0, steps=0))
    assert len(day._spans) <= 7202
    day.push(PostureChanged(19_000.0, SIT, OFF, 1.0))
    assert day.postures_s[OFF] == 1000.0


def test_a_bout_without_a_second_seated_is_none():
    day = DayFigures()
    day.push(BoutEnded(SIT, 0.0, 60.0))
    assert day.figures().sitting_bouts == 0


# ------------------------------------------------------------ any day


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("sfwlunojb"), st.integers(1, 90)), max_size=25))
def test_on_any_day_the_seconds_add_up_and_no_gap_is_sitting(spells):
    day = Day(" ".join(f"{letter}{seconds}" for letter, seconds in spells))
    told = sum(seconds for letter, seconds in spells if letter not in "jb")
    assert sum(day.day.postures_s.values()) == told
    assert day.day.postures_s[Posture.NO_DATA] == sum(seconds for letter, seconds in spells if letter == "n")
    assert sum(day.day._sat_s) == day.figures.sitting_s == day.day.postures_s[SIT]
    assert all(length > 0.0 for length in day.day._sat_s)
    assert min(day.day.postures_s.values()) >= 0.0
