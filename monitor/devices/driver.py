"""The seam to a sensor: what a driver is. Bytes in, values out, no radio in sight."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from monitor.stream import Floats


@dataclass(frozen=True, slots=True)
class Command:
    """Bytes to write to a characteristic, then a pause before the next command."""

    characteristic: str
    payload: bytes
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """What came out of one notification.

    acc_g           : (n, 3) g, sensor frame, oldest first; n may be 0
    gyr_dps         : (n, 3) deg/s, or None where the sensor has no gyroscope
    battery_percent : 0 to 100, or None
    deg_c           : the sensor's own temperature, or None
    bad             : (reason, bytes) of every piece that was refused
    """

    acc_g: Floats
    gyr_dps: Floats | None
    battery_percent: int | None = None
    bad: tuple[tuple[str, bytes], ...] = ()
    deg_c: float | None = None


class Decoder(Protocol):
    """The bytes of one characteristic of one connection; keeps what is not yet complete. Never raises on any input."""

    def feed(self, payload: bytes) -> Decoded:
        """Take one notification's payload; what it completes comes back."""
        ...


@dataclass(frozen=True, slots=True)
class Driver:
    """All that sitwell knows of one family of sensors.

    matches(name, service_uuids) : does an advertisement come from this family?
    notify, write                : 128-bit UUID of each characteristic; `same_uuid` compares
    real_rate_hz                 : asked rate -> measured rate, where the sensor's clock is known to differ
    start(rate_hz)               : commands that configure and start the stream, sent after subscribing
    """

    name: str
    models: tuple[str, ...]
    gyro: bool
    rates_hz: tuple[float, ...]
    default_rate_hz: float
    notify: str
    write: str
    real_rate_hz: Mapping[float, float]
    matches: Callable[[str, Iterable[str]], bool]
    start: Callable[[float], tuple[Command, ...]]
    battery_request: Command | None
    decoder: Callable[[], Decoder]
    temperature_request: Command | None = None
