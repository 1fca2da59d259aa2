"""Walking: how periodic |acc| is, and the single steps in it.

Periodicity is the largest normalised autocorrelation at a lag of one step, 0.34 to 0.9 s; with a spread of |acc|
above 60 mg it finds level walking without training (measurement facts, section 4.4).

A step lifts the trunk once and ends in an impact. Both are in |acc| + impact_s |jerk|: an upward zero crossing of its
0.4-3 Hz band, after a trough deep enough, is a step if it belongs to a run of at least `min_steps` at the pace of
somebody walking, and if the trunk keeps its inclination: what sways, fidgets or sits down makes no step.
"""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.signal.epochs import GRID_HZ
from monitor.signal.filters import ExponentialMean, fir_lowpass
from monitor.stream import Floats

HALF_SHARE = 0.75
LAGS = range(17, 46)  # grid points: 0.34 to 0.90 s, cadence 67 to 176 steps a minute
CORRELATED = 200  # length of the transform: the window and its longest lag fit without wrapping round
LEAST_SD_MG = 10.0  # below it a window is too quiet for anybody to ask for its rhythm

BAND_HZ = (0.4, 3.0)
TAPS = 61
HALF = TAPS // 2
AHEAD = 2 * GRID_HZ - HALF  # a crossing is judged by the strength of the band this many grid points later
TROUGH = 40  # grid points: a trough longer ago belongs to no step
STEPS_LAG_S = 3  # a second's steps are settled once this many later ones are known


@dataclass(frozen=True, slots=True)
class GaitParams:
    """The gate for 'this second is walking', and what counts as a step.

    impact_s        : how much the jerk of the footfall counts beside |acc|
    min_swing_mg    : depth of the trough before a step; below this the band is sway and noise
    step_amplitude  : the same, as a share of the running rms of the band
    refractory_s, longest_step_s : limits of the time between two steps
    min_steps       : fewer in a run are none
    most_turn_deg   : change of the trunk's inclination within 2 s above which nobody walks
    """

    min_sd_mg: float = 60.0
    min_periodicity: float = 0.3
    impact_s: float = 0.03
    min_swing_mg: float = 35.0
    step_amplitude: float = 0.4
    refractory_s: float = 0.25
    longest_step_s: float = 1.25
    min_steps: int = 4
    most_turn_deg: float = 20.0


def windows3(history: Floats, rows: Floats) -> Floats:
    """3-s windows centred on each epoch: history (2, 50) and rows (E, 50) give (E, 150), one epoch late."""
    joined = np.concatenate((history, rows))
    return np.concatenate((joined[:-2], joined[1:-1], joined[2:]), axis=1)


def periodicity(window: Floats) -> tuple[Floats, Floats]:
    """Largest normalised autocorrelation over LAGS and its lag in s, each (E,), of |acc| windows (E, 150).

    A left and a right step are never quite alike, so that two steps may repeat better than one: where half the lag does
    nearly as well, the half is the step. A window with a spread below LEAST_SD_MG has 0 and the longest lag.
    """
    x = window - window.mean(axis=1)[:, None]
    power = (x * x).mean(axis=1)
    lively = np.flatnonzero(power > (LEAST_SD_MG / 1000.0) ** 2)
    largest, lag = np.zeros(len(window)), np.full(len(window), LAGS[-1], dtype=np.float64)
    if len(lively):
        largest[lively], lag[lively] = _strongest_lag(x[lively], power[lively])
    return largest, lag / GRID_HZ


def _strongest_lag(x: Floats, power: Floats) -> tuple[Floats, Floats]:
    """Largest autocorrelation and its lag, grid points, of centred windows (E, L) with their mean squares (E,)."""
    spectrum = np.fft.rfft(x, CORRELATED, axis=1)
    products = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, CORRELATED, axis=1)
    lags = np.arange(LAGS.start, LAGS.stop)
    r = products[:, lags] / (x.shape[1] - lags) / power[:, None]
    best = np.argmax(r, axis=1)
    row = np.arange(len(x))
    largest = r[row, best]
    half = (best + LAGS.start) // 2 - LAGS.start
    halved = (half >= 0) & (np.maximum(r[row, half], r[row, half + 1]) >= HALF_SHARE * largest)
    return largest, np.asarray(np.where(halved, half, best) + LAGS.start, dtype=np.float64)


class StepCounter:
    """Steps in each second of a running acceleration on the grid; a second is settled STEPS_LAG_S later.

    A run of steps that has just become long enough may have begun in a settled second: what began there is added to
    the oldest second that is not.
    """

    def __init__(self, params: GaitParams) -> None:
        self._params = params
        self._kernel = fir_lowpass(BAND_HZ[1], GRID_HZ, TAPS) - fir_lowpass(BAND_HZ[0], GRID_HZ, TAPS)
        self._power = ExponentialMean(1.0 / GRID_HZ)  # remembers about 1 s
        self.reset()

    def reset(self) -> None:
        """Start anew after a gap. Seconds and grid points are counted from here."""
        self._power.reset()
        self._last: Floats = np.zeros((3, 0))  # newest acceleration
        self._lift: Floats = np.zeros(0)  # its values that the filter still needs
        self._band: Floats = np.zeros(0)
        self._strength: Floats = np.zeros(0)  # mean square of the band
        self._begin = 0  # grid point of _band[0] and _strength[0]
        self._means: Floats = np.zeros((3, 0))  # acceleration of each second from the one before _judged on
        self._judged = 0  # seconds in which steps have been looked for
        self._settled = 0  # seconds whose counts have been given back
        self._counts: deque[int] = deque()  # of the seconds after them
        self._run: list[int] = []  # seconds of the steps of a run that is still too short
        self._length = 0  # steps in the run
        self._step = 0  # grid point of its newest step

    @property
    def running(self) -> bool:
        """True once this segment has begun."""
        return bool(self._last.size)

    def push(self, acc: Floats) -> list[int]:
        """Take the next seconds (E, 50, 3), g; give back the steps of those now settled, in order."""
        if not len(acc):
            return []
        axes = np.ascontiguousarray(acc.reshape(-1, 3).T)
        means = axes.reshape(3, -1, GRID_HZ).mean(axis=2)
        begins = not self.running
        joined = np.concatenate((axes[:, :1] if begins else self._last, axes), axis=1)
        jerk_step = joined[:, 1:] - joined[:, :-1]
        lift = _norm(axes) + self._params.impact_s * GRID_HZ * _norm(jerk_step)
        if begins:
            self._lift = np.full(HALF, lift[0])
            self._means = means[:, :1]
        self._last = axes[:, -1:]
        self._means = np.concatenate((self._means, means), axis=1)
        self._counts.extend([0] * len(acc))
        self._filter(lift)
        self._judge(self._settled + len(self._counts) - STEPS_LAG_S + 1)
        return self._settle(len(self._counts) - STEPS_LAG_S)

    def flush(self, filled: int = 0) -> list[int]:
        """The segment ends: the steps of the seconds still owed.

        filled : so many of the last grid points, less than a second, only complete it; no step is there
        """
        if self.running:
            self._filter(np.full(HALF, self._lift[-1]))
            self._strength = np.concatenate((self._strength, np.full(AHEAD, self._strength[-1])))
            self._means = np.concatenate((self._means, self._means[:, -1:]), axis=1)
            self._judge(self._settled + len(self._counts), filled)
        counts = self._settle(len(self._counts))
        self.reset()
        return counts

    def _settle(self, seconds: int) -> list[int]:
        self._settled += max(seconds, 0)
        return [self._counts.popleft() for _ in range(seconds)]

    def _filter(self, lift: Floats) -> None:
        joined = np.concatenate((self._lift, lift))
        self._lift = joined[-2 * HALF :]
        band = np.convolve(joined, self._kernel, "valid")
        self._band = np.concatenate((self._band, band))
        self._strength = np.concatenate((self._strength, self._power.push(band * band)))

    def _judge(self, until: int, filled: int = 0) -> None:
        """Look for steps in the seconds up to `until`; then forget what is older than the next ones need."""
        if until <= self._judged:
            return
        at = self._crossings(max(self._judged * GRID_HZ, 1) - self._begin, until * GRID_HZ - filled - self._begin)
        turning = self._turning(until - self._judged)
        for point in (at + self._begin).tolist():
            second = point // GRID_HZ
            if not turning[second - self._judged]:
                self._crossed(point, second)
        self._means = self._means[:, until - self._judged :]
        self._judged = until
        old = max(until * GRID_HZ - TROUGH - self._begin, 0)
        self._band, self._strength, self._begin = self._band[old:], self._strength[old:], self._begin + old

    def _crossings(self, start: int, stop: int) -> NDArray[np.intp]:
        """Upward zero crossings after a trough deep enough: places in _band from start to stop."""
        band = self._band
        at = np.flatnonzero((band[start - 1 : stop - 1] < 0.0) & (band[start:stop] >= 0.0)) + start
        if not len(at):
            return at
        above = np.concatenate(([-1], np.flatnonzero(band[:stop] >= 0.0)))
        since = np.maximum(above[np.searchsorted(above, at) - 1] + 1, at - TROUGH)
        depth = -np.minimum.reduceat(band, np.stack((since, at), axis=1).ravel())[::2]
        usual = self._params.step_amplitude * np.sqrt(self._strength[at + AHEAD])
        return at[depth > np.maximum(usual, self._params.min_swing_mg / 1000.0)]

    def _turning(self, seconds: int) -> list[bool]:
        """Whether the trunk's inclination changes too much from the second before to the one after."""
        before, after = self._means[:, :seconds], self._means[:, 2 : seconds + 2]
        dot = before[0] * after[0] + before[1] * after[1] + before[2] * after[2]
        return (dot < math.cos(math.radians(self._params.most_turn_deg)) * _norm(before) * _norm(after)).tolist()

    def _crossed(self, point: int, second: int) -> None:
        """One crossing that may be a step: it counts once its run is long enough."""
        p = self._params
        interval = point - self._step
        if self._length and interval > p.longest_step_s * GRID_HZ:
            self._length = 0
            self._run.clear()
        if self._length and interval <= p.refractory_s * GRID_HZ:
            return
        self._step = point
        self._length += 1
        self._run.append(second)
        if self._length >= p.min_steps:
            # However the data are cut: when `second` is judged, the one before it is the oldest not settled.
            for each in self._run:
                self._counts[max(each, second - 1) - self._settled] += 1
            self._run.clear()


def _norm(axes: Floats) -> Floats:
    """Length of the vectors (3, N)."""
    return np.sqrt(axes[0] * axes[0] + axes[1] * axes[1] + axes[2] * axes[2])
