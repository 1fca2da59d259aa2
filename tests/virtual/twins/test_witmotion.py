"""The virtual WT901BLE through bleak: its stream, its replies, its rates, its faults."""

import asyncio
import itertools
import struct
from collections.abc import Callable

import numpy as np
import pytest
from bleak import BleakClient, BleakScanner

from monitor.devices.witmotion import WITMOTION
from monitor.virtual import radio
from monitor.virtual.air import Air
from monitor.virtual.bleak_backend import BumbleClient, BumbleScanner
from monitor.virtual.clock import WearerClock
from monitor.virtual.twins import twin_class
from monitor.virtual.twins.twin import still
from monitor.virtual.twins.witmotion import NOTIFY, REAL_RATES_HZ, SERVICE, WRITE, WitMotionTwin

RATE_CODES = {10: 0x06, 20: 0x07, 50: 0x08, 100: 0x09, 200: 0x0B}
FRAMES = {10: 1, 20: 1, 50: 2, 100: 4, 200: 8}


def numbered(t_s):
    """Content that tells the time: acc x, y = the number of milliseconds, in steps of the sensor."""
    ms = np.rint(t_s * 1000.0)
    acc_g = np.stack([ms % 128, ms // 128, np.zeros_like(ms)], axis=1) * 16.0 / 32768
    return acc_g, np.zeros((len(t_s), 3))


class Wearer:
    """A twin, a central, a client, and every byte that came."""

    def __init__(self, air: Air, speed: float = 1.0, play=still, **kwargs) -> None:
        self.air = air
        self.clock = WearerClock(speed)
        self.twin = WitMotionTwin(air, play, clock=self.clock, speed=speed, **kwargs)
        self.got: list[bytes] = []
        self.gone = 0

    async def connect(self) -> None:
        device = await BleakScanner.find_device_by_name(self.twin.name, 5.0, backend=BumbleScanner, radio=self.central)
        assert device is not None
        self.client = BleakClient(device, self._lost, timeout=5.0, backend=BumbleClient, radio=self.central)
        await self.client.connect()

    def _lost(self, _client) -> None:
        self.gone += 1

    async def __aenter__(self):
        self.central = await radio.open_central(self.air)
        await self.twin.start()
        await self.connect()
        return self

    async def __aexit__(self, *_):
        await self.client.disconnect()
        await self.twin.stop()
        await radio.close(self.air, self.central)

    async def subscribe(self) -> None:
        await self.client.start_notify(NOTIFY, lambda _, data: self.got.append(bytes(data)))

    async def write(self, *command: int) -> None:
        await self.client.write_gatt_char(WRITE, bytes((0xFF, 0xAA, *command)), response=False)

    async def set_rate(self, rate_hz: int) -> None:
        await self.write(0x03, RATE_CODES[rate_hz], 0x00)

    def replies(self) -> list[tuple[int, int]]:
        """(register, its value) of each 55 71 that came whole."""
        blocks = [data[at : at + 20] for data in self.got for at in range(0, len(data), 20)]
        return [struct.unpack_from("<HH", block, 2) for block in blocks if block[:2] == b"\x55\x71"]

    def frames(self) -> bytes:
        """All frames that came, without replies; fails on anything that is neither."""
        blocks = [data[at : at + 20] for data in self.got for at in range(0, len(data), 20)]
        assert all(block[:2] in {b"\x55\x61", b"\x55\x71"} and len(block) == 20 for block in blocks)
        return b"".join(block for block in blocks if block[1] == 0x61)


@pytest.fixture
async def wear(air: Air) -> Callable[..., Wearer]:
    def make(speed: float = 1.0, **kwargs) -> Wearer:
        return Wearer(air, speed, **kwargs)

    return make


def test_it_is_listed():
    assert twin_class("witmotion") is WitMotionTwin


async def test_gatt_table_and_advertisement(wear):
    async with wear() as worn:
        service = worn.client.services.get_service(SERVICE)
        assert {one.uuid: set(one.properties) for one in service.characteristics} == {
            NOTIFY: {"notify"},
            WRITE: {"write", "write-without-response"},
        }
        assert worn.client.mtu_size == 247
        await worn.client.disconnect()
        found = await BleakScanner.find_device_by_filter(
            lambda _, data: SERVICE in data.service_uuids and data.local_name == "WT901BLE67",
            5.0,
            backend=BumbleScanner,
            radio=worn.central,
        )
        assert found.address == "DC:2B:7E:00:00:67"
        assert int(found.address[:2], 16) >> 6 == 0b11  # a random static address


async def test_stream_flows_only_while_subscribed(wear, until):
    async with wear(speed=20.0) as worn:
        await asyncio.sleep(0.05)
        assert not worn.twin.sent
        assert not worn.twin.streaming
        await worn.subscribe()
        await until(lambda: len(worn.got) > 5)
        assert worn.twin.rate_hz == 10.0
        assert worn.twin.streaming
        await worn.client.stop_notify(NOTIFY)
        sent = len(worn.twin.sent)
        await asyncio.sleep(0.05)
        assert len(worn.twin.sent) == sent
        await worn.subscribe()  # the sensor's clock has gone on meanwhile
        await until(lambda: len(worn.twin.sent) > sent)
        before, after = list(worn.twin.sent)[sent - 1 : sent + 1]
        assert after.first_t_s - before.first_t_s > 20 * 0.05
        assert after.first_index - before.first_index == round((after.first_t_s - before.first_t_s) * 10.05)


@pytest.mark.parametrize("rate_hz", FRAMES)
async def test_frames_in_a_notification(wear, until, rate_hz):
    async with wear() as worn:
        await worn.set_rate(rate_hz)
        await worn.subscribe()
        await until(lambda: len(worn.got) >= 3)
        assert {len(data) for data in worn.got} == {20 * FRAMES[rate_hz]}
        assert worn.twin.real_rate_hz == REAL_RATES_HZ[rate_hz]


@pytest.mark.parametrize(("speed", "seconds"), [(1.0, 2.0), (20.0, 1.5)])
async def test_schedule_does_not_drift(wear, speed, seconds):
    """Every frame that is due has been sent, and none before its time, in real time and in time-lapse."""
    async with wear(speed, play=numbered) as worn:
        await worn.set_rate(100)
        await worn.subscribe()
        await asyncio.sleep(seconds)
        await worn.client.stop_notify(NOTIFY)
        sent, twin = list(worn.twin.sent), worn.twin
        t_s = np.concatenate([one.t_s for one in sent])
        assert np.allclose(np.diff(t_s), 1 / 99.26, atol=1e-9)
        assert t_s[-1] >= seconds * speed - 0.5 * speed
        assert [one.first_index for one in sent] == list(np.cumsum([0, *(one.frames for one in sent)])[:-1])
        early_s = min(twin.stream_time_s(one.at_s) - one.t_s[-1] for one in sent)
        assert early_s >= 0.0
        # The last notification of a wake leaves less than one group behind, however late the wake.
        group = max(one.frames for one in sent)
        behind = [twin.stream_time_s(b.at_s) - a.t_s[-1] for a, b in itertools.pairwise(sent)]
        assert np.median(behind) * 99.26 < 2 * group + 0.05 * speed * 99.26
        values = np.frombuffer(worn.frames(), "<i2").reshape(-1, 10)
        ms = values[:, 1] + 128 * values[:, 2]
        assert np.array_equal(ms, np.rint(t_s[: len(ms)] * 1000))
        assert len(ms) >= len(t_s) - 2 * group  # but for what was under way when we unsubscribed


async def test_time_lapse_of_sixty_keeps_up(wear):
    async with wear(60.0) as worn:
        await worn.set_rate(100)
        await worn.subscribe()
        await asyncio.sleep(0.7)
        last = worn.twin.sent[-1]
        assert worn.twin.stream_time_s(last.at_s) > 60.0 * 0.4
        assert worn.twin.stream_time_s(last.at_s) - last.t_s[-1] < 60.0 * 0.3
        assert max(one.frames for one in worn.twin.sent) == 12  # (247 - 3) // 20


async def test_clock_error_is_settable(wear):
    async with wear(clock_error=-0.02) as worn:
        await worn.set_rate(50)
        await worn.subscribe()
        assert worn.twin.real_rate_hz == pytest.approx(49.0)


async def test_rate_change_while_streaming_loses_nothing(wear, until):
    async with wear(play=numbered) as worn:
        await worn.set_rate(100)
        await worn.subscribe()
        await until(lambda: len(worn.got) > 2)
        await worn.set_rate(200)
        await until(lambda: any(one.frames == 8 for one in worn.twin.sent))
        sent = list(worn.twin.sent)
        assert [one.first_index for one in sent] == list(np.cumsum([0, *(one.frames for one in sent)])[:-1])
        steps_s = np.diff(np.concatenate([one.t_s for one in sent]))
        assert steps_s.min() > 0.004
        assert steps_s.max() < 0.02


async def test_small_mtu_means_one_frame_at_a_time(wear, until):
    async with wear(mtu_bytes=23) as worn:
        await worn.set_rate(100)
        await worn.subscribe()
        await until(lambda: len(worn.got) > 10)
        assert {len(data) for data in worn.got} == {20}


async def test_battery_reply_travels_with_frames_and_is_zero_after_saving(wear, until):
    async with wear(battery_v=3.79) as worn:
        await worn.set_rate(200)
        await worn.subscribe()
        await until(lambda: worn.got)
        async with asyncio.timeout(5.0):
            while not any(len(data) == 180 for data in worn.got):  # 8 frames and a reply, unless it went alone
                await worn.write(0x27, 0x64, 0x00)
                await asyncio.sleep(0.015)
        assert set(worn.replies()) == {(0x64, 379)}
        await worn.write(0x69, 0x88, 0xB5)
        await worn.write(0x00, 0x00, 0x00)
        asked = len(worn.replies())
        await worn.write(0x27, 0x64, 0x00)
        await until(lambda: len(worn.replies()) > asked)
        assert worn.replies()[-1] == (0x64, 0)
        await asyncio.sleep(0.3)
        await worn.write(0x27, 0x64, 0x00)
        await until(lambda: worn.replies()[-1] == (0x64, 379))
        assert len(worn.frames()) % 20 == 0


async def test_reply_does_not_wait_for_a_slow_stream(wear, until):
    async with wear() as worn:
        await worn.subscribe()
        await worn.write(0x03, 0x02, 0x00)  # 0.5 Hz
        await worn.write(0x27, 0x03, 0x00)
        async with asyncio.timeout(1.0):
            await until(worn.replies)
        assert worn.replies() == [(0x03, 0x02)]


async def test_wrong_commands_change_nothing(wear, until):
    async with wear() as worn:
        await worn.subscribe()
        for wrong in ("ffaa0309", "ffaa03090000", "aaff030900", ""):
            await worn.client.write_gatt_char(WRITE, bytes.fromhex(wrong), response=True)
        assert worn.twin.rate_hz == 10.0
        assert len(worn.twin.registers.refused) == 4


async def test_recording_ends(wear):
    async def ends(play):
        async with wear(speed=50.0, play=play) as worn:
            await worn.set_rate(50)
            await worn.subscribe()
            await asyncio.wait_for(worn.twin.ended.wait(), 5.0)
            assert not worn.twin.streaming
            await asyncio.sleep(0.03)
            return len(worn.frames()) // 20

    def short(t_s):
        return still(t_s[t_s < 4.0])

    def stops(t_s):
        if t_s[-1] >= 4.0:
            raise StopIteration
        return still(t_s)

    assert await ends(short) == 198  # frames 0 to 197 come before 4 s at 49.45 Hz
    assert 150 < await ends(stops) <= 198


async def test_link_lost_and_found_while_the_wearer_goes_on(wear, until):
    async with wear(speed=10.0, play=numbered) as worn:
        await worn.subscribe()
        await until(lambda: len(worn.got) > 2)
        worn.air.drop("WT901BLE67")
        await until(lambda: worn.gone == 1 and not worn.twin.streaming)
        sent = len(worn.twin.sent)
        await asyncio.sleep(0.1)
        assert len(worn.twin.sent) == sent
        await worn.connect()
        assert not worn.twin.streaming  # subscriptions do not outlive the link
        await worn.subscribe()
        await until(lambda: len(worn.twin.sent) > sent)
        before, after = list(worn.twin.sent)[sent - 1 : sent + 1]
        assert after.first_t_s > before.first_t_s + 1.0
        await until(lambda: after.payload in worn.got)


async def test_reboot_forgets_what_was_not_saved(wear, until):
    async with wear(speed=2.0) as worn:
        await worn.set_rate(100)
        await worn.subscribe()
        await until(lambda: worn.got)
        worn.twin.reboot(after_s=0.4)
        await until(lambda: worn.gone == 1)
        assert not worn.twin.streaming
        await worn.connect()
        assert worn.twin.rate_hz == 10.0
        worn.got.clear()
        await worn.subscribe()
        await until(lambda: worn.got)
        assert len(worn.got[0]) == 20


async def test_silence(wear, until):
    async with wear(speed=10.0) as worn:
        await worn.subscribe()
        await until(lambda: worn.got)
        worn.twin.faults.silence = True
        await asyncio.sleep(0.05)
        heard = len(worn.got)
        await worn.write(0x27, 0x64, 0x00)
        await asyncio.sleep(0.1)
        assert len(worn.got) == heard
        assert worn.client.is_connected
        worn.twin.faults.silence = False
        await until(lambda: len(worn.got) > heard)


@pytest.mark.parametrize(
    ("fault", "dirty_bytes", "copies"),
    [
        ({"split_at_bytes": 33}, 0, 1),
        ({"garbage_prefix_bytes": 7}, 7, 1),
        ({"garbage_bytes": 11}, 11, 1),
        ({"duplicate": True}, 0, 2),
    ],
)
async def test_faults_reach_the_client(wear, until, fault, dirty_bytes, copies):
    async with wear(play=numbered) as worn:
        for name, value in fault.items():
            setattr(worn.twin.faults, name, value)
        await worn.set_rate(100)
        await worn.subscribe()
        await until(lambda: len(worn.got) >= 6)
        await worn.client.stop_notify(NOTIFY)
        sent = list(worn.twin.sent)
        assert worn.got == [one.payload for one in sent[: len(worn.got)]]
        healthy = sum(one.frames for one in sent)
        notifications = healthy // 4 // copies
        assert sum(len(one.payload) for one in sent) == 20 * healthy + dirty_bytes * notifications
        t_s = np.concatenate([one.t_s for one in sent])
        assert len(np.unique(t_s.round(9))) == len(t_s) // copies
        assert np.allclose(np.diff(np.unique(t_s.round(9))), 1 / 99.26, atol=1e-6)


async def test_the_driver_understands_the_twin(wear, until, conduct):
    """Our decoder and our twin were written apart from each other, from the same facts."""
    async with wear(play=numbered, battery_v=3.95) as worn:
        worn.twin.faults.split_at_bytes = 33
        decoder = await conduct(worn.client, WITMOTION, 100.0, worn.got.append)
        del worn.got[:]
        begin = len(worn.twin.sent)
        assert worn.twin.rate_hz == 100.0
        await until(lambda: len(worn.got) > 8)
        await worn.client.write_gatt_char(WRITE, WITMOTION.battery_request.payload, response=False)
        await until(lambda: len(worn.got) > 24)
        decoded = [decoder.feed(payload) for payload in worn.got]
        acc_g = np.concatenate([one.acc_g for one in decoded])
        t_s = np.concatenate([one.t_s for one in list(worn.twin.sent)[begin:]])
        first = next(at for at in range(9) if np.array_equal(numbered(t_s[at:])[0][0], acc_g[0]))
        assert len(acc_g) > 40
        assert np.array_equal(acc_g, numbered(t_s[first : first + len(acc_g)])[0])
        assert [one.battery_percent for one in decoded if one.battery_percent is not None] == [90]
        assert sum(len(one.bad) for one in decoded) <= 1  # the half frame before we listened


async def test_stopping_a_connected_twin_is_noticed(wear, until):
    async with wear() as worn:
        await worn.subscribe()
        await worn.twin.stop()
        await until(lambda: worn.gone == 1)


async def test_twin_restarts_after_stop(air):
    twin = WitMotionTwin(air, still)
    for _ in range(2):
        await twin.start()
        await twin.stop()
