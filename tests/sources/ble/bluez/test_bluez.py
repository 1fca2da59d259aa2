"""Linux for real: bleak's own BlueZ backend, which finds a fake BlueZ on a private D-Bus."""

import asyncio
import contextlib

import pytest
from streamed import records_until

from monitor.errors import SensorError
from monitor.sources.ble import BleSource, link
from monitor.sources.simulator import Scene, Wearer
from monitor.stream import Battery, Gap, Link, LinkState, Samples
from monitor.virtual.twins import twin_class

SITTING = Wearer((Scene("sit", 3600, tilt_deg=-12),))


@contextlib.asynccontextmanager
async def worn(name, air, **options):
    twin = twin_class(name)(air, SITTING, **options)
    await twin.start()
    try:
        yield twin
    finally:
        await twin.stop()


def connected(records, times):
    """Whether samples have come after so many connections."""
    at = [i for i, r in enumerate(records) if isinstance(r, Link) and r.state is LinkState.CONNECTED]
    return len(at) >= times and any(isinstance(r, Samples) for r in records[at[times - 1] :])


def samples(records):
    return sum(len(r) for r in records if isinstance(r, Samples))


@pytest.mark.parametrize(
    ("sensor", "rate_hz"),
    [("witmotion", 99.26), ("polar-h10", 101.8), ("movesense", 52.0), ("open-imu", 100.0), ("metamotion", 100.0)],
)
async def test_scan_connect_configure_stream_drop_and_come_back(sensor, rate_hz, bluez, air):
    """Found here: bleak's connection to BlueZ ends with the link's, and hanging up raised EOFError."""
    async with worn(sensor, air) as twin:
        source = BleSource(want=twin.name)
        found = await source.find(10.0)
        assert found.driver.name == sensor
        loop = asyncio.get_running_loop()
        loop.call_later(4.0, air.drop, twin.name)
        records = await records_until(source, lambda seen: connected(seen, 2))
    states = [r.state for r in records if isinstance(r, Link)]
    assert states == [LinkState.SEARCHING, LinkState.CONNECTED, LinkState.LOST, LinkState.CONNECTED]
    before = records[: next(i for i, r in enumerate(records) if isinstance(r, Link) and r.state is LinkState.LOST)]
    blocks = [r for r in before if isinstance(r, Samples)]
    span_s = blocks[-1].t_s[-1] - blocks[0].t_s[0]
    assert (samples(before) - 1) / span_s == pytest.approx(rate_hz, rel=0.04)
    assert [r.cause for r in records if isinstance(r, Gap)] == [
        "link lost: the sensor went out of reach or was switched off"
    ]
    assert [r for r in records if isinstance(r, Battery)]
    assert {"StartDiscovery", "Connect", "StartNotify", "WriteValue"} <= set(bluez.calls)


async def test_bluetooth_switched_off_and_on(bluez, air):
    async with worn("witmotion", air) as twin:
        source = BleSource(want=twin.name)
        await source.find(10.0)

        async def switch():
            await asyncio.sleep(2.5)
            await bluez.power(on=False)
            await asyncio.sleep(2.0)
            await bluez.power(on=True)

        switching = asyncio.create_task(switch())
        records = await records_until(source, lambda seen: connected(seen, 2))
        await switching
    (gap,) = [r for r in records if isinstance(r, Gap)]
    assert 1.5 < gap.end_s - gap.start_s < 8.0


async def test_a_sensor_that_wants_to_be_paired_is_paired(bluez, air):
    async with worn("polar-h10", air, bonding=True) as twin:
        source = BleSource(want=twin.name)
        await source.find(10.0)
        records = await records_until(source, lambda seen: connected(seen, 1))
    assert samples(records)


async def test_no_bluez_on_the_bus_is_said(bus):
    bus()
    with pytest.raises(SensorError, match="Bluetooth service of this system is not running"):
        await BleSource().find(2.0)


async def test_no_adapter_is_said(bluez):
    bluez.objects.clear()
    with pytest.raises(SensorError, match="no Bluetooth: plug in an adapter"):
        await BleSource().find(2.0)


async def test_bluetooth_that_is_off_is_said(bluez):
    await bluez.power(on=False)
    with pytest.raises(SensorError, match="switch it on"):
        await BleSource().find(2.0)


async def test_no_permission_is_said(bluez_with):
    async with bluez_with('<deny send_destination="org.bluez"/>'):
        with pytest.raises(SensorError, match="may not use Bluetooth on this system"):
            await BleSource().find(2.0)


async def test_a_service_that_hangs_in_the_set_up_is_not_waited_for_for_ever(bluez, air, monkeypatch):
    """Found in review: bleak's calls to BlueZ have no time limit of their own."""
    monkeypatch.setattr(link, "SET_UP_S", 1.0)
    monkeypatch.setattr(link, "CONNECT_S", 1.0)
    bluez.deaf_to.add("StartNotify")
    async with worn("witmotion", air) as twin:
        source = BleSource(want=twin.name)
        await source.find(10.0)
        asyncio.get_running_loop().call_later(3.0, bluez.deaf_to.clear)
        records = await records_until(source, lambda seen: connected(seen, 1))
    assert bluez.calls.count("StartNotify") > 1
    assert samples(records)
