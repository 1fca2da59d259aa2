"""Is the sensor on a person? worn -> not worn after minutes of table-like stillness; not worn -> worn at the first
movement.

A body is never as still as a table: breathing moves the one-second means of a quiet sitter by milli-g. Both must be
absent: spread within the seconds and drift between them.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class WearParams:
    """within_mg: sd of each axis inside a second; between_mg: sd of the one-second means over window_s."""

    within_mg: float = 8.0
    between_mg: float = 0.6
    window_s: int = 60
    off_after_s: int = 300
    on_burst_mg: float = 50.0


class Wear:
    """Feeds on seconds; `worn` is the present belief."""

    def __init__(self, params: WearParams) -> None:
        self._params = params
        self._means: deque[tuple[float, float, float]] = deque(maxlen=params.window_s)
        self._still_s = 0
        self.worn = True

    def push(self, acc_mean_g: tuple[float, float, float], sd_max_mg: float) -> bool:
        """Take one second: mean of each axis (g) and the largest axis sd (mg). Returns `worn`."""
        p = self._params
        self._means.append(acc_mean_g)
        if sd_max_mg > p.within_mg:
            self._still_s = 0
            if sd_max_mg > p.on_burst_mg:
                self.worn = True
            return self.worn
        self._still_s += 1
        due = self._still_s >= p.window_s and self._still_s % p.window_s == 0
        if due and float(np.max(np.std(np.array(self._means), axis=0))) * 1000.0 > p.between_mg:
            self._still_s = 0  # something breathes
            self.worn = True
        elif self._still_s >= p.off_after_s:
            self.worn = False
        return self.worn

    def pause(self) -> None:
        """A gap: stillness is not known across it."""
        self._means.clear()
        self._still_s = 0
