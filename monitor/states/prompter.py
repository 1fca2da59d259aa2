"""Whether a prompt may come now: budget, fading, quiet times; and what becomes of it.

Prompts have a budget, for people switch off what asks too often: so many in any hour, and never two close together. Of
several that are due the most useful comes: the farthest beyond its limit, and of a kind that has been followed so far.
The others wait, and are dropped if what they ask about is over by then. So after quiet there is one prompt to catch up,
not a burst.

The state is made of moments, never of counted seconds: who jumps over seconds in which nothing is due comes out the
same. That is how days of stored seconds are tried on in no time (monitor.tuning).
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from monitor.states.rules import DAY_S, DESK, HOUR_S, MEASURES, AlertRule, AlertSettings, hours_of
from monitor.stream import AlertCleared, Event, Praised, SnoozeRefused, Started, Wearer


@dataclass(slots=True)
class _Rule:
    raised_s: float = math.nan  # of the prompt on the screen; NaN: none
    last_s: float = -math.inf  # of the newest prompt
    quiet_until_s: float = -math.inf
    again: int = 0  # prompts since it was last over


class Week:
    """Local times of the week, by session time."""

    def __init__(self, settings: AlertSettings) -> None:
        self.local_s = math.nan  # since Monday 0:00 at session time 0; NaN: not known, then no hours apply
        self.change(settings)

    def change(self, settings: AlertSettings) -> None:
        """Other hours."""
        self._working = tuple(map(hours_of, settings.quiet.working_hours))
        self._quiet = tuple(map(hours_of, settings.quiet.quiet_hours))
        self._places = tuple((place.name, tuple(map(hours_of, place.hours))) for place in settings.places)

    def free_from(self, t_s: float) -> float:
        """The first moment from t_s on, s, that lies within working hours and in no quiet ones."""
        if math.isnan(self.local_s):
            return t_s
        for _ in range(100):  # every turn passes one boundary of the week
            before = t_s
            for hours in self._quiet:
                t_s += hours.until(*self._at(t_s)) or 0.0
            if self._working:
                t_s += min(hours.ahead(*self._at(t_s)) for hours in self._working)
            if t_s == before:
                return t_s
        return math.inf  # quiet hours that cover all working hours

    def place(self, t_s: float) -> tuple[str, float]:
        """The profile whose hours it is, DESK where none is, and until when that is sure, s."""
        if math.isnan(self.local_s):
            return DESK, math.inf
        until_s = t_s + 7 * DAY_S
        for name, all_hours in self._places:
            for hours in all_hours:
                left = hours.until(*self._at(t_s))
                if left is not None:
                    return name, min(until_s, t_s + left)
                until_s = min(until_s, t_s + hours.ahead(*self._at(t_s)))
        return DESK, until_s

    def _at(self, t_s: float) -> tuple[int, float]:
        days, day_s = divmod(self.local_s + t_s, DAY_S)
        return int(days) % 7, day_s


def fading_share(least: float, first_per_h: float, week_per_h: float) -> float:
    """The part of the budget that is used: that of the first week's spells beyond a limit that still comes, 1 at most.

    first_per_h, week_per_h: spells an hour worn, of the first week and of the last; NaN: not known, which gives 1.
    """
    if math.isnan(first_per_h) or math.isnan(week_per_h) or first_per_h <= 0.0:
        return 1.0
    return min(1.0, max(least, week_per_h / first_per_h))


def baseline_s(baseline_days: int, started: Started) -> float:
    """The end of the first days worn, which are silent, session time; -inf after them."""
    days = baseline_days - started.days_worn
    return days * DAY_S - started.local_s if days > 0 else -math.inf


@dataclass(slots=True)
class Prompter:
    """Decides for one session. Rules are known by name: they keep their state where settings change."""

    settings: AlertSettings
    week: Week = field(init=False)
    share: float = 1.0
    most: int = field(init=False)  # prompts in any hour
    silent_until_s: float = -math.inf  # the baseline: the first days worn
    snoozed_until_s: float = -math.inf
    _quiet_until_s: float = -math.inf
    _meeting_s: float = -math.inf  # since when there is a meeting; -inf: there is none
    _snoozes: int = 0  # in a row
    _started: Started | None = None
    _gate_s: float = -math.inf  # no prompt before
    _asked_s: list[float] = field(default_factory=list[float])  # of the newest prompts, in order
    _rules: dict[str, _Rule] = field(default_factory=dict[str, _Rule])
    _asked: Counter[str] = field(default_factory=Counter[str])
    _followed: Counter[str] = field(default_factory=Counter[str])

    def __post_init__(self) -> None:
        self.week = Week(self.settings)
        self._rules = {rule.name: _Rule() for place in self.settings.places for rule in place.rules}
        self._fade()

    def start(self, started: Started) -> None:
        """What was known when the session began."""
        self._started = started
        self.week.local_s = started.week_s
        self._baseline()
        self._fade()
        self._asked_s = sorted((*self._asked_s, *started.asked_s))
        self._gate_s = max(self._gate_s, self._apart_from_s)

    def _baseline(self) -> None:
        if self._started:
            self.silent_until_s = baseline_s(self.settings.fading.baseline_days, self._started)

    def _fade(self) -> None:
        if self._started:
            rates = self._started.first_per_h, self._started.week_per_h
            self.share = fading_share(self.settings.fading.least, *rates)
        self.most = max(1, math.floor(self.settings.budget.most_per_hour * self.share + 0.5))

    def change(self, settings: AlertSettings) -> None:
        """Other settings from here on; prompts that came and times of quiet stay."""
        before, gate_s = self.settings, self._apart_from_s
        self.settings = settings
        self.week.change(settings)
        if settings.fading.baseline_days != before.fading.baseline_days:
            self._baseline()  # else one that `quiet off` ended would begin anew
        self._fade()
        if self._gate_s == gate_s:
            self._gate_s = self._apart_from_s
        for place in settings.places:
            for rule in place.rules:
                self._rules.setdefault(rule.name, _Rule())

    # ------------------------------------------------------------ when

    @property
    def _apart_s(self) -> float:
        return self.settings.budget.apart_s / self.share

    @property
    def _apart_from_s(self) -> float:
        """The first moment that is far enough from the newest prompt."""
        return self._asked_s[-1] + self._apart_s if self._asked_s else -math.inf

    def left(self, now_s: float) -> int:
        """Prompts that the budget of the hour up to now has left."""
        return max(0, self.most - sum(t_s > now_s - HOUR_S for t_s in self._asked_s))

    def quiet_until(self, now_s: float) -> float:
        """The end of the quiet that it is now, s; now_s where it is none."""
        meeting_s = self._meeting_s + self.settings.quiet.meeting_most_s
        quiet_s = max(now_s, self.silent_until_s, self.snoozed_until_s, self._quiet_until_s, meeting_s)
        return self.week.free_from(quiet_s)

    def quiet(self, now_s: float) -> tuple[str, float] | None:
        """Why no prompt may come now, and for how long yet, s; None if one may."""
        until_s = self.quiet_until(now_s)
        return None if until_s <= now_s else (self._why_quiet(now_s), until_s - now_s)

    def earliest(self, name: str, now_s: float) -> float:
        """The first moment from now on, s, at which this rule may ask, if nothing else happens meanwhile."""
        t_s = max(now_s, self._gate_s, self._rules[name].quiet_until_s)
        if len(self._asked_s) >= self.most:
            t_s = max(t_s, self._asked_s[-self.most] + HOUR_S)
        return self.quiet_until(t_s)

    def why_not(self, name: str, now_s: float) -> str:
        """Why a rule that is due may not ask now, in a word; '' if it may."""
        reasons = (
            ("asked lately", self._rules[name].quiet_until_s > now_s),
            ("budget", len(self._asked_s) >= self.most and self._asked_s[-self.most] + HOUR_S > now_s),
            ("another prompt", self._gate_s > now_s),
        )
        return self._why_quiet(now_s) or next((reason for reason, true in reasons if true), "")

    def _why_quiet(self, now_s: float) -> str:
        reasons = (
            ("baseline", self.silent_until_s > now_s),
            ("snoozed", self.snoozed_until_s > now_s),
            ("quiet", self._quiet_until_s > now_s),
            ("meeting", self._meeting_s + self.settings.quiet.meeting_most_s > now_s),
            ("hours", self.week.free_from(now_s) > now_s),
        )
        return next((reason for reason, true in reasons if true), "")

    def best(self, due: Sequence[tuple[AlertRule, float]]) -> tuple[AlertRule, float]:
        """Of rules that may ask, with their measures, the most useful one; of equals the first."""
        return max(due, key=lambda each: each[1] / each[0].limit * self._usefulness(each[0].name))

    def _usefulness(self, name: str) -> float:
        return (self._followed[name] + 1.0) / (self._asked[name] + 1.0)

    # ------------------------------------------------------------ what happens

    def ask(self, rule: AlertRule, now_s: float) -> int:
        """The prompt comes; gives how many came before it since the rule was last over."""
        state = self._rules[rule.name]
        state.raised_s = state.last_s = now_s
        state.quiet_until_s = now_s + rule.repeat_s / self.share
        state.again += 1
        self._asked[rule.name] += 1
        self._gate_s = now_s + self._apart_s
        self._asked_s.append(now_s)
        if len(self._asked_s) > 200:  # far more than any hour's
            del self._asked_s[:100]
        return state.again - 1

    def raised(self, name: str) -> bool:
        """Whether its prompt is on the screen."""
        return not math.isnan(self._rules[name].raised_s)

    def over(self, rule: AlertRule, now_s: float, cause: str) -> list[Event]:
        """What the rule looks at is over: by the measure ('recovered'), for want of data, or under other settings."""
        state = self._rules[rule.name]
        events: list[Event] = []
        if cause == "recovered":
            self._snoozes = 0
            if state.again and now_s - state.last_s <= self.settings.budget.answer_s:
                self._followed[rule.name] += 1
                if MEASURES[rule.measure].moving:
                    events.append(Praised(now_s, rule.name, rule.praise))
        state.again = 0
        if not math.isnan(state.raised_s):
            state.raised_s = math.nan
            events.insert(0, AlertCleared(now_s, rule.name, cause))
        return events

    def act(self, said: Wearer) -> list[Event]:
        """The wearer put all prompts off, said done, or wants quiet."""
        t_s = said.t_s
        match said.action:
            case "snooze":
                if self._snoozes >= self.settings.quiet.snoozes_in_a_row:
                    return [SnoozeRefused(t_s, self._snoozes)]
                goes_on = self._snoozes > 0 and self.snoozed_until_s > t_s
                self._snoozes += goes_on or any(self.raised(name) for name in self._rules)
                self.snoozed_until_s = self._gate_s = t_s + said.seconds  # asked for: it comes back then
                return self._clear(t_s, "snoozed", self.snoozed_until_s)
            case "quiet" if said.seconds > 0.0:
                self._quiet_until_s = self._gate_s = t_s + said.seconds
                return self._clear(t_s, "quiet", self._quiet_until_s)
            case "quiet":
                put_off_s = {self.snoozed_until_s, self._quiet_until_s}
                for state in self._rules.values():
                    if state.quiet_until_s > t_s and state.quiet_until_s in put_off_s:
                        state.quiet_until_s = t_s  # it comes back now
                self._gate_s = min(self._gate_s, self._apart_from_s)
                self.silent_until_s = self.snoozed_until_s = self._quiet_until_s = self._meeting_s = -math.inf
                return []
            case "meeting":
                self._meeting_s = t_s if said.seconds > 0.0 else -math.inf
                return self._clear(t_s, "quiet", t_s) if said.seconds > 0.0 else []
            case "dismiss":
                self._snoozes = 0
                return self._clear(t_s, "dismissed", None)
            case _:
                return []

    def _clear(self, t_s: float, cause: str, quiet_until_s: float | None) -> list[Event]:
        events: list[Event] = []
        for name, state in self._rules.items():
            if not math.isnan(state.raised_s):
                state.raised_s = math.nan
                if quiet_until_s is not None:
                    state.quiet_until_s = quiet_until_s
                events.append(AlertCleared(t_s, name, cause))
        return events
