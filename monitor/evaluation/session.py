"""A labelled recording in the form that every capability scores, whatever set it comes from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from monitor.evaluation.scoring import Interval
from monitor.signal.alignment import Vec
from monitor.signal.timebase import split_at_gaps
from monitor.storage.importers.writing import GAP_PERIODS, GAP_S
from monitor.stream import Floats, Record, Samples

BLOCK_S = 1.0  # a recording keeps its samples in blocks of a second


@dataclass(frozen=True, slots=True)
class Trial:
    """A scripted activity in [start_s, end_s), of which is known what it holds, but not when."""

    activity: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Optical:
    """Truth of cameras for each sample: up (N, 3) in the sensor frame, NaN where they lost it; moving (N,) bool."""

    up: Floats
    moving: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """One wearing, and what is known of it.

    samples    : all of them; a jump in time is a gap. Without angular rate the ways with gyroscope are left out
    truth      : start of a second (whole s) -> its class, for the seconds that are scored
    beside     : the same for seconds that have a label but none of the four classes
    moves      : kind of transition -> labelled movements, s; a change of label that has no length is (t, t)
    unlabelled : stretches without any label, s
    walks, stands: labelled stretches of level walking and of standing, s, where samples run evenly from 0 s
    anterior   : what was meant to point forward, sensor frame; None if that is not known
    lead_s     : length of the walking put before the session; None where the set has no such lead
    ignored_s  : transitions that begin before this are not scored
    lag        : whether the lag is measured on this session
    """

    name: str
    person: str
    rate_hz: float
    samples: Samples
    truth: dict[int, str] = field(default_factory=dict[int, str])
    beside: dict[int, str] = field(default_factory=dict[int, str])
    moves: dict[str, list[Interval]] = field(default_factory=dict[str, list[Interval]])
    unlabelled: list[Interval] = field(default_factory=list[Interval])
    walks: list[Interval] = field(default_factory=list[Interval])
    stands: list[Interval] = field(default_factory=list[Interval])
    trials: list[Trial] = field(default_factory=list[Trial])
    steps: int | None = None
    optical: Optical | None = None
    anterior: Vec | None = None
    lead_s: float | None = None
    ignored_s: float = 0.0
    lag: bool = False

    def records(self, block_s: float = BLOCK_S) -> Iterator[Record]:
        """As a recording made by the importer would give them."""
        limit_s = max(GAP_S, GAP_PERIODS / self.rate_hz)
        length = max(round(block_s * self.rate_hz), 1)
        for piece in split_at_gaps(self.samples, None, limit_s, "no samples in the file"):
            if isinstance(piece, Samples):
                yield from (piece.part(slice(start, start + length)) for start in range(0, len(piece), length))
            else:
                yield piece


def number(person: str) -> int:
    """The first number in a person's name, which tells odd from even people; 0 if there is none."""
    found = re.search(r"\d+", person)
    return int(found.group()) if found else 0
