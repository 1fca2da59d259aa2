"""One recording to its digest: by the events that its session has stored, or by those made anew from its records.

A session stores its events as it goes, and they are whole once it has been closed. They are read by the page, their
seconds as arrays: a day's 30 000 seconds take a tenth of a second or so.
"""

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np

from monitor.errors import SitwellError
from monitor.states.bouts import BoutParams
from monitor.storage.codec import decode_event
from monitor.storage.history.calendar import LocalDays, zone_of
from monitor.storage.history.digest import Digest, Digester
from monitor.storage.recording import Recording
from monitor.storage.schema import Meta, is_closed, is_running, open_for_reading, readable, row_crc
from monitor.stream import Event, Posture

_PAGE = 20_000  # rows of events read at a time
STORED = "stored"
RUNNING = "running"  # the session goes on: what it has stored so far

_Page: TypeAlias = list[tuple[float, str, str, int | None]]  # t_s, kind, body, crc


@dataclass(frozen=True, slots=True)
class Maker:
    """How events are made where a recording has none. It goes to other processes: functions of a module's own level.

    events_of : the events of a recording, from its records
    bridge_s  : of the bouts, where the recording brings no settings
    stamp     : tells these events from those that another version or other settings would make
    """

    events_of: Callable[[Recording], Iterable[Event]]
    bridge_s: float
    stamp: str


@dataclass(frozen=True, slots=True)
class Read:
    """One recording as read. made_by: 'stored', 'running' or the maker's stamp."""

    meta: Meta
    ended_utc_s: float
    samples: int
    gap_s: float
    made_by: str
    digest: Digest


@dataclass(frozen=True, slots=True)
class Skipped:
    """A recording that is left out. reason: one sentence for the wearer, empty where there is nothing to say."""

    reason: str
    made_by: str  # another version, or other settings, may read it


def read(path: Path, maker: Maker, sources: frozenset[str]) -> Read | Skipped:
    """One recording, if its source is one of these and its start is known. Nothing that a bad file does is raised."""
    try:
        with Recording.open(path) as recording:
            meta = recording.meta
            if meta.source not in sources:
                return Skipped("", maker.stamp)
            if not meta.started_utc_s > 0.0:
                reason = f"{path.name} does not tell when it began: it belongs to no day and is left out."
                return Skipped(reason, maker.stamp)
            running = is_running(path)
            made_by, digest = RUNNING if running else STORED, _stored(path, meta, maker, running=running)
            if digest is None:
                made_by = RUNNING if running else maker.stamp
                digester = _digester(meta, maker)
                for event in maker.events_of(recording):
                    digester.push(event)
                digest = digester.digest()
            gap_s = _gap_s(path)
            ended_utc_s = round(meta.started_utc_s + recording.end_s, 3)
            return Read(meta, ended_utc_s, recording.counts().samples, gap_s, made_by, digest)
    except SitwellError as error:
        return Skipped(str(error), maker.stamp)
    except (ArithmeticError, OSError, TypeError, ValueError) as error:
        return Skipped(f"{path} is damaged ({error}): `sitwell sessions verify` tells where.", maker.stamp)


def _digester(meta: Meta, maker: Maker) -> Digester:
    days = LocalDays(meta.started_utc_s, zone_of(meta.zone, meta.utc_offset_s))
    bridge_s: object = maker.bridge_s
    if meta.profile:
        bouts: object = meta.profile.get("bouts")
        bridge_s = cast("dict[str, object]", bouts).get("bridge_s") if isinstance(bouts, dict) else None
    if not isinstance(bridge_s, int | float):
        bridge_s = BoutParams().bridge_s
    return Digester(days, meta.started_utc_s, float(bridge_s))


# ---------------------------------------------------------------- stored events


def _stored(path: Path, meta: Meta, maker: Maker, *, running: bool) -> Digest | None:
    """By the events stored; None if they are not whole: none, some damaged, or the session was never closed."""
    db, _ = open_for_reading(path)
    digester = _digester(meta, maker)
    with contextlib.closing(db):
        try:
            if not (running or is_closed(db)):
                return None
            ((count, last),) = db.execute("SELECT count(*), max(seq) FROM events").fetchall()
            if not count or count != last:
                return None
            for page in _pages(db, last):
                _feed(digester, page)
        except (sqlite3.Error, _DamagedError):
            return None
    return digester.digest()


class _DamagedError(Exception):
    """An event is not what was written."""


def _pages(db: sqlite3.Connection, last: int) -> Iterator[_Page]:
    (schema,) = db.execute("PRAGMA user_version").fetchone()
    crc = "crc" if schema > 1 else "NULL"  # schema 1 has no checksums
    query = f"SELECT t_s, kind, body, {crc} FROM events WHERE seq > ? AND seq <= ? ORDER BY seq"  # noqa: S608
    for seq in range(0, last, _PAGE):
        yield db.execute(query, (seq, min(seq + _PAGE, last))).fetchall()


def _feed(digester: Digester, page: _Page) -> None:
    """Hand over events in their order, seconds of one posture in one go."""
    if any(crc is not None and crc != row_crc(t_s, kind, body) for t_s, kind, body, crc in page):
        raise _DamagedError
    try:
        at = 0
        for start, stop, posture, steps in _runs(page):
            while at < start:
                digester.push(decode_event(page[at][1], page[at][0], page[at][2]))
                at += 1
            digester.spend(page[start][0], posture, steps)
            at = stop
        for t_s, kind, body, _ in page[at:]:
            digester.push(decode_event(kind, t_s, body))
    except (ValueError, TypeError, IndexError) as error:
        raise _DamagedError from error


def _runs(page: _Page) -> Iterator[tuple[int, int, Posture, list[int]]]:
    """Seconds that follow each other in one posture, as [start, stop) in the page, with the steps of each."""
    rows = [number for number, row in enumerate(page) if row[1] == "epoch"]
    if not rows:
        return
    values = cast("list[list[Any]]", json.loads(f"[{','.join(page[number][2] for number in rows)}]"))
    if len(values) != len(rows):
        raise _DamagedError
    t_s = np.array([page[number][0] for number in rows])
    postures = np.array([value[0] for value in values])
    steps = [int(value[7]) for value in values]
    place = np.array(rows)
    follows = (np.diff(place) == 1) & (np.diff(t_s) == 1.0) & (postures[1:] == postures[:-1])
    starts = [0, *(np.flatnonzero(~follows) + 1).tolist()]
    for start, stop in zip(starts, [*starts[1:], len(rows)], strict=True):
        yield rows[start], rows[stop - 1] + 1, Posture(str(postures[start])), steps[start:stop]


def _gap_s(path: Path) -> float:
    """Seconds without samples, as told by the recording's gaps."""
    db, _ = open_for_reading(path)
    total_s = 0.0
    with contextlib.closing(db), readable(path):
        for (body,) in db.execute("SELECT body FROM records WHERE kind = 'gap'"):
            with contextlib.suppress(ValueError, TypeError, KeyError):
                gap = json.loads(body)
                total_s += gap["end_s"] - gap["start_s"]
    return round(total_s, 3)
