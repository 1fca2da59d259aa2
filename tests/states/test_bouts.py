"""Bouts, breaks and clocks by script: letters are postures, numbers seconds; before standing (t) a rise is told."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.states.bouts import BLANK, BoutParams, Bouts
from monitor.stream import BoutEnded, Break, Epoch, LyingSide, Posture, PostureChanged, UprightShift

LETTER = {
    "s": Posture.SITTING,
    "t": Posture.STANDING,
    "f": Posture.STANDING,  # that nothing speaks for but the model
    "m": Posture.STANDING,  # without a rise, but lively
    "w": Posture.WALKING,
    "l": Posture.LYING,
    "u": Posture.UNKNOWN,
    "n": Posture.NO_DATA,
    "o": Posture.NOT_WORN,
}
SIT, STAND = Posture.SITTING, Posture.STANDING


def second(t_s, letter):
    motion_mg = {"w": 150.0, "m": 40.0}.get(letter, 3.0)
    side = LyingSide.LEFT if letter == "l" else LyingSide.NONE
    steps = 2 if letter == "w" else 0
    return Epoch(t_s, LETTER[letter], 0.9, 0.0, 0.0, 1.0, still=True, motion_mg=motion_mg, steps=steps, lying=side)


class Day:
    """A script such as 's60 w5 s10' played from second 0. j: jump ahead without a word; r: a rise so much later."""

    def __init__(self, script, params=None):
        self.bouts = Bouts(params or BoutParams())
        self.events, self.t_s = [], 0.0
        self.go(script)

    def go(self, script):
        for letter, seconds in re.findall(r"([a-z])(\d+)", script):
            if letter == "j":
                self.t_s += int(seconds)
                continue
            if letter == "r":
                self.bouts.rose(self.t_s + int(seconds))
                continue
            if letter == "t":
                self.bouts.rose(self.t_s)
            for _ in range(int(seconds)):
                self.events += self.bouts.push(second(self.t_s, letter))
                self.t_s += 1.0
        return self

    def spells(self):
        ended = [e for e in self.events + self.bouts.finish() if isinstance(e, BoutEnded)]
        return [(e.posture, e.start_s, e.end_s) for e in ended]

    def breaks(self):
        return [(e.start_s, e.end_s) for e in self.events if isinstance(e, Break)]

    def shifts(self):
        return [(e.start_s, e.end_s) for e in self.events if isinstance(e, UprightShift)]


# ------------------------------------------------------------ bouts


def test_each_spell_of_one_posture_is_a_bout():
    assert Day("s5 t3 w2 s4").spells() == [(SIT, 0, 5), (STAND, 5, 8), (Posture.WALKING, 8, 10), (SIT, 10, 14)]


@pytest.mark.parametrize("blank", "un")
def test_ten_blank_seconds_are_bridged_and_eleven_are_not(blank):
    assert Day(f"s20 {blank}10 s5").spells() == [(SIT, 0, 35)]
    assert Day(f"s20 {blank}11 s5").spells() == [(SIT, 0, 20), (SIT, 31, 36)]


def test_a_blank_before_another_posture_belongs_to_neither():
    assert Day("s20 u4 t5").spells() == [(SIT, 0, 20), (STAND, 24, 29)]
    assert Day("s20 u4").spells() == [(SIT, 0, 20)]
    assert Day("n5 u5").spells() == []


def test_seconds_that_nobody_told_are_bridged_like_blank_ones_and_no_further():
    assert Day("s20 j10 s5").spells() == [(SIT, 0, 35)]
    assert Day("s20 j90000 s5").spells() == [(SIT, 0, 20), (SIT, 90020, 90025)]


def test_a_bout_ends_when_its_bridge_breaks_not_before():
    day = Day("s20 n10")
    assert not [e for e in day.events if isinstance(e, BoutEnded)]
    day.go("n1")
    assert [e.t_s for e in day.events if isinstance(e, BoutEnded)] == [20.0]


def test_the_present_posture_is_dated_from_its_own_beginning():
    day = Day("s20 t5")
    assert day.bouts.since_s == 20.0
    assert day.go("u3").bouts.since_s == 25.0
    assert day.go("t4").bouts.since_s == 20.0  # bridged: one bout
    assert day.go("u600").bouts.since_s == 32.0  # and not since the session began
    assert day.go("n5").bouts.since_s == 632.0


def test_changes_are_told_once_and_the_first_from_no_data():
    changes = [e for e in Day("n3 u2 s4 s4 t1").events if isinstance(e, PostureChanged)]
    assert [(e.t_s, e.previous, e.posture) for e in changes] == [
        (3.0, Posture.NO_DATA, Posture.UNKNOWN),
        (5.0, Posture.UNKNOWN, SIT),
        (13.0, SIT, STAND),
    ]


# ------------------------------------------------------------ breaks


@pytest.mark.parametrize("upright", ["t60", "w60", "t30 w30", "w5 t20 w35"])
def test_a_minute_upright_between_two_sitting_spells_is_a_break(upright):
    day = Day(f"s100 {upright} s29")
    assert day.breaks() == []  # not before the second spell counts
    assert day.go("s1").breaks() == [(100.0, 160.0)]
    assert day.go("s100").breaks() == [(100.0, 160.0)]


@pytest.mark.parametrize(
    "script",
    [
        "s100 t59 s100",  # too short
        "t100 s100",  # nothing sat before
        "s29 t100 s100",  # too little sat before
        "s100 t100 s29 t5",  # too little sat after
        "s100 l100 s100",
        "s100 o100 s100",
        "s100 n100 s100",
        "s100 u100 s100",
        "s100 t40 l1 t40 s100",  # lying cuts the upright spell
        "s100 t30 n25 t30 s100",  # missing data does not fill it up
        "s100 t30 j25 t30 s100",
        "s100 t30 l5 s100",
    ],
)
def test_no_break(script):
    assert Day(script).breaks() == []


def test_sitting_down_for_less_than_half_a_minute_does_not_cut_an_upright_spell():
    assert Day("s100 t40 s29 t40 s60").breaks() == [(100.0, 209.0)]
    assert Day("s100 t40 s30 t40 s60").breaks() == []


def test_bridged_doubt_does_not_cut_an_upright_spell():
    assert Day("s100 t30 u5 t30 s60").breaks() == [(100.0, 165.0)]


def test_a_long_enough_spell_counts_though_data_are_missing_after_it():
    assert Day("s100 t70 n600 s60").breaks() == [(100.0, 170.0)]


def test_each_of_two_breaks_is_told():
    assert Day("s100 t60 s100 w60 s30").breaks() == [(100.0, 160.0), (260.0, 320.0)]


# ------------------------------------------------------------ upright for real


@pytest.mark.parametrize(
    ("upright", "real"),
    [
        ("f70", False),  # nobody rose, nobody stepped, nobody moved: somebody who sits tall
        ("f30 m4 f36", False),
        ("f30 m5 f35", True),
        ("m1 f13 m1 f13 m1 f13 m1 f13 m1 f14", False),  # five lively seconds, but of five minutes
        ("f40 w1 f29", False),  # two steps are no walk
        ("f40 w2 f28", True),
        ("r0 f70", True),
        ("r3 f70", True),  # the trunk was upright before the rise was over
        ("w70", True),
    ],
)
def test_an_upright_spell_needs_evidence(upright, real):
    day = Day(f"s100 {upright} s60")
    assert bool(day.breaks()) is real
    assert day.bouts.sitting_s == (60 if real else 160)


@pytest.mark.parametrize(("before_s", "real"), [(5, True), (6, False)])
def test_a_rise_counts_for_what_begins_within_seconds_of_it(before_s, real):
    assert bool(Day(f"s100 r0 s{before_s} f70 s60").breaks()) is real


def test_a_rise_told_ahead_is_not_taken_for_what_stood_before_it():
    day = Day("s100 f20 r3 s100 f70 s60")
    assert (day.breaks(), day.shifts()) == ([], [])


def test_what_comes_before_the_rise_within_an_upright_spell_was_sitting():
    assert Day("s100 f200 r0 f70 s60").breaks() == [(300.0, 370.0)]
    assert Day("s100 f200 r0 f59").bouts.sitting_s == 100
    assert Day("s100 f200 r0 f60").bouts.sitting_s == 0


def test_evidence_late_in_a_spell_holds_for_all_of_it():
    assert Day("s100 f59 w1").bouts.sitting_s == 100
    assert Day("s100 f60 w2").bouts.sitting_s == 0
    assert Day("s100 f60 w2 s30").breaks() == [(100.0, 162.0)]


@pytest.mark.parametrize(
    ("upright", "shifts"),
    [("t9", []), ("t10", [(100.0, 110.0)]), ("w59", [(100.0, 159.0)]), ("w60", []), ("f30", []), ("l30", [])],
)
def test_upright_for_less_than_a_break_is_a_shift(upright, shifts):
    day = Day(f"s100 {upright} s29")
    assert day.shifts() == []
    assert day.go("s1").shifts() == shifts
    assert day.go("s100").shifts() == shifts


def test_a_bout_tells_its_steps_and_how_one_lay():
    day = Day("w20 l10 s5")
    bouts = [e for e in day.events + day.bouts.finish() if isinstance(e, BoutEnded)]
    assert [(e.steps, e.lying) for e in bouts] == [(40, LyingSide.NONE), (0, LyingSide.LEFT), (0, LyingSide.NONE)]


# ------------------------------------------------------------ not worn, as is known later


def test_what_turns_out_not_to_have_been_worn_is_cut_off():
    day = Day("s1000")
    day.events += day.bouts.not_worn_since(600.0)
    assert (day.bouts.sitting_s, day.bouts.since_s) == (0.0, 600.0)
    day.go("o50 s20")
    assert day.spells() == [(SIT, 0, 600), (Posture.NOT_WORN, 600, 1050), (SIT, 1050, 1070)]
    changes = [(e.t_s, e.previous, e.posture) for e in day.events if isinstance(e, PostureChanged)]
    assert changes[1:] == [(600.0, SIT, Posture.NOT_WORN), (1050.0, Posture.NOT_WORN, SIT)]


def test_clocks_lose_only_what_was_not_worn_where_a_break_takes_longer():
    day = Day("s1000", BoutParams(break_s=900.0))
    day.bouts.not_worn_since(600.0)
    assert day.bouts.sitting_s == 600.0
    assert day.go("o500").bouts.sitting_s == 0.0
    day = Day("t1000", BoutParams(break_s=900.0))
    day.bouts.not_worn_since(600.0)
    assert day.bouts.standing_s == 600.0


def test_a_bout_that_was_all_not_worn_is_never_told():
    day = Day("s100 l400")
    day.events += day.bouts.not_worn_since(100.0)
    assert day.go("o10").spells() == [(SIT, 0, 100), (Posture.NOT_WORN, 100, 510)]


def test_taking_it_off_is_no_break():
    day = Day("s100 t70")
    day.events += day.bouts.not_worn_since(140.0)
    assert day.go("o100 s100").breaks() == []


# ------------------------------------------------------------ clocks


def clocks(script):
    bouts = Day(script).bouts
    return bouts.sitting_s, bouts.standing_s


@pytest.mark.parametrize(
    ("script", "sitting_s", "standing_s"),
    [
        ("s100", 100, 0),
        ("s100 t59", 100, 59),
        ("s100 t60", 0, 60),
        ("s100 w30 t30", 0, 30),
        ("s100 t50 s10 t50", 110, 50),  # not a minute in one go
        ("s100 t30 u5 t30", 0, 60),  # bridged doubt does not interrupt it
        ("s100 t30 u11 t30", 100, 60),
        ("s100 t30 j200 t30", 100, 60),
        ("s100 t30 j5000 t30", 0, 30),  # a gap too long to be told second by second is no less long
        ("s100 u250", 100, 0),  # unknown adds nothing and takes nothing
        ("s100 n250 s5", 105, 0),
        ("s100 n500 s5", 5, 0),  # until it has lasted so long that anything may have happened
        ("s100 u500", 0, 0),
        ("s100 l59", 100, 0),
        ("s100 l60", 0, 0),
        ("s100 o60", 0, 0),
        ("s100 l30 o30", 0, 0),
        ("t100 w9", 0, 100),
        ("t100 w10", 0, 0),
        ("t100 w9 t1 w9", 0, 101),
        ("t100 w5 u2 w5", 0, 0),
        ("t100 s1", 1, 0),
        ("t100 o59", 0, 100),
        ("t100 o60", 0, 0),
    ],
)
def test_clocks(script, sitting_s, standing_s):
    assert clocks(script) == (sitting_s, standing_s)


# ------------------------------------------------------------ any day


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("stfmwluno"), st.integers(1, 80)), max_size=25))
def test_on_any_day_bouts_are_whole_apart_and_true(spells):
    day = Day(" ".join(f"{letter}{seconds}" for letter, seconds in spells))
    truth = [LETTER[letter] for letter, seconds in spells for _ in range(seconds)]
    bouts = day.spells()
    assert all(a[2] <= b[1] for a, b in pairwise(bouts))
    for posture, start_s, end_s in bouts:
        inside = truth[int(start_s) : int(end_s)]
        assert inside[0] is posture
        assert inside[-1] is posture
        assert set(inside) <= {posture, *BLANK}
    named = sum(posture not in BLANK for posture in truth)
    assert sum(truth[int(a) : int(b)].count(posture) for posture, a, b in bouts) == named
    assert all(10.0 <= end_s - start_s < 60.0 for start_s, end_s in day.shifts())
    for start_s, end_s in day.breaks():
        inside = truth[int(start_s) : int(end_s)]
        assert end_s - start_s >= 60.0
        assert not set(inside) & {Posture.LYING, Posture.NOT_WORN}
    assert 0.0 <= day.bouts.sitting_s <= truth.count(SIT)
    assert 0.0 <= day.bouts.standing_s <= truth.count(STAND)
