"""What all twins have in common: a sensor on an Air that plays a signal, by a clock of its own, with its moods."""

# bumble annotates its event emitters only in part.
# pyright: reportUnknownMemberType=false

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
from bumble import att
from bumble.core import UUID, AdvertisingData
from bumble.device import Connection, Device
from bumble.gatt import Characteristic, CharacteristicValue, Service
from numpy.typing import NDArray

from monitor.stream import Floats
from monitor.virtual import radio
from monitor.virtual.air import Air
from monitor.virtual.clock import Clock, WearerClock
from monitor.virtual.twins.faults import Faults, FaultyLine
from monitor.virtual.twins.schedule import Schedule

Play: TypeAlias = Callable[[Floats], tuple[Floats, Floats]]
"""Sample times (N,) in s since the stream first started -> acc_g (N, 3), gyr_dps (N, 3).

Fewer rows than times, or StopIteration, say that the recording has ended.
"""

Structures: TypeAlias = Sequence[tuple[int, bytes]]

BATTERY, BATTERY_LEVEL = "180F", "2A19"
_NOTIFICATIONS_PER_S = 200.0  # real ones; beyond, time-lapse packs more samples into each
_BURST_SAMPLES = 1000  # at most so many at once, so that a late loop stays responsive
_DRAIN_PERCENT_PER_H = 8.0


@dataclass(frozen=True, slots=True)
class Sent:
    """One notification of the stream that went out.

    at_s        : when, by the twin's clock
    payload     : its bytes
    first_index : number of the first sample that begins in it, counted since the stream first started, sent or not
    frames      : how many samples begin in it; 0 for replies and garbage
    first_t_s   : true time of that first sample, s since the stream first started
    period_s    : true time from sample to sample, s
    """

    at_s: float
    payload: bytes
    first_index: int
    frames: int
    first_t_s: float
    period_s: float

    @property
    def t_s(self) -> Floats:
        """True sample times (frames,), s since the stream first started."""
        return np.asarray(self.first_t_s + np.arange(self.frames) * self.period_s, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Out:
    """A notification to be sent: by which characteristic, its bytes, and how many samples begin in it."""

    characteristic: Characteristic[bytes]
    payload: bytes
    samples: int


class Twin(ABC):
    """The sensor on an Air, playing what `play` gives.

    clock, speed   : the wearer's time in s, and how much of it passes in a real second
    clock_error    : the sensor's clock runs fast by this part of the time; None for what is usual of the family
    battery        : charge at the start, %; it falls slowly with the wearer's time
    faults         : change at run time

    The stream first starts at the first `begin`; that is t = 0 of `play`. From then on the sensor's clock and the
    content go on, whether or not anyone listens. A subclass says what the sensor is (services, advertisement, rates,
    encoding) and calls `begin` and `cease` by the sensor's own rule.
    """

    default_name: ClassVar[str]
    default_address: ClassVar[str]
    default_clock_error: ClassVar[float] = 0.0
    frame_bytes: ClassVar[int] = 0
    """Length of a sample where a notification cut in two still holds whole ones; 0: one piece or nothing."""

    def __init__(
        self,
        air: Air,
        play: Play,
        *,
        clock: Clock | None = None,
        speed: float = 1.0,
        name: str | None = None,
        address: str | None = None,
        clock_error: float | None = None,
        battery: float = 90.0,
        seed: int = 0,
        mtu_bytes: int = radio.MTU_BYTES,
    ) -> None:
        self.air, self.speed = air, speed
        self.name = name if name is not None else self.default_name
        self.address = address if address is not None else self.default_address
        self.faults = Faults()
        self.sent: deque[Sent] = deque(maxlen=20_000)
        self.cues: list[tuple[str, bytes]] = []
        self.ended = asyncio.Event()
        self.origin_s = 0.0
        """When the stream first started, by the twin's clock."""
        self.clock_error = self.default_clock_error if clock_error is None else clock_error
        self._clock = clock if clock is not None else WearerClock(speed)
        self._play = play
        self._mtu_bytes = mtu_bytes
        self._battery, self._on_s = battery, self._clock()
        self._line = FaultyLine(self.faults, seed)
        self._kept_back: list[tuple[Out, int, float]] = []  # by the fault `reorder`
        self._counted = 0
        self._device: Device | None = None
        self._listener: Connection | None = None
        self._schedule: Schedule | None = None
        self._booted_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._returning: asyncio.TimerHandle | None = None

    # ------------------------------------------------------------ what a sensor says of itself

    @abstractmethod
    def services(self) -> list[Service]:
        """The GATT table, without the generic services; called once, at the start."""

    @abstractmethod
    def advertisement(self) -> tuple[Structures, Structures]:
        """AD structures (type, content) of the advertisement and of the scan response, without flags and name."""

    @property
    @abstractmethod
    def rate_hz(self) -> float:
        """The rate the sensor believes it has, Hz."""

    @property
    def real_rate_hz(self) -> float:
        """The rate it really has, Hz of true time."""
        return self.rate_hz * (1.0 + self.clock_error)

    @abstractmethod
    def group(self, room: int) -> int:
        """Samples in a notification, where `room` bytes fit into one."""

    @abstractmethod
    def encode(self, first_index: int, t_s: Floats, acc_g: Floats, gyr_dps: Floats) -> list[Out]:
        """The notifications of one group of samples, in order. t_s: true times (n,), s since the stream started."""

    def power_on(self, now_s: float) -> None:
        """Forget what a reboot forgets."""
        del now_s

    def disconnected(self, connection: Connection) -> None:
        """A link is gone; subscriptions go with it."""
        if self._listener is connection:
            self.cease()

    # ------------------------------------------------------------ what a test or a demo calls

    async def start(self) -> None:
        """Switch the sensor on: it advertises."""
        self._device = await radio.open_peripheral(self.air, self.name, self.address, self.services(), self._mtu_bytes)
        self._device.on(Device.EVENT_CONNECTION, self._connected)
        self._boot()
        structures, response = self.advertisement()
        await radio.advertise(self._device, self.name, structures, response)

    async def stop(self) -> None:
        """Switch the sensor off for good."""
        self.cease()
        if self._returning is not None:
            self._returning.cancel()
            self._returning = None
        if self._device is not None:
            device, self._device = self._device, None
            await radio.close(self.air, device)

    def reboot(self, after_s: float = 1.0) -> None:
        """Lose the link and every unsaved setting; come back after_s seconds of the wearer's time later."""
        self.air.drop(self.name)
        self.air.out_of_range(self.name)
        self.cease()
        if self._returning is not None:
            self._returning.cancel()
        loop = asyncio.get_running_loop()
        self._returning = loop.call_later(after_s / self.speed, self._return_from_reboot)

    def inject(self, payload: bytes) -> None:
        """Notify these bytes in the stream now, whatever they are; nothing without a listener."""
        if self._listener is not None:
            self.notify(self._listener, self.stream, payload)

    @property
    def streaming(self) -> bool:
        """Whether samples are being sent and the recording has not ended."""
        return self._listener is not None and not self.ended.is_set()

    @property
    def battery_percent(self) -> int:
        """The charge now, %."""
        used_h = (self._clock() - self._on_s) / 3600.0
        return max(round(self._battery - used_h * _DRAIN_PERCENT_PER_H), 0)

    def stream_time_s(self, clock_s: float) -> float:
        """A time of the twin's clock -> s since the stream first started."""
        return clock_s - self.origin_s

    def device_time_s(self, t_s: float) -> float:
        """What the sensor's own clock shows at stream time t_s, s since it was switched on."""
        return (t_s + self.origin_s - self._booted_s) * (1.0 + self.clock_error)

    # ------------------------------------------------------------ what a subclass calls

    @property
    @abstractmethod
    def stream(self) -> Characteristic[bytes]:
        """The characteristic that streams."""

    def begin(self, connection: Connection) -> None:
        """Send samples to this connection from now on."""
        now_s = self._clock()
        if self._schedule is None:
            self.origin_s = now_s
            self._schedule = Schedule(self.real_rate_hz)
        else:
            self._skip(self._schedule, now_s)
        self._listener = connection
        self.arm()

    def follow(self, connection: Connection, on: bool) -> None:
        """Stream while this connection is subscribed: the rule of most sensors, to be given to `notifying`."""
        if on:
            self.begin(connection)
        else:
            self.cease()

    def cease(self) -> None:
        """Send no more; the sensor's clock and the content go on."""
        self._listener = None
        self._kept_back.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def rate_changed(self) -> None:
        """From now on samples are taken at the new real_rate_hz; those taken at the old one still go out."""
        if self._schedule is None:
            return
        now_s = self._clock()
        if self._listener is not None and not self.faults.silence and not self.ended.is_set():
            due = min(self._schedule.due(self.stream_time_s(now_s)), _BURST_SAMPLES)
            self._send_samples(self._listener, self._schedule, due, self._group(self._listener))
            self._release(self._listener)
        self._schedule.change_rate(self.real_rate_hz, self.stream_time_s(now_s))
        self.arm()

    def notify(self, connection: Connection, characteristic: Characteristic[bytes], payload: bytes) -> None:
        """Straight to the bearer: the subscription is known, and bumble's detour formats each packet for its log."""
        pdu = att.ATT_Handle_Value_Notification(
            attribute_handle=characteristic.handle, attribute_value=payload[: self.room(connection)]
        )
        connection.gatt_server.send_gatt_pdu(connection, bytes(pdu))

    @staticmethod
    def room(connection: Connection) -> int:
        """Bytes that a notification to this connection can carry."""
        return connection.att_mtu - 3

    def battery_service(self) -> Service:
        """0x180F with the level that falls: to be read. It can be subscribed to, but tells nothing unasked."""
        level = Characteristic[bytes](
            BATTERY_LEVEL,
            Characteristic.Properties.READ | Characteristic.Properties.NOTIFY,
            Characteristic.READABLE,
            CharacteristicValue[bytes](read=lambda _: bytes((self.battery_percent,))),
        )
        return Service(BATTERY, [level])

    @staticmethod
    def information_service(**values: str) -> Service:
        """0x180A with what is given of: maker, model, serial, firmware, hardware."""
        uuids = {"maker": "2A29", "model": "2A24", "serial": "2A25", "firmware": "2A26", "hardware": "2A27"}
        characteristics = [
            Characteristic[bytes](uuids[what], Characteristic.Properties.READ, Characteristic.READABLE, value.encode())
            for what, value in values.items()
        ]
        return Service("180A", characteristics)

    def writeable(
        self,
        uuid: str,
        handler: Callable[[Connection, bytes], None],
        *,
        read: Callable[[Connection], bytes] | None = None,
        without_response: bool = True,
    ) -> Characteristic[bytes]:
        """A characteristic to be written, and read where `read` is given. The handler may raise att.ATT_Error."""
        properties = Characteristic.Properties.WRITE
        permissions = Characteristic.WRITEABLE
        if without_response:
            properties |= Characteristic.Properties.WRITE_WITHOUT_RESPONSE
        if read is not None:
            properties |= Characteristic.Properties.READ
            permissions |= Characteristic.READABLE
        value = CharacteristicValue[bytes](read=read, write=handler)
        return Characteristic[bytes](uuid, properties, permissions, value)

    def notifying(
        self,
        uuid: str,
        subscribed: Callable[[Connection, bool], None] | None = None,
        *,
        read: Callable[[Connection], bytes] | None = None,
    ) -> Characteristic[bytes]:
        """A characteristic that notifies, and can be read where `read` is given.

        subscribed : is told who switches it on or off
        """
        kind, value = Characteristic.Properties.NOTIFY, b""
        if read is not None:
            kind, value = kind | Characteristic.Properties.READ, CharacteristicValue[bytes](read=read)
        characteristic = Characteristic[bytes](uuid, kind, Characteristic.READABLE, value)
        if subscribed is not None:

            def changed(connection: Connection, notify: bool, _indicate: bool) -> None:
                subscribed(connection, notify)

            characteristic.on(Characteristic.EVENT_SUBSCRIPTION, changed)
        return characteristic

    @staticmethod
    def advertised(service: str) -> Structures:
        """The AD structure that names a service by its 128-bit UUID."""
        kind = AdvertisingData.Type.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS
        return [(kind, UUID(service).to_pdu_bytes())]

    def note_cue(self, kind: str, payload: bytes) -> None:
        """A cue was asked of the sensor."""
        self.cues.append((kind, bytes(payload)))

    # ------------------------------------------------------------ hooks for replies that travel in the stream

    def waiting_until_s(self) -> list[float]:
        """When, by the twin's clock, something beside samples is due; none of it by default."""
        return []

    def send_waiting(self, listener: Connection, now_s: float) -> None:
        """Send what is due beside samples."""
        del listener, now_s

    def ride_along(self, payload: bytes, room: int) -> bytes:
        """The payload of a notification with what may travel in it, after its samples."""
        del room
        return payload

    # ------------------------------------------------------------ the link

    def _connected(self, connection: Connection) -> None:
        def gone(_reason: int) -> None:
            self.disconnected(connection)

        connection.on(Connection.EVENT_DISCONNECTION, gone)

    def _boot(self) -> None:
        self._booted_s = self._clock()
        self.power_on(self._booted_s)

    def _return_from_reboot(self) -> None:
        self._returning = None
        self._boot()
        self.rate_changed()
        self.air.back(self.name)

    # ------------------------------------------------------------ the stream

    def _group(self, listener: Connection) -> int:
        """Samples in a notification: the sensor's habit, more in time-lapse where they fit."""
        room = self.room(listener)
        habit = max(self.group(room), 1)
        if not self.frame_bytes:
            return habit
        wanted = round(self.real_rate_hz * self.speed / _NOTIFICATIONS_PER_S)
        return max(1, min(max(habit, wanted), room // self.frame_bytes))

    def arm(self) -> None:
        """Wake when the next notification is complete or something else is due."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._listener is None or self._schedule is None:
            return
        wake_s = self.waiting_until_s()
        if not self.ended.is_set():
            last = self._schedule.next_index + self._group(self._listener) - 1
            wake_s = [*wake_s, self.origin_s + self._schedule.time_of(last)]
        if wake_s:
            delay_s = (min(wake_s) - self._clock()) / self.speed
            self._timer = asyncio.get_running_loop().call_later(max(delay_s, 0.0), self._wake)

    def _wake(self) -> None:
        self._timer = None
        listener, schedule = self._listener, self._schedule
        if listener is None or schedule is None:
            return
        now_s = self._clock()
        if self.faults.silence:
            self._skip(schedule, now_s)
        else:
            group = self._group(listener)
            due = min(schedule.due(self.stream_time_s(now_s)), max(_BURST_SAMPLES, group)) // group * group
            if due and not self.ended.is_set():
                self._send_samples(listener, schedule, due, group)
        self.send_waiting(listener, now_s)
        self.arm()

    def _skip(self, schedule: Schedule, now_s: float) -> None:
        schedule.take(schedule.due(self.stream_time_s(now_s)))

    def _send_samples(self, listener: Connection, schedule: Schedule, due: int, group: int) -> None:
        first = schedule.next_index
        t_s: NDArray[np.float64] = np.array([schedule.time_of(index) for index in range(first, first + due)])
        try:
            acc_g, gyr_dps = self._play(t_s)
        except StopIteration:
            acc_g = gyr_dps = np.empty((0, 3))
        schedule.take(due)
        acc_g, gyr_dps = acc_g[:due], gyr_dps[:due]
        for at in range(0, len(acc_g), group):
            part = slice(at, min(at + group, len(acc_g)))
            begin = at
            for out in self.encode(first + at, t_s[part], acc_g[part], gyr_dps[part]):
                self._send(listener, out, first + begin, float(t_s[min(begin, part.stop - 1)]))
                begin += out.samples  # the next one begins where this one ends
        if len(acc_g) < due:
            self._release(listener)  # nothing follows any more
            self.ended.set()

    def _send(self, listener: Connection, out: Out, first_index: int, first_t_s: float) -> None:
        """One notification, as the faults will have it."""
        faults = self.faults
        self._counted += 1
        hit = self._counted % max(faults.every, 1) == 0
        if faults.drop and hit:
            return
        if faults.reorder and hit and not self._kept_back:
            self._kept_back.append((out, first_index, first_t_s))
            return
        self._put(listener, out, first_index, first_t_s)
        self._release(listener)

    def _release(self, listener: Connection) -> None:
        """Send what was kept back, while the rate it was taken at still holds."""
        kept, self._kept_back = self._kept_back, []
        for out, index, t_s in kept:
            self._put(listener, out, index, t_s)

    def send_beside(self, listener: Connection, payload: bytes) -> None:
        """Notify in the stream what holds no samples."""
        assert self._schedule is not None
        index = self._schedule.next_index
        self._put(listener, Out(self.stream, payload, 0), index, self._schedule.time_of(index))

    def _put(self, listener: Connection, out: Out, first_index: int, first_t_s: float) -> None:
        """On the air: in parts, with what rides along, and noted in `sent`."""
        assert self._schedule is not None
        period_s, room = 1.0 / self._schedule.rate_hz, self.room(listener)
        payload = self.ride_along(out.payload, room) if out.characteristic is self.stream else out.payload
        for part in self._line.parts(payload, room):
            if self.frame_bytes:
                begin = -(-part.start // self.frame_bytes)
                count = max(min(-(-part.end // self.frame_bytes), out.samples) - begin, 0)
            else:
                begin, count = 0, out.samples if part.end - part.start == len(payload) else 0
            t_s = first_t_s + begin * period_s
            self.sent.append(Sent(self._clock(), part.payload, first_index + begin, count, t_s, period_s))
            self.notify(listener, out.characteristic, part.payload)


def still(t_s: Floats) -> tuple[Floats, Floats]:
    """A `play` for a sensor lying flat on a table: 1 g up, no rotation."""
    up: NDArray[np.float64] = np.tile([0.0, 0.0, 1.0], (len(t_s), 1))
    return up, np.zeros_like(up)
