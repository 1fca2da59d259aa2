"""The thresholds of a profile as sliders, and what turning one does to the settings. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from monitor.dashboard.widgets.braille import Row
from monitor.dashboard.words import fit
from monitor.states.rules import DESK, AlertSettings
from monitor.tuning.knobs import Knob

Turns: TypeAlias = Mapping[tuple[str, str], float]  # by (profile, knob): its value
Found: TypeAlias = Mapping[str, Mapping[str, Knob]]  # the knobs by name, of each profile by its name

CHOSEN, CHANGED = "▸", "◆"
BEFORE, HERE, AFTER, CONFIG = "━", "●", "─", "◇"  # of a slider; CONFIG: where the config has it
SAME: Final = 1e-9  # values closer than this are one
_LABELS: Final = {
    "tilt_deg": "band seated",
    "sideways_deg": "band seated",
    "standing_tilt_deg": "band standing",
    "standing_sideways_deg": "band standing",
    "limit_deg_min": "limit",
    "limit_min": "limit",
    "hold_s": "held for",
    "repeat_min": "again after",
    "most_per_hour": "most an hour",
    "apart_min": "apart",
    "least": "fades to",
    "settle_s": "settled for",
    "min_p": "sure at least",
    "owed_min_per_h": "owed an hour",
}
_NAME, _VALUE, _WAS = 13, 9, 6  # columns
_LEFT: Final = 3 + _NAME + 1
_RIGHT: Final = 1 + _VALUE + 1 + _WAS


@dataclass(frozen=True, slots=True)
class Change:
    """A knob that differs from the config, in its own unit; places: the profiles in which it does, none for all."""

    places: tuple[str, ...]
    knob: Knob
    was: float
    now: float

    @property
    def words(self) -> str:
        """'posture: limit 15 to 20 °·min (desk, sofa)'."""
        rule, where = group(self.knob), f" ({', '.join(self.places)})" if self.places else ""
        return f"{rule}: {label(self.knob)} {number(self.was)} to {with_unit(self.knob, self.now)}{where}"


# ---------------------------------------------------------------- turning


def stepped(knob: Knob, value: float, steps: int) -> float:
    """The value so many steps on, on the grid of its steps and within its range; beyond the range only inwards."""
    at = (value - knob.low) / knob.step
    whole = math.floor(at + 1e-6) if steps > 0 else math.ceil(at - 1e-6)
    wanted = min(max(knob.low + (whole + steps) * knob.step, knob.low), knob.high)
    return value if (wanted - value) * steps < 0 else round(wanted, 6)


def folded(before: AlertSettings, turns: Turns, found: Found) -> AlertSettings:
    """The config's settings with every knob that is turned at its value; the desk first, which others follow."""
    settings = before
    for place, name in sorted(turns, key=lambda key: key[0] != DESK):
        settings = found[place][name].set(settings, turns[place, name], place)
    return settings


def unfolded(settings: AlertSettings, before: AlertSettings, found: Found) -> dict[tuple[str, str], float]:
    """The turns that made these settings of those of the config."""
    turns: dict[tuple[str, str], float] = {}
    for place in sorted(found, key=lambda name: name != DESK):
        so_far = folded(before, turns, found)
        for name, knob in found[place].items():
            now = knob.get(settings, place)
            if abs(now - knob.get(so_far, place)) >= SAME and (place == DESK or knob.by_place):
                turns[place, name] = now
    return turns


def changes(settings: AlertSettings, before: AlertSettings, found: Found) -> tuple[Change, ...]:
    """What differs."""
    listed: dict[tuple[str, float, float], Change] = {}
    for place, of_place in found.items():
        for knob in of_place.values():
            was, now = knob.get(before, place), knob.get(settings, place)
            if abs(now - was) < SAME:
                continue
            key = (knob.name, was, now)
            places = (*(listed[key].places if key in listed else ()), place)
            listed[key] = Change(places if knob.by_place else (), knob, was, now)
    return tuple(listed.values())


# ---------------------------------------------------------------- words


def group(knob: Knob) -> str:
    """The rule, or the part of the settings, to which it belongs."""
    return knob.name.partition(".")[0]


def label(knob: Knob) -> str:
    """A word or two for it beside its slider."""
    part = knob.name.partition(".")[2]
    return _LABELS.get(part, part.replace("_", " "))


def number(value: float) -> str:
    """'15', '0.75'."""
    return f"{round(value, 2):g}"


def with_unit(knob: Knob, value: float) -> str:
    """'15 min', '10°', '15 °·min', '0.7'."""
    return f"{number(value)} {knob.unit}".rstrip().replace(" deg", "°" if knob.unit == "deg" else " °")


def letters(names: Sequence[str]) -> dict[str, str]:
    """A small letter for each rule, the first of its name that is free."""
    found: dict[str, str] = {}
    for name in names:
        own_letters = [each for each in name.lower() if each.isalpha()]
        free = (each for each in (*own_letters, *"abcdefghijklmnopqrstuvwxyz") if each not in found.values())
        found[name] = next(free, "!")
    return found


# ---------------------------------------------------------------- drawn


def grouped(of_place: Mapping[str, Knob]) -> list[str | Knob]:
    """Names of groups, each before its knobs."""
    groups: dict[str, list[Knob]] = {}
    for knob in of_place.values():
        groups.setdefault(group(knob), []).append(knob)
    return [each for name, own_knobs in groups.items() for each in (name, *own_knobs)]


def scrolled(top: int, chosen: int, rows: int, lines: int) -> int:
    """The first line to show, so that the chosen one is seen, and the one before it."""
    top = min(top, max(chosen - 1, 0))
    return max(min(max(top, chosen - rows + 1), lines - rows), 0)


def slider_at(columns: int) -> tuple[int, int]:
    """(first column, width) of a slider in a row of so many columns."""
    return _LEFT, max(columns - _LEFT - _RIGHT, 4)


def value_at(knob: Knob, column: int, width: int) -> float:
    """What the mouse means at this column of the slider, on the grid of its steps."""
    part = min(max(column / max(width - 1, 1), 0.0), 1.0)
    if part >= 1.0:
        return knob.high
    return min(round(knob.low + round(part * (knob.high - knob.low) / knob.step) * knob.step, 6), knob.high)


def group_row(name: str, signs: Mapping[str, str], *, off: bool) -> Row:
    """The name of a group, a rule after its letter."""
    return (f"{signs.get(name, ' ')} ", "good"), (f"{name}{' (off in this profile)' if off else ''}", "strong")


def knob_row(knob: Knob, now: float, was: float, columns: int, *, chosen: bool) -> Row:
    """Cursor, sign of a change, name, slider, value, and in brackets what the config has."""
    changed = abs(now - was) >= SAME
    strong = "strong" if chosen else ""
    width = slider_at(columns)[1]
    marks = f"{CHOSEN if chosen else ' '}{CHANGED if changed else ' '} "
    value = with_unit(knob, now).rjust(_VALUE)
    return (
        (marks, "warn" if changed else strong),
        (fit(label(knob), _NAME).ljust(_NAME + 1), strong),
        *_slider(knob, now, was, width),
        (f" {value}", "warn" if changed else strong),
        (f" {fit(f'({number(was)})', _WAS):>{_WAS}}", "quiet"),
    )


def _slider(knob: Knob, now: float, was: float, width: int) -> Row:
    at, config = (_cell(knob, value, width) for value in (now, was))
    text = BEFORE * at + HERE + AFTER * (width - at - 1)
    if config != at:
        text = f"{text[:config]}{CONFIG}{text[config + 1 :]}"
    return (text[:at], "bar"), (text[at], "strong"), (text[at + 1 :], "quiet")


def _cell(knob: Knob, value: float, width: int) -> int:
    part = (value - knob.low) / (knob.high - knob.low) if knob.high > knob.low else 0.0
    return round(min(max(part, 0.0), 1.0) * (width - 1))
