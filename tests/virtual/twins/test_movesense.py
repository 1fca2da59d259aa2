"""The virtual Movesense through bleak, set up by its driver as the source does it."""

import asyncio
import contextlib
from functools import partial

import numpy as np
import pytest
from bleak import BleakScanner
from worn import swaying, wearing

from monitor.devices.movesense import MOVESENSE
from monitor.virtual.bleak_backend import BumbleScanner
from monitor.virtual.twins import twin_class
from monitor.virtual.twins.movesense import GSP_NOTIFY, GSP_SERVICE, GSP_WRITE, MovesenseTwin

ACC_STEP_G, GYR_STEP_DPS = 0.000244, 0.07
SAMPLES = {13: 1, 26: 2, 52: 4, 104: 8, 208: 16}


@contextlib.asynccontextmanager
async def talking(worn):
    """A bare client, and the replies to its commands."""
    async with worn.client() as client:
        replies = asyncio.Queue()
        await client.start_notify(GSP_NOTIFY, lambda _, data: replies.put_nowait(bytes(data)) if data[0] == 1 else None)
        yield client, replies


def data(worn):
    return [payload for payload in worn.payloads if payload[0] in {2, 3}]


def decoded(worn):
    """Every sample that came; nothing refused. acc_g, gyr_dps, t_s."""
    parts = worn.parts()
    return (
        np.vstack([part.acc_g for part in parts]),
        np.vstack([part.gyr_dps for part in parts]),
        np.concatenate([part.t_s for part in parts]),
    )


@pytest.fixture
def wear(air):
    return partial(wearing, air, MOVESENSE, MovesenseTwin)


def test_it_is_listed():
    assert twin_class("movesense") is MovesenseTwin


async def test_gatt_table_and_advertisement(wear):
    async with wear() as worn:
        async with talking(worn) as (client, _):
            service = client.services.get_service(GSP_SERVICE)
            assert {each.uuid: set(each.properties) for each in service.characteristics} == {
                GSP_WRITE.lower(): {"write", "write-without-response"},
                GSP_NOTIFY.lower(): {"notify"},
            }
        found = await BleakScanner.find_device_by_filter(
            lambda _, data: data.service_uuids == [GSP_SERVICE.lower()] and data.local_name == worn.twin.name,
            5.0,
            backend=BumbleScanner,
            radio=worn.central,
        )
        assert found is not None
        assert MOVESENSE.matches(found.name, ())


@pytest.mark.parametrize("rate_hz", MOVESENSE.rates_hz)
async def test_what_is_played_comes_out_at_every_rate(wear, until, rate_hz):
    async with wear(speed=5.0, clock_error=0.01) as worn:
        await worn.open(rate_hz)
        parts = 2 if rate_hz == 208.0 else 1  # 388 bytes do not fit into 244
        await until(lambda: len(data(worn)) >= 12 * parts)
        assert worn.twin.rate_hz == rate_hz
        n = SAMPLES[rate_hz]
        assert {payload[0] for payload in data(worn)} == ({2, 3} if parts == 2 else {2})
        assert {len(data(worn)[at]) for at in range(0, 12, parts)} == ({244} if parts == 2 else {6 + 24 * n})
        acc_g, gyr_dps, t_s = decoded(worn)
        first = worn.twin.sent[0]
        true_s = first.first_t_s + np.arange(len(acc_g)) / (rate_hz * 1.01)
        assert len(acc_g) >= 12 * n
        want_acc_g, want_gyr_dps = swaying(true_s)
        assert np.abs(acc_g - want_acc_g).max() <= 0.5 * ACC_STEP_G + 1e-6
        assert np.abs(gyr_dps - want_gyr_dps).max() <= 0.5 * GYR_STEP_DPS + 1e-4
        # Its clock tells whole ms; the spacing within a measurement is the driver's estimate.
        assert np.abs((t_s - t_s[0]) - (true_s - true_s[0]) * 1.01).max() < 0.0025


async def test_small_packets_and_the_wrap_of_the_clock(wear, until):
    async with wear(speed=5.0, mtu_bytes=40, clock_start_ms=2**32 - 500) as worn:
        await worn.open()
        await until(lambda: len(data(worn)) >= 60)
        assert max(len(payload) for payload in data(worn)) == 37
        acc_g, _, t_s = decoded(worn)
        assert len(acc_g) >= 56
        assert np.allclose(np.diff(t_s), 1 / 52, atol=0.0025)
        assert t_s[-1] > 1.0


async def test_values_beyond_the_range_are_cut_off(wear, until):
    def wild(t_s):
        return np.tile([20.0, -20.0, 1.0], (len(t_s), 1)), np.tile([3000.0, -3000.0, 0.0], (len(t_s), 1))

    async with wear(speed=5.0, play=wild) as worn:
        await worn.open()
        await until(lambda: len(data(worn)) >= 2)
        acc_g, gyr_dps, _ = decoded(worn)
        assert np.allclose(acc_g, [8.0, -8.0, 1.0], atol=ACC_STEP_G)
        assert np.allclose(gyr_dps, [2000.0, -2000.0, 0.0], atol=GYR_STEP_DPS)


async def test_battery(wear):
    async with wear(battery=63.0) as worn:
        await worn.open()
        assert await worn.reach.battery_percent() == 63


async def test_it_streams_again_after_a_loss_and_stops_when_told(wear, until):
    async with wear(speed=10.0) as worn:
        await worn.open()
        await until(lambda: len(data(worn)) >= 3)
        worn.twin.air.drop(worn.twin.name)
        await until(lambda: worn.lost == 1)
        await until(lambda: not worn.twin.subscriptions.running)
        assert not worn.twin.streaming
        await worn.open(104.0)
        await until(lambda: len(data(worn)) >= 3)
        assert {len(payload) for payload in data(worn)} == {6 + 24 * 8}
        assert len(decoded(worn)[0]) >= 24
        await worn.reach.close(stop=True)
        assert worn.twin.subscriptions.asked[-1] == b"\x02\x63"
        assert not worn.twin.streaming


async def test_wrong_commands_are_refused(wear):
    async with wear() as worn, talking(worn) as (client, replies):

        async def status(*command):
            await client.write_gatt_char(GSP_WRITE, bytes(command), response=True)
            async with asyncio.timeout(2):
                reply = await replies.get()
            assert reply[:2] == bytes((1, command[1]))
            return int.from_bytes(reply[2:4], "little")

        path = b"/Meas/IMU6/52"
        assert await status(0, 7) == 200
        assert await status(1, 0, *path) == 403
        assert await status(1, 5, *b"/Meas/IMU6/50") == 404
        assert await status(1, 5, *b"/Meas/Nothing") == 404
        assert await status(2, 5) == 404
        assert await status(9, 5) == 400
        assert not worn.twin.streaming
        assert await status(1, 5, *path) == 201
        assert worn.twin.streaming
        assert await status(1, 6, *b"/Meas/IMU6/104") == 500
        assert await status(1, 6, *path, 0) == 201  # with a NUL it is the same path
        assert worn.twin.subscriptions.running == {5: 52, 6: 52}
        assert await status(2, 5) == 200
        assert await status(2, 6) == 200
        assert not worn.twin.streaming
        await client.write_gatt_char(GSP_WRITE, b"\x01", response=True)  # too short for an answer
        assert await status(0, 8) == 200
