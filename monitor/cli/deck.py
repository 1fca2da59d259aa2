"""A replay that can be anywhere: sessions from kept states, the keys that move it, and the index of the recording."""

import asyncio
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.cli.until import Wanted
from monitor.errors import RecordingError, SitwellError
from monitor.snapshot import Player
from monitor.sources.seeking import CHECKPOINT_S, Checkpoints
from monitor.stream import AlertRaised, Epoch, Event, Gap, PostureChanged, Record

if TYPE_CHECKING:
    from monitor.cli.running import Running
    from monitor.pipeline import Pipeline
    from monitor.profile import Profile
    from monitor.sources.replay import ReplaySource
    from monitor.storage.recording import Recording
    from monitor.summary import Summary

SHOWN_S = 4.0  # a second is answered 3 s after its end: so long after its time an event is on the screen
AGAIN_S = 1.0  # of real time: so soon after an event, "previous" means the one before it
SAME_S = 1e-3  # an event kept in a recording is the one a replay makes if their times are this close
LOOKING = "Still looking for the bouts and alerts of this recording."


@dataclass(frozen=True, slots=True)
class Index:
    """The events of a recording but epochs, in order; gaps where they were asked for."""

    events: tuple[Event | Gap, ...]

    @property
    def bouts_s(self) -> list[float]:
        """Session times of the changes of posture, s."""
        return sorted(event.t_s for event in self.events if isinstance(event, PostureChanged))

    @property
    def alerts_s(self) -> list[float]:
        """Session times of the alerts, s."""
        return sorted(event.t_s for event in self.events if isinstance(event, AlertRaised))


@dataclass(frozen=True, slots=True)
class Finder:
    """Makes the index, in a thread; stored: the recording's own events are those of this profile."""

    path: Path
    profile: "Profile"
    stored: bool
    gaps: bool

    def find(self, stopped: Callable[[], bool]) -> Index:
        """The index; what there is of it when `stopped` says so."""
        from monitor.storage.recording import Recording

        events: list[Event | Gap] = []
        with Recording.open(self.path) as recording:
            for event in self._events(recording):
                if stopped():
                    break
                if not isinstance(event, Epoch):
                    events.append(event)
        return Index(tuple(events))

    def _events(self, recording: "Recording") -> "Iterator[Event | Gap]":
        kept = self._kept(recording)
        if not kept:
            yield from events_of(recording, self.profile)
            return
        yield from kept
        if self.gaps:
            yield from (record for record in recording.records() if isinstance(record, Gap))

    def _kept(self, recording: "Recording") -> "list[Event]":
        """The events in the recording; none if they are of another profile, or one of them is damaged."""
        try:
            return [*recording.events()] if self.stored else []
        except RecordingError:
            return []


def events_of(recording: "Recording", profile: "Profile") -> "Iterator[Event | Gap]":
    """What a replay gives rise to, epochs too, and the recording's gaps, as they come."""
    from monitor.pipeline import BLOCK_S, Pipeline, joined

    pipeline = Pipeline(profile, recording.meta.rate_hz, gyro=recording.meta.gyro)
    for record in joined(recording.records(), BLOCK_S):
        if isinstance(record, Gap):
            yield record
        yield from pipeline.push(record)
    yield from pipeline.finish()


def none_such(until: Wanted, path: Path) -> SitwellError:
    """What to say where an event never comes."""
    return SitwellError(f"{path.name} has no {until}: `sitwell analyze {path} --events FILE` writes those it has.")


class Deck:
    """What the keys of a replay do. Each of its sessions goes on from a kept state, until a seek or the end.

    until   : where to go first, as soon as it is found; `run` raises SitwellError if there is no such event
    every_s : how far apart states are kept, session time
    """

    def __init__(
        self,
        running: "Running",
        source: "ReplaySource",
        finder: Finder,
        until: Wanted | None = None,
        every_s: float = CHECKPOINT_S,
    ) -> None:
        self._running, self._source, self._finder, self._every_s = running, source, finder, every_s
        self._until = until  # until it is found
        self._target: tuple[Wanted, float] | None = None  # with its time, until it is reached
        self._index: Index | None = None
        self._bouts_s: list[float] = []
        self._alerts_s: list[float] = []
        self._marks: tuple[float, ...] = ()
        self._closing = threading.Event()
        self.pause, self.faster, self.slower = source.pause, source.faster, source.slower
        if until is not None:
            source.pause()

    # ------------------------------------------------------------ the keys

    @property
    def player(self) -> Player:
        """Where the replay is."""
        player = replace(self._source.player, alerts=self._marks)
        return player if self._until is None else replace(player, goal_s=math.inf)

    def seek(self, position_s: float) -> None:
        """Go to this position, s from the start."""
        self._own_way()
        self._source.seek(position_s)

    def skip(self, seconds: float) -> None:
        """Go ahead, or back."""
        self._own_way()
        self._source.skip(seconds)

    def next_bout(self, step: int) -> str:
        """Go to the next change of posture, or with -1 to the one before; '' or why that cannot be."""
        return self._next(self._bouts_s, step, "change of posture")

    def next_alert(self, step: int) -> str:
        """Go to the next alert, or with -1 to the one before; '' or why that cannot be."""
        return self._next(self._alerts_s, step, "alert")

    def _next(self, positions_s: Sequence[float], step: int, what: str) -> str:
        if self._index is None:
            return LOOKING
        player = self._source.player
        here_s = player.position_s if player.goal_s is None else player.goal_s
        passed_s = 0.0 if player.paused or player.seeking else AGAIN_S * min(max(player.speed, 1.0), 60.0)
        if step > 0:
            there = [each for each in positions_s if each > here_s + 0.01][:1]
        else:
            there = [each for each in positions_s if each < here_s - max(passed_s, 0.01)][-1:]
        if not there:
            return f"There is no {what} {'after' if step > 0 else 'before'} this."
        self.seek(there[0])
        return ""

    def _own_way(self) -> None:
        """The wearer goes elsewhere than to the event asked for."""
        self._until = self._target = None

    # ------------------------------------------------------------ the sessions

    async def run(self) -> None:
        """Play until cancelled: after the end of the recording, seeking back goes on."""
        running, source = self._running, self._source
        if running.pipeline is None or running.summary is None:
            raise ValueError("begin the session first")
        kept = Checkpoints(source.start_s, running.pipeline, running.summary, self._every_s)
        tasks = {asyncio.create_task(self._play(kept)), asyncio.create_task(self._look())}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for each in done:
                each.result()
        finally:
            self._closing.set()
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _play(self, kept: Checkpoints) -> None:
        from monitor.session import Session

        running, source = self._running, self._source

        def keep(seq: int, t_s: float) -> None:
            if running.pipeline is not None and running.summary is not None:
                kept.keep(seq, t_s, running.pipeline, running.summary)

        source.on_rest, source.state_before = keep, lambda t_s: kept.before(t_s).t_s
        before_s = source.start_s
        while True:
            state = kept.before(before_s)
            running.pipeline, running.summary = pipeline, summary = state.state()
            source.go_on_from(state.seq, state.t_s)
            await Session(pipeline, (_Shown(summary, pipeline, self.saw),)).run(source)
            before_s = await source.turned()

    def saw(self, record: Record, events: Sequence[Event]) -> None:
        """Stop at the event that is being sought."""
        if self._target is None or self._source.turning:
            return
        wanted, t_s = self._target
        there = (record, *events) if isinstance(record, Gap) else events
        if any(wanted.is_met_by(each) and abs(each.t_s - t_s) < SAME_S for each in there):
            self._target = None
            self._source.halt()

    # ------------------------------------------------------------ the index

    async def _look(self) -> None:
        index = await asyncio.to_thread(self._finder.find, self._closing.is_set)
        start_s, length_s = self._source.start_s, self._source.length_s
        self._bouts_s = [min(each - start_s + SHOWN_S, length_s) for each in index.bouts_s]
        self._alerts_s = [min(each - start_s + SHOWN_S, length_s) for each in index.alerts_s]
        if length_s > 0.0:
            self._marks = tuple(min(max((each - start_s) / length_s, 0.0), 1.0) for each in index.alerts_s)
        self._index = index
        if self._until is None:
            return
        event = self._until.first(index.events)
        if event is None:
            raise none_such(self._until, self._finder.path)
        self._target, self._until = (self._until, event.t_s), None
        self._source.hurry(event.t_s - start_s)


@dataclass(slots=True)
class _Shown:
    """The sink of one session: what the screen looks at, and the stop at an event."""

    summary: "Summary"
    pipeline: "Pipeline"
    saw: Callable[[Record, Sequence[Event]], None]

    def write(self, record: Record, events: Sequence[Event]) -> None:
        self.summary.push(record, events, self.pipeline)
        self.saw(record, events)
