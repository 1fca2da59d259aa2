"""Virtual Polar H10 and Verity Sense: their control point, their frames, their clock in ns that starts in 2019."""

# bumble annotates its event emitters only in part.
# pyright: reportUnknownMemberType=false

import asyncio
from abc import abstractmethod
from collections.abc import Coroutine
from typing import Any, ClassVar

from bumble.core import AdvertisingData
from bumble.device import Connection
from bumble.gatt import Characteristic, CharacteristicValue, Service

from monitor.stream import Floats
from monitor.virtual.air import Air
from monitor.virtual.twins.polar_pmd import (
    CHANNELS,
    HEADER_BYTES,
    RANGE,
    RATE,
    RAW_SAMPLE_BYTES,
    RESOLUTION,
    ControlPoint,
    counts_mg,
    delta_frames,
    raw_frame,
)
from monitor.virtual.twins.twin import Out, Play, Structures, Twin

PMD_SERVICE = "FB005C80-02E7-F387-1CAD-8ACD2D8DF0C8"
PMD_CONTROL = "FB005C81-02E7-F387-1CAD-8ACD2D8DF0C8"
PMD_DATA = "FB005C82-02E7-F387-1CAD-8ACD2D8DF0C8"
HEART_RATE, HEART_RATE_MEASUREMENT = "180D", "2A37"

CLOCK_START_NS = 599_616_000 * 10**9
"""2019-01-01 in ns since 2000-01-01: what an H10 believes when it was never told the time."""


class PolarTwin(Twin):
    """What both have in common.

    bonding : the control point wants an encrypted link, as some were seen to; without, it answers anybody

    The stream starts by command and outlives the link, as the real one does; the subscriptions do not. One client at a
    time: the radio takes no second.
    """

    default_clock_error: ClassVar[float] = 2e-5
    model: ClassVar[str]

    def __init__(self, air: Air, play: Play, *, bonding: bool = False, **options: Any) -> None:
        super().__init__(air, play, **options)
        self.control = self.make_control()
        self._data = self.notifying(PMD_DATA, self._subscribed)
        permissions = Characteristic.READABLE | Characteristic.WRITEABLE
        if bonding:
            permissions |= Characteristic.READ_REQUIRES_ENCRYPTION | Characteristic.WRITE_REQUIRES_ENCRYPTION
        kinds = Characteristic.Properties
        self._point = Characteristic[bytes](
            PMD_CONTROL,
            kinds.READ | kinds.WRITE | kinds.INDICATE,
            permissions,
            CharacteristicValue[bytes](read=lambda _: self.control.read(), write=self._command),
        )
        self._indications: set[asyncio.Task[None]] = set()

    @abstractmethod
    def make_control(self) -> ControlPoint:
        """The control point as it is after switching on."""

    @property
    def stream(self) -> Characteristic[bytes]:
        """PMD data."""
        return self._data

    def services(self) -> list[Service]:
        """Heart rate (silent here), PMD, battery, device information."""
        return [
            Service(HEART_RATE, [self.notifying(HEART_RATE_MEASUREMENT)]),
            Service(PMD_SERVICE, [self._point, self._data]),
            self.battery_service(),
            self.information_service(maker="Polar Electro Oy", model=self.model, serial=self.name[-8:]),
        ]

    def advertisement(self) -> tuple[Structures, Structures]:
        """Heart rate; the PMD service is not in it."""
        return [(AdvertisingData.Type.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, bytes.fromhex("0d18"))], []

    @property
    def rate_hz(self) -> float:
        """The chosen rate, else the first on offer."""
        return float((self.control.running or {}).get(RATE, self.control.offer[RATE][0]))

    @property
    def range_g(self) -> float:
        """The chosen range, else the widest on offer."""
        return float((self.control.running or {}).get(RANGE, self.control.offer[RANGE][-1]))

    def time_ns(self, t_s: float) -> int:
        """What its clock shows at stream time t_s."""
        return CLOCK_START_NS + round(self.device_time_s(t_s) * 1e9)

    def power_on(self, now_s: float) -> None:
        """A reboot stops the stream."""
        del now_s
        self.control.running, self.control.listening = None, False

    def disconnected(self, connection: Connection) -> None:
        """Nobody listens any more; the stream runs on and drains the cell."""
        super().disconnected(connection)
        self.control.listening = False
        self._forget_indications()

    async def stop(self) -> None:
        """Switch the sensor off for good."""
        self._forget_indications()
        await super().stop()

    def _subscribed(self, connection: Connection, on: bool) -> None:
        self.control.listening = on
        if on and self.control.running is not None:
            self.begin(connection)
        elif not on:
            self.cease()

    def _command(self, connection: Connection, command: bytes) -> None:
        was_running = self.control.running is not None
        reply = self.control.write(command)
        if self.control.running is not None and not was_running:
            self.rate_changed()
            self.begin(connection)
        elif was_running and self.control.running is None:
            self.cease()
        assert self._device is not None
        self._in_task(self._device.indicate_subscriber(connection, self._point, reply))

    def _in_task(self, indication: Coroutine[Any, Any, None]) -> None:
        """After the acknowledgement of the write, and until the link ends: bumble waits for a confirmation."""
        task = asyncio.get_running_loop().create_task(indication)
        self._indications.add(task)
        task.add_done_callback(self._indications.discard)

    def _forget_indications(self) -> None:
        for task in tuple(self._indications):
            task.cancel()


class PolarH10Twin(PolarTwin):
    """Raw frames of 36 samples. They come 1.84 % faster than asked, also by its own clock (captured at 50 Hz)."""

    default_name: ClassVar[str] = "Polar H10 7E0010A1"
    default_address: ClassVar[str] = "E0:9E:1A:7E:10:A1"
    model: ClassVar[str] = "H10"
    fast: ClassVar[float] = 0.0184
    frame_samples: ClassVar[int] = 36

    def make_control(self) -> ControlPoint:
        """ECG and acceleration; no kind 4: channels are refused."""
        offer = {RATE: (25, 50, 100, 200), RESOLUTION: (16,), RANGE: (2, 4, 8)}
        return ControlPoint(b"\x05", offer, b"\x01")

    @property
    def real_rate_hz(self) -> float:
        """Hz of true time."""
        return self.rate_hz * (1.0 + self.fast) * (1.0 + self.clock_error)

    def group(self, room: int) -> int:
        """36; fewer only where the link cannot carry them (the real one asks for an MTU of 232)."""
        return min(self.frame_samples, (room - HEADER_BYTES) // RAW_SAMPLE_BYTES)

    def encode(self, first_index: int, t_s: Floats, acc_g: Floats, gyr_dps: Floats) -> list[Out]:
        """One frame of type 01."""
        del first_index, gyr_dps
        frame = raw_frame(counts_mg(acc_g, self.range_g), self.time_ns(float(t_s[-1])))
        return [Out(self.stream, frame, len(acc_g))]


class PolarSenseTwin(PolarTwin):
    """Delta frames of 57 samples, cut in halves where they do not fit. 52 Hz, 8 g, no SDK mode."""

    default_name: ClassVar[str] = "Polar Sense 7E0010A2"
    default_address: ClassVar[str] = "E4:AC:AC:7E:10:A2"
    model: ClassVar[str] = "Verity Sense"
    frame_samples: ClassVar[int] = 57

    def make_control(self) -> ControlPoint:
        """PPG, acceleration, PP interval, gyroscope, magnetometer; channels are wanted."""
        return ControlPoint(b"\x6e", {RATE: (52,), RESOLUTION: (16,), RANGE: (8,), CHANNELS: (3,)})

    def group(self, room: int) -> int:
        """Always the same; `encode` sees to the room."""
        del room
        return self.frame_samples

    def encode(self, first_index: int, t_s: Floats, acc_g: Floats, gyr_dps: Floats) -> list[Out]:
        """One frame of type 81, or more."""
        del first_index, gyr_dps
        assert self._listener is not None
        ends_ns = [self.time_ns(each) for each in t_s.tolist()]
        frames = delta_frames(counts_mg(acc_g, self.range_g), ends_ns, self.room(self._listener))
        return [Out(self.stream, frame, samples) for samples, frame in frames]
