"""The only loop: records from a source through the pipeline to the sinks."""

from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol, TypeAlias

from monitor.pipeline import Pipeline
from monitor.sources import Source
from monitor.stream import (
    Event,
    Link,
    LinkState,
    Mark,
    Record,
    Samples,
    SettingsChanged,
    Started,
    Wearer,
    first_s,
    last_s,
)

Said: TypeAlias = Wearer | Mark | Started | SettingsChanged


class Sink(Protocol):
    """The seam to what keeps, shows or says."""

    def write(self, record: Record, events: Sequence[Event]) -> None:
        """Take one record and the events it led to."""
        ...


class Session:
    """One run of a source.

    What the wearer says in between becomes a record of its own, at the time of the record after it.
    """

    def __init__(self, pipeline: Pipeline, sinks: Iterable[Sink]) -> None:
        self.pipeline = pipeline
        self._sinks = tuple(sinks)
        self._said: deque[Said] = deque()
        self._last: Record | None = None

    def say(self, record: Said) -> None:
        """Put in what the wearer did, or what is known; its t_s is set when it is taken."""
        self._said.append(record)

    async def run(self, source: Source) -> None:
        """Until the source ends, fails or is cancelled; the answers still owed are given in every case."""
        try:
            async with aclosing(source.records()) as records:
                async for record in records:
                    if isinstance(record, Samples) and not len(record):
                        continue
                    while self._said:
                        self._push(replace(self._said.popleft(), t_s=first_s(record)))
                    self._push(record)
        finally:
            self._finish()

    def _push(self, record: Record) -> None:
        events = self.pipeline.push(record)
        self._last = record
        for sink in self._sinks:
            sink.write(record, events)

    def _finish(self) -> None:
        """Close the session: the answers still owed go with a last record that says so."""
        if self._last is None:
            return
        closed = self._last
        if not (isinstance(closed, Link) and closed.state is LinkState.CLOSED):  # a replay brings its own
            closed = Link(last_s(closed), LinkState.CLOSED, "session ended")
        events = self.pipeline.push(closed) + self.pipeline.finish()
        for sink in self._sinks:
            sink.write(closed, events)
