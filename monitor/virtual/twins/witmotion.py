"""A virtual WitMotion WT901BLE: its GATT table, its frames, its commands, its clock that runs slow."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from bumble.device import Connection
from bumble.gatt import Characteristic, Service

from monitor.stream import Floats
from monitor.virtual.air import Air
from monitor.virtual.twins.twin import Out, Play, Structures, Twin
from monitor.virtual.twins.witmotion_registers import FRAME_BYTES, Registers, encode_frames

SERVICE = "0000ffe5-0000-1000-8000-00805f9a34fb"
NOTIFY = "0000ffe4-0000-1000-8000-00805f9a34fb"
WRITE = "0000ffe9-0000-1000-8000-00805f9a34fb"

REAL_RATES_HZ: Mapping[float, float] = MappingProxyType({10: 10.05, 20: 19.86, 50: 49.45, 100: 99.26, 200: 198.43})
"""Asked rate -> measured rate, Hz (facts on the WT901BLE67)."""
FRAMES_PER_NOTIFICATION: Mapping[float, int] = MappingProxyType({10: 1, 20: 1, 50: 2, 100: 4, 200: 8})
FULL_V, EMPTY_V = 4.07, 3.35

_REPLY_WAIT_S = 0.02  # how long a register reply waits for a notification to travel with


class WitMotionTwin(Twin):
    """The sensor. clock_error: None for the measured real rates, else real = nominal * (1 + clock_error).

    It streams while notifications are on. A setting that was not saved is lost in a reboot; saving needs an unlock
    within the 10 s before, as the vendor's own sequence has it. What the sensor does in conversation (unlocked for
    10 s, busy for 0.3 s) takes real seconds, also in time-lapse: the host waits for real.
    """

    default_name: ClassVar[str] = "WT901BLE67"
    default_address: ClassVar[str] = "DC:2B:7E:00:00:67"
    frame_bytes: ClassVar[int] = FRAME_BYTES

    def __init__(
        self,
        air: Air,
        play: Play,
        *,
        battery: float = 93.0,
        battery_v: float | None = None,
        clock_error: float | None = None,
        **options: Any,
    ) -> None:
        """battery_v: the voltage, V, which is what this sensor measures; None: that of `battery`."""
        super().__init__(air, play, battery=battery, clock_error=clock_error, **options)
        self.registers = Registers(EMPTY_V + (FULL_V - EMPTY_V) * battery / 100.0 if battery_v is None else battery_v)
        self._as_measured = clock_error is None
        self._replies: list[tuple[float, bytes]] = []
        self._notify = self.notifying(NOTIFY, self.follow)

    def services(self) -> list[Service]:
        """One service: frames out, commands in."""
        return [Service(SERVICE, [self._notify, self.writeable(WRITE, self._command)])]

    def advertisement(self) -> tuple[Structures, Structures]:
        """The service, and the name where there is room."""
        return self.advertised(SERVICE), []

    @property
    def stream(self) -> Characteristic[bytes]:
        """Frames and register replies."""
        return self._notify

    @property
    def rate_hz(self) -> float:
        """That of register 03, Hz."""
        return self.registers.rate_hz

    @property
    def real_rate_hz(self) -> float:
        """Hz of true time."""
        nominal_hz = self.registers.rate_hz
        return REAL_RATES_HZ.get(nominal_hz, nominal_hz) if self._as_measured else super().real_rate_hz

    def group(self, room: int) -> int:
        """The sensor's habit."""
        return min(FRAMES_PER_NOTIFICATION.get(self.registers.rate_hz, 1), room // FRAME_BYTES)

    def encode(self, first_index: int, t_s: Floats, acc_g: Floats, gyr_dps: Floats) -> list[Out]:
        """One notification of whole frames."""
        del first_index, t_s
        return [Out(self._notify, encode_frames(acc_g, gyr_dps), len(acc_g))]

    def power_on(self, now_s: float) -> None:
        """Settings that were not saved are gone."""
        self.registers.power_on(now_s)

    def cease(self) -> None:
        """Replies that were not sent are lost with the listener."""
        self._replies.clear()
        super().cease()

    # ------------------------------------------------------------ replies travel with frames where there is room

    def waiting_until_s(self) -> list[float]:
        """When the first reply has waited long enough."""
        return [due_s for due_s, _ in self._replies[:1]]

    def send_waiting(self, listener: Connection, now_s: float) -> None:
        """Replies that found no frames to travel with."""
        if self.faults.silence:
            self._replies.clear()
        if self._replies and self._replies[0][0] <= now_s:
            fit = self.room(listener) // FRAME_BYTES
            payload = b"".join(reply for _, reply in self._replies[:fit])
            del self._replies[:fit]
            self.send_beside(listener, payload)

    def ride_along(self, payload: bytes, room: int) -> bytes:
        """After the frames."""
        while self._replies and len(payload) + FRAME_BYTES <= room:
            payload += self._replies.pop(0)[1]
        return payload

    # ------------------------------------------------------------ commands

    def _command(self, _connection: Connection, command: bytes) -> None:
        now_s = self._clock()
        rate_hz = self.registers.rate_hz
        reply = self.registers.execute(command, now_s, asyncio.get_running_loop().time())
        if self.registers.rate_hz != rate_hz:
            self.rate_changed()
        if reply is not None and self._listener is not None:
            self._replies.append((now_s + _REPLY_WAIT_S * self.speed, reply))
        self.arm()
