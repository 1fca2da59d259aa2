"""The talking half of a virtual Movesense: its commands and how it packs measurements. No radio, no clock."""

import re
import struct
from dataclasses import dataclass, field

import numpy as np

from monitor.stream import Floats

HELLO_OP, SUBSCRIBE_OP, UNSUBSCRIBE_OP, GET_OP = 0, 1, 2, 4
RESULT, DATA, DATA_CONTINUED = 1, 2, 3
RATES_HZ = (13, 26, 52, 104, 208, 416, 833)
SAMPLES_PER_MEASUREMENT = {13: 1, 26: 2, 52: 4, 104: 8, 208: 16, 416: 16, 833: 16}
"""4 was captured; the rest follows from a measurement each 77 ms. From 208 Hz on unverified."""

ACC_COUNT_MPS2 = 0.000244 * 9.807
GYR_COUNT_DPS = 0.07
_IMU6 = re.compile(rb"/?Meas/IMU6/([0-9]{1,4})\x00?", re.IGNORECASE)


@dataclass(slots=True)
class Subscriptions:
    """Reference -> rate in Hz of combined acceleration and rotation. Lost with the link."""

    running: dict[int, int] = field(default_factory=dict[int, int])
    asked: list[bytes] = field(default_factory=list[bytes])

    def write(self, command: bytes, name: str) -> bytes | None:
        """Obey; the reply to notify, None where a command is too short for one."""
        self.asked.append(command)
        if len(command) < 2:
            return None
        op, reference = command[:2]
        status, tail = self._obey(op, reference, command[2:], name)
        return bytes((RESULT, reference)) + status.to_bytes(2, "little") + tail

    def _obey(self, op: int, reference: int, content: bytes, name: str) -> tuple[int, bytes]:
        if op == HELLO_OP:
            return 200, name.encode()
        if op not in {SUBSCRIBE_OP, UNSUBSCRIBE_OP}:
            return (404 if op == GET_OP else 400), b""
        if reference == 0:
            return 403, b""
        if op == UNSUBSCRIBE_OP:
            return (200 if self.running.pop(reference, None) else 404), b""
        path = _IMU6.fullmatch(content)
        rate_hz = int(path[1]) if path else 0
        if rate_hz not in RATES_HZ:
            return 404, b""
        if any(other != rate_hz for other in self.running.values()):
            return 500, b""
        self.running[reference] = rate_hz
        return 201, b""


def measurement(time_ms: int, acc_g: Floats, gyr_dps: Floats, range_g: float, range_dps: float) -> bytes:
    """Time of the first sample, then all accelerations, then all rates: whole counts, cut off at the ranges."""
    acc = np.clip(acc_g, -range_g, range_g)
    gyr = np.clip(gyr_dps, -range_dps, range_dps)
    acc_mps2 = np.rint(acc / 0.000244) * ACC_COUNT_MPS2
    rates_dps = np.rint(gyr / GYR_COUNT_DPS) * GYR_COUNT_DPS
    return struct.pack("<I", time_ms % 2**32) + acc_mps2.astype("<f4").tobytes() + rates_dps.astype("<f4").tobytes()


def notifications(reference: int, content: bytes, room_bytes: int) -> list[bytes]:
    """Cut to fit; every part after the first is a continuation."""
    step = room_bytes - 2
    return [
        bytes((DATA if at == 0 else DATA_CONTINUED, reference)) + content[at : at + step]
        for at in range(0, len(content), step)
    ]
