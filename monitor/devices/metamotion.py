"""MbientLab MetaMotion R, C, S: packed acceleration and rotation of a Bosch chip (firmware-notes/metamotion.md).

The board has a BMI160 or a BMI270, and the same register means different things on them: it is asked first. The two
streams come in packets of three samples each, without counter or clock, one after the other: an acceleration packet
waits for the rotation packet that follows it, and what finds no partner is refused.
"""

import struct
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.devices.driver import (
    BATTERY_LEVEL,
    Ask,
    Command,
    Decoded,
    Driver,
    Setup,
    Step,
    Subscribe,
    has_uuid,
    nothing,
    refuse_rate,
)
from monitor.errors import SensorError
from monitor.stream import Floats

TAIL: Final = "-85cb-9195-d9dd-464cfbbae75a"
SERVICE: Final = f"326a9000{TAIL}"
COMMAND: Final = f"326a9001{TAIL}"
NOTIFY: Final = f"326a9006{TAIL}"

ACC, GYR, SETTINGS = 0x03, 0x13, 0x11
MODULES: Final = frozenset((*range(0x01, 0x16), 0x18, 0x19, 0xFE))
DISCOVER: Final = 0x80
BATTERY_REPLY: Final = b"\x11\x8c"

# 8 g: walking down stairs reaches 4 g at the back; 1000 deg/s: a pelvis never turns faster.
RANGE_G, LSB_PER_G = 8, 4096.0
RANGE_DPS, LSB_PER_DPS, GYR_RANGE_CODE = 1000, 32.8, 1
RATE_CODES: Final = {25.0: 6, 50.0: 7, 100.0: 8, 200.0: 9}
GYR_CONF: Final = 0x20
INTERVAL: Final = struct.pack("<4H", 6, 24, 0, 600)  # 7.5 to 30 ms, and 6 s until the link counts as lost

PACKED_SAMPLES: Final = 3
ALONE_ACC: Final = "acceleration without its rotation: the other packet was lost"
ALONE_GYR: Final = "rotation without its acceleration: the other packet was lost"
LENGTH: Final = "a MetaMotion packet of the wrong length"
UNKNOWN: Final = "bytes that are no MetaMotion packet"
NO_CHARGE: Final = "a battery reading that cannot be"


@dataclass(frozen=True, slots=True)
class Chip:
    """What differs between the accelerometers: configuration, range code of 8 g, registers of data."""

    conf: int
    range_code: int
    single: int
    packed: int


@dataclass(frozen=True, slots=True)
class Gyro:
    """Registers of rotation, one sample a packet and packed."""

    single: int
    packed: int


CHIPS: Final[Mapping[int, Chip]] = {  # BMI160, BMI270
    1: Chip(0x20, 0x08, single=0x04, packed=0x1C),
    4: Chip(0xA0, 0x02, single=0x04, packed=0x05),
}
GYROS: Final[Mapping[int, Gyro]] = {0: Gyro(single=0x05, packed=0x07), 1: Gyro(single=0x04, packed=0x05)}


def matches(name: str, service_uuids: Iterable[str]) -> bool:
    """True for MetaWear's service, or for the name that a board has until its owner gives it another."""
    return name == "MetaWear" or has_uuid(service_uuids, SERVICE)


def decode(payload: bytes, lsb: float) -> Floats:
    """The samples (1 or 3, 3) of a data packet, in its unit; lsb: counts a unit. ValueError for another length."""
    if len(payload) not in {8, 20}:
        raise ValueError(LENGTH)
    raw: NDArray[np.int16] = np.frombuffer(payload[2:], dtype="<i2").reshape(-1, 3)
    return raw.astype(np.float64) / lsb


class MetaMotionDecoder:
    """One connection; keeps the acceleration packet that waits for its rotation."""

    def __init__(self, chip: Chip, gyro: Gyro) -> None:
        self._acc, self._gyr = bytes((ACC, chip.packed)), bytes((GYR, gyro.packed))
        self._waiting: bytes | None = None

    def feed(self, payload: bytes) -> Decoded:
        """Take one notification; three samples come out with the second packet of a pair."""
        head = payload[:2]
        if len(payload) < 2 or payload[0] not in MODULES:
            return nothing((UNKNOWN, payload), gyro=True)
        if head == BATTERY_REPLY:
            if len(payload) < 3 or payload[2] > 100:
                return nothing((NO_CHARGE, payload), gyro=True)
            return nothing(gyro=True, battery_percent=payload[2])
        if head not in {self._acc, self._gyr}:
            return nothing(gyro=True)  # late data of an earlier session, answers
        if len(payload) != 2 + 6 * PACKED_SAMPLES:
            return nothing((LENGTH, payload), gyro=True)
        waiting = self._waiting
        if head == self._acc:
            self._waiting = payload
            return nothing((ALONE_ACC, waiting), gyro=True) if waiting else nothing(gyro=True)
        self._waiting = None
        if waiting is None:
            return nothing((ALONE_GYR, payload), gyro=True)
        return Decoded(decode(waiting, LSB_PER_G), decode(payload, LSB_PER_DPS))


def setup(rate_hz: float) -> Setup:
    """Stop what runs, ask which chips there are, end old subscriptions, configure, start. ValueError: no such rate.

    SensorError where the board does not answer, or has no chip that is known.
    """
    code = RATE_CODES.get(rate_hz)
    if code is None:
        raise refuse_rate("MetaMotion", RATE_CODES, rate_hz)
    yield Subscribe(NOTIFY)
    for command in STOP:  # noqa: UP028 - a tuple cannot be sent to; subscriptions survive a lost link
        yield command
    chip = CHIPS[(yield from _implementation(ACC, "accelerometer", CHIPS))]
    gyro = GYROS[(yield from _implementation(GYR, "gyroscope", GYROS))]
    for payload in (
        *(bytes((ACC, register, 0)) for register in (chip.single, chip.packed)),
        *(bytes((GYR, register, 0)) for register in (gyro.single, gyro.packed)),
        bytes((SETTINGS, 0x09)) + INTERVAL,
        bytes((ACC, 0x03, chip.conf | code, chip.range_code)),
        bytes((GYR, 0x03, GYR_CONF | code, GYR_RANGE_CODE)),
        bytes((ACC, chip.packed, 1)),
        bytes((GYR, gyro.packed, 1)),
        bytes((ACC, 0x02, 1, 0)),
        bytes((GYR, 0x02, 1, 0)),
        bytes((ACC, 0x01, 1)),
        bytes((GYR, 0x01, 1)),
    ):
        yield Command(COMMAND, payload)
    return MetaMotionDecoder(chip, gyro)


def _implementation(module: int, what: str, known: Mapping[int, object]) -> Generator[Step, bytes, int]:
    """Which one the board has. SensorError where none, an unknown one, or no answer."""
    question = bytes((module, DISCOVER))
    reply = yield Ask(Command(COMMAND, question), NOTIFY, question)
    if not reply:
        raise SensorError("This MetaMotion does not answer: switch it off and on, or reset it with MetaBase.")
    if len(reply) < 3 or reply[2] not in known:
        raise SensorError(f"This MetaMotion has no {what} that sitwell knows: use a MetaMotion R, C or S.")
    return reply[2]


# Only what means the same on every chip: 03 05 is an interrupt's configuration on the BMI160. Subscriptions that remain
# on the board say nothing while nothing is sampled; the next set-up ends them.
STOP: Final = tuple(
    Command(COMMAND, bytes((module, *rest))) for rest in ((0x01, 0), (0x02, 0, 1)) for module in (ACC, GYR)
)

METAMOTION: Final = Driver(
    name="metamotion",
    models=("MetaMotionR", "MetaMotionC", "MetaMotionS"),
    gyro=True,
    rates_hz=tuple(RATE_CODES),
    default_rate_hz=100.0,
    notify=NOTIFY,
    matches=matches,
    setup=setup,
    stop=STOP,
    battery=BATTERY_LEVEL,
    cues={
        "light": tuple(
            Command(COMMAND, bytes.fromhex(payload))
            for payload in ("020201", "020300021f00000032000000f40100000a", "020101")
        ),
        "motor": (Command(COMMAND, bytes((0x08, 0x01, 0xF8)) + struct.pack("<H", 500) + b"\x00"),),
    },
)
