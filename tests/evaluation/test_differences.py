"""Two analyses compared: every event is paired or alone, exactly once, and the pairs are the best there are."""

import math
import typing
from collections import Counter
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.evaluation.differences import KINDS, Moment, Seconds, agreement, differences, moment
from monitor.stream import (
    AlertCleared,
    AlertDue,
    AlertRaised,
    AlignmentChanged,
    BandFollowed,
    BoutEnded,
    Break,
    ClipMoved,
    Epoch,
    Event,
    Fidget,
    Gap,
    Mark,
    Posture,
    PostureChanged,
    Praised,
    ProfileChanged,
    ReferenceChanged,
    SensorSilent,
    SettingsChanged,
    SnoozeRefused,
    Started,
    Transition,
    UprightShift,
    Wearer,
)

EXPLAIN = {"tilt_deg": -12.04, "setting": "[[alert]] name = 'tilt', limit = 900 deg·s"}
EVENTS = [
    AlertCleared(8.0, "tilt", "recovered"),
    AlertRaised(7.0, "tilt", "Sit tall.", 901.0, 900.0, "deg·s", EXPLAIN),
    AlignmentChanged(5.0, (0.0, 0.1, -0.9949), 3.9, "walking"),
    AlertDue(7.0, "tilt", 901.0, 900.0, "budget"),
    BandFollowed(70.0, "desk", Posture.SITTING, -17.5, 0.4),
    BoutEnded(Posture.SITTING, 10.0, 90.5, steps=2),
    Break(90.0, 120.0),
    ClipMoved(60.0, "step", 14.0, 58.0, repaired=False),
    Fidget("posture-shift", 30.0, 33.0, 12.34),
    PostureChanged(10.0, Posture.STANDING, Posture.SITTING, 0.9),
    ReferenceChanged(9.0, (0.0, 1.0, 0.0), 2, math.nan),
    SensorSilent(40.0, 38.5),
    Transition("stand-to-sit", 9.0, 10.5, 0.951),
    UprightShift(50.0, 52.0),
    Gap(70.0, 71.0, "lost packets"),
    Mark(71.0, "right", ""),
    Praised(72.0, "sitting", "Well done."),
    ProfileChanged(73.0, "desk", "sofa"),
    SettingsChanged(74.0, {"budget": {"most_per_hour": 4}}),
    SnoozeRefused(75.0, 3),
    Started(0.0, 28_800.0, 0, asked_s=(-30.0,)),
    Wearer(76.0, "snooze", 300.0),
]

seconds = st.integers(0, 400).map(lambda tenths: tenths / 10.0)


@st.composite
def moments(draw):
    start_s = draw(seconds)
    lasting = draw(st.booleans())
    return Moment(
        draw(st.sampled_from(["bout", "alert"])),
        draw(st.sampled_from(["", "sitting"])),
        start_s,
        start_s + draw(seconds) / 10.0 if lasting else None,
        (("p", draw(st.sampled_from([0.5, 0.75]))),),
    )


several = st.lists(moments(), max_size=12)
tolerances = st.sampled_from([0.0, 0.1, 1.0, 2.0, 10.0])


def apart_s(a, b):
    return max(0.0, a.start_s - b.until_s, b.start_s - a.until_s)


def moved_s(a, b):
    return abs(a.start_s - b.start_s) + abs(a.until_s - b.until_s)


def pairable(a, b, within_s):
    return (a.type, a.kind) == (b.type, b.kind) and apart_s(a, b) <= within_s + 1e-6


@given(several, tolerances)
def test_nothing_differs_from_itself(a, within_s):
    found = differences(a, a, within_s)
    assert found.empty
    assert Counter(found.equal) == Counter(a)


@given(several, several, tolerances)
def test_every_event_is_in_exactly_one_place(a, b, within_s):
    found = differences(a, b, within_s)
    assert Counter(found.equal) + Counter(x for x, _ in found.changed) + Counter(found.only_a) == Counter(a)
    assert Counter(found.equal) + Counter(y for _, y in found.changed) + Counter(found.only_b) == Counter(b)


@given(several, several, tolerances)
def test_the_other_way_round_gives_the_same_counts(a, b, within_s):
    found, back = differences(a, b, within_s), differences(b, a, within_s)
    assert Counter(found.equal) == Counter(back.equal)
    assert len(found.changed) == len(back.changed)
    assert (len(found.only_a), len(found.only_b)) == (len(back.only_b), len(back.only_a))


@given(several, several, tolerances)
def test_the_order_of_events_changes_no_count(a, b, within_s):
    found, other = differences(a, b, within_s), differences(a[::-1], b[::-1], within_s)
    assert [len(found.equal), len(found.changed)] == [len(other.equal), len(other.changed)]


@given(several, several, tolerances)
def test_pairs_are_near_and_of_one_kind_and_none_is_left_that_could_be_one(a, b, within_s):
    found = differences(a, b, within_s)
    assert all(pairable(x, y, within_s) and x != y for x, y in found.changed)
    assert not [1 for x in found.only_a for y in found.only_b if pairable(x, y, within_s)]


@given(st.lists(moments(), max_size=5), st.lists(moments(), max_size=5), tolerances)
def test_pairs_are_the_most_and_move_the_least(a, b, within_s):
    found = differences(a, b, within_s)
    both = Counter(found.equal)
    rest_a, rest_b = list((Counter(a) - both).elements()), list((Counter(b) - both).elements())
    less, more = sorted((rest_a, rest_b), key=len)
    ways = []
    for order in permutations(more, len(less)):
        moved = [moved_s(x, y) for x, y in zip(less, order, strict=True) if pairable(x, y, within_s)]
        ways.append((-len(moved), sum(moved)))
    most, least = min(ways)
    assert len(found.changed) == -most
    assert sum(moved_s(x, y) for x, y in found.changed) == pytest.approx(least)


def test_lists_are_in_order_of_time():
    a = [Moment("alert", "", float(t), None, ()) for t in (90, 10, 50)]
    assert [each.start_s for each in differences(a, [], 2.0).only_a] == [10.0, 50.0, 90.0]
    assert [each.start_s for each in differences(a, a, 2.0).equal] == [10.0, 50.0, 90.0]


def test_the_tolerance_is_met_at_its_edge_and_not_beyond():
    at = [Moment("alert", "", 10.1, None, ())]
    assert len(differences(at, [Moment("alert", "", 12.1, None, ())], 2.0).changed) == 1
    assert not differences(at, [Moment("alert", "", 12.11, None, ())], 2.0).changed


def test_spells_that_overlap_are_one_however_far_their_starts_are():
    long, late = Moment("bout", "sitting", 0.0, 900.0, ()), Moment("bout", "sitting", 600.0, 900.0, ())
    found = differences([long], [Moment("bout", "sitting", 0.0, 500.0, ()), late], 2.0)
    assert len(found.changed) == len(found.only_b) == 1
    assert found.only_b == [late]


def test_a_day_of_two_thousand_fidgets_is_compared_soon():
    a = [Moment("fidget", "fidget", 10.0 * k, 10.0 * k + 2.0, (("turned_deg", 1.0),)) for k in range(2000)]
    b = [Moment("fidget", "fidget", each.start_s + 0.5, each.until_s, each.details) for each in a]
    assert len(differences(a, b, 2.0).changed) == 2000


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_can_be_compared(event):
    said, later = moment(event), moment(event, 100.0)
    assert (later.type, later.kind) == (said.type, said.kind)
    assert later.start_s == said.start_s + 100.0
    assert later.until_s == said.until_s + 100.0
    moved = {name for (name, x), (_, y) in zip(said.details, later.details, strict=True) if x != y}
    assert moved <= {"since_s"}
    assert hash(said)
    if type(event) in KINDS:
        assert said.kind


def test_no_kind_of_event_is_forgotten():
    assert {type(event) for event in EVENTS} == {*typing.get_args(Event), Gap} - {Epoch}


def test_figures_are_compared_to_two_decimals():
    assert moment(Transition("bow", 1.0, 2.004, 0.951)) == moment(Transition("bow", 1.0, 2.0, 0.954))
    assert moment(Transition("bow", 1.0, 2.0, 0.95)) != moment(Transition("bow", 1.0, 2.0, 0.96))


def test_an_alert_is_its_figures_without_the_setting_it_quotes():
    names = [name for name, _ in moment(EVENTS[1]).details]
    assert names == ["message", "value", "limit", "unit", "cue", "again", "tilt_deg"]


def epochs(postures, tilts, start_s=0.0, shift_s=0.0):
    made = Seconds()
    for at, (posture, tilt) in enumerate(zip(postures, tilts, strict=True)):
        made.add(
            Epoch(start_s + at, Posture(posture), 1.0, tilt, math.nan, 1.0, still=True, motion_mg=0.0, steps=0), shift_s
        )
    return made


def test_seconds_are_counted_by_posture_and_tilt():
    a = epochs(["sitting"] * 3 + ["standing"] * 3, [0.0, 1.0, math.nan, 3.0, math.nan, 5.0])
    b = epochs(["sitting"] * 2 + ["standing"] * 2 + ["walking"] * 2, [0.5, 1.0, 2.0, 0.0, math.nan, 5.0])
    found = agreement(a, b)
    assert (found.seconds, found.same, found.only_a, found.only_b) == (6, 3, 0, 0)
    assert found.confusions == [("standing", "walking", 2), ("sitting", "standing", 1)]
    assert (found.tilts, found.tilt_alone) == (4, 1)
    assert found.tilt_mean_deg == pytest.approx(3.5 / 4)
    assert found.tilt_max_deg == 3.0
    assert not found.full


def test_seconds_of_one_side_alone_are_counted_apart():
    a, b = epochs(["sitting"] * 5, [0.0] * 5), epochs(["sitting"] * 4, [0.0] * 4, start_s=3.0)
    found = agreement(a, b)
    assert (found.seconds, found.same, found.only_a, found.only_b) == (2, 2, 3, 2)
    assert not found.full


def test_a_shift_of_part_of_a_second_goes_to_the_nearest_one():
    a, b = epochs(["sitting"] * 5, [0.0] * 5, start_s=100.0), epochs(["sitting"] * 5, [0.0] * 5, shift_s=100.3)
    assert agreement(a, b).full


def test_nothing_against_nothing_is_full_and_has_no_tilt():
    found = agreement(Seconds(), Seconds())
    assert found.full
    assert found.seconds == 0
    assert found.tilt_mean_deg is None
    assert found.tilt_max_deg is None


@given(
    st.lists(st.tuples(st.sampled_from(list(Posture)), st.floats(-40, 40) | st.just(math.nan)), max_size=20),
    st.lists(st.tuples(st.sampled_from(list(Posture)), st.floats(-40, 40) | st.just(math.nan)), max_size=20),
)
def test_seconds_compare_the_same_from_either_side(one, other):
    a, b = (epochs([p for p, _ in rows], [t for _, t in rows]) for rows in (one, other))
    found, back = agreement(a, b), agreement(b, a)
    assert (found.seconds, found.same, found.only_a, found.only_b) == (
        back.seconds,
        back.same,
        back.only_b,
        back.only_a,
    )
    assert Counter({(x, y): n for x, y, n in found.confusions}) == Counter({(y, x): n for x, y, n in back.confusions})
    assert found.seconds == min(len(one), len(other))
    assert found.same + sum(n for *_, n in found.confusions) == found.seconds
    assert found.tilt_max_deg == back.tilt_max_deg
    assert agreement(a, a).full
