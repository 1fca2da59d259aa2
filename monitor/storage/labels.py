"""Labels: the marks made while wearing, with what was edited later laid over them.

A mark is a record, and a replay needs it as it was; so an edit goes into table `labels`, which no replay reads. The
marks have the numbers 1, 2, 3 … in the order of arrival, and labels added later go on from there; none is given twice.
"""

import contextlib
import json
import math
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias, TypeVar

from monitor.errors import RecordingError
from monitor.states.spoken import posture_named, words_of
from monitor.storage.schema import SCHEMA_VERSION, is_running, open_for_reading, readable, row_crc, upgrade
from monitor.stream import Posture

VOCABULARY: Final[Mapping[str, str]] = {
    "right": "the prompt here was right",
    "wrong": "the prompt here was wrong",
    Posture.SITTING.value: "I was sitting",
    Posture.STANDING.value: "I was standing",
    Posture.WALKING.value: "I was walking",
    Posture.LYING.value: "I was lying",
}  # any other text is a label too, and means none of these
# What may stand beside the one word that counts. Whatever corrects the posture model (monitor.seconds) is among these.
_BESIDE_POSTURE: Final = {"i", "am", "m", "im", "was", "now", "then", "here", "just", "really", "already", "still"}
_BESIDE_VERDICT: Final = {"the", "this", "that", "prompt", "alert", "it", "is", "was", "here", "really"}
_MARKS = "SELECT seq, t_s, label, note, {crc} FROM marks ORDER BY seq"
_BUSY_S = 5.0  # another process that edits is done in milliseconds
_DIGITS = 6  # of times, as those of samples

Meaning: TypeAlias = Literal["right", "wrong"] | Posture | None
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Label:
    """What the wearer says of [start_s, end_s) of session time; of a moment, where end_s == start_s."""

    number: int
    start_s: float
    end_s: float
    label: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class MarkRow:
    """A mark as the recording has it: number counts the marks, seq is that of table `marks`."""

    number: int
    seq: int
    t_s: float
    label: str
    note: str

    @property
    def as_label(self) -> Label:
        """The mark as a label, which nobody has edited."""
        return Label(self.number, self.t_s, self.t_s, self.label, self.note)


@dataclass(frozen=True, slots=True)
class Edit:
    """A row of table `labels`. mark: seq of the mark it stands for, None where there is none; label None: removed."""

    number: int
    mark: int | None
    start_s: float
    end_s: float
    label: str | None
    note: str

    @property
    def crc(self) -> int:
        """CRC-32 of the row as JSON."""
        row = [self.number, self.mark, self.start_s, self.end_s, self.label, self.note]
        return zlib.crc32(json.dumps(row).encode())

    @property
    def as_label(self) -> Label | None:
        """What it leaves to be seen."""
        return None if self.label is None else Label(self.number, self.start_s, self.end_s, self.label, self.note)


def meaning(label: str) -> Meaning:
    """What a label says: about the prompt here, or about the posture; None for any other text.

    'wrong', 'That was wrong.', 'standing' and 'I was standing.' are understood; 'not standing' is not.
    """
    posture, words = posture_named(label, _BESIDE_POSTURE), words_of(label)
    if posture is not None:
        return posture
    if "right" in words and _BESIDE_VERDICT.issuperset(set(words) - {"right"}):
        return "right"
    if "wrong" in words and _BESIDE_VERDICT.issuperset(set(words) - {"wrong"}):
        return "wrong"
    return None


def overlay(marks: Iterable[MarkRow], edits: Iterable[Edit]) -> list[Label]:
    """The marks with the edits laid over them, in order of time. Marks without a time can be nowhere."""
    seen: dict[int, Label | None] = {mark.number: mark.as_label for mark in marks if not math.isnan(mark.t_s)}
    numbers = {mark.seq: mark.number for mark in marks}
    for edit in edits:
        number = edit.number if edit.mark is None else numbers.get(edit.mark, edit.number)
        label = edit.as_label
        seen[number] = replace(label, number=number) if label else None
    return sorted((label for label in seen.values() if label), key=lambda each: (each.start_s, each.number))


# ---------------------------------------------------------------- reading


def labels(path: Path | str) -> list[Label]:
    """All labels of a recording, in order of time; works for every schema, and while it is being recorded.

    What is damaged is left out: a mark, or the edit of one, which is then as it was made. Raises RecordingError.
    """
    with contextlib.closing(open_for_reading(Path(path))[0]) as db, readable(Path(path)):
        return overlay(_marks(db), _edits(db)[0])


def damaged(path: Path | str) -> list[int]:
    """Numbers of the edits that are damaged. Raises RecordingError where the file cannot be read at all."""
    with contextlib.closing(open_for_reading(Path(path))[0]) as db, readable(Path(path)):
        return _edits(db)[1]


def _marks(db: sqlite3.Connection) -> list[MarkRow]:
    """Every mark that is whole; a damaged one keeps its number to itself."""
    marks: list[MarkRow] = []
    rows = db.execute(_MARKS.format(crc="crc" if _schema(db) > 1 else "NULL")).fetchall()
    for number, (seq, t_s, label, note, told) in enumerate(rows, 1):
        time_s = math.nan if t_s is None else t_s
        if told is None or told == row_crc(time_s, label, note):
            marks.append(MarkRow(number, seq, time_s, label, note))
    return marks


def _edits(db: sqlite3.Connection) -> tuple[list[Edit], list[int]]:
    """(edits that are whole, numbers of those that are damaged)."""
    if _schema(db) < 3:
        return [], []
    whole: list[Edit] = []
    lost: list[int] = []
    for *row, crc in db.execute("SELECT number, mark, start_s, end_s, label, note, crc FROM labels ORDER BY number"):
        edit = Edit(*row)
        try:
            sound = edit.crc == crc
        except TypeError:  # bytes where there was text
            sound = False
        if sound:
            whole.append(edit)
        else:
            lost.append(edit.number)
    return whole, lost


def _schema(db: sqlite3.Connection) -> int:
    return db.execute("PRAGMA user_version").fetchone()[0]


# ---------------------------------------------------------------- writing


def refuse_running(path: Path) -> None:
    """Raises RecordingError while the recording is being made: its marks still come."""
    if is_running(path):
        raise RecordingError(f"{path} is being recorded: end the session first, then label it.", path)


def add(path: Path | str, start_s: float, end_s: float, label: str, note: str = "") -> Label:
    """A new label on [start_s, end_s), or on a moment. Raises RecordingError, and changes nothing, if it cannot be."""
    wanted = _sound(Path(path), Label(0, start_s, end_s, label, note))

    def work(db: sqlite3.Connection) -> Label:
        (number,) = db.execute(
            "SELECT max((SELECT count(*) FROM marks), (SELECT coalesce(max(number), 0) FROM labels)) + 1"
        ).fetchone()
        added = replace(wanted, number=number)
        _write(db, None, added.number, added)
        return added

    return _edited(Path(path), work)


def change(
    path: Path | str,
    number: int,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    label: str | None = None,
    note: str | None = None,
) -> Label:
    """Give a label another time, text or note; None leaves it. Raises RecordingError if there is no such label."""
    wanted = {"start_s": start_s, "end_s": end_s, "label": label, "note": note}
    changes = {name: value for name, value in wanted.items() if value is not None}

    def work(db: sqlite3.Connection) -> Label:
        mark, present = _find(Path(path), db, number)
        changed = _sound(Path(path), replace(present, **changes))
        _write(db, mark, number, changed)
        return changed

    return _edited(Path(path), work)


def remove(path: Path | str, number: int) -> Label:
    """Remove a label; gives what it was. Raises RecordingError if there is no such label."""

    def work(db: sqlite3.Connection) -> Label:
        mark, present = _find(Path(path), db, number)
        _write(db, mark, number, None)
        return present

    return _edited(Path(path), work)


def restore(path: Path | str, label: Label) -> None:
    """Put a label back as it was, changed or removed since: what undo does. Raises RecordingError if it never was."""
    wanted = _sound(Path(path), label)

    def work(db: sqlite3.Connection) -> None:
        mark = next((each for each in _marks(db) if each.number == label.number), None)
        row = db.execute("SELECT 1 FROM labels WHERE number = ?", (label.number,)).fetchone()
        if mark is None and row is None:
            raise _unknown(Path(path), label.number)
        _write(db, mark, label.number, wanted)

    _edited(Path(path), work)


def _find(path: Path, db: sqlite3.Connection, number: int) -> tuple[MarkRow | None, Label]:
    marks = _marks(db)
    found = next((each for each in overlay(marks, _edits(db)[0]) if each.number == number), None)
    if found is None:
        raise _unknown(path, number)
    return next((each for each in marks if each.number == number), None), found


def _unknown(path: Path, number: int) -> RecordingError:
    return RecordingError(f"{path.name} has no label {number}: `sitwell label {path} --list` tells those it has.", path)


def _write(db: sqlite3.Connection, mark: MarkRow | None, number: int, label: Label | None) -> None:
    """One row says how the label is now, and none a mark that is as it was made; label None: removed."""
    if mark is not None:
        db.execute("DELETE FROM labels WHERE mark = ?", (mark.seq,))
        if label == mark.as_label:
            return
    seen = label or Label(number, mark.t_s if mark else 0.0, mark.t_s if mark else 0.0, "")
    edit = Edit(number, mark.seq if mark else None, seen.start_s, seen.end_s, label.label if label else None, seen.note)
    row = (edit.number, edit.mark, edit.start_s, edit.end_s, edit.label, edit.note, edit.crc)
    db.execute("INSERT OR REPLACE INTO labels VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def _sound(path: Path, label: Label) -> Label:
    """The label as it is kept: times to 1e-6 s, text on one line."""
    start_s, end_s = round(float(label.start_s), _DIGITS), round(float(label.end_s), _DIGITS)
    text = " ".join(label.label.split())
    if not text:
        words = ", ".join(VOCABULARY)
        raise RecordingError(f"A label says something: write {words}, or words of your own.", path)
    if not (math.isfinite(start_s) and math.isfinite(end_s) and start_s <= end_s):
        raise RecordingError("A label ends before it begins: give its earlier time first.", path)
    return replace(label, start_s=start_s, end_s=end_s, label=text, note=" ".join(label.note.split()))


def _edited(path: Path, work: Callable[[sqlite3.Connection], _T]) -> _T:
    """Do this in one transaction, on the present schema. It is on the disk when this returns."""
    with contextlib.closing(open_for_reading(path)[0]) as opened:
        schema = _schema(opened)
    refuse_running(path)
    try:
        if schema < SCHEMA_VERSION:
            upgrade(path)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S)) as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                done = work(db)
                db.execute("COMMIT")
            finally:
                if db.in_transaction:
                    db.execute("ROLLBACK")
            return done
    except (sqlite3.Error, OSError) as error:
        message = (
            f"{path} cannot be written ({error}): check its permissions and its disk; its labels are as they were."
        )
        raise RecordingError(message, path) from error


# ---------------------------------------------------------------- recordings made of recordings


def carry(
    source: Path | str,
    out: Path | str,
    *,
    by_s: float = 0.0,
    start_s: float = -math.inf,
    end_s: float = math.inf,
    unnamed: Callable[[str], str] | None = None,
) -> int:
    """Lay what was edited in [start_s, end_s) of `source` over the marks of `out`, a recording made of it, by_s later.

    unnamed: what a label becomes where nothing may tell who or where; notes go then. Gives how many edits there were.
    Raises RecordingError.
    """
    with contextlib.closing(open_for_reading(Path(source))[0]) as db, readable(Path(source)):
        marks, edits = _marks(db), _edits(db)[0]
    if not edits:
        return 0

    def work(target: sqlite3.Connection) -> int:
        pairs = _counterparts([mark for mark in marks if start_s <= mark.t_s < end_s], _marks(target), by_s)
        (number,) = target.execute(
            "SELECT max((SELECT count(*) FROM marks), (SELECT coalesce(max(number), 0) FROM labels))"
        ).fetchone()
        carried = 0
        for edit in edits:
            mark = pairs.get(edit.mark) if edit.mark is not None else None
            inside = edit.start_s < end_s and (edit.end_s > start_s or edit.start_s >= start_s)
            if mark is None and (edit.label is None or not inside):
                continue
            if mark is None:
                number += 1
            low, high = (min(max(each, start_s), end_s) + by_s for each in (edit.start_s, edit.end_s))
            text, note = edit.label or "", "" if unnamed else edit.note
            label = Label(mark.number if mark else number, low, high, unnamed(text) if unnamed else text, note)
            kept = None if edit.label is None or not inside else _sound(Path(out), label)
            _write(target, mark, label.number, kept)
            carried += 1
        return carried

    return _edited(Path(out), work)


def _counterparts(marks: Sequence[MarkRow], theirs: Sequence[MarkRow], by_s: float) -> dict[int, MarkRow]:
    """Of each mark's seq, the same mark in the other recording, where it stands by_s later."""
    left = list(theirs)
    pairs: dict[int, MarkRow] = {}
    for mark in marks:
        same = next((each for each in left if abs(each.t_s - mark.t_s - by_s) < 1.5 * 10.0**-_DIGITS), None)
        if same is not None:
            pairs[mark.seq] = same
            left.remove(same)
    return pairs
