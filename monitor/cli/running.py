"""One session, with the dashboard or without: pipeline, recorder, summary and figures put together.

What computes is imported when the session begins, behind the first frame: scipy.signal takes over a second.
"""

import asyncio
import contextlib
import importlib
import json
import math
import signal
import sys
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from monitor import __version__
from monitor.errors import SitwellError
from monitor.snapshot import Player, Snapshot
from monitor.stream import Event, Link, LinkState, Mark, Record, Samples, Tick, Wearer, first_s

if TYPE_CHECKING:
    from monitor.pipeline import Pipeline
    from monitor.profile import Profile
    from monitor.session import Session, Sink
    from monitor.sources import Source
    from monitor.storage.recorder import Recorder
    from monitor.storage.schema import Meta
    from monitor.summary import Summary

SLOW_IMPORTS = ("monitor.pipeline", "monitor.session", "monitor.storage.recording", "monitor.summary")
ACTIONS = {"snooze", "dismiss", "quiet", "meeting"}
LATENCIES_KEPT = 200_000  # an hour of packets at 55 a second


class Latency:
    """Milliseconds from a packet's sending (where it is known) or arrival to the end of its processing."""

    def __init__(self, clock: Callable[[], float], speed: float) -> None:
        self.sent: deque[Any] | None = None  # the virtual sensor's log: items with at_s and payload, oldest first
        self._clock, self._ms = clock, 1000.0 / speed
        self._start_s: float | None = None
        self._values: deque[float] = deque(maxlen=LATENCIES_KEPT)

    def on_packet(self, arrival_s: float, payload: bytes) -> None:
        """A packet is about to be decoded."""
        self._start_s = arrival_s
        while self.sent:
            sent = self.sent.popleft()  # packets lost on the air are passed over
            if sent.payload == payload:
                self._start_s = sent.at_s
                return

    def write(self, record: Record, events: Sequence[Event]) -> None:
        """A sink behind all others: the record is processed."""
        del events
        if isinstance(record, Samples) and self._start_s is not None:
            self._values.append((self._clock() - self._start_s) * self._ms)
            self._start_s = None

    def percentile_ms(self, q: float) -> float | None:
        """The q-th percentile so far, ms; None before the first packet."""
        return round(float(np.percentile(np.array(self._values), q)), 3) if self._values else None


@dataclass(slots=True)
class Limited:
    """A source that ends after `seconds` of session time counted from the connection, or once `ended` is set."""

    source: "Source"
    seconds: float | None = None
    ended: asyncio.Event | None = None

    async def records(self) -> AsyncGenerator[Record, None]:
        """The source's records up to the end."""
        start_s: float | None = None
        async with contextlib.aclosing(self.source.records()) as records:
            async for record in records:
                t_s = first_s(record)
                yield record
                if start_s is None and isinstance(record, Link) and record.state is LinkState.CONNECTED:
                    start_s = t_s
                if self.seconds is not None and start_s is not None and t_s - start_s >= self.seconds:
                    return
                if self.ended is not None and self.ended.is_set():
                    return


@dataclass(slots=True)
class Running:
    """What a screen and the final figures look at while a session runs; empty until `begin`."""

    mode: str
    out: Path | None = None
    headless: bool = False
    plain: bool = False  # without a screen, each change as a line on stdout
    session: "Session | None" = None
    pipeline: "Pipeline | None" = None
    summary: "Summary | None" = None
    recorder: "Recorder | None" = None
    latency: Latency | None = None
    player: Callable[[], Player] | None = None
    ready: Callable[[], bool] = lambda: True  # False while the past is being caught up with: nothing is shown
    ask: Callable[[Wearer | Mark], None] | None = None  # where this process only looks on: tells the one that records

    def begin(
        self,
        profile: "Profile",
        *,
        sensor: str,
        rate_hz: float,
        gyro: bool,
        record: bool,
        day_start_s: float | None = None,
        beside: "Sequence[Sink]" = (),
    ) -> "Session":
        """Build the session; with `record`, start a recording.

        day_start_s: local time of day at session time 0; beside: sinks to be fed after the recorder and the screen
        """
        from monitor.config import profile_to_mapping
        from monitor.pipeline import Pipeline
        from monitor.places import local_zone, recordings_dir, remember_recording
        from monitor.session import Session
        from monitor.storage.recorder import Recorder
        from monitor.storage.schema import Meta
        from monitor.summary import Summary

        now = time.time()
        zone, offset_s = local_zone()
        if record:
            if self.out:
                remember_recording(self.out)
            self.out = self.out or new_recording_path(recordings_dir(), self.mode)
            meta = Meta(
                sensor=sensor,
                rate_hz=rate_hz,
                gyro=gyro,
                started_utc_s=round(now, 3),
                zone=zone,
                utc_offset_s=offset_s,
                source=self.mode,
                app_version=__version__,
                profile=profile_to_mapping(profile),
            )
            self.recorder = Recorder.create(self.out, meta)
        day_start_s = (now + offset_s) % 86_400 if day_start_s is None else day_start_s
        self.pipeline = Pipeline(profile, rate_hz, gyro=gyro)
        self.summary = Summary(
            mode=self.mode,
            sensor=sensor,
            rate_hz=rate_hz,
            day_start_s=day_start_s,
            recording=str(self.out or ""),
        )
        sinks: list[Sink] = [self.recorder] if self.recorder else []
        sinks += [_Feed(self.summary, self.pipeline)]
        sinks += [self.latency] if self.latency else []
        sinks += beside
        sinks += [_Second(self)] if self.recorder else []
        if self.plain:
            from monitor.cli.plain import PlainLines

            sinks.append(PlainLines(click.echo, day_start_s))
        self.session = Session(self.pipeline, sinks)
        if record:
            from monitor.cli.beginning import started

            self.session.say(started(now, offset_s, recordings_dir(), profile, sensor, worn=self.mode == "live"))
        return self.session

    def begin_on(self, meta: "Meta", profile: "Profile") -> "Session":
        """Build the session of a recording that is there: nothing is recorded."""
        return self.begin(
            profile,
            sensor=meta.sensor,
            rate_hz=meta.rate_hz,
            gyro=meta.gyro,
            day_start_s=(meta.started_utc_s + meta.utc_offset_s) % 86_400,
            record=False,
        )

    def close(self) -> None:
        """Close the recording; what it holds is complete then."""
        if self.recorder:
            self.recorder.close()

    def snapshot(self) -> Snapshot | None:
        """What the screen shows now; None before the session has begun."""
        if not (self.summary and self.pipeline and self.ready()):
            return None
        return self.summary.snapshot(self.pipeline, self.player() if self.player else None)

    def note(self, sentence: str, *, passing: bool = False) -> None:
        """Say what does not work: on the screen, and without one on stderr. passing: only for a while."""
        if self.summary and passing:
            self.summary.say(sentence)
        elif self.summary:
            self.summary.notes.append(sentence)
        if self.headless:
            click.echo(f"sitwell: {sentence}", err=True)

    def act(self, action: str, seconds: float) -> None:
        """Hand on what the wearer did."""
        said = Wearer(0.0, action, seconds) if action in ACTIONS else Mark(0.0, action)
        if self.ask:
            try:
                self.ask(said)
            except SitwellError as error:
                self.note(str(error))
        elif self.session:
            self.session.say(said)

    def figures(self) -> dict[str, Any]:
        """The final figures of a live or demo session, as JSON values."""
        summary = self.summary
        if summary is None:
            return {}
        last = summary.last_tilt
        return {
            "recording": str(self.out) if self.out else None,
            "samples_received": summary.received,
            "samples_lost": summary.lost,
            "bad_packets": summary.bad_packets,
            "rate_hz": round(summary.mean_rate_hz, 3),
            "latency_p50_ms": self.latency.percentile_ms(50.0) if self.latency else None,
            "latency_p99_ms": self.latency.percentile_ms(99.0) if self.latency else None,
            "postures": {str(posture): seconds for posture, seconds in summary.day.postures_s.items()},
            "tilt_deg": round(last.tilt_deg, 1) if last else None,
            "tilt_sd_deg": round(last.tilt_sd_deg, 1) if last else None,
            "obliquity_deg": round(last.obliquity_deg, 1) if last else None,
            "steps": summary.day.steps,
            "breaks": summary.day.breaks,
            "prompts": summary.prompts,
            "battery_percent": summary.battery_percent,
        }


@dataclass(slots=True)
class _Second:
    """Once a second: takes what other processes ask for, and says how the session stands."""

    running: Running

    def write(self, record: Record, events: Sequence[Event]) -> None:
        del events
        running = self.running
        if not (isinstance(record, Tick) and running.recorder and running.session):
            return
        for request in running.recorder.requests():
            running.session.say(request)
        snapshot = running.snapshot()
        running.recorder.status = brief(snapshot) if snapshot else None


def brief(snapshot: Snapshot) -> dict[str, Any]:
    """What a status line needs of a snapshot, as JSON values; None where there is no figure."""

    def rounded(value: float | None) -> float | None:
        return None if value is None or not math.isfinite(value) else round(value, 1)

    prompt, quiet = snapshot.prompt, snapshot.quiet
    return {
        "t_s": round(snapshot.t_s, 3),
        "posture": str(snapshot.posture),
        "posture_p": round(snapshot.posture_p, 2),
        "posture_since_s": snapshot.posture_since_s,
        "tilt_deg": rounded(snapshot.tilt_deg),
        "tilt_sd_deg": rounded(snapshot.tilt_sd_deg),
        "obliquity_deg": rounded(snapshot.obliquity_deg),
        "zero": snapshot.zero,
        "sitting_s": snapshot.sitting.seconds,
        "sitting_limit_s": snapshot.sitting.limit_s,
        "standing_s": snapshot.standing.seconds,
        "standing_limit_s": snapshot.standing.limit_s,
        "postures_s": {str(posture): seconds for posture, seconds in snapshot.totals_s.items()},
        "breaks": snapshot.breaks,
        "steps": snapshot.steps,
        "prompt": None if prompt is None else {"name": prompt.name, "message": prompt.message},
        "snoozed_s": round(snapshot.snoozed_s),
        "quiet": None if quiet is None else {"why": quiet[0], "for_s": rounded(quiet[1])},
        "profile": snapshot.profile,
        "prompts_left": snapshot.prompts_left,
        "link": str(snapshot.link.state),
        "link_cause": snapshot.link.cause,
        "battery_percent": snapshot.link.battery_percent,
        "rate_hz": round(snapshot.link.rate_hz, 1),
        "lost_percent": round(snapshot.link.lost_percent, 2),
    }


@dataclass(slots=True)
class _Feed:
    summary: "Summary"
    pipeline: "Pipeline"

    def write(self, record: Record, events: Sequence[Event]) -> None:
        self.summary.push(record, events, self.pipeline)


async def load(*modules: str) -> None:
    """Import what is slow beside the event loop, so that the screen stays alive."""
    for module in modules:
        await asyncio.to_thread(importlib.import_module, module)


def new_recording_path(folder: Path, mode: str) -> Path:
    """A name in `folder` that sorts by time and does not exist yet."""
    stem = datetime.now(UTC).astimezone().strftime("%Y-%m-%d_%H%M%S")
    path = folder / f"{stem}-{mode}.sqlite"
    count = 1
    while path.exists():
        count += 1
        path = folder / f"{stem}-{mode}-{count}.sqlite"
    return path


def without_screen(running: Running, run: Callable[[], Awaitable[None]], *, as_json: bool) -> None:
    """Run to the end, or until Ctrl-C or a termination signal, then print the figures."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_until_signal(run))
    figures = running.figures()
    if as_json:
        click.echo(json.dumps(figures))
    elif figures:
        click.echo(f"{figures['samples_received']} samples, {figures['samples_lost']} lost, {figures['rate_hz']:g} Hz")
        if figures["recording"]:
            click.echo(f"recorded in {figures['recording']}")


async def _until_signal(run: Callable[[], Awaitable[None]]) -> None:
    task = asyncio.ensure_future(run())
    with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers in its loop
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def on_screen(running: Running, run: Callable[[], Awaitable[None]], player: Any = None) -> None:
    """Run under the dashboard. Raises what the session failed with, after the screen is restored."""
    from monitor.dashboard.app import Dashboard

    app = Dashboard(
        snapshot=running.snapshot,
        run=run,
        act=None if running.mode == "replay" else running.act,
        player=player,
        label=_labels(running) if running.mode == "replay" else None,
        opening=running.mode == "attached",
    )
    app.run()
    running.close()
    if app.failure:
        raise app.failure
    if running.recorder and running.out:
        click.echo(f"recorded in {running.out}", err=True)


def _labels(running: Running) -> Callable[[str], None]:
    """Marks made in a replay are labels beside the recording: what was recorded stays as it is."""

    def label(word: str) -> None:
        from monitor.storage.labels import add

        snapshot = running.snapshot()
        if snapshot is None or running.out is None:
            return
        try:
            add(running.out, snapshot.t_s, snapshot.t_s, word)
        except SitwellError as error:
            running.note(str(error))

    return label


def check_terminal() -> None:
    """A dashboard needs a terminal."""
    if not (sys.stdout.isatty() and sys.stdin.isatty()):
        raise SitwellError(
            "There is no terminal for the dashboard here: add --headless or --plain, or run it in a terminal."
        )
