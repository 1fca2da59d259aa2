"""Samples at any rate onto a 50 Hz grid, and the grid cut into 1-s epochs with their features.

Every epoch [k, k + 1) holds exactly 50 grid points, so features of many epochs are computed at once. Grid points
inside a hole are interpolated but marked invalid; after a gap longer than `reset_s` a new segment begins.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.signal.orientation import unit
from monitor.stream import Floats

GRID_HZ = 50
ANTI_ALIAS_HZ = 20.0  # cut-off before the grid, for sensors faster than 60 Hz


@dataclass(frozen=True, slots=True)
class EpochParams:
    """hole_s: longest pause between samples that still counts as data; reset_s: longest gap that filters are carried
    across.

    still_sd_mg, still_offset_mg: quasi-static gate on |acc| (measurement facts, section 2); still_leave: how much wider
    the gate is for a second that follows a still one, so that the flag does not flicker at the edge.
    """

    hole_s: float = 0.1
    reset_s: float = 2.0
    min_coverage: float = 0.5
    still_sd_mg: float = 20.0
    still_offset_mg: float = 30.0
    still_leave: float = 1.25


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Completed epochs: k (E,) start in whole seconds, rows (E, 50, C), valid (E, 50)."""

    k: NDArray[np.int64]
    rows: Floats
    valid: NDArray[np.bool_]

    @property
    def filled(self) -> int:
        """How many of the last grid points only complete the last epoch."""
        backwards = self.valid[-1:, ::-1].ravel().tolist()
        return backwards.index(True) if True in backwards else len(backwards)


class Gridder:
    """Linear interpolation of (N, C) rows at times t_s onto the grid j/50 s, cut into epochs."""

    def __init__(self, rate_hz: float, columns: int, params: EpochParams) -> None:
        self._hole_s = max(params.hole_s, 3.0 / rate_hz)
        self._columns = columns
        self._last_t = np.nan
        self._last_row = np.zeros(columns)
        self._next = 0  # index of the next grid point
        self._rows: Floats = np.zeros((0, columns))
        self._valid: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)

    @property
    def running(self) -> bool:
        """True once this segment has begun."""
        return not np.isnan(self._last_t)

    def push(self, t_s: Floats, rows: Floats) -> Cut:
        """Take samples (strictly increasing t_s); give back the epochs they complete."""
        if not len(t_s):
            return self._cut()
        if not self.running:
            self._begin(float(t_s[0]), rows[0])
        t = np.concatenate(([self._last_t], t_s))
        r = np.concatenate((self._last_row[None, :], rows))
        last = _last_point(float(t_s[-1]))
        if last >= self._next:
            grid = np.arange(self._next, last + 1, dtype=np.int64)
            at = grid / GRID_HZ
            right = np.clip(np.searchsorted(t, at, side="left"), 1, len(t) - 1)
            t0, t1 = t[right - 1], t[right]
            step = t1 - t0
            weight = np.where(step > 0.0, (at - t0) / np.where(step > 0.0, step, 1.0), 1.0)
            values = r[right - 1] + weight[:, None] * (r[right] - r[right - 1])
            self._rows = np.concatenate((self._rows, values))
            self._valid = np.concatenate((self._valid, step <= self._hole_s))
            self._next = last + 1
        self._last_t, self._last_row = float(t_s[-1]), rows[-1].copy()
        return self._cut()

    def close(self) -> Cut:
        """End the segment: the open epoch is filled up with invalid points."""
        if self.running:
            short = -len(self._rows) % GRID_HZ
            self._rows = np.concatenate((self._rows, np.repeat(self._last_row[None, :], short, axis=0)))
            self._valid = np.concatenate((self._valid, np.zeros(short, dtype=np.bool_)))
            self._next += short
            self._last_t = np.nan
        return self._cut()

    def _begin(self, t_s: float, row: Floats) -> None:
        """Start a segment at the epoch that holds t_s; what lies before t_s in it is invalid."""
        first = int(np.floor(t_s)) * GRID_HZ
        lead = int(np.ceil(t_s * GRID_HZ)) - first
        self._rows = np.repeat(row[None, :], lead, axis=0)
        self._valid = np.zeros(lead, dtype=np.bool_)
        self._next = first + lead
        self._last_t, self._last_row = t_s, row.copy()

    def _cut(self) -> Cut:
        """Split off whole epochs. Grid points in hand always begin at a whole second."""
        count = len(self._rows) // GRID_HZ
        start = (self._next - len(self._rows)) // GRID_HZ
        points = count * GRID_HZ
        rows, valid = self._rows[:points], self._valid[:points]
        self._rows, self._valid = self._rows[points:], self._valid[points:]
        k = np.arange(start, start + count, dtype=np.int64)
        return Cut(k, rows.reshape(count, GRID_HZ, self._columns), valid.reshape(count, GRID_HZ))


def _last_point(t_s: float) -> int:
    """The last grid point at or before t_s. The product alone may round past a sample that lies on the grid."""
    last = int(np.floor(t_s * GRID_HZ))
    return last + int((last + 1) / GRID_HZ <= t_s) - int(last / GRID_HZ > t_s)


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Per epoch, E of them, from acc and up in the sensor frame.

    k         : (E,) start, whole seconds
    acc       : (E, 50, 3) specific force on the grid, g
    present   : (E,) bool: enough of the epoch was measured
    acc_mean  : (E, 3) mean specific force, g
    acc_sd    : (E, 3) standard deviation of each axis, g
    fifths    : (E, 15) mean specific force over each fifth of the second, g: x y z x y z ...
    up        : (E, 3) mean up, unit vectors
    vm        : (E, 50) |acc| on the grid, g
    vm_mean   : (E,) g
    vm_sd     : (E,) g
    motion_mg : (E,) mean absolute deviation of |acc|, mg
    """

    k: NDArray[np.int64]
    acc: Floats
    present: NDArray[np.bool_]
    acc_mean: Floats
    acc_sd: Floats
    fifths: Floats
    up: Floats
    vm: Floats
    vm_mean: Floats
    vm_sd: Floats
    motion_mg: Floats


def features(cut: Cut, min_coverage: float) -> Features:
    """Features of whole epochs; the columns of cut.rows are acc x y z (g), up x y z."""
    axes = np.ascontiguousarray(np.moveaxis(cut.rows, 2, 0))  # (6, E, 50): every reduction runs along contiguous points
    mean = axes.mean(axis=2)
    acc = axes[:3]
    deviation = acc - mean[:3, :, None]
    fifths = acc.reshape(3, -1, 5, GRID_HZ // 5).mean(axis=3)
    vm = np.sqrt(acc[0] * acc[0] + acc[1] * acc[1] + acc[2] * acc[2])
    vm_mean = vm.mean(axis=1)
    centred = vm - vm_mean[:, None]
    return Features(
        k=cut.k,
        acc=cut.rows[:, :, :3],
        present=cut.valid.mean(axis=1) >= min_coverage,
        acc_mean=mean[:3].T,
        acc_sd=np.sqrt((deviation * deviation).mean(axis=2)).T,
        fifths=np.moveaxis(fifths, 0, 2).reshape(-1, 15),
        up=unit(mean[3:].T),
        vm=vm,
        vm_mean=vm_mean,
        vm_sd=np.sqrt((centred * centred).mean(axis=1)),
        motion_mg=1000.0 * np.abs(centred).mean(axis=1),
    )
