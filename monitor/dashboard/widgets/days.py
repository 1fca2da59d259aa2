"""The days that settings are tried on: a ribbon each, and under it the prompts that would have come. Pure."""

import math
import textwrap
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from monitor.dashboard.widgets.braille import Row
from monitor.dashboard.widgets.ribbon import runs
from monitor.dashboard.words import GLYPH, duration, fit, quantity
from monitor.snapshot import Span
from monitor.states.rules import MEASURES, AlertRule, AlertSettings
from monitor.tuning.days import POSTURES, Days, Worn
from monitor.tuning.prompted import Prompted
from monitor.tuning.rerun import Rerun, Tried
from monitor.tuning.score import FOLLOWED_S, NEAR_S, Yardstick

KEPT, NEW, GONE = "as before", "new", "gone"
SAME_S: Final = 300.0  # a prompt of the same rule so near in time is the same one, a little earlier or later
GUTTER: Final = 13
HERE, CURSOR, MISSING = "▸", "▼", "−"
SIGNS: Final = f"p as before, P new, {MISSING} gone"
_ROLES: Final = {KEPT: "", NEW: "good", GONE: "quiet"}
_STEPS_S: Final = (60, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200)
_APART: Final = 8  # columns from one time to the next, at least


@dataclass(frozen=True, slots=True)
class Shown:
    """A prompt on the screen. state: KEPT, NEW, or GONE: the config's settings alone would have brought it."""

    prompt: Prompted
    state: str


def compared(now: Sequence[Prompted], config: Sequence[Prompted]) -> tuple[Shown, ...]:
    """Both in order of time: a prompt of the same rule of the same session within SAME_S of the other is the same."""
    apart: dict[tuple[int, str], tuple[list[Prompted], list[Prompted]]] = {}
    for side, prompts in enumerate((now, config)):
        for each in prompts:
            apart.setdefault((each.session, each.name), ([], []))[side].append(each)
    found: list[Shown] = []
    for mine, theirs in apart.values():
        i = j = 0
        while i < len(mine) or j < len(theirs):
            ahead_s = theirs[j].t_s - mine[i].t_s if i < len(mine) and j < len(theirs) else 0.0
            if i < len(mine) and j < len(theirs) and abs(ahead_s) <= SAME_S:
                found.append(Shown(mine[i], KEPT))
                i, j = i + 1, j + 1
            elif i < len(mine) and (j == len(theirs) or ahead_s > 0.0):
                found.append(Shown(mine[i], NEW))
                i += 1
            else:
                found.append(Shown(theirs[j], GONE))
                j += 1
    return tuple(sorted(found, key=lambda each: (each.prompt.index, each.state)))


@dataclass(slots=True)
class Calendar:
    """Sessions one under the other by local time of day.

    clock: (session, session time) -> local 'HH:MM'; day: session -> 'Mon 3 Nov'
    """

    days: Days
    clock: Callable[[int, float], str]
    day: Callable[[int], str]
    low_s: float = field(init=False)  # local time of day of the left edge, and of the right one
    high_s: float = field(init=False)
    _begun_s: list[float] = field(init=False)  # local time of day at session time 0
    _spans: dict[int, tuple[Span, ...]] = field(init=False, default_factory=dict[int, tuple[Span, ...]])
    _drawn: dict[tuple[int, int], Row] = field(init=False, default_factory=dict[tuple[int, int], Row])

    def __post_init__(self) -> None:
        firsts = [float(each.seconds.now_s[0]) - 1.0 for each in self.days.sessions]
        lasts = [float(each.seconds.now_s[-1]) for each in self.days.sessions]
        local_s = [_seconds(self.clock(number, first)) for number, first in enumerate(firsts)]
        self._begun_s = [at_s - first for at_s, first in zip(local_s, firsts, strict=True)]
        low_s = min(local_s, default=0.0)
        high_s = max((begun + last for begun, last in zip(self._begun_s, lasts, strict=True)), default=3600.0)
        whole_s = 3600.0 if high_s - low_s > 7200.0 else 300.0
        self.low_s = low_s // whole_s * whole_s
        self.high_s = max(math.ceil(high_s / whole_s) * whole_s, self.low_s + whole_s)

    def local_s(self, session: int, t_s: float) -> float:
        """Local time of day, s; beyond a day after midnight."""
        return self._begun_s[session] + t_s

    def column(self, local_s: float, columns: int) -> int:
        """Where this time of day lies in a ribbon of so many columns."""
        at = int((local_s - self.low_s) / (self.high_s - self.low_s) * columns)
        return min(max(at, 0), columns - 1)

    def local_at(self, column: int, columns: int) -> float:
        """The time of day in the middle of a column, s."""
        return self.low_s + (column + 0.5) * (self.high_s - self.low_s) / max(columns, 1)

    def hours(self, columns: int) -> Row:
        """Times of day above the ribbons."""
        cell_s = (self.high_s - self.low_s) / columns
        step_s = next((each for each in _STEPS_S if each >= _APART * cell_s), _STEPS_S[-1])
        text = ""
        at_s = math.ceil(self.low_s / step_s) * step_s
        while at_s < self.high_s and (at := self.column(at_s, columns)) + 5 <= columns:
            text = text.ljust(at) + f"{at_s // 3600 % 24:02d}:{at_s // 60 % 60:02d}"
            at_s += step_s
        return (" " * GUTTER, ""), (text, "quiet")

    def ribbon(self, session: int, columns: int) -> Row:
        """The postures of a session, in their place on the common axis."""
        key = session, columns
        if key not in self._drawn:
            if len(self._drawn) > 2000:
                self._drawn.clear()
            self._drawn[key] = self._ribbon(session, columns)
        return self._drawn[key]

    def _ribbon(self, session: int, columns: int) -> Row:
        spans = self._spans.setdefault(session, spans_of(self.days.sessions[session]))
        begun_s, cell_s = self._begun_s[session], (self.high_s - self.low_s) / columns
        first, last = (self.column(begun_s + each, columns) for each in (spans[0].start_s, spans[-1].end_s - 1.0))
        edge_s = self.low_s + first * cell_s - begun_s
        width = last - first + 1
        drawn = runs(spans, edge_s, edge_s + width * cell_s, spans[-1].end_s, width)
        row = [((GLYPH[each] if each else " ") * count, str(each or "quiet")) for each, count in drawn]
        return (" " * first, ""), *row

    def prompts(self, shown: Sequence[Shown], columns: int, signs: Mapping[str, str], here: Shown | None) -> Row:
        """Small letters of the rules; capitals where new, MISSING where gone; the one under the cursor reversed."""
        cells: dict[int, tuple[int, str, str]] = {}
        for each in shown:
            at = self.column(self.local_s(each.prompt.session, each.prompt.t_s), columns)
            rank = 3 if each is here else (GONE, KEPT, NEW).index(each.state)
            role = f"{_ROLES[each.state]} badge" if each is here else _ROLES[each.state]
            if at not in cells or cells[at][0] <= rank:
                cells[at] = (rank, sign(each, signs), role)
        row: list[tuple[str, str]] = []
        done = 0
        for at, (_, symbol, role) in sorted(cells.items()):
            row += [(" " * (at - done), ""), (symbol, role)]
            done = at + 1
        return tuple(row)


def sign(each: Shown, signs: Mapping[str, str]) -> str:
    """The letter of its rule, capital where it is new; MISSING where it is gone."""
    letter = signs.get(each.prompt.name, "!")
    return {NEW: letter.upper(), GONE: MISSING}.get(each.state, letter)


def with_times(rows: int) -> bool:
    """Whether there is a row for the times of day above the days, of two rows each."""
    return rows % 2 == 1 or rows >= 6


def day_rows(
    calendar: Calendar, session: int, shown: Sequence[Shown], columns: int, signs: Mapping[str, str], here: Shown | None
) -> tuple[Row, Row]:
    """A day: name and ribbon, counts and prompts. here: the prompt under the cursor."""
    width = max(columns - GUTTER, 1)
    mine = here is not None and here.prompt.session == session
    name = fit(calendar.day(session), GUTTER - 3)
    ribbon = calendar.ribbon(session, width)
    if here is not None and mine:
        ribbon = _pointed(ribbon, calendar.column(calendar.local_s(session, here.prompt.t_s), width))
    new, gone = (sum(each.state is state for each in shown) for state in (NEW, GONE))
    counts = f"{len(shown) - gone}{f' +{new}' if new else ''}{f' {MISSING}{gone}' if gone else ''}"
    return (
        ((f"{HERE if mine else ' '} {name.ljust(GUTTER - 2)}", "strong" if mine else ""), *ribbon),
        ((f"  {fit(counts, GUTTER - 3).ljust(GUTTER - 2)}", "quiet"), *calendar.prompts(shown, width, signs, here)),
    )


def legend(signs: Mapping[str, str], columns: int) -> Row:
    """The letters of the rules; whole entries only."""
    row: list[tuple[str, str]] = []
    left = columns
    for name, letter in signs.items():
        if len(name) + 2 <= left:
            row += [(letter, "good"), (f" {name}  ", "quiet")]
            left -= len(name) + 4
    return tuple(row)


def _pointed(row: Row, column: int) -> Row:
    """The row with the cursor in this column."""
    found: list[tuple[str, str]] = []
    done = 0
    for text, role in row:
        at = column - done
        done += len(text)
        if 0 <= at < len(text):
            found += [(text[:at], role), (CURSOR, "strong"), (text[at + 1 :], role)]
        else:
            found.append((text, role))
    return tuple(found)


def spans_of(session: Worn) -> tuple[Span, ...]:
    """Its postures; apart also where seconds are missing."""
    now_s, posture = session.seconds.now_s, session.seconds.posture
    change = (np.diff(posture) != 0) | (np.diff(now_s) > 1.5)
    first = np.append(0, np.flatnonzero(change) + 1)
    last = np.append(first[1:], len(now_s)) - 1
    starts_s: list[float] = (now_s[first] - 1.0).tolist()
    ends_s: list[float] = now_s[last].tolist()
    codes: list[int] = posture[first].tolist()
    return tuple(map(Span, starts_s, ends_s, [POSTURES[code] for code in codes]))


def _seconds(clock: str) -> float:
    hours, minutes = clock.split(":")[:2]
    return int(hours) * 3600.0 + int(minutes) * 60.0


# ---------------------------------------------------------------- one prompt in words


def told(each: Shown, calendar: Calendar, tried: Tried, of: tuple[AlertSettings, Rerun], marks: Yardstick) -> list[str]:
    """When, which rule, what was measured, what came after, and marks near it. of: the settings that brought it."""
    prompt, (settings, rerun) = each.prompt, of
    when = f"{calendar.day(prompt.session)} {calendar.clock(prompt.session, prompt.t_s)}  {prompt.name}"
    again = f", repeated ({prompt.again})" if prompt.again else ""
    sentences = [f"{when}{again}, {each.state}"]
    rule = rule_of(prompt, rerun)
    if rule is not None:
        value = tried.value(settings, rule.measure, prompt.index)
        unit = MEASURES[rule.measure].unit
        sentences.append(f"measured {measured(value, unit)}, limit {measured(rule.limit, unit)}")
    sentences.append(_after(prompt, marks))
    return [*sentences, *_marks(prompt, marks)]


def told_rows(sentences: Sequence[str], columns: int, rows: int) -> list[Row]:
    """The first sentence, then the others in running text."""
    found = [(line, "strong") for line in textwrap.wrap(sentences[0], columns)]
    found += [(line, "") for line in textwrap.wrap(" · ".join(sentences[1:]), columns)]
    if len(found) > rows > 0:
        found[rows - 1] = (f"{found[rows - 1][0][: columns - 2].rstrip()} …", found[rows - 1][1])
    return [((text, role),) for text, role in found[:rows]]


def measured(value: float, unit: str) -> str:
    """'20:04', '15.2 °·min': as the slider of its limit has it."""
    return f"{round(value / 60.0, 1):g} °·min" if unit == "deg·s" else quantity(value, unit)


def rule_of(prompt: Prompted, rerun: Rerun) -> AlertRule | None:
    """The rule as it was in the profile of that second."""
    for rule in (rule for rules in rerun.rules for rule in rules if rule.rule.name == prompt.name):
        k = bisect_right(rule.ends, prompt.index)
        if k < len(rule.ends) and rule.starts[k] <= prompt.index:
            return rule.rule
    return None


def _after(prompt: Prompted, marks: Yardstick) -> str:
    """As Yardstick counts it."""
    later_s = int(marks.until_break_s(np.array([prompt.index]))[0])
    if later_s <= FOLLOWED_S:
        return f"a break began {duration(later_s)} later"
    return f"no break within {duration(FOLLOWED_S)}"


def _marks(prompt: Prompted, marks: Yardstick) -> list[str]:
    """Labels near it, the nearest first."""
    near: list[tuple[float, str]] = []
    for mark in marks.labels:
        off_s = prompt.t_s - mark.end_s if prompt.t_s > mark.end_s else min(prompt.t_s - mark.start_s, 0.0)
        if mark.session == prompt.session and abs(off_s) <= NEAR_S:
            where = "here" if not off_s else f"{duration(abs(off_s))} {'before' if off_s > 0.0 else 'after'}"
            near.append((abs(off_s), f"your mark {where}: {mark.meaning}"))
    return [words for _, words in sorted(near)]
