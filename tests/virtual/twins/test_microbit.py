"""The virtual micro:bit through bleak, set up by its driver as the source does it."""

import asyncio
import contextlib
import struct
from functools import partial

import numpy as np
import pytest
from worn import INVALID_LENGTH, refused, swaying, wearing

from monitor.devices.microbit import MICROBIT
from monitor.virtual.twins import twin_class
from monitor.virtual.twins.microbit import ACCELEROMETER, DATA, PERIOD, MicrobitTwin

DRIVER, TWIN = MICROBIT, MicrobitTwin


@pytest.fixture
def wear(air):
    return partial(wearing, air, DRIVER, TWIN)


def test_it_is_listed():
    assert twin_class("microbit") is TWIN


async def test_gatt_table_and_advertisement(wear):
    async with wear() as worn:
        async with worn.client() as client:
            service = client.services.get_service(ACCELEROMETER)
            assert {each.uuid: set(each.properties) for each in service.characteristics} == {
                DATA.lower(): {"read", "notify"},
                PERIOD.lower(): {"read", "write"},
            }
            assert bytes(await client.read_gatt_char(PERIOD)) == b"\x14\x00"
        assert DRIVER.matches((await worn.device()).name, ())


@pytest.mark.parametrize("rate_hz", DRIVER.rates_hz)
async def test_what_is_played_comes_out_at_every_rate(wear, until, rate_hz):
    async with wear(speed=5.0, clock_error=0.01) as worn:
        await worn.open(rate_hz)
        await until(lambda: len(worn.payloads) >= 40)
        assert worn.twin.rate_hz == rate_hz
        assert worn.twin.real_rate_hz == pytest.approx(rate_hz * 1.01)
        parts = worn.parts()
        assert all(part.acc_g.shape == (1, 3) and part.gyr_dps is None and part.t_s is None for part in parts)
        acc_g = np.vstack([part.acc_g for part in parts])
        true_s = worn.twin.sent[0].first_t_s + np.arange(len(acc_g)) / (rate_hz * 1.01)
        assert np.abs(acc_g - swaying(true_s)[0]).max() <= 0.008 + 1e-9  # half a step of 16 mg


async def test_values_beyond_the_range_are_cut_off(wear, until):
    def wild(t_s):
        return np.tile([20.0, -20.0, 1.0], (len(t_s), 1)), np.zeros((len(t_s), 3))

    async with wear(play=wild) as worn:
        await worn.open(50.0)
        await until(lambda: worn.payloads)
        assert worn.parts()[0].acc_g[0].tolist() == [2.032, -2.048, 0.992]  # 62.5 steps are 62


async def test_it_has_neither_battery_nor_cues(wear):
    async with wear() as worn:
        await worn.open(50.0)
        assert not DRIVER.battery
        assert not await worn.reach.cue(("light", "motor", "buzzer"))


async def test_it_streams_again_after_a_loss_and_keeps_its_period(wear, until):
    async with wear(speed=5.0) as worn:
        await worn.open(12.5)
        await until(lambda: len(worn.payloads) >= 3)
        worn.twin.air.drop(worn.twin.name)
        await until(lambda: worn.lost == 1 and not worn.twin.streaming)
        assert worn.twin.period_ms == 80
        await worn.open(100.0)
        await until(lambda: len(worn.payloads) >= 3)
        assert worn.twin.period_ms == 10
        assert len(worn.parts()) >= 3


@pytest.mark.parametrize("wrong", [b"", b"\x14", b"\x14\x00\x00"])
async def test_wrong_periods_are_refused(wear, wrong):
    async with wear() as worn, worn.client() as client:
        assert await refused(client, PERIOD, wrong) == INVALID_LENGTH
        assert worn.twin.period_ms == 20
        assert worn.twin.refused == [wrong]


async def test_other_periods_become_the_next_longer_one(wear):
    async with wear() as worn, worn.client() as client:
        for asked_ms, taken_ms in ((3, 5), (21, 80), (640, 640), (9999, 640)):
            await client.write_gatt_char(PERIOD, struct.pack("<H", asked_ms), response=True)
            assert struct.unpack("<H", await client.read_gatt_char(PERIOD)) == (taken_ms,)


async def test_a_period_of_1_ms_crashes_it(wear, until):
    async with wear() as worn:
        await worn.open(50.0)
        await until(lambda: worn.payloads)
        with contextlib.suppress(Exception):  # the link is lost before or after the write is acknowledged
            async with asyncio.timeout(2.0):
                await worn.reach._client.write_gatt_char(PERIOD, b"\x01\x00", response=False)
        await until(lambda: worn.lost == 1)
        await worn.open(50.0)
        await until(lambda: worn.payloads)
        assert worn.twin.period_ms == 20
