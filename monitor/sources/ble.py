"""A sensor over Bluetooth: find, connect, subscribe, configure, stream, and come back after every loss.

The same code runs on real hardware (no backend argument: bleak picks the system's own) and on the software radio of
monitor.virtual (backend and radio are passed through to bleak).
"""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakError

from monitor.devices import find_driver, same_uuid
from monitor.devices.driver import Command, Driver
from monitor.errors import SensorError
from monitor.signal.timebase import ArrivalTimebase, round_t
from monitor.stream import BadPacket, Battery, Gap, Link, LinkState, Record, Samples, Temperature, Tick

SCAN_S = 20.0  # a sensor that sleeps between advertisements shows itself within a few seconds
CONNECT_S = 15.0  # BlueZ needs up to 10 s with a busy adapter
BATTERY_EVERY_S = 300.0
TEMPERATURE_EVERY_S = 60.0  # a clip warms by some degrees in the first minutes on a body
TEMPERATURE_FIRST_S = 3.0  # the sensor answers one question at a time: never together with the battery's
BATTERY_FIRST_S = 1.0  # not at once: the answer would share its packet with the first samples of a slow link
BACK_OFF_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # pause before each try to come back; the last one repeats
QUEUE_PACKETS = 8192  # 80 s at 100 packets a second: a longer stall is a fault, and shows as a gap


@dataclass(frozen=True, slots=True)
class Found:
    """A sensor that advertises and that a driver knows."""

    device: BLEDevice
    driver: Driver
    name: str
    rssi_dbm: int


@dataclass(slots=True)
class BleSource:
    """One session with one sensor.

    want       : name or address of the sensor; None takes the only known one in reach
    rate_hz    : asked rate; None takes the driver's default
    clock      : seconds that never go back; session time 0 is its value when the stream starts
    speed      : session seconds a real second (1.0 for hardware; the virtual sensor may run faster)
    give_up_s  : how long a lost sensor may stay away, in session seconds, before the session ends with an error
    scan, connect : keyword arguments handed to BleakScanner and BleakClient; empty for the system's own Bluetooth
    """

    want: str | None = None
    rate_hz: float | None = None
    clock: Callable[[], float] = time.monotonic
    speed: float = 1.0
    give_up_s: float = 600.0
    scan: Mapping[str, Any] = field(default_factory=dict[str, Any])
    connect: Mapping[str, Any] = field(default_factory=dict[str, Any])
    found: Found | None = None
    on_packet: Callable[[float, bytes], None] | None = None  # arrival (clock) and payload, for measurements

    async def find(self, timeout_s: float = SCAN_S) -> Found:
        """Scan until the wanted sensor shows itself.

        Raises SensorError when there is none, several, or no Bluetooth.
        """
        seen: dict[str, tuple[BLEDevice, AdvertisementData]] = {}
        chosen: asyncio.Future[Found] = asyncio.get_running_loop().create_future()

        def on_advertisement(device: BLEDevice, advertisement: AdvertisementData) -> None:
            seen[device.address] = (device, advertisement)
            if self.want and not chosen.done() and _is_wanted(self.want, device, advertisement):
                found = _known(device, advertisement)
                if found:
                    chosen.set_result(found)

        try:
            async with BleakScanner(on_advertisement, **self.scan):
                if self.want:
                    await asyncio.wait([chosen], timeout=timeout_s)
                else:
                    await self._settle(seen, timeout_s)
        except (BleakError, OSError) as error:
            raise bluetooth_error(error) from None
        self.found = chosen.result() if chosen.done() else self._choose(seen)
        return self.found

    @staticmethod
    async def _settle(seen: Mapping[str, tuple[BLEDevice, AdvertisementData]], timeout_s: float) -> None:
        """Wait for the first known sensor, and a little longer for a second one."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            await asyncio.sleep(0.05)
            if any(_known(*each) for each in list(seen.values())):
                await asyncio.sleep(min(1.0, max(end - time.monotonic(), 0.0)))
                return

    def _choose(self, seen: Mapping[str, tuple[BLEDevice, AdvertisementData]]) -> Found:
        if self.want:
            wanted = [each for each in seen.values() if _is_wanted(self.want, *each)]
            if wanted:
                raise SensorError(
                    f"{self.want} is in reach, but it is no sensor that sitwell knows; README lists those that work."
                )
            raise SensorError(
                f"{self.want} is not in reach: switch it on, bring it near, and close other apps that use it."
            )
        known = [found for each in seen.values() if (found := _known(*each))]
        if not known:
            raise SensorError("No known sensor is in reach: switch it on and bring it near, or try `sitwell demo`.")
        if len(known) > 1:
            names = ", ".join(sorted(f"{found.name} ({found.device.address})" for found in known))
            raise SensorError(f"Several sensors are in reach: choose one with --sensor NAME from {names}.")
        return known[0]

    async def records(self) -> AsyncGenerator[Record]:
        """Records until cancelled. Raises SensorError when the sensor stays away longer than give_up_s."""
        found = self.found or await self.find()
        if self.rate_hz and self.rate_hz not in found.driver.rates_hz:
            rates = ", ".join(f"{rate:g}" for rate in found.driver.rates_hz)
            raise SensorError(f"{found.name} cannot send {self.rate_hz:g} samples a second: choose from {rates}.")
        connection = Connection(found, self)
        try:
            async for record in connection.records():
                yield record
        finally:
            await connection.close()


class Connection:
    """What one session keeps across losses of the link: the queue, the time base, the session's clock.

    Everything that happens goes through one queue of (kind, moment, payload), so that records leave in the order of
    arrival.
    """

    def __init__(self, found: Found, source: BleSource) -> None:
        self._found, self._source = found, source
        driver = found.driver
        self._rate_hz = source.rate_hz or driver.default_rate_hz
        # Delays on the way are real seconds, also in time-lapse, where session seconds are shorter.
        self._timebase = ArrivalTimebase(driver.real_rate_hz.get(self._rate_hz, self._rate_hz) * source.speed)
        self._decoder = driver.decoder()
        self._queue: asyncio.Queue[tuple[str, float, bytes | str]] = asyncio.Queue()
        self._client: BleakClient | None = None
        self._up = False
        self._zero = source.clock()
        self._battery_due_s = self._temperature_due_s = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._fault: BaseException | None = None  # of a task of ours, to be raised where records are awaited

    async def records(self) -> AsyncGenerator[Record]:
        """Records until cancelled, or until the sensor has stayed away too long."""
        self._start(self._tick())
        self._start(self._reach())
        yield Link(0.0, LinkState.SEARCHING, f"connecting to {self._found.name}")
        while True:
            kind, t_s, payload = await self._queue.get()
            match kind, payload:
                case "packet", bytes():
                    for record in self._decode(t_s, payload):
                        yield record
                case "tick", _:
                    yield Tick(t_s)
                    if self._up and t_s >= self._battery_due_s:
                        self._battery_due_s = t_s + BATTERY_EVERY_S
                        self._start(self._ask(self._found.driver.battery_request))
                    elif self._up and t_s >= self._temperature_due_s:
                        self._temperature_due_s = t_s + TEMPERATURE_EVERY_S
                        self._start(self._ask(self._found.driver.temperature_request))
                case "connected", str():
                    self._battery_due_s = t_s + BATTERY_FIRST_S
                    self._temperature_due_s = t_s + TEMPERATURE_FIRST_S
                    yield Link(t_s, LinkState.CONNECTED, payload)
                case "lost", str():
                    self._decoder = self._found.driver.decoder()
                    self._timebase.reset()
                    self._start(self._reach())
                    yield Link(t_s, LinkState.LOST, payload)
                case _:
                    raise self._fault or SensorError(str(payload))

    async def close(self) -> None:
        """End the link and every task; never raises for a link that is gone."""
        self._up = False
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._hang_up()

    # ------------------------------------------------------------ packets

    def _decode(self, t_s: float, payload: bytes) -> Iterator[Record]:
        if self._source.on_packet:
            self._source.on_packet(t_s + self._zero, payload)
        decoded = self._decoder.feed(payload)
        for reason, piece in decoded.bad:
            yield BadPacket(t_s, reason, piece.hex())
        if len(decoded.acc_g):
            speed = self._source.speed
            times, gap, _ = self._timebase.push(t_s / speed, len(decoded.acc_g))
            if gap:
                yield Gap(round_t(gap.start_s * speed), round_t(gap.end_s * speed), gap.cause)
            yield Samples(np.round(times * speed, 6), decoded.acc_g, decoded.gyr_dps)
        if decoded.battery_percent is not None:
            yield Battery(t_s, decoded.battery_percent)
        if decoded.deg_c is not None:
            yield Temperature(t_s, decoded.deg_c)

    # ------------------------------------------------------------ tasks

    def _now_s(self) -> float:
        return round(self._source.clock() - self._zero, 6)

    def _put(self, kind: str, payload: bytes | str = b"") -> None:
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
        """One tick a session second, on the whole second."""
        while True:
            now = self._now_s()
            await asyncio.sleep((1.0 - now % 1.0) / self._source.speed)
            if self._queue.qsize() < QUEUE_PACKETS:
                self._put("tick")

    async def _reach(self) -> None:
        """Connect, and try again with growing pauses until it works or the sensor has been away too long."""
        away_since = self._now_s()
        pauses = itertools.chain(BACK_OFF_S, itertools.repeat(BACK_OFF_S[-1]))
        for pause_s in pauses:
            try:
                await self._connect()
            except SensorError as error:
                self._put("failed", str(error))
                return
            except (BleakError, OSError, TimeoutError, asyncio.CancelledError) as error:
                if _is_being_cancelled():
                    raise
                await self._hang_up()
                if self._now_s() - away_since >= self._source.give_up_s:
                    self._put("failed", self._gave_up(error))
                    return
            else:
                self._put("connected", f"{self._rate_hz:g} Hz asked")
                self._up = True
                return
            await asyncio.sleep(min(pause_s, self._source.give_up_s / self._source.speed))

    def _gave_up(self, error: BaseException) -> str:
        return (
            f"{self._found.name} went out of reach and did not come back ({_reason(error)}); "
            "bring it near, charge it, and start again: what was recorded is kept."
        )

    async def _connect(self) -> None:
        patience_s = min(CONNECT_S, max(self._source.give_up_s / self._source.speed, 1.0))
        client = BleakClient(
            self._found.device, disconnected_callback=self._on_lost, timeout=patience_s, **self._source.connect
        )
        self._client = client
        await client.connect()
        driver = self._found.driver
        notify = self._characteristic(client, driver.notify)
        await client.start_notify(notify, self._on_packet)
        for command in driver.start(self._rate_hz):
            await self._write(client, command)
        if not client.is_connected:
            raise BleakError("the link was lost while the sensor was being set up")

    def _characteristic(self, client: BleakClient, uuid: str) -> BleakGATTCharacteristic:
        for characteristic in client.services.characteristics.values():
            if same_uuid(characteristic.uuid, uuid):
                return characteristic
        raise SensorError(
            f"{self._found.name} looks like a {self._found.driver.name} sensor but does not speak like one "
            f"(characteristic {uuid[:8]} is missing); its firmware may be of another kind."
        )

    async def _write(self, client: BleakClient, command: Command) -> None:
        target = self._characteristic(client, command.characteristic)
        with_response = "write-without-response" not in target.properties
        await client.write_gatt_char(target, command.payload, response=with_response)
        await asyncio.sleep(command.pause_s / self._source.speed)

    async def _ask(self, request: Command | None) -> None:
        if request and self._client:
            with contextlib.suppress(BleakError, OSError, TimeoutError):  # a lost link reports itself
                await self._write(self._client, request)

    def _on_packet(self, _: BleakGATTCharacteristic, payload: bytearray) -> None:
        # Before the link is up the sensor is not configured: samples would be at some other rate. A full queue means
        # that nobody reads; what is dropped shows as a gap in the sample times.
        if self._up and self._queue.qsize() < QUEUE_PACKETS:
            self._put("packet", bytes(payload))

    def _on_lost(self, _: BleakClient) -> None:
        if self._up:
            self._up = False
            self._put("lost", "the sensor went out of reach or was switched off")

    async def _hang_up(self) -> None:
        client, self._client = self._client, None
        if client:
            with contextlib.suppress(BleakError, OSError, TimeoutError):
                await client.disconnect()


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _known(device: BLEDevice, advertisement: AdvertisementData) -> Found | None:
    name = advertisement.local_name or device.name or ""
    driver = find_driver(name, advertisement.service_uuids)
    return Found(device, driver, name or driver.name, advertisement.rssi) if driver else None


def _is_wanted(want: str, device: BLEDevice, advertisement: AdvertisementData) -> bool:
    names = (device.address, advertisement.local_name or "", device.name or "")
    return want.casefold() in {name.casefold() for name in names}


CURES = {
    BleakBluetoothNotAvailableReason.NO_BLUETOOTH: "This computer has no Bluetooth: plug in an adapter",
    BleakBluetoothNotAvailableReason.POWERED_OFF: "Bluetooth is off: switch it on",
    BleakBluetoothNotAvailableReason.DENIED_BY_USER: "This terminal may not use Bluetooth: allow it in the settings",
}


def bluetooth_error(error: BaseException) -> SensorError:
    """What is wrong with Bluetooth here, in one sentence that says what to do."""
    if isinstance(error, BleakBluetoothNotAvailableError):
        cure = CURES.get(error.reason, f"Bluetooth cannot be used here ({error}): check the system's settings")
    elif isinstance(error, OSError) or "ServiceUnknown" in str(error):
        cure = "The Bluetooth service of this system is not running: start it (bluetoothd on Linux)"
    else:
        cure = f"Bluetooth failed ({_reason(error)}): switch it off and on again"
    return SensorError(f"{cure}; `sitwell demo` works without it.")
