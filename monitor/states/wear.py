"""Is the sensor on a person? Minutes of stillness without breath: not worn, since it was put down. Handled: worn.

A body at rest breathes: 1 to 5 mg at the pelvis, half a milli-g where it lies quietly, at 0.1 to 0.5 Hz. A table does
not, but sensors differ in noise by ten times. So the power in the band of breath is compared with the sensor's own
white noise, read from the same spectrum just above it, and minutes are added up until the answer is sure: five of them
with a quiet sensor, more with a noisy one. Each spectrum is of a minute without its trend, so a sensor that cools on a
table does not breathe; what leaning on a desk leaves (steps, whose power falls with the square of the frequency) is
taken off by what is seen below the band. A knock that does not turn the sensor does not make it worn.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitor.signal.alignment import Vec, separation_deg
from monitor.signal.epochs import GRID_HZ
from monitor.stream import Floats

FIFTHS = 5  # means a second
SEGMENT_S = 60
HOP_S = 30
_N = SEGMENT_S * FIFTHS
_HZ = np.fft.rfftfreq(_N, 1.0 / FIFTHS)
_TAPER = np.hanning(_N + 1)[:-1]
_RAMP = (np.arange(_N) - (_N - 1) / 2.0) / _N
_RAMP_SQUARE = float((_RAMP**2).sum())
# One-sided density. White noise stays white in means over fifths of a second: what they weaken is filled up from above.
_SCALE = 2.0 / (FIFTHS * float((_TAPER**2).sum()))


def _band(low_hz: float, high_hz: float) -> slice:
    return slice(int(np.searchsorted(_HZ, low_hz - 1e-9)), int(np.searchsorted(_HZ, high_hz + 1e-9)))


SLOW, BREATH, FLOOR = _band(0.03, 0.09), _band(0.1, 0.5), _band(0.6, 1.6)
BREATH_WIDTH_HZ, SLOW_WIDTH_HZ = 0.4, 0.06
_FALL = float(np.mean(_HZ[BREATH] ** -2.0) / np.mean(_HZ[SLOW] ** -2.0))  # of steps, from SLOW to BREATH
_BREATH_BINS, _FLOOR_BINS = BREATH.stop - BREATH.start, FLOOR.stop - FLOOR.start
# Neighbours in a tapered spectrum are not independent (1.94 for this taper); a median has 1.57 times a mean's variance.
_SD_OF_EXCESS = math.sqrt(1.94 / _BREATH_BINS + 1.57 * 1.94 / _FLOOR_BINS)


@dataclass(frozen=True, slots=True)
class WearParams:
    """Levels in mg of specific force, times in s of stillness.

    within_mg, shaken_s : sd of each axis inside a second at rest; how many seconds of a minute may be above it
    turned_mg           : a mean that differs so much after a shake, or after a gap of up to gap_s: it was moved
    breath_mg, sure     : amplitude of the least breath to be found, and by how many standard errors it must be absent;
                          an error larger than its power decides nothing
    alive, lively       : ... and by how many it must be there; in how many minutes running to be worn again
    slow_mg             : rms at 0.03 to 0.09 Hz that no table has: sway
    off_after_s         : least time without breath; familiar_after_s: where the sensor sits as it did on the moving or
                          breathing body, within familiar_deg
    on_burst_mg, on_bursts, on_within_s : so many seconds with such a burst make it worn again
    on_turned_mg        : ... or a shake after which it sits otherwise by this much
    longest_s           : stillness that is added up, and that can be taken back
    """

    within_mg: float = 8.0
    shaken_s: int = 12
    turned_mg: float = 20.0
    gap_s: float = 60.0
    breath_mg: float = 0.35
    sure: float = 2.0
    alive: float = 4.0
    lively: int = 3
    slow_mg: float = 0.7
    off_after_s: float = 300.0
    familiar_after_s: float = 600.0
    familiar_deg: float = 15.0
    on_burst_mg: float = 50.0
    on_bursts: int = 3
    on_within_s: float = 10.0
    on_turned_mg: float = 100.0
    longest_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class Breath:
    """Power in the band of breath beyond what the sensor's noise explains, mg^2, with its standard error.

    slow_mg2: power below that band, likewise without noise
    """

    excess_mg2: float
    sd_mg2: float
    slow_mg2: float


def spectra(fifths_g: Floats) -> list[Floats]:
    """Density of each of n minutes, mg^2/Hz, summed over axes, at _HZ.

    fifths_g (n, 300, 3): means over fifths of a second
    """
    x = np.ascontiguousarray(np.moveaxis(fifths_g, 2, 1))
    x = 1000.0 * (x - x.mean(axis=2)[:, :, None])
    x -= ((x * _RAMP).sum(axis=2) / _RAMP_SQUARE)[:, :, None] * _RAMP
    lines = np.fft.rfft(x * _TAPER)
    return list((lines.real**2 + lines.imag**2).sum(axis=1) * _SCALE)


def colour(rate_hz: float) -> Floats:
    """Density at _HZ, against that at 0, of a slow sensor's white noise after linear interpolation to the grid."""
    if rate_hz >= GRID_HZ:
        return np.ones(len(_HZ))
    hz = _HZ + FIFTHS * np.arange(-20, 21)[:, None]  # all that falls on _HZ
    density: Floats = (np.sinc(hz / FIFTHS) ** 2 * np.sinc(hz / rate_hz) ** 4).sum(axis=0)
    return density / density[0]


def breath(minutes: Sequence[Floats]) -> Breath:
    """What the spectra of some minutes say of breath, taken together."""
    mean = np.array(minutes).mean(axis=0)
    floor = np.sort(mean[FLOOR])
    # The median leaves out the lines of a heart; it lies somewhat below the mean of the noise.
    middle = float(floor[_FLOOR_BINS // 2])
    spread = 1.4826 * float(np.sort(np.abs(floor - middle))[_FLOOR_BINS // 2])
    level = middle / (1.0 - 1.0 / (6.0 * len(minutes)))
    slow = max(float(mean[SLOW].mean()) - level, 0.0)
    excess = float(mean[BREATH].mean()) - level - _FALL * slow
    return Breath(BREATH_WIDTH_HZ * excess, BREATH_WIDTH_HZ * spread * _SD_OF_EXCESS, SLOW_WIDTH_HZ * slow)


class Wear:
    """Feeds on seconds with data; `worn` is the present belief, `since_s` since when it is so."""

    def __init__(self, params: WearParams, rate_hz: float = GRID_HZ) -> None:
        self._params = params
        self._colour = colour(rate_hz)
        self.worn = True
        self.since_s = 0.0
        self._last_k = -1
        self._mean: Vec | None = None  # of the last second at rest
        self._shaken = False  # something happened since
        self._shakes = 0  # seconds with a shake in the present segment
        self._still_s = 0.0  # start of the present stillness
        self._fifths: list[list[float]] = []
        self._tested = 0  # seconds of the stillness that are in the spectra
        self._spectra: deque[Floats] = deque(maxlen=int(params.longest_s) // HOP_S)
        self._bursts: list[int] = []
        self._lively = 0  # minutes with breath since it was taken off
        self._last_burst_k = -2
        self._upright: Vec | None = None  # mean acceleration while moving
        self._breathed: deque[Vec] = deque(maxlen=8)  # where breath was seen

    def push(self, k: int, acc_mean_g: Vec, sd_max_mg: float, fifths_g: list[float]) -> bool:
        """Take second k. Returns `worn`.

        acc_mean_g, sd_max_mg : mean of each axis, and the largest sd of an axis
        fifths_g              : means of the five fifths of the second, x y z x y z ...
        """
        p = self._params
        if k - self._last_k != 1:
            self._resume(k)
        self._last_k = k
        if sd_max_mg > p.within_mg:
            self._shake(k, acc_mean_g, sd_max_mg)
            return self.worn
        if self._mean is None:
            self._begin(k)
        elif self._shaken:
            turned = max(abs(a - b) for a, b in zip(acc_mean_g, self._mean, strict=True)) * 1000.0
            if turned > p.turned_mg:
                self._begin(k)
                if turned > p.on_turned_mg:
                    self._put_on(k)
        self._mean, self._shaken = acc_mean_g, False
        self._fifths.append(fifths_g)
        if len(self._fifths) >= SEGMENT_S + (HOP_S if self._spectra else 0):
            self._judge(k)
        return self.worn

    def pause(self) -> None:
        """A gap: a spectrum does not reach across it."""
        self._fifths.clear()
        self._shakes = 0
        self._shaken = True

    def _resume(self, k: int) -> None:
        self.pause()
        if k - self._last_k > self._params.gap_s:
            self._mean = None  # anything may have happened

    def _begin(self, k: int) -> None:
        """A new stillness begins."""
        self._still_s = float(k)
        self._fifths.clear()
        self._spectra.clear()
        self._tested = self._shakes = 0

    def _put_on(self, k: int) -> None:
        if not self.worn:
            self.worn, self.since_s = True, float(k)

    def _shake(self, k: int, acc_mean_g: Vec, sd_max_mg: float) -> None:
        p = self._params
        if sd_max_mg > p.on_burst_mg:
            if self.worn and self._last_burst_k == k - 1:  # no single knock
                self._upright = _nearer(self._upright, acc_mean_g)
            self._last_burst_k = k
        self._shaken = True
        self._shakes += 1
        if self._shakes > p.shaken_s:
            self._mean = None  # it is being handled, or worn
            self._fifths.clear()
        elif self._fifths:
            self._fifths.append(list(self._mean or ()) * FIFTHS)  # as flat as can be: it tells nothing of breath
        if sd_max_mg > p.on_burst_mg and not self.worn:
            self._bursts = [each for each in self._bursts if k - each < p.on_within_s]
            self._bursts.append(k)
            if len(self._bursts) >= p.on_bursts:
                self._put_on(self._bursts[0])
                self._mean = None

    def _judge(self, k: int) -> None:
        """Look for breath in one more minute of stillness."""
        p = self._params
        seconds = np.array(self._fifths).reshape(-1, FIFTHS, 3)
        starts = range(0, len(seconds) - SEGMENT_S + 1, HOP_S)
        parts = np.array([seconds[at : at + SEGMENT_S] for at in starts])
        self._spectra.extend(each / self._colour for each in spectra(parts.reshape(len(starts), _N, 3)))
        self._tested += SEGMENT_S
        del self._fifths[:-HOP_S]
        self._shakes = 0
        least_mg2 = 0.5 * p.breath_mg**2
        newest = breath([*self._spectra][-2:])
        lives = newest.excess_mg2 - p.alive * newest.sd_mg2 > least_mg2
        if not self.worn:  # steps look like breath now and then, but not minute after minute
            self._lively = self._lively + 1 if lives else 0
            lives = self._lively >= p.lively
        if lives:
            if self._mean is not None and not self._is_familiar(self._mean):
                self._breathed.append(self._mean)
            self._put_on(k)
            self._begin(k + 1)
            return
        if not self.worn or self._mean is None:
            return
        needed_s = p.familiar_after_s if self._is_familiar(self._mean) else p.off_after_s
        if self._tested < needed_s:
            return
        found = breath(self._spectra)
        absent = found.excess_mg2 + p.sure * found.sd_mg2 < least_mg2
        if absent and found.sd_mg2 < least_mg2 and found.slow_mg2 < p.slow_mg**2:
            self.worn, self.since_s = False, max(self._still_s, k + 1 - p.longest_s)

    def _is_familiar(self, mean_g: Vec) -> bool:
        seen = [*self._breathed, self._upright] if self._upright else self._breathed
        return any(separation_deg(mean_g, each) < self._params.familiar_deg for each in seen)


def _nearer(old: Vec | None, new: Vec) -> Vec:
    """A slow running mean."""
    if old is None:
        return new
    return (old[0] + 0.05 * (new[0] - old[0]), old[1] + 0.05 * (new[1] - old[1]), old[2] + 0.05 * (new[2] - old[2]))
