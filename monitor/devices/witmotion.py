"""WitMotion WT901BLE and its kin: 20-byte frames without checksum, counter or clock (firmware-notes/witmotion.md).

How the decoder finds the frames. A frame starts 55 61 (motion) or 55 71 (register reply) and the next one starts
20 bytes later; nothing else in the stream can be checked. So a frame counts only when it is *vouched for*:

- in step (from the first byte of a connection on, and after every accepted frame): nothing after it contradicts it;
  either the next two bytes are a header too, or the notification ends with the frame;
- out of step (after any contradiction): the full header of the next frame has been seen 20 bytes later, or the
  notification consists of whole frames from its first byte on.

A frame with garbage behind it in the same notification is refused, for it may be a torn one. So a stretch of garbage
costs the one frame before it and, only where the garbage itself holds header bytes, at most one after it; every later
frame comes out.

Some models send 28-byte frames that start with 55 61 too (8 bytes of time appended, or vibration data in other units).
Headers 28 bytes apart that 20 bytes do not explain raise a suspicion; under it only a full header 20 bytes on vouches.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.devices.driver import Command, Decoded, Driver, Setup, Subscribe, has_uuid, refuse_rate
from monitor.stream import Floats

SERVICE: Final = "0000ffe5-0000-1000-8000-00805f9a34fb"
NOTIFY: Final = "0000ffe4-0000-1000-8000-00805f9a34fb"
WRITE: Final = "0000ffe9-0000-1000-8000-00805f9a34fb"
NAME_PREFIX: Final = "WT"

FRAME_BYTES: Final = 20
FOREIGN_FRAME_BYTES: Final = 28
ACC_SCALE_G: Final = 16.0 / 32768.0
GYR_SCALE_DPS: Final = 2000.0 / 32768.0

STRAY: Final = "bytes that are no part of a 20-byte WitMotion frame"
FOREIGN: Final = "28-byte frames, whose meaning depends on the model: sitwell decodes only 20-byte WitMotion frames"
NO_TEMPERATURE: Final = "a temperature that the chip could not work at"
TWO_CELLS: Final = "a battery reading above 5.5 V, which is not that of one lithium cell"

# Register 0x03. Code 0A is left out on purpose: the vendor's documents give it two meanings.
RATE_CODES: Final = {10.0: 0x06, 20.0: 0x07, 50.0: 0x08, 100.0: 0x09, 200.0: 0x0B}
# What the sensor's own clock makes of it, measured against a host over 10 to 15 min.
REAL_RATE_HZ: Final = {10.0: 10.05, 20.0: 19.86, 50.0: 49.45, 100.0: 99.26, 200.0: 198.43}

RATE_REGISTER: Final = 0x03
BATTERY_REGISTER: Final = 0x64
UNLOCK: Final = bytes.fromhex("ffaa6988b5")
READ_BATTERY: Final = bytes.fromhex("ffaa276400")
TEMPERATURE_REGISTER: Final = 0x40
READ_TEMPERATURE: Final = bytes.fromhex("ffaa274000")
TEMPERATURES_C: Final = (-40.0, 85.0)  # what the chip can work at
# Registers 02 (what is sent) and 96 (displacement under the same header) must never be written: the first can silence
# the stream, the second changes the meaning of the numbers invisibly. Nothing here is saved to flash either.

# (volts x 100 at least, percent), the vendor's steps for one lithium cell.
BATTERY_STEPS: Final = (
    (396, 100),
    (393, 90),
    (387, 75),
    (382, 60),
    (379, 50),
    (377, 40),
    (373, 30),
    (370, 20),
    (368, 15),
    (350, 10),
    (340, 5),
)
ONE_CELL_MAX: Final = 550

_MOTION: Final = b"\x55\x61"
_REPLY: Final = b"\x55\x71"
_NO_ROWS: Final[NDArray[np.uint8]] = np.empty((0, FRAME_BYTES), dtype=np.uint8)


def matches(name: str, service_uuids: Iterable[str]) -> bool:
    """True for an advertisement of service FFE5 or of a name that starts with WT: each alone is missing at times."""
    return name.startswith(NAME_PREFIX) or has_uuid(service_uuids, SERVICE)


def setup(rate_hz: float) -> Setup:
    """Frames flow by themselves once notifications are on; then the output rate is set. ValueError: no such rate.

    At every connection: the sensor keeps the rate that its last user set.
    """
    code = RATE_CODES.get(rate_hz)
    if code is None:
        raise refuse_rate("WitMotion", RATE_CODES, rate_hz)
    yield Subscribe(NOTIFY)
    yield Command(WRITE, UNLOCK, 0.1)
    yield Command(WRITE, bytes((0xFF, 0xAA, RATE_REGISTER, code, 0x00)), 0.1)
    return WitMotionDecoder()


def battery_percent(centivolts: int) -> int | None:
    """Charge from register 0x64 (volts x 100); None for 0 (not measured yet) and for readings beyond one cell."""
    if not 0 < centivolts <= ONE_CELL_MAX:
        return None
    return next((percent for least, percent in BATTERY_STEPS if centivolts >= least), 0)


class WitMotionDecoder:
    """One connection's notifications; keeps at most 21 bytes between them. See the head of this file for its rules."""

    def __init__(self) -> None:
        self._carry = b""
        self._in_step = True
        self._position = 0  # of _carry's first byte in the connection's byte stream
        self._foreign_at = -1  # where the next header stands if the frames are 28 bytes long
        self._suspicion = False

    def feed(self, payload: bytes) -> Decoded:
        """Take one notification; return the motion samples, battery and refused pieces that it completes."""
        whole = _whole_frames(payload)
        one_alone = whole and len(payload) == FRAME_BYTES
        if whole and not self._carry and (self._in_step or not (one_alone and self._doubtful(self._position))):
            self._in_step = True
            self._position += len(payload)
            self._foreign_at = self._position - FRAME_BYTES + FOREIGN_FRAME_BYTES
            self._suspicion = self._suspicion and one_alone
            return _decode(np.frombuffer(payload, dtype=np.uint8).reshape(-1, FRAME_BYTES), ())
        return self._search(payload, whole)

    def _doubtful(self, position: int) -> bool:
        """True if a lone frame here may as well be the beginning of one of 28 bytes."""
        return self._suspicion or position == self._foreign_at

    def _search(self, payload: bytes, whole: bool) -> Decoded:
        """Walk the bytes one candidate at a time."""
        joint = len(self._carry)
        data = self._carry + payload
        starts: list[int] = []
        dropped: list[tuple[int, int, str]] = []
        at = 0
        while at < len(data):
            verdict = self._judge(data, at, joint if whole else -1)
            if verdict is None:
                break
            if verdict:
                self._in_step = True
                starts.append(at)
                at += FRAME_BYTES
                continue
            reason = self._refusal(data, at)
            self._in_step = False
            following = data.find(b"\x55", at + 1)
            end = len(data) if following < 0 else following
            if dropped and dropped[-1][1] == at:
                # One torn stretch is one piece; a reason that says more wins.
                dropped[-1] = (dropped[-1][0], end, FOREIGN if FOREIGN in {dropped[-1][2], reason} else STRAY)
            else:
                dropped.append((at, end, reason))
            at = end
        self._carry = data[at:]
        self._position += at
        rows = _NO_ROWS
        if starts:
            rows = np.frombuffer(data, dtype=np.uint8)[np.add.outer(starts, np.arange(FRAME_BYTES))]
        return _decode(rows, tuple((reason, data[first:end]) for first, end, reason in dropped))

    def _judge(self, data: bytes, at: int, whole_from: int) -> bool | None:
        """True: a vouched frame starts here. False: none does. None: more bytes are needed to tell.

        whole_from: where in `data` a notification of whole frames starts; -1 if it is not one
        """
        if not _could_be_header(data[at : at + 2]):
            return False
        after = data[at + FRAME_BYTES : at + FRAME_BYTES + 2]
        if len(data) - at < FRAME_BYTES:
            return None
        if not _could_be_header(after):
            return False
        if len(after) == 2:
            self._suspicion = False
            self._foreign_at = self._position + at + FOREIGN_FRAME_BYTES
            return True
        boundary = at == whole_from and not self._doubtful(self._position + at)
        if self._in_step or boundary:
            self._foreign_at = self._position + at + FOREIGN_FRAME_BYTES
            return True
        return None

    def _refusal(self, data: bytes, at: int) -> str:
        """The reason why there is no frame at `at`; takes note of headers 28 bytes apart."""
        if data[at : at + 2] == _MOTION:
            next_foreign = at + FOREIGN_FRAME_BYTES
            here = self._position + at
            if (
                here == self._foreign_at
                or data[next_foreign : next_foreign + 2] == _MOTION
                or next_foreign == len(data)
            ):
                self._suspicion = True
            self._foreign_at = here + FOREIGN_FRAME_BYTES
        return FOREIGN if self._suspicion else STRAY


def _whole_frames(payload: bytes) -> bool:
    """True for one or more whole frames and nothing else."""
    if not payload or len(payload) % FRAME_BYTES:
        return False
    kinds = payload[1::FRAME_BYTES]
    frames = len(kinds)
    return payload[::FRAME_BYTES] == b"\x55" * frames and kinds.count(0x61) + kinds.count(0x71) == frames


def _could_be_header(two: bytes) -> bool:
    """True if these bytes, of which there may be fewer than two, can begin a frame."""
    return two in {b"", b"\x55", _MOTION, _REPLY}


def _decode(rows: NDArray[np.uint8], bad: tuple[tuple[str, bytes], ...]) -> Decoded:
    """rows: (n, 20) accepted frames, oldest first."""
    motion = rows[:, 1] == _MOTION[1]
    percent: int | None = None
    deg_c: float | None = None
    if not motion.all():
        for row in rows[~motion]:
            words: NDArray[np.uint16] = row[2:].copy().view("<u2")
            if int(words[0]) == TEMPERATURE_REGISTER:
                told_c = int(words[1:2].view("<i2")[0]) / 100.0
                if TEMPERATURES_C[0] <= told_c <= TEMPERATURES_C[1]:
                    deg_c = told_c
                else:
                    bad = (*bad, (NO_TEMPERATURE, row.tobytes()))
            if int(words[0]) != BATTERY_REGISTER:
                continue
            reading = int(words[1])
            if reading > ONE_CELL_MAX:
                bad = (*bad, (TWO_CELLS, row.tobytes()))
            else:
                percent = battery_percent(reading)
        rows = rows[motion]
    raw: NDArray[np.int16] = np.ascontiguousarray(rows[:, 2:14]).view("<i2")
    values: Floats = raw.astype(np.float64)
    return Decoded(values[:, 0:3] * ACC_SCALE_G, values[:, 3:6] * GYR_SCALE_DPS, percent, bad, deg_c)


WITMOTION: Final = Driver(
    name="witmotion",
    models=("WT901BLE", "WT901BLECL", "BWT901BLE5.0", "WT9011DCL-BT50"),
    gyro=True,
    rates_hz=tuple(RATE_CODES),
    default_rate_hz=100.0,
    notify=NOTIFY,
    real_rate_hz=REAL_RATE_HZ,
    matches=matches,
    setup=setup,
    battery_request=Command(WRITE, READ_BATTERY),
    temperature_request=Command(WRITE, READ_TEMPERATURE),
)
