"""Stored seconds of many sessions, laid out so that any setting of the prompts can be tried on them at once.

The signal chain is not run again: what it said of each second, and the clocks over it, do not depend on the prompts.
An index counts the seconds of all sessions in a row.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.states.alerts import ABSENT
from monitor.states.bouts import BLANK, BoutParams, Bouts
from monitor.states.measures import BLOCK_S, FORGET_S, RESET, SITTING, STANDING, WAIT, debt_rates, units
from monitor.states.restless import SHIFT
from monitor.states.rules import DebtParams
from monitor.stream import (
    Break,
    Epoch,
    Event,
    Fidget,
    Floats,
    Mark,
    Posture,
    PostureChanged,
    Started,
    Transition,
    Wearer,
)
from monitor.tuning.intervals import Bools, Ints, Ramps, ramps

POSTURES = tuple(Posture)
CODE = {posture: code for code, posture in enumerate(POSTURES)}
BIG = 1 << 40  # more than any exposure or debt: a step down by it leaves 0
Codes = NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Seconds:
    """The seconds of one session or of many in a row, (N,) each.

    now_s    : end of the second, session time, s
    posture  : index in POSTURES; p: its probability
    tilt, sideways : 1e-4 deg, 0 where there is none; tilted: whether there is one
    settled_s: seconds in this posture, as Alerts counts them; blank_s: seconds without a posture in one go
    shifted  : a posture shift became known with it
    sitting_s, standing_s : the clocks after it
    """

    now_s: Floats
    posture: Codes
    p: Floats
    tilt: Ints
    sideways: Ints
    tilted: Bools
    still: Bools
    placed: Bools
    shifted: Bools
    settled_s: Ints
    blank_s: Ints
    sitting_s: Ints
    standing_s: Ints

    def __len__(self) -> int:
        return len(self.now_s)

    def among(self, postures: Iterable[Posture]) -> Bools:
        """(N,) whether the second is in one of these postures."""
        return np.isin(self.posture, [CODE[each] for each in postures])


@dataclass(frozen=True, slots=True, eq=False)
class Worn:
    """One session. said: (index of the second before which it took effect, what the wearer said); breaks: indices of
    the seconds with which breaks began.
    """

    name: str
    began_utc_s: float
    seconds: Seconds
    started: Started | None
    said: tuple[tuple[int, Wearer | Mark], ...]
    breaks: tuple[int, ...]


def worn(name: str, began_utc_s: float, events: Iterable[Event], params: BoutParams) -> Worn:
    """A session from its stored events, in their order. params: as it was recorded with."""
    bouts = Bouts(params)
    rows: list[tuple[float, ...]] = []
    shifted: list[int] = []
    said: list[tuple[int, Wearer | Mark]] = []
    started: Started | None = None
    breaks_s: list[float] = []
    before, settled_s, blank_s = Posture.NO_DATA, 0, 0
    last = Posture.NO_DATA
    for event in events:
        match event:
            case Epoch():
                bouts.push(event)
                last = event.posture
                blank = last in BLANK
                blank_s = blank_s + 1 if blank else 0
                if not blank:
                    settled_s = settled_s + 1 if last is before else 1
                    before = last
                tilted = not math.isnan(event.tilt_deg)
                rows.append(
                    (
                        event.t_s + 1.0,
                        CODE[last],
                        event.posture_p,
                        units(event.tilt_deg) if tilted else 0,
                        units(event.obliquity_deg) if tilted else 0,
                        tilted,
                        event.still,
                        event.placed,
                        False,
                        settled_s,
                        blank_s,
                        bouts.sitting_s,
                        bouts.standing_s,
                    )
                )
            case Fidget(kind=kind) if kind == SHIFT:
                shifted.append(len(rows) - 1)
            case Transition(kind="sit-to-stand"):
                bouts.rose(event.end_s)
            case PostureChanged(posture=Posture.NOT_WORN) if last is not Posture.NOT_WORN:
                bouts.not_worn_since(event.t_s)  # found out later: it comes before the second that says so itself
            case Wearer() | Mark():
                said.append((len(rows), event))
            case Started():
                started = event
            case Break():
                breaks_s.append(event.start_s)
            case _:
                pass
    seconds = _seconds(rows, shifted)
    breaks = np.searchsorted(seconds.now_s, np.array(breaks_s) + 1.0).tolist()
    return Worn(name, began_utc_s, seconds, started, tuple(said), tuple(breaks))


def _seconds(rows: Sequence[tuple[float, ...]], shifted: Sequence[int]) -> Seconds:
    table = np.array(rows, np.float64).reshape(-1, len(fields(Seconds)))
    kinds = (np.float64, np.int8, np.float64, *[np.int64] * 2, *[np.bool_] * 4, *[np.int64] * 4)
    columns: list[Any] = [column.astype(kind) for column, kind in zip(table.T, kinds, strict=True)]
    columns[8][list(shifted)] = True
    return Seconds(*columns)


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Blocks of BLOCK_S seconds as Measures has them, (M,) each; every session begins with an empty one.

    first, last    : indices of its first and last second
    kind           : RESET, WAIT, SITTING or STANDING
    seconds, still : how many have a tilt, and of these are at rest
    sums           : (2, M) of tilt and obliquity over them, 1e-4 deg
    opens          : the empty one before a session
    """

    first: Ints
    last: Ints
    kind: Codes
    seconds: Ints
    still: Ints
    sums: Ints
    opens: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """Sessions in order of time, their seconds in a row. edges: (S + 1,) where each session begins, and the end."""

    sessions: tuple[Worn, ...]
    seconds: Seconds
    edges: Ints
    blocks: Blocks
    clocks: dict[str, Ramps]  # sitting_s, standing_s, unshifted_s

    @property
    def worn_h(self) -> float:
        """Hours worn, with data."""
        return int((~self.seconds.among(ABSENT)).sum()) / 3600.0


def days_of(sessions: Sequence[Worn]) -> Days:
    """Sessions put together, in order of time; those without a second are left out."""
    there = tuple(sorted((each for each in sessions if len(each.seconds)), key=lambda each: each.began_utc_s))
    names = [each.name for each in fields(Seconds)]
    parts = [each.seconds for each in there] or [_seconds((), ())]
    seconds = Seconds(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
    edges = np.cumsum([0, *(len(each.seconds) for each in there)])
    starts = edges[:-1].tolist()
    clocks = {name: ramps(getattr(seconds, name), starts) for name in ("sitting_s", "standing_s")}
    clocks["unshifted_s"] = ramps(_unshifted_s(seconds, edges), starts)
    return Days(there, seconds, edges, _blocks(seconds, edges), clocks)


def reflected(steps: Ints) -> Ints:
    """Sums of the steps, (N,), none of which goes below 0; a step of -BIG begins anew."""
    total = np.cumsum(steps)
    return total - np.minimum(np.minimum.accumulate(total), 0) if len(total) else total


def _unshifted_s(seconds: Seconds, edges: Ints) -> Ints:
    seated = seconds.among((Posture.SITTING,)) & ~seconds.shifted
    steps = seated.astype(np.int64)
    steps[~seated & ~seconds.among(BLANK)] = -BIG
    steps[seconds.blank_s >= FORGET_S] = -BIG
    return _by_session(steps, edges)


def debt(seconds: Seconds, edges: Ints, params: DebtParams) -> Ramps:
    """The break debt, s / 3600, as Measures has it."""
    rates = debt_rates(params)
    steps = np.array([rates.get(each, 0) for each in POSTURES], np.int64)[seconds.posture]
    steps[seconds.blank_s >= FORGET_S] = -BIG
    return ramps(_by_session(steps, edges), edges[:-1].tolist())


def _by_session(steps: Ints, edges: Ints) -> Ints:
    parts = [reflected(steps[start:end]) for start, end in pairwise(edges.tolist())]
    return np.concatenate(parts) if parts else steps


def _blocks(seconds: Seconds, edges: Ints) -> Blocks:
    """What Measures gathers in each block."""
    reset = ~seconds.placed | seconds.among((Posture.WALKING, Posture.LYING, Posture.NOT_WORN))
    reset |= seconds.blank_s >= FORGET_S
    kind = np.full(len(seconds), WAIT, np.int8)
    for posture, code in ((Posture.SITTING, SITTING), (Posture.STANDING, STANDING)):
        kind[seconds.among((posture,)) & seconds.tilted] = code
    kind[reset] = RESET
    number = (seconds.now_s - 1.0).astype(np.int64) // BLOCK_S
    begins = np.diff(number, prepend=-1) != 0
    begins[edges[:-1]] = True
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(seconds)) - 1

    def per_block(values: Bools | Ints) -> Ints:
        return np.add.reduceat(values.astype(np.int64), first) if len(first) else np.zeros(0, np.int64)

    valid = (kind == SITTING) | (kind == STANDING)
    sitting, standing = per_block(kind == SITTING), per_block(kind == STANDING)
    block = np.where(standing > 0, STANDING, np.where(sitting > 0, SITTING, WAIT)).astype(np.int8)
    block[(sitting > 0) & (standing > 0)] = WAIT
    block[per_block(kind == RESET) > 0] = RESET
    at = np.searchsorted(first, edges[:-1])  # before these an empty one that resets
    return Blocks(
        np.insert(first, at, edges[:-1]),
        np.insert(last, at, edges[:-1]),
        np.insert(block, at, RESET),
        np.insert(per_block(valid), at, 0),
        np.insert(per_block(valid & seconds.still), at, 0),
        np.stack([np.insert(per_block(np.where(valid, each, 0)), at, 0) for each in (seconds.tilt, seconds.sideways)]),
        np.insert(np.zeros(len(first), np.bool_), at, values=True),
    )
