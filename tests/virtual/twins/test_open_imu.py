"""The virtual board of the open profile through bleak, set up by its driver as the source does it."""

import asyncio
import struct
from functools import partial

import numpy as np
import pytest
from bleak import BleakScanner
from worn import NOT_ALLOWED, refused, swaying, wearing

from monitor.devices.open_imu import OPEN_IMU
from monitor.virtual.bleak_backend import BumbleScanner
from monitor.virtual.twins import twin_class
from monitor.virtual.twins.open_imu import BASE, OpenImuTwin

DRIVER, TWIN = OPEN_IMU, OpenImuTwin


@pytest.fixture
def wear(air):
    return partial(wearing, air, DRIVER, TWIN)


INFO, CONFIG, STREAM, CUE, EVENT = (BASE.format(each) for each in ("0002", "0003", "0004", "0005", "0006"))


def numbers(payloads):
    return [struct.unpack_from("<H", payload, 2)[0] for payload in payloads]


def test_it_is_listed():
    assert twin_class("open-imu") is TWIN


async def test_gatt_table_and_advertisement(wear):
    async with wear() as worn:
        async with worn.client() as client:
            service = client.services.get_service(BASE.format("0001"))
            assert {each.uuid[4:8]: set(each.properties) for each in service.characteristics} == {
                "0002": {"read"},
                "0003": {"read", "write"},
                "0004": {"notify"},
                "0005": {"write", "write-without-response"},
                "0006": {"notify"},
            }
            info = bytes(await client.read_gatt_char(INFO))
            assert info[:8] == bytes((1, 0x3F, 10, 0, 200, 0, 0x0F, 19))
            assert bytes(await client.read_gatt_char(CONFIG)) == struct.pack("<HBBBBH", 50, 3, 0, 1, 0, 0)
            assert bytes(await client.read_gatt_char("2A24")) == b"virtual board"
        found = await BleakScanner.find_device_by_filter(
            lambda _, data: data.service_uuids == [BASE.format("0001").lower()] and data.local_name == "OPS-1a2b",
            5.0,
            backend=BumbleScanner,
            radio=worn.central,
        )
        assert found is not None


@pytest.mark.parametrize("rate_hz", DRIVER.rates_hz)
async def test_what_is_played_comes_out_at_every_rate_over_both_wraps(wear, until, rate_hz):
    wraps = {"clock_start_us": 2**32 - 1_300_000, "first_number": 65532}
    async with wear(speed=5.0, clock_error=0.01, **wraps) as worn:
        await worn.open(rate_hz)
        await until(lambda: len(worn.payloads) >= 22)
        assert worn.twin.rate_hz == rate_hz
        n = {25: 2, 50: 5, 100: 10, 200: 19}[rate_hz]
        assert {len(payload) for payload in worn.payloads} == {8 + 12 * n}
        assert numbers(worn.payloads)[:6] == [65532, 65533, 65534, 65535, 0, 1]
        assert min(struct.unpack_from("<I", payload, 4)[0] for payload in worn.payloads) < 2**31
        parts = worn.parts()
        acc_g, gyr_dps = np.vstack([part.acc_g for part in parts]), np.vstack([part.gyr_dps for part in parts])
        true_s = worn.twin.sent[0].first_t_s + np.arange(len(acc_g)) / (rate_hz * 1.01)
        want_acc_g, want_gyr_dps = swaying(true_s)
        assert np.abs(acc_g - want_acc_g).max() <= 0.5 / 4096 + 1e-9
        assert np.abs(gyr_dps - want_gyr_dps).max() <= 0.5 / 32.8 + 1e-9
        t_s = np.concatenate([part.t_s for part in parts])
        # By its own clock, which runs 1 % fast, the spacing is the nominal one; its microseconds are whole ones.
        assert np.abs((t_s - t_s[0]) - (true_s - true_s[0]) * 1.01).max() < 5e-6
        assert [part.restarted for part in parts] == [True] + [False] * (len(parts) - 1)


async def test_without_a_gyroscope(wear, until):
    async with wear(speed=5.0, capabilities=0x05, acc_ranges=0b0010) as worn:
        await worn.open(100.0)
        await until(lambda: len(worn.payloads) >= 5)
        assert {len(payload) for payload in worn.payloads} == {8 + 6 * 10}
        parts = worn.parts()
        assert all(part.gyr_dps is None for part in parts)
        acc_g = np.vstack([part.acc_g for part in parts])
        true_s = worn.twin.sent[0].first_t_s + np.arange(len(acc_g)) / worn.twin.real_rate_hz
        assert np.abs(acc_g - swaying(true_s)[0]).max() <= 0.5 / 8192 + 1e-9


@pytest.mark.parametrize(("mtu_bytes", "samples"), [(23, 1), (100, 7), (247, 10)])
async def test_packets_fit_the_link(wear, until, mtu_bytes, samples):
    async with wear(mtu_bytes=mtu_bytes) as worn:
        await worn.open(100.0)
        await until(lambda: len(worn.payloads) >= 4)
        assert {len(part.acc_g) for part in worn.parts()} == {samples}


async def test_values_beyond_the_range_are_cut_off(wear, until):
    def wild(t_s):
        return np.tile([20.0, -20.0, 1.0], (len(t_s), 1)), np.tile([3000.0, -3000.0, 1.0], (len(t_s), 1))

    async with wear(play=wild) as worn:
        await worn.open(100.0)
        await until(lambda: worn.payloads)
        part = worn.parts()[0]
        assert np.allclose(part.acc_g, [8.0, -8.0, 1.0], atol=1 / 4096)
        assert np.allclose(part.gyr_dps, [32767 / 32.8, -32768 / 32.8, 1.0], atol=0.5 / 32.8)


async def test_battery_and_cues(wear):
    async with wear(battery=63.0) as worn:
        await worn.open(100.0)
        assert await worn.reach.battery_percent() == 63
        for kind in ("light", "motor", "buzzer"):
            assert await worn.reach.cue((kind,))
        assert [kind for kind, _ in worn.twin.cues] == ["light", "motor", "buzzer"]


async def test_a_cue_that_the_board_lacks_falls_to_the_next_kind(wear):
    async with wear(capabilities=0x07) as worn:
        await worn.open(100.0)
        assert await worn.reach.cue(("motor", "buzzer", "light"))
        assert [kind for kind, _ in worn.twin.cues] == ["light"]
        assert len(worn.twin.refused) == 2


async def test_a_lost_packet_shows_in_number_and_time(wear, until):
    async with wear(speed=5.0) as worn:
        worn.twin.faults.drop, worn.twin.faults.every = True, 4
        await worn.open(100.0)
        await until(lambda: len(worn.payloads) >= 9)
        assert numbers(worn.payloads)[:6] == [0, 1, 2, 4, 5, 6]
        steps_s = np.diff([part.t_s[0] for part in worn.parts()])
        assert np.allclose(steps_s[:5], [0.1, 0.1, 0.2, 0.1, 0.1], atol=1e-4)
        assert not any(payload[0] & 8 for payload in worn.payloads)


async def test_samples_that_are_not_taken_are_told(wear, until):
    async with wear(speed=5.0) as worn:
        await worn.open(100.0)
        await until(lambda: len(worn.payloads) >= 3)
        worn.twin.faults.silence = True
        await asyncio.sleep(0.1)
        heard = len(worn.payloads)
        worn.twin.faults.silence = False
        await until(lambda: len(worn.payloads) >= heard + 3)
        flagged = [k for k, payload in enumerate(worn.payloads) if payload[0] & 8]
        assert len(flagged) == 1
        parts = worn.parts()
        assert parts[flagged[0]].t_s[0] - parts[flagged[0] - 1].t_s[0] > 0.3
        assert numbers(worn.payloads) == list(range(len(worn.payloads)))


async def test_it_streams_again_after_a_loss_and_a_reboot(wear, until):
    async with wear(speed=5.0) as worn:
        await worn.open(50.0)
        await until(lambda: len(worn.payloads) >= 3)
        last = numbers(worn.payloads)[-1]
        worn.twin.air.drop(worn.twin.name)
        await until(lambda: worn.lost == 1 and not worn.twin.streaming)
        assert worn.twin.rate_hz == 50.0
        await worn.open(100.0)
        await until(lambda: len(worn.payloads) >= 3)
        assert 0 < numbers(worn.payloads)[0] - last < 5
        assert not worn.parts()[0].restarted
        assert not worn.payloads[0][0] & 8
        before = worn.twin.info()[8:]
        worn.twin.reboot(after_s=0.5)
        await until(lambda: worn.lost == 2)
        await until(lambda: worn.twin.boots == 2)
        assert worn.twin.info()[8:] != before
        assert worn.twin.rate_hz == 50.0  # as from the factory
        await worn.open(100.0)
        await until(lambda: len(worn.payloads) >= 3)
        assert numbers(worn.payloads)[0] == 0
        parts = worn.parts()
        assert parts[0].restarted
        assert parts[0].t_s[0] < 10.0


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        bytes(7),
        struct.pack("<HBBBBH", 9, 2, 1, 1, 10, 0),
        struct.pack("<HBBBBH", 201, 2, 1, 1, 10, 0),
        struct.pack("<HBBBBH", 100, 4, 1, 1, 10, 0),
        struct.pack("<HBBBBH", 100, 2, 5, 1, 10, 0),
        struct.pack("<HBBBBH", 100, 2, 1, 2, 10, 0),
    ],
)
async def test_wrong_configurations_are_refused(wear, wrong):
    async with wear() as worn, worn.client() as client:
        before = bytes(await client.read_gatt_char(CONFIG))
        assert await refused(client, CONFIG, wrong) == NOT_ALLOWED
        assert bytes(await client.read_gatt_char(CONFIG)) == before


async def test_wrong_cues_are_refused(wear):
    async with wear(capabilities=0x03) as worn, worn.client() as client:
        assert await refused(client, CUE, bytes(7)) == NOT_ALLOWED
        assert await refused(client, CUE, b"\x01" + bytes(7)) == NOT_ALLOWED
        assert not worn.twin.cues


async def test_the_button_is_told(wear, until):
    async with wear() as worn, worn.client() as client:
        events = []
        await client.start_notify(EVENT, lambda _, data: events.append(bytes(data)))
        worn.twin.press_button()
        await until(lambda: events)
        assert events[0][:2] == b"\x01\x01"
        assert len(events[0]) == 6
