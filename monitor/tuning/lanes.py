"""Many settings at once: the walk of `prompted` through all days, one lane for each setting and session, in step.

The rules of the Prompter stand here a second time, as arrays; what comes out equals `Tried.run` prompt for prompt.
Moments are kept as indices: a rule may ask from the first second on that ends at the moment or later.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import TypeAlias

import numpy as np

from monitor.states.prompter import baseline_s, fading_share
from monitor.states.rules import EXPOSURES, HOUR_S, AlertSettings
from monitor.stream import Floats, Started, Wearer
from monitor.tuning.columns import NEVER, Column, clock_of, free, on_whole_seconds
from monitor.tuning.intervals import Bools, Ints
from monitor.tuning.rerun import Tried

Event: TypeAlias = tuple[int, Wearer | None, int]  # index, what is said, the profile from there on


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The prompts of one setting in order of time, (N,) each.

    at: index of the second; rule: in `names`; again: as in AlertRaised
    """

    names: tuple[str, ...]
    at: Ints
    rule: Ints
    again: Ints


def asked(tried: Tried, settings: Sequence[AlertSettings]) -> list[Asked]:
    """The prompts under each of these settings."""
    if not settings:
        return []
    if _alike(settings) and on_whole_seconds(tried.days):
        return _Walk(tried, settings).walk()
    return [_one(tried, each) for each in settings]


def _one(tried: Tried, settings: AlertSettings) -> Asked:
    names, prompts = _names(settings), tried.run(settings).prompts
    rows = [(each.index, names.index(each.name), each.again) for each in prompts]
    return Asked(names, *np.array(rows, np.int64).reshape(-1, 3).T)


def _names(settings: AlertSettings) -> tuple[str, ...]:
    return tuple(dict.fromkeys(rule.name for place in settings.places for rule in place.rules))


def _alike(settings: Sequence[AlertSettings]) -> bool:
    """Whether they differ in numbers only, so that they have profiles, rules and hours in common."""

    def shape(each: AlertSettings) -> object:
        places = tuple(
            (place.name, place.hours, tuple((rule.name, rule.measure, rule.on) for rule in place.rules))
            for place in each.places
        )
        return places, each.quiet.working_hours, each.quiet.quiet_hours

    first = shape(settings[0])
    return all(shape(each) == first for each in settings[1:])


# ---------------------------------------------------------------- the walk


@dataclass(slots=True)
class _Lanes:
    """The Prompter's state, one row a lane: of settings times sessions those that have not come to their end.

    until: index of the next event, event: its number; gate … meeting: no prompt before this index
    newest_s: of the newest prompt; asked: (L, M) indices an hour after the newest ones
    (L, R) of each rule: quiet_s and its index; nearest: the next second in which it may ask, as far as known; ends,
    recovers: of the spell in which it asked
    """

    setting: Ints
    session: Ints
    place: Ints
    at: Ints
    until: Ints
    event: Ints
    share: Floats
    most: Ints
    silent: Ints
    gate: Ints
    snoozed_s: Floats
    snoozed: Ints
    hushed_s: Floats
    hushed: Ints
    meeting: Ints
    snoozes: Ints
    newest_s: Floats
    asked: Ints
    quiet_s: Floats
    quiet: Ints
    nearest: Ints
    raised: Bools
    last_s: Floats
    again: Ints
    count: Ints
    followed: Ints
    ends: Ints
    recovers: Bools

    def keep(self, rows: Ints) -> None:
        """Only these."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name)[rows])


@dataclass(slots=True)
class _Found:
    setting: list[Ints] = field(default_factory=list[Ints])
    at: list[Ints] = field(default_factory=list[Ints])
    rule: list[Ints] = field(default_factory=list[Ints])
    again: list[Ints] = field(default_factory=list[Ints])


class _Walk:
    def __init__(self, tried: Tried, settings: Sequence[AlertSettings]) -> None:
        self._tried, self._settings = tried, settings
        days = self._days = tried.days
        self._now_s = np.append(days.seconds.now_s, days.seconds.now_s[-1:])
        self._clock = tried.keep(("clock",), lambda: clock_of(days))
        self._names = _names(settings[0])
        self._found = _Found()
        self._rules()
        self._events()
        self._begin()

    def _rules(self) -> None:
        """Variants, limits and repeats, (settings, profiles, rules); variant -1: never asks."""
        tried, settings, names = self._tried, self._settings, self._names
        shape = (len(settings), len(settings[0].places), len(names))
        self._variant = np.full(shape, -1, np.int64)
        self._limit, self._repeat_s = np.ones(shape), np.ones(shape)
        self._columns = [Column(len(self._days.seconds)) for _ in names]
        self._measures = [
            next(rule.measure for place in settings[0].places for rule in place.rules if rule.name == name)
            for name in names
        ]
        self._order = np.zeros(
            (shape[1], shape[2]), np.int64
        )  # in which the profile has its rules: of equals the first
        open_ = free(self._days, settings[0])
        for s, each in enumerate(settings):
            for p, rules in enumerate(tried.rules(each)):
                for n, rule in enumerate(rules):
                    r = names.index(rule.rule.name)
                    self._variant[s, p, r] = self._columns[r].add(tried, each, rule, open_)
                    self._limit[s, p, r], self._repeat_s[s, p, r] = rule.rule.limit, rule.rule.repeat_s
                    self._order[p, r] = n
        for column in self._columns:
            column.close()
        self._debts = {each.debt: each for each in settings}
        numbers = {debt: n for n, debt in enumerate(self._debts)}
        self._debt = np.array([numbers[each.debt] for each in settings])

    def _events(self) -> None:
        """What happens in each session apart from prompts, one after another; first: where those of a session begin."""
        days = self._days
        found: list[list[Event]] = [[] for _ in days.sessions]
        self._place_first = np.zeros(len(days.sessions), np.int64)
        for stretch in self._tried.stretches(self._settings[0]):
            first, own = int(days.edges[stretch.session]), found[stretch.session]
            if own:
                own[-1] = (own[-1][0], None, stretch.place)
            else:
                self._place_first[stretch.session] = stretch.place
            said = days.sessions[stretch.session].said
            acts = [(first + i, each) for i, each in said if isinstance(each, Wearer)]
            own += [(at, act, -1) for at, act in acts if stretch.first <= at < stretch.end]
            own.append((stretch.end, None, -1))
        flat = [event for own in found for event in own]
        self._first = np.cumsum([0, *map(len, found)])[:-1]
        self._event_at = np.array([at for at, _, _ in flat], np.int64)
        self._event_act = [act for _, act, _ in flat]
        self._event_place = np.array([place for _, _, place in flat], np.int64)

    def _begin(self) -> None:
        days, settings = self._days, self._settings
        s, d = (each.ravel() for each in np.indices((len(settings), len(days.sessions))))
        fading = {each.fading for each in settings}
        shares = {each: [_share(each.least, session.started) for session in days.sessions] for each in fading}
        baseline = [each.fading.baseline_days for each in settings]
        baseline_s = np.array([[_baseline_s(n, each.started) for each in days.sessions] for n in baseline])
        share = np.array([shares[each.fading] for each in settings]).reshape(len(settings), -1)[s, d]
        per_hour = np.array([each.budget.most_per_hour for each in settings])[s]
        most = np.maximum(1, np.floor(per_hour * share + 0.5)).astype(np.int64)
        self._apart_s = np.array([each.budget.apart_s for each in settings])
        self._answer_s = np.array([each.budget.answer_s for each in settings])
        self._in_a_row = np.array([each.quiet.snoozes_in_a_row for each in settings])
        self._meeting_s = np.array([each.quiet.meeting_most_s for each in settings])
        shape, wide = (len(s), len(self._names)), int(most.max())
        zeros, none, long_ago = np.zeros(len(s), np.int64), np.zeros(shape, np.int64), np.full(shape, -np.inf)
        self._lanes = _Lanes(
            setting=s, session=d, place=self._place_first[d], at=days.edges[d], until=self._event_at[self._first[d]],
            event=self._first[d], share=share, most=most,
            silent=self._clock.index(d, baseline_s[s, d]), gate=zeros.copy(), snoozed_s=long_ago[:, 0].copy(),
            snoozed=zeros.copy(), hushed_s=long_ago[:, 0].copy(), hushed=zeros.copy(), meeting=zeros.copy(),
            snoozes=zeros.copy(), newest_s=long_ago[:, 0].copy(), asked=np.zeros((len(s), wide), np.int64),
            quiet_s=long_ago, quiet=none.copy(), nearest=none - 1,
            raised=np.zeros(shape, np.bool_), last_s=np.zeros(shape), again=none.copy(), count=none.copy(),
            followed=none.copy(), ends=none + NEVER, recovers=np.zeros(shape, np.bool_),
        )  # fmt: skip
        for number, session in enumerate(days.sessions):
            before = sorted(session.started.asked_s) if session.started else []
            rows = np.flatnonzero(d == number)
            if before and len(rows):
                self._lanes.newest_s[rows] = before[-1]
                self._lanes.gate[rows] = self._far_enough(rows)
                for place, t_s in enumerate(before[-wide:], wide - len(before[-wide:])):
                    self._lanes.asked[rows, place] = self._index(rows, np.full(len(rows), t_s + HOUR_S))

    def walk(self) -> list[Asked]:
        """Step by step: each lane asks once, or passes one event."""
        lanes = self._lanes
        while len(lanes.at):
            self._look()
            nearest = lanes.nearest.min(axis=1, initial=NEVER)
            asks = nearest < lanes.until
            rows = np.flatnonzero(asks)
            if len(rows):
                self._ask(rows, nearest[rows])
            rows = np.flatnonzero(~asks)
            if len(rows):
                self._pass(rows)
                going = lanes.until < NEVER
                if not going.all():
                    lanes.keep(np.flatnonzero(going))
        return self._sorted()

    def _sorted(self) -> list[Asked]:
        found = self._found
        none = [np.zeros(0, np.int64)]
        setting, at, rule, again = (
            np.concatenate(each or none) for each in (found.setting, found.at, found.rule, found.again)
        )
        order = np.lexsort((at, setting))
        edges = np.searchsorted(setting[order], np.arange(len(self._settings) + 1))
        cut = [order[low:high] for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]
        return [Asked(self._names, at[each], rule[each], again[each]) for each in cut]

    # ------------------------------------------------------------ when

    def _index(self, rows: Ints, t_s: Floats) -> Ints:
        return self._clock.index(self._lanes.session[rows], t_s)

    def _far_enough(self, rows: Ints) -> Ints:
        """The first second that is far enough from the newest prompt."""
        apart_s = self._apart_s[self._lanes.setting[rows]] / self._lanes.share[rows]
        return self._index(rows, self._lanes.newest_s[rows] + apart_s)

    def _look(self) -> None:
        """Bring `nearest` up to date, where it lies before what holds a rule back."""
        lanes = self._lanes
        width = lanes.asked.shape[1]
        low = np.maximum(lanes.at, lanes.gate)
        budget = lanes.asked[np.arange(len(low)), width - lanes.most]
        for each in (budget, lanes.silent, lanes.snoozed, lanes.hushed, lanes.meeting):
            np.maximum(low, each, out=low)
        for r, column in enumerate(self._columns):
            own = np.maximum(low, lanes.quiet[:, r])
            rows = np.flatnonzero(lanes.nearest[:, r] < own)
            if not len(rows):
                continue
            variant = self._variant[lanes.setting[rows], lanes.place[rows], r]
            found = column.next_due(np.maximum(variant, 0), own[rows])
            lanes.nearest[rows, r] = np.where(variant < 0, NEVER, found)

    # ------------------------------------------------------------ prompts

    def _ask(self, rows: Ints, at: Ints) -> None:
        """The most useful of those that may ask with this second."""
        lanes = self._lanes
        self._end(rows, at)
        setting, place, session = lanes.setting[rows], lanes.place[rows], lanes.session[rows]
        ready = lanes.nearest[rows] == at[:, None]
        rule = ready.argmax(axis=1)
        several = np.flatnonzero(ready.sum(axis=1) > 1)
        if len(several):
            rule[several] = self._best(rows[several], at[several], ready[several])
        now_s = self._now_s[at]
        self._found.setting.append(setting)
        self._found.at.append(at)
        self._found.rule.append(rule)
        self._found.again.append(lanes.again[rows, rule])
        for r, column in enumerate(self._columns):
            own = np.flatnonzero(rule == r)
            if len(own):
                ends, recovers = column.over(self._variant[setting[own], place[own], r], at[own])
                lanes.ends[rows[own], r], lanes.recovers[rows[own], r] = ends, recovers
        lanes.again[rows, rule] += 1
        lanes.count[rows, rule] += 1
        lanes.raised[rows, rule] = True
        lanes.last_s[rows, rule] = now_s
        quiet_s = now_s + self._repeat_s[setting, place, rule] / lanes.share[rows]
        lanes.quiet_s[rows, rule], lanes.quiet[rows, rule] = quiet_s, self._clock.index(session, quiet_s)
        lanes.newest_s[rows] = now_s
        lanes.gate[rows] = self._far_enough(rows)
        lanes.asked[rows, :-1] = lanes.asked[rows, 1:]
        lanes.asked[rows, -1] = self._clock.index(session, now_s + HOUR_S)
        lanes.at[rows] = at + 1

    def _best(self, rows: Ints, at: Ints, ready: Bools) -> Ints:
        """The rule of the farthest beyond its limit, and of a kind that has been followed so far."""
        lanes = self._lanes
        useful = np.full(ready.shape, -np.inf)
        for r, column in enumerate(self._columns):
            own = np.flatnonzero(ready[:, r])
            if not len(own):
                continue
            each = rows[own]
            setting, place = lanes.setting[each], lanes.place[each]
            value = self._values(column, r, setting, place, at[own])
            share = (lanes.followed[each, r] + 1.0) / (lanes.count[each, r] + 1.0)
            useful[own, r] = value / self._limit[setting, place, r] * share
        order = np.argsort(self._order, axis=1)[lanes.place[rows]]
        first = np.take_along_axis(useful, order, axis=1).argmax(axis=1)
        return order[np.arange(len(rows)), first]

    def _values(self, column: Column, r: int, setting: Ints, place: Ints, at: Ints) -> Floats:
        measure = self._measures[r]
        if measure in EXPOSURES:
            return column.exposure(self._variant[setting, place, r], at, self._tried.blocks_at)
        if measure != "break_debt_s":
            return self._tried.values(self._settings[0], measure, at)
        found = np.zeros(len(at))
        for number, settings in enumerate(self._debts.values()):
            own = np.flatnonzero(self._debt[setting] == number)
            if len(own):
                found[own] = self._tried.values(settings, measure, at[own])
        return found

    def _end(self, rows: Ints, at: Ints) -> None:
        """Spells that are over with this second or before it."""
        lanes = self._lanes
        i, r = np.nonzero(lanes.ends[rows] <= at[:, None])
        if not len(i):
            return
        own = rows[i]
        recovered = lanes.recovers[own, r]
        soon = self._now_s[lanes.ends[own, r]] - lanes.last_s[own, r] <= self._answer_s[lanes.setting[own]]
        lanes.snoozes[own[recovered]] = 0
        lanes.followed[own, r] += recovered & soon & (lanes.again[own, r] > 0)
        lanes.again[own, r] = 0
        lanes.raised[own, r] = False
        lanes.ends[own, r] = NEVER

    # ------------------------------------------------------------ events

    def _pass(self, rows: Ints) -> None:
        """The next event: something said, another profile, or the end."""
        lanes = self._lanes
        until, event = lanes.until[rows], lanes.event[rows]
        self._end(rows, until - 1)
        acts = self._event_act
        numbers: list[int] = np.unique(event).tolist()
        for number in numbers:
            act, own = acts[number], rows[event == number]
            if act is not None:
                self._act(own, act)
                continue
            place = self._event_place[number]
            lanes.again[own] = 0
            lanes.raised[own] = False
            lanes.ends[own] = NEVER
            lanes.place[own] = place
        lanes.nearest[rows] = -1
        lanes.at[rows] = np.maximum(lanes.at[rows], until)
        lanes.event[rows] += 1
        over = self._event_place[event] < 0
        over &= np.array([acts[number] is None for number in event.tolist()])
        following = np.minimum(lanes.event[rows], len(acts) - 1)
        lanes.until[rows] = np.where(over, NEVER, self._event_at[following])

    def _act(self, rows: Ints, said: Wearer) -> None:
        """As Prompter.act."""
        lanes = self._lanes
        if said.action == "snooze":
            rows = rows[lanes.snoozes[rows] < self._in_a_row[lanes.setting[rows]]]
            goes_on = (lanes.snoozes[rows] > 0) & (lanes.snoozed_s[rows] > said.t_s)
            lanes.snoozes[rows] += goes_on | lanes.raised[rows].any(axis=1)
            lanes.snoozed_s[rows] = said.t_s + said.seconds
            lanes.snoozed[rows] = lanes.gate[rows] = self._at(rows, said.t_s + said.seconds)
            self._clear(rows, said.t_s + said.seconds)
        elif said.action == "quiet" and said.seconds > 0.0:
            lanes.hushed_s[rows] = said.t_s + said.seconds
            lanes.hushed[rows] = lanes.gate[rows] = self._at(rows, said.t_s + said.seconds)
            self._clear(rows, said.t_s + said.seconds)
        elif said.action == "quiet":
            self._no_longer(rows, said.t_s)
        elif said.action == "meeting":
            most_s = self._meeting_s[lanes.setting[rows]]
            lanes.meeting[rows] = self._index(rows, said.t_s + most_s) if said.seconds > 0.0 else 0
            if said.seconds > 0.0:
                self._clear(rows, said.t_s)
        elif said.action == "dismiss":
            lanes.snoozes[rows] = 0
            self._clear(rows, None)

    def _no_longer(self, rows: Ints, t_s: float) -> None:
        """Quiet no longer: what was put off comes back now."""
        lanes = self._lanes
        put_off_s = lanes.quiet_s[rows]
        put_off = (put_off_s == lanes.snoozed_s[rows][:, None]) | (put_off_s == lanes.hushed_s[rows][:, None])
        put_off &= put_off_s > t_s
        self._hush(rows, put_off, t_s)
        lanes.gate[rows] = np.minimum(lanes.gate[rows], self._far_enough(rows))
        lanes.snoozed_s[rows] = lanes.hushed_s[rows] = -np.inf
        lanes.silent[rows] = lanes.snoozed[rows] = lanes.hushed[rows] = lanes.meeting[rows] = 0

    def _clear(self, rows: Ints, quiet_until_s: float | None) -> None:
        """The prompts on the screen go; not again before quiet_until_s."""
        lanes = self._lanes
        if quiet_until_s is not None:
            self._hush(rows, lanes.raised[rows], quiet_until_s)
        lanes.raised[rows] = False

    def _hush(self, rows: Ints, which: Bools, until_s: float) -> None:
        """No prompt before until_s of these rules, (rows, rules)."""
        lanes = self._lanes
        lanes.quiet_s[rows] = np.where(which, until_s, lanes.quiet_s[rows])
        lanes.quiet[rows] = np.where(which, self._at(rows, until_s)[:, None], lanes.quiet[rows])

    def _at(self, rows: Ints, t_s: float) -> Ints:
        return self._index(rows, np.full(len(rows), t_s))


def _baseline_s(days: int, started: Started | None) -> float:
    """The end of the first days, which are silent."""
    return baseline_s(days, started) if started else -np.inf


def _share(least: float, started: Started | None) -> float:
    return fading_share(least, started.first_per_h, started.week_per_h) if started else 1.0
