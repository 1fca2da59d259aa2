"""The WT901BLE's memory and the bytes of its frames, without a radio."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.virtual.twins.witmotion_registers import Registers, encode_frames

UNLOCK = bytes.fromhex("ffaa6988b5")
SAVE = bytes.fromhex("ffaa000000")
RESET = bytes.fromhex("ffaa000100")


def rate(code: int) -> bytes:
    return bytes((0xFF, 0xAA, 0x03, code, 0x00))


def question(register: int) -> bytes:
    return bytes((0xFF, 0xAA, 0x27, register, 0x00))


def answer(registers: Registers, register: int, now_s: float = 0.0, real_s: float = 0.0) -> list[int]:
    reply = registers.execute(question(register), now_s, real_s)
    assert reply is not None
    header, start, *values = struct.unpack("<2sH8H", reply)
    assert (header, start) == (b"\x55\x71", register)
    return values


@pytest.fixture
def registers() -> Registers:
    made = Registers(battery_v=3.82)
    made.power_on(0.0)
    return made


def test_frame_of_a_level_sensor():
    """Values of a captured frame (facts, WitMotion 1.10), re-encoded."""
    acc_g = np.array([[-11, 46, 2048]]) * 16.0 / 32768
    gyr_dps = np.array([[-2, -1, -1]]) * 2000.0 / 32768
    frame = encode_frames(acc_g, gyr_dps)
    assert frame[:14] == bytes.fromhex("5561F5FF2E000008FEFFFFFFFFFF")
    roll, pitch, yaw = struct.unpack("<3h", frame[14:])
    assert roll * 180 / 32768 == pytest.approx(np.degrees(np.arctan2(46, 2048)), abs=0.006)
    assert pitch * 180 / 32768 == pytest.approx(np.degrees(np.arcsin(11 / 2048)), abs=0.006)
    assert yaw == 0


def test_frames_saturate_at_the_ranges():
    frame = encode_frames(np.array([[40.0, -40.0, 16.0]]), np.array([[3000.0, -3000.0, 2000.0]]))
    assert struct.unpack("<6h", frame[2:14]) == (32767, -32768, 32767, 32767, -32768, 32767)


@given(
    st.lists(st.floats(-15.9, 15.9), min_size=3, max_size=3), st.lists(st.floats(-1999, 1999), min_size=3, max_size=3)
)
def test_frames_round_to_the_nearest_step(acc_g, gyr_dps):
    frame = encode_frames(np.array([acc_g]), np.array([gyr_dps]))
    values = np.array(struct.unpack("<6h", frame[2:14]))
    assert np.allclose(values[:3] * 16 / 32768, acc_g, atol=0.5 * 16 / 32768 + 1e-12)
    assert np.allclose(values[3:] * 2000 / 32768, gyr_dps, atol=0.5 * 2000 / 32768 + 1e-12)


def test_rate_takes_effect_at_once(registers):
    assert registers.rate_hz == 10.0
    for code, hz in ((0x07, 20.0), (0x08, 50.0), (0x09, 100.0), (0x0B, 200.0), (0x06, 10.0)):
        registers.execute(rate(code), 0.0, 0.0)
        assert registers.rate_hz == hz
        assert answer(registers, 0x03)[0] == code


@pytest.mark.parametrize("code", [0x00, 0x01, 0x0A, 0x0C, 0xFF])
def test_unknown_rates_change_nothing(registers, code):
    registers.execute(rate(code), 0.0, 0.0)
    assert registers.rate_hz == 10.0


@pytest.mark.parametrize("wrong", ["", "ffaa0309", "ffaa03090000", "aaff030900", "ffab030900", "5561030900"])
def test_wrong_commands_are_ignored(registers, wrong):
    assert registers.execute(bytes.fromhex(wrong), 0.0, 0.0) is None
    assert registers.rate_hz == 10.0
    assert list(registers.refused) == [bytes.fromhex(wrong)]


@given(st.binary(max_size=8), st.floats(0, 1e6))
def test_any_write_is_survived(command, now_s):
    registers = Registers(4.0)
    registers.power_on(0.0)
    reply = registers.execute(command, now_s, now_s)
    assert reply is None or len(reply) == 20


def test_any_register_reads_as_16_bits(registers):
    for register in range(256):
        assert all(0 <= value <= 0xFFFF for value in answer(registers, register, 1e5))


def test_battery_reads_volts_and_drains(registers):
    assert answer(registers, 0x64)[0] == 382
    assert 370 < answer(registers, 0x64, now_s=3600.0)[0] < 382
    assert answer(registers, 0x64, now_s=1e6)[0] == 330
    registers.execute(bytes.fromhex("ffaa64ff01"), 0.0, 0.0)
    assert answer(registers, 0x64)[0] == 382  # cannot be written


def test_busy_after_saving(registers):
    registers.execute(UNLOCK, 0.0, 100.0)
    registers.execute(SAVE, 0.0, 100.2)
    assert answer(registers, 0x64, real_s=100.45)[0] == 0
    assert answer(registers, 0x64, real_s=100.51)[0] == 382


def test_unsaved_is_forgotten_and_saved_is_kept(registers):
    registers.execute(rate(0x09), 0.0, 0.0)
    registers.power_on(1.0)
    assert registers.rate_hz == 10.0
    registers.execute(rate(0x09), 0.0, 0.0)
    registers.execute(SAVE, 0.0, 0.0)  # locked: does nothing
    registers.power_on(2.0)
    assert registers.rate_hz == 10.0
    registers.execute(bytes.fromhex("ffaa690000"), 0.0, 0.0)  # the wrong key
    registers.execute(rate(0x09), 0.0, 0.0)
    registers.execute(SAVE, 0.0, 0.0)
    registers.power_on(3.0)
    assert registers.rate_hz == 10.0
    registers.execute(UNLOCK, 0.0, 0.0)
    registers.execute(rate(0x09), 0.0, 0.0)
    registers.execute(SAVE, 0.0, 10.5)  # locked again
    registers.power_on(4.0)
    assert registers.rate_hz == 10.0
    registers.execute(UNLOCK, 0.0, 0.0)
    registers.execute(rate(0x09), 0.0, 0.0)
    registers.execute(SAVE, 0.0, 5.0)
    registers.power_on(5.0)
    assert registers.rate_hz == 100.0
    registers.execute(UNLOCK, 0.0, 0.0)
    registers.execute(RESET, 0.0, 1.0)
    assert registers.rate_hz == 10.0


def test_temperature_version_clock_and_serial(registers):
    assert 2300 < answer(registers, 0x40)[0] < answer(registers, 0x40, now_s=1200.0)[0] < 3200
    assert answer(registers, 0x2E)[0] > 0
    _, day_hour, minute_second, ms = answer(registers, 0x30, now_s=3600 * 25 + 61.5)[:4]
    assert (day_hour & 0xFF, day_hour >> 8) == (2, 1)
    assert (minute_second & 0xFF, minute_second >> 8) == (1, 1)
    assert ms == 500
    assert struct.pack("<6H", *answer(registers, 0x7F)[:6]).startswith(b"WT")
