"""Rest and movement of the trunk: vertical acceleration, smoothed up, and where the sensor is at rest, on the grid.

At rest |acc| is quiet and up does not turn; the second condition keeps a slow, smooth rise from passing for rest. With
gyroscope up is given and good in motion; without, it is the mean acceleration over a second, which needs half a second
of the future. Everything comes out late by `delay` grid points, alike for every block length.
"""

# scipy.signal's own type information is partly unknown.
# pyright: reportUnknownMemberType=false

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from monitor.signal.epochs import GRID_HZ
from monitor.signal.orientation import STANDARD_GRAVITY_MPS2, unit
from monitor.stream import Floats

QUIET_POINTS = 25  # half a second for the spread of |acc|
TURN_POINTS = 12  # up a quarter of a second before and after gives its rate
STEP_POINTS = 5
# An idle second coefficient makes SciPy go sample by sample: its convolution rounds differently for other block length
FORWARD = (1.0, 0.0)
WITH_GYRO_POINTS, ACC_ONLY_POINTS = 25, 51


@dataclass(frozen=True, slots=True)
class RestParams:
    """Spread of |acc| over half a second, mg, and turning of up, deg/s, below which the sensor is at rest.

    across_mg: least difference of |acc| and the acceleration along up that says that up is not known: 8 mg are 7 deg.
    """

    quiet_mg: float = 25.0
    turn_dps: float = 8.0
    across_mg: float = 15.0


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """vertical (N,): acceleration of the sensor along up, without gravity, m/s^2; up (N, 3); rest (N,) bool.

    spread_mg : (N,) of |acc| over half a second; step_deg: (N,) how far acc turned in the tenth of a second around
    """

    vertical: Floats
    up: Floats
    rest: NDArray[np.bool_]
    spread_mg: Floats
    step_deg: Floats


class Fir:
    """Weighted running mean along axis 0 with carried state; starts in the steady state of its first row."""

    def __init__(self, weights: Floats) -> None:
        self._weights = weights
        self._zi: Floats | None = None

    def push(self, x: Floats) -> Floats:
        """Filter (N, C) rows, N > 0."""
        if self._zi is None:
            self._zi = signal.lfilter_zi(self._weights, FORWARD)[:, None] * x[0]
        y, self._zi = signal.lfilter(self._weights, FORWARD, x, axis=0, zi=self._zi)
        return y


class Delay:
    """Rows (N, C), `points` later; before there is a past the first row stands in."""

    def __init__(self, points: int) -> None:
        self._points = points
        self._held: Floats | None = None

    def push(self, x: Floats) -> Floats:
        """The rows that are due."""
        held = np.repeat(x[:1], self._points, axis=0) if self._held is None else self._held
        joined = np.concatenate((held, x))
        self._held = joined[len(joined) - self._points :]
        return joined[: len(joined) - self._points]


def weights_of(points: int, *, gyro: bool) -> Floats:
    """A plain mean where up is good already, a bell without a gyroscope; sums to 1."""
    w = np.ones(points) if gyro else np.hanning(points + 2)[1:-1]
    return w / w.sum()


class Movement:
    """Feeds on the grid; `delay` is how many grid points late its answers are."""

    def __init__(self, params: RestParams, *, gyro: bool) -> None:
        points = WITH_GYRO_POINTS if gyro else ACC_ONLY_POINTS
        half = points // 2
        self.delay = half + TURN_POINTS
        self._params = params
        self._gyro = gyro
        self._smooth = Fir(weights_of(points, gyro=gyro))
        self._spread = Fir(np.full(QUIET_POINTS, 1.0 / QUIET_POINTS))
        self._later_spread = Delay(self.delay - QUIET_POINTS // 2)
        self._middle = Delay(TURN_POINTS)
        self._oldest = Delay(TURN_POINTS)
        self._leap = Delay(STEP_POINTS)
        self._later_step = Delay(self.delay - STEP_POINTS // 2)
        self._later_acc = Delay(half)
        self._later_vertical = Delay(self.delay - half)

    def push(self, acc_g: Floats, up: Floats) -> Track:
        """The next grid points, acc and up (N, 3) in the sensor frame, N > 0: as many answers, `delay` points late."""
        excess = np.sqrt(acc_g[:, 0] ** 2 + acc_g[:, 1] ** 2 + acc_g[:, 2] ** 2) - 1.0
        across = excess + 1.0 - (acc_g[:, 0] * up[:, 0] + acc_g[:, 1] * up[:, 1] + acc_g[:, 2] * up[:, 2])
        moments = self._later_spread.push(self._spread.push(np.stack((excess, excess * excess, across), axis=1)))
        spread_mg = 1000.0 * np.sqrt(np.maximum(moments[:, 1] - moments[:, 0] ** 2, 0.0))
        newest = unit(self._smooth.push(up if self._gyro else acc_g))
        middle = self._middle.push(newest)
        turned = newest - self._oldest.push(middle)
        chord = np.sqrt(turned[:, 0] ** 2 + turned[:, 1] ** 2 + turned[:, 2] ** 2)
        turn_dps = np.rad2deg(chord) * (GRID_HZ / (2.0 * TURN_POINTS))
        held = self._later_acc.push(np.concatenate((acc_g, up), axis=1))
        along = held[:, 3:] if self._gyro else newest
        vertical = held[:, 0] * along[:, 0] + held[:, 1] * along[:, 1] + held[:, 2] * along[:, 2] - 1.0
        direction = unit(acc_g)
        leap = direction - self._leap.push(direction)
        step_deg = np.rad2deg(np.sqrt(leap[:, 0] ** 2 + leap[:, 1] ** 2 + leap[:, 2] ** 2))
        quiet = spread_mg < self._params.quiet_mg
        return Track(
            vertical=STANDARD_GRAVITY_MPS2 * self._later_vertical.push(vertical[:, None])[:, 0],
            up=middle,
            rest=quiet & (turn_dps < self._params.turn_dps) & (1000.0 * moments[:, 2] < self._params.across_mg),
            spread_mg=spread_mg,
            step_deg=self._later_step.push(step_deg[:, None])[:, 0],
        )
