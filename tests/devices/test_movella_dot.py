"""Movella DOT: every vector, the set-up, the clock's wrap, and hostile bytes."""

import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import own, shared

from monitor.devices.driver import Command, Read, Subscribe
from monitor.devices.movella_dot import BEYOND, LENGTH, MODES, MOVELLA_DOT, START, STOP, DotDecoder, decode_mode, setup
from monitor.errors import SensorError


def packet(us, acc_mps2=(0.0, 0.0, 9.80665), gyr_dps=(0.0, 0.0, 0.0)):
    return struct.pack("<I6f12x", us, *acc_mps2, *gyr_dps)


def written(rate_hz, control=bytes(32)):
    steps, out = setup(rate_hz), []
    try:
        step = next(steps)
        while True:
            out.append(step)
            step = steps.send(control if isinstance(step, Read) else b"")
    except StopIteration as finished:
        return out, finished.value


def all_sent():
    """Every payload that may ever be written to a sensor whose control reads as zeros."""
    steps = [step for rate_hz in MOVELLA_DOT.rates_hz for step in written(rate_hz)[0] if isinstance(step, Command)]
    cues = [command for commands in MOVELLA_DOT.cues.values() for command in commands]
    return {command.payload.hex() for command in (*steps, *MOVELLA_DOT.stop, *cues)}


def test_every_command_that_we_send_is_a_documented_one():
    documented = {
        each["hex"] for each in own("movella-dot") if each["direction"] == "write" and each["decoded"]["sent"]
    }
    assert all_sent() == documented


@pytest.mark.parametrize("vector", own("movella-dot"), ids=lambda vector: vector["id"])
def test_shipped_vector(vector):
    assert vector["origin"] != "hardware-capture"
    payload, want = bytes.fromhex(vector["hex"]), vector["decoded"]
    if vector["direction"] == "write":
        assert (vector["hex"] in all_sent()) == want["sent"]
        return
    told = DotDecoder().feed(payload)
    assert len(told.bad) == want["bad"]
    if "mode" in want:
        fields = decode_mode(payload, want["mode"])
        assert fields.pop("time_us") == (want["time_us"],)
        for name, values in fields.items():
            assert np.allclose(values, want[name], atol=1e-6), name
        return
    assert np.allclose(told.acc_g, np.reshape(want["acc_g"], (-1, 3)), atol=1e-6)
    assert np.allclose(told.gyr_dps, np.reshape(want["gyr_dps"], (-1, 3)), atol=1e-4)
    assert np.allclose(told.t_s, want["t_s"])


def test_vectors_of_the_shared_facts():
    vectors = shared("DOT")
    assert len(vectors) == 10
    captured = [v for v in vectors if "mode" in v["decoded"]]
    assert len(captured) == 4
    for vector in captured:
        told = decode_mode(bytes.fromhex(vector["hex"]), vector["decoded"]["mode"])
        assert told["time_us"] == (vector["decoded"]["timestamp_us"],)
        for name in set(vector["decoded"]) - {"mode", "timestamp_us"}:
            assert np.allclose(told[name], vector["decoded"][name], atol=6e-7), vector["id"]
    commands = {v["hex"] for v in vectors if "mode 21" in v["decoded"].get("meaning", "")}
    assert commands == {START.hex()}
    assert STOP.hex() in {v["hex"] for v in vectors}
    for vector in vectors:  # messages between sensors: sitwell sends none, but their checksum is the one documented
        if "message" in vector["decoded"]:
            assert sum(bytes.fromhex(vector["hex"])) % 256 == 0


def test_the_setup_patches_only_the_rate_and_starts_last():
    control = bytes(range(255, 223, -1))  # as if every visit bit were set: none but that of the rate may go back
    steps, decoder = written(30.0, control)
    assert isinstance(steps[0], Subscribe)
    commands = [step for step in steps if isinstance(step, Command)]
    assert [c.payload for c in commands] == [STOP, commands[1].payload, START]
    assert commands[1].payload == b"\x10" + control[1:24] + b"\x1e\x00" + control[26:]
    assert all(c.response for c in commands)
    assert isinstance(decoder, DotDecoder)
    with pytest.raises(SensorError, match="does not tell its settings"):
        written(30.0, bytes(5))


def test_time_goes_on_over_the_wrap_and_back_for_a_late_packet():
    decoder = DotDecoder()
    stamps = [2**32 - 20_000, 2**32 - 3_333, 13_334, 2**32 - 3_333, 30_000, 46_667, 30_000]
    times = [float(decoder.feed(packet(us)).t_s[0]) for us in stamps]
    assert np.diff(times) == pytest.approx([0.016667, 0.016667, -0.016667, 0.033333, 0.016667, -0.016667], abs=1e-5)


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", LENGTH),
        (packet(1)[:-1], LENGTH),
        (packet(1, acc_mps2=(math.nan, 0, 0)), BEYOND),
        (packet(1, acc_mps2=(math.inf, 0, 0)), BEYOND),
        (packet(1, acc_mps2=(170.0, 0, 0)), BEYOND),
        (packet(1, gyr_dps=(0, 3000.0, 0)), BEYOND),
    ],
)
def test_what_is_refused(payload, why):
    assert DotDecoder().feed(payload).bad == ((why, payload),)


def test_identify_is_the_only_cue():
    (command,) = MOVELLA_DOT.cues["light"]
    assert command.payload[:2] == b"\x01\x01"
    assert len(command.payload) == 32


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_that_is_cut_short(mode):
    with pytest.raises(ValueError, match="too few"):
        decode_mode(bytes(10), mode)


@settings(deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=60), st.binary(min_size=40, max_size=40)), max_size=20))
def test_any_bytes(payloads):
    decoder = DotDecoder()
    for payload in payloads:
        told = decoder.feed(payload)
        assert len(told.acc_g) + len(told.bad) == 1
        assert np.isfinite(told.acc_g).all()
        assert np.isfinite(told.t_s).all()
        assert np.abs(told.acc_g).max(initial=0.0) < 17.0
        assert np.abs(told.gyr_dps).max(initial=0.0) < 2101.0
