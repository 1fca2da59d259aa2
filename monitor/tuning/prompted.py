"""From prompt to prompt through one stretch of a session: the live Prompter, called only where a rule is due."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from monitor.states.prompter import Prompter
from monitor.states.rules import AlertRule
from monitor.stream import Wearer
from monitor.tuning.days import Days
from monitor.tuning.intervals import Intervals

Value: TypeAlias = Callable[[str, int], float]


@dataclass(frozen=True, slots=True)
class Prompted:
    """A prompt that would have come.

    session, index : its number in Days, and of the second in all of them; t_s: session time
    again          : as in AlertRaised; end: index of the second with which what it asks about is over
    """

    session: int
    index: int
    t_s: float
    name: str
    again: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A rule under one profile over all days: where it is due; the seconds with which a spell would end, in order, and
    whether by recovering.
    """

    rule: AlertRule
    due: Intervals
    starts: list[int]
    ends: list[int]
    over: list[int]
    recovered: list[bool]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Seconds [first, end) of one session under one profile, by its number."""

    session: int
    first: int
    end: int
    place: int


def prompted(days: Days, stretch: Stretch, rules: tuple[Rule, ...], prompter: Prompter, value: Value) -> list[Prompted]:
    """The prompts of one stretch. value: of a rule's measure at an index."""
    return _Walk(days, stretch, rules, prompter, value).walk()


@dataclass(slots=True)
class _Open:
    """A spell in which a prompt came: the second with which it is over, and how."""

    rule: AlertRule
    end: int
    recovered: bool


@dataclass(slots=True)
class _Walk:
    days: Days
    stretch: Stretch
    rules: tuple[Rule, ...]
    prompter: Prompter
    value: Value
    first: int = 0  # index of the session's first second
    open: dict[str, _Open] = field(default_factory=dict[str, _Open])

    def walk(self) -> list[Prompted]:
        session, stretch = self.days.sessions[self.stretch.session], self.stretch
        self.first = int(self.days.edges[stretch.session])
        said = [
            (self.first + i, each)
            for i, each in session.said
            if isinstance(each, Wearer) and stretch.first <= self.first + i < stretch.end
        ]
        found: list[Prompted] = []
        at = stretch.first
        for until, act in [*said, (stretch.end, None)]:
            while (index := self._next(at, until)) is not None:
                found.append(self._ask(index))
                at = index + 1
            self._end(until - 1)
            if act is not None:
                self.prompter.act(act)
            at = max(at, until)
        for each in tuple(self.open.values()):  # another profile, or the end
            self._over(each, stretch.end, "settings")
        return found

    def _next(self, at: int, until: int) -> int | None:
        """The first second of [at, until) in which a rule may ask."""
        found = until
        for rule in self.rules:
            index = at
            while index < found:
                k = bisect_right(rule.ends, index)
                if k == len(rule.ends):
                    break
                index = max(index, rule.starts[k])
                if index >= found:
                    break
                now_s = self._now_s(index)
                earliest_s = self.prompter.earliest(rule.rule.name, now_s)
                if earliest_s <= now_s:
                    found = index
                    break
                index = self._index(earliest_s)
        return found if found < until else None

    def _ask(self, index: int) -> Prompted:
        """The most useful of those that may ask at this second."""
        self._end(index)
        now_s = self._now_s(index)
        ready = [
            rule
            for rule in self.rules
            if _holds(rule, index) and self.prompter.earliest(rule.rule.name, now_s) <= now_s
        ]
        best = ready[0]
        if len(ready) > 1:
            by_name = {rule.rule.name: rule for rule in ready}
            name = self.prompter.best([(rule.rule, self.value(rule.rule.measure, index)) for rule in ready])[0].name
            best = by_name[name]
        k = bisect_right(best.over, index)
        end, recovered = (best.over[k], best.recovered[k]) if k < len(best.over) else (self.stretch.end, False)
        self.open[best.rule.name] = _Open(best.rule, end, recovered)
        again = self.prompter.ask(best.rule, now_s)
        return Prompted(self.stretch.session, index, now_s, best.rule.name, again, end)

    def _end(self, index: int) -> None:
        """Spells that are over with this second or before it, in order."""
        for each in sorted((each for each in self.open.values() if each.end <= index), key=lambda each: each.end):
            self._over(each, each.end, "recovered" if each.recovered else "no data")

    def _over(self, spell: _Open, index: int, cause: str) -> None:
        del self.open[spell.rule.name]
        now_s = self._now_s(index) if index < len(self.days.seconds) else self.days.seconds.now_s[-1]
        self.prompter.over(spell.rule, now_s, cause)

    def _now_s(self, index: int) -> float:
        return float(self.days.seconds.now_s[index])

    def _index(self, t_s: float) -> int:
        """The first second of the session that ends at t_s or later."""
        seconds = self.days.sessions[self.stretch.session].seconds
        return self.first + int(np.searchsorted(seconds.now_s, t_s))


def _holds(rule: Rule, index: int) -> bool:
    k = bisect_right(rule.ends, index)
    return k < len(rule.ends) and rule.starts[k] <= index
