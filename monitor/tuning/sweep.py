"""A grid of settings tried on the same days, and those of them that no other one beats."""

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from monitor.errors import SitwellError
from monitor.states.rules import DESK, AlertSettings
from monitor.stream import Floats
from monitor.tuning.knobs import Knob
from monitor.tuning.lanes import asked
from monitor.tuning.rerun import Tried
from monitor.tuning.score import Score, Yardstick

MOST = 100_000  # settings of one grid
AT_ONCE = 200  # settings walked in step: what that takes of memory stays some 100 MB for a month


@dataclass(frozen=True, slots=True)
class Axis:
    """A knob and the values that it takes, in its own unit."""

    knob: Knob
    values: tuple[float, ...]


def axis(text: str, known: Mapping[str, Knob]) -> Axis:
    """From 'name=low:high:step', 'name=a,b,c' or 'name=v'. Raises SitwellError with what is wrong."""
    name, equals, values = (part.strip() for part in text.partition("="))
    if name not in known:
        near = difflib.get_close_matches(name, known, 1, 0.4)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}."
        raise SitwellError(f"{name!r} is nothing that can be tuned: {hint}")
    try:
        numbers = _range(*map(_number, values.split(":"))) if ":" in values else [*map(_number, values.split(","))]
    except (TypeError, ValueError):
        numbers = []
    if not equals or not numbers:
        raise SitwellError(f"{text!r} is no range: write {name}=low:high:step, {name}=a,b,c or {name}=value.")
    knob = known[name]
    return Axis(knob, tuple(dict.fromkeys(float(round(each)) if knob.whole else each for each in numbers)))


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _range(low: float, high: float, step: float) -> list[float]:
    """Both ends included, where a step falls on the upper one."""
    if not (step > 0.0 and high >= low):
        return []
    count = math.floor((high - low) / step + 1e-9) + 1
    if count > MOST:
        raise SitwellError(f"That is {count} values for one setting: take longer steps, {MOST} settings are the most.")
    return [round(low + step * n, 9) for n in range(count)]


def grid(axes: Sequence[Axis]) -> Iterator[tuple[float, ...]]:
    """Every combination of their values, the last one fastest. Raises SitwellError for too many, or two of one knob."""
    names = [each.knob.name for each in axes]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise SitwellError(f"{twice[0]} is set twice: put all its values into one --set.")
    count = math.prod(len(each.values) for each in axes)
    if count > MOST:
        raise SitwellError(f"That makes {count} settings: {MOST} are the most, take longer steps or fewer --set.")
    return product(*(each.values for each in axes))


def turned(before: AlertSettings, axes: Sequence[Axis], values: Sequence[float], place: str = DESK) -> AlertSettings:
    """The settings with the knob of each axis turned to its value, under this profile."""
    for each, value in zip(axes, values, strict=True):
        before = each.knob.set(before, value, place)
    return before


def evaluate(tried: Tried, yardstick: Yardstick, settings: Sequence[AlertSettings]) -> list[Score]:
    """The figures of each setting; of so many that the memory lasts, AT_ONCE."""
    prompts = asked(tried, settings)
    return [yardstick.figures(tried, each, found.at) for each, found in zip(settings, prompts, strict=True)]


# ---------------------------------------------------------------- the best


def pareto(scores: Sequence[Score]) -> list[bool]:
    """Which of them no other one beats: asks no more often, misses no more long exposures and, where there are marks,
    is right as often and misses no more of them, and is better in one of these. Of equals all are among the best.

    Time beyond the band is no merit: it depends on the band's width alone. Nor are breaks that followed: the days
    were worn under the settings of then.
    """
    if not scores:
        return []
    costs = np.array([_costs(each) for each in scores])
    rows, which = np.unique(costs, axis=0, return_inverse=True)
    best = _best(rows)
    return best[which.reshape(-1)].tolist()


def _costs(score: Score) -> tuple[float, float, float, float]:
    precision, recall = (0.0 if math.isnan(each) else each for each in (score.precision, score.recall))
    return score.prompts_per_h, float(score.missed), -precision, -recall


def _best(rows: Floats) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Of different rows in lexical order those that no other one is at most as large as, column by column."""
    best = np.zeros(len(rows), np.bool_)
    left = np.arange(len(rows))
    while len(left):  # the first of those left is beaten by none: what beats it would come before it
        first = left[0]
        best[first] = True
        beaten = (rows[left] >= rows[first]).all(axis=1)
        left = left[~beaten]
    return best


def chosen(scores: Sequence[Score], before: Score) -> int:
    """The number of the one to propose: of those that ask no more often than now the one that the marks bear out best,
    then the one that misses least, then the one that asks least; of equals the first. If all ask more often: the one
    that asks least.
    """

    def rank(number: int) -> tuple[bool, float, int, float, int]:
        score = scores[number]
        often = score.prompts_per_h > before.prompts_per_h
        if often:
            return True, 0.0, 0, score.prompts_per_h, number
        return False, -merit(score), score.missed, score.prompts_per_h, number

    return min(range(len(scores)), key=rank)


def merit(score: Score) -> float:
    """Precision and recall in one, their harmonic mean; 0 without marks."""
    if math.isnan(score.precision) or math.isnan(score.recall) or score.precision + score.recall == 0.0:
        return 0.0
    return 2.0 * score.precision * score.recall / (score.precision + score.recall)
