"""Rises and sit-downs in the vertical acceleration: how far the pelvis moved up, and how well a rise explains it.

Between two rests the vertical velocity is zero at both ends: integrating twice gives the height gained, whatever the
shape of the movement. Where only one end is at rest, a bank of smooth movements is compared with the signal: half a
sine of speeding up, half a sine of slowing down, with the change early, in the middle or late (a sit-down ends with the
seat). Each template is padded by half a second, and constant and slope are taken out of template and signal alike, so
that neither the sensor's scale error nor a slow change of tilt matters.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np

from monitor.signal.epochs import GRID_HZ
from monitor.signal.filters import fir_lowpass
from monitor.stream import Floats

DURATIONS_S = (0.8, 1.0, 1.4, 1.9, 2.6)
PEAKS = (0.3, 0.5, 0.7)  # where in the movement the speed is highest
PAD_POINTS = GRID_HZ // 2
SMOOTHING_TAPS = 31
SMOOTHING_HZ = 4.0
MARGIN_POINTS = PAD_POINTS + SMOOTHING_TAPS // 2  # data that a template needs on either side of the movement


def height_m(vertical: Floats, before: float, after: float) -> Floats:
    """Height gained since the start, (N,), of a movement from rest to rest; vertical (N,), m/s^2.

    before, after : mean of `vertical` at rest on either side: what the sensor says where nothing moves.
    """
    n = len(vertical)
    speed = _summed(vertical - np.linspace(before, after, n))
    return _summed(speed - np.linspace(0.0, float(speed[-1]), n))


def _summed(x: Floats) -> Floats:
    """Integral over time of x (N,) on the grid."""
    return cast("Floats", np.add.accumulate(x)) / GRID_HZ


def gained_m(vertical: Floats, at_rest: float) -> float:
    """Height gained in the whole of `vertical` (N,), m/s^2, from rest at its start; at_rest as in height_m.

    With rest at the end instead: turn the array round, and the sign of the answer.
    """
    return float(_summed(_summed(vertical - at_rest))[-1])


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """points: half the movement; shape (L,) of one metre, without constant and slope; its energy; trends (2, L)."""

    points: int
    shape: Floats
    energy: float
    trend: Floats


def template(duration_s: float, peak: float) -> Template:
    """The movement of one metre up in duration_s on the grid, 1/s^2, fastest after the share `peak` of it."""
    points = int(duration_s / 2.0 * GRID_HZ)
    t = np.arange(-points - PAD_POINTS, points + PAD_POINTS + 1) / GRID_HZ
    x = t / duration_s + 0.5
    faster = np.where((x >= 0.0) & (x < peak), np.sin(np.pi * x / peak) / peak, 0.0)
    slower = np.where((x >= peak) & (x <= 1.0), np.sin(np.pi * (x - peak) / (1.0 - peak)) / (1.0 - peak), 0.0)
    shape = faster - slower
    shape = shape / float(_summed(_summed(shape))[-1])
    trend = np.stack((np.ones_like(t), t))
    trend /= np.sqrt((trend * trend).sum(axis=1))[:, None]
    shape = shape - (trend * (trend * shape).sum(axis=1)[:, None]).sum(axis=0)
    return Template(points, shape, float((shape * shape).sum()), trend)


@dataclass(frozen=True, slots=True)
class Match:
    """The best template: first and last grid point of the movement, metres moved (up +), share of energy explained."""

    first: int
    last: int
    moved_m: float
    explained: float


class Bank:
    """All templates, made once."""

    def __init__(self) -> None:
        self._templates = [template(duration_s, peak) for peak in PEAKS for duration_s in DURATIONS_S]
        self._smoothing = fir_lowpass(SMOOTHING_HZ, GRID_HZ, SMOOTHING_TAPS)

    def best(self, vertical: Floats, anchor: slice, direction: int, limits_m: tuple[float, float]) -> Match | None:
        """The template that explains most, of those that move by limits_m in `direction` (+1 up, -1 down); or None.

        vertical : (N,), m/s^2
        anchor   : where the movement may begin (direction +1) or end (-1)
        """
        if len(vertical) <= 2 * MARGIN_POINTS:
            return None
        smooth = np.convolve(vertical, self._smoothing, "valid")
        offset = SMOOTHING_TAPS // 2  # of smooth[0] in vertical
        found: Match | None = None
        for each in self._templates:
            width = len(each.shape)
            half = width // 2
            shift = each.points if direction > 0 else -each.points
            low = max(anchor.start + shift - offset, half)
            high = min(anchor.stop + shift - offset, len(smooth) - half)
            if high <= low:
                continue
            cut = smooth[low - half : high + half]
            moved = np.correlate(cut, each.shape, "valid") / each.energy
            rest = np.correlate(cut * cut, np.ones(width), "valid")
            for trend in each.trend:
                rest = rest - np.correlate(cut, trend, "valid") ** 2
            explained = np.clip(moved**2 * each.energy / np.maximum(rest, 1e-9), 0.0, 1.0)
            fits = (direction * moved >= limits_m[0]) & (direction * moved <= limits_m[1])
            at = int(np.argmax(np.where(fits, explained, -1.0)))
            if fits[at] and (found is None or explained[at] > found.explained):
                centre = low + at + offset
                found = Match(centre - each.points, centre + each.points, float(moved[at]), float(explained[at]))
        return found
