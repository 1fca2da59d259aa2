"""The virtual DOT by the driver's own steps: samples over the clock's wrap, the visit bits, the identify light."""

import numpy as np
import pytest
from bleak import BleakClient, BleakScanner

from monitor.cli.virtual import virtual_sensor
from monitor.stream import Gap, Samples
from monitor.virtual import radio
from monitor.virtual.bleak_backend import BumbleClient, BumbleScanner
from monitor.virtual.telling import telling, told_s
from monitor.virtual.twins.movella_dot import MovellaDotTwin
from monitor.virtual.twins.twin import still

CONTROL = "15171002-4947-11e9-8646-d663bd873d93"
MEASUREMENT = "15172001-4947-11e9-8646-d663bd873d93"


async def test_samples_come_out_as_played_over_the_wrap_of_the_clock():
    async with virtual_sensor(telling, 1.0, "movella-dot", clock_at_s=4294.0) as (source, twin):
        await source.find()
        records = []
        async for record in source.records():
            records.append(record)
            if not isinstance(record, Samples) and record.t_s >= 4.0:
                assert await source.cue(("motor", "light"))
                break
        blocks = [r for r in records if isinstance(r, Samples)]
        t_s = np.concatenate([r.t_s for r in blocks])
        true_s = told_s(np.concatenate([r.acc_g for r in blocks]), t_s)
        assert np.diff(true_s) == pytest.approx(1 / 60, abs=0.0011)
        assert not [r for r in records if isinstance(r, Gap)]
        assert len(t_s) > 180
        assert [kind for kind, _ in twin.cues] == ["light"]


async def test_wrong_commands_are_refused(air):
    central = await radio.open_central(air)
    twin = MovellaDotTwin(air, still)
    await twin.start()
    device = await BleakScanner.find_device_by_name(twin.name, 5.0, backend=BumbleScanner, radio=central)
    async with BleakClient(device, timeout=5.0, backend=BumbleClient, radio=central) as client:
        control = bytearray(await client.read_gatt_char(CONTROL))
        control[24:26] = (30).to_bytes(2, "little")
        await client.write_gatt_char(CONTROL, bytes(control), response=True)
        assert twin.rate_hz == 60.0  # no visit bit
        control[0] = 0x10
        await client.write_gatt_char(CONTROL, bytes(control), response=True)
        assert twin.rate_hz == 30.0
        control[24:26] = (50).to_bytes(2, "little")
        await client.write_gatt_char(CONTROL, bytes(control), response=True)
        assert twin.rate_hz == 30.0  # no such rate
        await client.write_gatt_char(MEASUREMENT, b"\x01\x01\x15", response=True)
        assert not twin.streaming  # nobody listens
        assert len(twin.refused) == 2
    await twin.stop()
    await radio.close(air, central)
