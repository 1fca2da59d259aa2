"""One session's events to what the history keeps of it: the sums of each local day, and rows of what happened.

The second counts on the day in which it began. A bout over midnight is cut there, and so is a sitting spell; a break, a
transition and a prompt belong to the day in which they began.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from monitor.states.day import DayFigures, DaySums
from monitor.storage.history.calendar import LocalDays
from monitor.stream import (
    AlertCleared,
    AlertDue,
    AlertRaised,
    BoutEnded,
    Break,
    Epoch,
    Event,
    Fidget,
    Posture,
    PostureChanged,
    Transition,
    UprightShift,
)

Cell: TypeAlias = str | float | None
Row: TypeAlias = tuple[Cell, ...]  # as in the table of schema.py, from its column `day` on


@dataclass(frozen=True, slots=True)
class Digest:
    """What the history keeps of one session. days: the sums, prompts, and spells beyond a limit, by ISO date."""

    days: dict[str, tuple[DaySums, int, int]]
    bouts: list[Row]
    breaks: list[Row]
    transitions: list[Row]
    alerts: list[Row]


@dataclass(slots=True)
class _Bout:
    day: date
    posture: Posture
    start_s: float
    end_s: float
    steps: int
    lying: str


@dataclass(slots=True)
class _Prompt:
    day: date
    raised: AlertRaised
    cleared: AlertCleared | None = None


class Digester:
    """Feeds on a session's events in their order. bridge_s: as of its bouts."""

    def __init__(self, days: LocalDays, started_utc_s: float, bridge_s: float) -> None:
        self._days = days
        self._started_utc_s = started_utc_s
        self._bridge_s = bridge_s
        self._figures: dict[date, DayFigures] = {}
        self._fresh: list[tuple[float, Posture, int]] = []  # seconds since midnight whose bout has not been told
        self._bouts: list[_Bout] = []
        self._breaks: list[tuple[date, str, Break | UprightShift]] = []
        self._transitions: list[tuple[date, Transition]] = []
        self._prompts: list[_Prompt] = []
        self._spells: list[date] = []

    def spend(self, start_s: float, posture: Posture, steps: Sequence[int]) -> None:
        """Count seconds of one posture from start_s on; steps: of each of them."""
        while steps:
            figures = self._day(self._days.at(start_s))
            seconds = min(len(steps), max(1, math.ceil(self._days.until_s - start_s)))
            walked = sum(steps[:seconds])
            figures.spend(start_s, seconds, posture, walked)
            if len(self._figures) > 1:
                self._fresh.append((start_s, posture, walked))
            start_s, steps = start_s + seconds, steps[seconds:]

    def push(self, event: Event) -> None:
        """Count one event."""
        match event:
            case Epoch():
                self.spend(event.t_s, event.posture, (event.steps,))
            case PostureChanged(posture=Posture.NOT_WORN):
                self._take_back(event)
            case BoutEnded():
                self._bout(event)
            case Break() | UprightShift():
                self._upright(event)
            case Fidget():
                self._day(self._days.at(event.start_s)).push(event)
            case Transition():
                self._transitions.append((self._days.at(event.start_s), event))
            case AlertDue():
                self._spells.append(self._days.at(event.t_s - 1.0))
            case AlertRaised():
                # It is told at the end of the second that raised it.
                self._prompts.append(_Prompt(self._days.at(event.t_s - 1.0), event))
            case AlertCleared():
                for prompt in self._prompts:
                    if prompt.cleared is None and prompt.raised.name == event.name:
                        prompt.cleared = event
            case _:
                pass

    def digest(self) -> Digest:
        """What there is so far."""
        utc = self._utc_s
        prompts = [each.day for each in self._prompts]
        days = sorted({*self._figures, *prompts, *self._spells})
        return Digest(
            {str(day): (self._day(day).sums(), prompts.count(day), self._spells.count(day)) for day in days},
            [
                (str(each.day), str(each.posture), utc(each.start_s), utc(each.end_s), each.steps, each.lying)
                for each in self._bouts
            ],
            [(str(day), kind, utc(each.start_s), utc(each.end_s)) for day, kind, each in self._breaks],
            [(str(day), each.kind, utc(each.start_s), utc(each.end_s), each.p) for day, each in self._transitions],
            [self._alert(each) for each in self._prompts],
        )

    def _alert(self, prompt: _Prompt) -> Row:
        raised, cleared = prompt.raised, prompt.cleared
        return (
            str(prompt.day),
            raised.name,
            raised.message,
            self._utc_s(raised.t_s),
            raised.value,
            raised.limit,
            raised.unit,
            None if cleared is None else self._utc_s(cleared.t_s),
            "" if cleared is None else cleared.cause,
        )

    def _utc_s(self, t_s: float) -> float:
        return round(self._started_utc_s + t_s, 3)

    def _day(self, day: date) -> DayFigures:
        if day not in self._figures:
            self._figures[day] = DayFigures(self._bridge_s)
        return self._figures[day]

    def _take_back(self, event: PostureChanged) -> None:
        since_s = event.t_s
        first = self._days.at(since_s)
        for day, figures in self._figures.items():
            if day >= first:
                figures.push(event)
        while self._bouts and self._bouts[-1].end_s > since_s:
            bout = self._bouts.pop()
            if bout.start_s < since_s:
                bout.end_s = since_s
                self._bouts.append(bout)

    def _bout(self, bout: BoutEnded) -> None:
        fresh, self._fresh = self._fresh, []
        left = bout.steps
        parts: list[_Bout] = []
        for day, start_s, end_s in reversed(self._days.parts(bout.start_s, bout.end_s)):
            steps = left
            if start_s > bout.start_s:
                here = [n for t_s, posture, n in fresh if start_s <= t_s < end_s and posture is bout.posture]
                steps = min(left, sum(here))
            left -= steps
            parts.append(_Bout(day, bout.posture, start_s, end_s, steps, str(bout.lying)))
        for part in reversed(parts):
            told = BoutEnded(part.posture, part.start_s, part.end_s, part.steps, bout.lying)
            self._day(part.day).push(told)
            self._bouts.append(part)

    def _upright(self, event: Break | UprightShift) -> None:
        first, *others = (day for day, _, _ in self._days.parts(event.start_s, event.end_s))
        self._day(first).push(event)
        for day in others:
            self._day(day).part()
        self._breaks.append((first, "break" if isinstance(event, Break) else "upright-shift", event))
