"""The virtual DOT by the driver's own steps: samples over the clock's wrap, the visit bits, the identify light."""

import contextlib

import numpy as np
import pytest
from worn import swaying, wearing

from monitor.cli.virtual import virtual_sensor
from monitor.devices.movella_dot import LENGTH, MOVELLA_DOT
from monitor.stream import Gap, Samples
from monitor.virtual.telling import telling, told_s
from monitor.virtual.twins.movella_dot import MovellaDotTwin
from monitor.virtual.twins.twin import still

CONTROL = "15171002-4947-11e9-8646-d663bd873d93"
MEASUREMENT = "15172001-4947-11e9-8646-d663bd873d93"
STOP = b"\x01\x00\x15"


@contextlib.asynccontextmanager
async def on_the_air(air, play=swaying, speed=4.0, **options):
    """A twin, and what connects to it."""
    async with wearing(air, MOVELLA_DOT, MovellaDotTwin, speed=speed, play=play, **options) as worn:
        yield worn.twin, worn.client


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


@pytest.mark.parametrize("rate_hz", MOVELLA_DOT.rates_hz)
async def test_each_rate_with_the_clock_of_the_sensor(air, conduct, until, rate_hz):
    async with on_the_air(air, clock_error=0.01, battery=63.0) as (twin, connected), connected() as client:
        payloads = []
        decoder = await conduct(client, MOVELLA_DOT, rate_hz, payloads.append)
        await until(lambda: len(payloads) >= 20)
        assert twin.rate_hz == rate_hz
        await client.write_gatt_char(MEASUREMENT, STOP, response=True)
        assert not twin.streaming
        assert not twin.refused
        assert (await client.read_gatt_char(MOVELLA_DOT.battery))[0] == 63
        parts = [decoder.feed(payload) for payload in payloads]
        assert not [part.bad for part in parts if part.bad]
        acc_g, gyr_dps = np.vstack([part.acc_g for part in parts]), np.vstack([part.gyr_dps for part in parts])
        want_acc_g, want_gyr_dps = swaying(np.concatenate([each.t_s for each in twin.sent]))
        assert np.abs(acc_g - want_acc_g).max() < 1e-6  # 32-bit floats: there is no step
        assert np.abs(gyr_dps - want_gyr_dps).max() < 1e-4
        assert np.diff(np.concatenate([part.t_s for part in parts])) == pytest.approx(1 / rate_hz, abs=2e-6)


async def test_it_measures_on_over_a_lost_link_and_the_driver_starts_it_anew_at_another_rate(air, conduct, until):
    async with on_the_air(air) as (twin, connected):
        payloads = []
        async with connected() as client:
            await conduct(client, MOVELLA_DOT, 60.0, payloads.append)
            await until(lambda: len(payloads) >= 3)
        await until(lambda: not twin.streaming)
        async with connected() as client:
            assert (await client.read_gatt_char(MEASUREMENT))[1] == 1  # it was never told to stop
            payloads.clear()
            decoder = await conduct(client, MOVELLA_DOT, 30.0, payloads.append)
            await until(lambda: len(payloads) >= 5)
            assert twin.rate_hz == 30.0
            assert not twin.refused
            assert all(len(decoder.feed(payload).acc_g) == 1 for payload in payloads)


async def test_saturation_and_torn_packets(air, conduct, until):
    def wild(t_s):
        return np.tile([20.0, -20.0, 1.0], (len(t_s), 1)), np.tile([3000.0, -3000.0, 1.0], (len(t_s), 1))

    async with on_the_air(air, wild) as (twin, connected), connected() as client:
        payloads = []
        decoder = await conduct(client, MOVELLA_DOT, 60.0, payloads.append)
        await until(lambda: payloads)
        first = decoder.feed(payloads[0])
        assert first.acc_g[0] == pytest.approx([16.0, -16.0, 1.0])
        assert first.gyr_dps[0].tolist() == [2000.0, -2000.0, 1.0]
        heard = len(payloads)
        twin.faults.split_at_bytes = 28
        await until(lambda: len(payloads) >= heard + 6)
        torn = [decoder.feed(payload).bad for payload in payloads if len(payload) != 40]
        assert len(torn) >= 4
        assert {reason for bad in torn for reason, _ in bad} == {LENGTH}


async def test_wrong_commands_are_refused(air):
    async with on_the_air(air, still) as (twin, connected), connected() as client:
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
        await client.start_notify(MOVELLA_DOT.notify, lambda *_: None)
        await client.write_gatt_char(MEASUREMENT, b"\x01\x01\x15", response=True)
        assert twin.streaming
        control[24:26] = (20).to_bytes(2, "little")
        await client.write_gatt_char(CONTROL, bytes(control), response=True)
        assert twin.rate_hz == 30.0  # not while it measures
        await client.write_gatt_char(CONTROL, bytes(31), response=True)
        assert len(twin.refused) == 4
        assert not twin.cues
