"""A live session over the software radio, through bleak, recorded; and the same session replayed."""

import asyncio

import pytest

from monitor.cli.running import Limited, Running
from monitor.cli.virtual import virtual_sensor
from monitor.config import load_profile, profile_from_mapping
from monitor.pipeline import Pipeline
from monitor.profile import Profile
from monitor.session import Session
from monitor.sources.replay import ReplaySource
from monitor.sources.simulator import Scene, Wearer
from monitor.storage.recording import Recording
from monitor.stream import AlertRaised, Epoch, Gap, Link, LinkState, Mark, Posture, SensorSilent
from monitor.stream import Wearer as Said

SPEED = 25.0
SCRIPT = (
    Scene("stand", 4),
    Scene("walk", 14),
    Scene("sit", 20, tilt_deg=-12),
    Scene("sit", 110, tilt_deg=-45),
    Scene("stand", 20),
)


class Collector:
    """A sink that keeps everything."""

    def __init__(self):
        self.records, self.events = [], []

    def write(self, record, events):
        self.records.append(record)
        self.events.extend(events)


async def live(path, seconds, disturb=None, script=SCRIPT, say=None):
    """Run a session on a virtual sensor; disturb(air, twin) goes on beside it. Gives all its events."""
    running = Running("demo", path)
    wearer = Wearer(script, seed=3)
    collector = Collector()
    async with virtual_sensor(wearer, SPEED) as (source, twin):
        found = await source.find()
        session = running.begin(load_profile(), sensor=found.name, rate_hz=99.26, gyro=True, record=True)
        session._sinks = (*session._sinks, collector)
        beside = asyncio.create_task(disturb(twin.air, twin)) if disturb else None
        said = asyncio.create_task(say(session)) if say else None
        try:
            await session.run(Limited(source, seconds))
        finally:
            running.close()
            for task in (beside, said):
                if task:
                    await task
    return collector


async def replayed(path):
    with Recording.open(path) as recording:
        profile = profile_from_mapping(recording.meta.profile, Profile())
        collector = Collector()
        session = Session(Pipeline(profile, recording.meta.rate_hz, gyro=recording.meta.gyro), [collector])
        await session.run(ReplaySource(recording, speed=1e6))
        return collector, list(recording.events())


async def test_a_replay_gives_exactly_the_events_of_the_live_session(tmp_path):
    path = tmp_path / "session.sqlite"
    there = await live(path, 165.0)
    here, kept = await replayed(path)
    assert repr(here.events) == repr(there.events)
    assert repr(kept) == repr(there.events)
    assert {e.posture for e in there.events if isinstance(e, Epoch)} >= {Posture.WALKING, Posture.SITTING}
    assert [e for e in there.events if isinstance(e, AlertRaised)]


async def test_a_session_with_snooze_mark_lost_link_and_lost_packets_replays_exactly(tmp_path):
    path = tmp_path / "session.sqlite"

    async def disturb(air, twin):
        await asyncio.sleep(0.6)
        air.lose(twin.name, every=40)
        await asyncio.sleep(1.5)
        air.drop(twin.name)
        await asyncio.sleep(1.0)
        air.lose(twin.name)

    async def say(session):
        await asyncio.sleep(4.5)
        session.say(Said(0.0, "snooze", 20.0))
        session.say(Mark(0.0, "mark", "here"))

    there = await live(path, 165.0, disturb, say=say)
    here, kept = await replayed(path)
    assert repr(here.events) == repr(there.events)
    assert repr(kept) == repr(there.events)
    assert [r for r in there.records if isinstance(r, Said)]
    assert [r for r in there.records if isinstance(r, Mark)]
    assert [r for r in there.records if isinstance(r, Gap)]
    states = [r.state for r in there.records if isinstance(r, Link)]
    assert states == [
        LinkState.SEARCHING,
        LinkState.CONNECTED,
        LinkState.LOST,
        LinkState.CONNECTED,
        LinkState.CLOSED,
    ]


async def test_a_sensor_that_falls_silent_is_told_and_counted_as_no_data(tmp_path):
    path = tmp_path / "session.sqlite"

    async def disturb(_, twin):
        await asyncio.sleep(1.5)
        twin.faults.silence = True
        await asyncio.sleep(5.4)
        twin.faults.silence = False

    there = await live(path, 210.0, disturb)
    here, _ = await replayed(path)
    assert repr(here.events) == repr(there.events)
    assert [e for e in there.events if isinstance(e, SensorSilent)]
    silent = sum(e.posture is Posture.NO_DATA for e in there.events if isinstance(e, Epoch))
    assert silent == pytest.approx(5.4 * SPEED, abs=6)


async def test_garbage_on_the_air_is_counted_and_the_session_goes_on(tmp_path):
    path = tmp_path / "session.sqlite"

    async def disturb(_, twin):
        await asyncio.sleep(1.0)
        twin.faults.garbage_bytes, twin.faults.every = 33, 10
        await asyncio.sleep(1.0)
        twin.faults.garbage_bytes = 0

    there = await live(path, 90.0, disturb)
    running_lost = [r for r in there.records if type(r).__name__ == "BadPacket"]
    assert len(running_lost) >= 10
    assert sum(e.posture is Posture.SITTING for e in there.events if isinstance(e, Epoch)) >= 50


async def test_what_was_recorded_before_a_failing_sink_stays(tmp_path):
    class Full:
        left = 200

        def write(self, record, events):
            self.left -= 1
            if not self.left:
                raise OSError("full")

    path = tmp_path / "session.sqlite"
    running = Running("demo", path)
    async with virtual_sensor(Wearer(SCRIPT, seed=3), SPEED) as (source, _):
        found = await source.find()
        session = running.begin(load_profile(), sensor=found.name, rate_hz=99.26, gyro=True, record=True)
        session._sinks = (*session._sinks, Full())
        with pytest.raises(OSError, match="full"):
            await session.run(source)
        running.close()
    with Recording.open(path) as recording:
        assert recording.counts().samples > 0
        assert recording.duration_s > 0
