"""A fake BlueZ on a private D-Bus: whatever bleak's own Linux backend asks of it is done on the software radio."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakError, BleakGATTProtocolError
from bumble.device import Device

from monitor.virtual import radio
from monitor.virtual.air import Air
from monitor.virtual.bleak_backend import BumbleClient, BumbleScanner

ADAPTER = "/org/bluez/hci0"
ADAPTER_1, DEVICE_1 = "org.bluez.Adapter1", "org.bluez.Device1"
SERVICE_1, CHARACTERISTIC_1 = "org.bluez.GattService1", "org.bluez.GattCharacteristic1"
OBJECTS, PROPERTIES = "org.freedesktop.DBus.ObjectManager", "org.freedesktop.DBus.Properties"

NOT_PAIRED = {0x05, 0x0C, 0x0F}  # ATT errors of which BlueZ tells no more than that


class RefusedError(Exception):
    """An error of BlueZ's."""


class FakeBluez:
    """Serves org.bluez; `objects` is what GetManagedObjects tells: path -> interface -> property -> Variant."""

    def __init__(self, central: Device) -> None:
        from dbus_fast import Variant

        self.central = central
        self.variant = Variant
        self.objects: dict[str, dict[str, dict[str, Any]]] = {}
        self.calls: list[str] = []
        self.deaf_to: set[str] = set()  # calls that are never answered
        self._scanner: BleakScanner | None = None
        self._devices: dict[str, BLEDevice] = {}
        self._clients: dict[str, BleakClient] = {}
        self._characteristics: dict[str, tuple[str, BleakGATTCharacteristic]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def flag(self, *, on: bool) -> Any:
        return self.variant("b", on)

    async def start(self, address: str, *, adapter: bool = True) -> None:
        from dbus_fast.aio import MessageBus

        self.bus = await MessageBus(bus_address=address).connect()
        self.bus.add_message_handler(self._call)
        if adapter:
            self.objects[ADAPTER] = {
                ADAPTER_1: {
                    "Address": self.variant("s", "00:00:00:00:00:01"),
                    "Powered": self.flag(on=True),
                    "Discovering": self.flag(on=False),
                    "Roles": self.variant("as", ["central", "peripheral"]),
                }
            }
        await self.bus.request_name("org.bluez")

    async def stop(self) -> None:
        await self._stop_discovery()
        for path in list(self._clients):
            await self._disconnect(path)
        self.bus.disconnect()

    async def power(self, on: bool) -> None:
        """The switch in the system's settings."""
        if not on:
            await self._stop_discovery()
            for path in list(self._clients):
                await self._disconnect(path)
            await self.central.power_off()
        else:
            await self.central.power_on()
        self._change(ADAPTER, ADAPTER_1, Powered=self.flag(on=on))

    # ------------------------------------------------------------ D-Bus

    def _call(self, message: Any) -> Any:
        from dbus_fast import Message, MessageType

        if message.message_type != MessageType.METHOD_CALL or not str(message.path).startswith("/"):
            return None
        if message.interface == OBJECTS and message.member == "GetManagedObjects":
            return Message.new_method_return(message, "a{oa{sa{sv}}}", [self.objects])
        if message.interface == PROPERTIES and message.member == "Set":  # Trusted, before pairing
            return Message.new_method_return(message)
        if not str(message.interface).startswith("org.bluez"):
            return None
        self.calls.append(message.member)
        task = asyncio.get_running_loop().create_task(self._answer(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _answer(self, message: Any) -> None:
        from dbus_fast import Message

        if message.member in self.deaf_to:
            return
        try:
            body = await self._do(message.path, message.member, message.body)
            reply = Message.new_method_return(message, "ay" if body else "", body)
        except RefusedError as refused:
            reply = Message.new_error(message, refused.args[0], refused.args[1])
        except BleakGATTProtocolError as error:
            if int(error.code) in NOT_PAIRED:
                reply = Message.new_error(message, "org.bluez.Error.NotPermitted", "Not paired")
            else:
                reply = Message.new_error(
                    message, "org.bluez.Error.Failed", f"Operation failed with ATT error: 0x{int(error.code):02x}"
                )
        except (BleakError, TimeoutError) as error:
            reply = Message.new_error(message, "org.bluez.Error.Failed", str(error) or "timeout")
        if self.bus.connected:
            await self.bus.send(reply)

    async def _do(self, path: str, member: str, body: list[Any]) -> list[Any]:
        if path not in self.objects:
            raise RefusedError("org.freedesktop.DBus.Error.UnknownObject", path)
        if member in {"StartDiscovery", "Connect"} and not self.objects[ADAPTER][ADAPTER_1]["Powered"].value:
            raise RefusedError("org.bluez.Error.NotReady", "Resource Not Ready")
        match member:
            case "SetDiscoveryFilter":
                pass
            case "StartDiscovery":
                self._scanner = BleakScanner(self._heard, backend=BumbleScanner, radio=self.central)
                await self._scanner.start()
            case "StopDiscovery":
                await self._stop_discovery()
            case "RemoveDevice":
                await self._remove(body[0])
            case "Connect":
                await self._connect(path)
            case "Disconnect":
                await self._disconnect(path)
            case "Pair":
                await self._clients[path].pair()
                self._change(path, DEVICE_1, Paired=self.flag(on=True))
            case "ReadValue":
                client, characteristic = self._characteristic(path)
                return [bytes(await client.read_gatt_char(characteristic))]
            case "WriteValue":
                client, characteristic = self._characteristic(path)
                kind = body[1]["type"].value if "type" in body[1] else "request"
                await client.write_gatt_char(characteristic, bytes(body[0]), response=kind == "request")
            case "StartNotify":
                client, characteristic = self._characteristic(path)

                def told(_: Any, value: bytearray) -> None:
                    self._change(path, CHARACTERISTIC_1, Value=self.variant("ay", bytes(value)))

                await client.start_notify(characteristic, told)
                self._change(path, CHARACTERISTIC_1, Notifying=self.flag(on=True))
            case "StopNotify":
                client, characteristic = self._characteristic(path)
                await client.stop_notify(characteristic)
                self._change(path, CHARACTERISTIC_1, Notifying=self.flag(on=False))
            case _:
                raise RefusedError("org.freedesktop.DBus.Error.UnknownMethod", member)
        return []

    def _signal(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        from dbus_fast import Message

        if self.bus.connected:
            self.bus.send(Message.new_signal(path, interface, member, signature, body))

    def _change(self, path: str, interface: str, **values: Any) -> None:
        if path in self.objects:
            self.objects[path][interface].update(values)
            self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, values, []])

    def _add(self, path: str, interface: str, values: dict[str, Any]) -> None:
        self.objects[path] = {interface: values}
        self._signal("/", OBJECTS, "InterfacesAdded", "oa{sa{sv}}", [path, self.objects[path]])

    # ------------------------------------------------------------ Bluetooth

    async def _stop_discovery(self) -> None:
        scanner, self._scanner = self._scanner, None
        if scanner:
            await scanner.stop()

    def _heard(self, device: BLEDevice, advertisement: AdvertisementData) -> None:
        path = f"{ADAPTER}/dev_{device.address.replace(':', '_')}"
        self._devices[path] = device
        values = {
            "RSSI": self.variant("n", advertisement.rssi),
            "UUIDs": self.variant("as", advertisement.service_uuids),
        }
        if advertisement.local_name or device.name:
            values["Name"] = self.variant("s", advertisement.local_name or device.name)
        if path in self.objects:
            self._change(path, DEVICE_1, **values)
            return
        name = values.get("Name", self.variant("s", device.address.replace(":", "-")))
        fixed = {"Address": self.variant("s", device.address), "Adapter": self.variant("o", ADAPTER), "Alias": name}
        states = dict.fromkeys(("Paired", "Connected", "ServicesResolved"), self.flag(on=False))
        self._add(path, DEVICE_1, {**fixed, **states, **values})

    async def _connect(self, path: str) -> None:
        client = BleakClient(
            self._devices[path], lambda _: self._gone(path), timeout=10.0, backend=BumbleClient, radio=self.central
        )
        await client.connect()
        self._clients[path] = client
        self._change(path, DEVICE_1, Connected=self.flag(on=True))
        for service in client.services:
            place = f"{path}/service{service.handle:04x}"
            if place not in self.objects:
                values = {"UUID": self.variant("s", service.uuid), "Primary": self.flag(on=True)}
                self._add(place, SERVICE_1, values | {"Device": self.variant("o", path)})
            for characteristic in service.characteristics:
                inner = f"{place}/char{characteristic.handle:04x}"
                self._characteristics[inner] = (path, characteristic)
                if inner not in self.objects:
                    values = {
                        "UUID": self.variant("s", characteristic.uuid),
                        "Service": self.variant("o", place),
                        "Flags": self.variant("as", list(characteristic.properties)),
                        "Notifying": self.flag(on=False),
                        "MTU": self.variant("q", client.mtu_size),
                    }
                    self._add(inner, CHARACTERISTIC_1, values)
        self._change(path, DEVICE_1, ServicesResolved=self.flag(on=True))

    def _gone(self, path: str) -> None:
        self._clients.pop(path, None)
        self._change(path, DEVICE_1, Connected=self.flag(on=False), ServicesResolved=self.flag(on=False))

    async def _disconnect(self, path: str) -> None:
        client = self._clients.pop(path, None)
        if client:
            await client.disconnect()
        self._gone(path)

    async def _remove(self, path: str) -> None:
        await self._disconnect(path)
        for each in [p for p in self.objects if p.startswith(path)][::-1]:
            self._signal("/", OBJECTS, "InterfacesRemoved", "oas", [each, list(self.objects.pop(each))])

    def _characteristic(self, path: str) -> tuple[BleakClient, BleakGATTCharacteristic]:
        device, characteristic = self._characteristics[path]
        if device not in self._clients:
            raise RefusedError("org.bluez.Error.Failed", "Not connected")
        return self._clients[device], characteristic


@pytest.fixture
def bus(private_bus, monkeypatch) -> Callable[..., str]:
    """Starts a private bus, which bleak takes for the system's; rule: one more in its policy."""

    def start(rule: str = "") -> str:
        address = private_bus(rule)
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        return address

    return start


@pytest.fixture
async def air() -> AsyncIterator[Air]:
    air = Air(seed=1, supervision_timeout_s=0.3)
    yield air
    await air.close()


@pytest.fixture
def bluez_with(bus, air) -> Callable[..., contextlib.AbstractAsyncContextManager[FakeBluez]]:
    """`async with bluez_with(rule) as fake`: BlueZ with one adapter, on a bus of its own with this rule."""

    @contextlib.asynccontextmanager
    async def serve(rule: str = "") -> AsyncIterator[FakeBluez]:
        central = await radio.open_central(air)
        fake = FakeBluez(central)
        await fake.start(bus(rule))
        yield fake
        await fake.stop()
        await radio.close(air, central)

    return serve


@pytest.fixture
async def bluez(bluez_with) -> AsyncIterator[FakeBluez]:
    """BlueZ as it should be."""
    async with bluez_with() as fake:
        yield fake
