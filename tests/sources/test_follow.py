"""A session is followed in its file: nothing is missed, nothing comes twice, and its end is seen."""

import asyncio
import subprocess
import sys

import pytest

from monitor.sources.follow import FollowSource
from monitor.storage.recorder import Recorder
from monitor.storage.recording import Recording
from monitor.storage.schema import Meta
from monitor.stream import Link, LinkState, Mark, Samples, Tick, join

META = Meta("s", 100.0, gyro=True, started_utc_s=0.0, zone="", utc_offset_s=0, source="live", app_version="0")
WRITE = """
import sys, time
import numpy as np
from monitor.storage.recorder import Recorder
from monitor.storage.schema import Meta
from monitor.stream import Samples, Tick, join
recorder = Recorder.create(sys.argv[1], Meta("s", 100.0, True, 0.0, "", 0, "live", "0"))
for second in range(1_000_000):
    t_s = second + np.arange(100) / 100
    recorder.write(Samples(t_s, np.ones((100, 3)), np.ones((100, 3))))
    recorder.write(Tick(second + 1.0))
    print(recorder.acknowledged_s, flush=True)
    time.sleep(0.02)
"""


def samples(records):
    block = join([record for record in records if isinstance(record, Samples)])
    return block.t_s.tolist(), block.acc_g.tolist()


async def test_what_was_there_and_what_comes_is_given_once_and_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr("monitor.sources.follow.LOOK_S", 0.01)
    path = tmp_path / "a.sqlite"
    recorder = Recorder.create(path, META)
    source, seen = FollowSource(path), []

    async def follow():
        async for record in source.records():
            seen.append(record)  # noqa: PERF401 - looked at meanwhile

    for second in range(200):
        recorder.write(Tick(second + 1.0))
    task = asyncio.ensure_future(follow())
    while not source.caught_up:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert len(seen) == 200
    for second in range(200, 230):
        recorder.write(Tick(second + 1.0))
        recorder.write(Mark(second + 1.0, "mark"))
        await asyncio.sleep(0.005)
    assert not task.done()
    recorder.write(Link(230.0, LinkState.CLOSED, "session ended"))
    recorder.close()
    await asyncio.wait_for(task, 5)
    with Recording.open(path) as recording:
        assert seen == list(recording.records())
    assert len(seen) == 261


async def test_a_session_that_is_killed_ends_with_all_that_was_acknowledged(tmp_path, monkeypatch):
    monkeypatch.setattr("monitor.sources.follow.LOOK_S", 0.01)
    path = tmp_path / "a.sqlite"
    process = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", WRITE, str(path)], stdout=subprocess.PIPE, text=True
    )
    for _ in range(3):
        said = process.stdout.readline()
    seen = []
    async for record in FollowSource(path).records():
        seen.append(record)
        if len(seen) == 4:
            process.kill()
            said = process.communicate()[0].split()[-1:] or [said]
    assert [r.t_s for r in seen if isinstance(r, Tick)][-1] >= float(said[0])
    with Recording.open(path) as recording:
        assert samples(seen) == samples(recording.records())


async def test_a_recording_that_nobody_writes_is_given_and_ends(tmp_path):
    path = tmp_path / "a.sqlite"
    with Recorder.create(path, META) as recorder:
        recorder.write(Tick(1.0))
    assert [record async for record in FollowSource(path).records()] == [Tick(1.0)]


@pytest.mark.parametrize("records", [0, 1])
async def test_a_session_that_has_just_begun_is_waited_for(tmp_path, monkeypatch, records):
    monkeypatch.setattr("monitor.sources.follow.LOOK_S", 0.01)
    path = tmp_path / "a.sqlite"
    recorder = Recorder.create(path, META)
    for second in range(records):
        recorder.write(Tick(second + 1.0))
    stream = FollowSource(path).records()
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.05)
    recorder.write(Tick(9.0))
    assert (await asyncio.wait_for(waiting, 5)).t_s == (1.0 if records else 9.0)
    await stream.aclose()
    recorder.close()
