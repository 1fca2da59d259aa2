"""Which recordings may go, because the history keeps their days: the old ones, or as many as it takes to save room."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from monitor.errors import RecordingError
from monitor.storage.editing import delete
from monitor.storage.history.calendar import midnight_utc_s, zone_of
from monitor.storage.history.store import SOURCES, forget, is_forgotten, remember
from monitor.storage.recording import Recording
from monitor.storage.schema import companions, is_running


@dataclass(frozen=True, slots=True)
class Old:
    """A recording that may be deleted. bytes: with the files beside it."""

    path: Path
    ended_utc_s: float
    zone: str
    utc_offset_s: int
    bytes: int


def deletable(db: sqlite3.Connection, folder: Path) -> tuple[list[Old], list[str]]:
    """The recordings whose days are safe, the oldest first, and a sentence for each other one; after `refresh`."""
    query = "SELECT name, ended_utc_s, zone, utc_offset_s FROM sessions"
    taken = {name: (ended_utc_s, zone, offset_s) for name, ended_utc_s, zone, offset_s in db.execute(query)}
    found: list[Old] = []
    told: list[str] = []
    for path in sorted(folder.glob("*.sqlite")):
        if is_running(path):
            told.append(f"{path.name} is being recorded: it stays.")
            continue
        try:
            known = taken.get(path.stem) or _uncounted(db, path)
        except RecordingError as error:
            told.append(str(error))
            continue
        if known is None:
            told.append(f"{path.name} is not in the history: it stays, `sitwell sessions delete` deletes it.")
        else:
            found.append(Old(path, *known, size_of(path)))
    return sorted(found, key=lambda each: (each.ended_utc_s, each.path.name)), told


def _uncounted(db: sqlite3.Connection, path: Path) -> tuple[float, str, int] | None:
    """End and zone of one that the history does not need: of nobody, or forgotten and there again; else None."""
    with Recording.open(path) as recording:
        meta = recording.meta
        if not meta.started_utc_s > 0.0 or (
            meta.source in SOURCES and not is_forgotten(db, path.stem, meta.started_utc_s)
        ):
            return None
        return meta.started_utc_s + recording.end_s, meta.zone, meta.utc_offset_s


def ended_before(found: Iterable[Old], day: date) -> list[Old]:
    """Those that ended before this day began, where they were recorded."""
    return [each for each in found if each.ended_utc_s <= midnight_utc_s(day, zone_of(each.zone, each.utc_offset_s))]


def beyond(found: Iterable[Old], folder: Path, most_bytes: float) -> list[Old]:
    """The oldest, as few as it takes for the rest of the folder to have at most so many bytes."""
    total = sum(size_of(path) for path in folder.glob("*.sqlite"))
    chosen: list[Old] = []
    for each in found:
        if total <= most_bytes:
            break
        chosen.append(each)
        total -= each.bytes
    return chosen


def let_go(db: sqlite3.Connection, old: Old) -> None:
    """Delete a recording, and keep the sums of its days. Raises RecordingError, and keeps it all, if it has to stay."""
    key = forget(db, old.path.stem)
    try:
        delete(old.path)
    except RecordingError:
        if key:
            remember(db, key)
        raise


def size_of(path: Path) -> int:
    """Bytes on disk of a recording with the files beside it."""
    total = 0
    for each in (path, *companions(path)):
        try:
            total += each.stat().st_size
        except OSError:  # not there
            continue
    return total
