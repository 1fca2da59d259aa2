"""Any delimited text by a Mapping: which columns hold time, acceleration and angular rate, and in what units.

The file is read in blocks, so that memory does not depend on its length. A file is refused in one sentence, with the
line of its first fault. Values are the file's, divided by the unit once and correctly rounded.
"""

import itertools
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.errors import FileFormatError
from monitor.storage.importers.head import Head, head_of
from monitor.storage.importers.mapping import ACC_UNITS, GYR_UNITS, Mapping, Tally, listed
from monitor.storage.importers.parsing import Block, Grid, Texts, read_fast, read_slowly, short, whole_lines
from monitor.storage.importers.stamps import NS
from monitor.storage.importers.times import FORMS, Origin, Times
from monitor.storage.importers.writing import GAP_S, Content
from monitor.stream import Floats

MOST_G = 50.0  # no sensor for people measures more
MOST_DPS = 1e5
BLOCK_BYTES = 4 * 2**20
_COARSE = 0.5  # of the rows of a block: more than these share their time with the row before


def read_mapped(
    path: Path, mapping: Mapping, gyr_path: Path | None = None, gyr_mapping: Mapping | None = None
) -> Content:
    """The rows of a file, those of a second one with the angular rate interpolated at their times.

    Raises FileFormatError, with the line where there is one, here for the head and the first block, else from `blocks`.
    """
    tally = Tally(remarks=[mapping.remark] if mapping.remark else [])
    table = Table(path, mapping, tally)
    rows = _primed(table.rows())
    if gyr_path is not None:
        from monitor.storage.importers.pairing import paired

        if table.gyro:
            raise FileFormatError("the file has angular rate already: leave --gyr-file out.", path)
        other = Table(gyr_path, gyr_mapping or mapping, Tally(), table.times.origin)
        rows = paired(rows, _primed(other.rows()), tally, path, gyr_path)
        rows = _primed(rows)
    elif mapping.acc is None:
        raise FileFormatError("there is no acceleration in the file: name its columns with --acc X,Y,Z.", path)
    origin = table.times.origin
    return Content(
        sensor=mapping.sensor,
        gyro=table.gyro or gyr_path is not None,
        blocks=rows,
        started_utc_s=origin.started_ns / NS,
        zone=mapping.zone,
        utc_offset_s=origin.offset_s,
        rate_hz=mapping.rate_hz if not mapping.time else 0.0,
        firmware=mapping.firmware,
        read=table.tell,
        understood=table.understood(),
        notes=tally.notes,
    )


class Table:
    """The rows of one file by a Mapping: t_s, then three or six values in g and deg/s."""

    def __init__(self, path: Path, mapping: Mapping, tally: Tally, origin: Origin | None = None) -> None:
        self.path = path
        self._mapping = mapping
        self._tally = tally
        self.head: Head = head_of(path, mapping)
        self.gyro = mapping.gyr is not None
        groups = [(mapping.acc, mapping.acc_unit, ACC_UNITS), (mapping.gyr, mapping.gyr_unit, GYR_UNITS)]
        self._places = [self._place(name) for names, _, _ in groups if names for name in names]
        self._divisors = np.repeat([_divisor(unit, known, path) for names, unit, known in groups if names], 3)
        shown = "".join(self.head.row[self._place(name)] for name in mapping.time if self.head.row)
        self._form = FORMS[mapping.time_form or ("iso" if ":" in shown else "s")]
        form = self._form
        stamps = tuple(self._place(name) for name in mapping.time)
        clock = (self._place(mapping.clock),) if mapping.clock else ()
        numbers = (*self._places, *(stamps if form.relative else ()))
        device = (self._place(mapping.device),) if mapping.device else ()
        texts = (*(() if form.relative else stamps), *clock, *device)
        self._grid = Grid(
            self.head.delimiter,
            self.head.names,
            numbers,
            texts,
            self.head.decimal_comma,
            mapping.drop_missing,
            self.head.encoding,
        )
        self._acc = mapping.acc is not None
        self._read = 0
        self._latest_s = -math.inf
        self._device = mapping.only.encode() if mapping.device else b""
        self.times = Times(form, mapping, path, origin)

    def tell(self) -> int:
        """Bytes read so far."""
        return self._read

    def understood(self) -> tuple[str, ...]:
        """What was made of the columns, a line each."""
        mapping, names = self._mapping, self.head.names

        def named(columns: tuple[str, ...]) -> str:
            return ", ".join(names[self._place(column)] for column in columns)

        delimiter = {"\t": "tabs", " ": "blanks", ",": "commas", ";": "semicolons"}.get(self.head.delimiter, "others")
        comma = " and decimal commas" if self.head.decimal_comma else ""
        lines = [
            f"columns       {len(names)}, separated by {delimiter}{comma}; the rows start at line {self.head.first}"
        ]
        if mapping.time:
            lines.append(f"time          {named(mapping.time)}: {self._form.words}")
        else:
            lines.append(f"time          none: {mapping.rate_hz:g} rows a second")
        if mapping.acc:
            lines.append(f"acceleration  {named(mapping.acc)}: {_unit_words(mapping.acc_unit, 'g')}")
        if mapping.gyr:
            lines.append(f"angular rate  {named(mapping.gyr)}: {_unit_words(mapping.gyr_unit, 'deg/s')}")
        return tuple(lines)

    def rows(self) -> Iterator[Floats]:
        """Blocks (n, 4) or (n, 7), n >= 1, times strictly increasing."""
        none = True
        for block, fault in self._blocks():
            if len(block.lines):
                rows = self._take(block)
                if len(rows):
                    none = False
                    yield rows
            if fault is not None:
                raise fault
        if none and self._mapping.only:
            message = f"there are no rows of the sensor {short(self._mapping.only)}: give --device as it stands there."
            raise FileFormatError(message, self.path)
        if none:
            message = "there are no rows below the header: export it again."
            raise FileFormatError(message, self.path, self.head.first - 1)

    def _blocks(self) -> Iterator[tuple[Block, FileFormatError | None]]:
        try:
            with self.path.open("rb") as file:
                line = self.head.first - 1
                file.seek(self.head.offset)
                for data in whole_lines(file, self.path, line, BLOCK_BYTES):
                    self._read = file.tell()
                    block = read_fast(data, line, self._grid)
                    yield (block, None) if block is not None else read_slowly(data, line, self._grid, self.path)
                    line += data.count(b"\n")
        except OSError as error:
            message = f"cannot be read ({error.strerror or error}): check its name and permissions."
            raise FileFormatError(message, self.path) from error

    def _take(self, block: Block) -> Floats:
        self._tally.rows += len(block.lines)
        full: NDArray[np.bool_] = np.asarray(np.isfinite(block.numbers).all(axis=1))
        if not full.all():
            self._tally.missing += int((~full).sum())
            block = block.part(full)
        if self._mapping.device:
            block = self._one_device(block)
        if not len(block.lines):
            return np.empty((0, 1 + len(self._places)))
        first = not math.isfinite(self._latest_s)
        t_s = self.times.take(block, len(self._places))
        values = block.numbers[:, : len(self._places)] / self._divisors
        self._check(values, block)
        kept = self._increasing(t_s, block)
        rows = np.column_stack((t_s, values))
        if first:
            self._look(rows[kept])
            if self.times.zoneless:
                self._tally.remarks.append("The times tell no zone and are taken as they stand: --zone NAME tells it.")
        return rows if kept.all() else rows[kept]

    def _one_device(self, block: Block) -> Block:
        names: Texts = np.char.strip(block.texts[-1])
        if not len(names):
            return block
        self._device = self._device or bytes(names[0])
        same: NDArray[np.bool_] = np.equal(names, self._device)
        if self._mapping.only:
            return block.part(same)
        if not same.all():
            other = int(np.argmin(same))
            both = " and ".join(short(each.decode("utf-8", "replace")) for each in (self._device, bytes(names[other])))
            message = f"the file holds several sensors, {both}: choose one with --device."
            raise FileFormatError(message, self.path, int(block.lines[other]))
        return block

    def _increasing(self, t_s: Floats, block: Block) -> NDArray[np.bool_]:
        latest = np.maximum.accumulate(np.concatenate(([self._latest_s], t_s)))
        kept = t_s > latest[:-1]
        if not kept.all():
            bad = latest[:-1] - t_s > GAP_S if self._mapping.drop_late else ~kept
            if bad.any():
                row = int(np.argmax(bad))
                name = self.head.names[self._place(self._mapping.time[-1])]
                by = float(latest[row] - t_s[row])
                what = "is that of a row above" if by == 0.0 else f"is {by:.6g} s before that of a row above"
                hint = self.times.hint
                raise FileFormatError(
                    f"{name} {what}: sort the rows, one a time{hint}.", self.path, int(block.lines[row])
                )
            self._tally.late += int((~kept).sum())
            if not math.isfinite(self._latest_s) and len(t_s) > 20 and kept.mean() < _COARSE:
                message = "most rows share their time with another: leave the time out and give --rate HZ."
                raise FileFormatError(message, self.path, int(block.lines[0]))
        self._latest_s = float(latest[-1])
        return kept

    def _check(self, values: Floats, block: Block) -> None:
        most = np.repeat([MOST_G] * self._acc + [MOST_DPS] * self.gyro, 3)
        bad = np.abs(values) > most
        if bad.any():
            row, column = (int(place[0]) for place in np.nonzero(bad))
            name, unit = self.head.names[self._places[column]], "g" if most[column] == MOST_G else "deg/s"
            option = "--acc-unit" if unit == "g" else "--gyr-unit"
            message = f"{name} is {values[row, column]:.6g} {unit}, more than any sensor measures: is {option} right?"
            raise FileFormatError(message, self.path, int(block.lines[row]))

    def _look(self, rows: Floats) -> None:
        """Whether the first rows can be what the mapping says."""
        if len(rows) > 1 and self._mapping.most_hz:
            step_s = float(np.median(np.diff(rows[:, 0])))
            if step_s * self._mapping.most_hz < 0.5:
                message = (
                    f"the time steps by {step_s:.3g} s, too fast for the {self._mapping.sensor}: "
                    "name the columns with --time, --acc and --gyr."
                )
                raise FileFormatError(message, self.path, self.head.first)
        if self._acc and len(rows):
            median = float(np.median(np.linalg.norm(rows[:, 1:4], axis=1)))
            for unit, per_g in ACC_UNITS.items():
                if unit != "g" and abs(median / per_g - 1.0) < 0.15 and abs(median - 1.0) > 0.5:
                    message = f"the median of |acc| is {median:.2f} g; that looks like {unit}: give --acc-unit {unit}."
                    raise FileFormatError(message, self.path)
            if not 0.7 < median < 1.4:
                self._tally.remarks.append(
                    f"The median of |acc| is {median:.2f} g in the first rows, and 1 g is at rest: check --acc-unit."
                )

    def _place(self, name: str) -> int:
        names = self.head.names
        if name in names:
            return names.index(name)
        if name.isdecimal() and 1 <= int(name) <= len(names):
            return int(name) - 1
        raise FileFormatError(
            f"there is no column {short(name)}: found are {listed(names)}.", self.path, self.head.line
        )


def _primed(rows: Iterator[Floats]) -> Iterator[Floats]:
    """The same rows, with the first block read already."""
    first = next(rows)
    return itertools.chain((first,), rows)


def _divisor(unit: str, known: dict[str, float], path: Path) -> float:
    if unit in known:
        return known[unit]
    try:
        counts = float(unit)
    except ValueError:
        counts = 0.0
    if not 0.0 < counts < math.inf:
        raise FileFormatError(f"unknown unit {short(unit)}: give {', '.join(known)} or the counts of one.", path)
    return counts


def _unit_words(unit: str, of: str) -> str:
    return unit if unit in ACC_UNITS or unit in GYR_UNITS else f"{unit} counts are 1 {of}"
