"""Boards that speak sitwell's own open profile for motion sensors (firmware-notes/open-imu.md is its specification).

Every packet names its version, its ranges, its number and the time of its first sample, so that each can be read by
itself; only the spacing of the samples, and the unwrapping of the clock, want the packet before.
"""

import struct
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.devices.driver import (
    BATTERY_LEVEL,
    Command,
    Decoded,
    Driver,
    Read,
    Setup,
    Subscribe,
    has_uuid,
    nearest_step,
    nothing,
    refuse_rate,
)
from monitor.errors import SensorError
from monitor.stream import Floats

SERVICE: Final = "0c430001-f3e4-485e-9674-f9034e7d2ae9"
INFO: Final = "0c430002-f3e4-485e-9674-f9034e7d2ae9"
CONFIG: Final = "0c430003-f3e4-485e-9674-f9034e7d2ae9"
NOTIFY: Final = "0c430004-f3e4-485e-9674-f9034e7d2ae9"
CUE: Final = "0c430005-f3e4-485e-9674-f9034e7d2ae9"
NAME_PREFIX: Final = "OPS-"
VERSION: Final = 1

INFO_FIELDS: Final = struct.Struct("<BBHHBBI")  # version, capabilities, rates Hz, range bits, most samples, boot id
HAS_ACC, HAS_GYRO = 1, 2
CONFIG_FIELDS: Final = struct.Struct("<HBBBBH")  # rate Hz, two range codes, kind, samples per packet, reserved
CUE_FIELDS: Final = struct.Struct("<BBHHBB")  # actuators, strength, on ms, off ms, times, colour or tone

RATES_HZ: Final = (25.0, 50.0, 100.0, 200.0)
PACKET_S: Final = 0.1  # span of a packet: what a wearer does is seen no later than this and the radio's delay

HEADER: Final = struct.Struct("<BBHI")  # version, flags and kind; ranges; number; us of the first sample
DROPPED, RESTARTED = 0x08, 0x10
ACC, ACC_GYRO = 0, 1
SAMPLE_BYTES: Final = {ACC: 6, ACC_GYRO: 12}
ACC_COUNTS_PER_G: Final = {0: 16384.0, 1: 8192.0, 2: 4096.0, 3: 2048.0}
ACC_CHOICE: Final = (2, 3, 1, 0)  # 8 g holds every step and fall onto a chair; a narrower range is the last resort
GYR_COUNTS_PER_DPS: Final = {0: 16.4, 1: 32.8, 2: 65.6, 3: 131.2, 4: 262.4}
GYR_CHOICE: Final = 1  # 1000 deg/s; a board without it takes another and says so in each packet
NUMBERS: Final = 1 << 16
CLOCK_US: Final = 1 << 32
TOLERANCE: Final = 0.1  # of the period asked for: beyond, the time between two packets does not tell the spacing

SHORT: Final = "a packet too short to hold a sample"
VERSION_UNKNOWN: Final = "a packet of another version of the open profile"
KIND_UNKNOWN: Final = "a packet of a kind that the open profile does not have"
RANGE_UNKNOWN: Final = "a packet whose range the open profile does not have"

LIGHT: Final = (Command(CUE, CUE_FIELDS.pack(1, 255, 250, 250, 3, 0), response=True),)
MOTOR: Final = (Command(CUE, CUE_FIELDS.pack(2, 255, 300, 200, 2, 0), response=True),)
BUZZER: Final = (Command(CUE, CUE_FIELDS.pack(4, 160, 150, 100, 2, 0), response=True),)


def matches(name: str, service_uuids: Iterable[str]) -> bool:
    """True for an advertisement of the service, or of a name with the profile's prefix."""
    return name.startswith(NAME_PREFIX) or has_uuid(service_uuids, SERVICE)


def setup(rate_hz: float) -> Setup:
    """Ask what the board can do, configure it, make sure that it took it, subscribe.

    ValueError: no such rate. SensorError: another version of the profile, or a board that cannot do what is asked.
    """
    if rate_hz not in RATES_HZ:
        raise refuse_rate("The open profile", RATES_HZ, rate_hz)
    info = yield Read(INFO)
    wanted = _configuration(info, rate_hz)
    yield Command(CONFIG, wanted, response=True)
    taken = yield Read(CONFIG)
    rate, kind = struct.Struct("<HxxB"), CONFIG_FIELDS.size
    if len(taken) < kind or rate.unpack_from(taken) != rate.unpack_from(wanted):
        raise SensorError(f"This board does not take {rate_hz:g} Hz: choose another with --rate.")
    yield Subscribe(NOTIFY)
    return OpenImuDecoder(rate_hz)


def _configuration(info: bytes, rate_hz: float) -> bytes:
    """What to write to a board that tells this about itself. SensorError where it cannot serve."""
    if info[:1] != bytes((VERSION,)) or len(info) < INFO_FIELDS.size:
        spoken = f"version {info[0]}" if info else "no version"
        raise SensorError(
            f"This board speaks {spoken} of the open profile, sitwell version 1: load a matching firmware."
        )
    _, capabilities, least_hz, most_hz, ranges, most_samples, _ = INFO_FIELDS.unpack_from(info)
    acc_code = next((code for code in ACC_CHOICE if ranges >> code & 1), None)
    if not capabilities & HAS_ACC or acc_code is None:
        raise SensorError("This board says that it has no accelerometer: check how it is wired, and its firmware.")
    if not least_hz <= rate_hz <= most_hz:
        raise SensorError(f"This board sends at {least_hz} to {most_hz} Hz: choose another rate with --rate.")
    kind = ACC_GYRO if capabilities & HAS_GYRO else ACC
    samples = min(max(int(rate_hz * PACKET_S), 1), most_samples or 255)
    return CONFIG_FIELDS.pack(int(rate_hz), acc_code, GYR_CHOICE if kind == ACC_GYRO else 0, kind, samples, 0)


def decode(payload: bytes, period_s: float, start_s: float | None = None) -> Decoded:
    """One packet: n samples in g, in deg/s (None where the packet has none), and their times.

    start_s : time of the first sample; None: as the packet tells it, 0 to 4295 s
    Bytes at the end that are no whole sample are left out, as the profile has it. Never raises.
    """
    reason = _reason_against(payload)
    if reason:
        return nothing((reason, payload), gyro=False)
    head, ranges, _, time_us = HEADER.unpack_from(payload)
    size = SAMPLE_BYTES[head & 7]
    n = (len(payload) - HEADER.size) // size
    raw: NDArray[np.int16] = np.frombuffer(payload, dtype="<i2", count=n * size // 2, offset=HEADER.size)
    values: Floats = raw.astype(np.float64).reshape(n, size // 2)
    return Decoded(
        values[:, 0:3] / ACC_COUNTS_PER_G[ranges & 0x0F],
        values[:, 3:6] / GYR_COUNTS_PER_DPS[ranges >> 4] if head & 7 == ACC_GYRO else None,
        t_s=(time_us / 1e6 if start_s is None else start_s) + period_s * np.arange(n, dtype=np.float64),
        restarted=bool(head & RESTARTED),
    )


class OpenImuDecoder:
    """One connection's packets; keeps the last one's number, time and length, and the spacing of the samples.

    The spacing is the time between two packets over the samples of the first, where nothing is missing between them
    and it is near what was asked for; else as it was last known.
    """

    def __init__(self, rate_hz: float) -> None:
        self._nominal_s = self._period_s = 1.0 / rate_hz
        self._last: tuple[int, int, int] | None = None  # number, us as told, samples
        self._now_us = 0  # unwrapped

    def feed(self, payload: bytes) -> Decoded:
        """Take one packet; times go on over the wraps of the board's clock."""
        if _reason_against(payload):
            return decode(payload, self._period_s)
        head, _, number, time_us = HEADER.unpack_from(payload)
        if self._last is None or head & RESTARTED:
            self._now_us, self._period_s = time_us, self._nominal_s
        else:
            last_number, last_us, last_samples = self._last
            step_us = nearest_step(time_us - last_us, CLOCK_US)
            self._now_us += step_us
            spacing_s = step_us / last_samples / 1e6
            complete = (number - last_number) % NUMBERS == 1 and not head & DROPPED
            if complete and abs(spacing_s / self._nominal_s - 1.0) <= TOLERANCE:
                self._period_s = spacing_s
        decoded = decode(payload, self._period_s, self._now_us / 1e6)
        self._last = (number, time_us, len(decoded.acc_g))
        return decoded


def _reason_against(payload: bytes) -> str:
    """Why this is no packet that can be read; "" where it is one."""
    if not payload:
        return SHORT
    if payload[0] >> 5 != VERSION:
        return VERSION_UNKNOWN
    kind = payload[0] & 7
    if kind not in SAMPLE_BYTES:
        return KIND_UNKNOWN
    if len(payload) < HEADER.size + SAMPLE_BYTES[kind]:
        return SHORT
    acc_known = payload[1] & 0x0F in ACC_COUNTS_PER_G
    if not acc_known or (kind == ACC_GYRO and payload[1] >> 4 not in GYR_COUNTS_PER_DPS):
        return RANGE_UNKNOWN
    return ""


OPEN_IMU: Final = Driver(
    name="open-imu",
    models=("Arduino Nano 33 BLE Sense", "Seeed XIAO nRF52840 Sense", "ESP32 with MPU-6050"),
    gyro=True,
    rates_hz=RATES_HZ,
    default_rate_hz=100.0,
    notify=NOTIFY,
    matches=matches,
    setup=setup,
    clock="us, wraps after 71.6 min",
    counter="packets, wraps after 65536",
    battery=BATTERY_LEVEL,
    cues={"light": LIGHT, "motor": MOTOR, "buzzer": BUZZER},
)
