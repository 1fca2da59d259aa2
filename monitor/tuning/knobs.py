"""The thresholds that can be turned, by the names that `sitwell tune --set` takes; where each lies in the settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from monitor.states.rules import DESK, EXPOSURES, AlertRule, AlertSettings, Place


@dataclass(frozen=True, slots=True)
class Knob:
    """One threshold. path: its place in a profile.toml, dotted; rule: of this [[alert]], '' if of none.

    per             : what is stored is the knob's value times this (60: the knob turns in minutes)
    low, high, step : of its slider, in its own unit
    """

    name: str
    path: str
    unit: str
    low: float
    high: float
    step: float
    meaning: str
    rule: str = ""
    per: float = 1.0
    whole: bool = False

    def get(self, settings: AlertSettings, place: str = DESK) -> float:
        """Its value under this profile, in its own unit."""
        return float(_at(settings, self._parts(settings, place, self.path))) / self.per

    def set(self, settings: AlertSettings, value: float, place: str = DESK) -> AlertSettings:
        """The settings with it turned to this value; what else hangs on it (clear) keeps its ratio.

        Turned for the desk, it turns for each profile that has the same there: a profile.toml hands it on to them.
        """
        before = self.stored(settings, place)
        stored: float = round(value * self.per) if self.whole else value * self.per
        after = {self.path: stored}
        if "clear" in before:
            after["clear"] = before["clear"] * stored / before[self.path]
        return self.handed_on(settings, after, place)

    def handed_on(self, settings: AlertSettings, after: Mapping[str, float], place: str = DESK) -> AlertSettings:
        """The settings with what `stored` tells put to these values; as a profile.toml that says so would."""
        before = self.stored(settings, place)
        turned = [each.name for each in settings.places] if place == DESK and self.by_place else [place]
        for name in turned:
            own = self.stored(settings, name)
            for key, new in after.items():
                if name == place or own.get(key) == before[key]:
                    settings = _with(settings, self._parts(settings, name, key), new)
        return settings

    def stored(self, settings: AlertSettings, place: str = DESK) -> dict[str, float]:
        """What a profile.toml would say of it, by key: its value and what hangs on it; nothing where there is no such
        rule.
        """
        if self.rule and not any(rule.name == self.rule for rule in settings.places[_number(settings, place)].rules):
            return {}
        keys = (self.path, "clear") if self.rule and self.path == "limit" else (self.path,)
        return {key: _at(settings, self._parts(settings, place, key)) for key in keys}

    @property
    def by_place(self) -> bool:
        """Whether each profile has its own."""
        return bool(self.rule) or self.path.startswith("band.")

    def _parts(self, settings: AlertSettings, place: str, key: str) -> tuple[str | int, ...]:
        parts: tuple[str | int, ...] = tuple(key.split("."))
        if not self.by_place:
            return parts
        at = _number(settings, place)
        if not self.rule:
            return ("places", at, *parts)
        rules = settings.places[at].rules
        return ("places", at, "rules", next(n for n, each in enumerate(rules) if each.name == self.rule), *parts)


@dataclass(frozen=True, slots=True)
class Change:
    """One value that a profile.toml is to say. key: dotted; alert: of this [[alert]]; profile: of this [[profile]]."""

    key: str
    value: float
    alert: str = ""
    profile: str = ""


def changes(before: AlertSettings, after: AlertSettings) -> list[Change]:
    """What a profile.toml is to say for the knobs to be as after, where they were as before. What profiles have from
    the desk is said once.
    """
    found: list[Change] = []
    for place in before.places:
        profile = "" if place.name == DESK else place.name
        for knob in knobs(place).values():
            if profile and not knob.by_place:
                continue
            was, now = knob.stored(before, place.name), knob.stored(after, place.name)
            new = {key: value for key, value in now.items() if value != was[key]}
            found += [Change(key, value, knob.rule, profile) for key, value in new.items()]
            before = knob.handed_on(before, {**was, **new}, place.name) if new else before
    return found


def _number(settings: AlertSettings, place: str) -> int:
    return next((n for n, each in enumerate(settings.places) if each.name == place), 0)


def _at(holder: Any, parts: Sequence[str | int]) -> Any:
    for part in parts:
        holder = holder[part] if isinstance(part, int) else getattr(holder, part)
    return holder


def _with(holder: Any, parts: Sequence[str | int], value: float) -> Any:
    """A copy with what lies at the end of `parts` replaced."""
    part, rest = parts[0], parts[1:]
    inner = _with(_at(holder, (part,)), rest, value) if rest else value
    if isinstance(part, int):
        return (*holder[:part], inner, *holder[part + 1 :])
    return replace(holder, **{part: inner})


def knobs(place: Place) -> Mapping[str, Knob]:
    """Every knob of a profile by name, in the order in which they are shown."""
    found: list[Knob] = []
    for rule in place.rules:
        found += _of_rule(rule)
    found += [
        Knob("budget.most_per_hour", "budget.most_per_hour", "", 1, 12, 1, "prompts in any hour", whole=True),
        Knob("budget.apart_min", "budget.apart_s", "min", 0, 30, 1, "from one prompt to the next", per=60.0),
        Knob("fading.least", "fading.least", "", 0.05, 1, 0.05, "part of the budget left once you rarely exceed"),
        Knob("quiet.settle_s", "quiet.settle_s", "s", 0, 120, 5, "none in the first seconds after a change"),
        Knob("quiet.min_p", "quiet.min_p", "", 0.3, 0.99, 0.05, "none while the posture is less sure"),
        Knob("breaks.owed_min_per_h", "debt.owed_min_per_h", "min", 0, 20, 1, "owed on foot for each hour seated"),
    ]
    return {knob.name: knob for knob in found}


def _of_rule(rule: AlertRule) -> list[Knob]:
    found: list[Knob] = []
    if rule.measure in EXPOSURES:
        side = "tilt_deg" if rule.measure == EXPOSURES[0] else "sideways_deg"
        found += [
            Knob(f"{rule.name}.{side}", f"band.sitting.{side}", "deg", 5, 30, 1, "half the band, seated"),
            Knob(f"{rule.name}.standing_{side}", f"band.standing.{side}", "deg", 5, 30, 1, "half the band, standing"),
        ]
        found.append(
            Knob(
                f"{rule.name}.limit_deg_min", "limit", "deg·min", 1, 120, 1, "beyond the band, summed", rule.name, 60.0
            )
        )
    else:
        high = max(120.0, 2.0 * rule.limit / 60.0)
        found.append(Knob(f"{rule.name}.limit_min", "limit", "min", 1, high, 1, "the limit", rule.name, 60.0))
    return [
        *found,
        Knob(f"{rule.name}.hold_s", "hold_s", "s", 1, 60, 1, "beyond it in one go", rule.name),
        Knob(f"{rule.name}.repeat_min", "repeat_s", "min", 1, 120, 1, "until it may come again", rule.name, 60.0),
    ]
