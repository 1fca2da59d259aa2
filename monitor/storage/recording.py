"""A recording, one SQLite file a session: Recorder writes it as the session runs, Recording reads it, even meanwhile.

schema.py has the tables, recordings/README.md explains them. `seq` counts arrival across samples, records and marks, so
that a replay sees what the live session saw, in its order.
"""

import contextlib
import math
import os
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np

from monitor.errors import RecordingError
from monitor.storage.codec import decode_event, decode_record, decode_samples, encode_item, encode_samples
from monitor.storage.schema import SCHEMA, Counts, Meta, companions, meta_rows, open_for_reading, publish, readable
from monitor.stream import Event, Gap, Link, Mark, Record, Samples, Tick, Wearer, join, last_s

_INSERTS = {
    "samples": "INSERT INTO samples VALUES (?, ?, ?, ?, ?)",
    "records": "INSERT INTO records VALUES (?, ?, ?, ?)",
    "marks": "INSERT INTO marks VALUES (?, ?, ?, ?)",
    "events": "INSERT INTO events (t_s, kind, body) VALUES (?, ?, ?)",
}
_PAGES = (
    "SELECT seq, 'samples', t0_s, n, data, crc FROM samples WHERE seq > ? AND seq <= ?",
    "SELECT seq, 'records', t_s, kind, body FROM records WHERE seq > ? AND seq <= ?",
    "SELECT seq, 'marks', t_s, label, note FROM marks WHERE seq > ? AND seq <= ?",
)
_TIMES = """SELECT min(low), max(high) FROM (
    SELECT min(t0_s) AS low, max(t0_s) AS high FROM samples
    UNION ALL SELECT min(t_s), max(t_s) FROM records UNION ALL SELECT min(t_s), max(t_s) FROM marks)"""
_LAST_SEQ = """SELECT max(seq) FROM (
    SELECT max(seq) AS seq FROM samples UNION ALL SELECT max(seq) FROM records UNION ALL SELECT max(seq) FROM marks)"""
_COUNTS = """SELECT (SELECT coalesce(sum(n), 0) FROM samples), (SELECT count(*) FROM records),
    (SELECT count(*) FROM marks), (SELECT count(*) FROM events)"""
_SEEK = "SELECT seq FROM samples WHERE t0_s <= ? ORDER BY t0_s DESC, seq DESC LIMIT 1"
_EVENTS = "SELECT seq, t_s, kind, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
_PAGE = 512  # rows read at a time
_LATE_TICK_S = 0.5  # while Ticks come, they end the second; samples wait this much longer for a late one
_DISORDER_S = 5.0  # records arrive at most this much out of the order of their times
_ROWS_AT_MOST = 5000  # a flood of bad packets is committed before it fills the memory

_Row: TypeAlias = tuple[Any, ...]


class Recorder:
    """Sink that writes a recording, one transaction a second of session time. What is acknowledged survives kill -9."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        """Use `create`."""
        self.path = path
        self._db: sqlite3.Connection | None = db
        self._seq = 0
        self._held: list[Samples] = []
        self._limit_s = -math.inf
        self._tick_s = -math.inf
        self._first_s: float | None = None
        self._reached_s: float | None = None
        self._acknowledged_s: float | None = None
        self._rows: dict[str, list[_Row]] = {table: [] for table in _INSERTS}
        self._failed = False

    @classmethod
    def create(cls, path: Path | str, meta: Meta) -> Self:
        """Start a new recording, for its owner's eyes only. Raises RecordingError if it exists or cannot be made."""
        path = Path(path)
        if os.path.lexists(path):
            raise RecordingError(f"{path} exists already: choose another name, or move it away.", path)
        # Made whole under another name first: whoever finds the file under its own name can read it.
        part = path.with_name(f".{path.name}.{os.getpid()}.new")
        try:
            _make_private_folder(path.parent)
            os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as error:
            reason = error.strerror or error
            raise RecordingError(
                f"{path} cannot be created ({reason}): choose a folder you can write to.", path
            ) from error
        try:
            with contextlib.closing(sqlite3.connect(part, isolation_level=None)) as db:
                db.executescript(SCHEMA)
                db.executemany("INSERT INTO meta VALUES (?, ?)", meta_rows(meta))
                db.execute("PRAGMA journal_mode = WAL")
            publish(part, path)
        except sqlite3.Error as error:
            message = f"{path} cannot be created ({error}): free some space on its disk."
            raise RecordingError(message, path) from error
        finally:
            for leftover in (part, *companions(part), Path(f"{part}-journal")):
                leftover.unlink(missing_ok=True)
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("PRAGMA synchronous = NORMAL")
        with contextlib.suppress(
            sqlite3.Error
        ):  # the -wal file tells readers of a writer; the first second makes it too
            db.execute("UPDATE meta SET value = value")
        return cls(path, db)

    @property
    def acknowledged_s(self) -> float | None:
        """End of the last committed second, s: what was handed over up to there is safe. None before the first."""
        return self._acknowledged_s

    def write(self, record: Record, events: Sequence[Event] = ()) -> None:
        """Keep a record and its events. Raises RecordingError if the disk refuses; what is acknowledged stays."""
        if isinstance(record, Samples):
            due = self._take(record)
        else:
            self._flush()
            self._reach(record.t_s)
            if isinstance(record, Mark):
                self._rows["marks"].append((self._next_seq(), record.t_s, record.label, record.note))
            else:
                kind, t_s, body = encode_item(record)
                self._rows["records"].append((self._next_seq(), t_s, kind, body))
            if isinstance(record, Tick):
                self._tick_s = record.t_s
            due = isinstance(record, Tick | Link | Wearer | Mark) or len(self._rows["records"]) >= _ROWS_AT_MOST
        for event in events:
            kind, t_s, body = encode_item(event)
            self._rows["events"].append((t_s, kind, body))
        if due:
            self._commit()

    def close(self) -> None:
        """Commit what is held and close the file; harmless when closed already."""
        if self._db is None:
            return
        db, failed = self._db, self._failed
        try:
            self._flush()
            self._commit()
            db.execute("PRAGMA wal_checkpoint")  # into the file itself, even while a reader is attached
        except (RecordingError, sqlite3.Error):
            if not failed and self._failed:  # else it has been said already, or only the checkpoint failed
                raise
        finally:
            self._db = None
            db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _next_seq(self) -> int:
        self._seq += 1
        return self._seq

    def _reach(self, t_s: float) -> None:
        self._first_s = t_s if self._first_s is None else self._first_s
        self._reached_s = t_s if self._reached_s is None else max(self._reached_s, t_s)

    def _take(self, samples: Samples) -> bool:
        """Hold samples, cutting blobs at the end of each second; True if one is complete."""
        cut = False
        if self._held and (self._held[0].gyr_dps is None) != (samples.gyr_dps is None):
            self._flush()
        start, n = 0, len(samples)
        while start < n:
            if not self._held:
                first_s = float(samples.t_s[start])
                self._limit_s = max(float(np.floor(first_s)) + 1.0, self._tick_s + 1.0 + _LATE_TICK_S)
            end = start + int(np.searchsorted(samples.t_s[start:], self._limit_s))
            if end == start and not self._held:  # beyond 2**53 s a second later is the same number
                end += 1
            if end > start:
                self._held.append(samples.part(slice(start, end)))
            if end < n:
                self._flush()
                self._reach(self._limit_s)
                cut = True
            start = end
        return cut

    def _flush(self) -> None:
        """Make one blob of the samples held."""
        if not self._held:
            return
        block = join(self._held)
        self._held.clear()
        data = encode_samples(block)
        self._rows["samples"].append((self._next_seq(), float(block.t_s[0]), len(block), data, zlib.crc32(data)))
        self._first_s = float(block.t_s[0]) if self._first_s is None else self._first_s
        self._reach(float(block.t_s[-1]))

    def _commit(self) -> None:
        if self._db is None:
            raise RecordingError(f"{self.path} is closed: nothing more can be recorded.", self.path)
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for table, rows in self._rows.items():
                if rows:
                    self._db.executemany(_INSERTS[table], rows)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._failed = True
            with contextlib.suppress(sqlite3.Error):
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
            raise RecordingError(self._refusal(error), self.path) from error
        self._failed = False
        for rows in self._rows.values():
            rows.clear()
        self._acknowledged_s = self._reached_s

    def _refusal(self, error: sqlite3.Error) -> str:
        kept = "nothing was recorded"
        if self._acknowledged_s is not None and self._first_s is not None:
            seconds = max(0, int(self._acknowledged_s - min(self._first_s, self._acknowledged_s)))
            kept = f"the session up to {seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d} is kept"
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            return f"The disk of {self.path} is full: free some space; {kept}."
        return f"{self.path} cannot be written ({error}): check its disk and the space left; {kept}."


class Recording:
    """A recording to read. What another process adds meanwhile is seen by the next call. Never changes the file."""

    def __init__(self, path: Path, db: sqlite3.Connection, meta: Meta) -> None:
        """Use `open`."""
        self.path = path
        self.meta = meta
        self._db = db

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

    def events(self) -> Iterator[Event]:
        """Every event in the order in which the session gave rise to it."""
        seq = 0
        while rows := self._all(_EVENTS, seq, _PAGE):
            for found, t_s, kind, body in rows:
                seq += 1
                message = f"{self.path} holds a damaged event, number {seq}: analyze it again from its records."
                if found != seq:
                    raise RecordingError(message, self.path)
                try:
                    yield decode_event(kind, t_s, body)
                except ValueError as error:
                    raise RecordingError(message, self.path) from error

    def counts(self) -> Counts:
        """How many samples, other records, marks and events there are."""
        return Counts(*self._all(_COUNTS)[0])

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

    def _arrivals(self, seq: int) -> Iterator[Record]:
        """Every record after `seq`; where some are damaged or lost, one Gap stands for them."""
        last: int = self._one(_LAST_SEQ) or 0
        if last > sum(each.stat().st_size for each in (self.path, companions(self.path)[0]) if each.exists()):
            raise RecordingError(
                f"{self.path} is damaged (it counts {last} records): take it from a backup.", self.path
            )
        reached_s: float | None = None
        damage: tuple[float | None, float | None] | None = None  # since, until, as far as known
        while seq < last:
            upto = min(seq + _PAGE, last)
            for row in self._page(seq, upto):
                record = self._record(row)
                if record is None:
                    t0_s, until_s = self._extent(row)
                    damage = ((reached_s if t0_s is None else t0_s) if damage is None else damage[0], until_s)
                    continue
                if damage is not None:
                    begin_s = self._begin_s(row[0], record)
                    since_s = begin_s if damage[0] is None else damage[0]
                    yield Gap(since_s, max(since_s, begin_s), "damaged")
                    damage = None
                reached_s = last_s(record)
                yield record
            seq = upto
        if damage is not None:
            since_s = damage[0] or 0.0
            yield Gap(since_s, max(since_s, damage[1] or since_s), "damaged")

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
            for query in _PAGES:
                rows += self._all(query, after, upto)
            rows.sort(key=lambda row: row[0])
            if [row[0] for row in rows] == list(range(after + 1, upto + 1)):
                return rows
        self._all("SELECT 1")  # or was it only closed?
        return [self._row(seq) for seq in range(after + 1, upto + 1)]

    def _row(self, seq: int) -> _Row:
        for query in _PAGES:
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
                t_s, kind, body = rest
                return decode_record(kind, t_s, body)
            if table == "marks":
                t_s, label, note = rest
                return Mark(math.nan if t_s is None else t_s, label, note)
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


def _make_private_folder(folder: Path) -> None:
    """Make the folder, and those above it that are missing, for its owner only: it describes a body."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
