"""A recording played back: the same Records in the same order, at any speed, with pause and seeking."""

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from itertools import pairwise

from monitor.snapshot import Player
from monitor.storage.recording import Recording
from monitor.stream import Record, Samples, Tick, first_s, last_s

PIECE_S = 0.1  # samples are let go in pieces this long, so that the screen moves as it did live
SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, math.inf)
NAP_S = 0.05  # how often a paused replay looks whether it goes on
BREATH_S = 0.02  # of work between two chances for the screen to draw
TAIL_S = 15.0  # before a goal, pieces again: figures over the last 10 s then are those of a straight replay
STRIDE_REAL_S = 1.0 / 300.0  # of real time: beyond 30 times, pieces grow with the speed, for each costs some time
LONGEST_PIECE_S = 1.0  # as long as records are; beyond it they are joined
FAR_S = 60.0  # blocks on the way to a goal
LONGEST_STRIDE_S = 5.0  # more would leave the rate of the last 10 s without figures
CHUNK = 128  # records read at a time; a replay can go on later from between two chunks


class ReplaySource:
    """speed: session seconds a real second, inf for as fast as it can; all may change while it runs.

    A seek ahead is a replay that does not wait. For one back, `records` ends with `turning` set: take an earlier state
    of the session, tell with `go_on_from` where in the recording that was, and run `records` again.
    """

    def __init__(self, recording: Recording, speed: float = 1.0) -> None:
        self._recording = recording
        self.start_s = recording.start_s
        self.length_s = recording.duration_s
        self.on_rest: Callable[[int, float], None] | None = None  # all before this record, and this time, was taken
        self.state_before: Callable[[float], float] = lambda _: -math.inf  # time of the last state kept before a time
        self._speed = speed
        self._paused = False
        self._ended = False
        self._turn = asyncio.Event()
        self._goal_s: float | None = None  # until then nothing waits
        self._open = False  # the goal is passed, in small pieces, until `halt` or the end
        self._seq = 0
        self._reached_s = -math.inf  # what has been given ends here
        self._coarse_s = -math.inf  # and so does what has been given, or is about to be, in longer than PIECE_S
        self._position_s = self.start_s
        self._anchor: tuple[float, float] | None = None  # (real, session) moment from which speed counts
        self._breath_s = 0.0

    # ------------------------------------------------------------ what the keys do

    @property
    def player(self) -> Player:
        """Where the replay is."""
        return Player(
            self._held(self._position_s - self.start_s),
            self.length_s,
            self._speed,
            self._paused,
            self._ended,
            goal_s=None if self._goal_s is None else self._goal_s - self.start_s,
        )

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

    def seek(self, position_s: float) -> None:
        """Go to this position, s from the start, held within the recording; paused or playing there as now."""
        self._go(self._held(position_s), open_end=False)

    def skip(self, seconds: float) -> None:
        """Go ahead, or back, from here; from where it is going to, if it is."""
        player = self.player
        self.seek((player.position_s if player.goal_s is None else player.goal_s) + seconds)

    def hurry(self, position_s: float) -> None:
        """Go there and on, without waiting, until `halt`."""
        self._paused = False
        self._go(self._held(position_s), open_end=True)

    def halt(self) -> None:
        """Pause here, at the record just given."""
        self._goal_s, self._open, self._paused, self._anchor = None, False, True, None

    def _go(self, position_s: float, *, open_end: bool) -> None:
        if self._ended and position_s >= self.length_s:
            return
        goal_s = self.start_s + position_s
        self._anchor = None
        self._goal_s, self._open = goal_s, open_end or position_s >= self.length_s  # the end is behind all there is
        fine = goal_s - TAIL_S >= self._coarse_s
        if goal_s <= self._reached_s or self.state_before(goal_s - TAIL_S) > self._reached_s or not fine:
            self._turn.set()

    def _held(self, position_s: float) -> float:
        return min(max(position_s, 0.0), self.length_s)

    def _set_speed(self, speed: float) -> None:
        self._speed, self._anchor = speed, None

    # ------------------------------------------------------------ turning back

    @property
    def turning(self) -> bool:
        """True where `records` ended for a seek that another state of the session is nearer to."""
        return self._turn.is_set()

    async def turned(self) -> float:
        """Wait for the next such seek. A state from before this session time, s, is needed, the later the better."""
        await self._turn.wait()
        return self.start_s if self._goal_s is None else self._goal_s - TAIL_S

    def go_on_from(self, seq: int, t_s: float) -> None:
        """Run `records` from after this record, with the session as it was at t_s: what on_rest was told."""
        self._seq, self._reached_s, self._position_s = seq, t_s, t_s
        self._coarse_s = t_s if seq else -math.inf
        self._ended, self._anchor = False, None
        self._turn.clear()

    # ------------------------------------------------------------ the records

    async def records(self) -> AsyncGenerator[Record]:
        """The records, each at its time."""
        newest = self._recording.newest
        self._breath_s = time.monotonic()
        while self._seq < newest:
            upto = min(self._seq + CHUNK, newest)
            waiting = deque(self._recording.arrived(self._seq, upto))
            while waiting:
                for piece in self._next(waiting):
                    await self._due(first_s(piece))
                    if self._turn.is_set():
                        return
                    self._reached_s = max(self._reached_s, last_s(piece))
                    self._position_s = self._reached_s
                    yield piece
            self._seq = upto
            if self.on_rest is not None and self._reached_s > -math.inf:
                self.on_rest(upto, self._reached_s)
        if not self._turn.is_set():
            self._goal_s, self._open, self._ended = None, False, True
            self._position_s = self.start_s + self.length_s

    def _next(self, waiting: deque[Record]) -> Iterable[Record]:
        """What comes next, in blocks as long as there is no one to see what is inside."""
        block_s, end_s = PIECE_S, -math.inf
        if self._goal_s is not None:
            block_s, end_s = FAR_S, self._goal_s - TAIL_S
        elif self._speed > LONGEST_PIECE_S / STRIDE_REAL_S:
            block_s = min(self._speed * STRIDE_REAL_S, LONGEST_STRIDE_S)
            end_s = first_s(waiting[0]) + block_s
        if some := taken(waiting, end_s):
            self._coarse_s = last_s(some[-1])
            return blocks(some, block_s)
        piece_s = PIECE_S if self._goal_s is not None else self._speed * STRIDE_REAL_S
        record = waiting.popleft()
        if piece_s > PIECE_S:
            self._coarse_s = last_s(record)
        return pieces(record, min(max(piece_s, PIECE_S), LONGEST_PIECE_S))

    async def _due(self, t_s: float) -> None:
        """Return when t_s is due, and let the screen draw now and then."""
        while not (self._turn.is_set() or math.isnan(t_s)):
            if self._goal_s is not None:
                if t_s < self._goal_s or self._open:
                    break
                self._position_s, self._goal_s = self._goal_s, None
                self._anchor = (time.monotonic(), self._position_s)
            if self._paused:
                await self._sleep(NAP_S)
                continue
            if math.isinf(self._speed):
                break
            if self._anchor is None:
                self._anchor = (time.monotonic(), min(self._position_s, t_s))
            real, session = self._anchor
            left = (t_s - session) / self._speed - (time.monotonic() - real)
            if left <= 0.0:
                break
            await self._sleep(min(left, NAP_S))
        if time.monotonic() - self._breath_s > BREATH_S:
            await self._sleep(0.0)

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._breath_s = time.monotonic()


def pieces(record: Record, piece_s: float = PIECE_S) -> Iterator[Record]:
    """Samples cut into pieces of at most piece_s; any other record as it is."""
    if not isinstance(record, Samples) or not len(record):
        yield record
        return
    slots = (record.t_s / piece_s).astype("int64")
    cuts = [0, *((slots[1:] != slots[:-1]).nonzero()[0] + 1).tolist(), len(record)]
    for start, stop in pairwise(cuts):
        yield record.part(slice(start, stop))


def taken(waiting: deque[Record], before_s: float) -> list[Record]:
    """Take the records off the front that end before this time."""
    some: list[Record] = []
    while waiting and last_s(waiting[0]) < before_s:
        some.append(waiting.popleft())
    return some


def blocks(records: list[Record], block_s: float) -> list[Record]:
    """The same stream in blocks; a Tick at its end stays, for it says how late it is."""
    from monitor.pipeline import joined  # slow to import: after the first frame

    there = list(joined(records, block_s))
    end = records[-1]
    return [*there, end] if isinstance(end, Tick) and (not there or there[-1] is not end) else there
