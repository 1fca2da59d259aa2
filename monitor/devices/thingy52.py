"""Nordic Thingy:52: one 18-byte sample a notification, without clock or counter (firmware-notes/thingy52.md)."""

import struct
from collections.abc import Iterable
from typing import Final

import numpy as np

from monitor.devices.driver import (
    BATTERY_LEVEL,
    Command,
    Decoded,
    Driver,
    Read,
    Setup,
    Stateless,
    Subscribe,
    has_uuid,
    nothing,
    refuse_rate,
)
from monitor.stream import Floats

SERVICE: Final = "ef680100-9b35-4933-9b10-52ffa9740042"  # the one that is advertised
MOTION_SERVICE: Final = "ef680400-9b35-4933-9b10-52ffa9740042"
CONFIG: Final = "ef680401-9b35-4933-9b10-52ffa9740042"
NOTIFY: Final = "ef680406-9b35-4933-9b10-52ffa9740042"
LED: Final = "ef680301-9b35-4933-9b10-52ffa9740042"
PINS: Final = "ef680303-9b35-4933-9b10-52ffa9740042"
SOUND_CONFIG: Final = "ef680501-9b35-4933-9b10-52ffa9740042"
SPEAKER: Final = "ef680502-9b35-4933-9b10-52ffa9740042"
NAME_PREFIX: Final = "Thingy"

RATES_HZ: Final = (25.0, 50.0, 100.0)  # 200 Hz comes in bunches on many links
CONFIG_BYTES: Final = 9
# Step counter, temperature and magnetometer intervals in ms, frequency in Hz, wake on motion: the maker's example.
CONFIG_FIELDS: Final = struct.Struct("<HHHHB")
USUAL_CONFIG: Final = bytes.fromhex("6400f401f401320001")

SAMPLE: Final = struct.Struct("<9h")  # acceleration, rotation, magnetic field; x y z each
ACC_COUNTS_PER_G: Final = 1024.0
GYR_COUNTS_PER_DPS: Final = 32.0
ACC_LIMIT_G: Final = 16.8  # the chip's widest range, 16 g, and a little; the count would reach 32 g

STRAY: Final = "a notification that is not one 18-byte Thingy:52 sample"
BEYOND: Final = "an acceleration beyond the range of the sensor"

LIGHT: Final = (Command(LED, bytes((3, 7, 100))),)  # one flash: white, 100 %
BUZZER: Final = (
    Command(SOUND_CONFIG, bytes((1, 1)), response=True),  # speaker: tones; microphone: as from the factory
    Command(SPEAKER, struct.pack("<HHB", 1000, 400, 60)),  # Hz, ms, %
)
MOTOR: Final = (  # whichever of the four outputs the motor hangs on
    Command(PINS, b"\xff\xff\xff\xff", 0.4, response=True),
    Command(PINS, b"\x00\x00\x00\x00", response=True),
)


def matches(name: str, service_uuids: Iterable[str]) -> bool:
    """True for an advertisement of the configuration service, or of the name that a Thingy has from the factory."""
    return name.startswith(NAME_PREFIX) or has_uuid(service_uuids, SERVICE)


def setup(rate_hz: float) -> Setup:
    """Set the rate if it is another, then subscribe. ValueError: no such rate.

    The configuration lies in flash: what its owner has set besides stays, and nothing is written without need.
    """
    if rate_hz not in RATES_HZ:
        raise refuse_rate("Thingy:52", RATES_HZ, rate_hz)
    found = yield Read(CONFIG)
    steps_ms, warmth_ms, compass_ms, _, wakes = CONFIG_FIELDS.unpack(
        found if len(found) == CONFIG_BYTES else USUAL_CONFIG
    )
    wanted = CONFIG_FIELDS.pack(steps_ms, warmth_ms, compass_ms, int(rate_hz), wakes)
    if wanted != found:
        yield Command(CONFIG, wanted, response=True)
    yield Subscribe(NOTIFY)
    return Stateless(decode)


def decode(payload: bytes) -> Decoded:
    """One notification: a sample in g and deg/s, or the refusal of anything else. Never raises."""
    if len(payload) != SAMPLE.size:
        return nothing((STRAY, payload), gyro=True)
    raw: Floats = np.frombuffer(payload, dtype="<i2").astype(np.float64)
    acc_g, gyr_dps = raw[None, 0:3] / ACC_COUNTS_PER_G, raw[None, 3:6] / GYR_COUNTS_PER_DPS
    if float(np.abs(acc_g).max()) > ACC_LIMIT_G:
        return nothing((BEYOND, payload), gyro=True)
    return Decoded(acc_g, gyr_dps)


THINGY52: Final = Driver(
    name="thingy52",
    models=("Thingy:52",),
    gyro=True,
    rates_hz=RATES_HZ,
    default_rate_hz=50.0,
    notify=NOTIFY,
    matches=matches,
    setup=setup,
    battery=BATTERY_LEVEL,
    cues={"light": LIGHT, "motor": MOTOR, "buzzer": BUZZER},
)
