"""Sample times from arrivals: simulated radios with a known truth, and the properties that hold for any arrivals."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.signal.timebase import ArrivalTimebase, TimebaseParams, round_t, split_at_gaps
from monitor.stream import Gap, Samples

RATE_HZ = 99.26
PACKET = 4


def uniform(limit_s):
    return lambda sent, rng: sent + rng.uniform(0.0, limit_s, len(sent))


def bunched(sent, _rng):
    """A host that wakes every 200 ms."""
    return np.ceil(sent / 0.2) * 0.2


def grid(sent, rng):
    """A connection interval of 40 ms against packets every 40.3 ms."""
    return np.ceil(sent / 0.04) * 0.04 + 0.001 * rng.random(len(sent))


def stalls(sent, rng):
    """200 ms without delivery every 7 s, then all at once."""
    arrival = sent + rng.uniform(0.0, 0.01, len(sent))
    return np.where(arrival % 7.0 < 0.2, np.floor(arrival / 7.0) * 7.0 + 0.2, arrival)


class Run:
    """A simulated sensor at 99.26 Hz behind a radio: what the timebase made of it, beside the truth."""

    def __init__(self, radio, seconds, seed=1, start_hz=RATE_HZ, lost=(), silent=()):
        rng = np.random.default_rng(seed)
        packets = int(seconds * RATE_HZ / PACKET)
        taken = 0.05 + np.arange(packets * PACKET) / RATE_HZ
        arrival = radio(taken[PACKET - 1 :: PACKET], rng)
        for start_s, length_s in silent:
            arrival = np.where((arrival >= start_s) & (arrival < start_s + length_s), start_s + length_s, arrival)
        arrival = np.maximum.accumulate(arrival)  # radio links keep the order
        keep = np.ones(packets, dtype=bool)
        for start_s, count in lost:
            first = int(start_s * RATE_HZ / PACKET)
            keep[first : first + count] = False
        self.timebase = ArrivalTimebase(start_hz)
        self.gaps, times, rates = [], [], []
        for at in np.flatnonzero(keep):
            block, gap, missing = self.timebase.push(float(arrival[at]), PACKET)
            times.append(block)
            rates.append(self.timebase.rate_hz)
            assert (gap is None) == (missing == 0)
            if gap:
                assert gap.end_s == block[0]
                self.gaps.append((gap, missing))
        self.t_s = np.concatenate(times)
        self.truth_s = taken.reshape(-1, PACKET)[keep].ravel()
        self.rates_hz = np.array(rates)
        self.lost = sum(missing for _, missing in self.gaps)

    def error_p99_s(self, after_s):
        return float(np.percentile(np.abs(self.t_s - self.truth_s)[self.truth_s > after_s], 99))


@pytest.mark.parametrize(
    ("radio", "limit_s"),
    [(uniform(0.2), 0.060), (uniform(0.03), 0.020), (bunched, 0.020), (grid, 0.020), (stalls, 0.020)],
    ids=["uniform 200 ms", "uniform 30 ms", "bunched 200 ms", "40 ms grid", "stalls"],
)
@pytest.mark.parametrize("start_hz", [RATE_HZ, 98.5])
def test_accuracy_and_rate_after_settling(radio, limit_s, start_hz):
    run = Run(radio, 330, start_hz=start_hz)
    assert run.error_p99_s(after_s=60) <= limit_s
    assert abs(run.timebase.rate_hz / RATE_HZ - 1) <= 1e-3
    assert run.lost <= PACKET
    # Smooth: the slew limit bounds every step, but for the Gaps.
    steps = np.diff(run.t_s) * RATE_HZ
    assert steps.min() > 0.965
    assert np.sum(steps > 1.035) == len(run.gaps)


def test_a_clock_that_drifts_with_temperature_is_followed():
    taken = np.cumsum(np.full(60_000, 1 / RATE_HZ) * (1 + 5e-5 * np.sin(np.arange(60_000) / 20_000)))
    rng = np.random.default_rng(3)
    timebase = ArrivalTimebase(RATE_HZ)
    sent = taken[PACKET - 1 :: PACKET]
    arrival = np.maximum.accumulate(sent + rng.uniform(0, 0.03, len(sent)))
    got = np.concatenate([timebase.push(float(t), PACKET)[0] for t in arrival])
    assert np.percentile(np.abs(got - taken)[6000:], 99) < 0.005


@pytest.mark.parametrize("radio", [uniform(0.03), bunched, grid, stalls], ids=["uniform", "bunched", "grid", "stalls"])
@pytest.mark.parametrize("packets", [1, 3, 10, 50])
def test_a_loss_is_counted_to_within_one_packet_and_the_times_are_right_again(radio, packets):
    run = Run(radio, 150, lost=[(90.0, packets)])
    assert abs(run.lost - packets * PACKET) <= PACKET
    assert run.error_p99_s(after_s=125) <= 0.025
    assert all(90.0 < gap.end_s - missing / RATE_HZ < 106.0 for gap, missing in run.gaps)


def test_large_losses_are_counted_under_heavy_jitter_too():
    for seed in range(4):
        run = Run(uniform(0.2), 150, seed=seed, lost=[(90.0, 20)])
        assert abs(run.lost - 20 * PACKET) <= PACKET, seed


def test_with_little_jitter_single_packets_are_seen_within_about_a_second():
    run = Run(uniform(0.01), 120, lost=[(70.0, 1), (90.0, 1), (110.0, 1)])
    assert [missing for _, missing in run.gaps] == [PACKET] * 3
    assert [round(gap.start_s - at) for (gap, _), at in zip(run.gaps, (70, 90, 110), strict=True)] == [1, 1, 1]
    assert run.gaps[0][0].end_s - run.gaps[0][0].start_s == pytest.approx(PACKET / RATE_HZ, rel=0.05)


def test_a_long_silence_with_lost_packets_is_seen_in_half_a_second():
    run = Run(uniform(0.03), 100, lost=[(80.0, 75)])
    seen_s = run.truth_s[np.flatnonzero(np.diff(run.t_s) > 1)[0] + 1]
    assert seen_s - (80.0 + 75 * PACKET / RATE_HZ) < 0.6
    assert abs(run.lost - 75 * PACKET) <= PACKET


@pytest.mark.parametrize("length_s", [0.6, 1.5, 4.0])
def test_a_silence_after_which_all_packets_come_at_once_is_no_loss(length_s):
    run = Run(uniform(0.03), 120, silent=[(30.0, length_s), (80.0, length_s)])
    assert run.lost == 0
    assert run.error_p99_s(after_s=60) <= 0.020


def test_a_slow_catch_up_is_no_loss():
    def radio(sent, _rng):
        """After 2 s of silence packets come at twice their pace until the backlog is gone."""
        return np.where(sent >= 70.0, np.maximum(72.0 + (sent - 70.0) / 2, sent), sent)

    assert Run(radio, 100).lost == 0


def test_two_runs_and_a_restored_state_agree():
    rng = np.random.default_rng(8)
    arrivals = np.maximum.accumulate(np.arange(3000) * PACKET / RATE_HZ + rng.uniform(0, 0.2, 3000)).tolist()
    whole, cut = ArrivalTimebase(RATE_HZ), ArrivalTimebase(RATE_HZ)
    want = [whole.push(t, PACKET) for t in arrivals]
    got = [cut.push(t, PACKET) for t in arrivals[:1700]]
    saved = cut.state
    for t in arrivals[1700:]:
        cut.push(t + 0.7, PACKET)
    other = ArrivalTimebase(RATE_HZ)
    other.state = saved
    got += [other.push(t, PACKET) for t in arrivals[1700:]]
    assert all(np.array_equal(a[0], b[0]) and a[1:] == b[1:] for a, b in zip(want, got, strict=True))


def test_reset_tells_the_gap_of_the_lost_link_and_keeps_the_rate():
    timebase = ArrivalTimebase(98.5)
    for k in range(3000):
        times, _, _ = timebase.push((k + 1) * PACKET / RATE_HZ, PACKET)
    rate_hz, last_s = timebase.rate_hz, times[-1]
    timebase.reset()
    assert timebase.rate_hz == rate_hz
    times, gap, lost = timebase.push(last_s + 10.0, PACKET)
    assert gap == Gap(round_t(last_s + 1 / rate_hz), times[0], "link lost")
    assert times[-1] == pytest.approx(last_s + 10.0, abs=1e-6)
    assert lost == pytest.approx(10 * RATE_HZ - PACKET, abs=1)
    timebase.reset()
    times_after, gap, lost = timebase.push(times[-1], PACKET)
    assert (gap, lost) == (None, 0)
    assert times_after[0] > times[-1]


def test_times_start_at_zero_at_the_earliest():
    times, gap, lost = ArrivalTimebase(100.0).push(0.001, 8)
    assert times.tolist() == [0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07]
    assert (gap, lost) == (None, 0)


arrival_steps = st.lists(
    st.tuples(st.one_of(st.floats(-1, 3), st.floats(0, 0.1), st.just(0.0), st.floats(0, 1e5)), st.integers(0, 40)),
    max_size=120,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([0.5, 10.05, 99.26, 1000.0]), arrival_steps, st.sets(st.integers(0, 119), max_size=3))
def test_any_arrivals_give_increasing_times_on_the_grid(rate_hz, steps, resets):
    timebase = ArrivalTimebase(rate_hz)
    arrival_s, last_s = 5.0, -math.inf
    for at, (step_s, n) in enumerate(steps):
        if at in resets:
            timebase.reset()
        arrival_s += step_s
        times, gap, lost = timebase.push(arrival_s, n)
        assert times.shape == (n,)
        assert lost >= 0
        if not n:
            assert gap is None
            continue
        if gap:
            assert last_s < gap.start_s < gap.end_s == times[0]
        assert times[0] > last_s
        assert (np.diff(times) > 0).all()
        assert [round(t, 6) for t in times.tolist()] == times.tolist()
        last_s = times[-1]
        assert abs(timebase.rate_hz / rate_hz - 1) <= 0.0151
        state = timebase.state
        assert len(state.seconds) <= 62
        assert len(state.tenths) <= 12


def test_refuses_what_cannot_be():
    for rate_hz in (0.0, -1.0, math.nan, math.inf, 1e5):
        with pytest.raises(ValueError, match="outside"):
            ArrivalTimebase(rate_hz)
    timebase = ArrivalTimebase(100.0, TimebaseParams(slew=0.01))
    for arrival_s, n in ((math.nan, 1), (math.inf, 1), (1.0, -1)):
        with pytest.raises(ValueError, match="cannot be"):
            timebase.push(arrival_s, n)


def block(t_s, gyro=True):
    t_s = np.array(t_s, dtype=float)
    acc = np.arange(3.0 * len(t_s)).reshape(-1, 3)
    return Samples(t_s, acc, acc + 0.5 if gyro else None)


def test_split_at_gaps():
    samples = block([1.0, 1.01, 1.2, 1.21, 3.0])
    parts = split_at_gaps(samples, 0.5, 0.1, "hole in the file")
    assert [p if isinstance(p, Gap) else p.t_s.tolist() for p in parts] == [
        Gap(0.500001, 1.0, "hole in the file"),
        [1.0, 1.01],
        Gap(1.010001, 1.2, "hole in the file"),
        [1.2, 1.21],
        Gap(1.210001, 3.0, "hole in the file"),
        [3.0],
    ]
    assert np.array_equal(np.vstack([p.gyr_dps for p in parts if isinstance(p, Samples)]), samples.gyr_dps)
    assert split_at_gaps(block([]), 0.5, 0.1, "x") == []
    (only,) = split_at_gaps(block([1.0], gyro=False), None, 0.1, "x")
    assert only.gyr_dps is None


@settings(deadline=None)
@given(st.lists(st.integers(1, 400_000), min_size=1, max_size=40), st.data())
def test_split_at_gaps_does_not_depend_on_the_blocks(steps_us, data):
    t_s = np.round(np.cumsum(steps_us) * 1e-6, 6)
    cut = data.draw(st.integers(0, len(t_s)))

    def flat(parts):
        return [x for p in parts for x in ([p] if isinstance(p, Gap) else p.t_s.tolist())]

    whole = flat(split_at_gaps(block(t_s), None, 0.1, "x"))
    first = flat(split_at_gaps(block(t_s[:cut]), None, 0.1, "x"))
    second = flat(split_at_gaps(block(t_s[cut:]), t_s[cut - 1] if cut else None, 0.1, "x"))
    assert whole == first + second


def test_after_a_long_silence_the_first_packet_is_timed_by_its_arrival():
    """Found in a session: samples after 25 s of silence were timed as if they had been held back all the while."""
    timebase = ArrivalTimebase(100.0)
    for k in range(250):
        timebase.push(0.04 * (k + 1), 4)
    times, gap, lost = timebase.push(35.0, 4)
    assert times[-1] == pytest.approx(35.0, abs=0.01)
    assert gap is not None
    assert gap.cause == "sensor silent"
    assert (gap.start_s, gap.end_s) == pytest.approx((10.01, 34.97), abs=0.02)
    assert lost == pytest.approx(2496, abs=2)
