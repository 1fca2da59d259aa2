"""bumble's virtual Bluetooth controller, mended where it differs from a real one, and a host that suits it."""

import asyncio
from typing import Any, cast

from bumble import hci, ll
from bumble.controller import Connection, Controller
from bumble.host import Host


class AirController(Controller):
    """A controller on an Air.

    Mended: a connection attempt can be cancelled; disconnecting an unknown handle is refused instead of ignored;
    reports carry a signal strength; the scan response is the real one and only comes in active scans; data packets
    are as long as Data Length Extension allows, so that one notification is one packet.
    """

    le_acl_data_packet_length = 251
    acl_data_packet_length = 251

    # ------------------------------------------------------------ what the Air asks

    @property
    def is_listening(self) -> bool:
        """Whether this radio scans or waits for an advertiser to connect to."""
        return self.le_scan_enable or self.pending_le_connection is not None

    def advertises_as(self, address: hci.Address) -> bool:
        """Whether this radio advertises under this address now."""
        legacy = self.le_legacy_advertiser
        return (legacy.enabled and legacy.address == address) or any(
            one.enabled and one.address == address for one in self.advertising_sets.values()
        )

    def scan_response(self, address: hci.Address) -> bytes:
        """What this radio answers to a scan request under this address."""
        for one in self.advertising_sets.values():
            if one.enabled and one.address == address:
                return bytes(one.scan_response_data)
        return self.le_legacy_advertiser.scan_response_data

    def stop_advertising(self) -> None:
        """Fall silent."""
        self.le_legacy_advertiser.stop()
        for one in self.advertising_sets.values():
            one.stop()

    def hear(self, packet: ll.AdvInd | ll.AdvExtInd, rssi_dbm: int, scan_response: bytes) -> None:
        """An advertisement arrives: report it to the host, and connect if the host waits for this advertiser."""
        if self.le_scan_enable:
            kind = hci.HCI_LE_Extended_Advertising_Report_Event.EventType
            heard = kind.CONNECTABLE_ADVERTISING | kind.SCANNABLE_ADVERTISING | kind.LEGACY_ADVERTISING_PDU_USED
            self._report(packet.advertiser_address, heard, packet.data, rssi_dbm)
            if self.le_scan_type:  # active: it asks, and the advertiser always answers, if only with nothing
                answer = heard | kind.SCAN_RESPONSE
                self._report(packet.advertiser_address, answer, scan_response, rssi_dbm)
        pending = self.pending_le_connection
        if pending is not None and pending.peer_address == packet.advertiser_address:
            self.create_le_connection(packet.advertiser_address)

    def end(self, connection: Connection, reason: int) -> None:
        """The link is gone: tell the host, unless it knows."""
        if self.le_connections.get(connection.peer_address) is connection:
            self.on_le_disconnected(connection, reason)

    def _report(self, address: hci.Address, event_type: int, data: bytes, rssi_dbm: int) -> None:
        report = hci.HCI_LE_Extended_Advertising_Report_Event.Report(
            event_type=event_type,
            address_type=address.address_type,
            address=address,
            primary_phy=hci.Phy.LE_1M,
            secondary_phy=0,
            advertising_sid=0xFF,
            tx_power=hci.HCI_LE_Extended_Advertising_Report_Event.TX_POWER_INFORMATION_NOT_AVAILABLE,
            rssi=rssi_dbm,
            periodic_advertising_interval=0,
            direct_address_type=0,
            direct_address=hci.Address.ANY,
            data=data,
        )
        self.send_hci_packet(hci.HCI_LE_Extended_Advertising_Report_Event([report]))

    # ------------------------------------------------------------ packets to and from the host

    def on_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """As bumble does, without formatting each packet for a log."""
        if isinstance(packet, hci.HCI_AclDataPacket):
            self.on_hci_acl_data_packet(packet)
        elif isinstance(packet, hci.HCI_Command):
            self.on_hci_command_packet(packet)
        else:
            super().on_hci_packet(packet)

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """As bumble does, without formatting each packet for a log."""
        if self.host is not None:
            asyncio.get_running_loop().call_soon(self.host.on_packet, bytes(packet))

    # ------------------------------------------------------------ commands of the host

    def on_hci_le_create_connection_cancel_command(self, _command: hci.HCI_Command) -> hci.HCI_StatusReturnParameters:
        """Core Specification Vol 4, Part E, 7.8.13: the cancelled attempt completes with status 0x02."""
        pending = self.pending_le_connection
        if pending is not None:
            self.pending_le_connection = None
            event = hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=pending.peer_address.address_type,
                peer_address=pending.peer_address,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            )
            # One turn later, so that the host sees the command complete first.
            asyncio.get_running_loop().call_soon(self.send_hci_packet, event)
        # A real controller refuses when nothing is pending. bumble's host would then lose the connection that has
        # just come about, so success it is: the host learns from the connection event which of the two was first.
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def on_hci_disconnect_command(self, command: hci.HCI_Disconnect_Command) -> None:
        """Core Specification Vol 4, Part E, 7.1.6: an unknown handle is refused."""
        if self.find_connection_by_handle(command.connection_handle) is None:
            self._send_hci_command_status(hci.HCI_UNKNOWN_CONNECTION_IDENTIFIER_ERROR, command.op_code)
            return
        super().on_hci_disconnect_command(command)

    def on_hci_le_set_extended_scan_parameters_command(
        self, command: hci.HCI_Command
    ) -> hci.HCI_StatusReturnParameters:
        """As bumble does, and remember whether the scan is active."""
        parameters = cast("Any", command)
        self.le_scan_type = parameters.scan_types[0]
        return super().on_hci_le_set_extended_scan_parameters_command(parameters)  # pyright: ignore[reportUnknownMemberType]


class AirHost(Host):
    """bumble's host without its habit of formatting each packet, in colour, for a log that nobody reads.

    That is half the cost of a packet.
    """

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Hand a packet to the controller."""
        if self.hci_sink is not None:
            self.hci_sink.on_packet(bytes(packet))

    def on_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Take a packet from the controller."""
        if isinstance(packet, hci.HCI_AclDataPacket):
            self.on_hci_acl_data_packet(packet)
        elif isinstance(packet, hci.HCI_Event):
            self.on_hci_event_packet(packet)
        else:
            super().on_hci_packet(packet)
