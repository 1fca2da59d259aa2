"""The virtual Polar H10 and Verity Sense through bleak, set up by their drivers as the source does it."""

import asyncio
import struct

import numpy as np
import pytest
from bleak import BleakScanner
from bleak.exc import BleakGATTProtocolError
from worn import wearing

from monitor.devices.polar import POLAR_H10, POLAR_SENSE
from monitor.errors import SensorError
from monitor.virtual.bleak_backend import BumbleScanner
from monitor.virtual.twins import twin_class
from monitor.virtual.twins.polar import (
    CLOCK_START_NS,
    PMD_CONTROL,
    PMD_DATA,
    PMD_SERVICE,
    PolarH10Twin,
    PolarSenseTwin,
)

FAMILIES = [(PolarH10Twin, POLAR_H10, 100.0), (PolarSenseTwin, POLAR_SENSE, 52.0)]
STEP_G = 0.001


def swaying(t_s):
    """Something that differs in every sample and stays within 2 g, with jolts that need wide differences."""
    acc_g = np.stack([np.sin(7 * t_s), 0.3 * np.cos(11 * t_s), 0.9 + 0.1 * np.sin(3 * t_s)], axis=1)
    acc_g[np.floor(t_s * 5) % 7 == 0] *= -1.5
    return acc_g, np.zeros((len(t_s), 3))


def decoded(one):
    """What came; nothing of it refused. acc_g, t_s."""
    parts = one.parts()
    return np.vstack([part.acc_g for part in parts]), np.concatenate([part.t_s for part in parts])


async def ask(client, replies, *command):
    """One command to the control point; its reply."""
    await client.write_gatt_char(PMD_CONTROL, bytes(command), response=True)
    async with asyncio.timeout(2):
        return await replies.get()


async def listen(client):
    """The replies of the control point, as they come."""
    replies = asyncio.Queue()
    await client.start_notify(PMD_CONTROL, lambda _, data: replies.put_nowait(bytes(data)))
    return replies


def test_they_are_listed():
    assert twin_class("polar-h10") is PolarH10Twin
    assert twin_class("polar-sense") is PolarSenseTwin


@pytest.mark.parametrize(("kind", "driver", "rate_hz"), FAMILIES)
async def test_gatt_table_and_advertisement(air, kind, driver, rate_hz):
    async with wearing(air, driver, kind, play=swaying) as one:
        async with one.client() as client:
            service = client.services.get_service(PMD_SERVICE)
            assert {each.uuid: set(each.properties) for each in service.characteristics} == {
                PMD_CONTROL.lower(): {"read", "write", "indicate"},
                PMD_DATA.lower(): {"notify"},
            }
            assert client.services.get_service("0000180d-0000-1000-8000-00805f9b34fb")
            assert bytes(await client.read_gatt_char("00002a29-0000-1000-8000-00805f9b34fb")) == b"Polar Electro Oy"
            features = bytes(await client.read_gatt_char(PMD_CONTROL))
            assert len(features) == 17
            assert features[0] == 0x0F
            assert features[1] & 4
        scan = {"backend": BumbleScanner, "radio": one.central}
        found = await BleakScanner.find_device_by_filter(lambda _, data: data.local_name == one.twin.name, 5.0, **scan)
        assert found is not None
        assert driver.matches(found.name, ())


@pytest.mark.parametrize(("kind", "driver", "rate_hz"), FAMILIES)
async def test_what_is_played_comes_out_at_its_time(air, until, kind, driver, rate_hz):
    async with wearing(air, driver, kind, play=swaying, speed=10.0, clock_error=0.001) as one:
        await one.open(rate_hz)
        await until(lambda: len(one.payloads) >= 6)
        assert one.twin.rate_hz == rate_hz
        acc_g, t_s = decoded(one)
        assert len(acc_g) >= 6 * 28
        first = one.twin.sent[0]
        sent = first.first_t_s + np.arange(len(acc_g)) * first.period_s
        want_g, _ = swaying(sent)
        assert np.abs(acc_g - want_g).max() <= 0.5 * STEP_G + 1e-9
        # Its own time against the true one: the offset, and the error of its clock.
        assert np.allclose(np.diff(t_s)[57:], np.diff(sent)[57:] * 1.001, atol=1e-8)
        assert 1 / np.diff(sent).mean() == pytest.approx(one.twin.real_rate_hz)


async def test_the_h10_samples_faster_than_it_says_also_by_its_own_clock(air, until):
    async with wearing(air, POLAR_H10, PolarH10Twin, play=swaying, speed=10.0) as one:
        await one.open(50.0)
        await until(lambda: len(one.payloads) >= 4)
        assert {len(payload) for payload in one.payloads} == {226}
        stamps = [struct.unpack_from("<Q", payload, 1)[0] for payload in one.payloads]
        rates = 36e9 / np.diff(np.array(stamps, dtype=np.int64))
        assert np.allclose(rates, 50.92, atol=0.005)
        assert CLOCK_START_NS < stamps[0] < CLOCK_START_NS + 60 * 10**9
        _, t_s = decoded(one)
        assert np.allclose(1 / np.diff(t_s), 50.92, atol=0.005)


@pytest.mark.parametrize("rate_hz", POLAR_H10.rates_hz)
async def test_every_rate_of_the_h10(air, until, rate_hz):
    async with wearing(air, POLAR_H10, PolarH10Twin, play=swaying, speed=20.0) as one:
        await one.open(rate_hz)
        await until(lambda: len(one.payloads) >= 3)
        assert one.twin.control.running == {0: int(rate_hz), 1: 16, 2: 8}
        _, t_s = decoded(one)
        assert 1 / np.diff(t_s)[36:].mean() == pytest.approx(rate_hz * 1.0184, rel=1e-4)


@pytest.mark.parametrize(("mtu_bytes", "frames"), [(247, 4), (100, 8), (23, 100)])
async def test_the_verity_sense_sends_delta_frames_cut_to_the_link(air, until, mtu_bytes, frames):
    async with wearing(air, POLAR_SENSE, PolarSenseTwin, play=swaying, speed=10.0, mtu_bytes=mtu_bytes) as one:
        await one.open(52.0)
        await until(lambda: len(one.payloads) >= frames)
        assert {payload[9] for payload in one.payloads} == {0x81}
        assert max(len(payload) for payload in one.payloads) <= mtu_bytes - 3
        acc_g, t_s = decoded(one)
        assert len(acc_g) > 90
        assert np.abs(acc_g).max() > 1.3  # the jolts came too
        assert np.all(np.diff(t_s) > 0)


async def test_samples_beyond_the_range_are_cut_off(air, until):
    def wild(t_s):
        return np.tile([20.0, -20.0, 1.0], (len(t_s), 1)), np.zeros((len(t_s), 3))

    async with wearing(air, POLAR_H10, PolarH10Twin, speed=10.0, play=wild) as one:
        await one.open(200.0)
        await until(lambda: len(one.payloads) >= 2)
        acc_g, _ = decoded(one)
        assert np.allclose(acc_g, [7.999, -8.0, 1.0])


async def test_battery(air):
    async with wearing(air, POLAR_H10, PolarH10Twin, play=swaying, battery=63.0) as one:
        await one.open(100.0)
        assert await one.reach.battery_percent() == 63


@pytest.mark.parametrize("bonding", [False, True])
async def test_pairing_where_the_control_point_wants_it(air, until, bonding):
    async with wearing(air, POLAR_H10, PolarH10Twin, play=swaying, speed=10.0, bonding=bonding) as one:
        if bonding:
            async with one.client() as client:
                for refused in (
                    lambda: client.read_gatt_char(PMD_CONTROL),
                    lambda: client.write_gatt_char(PMD_CONTROL, b"\x03\x02", response=True),
                ):
                    with pytest.raises(BleakGATTProtocolError) as error:
                        await refused()
                    assert int(error.value.code) == 0x0F  # insufficient encryption
                await client.pair()
                assert bytes(await client.read_gatt_char(PMD_CONTROL))[0] == 0x0F
        await one.open(200.0)
        await until(lambda: len(one.payloads) >= 2)
        acc_g, _ = decoded(one)
        assert len(acc_g) >= 72
        bonds = await one.central.keystore.get_all()
        assert bool(bonds) == bonding
        # The bond outlasts the link.
        await one.reach.close(stop=True)
        one.payloads.clear()
        await one.open(200.0)
        await until(lambda: len(one.payloads) >= 1)


@pytest.mark.parametrize(("kind", "driver", "rate_hz"), FAMILIES)
async def test_the_stream_outlives_the_link_and_comes_back_with_the_setup(air, until, kind, driver, rate_hz):
    async with wearing(air, driver, kind, play=swaying, speed=20.0) as one:
        await one.open(rate_hz)
        await until(lambda: len(one.payloads) >= 2)
        await one.reach.close(stop=False)
        await until(lambda: not one.twin.streaming)
        assert one.twin.control.running is not None  # nobody stopped it
        one.payloads.clear()
        await one.open(rate_hz)
        await until(lambda: len(one.payloads) >= 3)
        assert one.twin.control.asked[-3:][0] == b"\x03\x02"
        acc_g, t_s = decoded(one)
        assert len(acc_g) >= 72
        assert np.all(np.diff(t_s) > 0)
        await one.reach.close(stop=True)
        assert one.twin.control.running is None


async def test_out_of_range_and_back(air, until):
    async with wearing(air, POLAR_H10, PolarH10Twin, play=swaying, speed=10.0) as one:
        await one.open(200.0)
        await until(lambda: len(one.payloads) >= 1)
        one.twin.reboot(1.0)
        await until(lambda: one.lost == 1)
        await until(lambda: one.twin.control.running is None)
        one.payloads.clear()
        await one.open(200.0)
        await until(lambda: len(one.payloads) >= 2)
        assert len(decoded(one)[0]) >= 72


async def test_the_charger_and_a_running_stream_are_told_in_words(air):
    async with wearing(air, POLAR_SENSE, PolarSenseTwin, play=swaying) as one:
        one.twin.control.in_charger = True
        with pytest.raises(SensorError, match="in its charger: take it out"):
            await one.open(52.0)


async def test_commands_that_are_wrong_are_refused(air):
    good = bytes.fromhex("0001320001011000" + "02010400")
    async with wearing(air, POLAR_H10, PolarH10Twin, play=swaying) as one, one.client() as client:
        replies = await listen(client)

        async def status(*command):
            reply = await ask(client, replies, *command)
            assert reply[:3] == bytes((0xF0, *command[:2]))
            return reply[3]

        assert await status(3, 2) == 6  # nothing runs
        assert await status(2, 2, *good) == 12  # nobody has subscribed to the data
        await client.start_notify(PMD_DATA, lambda *_: None)
        assert await status(2, 2, *good, 4, 1, 3) == 5  # an H10 has no channels to choose
        assert await status(2, 2, *good[:8]) == 5  # the range is missing
        assert await status(2, 2, *good, *good[:4]) == 5  # twice the rate
        assert await status(2, 2, 0, 1, 52, 0, *good[4:]) == 8
        assert await status(2, 2, *good[:4], 1, 1, 14, 0, *good[8:]) == 7
        assert await status(2, 2, *good[:8], 2, 1, 16, 0) == 9
        assert await status(2, 2, *good[:-1]) == 4
        assert await status(2, 0, *good) == 3  # it measures nothing else
        assert await status(9, 2) == 1
        assert one.twin.control.running is None
        assert await status(2, 2, *good) == 0
        assert one.twin.control.running == {0: 50, 1: 16, 2: 4}
        assert await status(2, 2, *good) == 6  # it runs already
        assert (await ask(client, replies, 1, 2)).hex() == "f0010200000004190032006400c800010110000203020004000800"
        assert await status(3, 2) == 0
        assert not one.twin.streaming
        assert await ask(client, replies, 2) == bytes.fromhex("f002000400")


async def test_the_verity_sense_wants_its_channels(air):
    async with wearing(air, POLAR_SENSE, PolarSenseTwin, play=swaying) as one, one.client() as client:
        replies = await listen(client)
        await client.start_notify(PMD_DATA, lambda *_: None)
        start = bytes.fromhex("0202000134000101100002010800")
        assert (await ask(client, replies, *start))[3] == 5
        assert (await ask(client, replies, *start, 4, 1, 1))[3] == 11
        assert (await ask(client, replies, *start, 4, 1, 3)).hex() == "f002020000"
        assert (await ask(client, replies, 1, 2)).hex() == "f001020000000134000101100002010800040103"
