"""Parquet with the columns of canonical CSV, streamed. What `sitwell export` says of the session comes back too."""

import importlib
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from monitor.errors import FileFormatError, SitwellError
from monitor.storage.importers.canonical import ACC_COLUMNS, COLUMNS, GYR_COLUMNS, MOST_G
from monitor.storage.importers.writing import RATES_HZ, Content
from monitor.stream import Floats

META_KEY = b"sitwell"  # in the key-value metadata of the schema: a JSON object of the fields of Meta
MISSING = "Parquet needs the extra 'parquet': install it with pip install 'sitwell[parquet]'."

_ROWS = 65_536  # taken at a time
_MS2_PER_G = 9.80665
_KINDS = ("halffloat", "float", "double", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")


def arrow(path: Path) -> tuple[Any, Any]:
    """The modules pyarrow and pyarrow.parquet, which tell no types. Raises SitwellError if they are missing."""
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise SitwellError(f"{path}: {MISSING}") from error


def read_parquet(path: Path, zone: str = "", start: str = "") -> Content:
    """The rows of a Parquet file with COLUMNS in any order, the gyroscope's all there or left out; others are ignored.

    zone, start: IANA name, and date and time of time_s 0, for a file that does not tell. Raises FileFormatError here
    for the file and its columns, from `blocks` for its rows; SitwellError if pyarrow is missing.
    """
    table = _Table(path)
    told = table.told()
    started_utc_s, utc_offset_s = told.get("started_utc_s", 0.0), told.get("utc_offset_s", 0)
    if start or zone:
        from monitor.storage.importers.times import start_of

        started_ns, utc_offset_s = start_of(start, zone, path)
        started_utc_s = started_ns / 1_000_000_000
    return Content(
        told.get("sensor", "Parquet"),
        table.gyro,
        table.blocks(),
        started_utc_s=started_utc_s,
        zone=zone or told.get("zone", ""),
        utc_offset_s=utc_offset_s,
        rate_hz=told.get("rate_hz", 0.0),
        firmware=told.get("firmware", ""),
        read=lambda: table.read,
        understood=(
            "format        Parquet" + (", exported by sitwell" if told else ""),
            f"columns       {'7, with angular rate' if table.gyro else '4, without angular rate'}",
        ),
    )


class _Table:
    """The rows of a Parquet file in blocks, every one of them checked."""

    def __init__(self, path: Path) -> None:
        self._pa, self._parquet = arrow(path)
        self._path = path
        self._row = 0  # rows taken
        self._last_s = -math.inf
        self.read = 0  # bytes, as far as can be told
        try:
            self._size = path.stat().st_size
            with self._opened() as file:
                schema = file.schema_arrow
                self._rows: int = file.metadata.num_rows
        except self._errors() as error:
            raise self._damaged(error) from error
        self._metadata: Mapping[bytes, bytes] = schema.metadata or {}
        names: list[str] = list(schema.names)
        self.gyro = bool(set(names) & set(GYR_COLUMNS))
        self._columns = COLUMNS if self.gyro else ACC_COLUMNS
        for name in self._columns:
            if name not in names:
                message = f"column {name} is missing: needed are {', '.join(self._columns)}."
                raise FileFormatError(message, path)
            if names.count(name) > 1:
                raise FileFormatError(f"column {name} is there twice: leave one out.", path)
            kind = str(schema.field(name).type)
            if kind not in _KINDS:
                raise FileFormatError(f"column {name} holds {kind[:40]}: make it float64.", path)

    def told(self) -> dict[str, Any]:
        """What the file says of its session: fields of Meta that an import keeps, each of the right type."""
        text = self._metadata.get(META_KEY)
        if text is None:
            return {}
        try:
            given: object = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise self._untold() from error
        if not isinstance(given, dict):
            raise self._untold()
        fields = cast("dict[str, object]", given)
        told: dict[str, Any] = {}
        kinds = {"sensor": str, "zone": str, "firmware": str, "utc_offset_s": int, "started_utc_s": float}
        for name, kind in {**kinds, "rate_hz": float}.items():
            value = fields.get(name)
            if kind is float and type(value) is int:
                value = float(value) if abs(value) < 2**53 else math.nan
            if type(value) is not kind or (isinstance(value, float) and not math.isfinite(value)):
                raise self._untold()
            told[name] = value
        if not RATES_HZ[0] <= told["rate_hz"] <= RATES_HZ[1]:
            del told["rate_hz"]  # measured instead
        return told

    def blocks(self) -> Iterator[Floats]:
        """(n, 4) or (n, 7) with the columns in the order of COLUMNS, n >= 1."""
        try:
            with self._opened() as file:
                for batch in file.iter_batches(_ROWS, columns=list(self._columns), use_threads=False):
                    if batch.num_rows:
                        yield self._checked(batch)
        except self._errors() as error:
            raise self._damaged(error) from error
        if not self._row:
            raise FileFormatError("there are no rows in it: export it again.", self._path)

    def _opened(self) -> Any:
        return self._parquet.ParquetFile(self._path, buffer_size=2**20)

    def _errors(self) -> tuple[type[Exception], ...]:
        return self._pa.ArrowException, OSError, MemoryError, UnicodeDecodeError, OverflowError

    def _damaged(self, error: Exception) -> FileFormatError:
        if isinstance(error, OSError) and error.strerror:
            return FileFormatError(f"cannot be read ({error.strerror}): check its name and permissions.", self._path)
        at = f" after row {self._row}" if self._row else ""
        return FileFormatError(f"this is not whole Parquet{at}: export or copy it again.", self._path)

    def _untold(self) -> FileFormatError:
        return FileFormatError("what it says of its session cannot be read: export it again.", self._path)

    def _checked(self, batch: Any) -> Floats:
        columns: list[Floats] = []
        for name in self._columns:
            column = batch.column(name)
            if column.null_count:
                row = self._row + 1 + int(np.argmin(column.is_valid().to_numpy(zero_copy_only=False)))
                raise self._fault(row, f"{name} is empty: remove the row, a gap is allowed.")
            columns.append(column.cast(self._pa.float64()).to_numpy(zero_copy_only=False))
        rows = np.column_stack(columns)
        self._check(rows)
        if not self._row:
            median = float(np.median(np.linalg.norm(rows[:, 1:4], axis=1)))
            if abs(median - _MS2_PER_G) < 1.5:
                message = f"the median of |acc| is {median:.2f}; that looks like m/s²: divide by {_MS2_PER_G}."
                raise FileFormatError(message, self._path)
        self._row += len(rows)
        self._last_s = float(rows[-1, 0])
        self.read = int(self._size * min(self._row / max(self._rows, 1), 1.0))
        return rows

    def _check(self, rows: Floats) -> None:
        """Raise FileFormatError at the first row with a fault."""
        finite = np.isfinite(rows)
        inside = np.abs(rows[:, 1:4]) <= MOST_G
        later = rows[:, 0] > np.concatenate(([self._last_s], rows[:-1, 0]))
        good = finite.all(axis=1) & inside.all(axis=1) & later
        if good.all():
            return
        at = int(np.argmin(good))
        row = self._row + at + 1
        if not finite[at].all():
            column = int(np.argmin(finite[at]))
            what = f"{self._columns[column]} is {float(rows[at, column])}: remove the row, a gap is allowed."
        elif not inside[at].all():
            column = 1 + int(np.argmin(inside[at]))
            value = float(rows[at, column])
            what = f"{self._columns[column]} is {value!r} g, more than {MOST_G:.0f} g: are the values in g?"
        else:
            what = f"time_s {float(rows[at, 0])!r} is not after the row above: sort the rows, one a time."
        raise self._fault(row, what)

    def _fault(self, row: int, what: str) -> FileFormatError:
        return FileFormatError(f"row {row}: {what}", self._path)
