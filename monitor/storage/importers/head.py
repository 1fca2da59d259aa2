"""The first lines of a text file: its encoding, delimiter and header."""

import codecs
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import FileFormatError
from monitor.storage.importers.mapping import Mapping
from monitor.storage.importers.parsing import NUMBER, split

HEAD_BYTES = 2**16
HEAD_LINES = 100
_ROWS = 20  # of them show whether decimals follow a comma
DELIMITERS = ("\t", ";", ",")
_FALLBACK = "gb18030"  # what the Windows programs of Chinese makers write; it takes nearly all bytes
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Opening:
    """The first lines as text, and where each begins in the file; the last one may be cut off."""

    path: Path
    lines: tuple[str, ...]
    offsets: tuple[int, ...]
    encoding: str


@dataclass(frozen=True, slots=True)
class Head:
    """names: of the columns; line: the header's, from 1; first, offset: the line below it, and where it begins.

    row: the fields of the first row, as many as there are names; () if there is none.
    """

    names: tuple[str, ...]
    line: int
    first: int
    offset: int
    delimiter: str
    decimal_comma: bool
    encoding: str
    row: tuple[str, ...] = ()


def opening(path: Path) -> Opening:
    """The file's first lines. Raises FileFormatError if it is empty, no text or cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(HEAD_BYTES)
    except OSError as error:
        message = f"cannot be read ({error.strerror or error}): check its name and permissions."
        raise FileFormatError(message, path) from error
    if not data:
        raise FileFormatError("the file is empty: export it again.", path)
    if data.startswith(_UTF16):
        raise FileFormatError("the file is UTF-16 text: save it as UTF-8.", path, 1)
    start = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    raw = data[start:].split(b"\n")[:HEAD_LINES]
    if b"\0" in data or (len(raw) == 1 and len(data) == HEAD_BYTES):
        raise FileFormatError("this is no text: choose the file that the app exported.", path, 1)
    offsets = [start]
    for line in raw:
        offsets.append(offsets[-1] + len(line) + 1)
    whole = b"\n".join(raw[:-1] if len(data) == HEAD_BYTES and len(raw) > 1 else raw)
    try:
        whole.decode()
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = _FALLBACK
    lines = tuple(line.decode(encoding, "replace").strip("\r") for line in raw)
    return Opening(path, lines, tuple(offsets), encoding)


def fields_of(line: str) -> tuple[tuple[str, ...], str]:
    """The names in a header, and what separates them: tabs or semicolons where they make columns, else commas."""
    delimiter = next((each for each in DELIMITERS if len(split(line, each)) >= 3), None)
    if delimiter is None:
        delimiter = next((each for each in DELIMITERS if each in line), " ")
    return _trimmed(split(line, delimiter)), delimiter


def head_of(path: Path, mapping: Mapping) -> Head:
    """Find the header, and how the rows below it are written. Raises FileFormatError."""
    start = opening(path)
    wanted = [*(mapping.acc or ()), *(mapping.gyr or ()), *mapping.time, *filter(None, (mapping.clock,))]
    at = mapping.skip_lines
    if at is None:
        at = _header_line(start, wanted) if mapping.header else 0
    if at >= len(start.lines):
        raise FileFormatError(f"the file has only {len(start.lines)} lines: skip fewer.", path)
    first = at + 1 if mapping.header else at
    found, delimiter = fields_of(start.lines[at])
    if mapping.delimiter:
        delimiter, found = mapping.delimiter, _trimmed(split(start.lines[at], mapping.delimiter))
    below = next((line for line in start.lines[first:] if line.strip()), "")
    row = split(below, delimiter)
    if not mapping.header:
        found = tuple(str(number) for number in range(1, len(found) + 1))
    names = (
        *found,
        *(f"column {number}" for number in range(len(found) + 1, len(row) + 1) if not any(row[len(found) :])),
    )
    comma = mapping.decimal_comma
    if comma is None:
        fields = (field for line in start.lines[first : first + _ROWS] for field in split(line, delimiter))
        comma = any("," in field and NUMBER.fullmatch(field.replace(",", ".", 1)) is not None for field in fields)
    offset = start.offsets[first] if first < len(start.offsets) else start.offsets[-1]
    return Head(
        names,
        at + 1,
        first + 1,
        offset,
        delimiter,
        comma and delimiter != ",",
        start.encoding,
        tuple(row) if len(row) >= len(names) else (),
    )


def _header_line(start: Opening, wanted: list[str]) -> int:
    """The first line that has all the columns; without names to look for, the first that is not empty."""
    named = {name for name in wanted if not name.isdecimal()}
    for at, line in enumerate(start.lines):
        if named and named <= set(fields_of(line)[0]):
            return at
    return next((at for at, line in enumerate(start.lines) if line.strip()), 0)


def _trimmed(names: list[str]) -> tuple[str, ...]:
    while len(names) > 1 and not names[-1]:
        names.pop()
    return tuple(names)
