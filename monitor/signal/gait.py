"""Walking: how periodic |acc| is, and the single steps in it.

Periodicity is the largest normalised autocorrelation at a lag of one step, 0.34 to 0.9 s; with a spread of |acc|
above 60 mg it finds level walking without training (measurement facts, section 4.4). Steps are upward zero crossings
of the 0.6-3 Hz band.
"""

from dataclasses import dataclass

import numpy as np

from monitor.signal.epochs import GRID_HZ
from monitor.signal.filters import ExponentialMean, SosFilter, bandpass
from monitor.stream import Floats

HALF_SHARE = 0.75
LAGS = range(17, 46)  # grid points: 0.34 to 0.90 s, cadence 67 to 176 steps a minute


@dataclass(frozen=True, slots=True)
class GaitParams:
    """The gate for 'this second is walking', and what counts as a step."""

    min_sd_mg: float = 60.0
    min_periodicity: float = 0.3
    step_amplitude: float = 0.35  # of the running rms of the band
    refractory_s: float = 0.25
    min_swing_mg: float = 15.0  # below this the band is sway and noise


def windows3(history: Floats, rows: Floats) -> Floats:
    """3-s windows centred on each epoch: history (2, 50) and rows (E, 50) give (E, 150), one epoch late."""
    joined = np.concatenate((history, rows))
    return np.concatenate((joined[:-2], joined[1:-1], joined[2:]), axis=1)


def periodicity(window: Floats) -> tuple[Floats, Floats]:
    """Largest normalised autocorrelation over LAGS and its lag in s, each (E,), of |acc| windows (E, L).

    A left and a right step are never quite alike, so that two steps may repeat better than one: where half the lag does
    nearly as well, the half is the step.
    """
    x = window - window.mean(axis=1)[:, None]
    power = (x * x).mean(axis=1)
    floor = np.where(power > 0.0, power, 1.0)
    r = np.stack([(x[:, lag:] * x[:, :-lag]).mean(axis=1) / floor for lag in LAGS])
    best = np.argmax(r, axis=0)
    column = np.arange(len(window))
    largest: Floats = r[best, column]
    half = (best + LAGS.start) // 2 - LAGS.start
    halved = (half >= 0) & (np.maximum(r[half, column], r[half + 1, column]) >= HALF_SHARE * largest)
    lag = np.asarray(np.where(halved, half, best) + LAGS.start, dtype=np.float64)
    return largest, lag / GRID_HZ


class StepCounter:
    """Steps in each epoch of a running 50 Hz |acc|: upward zero crossings of the band after a trough deep enough."""

    def __init__(self, params: GaitParams) -> None:
        self._params = params
        self._band = SosFilter(bandpass(0.6, 3.0, GRID_HZ))
        self._power = ExponentialMean(1.0 / (2.0 * GRID_HZ))  # the rms remembers about 2 s
        self._last = 0.0
        self._since_step = GRID_HZ  # grid points
        self._trough = 0.0  # lowest value since the last step

    def push(self, vm: Floats) -> list[int]:
        """Steps in each epoch; vm is (E, 50), g."""
        band = self._band.push(np.ascontiguousarray(vm.reshape(-1, 1)))[:, 0]
        power = self._power.push(band * band)
        counts = [0] * len(vm)
        before = np.concatenate(([self._last], band[:-1]))
        begin = 0
        for at in np.flatnonzero((before < 0.0) & (band >= 0.0)).tolist():
            trough = min(self._trough, float(band[begin:at].min(initial=0.0)))
            since = self._since_step + at + 1 - begin
            deep = max(self._params.step_amplitude * float(power[at]) ** 0.5, self._params.min_swing_mg / 1000.0)
            if since > self._params.refractory_s * GRID_HZ and trough < -deep:
                counts[at // GRID_HZ] += 1
                trough, since = 0.0, 0
            self._trough, self._since_step, begin = trough, since, at + 1
        if len(band):
            self._trough = min(self._trough, float(band[begin:].min(initial=0.0)))
            self._since_step += len(band) - begin
            self._last = float(band[-1])
        return counts

    def reset(self) -> None:
        """Start anew after a gap."""
        self._band.reset()
        self._power.reset()
        self._last, self._since_step, self._trough = 0.0, GRID_HZ, 0.0
