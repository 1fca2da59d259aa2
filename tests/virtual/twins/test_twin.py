"""What all twins share, by a sensor made up for it: two streams, a start command, faults, clock, battery."""

import asyncio
import itertools
import struct
import subprocess
import sys

import numpy as np
import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakGATTProtocolError
from bumble import att
from bumble.core import AdvertisingData
from bumble.gatt import Service

from monitor.virtual.bleak_backend import BumbleClient, BumbleScanner
from monitor.virtual.twins import TWINS, twin_class
from monitor.virtual.twins.twin import Out, Twin, still

SERVICE, ACC, GYR, COMMAND = (f"7e10{n:04x}-5a1d-4c3e-9b60-0c51e77b0a11" for n in range(4))
STEP = 1 / 1024
RATE_HZ, REAL_RATE_HZ = 250.0, 252.5
GROUP = 4
ON, OFF = b"\x01", b"\x00"


def told(t_s):
    """Acceleration and rotation that tell the time in ms, the one in plain, the other negative."""
    ms = np.rint(t_s * 1000.0)
    columns = np.stack([ms % 1000, ms // 1000, np.zeros_like(ms)], axis=1)
    return columns * STEP, -columns


class Toy(Twin):
    """Acceleration and rotation in two characteristics; it streams from a command on, and runs on without a link."""

    default_name = "Toy"
    default_address = "D0:00:00:00:00:70"
    default_clock_error = 0.01

    def __init__(self, air, play, **options) -> None:
        super().__init__(air, play, **options)
        self.rate, self.running, self.listening = RATE_HZ, False, False
        self.powered_on_s = []
        self.acc, self.gyr = self.notifying(ACC, self._subscribed), self.notifying(GYR)
        self.command = self.writeable(COMMAND, self._command, read=lambda _: struct.pack("<f", self.rate))

    stream = property(lambda self: self.acc)
    rate_hz = property(lambda self: self.rate)

    def services(self):
        information = self.information_service(maker="Nobody", model="Toy 1", serial="0070")
        return [Service(SERVICE, [self.acc, self.gyr, self.command]), self.battery_service(), information]

    def advertisement(self):
        uuid = Service(SERVICE, []).uuid.to_pdu_bytes()
        return [(AdvertisingData.Type.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, uuid)], [(0xFF, b"\xff\xffhi")]

    def group(self, room):
        return min(GROUP, room // 8)

    def encode(self, first_index, t_s, acc_g, gyr_dps):
        acc, gyr = np.rint(acc_g / STEP).astype("<i2"), gyr_dps.astype("<i2")
        head = struct.pack("<H", first_index)
        return [Out(self.acc, head + acc.tobytes(), len(acc)), Out(self.gyr, head + gyr.tobytes(), 0)]

    def power_on(self, now_s) -> None:
        self.powered_on_s.append(now_s)
        self.rate, self.running = RATE_HZ, False

    def disconnected(self, connection) -> None:
        super().disconnected(connection)
        self.listening = False

    def _subscribed(self, connection, on) -> None:
        self.listening = on
        self._look(connection)

    def _command(self, connection, command) -> None:
        if command in {ON, OFF}:
            self.running = command == ON
            self._look(connection)
        elif command == b"light":
            self.note_cue("light", command)
        else:
            raise att.ATT_Error(att.ErrorCode.VALUE_NOT_ALLOWED)

    def _look(self, connection) -> None:
        if self.running and self.listening:
            self.begin(connection)
        else:
            self.cease()


class Rig:
    """A toy, a client, and all that came: (characteristic, bytes) in order."""

    def __init__(self, air, central, toy) -> None:
        self.air, self.central, self.toy, self.heard = air, central, toy, []

    async def connect(self) -> None:
        self.client = BleakClient(self.toy.address, timeout=5.0, backend=BumbleClient, radio=self.central)
        await self.client.connect()

    async def listen(self) -> None:
        for uuid in (GYR, ACC):
            await self.client.start_notify(uuid, lambda one, data: self.heard.append((one.uuid, bytes(data))))

    async def write(self, command) -> None:
        await self.client.write_gatt_char(COMMAND, command, response=True)

    async def quiet(self) -> None:
        """End the stream; what is on its way arrives first."""
        await self.write(OFF)
        await asyncio.sleep(0.05)

    def payloads(self, uuid=ACC) -> list[bytes]:
        return [payload for one, payload in self.heard if one == uuid]

    def numbers(self, uuid=ACC) -> list[int]:
        """First indices, in the order of arrival, as multiples of a group."""
        return [int.from_bytes(payload[:2], "little") // GROUP for payload in self.payloads(uuid)]


def ms_of(payload: bytes) -> list[int]:
    values = np.abs(np.frombuffer(payload[2:], "<i2").reshape(-1, 3).astype(int))
    return (values[:, 0] + 1000 * values[:, 1]).tolist()


@pytest.fixture
async def rigged(air, central):
    rigs = []

    async def make(play=told, **options) -> Rig:
        rig = Rig(air, central, Toy(air, play, **options))
        rigs.append(rig)
        await rig.toy.start()
        await rig.connect()
        return rig

    yield make
    for rig in rigs:
        await rig.client.disconnect()
        await rig.toy.stop()


# ------------------------------------------------------------ the table of twins


def test_naming_the_twins_loads_no_bumble():
    code = "import sys, monitor.virtual.twins as t; assert len(t.TWINS) >= 9; sys.exit('bumble' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_no_twin_of_an_unknown_name():
    with pytest.raises(LookupError, match=r"'abacus'.*witmotion"):
        twin_class("abacus")


@pytest.mark.parametrize("name", TWINS)
async def test_every_twin_takes_the_same_options(air, name):
    kind = twin_class(name)
    assert int(kind.default_address[:2], 16) >> 6 == 0b11  # random static
    twin = kind(
        air,
        still,
        clock=lambda: 5.0,
        speed=2.0,
        name="another",
        address="C1:00:00:00:00:01",
        clock_error=0.25,
        battery=41.0,
        seed=7,
        mtu_bytes=100,
    )
    assert (twin.name, twin.address, twin.speed, twin.battery_percent) == ("another", "C1:00:00:00:00:01", 2.0, 41)
    assert twin.clock_error == 0.25
    assert kind(air, still).clock_error == kind.default_clock_error
    await twin.start()
    await twin.stop()


# ------------------------------------------------------------ what it says of itself


async def test_battery_falls_and_information_is_read(rigged):
    now_s = 0.0
    rig = await rigged(battery=50.0, clock=lambda: now_s)

    async def percent() -> int:
        return (await rig.client.read_gatt_char("2a19"))[0]

    assert await percent() == 50
    now_s = 3600.0
    assert await percent() == 42
    now_s = 1e6
    assert await percent() == 0
    assert [bytes(await rig.client.read_gatt_char(uuid)) for uuid in ("2a29", "2a24", "2a25")] == [
        b"Nobody",
        b"Toy 1",
        b"0070",
    ]
    assert set(rig.client.services.get_characteristic("2a19").properties) == {"read", "notify"}


async def test_advertisement_and_scan_response(rigged):
    rig = await rigged()
    await rig.client.disconnect()
    heard = await BleakScanner.discover(0.3, return_adv=True, backend=BumbleScanner, radio=rig.central)
    _, data = heard["D0:00:00:00:00:70"]
    assert (data.local_name, data.service_uuids, data.manufacturer_data) == ("Toy", [SERVICE], {0xFFFF: b"hi"})


async def test_a_wrong_command_is_refused_and_a_cue_noted(rigged):
    rig = await rigged()
    with pytest.raises(BleakGATTProtocolError) as refused:
        await rig.write(b"nonsense")
    assert refused.value.code == att.ErrorCode.VALUE_NOT_ALLOWED
    await rig.write(b"light")
    assert rig.toy.cues == [("light", b"light")]
    assert struct.unpack("<f", await rig.client.read_gatt_char(COMMAND)) == (RATE_HZ,)


# ------------------------------------------------------------ the stream


async def test_it_streams_by_its_own_rule_and_in_two_characteristics(rigged, until):
    rig = await rigged()
    await rig.listen()
    await asyncio.sleep(0.1)
    assert not rig.toy.streaming
    assert not rig.heard
    await rig.write(ON)
    await until(lambda: len(rig.heard) >= 12)
    assert rig.toy.streaming
    await rig.quiet()
    assert not rig.toy.streaming
    assert rig.numbers(ACC) == rig.numbers(GYR) == list(range(len(rig.payloads())))
    assert [uuid for uuid, _ in rig.heard[:4]] == [ACC, GYR, ACC, GYR]
    assert [ms_of(payload) for payload in rig.payloads(ACC)] == [ms_of(payload) for payload in rig.payloads(GYR)]


async def test_the_log_tells_the_true_times_of_what_was_heard(rigged, until):
    rig = await rigged()
    await rig.listen()
    await rig.write(ON)
    await until(lambda: len(rig.heard) >= 12)
    await rig.quiet()
    assert [one.payload for one in rig.toy.sent] == [payload for _, payload in rig.heard]
    begins = [one for one in rig.toy.sent if one.frames]
    assert [np.rint(one.t_s * 1000).astype(int).tolist() for one in begins] == [ms_of(p) for p in rig.payloads()]
    assert [one.first_index for one in begins] == [GROUP * number for number in rig.numbers()]
    assert np.allclose(np.diff(np.concatenate([one.t_s for one in begins])), 1 / REAL_RATE_HZ)  # 1 % fast by itself
    assert all(rig.toy.stream_time_s(one.at_s) >= one.t_s[-1] for one in begins)


async def test_a_lost_link_takes_the_subscription_and_the_sensor_runs_on(rigged, until):
    rig = await rigged(speed=5.0)
    await rig.listen()
    await rig.write(ON)
    await until(lambda: rig.heard)
    rig.air.drop("Toy")
    await until(lambda: not rig.toy.streaming and not rig.client.is_connected)
    sent = len(rig.toy.sent)
    assert rig.toy.running
    await rig.connect()
    await asyncio.sleep(0.1)
    assert len(rig.toy.sent) == sent
    rig.heard.clear()
    await rig.listen()  # no start command: it was never stopped
    await until(lambda: rig.heard)
    log = list(rig.toy.sent)
    before = [one for one in log[:sent] if one.frames][-1]
    after = next(one for one in log[sent:] if one.frames)
    lost_s = after.first_t_s - before.first_t_s
    assert lost_s > 0.5
    assert after.first_index - before.first_index == round(lost_s * REAL_RATE_HZ)


async def test_a_reboot_forgets_and_its_clock_begins_anew(rigged, until):
    rig = await rigged(clock_error=0.5)
    toy = rig.toy
    await rig.listen()
    await rig.write(ON)
    await until(lambda: rig.heard)
    lead_s = (toy.origin_s - toy.powered_on_s[0]) * 1.5
    assert toy.device_time_s(10.0) == pytest.approx(15.0 + lead_s)
    toy.reboot(after_s=0.2)
    assert not toy.streaming
    await until(lambda: len(toy.powered_on_s) == 2)
    assert toy.powered_on_s[1] - toy.powered_on_s[0] >= 0.2
    assert not toy.running
    assert toy.device_time_s(toy.stream_time_s(toy.powered_on_s[1])) == pytest.approx(0.0)
    assert toy.device_time_s(toy.stream_time_s(toy.powered_on_s[1]) + 2.0) == pytest.approx(3.0)
    await rig.connect()
    rig.heard.clear()
    await rig.listen()
    await rig.write(ON)
    await until(lambda: len(rig.payloads()) > 2)
    assert np.diff(rig.numbers()).tolist() == [1] * (len(rig.numbers()) - 1)


async def test_after_stop_nothing_is_left_of_the_old_stream(rigged, until):
    rig = await rigged()
    rig.toy.faults.reorder = True
    await rig.listen()
    await rig.write(ON)
    await until(lambda: rig.heard)
    await rig.toy.stop()
    rig.toy.faults.reorder = False
    rig.toy.sent.clear()
    rig.heard.clear()
    await rig.toy.start()
    await rig.connect()
    await rig.listen()
    await rig.write(ON)
    await until(lambda: len(rig.payloads()) > 2)
    assert np.diff(rig.numbers()).tolist() == [1] * (len(rig.numbers()) - 1)


async def test_rate_change_keeps_samples_and_numbers(rigged, until):
    rig = await rigged(clock_error=0.0)
    await rig.listen()
    await rig.write(ON)
    await until(lambda: len(rig.heard) > 4)
    rig.toy.rate = 500.0
    rig.toy.rate_changed()
    at = len(rig.toy.sent)
    await until(lambda: len(rig.toy.sent) > at + 4)
    begins = [one for one in rig.toy.sent if one.frames]
    steps_s = np.diff(np.concatenate([one.t_s for one in begins]))
    assert set(steps_s[:4].round(6)) == {0.004}
    assert set(steps_s[-4:].round(6)) == {0.002}
    assert [one.first_index for one in begins] == [0, *itertools.accumulate(one.frames for one in begins[:-1])]


async def test_injected_bytes_arrive_and_are_not_logged(rigged, until):
    rig = await rigged()
    rig.toy.inject(b"nobody listens")
    await rig.listen()
    await rig.write(ON)
    await until(lambda: rig.heard)
    rig.toy.inject(b"out of turn")
    await until(lambda: b"out of turn" in rig.payloads())
    assert b"nobody listens" not in rig.payloads()
    assert not {b"out of turn", b"nobody listens"} & {one.payload for one in rig.toy.sent}


# ------------------------------------------------------------ faults


async def heard_with(rigged, until, count=16, **faults) -> Rig:
    """A rig that has heard so many notifications under these faults."""
    rig = await rigged()
    for name, value in faults.items():
        setattr(rig.toy.faults, name, value)
    await rig.listen()
    await rig.write(ON)
    await until(lambda: len(rig.heard) >= count)
    return rig


async def test_reorder_swaps_each_nth_with_the_next(rigged, until):
    rig = await heard_with(rigged, until, reorder=True, every=4)  # of acc, gyr, acc, gyr the last, after the next acc
    kinds = [uuid for uuid, _ in rig.heard[:12]]
    assert kinds == [ACC, GYR, ACC, ACC, GYR, GYR, ACC, ACC, GYR, GYR, ACC, ACC]
    assert rig.numbers(ACC)[:6] == [0, 1, 2, 3, 4, 5]
    assert rig.numbers(GYR)[:4] == [0, 1, 2, 3]


async def test_reorder_of_all_swaps_in_pairs_and_loses_nothing(rigged, until):
    rig = await heard_with(rigged, until, reorder=True)
    assert [uuid for uuid, _ in rig.heard[:8]] == [GYR, ACC] * 4
    await rig.quiet()
    assert rig.numbers(ACC) == rig.numbers(GYR) == list(range(len(rig.payloads())))
    begins = [one for one in rig.toy.sent if one.frames]
    assert [np.rint(one.t_s * 1000).astype(int).tolist() for one in begins] == [ms_of(p) for p in rig.payloads()]


async def test_what_is_kept_back_comes_at_the_old_rate_and_before_the_end(rigged, until):
    rig = await rigged(lambda t_s: told(t_s[t_s < 0.3]), clock_error=0.0)
    rig.toy.faults.reorder, rig.toy.faults.every = True, 2
    await rig.listen()
    await rig.write(ON)
    await until(lambda: len(rig.heard) > 4)
    rig.toy.rate = 50.0
    rig.toy.rate_changed()
    await asyncio.wait_for(rig.toy.ended.wait(), 5.0)
    await rig.quiet()
    assert not rig.toy.streaming
    for uuid in (ACC, GYR):
        assert list(itertools.chain(*map(ms_of, rig.payloads(uuid))))[-1] in range(280, 300)
    for one in rig.toy.sent:
        if one.frames:
            assert np.rint(one.t_s * 1000).astype(int).tolist() == ms_of(one.payload)


async def test_drop_leaves_out_each_nth_and_counts_on(rigged, until):
    rig = await heard_with(rigged, until, drop=True, every=3)
    assert rig.numbers(ACC)[:5] == [0, 2, 3, 5, 6]  # of 0, 1, 2, ... in acc and gyr by turns, the 3rd, 6th, ...
    assert rig.numbers(GYR)[:4] == [0, 1, 3, 4]
    assert [one.payload for one in rig.toy.sent][: len(rig.heard)] == [payload for _, payload in rig.heard]


async def test_dropping_all_is_counted_as_taken(rigged, until):
    rig = await rigged(speed=10.0)
    rig.toy.faults.drop = True
    await rig.listen()
    await rig.write(ON)
    await asyncio.sleep(0.1)
    assert not rig.heard
    rig.toy.faults.drop = False
    await until(lambda: rig.heard)
    assert rig.numbers()[0] * GROUP > 0.5 * REAL_RATE_HZ


@pytest.mark.parametrize("fault", [{"garbage_bytes": 9}, {"split_at_bytes": 10}, {"garbage_prefix_bytes": 5}])
async def test_dirt_is_logged_as_it_was_sent(rigged, until, fault):
    rig = await heard_with(rigged, until, **fault)
    await rig.quiet()
    assert [one.payload for one in rig.toy.sent] == [payload for _, payload in rig.heard]
    whole = [one for one in rig.toy.sent if one.frames]
    assert bool(whole) == ("split_at_bytes" not in fault)  # without frame_bytes half a notification holds no samples
    for one in whole:
        assert np.rint(one.t_s * 1000).astype(int).tolist() == ms_of(
            one.payload[fault.get("garbage_prefix_bytes", 0) :]
        )


async def test_faults_spare_what_is_not_the_stream(rigged, until):
    rig = await heard_with(rigged, until, garbage_prefix_bytes=3, duplicate=True)
    assert (await rig.client.read_gatt_char("2a19"))[0] == 90
    await rig.write(b"light")
    assert rig.toy.cues == [("light", b"light")]


async def test_silence_skips_samples_and_keeps_the_link(rigged, until):
    rig = await rigged(speed=5.0)
    await rig.listen()
    await rig.write(ON)
    await until(lambda: rig.heard)
    rig.toy.faults.silence = True
    await asyncio.sleep(0.05)
    heard = len(rig.payloads())
    await asyncio.sleep(0.1)
    assert len(rig.payloads()) == heard
    assert rig.client.is_connected
    rig.toy.faults.silence = False
    await until(lambda: len(rig.payloads()) > heard)
    assert ms_of(rig.payloads()[heard])[0] - ms_of(rig.payloads()[heard - 1])[-1] > 300
