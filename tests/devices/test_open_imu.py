"""The open profile: every vector, the talk that starts the stream, its clock, and what must hold for any bytes."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import own, shared

from monitor.devices import open_imu
from monitor.devices.driver import Command, Read, Subscribe, same_uuid
from monitor.devices.open_imu import OPEN_IMU, OpenImuDecoder, decode
from monitor.errors import SensorError

GYR_SCALES = (16.4, 32.8, 65.6, 131.2, 262.4)


def packet(number, time_us, samples, *, kind=0, acc=2, gyr=0, flags=0, version=1):
    """A packet of these counts, (n, 3) or (n, 6)."""
    head = struct.pack("<BBHI", version << 5 | flags << 3 | kind, acc | gyr << 4, number % 65536, time_us % 2**32)
    return head + np.asarray(samples, dtype="<i2").tobytes()


def told(version=1, capabilities=0x1F, least_hz=10, most_hz=200, ranges=0x0F, samples=19):
    """An info characteristic."""
    return struct.pack("<BBHHBBI", version, capabilities, least_hz, most_hz, ranges, samples, 0x12345678)


def conduct(rate_hz, info, taken=None):
    """The steps of a setup; the board takes what is written, or keeps `taken`."""
    setup, steps, brought, config = OPEN_IMU.setup(rate_hz), [], None, b""
    try:
        while True:
            step = setup.send(brought)
            steps.append(step)
            brought = b""
            if isinstance(step, Command):
                config = step.payload
            elif isinstance(step, Read):
                brought = info if step.characteristic == open_imu.INFO else config if taken is None else taken
    except StopIteration as finished:
        return steps, finished.value


def configured(rate_hz, info):
    return next(step.payload for step in conduct(rate_hz, info)[0] if isinstance(step, Command))


# ---------------------------------------------------------------- vectors


@pytest.mark.parametrize("vector", own("open-imu", "notify"), ids=lambda vector: vector["id"])
def test_shipped_notifications(vector):
    decoder, want = OpenImuDecoder(100.0), vector["decoded"]
    parts = [decoder.feed(bytes.fromhex(chunk)) for chunk in vector["chunks"]]
    good = [part for part in parts if len(part.acc_g)]
    assert np.array_equal(np.vstack([part.acc_g for part in parts]), np.reshape(want["acc_g"], (-1, 3)))
    if want["gyr_dps"] is None:
        assert all(part.gyr_dps is None for part in parts)
    else:
        assert np.allclose(np.vstack([part.gyr_dps for part in good]), want["gyr_dps"], atol=1e-9)
    times_s = np.concatenate([part.t_s for part in good]) if good else []
    assert np.allclose(times_s, want["t_s"], atol=1e-9)
    assert sum(len(part.bad) for part in parts) == want["bad"]
    assert sum(part.restarted for part in parts) == want["restarted"]


def test_every_command_that_we_send_is_a_documented_one():
    documented = {(vector["characteristic"], vector["payload"]) for vector in own("open-imu", "write")}
    sent = {("0003", configured(100.0, told()).hex()), ("0003", configured(50.0, told(capabilities=5, ranges=2)).hex())}
    sent |= {(one.characteristic[4:8], one.payload.hex()) for cue in OPEN_IMU.cues.values() for one in cue}
    assert sent == documented


@pytest.mark.parametrize("vector", own("open-imu", "read"), ids=lambda vector: vector["id"])
def test_what_a_board_tells_decides_what_is_written(vector):
    assert configured(100.0, bytes.fromhex(vector["payload"])).hex() == vector["decoded"]["config"]


def test_vectors_of_the_shared_facts():
    vectors = shared("Open posture")
    assert len(vectors) == 3
    for vector in vectors:
        want = vector["decoded"]
        decoded = decode(bytes.fromhex(vector["hex"]), 0.02)
        assert same_uuid(vector["characteristic"], OPEN_IMU.notify)
        assert np.allclose(decoded.acc_g, want["acc_g"], atol=5.1e-7)
        assert (decoded.gyr_dps is None) == ("gyro_dps" not in want)
        if decoded.gyr_dps is not None:
            assert np.allclose(decoded.gyr_dps, want["gyro_dps"], atol=5.1e-7)
        assert decoded.t_s[0] == want["ts_us"] / 1e6
        assert not decoded.bad


# ---------------------------------------------------------------- setting up


def test_setup_asks_configures_makes_sure_and_subscribes():
    steps, decoder = conduct(100.0, told())
    assert steps[0] == Read(open_imu.INFO)
    assert steps[1] == Command(open_imu.CONFIG, bytes.fromhex("64000201010a0000"), response=True)
    assert steps[2:] == [Read(open_imu.CONFIG), Subscribe(OPEN_IMU.notify)]
    assert isinstance(decoder, OpenImuDecoder)


@pytest.mark.parametrize(("rate_hz", "samples"), [(25.0, 2), (50.0, 5), (100.0, 10), (200.0, 19)])
def test_packets_span_a_tenth_of_a_second_at_most(rate_hz, samples):
    assert configured(rate_hz, told())[5] == samples
    assert samples / rate_hz <= 0.1
    assert configured(rate_hz, told(samples=1))[5] == 1
    assert configured(rate_hz, told(samples=0))[5] in {samples, 20}


@pytest.mark.parametrize(("ranges", "code"), [(0b1111, 2), (0b1011, 3), (0b0011, 1), (0b0001, 0)])
def test_eight_g_is_preferred(ranges, code):
    assert configured(100.0, told(ranges=ranges))[2] == code


@pytest.mark.parametrize(
    ("info", "words"),
    [
        (b"", "no version"),
        (told()[:11], "version 1 of"),
        (told(version=2), "version 2 of"),
        (told(capabilities=2), "no accelerometer"),
        (told(ranges=0), "no accelerometer"),
        (told(most_hz=50), "10 to 50 Hz"),
        (told(least_hz=150), "150 to 200 Hz"),
    ],
)
def test_a_board_that_cannot_serve_is_told(info, words):
    with pytest.raises(SensorError, match=words):
        conduct(100.0, info)


def test_more_info_than_we_know_is_no_fault():
    assert configured(100.0, told() + b"later") == configured(100.0, told())


@pytest.mark.parametrize("taken", [b"", bytes(8), struct.pack("<HBBBBH", 50, 2, 1, 1, 10, 0), b"\x64\x00\x02\x01\x01"])
def test_a_board_that_keeps_its_own_rate_is_told(taken):
    with pytest.raises(SensorError, match="does not take 100 Hz"):
        conduct(100.0, told(), taken)


def test_a_board_may_take_other_ranges_and_packets():
    conduct(100.0, told(), struct.pack("<HBBBBH", 100, 3, 0, 1, 4, 0))


@pytest.mark.parametrize("rate_hz", [0.0, 10.0, 104.0, float("nan")])
def test_other_rates_are_refused_at_once(rate_hz):
    with pytest.raises(ValueError, match="25, 50, 100, 200 Hz"):
        next(OPEN_IMU.setup(rate_hz))


def test_advertisement():
    assert OPEN_IMU.matches("OPS-1a2b", [])
    assert OPEN_IMU.matches("", ["0C430001-F3E4-485E-9674-F9034E7D2AE9"])
    assert not OPEN_IMU.matches("ops", ["0c430004-f3e4-485e-9674-f9034e7d2ae9"])


# ---------------------------------------------------------------- the clock


@settings(deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 65535),
    st.integers(1, 20),
    st.floats(-0.09, 0.09),
    st.lists(st.integers(0, 40), max_size=20),
)
def test_times_are_those_of_the_board_over_wraps_and_losses(start_us, number, n, error, losses):
    period_us = 10_000 * (1 + error)
    decoder, at = OpenImuDecoder(100.0), 0
    samples = np.zeros((n, 3))
    origin_s = decoder.feed(packet(number, start_us, samples)).t_s[0]
    for lost in [0, *losses]:
        at += 1 + lost
        true_us = round(at * n * period_us)
        part = decoder.feed(packet(number + at, start_us + true_us, samples))
        # A microsecond of rounding in the time, and one of each end of the spacing, spread over the packet.
        want_s = origin_s + (true_us + np.arange(n) * period_us) / 1e6
        assert np.abs(part.t_s - want_s).max() < 3e-6


def test_spacing_beyond_a_tenth_is_not_believed():
    decoder = OpenImuDecoder(100.0)
    decoder.feed(packet(0, 0, np.zeros((10, 3))))
    assert np.allclose(np.diff(decoder.feed(packet(1, 111_000, np.zeros((10, 3)))).t_s), 0.01)
    assert np.allclose(np.diff(decoder.feed(packet(2, 220_000, np.zeros((10, 3)))).t_s), 0.0109)


def test_spacing_is_forgotten_when_the_clock_begins_anew():
    decoder = OpenImuDecoder(100.0)
    decoder.feed(packet(0, 0, np.zeros((10, 3))))
    decoder.feed(packet(1, 105_000, np.zeros((10, 3))))
    part = decoder.feed(packet(2, 3_000, np.zeros((10, 3)), flags=2))
    assert part.restarted
    assert np.allclose(part.t_s, 0.003 + 0.01 * np.arange(10))


def test_a_refused_packet_leaves_the_clock_alone():
    decoder = OpenImuDecoder(100.0)
    decoder.feed(packet(0, 2**32 - 100_000, np.zeros((10, 3))))
    assert decoder.feed(packet(9, 12345, np.zeros((10, 3)), version=3)).bad
    assert decoder.feed(packet(1, 0, np.zeros((10, 3)))).t_s[0] == pytest.approx(2**32 / 1e6)


# ---------------------------------------------------------------- any bytes

counts = st.integers(-32768, 32767)


@settings(deadline=None)
@given(
    st.lists(st.lists(counts, min_size=6, max_size=6), min_size=1, max_size=19),
    st.integers(0, 3),
    st.integers(0, 4),
    st.binary(max_size=11),
)
def test_every_range_is_told_to_the_last_bit(rows, acc, gyr, tail):
    decoded = decode(packet(3, 50, rows, kind=1, acc=acc, gyr=gyr) + tail, 0.01)
    raw = np.array(rows, dtype=float)
    assert np.array_equal(decoded.acc_g, raw[:, :3] / (16384 >> acc))
    assert np.array_equal(decoded.gyr_dps, raw[:, 3:] / GYR_SCALES[gyr])
    assert not decoded.bad


alike = st.builds(
    lambda head, ranges, rest: bytes((head, ranges)) + rest,
    st.sampled_from([0x20, 0x21, 0x28, 0x29, 0x30, 0x31, 0x22, 0x41]),
    st.integers(0, 255),
    st.binary(max_size=250),
)


@settings(deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=260), alike), max_size=20))
def test_any_bytes_give_finite_values_in_range_or_are_refused(chunks):
    decoder = OpenImuDecoder(100.0)
    for chunk in chunks:
        part = decoder.feed(chunk)
        n = len(part.acc_g)
        assert part.acc_g.shape == (n, 3)
        assert (np.abs(part.acc_g) <= 16).all()
        assert [piece for _, piece in part.bad] == ([] if n else [chunk])
        if n:
            assert np.isfinite(part.t_s).all()
            assert (np.diff(part.t_s) > 0).all()
            assert part.t_s.shape == (n,)
        if part.gyr_dps is not None:
            assert part.gyr_dps.shape == (n, 3)
            assert (np.abs(part.gyr_dps) <= 2000).all()
