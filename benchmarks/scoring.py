"""Scores from arrays alone: confusion, balanced accuracy, people, intervals, angles. Imports nothing of sitwell.

The rules are those that every compared figure follows: an answer outside the four classes is wrong, never left out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Interval = tuple[float, float]

CLASSES = ("walking", "sitting", "standing", "lying")
WALKING, SITTING, STANDING, LYING = range(4)
UPRIGHT = {"standing", "walking"}
DRAWS = 2000
SEED = 20_261_122


def confusion(truth: Iterable[str], answers: Iterable[str | None]) -> Counts:
    """(4, 5) counts: rows the truth in the order of CLASSES, columns the answer, the last one 'none of them'."""
    counts = np.zeros((len(CLASSES), len(CLASSES) + 1), dtype=np.int64)
    column = {name: place for place, name in enumerate(CLASSES)}
    for true, answer in zip(truth, answers, strict=True):
        counts[column[true], column.get(answer or "", len(CLASSES))] += 1
    return counts


def recalls(counts: Counts) -> Floats:
    """Share of each true class that was answered right, (4,); NaN for a class that never occurred."""
    totals = counts.sum(axis=1)
    right = counts[np.arange(len(CLASSES)), np.arange(len(CLASSES))]
    return np.where(totals > 0, right / np.maximum(totals, 1), np.nan)


def balanced_accuracy(counts: Counts) -> float:
    """Mean recall of the classes that occurred; NaN if none did."""
    values = recalls(counts)
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def sit_stand(counts: Counts) -> float:
    """Mean recall of sitting and standing; NaN unless both occurred."""
    values = recalls(counts)
    return float((values[SITTING] + values[STANDING]) / 2.0)


def unanswered(counts: Counts) -> float:
    """Share of all seconds that got none of the four answers."""
    return float(counts[:, -1].sum() / counts.sum()) if counts.sum() else float("nan")


@dataclass(frozen=True, slots=True)
class Spread:
    """How a figure varies over people; the weak ones are the story."""

    mean: float
    median: float
    p10: float
    people: int


def spread(values: Iterable[float]) -> Spread:
    """Over the people for whom the figure exists (is not NaN)."""
    known = np.array([value for value in values if not np.isnan(value)])
    if not len(known):
        return Spread(float("nan"), float("nan"), float("nan"), 0)
    return Spread(float(known.mean()), float(np.median(known)), float(np.percentile(known, 10.0)), len(known))


def bootstrap(
    people: Sequence[Counts], statistic: Callable[[Counts], float], draws: int = DRAWS, seed: int = SEED
) -> tuple[float, float]:
    """95 % interval of statistic(sum over people) when people are drawn again with replacement."""
    stack = np.array(people)
    chosen = np.random.default_rng(seed).integers(len(stack), size=(draws, len(stack)))
    values = [statistic(stack[row].sum(axis=0)) for row in chosen]
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def matches(found: Sequence[Interval], true: Sequence[Interval], slack_s: float = 1.0) -> list[tuple[int, int]]:
    """Most pairs (index in found, index in true), one to one, of intervals at most slack_s from overlapping."""
    partners: dict[int, int] = {}  # of true -> of found

    def place(index: int, tried: set[int]) -> bool:
        for other, (start_s, end_s) in enumerate(true):
            near = found[index][0] <= end_s + slack_s and found[index][1] >= start_s - slack_s
            if not near or other in tried:
                continue
            tried.add(other)
            if other not in partners or place(partners[other], tried):
                partners[other] = index
                return True
        return False

    for index in range(len(found)):
        place(index, set())
    return sorted((index, other) for other, index in partners.items())


def runs(values: NDArray[np.generic]) -> list[tuple[int, int]]:
    """[start, end) of every stretch of equal values, in order."""
    if not len(values):
        return []
    edges = [0, *(np.flatnonzero(values[1:] != values[:-1]) + 1).tolist(), len(values)]
    return list(pairwise(edges))


@dataclass(frozen=True, slots=True)
class Bout:
    """One uninterrupted label: its posture, whether it is the session's first of that kind, and the share found."""

    posture: str
    first: bool
    found: float


def bouts(truth: dict[int, str], answers: dict[int, str]) -> list[Bout]:
    """Each stretch of scored seconds of one posture, and the share of it that was answered right."""
    seconds = np.array(list(truth), dtype=np.int64)
    names = np.array(list(truth.values()))
    apart = np.diff(seconds, prepend=seconds[:1]) > 1  # seconds between bouts are not scored
    order = np.cumsum(apart | np.concatenate(([False], names[1:] != names[:-1]))[: len(names)])
    found: list[Bout] = []
    seen: set[str] = set()
    for start, end in runs(order):
        inside = seconds[start:end].tolist()
        posture = truth[inside[0]]
        right = [answers.get(second) == truth[second] for second in inside]
        found.append(Bout(posture, posture not in seen, sum(right) / len(right)))
        seen.add(posture)
    return found


def up_from_quat(quat: Floats) -> Floats:
    """Earth's up in the sensor frame, (N, 3), of quaternions sensor -> earth (N, 4), w first."""
    w, x, y, z = quat.T
    return np.column_stack((2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)))


def angles_deg(a: Floats, b: Floats) -> Floats:
    """Angle between the rows of a and of b, each (N, 3), deg; any length, exact for small angles."""
    cross = np.linalg.norm(np.cross(a, b), axis=1)
    return np.degrees(np.arctan2(cross, np.sum(a * b, axis=1)))


def rms(values: Floats) -> float:
    """Root mean square; NaN of nothing."""
    return float(np.sqrt(np.mean(values * values))) if len(values) else float("nan")
