"""What `sitwell analyze` writes: samples, epochs and events as CSV, JSON lines or Parquet, row by row as they come.

The ending of the file's name chooses the format. NaN is an empty field in CSV and null in the others.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from monitor.errors import SitwellError
from monitor.storage.codec import Json, plain
from monitor.stream import (
    AlertCleared,
    AlertDue,
    AlertRaised,
    AlignmentChanged,
    BandFollowed,
    BoutEnded,
    Break,
    ClipMoved,
    Epoch,
    Event,
    Fidget,
    Floats,
    Gap,
    Mark,
    PostureChanged,
    Praised,
    ProfileChanged,
    ReferenceChanged,
    SensorSilent,
    SettingsChanged,
    SnoozeRefused,
    Started,
    Transition,
    UprightShift,
    Wearer,
)

ENDINGS = (".csv", ".jsonl", ".parquet")
SAMPLES_COLUMNS = ("t_s", "up_x", "up_y", "up_z", "tilt_deg", "obliquity_deg")
EPOCHS_COLUMNS = ("t_s", "posture", "posture_p", "tilt_deg", "obliquity_deg", "still", "motion_mg", "steps")
EVENTS_COLUMNS = ("type", "start_s", "end_s", "detail")
EVENT_TYPES: dict[type, str] = {
    BoutEnded: "bout",
    Break: "break",
    Transition: "transition",
    AlertDue: "alert-due",
    AlertRaised: "alert",
    AlertCleared: "alert-cleared",
    Praised: "praise",
    SnoozeRefused: "snooze-refused",
    ProfileChanged: "profile",
    BandFollowed: "band",
    PostureChanged: "posture",
    ReferenceChanged: "reference",
    UprightShift: "upright-shift",
    Fidget: "fidget",
    ClipMoved: "clip-moved",
    AlignmentChanged: "alignment",
    SensorSilent: "sensor-silent",
    Gap: "gap",
    Wearer: "wearer",
    Mark: "mark",
    Started: "started",
    SettingsChanged: "settings",
}

_SAMPLES_DECIMALS = (6, 6, 6, 6, 3, 3)
_ROWS = 8192
_PARQUET_ROWS = 65_536
_KINDS = {"posture": "string", "still": "bool", "steps": "int32", "type": "string", "detail": "string"}  # else double
_INT64 = 2.0**63


class _Out(Protocol):
    """Where it goes: a file of bytes, or Parquet, which takes columns."""

    @property
    def closed(self) -> bool: ...
    def write(self, data: Any, /) -> object: ...
    def close(self) -> None: ...


class _Table:
    """A file that is being written; use it in a with statement, or close it."""

    def __init__(self, path: Path | str, columns: Sequence[str]) -> None:
        self.path = Path(path)
        self._ending = self.path.suffix.lower()
        if self._ending not in ENDINGS:
            raise SitwellError(f"{path}: the ending must be one of {', '.join(ENDINGS)}: it chooses the format.")
        self._columns = tuple(columns)
        self._rows: list[Sequence[Json]] = []  # held for Parquet
        try:
            self._file = self._created()
        except OSError as error:
            raise SitwellError(
                f"{path} cannot be created ({error.strerror}): choose a folder you can write to."
            ) from error
        if self._ending == ".csv":
            self._put(",".join(columns).encode() + b"\n")

    def _created(self) -> _Out:
        if self._ending != ".parquet":
            return self.path.open("wb")
        from monitor.storage.exporters.parquet import ParquetRows

        return ParquetRows(self.path, {name: _KINDS.get(name, "double") for name in self._columns})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what is held and close the file; harmless when closed already."""
        if self._file.closed:
            return
        try:
            self._flush()
        finally:
            try:
                self._file.close()
            except OSError as error:
                raise self._refusal(error) from error

    def _flush(self) -> None:
        """Write the rows that are held."""
        if self._rows:
            self._put(list(zip(*self._rows, strict=True)))
            self._rows.clear()

    def _hold(self, row: Sequence[Json]) -> None:
        self._rows.append(row)
        if len(self._rows) >= _PARQUET_ROWS:
            self._flush()

    def _put(self, data: "bytes | Sequence[Sequence[Json] | Floats]") -> None:
        """Write text, or the columns of a group of rows to Parquet."""
        try:
            self._file.write(data)
        except OSError as error:
            raise self._refusal(error) from error

    def _refusal(self, error: OSError) -> SitwellError:
        return SitwellError(f"{self.path} cannot be written ({error.strerror}): free some space on its disk.")


class SamplesTable(_Table):
    """One row a sample: SAMPLES_COLUMNS; time and direction to 6 decimals, angles to 3."""

    def __init__(self, path: Path | str) -> None:
        """Create the file, or empty it. Raises SitwellError if that cannot be, or the ending is unknown."""
        super().__init__(path, SAMPLES_COLUMNS)
        self._blocks: list[Floats] = []
        self._held = 0

    def write(self, t_s: Floats, up: Floats, tilt_deg: Floats, obliquity_deg: Floats) -> None:
        """Add N rows: t_s (N,) s, up (N, 3) unit vector in the sensor frame, the angles (N,), NaN if there is none."""
        self._blocks.append(np.column_stack((t_s, up, tilt_deg, obliquity_deg)))
        self._held += len(t_s)
        if self._held >= (_PARQUET_ROWS if self._ending == ".parquet" else _ROWS):
            self._flush()

    def _flush(self) -> None:
        if not self._held:
            return
        rows = np.concatenate(self._blocks)
        self._blocks.clear()
        self._held = 0
        if self._ending == ".parquet":
            scale = 10.0 ** np.array(_SAMPLES_DECIMALS)
            rounded = np.rint(rows * scale) / scale + 0.0  # never -0.0
            self._put([np.ma.masked_invalid(column) for column in rounded.T])
            return
        if self._ending == ".csv":
            between = [b"", *[b","] * (len(self._columns) - 1), b"\n"]
            null = b""
        else:
            names = [f'"{name}":'.encode() for name in self._columns]
            between = [b"{" + names[0], *(b"," + name for name in names[1:]), b"}\n"]
            null = b"null"
        for start in range(0, len(rows), _ROWS):
            self._put(_fixed_point(rows[start : start + _ROWS], _SAMPLES_DECIMALS, between, null))


class EpochsTable(_Table):
    """One row an epoch: EPOCHS_COLUMNS; probability to 4 decimals, angles to 3, motion to 2."""

    def __init__(self, path: Path | str) -> None:
        """Create the file, or empty it. Raises SitwellError if that cannot be, or the ending is unknown."""
        super().__init__(path, EPOCHS_COLUMNS)

    def write(self, epoch: Epoch) -> None:
        """Add an epoch."""
        row: dict[str, Json] = {
            "t_s": _rounded(epoch.t_s, 6),
            "posture": epoch.posture.value,
            "posture_p": _rounded(epoch.posture_p, 4),
            "tilt_deg": _rounded(epoch.tilt_deg, 3),
            "obliquity_deg": _rounded(epoch.obliquity_deg, 3),
            "still": bool(epoch.still),
            "motion_mg": _rounded(epoch.motion_mg, 2),
            "steps": int(epoch.steps),
        }
        if self._ending == ".parquet":
            self._hold(tuple(row.values()))
        elif self._ending == ".csv":
            fields = ("" if value is None else str(value).lower() for value in row.values())
            self._put(",".join(fields).encode() + b"\n")
        else:
            self._put(_json(row))


class EventsTable(_Table):
    """One line an event: its type, start_s, end_s if it lasts, and what else is known of it. Epochs are not in it."""

    def __init__(self, path: Path | str) -> None:
        """Create the file, or empty it. Raises SitwellError if that cannot be, or the ending is unknown."""
        super().__init__(path, EVENTS_COLUMNS)

    def write(self, event: Event | Gap) -> None:
        """Add an event; an Epoch is left out, for it has a table of its own."""
        if isinstance(event, Epoch):
            return
        fields = _event_fields(event)
        if self._ending == ".jsonl":
            self._put(_json({"type": EVENT_TYPES[type(event)], **fields}))
            return
        start_s, end_s = fields.pop("start_s"), fields.pop("end_s", None)
        detail = json.dumps(_printable(fields), ensure_ascii=False)
        if self._ending == ".parquet":
            self._hold((EVENT_TYPES[type(event)], start_s, end_s, detail))
            return
        detail = detail.replace('"', '""')
        times = ("" if time is None else repr(time) for time in (start_s, end_s))
        self._put(f'{EVENT_TYPES[type(event)]},{",".join(times)},"{detail}"\n'.encode())


def event_line(event: Event | Gap) -> str:
    """The line that EventsTable writes of an event as JSON, without its end."""
    return _json({"type": EVENT_TYPES[type(event)], **_event_fields(event)}).decode().rstrip("\n")


def _event_fields(event: Event | Gap) -> dict[str, Json]:
    """Its fields by name, the time of what does not last as start_s."""
    fields = plain(event)
    return {"start_s": fields.pop("t_s"), **fields} if "t_s" in fields else fields


def _rounded(value: float, decimals: int) -> float | None:
    """Rounded, None for NaN, and never -0.0."""
    return round(float(value), decimals) + 0.0 if math.isfinite(value) else None


def _printable(value: Json) -> Json:
    """The same with floats to 6 decimals: times need no more, and machines may differ beyond. No infinities."""
    if isinstance(value, dict):
        return {key: _printable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_printable(inner) for inner in value]
    return _rounded(value, 6) if isinstance(value, float) else value


def _json(row: dict[str, Json]) -> bytes:
    return json.dumps(_printable(row), ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _fixed_point(rows: Floats, decimals: Sequence[int], between: Sequence[bytes], null: bytes) -> bytes:
    """The rows (n, c) as text, each column with its decimals, `between` before, between and after them; NaN is `null`.

    All digits of a column are made at once, in a matrix of bytes that has a line a row; what a shorter number leaves
    empty is 0 there and dropped at the end. Ten times as fast as formatting number by number.
    """
    parts = [_constant(between[0], len(rows))]
    for column, places, after in zip(rows.T, decimals, between[1:], strict=True):
        parts += (_digits(column, places, null), _constant(after, len(rows)))
    text = np.hstack(parts).ravel()
    return text[text != 0].tobytes()


def _constant(text: bytes, rows: int) -> NDArray[np.uint8]:
    return np.broadcast_to(np.frombuffer(text, dtype=np.uint8), (rows, len(text)))


def _digits(values: Floats, places: int, null: bytes) -> NDArray[np.uint8]:
    """(n, width) characters of each value, 0 where there is none."""
    scaled = np.rint(values * 10.0**places)
    none = ~(np.abs(scaled) < _INT64)  # NaN, infinity and absurdities
    counts = np.where(none, 0.0, scaled).astype(np.int64)
    left = np.abs(counts)
    whole = max(1, len(str(int(left.max(initial=0)))) - places)
    out = np.zeros((len(values), max(1 + whole + 1 + places, len(null))), dtype=np.uint8)
    out[counts < 0, 0] = ord("-")
    at = whole + 1 + places
    for place in range(places + whole):
        if place == places:
            out[:, at] = ord(".")
            at -= 1
        tenth = left // 10
        digit = (left - tenth * 10 + ord("0")).astype(np.uint8)
        if place > places:
            digit[left == 0] = 0
        out[:, at] = digit
        left = tenth
        at -= 1
    out[none] = 0
    out[none, : len(null)] = np.frombuffer(null, dtype=np.uint8)
    return out
