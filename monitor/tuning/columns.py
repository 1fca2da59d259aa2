"""What the lanes of many settings look things up in: session time to seconds, and each rule's variants side by side."""

from dataclasses import dataclass

import numpy as np

from monitor.states.rules import DAY_S, EXPOSURES, AlertSettings, hours_of
from monitor.stream import Floats
from monitor.tuning.days import Days
from monitor.tuning.intervals import Bools, Intervals, Ints, where
from monitor.tuning.prompted import Rule
from monitor.tuning.rerun import Tried

NEVER = 1 << 40  # an index after all days
WIDEST = 50_000_000  # seconds between the first and the last of each session, all together: memory for the table


def on_whole_seconds(days: Days) -> bool:
    now_s, edges = days.seconds.now_s, days.edges
    if not len(now_s) or not bool((now_s == np.floor(now_s)).all()):
        return False
    return float((now_s[edges[1:] - 1] - now_s[edges[:-1]]).sum()) < WIDEST


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """Session time to indices. base: where each session begins in the table; low: its first second; high: its last."""

    table: Ints
    base: Ints
    low: Floats
    high: Floats

    def index(self, session: Ints, t_s: Floats) -> Ints:
        """The first second of the session that ends at t_s or later; the session's end where there is none."""
        whole = np.ceil(np.clip(t_s, self.low[session], self.high[session] + 1.0))
        return self.table[self.base[session] + (whole - self.low[session]).astype(np.int64)]


def clock_of(days: Days) -> Clock:
    starts, ends = days.edges[:-1], days.edges[1:]
    now_s = days.seconds.now_s
    low, high = now_s[starts], now_s[ends - 1]
    tables: list[Ints] = [
        start + np.searchsorted(now_s[start:end], np.arange(float(now_s[start]), float(now_s[end - 1]) + 2.0))
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]
    base = np.cumsum([0, *map(len, tables)])[:-1]
    return Clock(np.concatenate(tables), base, low, high)


class Column:
    """One rule under all settings: its variants one after another, each moved on by more than any index."""

    def __init__(self, length: int) -> None:
        self._span = length + 1
        self._variants: dict[int, int] = {}
        self._rules: list[Rule] = []
        self._due: list[Intervals] = []
        self._amounts: list[tuple[Ints, Floats]] = []

    def add(self, tried: Tried, settings: AlertSettings, rule: Rule, free: Intervals | None) -> int:
        """The number of its variant."""
        number = self._variants.setdefault(id(rule.due), len(self._rules))
        if number == len(self._rules):
            due = rule.due if free is None else rule.due & free
            self._rules.append(rule)  # kept, so that no other gets its id
            self._due.append(due)
            self._amounts.append(_amounts(tried, settings, rule, due))
        return number

    def close(self) -> None:
        """All variants are in."""
        span, rules = self._span, self._rules
        self._start = np.concatenate([*(due.start for due in self._due), [NEVER]])
        self._end = np.concatenate([*(n * span + due.end for n, due in enumerate(self._due)), [NEVER * span]])
        self._over = np.concatenate([*(n * span + np.array(each.over, np.int64) for n, each in enumerate(rules)), [0]])
        self._over[-1] = NEVER * span
        self._recovered = np.concatenate([*(np.array(each.recovered, np.bool_) for each in rules), [False]])
        begins = np.cumsum([0, *(len(amounts) for _, amounts in self._amounts)])
        places = [at + begin for (at, _), begin in zip(self._amounts, begins.tolist(), strict=False)]
        self._amount_at = np.concatenate([*places, np.zeros(1, np.int64)])
        self._amount = np.concatenate([*(amounts for _, amounts in self._amounts), np.zeros(1)])

    def next_due(self, variant: Ints, at: Ints) -> Ints:
        """The first second from `at` on in which it is due; NEVER."""
        k = np.searchsorted(self._end, variant * self._span + at, "right")
        there = self._end[k] <= variant * self._span + (self._span - 1)
        return np.where(there, np.maximum(at, self._start[k]), NEVER)

    def over(self, variant: Ints, at: Ints) -> tuple[Ints, Bools]:
        """The second after `at` with which a spell would end, NEVER if none, and whether by recovering."""
        k = np.searchsorted(self._over, variant * self._span + at, "right")
        index = self._over[k] - variant * self._span
        there = index < self._span
        return np.where(there, index, NEVER), there & self._recovered[k]

    def exposure(self, variant: Ints, at: Ints, blocks_at: Ints) -> Floats:
        """The exposure with seconds in which it is due."""
        k = np.searchsorted(self._end, variant * self._span + at, "right")
        return self._amount[self._amount_at[k] + blocks_at[at] - blocks_at[self._start[k]]]


def _amounts(tried: Tried, settings: AlertSettings, rule: Rule, due: Intervals) -> tuple[Ints, Floats]:
    """Of an exposure: its values with the blocks in which the rule is due, and where those of each interval begin."""
    if rule.rule.measure not in EXPOSURES or not len(due):
        return np.zeros(len(due), np.int64), np.zeros(0)
    first = tried.blocks_at[due.start]
    counts = tried.blocks_at[due.end - 1] - first + 1
    begins = np.cumsum(counts) - counts
    blocks = np.repeat(first - begins, counts) + np.arange(int(counts.sum()))
    return begins, tried.exposures(settings, rule.rule.measure, blocks)


def free(days: Days, settings: AlertSettings) -> Intervals | None:
    """Seconds within working hours and in no quiet ones, as Week.free_from has it; None where that is always."""
    working = tuple(map(hours_of, settings.quiet.working_hours))
    quiet = tuple(map(hours_of, settings.quiet.quiet_hours))
    if not (working or quiet):
        return None
    open_ = np.ones(len(days.seconds), np.bool_)
    for number, session in enumerate(days.sessions):
        if session.started is None:
            continue  # then no hours apply
        day, day_s = np.divmod(session.started.week_s + session.seconds.now_s, DAY_S)
        week = day.astype(np.int64) % 7
        lasts = [
            np.isin(week, each.days) & (each.start_s <= day_s) & (day_s < each.end_s)
            if each.end_s > each.start_s
            else (np.isin(week, each.days) & (day_s >= each.start_s))
            | (np.isin((week - 1) % 7, each.days) & (day_s < each.end_s))
            for each in (*working, *quiet)
        ]
        inside = np.any(lasts[: len(working)], axis=0) if working else np.ones(len(day), np.bool_)
        outside = ~np.any(lasts[len(working) :], axis=0) if quiet else np.ones(len(day), np.bool_)
        open_[days.edges[number] : days.edges[number + 1]] = inside & outside
    return where(open_)
