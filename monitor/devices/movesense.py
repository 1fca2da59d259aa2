"""Movesense with the firmware that speaks its GATT sensor data protocol (firmware-notes/movesense.md).

A notification is [kind, reference, content]. A measurement that is longer than a notification comes in several: kind 2,
then kind 3. Nothing tells how long it will be; so a first part that holds whole samples is taken as all of it, and any
other waits for the parts that make its samples whole.
"""

import struct
from collections.abc import Iterable
from dataclasses import replace
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
    Subscribe,
    has_uuid,
    nearest_step,
    nothing,
    refuse_rate,
)
from monitor.errors import SensorError
from monitor.stream import Floats

SERVICE: Final = "34802252-7185-4d5d-b431-630e7050e8f0"
WRITE: Final = "34800001-7185-4d5d-b431-630e7050e8f0"
NOTIFY: Final = "34800002-7185-4d5d-b431-630e7050e8f0"
NAME_PREFIX: Final = "Movesense"

SUBSCRIBE, UNSUBSCRIBE = 1, 2
REPLY, DATA, CONTINUED = 1, 2, 3
REFERENCE: Final = 0x63  # ours to choose, not 0
RATES_HZ: Final = (13.0, 26.0, 52.0, 104.0, 208.0)

HEAD_BYTES: Final = 2
TIME: Final = struct.Struct("<I")  # ms; of the first sample
CLOCK_MS: Final = 1 << 32
SAMPLE_BYTES: Final = 24  # 3 accelerations and 3 rates, 4 bytes each
LONGEST_BYTES: Final = 1024  # no measurement is longer: 16 samples at 208 Hz are 388

# The sensor's own: in captures every value is a whole number of counts of 0.244 mg x 9.807 (0.002 % from standard g).
G_MPS2: Final = 9.807
ACC_LIMIT_G: Final = 16.8  # the chip's widest range, 16 g, and a little
GYR_LIMIT_DPS: Final = 2300.0  # its widest is 2000, of 70 mdps a count: 16 bits reach 2294
STEP_WEIGHT: Final = 1.0 / 16.0  # of a new step in the average
STEP_TOLERANCE: Final = 0.1  # of the nominal period: beyond, a measurement is missing or out of turn

STRAY: Final = "bytes that are no Movesense measurement"
FOREIGN: Final = "a Movesense measurement that sitwell did not ask for"
TORN: Final = "a Movesense measurement of which a part is missing"
TOO_LONG: Final = "a Movesense measurement that does not end"
BEYOND: Final = "a value beyond the range of the sensor"

STATUS: Final = {
    403: "forbids the measurement",
    404: "has no combined acceleration and rotation at this rate: choose another with --rate, or another firmware",
    409: "is busy with something else: switch off its recording, close other apps that use it, and start again",
    500: "had a fault of its own: take it out of its strap and put it back",
    503: "is busy with something else: close other apps that use it, and start again",
    507: "has no memory left: take it out of its strap and put it back",
}


def matches(name: str, service_uuids: Iterable[str]) -> bool:
    """True for an advertisement of the service or of a name that starts with Movesense."""
    return name.startswith(NAME_PREFIX) or has_uuid(service_uuids, SERVICE)


def setup(rate_hz: float) -> Setup:
    """Subscribe to acceleration and rotation. ValueError: no such rate. SensorError: the sensor refuses, or is silent.

    The path goes without a NUL at its end: of the clients that can be read, all but one send none.
    """
    if rate_hz not in RATES_HZ:
        raise refuse_rate("Movesense", RATES_HZ, rate_hz)
    yield Subscribe(NOTIFY)
    begins = bytes((REPLY, REFERENCE))
    # Something that still sends under our reference would be mixed into the new stream; that nothing does is no fault.
    yield Ask(Command(WRITE, bytes((UNSUBSCRIBE, REFERENCE)), response=True), NOTIFY, begins)
    path = f"/Meas/IMU6/{rate_hz:.0f}".encode("ascii")
    reply = yield Ask(Command(WRITE, bytes((SUBSCRIBE, REFERENCE)) + path, response=True), NOTIFY, begins)
    if len(reply) < HEAD_BYTES + 2:
        raise SensorError(
            "This Movesense does not answer: start again, or load firmware with the GATT sensor data service onto it."
        )
    status = int.from_bytes(reply[HEAD_BYTES : HEAD_BYTES + 2], "little")
    if not 200 <= status < 300:
        raise SensorError(f"This Movesense {STATUS.get(status, f'refuses with code {status}: start again')}.")
    return MovesenseDecoder(rate_hz)


def decode(measurement: bytes, period_s: float, start_s: float = 0.0) -> Decoded:
    """One whole measurement, heads taken off: time, n accelerations in m/s2, n rates in deg/s; the first at start_s.

    Never raises: what cannot be read comes back in `bad`, without samples.
    """
    if not _is_whole(measurement):
        return nothing((STRAY, measurement), gyro=True, clock=True)
    values: NDArray[np.float32] = np.frombuffer(measurement, dtype="<f4", offset=TIME.size).reshape(2, -1, 3)
    if not np.isfinite(values).all():  # before the cast: it would warn of signalling NaN
        return nothing((BEYOND, measurement), gyro=True, clock=True)
    acc_g: Floats = values[0].astype(np.float64) / G_MPS2
    gyr_dps: Floats = values[1].astype(np.float64)
    if float(np.abs(acc_g).max()) > ACC_LIMIT_G or float(np.abs(gyr_dps).max()) > GYR_LIMIT_DPS:
        return nothing((BEYOND, measurement), gyro=True, clock=True)
    return Decoded(acc_g, gyr_dps, t_s=start_s + period_s * np.arange(len(acc_g), dtype=np.float64))


class MovesenseDecoder:
    """One connection's notifications; keeps the parts of one measurement, and the clock.

    Samples of a measurement lie evenly at the spacing that the times of the measurements show, averaged because they
    are told in whole ms.
    """

    def __init__(self, rate_hz: float) -> None:
        self._nominal_s = self._period_s = 1.0 / rate_hz
        self._parts = b""
        self._last_ms: int | None = None  # as told, before unwrapping
        self._last_samples = 0
        self._now_ms = 0  # unwrapped, from the first measurement on

    def feed(self, payload: bytes) -> Decoded:
        """Take one notification; t_s counts from the first measurement."""
        if len(payload) < HEAD_BYTES or payload[0] not in {REPLY, DATA, CONTINUED}:
            return nothing((STRAY, payload), gyro=True, clock=True)
        if payload[1] != REFERENCE:
            return nothing((FOREIGN, payload), gyro=True, clock=True)
        if payload[0] == REPLY:  # to a command of ours: setup has seen it
            return nothing(gyro=True, clock=True)
        parts, self._parts = self._parts, b""
        content = payload[HEAD_BYTES:]
        if payload[0] == CONTINUED:
            return self._take(parts + content) if parts else nothing((TORN, payload), gyro=True, clock=True)
        decoded = self._take(content)
        return replace(decoded, bad=((TORN, parts), *decoded.bad)) if parts else decoded

    def _take(self, content: bytes) -> Decoded:
        """A measurement as far as it has come."""
        if _is_whole(content):
            return self._timed(content)
        if len(content) > LONGEST_BYTES:
            return nothing((TOO_LONG, content), gyro=True, clock=True)
        self._parts = content
        return nothing(gyro=True, clock=True)

    def _timed(self, measurement: bytes) -> Decoded:
        told_ms = TIME.unpack_from(measurement)[0]
        step_ms = 0 if self._last_ms is None else nearest_step(told_ms - self._last_ms, CLOCK_MS)
        decoded = decode(measurement, self._period_s, (self._now_ms + step_ms) / 1000.0)
        if not len(decoded.acc_g):
            return decoded
        if self._last_samples:
            seen_s = step_ms / 1000.0 / self._last_samples
            if abs(seen_s - self._nominal_s) <= STEP_TOLERANCE * self._nominal_s:
                self._period_s += (seen_s - self._period_s) * STEP_WEIGHT
        self._last_ms, self._last_samples = told_ms, len(decoded.acc_g)
        self._now_ms += step_ms
        return decoded


def _is_whole(measurement: bytes) -> bool:
    """Whether this is a time and one or more whole samples."""
    samples, rest = divmod(len(measurement) - TIME.size, SAMPLE_BYTES)
    return samples > 0 and rest == 0


MOVESENSE: Final = Driver(
    name="movesense",
    models=("Movesense HR+", "Movesense HR2", "Movesense MD", "Movesense Flash"),
    gyro=True,
    rates_hz=RATES_HZ,
    default_rate_hz=52.0,
    notify=NOTIFY,
    matches=matches,
    setup=setup,
    stop=(Command(WRITE, bytes((UNSUBSCRIBE, REFERENCE)), response=True),),
    clock="ms, wraps after 49.7 days",
    battery=BATTERY_LEVEL,
)
