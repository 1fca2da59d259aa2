"""The whole session with one sensor: every packet in its order and at its time, every loss told, every way back tried.

How a link is lost, and how that is noticed: the radio says so (out of range, switched off, rebooted); it is up but
nothing comes (SILENT_S); the computer slept (two clocks part, or a tick comes far too late); Bluetooth was switched off
(the radio says so, and connecting fails until it is on again). In each case all is set up anew: the subscription,
the rate, the decoder, the time base. Pauses between tries grow, but whenever the sensor is heard they end at once.
"""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Coroutine, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from bleak import BleakClient
from bleak.exc import BleakBluetoothNotAvailableError, BleakGATTProtocolError

from monitor.devices.driver import Command, Decoded, Decoder
from monitor.errors import SensorError
from monitor.signal.clockbase import ClockTimebase
from monitor.signal.timebase import ArrivalTimebase, round_t
from monitor.sources.ble.reach import GONE, MissingError, Reach, is_being_cancelled
from monitor.sources.ble.scan import Found, Sighting, as_found, is_wanted, listening, reason
from monitor.stream import BadPacket, Battery, Gap, Link, LinkState, Record, Samples, Temperature, Tick

if TYPE_CHECKING:
    from monitor.sources.ble import BleSource

CONNECT_S = 15.0  # BlueZ needs up to 10 s with a busy adapter
SET_UP_S = 30.0  # as long as Bluetooth gives a single request; no sensor's whole set-up takes that long
BATTERY_EVERY_S = 300.0  # it falls by a per cent in minutes at the fastest
BATTERY_FIRST_S = 1.0  # not at once: the answer would share its packet with the first samples of a slow link
TEMPERATURE_EVERY_S = 60.0  # a clip warms by some degrees in the first minutes on a body
TEMPERATURE_FIRST_S = 3.0  # the sensor answers one question at a time: never together with the battery's
BACK_OFF_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Pauses between tries to come back; the last one repeats. 0.5 s: most losses are over at once. 30 s: a try keeps the
radio busy, and whoever went to lunch is away for long; the sensor's advertisement ends a pause anyway."""
ADAPTER_OFF_S = 1.0  # pause where there is no Bluetooth to listen with: asking the system costs nothing
SILENT_S = 10.0  # connected, but no packet: longer than any sensor holds one back (H10 at 25 Hz: 1.44 s)
SLEPT_S = 3.0  # two clocks that part by so much in a second: the computer slept
STALLED_S = 20.0  # a tick so late, where no clock tells of sleep: nothing but sleep keeps a loop from turning so long
QUEUE_PACKETS = 8192  # 80 s at 100 packets a second: a longer stall is a fault, and shows as a gap


class SensorLink:
    """What one session keeps across losses of the link: the queue, the time bases, the session's clock.

    Everything that happens goes through one queue of (kind, moment, payload), so that records leave in the order of
    arrival.
    """

    def __init__(self, found: Found, source: "BleSource") -> None:
        self._found, self._source = found, source
        self._rate_hz = source.rate_hz or found.driver.default_rate_hz
        # Delays on the way are real seconds, also in time-lapse, where session seconds are shorter.
        real_hz = found.driver.real_rate_hz.get(self._rate_hz, self._rate_hz) * source.speed
        self._arrivals, self._clocked = ArrivalTimebase(real_hz), ClockTimebase(real_hz)
        self._decoder: Decoder | None = None
        self._queue: asyncio.Queue[tuple[str, float, bytes | str | Decoder]] = asyncio.Queue()
        self._reach: Reach | None = None
        self._up = False
        self._zero, self._awake_zero = source.clock(), source.awake()
        self._heard_s = self._tick_s = 0.0  # of the last packet, and of the last tick
        self._battery_due_s = self._temperature_due_s = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._fault: BaseException | None = None  # of a task of ours, to be raised where records are awaited

    async def records(self) -> AsyncGenerator[Record]:
        """Records until cancelled, or until the sensor has stayed away too long."""
        self._start(self._tick())
        self._start(self._come_back())
        yield Link(0.0, LinkState.SEARCHING, f"connecting to {self._found.name}")
        while True:
            kind, t_s, payload = await self._queue.get()
            match kind, payload:
                case "packet", bytes():
                    for record in self._decode(t_s, payload):
                        yield record
                case "tick", _:
                    for record in self._timed(self._clocked.flush(t_s / self._source.speed)):
                        yield record
                    yield Tick(t_s)
                    self._ask_now_and_then(t_s)
                case "battery", str():
                    yield Battery(t_s, int(payload))
                case "connected", _ if not isinstance(payload, bytes | str):
                    self._decoder = payload
                    self._battery_due_s = t_s + BATTERY_FIRST_S
                    self._temperature_due_s = t_s + TEMPERATURE_FIRST_S
                    yield Link(t_s, LinkState.CONNECTED, f"{self._rate_hz:g} Hz asked")
                case "lost", str():
                    for record in self._timed(self._clocked.drain()):
                        yield record
                    self._arrivals.reset(f"link lost: {payload}")
                    self._clocked.reset(f"link lost: {payload}")
                    self._start(self._come_back())
                    yield Link(t_s, LinkState.LOST, payload)
                case _:
                    raise self._fault or SensorError(str(payload))

    async def cue(self, kinds: tuple[str, ...]) -> bool:
        """Give the wearer a cue on the sensor, the first of these kinds that it has; False where that fails."""
        return self._up and self._reach is not None and await self._reach.cue(kinds)

    async def close(self) -> None:
        """Stop the stream, end the link and every task; never raises for a link that is gone."""
        was_up, self._up = self._up, False
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._hang_up(stop=was_up)

    # ------------------------------------------------------------ packets

    def _decode(self, t_s: float, payload: bytes) -> Iterator[Record]:
        if self._source.on_packet:
            self._source.on_packet(t_s + self._zero, payload)
        if self._decoder is None:
            return
        decoded = self._decoder.feed(payload)
        for why, piece in decoded.bad:
            yield BadPacket(t_s, why, piece.hex())
        if len(decoded.acc_g):
            for each in self._timed(self._place(t_s / self._source.speed, decoded)):
                yield each if not isinstance(each, str) else BadPacket(t_s, each, payload.hex())
        if decoded.battery_percent is not None:
            yield Battery(t_s, decoded.battery_percent)
        if decoded.deg_c is not None:
            yield Temperature(t_s, decoded.deg_c)

    def _place(self, arrival_s: float, decoded: Decoded) -> Iterator[Samples | Gap | str]:
        """Real seconds: the samples at their times, by the sensor's clock where it has one, else by their arrival."""
        if decoded.t_s is not None:
            if decoded.restarted:
                yield from self._clocked.drain()
                self._clocked.reset("the sensor's clock began anew")
            own_s = decoded.t_s / self._source.speed
            yield from self._clocked.push(arrival_s, Samples(own_s, decoded.acc_g, decoded.gyr_dps))
            return
        times, gap, _ = self._arrivals.push(arrival_s, len(decoded.acc_g))
        if gap:
            yield gap
        yield Samples(times, decoded.acc_g, decoded.gyr_dps)

    def _timed(self, real: Iterator[Samples | Gap | str]) -> Iterator[Any]:
        """From real seconds to the session's."""
        speed = self._source.speed
        for each in real:
            match each:
                case Samples():
                    yield replace(each, t_s=np.round(each.t_s * speed, 6))
                case Gap():
                    yield Gap(round_t(each.start_s * speed), round_t(each.end_s * speed), each.cause)
                case _:
                    yield each

    # ------------------------------------------------------------ tasks

    def _now_s(self) -> float:
        return round(self._source.clock() - self._zero, 6)

    def _put(self, kind: str, payload: bytes | str | Decoder = b"") -> None:
        self._queue.put_nowait((kind, self._now_s(), payload))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()):
            self._fault = fault
            self._put("failed")

    async def _tick(self) -> None:
        """One tick a session second, on the whole second; what it finds wrong with the link it tells."""
        while True:
            now = self._now_s()
            await asyncio.sleep((1.0 - now % 1.0) / self._source.speed)
            self._watch()
            if self._queue.qsize() < QUEUE_PACKETS:
                self._put("tick")

    def _watch(self) -> None:
        """Notice a computer that has slept and a sensor that is silent."""
        now_s, speed = self._now_s(), self._source.speed
        asleep_s = (now_s - self._tick_s - (self._source.awake() - self._awake_zero)) / speed
        late_s = (now_s - self._tick_s) / speed
        self._tick_s, self._awake_zero = now_s, self._source.awake()
        if asleep_s > SLEPT_S or late_s > STALLED_S:
            self._lose(f"the computer slept for {asleep_s if asleep_s > SLEPT_S else late_s:.0f} s")
        elif (now_s - self._heard_s) / speed > SILENT_S:
            self._lose(f"connected, but nothing came for {SILENT_S:g} s")

    def _ask_now_and_then(self, t_s: float) -> None:
        """Battery and temperature, each in its own time."""
        if not self._up:
            return
        driver = self._found.driver
        if t_s >= self._battery_due_s:
            self._battery_due_s = t_s + BATTERY_EVERY_S
            self._start(self._read_battery() if driver.battery else self._ask(driver.battery_request))
        elif t_s >= self._temperature_due_s:
            self._temperature_due_s = t_s + TEMPERATURE_EVERY_S
            self._start(self._ask(driver.temperature_request))

    async def _ask(self, request: Command | None) -> None:
        if request and self._reach:
            try:
                await self._reach.write(request)
            except GONE:
                return  # a lost link reports itself

    async def _read_battery(self) -> None:
        percent = await self._reach.battery_percent() if self._reach else None
        if percent is not None and self._up:
            self._put("battery", str(percent))

    async def _come_back(self) -> None:
        """Connect, and try again with growing pauses until it works or the sensor has been away too long."""
        away_since = self._now_s()
        forgotten = False
        await self._hang_up(stop=False)
        for pause_s in itertools.chain(BACK_OFF_S, itertools.repeat(BACK_OFF_S[-1])):
            try:
                decoder = await self._connect()
            except (MissingError, BleakGATTProtocolError) as error:
                # The sensor has other firmware than this computer remembers: make it look again, once.
                if forgotten and isinstance(error, SensorError):
                    self._put("failed", str(error))
                    return
                if self._reach and not forgotten:
                    await self._reach.forget()
                forgotten = True
                failure: BaseException = error
            except SensorError as error:
                self._put("failed", str(error))
                return
            except (*GONE, asyncio.CancelledError) as error:
                if is_being_cancelled():
                    raise
                failure = error
            else:
                self._heard_s = self._now_s()
                self._up = True
                self._put("connected", decoder)
                return
            await self._hang_up(stop=False)
            if self._now_s() - away_since >= self._source.give_up_s:
                self._put("failed", self._gave_up(failure))
                return
            await self._until_heard(min(pause_s, self._source.give_up_s / self._source.speed), failure)

    async def _until_heard(self, pause_s: float, failure: BaseException) -> None:
        """Wait, but no longer than until the sensor is heard; what is heard is the device to connect to."""
        if isinstance(failure, BleakBluetoothNotAvailableError):
            await asyncio.sleep(min(pause_s, ADAPTER_OFF_S))
            return
        heard = asyncio.Event()
        want = self._found.device.address

        def listen(sighting: Sighting) -> None:
            found = as_found(sighting)
            if found and (is_wanted(want, sighting) or sighting.name == self._found.name):
                self._found = replace(found, name=self._found.name)
                heard.set()

        try:
            async with asyncio.timeout(pause_s), listening(self._source.scan, listen):
                await heard.wait()
        except TimeoutError:
            return
        except SensorError:  # Bluetooth is off, or goes off meanwhile
            await asyncio.sleep(min(pause_s, ADAPTER_OFF_S))

    def _gave_up(self, error: BaseException) -> str:
        return (
            f"{self._found.name} went out of reach and did not come back ({reason(error)}); "
            "bring it near, charge it, and start again: what was recorded is kept."
        )

    async def _connect(self) -> Decoder:
        source, found = self._source, self._found
        patience_s = min(CONNECT_S, max(source.give_up_s / source.speed, 1.0))

        def ended(_: BleakClient) -> None:
            if reach is self._reach:
                self._lose("the sensor went out of reach or was switched off")

        client = BleakClient(found.device, disconnected_callback=ended, timeout=patience_s, **source.connect)
        self._reach = reach = Reach(found.driver, found.name, client, speed=source.speed, on_packet=self._on_packet)
        async with asyncio.timeout(patience_s + SET_UP_S):
            return await reach.open(self._rate_hz)

    def _on_packet(self, payload: bytes) -> None:
        # Before the link is up the sensor is not configured: samples would be at some other rate. A full queue means
        # that nobody reads; what is dropped shows as a gap in the sample times.
        self._heard_s = self._now_s()
        if self._up and self._queue.qsize() < QUEUE_PACKETS:
            self._put("packet", payload)

    def _lose(self, cause: str) -> None:
        if self._up:
            self._up = False
            self._put("lost", cause)

    async def _hang_up(self, *, stop: bool) -> None:
        reach, self._reach = self._reach, None
        if reach:
            await reach.close(stop=stop)
