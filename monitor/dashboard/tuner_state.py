"""What the tuning screen stands on: settings as they are turned, what they would have brought, and the cursor. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.dashboard.widgets import days, slider
from monitor.dashboard.widgets.days import Calendar, Shown
from monitor.states.rules import DESK, AlertSettings, Place
from monitor.tuning.knobs import Knob, knobs
from monitor.tuning.rerun import Rerun, Tried
from monitor.tuning.score import Score, Yardstick


@dataclass(frozen=True, slots=True)
class Play:
    """A moment that the wearer wants to see. session: its number in Days.sessions; t_s: session time."""

    session: int
    t_s: float


@dataclass(slots=True)
class Turning:
    """settings: as they are turned now; before: as the config has them. `run` brings the rest up to date.

    place, line : numbers of the profile and of the line on the sliders
    here        : number in `shown` of the prompt under the cursor
    """

    tried: Tried
    settings: AlertSettings
    before: AlertSettings
    yardstick: Yardstick
    calendar: Calendar
    cursor: tuple[int, float] | None = None
    place: int = 0
    line: int = 1
    here: int | None = None
    letters: dict[str, str] = field(init=False)
    rerun: Rerun = field(init=False)
    score: Score = field(init=False)
    config: tuple[Rerun, Score] = field(init=False)
    shown: tuple[Shown, ...] = field(init=False, default=())
    of_day: dict[int, list[Shown]] = field(init=False, default_factory=dict[int, list[Shown]])
    _knobs: dict[str, Mapping[str, Knob]] = field(init=False)  # their ranges stay while they are turned
    _turns: dict[tuple[str, str], float] = field(init=False)  # by (profile, knob): its value

    def __post_init__(self) -> None:
        names = [rule.name for place in self.before.places for rule in place.rules]
        self.letters = slider.letters(list(dict.fromkeys(names)))
        self._knobs = {place.name: knobs(place) for place in self.before.places}
        self._turns = slider.unfolded(self.settings, self.before, self._knobs)
        self._measure()

    def saved(self) -> None:
        """The config has what is turned now."""
        self.before, self._turns = self.settings, {}
        self._measure()

    def _measure(self) -> None:
        rerun = self.tried.run(self.before)
        self.config = rerun, self.yardstick.score(self.tried, self.before, rerun)
        self.run()

    def run(self) -> None:
        """Try the settings, and compare with those of the config; the cursor stays at its moment."""
        self.rerun = self.tried.run(self.settings)
        self.score = self.yardstick.score(self.tried, self.settings, self.rerun)
        here = self.prompt
        at = (here.prompt.session, here.prompt.t_s) if here else self.cursor
        self.shown = days.compared(self.rerun.prompts, self.config[0].prompts)
        self.of_day = {}
        for each in self.shown:
            self.of_day.setdefault(each.prompt.session, []).append(each)
        self.here = self._nearest(at) if at else 0 if self.shown else None

    # ------------------------------------------------------------ knobs

    @property
    def profile(self) -> Place:
        """The profile on the sliders, as it is turned."""
        return self.settings.places[self.place]

    @property
    def lines(self) -> list[str | Knob]:
        """Groups and knobs of this profile."""
        return slider.grouped(self._knobs[self.profile.name])

    @property
    def knob(self) -> Knob | None:
        """The one that is chosen."""
        lines = self.lines
        found = lines[self.line] if self.line < len(lines) else ""
        return None if isinstance(found, str) else found

    @property
    def changes(self) -> tuple[slider.Change, ...]:
        """What is turned, against the config."""
        return slider.changes(self.settings, self.before, self._knobs)

    @property
    def worn(self) -> bool:
        """Whether this profile applied on any of these days, as far as its rules can tell."""
        unknown = not self.tried.days.sessions or not any(rule.on for rule in self.profile.rules)
        return unknown or bool(self.rerun.rules[self.place])

    def choose(self, step: int) -> None:
        """So many knobs down, held at the ends."""
        at = [n for n, each in enumerate(self.lines) if not isinstance(each, str)]
        now = at.index(self.line) if self.line in at else 0
        self.line = at[min(max(now + step, 0), len(at) - 1)]

    def turn(self, steps: int) -> bool:
        """Turn the chosen knob; False if it is at its end."""
        knob = self.knob
        if knob is None:
            return False
        value = knob.get(self.settings, self.profile.name)
        return self.turn_to(slider.stepped(knob, value, steps))

    def turn_to(self, value: float | None) -> bool:
        """Turn the chosen knob there, None: as the config has it; False if it is there already.

        The desk's value is handed on to profiles that have none of their own, as a profile.toml does.
        """
        knob, place = self.knob, self.profile.name
        if knob is None:
            return False
        wanted = knob.get(self.before, place) if value is None else value
        key = place if knob.by_place else DESK, knob.name
        self._turns.pop(key, None)
        if abs(knob.get(slider.folded(self.before, self._turns, self._knobs), place) - wanted) >= slider.SAME:
            self._turns[key] = wanted
        settings = slider.folded(self.before, self._turns, self._knobs)
        changed, self.settings = settings != self.settings, settings
        return changed

    def put_all_back(self) -> None:
        """All as the config has it."""
        self.settings, self._turns = self.before, {}

    def next_profile(self) -> None:
        """Its knobs on the sliders; the same one is chosen where there is one."""
        name = self.knob.name if self.knob else ""
        self.place = (self.place + 1) % len(self.settings.places)
        at = [n for n, each in enumerate(self.lines) if not isinstance(each, str) and each.name == name]
        self.line = at[0] if at else 1

    # ------------------------------------------------------------ days

    @property
    def prompt(self) -> Shown | None:
        """The prompt under the cursor."""
        return self.shown[self.here] if self.here is not None and self.here < len(self.shown) else None

    def walk(self, step: int) -> None:
        """So many prompts ahead, held at the ends."""
        if self.here is not None:
            self.here = min(max(self.here + step, 0), len(self.shown) - 1)

    def walk_days(self, step: int) -> None:
        """To the next day with a prompt, at about this time of day."""
        here = self.prompt
        if here is None:
            return
        other = [n for n in self.of_day if (n - here.prompt.session) * step > 0]
        if other:
            local_s = self.calendar.local_s(here.prompt.session, here.prompt.t_s)
            self.go(min(other) if step > 0 else max(other), local_s)

    def go(self, session: int, local_s: float) -> None:
        """To the prompt of this day that is nearest to this time of day; stays where there is none."""
        near = [n for n, each in enumerate(self.shown) if each.prompt.session == session]
        if near:
            local: Callable[[int], float] = lambda n: self.calendar.local_s(session, self.shown[n].prompt.t_s)  # noqa: E731
            self.here = min(near, key=lambda n: abs(local(n) - local_s))

    def _nearest(self, at: tuple[int, float]) -> int | None:
        def away(n: int) -> tuple[float, float]:
            prompt = self.shown[n].prompt
            return abs(prompt.session - at[0]), abs(prompt.t_s - at[1])

        return min(range(len(self.shown)), key=away, default=None)

    def told(self) -> Sequence[str]:
        """The prompt under the cursor in sentences; none if there is none."""
        here = self.prompt
        if here is None:
            return ()
        of = (self.before, self.config[0]) if here.state == days.GONE else (self.settings, self.rerun)
        return days.told(here, self.calendar, self.tried, of, self.yardstick)
