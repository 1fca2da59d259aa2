"""The virtual MetaMotion by the driver's own steps: both chips, what it keeps, its cues."""

import asyncio
import contextlib

import numpy as np
import pytest
from worn import wearing

from monitor.cli.virtual import virtual_sensor
from monitor.devices.metamotion import ALONE_ACC, ALONE_GYR, COMMAND, METAMOTION, NOTIFY
from monitor.sources.simulator import Scene, Wearer
from monitor.stream import Link, LinkState, Samples
from monitor.virtual.telling import telling, told_s
from monitor.virtual.twins.metamotion import MetaMotionTwin

LEFT_ON = {  # single samples of both sensors, subscribed to, enabled, started
    "bmi160": "030401 130501 03020100 13020100 030101 130101",
    "bmi270": "030401 130401 03020100 13020100 030101 130101",
}
ACC_STEP_G, GYR_STEP_DPS = 1 / 4096, 1 / 32.8


def swaying(t_s):
    """Rotation is 100 times the acceleration, so that a wrong pair shows."""
    acc_g = np.stack([np.sin(7 * t_s), 0.3 * np.cos(11 * t_s), 0.9 + 0.1 * np.sin(3 * t_s)], axis=1)
    return acc_g, 100.0 * acc_g


@contextlib.asynccontextmanager
async def on_the_air(air, speed=1.0, **options):
    """A twin, and what connects to it."""
    async with wearing(air, METAMOTION, MetaMotionTwin, speed=speed, play=swaying, clock_error=0.0, **options) as worn:
        yield worn.twin, worn.client


async def write(client, *commands):
    for command in commands:
        await client.write_gatt_char(COMMAND, bytes.fromhex(command), response=True)


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


@pytest.mark.parametrize("chip", ["bmi160", "bmi270"])
@pytest.mark.parametrize("rate_hz", METAMOTION.rates_hz)
async def test_each_rate_to_the_last_step_and_no_command_is_strange_to_the_board(air, conduct, until, chip, rate_hz):
    async with on_the_air(air, 10.0, chip=chip, battery=63.0) as (twin, connected), connected() as client:
        payloads = []
        decoder = await conduct(client, METAMOTION, rate_hz, payloads.append)
        begun = len(payloads)
        await until(lambda: len(payloads) >= begun + 20)
        assert twin.rate_hz == twin.real_rate_hz == rate_hz
        for command in (*METAMOTION.cues["motor"], *METAMOTION.cues["light"], *METAMOTION.stop):
            await client.write_gatt_char(command.characteristic, command.payload, response=True)
        assert not twin.streaming
        assert not twin.refused
        assert [kind for kind, _ in twin.cues] == ["motor", "light"]
        assert (await client.read_gatt_char("2a19"))[0] == 63
        parts = [part for part in map(decoder.feed, payloads) if len(part.acc_g)]
        acc_g, gyr_dps = np.vstack([part.acc_g for part in parts]), np.vstack([part.gyr_dps for part in parts])
        # Stopped first, acceleration may leave a packet of rotation alone at the end.
        sent = [each for each in twin.sent if each.frames and each.payload[0] == 0x03]
        want_acc_g, want_gyr_dps = swaying(np.concatenate([each.t_s for each in sent])[-len(acc_g) :])
        assert len(acc_g) >= 30
        assert np.abs(acc_g - want_acc_g).max() <= ACC_STEP_G / 2 + 1e-9
        assert np.abs(gyr_dps - want_gyr_dps).max() <= GYR_STEP_DPS / 2 + 1e-9


@pytest.mark.parametrize("chip", ["bmi160", "bmi270"])
async def test_what_an_earlier_program_left_running_is_cleared_away(air, conduct, until, chip):
    async with on_the_air(air, 4.0, chip=chip) as (twin, connected):
        async with connected() as client:
            await write(client, *LEFT_ON[chip].split())
        async with connected() as client:
            late = []
            await client.start_notify(NOTIFY, lambda _, data: late.append(bytes(data)))
            await until(lambda: len(late) >= 10)  # it went on over the lost link
            assert {len(payload) for payload in late} == {8}
            await client.stop_notify(NOTIFY)
            payloads = []
            decoder = await conduct(client, METAMOTION, 100.0, payloads.append)
            begun = len(payloads)
            await until(lambda: len(payloads) >= begun + 10)
            assert {len(payload) for payload in payloads[begun:]} == {20}
            refused = [part.bad for part in map(decoder.feed, payloads[begun:]) if part.bad]
            assert len(refused) <= 1  # where it begins within a pair
            assert not twin.refused


async def test_a_lost_packet_never_pairs_acceleration_with_the_rotation_of_another_time(air, conduct, until):
    async with on_the_air(air, 2.0) as (twin, connected), connected() as client:
        payloads = []
        decoder = await conduct(client, METAMOTION, 200.0, payloads.append)
        twin.faults.drop, twin.faults.every = True, 5  # now the one, now the other kind
        begun = len(payloads)
        await until(lambda: len(payloads) >= begun + 60)
        parts = [decoder.feed(payload) for payload in payloads]
        assert {reason for part in parts for reason, _ in part.bad} == {ALONE_ACC, ALONE_GYR}
        acc_g, gyr_dps = np.vstack([part.acc_g for part in parts]), np.vstack([part.gyr_dps for part in parts])
        assert len(acc_g) >= 45
        assert np.abs(gyr_dps - 100.0 * acc_g).max() <= 100.0 * ACC_STEP_G / 2 + GYR_STEP_DPS / 2 + 1e-9


@pytest.mark.parametrize(
    ("chip", "wrong"),
    [
        ("bmi160", "0303a702"),  # the other chip's words
        ("bmi270", "03032705"),
        ("bmi160", "030501"),
        ("bmi270", "031c01"),
        ("bmi270", "130701"),
        ("bmi160", "03032f05"),  # no such rate
        ("bmi160", "13032705"),  # no such range
        ("bmi160", "030327"),
        ("bmi160", "030102"),
        ("bmi160", "0801"),
        ("bmi160", "0801f9f40100"),  # more than the full duty
        ("bmi160", "0203000201"),
        ("bmi160", "020202"),
        ("bmi160", "0a05"),
    ],
)
async def test_what_means_nothing_to_the_board_changes_nothing(air, chip, wrong):
    async with on_the_air(air, chip=chip) as (twin, connected), connected() as client:
        await client.start_notify(NOTIFY, lambda *_: None)
        await write(client, "03020100", "030101", wrong)
        assert twin.refused == [bytes.fromhex(wrong)]
        assert twin.rate_hz == 100.0
        assert not twin.streaming  # nothing is subscribed to on the board
        assert not twin.cues


async def test_the_light_plays_only_what_was_written(air):
    async with on_the_air(air) as (twin, connected), connected() as client:
        clear, pattern, play = (command.payload.hex() for command in METAMOTION.cues["light"])
        await write(client, play)
        assert not twin.cues
        await write(client, pattern, clear, play)
        assert not twin.cues
        await write(client, pattern, play)
        assert [kind for kind, _ in twin.cues] == ["light"]
        assert not twin.refused
