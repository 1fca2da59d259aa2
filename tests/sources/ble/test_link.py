"""The link that survives the day: sleep, silence, Bluetooth switched off and on, absence; each loss with its cause."""

import asyncio
import time

import pytest
from streamed import records_until

from monitor.cli.virtual import virtual_sensor
from monitor.sources.ble import awake_clock, link, session_clock
from monitor.sources.simulator import Scene, Wearer
from monitor.stream import Gap, Link, LinkState, Samples

SITTING = Wearer((Scene("sit", 3600, tilt_deg=-12),))


def samples_after(records, state, times=1):
    """Whether samples have come after the link was in this state so many times."""
    at = [i for i, r in enumerate(records) if isinstance(r, Link) and r.state is state]
    return len(at) >= times and any(isinstance(r, Samples) for r in records[at[times - 1] :])


def came_back(records):
    return samples_after(records, LinkState.CONNECTED, 2)


def causes(records):
    return [r.cause for r in records if isinstance(r, Link) and r.state is LinkState.LOST]


def the_gap(records):
    """The one gap, which must be exactly what lies between two samples."""
    (gap,) = [r for r in records if isinstance(r, Gap)]
    blocks = [r for r in records if isinstance(r, Samples)]
    before = max(block.t_s[-1] for block in blocks if block.t_s[-1] < gap.end_s)
    after = min(block.t_s[0] for block in blocks if block.t_s[0] > gap.start_s)
    assert 0.0 < gap.start_s - before < 0.05
    assert gap.end_s == pytest.approx(after)
    return gap


async def test_a_computer_that_slept_is_a_gap_as_long_as_its_sleep():
    async with virtual_sensor(SITTING, 1.0) as (source, _):
        awake, slept = source.clock, [0.0]
        source.clock, source.awake = (lambda: awake() + slept[0]), awake
        await source.find()
        asyncio.get_running_loop().call_later(2.0, slept.__setitem__, 0, 3600.0)
        records = await records_until(source, came_back)
    (cause,) = causes(records)
    assert "slept for 3600 s" in cause
    gap = the_gap(records)
    assert 3600.0 <= gap.end_s - gap.start_s < 3604.0
    assert "slept" in gap.cause


async def test_where_no_clock_tells_of_sleep_a_leap_of_time_does():
    async with virtual_sensor(SITTING, 1.0) as (source, _):
        clock, slept = source.clock, [0.0]
        source.clock = source.awake = lambda: clock() + slept[0]
        await source.find()
        asyncio.get_running_loop().call_later(2.0, slept.__setitem__, 0, 600.0)
        records = await records_until(source, came_back)
    assert "slept" in causes(records)[0]
    assert the_gap(records).end_s > 600.0


async def test_a_sensor_that_is_connected_but_silent_is_set_up_anew(monkeypatch):
    monkeypatch.setattr(link, "SILENT_S", 1.5)
    async with virtual_sensor(SITTING, 1.0) as (source, twin):
        await source.find()
        loop = asyncio.get_running_loop()
        loop.call_later(1.5, lambda: setattr(twin.faults, "silence", True))
        loop.call_later(4.0, lambda: setattr(twin.faults, "silence", False))
        records = await records_until(source, came_back)
    assert "nothing came for 1.5 s" in causes(records)[0]
    assert the_gap(records).end_s - the_gap(records).start_s > 2.0


async def test_bluetooth_switched_off_and_on_is_come_back_from():
    async with virtual_sensor(SITTING, 1.0) as (source, _):
        await source.find()
        radio = source.connect["radio"]

        async def switch():
            await asyncio.sleep(2.0)
            for connection in list(radio.connections.values()):
                await connection.disconnect()
            await radio.power_off()
            await asyncio.sleep(2.0)
            await radio.power_on()

        switching = asyncio.create_task(switch())
        records = await records_until(source, came_back)
        await switching
    assert len(causes(records)) == 1
    assert 1.5 < the_gap(records).end_s - the_gap(records).start_s < 8.0


async def test_back_within_two_seconds_of_the_sensor_coming_back():
    """However long the pauses between tries have grown: the sensor's advertisement ends them."""
    async with virtual_sensor(SITTING, 1.0) as (source, twin):
        await source.find()
        loop, back_s = asyncio.get_running_loop(), []
        loop.call_later(1.0, twin.air.out_of_range, twin.name)

        def back():
            twin.air.back(twin.name)
            back_s.append(source.clock())

        loop.call_later(7.0, back)
        zero_s = source.clock()
        records = await records_until(source, came_back)
    assert causes(records)
    connected = [r.t_s for r in records if isinstance(r, Link) and r.state is LinkState.CONNECTED]
    assert connected[-1] + zero_s - back_s[0] < 2.0
    first_s = max(r.t_s[0] for r in records if isinstance(r, Samples))
    assert first_s + zero_s - back_s[0] < 2.5


def test_the_sessions_clock_goes_on_and_the_awake_one_never_leads():
    first, awake = session_clock(), awake_clock()
    time.sleep(0.05)
    assert session_clock() - first == pytest.approx(awake_clock() - awake, abs=0.02)
    assert session_clock() - first >= 0.05
