"""The day in figures: follows a session and says, as one immutable Snapshot, what a screen needs to know now."""

import math
from collections import deque
from collections.abc import Iterable

import numpy as np

from monitor import messages
from monitor.pipeline import Pipeline
from monitor.snapshot import Clock, LinkView, Player, Prompt, Snapshot, Span, Trace
from monitor.states.day import DayFigures, add_span, take_back
from monitor.states.rules import Place
from monitor.stream import (
    AlertCleared,
    AlertRaised,
    BadPacket,
    Battery,
    Epoch,
    Event,
    Gap,
    Link,
    LinkState,
    Posture,
    PostureChanged,
    Praised,
    ProfileChanged,
    Record,
    Samples,
    SnoozeRefused,
)

TRACE_S = 60.0
TRACE_STEP_S = 0.05  # 1200 points: more than two for each of the columns of the widest screen
RATE_WINDOW_S = 10.0
SAID_S = 60.0
PRAISE_S = 20.0  # it is said once, and read within so long


class Summary:
    """Follows a session and gives the Snapshot of now. It is fed what the session's sinks are fed.

    day_start_s: local time of day at session time 0, s
    """

    def __init__(self, *, mode: str, sensor: str, rate_hz: float, day_start_s: float, recording: str) -> None:
        self._mode, self._sensor, self._recording = mode, sensor, recording
        self._rate_hz, self._day_start_s = rate_hz, day_start_s
        self._t_s = 0.0
        self._epoch: Epoch | None = None
        self.last_tilt: Epoch | None = None  # the newest second with a tilt
        self._trace: deque[tuple[float, float]] = deque()
        self._spans: list[Span] = []
        self._prompts: dict[str, Prompt] = {}
        self._praise: Praised | None = None
        self._said: list[tuple[float, str]] = []  # notes with the time at which they were said
        self._link = Link(0.0, LinkState.SEARCHING)
        self._battery: int | None = None
        self._first_t_s: float | None = None
        self._last_t_s = 0.0
        self._arrived: deque[tuple[float, int]] = deque()
        self.day = DayFigures()
        self.received = self.lost = self.bad_packets = self.prompts = 0
        self.notes: list[str] = []  # sentences about what does not work

    def push(self, record: Record, events: Iterable[Event], pipeline: Pipeline) -> None:
        """Take one record with the events it led to, and the pipeline after it."""
        if not isinstance(record, Samples):
            self._t_s = max(self._t_s, record.t_s)
        elif len(record):
            self._t_s = max(self._t_s, float(record.t_s[-1]))
        match record:
            case Samples():
                self._samples(record, pipeline)
            case Gap():
                self._gap(record)
            case BadPacket():
                self.bad_packets += 1
            case Link():
                self._link = record
            case Battery():
                self._battery = record.percent
            case _:
                pass
        for event in events:
            self._event(event)
        while self._arrived and self._arrived[0][0] < self._t_s - RATE_WINDOW_S:
            self._arrived.popleft()
        while self._trace and self._trace[0][0] < self._t_s - TRACE_S:
            self._trace.popleft()

    def _gap(self, gap: Gap) -> None:
        """Count the samples that were due in the gap, whether it is told from the last sample or from the next due."""
        due_s = -math.inf if self._first_t_s is None else self._last_t_s + 1.0 / self._rate_hz
        self.lost += max(round((gap.end_s - max(gap.start_s, due_s)) * self._rate_hz), 0)

    def _samples(self, block: Samples, pipeline: Pipeline) -> None:
        if not len(block):
            return
        self.received += len(block)
        self._first_t_s = float(block.t_s[0]) if self._first_t_s is None else self._first_t_s
        self._last_t_s = float(block.t_s[-1])
        self._arrived.append((float(block.t_s[0]), len(block)))
        seen = pipeline.oriented
        last = self._trace[-1][0] if self._trace else -TRACE_STEP_S
        for t, tilt in zip(seen.t_s.tolist(), seen.tilt_deg.tolist(), strict=True):
            if t - last >= TRACE_STEP_S - 1e-6:
                self._trace.append((t, tilt))
                last = t

    def _event(self, event: Event) -> None:
        self.day.push(event)
        match event:
            case Epoch():
                self._epoch = event
                if not math.isnan(event.tilt_deg):
                    self.last_tilt = event
                add_span(self._spans, Span(event.t_s, event.t_s + 1.0, event.posture))
            case PostureChanged(posture=Posture.NOT_WORN):
                take_back(self._spans, event.t_s)
            case AlertRaised():
                self.prompts += 1
                self._prompts.pop(event.name, None)  # so that the newest comes last
                self._prompts[event.name] = Prompt(
                    event.name, event.message, event.t_s, event.value, event.limit, event.unit, event.explain
                )
            case AlertCleared():
                self._prompts.pop(event.name, None)
            case Praised():
                self._praise = event
            case SnoozeRefused():
                self.say(messages.text("snooze.refused", times=event.in_a_row))
            case ProfileChanged():
                self.say(messages.text("profile.changed", name=event.name))
            case _:
                pass

    def say(self, sentence: str) -> None:
        """A note that stays for a while; the same is said once."""
        self._said = [(t_s, each) for t_s, each in self._said if each != sentence] + [(self._t_s, sentence)]

    @property
    def battery_percent(self) -> int | None:
        """The sensor's battery, 0 to 100; None while unknown."""
        return self._battery

    @property
    def mean_rate_hz(self) -> float:
        """Samples a second over the whole session, gaps left out."""
        if self._first_t_s is None or self.received < 2:
            return 0.0
        due = self.received + self.lost
        return (due - 1) / (self._last_t_s - self._first_t_s)

    @property
    def rate_hz(self) -> float:
        """Samples a second over the last 10 s of the session."""
        if len(self._arrived) < 2:
            return 0.0
        span = self._arrived[-1][0] - self._arrived[0][0]
        return (sum(n for _, n in self._arrived) - self._arrived[-1][1]) / span if span > 0.0 else 0.0

    def snapshot(self, pipeline: Pipeline, player: Player | None = None) -> Snapshot:
        """All that a screen needs to know now."""
        epoch = self._epoch
        posture = epoch.posture if epoch else Posture.NO_DATA
        live_deg = self._trace[-1][1] if self._trace else float("nan")
        # Without a gyroscope a tilt in motion is wrong by 3 to 20 degrees: show the last one that held still.
        held = pipeline.moving and (not pipeline.gyro or pipeline.provisional is Posture.NO_DATA)
        shown_deg = epoch.tilt_deg if epoch and held else live_deg
        zero = pipeline.reference is not None
        day_s = int(self._day_start_s + self._t_s) % 86_400
        trace = np.array(self._trace, dtype=np.float64).reshape(-1, 2)
        alerts, bouts = pipeline.alerts, pipeline.bouts
        has_tilt = zero and not math.isnan(shown_deg)
        return Snapshot(
            mode=self._mode,
            t_s=self._t_s,
            clock=f"{day_s // 3600:02d}:{day_s // 60 % 60:02d}:{day_s % 60:02d}",
            posture=posture,
            posture_p=epoch.posture_p if epoch else 0.0,
            posture_since_s=bouts.since_s,
            provisional=pipeline.provisional,
            tilt_deg=shown_deg if has_tilt else None,
            tilt_sd_deg=pipeline.tilt_sd_deg if has_tilt else None,
            obliquity_deg=epoch.obliquity_deg if has_tilt and epoch else None,
            moving=held,
            zero=_zero(pipeline),
            band_deg=alerts.band_deg(posture),
            sitting=Clock(bouts.sitting_s, _limit(alerts.place, "sitting_s")),
            standing=Clock(bouts.standing_s, _limit(alerts.place, "standing_s")),
            trace=Trace(trace[:, 0], trace[:, 1]),
            ribbon=tuple(self._spans),
            totals_s=dict(self.day.postures_s),
            breaks=self.day.breaks,
            steps=self.day.steps,
            prompt=next(reversed(self._prompts.values()), None),
            snoozed_s=max(0.0, alerts.prompter.snoozed_until_s - self._t_s),
            quiet=alerts.prompter.quiet(self._t_s),
            profile=alerts.place.name,
            prompts_left=alerts.prompter.left(self._t_s),
            prompts_most=alerts.prompter.most,
            praise=self._praise.message if self._praise and self._t_s - self._praise.t_s < PRAISE_S else "",
            link=LinkView(
                self._sensor,
                self._link.state,
                self._battery,
                self.rate_hz,
                self.received,
                self.lost,
                self.bad_packets,
                self._link.cause,
            ),
            recording=self._recording,
            player=player,
            notes=(*self.notes, *(each for t_s, each in self._said if self._t_s - t_s < SAID_S)),
        )


def _limit(place: Place, measure: str) -> float | None:
    """The lowest limit of the rules on this measure."""
    return min((rule.limit for rule in place.rules if rule.on and rule.measure == measure), default=None)


def _zero(pipeline: Pipeline) -> str:
    """What the tilt is measured against, as Snapshot.zero has it."""
    reference = pipeline.reference
    if reference is None:
        return "none"
    if not pipeline.placement_good:
        return "moved"
    return "walking" if reference.bouts else "standing"
