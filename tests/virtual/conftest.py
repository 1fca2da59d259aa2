"""An air with one central and one small peripheral, and bleak on top."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bumble import att
from bumble.core import AdvertisingData
from bumble.device import Device
from bumble.gatt import Characteristic, CharacteristicValue, Descriptor, Service

from monitor.devices.driver import Decoder, Driver
from monitor.sources.ble.reach import Reach
from monitor.virtual import radio
from monitor.virtual.air import Air
from monitor.virtual.bleak_backend import BumbleClient, BumbleScanner

BASE = "7e00{:04x}-5a1d-4c3e-9b60-0c51e77b0a11"
Properties = Characteristic.Properties


class Desk:
    """A peripheral with one characteristic of each kind."""

    name = "desk"
    address = "DC:00:00:00:00:0D"
    service, value, stream, alarm, slow, secret = (BASE.format(n) for n in range(6))

    def __init__(self, air: Air) -> None:
        self.air = air
        self.written: list[bytes] = []
        self.answer = asyncio.Event()
        readable, writeable = Characteristic.READABLE, Characteristic.WRITEABLE
        self.note = Descriptor("2901", Descriptor.READABLE | Descriptor.WRITEABLE, b"a note")
        self.value_char = Characteristic(
            self.value,
            Properties.READ | Properties.WRITE | Properties.WRITE_WITHOUT_RESPONSE,
            readable | writeable,
            CharacteristicValue(read=lambda _: bytes(range(250)), write=self._take),
            [self.note],
        )
        self.stream_char = Characteristic(self.stream, Properties.NOTIFY, readable)
        self.alarm_char = Characteristic(self.alarm, Properties.INDICATE, readable)
        self.slow_char = Characteristic(self.slow, Properties.READ, readable, CharacteristicValue(read=self._slowly))
        self.secret_char = Characteristic(
            self.secret, Properties.READ, Characteristic.READABLE | Characteristic.READ_REQUIRES_ENCRYPTION, b"secret"
        )
        self.device: Device | None = None

    def _take(self, _connection: Any, data: bytes) -> None:
        if data == b"refuse me":
            raise att.ATT_Error(att.ErrorCode.VALUE_NOT_ALLOWED)
        self.written.append(data)

    async def _slowly(self, _connection: Any) -> bytes:
        await self.answer.wait()
        return b"slow"

    async def open(self) -> None:
        characteristics = [self.value_char, self.stream_char, self.alarm_char, self.slow_char, self.secret_char]
        service = Service(self.service, characteristics)
        self.device = await radio.open_peripheral(self.air, self.name, self.address, [service])
        kinds = AdvertisingData.Type
        uuids = (kinds.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, service.uuid.to_pdu_bytes())
        extra = [
            (kinds.MANUFACTURER_SPECIFIC_DATA, bytes.fromhex("ffff0102")),
            (kinds.SERVICE_DATA_16_BIT_UUID, bytes.fromhex("0f1864")),
            (kinds.TX_POWER_LEVEL, b"\xfc"),
        ]
        await radio.advertise(self.device, self.name, [uuids], extra, interval_ms=20)

    async def close(self) -> None:
        if self.device is not None:
            device, self.device = self.device, None
            await radio.close(self.air, device)

    async def notify(self, payload: bytes) -> None:
        assert self.device is not None
        await self.device.notify_subscribers(self.stream_char, payload)

    async def count(self, numbers: range, pause_s: float | None = None) -> None:
        """Notify these numbers, 4 bytes each."""
        for number in numbers:
            await self.notify(struct.pack("<I", number))
            if pause_s is not None:
                await asyncio.sleep(pause_s)


class Rig:
    """Bleak's public classes, bound to one software radio."""

    def __init__(self, air: Air, central: Device, desk: Desk) -> None:
        self.air, self.central, self.desk = air, central, desk
        self.kwargs: dict[str, Any] = {"backend": BumbleScanner, "radio": central}

    async def find(self, name: str = Desk.name, timeout_s: float = 5.0) -> BLEDevice | None:
        return await BleakScanner.find_device_by_name(name, timeout_s, **self.kwargs)

    async def found(self, name: str = Desk.name) -> BLEDevice:
        device = await self.find(name)
        assert device is not None
        return device

    def scanner(self, callback: Any = None, **kwargs: Any) -> BleakScanner:
        return BleakScanner(callback, **kwargs, **self.kwargs)

    def client(self, device: BLEDevice | str, gone: Callable[[BleakClient], None] | None = None, **kwargs: Any):
        return BleakClient(device, gone, **{"timeout": 5.0, **kwargs}, backend=BumbleClient, radio=self.central)


async def until(condition: Callable[[], object], timeout_s: float = 5.0) -> None:
    """Wait until the condition holds; fail where it does not in time."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - any condition, not only those that set an event
            await asyncio.sleep(0.005)


async def conduct(client: BleakClient, driver: Driver, rate_hz: float, on_packet: Callable[[bytes], object]) -> Decoder:
    """Set a sensor up by its driver's own steps, as the source does; its stream goes to on_packet."""
    return await Reach(driver, driver.name, client, speed=1.0, on_packet=on_packet).set_up(rate_hz)


@pytest.fixture(name="conduct")
def conduct_fixture():
    return conduct


@pytest.fixture(name="until")
def until_fixture():
    return until


@pytest.fixture
async def air() -> AsyncIterator[Air]:
    before = asyncio.all_tasks()
    air = Air(seed=1, supervision_timeout_s=0.3)
    yield air
    await air.close()
    for _ in range(5):  # what has just been cancelled needs a turn or two to end
        await asyncio.sleep(0)
    assert not [task for task in asyncio.all_tasks() - before if task is not asyncio.current_task()]


@pytest.fixture
async def central(air: Air) -> AsyncIterator[Device]:
    device = await radio.open_central(air)
    yield device
    await radio.close(air, device)


@pytest.fixture
async def rig(air: Air, central: Device) -> AsyncIterator[Rig]:
    desk = Desk(air)
    await desk.open()
    yield Rig(air, central, desk)
    desk.answer.set()
    await desk.close()
