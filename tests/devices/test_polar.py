"""Polar: every vector, the talk at the control point, and what must hold for any bytes at all."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import own, shared

from monitor.devices import polar, polar_frames
from monitor.devices.driver import Ask, Command, Read, Subscribe
from monitor.devices.polar import CONTROL, DATA, POLAR_H10, POLAR_SENSE
from monitor.devices.polar_frames import PolarDecoder, Scale, decode
from monitor.errors import SensorError

H10_OFFER = bytes.fromhex("f0010200000004190032006400c800010110000203020004000800")
SENSE_OFFER = bytes.fromhex("f001020000000134000101100002010800040103")
FEATURES = {"h10": bytes.fromhex("0f05") + bytes(15), "sense": bytes.fromhex("0f6e") + bytes(15)}


def raw_frame(mg, time_ns=10**9):
    return struct.pack("<BQB", 2, time_ns, 1) + np.asarray(mg, dtype="<i2").tobytes()


def packed(values, width):
    """Numbers as a stream of bits, least significant first: one big integer."""
    total = sum((value & ((1 << width) - 1)) << (k * width) for k, value in enumerate(values))
    return total.to_bytes((len(values) * width + 7) // 8, "little")


def delta_frame(mg, widths, time_ns=10**9, kind=0x81):
    """Blocks of the given widths, in equal parts."""
    mg = np.asarray(mg, dtype=np.int64)
    body = mg[0].astype("<i2").tobytes()
    for width, part in zip(widths, np.array_split(np.diff(mg, axis=0), len(widths)), strict=True):
        body += bytes((width, len(part))) + packed(part.ravel().tolist(), width)
    return struct.pack("<BQB", 2, time_ns, kind) + body


def conduct(driver, rate_hz, answers, features=FEATURES["h10"]):
    """Do the driver's steps with these answers to commands (first two bytes -> reply); the steps, and the decoder."""
    steps, brought = [], None
    setup = driver.setup(rate_hz)
    try:
        while True:
            step = setup.send(brought)
            steps.append(step)
            brought = b""
            if isinstance(step, Read):
                brought = features
            elif isinstance(step, Ask):
                reply = answers[step.command.payload[:2]]
                assert not reply or reply.startswith(step.begins)
                brought = reply
    except StopIteration as finished:
        return steps, finished.value


def h10_answers(start="f00202000001", stop="f003020600", offer=H10_OFFER):
    return {b"\x01\x02": offer, b"\x02\x02": bytes.fromhex(start), b"\x03\x02": bytes.fromhex(stop)}


def sense_answers(start="f002020000", offer=SENSE_OFFER):
    return h10_answers(start, "f003020600", offer)


# ---------------------------------------------------------------- vectors


@pytest.mark.parametrize("vector", own("polar"), ids=lambda vector: vector["id"])
def test_shipped_vector(vector):
    assert vector["origin"] in {"vendor-doc", "vendor-sdk-test", "composed-from-docs", "self-defined"}
    want = vector["decoded"]
    if vector["direction"] == "write":
        payload = bytes.fromhex(vector["payload"])
        assert payload[:2] in {polar.GET_SETTINGS, polar.START, polar.STOP}
        read = polar.parse_settings(payload[2:])
        assert {str(kind): values[0] for kind, values in read.items()} == want["settings"]
        assert polar.encode_settings({kind: values[0] for kind, values in read.items()}) == payload[2:]
        return
    if vector["direction"] == "indicate":
        payload = bytes.fromhex(vector["payload"])
        assert payload[0] == polar.REPLY
        assert payload[3] == want["status"]
        read = polar.parse_settings(payload[5:])
        if "factor" in want:
            assert polar.scale_of("sensor", {}, read).g_per_count == pytest.approx(want["factor"], abs=1e-9)
        else:
            assert {str(kind): list(values) for kind, values in read.items()} == want["settings"]
        return
    decoder = PolarDecoder(52.0)
    parts = [decoder.feed(bytes.fromhex(chunk)) for chunk in vector["chunks"]]
    acc_g = np.vstack([part.acc_g for part in parts])
    assert acc_g.shape == np.reshape(want["acc_g"], (-1, 3)).shape
    assert np.allclose(acc_g, np.reshape(want["acc_g"], (-1, 3)), atol=6e-7)
    assert sum(len(part.bad) for part in parts) == want["bad"]
    assert all(part.gyr_dps is None and len(part.t_s) == len(part.acc_g) for part in parts)
    ends = [polar_frames.time_ns(bytes.fromhex(chunk)) for chunk in vector["chunks"]]
    assert [end for end, part in zip(ends, parts, strict=True) if len(part.acc_g)] == want["end_ns"]


def shared_vectors(what):
    vectors = shared("Polar")
    assert len(vectors) == 22
    return [vector for vector in vectors if vector["direction"] == what]


def test_captured_frames_of_the_shared_facts():
    frames = shared_vectors("notify")
    assert len(frames) == 11
    for vector in frames:
        decoded = decode(bytes.fromhex(vector["hex"]))
        want = vector["decoded"]
        if "raw" in want:
            acc_g = np.array(want["raw"]) * want["factor"]
            assert np.array_equal(np.trunc(np.round(acc_g * 1000, 6)), want["acc_mg_truncated"])
        else:
            acc_g = np.array(want["acc_mg"]) / 1000
        assert not decoded.bad, vector["id"]
        assert np.allclose(decoded.acc_g, acc_g, atol=1e-9), vector["id"]
        assert polar_frames.time_ns(bytes.fromhex(vector["hex"])) == want["timestamp_ns"]


def test_captured_h10_frames_in_a_row_are_evenly_spaced_at_their_real_rate():
    frames = [v for v in shared_vectors("notify") if v["device"] == "Polar H10"]
    assert len(frames) == 6
    decoder = PolarDecoder(50.92)
    t_s = np.concatenate([decoder.feed(bytes.fromhex(vector["hex"])).t_s for vector in frames])
    assert len(t_s) == 216
    steps = np.diff(t_s)
    assert (1.0 / steps).min() == pytest.approx(50.903, abs=0.02)
    assert (1.0 / steps).max() == pytest.approx(50.923, abs=0.02)


def test_captured_replies_set_an_h10_up():
    replies = {v["hex"] for v in shared_vectors("indicate")} | {v["hex"] for v in shared_vectors("read")}
    assert {H10_OFFER.hex(), SENSE_OFFER.hex(), FEATURES["h10"].hex(), "f00202000001", "f003020600"} <= replies
    written = {v["hex"] for v in shared_vectors("write")}
    steps, _ = conduct(POLAR_SENSE, 52.0, sense_answers(), FEATURES["sense"])
    sent = {step.command.payload.hex() for step in steps if isinstance(step, Ask)}
    assert sent <= written


# ---------------------------------------------------------------- the talk


def test_steps_of_the_h10():
    steps, decoder = conduct(POLAR_H10, 100.0, h10_answers())
    assert steps[:3] == [Subscribe(CONTROL), Subscribe(DATA), Read(CONTROL)]
    asks = steps[3:]
    assert all(ask.answers == CONTROL and ask.command.characteristic == CONTROL for ask in asks)
    assert all(ask.command.response for ask in asks)
    assert [ask.command.payload.hex() for ask in asks] == ["0302", "0102", "0202000164000101100002010800"]
    assert [ask.begins.hex() for ask in asks] == ["f00302", "f00102", "f00202"]
    assert isinstance(decoder, PolarDecoder)


def test_every_start_that_we_send_is_a_documented_one():
    documented = {v["payload"] for v in own("polar") if v["direction"] == "write"}
    for driver, answers, features in (
        (POLAR_H10, h10_answers(), FEATURES["h10"]),
        (POLAR_SENSE, sense_answers(), FEATURES["sense"]),
    ):
        for rate_hz in driver.rates_hz:
            if driver is POLAR_SENSE and rate_hz != 52.0:
                continue
            steps, _ = conduct(driver, rate_hz, answers, features)
            sent = {step.command.payload.hex() for step in steps if isinstance(step, Ask)}
            assert sent <= documented
        assert [command.payload.hex() for command in driver.stop] == ["0302"]


def test_exactly_the_offered_kinds_of_setting_are_sent_back():
    steps, _ = conduct(POLAR_SENSE, 52.0, sense_answers(), FEATURES["sense"])
    assert steps[-1].command.payload.hex() == "0202000134000101100002010800040103"
    # A range in thousandths, and a factor and a secret that are told but not to be chosen.
    odd = bytes.fromhex("f00102000000023400 3200".replace(" ", "") + "0302a00f0000401f0000" + "05010000803f0601")
    odd += bytes(16)
    steps, _ = conduct(POLAR_SENSE, 50.0, sense_answers(offer=odd), FEATURES["sense"])
    assert steps[-1].command.payload.hex() == "0202000132000301401f0000"


def test_the_largest_range_where_8_g_is_not_offered():
    offer = bytes.fromhex("f0010200000001340001011000020202000400")
    steps, _ = conduct(POLAR_SENSE, 52.0, sense_answers(offer=offer), FEATURES["sense"])
    assert steps[-1].command.payload.endswith(bytes.fromhex("02010400"))


def test_a_rate_that_the_sensor_does_not_offer_is_refused_by_those_that_it_does():
    with pytest.raises(ValueError, match="25, 50, 100, 200 Hz, not at 52 Hz"):
        next(POLAR_H10.setup(52.0))
    with pytest.raises(SensorError, match="now offers 52 Hz, not 50 Hz: choose with --rate"):
        conduct(POLAR_SENSE, 50.0, sense_answers(), FEATURES["sense"])
    with pytest.raises(SensorError, match="now offers no rate Hz"):
        conduct(POLAR_H10, 50.0, h10_answers(offer=bytes.fromhex("f001020000")))


@pytest.mark.parametrize("features", [b"", b"\x0f", bytes.fromhex("0f03") + bytes(15), b"\xf0\x04", bytes(17)])
def test_a_sensor_without_acceleration_is_refused(features):
    with pytest.raises(SensorError, match="does not offer acceleration"):
        conduct(POLAR_H10, 100.0, h10_answers(), features)


def test_every_refusal_says_what_to_do():
    for status in range(1, 256):
        with pytest.raises(SensorError) as refusal:
            conduct(POLAR_H10, 100.0, h10_answers(start=f"f00202{status:02x}00"))
        text = str(refusal.value)
        assert text.startswith("This Polar H10 ")
        assert text.endswith(".")
        assert ("code" in text) == (status > 14)


def test_the_charger_is_named():
    with pytest.raises(SensorError, match="armband is in its charger: take it out"):
        conduct(POLAR_SENSE, 52.0, sense_answers(start="f002020d00"), FEATURES["sense"])


@pytest.mark.parametrize("asked", [b"\x01\x02", b"\x02\x02", b"\x03\x02"])
def test_silence_at_the_control_point_is_told(asked):
    for silence in (b"", b"\xf0" + asked):
        with pytest.raises(SensorError, match="does not answer"):
            conduct(POLAR_H10, 100.0, h10_answers() | {asked: silence})


def test_what_a_stop_answers_does_not_matter():
    for status in range(256):
        _, decoder = conduct(POLAR_H10, 100.0, h10_answers(stop=f"f00302{status:02x}00"))
        assert isinstance(decoder, PolarDecoder)


def test_factors_of_the_start_reply():
    sample = delta_frame([[1000, 0, -1000], [1001, 0, -1001]], [2], kind=0x80)
    in_mg = delta_frame([[1000, 0, -1000], [1001, 0, -1001]], [2], kind=0x81)
    for reply, g80, g81 in (
        ("f002020000", 0.244, 1.0),
        ("f00202000001", 0.244, 1.0),
        ("f002020000050140da7f39", 0.244, 1.0),
        ("f0020200000501" + struct.pack("<f", 4.88e-4).hex(), 0.488, 1.0),
        ("f0020200000501" + struct.pack("<f", 0.5).hex(), 0.244, 0.5),
    ):
        _, decoder = conduct(POLAR_SENSE, 52.0, sense_answers(reply), FEATURES["sense"])
        assert decoder.feed(sample).acc_g[0] == pytest.approx([g80, 0.0, -g80], rel=1e-6)
        assert decoder.feed(in_mg).acc_g[0] == pytest.approx([g81, 0.0, -g81])
    for factor in (float("nan"), float("inf"), 0.0, -1.0, 1e-9, 1e9):
        with pytest.raises(SensorError, match="tells a scale that cannot be"):
            conduct(POLAR_SENSE, 52.0, sense_answers("f0020200000501" + struct.pack("<f", factor).hex()))


def test_the_range_that_was_chosen_bounds_what_is_believed():
    _, decoder = conduct(POLAR_H10, 100.0, h10_answers())
    assert len(decoder.feed(raw_frame([[8190, 0, 0]])).acc_g) == 1
    refused = decoder.feed(raw_frame([[0, 0, 1000], [8500, 0, 0]]))
    assert not len(refused.acc_g)
    assert refused.bad == ((polar_frames.BEYOND, raw_frame([[0, 0, 1000], [8500, 0, 0]])),)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=20))
def test_any_answers_end_in_a_decoder_or_a_sensor_error(offer, start, stop, features):
    answers = {
        asked: b"\xf0" + asked + reply
        for asked, reply in ((b"\x01\x02", offer), (b"\x02\x02", start), (b"\x03\x02", stop))
    }
    for told in (features, FEATURES["h10"]):
        try:
            _, decoder = conduct(POLAR_H10, 100.0, answers, told)
        except SensorError:
            continue
        assert isinstance(decoder, PolarDecoder)


def test_names():
    assert POLAR_H10.matches("Polar H10 7E123456", ())
    assert not POLAR_H10.matches("Polar Sense 7E123456", ())
    assert not POLAR_H10.matches("Polar H9 7E123456", ("0000180d-0000-1000-8000-00805f9b34fb",))
    assert POLAR_SENSE.matches("Polar Sense 7E123456", ())
    assert POLAR_SENSE.matches("Polar OH1 7E123456", ())
    assert not POLAR_SENSE.matches("", ("0000180d-0000-1000-8000-00805f9b34fb",))
    assert (POLAR_H10.name, POLAR_SENSE.name) == ("polar-h10", "polar-sense")
    assert not POLAR_H10.gyro
    assert POLAR_H10.pairs
    assert POLAR_H10.stop == (Command(CONTROL, b"\x03\x02", response=True),)


# ---------------------------------------------------------------- frames

mg = st.integers(-8000, 8000)
rows = st.lists(st.tuples(mg, mg, mg), min_size=1, max_size=60)


@settings(deadline=None)
@given(rows, st.integers(0, 2**64 - 1))
def test_raw_frames_come_out_exactly(sent, time_ns):
    decoded = decode(raw_frame(sent, time_ns), period_s=0.01, origin_ns=time_ns)
    assert np.array_equal(decoded.acc_g, np.array(sent) / 1000)
    assert np.allclose(decoded.t_s, np.arange(1 - len(sent), 1) * 0.01)


@settings(deadline=None)
@given(st.lists(st.tuples(mg, mg, mg), min_size=2, max_size=200), st.integers(1, 4))
def test_delta_frames_come_out_exactly(sent, blocks):
    blocks = min(blocks, len(sent) - 1)
    parts = np.array_split(np.diff(np.array(sent), axis=0), blocks)
    widths = [max(int(value).bit_length() for value in np.append(part.ravel(), ~part.ravel())) + 1 for part in parts]
    assert max(widths) <= 15
    decoded = decode(delta_frame(sent, widths))
    assert np.array_equal(decoded.acc_g, np.array(sent) / 1000)


@settings(deadline=None)
@given(st.lists(st.integers(-127, 127).map(lambda v: v * 40), min_size=3, max_size=30), st.integers(0, 30))
def test_a_delta_frame_cut_short_is_refused_whole(column, cut):
    frame = delta_frame([[v, 0, v] for v in column], [15])
    cut_frame = frame[: len(frame) - 1 - cut]
    decoded = decode(cut_frame)
    # Cut down to its first sample it is a frame of one sample: nothing in it says otherwise.
    assert bool(decoded.bad) == (len(cut_frame) != 16)
    assert len(decoded.acc_g) == (len(cut_frame) == 16)


frame_heads = st.builds(
    lambda kind, time_ns, frame_type, body: struct.pack("<BQB", kind, time_ns, frame_type) + body,
    st.sampled_from([2, 2, 2, 0, 255]),
    st.integers(0, 2**64 - 1),
    st.sampled_from([0, 1, 2, 0x80, 0x81, 0x82, 0xFF]),
    st.binary(max_size=250),
)
tiny_blocks = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 255), st.binary(max_size=40)), max_size=8).map(
    lambda blocks: struct.pack("<BQB6x", 2, 5, 0x81) + b"".join(bytes((w, c)) + tail for w, c, tail in blocks)
)


@settings(deadline=None, max_examples=400)
@given(st.lists(st.one_of(st.binary(max_size=300), frame_heads, tiny_blocks), max_size=8))
def test_any_bytes_give_finite_values_in_range_and_a_bounded_output(chunks):
    decoder = PolarDecoder(100.0, Scale(8.0))
    for chunk in chunks:
        decoded = decoder.feed(chunk)
        assert np.isfinite(decoded.acc_g).all()
        assert (np.abs(decoded.acc_g) <= 8.4).all()
        assert np.isfinite(decoded.t_s).all()
        assert len(decoded.t_s) == len(decoded.acc_g) <= 3 * len(chunk) + 1
        assert (len(decoded.acc_g) > 0) != (len(decoded.bad) > 0)
        assert all(piece == chunk for _, piece in decoded.bad)
        assert 0.009 <= decoder._period_s <= 0.011


def test_a_few_bytes_cannot_ask_for_many_samples():
    for width, count in ((0, 255), (1, 255), (18, 1), (255, 255), (1, 0)):
        frame = struct.pack("<BQB6x", 2, 5, 0x81) + bytes((width, count))
        assert [reason for reason, _ in decode(frame).bad] == [polar_frames.BAD_BLOCK]


def test_each_refusal_has_its_reason():
    head = struct.Struct("<BQB").pack
    assert decode(b"").bad[0][0] == polar_frames.TOO_SHORT
    assert decode(head(2, 0, 1)).bad[0][0] == polar_frames.TOO_SHORT
    assert decode(head(0, 0, 1) + bytes(6)).bad[0][0] == polar_frames.OTHER_KIND
    assert decode(head(2, 0, 3) + bytes(6)).bad[0][0] == polar_frames.OTHER_TYPE
    assert decode(head(2, 0, 1) + bytes(7)).bad[0][0] == polar_frames.TORN
    assert decode(head(2, 0, 0x81) + bytes(5)).bad[0][0] == polar_frames.TORN


# ---------------------------------------------------------------- time


def fed_times(decoder, ends_ns, samples=36):
    return [decoder.feed(raw_frame([[0, 0, 1000]] * samples, end)).t_s for end in ends_ns]


def test_time_is_spread_at_the_rate_that_two_frames_show():
    start_ns = 599616035520846242
    step_ns = round(36 / 101.8 * 1e9)
    times = fed_times(PolarDecoder(100.0), [start_ns + k * step_ns for k in range(5)])
    assert np.allclose(np.diff(times[0]), 0.01)  # the first frame can only know the nominal rate
    assert times[0][-1] == 0.0
    rest = np.concatenate([times[0][-1:], *times[1:]])
    assert np.allclose(np.diff(rest), 1 / 101.8, atol=1e-8)


def test_a_lost_frame_leaves_its_hole_and_the_spacing():
    step_ns = round(36 / 101.8 * 1e9)
    times = fed_times(PolarDecoder(100.0), [k * step_ns for k in (100, 101, 102, 104)])
    steps = np.diff(np.concatenate(times[1:]))
    assert np.allclose(np.delete(steps, 71), 1 / 101.8, atol=1e-8)
    assert steps[71] == pytest.approx(37 / 101.8, abs=1e-7)


def test_times_that_go_back_or_jump_are_passed_on():
    step_ns = 360_000_000
    ends = [k * step_ns for k in (10, 11, 13, 12, 12, 14, 0, 10**9)]
    times = fed_times(PolarDecoder(100.0), ends)
    assert [t_s[-1] for t_s in times] == pytest.approx([(end - ends[0]) / 1e9 for end in ends], abs=1e-6)
    assert all(np.allclose(np.diff(t_s), 0.01, atol=1e-5) for t_s in times)


def test_a_refused_frame_does_not_move_the_clock():
    decoder = PolarDecoder(100.0)
    fed_times(decoder, [360_000_000, 720_000_000])
    assert decoder.feed(raw_frame([[30000, 0, 0]], 900_000_000)).bad
    assert fed_times(decoder, [1_080_000_000])[0][-1] == pytest.approx(0.72)
