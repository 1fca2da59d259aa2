"""walking, transitions, trials, steps, tilt, inclination, worn, sitting, lag: figures that can be counted by hand."""

import math

import numpy as np
import pytest

from monitor.evaluation import inclination, lag, sitting, steps, tilt, transitions, trials, walking, worn
from monitor.evaluation.session import Optical, Trial
from monitor.profile import Profile
from monitor.stream import Break, Samples, Transition


def move(kind, start_s, end_s):
    return Transition(kind, start_s, end_s, 0.9)


def well_formed(tables):
    assert tables
    for table in tables:
        assert table.rows
        assert all(len(row) == len(table.head) for row in table.rows), table.title


# ---------------------------------------------------------------- walking


def test_walking_sensitivity_and_specificity(told, blank):
    session = blank(truth={0: "walking", 1: "walking", 2: "sitting", 3: "lying", 4: "standing"})
    found = walking.figures(
        {"user01": [walking.measure(session, {"acc-live": told(["walking", "unknown", "walking", "lying"])})]}
    )
    way = found["ways"]["acc-live"]
    assert way["sensitivity"]["pooled"]["value"] == 0.5
    assert way["specificity"]["pooled"]["value"] == pytest.approx(2 / 3)  # no answer is not called walking
    assert (way["sensitivity"]["seconds"], way["specificity"]["seconds"]) == (2, 3)
    well_formed(walking.tables("hapt", found))


# ---------------------------------------------------------------- transitions


def test_transitions_by_hand(told, blank):
    labelled = {kind: [] for kind in transitions.KINDS}
    labelled["sit-to-stand"] = [(20.0, 23.0), (40.0, 43.0)]
    session = blank(moves=labelled, unlabelled=[(60.0, 70.0)], ignored_s=10.0)
    answers = told(
        [],
        transitions=[
            move("sit-to-stand", 5.0, 7.0),  # in the lead
            move("sit-to-stand", 20.5, 22.0),  # found, 1.5 s too short
            move("sit-to-stand", 30.0, 32.0),  # false
            move("sit-to-stand", 64.0, 66.0),  # false in unlabelled time
            move("stand-to-sit", 40.0, 43.0),  # of another kind
        ],
    )
    found = transitions.figures({"user01": [transitions.measure(session, {"acc-live": answers})]})
    rises, sits = (found["ways"]["acc-live"][kind] for kind in ("sit-to-stand", "stand-to-sit"))
    assert (rises["matched"], rises["labelled"], rises["told"], rises["told_unlabelled"]) == (1, 2, 3, 1)
    assert rises["recall"]["value"] == 0.5
    assert rises["precision_all"]["value"] == pytest.approx(1 / 3)
    assert rises["precision_labelled"]["value"] == 0.5
    assert rises["f1"]["value"] == pytest.approx(0.4)
    assert (rises["duration_bias_s"], rises["duration_mae_s"]) == (-1.5, 1.5)
    assert (sits["told"], sits["precision_all"]["value"]) == (1, 0.0)
    assert math.isnan(sits["recall"]["value"])
    well_formed(transitions.tables("hapt", found))


def test_lying_down_from_standing_may_be_told_as_the_nearest_kind_and_need_not(told, blank):
    labelled = {kind: [] for kind in transitions.KINDS}
    labelled |= {"sit-to-lie": [(10.0, 13.0)], "stand-to-lie": [(30.0, 33.0), (50.0, 53.0)]}
    answers = told([], transitions=[move("sit-to-lie", *each) for each in ((10.0, 13.0), (30.0, 33.0), (70.0, 73.0))])
    found = transitions.figures({"user01": [transitions.measure(blank(moves=labelled), {"acc-live": answers})]})
    lies = found["ways"]["acc-live"]["sit-to-lie"]
    assert (lies["matched"], lies["labelled"], lies["told"]) == (1, 1, 2)
    assert (lies["straight_told"], lies["straight_labelled"]) == (1, 2)
    assert lies["precision_all"]["value"] == 0.5


def test_a_boundary_without_length_is_matched_within_a_second_and_gives_no_length(told, blank):
    labelled = {kind: [] for kind in transitions.KINDS} | {"stand-to-sit": [(20.0, 20.0)]}
    answers = told([], transitions=[move("stand-to-sit", 18.0, 19.1)])
    found = transitions.figures({"S006": [transitions.measure(blank(moves=labelled), {"acc-live": answers})]})
    sits = found["ways"]["acc-live"]["stand-to-sit"]
    assert sits["recall"]["value"] == 1.0
    assert math.isnan(sits["duration_bias_s"])


# ---------------------------------------------------------------- trials


def test_an_event_belongs_to_the_trial_that_holds_its_middle(told, blank):
    session = blank(
        trials=[
            Trial("D01", 0.0, 60.0),
            Trial("D07", 65.0, 77.0),
            Trial("D08", 82.0, 90.0),
            Trial("D16", 95.0, 105.0),
            Trial("D16", 110.0, 120.0),
        ]
    )
    answers = told(
        [],
        transitions=[
            move("sit-to-stand", 58.0, 61.0),  # in the walk: false
            move("stand-to-sit", 66.0, 68.0),
            move("sit-to-stand", 74.0, 76.0),
            move("sit-to-stand", 83.0, 84.0),
            move("sit-to-stand", 86.0, 87.0),  # one too many
            move("bow", 97.0, 99.0),
            move("bow", 100.0, 102.0),  # up again, in two
            move("sit-to-stand", 114.0, 116.0),  # a bend taken for a rise
            move("sit-to-lie", 111.0, 113.0),  # and for lying down
        ],
    )
    found = trials.figures({"SA01": [trials.measure(session, {"gyro-live": answers})]})
    way = found["ways"]["gyro-live"]
    assert way["rises_exact"]["pooled"]["value"] == 0.5
    assert way["sit_downs_exact"]["pooled"]["value"] == 0.5
    assert way["both_exact"]["pooled"]["value"] == 0.5
    assert way["false_rises_per_h"]["value"] == pytest.approx(60.0)
    assert way["false_sit_downs_per_h"]["value"] == 0.0
    bends = way["groups"]["bend forward, knees straight (D16)"]
    assert (bends["rises_exact"], bends["bows_a_trial"]) == (0.5, 1.0)
    bends = way["bends"]
    assert (bends["trials"], bends["bow"]["value"], bends["rise_or_sit_down"]["value"]) == (2, 0.5, 0.5)
    assert bends["lying"]["value"] == 0.5
    well_formed(trials.tables("sisfall", found))


# ---------------------------------------------------------------- steps


def test_steps_are_summed_over_the_walk(told, blank):
    one = steps.measure(blank(steps=20), {"acc-live": told(["walking"] * 9, steps=2)})
    two = steps.measure(blank(steps=20), {"acc-live": told(["walking"] * 11, steps=2)})
    found = steps.figures({"1": [one, two]})
    way = found["ways"]["acc-live"]
    assert way["walk_absolute_percent"]["value"] == pytest.approx(10.0)
    assert way["person_absolute_percent"]["mean"] == pytest.approx(10.0)
    assert way["total_percent"] == pytest.approx(0.0)
    assert found["walks"] == 2
    well_formed(steps.tables("voisard", found))


# ---------------------------------------------------------------- tilt, inclination


def leaning(deg, seconds=40, rate_hz=10):
    t_s = np.arange(seconds * rate_hz) / rate_hz
    return t_s, np.tile([0.0, np.cos(np.radians(deg)), np.sin(np.radians(deg))], (len(t_s), 1))


def test_tilt_is_compared_at_still_worn_seconds_after_the_lead(told, blank):
    true = leaning(10.0)
    near = leaning(12.0)
    near[1][: 35 * 10] = [1.0, 0.0, 0.0]  # the lead and what follows it may be as wrong as it likes
    names = ["sitting"] * 38 + ["not-worn"] * 2
    answers = {
        "gyro-live": told(names, t_s=near[0], up=near[1]),
        "gyro-hindsight": told(names, t_s=true[0], up=true[1]),
        "acc-live": told(names, still=False, t_s=near[0], up=near[1]),
    }
    found = tilt.figures({"user01": [tilt.measure(blank(lead_s=5.0), answers)]})
    assert found["ways"]["gyro-live"]["seconds"] == 3
    assert found["ways"]["gyro-live"]["rmse_deg"]["value"] == pytest.approx(2.0)
    assert found["ways"]["gyro-live"]["p95_deg"] == pytest.approx(2.0)
    assert found["ways"]["acc-live"]["seconds"] == 0
    assert "gyro-hindsight" not in found["ways"]
    well_formed(tilt.tables("hapt", found))


def test_without_a_gyroscope_there_is_nothing_to_compare_tilt_with(told, blank):
    assert tilt.measure(blank(), {"acc-live": told(["sitting"])}) == {}


def test_inclination_is_scored_where_the_cameras_saw_it_and_vqf_stands_beside_it(told, blank):
    t_s, up = leaning(3.0, 10)
    _, flat = leaning(0.0, 10)
    flat_seen = flat.copy()
    flat_seen[:5] = np.nan
    moving = np.arange(100) < 50
    answers = {way: told([], t_s=t_s, up=up) for way in ("acc-live", "gyro-live", "acc-hindsight", "gyro-hindsight")}
    session = blank(optical=Optical(flat_seen, moving))
    found = inclination.figures({"01": [inclination.measure(session, answers)]})
    assert found["ways"]["gyro-live"]["moving_deg"]["mean"] == pytest.approx(3.0)
    assert found["ways"]["gyro-live"]["resting_deg"]["mean"] == pytest.approx(3.0)
    assert found["ways"][inclination.OFFLINE]["moving_deg"]["mean"] < 0.1  # nothing moved
    well_formed(inclination.tables("broad", found))
    with pytest.raises(ValueError, match="samples came out"):
        inclination.measure(session, {"acc-live": told([], t_s=t_s[1:], up=up[1:])})


# ---------------------------------------------------------------- worn, sitting, lag


def test_seconds_without_data_are_neither_worn_nor_not(told, blank):
    found = worn.figures(
        {"1": [worn.measure(blank(), {"acc-live": told(["sitting", "not-worn", "no-data", "unknown"])})]}
    )
    assert found["ways"]["acc-live"] == {"seconds": 3, "not_worn_seconds": 1, "share": pytest.approx(1 / 3)}
    well_formed(worn.tables("hapt", found))


def test_labelled_breaks_follow_the_rule_for_bouts(told, blank):
    labels = ["sitting"] * 600 + ["standing"] * 90 + ["sitting"] * 600 + ["walking"] * 20 + ["sitting"] * 600
    session = blank(
        truth=dict(enumerate(labels)), beside={len(labels): "shuffling", len(labels) + 1: "cycling, seated"}
    )
    answers = told(["sitting"] * 1800, breaks=[Break(10.0, 80.0), Break(100.0, 190.0)])
    found = sitting.figures({"S006": [sitting.measure(session, {"acc-live": answers}, Profile())]})
    way = found["ways"]["acc-live"]
    assert way["labelled_per_h"]["value"] == pytest.approx(2.0)  # 20 s of walking are no break
    assert way["told_per_h"]["value"] == pytest.approx(4.0)
    assert way["error_per_h"]["mean"] == pytest.approx(2.0)
    well_formed(sitting.tables("harth", found))


def test_lag_is_counted_from_the_end_of_the_second_to_its_packet(wear, blank):
    samples = wear([("walk", 20, 0), ("still", 20, 0)], 50.0)
    session = blank(rate_hz=50.0)
    session = type(session)("s", "user01", 50.0, Samples(samples.t_s, samples.acc_g))
    found = lag.figures({"user01": [lag.measure(session, Profile())]})
    assert list(found["ways"]) == ["acc-live"]
    postures = found["ways"]["acc-live"]["posture"]
    assert postures["number"] in {36, 37}  # the last three are cut short by the end
    assert 2.9 <= postures["median_s"] <= postures["worst_s"] <= 3.0 + lag.PACKET_S
    well_formed(lag.tables("hapt", found))
