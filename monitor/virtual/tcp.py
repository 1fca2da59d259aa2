"""A software radio for another process: HCI, the protocol between a computer and its Bluetooth adapter, over TCP."""

import socket

from bumble.device import Device, DeviceConfiguration
from bumble.hci import Address
from bumble.keys import MemoryKeyStore
from bumble.transport import open_transport
from bumble.transport.common import Transport
from bumble.transport.tcp_server import open_tcp_server_transport_with_socket

from monitor.errors import SensorError
from monitor.virtual.air import Air
from monitor.virtual.controller import AirController
from monitor.virtual.radio import CENTRAL_ADDRESS

LOOPBACK = "127.0.0.1"


async def offer_radio(air: Air, port: int) -> tuple[Transport, int]:
    """A radio on the air whose host is whoever connects to the port on this machine; 0: any free port.

    returns : what is to be closed at the end, and the port. Raises SensorError where the port is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
    except OSError as error:
        listener.close()
        raise SensorError(f"Port {port} cannot be used ({error.strerror}): choose another with --tcp.") from None
    transport = await open_tcp_server_transport_with_socket(listener)
    AirController(
        "central", host_source=transport.source, host_sink=transport.sink, link=air, public_address=CENTRAL_ADDRESS
    )
    return transport, listener.getsockname()[1]


async def open_offered(port: int) -> tuple[Transport, Device]:
    """The radio that another process offers on this port of this machine, switched on.

    returns : what is to be closed at the end, and the radio. Raises SensorError where nobody offers one.
    """
    try:
        transport = await open_transport(f"tcp-client:{LOOPBACK}:{port}")
    except OSError:
        raise SensorError(
            f"Nobody offers a radio on port {port}: start `sitwell virtual --tcp {port}` in another terminal."
        ) from None
    config = DeviceConfiguration(name="central", address=Address(CENTRAL_ADDRESS), address_resolution_offload=True)
    device = Device.from_config_with_hci(config, transport.source, transport.sink)
    device.keystore = MemoryKeyStore()
    await device.power_on()
    return transport, device
