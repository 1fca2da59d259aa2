"""The history's tables; how its file is opened and held.

Everything in it can be made anew from the recordings, but for the sums of sessions that were forgotten. Days are ISO
dates, times are Unix times, s.
"""

import contextlib
import os
import sqlite3
from collections.abc import Generator
from pathlib import Path

from monitor.errors import SitwellError

APPLICATION_ID = 0x53697448  # "SitH"
LOCK = "-lock"
DIGEST = "2"  # change it when the same recording gives another digest: all of them are then made anew
BUSY_S = 20.0

# Statements that make each version of the one before it. Never edit one that was released: add the next.
MIGRATIONS = (
    (
        f"PRAGMA application_id = {APPLICATION_ID}",
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        # size, mtime_ns: of the file as it was read, -1 while it grows. made_by: 'stored', 'running' or the stamp of a
        # maker. counted: 0 where a longer session has the same time.
        """CREATE TABLE sessions (
            name TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, made_by TEXT NOT NULL,
            started_utc_s REAL NOT NULL, ended_utc_s REAL NOT NULL, zone TEXT NOT NULL, utc_offset_s INTEGER NOT NULL,
            sensor TEXT NOT NULL, source TEXT NOT NULL, samples INTEGER NOT NULL, gap_s REAL NOT NULL,
            counted INTEGER NOT NULL) WITHOUT ROWID""",
        "CREATE INDEX sessions_started ON sessions (started_utc_s)",
        """CREATE TABLE skipped (
            name TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, made_by TEXT NOT NULL,
            reason TEXT NOT NULL) WITHOUT ROWID""",
        # Their recordings are deleted; their sums stay in session_days and sitting_spells.
        """CREATE TABLE forgotten (
            session TEXT PRIMARY KEY, started_utc_s REAL NOT NULL, ended_utc_s REAL NOT NULL) WITHOUT ROWID""",
        """CREATE TABLE session_days (
            session TEXT NOT NULL, day TEXT NOT NULL,
            sitting_s REAL NOT NULL, standing_s REAL NOT NULL, walking_s REAL NOT NULL, lying_s REAL NOT NULL,
            unknown_s REAL NOT NULL, no_data_s REAL NOT NULL, not_worn_s REAL NOT NULL,
            steps INTEGER NOT NULL, breaks INTEGER NOT NULL, upright_shifts INTEGER NOT NULL, fidgets INTEGER NOT NULL,
            posture_shifts INTEGER NOT NULL, walking_bouts INTEGER NOT NULL, walked_steps INTEGER NOT NULL,
            walked_s REAL NOT NULL, alerts INTEGER NOT NULL,
            PRIMARY KEY (session, day)) WITHOUT ROWID""",
        "CREATE INDEX session_days_day ON session_days (day)",
        """CREATE TABLE sitting_spells (
            session TEXT NOT NULL, day TEXT NOT NULL, n INTEGER NOT NULL, seated_s REAL NOT NULL,
            PRIMARY KEY (session, day, n)) WITHOUT ROWID""",
        # What happened lies by day, as it is asked for.
        """CREATE TABLE bouts (
            session TEXT NOT NULL, n INTEGER NOT NULL, day TEXT NOT NULL, posture TEXT NOT NULL,
            start_utc_s REAL NOT NULL, end_utc_s REAL NOT NULL, steps INTEGER NOT NULL, lying TEXT NOT NULL,
            PRIMARY KEY (day, session, n)) WITHOUT ROWID""",
        "CREATE INDEX bouts_session ON bouts (session)",
        """CREATE TABLE breaks (
            session TEXT NOT NULL, n INTEGER NOT NULL, day TEXT NOT NULL, kind TEXT NOT NULL,
            start_utc_s REAL NOT NULL, end_utc_s REAL NOT NULL, PRIMARY KEY (day, session, n)) WITHOUT ROWID""",
        "CREATE INDEX breaks_session ON breaks (session)",
        """CREATE TABLE transitions (
            session TEXT NOT NULL, n INTEGER NOT NULL, day TEXT NOT NULL, kind TEXT NOT NULL,
            start_utc_s REAL NOT NULL, end_utc_s REAL NOT NULL, p REAL NOT NULL,
            PRIMARY KEY (day, session, n)) WITHOUT ROWID""",
        "CREATE INDEX transitions_session ON transitions (session)",
        """CREATE TABLE alerts (
            session TEXT NOT NULL, n INTEGER NOT NULL, day TEXT NOT NULL, name TEXT NOT NULL, message TEXT NOT NULL,
            raised_utc_s REAL NOT NULL, value REAL NOT NULL, "limit" REAL NOT NULL, unit TEXT NOT NULL,
            cleared_utc_s REAL, cause TEXT NOT NULL, PRIMARY KEY (day, session, n)) WITHOUT ROWID""",
        "CREATE INDEX alerts_session ON alerts (session)",
        """CREATE TABLE days (
            day TEXT PRIMARY KEY, sessions INTEGER NOT NULL, worn_s REAL NOT NULL, standing_s REAL NOT NULL,
            walking_s REAL NOT NULL, lying_s REAL NOT NULL, unknown_s REAL NOT NULL, no_data_s REAL NOT NULL,
            alerts INTEGER NOT NULL,
            sitting_s REAL NOT NULL, sitting_bouts INTEGER NOT NULL, longest_sitting_s REAL, median_sitting_s REAL,
            w50_sitting_s REAL, sitting_bouts_over_20_min INTEGER NOT NULL, sitting_bouts_over_30_min INTEGER NOT NULL,
            sitting_bouts_over_60_min INTEGER NOT NULL, breaks INTEGER NOT NULL, breaks_per_sitting_h REAL,
            upright_shifts INTEGER NOT NULL, fidgets INTEGER NOT NULL, fidgets_per_sitting_h REAL,
            posture_shifts INTEGER NOT NULL, posture_shifts_per_sitting_h REAL, steps INTEGER NOT NULL,
            walking_bouts INTEGER NOT NULL, cadence_steps_per_min REAL, not_worn_s REAL NOT NULL) WITHOUT ROWID""",
    ),
    (
        # Spells beyond a limit, prompted or not: by their rate the prompts thin out.
        "ALTER TABLE session_days ADD COLUMN spells INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE days ADD COLUMN spells INTEGER NOT NULL DEFAULT 0",
    ),
)
SCHEMA_VERSION = len(MIGRATIONS)

DETAILS = ("bouts", "breaks", "transitions", "alerts")  # rows of what happened, by session
SUMS = ("session_days", "sitting_spells")  # what stays of a session that is forgotten
TABLES = ("meta", "sessions", "skipped", "forgotten", "days", *SUMS, *DETAILS)


def history_path(folder: Path, *, demo: bool = False) -> Path:
    """Where the history of a recordings folder lives: beside it. demo: that of the demonstrations, apart."""
    folder = folder.absolute()
    words = ["history", *([] if folder.name == "recordings" else [folder.name]), *(["demo"] if demo else [])]
    return folder.with_name("-".join(words) + ".sqlite")


@contextlib.contextmanager
def open_history(path: Path) -> Generator[sqlite3.Connection]:
    """Open the history, made if it is not there, for its owner's eyes only.

    Raises SitwellError, one sentence, if it cannot be read or written, here or in the block.
    """
    db: sqlite3.Connection | None = None
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        db = sqlite3.connect(path, isolation_level=None, timeout=BUSY_S)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA secure_delete = ON")  # what is forgotten is not to be found in the file's free pages
        _bring_up(db, path)
        yield db
    except sqlite3.Error as error:
        raise SitwellError(_sentence(path, error)) from error
    except OSError as error:
        message = f"{error.filename or path} cannot be used ({error.strerror}): check the folder's permissions."
        raise SitwellError(message) from error
    finally:
        if db is not None:
            db.close()


@contextlib.contextmanager
def hold_history(path: Path, timeout_s: float = 0.0) -> Generator[bool]:
    """Hold the history against other writers; False if another one has it still after timeout_s."""
    from filelock import FileLock, Timeout

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(f"{path}{LOCK}", mode=0o600, thread_local=False)
    try:
        lock.acquire(timeout=timeout_s)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Generator[None]:
    """All of it or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def is_damaged(error: BaseException | None) -> bool:
    """Whether SQLite says that the file itself is bad, and not what was asked of it."""
    codes = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
    return isinstance(error, sqlite3.Error) and _code(error) in codes


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _bring_up(db: sqlite3.Connection, path: Path) -> None:
    """To the present version, in one transaction."""
    if db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION:
        _check(db, path)
        return
    with transaction(db):
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version or db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            _check(db, path)
        for migration in MIGRATIONS[version:]:
            for statement in migration:
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _check(db: sqlite3.Connection, path: Path) -> None:
    (application_id,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if application_id != APPLICATION_ID:
        raise SitwellError(f"{path} is not a history of sitwell: move it away, and the history is made anew.")
    if version > SCHEMA_VERSION:
        known = f"schema {version}, known here up to {SCHEMA_VERSION}"
        raise SitwellError(f"{path} was written by a newer sitwell ({known}): update sitwell to read it.")


def _sentence(path: Path, error: sqlite3.Error) -> str:
    if is_damaged(error):
        return f"{path} is damaged ({error}): `sitwell history --rebuild` makes it anew from your recordings."
    if _code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return f"{path} is locked by another program: try again when that one is done."
    return f"{path} cannot be read or written ({error}): check its disk, its permissions and the space left."
