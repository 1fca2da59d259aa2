"""Prompts that would have come: the rules of states.alerts over whole days at once, the Prompter only where one is due.

What this gives equals, to the second and the last bit, what a replay gives under the same settings.
"""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import numpy as np

from monitor.states.alerts import ABSENT
from monitor.states.measures import PER_DEG, SITTING, STANDING, carried, half_widths, usual_begin
from monitor.states.prompter import Prompter, Week
from monitor.states.rules import (
    AUTO,
    EXPOSURES,
    HOUR_S,
    MEASURES,
    AlertRule,
    AlertSettings,
    BandParams,
    Place,
    place_named,
)
from monitor.stream import Floats, Mark
from monitor.tuning.days import Days, debt
from monitor.tuning.exposure import Exposure, Leaks, beyond, exposure, leaks, off_usual
from monitor.tuning.intervals import NOTHING, Bools, Intervals, Ints, Ramps, where
from monitor.tuning.prompted import Prompted, Rule, Stretch, prompted

Kept = TypeVar("Kept")
LARGE = 32  # kept of what may take a megabyte for a month


@dataclass(frozen=True, slots=True, eq=False)
class Rerun:
    """What came out. rules: of each profile, in the order of the settings'."""

    prompts: tuple[Prompted, ...]
    rules: tuple[tuple[Rule, ...], ...]


@dataclass(slots=True)
class Tried:
    """Days to try settings on; what settings have in common is worked out once."""

    days: Days
    _kept: dict[Hashable, dict[Hashable, Any]] = field(default_factory=dict[Hashable, dict[Hashable, Any]])
    _numbers: dict[Hashable, int] = field(default_factory=dict[Hashable, int])
    _numbered: tuple[AlertSettings, list[int]] | None = None  # of the settings asked for last, see _number

    def run(self, settings: AlertSettings) -> Rerun:
        """The prompts under these settings."""
        stretches, rules = self.stretches(settings), self.rules(settings)
        prompts: list[Prompted] = []
        prompter, session = Prompter(settings), -1

        def value(measure: str, index: int) -> float:
            return self.value(settings, measure, index)

        for stretch in stretches:
            if stretch.session != session:
                session, prompter = stretch.session, Prompter(settings)
                started = self.days.sessions[session].started
                if started:
                    prompter.start(started)
            prompts += prompted(self.days, stretch, rules[stretch.place], prompter, value)
        return Rerun(tuple(prompts), rules)

    def value(self, settings: AlertSettings, measure: str, index: int) -> float:
        """The measure with the second of this index, in its unit."""
        return float(self.values(settings, measure, np.array([index], np.int64))[0])

    def values(self, settings: AlertSettings, measure: str, at: Ints) -> Floats:
        """The measure with the seconds of these indices, (N,), in its unit."""
        if measure in EXPOSURES:
            return self.exposures(settings, measure, self.blocks_at[at])
        ramps, whole = self._ramps(settings, measure)
        k = np.searchsorted(ramps.first, at, "right") - 1
        sums = ramps.v0[k] + ramps.slope[k] * (at - ramps.first[k])
        return sums / whole

    def exposures(self, settings: AlertSettings, measure: str, blocks: Ints) -> Floats:
        """An exposure after blocks of these numbers, (N,), in its unit."""
        return self._exposure(settings, EXPOSURES.index(measure)).after(blocks) / PER_DEG

    @property
    def blocks_at(self) -> Ints:
        """(N,) the block whose exposure is seen with each second."""

        def make() -> Ints:
            return np.searchsorted(self._seen[:-1], np.arange(len(self.days.seconds)), "right") - 1

        return self.keep(("blocks at",), make)

    def rules(self, settings: AlertSettings) -> tuple[tuple[Rule, ...], ...]:
        """The rules of each profile, where they are due; none of a profile that never applies."""
        used = self.keep(("used", _hours(settings)), lambda: {each.place for each in self.stretches(settings)})
        return tuple(
            self._rules(settings, number, place) if number in used else ()
            for number, place in enumerate(settings.places)
        )

    def beyond_s(self, settings: AlertSettings, axis: int) -> int:
        """Seconds beyond the band along one axis: 0 tilt, 1 sideways."""
        return int(self.days.blocks.seconds[self._beyond(settings, axis)[0]].sum())

    def keep(self, key: Hashable, make: Callable[[], Kept], most: int = 4000) -> Kept:
        """What was made under this key before, or make it; of each kind the newest `most` are kept."""
        kept = self._kept.setdefault(cast("tuple[Hashable, ...]", key)[0], {})
        if key not in kept:
            if len(kept) >= most:
                del kept[next(iter(kept))]
            kept[key] = make()
        return kept[key]

    # ------------------------------------------------------------ profiles

    def stretches(self, settings: AlertSettings) -> tuple[Stretch, ...]:
        """Which profile applies when, in order of time."""
        key = "stretches", _hours(settings)
        return self.keep(
            key, lambda: tuple(each for n in range(len(self.days.sessions)) for each in self._moves(settings, n))
        )

    def _moves(self, settings: AlertSettings, number: int) -> list[Stretch]:
        """The profiles of one session, as Alerts moves between them."""
        session, first = self.days.sessions[number], int(self.days.edges[number])
        week, names = Week(settings), [place.name for place in settings.places]
        if session.started:
            week.local_s = session.started.week_s
        said = [(i, place_named(settings, each.label)) for i, each in session.said if isinstance(each, Mark)]
        said = [(i, name) for i, name in said if name is not None]
        now_s, n = session.seconds.now_s, len(session.seconds)
        found: list[Stretch] = []
        chosen, place, sure_s, at = False, 0, -math.inf, 0
        while at < n:
            while said and said[0][0] <= at:
                name = said.pop(0)[1]
                chosen = name != AUTO
                sure_s = -math.inf
                place = names.index(str(name)) if chosen else place
            if not chosen and now_s[at] >= sure_s:
                name, sure_s = week.place(float(now_s[at]))
                place = names.index(name) if name in names else 0
            until = n if chosen or math.isinf(sure_s) else int(np.searchsorted(now_s, sure_s))
            until = max(min(until, said[0][0] if said else n), at + 1)
            if found and found[-1].place == place:
                found[-1] = Stretch(number, found[-1].first, first + until, place)
            else:
                found.append(Stretch(number, first + at, first + until, place))
            at = until
        return found

    def _under(self, settings: AlertSettings, number: int) -> tuple[Intervals, Intervals, Intervals]:
        """Where this profile applies; of that, where the wearer is there, and where absent."""

        def make() -> tuple[Intervals, Intervals, Intervals]:
            own = [each for each in self.stretches(settings) if each.place == number]
            applies = Intervals(
                np.array([each.first for each in own], np.int64), np.array([each.end for each in own], np.int64)
            )
            absent = self.days.seconds.among(ABSENT)
            return applies, where(~absent) & applies, where(absent) & applies

        return self.keep(("under", number, _hours(settings)), make)

    # ------------------------------------------------------------ rules

    def _rules(self, settings: AlertSettings, number: int, place: Place) -> tuple[Rule, ...]:
        return tuple(self._rule(settings, number, rule) for rule in place.rules if rule.on)

    def _rule(self, settings: AlertSettings, number: int, rule: AlertRule) -> Rule:
        quiet = settings.quiet
        key = ("rule", number, _hours(settings), self._measure_key(settings, rule.measure), rule.measure)
        key = (*key, rule.limit, rule.clear, rule.hold_s, quiet.min_p, quiet.settle_s)

        def make() -> tuple[Intervals, list[int], list[int], list[int], list[bool]]:
            applies, present, absent = self._under(settings, number)
            over = (self._at_least(settings, rule.measure, rule.limit) & present).held(rule.hold_s)
            due = over & self._askable(MEASURES[rule.measure].asked_in, quiet.min_p, quiet.settle_s)
            if not len(due):
                return NOTHING, [], [], [], []
            under = (self._at_most(settings, rule.measure, rule.clear) & applies).held(rule.hold_s)
            gone = absent.held(rule.hold_s)
            over_at = np.concatenate((gone.start, under.start, applies.end))
            recovered = np.repeat((False, True, False), (len(gone), len(under), len(applies)))
            order = np.argsort(over_at, kind="stable")
            return due, due.start.tolist(), due.end.tolist(), over_at[order].tolist(), recovered[order].tolist()

        return Rule(rule, *self.keep(key, make))

    def _askable(self, postures: Sequence[Any], min_p: float, settle_s: float) -> Intervals:
        def make() -> Intervals:
            sure = self.keep(("sure", min_p), lambda: self.days.seconds.p >= min_p, LARGE)
            settled = self.keep(("settled", settle_s), lambda: self.days.seconds.settled_s > settle_s, LARGE)
            return where(placed() & sure & settled)

        def placed() -> Bools:
            seconds = self.days.seconds
            return self.keep(("placed", tuple(postures)), lambda: seconds.among(postures) & seconds.placed)

        return self.keep(("askable", tuple(postures), min_p, settle_s), make)

    def _at_least(self, settings: AlertSettings, measure: str, limit: float) -> Intervals:
        if measure in EXPOSURES:
            found = self._exposure(settings, EXPOSURES.index(measure)).at_least(least_whole(limit, PER_DEG))
            return self._seconds(found)
        ramps, whole = self._ramps(settings, measure)
        return ramps.at_least(least_whole(limit, whole))

    def _at_most(self, settings: AlertSettings, measure: str, limit: float) -> Intervals:
        if measure in EXPOSURES:
            return self._seconds(self._exposure(settings, EXPOSURES.index(measure)).at_most(most_whole(limit, PER_DEG)))
        ramps, whole = self._ramps(settings, measure)
        return ramps.at_most(most_whole(limit, whole))

    def _measure_key(self, settings: AlertSettings, measure: str) -> Hashable:
        if measure in EXPOSURES:
            return self._number(settings, EXPOSURES.index(measure))
        return settings.debt if measure == "break_debt_s" else None

    # ------------------------------------------------------------ measures

    def _ramps(self, settings: AlertSettings, measure: str) -> tuple[Ramps, int]:
        """A clock in whole parts of a second, and how many of them make one."""
        if measure != "break_debt_s":
            return self.days.clocks[measure], 1
        days = self.days
        return self.keep(("debt", settings.debt), lambda: debt(days.seconds, days.edges, settings.debt)), int(HOUR_S)

    @property
    def _seen(self) -> Ints:
        """(M + 1,) index from which the exposure after a block is seen: the begin of the next one; and the end."""
        first, end = self.days.blocks.first, len(self.days.seconds)
        return self.keep(("seen",), lambda: np.append(first[1:], (end, end)))

    def _seconds(self, blocks: Intervals) -> Intervals:
        """The seconds in which what holds after these blocks is seen."""
        seen = self._seen
        start, end = seen[blocks.start], seen[blocks.end]
        there = start < end
        return Intervals(start[there], end[there])

    def _exposure(self, settings: AlertSettings, axis: int) -> Exposure:
        def make() -> Exposure:
            return exposure(*self._beyond(settings, axis), self._leaks(settings))

        return self.keep(("exposure", self._number(settings, axis)), make, LARGE)

    def _beyond(self, settings: AlertSettings, axis: int) -> tuple[Ints, Ints]:
        """Blocks beyond the band, and what each adds, 1e-4 deg·s."""

        def make() -> tuple[Ints, Ints]:
            places, off = self._place_of_blocks(settings), self._off(settings)[axis]
            return beyond(off, axis, _bands(settings), places, self._leaks(settings))

        return self.keep(("beyond", self._number(settings, axis)), make, LARGE)

    def _leaks(self, settings: AlertSettings) -> Leaks:
        def make() -> Leaks:
            return leaks(self.days.blocks, _bands(settings), self._place_of_blocks(settings))

        rates = tuple((band.leak_deg_s, band.forget_s) for band in _bands(settings))
        return self.keep(("leaks", _hours(settings), rates), make, LARGE)

    def _number(self, settings: AlertSettings, axis: int) -> int:
        """One for all settings with the same exposure along this axis."""
        if self._numbered is None or self._numbered[0] is not settings:
            keys = [_exposure_key(settings, each) for each in (0, 1)]
            self._numbered = settings, [self._numbers.setdefault(key, len(self._numbers)) for key in keys]
        return self._numbered[1][axis]

    def _place_of_blocks(self, settings: AlertSettings) -> Ints | None:
        """(M,) number of the profile at each block's end; None where the first one applies throughout."""

        def make() -> Ints | None:
            stretches = self.stretches(settings)
            if all(each.place == 0 for each in stretches):
                return None
            firsts = [each.first for each in stretches]
            numbers = np.array([each.place for each in stretches], np.int64)
            return numbers[np.searchsorted(firsts, self.days.blocks.last, "right") - 1]

        return self.keep(("places", _hours(settings)), make)

    def _off(self, settings: AlertSettings) -> Ints:
        """(2, M) how far tilt and obliquity, summed over a block, lie off the usual ones."""

        def make() -> Ints:
            before = [carried(each.started.usual) if each.started else {} for each in self.days.sessions]
            names = [place.name for place in settings.places]
            return off_usual(self.days.blocks, _bands(settings), self._place_of_blocks(settings), before, names)

        return self.keep(("off", *_usual_key(settings)), make, LARGE)


# ---------------------------------------------------------------- what depends on what


def _hours(settings: AlertSettings) -> Hashable:
    return tuple((place.name, place.hours) for place in settings.places)


def _bands(settings: AlertSettings) -> list[BandParams]:
    return [place.band for place in settings.places]


def _exposure_key(settings: AlertSettings, axis: int) -> tuple[Hashable, ...]:
    bands = _bands(settings)
    widths = tuple(
        (half_widths(band, SITTING)[axis], half_widths(band, STANDING)[axis], band.leak_deg_s, band.forget_s)
        for band in bands
    )
    return axis, widths, _usual_key(settings)


def _usual_key(settings: AlertSettings) -> tuple[Hashable, ...]:
    bands = _bands(settings)
    usual = tuple((usual_begin(band, SITTING), usual_begin(band, STANDING), band.step_deg_s) for band in bands)
    return _hours(settings), usual


def least_whole(limit: float, per: int) -> int:
    """The smallest whole number that, divided by `per`, is the limit or more."""
    whole = math.ceil(limit * per)
    while (whole - 1) / per >= limit:
        whole -= 1
    while whole / per < limit:
        whole += 1
    return whole


def most_whole(limit: float, per: int) -> int:
    """The largest whole number that, divided by `per`, is the limit or less."""
    whole = math.floor(limit * per)
    while (whole + 1) / per <= limit:
        whole += 1
    while whole / per > limit:
        whole -= 1
    return whole
