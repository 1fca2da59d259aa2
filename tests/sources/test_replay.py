"""Replaying: the same records, cut and paced."""

import asyncio
import math
import time
from pathlib import Path

import numpy as np
import pytest

from monitor.sources.playback import Playback
from monitor.sources.replay import SPEEDS, ReplaySource, pieces
from monitor.storage.recorder import Recorder
from monitor.storage.recording import Recording
from monitor.storage.schema import Meta
from monitor.stream import Gap, Mark, Samples, Tick, first_s, last_s

META = Meta("test", 100.0, gyro=True, started_utc_s=0.0, zone="", utc_offset_s=0, source="import", app_version="0")


@pytest.fixture
def recording(wear, tmp_path: Path):
    """Ten seconds, a gap of five, a mark, ten seconds more."""
    path = tmp_path / "r.sqlite"
    with Recorder.create(path, META) as recorder:
        recorder.write(wear([("still", 10, 0)]), [])
        recorder.write(Gap(10.0, 15.0, "test"), [])
        recorder.write(Mark(15.0, "here"), [])
        recorder.write(wear([("still", 10, 0)], start_s=15.0), [])
        recorder.write(Tick(25.0), [])
    with Recording.open(path) as opened:
        yield opened


async def all_of(source):
    return [record async for record in source.records()]


@pytest.mark.parametrize("speed", [30.0, 150.0, 1e6, math.inf])
async def test_records_come_in_order_and_complete(recording, wear, speed):
    records = await all_of(ReplaySource(recording, speed=speed))
    samples = [r for r in records if isinstance(r, Samples)]
    joined = np.concatenate([s.acc_g for s in samples])
    np.testing.assert_array_equal(joined, np.concatenate([wear([("still", 10, 0)]).acc_g] * 2))
    others = [type(r).__name__ for r in records if not isinstance(r, Samples)]
    assert others == ["Gap", "Mark", "Tick"]
    assert max(len(s) for s in samples) <= {30.0: 11, 150.0: 51}.get(speed, 501)
    ends = [last_s(record) for record in records]
    assert ends == sorted(ends)


async def test_speed_is_kept(recording):
    begin = time.monotonic()
    await all_of(ReplaySource(recording, speed=40.0))
    assert time.monotonic() - begin == pytest.approx(25.0 / 40.0, abs=0.35)


async def test_pause_stops_and_goes_on(recording):
    source = ReplaySource(recording, speed=20.0)
    task = asyncio.create_task(all_of(source))
    await asyncio.sleep(0.2)
    source.pause()
    await asyncio.sleep(0.15)
    stood = source.player.position_s
    await asyncio.sleep(0.3)
    assert source.player.position_s == stood
    assert source.player.paused
    assert not source.player.ended
    source.pause()
    assert len(await task) > 100
    assert source.player.ended
    assert source.player.position_s == pytest.approx(25.0, abs=0.2)


async def test_faster_and_slower_step_through_the_speeds(recording):
    source = ReplaySource(recording, speed=1.0)
    for _ in range(40):
        source.faster()
    assert source.player.speed == SPEEDS[-1]
    for _ in range(40):
        source.slower()
    assert source.player.speed == SPEEDS[0]


async def test_a_seek_ahead_does_not_wait_and_then_keeps_the_speed(recording):
    source = ReplaySource(recording, speed=1.0)
    source.seek(22.0)
    assert source.player.goal_s == 22.0
    begin, reached = time.monotonic(), []
    async for record in source.records():
        reached.append((first_s(record), source.player.seeking, time.monotonic() - begin))
        if first_s(record) > 22.25:
            break
    assert max(real for t_s, _, real in reached if t_s < 22.0) < 0.5
    assert all(seeking == (t_s < 22.0) for t_s, seeking, _ in reached)
    assert reached[-1][2] - reached[-4][2] == pytest.approx(0.3, abs=0.15)


async def test_a_seek_ahead_while_paused_stays_paused_there(recording):
    source = ReplaySource(recording)
    source.pause()
    task = asyncio.create_task(all_of(source))
    await asyncio.sleep(0.05)
    assert source.player.position_s == 0.0
    source.seek(8.0)
    await asyncio.sleep(0.3)
    assert source.player.position_s == 8.0
    assert source.player.paused
    assert not source.player.seeking
    source.skip(6.0)
    source.skip(6.0)
    assert source.player.goal_s == 20.0
    task.cancel()


async def test_a_seek_back_ends_the_records_and_asks_for_an_earlier_state(recording):
    rests = []
    source = ReplaySource(recording, speed=math.inf)
    source.on_rest = lambda seq, t_s: rests.append((seq, t_s))
    before = await all_of(source)
    assert source.player.ended
    assert not source.turning
    assert rests == [(recording.newest, 25.0)]
    source.seek(3.0)
    assert source.turning
    assert await source.turned() < 3.0
    source.go_on_from(0, 0.0)
    assert not source.player.ended
    assert not source.turning
    again = await all_of(source)
    assert source.player.ended
    times = [np.concatenate([r.t_s for r in each if isinstance(r, Samples)]) for each in (before, again)]
    np.testing.assert_array_equal(*times)


async def test_the_end_is_reached_and_seeking_beyond_it_changes_nothing(recording):
    source = ReplaySource(recording, speed=0.1)
    source.seek(1e9)
    assert len(await all_of(source)) > 20
    assert source.player.ended
    source.skip(10.0)
    assert not source.turning
    assert not source.player.seeking


async def test_hurrying_goes_on_past_its_goal_until_it_is_halted(recording):
    source = ReplaySource(recording, speed=0.1)
    source.hurry(5.0)
    times = []
    async for record in source.records():
        times.append(first_s(record))
        if times[-1] >= 7.0:
            assert source.player.seeking
            source.halt()
            break
    assert source.player.paused
    assert not source.player.seeking
    assert max(np.diff(times)) < 0.12


def test_pieces_lose_nothing(wear):
    block = wear([("still", 3, 0)])
    cut = list(pieces(block))
    np.testing.assert_array_equal(np.concatenate([p.t_s for p in cut]), block.t_s)
    np.testing.assert_array_equal(np.concatenate([p.gyr_dps for p in cut]), block.gyr_dps)
    assert len(cut) == 30


def test_playback_gives_the_recorded_values_at_their_times(recording, wear):
    original = wear([("still", 10, 0)])
    play = Playback(recording)
    for start in range(0, 1000, 7):
        acc, gyr = play(original.t_s[start : start + 7])
        np.testing.assert_allclose(acc, original.acc_g[start : start + 7], atol=1e-12)
        np.testing.assert_allclose(gyr, original.gyr_dps[start : start + 7], atol=1e-9)


def test_playback_ends_with_fewer_rows(recording):
    play = Playback(recording)
    acc, _ = play(np.array([24.97, 24.98, 24.99, 25.3]))
    assert len(acc) == 3
    assert len(play(np.array([26.0]))[0]) == 0
    assert len(play(np.zeros(0))[0]) == 0
