"""MetaMotion: every vector, the conversation at the start, pairs of packets, and hostile bytes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import own, shared

from monitor.devices.driver import Ask, Command, Subscribe
from monitor.devices.metamotion import (
    ALONE_ACC,
    ALONE_GYR,
    CHIPS,
    GYROS,
    LENGTH,
    METAMOTION,
    NO_CHARGE,
    UNKNOWN,
    MetaMotionDecoder,
    decode,
    setup,
)
from monitor.errors import SensorError

LSB_G = {2: 16384, 4: 8192, 8: 4096, 16: 2048}
LSB_DPS = {2000: 16.4, 1000: 32.8, 500: 65.6, 250: 131.2, 125: 262.4}


def conversation(rate_hz=100.0, acc=b"\x03\x80\x01\x02", gyr=b"\x13\x80\x00\x01"):
    """The steps of a set-up on a board that answers like this, and its decoder."""
    steps, out = setup(rate_hz), []
    try:
        step = next(steps)
        while True:
            out.append(step)
            answer = {b"\x03\x80": acc, b"\x13\x80": gyr}[step.begins] if isinstance(step, Ask) else b""
            step = steps.send(answer)
    except StopIteration as finished:
        return out, finished.value


def sent(steps):
    commands = [step.command if isinstance(step, Ask) else step for step in steps]
    return [command.payload.hex() for command in commands if isinstance(command, Command)]


def check(vector):
    payload, want = bytes.fromhex(vector["hex"]), vector["decoded"]
    if "acc_g" in want:
        assert np.allclose(decode(payload, LSB_G[want["range_g"]]), want["acc_g"], atol=5.1e-6)
    elif "gyro_dps" in want:
        assert np.allclose(decode(payload, LSB_DPS[want["range_dps"]]), want["gyro_dps"], atol=5.1e-6)
    elif "gyro_raw" in want:
        assert decode(payload, 1.0).tolist() == [want["gyro_raw"]]
    elif "battery_percent" in want:
        told = MetaMotionDecoder(CHIPS[1], GYROS[0]).feed(payload)
        assert told.battery_percent == want["battery_percent"]
    else:  # what a module is: only those of acceleration and rotation decide anything
        assert payload[2] == want["implementation"]
        assert not MetaMotionDecoder(CHIPS[1], GYROS[0]).feed(payload).bad
        if payload[0] == 3:
            assert payload[2] in CHIPS


@pytest.mark.parametrize("vector", own("metamotion"), ids=lambda vector: vector["id"])
def test_shipped_vector(vector):
    assert vector["origin"] != "hardware-capture"
    if vector["direction"] == "notify":
        check(vector)
    else:
        assert (vector["hex"] in all_sent()) == vector["decoded"]["sent"]


def all_sent():
    """Every payload that may ever be written, to any board."""
    payloads = {command.payload.hex() for commands in METAMOTION.cues.values() for command in commands}
    payloads |= {command.payload.hex() for command in METAMOTION.stop}
    for rate_hz in METAMOTION.rates_hz:
        for chip, gyr in ((1, 0), (4, 1)):
            payloads |= set(sent(conversation(rate_hz, bytes((3, 0x80, chip, 2)), bytes((0x13, 0x80, gyr, 1)))[0]))
    return payloads


def test_every_command_that_we_send_is_a_documented_one():
    documented = {each["hex"] for each in own("metamotion", "write") if each["decoded"]["sent"]}
    assert all_sent() == documented


def test_a_chip_is_told_nothing_that_means_something_else_to_it():
    """03 05 configures an interrupt of the BMI160; 03 1C and 13 07 are none of the BMI270's data registers."""
    old = sent(conversation(100.0, b"\x03\x80\x01\x02", b"\x13\x80\x00\x01")[0])
    new = sent(conversation(100.0, b"\x03\x80\x04\x00", b"\x13\x80\x01\x00")[0])
    stop = [command.payload.hex() for command in METAMOTION.stop]
    assert not [each for each in old + stop if each[:4] in {"0305", "1304"}]
    assert not [each for each in new + stop if each[:4] in {"031c", "1307"}]


def test_vectors_of_the_shared_facts():
    vectors = shared("MetaMotion")
    notified = [v for v in vectors if v["direction"] == "notify"]
    assert len(notified) == 22
    for vector in notified:
        check(vector)
    written = {v["hex"] for v in vectors if v["direction"] == "write"}
    # Not ours: a range of 4 g, and the battery's register, for which the standard service is read.
    used = written - {"03032705", "03032605", "03032805", "0303a701", "0303a601", "0303a801", "030401", "118c"}
    assert used - {"0801f8881300"} <= all_sent()


@pytest.mark.parametrize(
    ("acc", "gyr", "wanted"),
    [
        (b"\x03\x80\x01\x02", b"\x13\x80\x00\x01", ["03032808", "13032801", "031c01", "130701"]),
        (b"\x03\x80\x04\x00", b"\x13\x80\x01\x00", ["0303a802", "13032801", "030501", "130501"]),
    ],
)
def test_each_chip_is_told_in_its_own_words(acc, gyr, wanted):
    steps, _ = conversation(100.0, acc, gyr)
    assert isinstance(steps[0], Subscribe)
    written = sent(steps)
    assert [each for each in written if each in wanted] == wanted
    assert written[-4:] == ["03020100", "13020100", "030101", "130101"]
    assert written.index("030100") < written.index("0380") < written.index("030400") < written.index(wanted[0])


@pytest.mark.parametrize(
    ("acc", "gyr", "said"),
    [
        (b"", b"", "does not answer"),
        (b"\x03\x80", b"", "no accelerometer"),
        (b"\x03\x80\x09\x00", b"", "no accelerometer"),
        (b"\x03\x80\x01\x02", b"\x13\x80", "no gyroscope"),
    ],
)
def test_a_board_that_cannot_serve_is_refused_in_words(acc, gyr, said):
    with pytest.raises(SensorError, match=said):
        conversation(100.0, acc, gyr)


def packet(module, register, rows):
    return bytes((module, register)) + np.array(rows, dtype="<i2").tobytes()


ACC = packet(3, 0x1C, [[0, 0, 4096], [4096, 0, 0], [0, -4096, 0]])
GYR = packet(0x13, 0x07, [[328, 0, 0], [0, 328, 0], [0, 0, -328]])


def test_packets_are_paired_and_what_is_alone_is_refused():
    decoder = MetaMotionDecoder(CHIPS[1], GYROS[0])
    assert not len(decoder.feed(ACC).acc_g)
    both = decoder.feed(GYR)
    assert both.acc_g.tolist() == [[0, 0, 1], [1, 0, 0], [0, -1, 0]]
    assert both.gyr_dps.tolist() == [[10, 0, 0], [0, 10, 0], [0, 0, -10]]
    assert decoder.feed(GYR).bad == ((ALONE_GYR, GYR),)
    assert not decoder.feed(ACC).bad
    assert decoder.feed(ACC).bad == ((ALONE_ACC, ACC),)
    assert len(decoder.feed(GYR).acc_g) == 3


def test_the_same_register_means_another_thing_on_the_other_chip():
    """05 is single rotation on the BMI160 and packed on the BMI270."""
    decoder = MetaMotionDecoder(CHIPS[4], GYROS[1])
    decoder.feed(packet(3, 0x05, [[0, 0, 4096]] * 3))
    assert len(decoder.feed(packet(0x13, 0x05, [[1, 2, 3]] * 3)).gyr_dps) == 3
    assert not MetaMotionDecoder(CHIPS[1], GYROS[0]).feed(packet(0x13, 0x05, [[1, 2, 3]])).bad


@pytest.mark.parametrize(
    ("payload", "why"),
    [(b"", UNKNOWN), (b"\x03", UNKNOWN), (b"\xaa\x01", UNKNOWN), (ACC[:-1], LENGTH), (b"\x11\x8c\xff", NO_CHARGE)],
)
def test_what_is_refused(payload, why):
    assert MetaMotionDecoder(CHIPS[1], GYROS[0]).feed(payload).bad == ((why, payload),)


heads = st.sampled_from([b"\x03\x1c", b"\x13\x07", b"\x11\x8c", b"\x03\x05", b"\xfe\x01", b"\x00"])


@settings(deadline=None)
@given(
    st.lists(st.one_of(st.binary(max_size=40), st.builds(bytes.__add__, heads, st.binary(max_size=20))), max_size=30)
)
def test_any_bytes_give_values_within_the_ranges_and_nothing_vanishes(payloads):
    decoder = MetaMotionDecoder(CHIPS[1], GYROS[0])
    samples = packets = 0
    for payload in payloads:
        told = decoder.feed(payload)
        assert np.abs(told.acc_g).max(initial=0.0) <= 8.0
        assert np.abs(told.gyr_dps).max(initial=0.0) <= 1000.0
        assert told.acc_g.shape == told.gyr_dps.shape
        assert told.battery_percent is None or told.battery_percent <= 100
        samples += len(told.acc_g)
        packets += sum(why in {ALONE_ACC, ALONE_GYR} for why, _ in told.bad)
    whole = [p for p in payloads if p[:2] in {b"\x03\x1c", b"\x13\x07"} and len(p) == 20]
    assert 2 * samples // 3 + packets in {len(whole), len(whole) - 1}
