"""A sensor over Bluetooth: find, connect, configure, stream, and come back after every loss.

scan      what is near, which driver knows it, what is wrong where there is no Bluetooth
reach     one connection: opened, set up by the driver's own steps, asked, cued
link      the whole session: one queue, the sample times, every way in which a link is lost and found again

The same code runs on real hardware (no backend argument: bleak picks the system's own) and on the software radio of
monitor.virtual (backend and radio are passed through to bleak).
"""

import sys
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.errors import SensorError
from monitor.sources.ble.link import SensorLink
from monitor.sources.ble.scan import (
    SCAN_S,
    Found,
    Near,
    Sighting,
    bluetooth_error,
    find,
    listening,
    look_around,
    until_clear,
)
from monitor.stream import Record


def session_clock() -> float:
    """Seconds that never go back and go on while the computer sleeps, so that the session's hours stay the day's."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    if sys.platform == "darwin":
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.monotonic()


def awake_clock() -> float:
    """The same without the time in which the computer slept, where the system tells it; else `session_clock`."""
    if sys.platform == "darwin":
        return time.clock_gettime(time.CLOCK_UPTIME_RAW)
    return time.monotonic()


@dataclass(slots=True)
class BleSource:
    """One session with one sensor.

    want       : name, address or family of the sensor; None takes the only known one in reach
    prefer     : name or address of the one to take where `want` is None and several are in reach
    rate_hz    : asked rate; None takes the driver's default
    clock      : seconds that never go back; session time 0 is its value when the stream starts
    awake      : the same clock without the computer's sleep; to be given with `clock`
    speed      : session seconds a real second (1.0 for hardware; the virtual sensor may run faster)
    give_up_s  : how long a lost sensor may stay away, in session seconds, before the session ends with an error
    scan, connect : keyword arguments handed to BleakScanner and BleakClient; empty for the system's own Bluetooth
    """

    want: str | None = None
    prefer: str | None = None
    rate_hz: float | None = None
    clock: Callable[[], float] = session_clock
    awake: Callable[[], float] = awake_clock
    speed: float = 1.0
    give_up_s: float = 600.0
    scan: Mapping[str, Any] = field(default_factory=dict[str, Any])
    connect: Mapping[str, Any] = field(default_factory=dict[str, Any])
    found: Found | None = None
    on_packet: Callable[[float, bytes], None] | None = None  # arrival (clock) and payload, for measurements
    link: SensorLink | None = None

    async def find(self, timeout_s: float = SCAN_S) -> Found:
        """Scan until the wanted sensor shows itself.

        Raises SensorError when there is none, several, or no Bluetooth.
        """
        self.found = await find(self.want, self.prefer, self.scan, timeout_s)
        return self.found

    async def records(self) -> AsyncGenerator[Record]:
        """Records until cancelled. Raises SensorError when the sensor stays away longer than give_up_s."""
        found = self.found or await self.find()
        if self.rate_hz and self.rate_hz not in found.driver.rates_hz:
            rates = ", ".join(f"{rate:g}" for rate in found.driver.rates_hz)
            raise SensorError(f"{found.name} cannot send {self.rate_hz:g} samples a second: choose from {rates}.")
        self.link = SensorLink(found, self)
        try:
            async for record in self.link.records():
                yield record
        finally:
            await self.link.close()

    async def cue(self, kinds: tuple[str, ...]) -> bool:
        """Give the wearer a cue on the sensor itself, the first of these kinds that it has; True once it is sent."""
        return self.link is not None and await self.link.cue(kinds)


__all__ = [
    "BleSource",
    "Found",
    "Near",
    "Sighting",
    "awake_clock",
    "bluetooth_error",
    "find",
    "listening",
    "look_around",
    "session_clock",
    "until_clear",
]
