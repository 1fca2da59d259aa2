"""WitMotion: every vector, then the properties that must hold for any bytes at all."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import own, shared

from monitor.devices import witmotion
from monitor.devices.driver import Command
from monitor.devices.witmotion import FOREIGN, STRAY, WitMotionDecoder


def feed_all(chunks, decoder=None):
    """All samples (n, 6), battery readings and refused pieces of these notifications."""
    decoder = decoder or WitMotionDecoder()
    parts = [decoder.feed(chunk) for chunk in chunks]
    samples = np.vstack([np.hstack([part.acc_g, part.gyr_dps]) for part in parts] or [np.empty((0, 6))])
    battery = [part.battery_percent for part in parts if part.battery_percent is not None]
    return samples, battery, [piece for part in parts for piece in part.bad]


def frame(raw, angles=(0, 0, 0)):
    return b"\x55\x61" + np.array([*raw, *angles], dtype="<i2").tobytes()


def physical(frames):
    raw = np.array([np.frombuffer(one[2:14], dtype="<i2") for one in frames]).reshape(-1, 6).astype(float)
    return np.hstack([raw[:, :3] * 16 / 32768, raw[:, 3:] * 2000 / 32768])


def cut(data, places):
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[first:last] for first, last in pairwise(edges)]


values = st.integers(-32768, 32767)
frames = st.lists(st.lists(values, min_size=9, max_size=9).map(lambda row: frame(row[:6], row[6:])), max_size=12)
# Sample values of which no byte is 0x55, so that no header can be misread inside a frame.
tame_byte = st.integers(0, 255).filter(lambda byte: byte != 0x55)
tame_frames = st.lists(
    st.lists(tame_byte, min_size=18, max_size=18).map(lambda row: b"\x55\x61" + bytes(row)), max_size=8
)
cuts = st.lists(st.integers(0, 400), max_size=25)


def commands(rate_hz):
    return [step for step in witmotion.setup(rate_hz) if isinstance(step, Command)]


@pytest.mark.parametrize("vector", own("witmotion"), ids=lambda vector: vector["id"])
def test_shipped_vector(vector):
    assert vector["origin"] in {"vendor-doc", "composed-from-docs", "self-defined"}
    want = vector["decoded"]
    if vector["direction"] == "write":
        payload = bytes.fromhex(vector["payload"])
        assert payload[:2] == b"\xff\xaa"
        assert payload[2] == want["register"]
        assert int.from_bytes(payload[3:], "little") == want["value"]
        return
    samples, battery, bad = feed_all(bytes.fromhex(chunk) for chunk in vector["chunks"])
    assert np.array_equal(samples[:, :3], np.reshape(want["acc_g"], (-1, 3)))
    assert np.array_equal(samples[:, 3:], np.reshape(want["gyr_dps"], (-1, 3)))
    assert battery == ([] if want["battery_percent"] is None else [want["battery_percent"]])
    assert len(bad) == want["bad"]


def test_every_command_that_we_send_is_a_documented_one():
    documented = {vector["payload"] for vector in own("witmotion") if vector["direction"] == "write"}
    sent = [command for rate in witmotion.WITMOTION.rates_hz for command in commands(rate)]
    sent.append(witmotion.WITMOTION.battery_request)
    assert {command.payload.hex() for command in sent} <= documented
    assert all(command.characteristic == witmotion.WRITE for command in sent)
    assert {command.payload[2] for command in sent} == {0x69, 0x03, 0x27}


def test_captured_and_documented_vectors_of_the_shared_facts():
    vectors = shared("WitMotion")
    assert len(vectors) == 18
    documented = {v["payload"] for v in own("witmotion") if v["direction"] == "write"}
    for vector in vectors:
        if vector["direction"] == "write":
            assert vector["hex"] in documented, vector["id"]
            continue
        samples, battery, bad = feed_all([bytes.fromhex(vector["hex"])])
        motion = [part for part in vector["decoded"] if part["frame"] == "0x61"]
        replies = [part for part in vector["decoded"] if part["frame"] == "0x71"]
        assert not bad, vector["id"]
        assert len(samples) == len(motion), vector["id"]
        for row, part in zip(samples, motion, strict=True):
            assert np.allclose(row[:3], part["acc_g"], atol=5.1e-7), vector["id"]
            assert np.allclose(row[3:], part["gyro_dps"], atol=5.1e-5), vector["id"]
        assert battery == [part["battery_percent"] for part in replies if "battery_percent" in part], vector["id"]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=20))
def test_any_bytes_give_finite_values_in_range_and_a_bounded_memory(chunks):
    decoder = WitMotionDecoder()
    for chunk in chunks:
        samples, battery, _ = feed_all([chunk], decoder)
        assert np.isfinite(samples).all()
        assert (np.abs(samples[:, :3]) <= 16).all()
        assert (np.abs(samples[:, 3:]) <= 2000).all()
        assert all(0 <= percent <= 100 for percent in battery)
        assert len(decoder._carry) <= 21


pieces = st.one_of(
    st.sampled_from([b"\x55", b"\x61", b"\x71", b"\x55\x61", b"\x55\x71", b"\x55\x61" + bytes(26), b"\x55\x71d\x00"]),
    st.binary(max_size=30),
    st.lists(values, min_size=9, max_size=9).map(lambda row: frame(row[:6], row[6:])),
)


@settings(deadline=None)
@given(st.lists(pieces, max_size=30), cuts)
def test_every_byte_is_either_a_frame_or_refused_or_kept(parts, places):
    data = b"".join(parts)
    decoder = WitMotionDecoder()
    accounted = 0
    for chunk in cut(data, places):
        before = len(decoder._carry) + len(chunk)
        part = decoder.feed(chunk)
        refused = sum(len(piece) for reason, piece in part.bad if reason in {STRAY, FOREIGN})
        replies, rest = divmod(before - len(decoder._carry) - refused - 20 * len(part.acc_g), 20)
        assert rest == 0
        assert replies >= 0
        accounted += before - len(decoder._carry)
        assert len(decoder._carry) <= 21
    # Whatever came before, one notification of two whole frames brings the decoder into step.
    samples, _, _ = feed_all([frame([1] * 6) * 2], decoder)
    assert np.array_equal(samples[-2:], physical([frame([1] * 6)] * 2))
    assert decoder._carry == b""


@settings(deadline=None)
@given(frames, cuts)
def test_a_clean_stream_decodes_alike_however_it_is_cut(sent, places):
    samples, battery, bad = feed_all(cut(b"".join(sent), places))
    assert np.array_equal(samples, physical(sent))
    assert not battery
    assert not bad


@settings(deadline=None)
@given(frames, st.integers(0, 12), st.integers(0, 550), cuts)
def test_battery_replies_may_stand_anywhere(sent, place, reading, places):
    reply = b"\x55\x71" + np.array([0x64, reading, *[0] * 7], dtype="<u2").tobytes()
    data = b"".join([*sent[:place], reply, *sent[place:]])
    samples, battery, bad = feed_all(cut(data, places))
    assert np.array_equal(samples, physical(sent))
    assert battery == ([] if reading == 0 else [witmotion.battery_percent(reading)])
    assert not bad


def subsequence(part, whole):
    rows = iter(map(tuple, whole))
    return all(tuple(row) in rows for row in part)


def numbered(sent):
    """Frames that differ: the low byte of ax counts."""
    return [one[:2] + bytes([k]) + one[3:] for k, one in enumerate(sent)]


dull_garbage = st.lists(st.integers(0, 0x54), min_size=1, max_size=70).map(bytes)


@settings(deadline=None)
@given(tame_frames, dull_garbage, tame_frames, cuts)
def test_garbage_without_header_bytes_costs_at_most_the_frame_before_it(before, garbage, after, places):
    sent = numbered([*before, *after])
    data = b"".join([*sent[: len(before)], garbage, *sent[len(before) :]])
    samples, _, bad = feed_all(cut(data, places))
    got, want = samples.tolist(), physical(sent).tolist()
    assert bad
    split = len(before)
    without_the_one_before = want[: max(split - 1, 0)] + want[split:]
    # Out of step a frame waits for the header after it: a single frame behind the garbage may still be waiting.
    allowed = [want, without_the_one_before]
    allowed += [want[:split], want[: max(split - 1, 0)]] if len(after) == 1 else []
    assert got in allowed


@settings(deadline=None)
@given(tame_frames, st.binary(min_size=1, max_size=70), st.integers(3, 6), cuts)
def test_any_garbage_costs_at_most_one_frame_before_and_one_after(before, garbage, after, places):
    tail = [frame([2 * k + 1] * 6) for k in range(after)]
    samples, _, _ = feed_all(cut(b"".join([*before, garbage, *tail]), places))
    # The last frame may wait for its voucher where the garbage looked like 28-byte frames.
    must = [*before[:-1], *tail[1:-1]]
    assert subsequence(physical(must), samples)


@settings(deadline=None)
@given(st.lists(st.lists(values, min_size=9, max_size=9), min_size=3, max_size=20), st.integers(1, 5))
def test_28_byte_frames_are_refused_with_their_reason(rows, per_notification):
    stamp = bytes([26, 11, 22, 12, 0, 0, 1, 2])
    one = [frame(np.abs(row[:6]) // 4, (0, 0, 0)) + stamp for row in rows]
    chunks = [b"".join(one[k : k + per_notification]) for k in range(0, len(one), per_notification)]
    samples, battery, bad = feed_all(chunks)
    assert not len(samples)
    assert not battery
    assert {reason for reason, _ in bad} == {FOREIGN}


def test_28_byte_frames_in_20_and_8_bytes_leak_one_sample_at_most():
    one = frame([100, 2000, 30, 1, 2, 3]) + bytes([26, 11, 22, 12, 0, 0, 1, 2])
    chunks = [part for _ in range(30) for part in (one[:20], one[20:])]
    samples, _, bad = feed_all(chunks)
    assert len(samples) == 1
    assert bad[-1][0] == FOREIGN


def test_suspicion_does_not_outlive_a_clean_stream():
    decoder = WitMotionDecoder()
    feed_all([(b"\x55\x61" + bytes(26)) * 3], decoder)
    sent = [frame([k] * 6) for k in range(10)]
    samples, _, bad = feed_all(sent, decoder)
    assert np.array_equal(samples, physical(sent))
    assert not bad


@pytest.mark.parametrize(
    ("centivolts", "percent"),
    [(0, None), (1, 0), (339, 0), (340, 5), (368, 15), (381, 50), (382, 60), (395, 90), (396, 100), (551, None)],
)
def test_battery_steps(centivolts, percent):
    assert witmotion.battery_percent(centivolts) == percent


@settings(deadline=None)
@given(frames, st.integers(0, 12), st.integers(-32768, 32767), cuts)
def test_temperature_replies_may_stand_anywhere_and_absurd_ones_are_refused(sent, place, reading, places):
    words = np.array([reading, *[0] * 7], dtype="<i2").tobytes()
    data = b"".join([*sent[:place], b"\x55\x71\x40\x00" + words, *sent[place:]])
    decoder = WitMotionDecoder()
    parts = [decoder.feed(chunk) for chunk in cut(data, places)]
    told = [part.deg_c for part in parts if part.deg_c is not None]
    plausible = -4000 <= reading <= 8500
    assert told == ([reading / 100.0] if plausible else [])
    assert [reason for part in parts for reason, _ in part.bad] == ([] if plausible else [witmotion.NO_TEMPERATURE])
    assert sum(len(part.acc_g) for part in parts) == len(sent)


def test_start_writes_the_rate_and_nothing_else():
    unlock, rate = commands(100.0)
    assert (unlock.payload.hex(), unlock.pause_s) == ("ffaa6988b5", 0.1)
    assert rate.payload.hex() == "ffaa030900"
    with pytest.raises(ValueError, match="10, 20, 50, 100, 200 Hz, not at 125 Hz"):
        commands(125.0)
