"""A recording as something that a virtual sensor can play: its samples at any time, in order."""

from collections.abc import Iterator

import numpy as np

from monitor.errors import RecordingError
from monitor.storage.recording import Recording
from monitor.stream import Floats, Samples


class Playback:
    """Gives acc_g (N, 3) and gyr_dps (N, 3) at growing times, 0 being the first sample; fewer rows at the end.

    Values between samples are interpolated, also across gaps. A recording without gyroscope plays zeros.
    """

    def __init__(self, recording: Recording) -> None:
        self._blocks: Iterator[Samples] = (r for r in recording.records() if isinstance(r, Samples) and len(r))
        first = next(self._blocks, None)
        if first is None:
            raise RecordingError(f"{recording.path} holds no samples to play.", recording.path)
        self._zero_s = float(first.t_s[0])
        self._t, self._rows = _table(first)

    def __call__(self, t_s: Floats) -> tuple[Floats, Floats]:
        """The rows at times t_s (N,), each at or after all asked before."""
        wanted: Floats = t_s + self._zero_s
        if not len(wanted):
            return np.zeros((0, 3)), np.zeros((0, 3))
        while self._t[-1] < wanted[-1] and (block := next(self._blocks, None)) is not None:
            t, rows = _table(block)
            keep = max(int(np.searchsorted(self._t, wanted[:1], side="right")[0]) - 1, 0)
            self._t = np.concatenate((self._t[keep:], t))
            self._rows = np.concatenate((self._rows[keep:], rows))
        inside: Floats = wanted[wanted <= self._t[-1]]
        last = len(self._t) - 1
        right = np.minimum(np.searchsorted(self._t, inside), last)
        left = np.maximum(right - 1, 0)
        step = np.maximum(self._t[right] - self._t[left], 1e-9)
        share = np.clip((inside - self._t[left]) / step, 0.0, 1.0)
        values = self._rows[left] + share[:, None] * (self._rows[right] - self._rows[left])
        return values[:, :3], values[:, 3:]


def _table(block: Samples) -> tuple[Floats, Floats]:
    gyr = np.zeros((len(block), 3)) if block.gyr_dps is None else block.gyr_dps
    return block.t_s, np.concatenate((block.acc_g, gyr), axis=1)
