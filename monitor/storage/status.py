"""Which sessions run now, and how they stand, from their own files. Imports nothing slow."""

import contextlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from monitor.errors import RecordingError
from monitor.storage.schema import LOCK, Meta, is_running, open_for_reading, readable


@dataclass(frozen=True, slots=True)
class Running:
    """A session that is being recorded. status: what it last said of itself, as JSON values; empty at first."""

    path: Path
    meta: Meta
    status: Mapping[str, Any]


def running(folders: Iterable[Path], files: Iterable[Path] = ()) -> list[Running]:
    """Sessions that are being recorded in `folders`, or as one of `files`; the newest first."""
    paths = {Path(str(lock).removesuffix(LOCK)) for folder in folders for lock in folder.glob(f"*{LOCK}")}
    found: list[Running] = []
    for path in {each.absolute() for each in (*paths, *files)}:
        if is_running(path):
            with contextlib.suppress(RecordingError):  # it ends at this moment, or begins
                found.append(stands(path))
    return sorted(found, key=lambda each: (each.meta.started_utc_s, each.path), reverse=True)


def stands(path: Path) -> Running:
    """How a session stands by its file. Raises RecordingError if it is no recording."""
    db, meta = open_for_reading(path)
    with contextlib.closing(db), readable(path):
        row = db.execute("SELECT value FROM meta WHERE key = 'status'").fetchone()
    said: Any = {}
    with contextlib.suppress(ValueError, TypeError):
        said = json.loads(row[0]) if row else {}
    return Running(path, meta, cast("dict[str, Any]", said) if isinstance(said, dict) else {})
