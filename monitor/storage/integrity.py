"""Whether a recording is whole: SQLite's own check, every checksum, every number."""

import contextlib
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from monitor.errors import RecordingError
from monitor.storage.labels import damaged as damaged_labels
from monitor.storage.recording import Recording
from monitor.storage.schema import Counts, open_for_reading
from monitor.stream import Gap

SAID_AT_MOST = 20  # lines of SQLite's; a damaged file may give thousands


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found. damaged: times whose records are damaged or lost; events, labels: numbers of the damaged
    or lost ones; database: what SQLite says of the file, empty if it is sound.
    """

    path: Path
    schema: int
    counts: Counts
    duration_s: float
    damaged: tuple[Gap, ...]
    events: tuple[int, ...]
    labels: tuple[int, ...]
    database: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing is damaged or lost."""
        return not (self.damaged or self.events or self.labels or self.database)

    @property
    def damaged_s(self) -> float:
        """Seconds that cannot be read."""
        return sum(gap.end_s - gap.start_s for gap in self.damaged)


def verify(path: Path) -> Verdict:
    """Read everything. Raises RecordingError only where the file cannot be opened as a recording at all."""
    with Recording.open(path) as recording:
        lost: list[int] = []
        damaged = _joined(recording.damage())
        for _ in recording.events(lost):
            pass
        counts, duration_s = Counts(0, 0, 0, 0), 0.0
        with contextlib.suppress(RecordingError):  # the very pages that hold them are damaged
            counts, duration_s = recording.counts(), recording.duration_s
        labels: list[int] = []
        with contextlib.suppress(RecordingError):
            labels = damaged_labels(path)
        said = _sqlite_says(path)
        return Verdict(path, recording.schema, counts, duration_s, damaged, tuple(lost), tuple(labels), said)


def _joined(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    """The same times without overlaps."""
    joined: list[Gap] = []
    for gap in sorted(gaps, key=lambda each: each.start_s):
        if joined and gap.start_s <= joined[-1].end_s:
            joined[-1] = replace(joined[-1], end_s=max(joined[-1].end_s, gap.end_s))
        else:
            joined.append(gap)
    return tuple(joined)


def _sqlite_says(path: Path) -> tuple[str, ...]:
    try:
        with contextlib.closing(open_for_reading(path)[0]) as db:
            said = [row[0] for row in db.execute(f"PRAGMA integrity_check({SAID_AT_MOST})").fetchall()]
    except sqlite3.Error as error:
        return (str(error),)
    return () if said == ["ok"] else tuple(said)
