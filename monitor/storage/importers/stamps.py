"""Texts of time stamps -> whole nanoseconds, exactly and many at once; local time -> UTC, both summer-time changes.

Texts of one pattern (2026-03-01 12:00:00.010) are read together: where one of them has its day or its milliseconds, all
of them have. A file has a handful of patterns.
"""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from monitor.storage.importers.parsing import Texts, short

Nanoseconds = NDArray[np.int64]

NS = 1_000_000_000
_CIVIL = re.compile(
    rb"\s*(?:(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T_]|\s+))?"
    rb"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,:_](\d{1,9}))?"
    rb"\s*(?:(Z|UTC|GMT)?(?:([+-])(\d{2}):?(\d{2})?)?|[A-Z]{3,5})\s*"
)
_DIGITS = re.compile(rb"\s*\+?(\d{1,19})(?:[.,](\d{0,12}))?\s*")
_PATTERNS_AT_MOST = 200
_MINUTE_NS = 60 * NS  # offsets change at whole minutes
_BACK_NS = 60 * NS  # a step back of at least this, in the hour that comes twice, is its second coming


class StampError(ValueError):
    """A stamp cannot be used: `row` is its place in the array, the text says why and what to do."""

    def __init__(self, row: int, message: str) -> None:
        super().__init__(message)
        self.row = row


def counted(texts: Texts, per_second: int) -> Nanoseconds:
    """Counts of 1/per_second s, with decimals or without -> ns, cut off below. Raises StampError."""
    out = np.empty(len(texts), dtype=np.int64)
    for rows, spans, chars in _patterns(texts, _DIGITS, "no time"):
        whole, fraction = spans[1], spans[2]
        scale = NS // per_second
        digits = _digits(chars, whole).astype(np.uint64)  # 19 digits are less than 2**64
        _refuse(texts, rows, digits > 2**62 // scale, "is too large for a time", "is its unit right?")
        values = digits.astype(np.int64) * scale
        if fraction[1] > fraction[0]:
            places = min(fraction[1] - fraction[0], 9)
            values += _digits(chars, (fraction[0], fraction[0] + places)) * scale // 10**places
        out[rows] = values
    return out


def civil(texts: Texts) -> tuple[Nanoseconds, NDArray[np.int64] | None]:
    """Dates and times -> ns since 1970 as the clock stood there, and the offset from UTC, s, if every text tells it.

    A time without a date counts from midnight. Raises StampError.
    """
    out = np.empty(len(texts), dtype=np.int64)
    offsets = np.zeros(len(texts), dtype=np.int64)
    told: bool | None = None
    for rows, spans, chars in _patterns(texts, _CIVIL, "no date and time like 2026-03-01 12:00:00.010"):
        day_ns: Nanoseconds | int = 0
        if spans[1][0] >= 0:
            year, month, day = (_digits(chars, spans[group]) for group in (1, 2, 3))
            first = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
            length = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
            _refuse(texts, rows, (year < 1970) | (year > 2200) | (month < 1) | (month > 12), "has no such date")
            _refuse(texts, rows, (day < 1) | (day > length), "has no such day")
            day_ns = (first.astype("datetime64[D]").astype(np.int64) + day - 1) * (86_400 * NS)
        hour, minute, second = (_digits(chars, spans[group]) for group in (4, 5, 6))
        _refuse(texts, rows, (hour > 23) | (minute > 59) | (second > 59), "has no such time of day")
        out[rows] = day_ns + ((hour * 60 + minute) * 60 + second) * NS
        start, end = spans[7]
        if start >= 0:
            # after a colon it is a count of milliseconds, with leading zeros or without
            places = 3 if end - start < 3 and bytes(chars[0, start - 1 : start]) == b":" else end - start
            out[rows] += _digits(chars, (start, end)) * 10 ** (9 - places)
        has_offset = spans[8][0] >= 0 or spans[9][0] >= 0
        if told is not None and told != has_offset:
            row = int(rows[0])
            raise StampError(row, f"{_shown(texts, row)} tells its offset from UTC otherwise than the others: mend it.")
        told = has_offset
        if spans[9][0] >= 0:
            sign = np.where(chars[:, spans[9][0]] == ord("-"), -1, 1)
            minutes = _digits(chars, spans[11]) if spans[11][0] >= 0 else 0
            offsets[rows] = sign * (_digits(chars, spans[10]) * 3600 + minutes * 60)
    return out, offsets if told else None


class LocalTime:
    """Local clock time -> UTC, over any number of calls in the order of the file.

    The hour that comes twice in autumn is told apart by the clock's step back within it; a time of the hour that is
    left out in spring is refused, and so is a file that shows the hour once where it must have come twice.
    """

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._second = False  # the repeated hour has come for the second time
        self._last_ns: int | None = None
        self._last_twice = False

    def utc(self, local_ns: Nanoseconds) -> Nanoseconds:
        """Nanoseconds since 1970 UTC. Raises StampError."""
        if not len(local_ns):
            return local_ns
        minutes, place = np.unique(local_ns // _MINUTE_NS, return_inverse=True)
        offsets = np.array([self._offsets(minute) for minute in minutes.tolist()], dtype=np.int64)[place]
        first, second = offsets[:, 0], offsets[:, 1]
        skipped = np.flatnonzero(first < second)
        if len(skipped):
            message = f"there is no such time in {self._zone.key}: the clock was put forward over it; is --zone right?"
            raise StampError(int(skipped[0]), message)
        twice = first > second
        before = np.concatenate(([local_ns[0] if self._last_ns is None else self._last_ns], local_ns[:-1]))
        again = twice & (local_ns - before <= -_BACK_NS)
        late = twice & ((np.cumsum(again) + int(self._second)) > 0)
        left = np.flatnonzero(~twice & np.concatenate(([self._last_twice], twice[:-1])))
        for row in left.tolist():
            came_again = bool(late[row - 1]) if row else self._second
            if not came_again and local_ns[row] > before[row] and local_ns[row] - before[row] < 1800 * NS:
                message = (
                    f"the hour before it comes twice in {self._zone.key} and only once in the file: "
                    "export it with UTC times, or cut the file there."
                )
                raise StampError(row, message)
        self._second = bool(late[-1])
        self._last_ns, self._last_twice = int(local_ns[-1]), bool(twice[-1])
        return local_ns - np.where(late, second, first) * NS

    def offset_s(self, utc_ns: int) -> int:
        """The zone's offset from UTC at that time, s."""
        return offset_s(self._zone, utc_ns)

    def _offsets(self, minute: int) -> tuple[int, int]:
        naive = datetime(1970, 1, 1) + timedelta(minutes=minute)  # noqa: DTZ001  # the clock on the wall
        early, late = (naive.replace(tzinfo=self._zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
        return int(early.total_seconds()), int(late.total_seconds())


def offset_s(zone: ZoneInfo, utc_ns: int) -> int:
    """A zone's offset from UTC at that time, s."""
    offset = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=utc_ns // NS)).astimezone(zone).utcoffset()
    return int((offset or timedelta()).total_seconds())


def _patterns(
    texts: Texts, pattern: re.Pattern[bytes], wanted: str
) -> list[tuple[NDArray[np.intp], list[tuple[int, int]], NDArray[np.uint8]]]:
    """Rows of one pattern: their numbers, the spans of the expression's groups, their characters (n, width)."""
    width = max(texts.dtype.itemsize, 1)
    chars = np.ascontiguousarray(texts).view(np.uint8).reshape(len(texts), width)
    used = int(np.flatnonzero(chars.any(axis=0)).max(initial=0)) + 1
    chars = chars[:, :used]
    masked = np.where((chars >= ord("0")) & (chars <= ord("9")), np.uint8(ord("0")), chars)
    left = np.arange(len(texts))
    out: list[tuple[NDArray[np.intp], list[tuple[int, int]], NDArray[np.uint8]]] = []
    while len(left):
        row = int(left[0])
        match = pattern.fullmatch(bytes(texts[row]))
        if match is None or len(out) == _PATTERNS_AT_MOST:
            raise StampError(row, f"{_shown(texts, row)} is {wanted}: correct it, or choose another --time-unit.")
        same = (masked[left] == masked[row]).all(axis=1)
        rows = left[same]
        spans = [match.span(group) for group in range((pattern.groups or 0) + 1)]
        out.append((rows, spans, chars[rows]))
        left = left[~same]
    return out


def _digits(chars: NDArray[np.uint8], span: tuple[int, int]) -> NDArray[np.int64]:
    value = np.zeros(len(chars), dtype=np.int64)
    for at in range(*span):
        value = value * 10 + (chars[:, at] - ord("0"))
    return value


def _refuse(texts: Texts, rows: NDArray[np.intp], bad: NDArray[np.bool_], what: str, then: str = "correct it.") -> None:
    if bad.any():
        row = int(rows[np.argmax(bad)])
        raise StampError(row, f"{_shown(texts, row)} {what}: {then}")


def _shown(texts: Texts, row: int) -> str:
    return short(bytes(texts[row]).decode("utf-8", "replace"))
