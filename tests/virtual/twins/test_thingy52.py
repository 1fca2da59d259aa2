"""The virtual Thingy:52 through bleak, set up by its driver as the source does it."""

import asyncio
import struct
from functools import partial

import numpy as np
import pytest
from bleak import BleakScanner
from worn import INVALID_LENGTH, NOT_ALLOWED, refused, swaying, wearing

from monitor.devices.thingy52 import THINGY52
from monitor.virtual.bleak_backend import BumbleScanner
from monitor.virtual.twins import twin_class
from monitor.virtual.twins.thingy52 import BASE, Thingy52Twin

DRIVER, TWIN = THINGY52, Thingy52Twin


@pytest.fixture
def wear(air):
    return partial(wearing, air, DRIVER, TWIN)


CONFIG, RAW, LED, PINS, SOUND, SPEAKER = (
    BASE.format(each) for each in ("0401", "0406", "0301", "0303", "0501", "0502")
)


def test_it_is_listed():
    assert twin_class("thingy52") is TWIN


async def test_gatt_table_and_advertisement(wear):
    async with wear() as worn:
        async with worn.client() as client:
            table = {each.uuid[4:8]: set(each.properties) for each in client.services.characteristics.values()}
        assert table["0401"] == table["0301"] == table["0303"] == table["0501"] == {"read", "write"}
        assert table["0406"] == table["0302"] == table["0404"] == {"notify"}
        assert table["0502"] == {"write-without-response"}
        assert table["2a19"] == {"read", "notify"}
        found = await BleakScanner.find_device_by_filter(
            lambda _, data: data.service_uuids == [BASE.format("0100").lower()] and data.local_name == "Thingy",
            5.0,
            backend=BumbleScanner,
            radio=worn.central,
        )
        assert found is not None
        assert DRIVER.matches("", [BASE.format("0100")])


@pytest.mark.parametrize("rate_hz", DRIVER.rates_hz)
async def test_what_is_played_comes_out_at_every_rate(wear, until, rate_hz):
    async with wear(speed=3.0, clock_error=0.01) as worn:
        await worn.open(rate_hz)
        await until(lambda: len(worn.payloads) >= 40)
        assert worn.twin.rate_hz == rate_hz
        assert {len(payload) for payload in worn.payloads} == {18}
        parts = worn.parts()
        acc_g, gyr_dps = np.vstack([part.acc_g for part in parts]), np.vstack([part.gyr_dps for part in parts])
        true_s = worn.twin.sent[0].first_t_s + np.arange(len(acc_g)) / (rate_hz * 1.01)
        want_acc_g, want_gyr_dps = swaying(true_s)
        assert np.abs(acc_g - want_acc_g).max() <= 0.5 / 1024 + 1e-9
        assert np.abs(gyr_dps - want_gyr_dps).max() <= 0.5 / 32 + 1e-9


async def test_values_beyond_the_range_are_cut_off(wear, until):
    def wild(t_s):
        return np.tile([20.0, -20.0, 1.0], (len(t_s), 1)), np.tile([3000.0, -3000.0, 1.0], (len(t_s), 1))

    async with wear(play=wild) as worn:
        await worn.open(50.0)
        await until(lambda: worn.payloads)
        assert worn.parts()[0].acc_g[0].tolist() == [16.0, -16.0, 1.0]
        assert worn.parts()[0].gyr_dps[0].tolist() == [32767 / 32, -1024.0, 1.0]


async def test_the_owners_configuration_stays_but_for_the_rate(wear):
    async with wear() as worn:
        worn.twin.config = struct.pack("<4HB", 5000, 250, 750, 200, 0)
        await worn.open(100.0)
        assert worn.twin.config == struct.pack("<4HB", 5000, 250, 750, 100, 0)


async def test_battery(wear):
    async with wear(battery=63.0) as worn:
        await worn.open(50.0)
        assert await worn.reach.battery_percent() == 63


async def test_cues_reach_it(wear, until):
    async with wear(speed=10.0) as worn:
        await worn.open(50.0)
        for kind in ("light", "motor", "buzzer"):
            assert await worn.reach.cue((kind,))
        await until(lambda: len(worn.twin.cues) >= 3)  # the tone is written without response
        assert [kind for kind, _ in worn.twin.cues] == ["light", "motor", "buzzer"]
        assert worn.twin.pins == bytes(4)  # switched off again
        assert worn.twin.sound == b"\x01\x01"
        assert not worn.twin.refused


async def test_it_streams_again_after_a_loss_and_a_reboot(wear, until):
    async with wear(speed=3.0) as worn:
        await worn.open(25.0)
        await until(lambda: len(worn.payloads) >= 3)
        worn.twin.air.drop(worn.twin.name)
        await until(lambda: worn.lost == 1 and not worn.twin.streaming)
        await worn.open(100.0)
        await until(lambda: len(worn.payloads) >= 3)
        worn.twin.reboot(after_s=0.3)
        await until(lambda: worn.lost == 2)
        assert worn.twin.rate_hz == 100.0  # it lies in flash
        await worn.open(100.0)
        await until(lambda: len(worn.payloads) >= 3)
        assert len(worn.parts()) >= 3


@pytest.mark.parametrize(
    ("uuid", "value", "code"),
    [
        (CONFIG, bytes(8), INVALID_LENGTH),
        (CONFIG, struct.pack("<4HB", 100, 500, 500, 201, 1), NOT_ALLOWED),
        (CONFIG, struct.pack("<4HB", 100, 500, 500, 4, 1), NOT_ALLOWED),
        (CONFIG, struct.pack("<4HB", 99, 500, 500, 50, 1), NOT_ALLOWED),
        (CONFIG, struct.pack("<4HB", 100, 500, 500, 50, 2), NOT_ALLOWED),
        (LED, b"", INVALID_LENGTH),
        (LED, b"\x03\x07", INVALID_LENGTH),
        (LED, b"\x04\x07\x64", INVALID_LENGTH),
        (LED, b"\x03\x08\x64", NOT_ALLOWED),
        (LED, b"\x03\x07\x65", NOT_ALLOWED),
        (PINS, bytes(3), INVALID_LENGTH),
        (SOUND, b"\x01", INVALID_LENGTH),
        (SOUND, b"\x04\x01", NOT_ALLOWED),
    ],
)
async def test_wrong_writes_are_refused(wear, uuid, value, code):
    async with wear() as worn, worn.client() as client:
        before = worn.twin.config, worn.twin.led, worn.twin.pins, worn.twin.sound
        assert await refused(client, uuid, value) == code
        assert (worn.twin.config, worn.twin.led, worn.twin.pins, worn.twin.sound) == before
        assert not worn.twin.cues


async def test_a_tone_in_another_speaker_mode_is_not_heard(wear, until):
    async with wear(speaker_mode=2) as worn, worn.client() as client:
        await client.write_gatt_char(SPEAKER, struct.pack("<HHB", 1000, 400, 60), response=False)
        await until(lambda: worn.twin.refused)
        assert not worn.twin.cues


async def test_silence_and_faults(wear, until):
    async with wear() as worn:
        await worn.open(100.0)
        await until(lambda: len(worn.payloads) >= 3)
        worn.twin.faults.silence = True
        await asyncio.sleep(0.06)
        heard = len(worn.payloads)
        await asyncio.sleep(0.06)
        assert len(worn.payloads) == heard
        worn.twin.faults.silence, worn.twin.faults.split_at_bytes = False, 6
        await until(lambda: len(worn.payloads) >= heard + 4)
        torn = [worn.decoder.feed(payload) for payload in worn.payloads[heard:]]
        assert all(len(part.bad) == 1 for part in torn)
