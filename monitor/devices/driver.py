"""The seam to a sensor: what a driver is. Bytes in, values out, no radio in sight.

A driver never touches a radio. What it wants done it says as Steps, and who has a radio (sources/ble.py, a test) does
them: `setup` is a generator that yields Steps and is sent the bytes that each brought (b"" where it brings none).
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np

from monitor.stream import Floats

BATTERY_LEVEL = "00002a19-0000-1000-8000-00805f9b34fb"
BATTERY_SERVICE = "0000180f-0000-1000-8000-00805f9b34fb"

_SHORT_UUID = 4


@dataclass(frozen=True, slots=True)
class Command:
    """Bytes to write to a characteristic, then a pause before the next step.

    response : wait for the sensor's acknowledgement; without, it is waited for only where the characteristic has no
               other way to be written
    """

    characteristic: str
    payload: bytes
    pause_s: float = 0.0
    response: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """Read a characteristic; brings its value."""

    characteristic: str


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Switch on notifications (or indications) of a characteristic."""

    characteristic: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Write a command, then wait for the first notification of `answers` that begins with `begins`; brings it.

    Brings b"" where no answer comes in time: it is for the driver to say what that means.
    """

    command: Command
    answers: str
    begins: bytes


Step: TypeAlias = Command | Read | Subscribe | Ask


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """What came out of one notification.

    acc_g           : (n, 3) g, sensor frame, oldest first; n may be 0
    gyr_dps         : (n, 3) deg/s, or None where the sensor has no gyroscope
    battery_percent : 0 to 100, or None
    bad             : (reason, bytes) of every piece that was refused
    deg_c           : the sensor's own temperature, or None
    t_s             : (n,) s by the sensor's own clock, unwrapped, from any origin; None where it has no clock
    restarted       : the sensor's clock began anew with this notification
    """

    acc_g: Floats
    gyr_dps: Floats | None
    battery_percent: int | None = None
    bad: tuple[tuple[str, bytes], ...] = ()
    deg_c: float | None = None
    t_s: Floats | None = None
    restarted: bool = False


def nothing(*bad: tuple[str, bytes], gyro: bool, clock: bool = False, battery_percent: int | None = None) -> Decoded:
    """A notification without samples; bad: the (reason, bytes) of what is refused of it."""
    empty: Floats = np.empty((0, 3))
    return Decoded(empty, empty if gyro else None, battery_percent, bad, t_s=np.empty(0) if clock else None)


def nearest_step(step: int, wrap: int) -> int:
    """A step of a clock that wraps at `wrap`, forwards or back, by the shorter way around."""
    return (step + wrap // 2) % wrap - wrap // 2


class Decoder(Protocol):
    """The stream of one connection; keeps what is not yet complete. Never raises on any input."""

    def feed(self, payload: bytes, /) -> Decoded:
        """Take one notification's payload of the characteristic `Driver.notify`; what it completes comes back."""
        ...


@dataclass(frozen=True, slots=True)
class Stateless:
    """The decoder of a stream whose notifications each stand alone."""

    feed: Callable[[bytes], Decoded]


Setup: TypeAlias = Generator[Step, bytes, Decoder]
"""Yields Steps, is sent what each brought, returns the decoder of the stream that it started.

Raises SensorError, one sentence, where the sensor's answers show that it cannot serve.
"""


@dataclass(frozen=True, slots=True)
class Driver:
    """All that sitwell knows of one family of sensors.

    name          : what `--sensor` and `sitwell devices` call the family: lower case, with dashes
    models        : the maker's names
    notify        : UUID of the characteristic that streams; `same_uuid` compares
    real_rate_hz  : asked rate -> measured rate, where the sensor's own is known to differ
    matches(name, service_uuids) : does an advertisement come from this family?
    setup(rate_hz): Steps that configure and start the stream, from the subscription on; sent anew at each connection.
                    It relies on nothing that an earlier connection left behind
    stop          : commands that end the stream, sent before hanging up
    clock         : what the samples' own clock gives, such as 'us, wraps after 71.6 min'; '' where there is none
    counter       : what counts samples or packets, '' where nothing does
    battery       : the characteristic whose first byte is the charge in %, '' where there is none
    battery_request, temperature_request : commands whose answer comes in the stream; None where there are none
    cues          : kind of cue ('light', 'motor', 'buzzer') -> commands that give it once
    pairs         : the sensor wants to be paired (bonded) before it answers
    """

    name: str
    models: tuple[str, ...]
    gyro: bool
    rates_hz: tuple[float, ...]
    default_rate_hz: float
    notify: str
    matches: Callable[[str, Iterable[str]], bool]
    setup: Callable[[float], Setup]
    stop: tuple[Command, ...] = ()
    real_rate_hz: Mapping[float, float] = field(default_factory=dict[float, float])
    clock: str = ""
    counter: str = ""
    battery: str = ""
    battery_request: Command | None = None
    temperature_request: Command | None = None
    cues: Mapping[str, tuple[Command, ...]] = field(default_factory=dict[str, tuple[Command, ...]])
    pairs: bool = False


def same_uuid(left: str, right: str) -> bool:
    """True if the first 8 hex digits agree, in any case; a 16-bit short form counts as 0000xxxx.

    WitMotion's UUIDs end in 5f9a34fb, not in the Bluetooth base 5f9b34fb that some clones use: the tail says nothing.
    """
    return _head(left) == _head(right)


def has_uuid(uuids: Iterable[str], wanted: str) -> bool:
    """Whether one of these is the wanted UUID, by `same_uuid`."""
    return any(same_uuid(uuid, wanted) for uuid in uuids)


def refuse_rate(name: str, rates_hz: Iterable[float], rate_hz: float) -> ValueError:
    """The error of a `setup` that is asked for a rate that the sensor does not have."""
    return ValueError(f"{name} sends at {', '.join(f'{rate:g}' for rate in rates_hz)} Hz, not at {rate_hz:g} Hz")


def _head(uuid: str) -> str:
    digits = uuid.strip().lower().removeprefix("0x").replace("-", "")
    return digits.zfill(8) if len(digits) <= _SHORT_UUID else digits[:8]
