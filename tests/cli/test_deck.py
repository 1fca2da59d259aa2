"""The deck of a replay: wherever a seek goes, the session is what a straight replay has there."""

import asyncio
import math
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from decks import arrived, becomes, indexed, playing
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.cli.deck import LOOKING, SHOWN_S, Finder, events_of
from monitor.cli.files import chosen_profile
from monitor.cli.until import Wanted
from monitor.errors import SitwellError
from monitor.pipeline import Pipeline
from monitor.snapshot import Trace
from monitor.sources.replay import pieces
from monitor.storage.recorder import Recorder
from monitor.storage.recording import Recording
from monitor.stream import Epoch, Tick, first_s, last_s
from monitor.summary import Summary

RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"
TOUR, MORNING = RECORDINGS / "tour.sqlite", RECORDINGS / "morning-acc-only.sqlite"
GOALS = {TOUR: [0.0, 0.05, 40.0, 118.6, 130.2, 247.9, 248.0]}
GOALS[MORNING] = [3.0, 61.0, 199.0, 205.3, 333.3, 481.5, 560.0]


class Straight:
    """By goal, what a replay without any seek shows there, and the events after it.

    No dataclass, for hypothesis would print it.
    """

    def __init__(self, path, snapshots, after):
        self.path, self.snapshots, self.after = path, snapshots, after


@pytest.fixture(scope="module", params=[TOUR, MORNING], ids=["tour", "morning"])
def straight(request):
    """A replay without any seek, piece by piece."""
    path = request.param
    with Recording.open(path) as recording:
        profile, meta = chosen_profile(recording, None), recording.meta
        pipeline = Pipeline(profile, meta.rate_hz, gyro=meta.gyro)
        summary = Summary(
            mode="replay",
            sensor=meta.sensor,
            rate_hz=meta.rate_hz,
            day_start_s=0.0,
            recording=str(path),
        )
        goals, snapshots, before, events = list(GOALS[path]), {}, {}, []
        whole = [piece for record in recording.records() for piece in pieces(record)]
        for piece in whole:
            while goals and first_s(piece) >= recording.start_s + goals[0] and goals[0] < recording.duration_s:
                snapshots[goals[0]], before[goals.pop(0)] = summary.snapshot(pipeline), len(events)
            new = pipeline.push(piece)
            summary.push(piece, new, pipeline)
            events += new
        new = pipeline.push(whole[-1]) + pipeline.finish()  # as a session that ends does
        summary.push(whole[-1], new, pipeline)
        events += new
        for goal in goals:
            snapshots[goal], before[goal] = summary.snapshot(pipeline), len(events)
    return Straight(path, snapshots, {goal: events[count:] for goal, count in before.items()})


def check_same(one, other):
    for field in fields(one):
        if field.name == "player":
            continue
        here, there = getattr(one, field.name), getattr(other, field.name)
        if isinstance(here, Trace):
            np.testing.assert_array_equal(here.t_s, there.t_s)
            np.testing.assert_array_equal(here.tilt_deg, there.tilt_deg)
        elif isinstance(here, float) and math.isnan(here):
            assert math.isnan(there)
        else:
            assert here == there, field.name


@settings(max_examples=5, deadline=None, derandomize=True)
@given(
    which=st.lists(st.integers(0, 6), min_size=1, max_size=5),
    speed=st.sampled_from([1.0, 20.0, 60.0, math.inf]),
    played_s=st.sampled_from([0.0, 0.01]),
)
def test_a_seek_gives_the_state_and_the_events_of_a_straight_replay(straight, which, speed, played_s):
    path, snapshots, after = straight.path, straight.snapshots, straight.after
    goals = [sorted(snapshots)[each] for each in which]

    async def run():
        async with playing(path, speed=speed) as (running, deck, task):
            await asyncio.sleep(played_s)
            if not deck.player.paused:
                deck.pause()
            for goal in goals:
                deck.seek(goal)
                await arrived(deck, task)
                assert deck.player.position_s == pytest.approx(goal, abs=1e-6)
                check_same(running.snapshot(), snapshots[goal])
            deck.seen.clear()
            deck.pause()
            while math.isfinite(deck.player.speed):
                deck.faster()
            await becomes(lambda: deck.player.ended, task)
            rest = after[goals[-1]]
            for here, there in zip(deck.seen, rest, strict=False):
                assert repr(here) == repr(there)
            assert len(deck.seen) == len(rest)

    asyncio.run(run())


async def test_a_seek_may_change_its_mind_on_the_way(straight):
    path, snapshots = straight.path, straight.snapshots
    goals = sorted(snapshots)
    async with playing(path) as (running, deck, task):
        deck.pause()
        for goal in (goals[-2], goals[2], goals[-1], goals[1], goals[3]):
            deck.seek(goal)
            await asyncio.sleep(0.02)
        await arrived(deck, task)
        check_same(running.snapshot(), snapshots[goals[3]])
        assert deck.player.paused


async def test_after_the_end_the_replay_goes_on_where_it_is_sent():
    async with playing(TOUR, speed=math.inf) as (running, deck, task):
        await becomes(lambda: deck.player.ended, task)
        deck.skip(5.0)
        assert not deck.player.seeking
        deck.pause()
        deck.skip(-48.0)
        await arrived(deck, task)
        player = deck.player
        assert (player.position_s, player.paused, player.ended) == (pytest.approx(200.0), True, False)
        assert running.snapshot().t_s == pytest.approx(200.0, abs=0.2)
        assert not task.done()


async def test_bouts_and_alerts_are_found_behind_the_first_frame():
    async with playing(TOUR) as (running, deck, task):
        deck.pause()
        assert deck.next_alert(1) == deck.next_bout(1) == LOOKING
        await indexed(deck, task)
        (mark,) = deck.player.alerts
        assert deck.next_alert(1) == ""
        await arrived(deck, task)
        assert running.snapshot().prompt is not None
        assert deck.player.position_s == pytest.approx(mark * deck.player.length_s + SHOWN_S)
        assert deck.next_alert(1) == "There is no alert after this."
        here = deck.player.position_s
        assert deck.next_bout(-1) == ""
        await arrived(deck, task)
        assert deck.player.position_s < here
        assert running.snapshot().t_s - running.snapshot().posture_since_s == pytest.approx(SHOWN_S, abs=0.2)
        deck.seek(0.0)
        await arrived(deck, task)
        assert deck.next_bout(-1) == "There is no change of posture before this."


async def test_while_it_plays_previous_is_not_the_event_it_has_just_come_to():
    async with playing(TOUR, speed=2.0) as (_, deck, task):
        await indexed(deck, task)
        first, second, third = deck._bouts_s[:3]
        deck.seek(third + 0.5)
        await arrived(deck, task)
        deck.next_bout(-1)
        assert deck.player.goal_s == pytest.approx(second)
        assert first < second


@pytest.mark.parametrize("name", ["alert", "transition:sit-to-stand", "posture:walking#2", "gap", "bout:lying"])
async def test_until_pauses_where_the_event_becomes_known(name):
    kind, _, number = name.partition("#")
    wanted = Wanted(*kind.split(":"), number=int(number or 1)) if ":" in kind else Wanted(kind)
    path = TOUR if kind == "alert" else MORNING
    with Recording.open(path) as recording:
        event = wanted.first(events_of(recording, chosen_profile(recording, None)))
    async with playing(path, until=wanted) as (_, deck, task):
        assert deck.player.goal_s == math.inf
        await arrived(deck, task)
        player = deck.player
        assert player.paused or player.ended
        assert event.t_s <= player.position_s < event.t_s + 20.0
        if kind != "gap":
            assert repr(event) in {repr(each) for each in deck.seen[-3:]}
        assert not task.done()


async def test_until_an_event_that_never_comes_ends_with_a_sentence():
    async with playing(TOUR, until=Wanted("clip-moved")) as (_, _, task):
        with pytest.raises(SitwellError, match=r"tour\.sqlite has no clip-moved: .* writes those it has"):
            await asyncio.wait_for(task, 20)


async def test_the_wearer_may_go_elsewhere_than_to_the_event():
    async with playing(TOUR, until=Wanted("alert")) as (_, deck, task):
        deck.seek(30.0)
        await arrived(deck, task)
        await indexed(deck, task)
        await asyncio.sleep(0.05)
        assert deck.player.position_s == pytest.approx(30.0, abs=1.0)


def test_stored_events_make_the_index_where_they_are_those_of_the_profile(tmp_path):
    path = tmp_path / "r.sqlite"
    with Recording.open(TOUR) as recording:
        profile = chosen_profile(recording, None)
        made = [event for event in events_of(recording, profile) if not isinstance(event, Epoch)]
        with Recorder.create(path, recording.meta) as recorder:
            for record in recording.records():
                told = [event for event in made if event.t_s == last_s(record)] if isinstance(record, Tick) else []
                recorder.write(record, told)
    kept = Finder(path, profile, stored=True, gaps=False).find(lambda: False).events
    assert 0 < len(kept) < len(made)
    assert Finder(path, profile, stored=False, gaps=False).find(lambda: False).events == tuple(made)
    assert Finder(path, profile, stored=False, gaps=False).find(lambda: True).events == ()
