"""BBC micro:bit with the accelerometer service: 6 bytes of mg a notification, no clock (firmware-notes/microbit.md)."""

import struct
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.devices.driver import Command, Decoded, Driver, Setup, Stateless, Subscribe, has_uuid, nothing, refuse_rate

SERVICE: Final = "e95d0753-251d-470a-a062-fa1922dfa9a8"
NOTIFY: Final = "e95dca4b-251d-470a-a062-fa1922dfa9a8"
PERIOD: Final = "e95dfb24-251d-470a-a062-fa1922dfa9a8"
NAME_PREFIX: Final = "BBC micro:bit"

# 1, 2 and 5 ms are accepted too, but 1 ms crashes the board and no link carries the others.
PERIODS_MS: Final = {12.5: 80, 50.0: 20, 100.0: 10}

SAMPLE_BYTES: Final = 6
LIMIT_MG: Final = 16_000  # no board's chip measures more

STRAY: Final = "a notification that is not one 6-byte micro:bit sample"
BEYOND: Final = "an acceleration beyond the range of the sensor"


def matches(name: str, service_uuids: Iterable[str]) -> bool:
    """True for an advertisement of the accelerometer service, or of the name that every micro:bit has."""
    return name.startswith(NAME_PREFIX) or has_uuid(service_uuids, SERVICE)


def setup(rate_hz: float) -> Setup:
    """Set the period, then subscribe. ValueError: no such rate."""
    period_ms = PERIODS_MS.get(rate_hz)
    if period_ms is None:
        raise refuse_rate("micro:bit", PERIODS_MS, rate_hz)
    yield Command(PERIOD, struct.pack("<H", period_ms), response=True)
    yield Subscribe(NOTIFY)
    return Stateless(decode)


def decode(payload: bytes) -> Decoded:
    """One notification: a sample in g, or the refusal of anything else. Never raises."""
    if len(payload) != SAMPLE_BYTES:
        return nothing((STRAY, payload), gyro=False)
    raw_mg: NDArray[np.int16] = np.frombuffer(payload, dtype="<i2")
    if int(np.abs(raw_mg.astype(np.int32)).max()) > LIMIT_MG:
        return nothing((BEYOND, payload), gyro=False)
    return Decoded(raw_mg.astype(np.float64)[None, :] / 1000.0, None)


MICROBIT: Final = Driver(
    name="microbit",
    models=("BBC micro:bit",),
    gyro=False,
    rates_hz=tuple(PERIODS_MS),
    default_rate_hz=50.0,
    notify=NOTIFY,
    matches=matches,
    setup=setup,
)
