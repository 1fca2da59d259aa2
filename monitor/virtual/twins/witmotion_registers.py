"""The WT901BLE's memory and tongue: register file, five-byte commands, and the bytes of its frames."""

import math
import struct
from collections import deque
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from monitor.stream import Floats

FRAME_BYTES = 20
ACC_RANGE_G = 16.0
GYR_RANGE_DPS = 2000.0

RATES_HZ: Mapping[int, float] = MappingProxyType(
    {0x02: 0.5, 0x03: 1.0, 0x04: 2.0, 0x05: 5.0, 0x06: 10.0, 0x07: 20.0, 0x08: 50.0, 0x09: 100.0, 0x0B: 200.0}
)
"""Code of register 0x03 -> Hz. Not here: 0x01 and 0x0A, on which the sources disagree; writing them does nothing."""

_RATE, _VERSION, _CHIP_TIME, _TEMPERATURE, _BATTERY = 0x03, 0x2E, 0x30, 0x40, 0x64
_SAVE, _CALIBRATE, _READ, _UNLOCK = 0x00, 0x01, 0x27, 0x69
_UNLOCK_KEY = 0xB588
_READ_ONLY = {*range(_VERSION, _CHIP_TIME + 4), *range(0x34, 0x44), *range(0x51, 0x55), _BATTERY, *range(0x7F, 0x85)}
_DEFAULTS: Mapping[int, int] = MappingProxyType({_RATE: 0x06, 0x1F: 0x04, 0x23: 0, 0x24: 1})
_SERIAL = b"WT0000000067"

_UNLOCKED_S = 10.0
_BUSY_S = 0.3
_EMPTY_V = 3.3
_DISCHARGE_V_PER_H = 0.07  # about 10 h from full to empty
_WARM_UP_S = 600.0


class Registers:
    """What the sensor remembers: settings in use, settings in flash, and what it measures about itself.

    now_s is the wearer's time, which drains the battery; real_s is real time, in which the sensor converses.
    `commands` and `refused` hold what was written, for tests.
    """

    def __init__(self, battery_v: float) -> None:
        self.battery_v = battery_v
        self.commands: deque[bytes] = deque(maxlen=1000)
        self.refused: deque[bytes] = deque(maxlen=1000)
        self._flash = dict(_DEFAULTS)
        self._in_use = dict(_DEFAULTS)
        self._power_on_s = 0.0
        self._first_on_s: float | None = None
        self._unlocked_until_s = -math.inf
        self._busy_until_s = -math.inf

    @property
    def rate_hz(self) -> float:
        """The nominal rate in use, Hz."""
        return RATES_HZ[self._in_use[_RATE]]

    def power_on(self, now_s: float) -> None:
        """Start with what is in flash."""
        self._in_use = dict(self._flash)
        self._power_on_s = now_s
        self._first_on_s = now_s if self._first_on_s is None else self._first_on_s
        self._unlocked_until_s = self._busy_until_s = -math.inf

    def execute(self, command: bytes, now_s: float, real_s: float) -> bytes | None:
        """One write to the command characteristic -> the reply, if it was a question. Nonsense is ignored."""
        if len(command) != 5 or command[:2] != b"\xff\xaa":
            self.refused.append(bytes(command))
            return None
        self.commands.append(bytes(command))
        register, value = struct.unpack_from("<BH", command, 2)
        if register == _READ:
            return self._reply(value & 0xFF, now_s, real_s)
        if register == _UNLOCK:
            if value == _UNLOCK_KEY:
                self._unlocked_until_s = real_s + _UNLOCKED_S
        elif register == _SAVE:
            self._save(value, real_s)
        elif register == _RATE:
            if value in RATES_HZ:
                self._in_use[_RATE] = value
        elif register != _CALIBRATE and register not in _READ_ONLY:
            self._in_use[register] = value
        return None

    def read(self, register: int, now_s: float, real_s: float) -> int:
        """The 16 bits of a register, unsigned."""
        on_s = now_s - self._power_on_s
        if register == _BATTERY:
            if real_s < self._busy_until_s:
                return 0
            used_h = (now_s - (self._first_on_s or 0.0)) / 3600.0
            return round(100.0 * max(self.battery_v - used_h * _DISCHARGE_V_PER_H, _EMPTY_V))
        if register == _TEMPERATURE:
            return round(100.0 * (24.0 + 7.0 * (1.0 - math.exp(-on_s / _WARM_UP_S))))
        if register in range(_CHIP_TIME, _CHIP_TIME + 4):
            return self._chip_time(on_s)[register - _CHIP_TIME]
        if register in (_VERSION, _VERSION + 1):
            return (9067, 3)[register - _VERSION]
        if register in range(0x7F, 0x85):
            at = 2 * (register - 0x7F)
            return int.from_bytes(_SERIAL[at : at + 2], "little")
        return self._in_use.get(register, 0)

    def _reply(self, register: int, now_s: float, real_s: float) -> bytes:
        values = [self.read((register + offset) & 0xFF, now_s, real_s) for offset in range(8)]
        return struct.pack("<BBH8H", 0x55, 0x71, register, *values)

    def _save(self, value: int, real_s: float) -> None:
        if real_s > self._unlocked_until_s or value not in {0, 1}:
            return
        if value == 1:
            self._in_use = dict(_DEFAULTS)
        self._flash = dict(self._in_use)
        self._busy_until_s = real_s + _BUSY_S

    @staticmethod
    def _chip_time(on_s: float) -> tuple[int, int, int, int]:
        """Year and month, day and hour, minute and second, millisecond, counted from the start of 2000."""
        days, second = divmod(int(on_s), 86400)
        hour, minute = second // 3600, second // 60 % 60
        return (1 << 8 | 0, hour << 8 | (days % 28 + 1), (second % 60) << 8 | minute, int(on_s * 1000) % 1000)


def encode_frames(acc_g: Floats, gyr_dps: Floats) -> bytes:
    """Acceleration (N, 3) in g and rate (N, 3) in deg/s -> N frames of 20 bytes, clipped at the sensor's ranges.

    The angles are the sensor's own view, from gravity alone: roll = atan2(ay, az), pitch = -asin(ax), yaw 0.
    """
    frames = np.zeros((len(acc_g), FRAME_BYTES // 2), dtype="<i2")
    frames[:, 0] = 0x6155
    frames[:, 1:4] = _int16(acc_g / ACC_RANGE_G)
    frames[:, 4:7] = _int16(gyr_dps / GYR_RANGE_DPS)
    frames[:, 7] = _int16(np.arctan2(acc_g[:, 1], acc_g[:, 2]) / np.pi)
    frames[:, 8] = _int16(-np.arcsin(np.clip(acc_g[:, 0], -1.0, 1.0)) / np.pi)
    return frames.tobytes()


def _int16(fraction: Floats) -> Floats:
    """-1 to 1 -> -32768 to 32767, clipped."""
    return np.clip(np.rint(fraction * 32768.0), -32768, 32767)
