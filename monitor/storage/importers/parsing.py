"""Blocks of delimited text -> columns, exactly as Python reads each number: fast where all is well, else line by line.

pyarrow parses a block four times as fast as NumPy and is used where it is installed (extra `parquet`). Both round
correctly, so that the numbers are the same to the last bit. What either does not take goes to the other, then to
`read_slowly`, which alone decides what is a fault, and says where.
"""

import csv
import functools
import importlib
import importlib.util
import io
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from monitor.errors import FileFormatError
from monitor.stream import Floats

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
MISSING = re.compile(r"|[+-]?nan|null|none|n/?a|-+", re.IGNORECASE)
TEXT_BYTES = 64
_LINE_BYTES = 2**16
_ARROW_BYTES = 2**17  # importing pyarrow takes longer than reading less than this
_BLANK = re.compile(rb"\n(?:[ \t]*\n)+")
_BLANKS = re.compile(rb"[ \t]+")

Texts = NDArray[np.bytes_]


@dataclass(frozen=True, slots=True)
class Grid:
    """How the rows of a file are laid out.

    delimiter     : one character; " " for any run of blanks
    names         : of the columns, as many as a row has fields
    numbers       : places of the columns read as numbers; texts: of those taken as they stand
    decimal_comma : 1,5 is one and a half
    skip_missing  : rows with an empty number or NaN are left out; otherwise they are a fault
    encoding      : of the file
    """

    delimiter: str
    names: tuple[str, ...]
    numbers: tuple[int, ...]
    texts: tuple[int, ...] = ()
    decimal_comma: bool = False
    skip_missing: bool = False
    encoding: str = "utf-8"


@dataclass(frozen=True, slots=True)
class Block:
    """lines (n,): line of each row, from 1; numbers (n, k), NaN where missing; texts: k arrays (n,)."""

    lines: NDArray[np.int64]
    numbers: Floats
    texts: tuple[Texts, ...]

    def part(self, kept: NDArray[np.bool_]) -> "Block":
        """The rows that are marked."""
        return self if kept.all() else Block(self.lines[kept], self.numbers[kept], tuple(t[kept] for t in self.texts))


def whole_lines(file: BinaryIO, path: Path, line: int, block_bytes: int) -> Iterator[bytes]:
    """The rest of the file in blocks of whole lines, each ending with a newline; `line`: that of the last one read."""
    rest = b""
    data = file.read(block_bytes)
    while data:
        following = file.read(block_bytes)
        if not following and not data.endswith(b"\n"):
            data += b"\n"
        whole, newline, tail = data.rpartition(b"\n")
        whole = rest + whole + newline if newline else b""
        rest = tail if newline else rest + tail
        if len(rest) > _LINE_BYTES:
            raise FileFormatError("the line does not end: this is no CSV file.", path, line + 1 + whole.count(b"\n"))
        if whole:
            yield whole
            line += whole.count(b"\n")
        data = following


def read_fast(data: bytes, line: int, grid: Grid) -> Block | None:
    """The rows of whole lines that follow line `line`; None if anything in them is unusual."""
    if b'"' in data or b"\0" in data:
        return None
    lines = None
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
        if b"\r" in data:
            return None
    if _BLANK.search(b"\n" + data):
        filled = [number for number, text in enumerate(data.split(b"\n"), line + 1) if text.strip()]
        lines = np.array(filled, dtype=np.int64)
        data = _BLANK.sub(b"\n", b"\n" + data)[1:]
    delimiter = grid.delimiter
    if delimiter == " ":
        data, delimiter = b"\n".join(_BLANKS.sub(b"\t", text.strip()) for text in data.split(b"\n")), "\t"
    if grid.decimal_comma:
        data = data.replace(b",", b".")
    rows = data.count(b"\n")
    if rows == 0:
        none = np.empty(0, dtype=f"S{TEXT_BYTES}")
        return Block(np.empty(0, dtype=np.int64), np.empty((0, len(grid.numbers))), tuple(none for _ in grid.texts))
    found = None
    if len(data) >= _ARROW_BYTES and arrow_csv() is not None:
        found = _with_arrow(data, delimiter, grid)
    if found is None:
        found = _with_numpy(data, delimiter, grid)
    if found is None or len(found[0]) != rows or (lines is not None and len(lines) != rows):
        return None
    if not np.isfinite(found[0]).all():
        return None
    if any((np.char.str_len(text) >= TEXT_BYTES).any() for text in found[1]):
        return None
    return Block(np.arange(line + 1, line + 1 + rows) if lines is None else lines, *found)


@functools.cache
def arrow_csv() -> Any:
    """The CSV reader of pyarrow, None where it is not installed."""
    if importlib.util.find_spec("pyarrow") is None:
        return None
    try:
        return importlib.import_module("pyarrow.csv")
    except ImportError:  # broken, or older than this Python
        return None


def _with_arrow(data: bytes, delimiter: str, grid: Grid) -> tuple[Floats, tuple[Texts, ...]] | None:
    if data.startswith(b"\xef\xbb\xbf"):  # Arrow would pass over it
        return None
    arrow, reader = importlib.import_module("pyarrow"), arrow_csv()
    kinds = {str(place): arrow.float64() for place in grid.numbers}
    kinds |= {str(place): arrow.binary() for place in grid.texts}
    try:
        table = reader.read_csv(
            arrow.BufferReader(data),
            read_options=reader.ReadOptions(
                column_names=[str(place) for place in range(len(grid.names))], use_threads=False, block_size=len(data)
            ),
            parse_options=reader.ParseOptions(delimiter=delimiter, quote_char=False, ignore_empty_lines=False),
            convert_options=reader.ConvertOptions(
                column_types=kinds, include_columns=list(kinds), null_values=[], strings_can_be_null=False
            ),
        )
    except (arrow.ArrowInvalid, arrow.ArrowKeyError):
        return None
    columns = [_floats(table[str(place)].chunks) for place in grid.numbers]
    numbers: Floats = np.stack(columns, axis=1) if columns else np.empty((len(table), 0))
    texts = tuple(np.array(table[str(place)].to_pylist(), dtype=f"S{TEXT_BYTES}") for place in grid.texts)
    return numbers, texts


def _floats(chunks: Any) -> Floats:
    """As `to_numpy`, which imports pandas."""
    parts = [np.frombuffer(chunk.buffers()[1])[chunk.offset : chunk.offset + len(chunk)] for chunk in chunks]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _with_numpy(data: bytes, delimiter: str, grid: Grid) -> tuple[Floats, tuple[Texts, ...]] | None:
    whole = sorted(grid.numbers) == list(range(len(grid.names)))
    if not whole and not _even(data, delimiter, len(grid.names)):
        return None
    try:
        text = io.StringIO(data.decode(grid.encoding))
        if whole:
            rows = np.loadtxt(text, delimiter=delimiter, comments=None, ndmin=2)
            return (rows[:, list(grid.numbers)], ()) if rows.shape[1] == len(grid.names) else None
        with warnings.catch_warnings(action="ignore", category=UserWarning):  # no rows: the caller counts them
            if not grid.texts:
                rows = np.loadtxt(text, delimiter=delimiter, comments=None, ndmin=2, usecols=grid.numbers)
                return rows, ()
            places = sorted((*grid.numbers, *grid.texts))
            kinds = [(str(place), "f8" if place in grid.numbers else f"S{TEXT_BYTES}") for place in places]
            table = np.loadtxt(text, dtype=kinds, delimiter=delimiter, comments=None, ndmin=1, usecols=places)
    except ValueError:  # UnicodeError is one
        return None
    columns = [table[str(place)] for place in grid.numbers]
    numbers: Floats = np.stack(columns, axis=1) if columns else np.empty((len(table), 0))
    return numbers, tuple(table[str(place)] for place in grid.texts)


def _even(data: bytes, delimiter: str, fields: int) -> bool:
    """Whether every line has that many fields: NumPy does not mind where some columns are left out."""
    chars = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(chars == ord("\n"))
    before = np.cumsum(chars == ord(delimiter), dtype=np.int64)[ends]
    return bool((np.diff(before, prepend=0) == fields - 1).all())


def read_slowly(data: bytes, line: int, grid: Grid, path: Path) -> tuple[Block, FileFormatError | None]:
    """The same line by line: the rows before the first fault, and the fault if there is one."""
    lines: list[int] = []
    numbers: list[list[float]] = []
    texts: list[list[bytes]] = []
    fault = None
    for at, raw in enumerate(data.split(b"\n"), line + 1):
        if not raw.strip():
            continue
        try:
            row, stamps = _row(raw, grid, path, at)
        except FileFormatError as error:
            fault = error
            break
        lines.append(at)
        numbers.append(row)
        texts.append(stamps)
    columns = zip(*texts, strict=True) if texts else [() for _ in grid.texts]
    block = Block(
        np.array(lines, dtype=np.int64),
        np.array(numbers, dtype=np.float64).reshape(len(lines), len(grid.numbers)),
        tuple(np.array(column, dtype=f"S{TEXT_BYTES}") for column in columns),
    )
    return block, fault


def _row(raw: bytes, grid: Grid, path: Path, line: int) -> tuple[list[float], list[bytes]]:
    fields = split(_decoded(raw, grid.encoding, path, line), grid.delimiter)
    while len(fields) > len(grid.names) and not fields[-1]:
        fields.pop()
    if len(fields) != len(grid.names):
        message = f"{len(fields)} fields, but the header has {len(grid.names)}: complete or remove the line."
        raise FileFormatError(message, path, line)
    return (
        [_number(fields[place], grid, grid.names[place], path, line) for place in grid.numbers],
        [_text(fields[place], grid, grid.names[place], path, line) for place in grid.texts],
    )


def split(text: str, delimiter: str) -> list[str]:
    """The fields of a line, without quotes and blanks around them."""
    if delimiter == " ":
        return text.split()
    if '"' in text:
        try:
            fields = next(csv.reader([text.strip("\r\n")], delimiter=delimiter), [""])
        except csv.Error:
            fields = text.split(delimiter)
    else:
        fields = text.split(delimiter)
    return [field.strip() for field in fields]


def short(text: str) -> str:
    """A text in quotes, cut where it is long."""
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


def _decoded(raw: bytes, encoding: str, path: Path, line: int) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise FileFormatError("this is not UTF-8 text: save the file as UTF-8.", path, line) from error


def _number(field: str, grid: Grid, name: str, path: Path, line: int) -> float:
    text = field.replace(",", ".") if grid.decimal_comma else field
    if MISSING.fullmatch(text):
        if grid.skip_missing:
            return float("nan")
        what = f"is {short(field)}" if field else "is empty"
        raise FileFormatError(f"{name} {what}: remove the line, a gap is allowed.", path, line)
    if not NUMBER.fullmatch(text):
        raise FileFormatError(f"{name} is {short(field)}, not a number: correct it.", path, line)
    value = float(text)
    if not np.isfinite(value):
        raise FileFormatError(f"{name} is {short(field)}, too large: correct it.", path, line)
    return value


def _text(field: str, grid: Grid, name: str, path: Path, line: int) -> bytes:
    text = (field.replace(",", ".") if grid.decimal_comma else field).encode("utf-8", "replace")
    if len(text) >= TEXT_BYTES or b"\0" in text:
        raise FileFormatError(f"{name} is {short(field)}, not a time: correct it.", path, line)
    return text
