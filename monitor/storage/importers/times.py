"""What a file says of time -> session time in seconds, block by block, and where session time 0 lies in UTC."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.errors import FileFormatError
from monitor.storage.importers.mapping import Mapping
from monitor.storage.importers.parsing import Block, Texts
from monitor.storage.importers.stamps import NS, LocalTime, Nanoseconds, StampError, civil, counted
from monitor.stream import Floats


@dataclass(frozen=True, slots=True)
class Form:
    """A way of writing time.

    per_second : counts a second; 0 for dates and times
    relative   : seconds since a start that stay as they are; otherwise exact counts, which begin anywhere
    unix       : they count since 1970 UTC
    bits       : the counter starts again at 2**bits
    """

    words: str
    per_second: int
    relative: bool = False
    unix: bool = False
    bits: int = 0


_COUNTS = {"s": (1, "seconds"), "ms": (1000, "ms"), "us": (1_000_000, "µs"), "ns": (NS, "ns")}
FORMS = {
    **{name: Form(f"{words} since the start", per, relative=True) for name, (per, words) in _COUNTS.items()},
    **{f"unix-{name}": Form(f"{words} since 1970 UTC", per, unix=True) for name, (per, words) in _COUNTS.items()},
    **{f"device-{name}": Form(f"{words} of the device's clock", per) for name, (per, words) in _COUNTS.items()},
    "device-us-32": Form("µs of the device's clock, 32 bits", 1_000_000, bits=32),
    "iso": Form("date and time", 0),
}


@dataclass(frozen=True, slots=True)
class Origin:
    """zero_ns: what the file's clock shows at session time 0; started_ns: Unix time there, 0 where unknown."""

    zero_ns: int
    started_ns: int = 0
    offset_s: int = 0


class Times:
    """Session times of one file, in its order."""

    def __init__(self, form: Form, mapping: Mapping, path: Path, origin: Origin | None = None) -> None:
        self._form = form
        self._mapping = mapping
        self._path = path
        self._local = local_time(mapping.zone, path) if mapping.zone else None
        self._origin = origin
        self._rows = 0  # so far, where there is no time
        self._turns_ns = 0
        self._last_ns: int | None = None
        self.zoneless = False  # local times of no known zone were met
        self.hint = ""  # what else may be the matter where the time goes back

    @property
    def origin(self) -> Origin:
        """Known once a block was taken."""
        return self._origin or Origin(0)

    def take(self, block: Block, numbers: int) -> Floats:
        """t_s (n,) of a block. numbers: how many of its columns come before the time's. Raises FileFormatError."""
        try:
            return self._take(block, numbers)
        except StampError as error:
            raise FileFormatError(str(error), self._path, int(block.lines[error.row])) from error

    def _take(self, block: Block, numbers: int) -> Floats:
        form, columns = self._form, len(self._mapping.time)
        if not columns:
            self._begin(0, None)
            start, self._rows = self._rows, self._rows + len(block.lines)
            return np.arange(start, self._rows) / self._mapping.rate_hz
        if form.relative:
            self._begin(0, None)
            t_s: Floats = block.numbers[:, numbers] / form.per_second
            return t_s
        if form.per_second == 0:
            return self._civil(block.texts[:columns])
        ns = counted(block.texts[0], form.per_second)
        if form.bits:
            ns = self._unwrapped(ns, (1 << form.bits) * NS // form.per_second)
        if form.unix:
            self._begin(int(ns[0]) // NS * NS, int(ns[0]) // NS * NS)
        else:
            clock = None
            if self._origin is None and self._mapping.clock:
                clock_ns, offsets = self._utc(*civil(block.texts[columns][:1]))
                clock = int(clock_ns[0])
                self._begin(int(ns[0]), clock, None if offsets is None else int(offsets[0]))
            self._begin(int(ns[0]), clock)
        return _seconds(ns - self.origin.zero_ns)

    def _civil(self, texts: tuple[Texts, ...]) -> Floats:
        joined = texts[0] if len(texts) == 1 else np.char.add(np.char.add(texts[0], b" "), texts[1])
        local, offsets = civil(joined)
        if (local < 86_400 * NS).all():  # a time of day without its date: midnight is crossed
            local = self._unwrapped(local, 86_400 * NS)
            self._begin(int(local[0]) // NS * NS, None)
            return _seconds(local - self.origin.zero_ns)
        ns, offsets = self._utc(local, offsets)
        self._begin(int(ns[0]) // NS * NS, int(ns[0]) // NS * NS, None if offsets is None else int(offsets[0]))
        return _seconds(ns - self.origin.zero_ns)

    def _utc(
        self, local: Nanoseconds, offsets: NDArray[np.int64] | None
    ) -> tuple[Nanoseconds, NDArray[np.int64] | None]:
        if offsets is not None:
            return local - offsets * NS, offsets
        if self._local is not None:
            return self._local.utc(local), None
        self.zoneless = self._mapping.utc_offset_s is None
        self.hint = ", or give --zone NAME if the clock was put back"
        return local - (self._mapping.utc_offset_s or 0) * NS, None

    def _unwrapped(self, ns: Nanoseconds, turn_ns: int) -> Nanoseconds:
        before = np.concatenate(([ns[0] if self._last_ns is None else self._last_ns], ns[:-1]))
        turns = np.cumsum(ns - before < -turn_ns // 2)
        self._last_ns = int(ns[-1])
        out = ns + self._turns_ns + turns * turn_ns
        self._turns_ns += int(turns[-1]) * turn_ns
        return out

    def _begin(self, zero_ns: int, started_ns: int | None, offset_s: int | None = None) -> None:
        if self._origin is not None:
            return
        if started_ns is None and self._mapping.start:
            mapping = self._mapping
            started_ns, offset_s = start_of(mapping.start, mapping.zone, self._path, mapping.utc_offset_s)
        if offset_s is None and self._local is not None and started_ns is not None:
            offset_s = self._local.offset_s(started_ns)
        self._origin = Origin(
            zero_ns, started_ns or 0, (self._mapping.utc_offset_s or 0) if offset_s is None else offset_s
        )


def local_time(zone: str, path: Path) -> LocalTime:
    """Raises FileFormatError if this machine does not know the zone."""
    try:
        return LocalTime(zone)
    except (KeyError, ValueError, OSError) as error:
        message = f"unknown time zone {zone!r}: give --zone as Europe/Vienna or America/New_York."
        raise FileFormatError(message, path) from error


def start_of(start: str, zone: str, path: Path, utc_offset_s: int | None = None) -> tuple[int, int]:
    """Unix time, ns, and offset from UTC, s, of a date and time; 0 if there is none. Raises FileFormatError.

    The offset is what the text tells, else the zone's, else `utc_offset_s`, else 0: then the clock's time is kept.
    """
    local = local_time(zone, path) if zone else None
    if not start:
        return 0, 0
    if start.strip()[2:3] == ":":
        raise FileFormatError("--start lacks its date: give it like 2026-03-01 12:00:00.", path)
    try:
        shown, told = civil(np.array([start.encode()[:63]]))
        if told is not None:
            return int(shown[0] - told[0] * NS), int(told[0])
        if local is not None:
            utc_ns = int(local.utc(shown)[0])
            return utc_ns, local.offset_s(utc_ns)
    except StampError as error:
        raise FileFormatError(f"--start cannot be used: {error}", path) from error
    return int(shown[0]) - (utc_offset_s or 0) * NS, utc_offset_s or 0


def _seconds(ns: Nanoseconds) -> Floats:
    """Correctly rounded while they are less than 104 days."""
    return ns / 1e9
