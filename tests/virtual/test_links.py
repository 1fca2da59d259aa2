"""Links that end, fail to begin, or falter: what bleak's client sees of it."""

import asyncio
import time

import pytest
from bleak.exc import BleakError

from monitor.virtual.air import Air
from monitor.virtual.radio import open_central, open_peripheral


async def test_peer_drops_the_link(rig, until):
    gone = []
    client = rig.client(await rig.found(), gone.append)
    await client.connect()
    rig.air.drop("desk")
    await until(lambda: gone)
    await asyncio.sleep(0.05)
    assert gone == [client]
    assert not client.is_connected
    with pytest.raises(BleakError, match="Service Discovery"):
        await client.read_gatt_char(rig.desk.value)
    with pytest.raises(BleakError, match="Not connected"):
        await client.start_notify(rig.desk.stream, lambda *_: None)
    with pytest.raises(BleakError, match="Not connected"):
        await client.pair()
    await client.disconnect()  # nothing to do, nothing to say
    assert gone == [client]


async def test_operation_with_a_characteristic_of_a_lost_link(rig, until):
    client = rig.client(await rig.found())
    await client.connect()
    characteristic = client.services.get_characteristic(rig.desk.value)
    rig.air.drop("desk")
    await until(lambda: not client.is_connected)
    with pytest.raises(BleakError, match="Not connected"):
        await client._backend.read_gatt_char(characteristic)


async def test_own_disconnect_calls_back_once(rig):
    gone = []
    client = rig.client(await rig.found(), gone.append)
    await client.connect()
    await client.disconnect()
    await client.disconnect()
    await asyncio.sleep(0.05)
    assert gone == [client]


async def test_disconnect_while_the_peer_vanishes_calls_back_once(rig):
    gone = []
    client = rig.client(await rig.found(), gone.append)
    await client.connect()
    hanging_up = asyncio.create_task(client.disconnect())
    await asyncio.sleep(0)
    rig.air.drop("desk")
    await hanging_up
    await asyncio.sleep(0.05)
    assert gone == [client]


async def test_failing_callback_does_not_spoil_the_radio(rig, until):
    errors = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context["exception"]))

    def fail(_client):
        raise RuntimeError("the caller's own fault")

    device = await rig.found()
    await rig.client(device, fail).connect()
    rig.air.drop("desk")
    await until(lambda: errors)
    async with rig.client(device) as client:
        assert len(await client.read_gatt_char(rig.desk.value)) == 250


async def test_absent_device_times_out_and_the_next_connects(rig):
    device = await rig.found()
    rig.air.out_of_range("desk")
    start_s = time.monotonic()
    with pytest.raises(TimeoutError):
        await rig.client(device, timeout=0.2).connect()
    assert time.monotonic() - start_s < 2.0
    rig.air.back("desk")
    async with rig.client(device) as client:
        assert client.is_connected


async def test_cancelled_connect_leaves_the_radio_free(rig):
    device = await rig.found()
    rig.air.out_of_range("desk")
    connecting = asyncio.create_task(rig.client(device).connect())
    await asyncio.sleep(0.05)
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    rig.air.back("desk")
    await asyncio.sleep(0.15)  # a radio that still tried would connect now
    assert not rig.central.connections
    async with rig.client(device) as client:
        assert client.is_connected


async def test_two_connects_at_once_take_turns(rig, until):
    second = await open_peripheral(rig.air, "second", "DC:00:00:00:00:02")
    device = await rig.found()
    rig.air.out_of_range("desk")
    absent = asyncio.create_task(rig.client(device, timeout=0.3).connect())
    await asyncio.sleep(0.01)
    await second.start_advertising(auto_restart=True, advertising_interval_min=50, advertising_interval_max=50)
    async with rig.client("DC:00:00:00:00:02") as client:
        assert client.is_connected
    with pytest.raises(TimeoutError):
        await absent
    rig.air.remove_controller(second.host.controller)


async def test_link_lost_while_discovering(rig):
    gone = []
    device = await rig.found()
    rig.air.lag("desk", 0.1)
    client = rig.client(device, gone.append)
    connecting = asyncio.create_task(client.connect())
    await asyncio.sleep(0.3)
    assert rig.central.connections
    rig.air.drop("desk")
    with pytest.raises(BleakError, match="link was lost"):
        await connecting
    assert not client.is_connected
    assert not gone  # connect() has said so already
    rig.air.lag("desk")
    await client.connect()
    await client.disconnect()
    assert gone == [client]


async def test_timeout_while_discovering_hangs_up(rig, until):
    device = await rig.found()
    rig.air.lag("desk", 0.2)
    with pytest.raises(TimeoutError):
        await rig.client(device, timeout=0.4).connect()
    assert not rig.central.connections


async def test_out_of_range_ends_the_link_on_both_sides_and_back_reconnects(rig, until):
    gone_s = []
    device = await rig.found()
    client = rig.client(device, lambda _: gone_s.append(time.monotonic()))
    await client.connect()
    left_s = time.monotonic()
    rig.air.out_of_range("desk")
    await until(lambda: gone_s)
    assert 0.3 <= gone_s[0] - left_s + 1e-3 < 2.0
    await until(lambda: not rig.desk.device.connections)
    assert await rig.find(timeout_s=0.2) is None
    rig.air.back("desk")
    await client.connect()
    assert len(await client.read_gatt_char(rig.desk.value)) == 250
    await client.disconnect()
    assert len(gone_s) == 2


async def test_short_absence_loses_data_but_not_the_link(rig, until):
    got, gone = [], []
    async with rig.client(await rig.found(), gone.append) as client:
        await client.start_notify(rig.desk.stream, lambda _, data: got.append(data[0]))
        await rig.desk.notify(b"\x01")
        await until(lambda: got)
        rig.air.out_of_range("desk")
        await rig.desk.notify(b"\x02")
        await asyncio.sleep(0.05)
        rig.air.back("desk")
        await rig.desk.notify(b"\x03")
        await until(lambda: len(got) == 2)
        await asyncio.sleep(0.4)  # the supervision timer must be off
        assert client.is_connected
    assert got == [1, 3]


async def test_hanging_up_unheard_frees_the_peer_by_timeout(rig, until):
    device = await rig.found()
    client = rig.client(device)
    await client.connect()
    rig.air.out_of_range("central")
    await client.disconnect()
    rig.air.back("central")
    assert rig.desk.device.connections  # it has not heard the goodbye
    await until(lambda: not rig.desk.device.connections)
    async with rig.client(device):
        pass


async def test_pending_read_fails_when_the_link_is_lost(rig):
    async with rig.client(await rig.found()) as client:
        reads = [asyncio.create_task(client.read_gatt_char(rig.desk.slow)) for _ in range(3)]
        await asyncio.sleep(0.05)
        rig.air.drop("desk")
        for read in reads:  # the one under way and those that wait for their turn
            with pytest.raises(BleakError, match="link was lost"):
                await asyncio.wait_for(read, 2.0)


async def test_own_cancellation_stays_one_and_spoils_no_later_read(rig):
    async with rig.client(await rig.found()) as client:
        read = asyncio.create_task(client.read_gatt_char(rig.desk.slow))
        await asyncio.sleep(0.02)
        read.cancel()
        with pytest.raises(asyncio.CancelledError):
            await read
        later = asyncio.create_task(client.read_gatt_char(rig.desk.value))
        await asyncio.sleep(0.02)
        rig.desk.answer.set()
        assert await later == bytes(range(250))  # not b"slow", which the peripheral sends first


@pytest.mark.parametrize("removed", [True, False])
async def test_no_phantom_connection_to_a_radio_that_has_gone(rig, until, removed):
    device = await rig.found()
    connecting = asyncio.create_task(rig.client(device, timeout=0.3).connect())
    await until(lambda: rig.central.host.controller.pending_le_connection)
    phantoms = []
    rig.central.on("connection", phantoms.append)
    controller = rig.desk.device.host.controller
    for one in controller.advertising_sets.values():
        one.send_extended_advertising_data()  # under way when the radio goes
    if removed:
        rig.air.remove_controller(controller)
    else:
        controller.stop_advertising()
    with pytest.raises(TimeoutError):
        await connecting
    assert not phantoms


async def test_removed_radio_ends_its_links_by_timeout(rig, until):
    gone = []
    client = rig.client(await rig.found(), gone.append)
    await client.connect()
    rig.air.remove_controller(rig.desk.device.host.controller)
    assert client.is_connected
    await until(lambda: gone)


async def test_names_are_unique_and_known(rig):
    with pytest.raises(ValueError, match="named 'central'"):
        await open_central(rig.air)
    with pytest.raises(LookupError, match=r"no radio named 'chair'.*central, desk"):
        rig.air.drop("chair")


async def test_only_mended_controllers_may_join():
    assert Air().supervision_timeout_s == 0.7
    with pytest.raises(TypeError):
        Air().add_controller(object())
