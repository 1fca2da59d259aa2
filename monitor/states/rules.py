"""What a prompt depends on: rules, bands, budget, quiet times, and the profiles that change them with the place.

All of it is data, so that it can be written into a recording and tried on one. Times in s, angles in deg.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, cast

from monitor.stream import Posture

DAY_S = 86_400.0
HOUR_S = 3600.0
BANDED = (Posture.SITTING, Posture.STANDING)
CUES = ("all", "desktop", "screen")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DESK = "desk"  # the profile that is made of everything outside [[profile]]
AUTO = "auto"  # no profile: the hours choose one

Params = TypeVar("Params")


@dataclass(frozen=True, slots=True)
class Measure:
    """unit: of limit and clear; asked_in: postures in which a prompt on it may come; moving: only movement ends it."""

    unit: str
    asked_in: tuple[Posture, ...]
    moving: bool


MEASURES = {
    "tilt_exposure_deg_s": Measure("deg·s", BANDED, moving=False),
    "sideways_exposure_deg_s": Measure("deg·s", BANDED, moving=False),
    "sitting_s": Measure("s", (Posture.SITTING,), moving=True),
    "standing_s": Measure("s", (Posture.STANDING,), moving=True),
    "unshifted_s": Measure("s", (Posture.SITTING,), moving=False),
    "break_debt_s": Measure("s", (Posture.SITTING,), moving=True),
}


EXPOSURES = ("tilt_exposure_deg_s", "sideways_exposure_deg_s")  # by axis: 0 tilt, 1 sideways


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One rule.

    measure : a key of MEASURES, which gives the unit of `limit` and `clear`
    hold_s  : seconds in one go at or above `limit`, or at or below `clear`; repeat_s: from one prompt to the next
    praise  : said once, if the wearer moves soon after the prompt
    cue     : 'all' that [cues] allows, 'desktop' (neither sensor nor bell), 'screen' (and hooks) only
    on      : False: never asks
    """

    name: str
    measure: str
    limit: float
    clear: float
    hold_s: float
    repeat_s: float
    message: str
    praise: str = ""
    cue: str = "all"
    on: bool = True


@dataclass(frozen=True, slots=True)
class Band:
    """The wearer's own band in one posture, deg. tilt_deg, sideways_deg: half its width; usual_*: where the slow
    tracking of its middle starts, against the zero.
    """

    tilt_deg: float = 10.0
    sideways_deg: float = 10.0
    usual_tilt_deg: float = 0.0
    usual_sideways_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class BandParams:
    """Bands apart for sitting and standing, because the pelvis rolls back some 18 deg on sitting (Endo 2012).

    step_deg_s : how fast the middle follows; leak_deg_s: exposure that leaks in each second within the band
    forget_s   : within it for so long, nothing of the exposure is left
    """

    sitting: Band = Band(usual_tilt_deg=-15.0)
    standing: Band = field(default_factory=Band)
    step_deg_s: float = 0.003
    leak_deg_s: float = 10.0
    forget_s: float = 60.0

    def of(self, posture: Posture) -> Band:
        """The band of this posture; that of standing where it has none of its own."""
        return self.sitting if posture is Posture.SITTING else self.standing


@dataclass(frozen=True, slots=True)
class DebtParams:
    """Movement owed for sitting. owed_min_per_h: minutes on foot for each seated hour; standing_pays: of a second, one
    of walking pays whole.
    """

    owed_min_per_h: float = 5.0
    standing_pays: float = 0.5


@dataclass(frozen=True, slots=True)
class BudgetParams:
    """most_per_hour: prompts in any hour, repeats counted; apart_s: from one prompt to the next, at least.

    answer_s : a prompt was useful if what it asked about was over within so long
    """

    most_per_hour: int = 4
    apart_s: float = 120.0
    answer_s: float = 300.0


@dataclass(frozen=True, slots=True)
class FadingParams:
    """baseline_days: days worn at first without a prompt.

    least : share of the budget that is left where nothing goes beyond a limit any more; 1 switches fading off
    """

    baseline_days: int = 1
    least: float = 0.25


@dataclass(frozen=True, slots=True)
class QuietParams:
    """When nothing is asked.

    working_hours, quiet_hours : such as 'mon-fri 08:30-17:30' or '12:00-13:00'; none: always, never
    settle_s          : since sitting down or standing up
    min_p             : the posture's probability, at least
    snoozes_in_a_row  : so often may a prompt be put off before something is done
    meeting_most_s    : after so long a meeting is over
    """

    working_hours: tuple[str, ...] = ()
    quiet_hours: tuple[str, ...] = ()
    settle_s: float = 20.0
    min_p: float = 0.7
    snoozes_in_a_row: int = 3
    meeting_most_s: float = 10_800.0


@dataclass(frozen=True, slots=True)
class Place:
    """A profile for a place, such as 'sofa': rules and bands as they are there, and the hours in which it applies."""

    name: str
    hours: tuple[str, ...]
    rules: tuple[AlertRule, ...]
    band: BandParams


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """All that the prompts depend on. places: in the order in which their hours are looked at; the first is DESK."""

    places: tuple[Place, ...] = (Place(DESK, (), (), BandParams()),)
    debt: DebtParams = DebtParams()
    budget: BudgetParams = BudgetParams()
    fading: FadingParams = FadingParams()
    quiet: QuietParams = QuietParams()


@dataclass(frozen=True, slots=True)
class Hours:
    """A time that comes every week. days: 0 is Monday, of its beginning; it may go on over midnight."""

    days: tuple[int, ...]
    start_s: float
    end_s: float

    def until(self, weekday: int, day_s: float) -> float | None:
        """Seconds until it ends, if it lasts at day_s seconds into this day; else None."""
        if self.end_s > self.start_s:
            lasts = weekday in self.days and self.start_s <= day_s < self.end_s
            return self.end_s - day_s if lasts else None
        if weekday in self.days and day_s >= self.start_s:
            return DAY_S - day_s + self.end_s
        if (weekday - 1) % 7 in self.days and day_s < self.end_s:
            return self.end_s - day_s
        return None

    def ahead(self, weekday: int, day_s: float) -> float:
        """Seconds until it begins next; 0 while it lasts."""
        if self.until(weekday, day_s) is not None:
            return 0.0
        waits = ((day - weekday) % 7 * DAY_S + self.start_s - day_s for day in self.days)
        return min(wait if wait > 0.0 else wait + 7 * DAY_S for wait in waits)


def hours_of(text: str) -> Hours:
    """'mon-fri 08:30-17:30', 'sat,sun 10:00-12:00', '22:00-06:00' (every day). Raises ValueError with the reason."""
    words = text.lower().split()
    if not 1 <= len(words) <= 2:
        raise ValueError("write it as 'mon-fri 08:30-17:30' or '12:00-13:00'")
    days: set[int] = set() if len(words) == 2 else set(range(7))
    for part in words[0].split(",") if len(words) == 2 else ():
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f"{part!r} is no day; days are {', '.join(DAYS)}")
        low, high = DAYS.index(first), DAYS.index(last or first)
        days |= {day % 7 for day in range(low, (high if high >= low else high + 7) + 1)}
    start, _, end = words[-1].partition("-")
    times = [_day_s(start), _day_s(end)]
    if times[0] == times[1]:
        raise ValueError("it ends when it begins")
    return Hours(tuple(sorted(days)), times[0], times[1])


def _day_s(text: str) -> float:
    hours, colon, minutes = text.partition(":")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2):
        raise ValueError(f"{text!r} is no time of day; write it as 08:30")
    seconds = int(hours) * 3600.0 + int(minutes) * 60.0
    if int(minutes) > 59 or seconds > DAY_S:
        raise ValueError(f"{text!r} is no time of day")
    return seconds


def place_named(settings: AlertSettings, label: str) -> str | None:
    """The profile that a mark names, as in 'Standing desk'; 'auto' is one too; None if it names none."""
    name = "-".join(label.lower().split())
    return name if name == AUTO or any(place.name == name for place in settings.places) else None


# ---------------------------------------------------------------- as plain data, in recordings


def alert_settings(values: Mapping[str, Any]) -> AlertSettings:
    """Settings from their plain form (dataclasses.asdict); names that this version does not know are left out."""
    places = cast("Sequence[Mapping[str, Any]]", values.get("places", ()))
    return AlertSettings(
        places=tuple(map(_place, places)) or AlertSettings().places,
        debt=made(DebtParams, values.get("debt", {})),
        budget=made(BudgetParams, values.get("budget", {})),
        fading=made(FadingParams, values.get("fading", {})),
        quiet=made(QuietParams, values.get("quiet", {})),
    )


def _place(values: Mapping[str, Any]) -> Place:
    rules = tuple(made(AlertRule, each) for each in values["rules"] if each["measure"] in MEASURES)
    band: Mapping[str, Any] = values["band"]
    apart = {name: made(Band, band[name]) for name in ("sitting", "standing")}
    return Place(values["name"], tuple(values["hours"]), rules, made(BandParams, {**band, **apart}))


def made(kind: type[Params], values: Mapping[str, Any]) -> Params:
    """A parameter class from plain values by name; lists become tuples."""
    known = {each.name for each in fields(cast("Any", kind))}
    return kind(**{name: _value(value) for name, value in values.items() if name in known})


def _value(value: Any) -> Any:
    return tuple(cast("list[Any]", value)) if isinstance(value, list) else value
