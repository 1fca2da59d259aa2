"""The virtual MetaMotion by the driver's own steps: both chips, what it keeps, its cues."""

import asyncio

import numpy as np
import pytest

from monitor.cli.virtual import virtual_sensor
from monitor.sources.simulator import Scene, Wearer
from monitor.stream import Link, LinkState, Samples
from monitor.virtual.telling import telling, told_s


async def take(source, seconds, then=None):
    records = []
    async for record in source.records():
        records.append(record)
        if not isinstance(record, Samples) and record.t_s >= seconds:
            if then:
                await then()
            break
    return records


@pytest.mark.parametrize("chip", ["bmi160", "bmi270"])
async def test_samples_come_out_as_played(chip):
    async with virtual_sensor(telling, 1.0, "metamotion", chip=chip, clock_error=0.0) as (source, twin):
        await source.find()
        records = await take(source, 3.0)
        blocks = [r for r in records if isinstance(r, Samples)]
        t_s = np.concatenate([r.t_s for r in blocks])
        true_s = told_s(np.concatenate([r.acc_g for r in blocks]), t_s)
        assert np.diff(true_s) == pytest.approx(0.01, abs=0.0011)
        assert len(t_s) > 200
        assert twin.battery_percent == 90


async def test_rotation_is_that_of_the_wearer_and_cues_arrive():
    wearer = Wearer((Scene("walk", 60),))
    async with virtual_sensor(wearer, 1.0, "metamotion") as (source, twin):
        await source.find()

        async def cue():
            assert await source.cue(("motor", "light"))
            assert await source.cue(("buzzer", "light"))
            assert not await source.cue(("buzzer",))
            await asyncio.sleep(0.2)  # writes without a response are on their way

        records = await take(source, 3.0, cue)
        assert {kind for kind, _ in twin.cues} == {"motor", "light"}
        gyr = np.concatenate([r.gyr_dps for r in records if isinstance(r, Samples)])
        assert 1.0 < np.abs(gyr).max() < 1000.0


async def test_it_streams_again_after_a_lost_link():
    async with virtual_sensor(telling, 1.0, "metamotion") as (source, twin):
        await source.find()
        links = []
        async for record in source.records():
            if isinstance(record, Link):
                links.append(record.state)
            if isinstance(record, Samples) and len(links) == 2:
                twin.air.drop(twin.name)
            if isinstance(record, Samples) and links.count(LinkState.CONNECTED) == 2:
                break
        assert LinkState.LOST in links
