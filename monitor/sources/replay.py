"""A recording played back: the same Records in the same order, at any speed, with pause."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from itertools import pairwise

from monitor.snapshot import Player
from monitor.storage.recording import Recording
from monitor.stream import Record, Samples, first_s

PIECE_S = 0.1  # samples are let go in pieces this long, so that the screen moves as it did live
SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
NAP_S = 0.05  # how often a paused replay looks whether it goes on
BREATH_RECORDS = 50  # records between two chances for the screen to draw when the replay cannot keep up with its speed


class ReplaySource:
    """speed: session seconds a real second; pause and speed may change while it runs."""

    def __init__(self, recording: Recording, speed: float = 1.0) -> None:
        self._recording = recording
        self._speed = speed
        self._paused = False
        self._ended = False
        self._position_s = 0.0
        self._start_s = 0.0
        self._anchor: tuple[float, float] | None = None  # (real, session) moment from which speed counts

    @property
    def player(self) -> Player:
        """Where the replay is."""
        length = self._recording.duration_s
        position = min(max(self._position_s - self._start_s, 0.0), length)
        return Player(position, length, self._speed, self._paused, self._ended)

    def pause(self) -> None:
        """Pause, or go on."""
        self._paused = not self._paused
        self._anchor = None

    def faster(self) -> None:
        """The next higher of SPEEDS."""
        self._set_speed(next((s for s in SPEEDS if s > self._speed), self._speed))

    def slower(self) -> None:
        """The next lower of SPEEDS."""
        self._set_speed(next((s for s in reversed(SPEEDS) if s < self._speed), self._speed))

    def _set_speed(self, speed: float) -> None:
        self._speed, self._anchor = speed, None

    async def records(self) -> AsyncGenerator[Record]:
        """The records, each at its time."""
        first = True
        since_breath = 0
        for record in self._recording.records():
            for piece in pieces(record):
                t_s = first_s(piece)
                if first:
                    self._start_s, first = t_s, False
                since_breath += 1
                if await self._wait(t_s) or since_breath >= BREATH_RECORDS:
                    since_breath = 0
                    await asyncio.sleep(0)
                self._position_s = t_s
                yield piece
        self._ended = True

    async def _wait(self, t_s: float) -> bool:
        """Sleep until t_s is due. True if there was anything to wait for."""
        waited = False
        while self._paused:
            waited = True
            await asyncio.sleep(NAP_S)
        while True:
            if self._anchor is None:
                self._anchor = (time.monotonic(), self._position_s if waited or self._position_s else t_s)
            real, session = self._anchor
            left = (t_s - session) / self._speed - (time.monotonic() - real)
            if left <= 0.0:
                return waited
            waited = True
            await asyncio.sleep(min(left, NAP_S))


def pieces(record: Record) -> Iterator[Record]:
    """Samples cut into pieces of at most PIECE_S; any other record as it is."""
    if not isinstance(record, Samples) or not len(record):
        yield record
        return
    slots = (record.t_s / PIECE_S).astype("int64")
    cuts = [0, *((slots[1:] != slots[:-1]).nonzero()[0] + 1).tolist(), len(record)]
    for start, stop in pairwise(cuts):
        yield record.part(slice(start, stop))
