"""Session time to local days. The day of a moment is that of the whole second of session time that it lies in."""

import math
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


def zone_of(name: str, utc_offset_s: int) -> tzinfo:
    """The zone of this IANA name; where that is empty or not known here, the fixed offset, s."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # no such zone, no such file, no such name
        return timezone(timedelta(seconds=utc_offset_s)) if utc_offset_s else UTC


def midnight_utc_s(day: date, zone: tzinfo) -> float:
    """Unix time at which the local day begins. A day in which the clocks change has 23 or 25 hours."""
    return datetime.combine(day, time(), zone).timestamp()


class LocalDays:
    """The local days of one session. started_utc_s: Unix time of session time 0."""

    def __init__(self, started_utc_s: float, zone: tzinfo) -> None:
        self._started_utc_s = started_utc_s
        self._zone = zone
        self.day = date.min  # the one asked for last, and the interval of session time that it takes
        self.since_s = self.until_s = -math.inf

    def at(self, t_s: float) -> date:
        """The day of the second in which t_s lies. Beyond any calendar ValueError, OverflowError or OSError."""
        if not self.since_s <= t_s < self.until_s:
            day = datetime.fromtimestamp(self._started_utc_s + math.floor(t_s), self._zone).date()
            while t_s < self.starts_s(day):  # by a rounding at most
                day -= _DAY
            while t_s >= self.starts_s(day + _DAY):
                day += _DAY
            self.day, self.since_s, self.until_s = day, self.starts_s(day), self.starts_s(day + _DAY)
        return self.day

    def starts_s(self, day: date) -> float:
        """Session time of the first second that begins in this day, whole."""
        return float(math.ceil(midnight_utc_s(day, self._zone) - self._started_utc_s))

    def parts(self, start_s: float, end_s: float) -> list[tuple[date, float, float]]:
        """[start_s, end_s) cut at midnight: the day, start and end of each part."""
        found: list[tuple[date, float, float]] = []
        while True:
            day = self.at(start_s)
            cut_s = min(end_s, self.until_s)
            found.append((day, start_s, cut_s))
            if cut_s >= end_s:
                return found
            start_s = cut_s
