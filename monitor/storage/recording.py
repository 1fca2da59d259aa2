"""Reading a recording, also while another process writes it. What is damaged is told, everything else is read."""

import contextlib
import math
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np

from monitor.errors import RecordingError
from monitor.storage.blobs import decode_samples
from monitor.storage.codec import decode_event, decode_record
from monitor.storage.schema import Counts, Meta, companions, open_for_reading, readable, row_crc
from monitor.stream import Event, Gap, Mark, Record, Samples, last_s

_PAGES = (
    "SELECT seq, 'samples', t0_s, n, data, crc FROM samples WHERE seq > ? AND seq <= ?",
    "SELECT seq, 'records', t_s, kind, body, {crc} FROM records WHERE seq > ? AND seq <= ?",
    "SELECT seq, 'marks', t_s, label, note, {crc} FROM marks WHERE seq > ? AND seq <= ?",
)
_TIMES = """SELECT min(low), max(high) FROM (
    SELECT min(t0_s) AS low, max(t0_s) AS high FROM samples
    UNION ALL SELECT min(t_s), NULL FROM (SELECT t_s FROM records ORDER BY seq LIMIT 1000)
    UNION ALL SELECT NULL, max(t_s) FROM (SELECT t_s FROM records ORDER BY seq DESC LIMIT 1000)
    UNION ALL SELECT min(t_s), max(t_s) FROM marks)"""  # records are nearly in order: the outer thousands will do
_LAST_SEQ = """SELECT max(seq) FROM (
    SELECT max(seq) AS seq FROM samples UNION ALL SELECT max(seq) FROM records UNION ALL SELECT max(seq) FROM marks)"""
_COUNTS = """SELECT (SELECT coalesce(sum(n), 0) FROM samples), (SELECT count(*) FROM records),
    (SELECT count(*) FROM marks), (SELECT count(*) FROM events)"""
_SEEK = "SELECT seq FROM samples WHERE t0_s <= ? ORDER BY t0_s DESC, seq DESC LIMIT 1"
_EVENTS = "SELECT seq, t_s, kind, body, {crc} FROM events WHERE seq > ? AND seq <= ?"
_PAGE = 512  # rows read at a time
_DISORDER_S = 5.0  # records arrive at most this much out of the order of their times

_Row: TypeAlias = tuple[Any, ...]


class Recording:
    """A recording to read. What another process adds meanwhile is seen by the next call. Never changes the file."""

    def __init__(self, path: Path, db: sqlite3.Connection, meta: Meta) -> None:
        """Use `open`."""
        self.path = path
        self.meta = meta
        self._db = db
        (self.schema,) = db.execute("PRAGMA user_version").fetchone()  # the version that the file has
        crc = "crc" if self.schema > 1 else "NULL"
        self._pages = tuple(query.format(crc=crc) for query in _PAGES)
        self._events = _EVENTS.format(crc=crc)

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open for reading. Raises RecordingError for anything but a whole recording that this version knows."""
        path = Path(path)
        return cls(path, *open_for_reading(path))

    def close(self) -> None:
        """Close the file; harmless when closed already."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def records(self, start_s: float | None = None, end_s: float | None = None) -> Iterator[Record]:
        """Every record of [start_s, end_s) in the order of arrival; samples come in blocks of about a second.

        Samples are cut to the interval; a Gap belongs to it if they overlap. What is damaged comes as a Gap, "damaged",
        and the rest is read. Memory does not depend on the length.
        """
        low = -math.inf if start_s is None else start_s
        high = math.inf if end_s is None else end_s
        seek = self._one(_SEEK, low - _DISORDER_S) if start_s is not None else None
        for record in self._arrivals(0 if seek is None else seek - 1):
            if isinstance(record, Samples):
                if record.t_s[0] >= high + _DISORDER_S:
                    return
                if record.t_s[0] >= low and record.t_s[-1] < high:
                    yield record
                    continue
                inside = np.flatnonzero((record.t_s >= low) & (record.t_s < high))
                if len(inside):
                    yield record.part(slice(int(inside[0]), int(inside[-1]) + 1))
            elif isinstance(record, Gap):
                if record.end_s > low and record.start_s < high:
                    yield record
            elif low <= record.t_s < high:
                yield record

    def of_kinds(self, *kinds: str) -> Iterator[Record]:
        """Records of these kinds (codec.kind_of), in order; neither samples nor marks. Damage is passed over."""
        query = f"SELECT t_s, kind, body FROM records WHERE kind IN ({', '.join('?' * len(kinds))}) ORDER BY seq"  # noqa: S608
        for t_s, kind, body in self._all(query, *kinds):
            with contextlib.suppress(ValueError, TypeError):
                yield decode_record(kind, t_s, body)

    def events(self, lost: list[int] | None = None) -> Iterator[Event]:
        """Every event in the order in which the session gave rise to it.

        lost: takes the numbers of those that are damaged, and the rest is given; without it they raise RecordingError.
        """
        for number, row in self._event_rows(strict=lost is None):
            event = _event(*row) if row else None
            if event is not None:
                yield event
            elif lost is None:
                message = f"{self.path} holds a damaged event, number {number}: analyze it again from its records."
                raise RecordingError(message, self.path)
            else:
                lost.append(number)

    def _event_rows(self, *, strict: bool) -> Iterator[tuple[int, _Row]]:
        """(seq, row) of every event, an empty row for one that is lost; strict: raises where SQLite finds damage."""
        try:
            last: int = self._one("SELECT max(seq) FROM events") or 0
        except RecordingError:
            if strict:
                raise
            last = 1  # not even their number can be read
        for seq in range(0, last, _PAGE):
            upto = min(seq + _PAGE, last)
            rows: dict[int, _Row] = {}
            try:
                rows = {row[0]: row[1:] for row in self._all(self._events, seq, upto)}
            except RecordingError:
                if strict:
                    raise
                for each in range(seq, upto):  # each on its own: as many as can be read
                    with contextlib.suppress(RecordingError):
                        rows |= {row[0]: row[1:] for row in self._all(self._events, each, each + 1)}
            yield from ((number, rows.get(number, ())) for number in range(seq + 1, upto + 1))

    def counts(self) -> Counts:
        """How many samples, other records, marks and events there are."""
        return Counts(*self._all(_COUNTS)[0])

    @property
    def marks(self) -> int:
        """How many marks there are; quickly told, while `counts` reads everything."""
        return self._one("SELECT count(*) FROM marks")

    @property
    def start_s(self) -> float:
        """Session time of the first thing recorded; 0.0 if there is nothing."""
        return self._all(_TIMES)[0][0] or 0.0

    @property
    def end_s(self) -> float:
        """Session time of the last thing recorded; a sample lasts 1 / rate_hz."""
        end_s: float = self._all(_TIMES)[0][1] or 0.0
        last = self._all("SELECT t0_s, n, data, crc FROM samples ORDER BY t0_s DESC LIMIT 1")
        if last:
            t0_s, n, data, crc = last[0]
            block = _checked(data, n, crc)
            period_s = 1.0 / self.meta.rate_hz if self.meta.rate_hz > 0 else 0.0
            last_s = t0_s + (n - 1) * period_s if block is None else float(block.t_s[-1])
            end_s = max(end_s, last_s + period_s)
        return end_s

    @property
    def duration_s(self) -> float:
        """From the first to the last thing recorded, s."""
        return self.end_s - self.start_s

    def damage(self) -> list[Gap]:
        """The times of which records are damaged or lost; reads the whole recording."""
        found: list[Gap] = []
        for _ in self._arrivals(0, found):
            pass
        return found

    @property
    def newest(self) -> int:
        """Number of the last record so far; 0 if there is none."""
        return self._one(_LAST_SEQ) or 0

    def arrived(self, after: int, upto: int) -> Iterator[Record]:
        """Records number `after` + 1 to `upto`, as `records` gives them; for following a session that goes on."""
        return self._arrivals(after, upto=upto)

    def _arrivals(self, seq: int, found: list[Gap] | None = None, upto: int | None = None) -> Iterator[Record]:
        """Every record after `seq`; where some are damaged or lost, one Gap stands for them, and goes into `found`."""

        def missing(since_s: float, until_s: float) -> Gap:
            gap = Gap(since_s, max(since_s, until_s), "damaged")
            if found is not None:
                found.append(gap)
            return gap

        last = self.newest if upto is None else upto
        if last > sum(each.stat().st_size for each in (self.path, companions(self.path)[0]) if each.exists()):
            raise RecordingError(
                f"{self.path} is damaged (it counts {last} records): take it from a backup.", self.path
            )
        reached_s: float | None = None
        damage: tuple[float | None, float | None] | None = None  # since, until, as far as known
        while seq < last:
            page = min(seq + _PAGE, last)
            for row in self._page(seq, page):
                record = self._record(row)
                if record is None:
                    t0_s, until_s = self._extent(row)
                    damage = ((reached_s if t0_s is None else t0_s) if damage is None else damage[0], until_s)
                    continue
                if damage is not None:
                    begin_s = self._begin_s(row[0], record)
                    since_s = begin_s if damage[0] is None else damage[0]
                    yield missing(since_s, begin_s)
                    damage = None
                reached_s = last_s(record)
                yield record
            seq = page
        if damage is not None:
            since_s = damage[0] or 0.0
            yield missing(since_s, damage[1] or since_s)

    def _extent(self, row: _Row) -> tuple[float | None, float | None]:
        """(start, end) of a damaged row's second, s, as far as it still says so."""
        if len(row) < 4 or not isinstance(row[2], float):
            return None, None
        n: object = row[3]
        return row[2], row[2] + n / self.meta.rate_hz if isinstance(n, int) and self.meta.rate_hz > 0 else None

    def _begin_s(self, seq: int, record: Record) -> float:
        """Where the samples go on at this record or after it."""
        if isinstance(record, Samples):
            return float(record.t_s[0])
        if isinstance(record, Gap):
            return record.start_s
        try:
            following = self._one("SELECT t0_s FROM samples WHERE seq > ? ORDER BY seq LIMIT 1", seq)
        except RecordingError:
            following = None
        return following if isinstance(following, float) else record.t_s

    def _page(self, after: int, upto: int) -> list[_Row]:
        """Rows of the three tables with after < seq <= upto, in order, as (seq, table, …); (seq, "") for a lost one.

        `seq` has no holes: if one is missing, or SQLite finds damage, each row is looked for on its own.
        """
        rows: list[_Row] = []
        with contextlib.suppress(RecordingError):
            for query in self._pages:
                rows += self._all(query, after, upto)
            rows.sort(key=lambda row: row[0])
            if [row[0] for row in rows] == list(range(after + 1, upto + 1)):
                return rows
        self._all("SELECT 1")  # or was it only closed?
        return [self._row(seq) for seq in range(after + 1, upto + 1)]

    def _row(self, seq: int) -> _Row:
        for query in self._pages:
            with contextlib.suppress(RecordingError):
                rows = self._all(query, seq - 1, seq)
                if len(rows) == 1 and rows[0][0] == seq:
                    return rows[0]
        return (seq, "")

    def _record(self, row: _Row) -> Record | None:
        """What a row holds; None if it is damaged."""
        _, table, *rest = row
        try:
            if table == "samples":
                _, n, data, crc = rest
                return _checked(data, n, crc)
            if table == "records":
                t_s, kind, body, crc = rest
                return decode_record(kind, t_s, body) if _intact(crc, t_s, kind, body) else None
            if table == "marks":
                t_s, label, note, crc = rest
                return Mark(math.nan if t_s is None else t_s, label, note) if _intact(crc, t_s, label, note) else None
        except (ValueError, TypeError):
            return None
        return None

    def _all(self, query: str, *values: object) -> list[_Row]:
        with readable(self.path):
            return self._db.execute(query, values).fetchall()

    def _one(self, query: str, *values: object) -> Any:
        rows = self._all(query, *values)
        return rows[0][0] if rows else None


def _checked(data: Any, n: int, crc: int) -> Samples | None:
    """The block of a row, or None if it is damaged."""
    if not isinstance(data, bytes) or zlib.crc32(data) != crc:
        return None
    try:
        block = decode_samples(data)
    except ValueError:
        return None
    return block if len(block) == n > 0 else None


def _event(t_s: float | None, kind: str, body: str, crc: int | None) -> Event | None:
    """The event of a row, or None if it is damaged."""
    try:
        return decode_event(kind, t_s, body) if _intact(crc, t_s, kind, body) else None
    except (ValueError, TypeError):
        return None


def _intact(crc: int | None, t_s: float | None, *texts: str) -> bool:
    """Whether a row is what was written; rows of schema 1 have no checksum."""
    return crc is None or crc == row_crc(math.nan if t_s is None else t_s, *texts)
