"""The software radio as bleak sees it: BleakScanner(backend=BumbleScanner, radio=device), and BumbleClient likewise."""

# bumble annotates its event emitters and its advertisement reports only in part.
# pyright: reportUnknownMemberType=false

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Literal, TypeVar, cast
from weakref import WeakKeyDictionary

from bleak import BleakScanner
from bleak.args import SizedBuffer
from bleak.assigned_numbers import AdvertisementDataType, gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)
from bleak.uuids import normalize_uuid_str
from bumble import att, core, hci
from bumble.device import Advertisement, Connection, Device
from bumble.gatt_client import CharacteristicProxy, Client, DescriptorProxy

T = TypeVar("T")

_WANTED_MTU_BYTES = 517  # what BlueZ asks for
_NOTIFY_BYTES_OVERHEAD = 3

_scanners: WeakKeyDictionary[Device, set[BaseBleakScanner]] = WeakKeyDictionary()
_connecting: WeakKeyDictionary[Device, asyncio.Lock] = WeakKeyDictionary()  # one attempt at a time, as in a real radio


def _require_power(radio: Device) -> None:
    if not radio.powered_on:
        raise BleakBluetoothNotAvailableError(
            "The software radio is switched off.", BleakBluetoothNotAvailableReason.POWERED_OFF
        )


def _uuid(little_endian: bytes) -> str:
    return normalize_uuid_str(core.UUID.from_bytes(little_endian).to_hex_str("-"))


def parse_advertisement(structures: Iterable[tuple[int, bytes]], rssi_dbm: int) -> AdvertisementData:
    """(AD type, content) of an advertisement and its scan response -> bleak's report, without malformed parts."""
    name: str | None = None
    uuids: list[str] = []
    manufacturer_data: dict[int, bytes] = {}
    service_data: dict[str, bytes] = {}
    tx_power: int | None = None
    uuid_lists = {0x02: 2, 0x03: 2, 0x04: 4, 0x05: 4, 0x06: 16, 0x07: 16}
    service_data_sizes = {0x16: 2, 0x20: 4, 0x21: 16}
    for kind, content in structures:
        if kind in uuid_lists:
            size = uuid_lists[kind]
            uuids += [_uuid(content[at : at + size]) for at in range(0, len(content) - size + 1, size)]
        elif kind == AdvertisementDataType.COMPLETE_LOCAL_NAME:
            name = content.decode(errors="replace")
        elif kind == AdvertisementDataType.SHORTENED_LOCAL_NAME:
            name = name or content.decode(errors="replace")
        elif kind == AdvertisementDataType.MANUFACTURER_SPECIFIC_DATA and len(content) >= 2:
            manufacturer_data[int.from_bytes(content[:2], "little")] = content[2:]
        elif kind in service_data_sizes and len(content) >= service_data_sizes[kind]:
            size = service_data_sizes[kind]
            service_data[_uuid(content[:size])] = content[size:]
        elif kind == AdvertisementDataType.TX_POWER_LEVEL and len(content) == 1:
            tx_power = int.from_bytes(content, "little", signed=True)
    return AdvertisementData(
        local_name=name,
        manufacturer_data=manufacturer_data,
        service_data=service_data,
        service_uuids=uuids,
        tx_power=tx_power,
        rssi=rssi_dbm,
        platform_data=(),
    )


class BumbleScanner(BaseBleakScanner):
    """Scans with a software radio; several scanners may share one."""

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: Literal["active", "passive"],
        *,
        radio: Device,
        **_: Any,
    ) -> None:
        uuids = None if service_uuids is None else [normalize_uuid_str(uuid) for uuid in service_uuids]
        super().__init__(detection_callback, uuids)
        self._radio = radio
        self._active = scanning_mode == "active"

    async def start(self) -> None:
        """Listen; what was seen before is forgotten."""
        _require_power(self._radio)
        self.seen_devices.clear()
        scanners = _scanners.setdefault(self._radio, set())
        if self in scanners:
            raise BleakError("This scanner is already running")
        scanners.add(self)
        self._radio.on(Device.EVENT_ADVERTISEMENT, self._heard)
        if len(scanners) == 1:
            await self._radio.start_scanning(active=self._active)

    async def stop(self) -> None:
        """Stop listening; the radio goes on where another scanner needs it."""
        scanners = _scanners.setdefault(self._radio, set())
        if self not in scanners:
            return
        scanners.discard(self)
        self._radio.remove_listener(Device.EVENT_ADVERTISEMENT, self._heard)
        if not scanners and self._radio.powered_on:
            await self._radio.stop_scanning()

    def _heard(self, advertisement: Advertisement) -> None:
        data = parse_advertisement(advertisement.data.ad_structures, advertisement.rssi)
        if not self.is_allowed_uuid(data.service_uuids):
            return
        address = advertisement.address.to_string(with_type_qualifier=False)
        known = self.seen_devices.get(address)
        name = data.local_name or (known[0].name if known is not None else None)
        device = self.create_or_update_device(address, address, name, advertisement.address, data)
        self.call_detection_callbacks(device, data)


class BumbleClient(BaseBleakClient):
    """A connection of a software radio to one peripheral.

    Errors are those of bleak's BlueZ backend: BleakDeviceNotFoundError where an address is nowhere to be heard,
    TimeoutError where a device once seen does not answer in time, BleakGATTProtocolError for what the peripheral
    refuses, BleakError for the rest, the loss of the link included.
    """

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        radio: Device,
        services: set[str] | None = None,
        **_: Any,
    ) -> None:
        super().__init__(address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout)
        self._radio = radio
        self._wanted_services = services
        self._device = address_or_ble_device if isinstance(address_or_ble_device, BLEDevice) else None
        self._connection: Connection | None = None
        self._announced = False  # connect() has returned, so that the end of the link is news
        self._requests: set[asyncio.Task[Any]] = set()
        self._notifying: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        """The advertised name, or else the address with dashes."""
        advertised = self._device.name if self._device is not None else None
        return advertised or self.address.replace(":", "-")

    @property
    def mtu_size(self) -> int:
        """The ATT MTU of this connection, bytes; 23 while there is none."""
        return self._connection.att_mtu if self._connection is not None else att.ATT_DEFAULT_MTU

    @property
    def is_connected(self) -> bool:
        """Whether connect() has succeeded and the link is up."""
        return self._connection is not None and self._announced

    # ------------------------------------------------------------ the link

    async def connect(self, pair: bool, **kwargs: Any) -> None:
        """Find the peripheral if need be, open the link, pair if asked, agree on the MTU and discover the services."""
        if self._connection is not None:
            raise BleakError("Client is already connected")
        _require_power(self._radio)
        timeout_s = float(kwargs.get("timeout", self._timeout))
        if self._device is None:
            scan = cast("dict[str, Any]", {"backend": BumbleScanner, "radio": self._radio})
            self._device = await BleakScanner.find_device_by_address(self.address, timeout_s, **scan)
        if self._device is None:
            raise BleakDeviceNotFoundError(self.address, f"Device with address {self.address} was not found.")
        async with asyncio.timeout(timeout_s):
            connection = await self._open_link(self._device.details)
            self._connection = connection

            def ended(_reason: int) -> None:
                self._link_ended(connection)

            connection.on(Connection.EVENT_DISCONNECTION, ended)
            try:
                if pair:
                    await self.pair()
                await self._request(lambda client: client.request_mtu(_WANTED_MTU_BYTES))
                self.services = await self._request(self._discover)
            except BaseException:
                await self._hang_up()
                raise
        self._announced = True

    async def disconnect(self) -> None:
        """Hang up; nothing happens where there is no link."""
        await self._hang_up()

    async def pair(self, *_: Any, **__: Any) -> None:
        """Encrypt the link with the bond there is, or else make one (Just Works unless the radio's owner set more)."""
        connection = self._linked()
        assert self._radio.keystore is not None
        bonded = await self._radio.keystore.get(str(connection.peer_address)) is not None
        await self._request(lambda _: connection.encrypt() if bonded else connection.pair())

    async def unpair(self) -> None:
        """Hang up and forget this side's bond."""
        assert self._radio.keystore is not None
        names = {str(self._connection.peer_address)} if self._connection is not None else set[str]()
        if self._device is not None:
            names.add(str(self._device.details))
        await self._hang_up()
        for name in names:
            await self._radio.keystore.delete(name)

    # ------------------------------------------------------------ GATT

    async def read_gatt_char(
        self,
        characteristic: BleakGATTCharacteristic,
        *,
        use_cached: bool = False,  # noqa: ARG002 - bleak's signature
        **_: Any,
    ) -> bytearray:
        """Read from the peripheral, always: there is no cache."""
        return bytearray(await self._request(lambda client: client.read_value(characteristic.handle)))

    async def read_gatt_descriptor(
        self,
        descriptor: BleakGATTDescriptor,
        *,
        use_cached: bool = False,  # noqa: ARG002 - bleak's signature
        **_: Any,
    ) -> bytearray:
        """Read from the peripheral, always: there is no cache."""
        return bytearray(await self._request(lambda client: client.read_value(descriptor.handle)))

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool) -> None:
        """Write; with a response, return when the peripheral has acknowledged it."""
        payload = bytes(data)
        if not response and len(payload) > characteristic.max_write_without_response_size:
            raise BleakError(f"{len(payload)} bytes are too many for a write without response")
        await self._request(lambda client: client.write_value(characteristic.handle, payload, with_response=response))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        """Write and wait until the peripheral has acknowledged it."""
        payload = bytes(data)
        await self._request(lambda client: client.write_value(descriptor.handle, payload, with_response=True))

    async def start_notify(self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_: Any) -> None:
        """Subscribe: notifications where there are any, else indications."""
        if characteristic.handle in self._notifying:
            raise BleakError("Characteristic notifications already started")
        if not {"notify", "indicate"} & set(characteristic.properties):
            raise BleakError(f"Characteristic {characteristic.uuid} neither notifies nor indicates")

        def subscriber(value: bytes) -> None:
            callback(bytearray(value))

        proxy = cast("CharacteristicProxy[bytes]", characteristic.obj)
        self._linked()
        self._notifying[characteristic.handle] = subscriber
        try:
            await self._request(lambda client: client.subscribe(proxy, subscriber))
        except BaseException:
            self._notifying.pop(characteristic.handle, None)
            raise

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """Unsubscribe; notifications under way are thrown away."""
        self._linked()
        subscriber = self._notifying.pop(characteristic.handle, None)
        if subscriber is None:
            raise BleakError("Characteristic notifications never started")
        proxy = cast("CharacteristicProxy[bytes]", characteristic.obj)
        await self._request(lambda client: client.unsubscribe(proxy, subscriber))

    # ------------------------------------------------------------ inside

    def _linked(self) -> Connection:
        if self._connection is None:
            raise BleakError("Not connected")
        return self._connection

    async def _open_link(self, address: hci.Address) -> Connection:
        async with _connecting.setdefault(self._radio, asyncio.Lock()):
            attempt = asyncio.ensure_future(self._radio.connect_le(address, timeout=None))
            try:
                await asyncio.wait({attempt})
            except asyncio.CancelledError:  # out of time, or out of patience: the radio must not go on trying
                await asyncio.shield(self._give_up(attempt))
                raise
            return _result(attempt)

    async def _give_up(self, attempt: asyncio.Future[Connection]) -> None:
        await self._radio.send_sync_command(cast("Any", hci.HCI_LE_Create_Connection_Cancel_Command()))
        await asyncio.wait({attempt})
        if not attempt.cancelled() and attempt.exception() is None:  # it came about in that very moment
            await self._radio.disconnect(attempt.result(), hci.HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR)

    async def _hang_up(self) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            await self._radio.disconnect(connection, hci.HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR)
        except (core.BaseBumbleError, hci.HCI_Error) as error:
            if self._connection is connection:
                raise BleakError(f"Could not disconnect: {error}") from error

    def _link_ended(self, connection: Connection) -> None:
        if self._connection is not connection:
            return
        announced, self._announced = self._announced, False
        self._connection = None
        self.services = None
        self._notifying.clear()
        for request in self._requests:
            request.cancel()
        if announced and self._disconnected_callback is not None:
            # Not from within: an error of the callback must not keep bumble from tidying up.
            asyncio.get_running_loop().call_soon(self._disconnected_callback)

    async def _request(self, operation: Callable[[Client], Coroutine[Any, Any, T]]) -> T:
        """Do one thing with the peripheral, in a task of its own.

        The loss of the link cancels that task, by bumble or by us, and becomes a BleakError: a cancellation of the
        caller stays one. What the caller no longer waits for still runs to its end: its answer must not be taken for
        the next request's.
        """
        task = asyncio.get_running_loop().create_task(operation(self._linked().gatt_client))
        self._requests.add(task)
        task.add_done_callback(self._request_done)
        await asyncio.wait({task})
        return _result(task)

    def _request_done(self, task: asyncio.Task[Any]) -> None:
        self._requests.discard(task)
        if not task.cancelled():
            task.exception()  # seen, even if the caller has left

    async def _discover(self, client: Client) -> BleakGATTServiceCollection:
        found = BleakGATTServiceCollection()
        connection = self._linked()
        for service_proxy in await client.discover_services():
            uuid = _uuid(service_proxy.uuid.uuid_bytes)
            if self._wanted_services is not None and uuid not in self._wanted_services:
                continue
            service = BleakGATTService(service_proxy, service_proxy.handle, uuid)
            found.add_service(service)
            for proxy in await client.discover_characteristics((), service_proxy):
                characteristic = BleakGATTCharacteristic(
                    proxy,
                    proxy.handle,
                    _uuid(proxy.uuid.uuid_bytes),
                    sorted(gatt_char_props_to_strs(proxy.properties)),
                    lambda: connection.att_mtu - _NOTIFY_BYTES_OVERHEAD,
                    service,
                )
                found.add_characteristic(characteristic)
                for descriptor in await _descriptors(client, proxy):
                    found.add_descriptor(
                        BleakGATTDescriptor(
                            descriptor, descriptor.handle, _uuid(descriptor.type.uuid_bytes), characteristic
                        )
                    )
        return found


async def _descriptors(client: Client, proxy: CharacteristicProxy[bytes]) -> list[DescriptorProxy]:
    descriptors = await client.discover_descriptors(proxy)
    proxy.descriptors_discovered = True  # or bumble asks again at each subscription
    return descriptors


def _result(task: asyncio.Future[T]) -> T:
    """The result of a finished task, its errors in bleak's words."""
    if task.cancelled():
        raise BleakError("The link was lost")
    try:
        return task.result()
    except att.ATT_Error as error:
        raise BleakGATTProtocolError(error.error_code) from error
    except (core.BaseBumbleError, hci.HCI_Error) as error:
        raise BleakError(f"The software radio reports: {error}") from error
