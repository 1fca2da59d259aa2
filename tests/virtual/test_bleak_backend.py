"""bleak on the software radio while all is well: scan, connect, GATT, pairing."""

import asyncio

import pytest
from bleak import BleakScanner
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakCharacteristicNotFoundError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)
from hypothesis import given
from hypothesis import strategies as st

from monitor.virtual import radio
from monitor.virtual.bleak_backend import BumbleScanner, parse_advertisement


async def test_scan_reports_name_uuid_strength_and_data(rig, until):
    rig.air.set_rssi("desk", -71)
    heard = []
    async with rig.scanner(lambda device, data: heard.append((device, data))) as scanner:
        await until(lambda: heard)
    device, data = heard[0]
    assert (device.name, device.address) == ("desk", rig.desk.address)
    assert data.local_name == "desk"
    assert data.service_uuids == [rig.desk.service]
    assert data.rssi == -71
    assert data.manufacturer_data == {0xFFFF: b"\x01\x02"}
    assert data.service_data == {"0000180f-0000-1000-8000-00805f9b34fb": b"\x64"}
    assert data.tx_power == -4
    assert [one.address for one in scanner.discovered_devices] == [rig.desk.address]


async def test_passive_scan_hears_no_scan_response(rig, until):
    heard = []
    async with rig.scanner(lambda _, data: heard.append(data), scanning_mode="passive"):
        await until(lambda: heard)
    assert heard[0].service_uuids == [rig.desk.service]
    assert heard[0].tx_power is None  # sent in the scan response only


async def test_scan_filters_by_service(rig, until):
    wanted, other = [], []
    uuids = [rig.desk.service.upper()]
    async with (
        rig.scanner(lambda _d, _a: wanted.append(1), service_uuids=uuids),
        rig.scanner(lambda _d, _a: other.append(1), service_uuids=["180d"]),
    ):
        await until(lambda: len(wanted) > 2)
    assert not other


async def test_two_scanners_share_the_radio(rig, until):
    one, two = [], []
    async with rig.scanner(lambda _d, _a: one.append(1)):
        async with rig.scanner(lambda _d, _a: two.append(1)):
            await until(lambda: one and two)
        one.clear()
        await until(lambda: one)  # the second to stop has not stopped the first


async def test_find_returns_none_where_nobody_is(rig):
    assert await rig.find("nobody", timeout_s=0.15) is None


async def test_discovery_and_names(rig):
    device = await rig.found()
    async with rig.client(device) as client:
        assert client.name == "desk"
        assert client.is_connected
        service = client.services.get_service(rig.desk.service)
        properties = {one.uuid: set(one.properties) for one in service.characteristics}
        assert properties == {
            rig.desk.value: {"read", "write", "write-without-response"},
            rig.desk.stream: {"notify"},
            rig.desk.alarm: {"indicate"},
            rig.desk.slow: {"read"},
            rig.desk.secret: {"read"},
        }
        descriptors = [one.uuid[4:8] for one in client.services.get_characteristic(rig.desk.stream).descriptors]
        assert descriptors == ["2902"]
    assert not client.is_connected


async def test_only_wanted_services_are_discovered(rig):
    async with rig.client(await rig.found(), services=[rig.desk.service]) as client:
        assert [service.uuid for service in client.services] == [rig.desk.service]


async def test_connect_by_address(rig):
    async with rig.client(rig.desk.address) as client:
        assert client.is_connected


async def test_connect_twice_is_refused(rig):
    async with rig.client(await rig.found()) as client:
        with pytest.raises(BleakError, match="already connected"):
            await client.connect()


async def test_read_and_write(rig, until):
    async with rig.client(await rig.found()) as client:
        assert await client.read_gatt_char(rig.desk.value) == bytes(range(250))  # longer than one response holds
        await client.write_gatt_char(rig.desk.value, b"with", response=True)
        assert rig.desk.written == [b"with"]
        await client.write_gatt_char(rig.desk.value, bytearray(b"without"), response=False)
        await until(lambda: len(rig.desk.written) == 2)
        await client.write_gatt_char(rig.desk.value, bytes(300), response=True)
        assert rig.desk.written[1:] == [b"without", bytes(300)]
        with pytest.raises(BleakError, match="too many"):
            await client.write_gatt_char(rig.desk.value, bytes(245), response=False)


async def test_descriptors(rig):
    async with rig.client(await rig.found()) as client:
        note = client.services.get_characteristic(rig.desk.value).get_descriptor("2901")
        assert await client.read_gatt_descriptor(note) == b"a note"
        await client.write_gatt_descriptor(note, b"another")
        assert await client.read_gatt_descriptor(note.handle) == b"another"


async def test_mtu_and_longest_notification(rig, until):
    async with rig.client(await rig.found()) as client:
        assert client.mtu_size == 247
        assert client.services.get_characteristic(rig.desk.value).max_write_without_response_size == 244
        got = []
        await client.start_notify(rig.desk.stream, lambda char, data: got.append((char.uuid, data)))
        await rig.desk.notify(bytes(range(244)))
        await until(lambda: got)
        assert got == [(rig.desk.stream, bytearray(range(244)))]
    assert client.mtu_size == 23


async def test_unsubscribe_and_subscribe_again(rig, until):
    got = []
    async with rig.client(await rig.found()) as client:
        await client.start_notify(rig.desk.stream, lambda _, data: got.append(bytes(data)))
        with pytest.raises(BleakError, match="already started"):
            await client.start_notify(rig.desk.stream, lambda *_: None)
        await rig.desk.notify(b"one")
        await until(lambda: got)
        await client.stop_notify(rig.desk.stream)
        await rig.desk.notify(b"lost")
        with pytest.raises(BleakError, match="never started"):
            await client.stop_notify(rig.desk.stream)
        await client.start_notify(rig.desk.stream, lambda _, data: got.append(bytes(data)))
        await rig.desk.notify(b"two")
        await until(lambda: len(got) == 2)
    assert got == [b"one", b"two"]


async def test_indications(rig, until):
    got = []
    async with rig.client(await rig.found()) as client:
        await client.start_notify(rig.desk.alarm, lambda _, data: got.append(bytes(data)))
        await rig.desk.device.indicate_subscribers(rig.desk.alarm_char, b"now")
        await until(lambda: got)
    assert got == [b"now"]


async def test_what_does_not_notify_is_refused(rig):
    async with rig.client(await rig.found()) as client:
        with pytest.raises(BleakError, match="neither notifies nor indicates"):
            await client.start_notify(rig.desk.value, lambda *_: None)
        with pytest.raises(BleakCharacteristicNotFoundError):
            await client.read_gatt_char("2a19")


async def test_gatt_errors_are_bleaks_own(rig):
    async with rig.client(await rig.found()) as client:
        with pytest.raises(BleakGATTProtocolError) as refused:
            await client.write_gatt_char(rig.desk.value, b"refuse me", response=True)
        assert refused.value.code == BleakGATTProtocolErrorCode.VALUE_NOT_ALLOWED


async def test_pairing_bond_and_unpairing(rig):
    device = await rig.found()
    gone = []
    async with rig.client(device) as client:
        with pytest.raises(BleakGATTProtocolError, match="Insufficient Encryption"):
            await client.read_gatt_char(rig.desk.secret)
        await client.pair()
        assert await client.read_gatt_char(rig.desk.secret) == b"secret"
    async with rig.client(device, gone.append, pair=True) as client:  # by the bond: encrypted before discovery
        assert await client.read_gatt_char(rig.desk.secret) == b"secret"
        await client.unpair()
        assert not client.is_connected
    assert gone == [client]
    assert await rig.central.keystore.get_all() == []


async def test_twenty_connect_cycles(rig):
    device = await rig.found()
    gone = []
    for _ in range(20):
        async with rig.client(device, gone.append) as client:
            assert len(await client.read_gatt_char(rig.desk.value)) == 250
    assert len(gone) == 20


async def test_radio_switched_off(air):
    central = await radio.open_central(air, "off")
    await central.power_off()
    with pytest.raises(BleakBluetoothNotAvailableError, match="switched off"):
        await BleakScanner.discover(0.1, backend=BumbleScanner, radio=central)
    await radio.close(air, central)


async def test_radio_switched_off_while_scanning_and_connecting(rig):
    device = await rig.found()
    rig.air.out_of_range("desk")
    async with rig.scanner():
        client = rig.client(device)
        connecting = asyncio.create_task(client.connect())
        await asyncio.sleep(0.05)
        await rig.central.power_off()
        with pytest.raises(BleakError, match="link was lost"):
            await connecting
    assert not client.is_connected


async def test_unknown_address_is_not_found(rig):
    with pytest.raises(BleakDeviceNotFoundError):
        await rig.client("DC:00:00:00:00:FF", timeout=0.2).connect()


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=29)), max_size=6))
def test_hostile_advertisements_are_survived(structures):
    data = parse_advertisement(structures, -50)
    assert all(len(uuid) == 36 for uuid in [*data.service_uuids, *data.service_data])


async def test_an_advertisement_has_31_bytes(rig):
    with pytest.raises(ValueError, match="31 bytes"):
        await radio.advertise(rig.desk.device, "a name that fits neither the advertisement nor the response")
