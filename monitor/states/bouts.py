"""Bouts, breaks and the two clocks.

bout    : an uninterrupted spell of one posture. 'unknown' and 'no-data' up to bridge_s do not end it, but add
          nothing to it.
break   : an upright bout (standing, walking) between two sitting bouts, at least break_s long (SBRN, Tremblay 2017;
          the 60 s are a practical minimum). Lying, not-worn and missing data are no break.
sitting clock  : seconds seated since the last break_s upright in one go, or since not worn that long.
standing clock : seconds standing still since the last sitting, or since walk_s of walking in one go.
"""

from dataclasses import dataclass

from monitor.stream import BoutEnded, Break, Event, Posture, PostureChanged

UPRIGHT = (Posture.STANDING, Posture.WALKING)
BLANK = (Posture.UNKNOWN, Posture.NO_DATA)


@dataclass(frozen=True, slots=True)
class BoutParams:
    """Seconds: break_s upright makes a break; walk_s of walking ends standing still.

    bridge_s of unknown or missing data are bridged; after forget_s of them both clocks start anew: anything may have
    happened meanwhile.
    """

    break_s: float = 60.0
    min_sitting_s: float = 30.0
    walk_s: float = 10.0
    bridge_s: float = 10.0
    forget_s: float = 300.0


@dataclass(slots=True)
class _Bout:
    posture: Posture
    start_s: float
    end_s: float


class Bouts:
    """Feeds on one posture a second."""

    def __init__(self, params: BoutParams) -> None:
        self._params = params
        self._shown = Posture.NO_DATA
        self._changed_s = 0.0  # start of the posture shown
        self._bout: _Bout | None = None
        self._upright: _Bout | None = None  # spell since the last sitting bout, while it may become a break
        self._sat = False  # a sitting bout of min_sitting_s came before it
        self._runs: dict[str, float] = {}
        self.sitting_s = 0.0
        self.standing_s = 0.0

    @property
    def since_s(self) -> float:
        """Start of the present posture, session s: of its bout, or of the spell of unknown or no-data."""
        bout = self._bout
        return bout.start_s if bout and bout.posture is self._shown else self._changed_s

    def push(self, t_s: float, posture: Posture, p: float) -> list[Event]:
        """Take the second [t_s, t_s + 1)."""
        events: list[Event] = []
        if posture != self._shown:
            events.append(PostureChanged(t_s, self._shown, posture, p))
            self._shown, self._changed_s = posture, t_s
        blank = posture in BLANK
        if self._bout and t_s + (1.0 if blank else 0.0) - self._bout.end_s > self._params.bridge_s:
            events += self.finish()
            self._lose()
        bout = self._bout
        if not (bout and blank):  # what is bridged neither adds to a clock nor interrupts it
            self._clocks(posture)
        if bout and posture == bout.posture:
            bout.end_s = t_s + 1.0
        elif not blank:
            events += self.finish()
            self._begin(t_s, posture)
        events += self._follow()
        return events

    def finish(self) -> list[Event]:
        """End the bout that goes on, as at the end of a recording."""
        bout, self._bout = self._bout, None
        return [BoutEnded(bout.posture, bout.start_s, bout.end_s)] if bout else []

    def _lose(self) -> None:
        """Too long without a posture to bridge: no run goes on across it, and no upright spell fills up in it."""
        self._runs.clear()
        if self._upright and self._upright.end_s - self._upright.start_s < self._params.break_s:
            self._upright = None

    def _begin(self, t_s: float, posture: Posture) -> None:
        self._bout = _Bout(posture, t_s, t_s + 1.0)
        if posture in UPRIGHT:
            # A sitting spell too short to count does not cut an upright one in two.
            if self._upright is None or t_s - self._upright.end_s > self._params.min_sitting_s:
                self._upright = _Bout(posture, t_s, t_s)
        elif posture is not Posture.SITTING:
            self._upright, self._sat = None, False

    def _follow(self) -> list[Event]:
        """Let the upright spell grow with its bout; call it a break once sitting has gone on long enough after it."""
        bout, upright = self._bout, self._upright
        if bout is None:
            return []
        if bout.posture in UPRIGHT and upright:
            upright.end_s = bout.end_s
        if bout.posture is not Posture.SITTING or bout.end_s - bout.start_s < self._params.min_sitting_s:
            return []
        counts = self._sat and upright is not None and upright.end_s - upright.start_s >= self._params.break_s
        self._upright, self._sat = None, True
        return [Break(upright.start_s, upright.end_s)] if counts and upright else []

    def _clocks(self, posture: Posture) -> None:
        p = self._params
        for name, counts in (
            ("upright", posture in UPRIGHT),
            ("walking", posture is Posture.WALKING),
            ("away", posture in {Posture.NOT_WORN, Posture.LYING}),
            ("blank", posture in BLANK),
        ):
            self._runs[name] = self._runs.get(name, 0.0) + 1.0 if counts else 0.0
        if self._runs["blank"] >= p.forget_s:
            self.sitting_s = self.standing_s = 0.0
        if posture is Posture.SITTING:
            self.sitting_s += 1.0
            self.standing_s = 0.0
        elif posture is Posture.STANDING:
            self.standing_s += 1.0
        if self._runs["upright"] >= p.break_s or self._runs["away"] >= p.break_s:
            self.sitting_s = 0.0
        if self._runs["walking"] >= p.walk_s or self._runs["away"] >= p.break_s:
            self.standing_s = 0.0
