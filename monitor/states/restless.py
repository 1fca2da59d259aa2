"""Fidgets and posture shifts of somebody who sits.

Between two rests something happened: the trunk moved, or turned within a few seconds. If it stays turned by shift_deg
or more it is a posture shift, else a fidget. A slow slump is neither. Movement is the spread of the axes and not of
|acc|, which does not see what is level; the quietest seconds of the same sensor are its noise. Limits: measurement
facts, section 4.3.
"""

import math
from collections import deque
from dataclasses import dataclass

from monitor.signal.alignment import Vec, separation_deg
from monitor.stream import Epoch, Event, Fidget, Posture

SHIFT = "posture-shift"


@dataclass(frozen=True, slots=True)
class RestlessParams:
    """moving_mg: sd of an axis inside a second, beyond that of quiet seconds, that is a movement.

    quiet_rate             : how fast the level of quiet seconds rises to the present one, a second; it falls at once
    rest_s                 : seconds at rest, before and after, that something has to lie between
    turning_deg, turning_s : turned by so much within so long: not at rest
    shift_deg              : the trunk stays turned by so much: a posture shift
    """

    moving_mg: float = 10.0
    quiet_rate: float = 0.01
    rest_s: int = 2
    turning_deg: float = 3.0
    turning_s: int = 5
    shift_deg: float = 4.0


class Restless:
    """Feeds on epochs with the newest up that was measured at rest."""

    def __init__(self, params: RestlessParams) -> None:
        self._params = params
        self._quiet_mg = math.inf
        self._turning_chord = 2.0 * math.sin(math.radians(params.turning_deg) / 2.0)
        self._begin()

    def _begin(self) -> None:
        self._ups: deque[Vec] = deque(maxlen=self._params.turning_s)  # of the last seconds without movement
        self._next_s = -1.0
        self._rests = False  # there has been a rest
        self._before: Vec | None = None  # up of the rest before what goes on
        self._rested_s = 0
        self._start_s: float | None = None  # of what goes on since
        self._end_s = 0.0

    def push(self, epoch: Epoch, up: Vec | None, sd_mg: float) -> list[Event]:
        """Take a second. Gives what is over, rest_s after its end.

        up: sensor frame, of this second if epoch.still; sd_mg: the largest sd of an axis inside it
        """
        t_s = epoch.t_s
        if epoch.posture is not Posture.SITTING or up is None or t_s != self._next_s:
            if self._next_s >= 0.0:
                self._begin()
            if epoch.posture is not Posture.SITTING or up is None:
                return []
        self._next_s = t_s + 1.0
        p, ups = self._params, self._ups
        quiet_mg = self._quiet_mg
        self._quiet_mg = sd_mg if sd_mg < quiet_mg else quiet_mg + p.quiet_rate * (sd_mg - quiet_mg)
        moving = not epoch.still or sd_mg * sd_mg >= p.moving_mg * p.moving_mg + quiet_mg * quiet_mg
        turning = bool(ups) and math.dist(up, ups[0]) >= self._turning_chord
        turned_now = bool(ups) and math.dist(up, ups[-1]) * p.turning_s >= self._turning_chord
        if (moving or turning) and self._start_s is None:
            self._start_s, self._end_s = t_s, t_s + 1.0
            self._before = ups[0] if self._rests and ups else None
        if not moving:  # or a movement that came back would be a turn once more, turning_s later
            ups.append(up)
        if moving or turning:
            if moving or turned_now:
                self._end_s = t_s + 1.0
            self._rested_s = 0
            return []
        self._rested_s += 1
        if self._rested_s < p.rest_s:
            return []
        self._rests = True
        start_s, self._start_s = self._start_s, None
        if start_s is None or self._before is None:
            return []
        turned_deg = separation_deg(self._before, up)
        kind = SHIFT if turned_deg >= p.shift_deg else "fidget"
        return [Fidget(kind, start_s, self._end_s, turned_deg)]
