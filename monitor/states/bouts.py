"""Bouts, breaks and the two clocks.

bout    : an uninterrupted spell of one posture. 'unknown' and 'no-data' up to bridge_s do not end it, but add
          nothing to it.
upright : standing and walking in one go; a sitting spell shorter than min_sitting_s does not cut it. It is real only
          with evidence: steps, a rise at its beginning, or some seconds of lively movement. 'Standing' with none of
          these is mostly somebody who sits tall: it is no break, and the sitting clock waits for it to end.
break   : a real upright spell between two sitting bouts, at least break_s long (SBRN, Tremblay 2017; the 60 s are a
          practical minimum). From shift_s on it is an upright shift. Lying, not-worn and missing data are neither.
sitting clock  : seconds seated since the last break_s really upright in one go, or since not worn that long.
standing clock : seconds standing still since the last sitting, or since walk_s of walking in one go.
"""

from dataclasses import dataclass, field

from monitor.stream import BoutEnded, Break, Epoch, Event, LyingSide, Posture, PostureChanged, UprightShift

UPRIGHT = (Posture.STANDING, Posture.WALKING)
BLANK = (Posture.UNKNOWN, Posture.NO_DATA)
AWAY = (Posture.NOT_WORN, Posture.LYING)


@dataclass(frozen=True, slots=True)
class BoutParams:
    """Seconds: break_s upright makes a break, shift_s a shift; walk_s of walking ends standing still.

    real_steps             : steps that show an upright spell to be real
    rise_s                 : ... or a rise that ended at most so long before it began
    lively_mg, lively_s    : ... or so many seconds of a minute with that mean absolute deviation of |acc|
    bridge_s of unknown or missing data are bridged; after forget_s of them both clocks start anew: anything may have
    happened meanwhile.
    """

    break_s: float = 60.0
    shift_s: float = 10.0
    min_sitting_s: float = 30.0
    walk_s: float = 10.0
    bridge_s: float = 10.0
    forget_s: float = 300.0
    real_steps: int = 4
    rise_s: float = 5.0
    lively_mg: float = 30.0
    lively_s: float = 5.0


@dataclass(slots=True)
class _Bout:
    posture: Posture
    start_s: float
    end_s: float
    steps: int = 0
    sides_s: dict[LyingSide, int] = field(default_factory=dict[LyingSide, int])


@dataclass(slots=True)
class _Upright:
    start_s: float
    end_s: float
    steps: int = 0
    lively_s: float = 0.0
    rose: bool = False


@dataclass(slots=True)
class _Runs:
    """Seconds in one go up to now."""

    upright: float = 0.0
    walking: float = 0.0
    away: float = 0.0
    blank: float = 0.0


class Bouts:
    """Feeds on epochs, and on rises where they are seen."""

    def __init__(self, params: BoutParams) -> None:
        self._params = params
        self._shown = Posture.NO_DATA
        self._changed_s = 0.0  # start of the posture shown
        self._bout: _Bout | None = None
        self._upright: _Upright | None = None  # spell since the last sitting bout, while it may become a break
        self._sat = False  # a sitting bout of min_sitting_s came before it
        self._rose_s: float | None = None  # a rise that no upright spell has claimed
        self._runs = _Runs()
        self._now_s = 0.0  # end of the last second
        self.sitting_s = 0.0
        self.standing_s = 0.0

    @property
    def since_s(self) -> float:
        """Start of the present posture, session s: of its bout, or of the spell of unknown or no-data."""
        bout = self._bout
        return bout.start_s if bout and bout.posture is self._shown else self._changed_s

    def rose(self, t_s: float) -> None:
        """A sit-to-stand ended at t_s. It may be told before the epochs of its time."""
        self._rose_s = t_s

    def push(self, epoch: Epoch) -> list[Event]:
        """Take the second [t_s, t_s + 1)."""
        t_s, posture = epoch.t_s, epoch.posture
        events: list[Event] = []
        if posture is not self._shown:
            events.append(PostureChanged(t_s, self._shown, posture, epoch.posture_p))
            self._shown, self._changed_s = posture, t_s
        if t_s - self._now_s >= self._params.forget_s:  # a gap too long to be told second by second
            self.sitting_s = self.standing_s = 0.0
        self._now_s = t_s + 1.0
        blank = posture in BLANK
        if self._bout and t_s + (1.0 if blank else 0.0) - self._bout.end_s > self._params.bridge_s:
            events += self.finish()
            self._lose()
        if not blank:
            bout = self._bout
            if bout is None or posture is not bout.posture:
                events += self.finish()
                bout = self._begin(t_s, posture)
            bout.end_s = t_s + 1.0
            bout.steps += epoch.steps
            if posture is Posture.LYING:
                bout.sides_s[epoch.lying] = bout.sides_s.get(epoch.lying, 0) + 1
            elif posture is Posture.SITTING:
                events += self._seated(bout)
            elif self._upright and posture in UPRIGHT:
                self._stand(self._upright, epoch)
        if not (self._bout and blank):  # what is bridged neither adds to a clock nor interrupts it
            self._clocks(posture)
        return events

    def not_worn_since(self, t_s: float) -> list[Event]:
        """What was told from t_s on was no posture: the sensor was not worn, and has not been since.

        Cuts the running bout there and takes the seconds since off the clocks. Bouts that ended later stay told.
        """
        events: list[Event] = [PostureChanged(t_s, self._shown, Posture.NOT_WORN, 1.0)]
        bout = self._bout
        if bout and bout.end_s > t_s:
            uncounted_s = bout.end_s - max(t_s, bout.start_s)
            if bout.posture is Posture.SITTING:
                self.sitting_s = max(0.0, self.sitting_s - uncounted_s)
            elif bout.posture is Posture.STANDING:
                self.standing_s = max(0.0, self.standing_s - uncounted_s)
            bout.end_s = t_s
        events += self.finish()
        self._shown, self._changed_s = Posture.NOT_WORN, t_s
        self._begin(t_s, Posture.NOT_WORN).end_s = max(t_s, self._now_s)
        self._runs = _Runs(away=max(0.0, self._now_s - t_s))
        self._settle_clocks()
        return events

    def finish(self) -> list[Event]:
        """End the bout that goes on, as at the end of a recording."""
        bout, self._bout = self._bout, None
        if bout is None or bout.end_s <= bout.start_s:
            return []
        side = max(bout.sides_s, key=bout.sides_s.__getitem__) if bout.sides_s else LyingSide.NONE
        return [BoutEnded(bout.posture, bout.start_s, bout.end_s, bout.steps, side)]

    def _lose(self) -> None:
        """Too long without a posture to bridge: no run goes on across it, and no upright spell fills up in it."""
        self._runs = _Runs()
        if self._upright and self._upright.end_s - self._upright.start_s < self._params.break_s:
            self._upright = None

    def _begin(self, t_s: float, posture: Posture) -> _Bout:
        self._bout = _Bout(posture, t_s, t_s)
        if posture in UPRIGHT:
            # A sitting spell too short to count does not cut an upright one in two.
            if self._upright is None or t_s - self._upright.end_s > self._params.min_sitting_s:
                self._upright = _Upright(t_s, t_s)
        elif posture is not Posture.SITTING:
            self._upright, self._sat = None, False
        return self._bout

    def _stand(self, upright: _Upright, epoch: Epoch) -> None:
        """Let the upright spell grow, and look for evidence that it is one."""
        p = self._params
        upright.end_s = epoch.t_s + 1.0
        upright.steps += epoch.steps
        if upright.lively_s < p.lively_s:
            # What was lively is forgotten within a minute: whoever sits long moves at times as well.
            lively = epoch.motion_mg >= p.lively_mg
            upright.lively_s += 1.0 if lively else -min(upright.lively_s, p.lively_s / 60.0)
        if self._rose_s is not None and self._rose_s < upright.end_s:
            late = self._rose_s - upright.start_s
            if late > p.rise_s and not self._is_real(upright):
                upright.start_s = float(int(self._rose_s))  # what came before the rise was sitting
                self._runs.upright = epoch.t_s - upright.start_s
            upright.rose = upright.rose or late >= -p.rise_s
            self._rose_s = None

    def _is_real(self, upright: _Upright) -> bool:
        p = self._params
        return upright.rose or upright.steps >= p.real_steps or upright.lively_s >= p.lively_s

    def _seated(self, bout: _Bout) -> list[Event]:
        """Tell of the upright spell before, once sitting has gone on long enough after it."""
        p = self._params
        if bout.end_s - bout.start_s < p.min_sitting_s:
            return []
        upright, sat = self._upright, self._sat
        self._upright, self._sat = None, True
        if not sat or upright is None or not self._is_real(upright):
            return []
        length_s = upright.end_s - upright.start_s
        if length_s >= p.break_s:
            return [Break(upright.start_s, upright.end_s)]
        return [UprightShift(upright.start_s, upright.end_s)] if length_s >= p.shift_s else []

    def _clocks(self, posture: Posture) -> None:
        runs = self._runs
        runs.upright = runs.upright + 1.0 if posture in UPRIGHT else 0.0
        runs.walking = runs.walking + 1.0 if posture is Posture.WALKING else 0.0
        runs.away = runs.away + 1.0 if posture in AWAY else 0.0
        runs.blank = runs.blank + 1.0 if posture in BLANK else 0.0
        if posture is Posture.SITTING:
            self.sitting_s += 1.0
            self.standing_s = 0.0
        elif posture is Posture.STANDING:
            self.standing_s += 1.0
        self._settle_clocks()

    def _settle_clocks(self) -> None:
        """Set the clocks to zero where something has lasted long enough for it."""
        p, runs = self._params, self._runs
        forgotten = runs.blank >= p.forget_s or runs.away >= p.break_s
        if forgotten or (runs.upright >= p.break_s and self._upright and self._is_real(self._upright)):
            self.sitting_s = 0.0
        if forgotten or runs.walking >= p.walk_s:
            self.standing_s = 0.0
