"""The exposure of Measures over whole days: it grows with the blocks beyond the band, and leaks away in between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from monitor.states.measures import RESET, SITTING, STANDING, half_widths, units, usual_begin
from monitor.states.rules import BandParams
from monitor.tuning.days import BIG, Blocks, reflected
from monitor.tuning.intervals import Intervals, Ints, joined

Carried: TypeAlias = Mapping[tuple[str, int], tuple[int, int]]


@dataclass(frozen=True, slots=True, eq=False)
class Leaks:
    """What time does to any exposure under given bands, by blocks.

    tilted_s: (2, M) seconds with a tilt, seated and standing
    leaked: (M,) up to the block's end, in all, 1e-4 deg·s
    gone  : (M,) the block with which nothing of what was summed by now is left, if no other lies beyond the band
    """

    tilted_s: Ints
    leaked: Ints
    gone: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """Along one axis. at: (K,) blocks beyond the band; total: after them, 1e-4 deg·s; end: block with which it is gone,
    or the next one beyond; length: of all blocks.
    """

    at: Ints
    total: Ints
    end: Ints
    leaked: Ints
    length: int

    def after(self, blocks: Ints) -> Ints:
        """After each of these blocks, 1e-4 deg·s."""
        if not len(self.at):
            return np.zeros(len(blocks), np.int64)
        i = np.searchsorted(self.at, blocks, "right") - 1
        left = self.total[i] - (self.leaked[blocks] - self.leaked[self.at[i]])
        return np.where((i >= 0) & (blocks < self.end[i]), np.maximum(left, 0), 0)

    def at_least(self, whole: int) -> Intervals:
        """Blocks after which it is so much or more."""
        if whole <= 0:
            return Intervals(np.zeros(1, np.int64), np.full(1, self.length, np.int64))
        high = np.flatnonzero(self.total >= whole)
        at, end = self.at[high], self.end[high]
        longer = np.flatnonzero(end > at + 1)  # the others end before anything has leaked
        left = self.leaked[at[longer]] + self.total[high[longer]] - whole
        end[longer] = np.minimum(end[longer], np.searchsorted(self.leaked, left, "right"))
        return joined(at, end)

    def at_most(self, whole: int) -> Intervals:
        """Blocks after which it is so much or less, 0 or more."""
        above = self.at_least(whole + 1)
        start, end = np.append(0, above.end), np.append(above.start, self.length)
        return joined(start, end)


def leaks(blocks: Blocks, bands: Sequence[BandParams], places: Ints | None) -> Leaks:
    """places: (M,) number of the band in each block; None: the first one throughout."""
    valid = (blocks.kind == SITTING) | (blocks.kind == STANDING)
    by_kind = np.stack([np.where(blocks.kind == kind, blocks.seconds, 0) for kind in (SITTING, STANDING)])
    tilted_s = by_kind.sum(axis=0)
    rates = np.array([units(band.leak_deg_s) for band in bands], np.int64)
    rate = rates[0] if places is None else rates[places]
    length = len(valid)
    gone = _next(np.flatnonzero(blocks.kind == RESET), np.arange(length), length)
    within_s = np.cumsum(tilted_s)
    for forget_s in dict.fromkeys(band.forget_s for band in (bands[:1] if places is None else bands)):
        own = valid if places is None else valid & np.array([band.forget_s == forget_s for band in bands])[places]
        forgetting = np.flatnonzero(own)
        k = np.searchsorted(within_s[forgetting], within_s + forget_s)
        gone = np.minimum(gone, np.append(forgetting, length)[k])
    return Leaks(by_kind, np.cumsum(tilted_s * rate), gone)


def beyond(off: Ints, axis: int, bands: Sequence[BandParams], places: Ints | None, time: Leaks) -> tuple[Ints, Ints]:
    """Blocks beyond the band, (K,), and what each adds, 1e-4 deg·s. off: (M,) as off_usual has it, of this axis."""
    over = off
    for kind, seconds in zip((SITTING, STANDING), time.tilted_s, strict=True):
        widths = np.array([half_widths(band, kind)[axis] for band in bands], np.int64)
        over = over - seconds * (widths[0] if places is None else widths[places])
    at = np.flatnonzero(over > 0)
    return at, over[at]


def exposure(at: Ints, over: Ints, time: Leaks) -> Exposure:
    """From the blocks beyond the band and what each adds."""
    length = len(time.leaked)
    if not len(at):
        return Exposure(at, over, at, time.leaked, length)
    following = np.append(at[1:], length)
    end = np.minimum(following, time.gone[at])
    steps = np.empty(2 * len(at), np.int64)
    steps[0] = -BIG
    steps[2::2] = np.where(end[:-1] == at[1:], time.leaked[at[:-1]] - time.leaked[at[1:] - 1], -BIG)
    steps[1::2] = over
    return Exposure(at, reflected(steps)[1::2], end, time.leaked, length)


def _next(blocks: Ints, at: Ints, length: int) -> Ints:
    """The first of `blocks` after each of `at`; length where there is none."""
    return np.append(blocks, length)[np.searchsorted(blocks, at, "right")]


def off_usual(
    blocks: Blocks, bands: Sequence[BandParams], places: Ints | None, carried: Sequence[Carried], names: Sequence[str]
) -> Ints:
    """(2, M) how far tilt and obliquity, summed over a block, lie off the usual ones, which follow slowly.

    carried: of each session, as Measures begins with; names: of the profiles
    """
    off = np.zeros((2, len(blocks.first)), np.int64)
    step = [units(band.step_deg_s) for band in bands]
    usual: dict[tuple[int, int], list[int]] = {}
    at = np.flatnonzero(blocks.opens | (blocks.kind == SITTING) | (blocks.kind == STANDING))
    columns = (blocks.opens, blocks.kind, blocks.seconds, blocks.still, *blocks.sums)
    place_of: list[int] = [0] * len(at) if places is None else places[at].tolist()
    rows = zip(at.tolist(), place_of, *(column[at].tolist() for column in columns), strict=True)
    sessions = iter(carried)
    before: Carried = {}
    for m, place, opens, kind, seconds, still, tilt, sideways in rows:
        if opens:
            usual.clear()
            before = next(sessions)
            continue
        if (place, kind) not in usual:
            begin = before.get((names[int(place)], int(kind))) or usual_begin(bands[int(place)], kind)
            usual[place, kind] = list(begin)
        middle = usual[place, kind]
        for axis, total in enumerate((tilt, sideways)):
            away = total - seconds * middle[axis]
            off[axis, m] = abs(away)
            if away:
                middle[axis] += step[place] * still if away > 0 else -step[place] * still
    return off
