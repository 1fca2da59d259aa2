"""Worn or not: tables that are left alone, shaken, leant on and cool down; bodies that lie still and breathe.

The sensor is simulated at the five means a second that Wear is fed with, so that hours cost little. A body here is a
breath of wavering rate and depth along some direction, and a heart; white noise is that of the sensor.
"""

import copy
import math

import numpy as np
import pytest

from monitor.states.wear import SEGMENT_S, Breath, Wear, WearParams, breath, colour, spectra

PARAMS = WearParams()
TABLE_MG = np.array([20.0, 30.0, 995.0])


class Sensor:
    """Seconds of a sensor with this much white noise (mg, at 50 Hz); `x` are the means over fifths, mg."""

    def __init__(self, seconds, noise_mg=1.0, seed=0):
        self.rng = np.random.default_rng(seed)
        self.t_s = np.arange(5 * seconds) / 5.0
        self.x = TABLE_MG + self.rng.normal(0.0, noise_mg / math.sqrt(10.0), (len(self.t_s), 3))
        self.sd_mg = noise_mg * np.sqrt(self.rng.chisquare(49, (seconds, 3)) / 50.0).max(axis=1)

    def _wander(self, every_s):
        """About normal, another value every so many seconds."""
        knots = np.arange(0.0, self.t_s[-1] + 2 * every_s, every_s)
        return np.interp(self.t_s, knots, self.rng.normal(size=len(knots)))

    def _along(self):
        direction = self.rng.normal(size=3)
        return direction / np.sqrt((direction**2).sum())

    def breathing(self, depth_mg, rate_hz=0.25):
        phase = 2.0 * np.pi * np.cumsum(rate_hz * (1.0 + 0.12 * self._wander(8.0))) / 5.0
        depth = depth_mg * np.clip(1.0 + 0.25 * self._wander(15.0), 0.3, None)
        self.x += (depth * np.sin(phase))[:, None] * self._along()
        return self

    def beating(self, depth_mg=1.0):
        phase = 2.0 * np.pi * np.cumsum(1.1 * (1.0 + 0.05 * self._wander(8.0))) / 5.0
        self.x += (depth_mg * np.sin(phase))[:, None] * self._along()
        return self

    def cooling(self, by_mg=20.0):
        self.x += (by_mg * np.exp(-self.t_s / 300.0))[:, None] * np.array([0.3, 0.3, 1.0])
        return self

    def knocked(self, per_min, strength_mg=15.0):
        seconds = self.rng.random(len(self.sd_mg)) < per_min / 60.0
        strength = np.where(seconds, self.rng.lognormal(math.log(strength_mg), 1.0, len(seconds)), 0.0)
        self.sd_mg = np.hypot(self.sd_mg, strength)
        self.x += self.rng.normal(size=self.x.shape) * np.repeat(strength / 6.0, 5)[:, None]
        return self

    def leant_on(self, per_min, tilt_mg=2.0):
        steps = self.rng.random(len(self.t_s)) < per_min / 300.0
        level = np.where(steps, self.rng.normal(0.0, tilt_mg, len(steps)), np.nan)
        level[0] = 0.0
        last = np.maximum.accumulate(np.where(np.isnan(level), 0, np.arange(len(level))))
        self.x[:, 0] += level[last]
        return self

    def rows(self):
        seconds = self.x.reshape(-1, 5, 3) / 1000.0
        means = [(x, y, z) for x, y, z in seconds.mean(axis=1).tolist()]
        return list(zip(means, self.sd_mg.tolist(), seconds.reshape(-1, 15).tolist(), strict=True))


def fed(wear, rows, start_k=0):
    """`worn` after each second."""
    return np.array([wear.push(start_k + k, *row) for k, row in enumerate(rows)])


def minutes(worn):
    """Until it was called not worn; inf if never."""
    off = np.flatnonzero(~worn)
    return (off[0] + 1) / 60.0 if len(off) else math.inf


def burst(sd_mg, mean_g=(0.0, 1.0, 0.0)):
    return (mean_g, sd_mg, [*mean_g] * 5)


# ------------------------------------------------------------ tables


@pytest.mark.parametrize(("noise_mg", "least", "most"), [(0.0, 5, 5), (0.3, 5, 5), (1, 5, 5), (2, 5, 7), (4, 5, 60)])
def test_a_table_is_called_in_five_minutes_and_later_with_a_noisy_sensor(noise_mg, least, most):
    for seed in range(3):
        wear = Wear(PARAMS)
        worn = fed(wear, Sensor(3600, noise_mg, seed).rows())
        assert least <= minutes(worn) <= most
        assert not worn[60 * most :].any()
        assert (wear.worn, wear.since_s) == (False, 0.0)


def test_hours_on_a_table_stay_not_worn():
    for seed in range(4):
        worn = fed(Wear(PARAMS), Sensor(4 * 3600, 1.0, 10 + seed).rows())
        assert not worn[301:].any()


def test_a_sensor_that_cools_down_does_not_breathe():
    assert minutes(fed(Wear(PARAMS), Sensor(900, 0.5).cooling().rows())) == 5.0


@pytest.mark.parametrize("seed", range(4))
def test_a_desk_that_is_knocked_and_leant_on_is_a_table(seed):
    worn = fed(Wear(PARAMS), Sensor(2 * 3600, 1.0, seed).knocked(1.0).leant_on(1.0).rows())
    assert minutes(worn) <= 25.0
    assert worn[1500:].mean() == 0.0


def test_it_is_dated_from_the_second_it_was_put_down():
    wear = Wear(PARAMS)
    walk = [burst(200.0, (0.1 * (k % 2), 0.9, 0.2)) for k in range(100)]
    assert fed(wear, walk).all()
    fed(wear, Sensor(400).rows(), 100)
    assert (wear.worn, wear.since_s) == (False, 100.0)


def test_put_down_elsewhere_counts_anew():
    wear = Wear(PARAMS)
    rows = Sensor(1200).rows()
    fed(wear, rows[:250])
    worn = fed(wear, [burst(100.0), *[((z, x, y), sd, fifths) for (x, y, z), sd, fifths in rows[251:]]], 250)
    assert minutes(worn) == pytest.approx((1 + 300) / 60.0, abs=1.1)
    assert wear.since_s == 251.0


def test_where_it_sat_on_the_moving_body_takes_twice_as_long():
    rows = Sensor(900).rows()
    moving = [burst(200.0, rows[0][0]) for _ in range(100)]
    wear = Wear(PARAMS)
    fed(wear, moving)
    assert minutes(fed(wear, rows, 100)) == PARAMS.familiar_after_s / 60.0
    wear = Wear(PARAMS)
    fed(wear, moving)
    turned = [((z, x, y), sd, fifths) for (x, y, z), sd, fifths in rows]
    assert minutes(fed(wear, turned, 100)) == PARAMS.off_after_s / 60.0


# ------------------------------------------------------------ bodies


@pytest.mark.parametrize("noise_mg", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("depth_mg", [0.5, 1.0, 3.0])
def test_quiet_lying_for_two_hours_is_worn(noise_mg, depth_mg):
    for seed, rate_hz in enumerate((0.15, 0.25, 0.4)):
        sensor = Sensor(2 * 3600, noise_mg, seed).breathing(depth_mg, rate_hz).beating()
        assert fed(Wear(PARAMS), sensor.rows()).all()


def test_breath_too_shallow_to_be_told_from_a_table_is_called_not_worn():
    """What the limit costs: a breath of 0.2 mg is a tenth of what a quiet body shows."""
    assert minutes(fed(Wear(PARAMS), Sensor(1800, 1.0).breathing(0.2).rows())) < 15.0


def test_holding_the_breath_for_a_minute_is_no_table():
    breathes = Sensor(600, 0.5).breathing(2.0).rows()
    holds = Sensor(100, 0.5, 1).rows()
    assert fed(Wear(PARAMS), (breathes + holds) * 6).all()


def test_sway_without_a_line_of_breath_is_a_body():
    sensor = Sensor(3600, 0.5)
    sensor.x[:, 2] += 2.0 * np.sin(2.0 * np.pi * 0.05 * sensor.t_s)
    assert fed(Wear(PARAMS), sensor.rows()).all()


# ------------------------------------------------------------ worn again


def off():
    wear = Wear(PARAMS)
    fed(wear, Sensor(320).rows())
    assert not wear.worn
    return wear


def test_handling_makes_it_worn_from_its_first_burst_on():
    wear = off()
    assert fed(wear, [burst(60.0), burst(20.0), burst(70.0), burst(51.0)], 320).tolist() == [False] * 3 + [True]
    assert wear.since_s == 320.0


@pytest.mark.parametrize("knocks", [[(0, 900.0)], [(0, 60.0), (1, 60.0)], [(0, 60.0), (1, 60.0), (11, 60.0)]])
def test_a_knock_or_two_do_not(knocks):
    wear = off()
    rows = Sensor(20, seed=1).rows()
    for at, sd_mg in knocks:
        rows[at] = (rows[at][0], sd_mg, rows[at][2])
    assert not fed(wear, rows, 320).any()


def test_turning_it_over_once_does():
    wear = off()
    rows = [((z, x, y), sd, fifths) for (x, y, z), sd, fifths in Sensor(20, seed=1).rows()]
    assert fed(wear, [burst(30.0), *rows], 320)[1:].all()


def test_breath_does_where_it_was_put_on_gently():
    wear = off()
    worn = fed(wear, Sensor(600, seed=1).breathing(1.0).rows(), 320)
    assert not worn[:100].any()
    assert worn[300:].all()


def test_taken_off_again_counts_from_then():
    wear = off()
    fed(wear, [burst(100.0, (0.0, 0.98, 0.2))] * 30, 320)
    assert wear.worn
    fed(wear, Sensor(400, seed=2).rows(), 350)
    assert (wear.worn, wear.since_s) == (False, 350.0)


# ------------------------------------------------------------ gaps


def test_lost_packets_do_not_start_the_count_anew():
    wear, k = Wear(PARAMS), 0
    for seed in range(8):
        fed(wear, Sensor(150, seed=seed).rows(), k)
        wear.pause()
        k += 155
    assert (wear.worn, wear.since_s) == (False, 0.0)


def test_stillness_is_not_carried_across_a_long_gap():
    wear = Wear(PARAMS)
    fed(wear, Sensor(290).rows())
    wear.pause()
    assert minutes(fed(wear, Sensor(400, seed=1).rows(), 390)) == 5.0
    assert wear.since_s == 390.0


def test_nor_across_a_short_one_after_which_it_lies_otherwise():
    wear = Wear(PARAMS)
    fed(wear, Sensor(290).rows())
    wear.pause()
    rows = [((z, x, y), sd, fifths) for (x, y, z), sd, fifths in Sensor(400, seed=1).rows()]
    assert minutes(fed(wear, rows, 300)) == 5.0
    assert wear.since_s == 300.0


def test_a_gap_does_not_make_a_lost_sensor_worn():
    wear = off()
    wear.pause()
    assert wear.worn is False
    assert not fed(wear, Sensor(100).rows(), 5000).any()


# ------------------------------------------------------------ the measure itself


def test_a_copy_goes_on_as_the_original():
    rows = Sensor(900, 3.0).rows()
    wear = Wear(PARAMS)
    fed(wear, rows[:333])
    twin = copy.deepcopy(wear)
    assert fed(wear, rows[333:], 333).tolist() == fed(twin, rows[333:], 333).tolist()


def measured(sensor):
    minutes_g = sensor.x.reshape(-1, 5 * SEGMENT_S, 3) / 1000.0
    return breath(spectra(minutes_g))


@pytest.mark.parametrize("rate_hz", [0.15, 0.25, 0.4])
def test_the_excess_is_the_power_of_the_breath(rate_hz):
    found = measured(Sensor(3600, 2.0).breathing(1.0, rate_hz))
    depths = 0.5 * (1.0 + 0.25**2 * 2 / 3)  # of a sine, and of its wavering depth
    assert found.excess_mg2 == pytest.approx(depths, rel=0.15)


def test_noise_alone_has_no_excess_beyond_its_error():
    found = [measured(Sensor(600, 3.0, seed)) for seed in range(40)]
    z = np.array([each.excess_mg2 / each.sd_mg2 for each in found])
    assert abs(z.mean()) < 0.4
    assert 0.7 < z.std() < 1.3


@pytest.mark.parametrize("rate_hz", [10.0, 12.5, 25.0])
def test_the_noise_of_a_slow_sensor_is_level_once_its_colour_is_known(rate_hz):
    rng = np.random.default_rng(3)
    seconds = 4 * 3600
    t_s = np.arange(int(seconds * rate_hz) + 2) / rate_hz
    grid = np.interp(np.arange(50 * seconds) / 50.0, t_s, rng.normal(0.0, 2.0, len(t_s)))
    x = np.zeros((seconds // 60, 300, 3))
    x[:, :, 0] = grid.reshape(-1, 300, 10).mean(axis=2) / 1000.0
    level = breath([each / colour(rate_hz) for each in spectra(x)])
    assert abs(level.excess_mg2) < 3.0 * level.sd_mg2
    assert breath(spectra(x)).excess_mg2 > level.excess_mg2


@pytest.mark.parametrize("rate_hz", [50.0, 99.26, 285.7])
def test_a_fast_sensor_has_no_colour(rate_hz):
    assert set(colour(rate_hz).tolist()) == {1.0}


def test_a_heart_is_no_noise():
    quiet, beats = measured(Sensor(1800, 1.0)), measured(Sensor(1800, 1.0).beating(2.0))
    assert beats.excess_mg2 == pytest.approx(quiet.excess_mg2, abs=0.02)


def test_a_spectrum_without_anything_in_it_says_so():
    assert breath(spectra(np.zeros((2, 300, 3)))) == Breath(0.0, 0.0, 0.0)
