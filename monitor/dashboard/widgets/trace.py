"""The tilt of the last minute as a braille line over the wearer's band. Pure."""

from collections.abc import Sequence

import numpy as np

from monitor.dashboard.widgets.braille import ACROSS, DOWN, Row, blank, compose, polyline, scale
from monitor.dashboard.words import degrees
from monitor.snapshot import Snapshot
from monitor.stream import Floats

SPAN_S = 60.0
BREAK_S = 2.5  # samples further apart than this are not joined: epochs come once a second, so one missing is a gap
MARGIN_DEG = 3.0
ROUND_DEG = 10.0  # the axis moves in steps of this, so that it stands still most of the time
LABEL_WIDTH = 6
TIME_AXIS_ROWS = 9  # from this height on the time axis has a row of its own


def draw(snapshot: Snapshot, columns: int, rows: int) -> Sequence[Row]:
    """Labels on the left, the line and the band's two edges on the right."""
    width = columns - LABEL_WIDTH
    if width < 4 or rows < 2:
        return []
    height = rows - 1 if rows >= TIME_AXIS_ROWS else rows
    low, high = axis(snapshot.trace.tilt_deg, snapshot.band_deg)
    band, zero, line = (blank(width, height) for _ in range(3))
    dot_rows = height * DOWN
    for edge in snapshot.band_deg:
        level = scale(np.full(2, edge), low, high, dot_rows)
        polyline(band, [0, width * ACROSS - 1], level, dash=(3, 3))
    polyline(zero, [0, width * ACROSS - 1], scale(np.zeros(2), low, high, dot_rows), dash=(1, 5))
    x, tilt_deg = decimate(snapshot.trace.t_s, snapshot.trace.tilt_deg, snapshot.t_s, width)
    polyline(line, x, scale(tilt_deg, low, high, dot_rows))
    plot = compose([("zero", zero), ("band", band), ("trace", line)])
    labels = _labels(snapshot.band_deg, low, high, height)
    joined: list[Row] = [(label, *row) for label, row in zip(labels, plot, strict=True)]
    return [*joined, _time_axis(width)] if height < rows else joined


def axis(tilt_deg: Floats, band_deg: tuple[float, float]) -> tuple[float, float]:
    """(low, high) of the vertical axis, deg: holds the band, the zero and all values, rounded outwards."""
    finite = tilt_deg[np.isfinite(tilt_deg)]
    values = np.concatenate([finite, band_deg, [0.0]])
    low, high = float(values.min()) - MARGIN_DEG, float(values.max()) + MARGIN_DEG
    return float(np.floor(low / ROUND_DEG)) * ROUND_DEG, float(np.ceil(high / ROUND_DEG)) * ROUND_DEG


def decimate(t_s: Floats, value: Floats, end_s: float, columns: int) -> tuple[Floats, Floats]:
    """The last SPAN_S before end_s as at most two points a column, its lowest and its highest, in the order they came.

    Returns x in dots and the values; a NaN stands between points that must not be joined. Columns lie on a
    fixed grid of time, so that the line slides without changing its shape.
    """
    column_s = SPAN_S / columns
    last = np.floor(end_s / column_s)
    column = np.floor(t_s / column_s) - last + columns - 1
    kept = np.flatnonzero((column >= 0) & (column < columns) & np.isfinite(value))
    if kept.size == 0:
        return np.empty(0), np.empty(0)
    column, found = column[kept], value[kept]
    first = np.flatnonzero(np.diff(column, prepend=-1.0))
    final = np.append(first[1:], kept.size) - 1
    lowest, highest = np.minimum.reduceat(found, first), np.maximum.reduceat(found, first)
    rising = found[final] >= found[first]
    x = np.stack([column[first], column[first] + 0.5, column[first] + 0.75]) * ACROSS
    y = np.stack([np.where(rising, lowest, highest), np.where(rising, highest, lowest), np.zeros(first.size)])
    skipped = kept[first[1:]] - kept[final[:-1]] > 1  # a NaN sample lies between
    apart = t_s[kept[first[1:]]] - t_s[kept[final[:-1]]] > BREAK_S
    y[2] = np.nan
    wanted = np.ones(y.shape, dtype=bool)
    wanted[2] = np.append(skipped | apart, [False])
    return x.T[wanted.T], y.T[wanted.T]


def _labels(band_deg: tuple[float, float], low: float, high: float, rows: int) -> list[tuple[str, str]]:
    labels = [(" " * LABEL_WIDTH, "")] * rows
    for value, role in ((low, "quiet"), (high, "quiet"), (0.0, "quiet"), (band_deg[0], "band"), (band_deg[1], "band")):
        row = int(np.rint(scale(np.array([value]), low, high, rows * DOWN))[0]) // DOWN
        labels[row] = (f"{degrees(value):>{LABEL_WIDTH - 1}} ", role)
    return labels


def _time_axis(width: int) -> Row:
    half = f"{SPAN_S / 2:.0f} s ago"
    left = f"{SPAN_S:.0f} s ago"
    middle = half.center(max(width - 2 * len(left), 0))
    return ((" " * LABEL_WIDTH + (left + middle + "now".rjust(len(left)))[:width], "quiet"),)
