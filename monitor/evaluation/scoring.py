"""Scores from arrays alone: confusion, balanced accuracy, people, intervals, angles.

The rules are those that every compared figure follows: an answer outside the four classes is wrong, never left out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Interval = tuple[float, float]
Figure = dict[str, float]

CLASSES = ("walking", "sitting", "standing", "lying")
WALKING, SITTING, STANDING, LYING = range(4)
DRAWS = 2000
SEED = 20_261_122


def confusion(truth: Iterable[str], answers: Iterable[str | None]) -> Counts:
    """(4, 5) counts: rows the truth in the order of CLASSES, columns the answer, the last one 'none of them'."""
    counts = np.zeros((len(CLASSES), len(CLASSES) + 1), dtype=np.int64)
    column = {name: place for place, name in enumerate(CLASSES)}
    for true, answer in zip(truth, answers, strict=True):
        counts[column[true], column.get(answer or "", len(CLASSES))] += 1
    return counts


def recalls(counts: NDArray[Any]) -> Floats:
    """Share of each true class that was answered right, (..., 4) of (..., 4, 5); NaN where a class never occurred."""
    totals = counts.sum(axis=-1)
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    return np.where(totals > 0, right / np.maximum(totals, 1), np.nan)


def balanced_accuracy(counts: NDArray[Any]) -> Floats:
    """Mean recall of the classes that occurred, (...) of (..., 4, 5); NaN if none did."""
    values = recalls(counts)
    known = (~np.isnan(values)).sum(axis=-1)
    return np.where(known > 0, np.nansum(values, axis=-1) / np.maximum(known, 1), np.nan)


def sit_stand(counts: NDArray[Any]) -> Floats:
    """Mean recall of sitting and standing, (...) of (..., 4, 5); NaN unless both occurred."""
    values = recalls(counts)
    return (values[..., SITTING] + values[..., STANDING]) / 2.0


def unanswered(counts: NDArray[Any]) -> float:
    """Share of all seconds that got none of the four answers."""
    return float(counts[:, -1].sum() / counts.sum()) if counts.sum() else float("nan")


def ratio(sums: NDArray[Any]) -> Floats:
    """Numerator by denominator, (...) of (..., 2); NaN where the denominator is 0."""
    below = sums[..., 1]
    return np.where(below != 0, sums[..., 0] / np.where(below != 0, below, 1), np.nan)


def f1(sums: NDArray[Any]) -> Floats:
    """Harmonic mean of recall and precision, (...) of (..., 3): matched, labelled, found; NaN where nothing was."""
    return ratio(np.stack((2.0 * sums[..., 0], sums[..., 1] + sums[..., 2]), axis=-1))


def spread(values: Iterable[float]) -> Figure:
    """How a figure varies over the people who have it (not NaN); the weak ones are the story.

    people, mean with its 95 % interval (low, high), median, p10, p90, least, most.
    """
    known = np.array([value for value in values if not np.isnan(value)])
    names = ("mean", "low", "high", "median", "p10", "p90", "least", "most")
    if not len(known):
        return {"people": 0.0, **dict.fromkeys(names, float("nan"))}
    low, high = _interval(_weights(len(known)) @ known / len(known))
    p10, median, p90 = np.percentile(known, [10.0, 50.0, 90.0]).tolist()
    figures = (float(known.mean()), low, high, median, p10, p90, float(known.min()), float(known.max()))
    return {"people": float(len(known)), **dict(zip(names, figures, strict=True))}


def percentiles(values: Iterable[float]) -> Figure:
    """median, p90 and most of what is not NaN."""
    known = [value for value in values if not np.isnan(value)]
    if not known:
        return dict.fromkeys(("median", "p90", "most"), float("nan"))
    median, p90, most = np.percentile(known, [50.0, 90.0, 100.0]).tolist()
    return {"median": median, "p90": p90, "most": most}


def pooled(people: Sequence[NDArray[Any]], statistic: Callable[[NDArray[Any]], Floats]) -> Figure:
    """statistic(sum over people) as `value`, and its 95 % interval (low, high) when people are drawn again.

    statistic must take the sums of many draws at once, on the axes before its own.
    """
    if not people:
        return dict.fromkeys(("value", "low", "high"), float("nan"))
    stack = np.array(people, dtype=np.float64)
    low, high = _interval(statistic(np.tensordot(_weights(len(stack)), stack, 1)))
    return {"value": float(statistic(stack.sum(axis=0))), "low": low, "high": high}


def by_person(people: Sequence[NDArray[Any]], statistic: Callable[[NDArray[Any]], Floats]) -> Figure:
    """As pooled, but statistic of each person, and the spread of that."""
    return spread([float(statistic(each)) for each in people])


def _weights(people: int) -> Floats:
    """(DRAWS, people): how often each of them is in a draw with replacement."""
    chosen = np.random.default_rng(SEED).integers(people, size=(DRAWS, people))
    counts = np.zeros((DRAWS, people))
    np.add.at(counts, (np.arange(DRAWS)[:, None], chosen), 1.0)
    return counts


def _interval(values: Floats) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.percentile(known, [2.5, 97.5]).tolist()
    return low, high


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


def bouts(truth: Mapping[int, str], answers: Mapping[int, str | None]) -> list[Bout]:
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


def angles_deg(a: Floats, b: Floats) -> Floats:
    """Angle between the rows of a and of b, each (N, 3), deg; any length, exact for small angles."""
    cross = np.linalg.norm(np.cross(a, b), axis=1)
    return np.degrees(np.arctan2(cross, np.sum(a * b, axis=1)))


def rms(values: Floats) -> float:
    """Root mean square; NaN of nothing."""
    return float(np.sqrt(np.mean(values * values))) if len(values) else float("nan")
