"""The work of a sweep, shared by two processes: this one, and one that gets the days once and then values only."""

import os
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Self

import click

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from monitor.states.rules import AlertSettings
    from monitor.tuning.rerun import Tried
    from monitor.tuning.score import Label, Score, Yardstick
    from monitor.tuning.suggest import Marked
    from monitor.tuning.sweep import Axis

    Values = tuple[float, ...]

PART = 50  # settings worked on at a time
LARGE = 6000  # settings times days that take longer than another process takes to start
AHEAD = 2  # parts that the other process has waiting


@dataclass(frozen=True, slots=True)
class Work:
    """What a process needs to know. before: settings of the config, by which long exposures are told."""

    tried: "Tried"
    yardstick: "Yardstick"
    before: "AlertSettings"
    axes: "tuple[Axis, ...]"
    place: str

    def scores(self, values: "Sequence[Values]") -> "list[Score]":
        """The figures of the settings with these values."""
        from monitor.tuning.sweep import evaluate, turned

        settings = [turned(self.before, self.axes, each, self.place) for each in values]
        return evaluate(self.tried, self.yardstick, settings)


def work(sessions: "Sequence[Marked]", before: "AlertSettings", axes: "tuple[Axis, ...]", place: str) -> Work:
    """Lay out the days."""
    from monitor.tuning.rerun import Tried
    from monitor.tuning.score import Yardstick
    from monitor.tuning.suggest import together

    days, labels = together(sessions)
    tried = Tried(days)
    marks: list[Label] = labels
    return Work(tried, Yardstick(tried, before, marks), before, axes, place)


class Other:
    """The other process: it starts while this one goes on, and gets the days as soon as it listens."""

    def __init__(self) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self._listens = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()
        self._process.terminate()
        self._process.join()

    def ready(self, sessions: "Sequence[Marked]", own: Work) -> bool:
        """Whether it takes parts; the first time that it listens, it gets the days."""
        if not self._listens and self._pipe.poll():
            self._pipe.recv()
            self._pipe.send((tuple(sessions), own.before, own.axes, own.place))
            self._listens = True
        return self._listens

    def send(self, values: "Sequence[Values]") -> None:
        """Give it a part."""
        self._pipe.send(values)

    def scores(self, *, wait: bool) -> "list[Score] | None":
        """Those of the part given first; None if they are not there yet."""
        return self._pipe.recv() if wait or self._pipe.poll() else None


def _serve(pipe: "Connection[Any, Any]") -> None:
    """What the other process does, until it is ended."""
    from monitor.storage.pool import leave_interrupts

    leave_interrupts()
    with suppress(EOFError, OSError):
        from monitor.tuning import sweep as _  # noqa: F401 - slow to import: before the days come

        pipe.send(None)
        own = work(*pipe.recv())
        while True:
            pipe.send(own.scores(pipe.recv()))


def worth_two(settings: int, days: int) -> bool:
    """Whether there is enough to do for another process."""
    return settings * days >= LARGE and (os.cpu_count() or 1) > 1


def shared(sessions: "Sequence[Marked]", own: Work, values: "Sequence[Values]", other: Other | None) -> "list[Score]":
    """The figures of all settings, in their order, with a progress bar."""
    parts = deque((start, values[start : start + PART]) for start in range(0, len(values), PART))
    found: dict[int, list[Score]] = {}
    waiting: deque[tuple[int, int]] = deque()
    with click.progressbar(length=len(values), label="Trying", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        while parts or waiting:
            if other and other.ready(sessions, own):
                while waiting and (scores := other.scores(wait=not parts)):
                    start, count = waiting.popleft()
                    found[start] = scores
                    bar.update(count)
                while parts and len(waiting) < AHEAD:
                    start, part = parts.popleft()
                    other.send(part)
                    waiting.append((start, len(part)))
            if parts:
                start, part = parts.popleft()
                found[start] = own.scores(part)
                bar.update(len(part))
    return [score for start in sorted(found) for score in found[start]]
