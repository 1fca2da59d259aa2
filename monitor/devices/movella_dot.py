"""Movella (Xsens) DOT: rate quantities, that is acceleration and rotation with the sensor's clock (firmware-notes).

Mode 21 is used: the others give orientation, or acceleration with gravity taken out, which says nothing of posture.
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from monitor.devices.driver import (
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

TAIL: Final = "-4947-11e9-8646-d663bd873d93"
SERVICE: Final = f"15171000{TAIL}"
CONTROL: Final = f"15171002{TAIL}"
MEASUREMENT: Final = f"15172001{TAIL}"
PAYLOAD: Final = f"15172003{TAIL}"
BATTERY: Final = f"15173001{TAIL}"
NAMES: Final = ("Movella DOT", "Xsens DOT")

RATES_HZ: Final = (10.0, 12.0, 15.0, 20.0, 30.0, 60.0)
MODE: Final = 21
START: Final = bytes((1, 1, MODE))
STOP: Final = bytes((1, 0, MODE))
CONTROL_BYTES: Final = 32
VISIT_IDENTIFY, VISIT_RATE = 0x01, 0x10  # only what is visited is changed
IDENTIFY_AT: Final = 1
RATE_AT: Final = 24

G_MPS2: Final = 9.80665
MOST_G, MOST_DPS = 16.5, 2100.0  # the ranges are 16 g and 2000 deg/s
CLOCK_US: Final = 2**32
PAYLOAD_BYTES: Final = 40  # of which 28 are used

# Mode -> field -> (place, floats): what the vendor documents of the modes that people have captured.
MODES: Final[Mapping[int, Mapping[str, tuple[int, int]]]] = {
    4: {"euler_deg": (4, 3)},
    6: {"free_acc_mps2": (4, 3)},
    16: {"euler_deg": (4, 3), "free_acc_mps2": (16, 3)},
    21: {"acc_mps2": (4, 3), "gyro_dps": (16, 3)},
    22: {"euler_deg": (4, 3), "free_acc_mps2": (16, 3), "gyro_dps": (28, 3)},
    26: {"quaternion": (4, 4), "acc_mps2": (20, 3), "gyro_dps": (32, 3)},
}

LENGTH: Final = "a DOT packet that is not 40 bytes long"
BEYOND: Final = "an acceleration or rotation beyond the range of the sensor"


def matches(name: str, service_uuids: Iterable[str]) -> bool:
    """True for the names of old and new firmware, and for the configuration service."""
    return name.startswith(NAMES) or has_uuid(service_uuids, SERVICE)


def decode_mode(payload: bytes, mode: int) -> dict[str, tuple[float, ...]]:
    """The fields of one packet of a documented mode, and its clock, us. ValueError for one that is too short."""
    fields = MODES[mode]
    if len(payload) < max(at + 4 * count for at, count in fields.values()):
        raise ValueError(f"{len(payload)} bytes are too few for mode {mode}")
    told: dict[str, tuple[float, ...]] = {"time_us": (float(int.from_bytes(payload[:4], "little")),)}
    return told | {name: struct.unpack_from(f"<{count}f", payload, at) for name, (at, count) in fields.items()}


def decode(payload: bytes) -> Decoded:
    """One notification of mode 21: one sample, its time in s by the sensor's clock, which wraps."""
    if len(payload) != PAYLOAD_BYTES:
        return nothing((LENGTH, payload), gyro=True, clock=True)
    told = decode_mode(payload, MODE)
    acc_g = np.array([told["acc_mps2"]], dtype=np.float64) / G_MPS2
    gyr_dps = np.array([told["gyro_dps"]], dtype=np.float64)
    # A comparison with NaN is false.
    if not (np.abs(acc_g).max() <= MOST_G and np.abs(gyr_dps).max() <= MOST_DPS):
        return nothing((BEYOND, payload), gyro=True, clock=True)
    return Decoded(acc_g, gyr_dps, t_s=np.array(told["time_us"]) / 1e6)


class DotDecoder:
    """One connection; keeps the sensor's clock, as it was told and as it goes on over its wraps."""

    def __init__(self) -> None:
        self._last_us: int | None = None
        self._now_us = 0

    def feed(self, payload: bytes) -> Decoded:
        """Take one notification; t_s goes on over the wrap of the clock, to the nearest."""
        decoded = decode(payload)
        if len(decoded.acc_g):
            told_us = int.from_bytes(payload[:4], "little")
            self._now_us += told_us if self._last_us is None else nearest_step(told_us - self._last_us, CLOCK_US)
            self._last_us = told_us
            decoded = replace(decoded, t_s=np.array([self._now_us / 1e6]))
        return decoded


def setup(rate_hz: float) -> Setup:
    """Stop what runs, set the rate, start. ValueError: no such rate. SensorError for a control that cannot be read."""
    if rate_hz not in RATES_HZ:
        raise refuse_rate("Movella DOT", RATES_HZ, rate_hz)
    yield Subscribe(PAYLOAD)  # before the start, or it does not start
    yield Command(MEASUREMENT, STOP, 0.1, response=True)  # it measures on while a link is lost; the rate is fixed then
    control = yield Read(CONTROL)
    if len(control) < CONTROL_BYTES:
        raise SensorError("This DOT does not tell its settings: switch it off and on, or update its firmware.")
    changed = bytearray(control[:CONTROL_BYTES])
    changed[0] = VISIT_RATE
    changed[RATE_AT : RATE_AT + 2] = int(rate_hz).to_bytes(2, "little")
    yield Command(CONTROL, bytes(changed), 0.1, response=True)
    yield Command(MEASUREMENT, START, response=True)
    return DotDecoder()


MOVELLA_DOT: Final = Driver(
    name="movella-dot",
    models=("Movella DOT", "Xsens DOT"),
    gyro=True,
    rates_hz=RATES_HZ,
    default_rate_hz=60.0,
    notify=PAYLOAD,
    matches=matches,
    setup=setup,
    stop=(Command(MEASUREMENT, STOP, response=True),),
    clock="us, wraps after 71.6 min",
    battery=BATTERY,
    cues={"light": (Command(CONTROL, bytes((VISIT_IDENTIFY, 1)) + bytes(CONTROL_BYTES - 2), response=True),)},
)
