"""Thingy:52: every vector, the steps that start the stream, and what must hold for any bytes at all."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import own, shared

from monitor.devices import thingy52
from monitor.devices.driver import Command, Read, Subscribe, same_uuid
from monitor.devices.thingy52 import BEYOND, STRAY, THINGY52, decode

EXAMPLE = bytes.fromhex("6400f401f401320001")


def conduct(rate_hz, config):
    """The steps of a setup whose sensor holds this configuration, and its decoder."""
    setup, steps, brought = THINGY52.setup(rate_hz), [], None
    try:
        while True:
            steps.append(setup.send(brought))
            brought = config if isinstance(steps[-1], Read) else b""
    except StopIteration as finished:
        return steps, finished.value


def written(steps):
    return [step for step in steps if isinstance(step, Command)]


@pytest.mark.parametrize("vector", own("thingy52", "notify"), ids=lambda vector: vector["id"])
def test_shipped_notifications(vector):
    assert vector["origin"] in {"vendor-doc", "composed-from-docs", "self-defined"}
    _, decoder = conduct(50.0, EXAMPLE)
    parts = [decoder.feed(bytes.fromhex(chunk)) for chunk in vector["chunks"]]
    want = vector["decoded"]
    assert np.array_equal(np.vstack([part.acc_g for part in parts]), np.reshape(want["acc_g"], (-1, 3)))
    assert np.array_equal(np.vstack([part.gyr_dps for part in parts]), np.reshape(want["gyr_dps"], (-1, 3)))
    assert sum(len(part.bad) for part in parts) == want["bad"]
    assert all(part.t_s is None and part.battery_percent is None for part in parts)


def test_every_command_that_we_send_is_a_documented_one():
    documented = {(vector["characteristic"], vector["payload"]) for vector in own("thingy52", "write")}
    sent = [command for rate in THINGY52.rates_hz for command in written(conduct(rate, b"")[0])]
    sent += [command for commands in THINGY52.cues.values() for command in commands]
    assert {(command.characteristic[4:8], command.payload.hex()) for command in sent} == documented


def test_the_captured_vector_of_the_shared_facts():
    """The capture shows a notification's first 6 bytes only; the other 12 are filled with zeros here."""
    vectors = shared("Thingy")
    assert len(vectors) == 1
    part = bytes.fromhex(vectors[0]["hex"])
    assert same_uuid(vectors[0]["characteristic"], THINGY52.notify)
    decoded = decode(part + bytes(12))
    assert np.allclose(decoded.acc_g[0], vectors[0]["decoded"]["acc_g"], atol=5.1e-6)
    assert decode(part).bad == ((STRAY, part),)


def test_setup_changes_the_rate_and_nothing_else():
    theirs = struct.pack("<HHHHB", 5000, 250, 750, 200, 0)
    steps, _ = conduct(25.0, theirs)
    assert [type(step) for step in steps] == [Read, Command, Subscribe]
    assert steps[1].payload == struct.pack("<HHHHB", 5000, 250, 750, 25, 0)
    assert steps[1].response
    assert steps[2].characteristic == THINGY52.notify


def test_setup_writes_nothing_to_flash_where_the_rate_is_right():
    steps, _ = conduct(50.0, EXAMPLE)
    assert [type(step) for step in steps] == [Read, Subscribe]


@pytest.mark.parametrize("nonsense", [b"", EXAMPLE[:8], EXAMPLE + b"\x00"])
def test_setup_writes_the_whole_configuration_where_it_cannot_be_read(nonsense):
    assert written(conduct(50.0, nonsense)[0])[0].payload == EXAMPLE


@pytest.mark.parametrize("rate_hz", [0.0, 10.0, 49.9, 200.0, float("nan")])
def test_other_rates_are_refused_at_once(rate_hz):
    with pytest.raises(ValueError, match="25, 50, 100 Hz"):
        next(THINGY52.setup(rate_hz))


def test_advertisement():
    assert THINGY52.matches("Thingy", [])
    assert THINGY52.matches("My sensor", ["EF680100-9B35-4933-9B10-52FFA9740042"])
    assert not THINGY52.matches("My Thingy", [])
    assert not THINGY52.matches("", ["ef680400-9b35-4933-9b10-52ffa9740042"])


def test_the_motor_is_switched_off_again():
    on, off = THINGY52.cues["motor"]
    assert on.characteristic == off.characteristic == thingy52.PINS
    assert on.pause_s > 0
    assert not any(off.payload)


counts = st.integers(-32768, 32767)


@settings(deadline=None)
@given(st.lists(counts, min_size=9, max_size=9))
def test_any_sample_is_told_to_the_last_bit_or_refused(row):
    payload = struct.pack("<9h", *row)
    decoded = decode(payload)
    if max(abs(value) for value in row[:3]) > 16.8 * 1024:
        assert decoded.bad == ((BEYOND, payload),)
        assert len(decoded.acc_g) == len(decoded.gyr_dps) == 0
    else:
        assert not decoded.bad
        assert (decoded.acc_g * 1024).tolist() == [row[:3]]
        assert (decoded.gyr_dps * 32).tolist() == [row[3:6]]


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_values_in_range_or_are_refused(payload):
    decoded = thingy52.decode(payload)
    assert decoded.acc_g.shape == decoded.gyr_dps.shape == (len(decoded.acc_g), 3)
    assert (np.abs(decoded.acc_g) <= 16.8).all()
    assert (np.abs(decoded.gyr_dps) <= 1024).all()
    assert [piece for _, piece in decoded.bad] == ([] if len(decoded.acc_g) else [payload])
