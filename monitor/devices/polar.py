"""Polar H10, Verity Sense and OH1: acceleration by the PMD service (firmware-notes/polar.md).

The control point is asked, one thing at a time, what it offers; exactly the kinds of setting that it offers are sent
back, one value each. Frames are decoded in polar_frames.py.
"""

import math
import struct
from collections.abc import Callable, Generator, Iterable, Mapping
from functools import partial
from typing import Final

from monitor.devices.driver import (
    BATTERY_LEVEL,
    Ask,
    Command,
    Driver,
    Read,
    Setup,
    Step,
    Subscribe,
    refuse_rate,
)
from monitor.devices.polar_frames import G_PER_COUNT, RANGE_G, PolarDecoder, Scale
from monitor.errors import SensorError

SERVICE: Final = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
CONTROL: Final = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
DATA: Final = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"

H10_NAMES: Final = ("Polar H10",)
SENSE_NAMES: Final = ("Polar Sense", "Polar OH1")
H10_RATES_HZ: Final = (25.0, 50.0, 100.0, 200.0)
SENSE_RATES_HZ: Final = (50.0, 52.0)  # OH1, Verity Sense; each offers one
# Measured by its own clock; the other rates of the H10 have not been.
H10_REAL_RATE_HZ: Final = {50.0: 50.92}

GET_SETTINGS: Final = b"\x01\x02"
START: Final = b"\x02\x02"
STOP: Final = b"\x03\x02"
FEATURES: Final = 0x0F
HAS_ACCELERATION: Final = 0x04
REPLY: Final = 0xF0
DONE: Final = 0
REPLY_HEAD_BYTES: Final = 5  # F0, what was asked, of which measurement, status, more to come

RATE, RESOLUTION, RANGE, RANGE_MILLI, CHANNELS, FACTOR, SECURITY = range(7)
SETTING_BYTES: Final = {RATE: 2, RESOLUTION: 2, RANGE: 2, RANGE_MILLI: 4, CHANNELS: 1, FACTOR: 4, SECURITY: 16}
CHOSEN: Final = (RATE, RESOLUTION, RANGE, RANGE_MILLI, CHANNELS)  # the rest is told, not chosen
# Wanted where it is offered, else the largest. 8 g: walking down stairs reaches 4 g at the back.
WANTED: Final = {RESOLUTION: 16, RANGE: 8, RANGE_MILLI: 8000}
MG_FACTOR: Final = 0.01  # a factor from here on is mg a count; below, g a count

STATUS: Final[Mapping[int, str]] = {
    1: "does not know the command; its firmware may be too old: update it with Polar's app",
    2: "cannot send acceleration; its firmware may be too old: update it with Polar's app",
    3: "does not support this; its firmware may be too old: update it with Polar's app",
    4: "found the command too short or too long; please report this with its model and firmware",
    5: "refused one of the settings; please report this with its model and firmware",
    6: "was already sending: switch it off and on, and start again",
    7: "refused the resolution; please report this with its model and firmware",
    8: "refused the rate: choose another with --rate",
    9: "refused the range; please report this with its model and firmware",
    10: "needs larger packets than this Bluetooth adapter gives: try another adapter",
    11: "refused the number of axes; please report this with its model and firmware",
    12: "is busy: end its recording or swimming mode, close other apps that use it, and start again",
    13: "is in its charger: take it out and start again",
    14: "has no room left for its own recording: end that recording with Polar's app, and start again",
}

Talk = Generator[Step, bytes, bytes]


def named(names: tuple[str, ...]) -> Callable[[str, Iterable[str]], bool]:
    """A `matches`: True for a name that starts with one of these. What is advertised beside is any pulse belt's."""

    def matches(name: str, _service_uuids: Iterable[str]) -> bool:
        return name.startswith(names)

    return matches


def setup(rate_hz: float, *, name: str, rates_hz: tuple[float, ...], real_rate_hz: Mapping[float, float]) -> Setup:
    """Ask what there is, stop what runs, start acceleration. ValueError: no such rate."""
    if rate_hz not in rates_hz:
        raise refuse_rate(name, rates_hz, rate_hz)
    yield Subscribe(CONTROL)
    yield Subscribe(DATA)
    features = yield Read(CONTROL)
    if len(features) < 2 or features[0] != FEATURES or not features[1] & HAS_ACCELERATION:
        raise SensorError(f"This {name} does not offer acceleration: update its firmware with Polar's app.")
    # A stream that another program left running would keep its rate; that none runs is no fault.
    yield from _ask(name, STOP, b"", allowed=None)
    offered = parse_settings((yield from _ask(name, GET_SETTINGS, b""))[REPLY_HEAD_BYTES:])
    chosen = choose(name, offered, rate_hz)
    reply = yield from _ask(name, START, encode_settings(chosen))
    scale = scale_of(name, chosen, parse_settings(reply[REPLY_HEAD_BYTES:]))
    return PolarDecoder(real_rate_hz.get(rate_hz, rate_hz), scale)


def parse_settings(content: bytes) -> dict[int, tuple[int, ...]]:
    """Kind of setting -> the values on offer, unsigned; what is cut off or unknown ends it (H10: a lone 01)."""
    settings: dict[int, tuple[int, ...]] = {}
    at = 0
    while at + 2 <= len(content):
        kind, count = content[at], content[at + 1]
        size = SETTING_BYTES.get(kind, 0)
        end = at + 2 + size * count
        if not size or end > len(content):
            break
        settings[kind] = tuple(int.from_bytes(content[k : k + size], "little") for k in range(at + 2, end, size))
        at = end
    return settings


def encode_settings(chosen: Mapping[int, int]) -> bytes:
    """One value for each kind of setting."""
    return b"".join(bytes((kind, 1)) + value.to_bytes(SETTING_BYTES[kind], "little") for kind, value in chosen.items())


def choose(name: str, offered: Mapping[int, tuple[int, ...]], rate_hz: float) -> dict[int, int]:
    """Exactly the kinds on offer: one more (channels, to an H10) or one less is refused. SensorError: no such rate."""
    chosen: dict[int, int] = {}
    for kind, values in offered.items():
        if kind not in CHOSEN or not values:
            continue
        chosen[kind] = WANTED[kind] if WANTED.get(kind) in values else max(values)
    rates = offered.get(RATE, ())
    if rate_hz not in rates:
        those = ", ".join(str(rate) for rate in rates) or "no rate"
        raise SensorError(
            f"This {name} now offers {those} Hz, not {rate_hz:g} Hz: choose with --rate, or update its firmware."
        )
    chosen[RATE] = int(rate_hz)
    return chosen


def scale_of(name: str, chosen: Mapping[int, int], told: Mapping[int, tuple[int, ...]]) -> Scale:
    """Range and factors. SensorError for a factor that cannot be: every number would be wrong."""
    range_g = float(chosen.get(RANGE, 0)) or chosen.get(RANGE_MILLI, 0) / 1000.0 or RANGE_G
    range_g = min(range_g, RANGE_G)
    bits = told.get(FACTOR, ())
    if not bits:
        return Scale(range_g)
    factor = float(struct.unpack("<f", bits[0].to_bytes(4, "little"))[0])
    if not math.isfinite(factor) or not 1e-6 <= factor <= 100.0:
        raise SensorError(f"This {name} tells a scale that cannot be ({factor:g}): switch it off and on.")
    return Scale(range_g, G_PER_COUNT, factor) if factor >= MG_FACTOR else Scale(range_g, factor)


def _ask(name: str, question: bytes, content: bytes, allowed: int | None = DONE) -> Talk:
    """The reply of the control point. SensorError where none comes, or none of status `allowed` (None: any)."""
    begins = bytes((REPLY,)) + question
    command = Command(CONTROL, question + content, response=True)
    reply = yield Ask(command, CONTROL, begins)
    if len(reply) < len(begins) + 1:
        raise SensorError(f"This {name} does not answer: switch it off and on, bring it near, and start again.")
    status = reply[len(begins)]
    if allowed is not None and status != allowed:
        why = STATUS.get(status, f"refused with code {status}; please report this with its model and firmware")
        raise SensorError(f"This {name} {why}.")
    return reply


def _driver(
    name: str,
    spoken: str,
    models: tuple[str, ...],
    names: tuple[str, ...],
    rates_hz: tuple[float, ...],
    default_hz: float,
    real_rate_hz: Mapping[float, float],
) -> Driver:
    return Driver(
        name=name,
        models=models,
        gyro=False,
        rates_hz=rates_hz,
        default_rate_hz=default_hz,
        notify=DATA,
        real_rate_hz=real_rate_hz,
        matches=named(names),
        setup=partial(setup, name=spoken, rates_hz=rates_hz, real_rate_hz=real_rate_hz),
        stop=(Command(CONTROL, STOP, response=True),),
        clock="ns, does not wrap",
        battery=BATTERY_LEVEL,
        pairs=True,
    )


POLAR_H10: Final = _driver("polar-h10", "Polar H10", ("Polar H10",), H10_NAMES, H10_RATES_HZ, 100.0, H10_REAL_RATE_HZ)
POLAR_SENSE: Final = _driver(
    "polar-sense", "Polar armband", ("Polar Verity Sense", "Polar OH1"), SENSE_NAMES, SENSE_RATES_HZ, 52.0, {}
)
