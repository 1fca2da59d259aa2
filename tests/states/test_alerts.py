"""Prompts: the three shipped rules second by second, and what holds on any day."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.states.alerts import MEASURES, AlertRule, Alerts, BandParams, BudgetParams
from monitor.states.bouts import BoutParams, Bouts
from monitor.stream import AlertCleared, AlertRaised, Epoch, Posture, Wearer

TILT = AlertRule("tilt", "tilt_exposure_deg_s", 900.0, 300.0, 5.0, 900.0, "Sit tall.")
SITTING = AlertRule("sitting", "sitting_s", 1800.0, 60.0, 5.0, 900.0, "Stand up.")
STANDING = AlertRule("standing", "standing_s", 2400.0, 60.0, 5.0, 900.0, "Walk a little.")
RULES = (TILT, SITTING, STANDING)
FIXED = BandParams(step_deg_s=0.0)  # a band that does not follow: -25 to -5 sitting, -10 to 10 standing
SIT, STAND, WALK = Posture.SITTING, Posture.STANDING, Posture.WALKING


class Desk:
    """Alerts fed a second at a time by the real clocks."""

    def __init__(self, rules=RULES, band=FIXED):
        self.alerts, self.bouts = Alerts(rules, band), Bouts(BoutParams())
        self.t_s, self.events = 0.0, []

    def spend(self, seconds, posture, tilt_deg=math.nan, *, still=True):
        """What these seconds led to."""
        new = []
        if posture is STAND:
            self.bouts.rose(self.t_s)
        for _ in range(seconds):
            epoch = Epoch(self.t_s, posture, 0.9, tilt_deg, 0.0, 1.2, still, 1.0, 2 if posture is WALK else 0)
            self.bouts.push(epoch)
            new += self.alerts.push(epoch, self.bouts.sitting_s, self.bouts.standing_s)
            self.t_s += 1.0
        self.events += new
        return new

    def says(self, action, seconds=0.0):
        new = self.alerts.act(Wearer(self.t_s, action, seconds))
        self.events += new
        return new


def raised(events):
    return [(e.name, e.t_s) for e in events if isinstance(e, AlertRaised)]


def cleared(events):
    return [(e.name, e.cause, e.t_s) for e in events if isinstance(e, AlertCleared)]


# ------------------------------------------------------------ each rule: limit, hold, clear


def test_sitting_prompts_after_its_limit_and_hold_to_the_second():
    desk = Desk()
    # at or above 1800 s for 5 s: the seconds that end at 1800, 1801, 1802, 1803 and 1804
    (event,) = desk.spend(1900, SIT, -15.0)
    assert (event.name, event.t_s, event.value, event.limit, event.unit) == ("sitting", 1804.0, 1804.0, 1800.0, "s")
    assert event.message == SITTING.message
    assert event.explain["over_limit_s"] == 5.0
    assert event.explain["setting"] == "[[alert]] name = 'sitting', limit = 1800 s"
    # A minute up resets the clock; five seconds later the prompt goes.
    assert cleared(desk.spend(100, STAND, 0.0)) == [("sitting", "recovered", 1900.0 + 60.0 + 4.0)]


def test_standing_prompts_after_its_limit_and_ten_seconds_of_walking_clear_it():
    desk = Desk()
    assert raised(desk.spend(2500, STAND, 0.0)) == [("standing", 2404.0)]
    assert cleared(desk.spend(20, WALK)) == [("standing", "recovered", 2500.0 + 10.0 + 4.0)]


def test_tilt_prompts_on_exposure_and_clears_by_its_leak():
    desk = Desk()
    # 10 deg beyond the band: 900 deg s after 90 s, held for 5 s
    (event,) = desk.spend(100, SIT, -35.0)
    assert (event.name, event.t_s, event.value, event.unit) == ("tilt", 94.0, 900.0, "deg·s")
    assert event.explain["tilt_deg"] == -35.0
    assert (event.explain["band_low_deg"], event.explain["band_high_deg"]) == (-25.0, -5.0)
    assert event.explain["beyond_band_s"] == 94.0
    assert event.explain["posture"] == "sitting"
    # 10 deg s leak away each second: at or below 300 after 60 s, held for 5 s
    assert cleared(desk.spend(100, SIT, -15.0)) == [("tilt", "recovered", 100.0 + 60.0 + 4.0)]


def test_between_limit_and_clear_nothing_changes():
    desk = Desk((TILT,))
    desk.spend(100, SIT, -35.0)
    desk.spend(50, SIT, -15.0)  # down to 400: under the limit, above clear
    for _ in range(50):
        assert desk.spend(1, SIT, -35.0) == []  # up by 10
        assert desk.spend(1, SIT, -15.0) == []  # down by 10
    assert desk.alerts.exposure_deg_s == 400.0


def test_a_limit_touched_for_less_than_hold_does_not_prompt():
    desk = Desk((TILT,))
    assert desk.spend(93, SIT, -35.0) == []  # 900 reached at 90: four seconds at it
    assert desk.spend(1, SIT, -15.0) == []
    assert desk.spend(4, SIT, -35.0) == []
    assert raised(desk.spend(1, SIT, -35.0)) == [("tilt", 99.0)]


# ------------------------------------------------------------ repeat, snooze, dismiss


def test_it_comes_again_after_repeat_while_nothing_changed():
    assert raised(Desk((SITTING,)).spend(3700, SIT)) == [("sitting", 1804.0), ("sitting", 2704.0), ("sitting", 3604.0)]


def test_repeat_holds_across_a_recovery():
    desk = Desk((TILT,))
    desk.spend(100, SIT, -60.0)  # 35 beyond: raised at 30
    desk.spend(100, SIT, -15.0)
    desk.spend(800, SIT, -60.0)
    (first, second) = raised(desk.events)
    assert second[1] - first[1] == TILT.repeat_s


def test_dismissed_it_goes_and_comes_back_after_repeat():
    desk = Desk((SITTING,))
    desk.spend(1900, SIT)
    assert cleared(desk.says("dismiss")) == [("sitting", "dismissed", 1900.0)]
    assert raised(desk.spend(1000, SIT)) == [("sitting", 2704.0)]


def test_snoozed_all_prompts_wait_and_the_one_on_screen_comes_back_when_it_ends():
    desk = Desk((SITTING, TILT))
    desk.spend(1810, SIT, -15.0)
    assert cleared(desk.says("snooze", 300.0)) == [("sitting", "snoozed", 1810.0)]
    assert desk.alerts.snoozed_until_s == 2110.0
    assert raised(desk.spend(400, SIT, -45.0)) == [("sitting", 2110.0)]  # one to catch up, not a burst
    assert raised(desk.spend(100, SIT, -45.0)) == [("tilt", 2230.0)]


def test_dismiss_and_snooze_without_a_prompt_clear_nothing():
    desk = Desk()
    desk.spend(100, SIT, -15.0)
    assert desk.says("dismiss") == []
    assert desk.says("snooze", 60.0) == []


# ------------------------------------------------------------ budget


def test_of_several_that_are_due_the_most_urgent_comes_first():
    desk = Desk((replace(SITTING, limit=1750.0), replace(SITTING, name="longer", limit=1000.0), TILT))
    desk.says("snooze", 1900.0)
    assert raised(desk.spend(2200, SIT, -15.0)) == [("longer", 1900.0), ("sitting", 2020.0)]


def test_one_that_waited_is_dropped_if_it_is_over_by_then():
    desk = Desk((SITTING, TILT))
    desk.says("snooze", 1900.0)
    assert raised(desk.spend(1901, SIT, -45.0)) == [("sitting", 1900.0)]
    assert raised(desk.spend(300, STAND, 0.0)) == []


def test_the_budget_of_an_hour_is_kept_and_comes_back():
    often = replace(SITTING, limit=60.0, clear=5.0, repeat_s=60.0)
    desk = Desk((often,))
    times = [t_s for _, t_s in raised(desk.spend(7400, SIT))]
    assert times == [hour + t_s for hour in (0.0, 3600.0) for t_s in (64.0, 184.0, 304.0, 424.0)] + [7264.0, 7384.0]


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 6),
    st.sampled_from([1.0, 60.0, 300.0]),
    st.lists(st.tuples(st.integers(1, 900), st.sampled_from([SIT, STAND, WALK]), st.floats(-60, 30)), max_size=30),
)
def test_on_no_day_are_there_more_prompts_in_an_hour_or_closer_than_the_budget_says(most, apart_s, day):
    rules = tuple(replace(rule, limit=rule.limit / 10, clear=rule.clear / 10, repeat_s=30.0) for rule in RULES)
    desk = Desk(rules)
    desk.alerts = Alerts(rules, FIXED, BudgetParams(most, apart_s))
    for seconds, posture, tilt_deg in day:
        desk.spend(seconds, posture, tilt_deg)
    times = [t_s for _, t_s in raised(desk.events)]
    assert all(b - a >= apart_s for a, b in pairwise(times))
    assert all(later - first >= 3600.0 for first, later in zip(times, times[most:], strict=False))


# ------------------------------------------------------------ when nothing is asked


@pytest.mark.parametrize("posture", [p for p in Posture if p not in {SIT, STAND}])
def test_no_prompt_is_raised_in_a_posture_that_does_not_ask_for_it(posture):
    alerts = Alerts(RULES, FIXED)
    for t in range(100):
        epoch = Epoch(float(t), posture, 0.9, -40.0, 0.0, 1.0, still=True, motion_mg=1.0, steps=0)
        assert alerts.push(epoch, 5000.0, 5000.0) == []


def test_one_who_already_stands_is_not_told_to_stand_up():
    desk = Desk((SITTING,))
    assert desk.spend(1802, SIT) == []  # two seconds into the hold
    assert desk.spend(59, STAND) == []
    assert raised(desk.spend(1, SIT)) == [("sitting", 1862.0)]  # not yet a break, and down again


def test_exposure_waits_while_nothing_is_known_and_ends_with_a_walk():
    desk = Desk((TILT,))
    desk.spend(50, SIT, -35.0)
    for posture in (Posture.UNKNOWN, Posture.NO_DATA):
        desk.spend(100, posture, -35.0)
    desk.spend(100, SIT, math.nan)
    assert desk.alerts.exposure_deg_s == 500.0
    desk.spend(1, WALK, -35.0)
    assert (desk.alerts.exposure_deg_s, desk.alerts.beyond_s) == (0.0, 0.0)


# ------------------------------------------------------------ exposure and band


def test_exposure_is_degrees_beyond_either_edge():
    desk = Desk((TILT,))
    desk.spend(10, SIT, -28.0)
    assert desk.alerts.exposure_deg_s == pytest.approx(30.0)
    desk.spend(10, SIT, -1.0)
    assert desk.alerts.exposure_deg_s == pytest.approx(70.0)
    desk.spend(1, SIT, -25.0)  # the edge is within
    assert desk.alerts.exposure_deg_s == pytest.approx(60.0)


def test_an_hours_slump_is_forgiven_as_soon_as_two_minutes():
    desk = Desk((TILT,))
    desk.spend(3600, SIT, -55.0)
    assert desk.alerts.exposure_deg_s == TILT.limit
    desk.spend(89, SIT, -15.0)
    assert desk.alerts.exposure_deg_s > 0.0
    desk.spend(1, SIT, -15.0)
    assert (desk.alerts.exposure_deg_s, desk.alerts.beyond_s) == (0.0, 0.0)


def test_two_tilt_rules_keep_as_much_as_the_higher_asks_for():
    desk = Desk((TILT, replace(TILT, name="more", limit=2000.0)))
    assert raised(desk.spend(400, SIT, -35.0)) == [("tilt", 94.0), ("more", 214.0)]  # 204, but so soon after the first


def test_the_band_follows_the_usual_tilt_at_its_own_pace_and_only_while_still():
    desk = Desk(RULES, BandParams())
    desk.spend(1000, SIT, 0.0)
    low, high = desk.alerts.band_deg(SIT)
    assert (low, high) == pytest.approx((-25.0 + 3.0, -5.0 + 3.0))  # 0.003 deg a second
    assert desk.alerts.band_deg(STAND) == (-10.0, 10.0)  # its own band
    desk.spend(1000, SIT, 40.0, still=False)
    assert desk.alerts.band_deg(SIT) == (low, high)
    desk.spend(1000, SIT, -90.0)
    assert desk.alerts.band_deg(SIT) == pytest.approx((-25.0, -5.0))


def test_postures_without_a_band_show_that_of_standing():
    alerts = Alerts(RULES, BandParams(half_width_deg=7.0, usual_standing_deg=2.0))
    assert alerts.band_deg(Posture.UNKNOWN) == alerts.band_deg(STAND) == (-5.0, 9.0)


def test_each_wearer_has_a_band_of_their_own():
    one, other = Alerts(RULES, BandParams()), Alerts(RULES, BandParams())
    one.usual_deg[SIT] = 3.0
    assert other.usual_deg[SIT] == -15.0


# ------------------------------------------------------------ any day

SHORT = (
    AlertRule("tilt", "tilt_exposure_deg_s", 60.0, 20.0, 3.0, 40.0, "t"),
    AlertRule("sitting", "sitting_s", 30.0, 10.0, 2.0, 25.0, "s"),
    AlertRule("standing", "standing_s", 30.0, 10.0, 2.0, 70.0, "w"),
)
REPEAT_S = {rule.name: rule.repeat_s for rule in SHORT}
ASKED_IN = {"tilt": {SIT, STAND}, "sitting": {SIT}, "standing": {STAND}}
spells = st.tuples(
    st.sampled_from([SIT, SIT, STAND, STAND, *Posture]), st.integers(1, 60), st.none() | st.floats(-60.0, 60.0)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(spells, max_size=25), st.sets(st.integers(0, 24)))
def test_on_any_day_prompts_come_no_oftener_than_repeat_and_go_only_once(spells, dismissals):
    desk = Desk(SHORT, BandParams())
    postures = []
    for k, (posture, seconds, tilt_deg) in enumerate(spells):
        desk.spend(seconds, posture, math.nan if tilt_deg is None else tilt_deg)
        postures += [posture] * seconds
        if k in dismissals:
            desk.says("dismiss")
        assert 0.0 <= desk.alerts.exposure_deg_s <= 60.0
    up = dict.fromkeys(REPEAT_S, False)
    for event in desk.events:
        if isinstance(event, AlertRaised):
            assert event.value >= event.limit
            assert event.unit in MEASURES.values()
            assert postures[int(event.t_s) - 1] in ASKED_IN[event.name]
        else:
            assert up[event.name]
        up[event.name] = isinstance(event, AlertRaised)
    for name, repeat_s in REPEAT_S.items():
        times = [t_s for other, t_s in raised(desk.events) if other == name]
        assert all(later - earlier >= repeat_s for earlier, later in pairwise(times))


@settings(max_examples=30, deadline=None)
@given(st.lists(spells, min_size=1, max_size=12), st.integers(1, 200))
def test_on_any_day_nothing_is_raised_while_snoozed(spells, seconds):
    desk = Desk(SHORT, BandParams())
    for posture, length, tilt_deg in spells:
        desk.spend(length, posture, math.nan if tilt_deg is None else tilt_deg)
    desk.says("snooze", float(seconds))
    assert raised(desk.spend(seconds - 1, SIT, 55.0)) == []
