"""A virtual Movesense with the GATT sensor data service: its commands, its measurements, its clock in ms that wraps."""

# bumble annotates its event emitters only in part.
# pyright: reportUnknownMemberType=false

import asyncio
from typing import Any, ClassVar

from bumble.device import Connection
from bumble.gatt import Characteristic, Service

from monitor.stream import Floats
from monitor.virtual.air import Air
from monitor.virtual.twins.movesense_gsp import SAMPLES_PER_MEASUREMENT, Subscriptions, measurement, notifications
from monitor.virtual.twins.twin import Out, Play, Structures, Twin

GSP_SERVICE = "34802252-7185-4D5D-B431-630E7050E8F0"
GSP_WRITE = "34800001-7185-4D5D-B431-630E7050E8F0"
GSP_NOTIFY = "34800002-7185-4D5D-B431-630E7050E8F0"


class MovesenseTwin(Twin):
    """Streams what is subscribed to; subscriptions end with the link (unverified).

    clock_start_ms : what its clock shows when it is switched on
    """

    default_name: ClassVar[str] = "Movesense 174630000192"
    default_address: ClassVar[str] = "CC:8C:DC:7E:00:92"
    default_clock_error: ClassVar[float] = 2e-5
    range_g: ClassVar[float] = 8.0
    range_dps: ClassVar[float] = 2000.0

    def __init__(self, air: Air, play: Play, *, clock_start_ms: int = 0, **options: Any) -> None:
        super().__init__(air, play, **options)
        self.subscriptions = Subscriptions()
        self.clock_start_ms = clock_start_ms
        self._notify = self.notifying(GSP_NOTIFY, self._subscribed)
        self._heard = False

    @property
    def stream(self) -> Characteristic[bytes]:
        """Replies and data go by the same one."""
        return self._notify

    def services(self) -> list[Service]:
        """GSP, battery, device information."""
        return [
            Service(GSP_SERVICE, [self.writeable(GSP_WRITE, self._command), self._notify]),
            self.battery_service(),
            self.information_service(maker="Movesense", serial=self.name.split()[-1]),
        ]

    def advertisement(self) -> tuple[Structures, Structures]:
        """The service; the name goes into the scan response."""
        return self.advertised(GSP_SERVICE), []

    @property
    def rate_hz(self) -> float:
        """The rate of what is subscribed to, 52 while nothing is."""
        return float(next(iter(self.subscriptions.running.values()), 52))

    def group(self, room: int) -> int:
        """By the rate alone: what does not fit goes on in the next notification."""
        del room
        return SAMPLES_PER_MEASUREMENT[int(self.rate_hz)]

    def time_ms(self, t_s: float) -> int:
        """What its clock shows at stream time t_s."""
        return self.clock_start_ms + int(self.device_time_s(t_s) * 1000.0)

    def encode(self, first_index: int, t_s: Floats, acc_g: Floats, gyr_dps: Floats) -> list[Out]:
        """One measurement for each reference, in as many notifications as it takes."""
        del first_index
        assert self._listener is not None
        content = measurement(self.time_ms(float(t_s[0])), acc_g, gyr_dps, self.range_g, self.range_dps)
        room = self.room(self._listener)
        return [
            Out(self.stream, payload, 0 if part else len(acc_g))
            for reference in self.subscriptions.running
            for part, payload in enumerate(notifications(reference, content, room))
        ]

    def power_on(self, now_s: float) -> None:
        """Nothing is subscribed to."""
        del now_s
        self.subscriptions.running.clear()

    def disconnected(self, connection: Connection) -> None:
        """Subscriptions go with the link."""
        super().disconnected(connection)
        self.subscriptions.running.clear()
        self._heard = False

    def _subscribed(self, connection: Connection, on: bool) -> None:
        self._heard = on
        if not on:
            self.cease()
        elif self.subscriptions.running:
            self.begin(connection)

    def _command(self, connection: Connection, command: bytes) -> None:
        before_hz = self.rate_hz if self.subscriptions.running else None
        reply = self.subscriptions.write(command, self.name)
        after_hz = self.rate_hz if self.subscriptions.running else None
        # After the acknowledgement of the write, and before the first measurement.
        if reply is not None and self._heard:
            asyncio.get_running_loop().call_soon(self._reply, connection, reply)
        if after_hz is None:
            self.cease()
        elif before_hz is None and self._heard:
            self.rate_changed()
            self.begin(connection)

    def _reply(self, connection: Connection, reply: bytes) -> None:
        if self._heard:
            self.notify(connection, self.stream, reply)
