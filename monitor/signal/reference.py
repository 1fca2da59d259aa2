"""The wearer's zero: mean 'up' of level walking (the walking reference of Vaha-Ypya 2018), learnt without labels.

Every 8 s of uninterrupted level walking give one vector; the reference is the median of the last vectors. Stairs tip
the pelvis by up to 14 degrees, so slow or unusually hard bouts are left out once there is something to compare with.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from monitor.signal.alignment import angle_deg
from monitor.signal.orientation import unit
from monitor.stream import Floats


@dataclass(frozen=True, slots=True)
class ReferenceParams:
    """bout_s: seconds of walking that give one vector; keep: how many vectors the median runs over."""

    bout_s: int = 8
    keep: int = 15
    min_cadence_hz: float = 1.5
    hardness_limit: float = 1.3
    single_spread_deg: float = (
        1.0  # assumed while there is only one vector; within-wear p90 is about 1 (facts, section 3)
    )
    standing_spread_deg: float = 5.0  # of standing against walking, 2 to 10 (facts, section 3)


@dataclass(frozen=True, slots=True)
class Reference:
    """The zero: `up` (unit vector, sensor frame), how many bouts it rests on, and their median angle to it, deg."""

    up: tuple[float, float, float]
    bouts: int
    spread_deg: float


class ReferenceTracker:
    """Feeds on seconds; `current` is the zero, or None before the first walk."""

    def __init__(self, params: ReferenceParams, initial: Reference | None = None) -> None:
        self._params = params
        self.current = initial
        self._run: list[tuple[tuple[float, float, float], float, float]] = []
        self._vectors: deque[tuple[float, float, float]] = deque(maxlen=params.keep)
        self._hardness: deque[float] = deque(maxlen=params.keep)

    def push(self, acc_mean: tuple[float, float, float], hardness: float, cadence_hz: float, *, walking: bool) -> bool:
        """Take one second: mean acc (g, sensor frame), sd of |acc| (g), steps a second. True where the zero changed."""
        if not walking:
            self._run.clear()
            return False
        self._run.append((acc_mean, hardness, cadence_hz))
        if len(self._run) < self._params.bout_s:
            return False
        vectors, hardnesses, cadences = zip(*self._run, strict=True)
        self._run.clear()
        hard = float(np.median(hardnesses))
        if float(np.median(cadences)) < self._params.min_cadence_hz:
            return False
        if len(self._hardness) >= 3 and hard > self._params.hardness_limit * float(np.median(self._hardness)):
            return False
        mean = unit(np.mean(vectors, axis=0)[None, :])[0]
        self._hardness.append(hard)
        self._vectors.append((float(mean[0]), float(mean[1]), float(mean[2])))
        self.current = self._median()
        return True

    def stood(self, up: tuple[float, float, float]) -> bool:
        """Up of the wearer standing still, to do until the first walk. True where the zero changed."""
        if self.current is not None:
            return False
        self.current = Reference(up, 0, self._params.standing_spread_deg)
        return True

    def pause(self) -> None:
        """A gap: a walk does not go on across it."""
        self._run.clear()

    def _median(self) -> Reference:
        vectors: Floats = np.array(self._vectors)
        up = unit(np.median(vectors, axis=0)[None, :])[0]
        spread = self._params.single_spread_deg
        if len(vectors) > 1:
            spread = max(float(np.median(angle_deg(vectors, up))), spread / len(vectors))
        return Reference((float(up[0]), float(up[1]), float(up[2])), len(vectors), spread)
