"""Rises and sit-downs in |acc|: a bank of filters matched to a smooth vertical displacement, for any mounting.

A rise of D metres in T seconds, as people move (minimum jerk, Flash & Hogan 1985), gives the vertical acceleration
D * s_T(t), s_T = second derivative of 10x^3 - 15x^4 + 6x^5 with x = t / T. Each template is padded by half a second on
either side, and constant and slope are taken out of template and signal alike, so that neither the sensor's scale error
nor a slow change of tilt matters. What is left is compared: D by least squares, and the share of the energy explained.
"""

from dataclasses import dataclass

import numpy as np

from monitor.signal.epochs import GRID_HZ
from monitor.signal.filters import fir_lowpass
from monitor.signal.orientation import STANDARD_GRAVITY_MPS2
from monitor.stream import Floats

DURATIONS_S = (1.0, 1.4, 1.9, 2.6, 3.4)
PAD_S = 0.5
SMOOTHING_TAPS = 31
SMOOTHING_HZ = 4.0
BEFORE_S, AFTER_S = 3, 3  # whole seconds around the second that is searched: the longest template and the smoothing fit


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """duration_s; shape (L,), without constant and slope; its energy; constant and slope as unit vectors (2, L)."""

    duration_s: float
    shape: Floats
    energy: float
    trend: Floats


def template(duration_s: float) -> Template:
    """The movement of one metre in duration_s on the grid, 1/s^2."""
    half = round((duration_s / 2.0 + PAD_S) * GRID_HZ)
    t = np.arange(-half, half + 1) / GRID_HZ
    x = t / duration_s + 0.5
    shape = np.where((x >= 0.0) & (x <= 1.0), 60.0 * x - 180.0 * x**2 + 120.0 * x**3, 0.0) / duration_s**2
    trend = np.stack((np.ones_like(t), t))
    trend /= np.sqrt((trend * trend).sum(axis=1))[:, None]
    shape = shape - (trend * (trend * shape).sum(axis=1)[:, None]).sum(axis=0)
    return Template(duration_s, shape, float((shape * shape).sum()), trend)


class Bank:
    """All templates, made once."""

    def __init__(self) -> None:
        self._templates = tuple(template(duration_s) for duration_s in DURATIONS_S)
        self._smoothing = fir_lowpass(SMOOTHING_HZ, GRID_HZ, SMOOTHING_TAPS)

    def match(self, vm: Floats) -> tuple[Floats, Floats]:
        """How well each template fits, centred on each grid point of the middle second.

        vm      : ((BEFORE_S + 1 + AFTER_S) * 50,) |acc|, g, of the second with its surroundings
        returns : displacement in m, up positive, and share of the energy explained, 0 to 1; each (5, 50)
        """
        windows = np.lib.stride_tricks.sliding_window_view(vm, SMOOTHING_TAPS)
        smooth = (windows * self._smoothing).sum(axis=1) * STANDARD_GRAVITY_MPS2
        first = BEFORE_S * GRID_HZ - SMOOTHING_TAPS // 2
        moved, explained = np.empty((len(self._templates), GRID_HZ)), np.empty((len(self._templates), GRID_HZ))
        for row, each in enumerate(self._templates):
            half = len(each.shape) // 2
            cut = np.lib.stride_tricks.sliding_window_view(smooth, len(each.shape))[
                first - half : first - half + GRID_HZ
            ]
            moved[row] = (cut * each.shape).sum(axis=1) / each.energy
            rest = (cut * cut).sum(axis=1)
            for trend in each.trend:
                rest -= (cut * trend).sum(axis=1) ** 2
            explained[row] = moved[row] ** 2 * each.energy / np.maximum(rest, 1e-9)
        return moved, np.clip(explained, 0.0, 1.0)


def quietest_mg(vm: Floats) -> float:
    """Smallest standard deviation, mg, of |acc| over any second, taken five times a second; inf if there is none."""
    if len(vm) < GRID_HZ:
        return float("inf")
    seconds = np.lib.stride_tricks.sliding_window_view(vm, GRID_HZ)[:: GRID_HZ // 5]
    centred = seconds - seconds.mean(axis=1)[:, None]
    return 1000.0 * float(np.sqrt((centred * centred).mean(axis=1).min()))
