"""One connection to one sensor: opened, set up by its driver's own steps, asked, cued, hung up."""

import asyncio
import contextlib
import sys
from collections.abc import Callable
from dataclasses import dataclass

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.exc import BleakDBusError, BleakError, BleakGATTProtocolError

from monitor.devices import same_uuid
from monitor.devices.driver import Ask, Command, Decoder, Driver, Read, Step, Subscribe
from monitor.errors import SensorError

ANSWER_S = 2.0  # a sensor answers within a few connection intervals, 50 ms each at worst
GOODBYE_S = 2.0  # the stream is to be stopped, but a sensor that is gone must not hold up the end
HANG_UP_S = 15.0  # bleak gives the system 10 s; a Bluetooth service that hangs never answers
WANTS_PAIRING = {0x05, 0x08, 0x0C, 0x0F}  # ATT: insufficient authentication, authorisation, key size, encryption
NOT_PAIRED = ("org.bluez.Error.NotPermitted", "Not paired")  # what BlueZ makes of three of them
GONE = (BleakError, OSError, TimeoutError, EOFError)
"""What a radio raises for a sensor that does not answer. EOFError: bleak's connection to BlueZ ends with the link's."""


class MissingError(SensorError):
    """The sensor lacks what its family has: another firmware, or this computer remembers an old list of services."""


@dataclass(slots=True)
class _Question:
    characteristic: str
    begins: bytes
    answer: asyncio.Future[bytes]


class Reach:
    """The connection, by a client that is not connected yet. on_packet: each notification of the stream."""

    def __init__(
        self, driver: Driver, name: str, client: BleakClient, *, speed: float, on_packet: Callable[[bytes], object]
    ) -> None:
        self._driver, self._name, self._client = driver, name, client
        self._speed, self._on_packet = speed, on_packet
        self._questions: list[_Question] = []
        self._subscribed: set[int] = set()

    async def open(self, rate_hz: float) -> Decoder:
        """Connect, pair where the sensor wants it, and start the stream.

        Raises MissingError, SensorError for a sensor that cannot serve, and what the radio raises.
        """
        await self._client.connect()
        if self._driver.pairs and sys.platform == "win32":  # elsewhere the system, or the refusal below, sees to it
            await self._client.pair()
        try:
            decoder = await self.set_up(rate_hz)
        except BleakError as error:
            if not wants_pairing(error):
                raise
            await self._client.pair()
            decoder = await self.set_up(rate_hz)
        if not self._client.is_connected:
            raise BleakError("the link was lost while the sensor was being set up")
        return decoder

    async def forget(self) -> None:
        """Make the system forget what it remembers of the sensor: its services, and the bond."""
        with contextlib.suppress(*GONE, NotImplementedError):
            await self._client.unpair()

    async def close(self, *, stop: bool) -> None:
        """Hang up, after the driver's `stop` if the link is still up; never raises."""
        with contextlib.suppress(*GONE, SensorError):
            if stop and self._client.is_connected:
                async with asyncio.timeout(GOODBYE_S):
                    for command in self._driver.stop:
                        await self.write(command)
        try:
            async with asyncio.timeout(HANG_UP_S):
                await self._client.disconnect()
        except GONE:
            return
        except asyncio.CancelledError:  # of a call that waits on a connection to BlueZ that ends
            if is_being_cancelled():
                raise

    async def write(self, command: Command) -> None:
        """Write, in the way that the characteristic allows, and pause."""
        target = self._characteristic(command.characteristic)
        response = command.response or "write-without-response" not in target.properties
        await self._client.write_gatt_char(target, command.payload, response=response and "write" in target.properties)
        if command.pause_s:
            await asyncio.sleep(command.pause_s / self._speed)

    async def battery_percent(self) -> int | None:
        """The charge that the sensor's battery characteristic tells; None where it tells none."""
        try:
            value = await self._client.read_gatt_char(self._characteristic(self._driver.battery))
        except (*GONE, SensorError):  # a lost link reports itself; some systems keep the battery service to themselves
            return None
        return value[0] if len(value) and value[0] <= 100 else None

    async def cue(self, kinds: tuple[str, ...]) -> bool:
        """Give the first of these cues that the sensor has; False where it has none or did not take it."""
        for kind in kinds:
            commands = self._driver.cues.get(kind)
            if commands:
                with contextlib.suppress(*GONE, SensorError):
                    for command in commands:
                        await self.write(command)
                    return True
        return False

    # ------------------------------------------------------------ setting up

    async def set_up(self, rate_hz: float) -> Decoder:
        """Do the driver's steps on an open link; the decoder of the stream that they start."""
        steps = self._driver.setup(rate_hz)
        brought = b""
        try:
            step = next(steps)
            while True:
                brought = await self._do(step)
                step = steps.send(brought)
        except StopIteration as finished:
            return finished.value
        finally:
            steps.close()

    async def _do(self, step: Step) -> bytes:
        match step:
            case Command():
                await self.write(step)
            case Read():
                return bytes(await self._client.read_gatt_char(self._characteristic(step.characteristic)))
            case Subscribe():
                await self._subscribe(self._characteristic(step.characteristic))
            case Ask():
                return await self._ask(step)
        return b""

    async def _subscribe(self, target: BleakGATTCharacteristic) -> None:
        streams = same_uuid(target.uuid, self._driver.notify)

        def heard(_: BleakGATTCharacteristic, payload: bytearray) -> None:
            value = bytes(payload)
            for question in self._questions:
                asked = same_uuid(question.characteristic, target.uuid) and value.startswith(question.begins)
                if asked and not question.answer.done():
                    question.answer.set_result(value)
            if streams:
                self._on_packet(value)

        if target.handle in self._subscribed:  # a second try, after pairing
            await self._client.stop_notify(target)
        await self._client.start_notify(target, heard)
        self._subscribed.add(target.handle)

    async def _ask(self, ask: Ask) -> bytes:
        question = _Question(ask.answers, ask.begins, asyncio.get_running_loop().create_future())
        self._questions.append(question)
        try:
            await self.write(ask.command)
            async with asyncio.timeout(ANSWER_S):
                return await question.answer
        except TimeoutError:
            return b""
        finally:
            self._questions.remove(question)

    def _characteristic(self, uuid: str) -> BleakGATTCharacteristic:
        for characteristic in self._client.services.characteristics.values():
            if same_uuid(characteristic.uuid, uuid):
                return characteristic
        raise MissingError(
            f"{self._name} looks like a {self._driver.name} sensor but does not speak like one "
            f"(characteristic {uuid[:8]} is missing); its firmware may be of another kind."
        )


def wants_pairing(error: BleakError) -> bool:
    """Whether this says that the sensor answers only over a paired link."""
    if isinstance(error, BleakGATTProtocolError):
        return int(error.code) in WANTS_PAIRING
    return isinstance(error, BleakDBusError) and error.args[:2] == NOT_PAIRED


def is_being_cancelled() -> bool:
    """Whether a CancelledError is meant for this task, or comes from within something that it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
