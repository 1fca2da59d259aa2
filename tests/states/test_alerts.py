"""Prompts to the second: each rule's limit, hold, clear and repeat; when nothing is asked; what is told; profiles."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from desk import (
    AT_ONCE,
    BREAKS,
    FIXED,
    POSTURE,
    RULES,
    SHIFT,
    SIDEWAYS,
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

from monitor.states.alerts import Alerts
from monitor.states.rules import MEASURES, AlertRule, Band, BandParams, BudgetParams, DebtParams, QuietParams
from monitor.stream import AlertRaised, Epoch, Posture, Praised, ProfileChanged

# ------------------------------------------------------------ each rule: limit, hold, clear


def test_sitting_prompts_after_its_limit_and_hold_to_the_second():
    desk = Desk()
    # at or above 1800 s for 5 s: the seconds that end at 1800, 1801, 1802, 1803 and 1804
    (event,) = only(desk.spend(1900), AlertRaised)
    assert (event.name, event.t_s, event.value, event.limit, event.unit) == ("sitting", 1804.0, 1804.0, 1800.0, "s")
    assert (event.message, event.cue, event.again) == (SITTING.message, "all", 0)
    # A minute up resets the clock; five seconds later the prompt goes.
    assert cleared(desk.spend(100, STAND, 0.0)) == [("sitting", "recovered", 1900.0 + 60.0 + 4.0)]


def test_standing_prompts_after_its_limit_and_ten_seconds_of_walking_clear_it():
    desk = Desk()
    assert raised(desk.spend(2500, STAND, 0.0)) == [("standing", 2404.0)]
    assert cleared(desk.spend(20, WALK)) == [("standing", "recovered", 2500.0 + 10.0 + 4.0)]


def test_posture_prompts_on_exposure_and_clears_by_its_leak():
    desk = Desk()
    # 10 deg beyond the band: 900 deg s after 90 s, known with the next second, held for 5 s
    (event,) = only(desk.spend(100, SIT, -35.0), AlertRaised)
    assert (event.name, event.t_s, event.value, event.unit) == ("posture", 95.0, 900.0, "deg·s")
    # 10 deg s leak away each second: from 1000 at or below 300 after 70 s, known with the next, held for 5 s
    assert cleared(Desk.spend(desk, 100)) == [("posture", "recovered", 100.0 + 60.0 + 5.0)]


def test_sideways_prompts_apart_from_posture_and_at_either_side():
    for lean_deg in (-20.0, 20.0):
        desk = Desk(wanted((POSTURE, SIDEWAYS)))
        assert raised(desk.spend(100, sideways_deg=lean_deg)) == [("sideways", 95.0)]


def test_no_shift_prompts_until_the_trunk_moves():
    desk = Desk(wanted((SHIFT,)))
    assert raised(desk.spend(1300)) == [("shift", 1204.0)]
    epoch = Epoch(desk.t_s, SIT, 0.9, -15.0, 0.0, 1.0, still=True, motion_mg=1.0, steps=0)
    assert desk.alerts.push(epoch, 1301.0, 0.0, shifted=True) == []
    desk.t_s += 1.0
    assert cleared(desk.spend(10)) == [("shift", "recovered", 1301.0 + 4.0)]  # at or below 5 s for 5 s


def test_break_debt_prompts_for_hours_with_too_little_movement_and_a_walk_pays_it():
    desk = Desk(wanted((BREAKS,), debt=DebtParams(owed_min_per_h=30.0)))  # 900 s owed after half an hour
    assert raised(desk.spend(1810)) == [("breaks", 1804.0)]
    # 905 s owed, 600 left after 305 s of walking
    assert cleared(desk.spend(400, WALK)) == [("breaks", "recovered", 1810.0 + 305.0 + 4.0)]


def test_between_limit_and_clear_nothing_changes():
    desk = Desk(wanted((POSTURE,)))
    desk.spend(100, SIT, -35.0)
    desk.spend(50)  # down to 500: under the limit, above clear
    for _ in range(50):
        assert desk.spend(10, SIT, -35.0) == []  # up by 100
        assert desk.spend(10) == []  # down by 100
    assert desk.alerts.measures.values[POSTURE.measure] in {500.0, 600.0}


def test_a_limit_touched_for_less_than_hold_does_not_prompt():
    held = replace(POSTURE, hold_s=15.0)
    desk = Desk(wanted((held,)))
    assert desk.spend(90, SIT, -35.0) == []  # 900
    assert desk.spend(10) == []  # known for ten seconds: not long enough
    assert desk.spend(20, SIT, -35.0) == []  # 800, and 900 again
    assert raised(desk.spend(30, SIT, -35.0)) == [("posture", 110.0 + 15.0)]


@pytest.mark.parametrize("hold_s", [1.0, 5.0, 7.5, 60.0])
def test_hold_counts_whole_seconds(hold_s):
    desk = Desk(wanted((replace(SITTING, hold_s=hold_s),)))
    assert raised(desk.spend(1900)) == [("sitting", 1799.0 + math.ceil(hold_s))]
    assert cleared(desk.spend(160, STAND)) == [("sitting", "recovered", 1959.0 + math.ceil(hold_s))]


def test_a_rule_that_is_off_never_asks():
    desk = Desk(wanted((replace(SITTING, on=False), POSTURE)))
    assert desk.spend(4000) == []


# ------------------------------------------------------------ repeat, dismiss


def test_it_comes_again_on_the_screen_only_after_repeat_while_nothing_changed():
    desk = Desk(wanted((SITTING,)))
    assert raised(desk.spend(3700)) == [("sitting", 1804.0), ("sitting", 2704.0), ("sitting", 3604.0)]
    told = [(event.cue, event.again) for event in only(desk.events, AlertRaised)]
    assert told == [("all", 0), ("screen", 1), ("screen", 2)]
    desk.spend(100, WALK)
    assert [(e.cue, e.again) for e in only(desk.spend(1900), AlertRaised)] == [("all", 0)]  # a new spell


def test_a_rule_may_ask_more_quietly_from_the_beginning():
    desk = Desk(wanted((SHIFT,)))
    assert [event.cue for event in only(desk.spend(2500), AlertRaised)] == ["desktop", "screen"]


def test_repeat_holds_across_a_recovery():
    desk = Desk(wanted((POSTURE,)))
    desk.spend(100, SIT, -60.0)
    desk.spend(100)
    desk.spend(900, SIT, -60.0)
    (first, second) = raised(desk.events)
    assert second[1] - first[1] == POSTURE.repeat_s


def test_dismissed_it_goes_and_comes_back_after_repeat():
    desk = Desk(wanted((SITTING,)))
    desk.spend(1900)
    assert cleared(desk.says("dismiss")) == [("sitting", "dismissed", 1900.0)]
    assert raised(desk.spend(1000)) == [("sitting", 2704.0)]


def test_a_spell_is_told_once_with_why_no_prompt_came():
    desk = Desk(wanted((SITTING, replace(SITTING, name="later", limit=1790.0))))
    desk.spend(3000)
    assert due(desk.events) == [("later", "", 1794.0), ("sitting", "another prompt", 1804.0)]
    desk.spend(100, WALK)
    assert len(due(desk.spend(1900))) == 2  # the next spell


# ------------------------------------------------------------ when nothing is asked


@pytest.mark.parametrize("posture", [p for p in Posture if p not in {SIT, STAND}])
def test_no_prompt_is_raised_in_a_posture_that_does_not_ask_for_it(posture):
    alerts = Alerts(wanted((*RULES, SHIFT, BREAKS)))
    for t in range(100):
        epoch = Epoch(float(t), posture, 0.9, -40.0, 0.0, 1.0, still=True, motion_mg=1.0, steps=0)
        assert alerts.push(epoch, 5000.0, 5000.0) == []


def test_one_who_already_stands_is_not_told_to_stand_up():
    desk = Desk(wanted((SITTING,)))
    assert desk.spend(1802) == []  # two seconds into the hold
    assert desk.spend(59, STAND) == []
    assert raised(desk.spend(30)) == [("sitting", 1861.0 + 21.0)]  # not yet a break, and down again for a while


@pytest.mark.parametrize("settle_s", [0.0, 20.0, 45.5])
def test_no_prompt_comes_in_the_first_seconds_after_sitting_down(settle_s):
    desk = Desk(wanted((replace(SITTING, limit=100.0, hold_s=1.0),), quiet=QuietParams(settle_s=settle_s)))
    desk.spend(99)
    desk.spend(20, STAND)
    assert raised(desk.spend(100)) == [("sitting", 119.0 + math.floor(settle_s) + 1.0)]


def test_seconds_of_which_nothing_is_known_are_no_sitting_down():
    desk = Desk(wanted((replace(SITTING, limit=100.0, hold_s=1.0),)))
    desk.spend(99)
    desk.spend(5, Posture.UNKNOWN)
    assert raised(desk.spend(10)) == [("sitting", 105.0)]


@pytest.mark.parametrize(("p", "comes"), [(0.69, False), (0.7, True), (1.0, True)])
def test_no_prompt_comes_while_the_posture_is_unsure(p, comes):
    desk = Desk(wanted((SITTING,)))
    assert bool(desk.spend(1900, p=p)) is comes
    if not comes:
        assert raised(desk.spend(10)) == [("sitting", 1901.0)]  # sure again: at once


def test_no_prompt_comes_while_the_clip_has_moved():
    desk = Desk(wanted((SITTING, POSTURE)))
    assert desk.spend(1900, SIT, -60.0, placed=False) == []
    assert desk.alerts.measures.values[POSTURE.measure] == 0.0
    assert raised(desk.spend(1)) == [("sitting", 1901.0)]


def test_without_data_or_taken_off_the_prompt_goes_and_no_clock_asks():
    for posture in (Posture.NO_DATA, Posture.NOT_WORN):
        desk = Desk(wanted((SITTING,)))
        desk.spend(1810)
        assert cleared(desk.spend(20, posture)) == [("sitting", "no data", 1815.0)]
        assert raised(desk.spend(5)) == []


# ------------------------------------------------------------ explain


def explained(desk):
    return only(desk.events, AlertRaised)[0].explain


def test_a_prompt_on_tilt_explains_what_was_measured_how_sure_and_by_what():
    desk = Desk(wanted((POSTURE,)), started(aligned_d=12.34, calibrated_d=200.0))
    desk.alerts.zero_s = 5.0
    desk.spend(100, SIT, -35.04)
    assert explained(desk) == {
        "posture": "sitting",
        "posture_p": 0.9,
        "over_limit_s": 5.0,
        "tilt_deg": -35.0,
        "tilt_sd_deg": 1.2,
        "band_low_deg": -25.0,
        "band_high_deg": -5.0,
        "beyond_band_s": 90.0,
        "profile": "desk",
        "zero_age_s": 90.0,
        "alignment_age_d": 12.3,
        "calibration_age_d": 200.0,
        "setting": "posture.limit_deg_min = 15",
        "silent_with": "posture.limit_deg_min = 16, or band.sitting.tilt_deg = 21",
    }


def test_a_prompt_on_a_lean_explains_the_other_axis():
    desk = Desk(wanted((SIDEWAYS,)))
    desk.spend(100, STAND, 0.0, sideways_deg=-20.0)
    told = explained(desk)
    assert (told["obliquity_deg"], told["band_low_deg"], told["band_high_deg"]) == (-20.0, -10.0, 10.0)
    assert told["silent_with"] == "sideways.limit_deg_min = 16, or band.standing.sideways_deg = 20"
    assert "tilt_deg" not in told


def test_a_prompt_on_a_clock_explains_its_own_setting_and_no_age_that_is_not_known():
    desk = Desk(wanted((SITTING,)))
    desk.spend(1900)
    assert explained(desk) == {
        "posture": "sitting",
        "posture_p": 0.9,
        "over_limit_s": 5.0,
        "profile": "desk",
        "setting": "sitting.limit_min = 30",
        "silent_with": "sitting.limit_min = 31",
    }


def test_what_was_summed_standing_and_sitting_is_silenced_by_no_single_band():
    desk = Desk(wanted((POSTURE,)))
    desk.spend(20, STAND, -40.0)
    desk.spend(100, SIT, -30.0)
    assert explained(desk)["silent_with"] == "posture.limit_deg_min = 16"


def silenced(told, text):
    """Settings with what a prompt named: 'sitting.limit_min = 31' or 'band.sitting.tilt_deg = 21'."""
    key, value = text.split(" = ")
    *names, last = key.split(".")
    desk = told.places[0]
    if names[0] == "band":
        own = replace(getattr(desk.band, names[1]), **{last: float(value)})
        desk = replace(desk, band=replace(desk.band, **{names[1]: own}))
    else:
        assert last in {"limit_min", "limit_deg_min"}
        rules = [replace(rule, limit=float(value) * 60.0) if rule.name == names[0] else rule for rule in desk.rules]
        desk = replace(desk, rules=tuple(rules))
    return replace(told, places=(desk,))


worn = st.lists(
    st.tuples(st.integers(1, 40), st.sampled_from([SIT, SIT, SIT, STAND]), st.floats(-70, 40), st.floats(-40, 40)),
    min_size=4,
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(worn, st.sampled_from([POSTURE, SIDEWAYS, SITTING, STANDING, SHIFT, BREAKS]), st.booleans())
def test_the_setting_that_a_prompt_names_silences_it(day, rule, follows):
    smaller = 1.0 if rule in {POSTURE, SIDEWAYS} else 0.1
    rule = replace(rule, limit=rule.limit * smaller, clear=rule.clear * smaller)
    band = BandParams(Band(usual_tilt_deg=-15.0), step_deg_s=0.01 if follows else 0.0)
    told = wanted((rule,), band, debt=DebtParams(owed_min_per_h=60.0, standing_pays=0.1))

    def lived(told, until_s=math.inf):
        desk = Desk(told)
        for seconds, posture, tilt_deg, sideways_deg in day:
            desk.spend(min(3 * seconds, max(0.0, until_s - desk.t_s)), posture, tilt_deg, sideways_deg=sideways_deg)
        return raised(desk.events), desk

    before, desk = lived(told)
    if before:
        event = only(desk.events, AlertRaised)[0]
        for text in str(event.explain["silent_with"]).split(", or "):
            assert lived(silenced(told, text), event.t_s)[0] == []


# ------------------------------------------------------------ profiles

SOFA = (replace(SITTING, limit=2700.0),)
PLACES = with_place(wanted((SITTING,), quiet=AT_ONCE), "sofa", ("18:00-23:00",), SOFA)


def test_a_mark_chooses_the_profile_and_ends_what_was_asked_under_the_other():
    desk = Desk(PLACES)
    desk.spend(1900)
    assert desk.chooses("on the phone") == []
    new = desk.chooses("Sofa")
    assert cleared(new) == [("sitting", "settings", 1900.0)]
    assert only(new, ProfileChanged) == [ProfileChanged(1900.0, "desk", "sofa")]
    assert desk.chooses("sofa") == []
    assert raised(desk.spend(900)) == [("sitting", 2704.0)]  # its own limit
    assert explained(desk)["profile"] == "desk"
    assert only(desk.events, AlertRaised)[-1].explain["profile"] == "sofa"


def test_the_hours_choose_the_profile_to_the_second_and_a_mark_goes_before_them_until_auto():
    desk = Desk(PLACES, started("17:50"))
    assert desk.spend(599) == []
    assert desk.spend(1) == [ProfileChanged(600.0, "desk", "sofa")]
    assert desk.chooses("desk") == [ProfileChanged(600.0, "sofa", "desk")]
    assert desk.spend(300) == []
    assert desk.chooses("auto") == []
    assert desk.spend(1) == [ProfileChanged(901.0, "desk", "sofa")]
    desk = Desk(PLACES, started("22:59"))
    assert only(desk.spend(100), ProfileChanged) == [
        ProfileChanged(1.0, "desk", "sofa"),
        ProfileChanged(60.0, "sofa", "desk"),
    ]


def test_a_mark_chooses_where_the_clock_is_not_known():
    desk = Desk(PLACES)
    assert desk.spend(100) == []
    assert len(desk.chooses("sofa")) == 1


def test_each_profile_has_its_own_band_and_usual_tilt():
    sofa = Band(tilt_deg=15.0, usual_tilt_deg=-25.0)
    desk = Desk(with_place(wanted((POSTURE,), replace(FIXED, step_deg_s=0.01)), "sofa", sitting=sofa))
    desk.spend(600, SIT, -10.0)
    at_desk = desk.alerts.band_deg(SIT)
    desk.chooses("sofa")
    assert desk.alerts.band_deg(SIT) == (-40.0, -10.0)
    assert raised(desk.spend(600, SIT, -38.0)) == []
    assert desk.alerts.band_deg(SIT) != (-40.0, -10.0)  # it has followed
    desk.chooses("desk")
    assert desk.alerts.band_deg(SIT) == at_desk
    assert raised(desk.spend(600, SIT, -38.0)) != []


# ------------------------------------------------------------ the settings change


def test_other_settings_keep_what_was_summed_and_asked_and_end_the_spells():
    desk = Desk()
    desk.spend(1880, SIT, -36.0)
    first = raised(desk.events)
    measured = dict(desk.alerts.measures.values)
    up = [name for name, _ in first]
    new = desk.changes(wanted((replace(SITTING, limit=1200.0), POSTURE), budget=BudgetParams(most_per_hour=5)))
    assert {name for name, cause, _ in cleared(new) if cause == "settings"} == set(up)
    assert desk.alerts.measures.values == measured
    assert desk.alerts.prompter.left(desk.t_s) == 5 - len(first)
    again = dict(raised(desk.spend(900, SIT, -36.0)))
    assert again["sitting"] == dict(first)["sitting"] + SITTING.repeat_s  # no second prompt before


def test_a_higher_limit_in_the_file_ends_the_prompt_and_a_lower_one_asks_after_its_hold():
    desk = Desk(wanted((SITTING,)))
    desk.spend(1900)
    assert cleared(desk.changes(wanted((replace(SITTING, limit=3600.0),)))) == [("sitting", "settings", 1900.0)]
    assert desk.spend(1600) == []
    desk.changes(wanted((replace(SITTING, limit=1200.0),)))
    assert raised(desk.spend(10)) == [("sitting", 3505.0)]


def test_the_chosen_profile_stays_and_goes_only_if_it_is_no_longer_there():
    desk = Desk(PLACES, started("09:00"))
    desk.chooses("sofa")
    desk.spend(10)
    wider = with_place(wanted((SITTING,)), "sofa", (), SOFA, sitting=Band(20.0))
    assert desk.changes(wider) == []
    low_deg, high_deg = desk.alerts.band_deg(SIT)
    assert high_deg - low_deg == 40.0
    assert desk.changes(wanted((SITTING,))) == [ProfileChanged(10.0, "sofa", "desk")]
    desk.changes(with_place(wanted((SITTING,)), "sofa", ("08:00-10:00",), SOFA))
    assert desk.spend(1) == [ProfileChanged(11.0, "desk", "sofa")]  # the hours choose again


# ------------------------------------------------------------ any day

SHORT = (
    AlertRule("posture", "tilt_exposure_deg_s", 60.0, 20.0, 3.0, 40.0, "t"),
    AlertRule("sitting", "sitting_s", 30.0, 10.0, 2.0, 25.0, "s", "p"),
    AlertRule("standing", "standing_s", 30.0, 10.0, 2.0, 70.0, "w", "p"),
)
spells = st.tuples(
    st.sampled_from([SIT, SIT, STAND, STAND, *Posture]), st.integers(1, 60), st.none() | st.floats(-60.0, 60.0)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(spells, max_size=25), st.sets(st.integers(0, 24)))
def test_on_any_day_prompts_come_no_oftener_than_repeat_and_go_only_once(spells, dismissals):
    desk = Desk(wanted(SHORT, BandParams(), quiet=AT_ONCE))
    postures = []
    for k, (posture, seconds, tilt_deg) in enumerate(spells):
        desk.spend(seconds, posture, math.nan if tilt_deg is None else tilt_deg)
        postures += [posture] * seconds
        if k in dismissals:
            desk.says("dismiss")
    up, told = dict.fromkeys((rule.name for rule in SHORT), False), 0
    for event in desk.events:
        if isinstance(event, AlertRaised):
            assert event.value >= event.limit
            assert postures[int(event.t_s) - 1] in MEASURES[{r.name: r.measure for r in SHORT}[event.name]].asked_in
            up[event.name] = True
        elif cleared([event]):
            assert up[event.name]
            up[event.name] = False
        told += isinstance(event, Praised)
    for rule in SHORT:
        times = [t_s for name, t_s in raised(desk.events) if name == rule.name]
        assert all(later - earlier >= rule.repeat_s for earlier, later in pairwise(times))
    assert told <= len(raised(desk.events))
