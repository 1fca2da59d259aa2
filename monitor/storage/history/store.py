"""Bringing the history up to date: refresh, rebuild, forget. One process at a time, see `hold_history`.

What is in the tables depends on the recordings and on what was forgotten, never on the order in which they came.
"""

import bisect
import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import astuple, fields
from functools import partial
from pathlib import Path
from typing import Any

from monitor.errors import SitwellError
from monitor.states.day import DaySums, Figures, added
from monitor.storage.history.reading import STORED, Maker, Read, Skipped, read
from monitor.storage.history.schema import DETAILS, DIGEST, SUMS, is_damaged, open_history, transaction
from monitor.storage.pool import worked
from monitor.storage.schema import is_running

SOURCES = frozenset({"live", "import"})  # of a wearer; 'demo' is of nobody
BATCH = 25  # sessions written at once
ALONE = 8  # so many recordings are read sooner than other processes start

Progress = Callable[[int, int], None]  # recordings read, and to read
_Key = tuple[int, int]  # size, mtime_ns

_SUM_NAMES = tuple(each.name for each in fields(DaySums))[:-1]
_FIGURE_NAMES = tuple(each.name for each in fields(Figures))


def refresh(
    db: sqlite3.Connection,
    folder: Path,
    maker: Maker,
    *,
    sources: frozenset[str] = SOURCES,
    progress: Progress | None = None,
    processes: int | None = None,
) -> list[str]:
    """Take in what is new or changed in the folder, drop what has vanished; gives a sentence for each one left out.

    processes: at most so many read at once; default: up to two, where there is enough to do.
    """
    found = {path.stem: path for path in sorted(folder.glob("*.sqlite"))}
    now = {name: _key(path) for name, path in found.items()}
    with transaction(db):
        _outdate(db, {"digest": DIGEST, "sources": " ".join(sorted(sources))})
        known = _known(db, maker)
        _drop(db, [name for name in known if name not in found])
    todo = [path for name, path in found.items() if known.get(name) != now[name]]
    batch: list[tuple[str, _Key, Read | Skipped]] = []
    work = partial(read, maker=maker, sources=sources)
    with worked(work, todo, alone=ALONE, processes=processes) as results:
        for number, (path, result) in enumerate(zip(todo, results, strict=True), 1):
            batch.append((path.stem, now[path.stem], result))
            if len(batch) == BATCH:
                _take(db, batch)
                batch.clear()
            if progress:
                progress(number, len(todo))
    _take(db, batch)
    return _told(db)


def rebuild(
    path: Path,
    folder: Path,
    maker: Maker,
    *,
    sources: frozenset[str] = SOURCES,
    progress: Progress | None = None,
    processes: int | None = None,
) -> list[str]:
    """The history anew, from the recordings and the sums of what was forgotten; as `refresh` otherwise.

    The old one stays in use until the new one is whole. A damaged one is kept as NAME.damaged.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    leftovers = (part, Path(f"{part}-wal"), Path(f"{part}-shm"))
    try:
        whole = _is_whole(path)
        with open_history(part) as fresh:
            _keep_forgotten(path, fresh)
            told = refresh(fresh, folder, maker, sources=sources, progress=progress, processes=processes)
            if not whole:
                aside = _set_aside(path)
                told.append(
                    f"The damaged history is kept as {aside}: what it alone knew of forgotten days may be lost."
                )
            with open_history(path) as db:
                fresh.backup(db)  # in one transaction: who reads meanwhile sees the old one or the new one
        return told
    finally:
        for each in leftovers:
            each.unlink(missing_ok=True)


def forget(db: sqlite3.Connection, name: str) -> str:
    """Let go of all but the daily sums of this session, before its recording is deleted; gives the key that they have.

    One that does not count, because a longer one has the same time, leaves nothing.
    """
    with transaction(db):
        rows = db.execute("SELECT started_utc_s, ended_utc_s, counted FROM sessions WHERE name = ?", (name,)).fetchall()
        key = ""
        for started_utc_s, ended_utc_s, counted in rows:
            key = _forgotten_key(name, started_utc_s)
            if counted:
                _rows(db, "forgotten", [(key, started_utc_s, ended_utc_s)])
                for table in SUMS:
                    db.execute(f"UPDATE {table} SET session = ? WHERE session = ?", (key, name))  # noqa: S608
        _remove(db, name, set())
    return key


def remember(db: sqlite3.Connection, key: str) -> None:
    """Undo `forget` where the recording could not be deleted: the next refresh takes it in again."""
    with transaction(db):
        touched = _days_of(db, key)
        for table in SUMS:
            db.execute(f"DELETE FROM {table} WHERE session = ?", (key,))  # noqa: S608
        db.execute("DELETE FROM forgotten WHERE session = ?", (key,))
        _settle(db, touched)


def is_forgotten(db: sqlite3.Connection, name: str, started_utc_s: float) -> bool:
    """Whether the sums of this very session are kept already."""
    key = _forgotten_key(name, started_utc_s)
    return db.execute("SELECT 1 FROM forgotten WHERE session = ?", (key,)).fetchone() is not None


def _forgotten_key(name: str, started_utc_s: float) -> str:
    """Another recording may get its name."""
    return f"{name} of {started_utc_s:.3f}"


# ---------------------------------------------------------------- recordings in


def _key(path: Path) -> _Key:
    """What changes when the file does; (-1, -1) while it grows: such a one is read each time."""
    if is_running(path):
        return -1, -1
    try:
        state = path.stat()
    except OSError:  # deleted just now
        return -1, -1
    return state.st_size, state.st_mtime_ns


def _outdate(db: sqlite3.Connection, facts: dict[str, str]) -> None:
    """Where these are not the facts by which the sessions were taken in, all of them are to be read again."""
    if dict(db.execute("SELECT key, value FROM meta")) == facts:
        return
    for table in ("sessions", "skipped"):
        db.execute(f"UPDATE {table} SET size = -1")  # noqa: S608
    db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", facts.items())


def _known(db: sqlite3.Connection, maker: Maker) -> dict[str, _Key | None]:
    """Which files have been taken in, as they were then; None for those to be read again."""
    columns = "name, size, mtime_ns, made_by"
    query = f"SELECT {columns} FROM sessions UNION ALL SELECT {columns} FROM skipped"  # noqa: S608
    return {
        name: (size, mtime_ns) if size >= 0 and made_by in {STORED, maker.stamp} else None
        for name, size, mtime_ns, made_by in db.execute(query)
    }


def _take(db: sqlite3.Connection, batch: Iterable[tuple[str, _Key, Read | Skipped]]) -> None:
    """Write what was read, and the days that it touches, in one transaction."""
    with transaction(db):
        touched: set[str] = set()
        for name, key, result in batch:
            _insert(db, name, key, result, touched)
        _settle(db, touched)


def _drop(db: sqlite3.Connection, names: Iterable[str]) -> None:
    """Take sessions out, and what was said of files; what was forgotten stays."""
    touched: set[str] = set()
    for name in names:
        _remove(db, name, touched)
    _settle(db, touched)


def _remove(db: sqlite3.Connection, name: str, touched: set[str]) -> None:
    db.execute("DELETE FROM skipped WHERE name = ?", (name,))
    touched.update(_days_of(db, name))
    if db.execute("DELETE FROM sessions WHERE name = ?", (name,)).rowcount:
        for table in (*DETAILS, *SUMS):
            db.execute(f"DELETE FROM {table} WHERE session = ?", (name,))  # noqa: S608


def _insert(db: sqlite3.Connection, name: str, key: _Key, result: Read | Skipped, touched: set[str]) -> None:
    _remove(db, name, touched)
    if isinstance(result, Read) and is_forgotten(db, name, result.meta.started_utc_s):
        reason = f"{name} was forgotten and is there again: its days count already, it can be deleted."
        result = Skipped(reason, STORED)
    if isinstance(result, Skipped):
        _rows(db, "skipped", [(name, *key, result.made_by, result.reason)])
        return
    meta, digest = result.meta, result.digest
    session = (
        name,
        *key,
        result.made_by,
        meta.started_utc_s,
        result.ended_utc_s,
        meta.zone,
        meta.utc_offset_s,
        meta.sensor,
        meta.source,
        result.samples,
        result.gap_s,
        0,
    )
    _rows(db, "sessions", [session])
    for table in DETAILS:
        _rows(db, table, [(name, number, *row) for number, row in enumerate(getattr(digest, table))])
    for day, (sums, alerts, spells) in digest.days.items():
        *totals, sat_s = (getattr(sums, each.name) for each in fields(sums))
        _rows(db, "session_days", [(name, day, *totals, alerts, spells)])
        _rows(db, "sitting_spells", [(name, day, number, seated_s) for number, seated_s in enumerate(sat_s)])


def _rows(db: sqlite3.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)  # noqa: S608


def _told(db: sqlite3.Connection) -> list[str]:
    """A sentence for each recording that is left out, and that its owner should know of."""
    told = [reason for (reason,) in db.execute("SELECT reason FROM skipped WHERE reason <> '' ORDER BY name")]
    doubles = db.execute("SELECT name FROM sessions WHERE NOT counted ORDER BY name").fetchall()
    return told + [f"{name} is not counted: a longer recording has the same time." for (name,) in doubles]


# ---------------------------------------------------------------- days


def _days_of(db: sqlite3.Connection, name: str) -> set[str]:
    return {day for (day,) in db.execute("SELECT day FROM session_days WHERE session = ?", (name,))}


def _settle(db: sqlite3.Connection, touched: set[str]) -> None:
    """Say anew which sessions count, and what the days come to that are touched by it."""
    sessions = db.execute("SELECT name, started_utc_s, ended_utc_s, counted FROM sessions").fetchall()
    forgotten = db.execute("SELECT started_utc_s, ended_utc_s FROM forgotten").fetchall()
    counted = _counted([row[:3] for row in sessions], forgotten)
    for name, _, _, was in sessions:
        if was != (name in counted):
            db.execute("UPDATE sessions SET counted = ? WHERE name = ?", (int(name in counted), name))
            touched |= _days_of(db, name)
    for day in sorted(touched):
        _sum_up(db, day)


def _counted(sessions: Iterable[tuple[str, float, float]], forgotten: Iterable[tuple[float, float]]) -> set[str]:
    """Of sessions (name, start, end) that share half their time or more the longest; what was forgotten has counted.

    Copies and parts of a recording beside it count once. Less is not taken for the same: clocks are set now and then.
    """
    taken = sorted(forgotten)
    chosen: set[str] = set()
    for name, start_s, end_s in sorted(sessions, key=lambda each: (each[1] - each[2], each[0])):
        at = bisect.bisect_left(taken, (start_s, end_s))
        upto = bisect.bisect_left(taken, (end_s, end_s))
        if not any(_overlap(start_s, end_s, *other) for other in taken[max(at - 3, 0) : upto]):
            taken.insert(at, (start_s, end_s))
            chosen.add(name)
    return chosen


def _overlap(start_s: float, end_s: float, other_start_s: float, other_end_s: float) -> bool:
    shared_s = min(end_s, other_end_s) - max(start_s, other_start_s)
    return shared_s > 0.0 and shared_s >= 0.5 * min(end_s - start_s, other_end_s - other_start_s)


def _sum_up(db: sqlite3.Connection, day: str) -> None:
    """Write the figures of a day from the sums of the sessions that count."""
    where = "WHERE day = ? AND session NOT IN (SELECT name FROM sessions WHERE NOT counted)"
    rows = db.execute(f"SELECT {', '.join(_SUM_NAMES)}, alerts, spells FROM session_days {where}", (day,)).fetchall()  # noqa: S608
    db.execute("DELETE FROM days WHERE day = ?", (day,))
    if not rows:
        return
    spells = db.execute(f"SELECT seated_s FROM sitting_spells {where}", (day,)).fetchall()  # noqa: S608
    parts = [DaySums(**dict(zip(_SUM_NAMES, row[:-2], strict=True))) for row in rows]
    sums = added([*parts, DaySums(sat_s=tuple(seated_s for (seated_s,) in spells))])
    values = {
        "day": day,
        "sessions": len(rows),
        "worn_s": sums.worn_s,
        **{name: getattr(sums, name) for name in ("standing_s", "walking_s", "lying_s", "unknown_s", "no_data_s")},
        "alerts": sum(row[-2] for row in rows),
        "spells": sum(row[-1] for row in rows),
        **dict(zip(_FIGURE_NAMES, astuple(sums.figures()), strict=True)),
    }
    columns, marks = ", ".join(values), ", ".join("?" * len(values))
    db.execute(f"INSERT INTO days ({columns}) VALUES ({marks})", tuple(values.values()))  # noqa: S608


# ---------------------------------------------------------------- anew


def _keep_forgotten(path: Path, fresh: sqlite3.Connection) -> None:
    """Copy what only the old history knows; of a damaged one as much as can be read."""
    touched: set[str] = set()
    for table in ("forgotten", *SUMS):
        rows: list[tuple[Any, ...]] = []
        try:
            with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as old:
                query = f"SELECT * FROM {table} WHERE session IN (SELECT session FROM forgotten)"  # noqa: S608
                rows.extend(old.execute(query))  # what stands before the damage is kept
        except sqlite3.Error as error:
            if not is_damaged(error):
                raise
        with transaction(fresh):
            _rows(fresh, table, rows)
            touched.update(row[1] for row in rows if table in SUMS)
            _settle(fresh, set(touched))


def _is_whole(path: Path) -> bool:
    """Whether the history can be read from end to end; it is made if it is not there."""
    try:
        with open_history(path) as db:
            return db.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
    except SitwellError as error:
        if not is_damaged(error.__cause__):
            raise
        return False


def _set_aside(path: Path) -> Path:
    """Keep a damaged history under another name, which is given."""
    aside = path.replace(path.with_name(f"{path.name}.damaged"))
    for each in (Path(f"{path}-wal"), Path(f"{path}-shm")):
        each.unlink(missing_ok=True)
    return aside
