"""What the history knows, as rows: days, sessions, bouts, breaks, transitions, alerts. Times are Unix times, s."""

import math
import sqlite3
from dataclasses import dataclass, fields
from datetime import date
from typing import NamedTuple, TypeVar

from monitor.states.day import Figures

_FIGURES = tuple(each.name for each in fields(Figures))
_COUNTED = "session NOT IN (SELECT name FROM sessions WHERE NOT counted)"


@dataclass(frozen=True, slots=True)
class Day:
    """A local day of all its sessions. worn_s: with data and worn; alerts: prompts raised; spells: beyond a limit."""

    day: date
    sessions: int
    worn_s: float
    standing_s: float
    walking_s: float
    lying_s: float
    unknown_s: float
    no_data_s: float
    alerts: int
    spells: int
    figures: Figures


@dataclass(frozen=True, slots=True)
class Session:
    """One wearing. counted: False where a longer session has the same time. gap_s: without samples."""

    name: str
    started_utc_s: float
    ended_utc_s: float
    zone: str
    utc_offset_s: int
    sensor: str
    source: str
    samples: int
    gap_s: float
    counted: bool


class Bout(NamedTuple):
    """A spell of one posture, cut at midnight."""

    session: str
    day: date
    posture: str
    start_utc_s: float
    end_utc_s: float
    steps: int
    lying: str


class Upright(NamedTuple):
    """An upright spell between two sitting spells; kind: 'break' or 'upright-shift'."""

    session: str
    day: date
    kind: str
    start_utc_s: float
    end_utc_s: float


class Movement(NamedTuple):
    """A transition between postures; kind and p as in the stream."""

    session: str
    day: date
    kind: str
    start_utc_s: float
    end_utc_s: float
    p: float


class Alert(NamedTuple):
    """A prompt, and what became of it; cleared_utc_s: None and cause: empty if it stood to the session's end."""

    session: str
    day: date
    name: str
    message: str
    raised_utc_s: float
    value: float
    limit: float
    unit: str
    cleared_utc_s: float | None
    cause: str


Row = TypeVar("Row", Bout, Upright, Movement, Alert)


def days(db: sqlite3.Connection, first: date | None = None, last: date | None = None) -> list[Day]:
    """The days that have figures, from first to last, both included; the oldest first."""
    names = [each.name for each in fields(Day)[:-1]]
    query = f"SELECT {', '.join((*names, *_FIGURES))} FROM days WHERE day >= ? AND day <= ? ORDER BY day"  # noqa: S608
    found: list[Day] = []
    for day, *row in db.execute(query, _between(first, last)):
        values = dict(zip(names[1:], row, strict=False))
        found.append(Day(day=date.fromisoformat(day), **values, figures=Figures(*row[len(values) :])))
    return found


def newest_days(db: sqlite3.Connection, number: int) -> list[Day]:
    """The newest so many days that have figures; the oldest first."""
    rows = db.execute("SELECT day FROM days ORDER BY day DESC LIMIT ?", (number,)).fetchall()
    return days(db, date.fromisoformat(rows[-1][0])) if rows else []


def pace(db: sqlite3.Connection, today: date) -> tuple[int, float, float]:
    """(days worn before today, spells beyond a limit an hour worn in the first week that has any, and in the last).

    A week is seven days worn at first, and the seven days before today at last. NaN: nothing worn in it.
    """
    rows = db.execute("SELECT day, worn_s, spells FROM days WHERE day < ? AND worn_s > 0 ORDER BY day", (str(today),))
    worn = [(date.fromisoformat(day), worn_s / 3600.0, spells) for day, worn_s, spells in rows]
    counted = next((n for n, (_, _, spells) in enumerate(worn) if spells), len(worn))  # older versions counted none
    first, last = worn[counted : counted + 7], [each for each in worn[counted:] if (today - each[0]).days <= 7]
    return len(worn), _per_h(first), _per_h(last)


def _per_h(week: list[tuple[date, float, int]]) -> float:
    return sum(n for _, _, n in week) / sum(h for _, h, _ in week) if week else math.nan


def sessions(db: sqlite3.Connection, first: date | None = None, last: date | None = None) -> list[Session]:
    """The sessions with a second in these days; the oldest first. Those that were forgotten are not among them."""
    names = ", ".join(each.name for each in fields(Session))
    query = f"""SELECT {names} FROM sessions
        WHERE name IN (SELECT session FROM session_days WHERE day >= ? AND day <= ?)
        ORDER BY started_utc_s, name"""  # noqa: S608
    return [Session(*values, counted=bool(counted)) for *values, counted in db.execute(query, _between(first, last))]


def bouts(db: sqlite3.Connection, first: date | None = None, last: date | None = None) -> list[Bout]:
    """The bouts of these days, by day and session, in the order of their times."""
    return _rows(db, Bout, "bouts", first, last)


def breaks(db: sqlite3.Connection, first: date | None = None, last: date | None = None) -> list[Upright]:
    """The breaks, and the spells too short for one, that began in these days; in order as the bouts."""
    return _rows(db, Upright, "breaks", first, last)


def transitions(db: sqlite3.Connection, first: date | None = None, last: date | None = None) -> list[Movement]:
    """The transitions that began in these days; in order as the bouts."""
    return _rows(db, Movement, "transitions", first, last)


def alerts(db: sqlite3.Connection, first: date | None = None, last: date | None = None) -> list[Alert]:
    """The prompts of these days, and what became of them; in order as the bouts."""
    return _rows(db, Alert, "alerts", first, last)


def _between(first: date | None, last: date | None) -> tuple[str, str]:
    return str(first or date.min), str(last or date.max)


def _rows(db: sqlite3.Connection, kind: type[Row], table: str, first: date | None, last: date | None) -> list[Row]:
    names = ", ".join(f'"{name}"' for name in kind._fields)
    query = f"SELECT {names} FROM {table} WHERE day >= ? AND day <= ? AND {_COUNTED} ORDER BY day, session, n"  # noqa: S608
    rows = db.execute(query, _between(first, last)).fetchall()
    dates = {row[1]: date.fromisoformat(row[1]) for row in rows}
    return [kind._make((row[0], dates[row[1]], *row[2:])) for row in rows]
