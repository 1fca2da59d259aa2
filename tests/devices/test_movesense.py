"""Movesense: every vector, the talk that starts the stream, and what must hold for any bytes at all."""

import struct
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from vectors import own, shared

from monitor.devices import movesense
from monitor.devices.driver import Ask, Subscribe
from monitor.devices.movesense import MOVESENSE, NOTIFY, WRITE, MovesenseDecoder, decode
from monitor.errors import SensorError

ACC_COUNT_G = 0.000244
GYR_COUNT_DPS = 0.07


def measurement(time_ms, acc, gyr):
    """In counts of the sensor."""
    values = np.concatenate([np.ravel(acc) * ACC_COUNT_G * 9.807, np.ravel(gyr) * GYR_COUNT_DPS])
    return struct.pack("<I", time_ms % 2**32) + values.astype("<f4").tobytes()


def notified(content, room=1000, reference=0x63):
    """The content as notifications of at most `room` bytes each."""
    parts = [content[at : at + room - 2] for at in range(0, len(content), room - 2)]
    return [bytes((2 if k == 0 else 3, reference)) + part for k, part in enumerate(parts)]


def conduct(rate_hz, answers):
    """Do the setup's steps with these answers, one for each question; the steps, and the decoder."""
    setup, steps, brought, answers = MOVESENSE.setup(rate_hz), [], None, list(answers)
    try:
        while True:
            step = setup.send(brought)
            steps.append(step)
            brought = answers.pop(0) if isinstance(step, Ask) else b""
    except StopIteration as finished:
        assert not answers
        return steps, finished.value


def status(code, reference=0x63):
    return bytes((1, reference)) + code.to_bytes(2, "little")


# ---------------------------------------------------------------- vectors


@pytest.mark.parametrize("vector", own("movesense"), ids=lambda vector: vector["id"])
def test_shipped_vector(vector):
    assert vector["origin"] in {"composed-from-docs", "self-defined"}
    want = vector["decoded"]
    if vector["direction"] == "write":
        payload = bytes.fromhex(vector["payload"])
        assert (payload[0], payload[1], payload[2:].decode()) == (want["op"], want["reference"], want["path"])
        return
    decoder = MovesenseDecoder(52.0)
    parts = [decoder.feed(bytes.fromhex(chunk)) for chunk in vector["chunks"]]
    assert np.allclose(np.vstack([part.acc_g for part in parts]), np.reshape(want["acc_g"], (-1, 3)), atol=1e-6)
    assert np.allclose(np.vstack([part.gyr_dps for part in parts]), np.reshape(want["gyr_dps"], (-1, 3)), atol=1e-3)
    assert np.concatenate([part.t_s for part in parts]) == pytest.approx(want["t_s"], abs=1e-6)
    assert sum(len(part.bad) for part in parts) == want["bad"]


def test_captured_measurements_of_the_shared_facts():
    """Three captures, without the two bytes in front; two are of one half each, and are put together."""
    vectors = shared("Movesense GSP")
    content = {v["decoded"]["path"]: bytes.fromhex(v["hex"]) for v in vectors}
    want = {v["decoded"]["path"]: v["decoded"] for v in vectors}
    assert set(content) == {"/Meas/Acc/52", "/Meas/Gyro/52", "/Meas/IMU6/52"}
    both = content["/Meas/Acc/52"] + content["/Meas/Gyro/52"][4:]
    for path, payload, acc, gyr in (
        ("/Meas/IMU6/52", content["/Meas/IMU6/52"], "/Meas/IMU6/52", "/Meas/IMU6/52"),
        ("both", both, "/Meas/Acc/52", "/Meas/Gyro/52"),
    ):
        decoded = MovesenseDecoder(52.0).feed(b"\x02\x63" + payload)
        assert not decoded.bad, path
        acc_mps2, gyr_dps = np.array(want[acc]["acc_mps2"]), np.array(want[gyr]["gyro_dps"])
        assert np.allclose(decoded.acc_g * 9.807, acc_mps2, atol=6e-6)
        assert np.allclose(decoded.gyr_dps, gyr_dps, atol=6e-3)
        # Whole counts of 0.244 mg and 70 mdps: that is how the ranges are known.
        assert np.abs(decoded.acc_g / ACC_COUNT_G - np.rint(decoded.acc_g / ACC_COUNT_G)).max() < 0.003
        assert np.abs(decoded.gyr_dps / GYR_COUNT_DPS - np.rint(decoded.gyr_dps / GYR_COUNT_DPS)).max() < 0.001
        assert struct.unpack_from("<I", payload)[0] == want[acc]["timestamp_ms"]


# ---------------------------------------------------------------- the talk


def test_steps():
    steps, decoder = conduct(104.0, [status(404), status(201)])
    assert steps[0] == Subscribe(NOTIFY)
    assert [step.command.payload for step in steps[1:]] == [b"\x02\x63", b"\x01\x63/Meas/IMU6/104"]
    assert all(step.command.characteristic == WRITE and step.command.response for step in steps[1:])
    assert all((step.answers, step.begins) == (NOTIFY, b"\x01\x63") for step in steps[1:])
    assert isinstance(decoder, MovesenseDecoder)


def test_every_command_that_we_send_is_a_documented_one():
    documented = {v["payload"] for v in own("movesense") if v["direction"] == "write"}
    sent = {command.payload.hex() for command in MOVESENSE.stop}
    for rate_hz in MOVESENSE.rates_hz:
        steps, _ = conduct(rate_hz, [status(200), status(200)])
        sent |= {step.command.payload.hex() for step in steps if isinstance(step, Ask)}
    assert sent == documented


def test_a_silent_end_of_an_old_stream_is_no_fault_but_a_silent_start_is():
    _, decoder = conduct(52.0, [b"", status(200)])
    assert isinstance(decoder, MovesenseDecoder)
    for silence in (b"", b"\x01\x63", b"\x01\x63\xc8"):
        with pytest.raises(SensorError, match="does not answer"):
            conduct(52.0, [b"", silence])


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (404, "has no combined acceleration and rotation at this rate"),
        (403, "forbids"),
        (409, "is busy"),
        (503, "is busy"),
        (507, "no memory left"),
        (500, "fault"),
        (0, "code 0"),
        (100, "code 100"),
        (300, "code 300"),
        (65535, "code 65535"),
    ],
)
def test_refusals(code, words):
    with pytest.raises(SensorError, match=words) as refusal:
        conduct(52.0, [status(200), status(code)])
    assert str(refusal.value).startswith("This Movesense ")
    assert str(refusal.value).endswith(".")


def test_rates_and_names():
    with pytest.raises(ValueError, match="13, 26, 52, 104, 208 Hz, not at 100 Hz"):
        next(MOVESENSE.setup(100.0))
    assert MOVESENSE.matches("Movesense 174630000192", ())
    assert MOVESENSE.matches("", ["34802252-7185-4D5D-B431-630E7050E8F0"])
    assert not MOVESENSE.matches("Mover", ["34800001-7185-4d5d-b431-630e7050e8f0"])
    assert MOVESENSE.gyro
    assert not MOVESENSE.pairs


# ---------------------------------------------------------------- measurements

count = st.integers(-32768, 32767)
samples = st.lists(st.lists(count, min_size=6, max_size=6), min_size=1, max_size=16)


def split(sample_rows):
    rows = np.array(sample_rows)
    return rows[:, :3], rows[:, 3:]


@settings(deadline=None)
@given(samples, st.integers(0, 2**32 - 1), st.integers(8, 400))
def test_samples_come_out_however_they_are_cut(rows, time_ms, room):
    acc, gyr = split(rows)
    content = measurement(time_ms, acc, gyr)
    chunks = notified(content, room)
    # A first part of whole samples cannot be told from a whole: see the head of the driver.
    assume(all((k * (room - 2) - 4) % 24 for k in range(1, len(chunks))))
    decoder = MovesenseDecoder(52.0)
    parts = [decoder.feed(chunk) for chunk in chunks]
    assert not any(part.bad for part in parts)
    assert np.allclose(parts[-1].acc_g, acc * ACC_COUNT_G, atol=1e-6)
    assert np.allclose(parts[-1].gyr_dps, gyr * GYR_COUNT_DPS, atol=1e-3)
    assert all(not len(part.acc_g) for part in parts[:-1])
    assert decoder._parts == b""


def whole(time_ms, n=4):
    return b"\x02\x63" + measurement(time_ms, np.tile([0, 0, 4098], (n, 1)), np.zeros((n, 3)))


def test_a_missing_part_costs_its_measurement_and_no_other():
    content = measurement(0, np.ones((8, 3)), np.ones((8, 3)))
    first, second = notified(content, 182)
    decoder = MovesenseDecoder(104.0)
    assert not len(decoder.feed(first).acc_g)
    told = decoder.feed(whole(77, 8))
    assert told.bad == ((movesense.TORN, first[2:]),)
    assert len(told.acc_g) == 8
    orphan = decoder.feed(second)
    assert orphan.bad == ((movesense.TORN, second),)
    assert not len(orphan.acc_g)


def test_a_measurement_that_does_not_end_is_refused():
    decoder = MovesenseDecoder(52.0)
    assert not decoder.feed(b"\x02\x63" + bytes(240)).bad
    bad = []
    for _ in range(6):
        bad += decoder.feed(b"\x03\x63" + bytes(240)).bad
        assert len(decoder._parts) <= movesense.LONGEST_BYTES
    assert bad[0][0] == movesense.TOO_LONG
    assert [reason for reason, _ in bad[1:]] == [movesense.TORN] * (len(bad) - 1)


def test_each_refusal_has_its_reason():
    def reasons(payload):
        return [reason for reason, _ in MovesenseDecoder(52.0).feed(payload).bad]

    assert reasons(b"") == reasons(b"\x02") == reasons(b"\x09\x63abc") == [movesense.STRAY]
    assert reasons(whole(0).replace(b"\x63", b"\x64", 1)) == [movesense.FOREIGN]
    assert reasons(b"\x03\x63abcd") == [movesense.TORN]
    for value in (np.nan, np.inf, -np.inf, 170.0):
        content = np.zeros(24, dtype="<f4")
        content[4] = value
        assert reasons(b"\x02\x63" + bytes(4) + content.tobytes()) == [movesense.BEYOND]
    content = np.zeros(24, dtype="<f4")
    content[20] = 2400.0
    assert reasons(b"\x02\x63" + bytes(4) + content.tobytes()) == [movesense.BEYOND]
    signalling_nan = bytes(4) + b"\x01\x00\x80\x7f" + bytes(92)
    assert reasons(b"\x02\x63" + signalling_nan) == [movesense.BEYOND]
    assert decode(b"", 0.02).bad == ((movesense.STRAY, b""),)


heads = st.builds(
    lambda kind, reference, body: bytes((kind, reference)) + body,
    st.sampled_from([1, 2, 2, 2, 3, 3, 0]),
    st.sampled_from([0x63, 0x63, 0x63, 0x64]),
    st.one_of(
        st.binary(max_size=300),
        st.integers(1, 10).flatmap(lambda n: st.binary(min_size=4 + 24 * n, max_size=4 + 24 * n)),
        samples.map(lambda rows: measurement(5, *split(rows))),
    ),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.one_of(st.binary(max_size=300), heads), max_size=20))
def test_any_bytes_give_finite_values_in_range_and_a_bounded_memory(chunks):
    decoder = MovesenseDecoder(52.0)
    for chunk in chunks:
        kept = len(decoder._parts)
        decoded = decoder.feed(chunk)
        assert np.isfinite(decoded.acc_g).all()
        assert np.isfinite(decoded.gyr_dps).all()
        assert np.isfinite(decoded.t_s).all()
        assert (np.abs(decoded.acc_g) <= 16.8).all()
        assert (np.abs(decoded.gyr_dps) <= 2300).all()
        assert len(decoded.acc_g) == len(decoded.gyr_dps) == len(decoded.t_s)
        assert len(decoder._parts) <= movesense.LONGEST_BYTES
        # Nothing is lost silently: each byte is a sample's, refused, kept, or of a reply.
        given_out = 24 * len(decoded.acc_g) + sum(len(piece) for _, piece in decoded.bad) + len(decoder._parts)
        if chunk[:2] != b"\x01\x63":
            assert given_out >= kept + len(chunk) - 6
        assert 0.9 / 52 <= decoder._period_s <= 1.1 / 52


# ---------------------------------------------------------------- time


def times(rate_hz, told_ms, n=4):
    decoder = MovesenseDecoder(rate_hz)
    return [decoder.feed(whole(round(each), n)).t_s for each in told_ms]


def test_spacing_follows_the_real_rate_though_time_is_told_in_ms():
    real_hz = 52 * 1.03
    parts = times(52.0, [5000 + k * 4000 / real_hz for k in range(400)])
    assert np.allclose(np.diff(parts[0]), 1 / 52)
    late = np.concatenate(parts[200:])
    assert np.abs(late - late[0] - np.arange(len(late)) / real_hz).max() < 0.0016
    assert np.diff(parts[-1]) == pytest.approx(1 / real_hz, rel=3e-3)


def test_the_clock_wraps_and_packets_may_come_twice_or_out_of_turn():
    start = 2**32 - 200
    told = [start, start + 77, start + 154, start + 231, start + 308, start + 231, start + 385, start + 385]
    parts = times(52.0, told)
    assert [t_s[0] for t_s in parts] == pytest.approx([(each - start) / 1000 for each in told])
    assert all(np.allclose(np.diff(t_s), 1 / 52, rtol=0.01) for t_s in parts)


def test_a_lost_measurement_leaves_its_hole():
    parts = times(52.0, [0, 77, 154, 308, 385])
    starts = [t_s[0] for t_s in parts]
    assert [round(b - a, 3) for a, b in pairwise(starts)] == [0.077, 0.077, 0.154, 0.077]
