"""The day in figures: a Summary that follows a real Pipeline, looked at through its Snapshots."""

import math

import numpy as np
import pytest
from prompting import profile_with

from monitor.config import profile_from_mapping
from monitor.pipeline import Pipeline
from monitor.profile import Profile
from monitor.signal.reference import Reference
from monitor.snapshot import Span
from monitor.states.placement import Seat
from monitor.states.rules import AlertRule
from monitor.stream import (
    AlertCleared,
    AlertRaised,
    BadPacket,
    Battery,
    Break,
    Epoch,
    Gap,
    Link,
    LinkState,
    Mark,
    Posture,
    PostureChanged,
    Samples,
    Tick,
    Wearer,
)
from monitor.summary import Summary

RATE_HZ = 100.0
TILT = AlertRule("tilt", "tilt_exposure_deg_s", 900.0, 300.0, 5.0, 900.0, "Sit tall.")
SITTING = AlertRule("sitting", "sitting_s", 60.0, 10.0, 5.0, 900.0, "Stand up.")
LATER = AlertRule("later", "sitting_s", 90.0, 10.0, 5.0, 900.0, "Do stand up.")


class Screen:
    """A session without a radio: records go through the pipeline into the summary."""

    def __init__(self, *, gyro=True, rules=(), day_start_s=0.0, known=(), rate_hz=RATE_HZ):
        self.pipeline = Pipeline(profile_with(rules), rate_hz, gyro=gyro, known=known)
        self.summary = Summary(
            mode="live", sensor="WT901", rate_hz=rate_hz, day_start_s=day_start_s, recording="a.sqlite"
        )

    def take(self, *records):
        for record in records:
            self.summary.push(record, self.pipeline.push(record), self.pipeline)
        return self

    def stream(self, samples, size=50):
        """The samples in blocks."""
        return self.take(*(cut(samples, i, i + size) for i in range(0, len(samples), size)))

    def told(self, *events):
        """Events as if a Tick had led to them."""
        self.summary.push(Tick(events[-1].t_s), events, self.pipeline)
        return self

    @property
    def now(self):
        return self.summary.snapshot(self.pipeline)


def cut(samples, start, stop):
    gyr = None if samples.gyr_dps is None else samples.gyr_dps[start:stop]
    return Samples(samples.t_s[start:stop], samples.acc_g[start:stop], gyr)


def epoch(t_s, posture, steps=0):
    return Epoch(float(t_s), posture, 0.9, 1.0, 0.5, 1.0, still=True, motion_mg=2.0, steps=steps)


def alert(t_s, name="tilt", value=950.0):
    return AlertRaised(float(t_s), name, "Sit tall.", value, 900.0, "deg·s", {"tilt_deg": -40.0})


# ------------------------------------------------------------ before and at the beginning


def test_before_the_first_record_nothing_is_claimed():
    now = Screen(day_start_s=3600.0).now
    assert (now.posture, now.provisional, now.zero) == (Posture.NO_DATA, Posture.NO_DATA, "none")
    assert (now.tilt_deg, now.tilt_sd_deg, now.obliquity_deg, now.prompt) == (None, None, None, None)
    assert (now.clock, now.t_s, now.ribbon, len(now.trace.t_s)) == ("01:00:00", 0.0, (), 0)
    assert now.link.state is LinkState.SEARCHING
    assert (now.link.battery_percent, now.link.rate_hz, now.link.lost_percent) == (None, 0.0, 0.0)
    assert set(now.totals_s) == set(Posture)
    assert sum(now.totals_s.values()) == 0.0


@pytest.mark.parametrize(
    ("day_start_s", "t_s", "text"),
    [
        (0.0, 0.9, "00:00:00"),
        (33_330.5, 59.5, "09:16:30"),
        (86_390.0, 15.0, "00:00:05"),
        (3600.0, 200_000.0, "08:33:20"),
    ],
)
def test_the_clock_shows_the_local_time_of_day(day_start_s, t_s, text):
    assert Screen(day_start_s=day_start_s).take(Tick(t_s)).now.clock == text


def test_time_does_not_run_backwards_for_late_samples(wear):
    screen = Screen().take(Tick(30.0)).stream(wear([("still", 5, 0)], start_s=10.0))
    assert screen.now.t_s == 30.0


# ------------------------------------------------------------ figures


def test_totals_and_ribbon_follow_the_epochs():
    sit, stand = Posture.SITTING, Posture.STANDING
    screen = Screen()
    screen.told(*(epoch(t, sit) for t in range(4)), *(epoch(t, stand) for t in range(4, 6)), epoch(6, sit))
    screen.told(epoch(9, sit))  # seconds 7 and 8 were never answered: not one spell
    now = screen.now
    assert now.ribbon == (Span(0.0, 4.0, sit), Span(4.0, 6.0, stand), Span(6.0, 7.0, sit), Span(9.0, 10.0, sit))
    assert (now.totals_s[sit], now.totals_s[stand], sum(now.totals_s.values())) == (6.0, 2.0, 8.0)
    assert now.posture is sit


def test_minutes_not_worn_are_taken_back_from_totals_and_ribbon():
    sit, off = Posture.SITTING, Posture.NOT_WORN
    screen = Screen().told(*(epoch(t, sit) for t in range(10)))
    screen.told(PostureChanged(4.0, sit, off, 1.0), epoch(10, off))
    now = screen.now
    assert now.ribbon == (Span(0.0, 4.0, sit), Span(4.0, 11.0, off))
    assert (now.totals_s[sit], now.totals_s[off]) == (4.0, 7.0)


def test_a_snapshot_does_not_change_afterwards():
    screen = Screen().told(epoch(0, Posture.SITTING))
    before = screen.now
    screen.told(epoch(1, Posture.SITTING), epoch(2, Posture.LYING))
    assert before.ribbon == (Span(0.0, 1.0, Posture.SITTING),)
    assert before.totals_s[Posture.SITTING] == 1.0


def test_a_day_adds_up(wear):
    screen = Screen().stream(wear([("walk", 20, 0), ("sit", 100, -20), ("walk", 70, 0), ("sit", 60, -20)]))
    now = screen.now
    assert sum(now.totals_s.values()) == sum(s.end_s - s.start_s for s in now.ribbon)
    assert now.totals_s[Posture.SITTING] == pytest.approx(160, abs=8)
    assert now.steps == pytest.approx(90 * 1.8, abs=8)
    assert now.breaks == 1
    assert now.zero == "walking"
    assert (now.posture, now.provisional) == (Posture.SITTING, Posture.SITTING)
    assert now.posture_since_s == pytest.approx(190.0, abs=4)
    assert now.sitting.seconds == pytest.approx(55, abs=6)


def test_breaks_steps_and_bad_packets_are_counted():
    screen = Screen().told(
        epoch(0, Posture.WALKING, 2), epoch(1, Posture.WALKING, 1), Break(0.0, 60.0), Break(90.0, 160.0)
    )
    screen.take(BadPacket(161.0, "checksum", "5561"), Mark(162.0, "lunch"))
    assert (screen.now.steps, screen.now.breaks, screen.now.link.bad_packets) == (3, 2, 1)


@pytest.mark.parametrize("rules", [(LATER, SITTING), (SITTING, LATER)])
def test_clocks_stand_beside_the_lowest_limit_that_watches_them(rules):
    now = Screen(rules=rules).now
    assert now.sitting.limit_s == 60.0
    assert now.standing.limit_s is None


# ------------------------------------------------------------ trace


def test_the_trace_is_the_last_minute_and_no_finer_than_a_screen(wear):
    screen = Screen().stream(wear([("walk", 20, 0), ("sit", 100, -20)]), size=37)
    t_s, tilt_deg = screen.now.trace.t_s, screen.now.trace.tilt_deg
    assert t_s[-1] - t_s[0] <= 60.0
    assert t_s[0] >= screen.now.t_s - 60.0
    assert len(t_s) == pytest.approx(1200, abs=2)
    assert np.diff(t_s).min() >= 0.05 - 1e-9
    assert tilt_deg[-1] == pytest.approx(-20.0, abs=1.0)


def test_the_trace_begins_without_a_zero_as_nan(wear):
    trace = Screen().stream(wear([("still", 5, 0), ("walk", 15, 0)])).now.trace
    assert np.isnan(trace.tilt_deg[:20]).all()
    assert np.isfinite(trace.tilt_deg[-20:]).all()


def test_block_length_changes_no_point_of_the_trace(wear):
    samples = wear([("walk", 20, 0), ("sit", 50, -20)])
    one, other = (Screen().stream(samples, size) for size in (4, 1000))
    np.testing.assert_array_equal(one.now.trace.t_s, other.now.trace.t_s)
    late = one.now.trace.t_s > 25.0  # a block that brings the zero is measured against it from its own time on
    np.testing.assert_array_equal(one.now.trace.tilt_deg[late], other.now.trace.tilt_deg[late])


def test_silence_empties_the_trace_and_the_rate(wear):
    screen = Screen().stream(wear([("walk", 20, 0), ("sit", 20, -20)]))
    screen.take(*(Tick(float(t)) for t in range(41, 71)))
    assert len(screen.now.trace.t_s) == pytest.approx(600, abs=3)  # half of the last minute
    assert screen.now.link.rate_hz == 0.0
    screen.take(*(Tick(float(t)) for t in range(71, 111)))
    assert len(screen.now.trace.t_s) == 0


# ------------------------------------------------------------ tilt


@pytest.mark.parametrize("gyro", [True, False])
def test_without_a_zero_there_is_no_tilt(wear, gyro):
    now = Screen(gyro=gyro).stream(wear([("still", 20, 5)])).now
    assert (now.tilt_deg, now.tilt_sd_deg, now.obliquity_deg) == (None, None, None)


def test_a_zero_from_before_gives_a_tilt_from_the_first_sample(wear):
    screen = Screen(known=[Seat(float("-inf"), Reference((0.0, 1.0, 0.0), 5, 0.4))]).stream(
        wear([("still", 4, 0), ("still", 12, 8)])
    )
    assert screen.now.tilt_deg == pytest.approx(8.0, abs=0.7)
    assert screen.now.tilt_sd_deg == pytest.approx(math.hypot(0.5, 0.4))


def test_in_motion_the_tilt_is_live_with_gyroscope_and_held_without(wear):
    samples = wear([("walk", 20, 0), ("sit", 30, -20), ("walk", 3, 12)])
    with_gyro, without = Screen(gyro=True).stream(samples).now, Screen(gyro=False).stream(samples).now
    assert not with_gyro.moving
    assert without.moving
    assert with_gyro.tilt_deg == pytest.approx(12.0, abs=1.5)
    assert without.tilt_deg == pytest.approx(-20.0, abs=1.5)
    assert without.obliquity_deg == pytest.approx(0.0, abs=1.0)


def test_held_still_the_tilt_is_that_of_the_newest_sample_either_way(wear):
    samples = wear([("walk", 20, 0), ("sit", 30, -20), ("sit", 2, -24)])
    for gyro in (True, False):
        now = Screen(gyro=gyro).stream(samples).now
        assert not now.moving
        assert now.tilt_deg == pytest.approx(-24.0, abs=1.5)  # the newest confirmed second still says -20


def test_a_silent_sensors_tilt_is_flagged_as_held(wear):
    screen = Screen().stream(wear([("walk", 20, 0), ("sit", 20, -20)]))
    assert not screen.now.moving
    now = screen.take(Tick(44.0), Tick(50.0)).now
    assert now.moving
    assert (now.posture, now.provisional) == (Posture.NO_DATA, Posture.NO_DATA)
    assert now.posture_since_s == 40.0


def test_the_band_is_that_of_the_posture():
    screen = Screen()
    assert screen.told(epoch(0, Posture.SITTING)).now.band_deg == (-25.0, -5.0)
    assert screen.told(epoch(1, Posture.STANDING)).now.band_deg == (-10.0, 10.0)


# ------------------------------------------------------------ prompts


def test_a_prompt_appears_and_goes(wear):
    screen = Screen(rules=(SITTING,)).stream(wear([("walk", 20, 0), ("sit", 80, -20)]))
    prompt = screen.now.prompt
    assert (prompt.name, prompt.message, prompt.limit, prompt.unit) == ("sitting", "Stand up.", 60.0, "s")
    assert 80.0 <= prompt.since_s <= 90.0
    screen.take(Wearer(screen.now.t_s, "dismiss"))
    assert screen.now.prompt is None
    assert screen.summary.prompts == 1


def test_the_newest_prompt_is_shown_and_the_one_before_comes_back():
    screen = Screen().told(alert(10, "tilt")).told(alert(20, "sitting"))
    assert screen.now.prompt.name == "sitting"
    screen.told(alert(30, "tilt", 990.0))  # repeated: newest again
    assert (screen.now.prompt.name, screen.now.prompt.since_s, screen.now.prompt.value) == ("tilt", 30.0, 990.0)
    screen.told(AlertCleared(40.0, "tilt", "recovered"))
    assert screen.now.prompt.name == "sitting"
    screen.told(AlertCleared(41.0, "tilt", "recovered"), AlertCleared(41.0, "sitting", "recovered"))
    assert screen.now.prompt is None
    assert screen.summary.prompts == 3


def test_snooze_counts_down():
    screen = Screen(rules=(TILT,)).take(Tick(100.0))
    assert screen.now.snoozed_s == 0.0
    screen.take(Wearer(100.0, "snooze", 60.0))
    assert screen.now.snoozed_s == 60.0
    assert screen.take(Tick(145.0)).now.snoozed_s == 15.0
    assert screen.take(Tick(200.0)).now.snoozed_s == 0.0


# ------------------------------------------------------------ link


def test_link_and_battery_are_the_last_told():
    screen = Screen().take(Link(1.0, LinkState.CONNECTED), Battery(2.0, 80), Battery(3.0, 79))
    screen.take(Link(4.0, LinkState.LOST, "out of reach"))
    link = screen.now.link
    assert (link.sensor, link.state, link.cause, link.battery_percent) == ("WT901", LinkState.LOST, "out of reach", 79)


@pytest.mark.parametrize("missing", [1, 4, 500])
@pytest.mark.parametrize("told_from", ["last sample", "just after it", "next due"])
def test_exactly_the_samples_that_were_due_in_a_gap_are_lost(wear, missing, told_from):
    samples = wear([("still", 30, 0)])
    last_s = float(samples.t_s[999])
    start_s = {"last sample": last_s, "just after it": last_s + 1e-6, "next due": last_s + 0.01}[told_from]
    screen = Screen().stream(cut(samples, 0, 1000))
    screen.take(Gap(start_s, float(samples.t_s[1000 + missing]), "packets lost"))
    screen.stream(cut(samples, 1000 + missing, 3000))
    link = screen.now.link
    assert (link.lost, link.received) == (missing, 3000 - missing)
    assert link.lost_percent == pytest.approx(missing / 30.0)
    assert screen.summary.mean_rate_hz == pytest.approx(RATE_HZ)


@pytest.mark.parametrize("rate_hz", [12.5, 99.26])
@pytest.mark.parametrize("size", [1, 4, 20])
def test_the_rate_is_that_of_the_samples_whatever_the_block(wear, rate_hz, size):
    screen = Screen(rate_hz=rate_hz).stream(wear([("still", 25, 0)], rate_hz=rate_hz), size)
    assert screen.now.link.rate_hz == pytest.approx(rate_hz, rel=1e-3)
    assert screen.summary.mean_rate_hz == pytest.approx(rate_hz, rel=1e-3)


def test_a_block_longer_than_every_window_or_empty_or_late_is_taken(wear):
    samples = wear([("still", 90, 0)])
    screen = Screen().take(samples, cut(samples, 0, 0))
    assert screen.now.link.received == 9000
    assert 0 < len(screen.now.trace.t_s) <= 1201
    late = wear([("still", 2, 0)], start_s=100.0)
    screen.take(Tick(130.0), late)
    assert screen.now.link.received == 9200


def test_a_profile_read_back_gives_the_limits():
    mapping = {"alert": [{"name": "x", "measure": "standing_s", "limit": 50, "clear": 1, "hold_s": 1, "repeat_s": 9}]}
    mapping["alert"][0]["message"] = "Walk."
    profile = profile_from_mapping(mapping, Profile())
    assert Screen(rules=profile.prompts.places[0].rules).now.standing.limit_s == 50.0
