"""Canonical CSV, streamed, so that memory does not depend on its length.

Whole blocks are parsed at once, correctly rounded. A block with anything wrong in it is read again line by line, which
finds the first fault and its line. A refused file leaves nothing behind.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from monitor.errors import FileFormatError
from monitor.storage.importers.parsing import NUMBER, Grid, read_fast, short, whole_lines
from monitor.storage.importers.writing import Content, ImportReport, Progress, write_recording
from monitor.storage.schema import refuse_existing
from monitor.stream import Floats

ACC_COLUMNS = ("time_s", "acc_x_g", "acc_y_g", "acc_z_g")
GYR_COLUMNS = ("gyr_x_dps", "gyr_y_dps", "gyr_z_dps")
COLUMNS = ACC_COLUMNS + GYR_COLUMNS

MOST_G = 50.0  # no sensor for people measures more
_MS2_PER_G = 9.80665
_BLOCK_BYTES = 4 * 2**20
_LINE_BYTES = 2**16


def import_csv(
    csv_path: Path | str,
    out_path: Path | str,
    *,
    progress: Progress | None = None,
) -> ImportReport:
    """Read canonical CSV (COLUMNS in any order, the gyroscope's left out or all there) into a new recording.

    progress(bytes read, bytes in all) is called after each block. Raises FileFormatError, with the line, if the file is
    not as it should be, RecordingError if `out_path` exists or cannot be written; nothing is left behind then.
    """
    csv_path, out_path = Path(csv_path), Path(out_path)
    refuse_existing(out_path)
    return write_recording(read_canonical(csv_path), csv_path, out_path, progress)


def read_canonical(path: Path, zone: str = "", start: str = "") -> Content:
    """The rows of canonical CSV. zone, start: IANA name, and date and time of time_s 0, which the file does not tell.

    Raises FileFormatError, with the line, here for the header, else from `blocks`.
    """
    started_ns = offset_s = 0
    if start or zone:
        from monitor.storage.importers.times import start_of

        started_ns, offset_s = start_of(start, zone, path)
    table = _Table(path)
    columns = "7, with angular rate" if table.gyro else "4, without angular rate"
    return Content(
        "canonical CSV",
        table.gyro,
        table.blocks(),
        started_utc_s=started_ns / 1_000_000_000,
        zone=zone,
        utc_offset_s=offset_s,
        read=lambda: table.read,
        understood=("format        canonical CSV", f"columns       {columns}"),
    )


class _Table:
    """The rows of a canonical CSV file in blocks, every one of them checked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.line = 1  # of the last line taken
        self.read = 0  # bytes
        self._last_s = -np.inf
        self._any = False
        try:
            with path.open("rb") as file:
                names = self._header(file.readline(_LINE_BYTES))
                self._offset = file.tell()
        except OSError as error:
            raise self._unreadable(error) from error
        self.gyro = len(names) == len(COLUMNS)
        self._names = names
        self._order = [names.index(name) for name in (COLUMNS if self.gyro else ACC_COLUMNS)]
        self._grid = Grid(",", tuple(names), tuple(self._order))

    def blocks(self) -> Iterator[Floats]:
        """(n, 4) or (n, 7) with the columns in the order of COLUMNS, n >= 1."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                for data in whole_lines(file, self._path, self.line, _BLOCK_BYTES):
                    self.read = file.tell()
                    yield from self._rows(data)
        except OSError as error:
            raise self._unreadable(error) from error
        if not self._any:
            raise FileFormatError("there are no rows below the header: export it again.", self._path, self.line)

    def _unreadable(self, error: OSError) -> FileFormatError:
        message = f"cannot be read ({error.strerror or error}): check its name and permissions."
        return FileFormatError(message, self._path)

    def _header(self, first: bytes) -> list[str]:
        if not first:
            raise FileFormatError("the file is empty: export it again.", self._path)
        try:
            text = first.decode("utf-8-sig").strip()
        except UnicodeDecodeError as error:
            raise FileFormatError("the header is not UTF-8 text: save the file as UTF-8.", self._path, 1) from error
        names = [name.strip() for name in text.split(",")]
        if len(names) == 1 and len(re.split("[;\t]", text)) > 1:
            raise FileFormatError("the columns must be separated by commas.", self._path, 1)
        for name in names:
            if name not in COLUMNS:
                raise FileFormatError(f"unknown column {short(name)}: {_nearest(name)}.", self._path, 1)
            if names.count(name) > 1:
                raise FileFormatError(f"column {name} is there twice: leave one out.", self._path, 1)
        wanted = COLUMNS if set(names) & set(GYR_COLUMNS) else ACC_COLUMNS
        missing = [name for name in wanted if name not in names]
        if missing:
            raise FileFormatError(f"column {missing[0]} is missing: needed are {', '.join(wanted)}.", self._path, 1)
        return names

    def _rows(self, data: bytes) -> Iterator[Floats]:
        block = read_fast(data, self.line, self._grid)
        rows = None if block is None else block.numbers
        if rows is None:
            rows = self._parse_slowly(data)
        elif len(rows):
            if not self._any:
                self._check_units(rows)
            inside = (np.abs(rows[:, 1:4]) <= MOST_G).all()
            if not (inside and rows[0, 0] > self._last_s and (rows[1:, 0] > rows[:-1, 0]).all()):
                rows = self._parse_slowly(data)
        self.line += data.count(b"\n")
        if len(rows):
            self._any = True
            self._last_s = float(rows[-1, 0])
            yield rows

    def _parse_slowly(self, data: bytes) -> Floats:
        """The same line by line; raises FileFormatError at the first fault."""
        rows: list[list[float]] = []
        last_s = self._last_s
        for line, text in enumerate(data.split(b"\n"), self.line + 1):
            if not text.strip():
                continue
            values = self._fields(text, line)
            row = [values[place] for place in self._order]
            if row[0] <= last_s:
                what = "is there twice" if row[0] == last_s else f"goes back from {last_s!r}"
                raise FileFormatError(f"time_s {row[0]!r} {what}: sort the rows, one a time.", self._path, line)
            last_s = row[0]
            for name, value in zip(ACC_COLUMNS[1:], row[1:4], strict=True):
                if abs(value) > MOST_G:
                    message = f"{name} is {value!r} g, more than {MOST_G:.0f} g: are the values in g?"
                    raise FileFormatError(message, self._path, line)
            rows.append(row)
        table = np.array(rows, dtype=np.float64).reshape(-1, len(self._names))
        if not self._any and len(table):
            self._check_units(table)
        return table

    def _fields(self, text: bytes, line: int) -> Sequence[float]:
        try:
            fields = [field.strip() for field in text.decode().split(",")]
        except UnicodeDecodeError as error:
            raise FileFormatError("this is not UTF-8 text: save the file as UTF-8.", self._path, line) from error
        if len(fields) != len(self._names):
            message = f"{len(fields)} fields, but the header has {len(self._names)}: complete or remove the line."
            raise FileFormatError(message, self._path, line)
        for name, field in zip(self._names, fields, strict=True):
            if not field:
                raise FileFormatError(f"{name} is empty: remove the line.", self._path, line)
            if re.fullmatch(r"[+-]?(nan|inf|infinity)", field, re.IGNORECASE):
                raise FileFormatError(f"{name} is {field}: remove the line, a gap is allowed.", self._path, line)
            if not NUMBER.fullmatch(field):
                raise FileFormatError(f"{name} is {short(field)}, not a number: correct it.", self._path, line)
            if not np.isfinite(float(field)):
                raise FileFormatError(f"{name} is {short(field)}, too large: correct it.", self._path, line)
        return [float(field) for field in fields]

    def _check_units(self, rows: Floats) -> None:
        median = float(np.median(np.linalg.norm(rows[:, 1:4], axis=1)))
        if abs(median - _MS2_PER_G) < 1.5:
            message = f"the median of |acc| is {median:.2f}; that looks like m/s²: divide by {_MS2_PER_G}."
            raise FileFormatError(message, self._path)


def _nearest(name: str) -> str:
    close = difflib.get_close_matches(name.lower(), COLUMNS, n=1, cutoff=0.5)
    return f"{close[0]} may be meant" if close else f"known are {', '.join(COLUMNS)}"
