"""Causal filters: gains by definition, steady start, and the bit-for-bit property that streaming stands on."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from monitor.signal.filters import SosFilter, bandpass, lowpass, zero_phase

WALK = np.random.default_rng(5).normal(size=(300, 3)).cumsum(axis=0)
HALF_POWER = 2.0**-0.5


def gain(sos, hz, rate_hz):
    return abs(signal.freqz_sos(sos, worN=[hz], fs=rate_hz)[1][0])


@pytest.mark.parametrize(("cut_hz", "rate_hz"), [(1.0, 100.0), (0.7, 12.5), (20.0, 285.7)])
def test_a_lowpass_passes_rest_and_halves_the_power_at_its_cut(cut_hz, rate_hz):
    sos = lowpass(cut_hz, rate_hz)
    assert gain(sos, 0.0, rate_hz) == pytest.approx(1.0, abs=1e-9)
    assert gain(sos, cut_hz, rate_hz) == pytest.approx(HALF_POWER, rel=1e-6)
    # second order: 12 dB an octave
    assert gain(sos, 2.0 * cut_hz, rate_hz) == pytest.approx(1.0 / 17.0**0.5, rel=0.25)


def test_a_bandpass_stops_rest_and_halves_the_power_at_both_edges():
    sos = bandpass(0.6, 3.0, 50.0)
    assert gain(sos, 0.0, 50.0) < 1e-9
    assert gain(sos, 0.6, 50.0) == pytest.approx(HALF_POWER, rel=1e-6)
    assert gain(sos, 3.0, 50.0) == pytest.approx(HALF_POWER, rel=1e-6)
    assert gain(sos, 1.5, 50.0) > 0.95


def test_it_starts_in_the_steady_state_of_the_first_row():
    row = np.array([0.3, -1.0, 7.0])
    np.testing.assert_allclose(
        SosFilter(lowpass(1.0, 100.0)).push(np.tile(row, (200, 1))), row[None, :] * np.ones((200, 1))
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 300), max_size=30))
def test_cutting_into_blocks_changes_no_bit(cuts):
    whole = SosFilter(bandpass(0.6, 3.0, 50.0)).push(WALK)
    one = SosFilter(bandpass(0.6, 3.0, 50.0))
    parts = [one.push(WALK[a:b]) for a, b in pairwise([0, *sorted(cuts), 300])]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_single_rows_give_the_bits_of_one_block():
    one = SosFilter(lowpass(1.0, 100.0))
    np.testing.assert_array_equal(
        np.concatenate([one.push(row[None, :]) for row in WALK]), SosFilter(lowpass(1.0, 100.0)).push(WALK)
    )


def test_columns_do_not_touch_each_other():
    alone = SosFilter(lowpass(1.0, 100.0)).push(WALK[:, 1:2])
    np.testing.assert_allclose(SosFilter(lowpass(1.0, 100.0)).push(WALK)[:, 1:2], alone, rtol=0, atol=1e-12)


def test_reset_forgets_the_past():
    one = SosFilter(lowpass(1.0, 100.0))
    one.push(WALK + 50.0)
    one.reset()
    np.testing.assert_array_equal(one.push(WALK), SosFilter(lowpass(1.0, 100.0)).push(WALK))


def test_zero_phase_is_not_late_where_the_causal_filter_is():
    t = np.arange(1000) / 100.0
    bump = np.exp(-0.5 * ((t - 5.0) / 0.5) ** 2)[:, None]
    sos = lowpass(1.0, 100.0)
    assert t[np.argmax(zero_phase(sos, bump, 300))] == pytest.approx(5.0, abs=0.011)
    assert t[np.argmax(SosFilter(sos).push(bump))] - 5.0 == pytest.approx(0.2, abs=0.06)  # as orientation.py promises
