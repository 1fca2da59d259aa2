"""Prompts second by second: each rule's measure against its limit, with hysteresis, hold and repeat.

over   the measure has been at or above the limit for hold_s in one go: a spell begins
due    over, in a posture that the rule asks in, which is sure and has lasted some seconds, while the clip sits well
asked  due, and the Prompter lets it: the prompt is raised. It comes again, quietly, after repeat_s
ended  the measure has been at or below `clear` for hold_s ('recovered'), or there is no data, or other settings hold
"""

import math
from dataclasses import dataclass, field

from monitor.states.bouts import BLANK
from monitor.states.measures import Measures
from monitor.states.prompter import Prompter
from monitor.states.rules import AUTO, EXPOSURES, MEASURES, AlertRule, AlertSettings, Place, place_named
from monitor.stream import (
    AlertDue,
    AlertRaised,
    BandFollowed,
    Epoch,
    Event,
    Posture,
    Praised,
    ProfileChanged,
    Started,
    Wearer,
)

ABSENT = (Posture.NO_DATA, Posture.NOT_WORN)
SEEN = (Posture.SITTING, Posture.STANDING, Posture.WALKING)


@dataclass(slots=True)
class _Spell:
    over_s: int = 0  # seconds at or beyond the limit in one go, none of them absent
    under_s: int = 0  # seconds at or below `clear` in one go
    absent_s: int = 0  # seconds without data or not worn in one go
    lasts: bool = False
    told: bool = False  # that it is due
    moved: bool = False  # since the prompt: the sensor saw another posture, of those in which one sits or is on foot


@dataclass(slots=True)
class Alerts:
    """Feeds on confirmed epochs and on what the wearer does. zero_s: when the zero was last learnt."""

    settings: AlertSettings
    prompter: Prompter = field(init=False)
    measures: Measures = field(init=False)
    zero_s: float = math.nan
    place: Place = field(init=False)
    _chosen: str | None = None  # the profile that the wearer chose
    _sure_until_s: float = -math.inf
    _spells: list[tuple[AlertRule, _Spell]] = field(default_factory=list[tuple[AlertRule, _Spell]])
    _posture: Posture = Posture.NO_DATA
    _settled_s: int = 0
    _started: Started | None = None

    def __post_init__(self) -> None:
        self.prompter, self.measures = Prompter(self.settings), Measures(self.settings)
        self._enter(self.settings.places[0])

    # ------------------------------------------------------------ in

    def start(self, started: Started) -> None:
        """What was known when the session began."""
        self._started = started
        self.prompter.start(started)
        self.measures.start(started.usual)
        self._sure_until_s = -math.inf

    def change(self, t_s: float, settings: AlertSettings) -> list[Event]:
        """Other settings from here on. What was summed and asked stays; each rule's hold begins anew."""
        ended = self._end_all(t_s)
        self.settings = settings
        self.prompter.change(settings)
        self.measures.change(settings)
        before = self.place.name
        self._enter(self._named(before))
        self._sure_until_s = -math.inf
        if self.place.name != before:  # it is no longer there
            self._chosen = None
            ended.append(ProfileChanged(t_s, before, self.place.name))
        return ended

    def choose(self, t_s: float, label: str) -> list[Event]:
        """A mark may name the profile that applies for the rest of the session; 'auto': the hours decide again."""
        place = place_named(self.settings, label)
        if place == AUTO:
            self._chosen, self._sure_until_s = None, -math.inf
        if place in {AUTO, None}:
            return []
        self._chosen = place
        return self._move(t_s, str(place))

    def act(self, wearer: Wearer) -> list[Event]:
        """The wearer snoozed, said done, or wants quiet."""
        return self.prompter.act(wearer)

    def push(self, epoch: Epoch, sitting_s: float, standing_s: float, *, shifted: bool = False) -> list[Event]:
        """Take one confirmed second with the two clocks after it. shifted: a posture shift became known with it."""
        now = epoch.t_s + 1.0
        events: list[Event] = []
        if self._chosen is None and now >= self._sure_until_s:
            name, self._sure_until_s = self.prompter.week.place(now)
            events += self._move(now, name)
        self.measures.push(epoch, sitting_s, standing_s, self.place.name, shifted=shifted)
        events += [BandFollowed(now, *each) for each in self.measures.followed()]
        if epoch.posture not in BLANK:
            self._settled_s = self._settled_s + 1 if epoch.posture is self._posture else 1
            self._posture = epoch.posture
        quiet = self.settings.quiet
        asking = epoch.placed and epoch.posture_p >= quiet.min_p and self._settled_s > quiet.settle_s
        due: list[tuple[AlertRule, _Spell]] = []
        for rule, spell in self._spells:
            events += self._follow(rule, spell, now, epoch.posture)
            if spell.over_s >= rule.hold_s and asking and epoch.posture in MEASURES[rule.measure].asked_in:
                due.append((rule, spell))
        return events + self._ask(due, now, epoch) if due else events

    # ------------------------------------------------------------ out

    def band_deg(self, posture: Posture) -> tuple[float, float]:
        """(low, high) tilt of the wearer's band in this posture; that of standing where it has none of its own."""
        middle, width = self.measures.usual_deg(self.place, posture)[0], self.place.band.of(posture).tilt_deg
        return middle - width, middle + width

    def sideways_deg(self, posture: Posture) -> tuple[float, float]:
        """(low, high) obliquity of the band, as band_deg."""
        middle, width = self.measures.usual_deg(self.place, posture)[1], self.place.band.of(posture).sideways_deg
        return middle - width, middle + width

    # ------------------------------------------------------------ one second

    def _follow(self, rule: AlertRule, spell: _Spell, now: float, posture: Posture) -> list[Event]:
        """Count the seconds of a rule; begin or end its spell."""
        value, absent = self.measures.values[rule.measure], posture in ABSENT
        spell.moved = spell.moved or (posture in SEEN and posture not in MEASURES[rule.measure].asked_in)
        spell.over_s = spell.over_s + 1 if value >= rule.limit and not absent else 0
        spell.under_s = spell.under_s + 1 if value <= rule.clear else 0
        spell.absent_s = spell.absent_s + 1 if absent else 0
        if not spell.lasts:
            spell.lasts = spell.over_s >= rule.hold_s
            return []
        if spell.absent_s < rule.hold_s and spell.under_s < rule.hold_s:
            return []
        spell.lasts = spell.told = False
        ended = self.prompter.over(rule, now, "no data" if spell.absent_s >= rule.hold_s else "recovered")
        return [event for event in ended if spell.moved or not isinstance(event, Praised)]

    def _ask(self, due: list[tuple[AlertRule, _Spell]], now: float, epoch: Epoch) -> list[Event]:
        values = self.measures.values
        ready = [(rule, values[rule.measure]) for rule, _ in due if self.prompter.earliest(rule.name, now) <= now]
        best = self.prompter.best(ready)[0] if ready else None
        events: list[Event] = []
        for rule, spell in due:
            if not spell.told:
                spell.told = True
                held = "" if rule is best else self.prompter.why_not(rule.name, now) or "another prompt"
                events.append(AlertDue(now, rule.name, values[rule.measure], rule.limit, held))
            if rule is best:
                events.append(self._raise(rule, spell, now, epoch))
        return events

    def _raise(self, rule: AlertRule, spell: _Spell, now: float, epoch: Epoch) -> AlertRaised:
        value, unit = self.measures.values[rule.measure], MEASURES[rule.measure].unit
        explain = self._explain(rule, spell, value, epoch)
        again, spell.moved = self.prompter.ask(rule, now), False
        cue = "screen" if again else rule.cue
        return AlertRaised(now, rule.name, rule.message, value, rule.limit, unit, explain, cue, again)

    def _explain(self, rule: AlertRule, spell: _Spell, value: float, epoch: Epoch) -> dict[str, float | str]:
        """What was measured, how sure that is, how old what it rests on, and what would have silenced it so far."""
        explain: dict[str, float | str] = {
            "posture": str(epoch.posture),
            "posture_p": round(epoch.posture_p, 2),
            "over_limit_s": float(spell.over_s),
        }
        beyond_s = self.measures.beyond_s(rule.measure)
        if rule.measure in EXPOSURES:
            sideways = rule.measure == EXPOSURES[1]
            low, high = self.sideways_deg(epoch.posture) if sideways else self.band_deg(epoch.posture)
            name, tilt = ("obliquity", epoch.obliquity_deg) if sideways else ("tilt", epoch.tilt_deg)
            explain |= {
                f"{name}_deg": round(tilt, 1),
                "tilt_sd_deg": round(epoch.tilt_sd_deg, 1),
                "band_low_deg": round(low, 1),
                "band_high_deg": round(high, 1),
                "beyond_band_s": float(beyond_s),
            }
        explain["profile"] = self.place.name
        ages = {"zero_age_s": epoch.t_s + 1.0 - self.zero_s}
        if self._started:
            ages |= {"alignment_age_d": self._started.aligned_d, "calibration_age_d": self._started.calibrated_d}
        explain |= {name: round(age, 1) for name, age in ages.items() if not math.isnan(age)}
        explain["setting"] = f"{rule.name}.{in_words(rule.measure, rule.limit)}"
        explain["silent_with"] = self._silent_with(rule, value, beyond_s, epoch.posture)
        return explain

    def _silent_with(self, rule: AlertRule, value: float, beyond_s: int, posture: Posture) -> str:
        """The smallest round change of a setting with which this prompt would not have come yet."""
        higher = f"{rule.name}.{in_words(rule.measure, value, up=True)}"
        if not beyond_s or not self.measures.beyond_only(rule.measure, self.place, posture):
            return higher
        side = "sideways_deg" if rule.measure == EXPOSURES[1] else "tilt_deg"
        width = getattr(self.place.band.of(posture), side) + math.ceil(value / beyond_s)
        return f"{higher}, or band.{posture}.{side} = {width:g}"

    # ------------------------------------------------------------ profiles

    def _named(self, name: str) -> Place:
        places = self.settings.places
        return next((place for place in places if place.name == name), places[0])

    def _enter(self, place: Place) -> None:
        self.place = place
        self._spells = [(rule, _Spell()) for rule in place.rules if rule.on]

    def _move(self, t_s: float, name: str) -> list[Event]:
        """Another profile from here on: its own rules, bands and usual tilts."""
        if name == self.place.name:
            return []
        events = [*self._end_all(t_s), ProfileChanged(t_s, self.place.name, name)]
        self._enter(self._named(name))
        return events

    def _end_all(self, t_s: float) -> list[Event]:
        """Other settings hold: every spell is over."""
        return [
            event for rule, spell in self._spells if spell.lasts for event in self.prompter.over(rule, t_s, "settings")
        ]


def in_words(measure: str, value: float, *, up: bool = False) -> str:
    """A limit as `sitwell tune` takes it: 'limit_min = 30' or 'limit_deg_min = 15'. up: the next above it."""
    minutes = math.floor(value / 60.0) + 1 if up else value / 60.0
    return f"limit_{'deg_min' if measure in EXPOSURES else 'min'} = {minutes:g}"
