"""What the rules look at: exposure beyond the own band, seconds without a shift, movement owed."""

import math
from dataclasses import replace

import pytest
from desk import FIXED, POSTURE, SIT, STAND, WALK, Desk, started, wanted, with_place
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.states.measures import BLOCK_S, FORGET_S, SITTING, Measures, carried
from monitor.states.rules import MEASURES, Band, BandParams, DebtParams
from monitor.stream import BandFollowed, Epoch, Posture

TILT, SIDE = "tilt_exposure_deg_s", "sideways_exposure_deg_s"


class Felt:
    """Measures fed a second at a time."""

    def __init__(self, band=FIXED, told=None, **sections):
        self.settings = told or wanted((), band, **sections)
        self.measures, self.t_s = Measures(self.settings), 0.0

    def spend(
        self, seconds, posture=SIT, tilt_deg=-15.0, sideways_deg=0.0, *, still=True, placed=True, place="desk", shift=()
    ):
        for n in range(seconds):
            epoch = Epoch(
                self.t_s, posture, 0.9, tilt_deg, sideways_deg, 1.0, still, motion_mg=1.0, steps=0, placed=placed
            )
            self.measures.push(epoch, 0.0, 0.0, place, shifted=n in shift)
            self.t_s += 1.0
        return self

    def known(self, measure=TILT):
        """The measure, with every block before now closed: a second that says nothing is spent."""
        return self.spend(1, Posture.UNKNOWN, math.nan).measures.values[measure]


# ------------------------------------------------------------ exposure: sums


@pytest.mark.parametrize(
    ("tilt_deg", "beyond_deg"), [(-35.0, 10.0), (-28.0, 3.0), (-25.0, 0.0), (-5.0, 0.0), (-1.0, 4.0)]
)
def test_exposure_sums_the_degrees_beyond_either_edge(tilt_deg, beyond_deg):
    assert Felt().spend(60, SIT, tilt_deg).known() == 60 * beyond_deg


def test_exposure_is_known_with_the_second_after_its_ten():
    felt = Felt()
    seen = [felt.spend(1, SIT, -35.0).measures.values[TILT] for _ in range(25)]
    assert seen == [0.0] * BLOCK_S + [100.0] * BLOCK_S + [200.0] * 5


def test_a_jerk_within_ten_seconds_counts_only_by_its_share():
    assert Felt().spend(9, SIT, -15.0).spend(1, SIT, -60.0).known() == 0.0
    assert Felt().spend(5, SIT, -25.0).spend(5, SIT, -45.0).known() == 100.0  # on the mean 10 beyond


def test_standing_has_a_band_of_its_own():
    assert Felt().spend(60, STAND, -15.0).known() == 60 * 5.0
    assert Felt().spend(60, SIT, -15.0).known() == 0.0
    narrow = BandParams(Band(tilt_deg=20.0, usual_tilt_deg=-15.0), Band(tilt_deg=6.0), step_deg_s=0.0)
    assert Felt(narrow).spend(60, SIT, -35.0).known() == 0.0
    assert Felt(narrow).spend(60, STAND, 8.0).known() == 60 * 2.0


def test_sideways_is_summed_apart_from_tilt():
    felt = Felt().spend(60, SIT, -15.0, 13.0)
    assert (felt.known(TILT), felt.measures.values[SIDE]) == (0.0, 180.0)
    felt = Felt().spend(60, SIT, -35.0, -13.0)
    assert (felt.known(TILT), felt.measures.values[SIDE]) == (600.0, 180.0)
    wide = replace(FIXED, sitting=replace(FIXED.sitting, sideways_deg=13.0))
    assert Felt(wide).spend(60, SIT, -15.0, 13.0).known(SIDE) == 0.0


def test_ten_seconds_in_which_one_sat_down_are_left_out():
    assert Felt().spend(5, STAND, -35.0).spend(5, SIT, -35.0).known() == 0.0


# ------------------------------------------------------------ exposure: leak, forgetting, waiting, reset


def test_exposure_leaks_within_the_band_down_to_nothing():
    felt = Felt().spend(60, SIT, -45.0)  # 1200
    assert felt.spend(20).known() == 1200.0 - 20 * 10.0
    slow = Felt(replace(FIXED, leak_deg_s=1.0)).spend(60, SIT, -45.0)
    assert slow.spend(30).known() == 1200.0 - 30 * 1.0
    assert Felt().spend(10, SIT, -26.0).spend(20).known() == 0.0


def test_an_hours_slump_is_forgotten_after_a_minute_within_the_band():
    felt = Felt().spend(3600, SIT, -65.0)
    assert felt.spend(50).measures.values[TILT] > 100_000.0
    assert felt.spend(10).known() == 0.0
    assert felt.measures.beyond_s(TILT) == 0


def test_a_minute_in_pieces_is_not_one_in_one_go():
    felt = Felt().spend(600, SIT, -65.0).spend(50).spend(10, SIT, -26.0).spend(50)
    assert felt.known() == 600 * 40.0 + 10.0 - 100 * 10.0


@pytest.mark.parametrize("posture", [Posture.UNKNOWN, Posture.NO_DATA])
def test_exposure_waits_while_nothing_is_known(posture):
    felt = Felt().spend(50, SIT, -35.0).spend(100, posture, -35.0).spend(100, SIT, math.nan)
    assert felt.known() == 500.0
    assert felt.measures.beyond_s(TILT) == 50


@pytest.mark.parametrize(
    "elsewhere",
    [
        *({"posture": posture} for posture in (WALK, Posture.LYING, Posture.NOT_WORN)),
        {"posture": SIT, "placed": False},
    ],
)
def test_exposure_ends_with_a_walk_with_lying_down_with_the_clip_moved_or_off(elsewhere):
    felt = Felt().spend(50, SIT, -35.0, 20.0).spend(1, tilt_deg=-35.0, **elsewhere).spend(9, SIT, -35.0)
    assert (felt.known(TILT), felt.measures.values[SIDE], felt.measures.beyond_s(TILT)) == (0.0, 0.0, 0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 12), st.integers(-600_000, 300_000)), max_size=12))
def test_exposure_is_exact_and_never_below_zero(spells):
    felt, tilts = Felt(), []
    for blocks, tilt in spells:
        felt.spend(blocks * BLOCK_S, SIT, tilt / 10_000)
        tilts += [tilt] * blocks
    want = within = 0
    for tilt in tilts:
        beyond = max(-250_000 - tilt, tilt + 50_000)
        within = 0 if beyond > 0 else within + BLOCK_S
        want = max(0, want + BLOCK_S * (beyond if beyond > 0 else -100_000)) if within < 60 else 0
    assert felt.known() == want / 10_000


# ------------------------------------------------------------ the band follows


def middle(felt, posture=SIT, place=0):
    return felt.measures.usual_deg(felt.settings.places[place], posture)


def test_the_band_follows_the_usual_tilt_at_its_own_pace_and_only_while_still():
    felt = Felt(BandParams(Band(usual_tilt_deg=-15.0)))
    felt.spend(1000, SIT, 0.0, 20.0).known()
    assert middle(felt) == pytest.approx((-15.0 + 3.0, 3.0))  # 0.003 deg a second
    assert middle(felt, STAND) == (0.0, 0.0)  # its own
    felt.spend(1000, SIT, 40.0, still=False).known()
    assert middle(felt) == pytest.approx((-12.0, 3.0))
    felt.spend(1000, SIT, -90.0, -90.0).known()
    assert middle(felt) == pytest.approx((-15.0, 0.0), abs=0.1)


def test_postures_without_a_band_show_that_of_standing():
    felt = Felt(BandParams(standing=Band(usual_tilt_deg=2.0, usual_sideways_deg=1.0)))
    assert middle(felt, Posture.UNKNOWN) == middle(felt, STAND) == (2.0, 1.0)


def test_each_place_has_a_reference_of_its_own():
    sofa = Band(tilt_deg=15.0, usual_tilt_deg=-25.0)
    felt = Felt(told=with_place(wanted((), FIXED), "sofa", sitting=sofa, step_deg_s=0.01))
    felt.spend(60, SIT, -35.0).known()
    assert felt.measures.values[TILT] == 600.0
    felt = Felt(told=felt.settings).spend(600, SIT, -35.0, place="sofa")
    assert felt.known() == 0.0
    assert middle(felt, place=1)[0] == pytest.approx(-31.0, abs=0.2)
    assert middle(felt, place=0)[0] == -15.0


def test_each_wearer_has_a_band_of_their_own():
    one, other = Felt(BandParams()).spend(500, SIT, 0.0), Felt(BandParams())
    assert middle(one) != middle(other) == (-15.0, 0.0)


# ------------------------------------------------------------ no shift


def test_seconds_without_a_shift_begin_anew_with_a_shift_and_with_any_other_posture():
    felt = Felt()
    assert felt.spend(700).measures.values["unshifted_s"] == 700.0
    assert felt.spend(10, shift={4}).measures.values["unshifted_s"] == 5.0
    assert felt.spend(1, STAND).measures.values["unshifted_s"] == 0.0
    assert felt.spend(30).measures.values["unshifted_s"] == 30.0


def test_seconds_without_a_shift_wait_while_nothing_is_known_and_are_forgotten_after_long():
    felt = Felt().spend(700).spend(FORGET_S - 1, Posture.NO_DATA)
    assert felt.measures.values["unshifted_s"] == 700.0
    felt.spend(1).spend(FORGET_S, Posture.UNKNOWN)
    assert felt.measures.values["unshifted_s"] == 0.0


# ------------------------------------------------------------ break debt


def test_each_hour_seated_owes_minutes_on_foot():
    assert Felt().spend(3600).measures.values["break_debt_s"] == 300.0
    assert Felt(debt=DebtParams(owed_min_per_h=12.0)).spend(1800).measures.values["break_debt_s"] == 360.0


def test_walking_pays_whole_and_standing_half_and_no_credit_is_kept():
    felt = Felt().spend(3600).spend(60, WALK)
    assert felt.measures.values["break_debt_s"] == 240.0
    assert felt.spend(60, STAND, 0.0).measures.values["break_debt_s"] == 210.0
    assert felt.spend(3600, WALK).measures.values["break_debt_s"] == 0.0
    assert felt.spend(36).measures.values["break_debt_s"] == 3.0
    none = Felt(debt=DebtParams(standing_pays=0.0)).spend(3600).spend(600, STAND, 0.0)
    assert none.measures.values["break_debt_s"] == 300.0


def test_debt_waits_while_nothing_is_known_and_is_forgotten_after_long():
    felt = Felt().spend(3600).spend(FORGET_S - 1, Posture.NO_DATA).spend(1, Posture.LYING)
    assert felt.measures.values["break_debt_s"] == 300.0
    assert felt.spend(FORGET_S, Posture.NO_DATA).measures.values["break_debt_s"] == 0.0


# ------------------------------------------------------------ other settings


def test_other_settings_change_no_measure_by_themselves():
    felt = Felt(BandParams(Band(usual_tilt_deg=-15.0))).spend(1234, SIT, -31.0, 14.0)
    before, usual = dict(felt.measures.values), middle(felt)
    band = BandParams(Band(20.0, 20.0, 5.0, 5.0), step_deg_s=0.0, leak_deg_s=1.0)
    felt.measures.change(wanted((), band, debt=DebtParams(9.0, 0.1)))
    assert felt.measures.values == before
    assert set(before) == set(MEASURES)
    assert middle(felt) == usual


def test_other_settings_apply_from_the_next_ten_seconds_on():
    felt = Felt().spend(60, SIT, -35.0)
    felt.measures.change(wanted((), replace(FIXED, sitting=replace(FIXED.sitting, tilt_deg=18.0))))
    assert felt.spend(60, SIT, -35.0).known() == pytest.approx(5 * 100 + 20 + 60 * 2.0)


def test_a_place_that_is_no_longer_there_is_taken_as_the_desk():
    felt = Felt(told=with_place(wanted((), FIXED), "sofa")).spend(60, SIT, -35.0, place="sofa")
    felt.measures.change(wanted((), FIXED))
    assert felt.spend(60, SIT, -35.0, place="sofa").known() == 1200.0


def test_a_slump_before_a_long_dropout_is_forgotten_after_it():
    desk = Desk(wanted((POSTURE,)))
    desk.spend(60, SIT, -35.0)
    assert desk.alerts.measures.values["tilt_exposure_deg_s"] > 0.0
    desk.spend(200, Posture.NO_DATA)
    assert desk.alerts.measures.values["tilt_exposure_deg_s"] > 0.0
    desk.spend(120, Posture.NO_DATA)
    assert desk.alerts.measures.values["tilt_exposure_deg_s"] == 0.0


def test_the_band_goes_on_from_where_the_days_before_left_it_and_tells_each_degree():
    told = wanted((POSTURE,), BandParams(Band(usual_tilt_deg=-15.0), step_deg_s=0.01))
    first = Desk(told, started())
    first.spend(1000, SIT, -30.0)
    followed = [event for event in first.events if isinstance(event, BandFollowed)]
    assert [round(event.tilt_deg) for event in followed] == [-16, -17, -18, -19, -20, -21, -22, -23, -24]
    last = followed[-1]
    assert (last.profile, last.posture) == ("desk", SIT)
    usual = {"desk/sitting/tilt_deg": last.tilt_deg, "desk/sitting/sideways_deg": last.sideways_deg}
    second = Desk(told, started(usual=usual))
    assert second.alerts.band_deg(SIT) == (last.tilt_deg - 10.0, last.tilt_deg + 10.0)
    assert second.alerts.band_deg(STAND) == (-10.0, 10.0)
    second.spend(60, SIT, -30.0)
    assert second.alerts.measures.values["tilt_exposure_deg_s"] == 0.0


@given(st.dictionaries(st.text(max_size=20) | st.just("desk/sitting/tilt_deg"), st.floats(-90, 90), max_size=4))
def test_whatever_is_carried_over_does_no_harm(usual):
    assert set(carried(usual)) <= {("desk", SITTING)}
