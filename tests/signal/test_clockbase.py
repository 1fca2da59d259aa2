"""The sensor's clock laid onto the session's: error under jitter and drift, losses, order, odd times."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.signal.clockbase import NO_TIME, TWICE, ClockTimebase
from monitor.stream import Gap, Samples


def packet(first, n, rate_hz, *, drift=0.0, origin_s=1000.0):
    """Samples number first to first + n - 1, acc x tells the number; times by a clock that runs fast by `drift`."""
    k = np.arange(first, first + n, dtype=float)
    acc = np.column_stack([k, np.zeros(n), np.ones(n)])
    return Samples(origin_s + k / rate_hz * (1.0 + drift), acc)


def feed(base, packets):
    """[(arrival, packet)] -> samples given out (k, t), gaps, reasons."""
    out = [each for arrival_s, one in packets for each in base.push(arrival_s, one)]
    out += list(base.drain())
    blocks = [each for each in out if isinstance(each, Samples)]
    k = np.concatenate([each.acc_g[:, 0] for each in blocks]) if blocks else np.empty(0)
    t = np.concatenate([each.t_s for each in blocks]) if blocks else np.empty(0)
    assert (np.diff(t) > 0).all()
    return k, t, [e for e in out if isinstance(e, Gap)], [e for e in out if isinstance(e, str)]


def stream(rate_hz, n, seconds, jitter_s, *, drift=0.0, seed=0, begin_s=5.0):
    """Packets of n samples, each delivered 0 to jitter_s late, in order, as a link delivers them."""
    chance = np.random.default_rng(seed)
    arrival_s, out = 0.0, []
    for first in range(0, int(seconds * rate_hz) // n * n, n):
        due_s = begin_s + (first + n - 1) / rate_hz
        arrival_s = max(arrival_s, due_s + chance.uniform(0.0, jitter_s))
        out.append((arrival_s, packet(first, n, rate_hz, drift=drift)))
    return out


@pytest.mark.parametrize(
    ("rate_hz", "n", "drift", "limit_s"),
    [
        (100.0, 36, 0.0, 0.02),
        (101.8, 36, 0.00005, 0.02),
        (101.8, 36, -0.007, 0.02),
        (52.0, 57, 0.00005, 0.02),
        (100.0, 10, 0.007, 0.02),
        (52.0, 4, -0.00005, 0.02),
        (60.0, 1, 0.00005, 0.02),  # one sample a packet: 12 wait behind each other in 200 ms, and hardly one is early
    ],
    ids=str,
)
def test_the_error_after_the_first_minute_is_small_under_jitter(rate_hz, n, drift, limit_s):
    k, t, gaps, refused = feed(ClockTimebase(rate_hz), stream(rate_hz, n, 240.0, 0.2, drift=drift, seed=3))
    assert not refused
    assert not gaps
    assert len(k) == int(240 * rate_hz) // n * n
    error_s = np.abs(t - (5.0 + k / rate_hz))[k / rate_hz > 60.0]
    assert np.percentile(error_s, 99) < limit_s


def test_lost_packets_are_gaps_of_their_exact_length():
    packets = stream(100.0, 10, 30.0, 0.05)
    kept = [each for i, each in enumerate(packets) if i not in {50, 51, 120, 200}]
    k, t, gaps, refused = feed(ClockTimebase(100.0), kept)
    assert not refused
    assert [g.cause for g in gaps] == ["packets lost"] * 3
    assert [round((g.end_s - g.start_s) * 100) for g in gaps] == [20, 10, 10]
    assert len(k) == 3000 - 40
    for gap in gaps:
        assert not ((t >= gap.start_s) & (t < gap.end_s)).any()


def test_packets_out_of_order_are_put_right_and_doubles_refused():
    packets = stream(100.0, 10, 10.0, 0.0)
    times = [arrival for arrival, _ in packets]
    order = [0, 1, 3, 2, 4, 4, 5, 8, 7, 6, *range(9, len(packets)), 3]
    k, t, gaps, refused = feed(ClockTimebase(100.0), [(times[min(i, 99)], packets[j][1]) for i, j in enumerate(order)])
    assert k.tolist() == list(range(1000))
    assert not gaps
    assert refused == [TWICE, TWICE]
    assert np.abs(np.diff(t) - 0.01).max() < 0.001


def test_a_missing_packet_holds_up_the_others_for_a_second_at_most():
    base = ClockTimebase(100.0)
    packets = stream(100.0, 50, 3.0, 0.0)
    list(base.push(*packets[0]))
    assert not list(base.push(*packets[2]))
    assert not list(base.flush(packets[2][0] + 0.9))
    gap, samples = base.flush(packets[2][0] + 1.1)
    assert isinstance(gap, Gap)
    assert samples.acc_g[0, 0] == 100


def test_a_time_that_cannot_be_is_refused_and_the_rest_is_kept():
    packets = stream(100.0, 10, 10.0, 0.0)
    wild = Samples(packets[50][1].t_s + 4000.0, packets[50][1].acc_g)
    k, _, gaps, refused = feed(ClockTimebase(100.0), [*packets[:50], (packets[50][0], wild), *packets[50:]])
    assert k.tolist() == list(range(1000))
    assert refused == [NO_TIME]
    assert not gaps


def test_a_clock_that_begins_anew_is_followed_without_loss():
    packets = stream(100.0, 10, 20.0, 0.0)
    again = [(arrival, Samples(one.t_s - 1009.0, one.acc_g)) for arrival, one in packets[100:]]
    k, t, _, refused = feed(ClockTimebase(100.0), [*packets[:100], *again])
    assert k.tolist() == list(range(2000))
    assert not refused
    assert np.abs(t - (5.0 + k / 100.0)).max() < 0.05


def test_after_a_lost_link_the_gap_has_its_cause():
    base = ClockTimebase(100.0)
    packets = stream(100.0, 10, 20.0, 0.0)
    before = [each for one in packets[:100] for each in base.push(*one)]
    base.reset("link lost: the computer slept")
    anew = [(arrival, Samples(one.t_s - 900.0, one.acc_g)) for arrival, one in packets[150:]]
    gap, *rest = [each for one in anew for each in base.push(*one)]
    assert gap.cause == "link lost: the computer slept"
    assert gap.start_s == pytest.approx(before[-1].t_s[-1] + 0.01)
    assert gap.end_s == pytest.approx(rest[0].t_s[0])
    assert gap.end_s - gap.start_s == pytest.approx(5.0, abs=0.02)


def test_a_hole_inside_a_packet_is_a_gap():
    whole = packet(0, 20, 100.0)
    holed = Samples(np.delete(whole.t_s, slice(5, 10)), np.delete(whole.acc_g, slice(5, 10), axis=0))
    k, _, gaps, _ = feed(ClockTimebase(100.0), [(5.0, holed)])
    assert len(k) == 15
    assert [round((g.end_s - g.start_s) * 100) for g in gaps] == [5]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 3.0),
            st.floats(-1e7, 1e7, allow_nan=False),
            st.integers(1, 8),
        ),
        max_size=40,
    )
)
def test_any_times_give_increasing_times_and_each_packet_once(odd):
    """Hostile clocks: what comes out increases, and nothing is given out twice."""
    base, arrival_s, number, packets = ClockTimebase(50.0), 1.0, 0, []
    for step_s, device_s, n in odd:
        arrival_s += step_s
        k = np.arange(number, number + n, dtype=float)
        number += n
        packets.append((arrival_s, Samples(device_s + np.arange(n) / 50.0, np.column_stack([k, k, k]))))
    k, t, gaps, _ = feed(base, packets)
    assert len(set(k.tolist())) == len(k)
    assert np.isfinite(t).all()
    assert all(g.end_s > g.start_s for g in gaps)


def test_a_rate_that_cannot_be():
    with pytest.raises(ValueError, match="outside"):
        ClockTimebase(0.0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("drift", [0.0, 0.00005, -0.007])
def test_jitter_that_begins_after_a_calm_minute_does_not_bend_the_rate(drift, seed):
    """A wearer walks away from the computer: the calm minute told the rate, and the late packets do not."""
    calm = stream(60.0, 1, 60.0, 0.003, drift=drift, seed=seed)
    rough = stream(60.0, 1, 160.0, 0.2, drift=drift, seed=seed)[len(calm) :]
    k, t, gaps, refused = feed(ClockTimebase(60.0), calm + rough)
    assert not gaps
    assert not refused
    assert np.abs(t - (5.0 + k / 60.0))[k > 20 * 60].max() < 0.003
