"""Sets of seconds as sorted, disjoint, half-open intervals [start, end) of whole numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """start, end: (N,) each, end > start, start not before the end of the one before."""

    start: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.start)

    def __and__(self, other: "Intervals") -> "Intervals":
        """What lies in both. Pieces that touch stay apart, so that what cuts one of them cuts the result."""
        if not len(self) or not len(other):
            return NOTHING
        low = np.searchsorted(other.end, self.start, "right")
        high = np.searchsorted(other.start, self.end, "left")
        counts = np.maximum(high - low, 0)
        if not counts.any():
            return NOTHING
        mine = np.repeat(np.arange(len(self)), counts)
        begins = np.cumsum(counts) - counts
        theirs = np.arange(len(mine)) - begins[mine] + low[mine]
        return Intervals(
            np.maximum(self.start[mine], other.start[theirs]), np.minimum(self.end[mine], other.end[theirs])
        )

    def held(self, seconds: float) -> "Intervals":
        """Of each, what is left from the second on with which it has lasted so long."""
        start = self.start + max(int(np.ceil(seconds)) - 1, 0)
        lasting = start < self.end
        return Intervals(start[lasting], self.end[lasting])

    @property
    def total(self) -> int:
        """Seconds in all of them."""
        return int((self.end - self.start).sum())


NOTHING = Intervals(np.zeros(0, np.int64), np.zeros(0, np.int64))


def where(true: Bools, cuts: Ints | None = None) -> Intervals:
    """The runs of True in (N,), also cut at each of `cuts`."""
    change = np.flatnonzero(np.diff(true.astype(np.int8), prepend=0, append=0))
    runs = Intervals(change[::2], change[1::2])
    if cuts is None or len(cuts) < 2:
        return runs
    return runs & Intervals(cuts[:-1], cuts[1:])


@dataclass(frozen=True, slots=True, eq=False)
class Ramps:
    """A measure that changes evenly for stretches: at index i of [first, end) it is max(v0 + slope (i - first), 0).

    All (N,), whole numbers; the stretches follow each other without a hole.
    """

    first: Ints
    end: Ints
    v0: Ints
    slope: Ints

    def at_least(self, limit: float) -> Intervals:
        """Where it is at or above the limit, above 0."""
        whole = int(np.ceil(limit))
        rising, falling = self.slope > 0, self.slope < 0
        slope = np.where(self.slope == 0, 1, np.abs(self.slope))
        first_over = self.first + np.maximum(-((self.v0 - whole) // slope), 0)  # ceil((limit - v0) / slope)
        last_over = self.first + (self.v0 - whole) // slope
        over = self.v0 >= whole
        start = np.where(rising, first_over, self.first)
        end = np.where(falling, np.minimum(last_over + 1, self.end), self.end)
        start = np.where(rising | over, start, self.end)
        return joined(start, end)

    def at_most(self, limit: float) -> Intervals:
        """Where it is at or below the limit, 0 or more."""
        whole = int(np.floor(limit))
        rising, falling = self.slope > 0, self.slope < 0
        slope = np.where(self.slope == 0, 1, np.abs(self.slope))
        last_under = self.first + (whole - self.v0) // slope
        first_under = self.first + np.maximum(-((whole - self.v0) // slope), 0)  # ceil((v0 - limit) / slope)
        under = self.v0 <= whole
        start = np.where(falling, first_under, self.first)
        end = np.where(rising, np.minimum(last_under + 1, self.end), self.end)
        start = np.where(falling | under, start, self.end)
        return joined(start, end)


def ramps(values: Ints, cuts: Sequence[int]) -> Ramps:
    """A measure given second by second, (N,) whole numbers of 0 or more, as stretches; cut at each of `cuts`."""
    steps = np.diff(values)
    edges = np.zeros(len(values), np.bool_)
    edges[list(cuts)] = True
    edges[1:] |= np.diff(steps, prepend=steps[:1]) != 0 if len(steps) else False
    if len(values):
        edges[0] = True
    first = np.flatnonzero(edges)
    end = np.append(first[1:], len(values))
    # A stretch of one second has no slope; a longer one has that of its first step.
    slope = np.zeros(len(first), np.int64)
    longer = end - first > 1
    slope[longer] = steps[first[longer]]
    return Ramps(first, end, values[first], slope)


def joined(start: Ints, end: Ints) -> Intervals:
    """Pieces in order, empty ones left out, those that touch made one."""
    there = start < end
    start, end = start[there], end[there]
    if not len(start):
        return NOTHING
    apart = start[1:] > end[:-1]
    return Intervals(start[np.append(True, apart)], end[np.append(apart, True)])
