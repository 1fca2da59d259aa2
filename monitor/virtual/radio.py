"""Opens and closes radios on an Air: a bumble host and its controller in this process, with no transport between."""

from collections.abc import Iterable

from bumble import hci
from bumble.core import AdvertisingData
from bumble.device import Device, DeviceConfiguration
from bumble.gatt import Service
from bumble.keys import MemoryKeyStore

from monitor.virtual.air import Air
from monitor.virtual.controller import AirController, AirHost

CENTRAL_ADDRESS = "C0:5E:00:00:00:01"
ADVERTISING_INTERVAL_MS = 60.0
MTU_BYTES = 247
_FLAGS = (AdvertisingData.Type.FLAGS, b"\x06")  # general discoverable, no classic Bluetooth
_LEGACY_ADVERTISEMENT_BYTES = 31


async def open_central(air: Air, name: str = "central", address: str = CENTRAL_ADDRESS) -> Device:
    """A radio that scans and connects, switched on. Scanner and clients share it (`radio=` of the bleak backend)."""
    return await _open(air, name, address)


async def open_peripheral(
    air: Air, name: str, address: str, services: Iterable[Service] = (), mtu_bytes: int = MTU_BYTES
) -> Device:
    """A radio that serves `services`, switched on; `advertise` makes it heard.

    mtu_bytes : the largest ATT MTU it agrees to; a notification carries up to 3 bytes less
    """
    device = await _open(air, name, address)
    device.gatt_server.max_mtu = mtu_bytes
    device.add_services(services)
    return device


async def advertise(
    device: Device,
    name: str | None = None,
    structures: Iterable[tuple[int, bytes]] = (),
    scan_response: Iterable[tuple[int, bytes]] = (),
    interval_ms: float = ADVERTISING_INTERVAL_MS,
) -> None:
    """Advertise until closed, and again after each connection.

    structures, scan_response : (AD type, content) beside the flags; `name` goes where there is room
    """
    data = bytes(AdvertisingData([_FLAGS, *structures]))
    response = bytes(AdvertisingData(scan_response))
    if name is not None:
        name_structure = bytes(AdvertisingData([(AdvertisingData.Type.COMPLETE_LOCAL_NAME, name.encode())]))
        if len(data) + len(name_structure) <= _LEGACY_ADVERTISEMENT_BYTES:
            data += name_structure
        else:
            response += name_structure
    if max(len(data), len(response)) > _LEGACY_ADVERTISEMENT_BYTES:
        raise ValueError(
            f"an advertisement holds {_LEGACY_ADVERTISEMENT_BYTES} bytes, not {len(data)}, {len(response)}"
        )
    await device.start_advertising(
        auto_restart=True,
        advertising_data=data,
        scan_response_data=response,
        advertising_interval_min=interval_ms,
        advertising_interval_max=interval_ms,
    )


async def close(air: Air, device: Device) -> None:
    """Hang up, switch the radio off and take it off the air."""
    for connection in list(device.connections.values()):
        await device.disconnect(connection, hci.HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR)
    await device.power_off()
    controller = device.host.controller
    assert isinstance(controller, AirController)
    air.remove_controller(controller)


async def _open(air: Air, name: str, address: str) -> Device:
    controller = AirController(name, link=air)
    host = AirHost()
    host.controller = controller
    # Only static addresses live here. Left to itself, the host would scan for a bonded peer's private address without
    # end before each connection.
    config = DeviceConfiguration(name=name, address=hci.Address(address), address_resolution_offload=True)
    device = Device(config=config, host=host)
    device.keystore = MemoryKeyStore()  # bonds live as long as the radio
    await device.power_on()
    return device
