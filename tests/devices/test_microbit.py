"""micro:bit: every vector, the steps that start the stream, and what must hold for any bytes at all."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import own, shared

from monitor.devices import microbit
from monitor.devices.driver import Command, Stateless, Subscribe, same_uuid
from monitor.devices.microbit import MICROBIT, STRAY, decode


@pytest.mark.parametrize("vector", own("microbit", "notify"), ids=lambda vector: vector["id"])
def test_shipped_notifications(vector):
    assert vector["origin"] in {"vendor-doc", "composed-from-docs", "self-defined"}
    decoder = Stateless(decode)
    parts = [decoder.feed(bytes.fromhex(chunk)) for chunk in vector["chunks"]]
    assert np.array_equal(np.vstack([part.acc_g for part in parts]), np.reshape(vector["decoded"]["acc_g"], (-1, 3)))
    assert all(part.gyr_dps is None and part.t_s is None and part.battery_percent is None for part in parts)
    assert sum(len(part.bad) for part in parts) == vector["decoded"]["bad"]


def test_captured_vectors_of_the_shared_facts():
    vectors = shared("micro:bit")
    assert len(vectors) == 2
    for vector in vectors:
        decoded = decode(bytes.fromhex(vector["hex"]))
        assert same_uuid(vector["characteristic"], MICROBIT.notify)
        assert np.allclose(decoded.acc_g[0], vector["decoded"]["acc_g"], atol=1e-9)
        assert not decoded.bad


def test_setup_sets_the_documented_period_then_subscribes():
    documented = {vector["decoded"]["rate_hz"]: vector["payload"] for vector in own("microbit", "write")}
    assert tuple(documented) == MICROBIT.rates_hz
    for rate_hz, payload in documented.items():
        period, subscription = MICROBIT.setup(rate_hz)
        assert period == Command(microbit.PERIOD, bytes.fromhex(payload), response=True)
        assert subscription == Subscribe(MICROBIT.notify)


@pytest.mark.parametrize("rate_hz", [0.0, 12.0, 25.0, 1000.0, float("nan")])
def test_other_rates_are_refused_at_once(rate_hz):
    with pytest.raises(ValueError, match=r"12\.5, 50, 100 Hz"):
        next(MICROBIT.setup(rate_hz))


def test_advertisement_and_what_it_lacks():
    assert MICROBIT.matches("BBC micro:bit [zatig]", [])
    assert MICROBIT.matches("", ["E95D0753-251D-470A-A062-FA1922DFA9A8"])
    assert not MICROBIT.matches("micro:bit", ["e95dca4b-251d-470a-a062-fa1922dfa9a8"])
    assert not MICROBIT.gyro
    assert not MICROBIT.cues
    assert not MICROBIT.battery


@settings(deadline=None)
@given(st.lists(st.integers(-32768, 32767), min_size=3, max_size=3))
def test_any_sample_is_told_to_the_last_bit_or_refused(row_mg):
    payload = struct.pack("<3h", *row_mg)
    decoded = decode(payload)
    if max(abs(value) for value in row_mg) > 16_000:
        assert [piece for _, piece in decoded.bad] == [payload]
        assert not len(decoded.acc_g)
    else:
        assert not decoded.bad
        assert decoded.acc_g.tolist() == [[value / 1000.0 for value in row_mg]]


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_any_bytes_give_values_in_range_or_are_refused(payload):
    decoded = decode(payload)
    assert decoded.acc_g.shape == (len(decoded.acc_g), 3)
    assert decoded.gyr_dps is None
    assert (np.abs(decoded.acc_g) <= 16.0).all()
    assert [piece for _, piece in decoded.bad] == ([] if len(decoded.acc_g) else [payload])
    if len(payload) != 6:
        assert decoded.bad == ((STRAY, payload),)
