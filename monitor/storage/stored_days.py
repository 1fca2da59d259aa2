"""A recording's stored seconds, for trying settings of the prompts on them (monitor.tuning).

A session stores its events as it goes, and they are whole once it has been closed. They are read in one go, seconds
by the page, in order with the others: a day of 8 hours takes a quarter of a second.
"""

import contextlib
import json
import math
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeAlias, cast

from monitor.errors import RecordingError
from monitor.states.bouts import BoutParams
from monitor.states.rules import made
from monitor.storage.codec import decode_event
from monitor.storage.history.calendar import zone_of
from monitor.storage.schema import Meta, is_closed, is_running, open_for_reading, readable, row_crc
from monitor.stream import Epoch, Event, LyingSide, Posture
from monitor.tuning.days import Worn, worn

KINDS = frozenset(
    {"epoch", "fidget", "transition", "posture-changed", "wearer", "mark", "started", "break"}
)  # of `worn`
_POSTURES = {each.value: each for each in Posture}
_SIDES = {each.value: each for each in LyingSide}
_PAGE = 2000  # seconds decoded at a time

_Row: TypeAlias = tuple[float | None, str, str, int | None]  # t_s, kind, body, crc


def load(path: Path) -> Worn | None:
    """The session by its stored events, in their order; of one that goes on, by those so far.

    None where they are not whole, as in an import, a session that was killed, and one with damage: they are to be made
    anew from the records. Raises RecordingError for a file that cannot be read at all.
    """
    db, meta = open_for_reading(path)
    with contextlib.closing(db), readable(path):
        if not (is_closed(db) or is_running(path)):
            return None
        rows = _rows(db)
    if not rows or not _is_intact(rows):
        return None
    try:
        session = worn(path.stem, meta.started_utc_s, _events(rows), bout_params(meta.profile))
    except (ValueError, TypeError, KeyError, IndexError):
        return None
    return session if len(session.seconds) else None


def bout_params(profile: Mapping[str, Any]) -> BoutParams:
    """How bouts were told where this profile, as it stands in a recording, applied."""
    values: object = profile.get("bouts")
    return made(BoutParams, cast("Mapping[str, Any]", values)) if isinstance(values, Mapping) else BoutParams()


def newest(folder: Path, days: int, sources: frozenset[str]) -> tuple[list[Path], list[str]]:
    """The recordings of the newest so many local days that have any, in order of time; and a sentence for each file
    that cannot be read. Sessions whose start is not known, or from other sources, are left out.
    """
    begun: list[tuple[date, float, Path]] = []
    faults: list[str] = []
    for path in sorted(folder.glob("*.sqlite")):
        try:
            db, meta = open_for_reading(path)
            db.close()
            if meta.source in sources and meta.started_utc_s > 0.0:
                begun.append((local_day(meta), meta.started_utc_s, path))
        except (RecordingError, ValueError, OverflowError, OSError) as error:
            faults.append(str(error))
    wanted = set(sorted({day for day, _, _ in begun})[-days:])
    return [path for day, _, path in sorted(begun) if day in wanted], faults


def local_day(meta: Meta) -> date:
    """The day on which the session began, where it was worn. Raises ValueError, OverflowError or OSError beyond any."""
    return datetime.fromtimestamp(meta.started_utc_s, zone_of(meta.zone, meta.utc_offset_s)).date()


def _rows(db: sqlite3.Connection) -> list[_Row]:
    """Every event's row in order; none where one is missing."""
    (schema,) = db.execute("PRAGMA user_version").fetchone()
    crc = "crc" if schema > 1 else "NULL"  # schema 1 has no checksums
    rows = db.execute(f"SELECT t_s, kind, body, {crc}, seq FROM events ORDER BY seq").fetchall()  # noqa: S608
    whole = bool(rows) and rows[-1][4] == len(rows)  # they are numbered from 1
    return [row[:4] for row in rows] if whole else []


def _is_intact(rows: Sequence[_Row]) -> bool:
    """Whether every row is what was written: `row_crc` of each, the text put together in a quicker way."""
    quoted = json.encoder.encode_basestring_ascii
    return all(
        crc is None
        or crc == zlib.crc32(f'[{t_s!r}, "{kind}", {quoted(body)}]'.encode())
        or crc == row_crc(math.nan if t_s is None else t_s, kind, body)
        for t_s, kind, body, crc in rows
    )


def _events(rows: Sequence[_Row]) -> Iterator[Event]:
    """The events that `worn` looks at."""
    for start in range(0, len(rows), _PAGE):
        page = rows[start : start + _PAGE]
        bodies = ",".join(body for _, kind, body, _ in page if kind == "epoch")
        values = iter(cast("list[list[Any]]", json.loads(f"[{bodies}]")))
        for t_s, kind, body, _ in page:
            if kind == "epoch":
                yield _epoch(cast("float", t_s), next(values))
            elif kind in KINDS:
                yield decode_event(kind, t_s, body)


def _epoch(t_s: float, values: list[Any]) -> Epoch:
    """As codec.decode_event makes it, without looking up how."""
    if None in values:
        values = [math.nan if value is None else value for value in values]
    posture, p, tilt_deg, obliquity_deg, sd_deg, still, motion_mg, steps, *later = values
    posture = _POSTURES[posture]
    if not later:
        return Epoch(t_s, posture, p, tilt_deg, obliquity_deg, sd_deg, still, motion_mg, steps)
    later[0] = _SIDES[later[0]]
    return Epoch(t_s, posture, p, tilt_deg, obliquity_deg, sd_deg, still, motion_mg, steps, *later)
