"""Writing a recording, one SQLite file a session, as the session runs: one transaction a second.

schema.py has the tables, recordings/README.md explains them. `seq` counts arrival across samples, records and marks, so
that a replay sees what the live session saw, in its order. Another process may read meanwhile, and ask for something
through the table `requests`; only one writes: it holds NAME.sqlite-lock.
"""

import contextlib
import json
import math
import os
import sqlite3
import time
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np

from monitor.errors import RecordingError
from monitor.places import make_private_folder
from monitor.storage.blobs import encode_cut, encode_samples
from monitor.storage.codec import encode_item
from monitor.storage.requests import Request, request_of
from monitor.storage.schema import MIGRATIONS, Meta, companions, hold, meta_rows, publish, refuse_existing, row_crc
from monitor.stream import Event, Link, Mark, Record, Samples, Tick, Wearer, join

_INSERTS = {
    "samples": "INSERT INTO samples VALUES (?, ?, ?, ?, ?)",
    "records": "INSERT INTO records VALUES (?, ?, ?, ?, ?)",
    "marks": "INSERT INTO marks VALUES (?, ?, ?, ?, ?)",
    "events": "INSERT INTO events (t_s, kind, body, crc) VALUES (?, ?, ?, ?)",
}
_LATE_TICK_S = 0.5  # while Ticks come, they end the second; samples wait this much longer for a late one
_SECONDS_AT_ONCE = 4  # so many seconds in one block are worth encoding together
_ROWS_AT_MOST = 5000  # a flood of bad packets is committed before it fills the memory
_BUSY_S = 0.2  # a session cannot stand still for long while another process has the file locked: it tries again later
_LOCKED_AT_MOST_S = 120.0  # what waits meanwhile is kept in memory; whoever locks a file for longer has hung
_CLOSING_S = 10.0  # at the end there is no later

_Row: TypeAlias = tuple[Any, ...]


class Recorder:
    """Sink that writes a recording, one transaction a second of session time. What is acknowledged survives kill -9."""

    def __init__(self, path: Path, db: sqlite3.Connection, lock: contextlib.ExitStack) -> None:
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
        self._locked_since: float | None = None  # monotonic
        self._last_request = 0
        self._lock = lock
        self.status: Mapping[str, Any] | None = (
            None  # how the session stands, for `sitwell status`; goes with each commit
        )

    @classmethod
    def create(cls, path: Path | str, meta: Meta) -> Self:
        """Start a new recording, for its owner's eyes only. Raises RecordingError if it exists or cannot be made."""
        path = Path(path)
        refuse_existing(path)
        # Made whole under another name first: whoever finds the file under its own name can read it.
        part = path.with_name(f".{path.name}.{os.getpid()}.new")
        with contextlib.ExitStack() as lock:
            try:
                make_private_folder(path.parent)
                lock.enter_context(hold(path))
                os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            except OSError as error:
                reason = error.strerror or error
                message = f"{path} cannot be created ({reason}): choose a folder you can write to."
                raise RecordingError(message, path) from error
            try:
                with contextlib.closing(sqlite3.connect(part, isolation_level=None)) as db:
                    for migration in MIGRATIONS:
                        db.executescript(migration)
                    db.executemany("INSERT INTO meta VALUES (?, ?)", meta_rows(meta))
                    db.execute("PRAGMA journal_mode = WAL")
                publish(part, path)
            except sqlite3.Error as error:
                message = f"{path} cannot be created ({error}): free some space on its disk."
                raise RecordingError(message, path) from error
            finally:
                for leftover in (part, *companions(part), Path(f"{part}-journal")):
                    leftover.unlink(missing_ok=True)
            db = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S)
            db.execute("PRAGMA synchronous = NORMAL")
            # The -wal file tells readers of a writer; the first second makes it too.
            with contextlib.suppress(sqlite3.Error):
                db.execute("UPDATE meta SET value = value")
            return cls(path, db, lock.pop_all())

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
                crc = row_crc(record.t_s, record.label, record.note)
                self._rows["marks"].append((self._next_seq(), record.t_s, record.label, record.note, crc))
            else:
                kind, t_s, body = encode_item(record)
                self._rows["records"].append((self._next_seq(), t_s, kind, body, row_crc(t_s, kind, body)))
            if isinstance(record, Tick):
                self._tick_s = record.t_s
            due = isinstance(record, Tick | Link | Wearer | Mark) or len(self._rows["records"]) >= _ROWS_AT_MOST
        for event in events:
            kind, t_s, body = encode_item(event)
            self._rows["events"].append((t_s, kind, body, row_crc(t_s, kind, body)))
        if due:
            self._commit()

    def requests(self) -> list[Request]:
        """What other processes have asked for since the last call, through table `requests`, in their order."""
        if self._db is None:
            return []
        asked: list[Request] = []
        with contextlib.suppress(sqlite3.Error):  # the file is locked: next time
            query = "SELECT id, kind, body FROM requests WHERE id > ? ORDER BY id"
            for number, kind, body in self._db.execute(query, (self._last_request,)).fetchall():
                self._last_request = number
                request = request_of(kind, body)
                if request is not None:
                    asked.append(request)
        return asked

    def close(self) -> None:
        """Commit what is held and close the file; harmless when closed already."""
        if self._db is None:
            return
        db, failed = self._db, self._failed
        try:
            db.execute(f"PRAGMA busy_timeout = {_CLOSING_S * 1000.0:.0f}")
            self._flush()
            self._commit(closing=True)
            db.execute("PRAGMA wal_checkpoint")  # into the file itself, even while a reader is attached
        except (RecordingError, sqlite3.Error):
            if not failed and self._failed:  # else it has been said already, or only the checkpoint failed
                raise
        finally:
            self._db = None
            db.close()
            self._lock.close()

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
            if not self._held and self._tick_s == -math.inf:
                kept = self._take_seconds(samples.part(slice(start, None)))
                cut, start = cut or kept > 0, start + kept
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

    def _take_seconds(self, samples: Samples) -> int:
        """Where no Ticks come, as in an import: blobs of all seconds but the last; how many rows they have."""
        starts = [0, *(np.flatnonzero(np.diff(np.floor(samples.t_s))) + 1).tolist()]
        if len(starts) < _SECONDS_AT_ONCE:
            return 0
        rows = starts.pop()
        whole = samples.part(slice(0, rows))
        for start, end, data in zip(starts, [*starts[1:], rows], encode_cut(whole, starts), strict=True):
            row = (self._next_seq(), float(whole.t_s[start]), end - start, data, zlib.crc32(data))
            self._rows["samples"].append(row)
        self._first_s = float(whole.t_s[0]) if self._first_s is None else self._first_s
        self._reach(float(np.floor(whole.t_s[-1])) + 1.0)
        return rows

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

    def _commit(self, *, closing: bool = False) -> None:
        """Write what is held. While another process has the file locked, it is held on, and tried again next time."""
        if self._db is None:
            raise RecordingError(f"{self.path} is closed: nothing more can be recorded.", self.path)
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for table, rows in self._rows.items():
                if rows:
                    self._db.executemany(_INSERTS[table], rows)
            if closing:
                self._db.execute("DELETE FROM meta WHERE key = 'status'")
            elif self.status is not None:
                self._db.execute("INSERT OR REPLACE INTO meta VALUES ('status', ?)", (json.dumps(self.status),))
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
            if not closing and self._may_wait(error):
                return
            self._failed = True
            raise RecordingError(self._refusal(error), self.path) from error
        self._failed, self._locked_since = False, None
        for rows in self._rows.values():
            rows.clear()
        self._acknowledged_s = self._reached_s

    def _may_wait(self, error: sqlite3.Error) -> bool:
        if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return False
        now = time.monotonic()
        self._locked_since = now if self._locked_since is None else self._locked_since
        return now - self._locked_since < _LOCKED_AT_MOST_S

    def _refusal(self, error: sqlite3.Error) -> str:
        kept = "nothing was recorded"
        if self._acknowledged_s is not None and self._first_s is not None:
            seconds = max(0, int(self._acknowledged_s - min(self._first_s, self._acknowledged_s)))
            kept = f"the session up to {seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d} is kept"
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            return f"The disk of {self.path} is full: free some space; {kept}."
        if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return f"{self.path} is locked by another program: close what has it open; {kept}."
        return f"{self.path} cannot be written ({error}): check its disk and the space left; {kept}."
