"""The day's figures from its events: time in each posture, sitting bouts, breaks, restlessness, walking.

A sitting bout here is uninterrupted sitting as SBRN has it (Tremblay 2017): a real upright spell of 10 s or more (a
break or a shift), lying, not-worn and data missing for longer than a bridge end it; a second or two of 'standing' do
not. Its length is the seconds seated: what was not seen is not in it. Minutes in which the sensor turns out not to have
been worn are taken back.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, fields

from monitor.snapshot import Span
from monitor.states.bouts import UPRIGHT
from monitor.stream import BoutEnded, Break, Epoch, Event, Fidget, Posture, PostureChanged, UprightShift

KEPT_S = 7200.0  # of spans for taking back: more than wear looks back
CADENCE_BOUT_S = 10.0  # the edges of shorter walks, not known to the second, would lower their cadence


@dataclass(frozen=True, slots=True)
class Figures:
    """What a report says. None where there is nothing to divide by.

    w50_sitting_s        : half of all sitting time is in bouts at least this long
    ..._per_sitting_h    : events in an hour of sitting
    cadence_steps_per_min: in walks of 10 s or more
    """

    sitting_s: float
    sitting_bouts: int
    longest_sitting_s: float | None
    median_sitting_s: float | None
    w50_sitting_s: float | None
    sitting_bouts_over_20_min: int
    sitting_bouts_over_30_min: int
    sitting_bouts_over_60_min: int
    breaks: int
    breaks_per_sitting_h: float | None
    upright_shifts: int
    fidgets: int
    fidgets_per_sitting_h: float | None
    posture_shifts: int
    posture_shifts_per_sitting_h: float | None
    steps: int
    walking_bouts: int
    cadence_steps_per_min: float | None
    not_worn_s: float


@dataclass(frozen=True, slots=True)
class DaySums:
    """What the figures are made of. It adds up: those of a day are the sum of those of its sessions.

    walked_steps, walked_s : of walks of 10 s or more
    sat_s                  : seconds seated in each sitting bout
    """

    sitting_s: float = 0.0
    standing_s: float = 0.0
    walking_s: float = 0.0
    lying_s: float = 0.0
    unknown_s: float = 0.0
    no_data_s: float = 0.0
    not_worn_s: float = 0.0
    steps: int = 0
    breaks: int = 0
    upright_shifts: int = 0
    fidgets: int = 0
    posture_shifts: int = 0
    walking_bouts: int = 0
    walked_steps: int = 0
    walked_s: float = 0.0
    sat_s: tuple[float, ...] = ()

    @property
    def worn_s(self) -> float:
        """Seconds with data in which the sensor was worn."""
        return self.sitting_s + self.standing_s + self.walking_s + self.lying_s + self.unknown_s

    def figures(self) -> "Figures":
        """What a report says of them."""
        lengths = sorted(self.sat_s, reverse=True)

        def hourly(count: int) -> float | None:
            return 3600.0 * count / self.sitting_s if self.sitting_s else None

        return Figures(
            sitting_s=self.sitting_s,
            sitting_bouts=len(lengths),
            longest_sitting_s=lengths[0] if lengths else None,
            median_sitting_s=0.5 * (lengths[len(lengths) // 2] + lengths[(len(lengths) - 1) // 2]) if lengths else None,
            w50_sitting_s=w50(lengths),
            sitting_bouts_over_20_min=sum(length > 1200.0 for length in lengths),
            sitting_bouts_over_30_min=sum(length > 1800.0 for length in lengths),
            sitting_bouts_over_60_min=sum(length > 3600.0 for length in lengths),
            breaks=self.breaks,
            breaks_per_sitting_h=hourly(self.breaks),
            upright_shifts=self.upright_shifts,
            fidgets=self.fidgets,
            fidgets_per_sitting_h=hourly(self.fidgets),
            posture_shifts=self.posture_shifts,
            posture_shifts_per_sitting_h=hourly(self.posture_shifts),
            steps=self.steps,
            walking_bouts=self.walking_bouts,
            cadence_steps_per_min=60.0 * self.walked_steps / self.walked_s if self.walked_s else None,
            not_worn_s=self.not_worn_s,
        )


def added(parts: Iterable[DaySums]) -> DaySums:
    """The sums of several sessions, or parts of them, as one."""
    every = list(parts)
    totals = {each.name: sum(getattr(part, each.name) for part in every) for each in fields(DaySums)[:-1]}
    return DaySums(**totals, sat_s=tuple(length_s for part in every for length_s in part.sat_s))


def add_span(spans: list[Span] | deque[Span], span: Span) -> None:
    """Add what follows, to the last span where it goes on."""
    if spans and spans[-1].posture is span.posture and spans[-1].end_s == span.start_s:
        span = Span(spans.pop().start_s, span.end_s, span.posture)
    spans.append(span)


def take_back(spans: list[Span] | deque[Span], since_s: float) -> list[Span]:
    """Name everything from since_s on not-worn, save what had no data; gives what it was called, oldest first."""
    taken: list[Span] = []
    while spans and spans[-1].end_s > since_s:
        span = spans.pop()
        taken.append(Span(max(span.start_s, since_s), span.end_s, span.posture))
        if span.start_s < since_s:
            spans.append(Span(span.start_s, since_s, span.posture))
    taken.reverse()
    for span in taken:
        absent = span.posture is Posture.NO_DATA
        add_span(spans, span if absent else Span(span.start_s, span.end_s, Posture.NOT_WORN))
    return [span for span in taken if span.posture is not Posture.NO_DATA]


class DayFigures:
    """Feeds on events in their order. bridge_s: as of the bouts."""

    def __init__(self, bridge_s: float = 10.0) -> None:
        self._bridge_s = bridge_s
        self.postures_s: dict[Posture, float] = dict.fromkeys(Posture, 0.0)
        self.steps = self.breaks = self.shifts = self.walks = 0
        self._restless = {"fidget": 0, "posture-shift": 0}
        self._long_walks = (0, 0.0)  # steps and seconds
        self._spans: deque[Span] = deque()
        self._seated_s = 0.0  # in the bout that goes on
        self._sat_s: list[float] = []  # seconds seated in each bout
        self._joins = False  # the next sitting bout goes on with the last one
        self._told_s = 0.0  # end of the last bout told

    def push(self, event: Event) -> None:
        """Count one event."""
        match event:
            case Epoch():
                self.spend(event.t_s, 1, event.posture, event.steps)
            case PostureChanged(posture=Posture.NOT_WORN):
                self._take_back(event.t_s)
            case BoutEnded():
                self._bout(event)
            case Break():
                self.breaks += 1
                self._joins = False
            case UprightShift():
                self.shifts += 1
                self._joins = False
            case Fidget():
                self._restless[event.kind] += 1
            case _:
                pass

    def spend(self, start_s: float, seconds: int, posture: Posture, steps: int) -> None:
        """Count seconds of one posture from start_s on, with the steps in them: as many epochs at once."""
        self.postures_s[posture] += seconds
        self.steps += steps
        if posture is Posture.SITTING:
            self._seated_s += seconds
        add_span(self._spans, Span(start_s, start_s + seconds, posture))
        while self._spans[0].end_s < start_s + seconds - 1.0 - KEPT_S:
            self._spans.popleft()

    def part(self) -> None:
        """What comes is no sitting bout with what was."""
        self._joins = False

    def _take_back(self, since_s: float) -> None:
        for span in take_back(self._spans, since_s):
            length_s = span.end_s - span.start_s
            self.postures_s[span.posture] -= length_s
            self.postures_s[Posture.NOT_WORN] += length_s
            if span.posture is Posture.SITTING:
                self._unseat(length_s)

    def _unseat(self, seconds: float) -> None:
        """The last seconds seated were none."""
        here_s = min(seconds, self._seated_s)
        self._seated_s -= here_s
        seconds -= here_s
        while seconds > 0.0 and self._sat_s:
            self._joins = False
            last_s = self._sat_s.pop()
            if last_s > seconds:
                self._sat_s.append(last_s - seconds)
            seconds -= last_s

    def _bout(self, bout: BoutEnded) -> None:
        if bout.start_s - self._told_s > self._bridge_s:
            self._joins = False  # missing data
        self._told_s = bout.end_s
        if bout.posture is Posture.SITTING:
            seated_s = min(self._seated_s, bout.end_s - bout.start_s)
            self._seated_s -= seated_s
            if not seated_s:
                return
            if self._joins:
                seated_s += self._sat_s.pop()
            self._sat_s.append(seated_s)
            self._joins = True
        elif bout.posture is Posture.WALKING:
            self.walks += 1
            length_s = bout.end_s - bout.start_s
            if length_s >= CADENCE_BOUT_S:
                self._long_walks = (self._long_walks[0] + bout.steps, self._long_walks[1] + length_s)
        elif bout.posture not in UPRIGHT:
            self._joins = False

    def figures(self) -> Figures:
        """Of all bouts that have ended."""
        return self.sums().figures()

    def sums(self) -> DaySums:
        """What the figures are made of."""
        walked_steps, walked_s = self._long_walks
        return DaySums(
            **{f"{posture.replace('-', '_')}_s": seconds for posture, seconds in self.postures_s.items()},
            steps=self.steps,
            breaks=self.breaks,
            upright_shifts=self.shifts,
            fidgets=self._restless["fidget"],
            posture_shifts=self._restless["posture-shift"],
            walking_bouts=self.walks,
            walked_steps=walked_steps,
            walked_s=walked_s,
            sat_s=tuple(self._sat_s),
        )


def w50(lengths_s: list[float]) -> float | None:
    """Half of the total lies in lengths at least this long; lengths_s falls. None for an empty list."""
    half_s = 0.5 * sum(lengths_s)
    for length_s in lengths_s:
        half_s -= length_s
        if half_s <= 0.0:
            return length_s
    return None
