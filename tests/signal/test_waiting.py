"""The least delay of packets that wait for each other is told from their lateness, where its shape is known."""

import numpy as np
import pytest

from monitor.signal.waiting import least_delay_s

STEP_S = 1.0 / 60.0


def lateness(delays_s):
    """Lateness above the least late one, and how late that one is, of packets STEP_S apart that keep their order."""
    sent_s = np.arange(len(delays_s)) * STEP_S
    late_s = np.maximum.accumulate(sent_s + delays_s) - sent_s
    return late_s - late_s.min(), float(late_s.min())


@pytest.mark.parametrize("longest_s", [0.1, 0.2, 0.4])
@pytest.mark.parametrize("seed", range(5))
def test_evenly_spread_delays_tell_how_late_the_least_late_was(longest_s, seed):
    late_s, least_s = lateness(np.random.default_rng(seed).uniform(0.0, longest_s, 10_000))
    assert least_delay_s(late_s, STEP_S) == pytest.approx(least_s, abs=0.04 * longest_s + 0.002)


@pytest.mark.parametrize("seed", range(5))
def test_a_packet_that_hangs_now_and_then_does_not_make_it_worse(seed):
    chance = np.random.default_rng(seed)
    delays_s = chance.uniform(0.0, 0.2, 10_000)
    delays_s[chance.integers(0, 10_000, 3)] = 0.5
    late_s, least_s = lateness(delays_s)
    assert abs(least_delay_s(late_s, STEP_S) - least_s) <= least_s + 0.002


SHAPES = {
    "rarely late at all": lambda chance: chance.uniform(0.0, 0.2, 10_000) * (chance.random(10_000) < 0.02),
    "exponential": lambda chance: chance.exponential(0.05, 10_000),
    "heavy": lambda chance: np.minimum(0.01 * (chance.pareto(1.2, 10_000) + 1.0), 3.0),
    "one of two values": lambda chance: 0.2 * (chance.random(10_000) < 0.5),
    "always the same": lambda _: np.full(10_000, 0.1),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_another_shape_takes_nothing_off(shape):
    late_s, _ = lateness(SHAPES[shape](np.random.default_rng(1)))
    assert least_delay_s(late_s, STEP_S) == 0.0


def test_too_few_or_none_tell_nothing():
    assert least_delay_s(np.empty(0), STEP_S) == 0.0
    assert least_delay_s(np.linspace(0.0, 0.2, 100), STEP_S) == 0.0
