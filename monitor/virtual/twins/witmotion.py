"""A virtual WitMotion WT901BLE: its GATT table, its frames, its commands, its clock that runs slow."""

# bumble annotates its event emitters only in part.
# pyright: reportUnknownMemberType=false

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from bumble import att
from bumble.core import AdvertisingData
from bumble.device import Connection, Device
from bumble.gatt import Characteristic, CharacteristicValue, Service
from numpy.typing import NDArray

from monitor.stream import Floats
from monitor.virtual import radio
from monitor.virtual.air import Air
from monitor.virtual.clock import Clock, WearerClock
from monitor.virtual.twins.faults import Faults, FaultyLine
from monitor.virtual.twins.schedule import Schedule
from monitor.virtual.twins.witmotion_registers import FRAME_BYTES, Registers, encode_frames

SERVICE = "0000ffe5-0000-1000-8000-00805f9a34fb"
NOTIFY = "0000ffe4-0000-1000-8000-00805f9a34fb"
WRITE = "0000ffe9-0000-1000-8000-00805f9a34fb"

REAL_RATES_HZ: Mapping[float, float] = MappingProxyType({10: 10.05, 20: 19.86, 50: 49.45, 100: 99.26, 200: 198.43})
"""Asked rate -> measured rate, Hz (facts on the WT901BLE67)."""
FRAMES_PER_NOTIFICATION: Mapping[float, int] = MappingProxyType({10: 1, 20: 1, 50: 2, 100: 4, 200: 8})

Play: TypeAlias = Callable[[Floats], tuple[Floats, Floats]]
"""Sample times (N,) in s since the stream first started -> acc_g (N, 3), gyr_dps (N, 3).

Fewer rows than times, or StopIteration, say that the recording has ended.
"""

_NOTIFICATIONS_PER_S = 200.0  # real ones; beyond, time-lapse packs more frames into each
_REPLY_WAIT_S = 0.02  # how long a register reply waits for a notification to travel with
_BURST_FRAMES = 1000  # at most so many at once, so that a late loop stays responsive


@dataclass(frozen=True, slots=True)
class Sent:
    """One notification that went out.

    at_s        : when, by the twin's clock
    payload     : its bytes
    first_index : number of the first frame that begins in it, counted since the stream first started, sent or not
    frames      : how many frames begin in it; 0 for replies and garbage
    first_t_s   : true time of that first frame, s since the stream first started
    period_s    : true time from frame to frame, s
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


class WitMotionTwin:
    """The sensor on an Air, playing what `play` gives.

    clock, speed   : the wearer's time in s, and how much of it passes in a real second
    clock_error    : None for the measured real rates, else real = nominal * (1 + clock_error)
    battery_v      : voltage at the start; it falls slowly with the wearer's time
    faults         : change at run time

    The stream first starts when notifications are first enabled; that is t = 0 of `play`. From then on the sensor's
    clock and the content go on, whether or not anyone listens. A setting that was not saved is lost in a reboot;
    saving needs an unlock within the 10 s before, as the vendor's own sequence has it. What the sensor does in
    conversation (unlocked for 10 s, busy for 0.3 s) takes real seconds, also in time-lapse: the host waits for real.
    """

    def __init__(
        self,
        air: Air,
        play: Play,
        *,
        clock: Clock | None = None,
        speed: float = 1.0,
        name: str = "WT901BLE67",
        address: str = "DC:2B:7E:00:00:67",
        clock_error: float | None = None,
        battery_v: float = 4.02,
        seed: int = 0,
        mtu_bytes: int = radio.MTU_BYTES,
    ) -> None:
        self.air = air
        self.name = name
        self.address = address
        self.speed = speed
        self.faults = Faults()
        self.sent: deque[Sent] = deque(maxlen=20_000)
        self.ended = asyncio.Event()
        self.registers = Registers(battery_v)
        self._play = play
        self._clock = clock if clock is not None else WearerClock(speed)
        self._clock_error = clock_error
        self._mtu_bytes = mtu_bytes
        self._line = FaultyLine(self.faults, seed)
        self._device: Device | None = None
        self._listener: Connection | None = None
        self._schedule: Schedule | None = None
        self._origin_s = 0.0
        self._replies: list[tuple[float, bytes]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._returning: asyncio.TimerHandle | None = None
        self._notify = Characteristic[bytes](NOTIFY, Characteristic.Properties.NOTIFY, Characteristic.READABLE)
        self._notify.on(Characteristic.EVENT_SUBSCRIPTION, self._subscribed)

    # ------------------------------------------------------------ what a test or a demo calls

    async def start(self) -> None:
        """Switch the sensor on: it advertises."""
        write = Characteristic.Properties.WRITE | Characteristic.Properties.WRITE_WITHOUT_RESPONSE
        commands = Characteristic[bytes](
            WRITE, write, Characteristic.WRITEABLE, CharacteristicValue[bytes](write=self._command)
        )
        service = Service(SERVICE, [self._notify, commands])
        self._device = await radio.open_peripheral(self.air, self.name, self.address, [service], self._mtu_bytes)
        self._device.on(Device.EVENT_CONNECTION, self._connected)
        self.registers.power_on(self._clock())
        uuids = (AdvertisingData.Type.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, service.uuid.to_pdu_bytes())
        await radio.advertise(self._device, self.name, [uuids])

    async def stop(self) -> None:
        """Switch the sensor off for good."""
        for handle in (self._timer, self._returning):
            if handle is not None:
                handle.cancel()
        self._timer = self._returning = self._listener = None
        if self._device is not None:
            device, self._device = self._device, None
            await radio.close(self.air, device)

    def reboot(self, after_s: float = 1.0) -> None:
        """Lose the link and every unsaved setting; come back after_s seconds of the wearer's time later."""
        self.air.drop(self.name)
        self.air.out_of_range(self.name)
        self._unsubscribe()
        if self._returning is not None:
            self._returning.cancel()
        loop = asyncio.get_running_loop()
        self._returning = loop.call_later(after_s / self.speed, self._return_from_reboot)

    @property
    def streaming(self) -> bool:
        """Whether someone has enabled notifications and the recording has not ended."""
        return self._listener is not None and not self.ended.is_set()

    @property
    def rate_hz(self) -> float:
        """The rate the sensor believes it has, Hz."""
        return self.registers.rate_hz

    @property
    def real_rate_hz(self) -> float:
        """The rate it really has, Hz of true time."""
        nominal_hz = self.registers.rate_hz
        if self._clock_error is not None:
            return nominal_hz * (1.0 + self._clock_error)
        return REAL_RATES_HZ.get(nominal_hz, nominal_hz)

    def stream_time_s(self, clock_s: float) -> float:
        """A time of the twin's clock -> s since the stream first started."""
        return clock_s - self._origin_s

    # ------------------------------------------------------------ the link

    def _connected(self, connection: Connection) -> None:
        def gone(_reason: int) -> None:
            if self._listener is connection:
                self._unsubscribe()

        connection.on(Connection.EVENT_DISCONNECTION, gone)

    def _subscribed(self, connection: Connection, notify: bool, _indicate: bool) -> None:
        if not notify:
            self._unsubscribe()
            return
        now_s = self._clock()
        if self._schedule is None:
            self._origin_s = now_s
            self._schedule = Schedule(self.real_rate_hz)
        else:
            self._skip(self._schedule, now_s)
        self._listener = connection
        self._arm()

    def _unsubscribe(self) -> None:
        self._listener = None
        self._replies.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _return_from_reboot(self) -> None:
        self._returning = None
        self.registers.power_on(self._clock())
        self._rate_changed()
        self.air.back(self.name)

    def _command(self, _connection: Connection, command: bytes) -> None:
        now_s = self._clock()
        rate_hz = self.registers.rate_hz
        reply = self.registers.execute(command, now_s, asyncio.get_running_loop().time())
        if self.registers.rate_hz != rate_hz:
            self._rate_changed()
        if reply is not None and self._listener is not None:
            self._replies.append((now_s + _REPLY_WAIT_S * self.speed, reply))
        self._arm()

    def _rate_changed(self) -> None:
        if self._schedule is None:
            return
        now_s = self._clock()
        if self._listener is not None and not self.faults.silence and not self.ended.is_set():
            # What was taken at the old rate still goes out, in a notification that may be short.
            due = min(self._schedule.due(self.stream_time_s(now_s)), _BURST_FRAMES)
            self._send_frames(self._listener, self._schedule, due, self._group(self._listener))
        self._schedule.change_rate(self.real_rate_hz, self.stream_time_s(now_s))

    # ------------------------------------------------------------ the stream

    def _group(self, connection: Connection) -> int:
        """Frames in a notification: the sensor's habit, more in time-lapse, never more than fit."""
        habit = FRAMES_PER_NOTIFICATION.get(self.registers.rate_hz, 1)
        wanted = round(self.real_rate_hz * self.speed / _NOTIFICATIONS_PER_S)
        return max(1, min(max(habit, wanted), self._room(connection) // FRAME_BYTES))

    @staticmethod
    def _room(connection: Connection) -> int:
        return connection.att_mtu - 3

    def _arm(self) -> None:
        """Wake when the next notification is complete or a reply has waited long enough."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._listener is None or self._schedule is None:
            return
        wake_s = [due_s for due_s, _ in self._replies[:1]]
        if not self.ended.is_set():
            last = self._schedule.next_index + self._group(self._listener) - 1
            wake_s.append(self._origin_s + self._schedule.time_of(last))
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
            self._replies.clear()
        else:
            group = self._group(listener)
            due = min(schedule.due(self.stream_time_s(now_s)), max(_BURST_FRAMES, group)) // group * group
            if due and not self.ended.is_set():
                self._send_frames(listener, schedule, due, group)
            if self._replies and self._replies[0][0] <= now_s:
                self._send_replies(listener)
        self._arm()

    def _skip(self, schedule: Schedule, now_s: float) -> None:
        schedule.take(schedule.due(self.stream_time_s(now_s)))

    def _send_frames(self, listener: Connection, schedule: Schedule, due: int, group: int) -> None:
        first = schedule.next_index
        t_s = np.array([schedule.time_of(index) for index in range(first, first + due)])
        try:
            acc_g, gyr_dps = self._play(t_s)
        except StopIteration:
            acc_g = gyr_dps = np.empty((0, 3))
        schedule.take(due)
        acc_g, gyr_dps = acc_g[:due], gyr_dps[:due]
        stream = encode_frames(acc_g, gyr_dps)
        for at in range(0, len(acc_g), group):
            payload = stream[at * FRAME_BYTES : (at + group) * FRAME_BYTES]
            # A reply travels with frames where there is room, after them.
            while self._replies and len(payload) + FRAME_BYTES <= self._room(listener):
                payload += self._replies.pop(0)[1]
            self._send(listener, payload, first + at, min(group, len(acc_g) - at), float(t_s[at]))
        if len(acc_g) < due:
            self.ended.set()

    def _send_replies(self, listener: Connection) -> None:
        schedule = self._schedule
        assert schedule is not None
        payload = b"".join(reply for _, reply in self._replies[: self._room(listener) // FRAME_BYTES])
        del self._replies[: len(payload) // FRAME_BYTES]
        self._send(listener, payload, schedule.next_index, 0, schedule.time_of(schedule.next_index))

    def _send(self, listener: Connection, payload: bytes, first_index: int, frames: int, first_t_s: float) -> None:
        assert self._schedule is not None
        period_s = 1.0 / self._schedule.rate_hz
        for part in self._line.parts(payload, self._room(listener)):
            begin = -(-part.start // FRAME_BYTES)
            count = max(min(-(-part.end // FRAME_BYTES), frames) - begin, 0)
            t_s = first_t_s + begin * period_s
            self.sent.append(Sent(self._clock(), part.payload, first_index + begin, count, t_s, period_s))
            # Straight to the bearer: the subscription is known, and bumble's detour formats each packet for its log.
            pdu = att.ATT_Handle_Value_Notification(attribute_handle=self._notify.handle, attribute_value=part.payload)
            listener.gatt_server.send_gatt_pdu(listener, bytes(pdu))


def still(t_s: Floats) -> tuple[Floats, Floats]:
    """A `play` for a sensor lying flat on a table: 1 g up, no rotation."""
    up: NDArray[np.float64] = np.tile([0.0, 0.0, 1.0], (len(t_s), 1))
    return up, np.zeros_like(up)
