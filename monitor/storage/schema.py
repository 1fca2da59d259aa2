"""What all recordings have in common: their tables, what is known of a session (Meta), how to open one for reading."""

import contextlib
import dataclasses
import json
import math
import os
import sqlite3
import zlib
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitor.errors import RecordingError

APPLICATION_ID = 0x53697477  # "Sitw": tells a recording from any other SQLite file
LOCK = "-lock"  # what the name of a writer's lock has more than its recording's
UNITS = {"t": "s", "acc": "g", "gyr": "dps"}

# What makes each schema version of the one before it; a new recording goes through all of them. Never edit one that
# was released: add the next.
MIGRATIONS = (
    f"""
PRAGMA application_id = {APPLICATION_ID};
BEGIN;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE samples (seq INTEGER PRIMARY KEY, t0_s REAL, n INTEGER NOT NULL, data BLOB NOT NULL, crc INTEGER NOT NULL);
CREATE INDEX samples_t0_s ON samples (t0_s);
CREATE TABLE records (seq INTEGER PRIMARY KEY, t_s REAL, kind TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE marks (seq INTEGER PRIMARY KEY, t_s REAL, label TEXT NOT NULL, note TEXT NOT NULL);
CREATE TABLE events (seq INTEGER PRIMARY KEY, t_s REAL, kind TEXT NOT NULL, body TEXT NOT NULL);
PRAGMA user_version = 1;
COMMIT;
""",
    """
BEGIN;
ALTER TABLE records ADD COLUMN crc INTEGER;
ALTER TABLE marks ADD COLUMN crc INTEGER;
ALTER TABLE events ADD COLUMN crc INTEGER;
CREATE TABLE requests (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL);
UPDATE meta SET value = '2' WHERE key = 'schema';
PRAGMA user_version = 2;
COMMIT;
""",
    """
BEGIN;
CREATE TABLE labels (number INTEGER PRIMARY KEY, mark INTEGER UNIQUE, start_s REAL NOT NULL, end_s REAL NOT NULL,
    label TEXT, note TEXT NOT NULL, crc INTEGER NOT NULL);
UPDATE meta SET value = '3' WHERE key = 'schema';
PRAGMA user_version = 3;
COMMIT;
""",
)
SCHEMA_VERSION = len(MIGRATIONS)


@dataclass(frozen=True, slots=True)
class Meta:
    """What is known of a session.

    started_utc_s : Unix time of session time 0; 0.0 where it is unknown (imports)
    zone          : IANA name of the wearer's time zone, "" where it is unknown; utc_offset_s: its offset at the start
    source        : 'live', 'demo' or 'import'
    profile       : all parameters of the pipeline, as JSON values
    calibration   : what is known of the sensor's own errors, as JSON values
    """

    sensor: str
    rate_hz: float
    gyro: bool
    started_utc_s: float
    zone: str
    utc_offset_s: int
    source: str
    app_version: str
    firmware: str = ""
    profile: Mapping[str, Any] = field(default_factory=dict[str, Any])
    calibration: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Counts:
    """How much a recording holds."""

    samples: int
    records: int
    marks: int
    events: int


def meta_rows(meta: Meta) -> list[tuple[str, str]]:
    """The rows of table meta: key, JSON value."""
    values = {each.name: getattr(meta, each.name) for each in dataclasses.fields(meta)}
    return [(key, json.dumps(value)) for key, value in {**values, "units": UNITS, "schema": SCHEMA_VERSION}.items()]


def row_crc(t_s: float, *texts: str) -> int:
    """Checksum of a row of records, marks or events: CRC-32 of [t_s, texts …] as JSON, NaN being null."""
    return zlib.crc32(json.dumps([None if math.isnan(t_s) else float(t_s), *texts]).encode())


def companions(path: Path) -> tuple[Path, Path, Path]:
    """The files beside a recording while it grows: SQLite's two, and the writer's lock."""
    return Path(f"{path}-wal"), Path(f"{path}-shm"), Path(f"{path}{LOCK}")


@contextlib.contextmanager
def hold(path: Path) -> Generator[None]:
    """Hold a recording against a second writer. RecordingError if another one has it; a dead process holds nothing."""
    from filelock import FileLock, Timeout

    lock_path = companions(path)[2]
    lock = FileLock(lock_path, mode=0o600, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RecordingError(f"{path} is being recorded by another session: end that one first.", path) from None
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows: not while it is open
            lock_path.unlink(missing_ok=True)  # before it is let go: afterwards it may be another's
        lock.release()


def is_running(path: Path) -> bool:
    """Whether a session is writing this recording now."""
    if not companions(path)[2].exists():
        return False
    try:
        with hold(path):
            return False
    except RecordingError:
        return True
    except OSError:  # a folder that cannot be written to
        return False


def refuse_existing(path: Path) -> None:
    """Raises RecordingError if there is something at `path` already."""
    if os.path.lexists(path):
        raise RecordingError(f"{path} exists already: choose another name, or move it away.", path)


@contextlib.contextmanager
def appearing(out_path: Path) -> Generator[Path]:
    """A path beside `out_path` for a recording in the making; at the end it takes that name, on an error it goes."""
    refuse_existing(out_path)
    part = out_path.with_name(f".{out_path.name}.{os.getpid()}.part")
    try:
        yield part
        publish(part, out_path)
    finally:
        for leftover in (part, *companions(part)):
            leftover.unlink(missing_ok=True)


def publish(part: Path, out_path: Path) -> None:
    """Give the finished file its name, never over another one."""
    try:
        try:
            os.link(part, out_path)
        except OSError:  # there is one already, or this is a file system without links
            if os.path.lexists(out_path):
                raise
            part.rename(out_path)
    except FileExistsError as error:
        raise RecordingError(f"{out_path} exists already: choose another name, or move it away.", out_path) from error
    except OSError as error:
        raise RecordingError(f"{out_path} cannot be created ({error.strerror}).", out_path) from error


def is_closed(db: sqlite3.Connection) -> bool:
    """Whether the session that wrote this recording came to its end."""
    from monitor.stream import LinkState  # slow to import, and not needed to tell how a session stands

    rows = db.execute("SELECT kind, body FROM records ORDER BY seq DESC LIMIT 1").fetchall()
    try:
        return bool(rows) and rows[0][0] == "link" and json.loads(rows[0][1]).get("state") == LinkState.CLOSED
    except (ValueError, TypeError, AttributeError):
        return False


def open_for_reading(path: Path) -> tuple[sqlite3.Connection, Meta]:
    """Connect without ever changing the file. Raises RecordingError, one sentence, unless it is a whole recording."""
    _look_at(path)
    db = _connect(path)
    try:
        with readable(path):
            (application_id,) = db.execute("PRAGMA application_id").fetchone()
            (version,) = db.execute("PRAGMA user_version").fetchone()
            _check_schema(path, application_id, version)
            rows = db.execute("SELECT key, value FROM meta").fetchall()
        return db, _meta(path, rows)
    except BaseException:
        db.close()
        raise


@contextlib.contextmanager
def readable(path: Path) -> Generator[None]:
    """Turn what SQLite says while reading into one sentence."""
    try:
        yield
    except sqlite3.ProgrammingError as error:
        raise RecordingError(f"{path} is closed: open it again to read it.", path) from error
    except sqlite3.Error as error:
        raise RecordingError(_damage(path, error), path) from error


def _look_at(path: Path) -> None:
    """Say plainly what SQLite would say in riddles."""
    is_folder, head, size = False, b"", 0
    try:
        is_folder = path.is_dir()
        if not is_folder:
            with path.open("rb") as file:
                head = file.read(100)
                size = file.seek(0, 2)
    except FileNotFoundError as error:
        raise RecordingError(f"There is no recording {path}: check the name.", path) from error
    except OSError as error:
        raise RecordingError(f"{path} cannot be read ({error.strerror}): check its permissions.", path) from error
    if is_folder:
        raise RecordingError(f"{path} is a folder: name the recording in it.", path)
    if not head:
        raise RecordingError(f"{path} is empty: name a recording that sitwell made.", path)
    if not head.startswith(b"SQLite format 3\0"):
        raise RecordingError(f"{path} is not a recording (no SQLite file): `sitwell import` reads CSV files.", path)
    page_size, pages = int.from_bytes(head[16:18], "big"), int.from_bytes(head[28:32], "big")
    if size < max(len(head), 100, page_size * pages) and not companions(path)[0].exists():  # SQLite may not notice
        raise RecordingError(f"{path} is damaged (its end is missing): copy it again from where it came.", path)


def _connect(path: Path) -> sqlite3.Connection:
    """Connect read-only. A closed recording has no -wal file; as immutable it can be read in a read-only folder too."""
    wal = companions(path)[0]
    closed = not wal.exists()
    query = "immutable=1" if closed else "mode=ro"
    db: sqlite3.Connection | None = None
    try:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?{query}", uri=True, isolation_level=None)
        db.execute("PRAGMA user_version").fetchone()  # makes SQLite look at the file
    except sqlite3.Error as error:
        if db is not None:
            db.close()
        if not closed and error.sqlite_errorcode == sqlite3.SQLITE_CANTOPEN:
            message = f"{path} was not closed and its folder is read-only: copy it and {wal.name} to a folder of yours."
            raise RecordingError(message, path) from error
        raise RecordingError(_damage(path, error), path) from error
    return db


def upgrade(path: Path) -> int:
    """Bring a recording to the present schema, in one transaction a version; gives the version that it had.

    Reading needs none of this: older recordings are read as they are. Raises RecordingError, and changes nothing, if
    the file is damaged, from a newer sitwell, or being recorded.
    """
    opened, _ = open_for_reading(path)
    opened.close()
    with hold(path):
        try:
            with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
                (version,) = db.execute("PRAGMA user_version").fetchone()
                for migration in MIGRATIONS[version:]:
                    try:
                        db.executescript(migration)
                    except sqlite3.Error:
                        if db.in_transaction:
                            db.execute("ROLLBACK")
                        raise
        except sqlite3.Error as error:
            raise RecordingError(f"{path} cannot be brought up to date ({error}): it is as it was.", path) from error
    return version


def _check_schema(path: Path, application_id: int, version: int) -> None:
    if application_id != APPLICATION_ID:
        raise RecordingError(f"{path} is an SQLite file, but not a recording: name one that sitwell made.", path)
    if version > SCHEMA_VERSION:
        known = f"schema {version}, known here up to {SCHEMA_VERSION}"
        raise RecordingError(f"{path} was written by a newer sitwell ({known}): update sitwell to read it.", path)


def _meta(path: Path, rows: Sequence[tuple[str, str]]) -> Meta:
    names = {each.name for each in dataclasses.fields(Meta)}
    try:
        return Meta(**{key: json.loads(value) for key, value in rows if key in names})
    except (TypeError, ValueError) as error:
        message = f"{path} is damaged: what is known of its session cannot be read ({error})."
        raise RecordingError(message, path) from error


def _damage(path: Path, error: sqlite3.Error) -> str:
    return f"{path} is damaged ({error}): take it from a backup, or copy it again from where it came."
