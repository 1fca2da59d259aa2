"""Steps of a walk, summed, against every foot contact of the reference."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from monitor.evaluation import scoring
from monitor.evaluation.answers import WAYS, Answers, by_way
from monitor.evaluation.session import Session
from monitor.evaluation.tables import Table, interval, number

Scored = dict[str, tuple[int, int]]  # by way: steps told, steps there were


def measure(session: Session, answers: Mapping[str, Answers]) -> Scored:
    """Steps of one walk."""
    if not session.steps:
        return {}
    return {way: (sum(epoch.steps for epoch in each.epochs.values()), session.steps) for way, each in answers.items()}


def figures(people: Mapping[str, Sequence[Scored]]) -> dict[str, Any]:
    """By way: absolute error a walk and a person in % of the reference, and the error of the sum."""
    return {
        "people": len(people),
        "walks": sum(len(several) for several in people.values()),
        "ways": {way: _figures(each) for way, each in by_way(people).items()},
    }


def _figures(people: Sequence[Sequence[tuple[int, int]]]) -> dict[str, Any]:
    errors = [np.array([100.0 * (told - true) / true for told, true in walks]) for walks in people if walks]
    sums = [np.array([np.abs(each).sum(), len(each)]) for each in errors]
    absolute = np.abs(np.concatenate(errors))
    totals = np.array([(told, true) for walks in people for told, true in walks], dtype=np.float64).sum(axis=0)
    return {
        "walk_absolute_percent": {
            **scoring.pooled(sums, scoring.ratio),
            "median": float(np.median(absolute)),
            "p90": float(np.percentile(absolute, 90.0)),
        },
        "person_absolute_percent": scoring.spread([float(np.abs(each).mean()) for each in errors]),
        "total_percent": float(100.0 * (totals[0] / totals[1] - 1.0)),
    }


def tables(name: str, told: Mapping[str, Any]) -> list[Table]:
    """What is printed and documented."""
    rows: list[tuple[str, ...]] = []
    for way, each in told["ways"].items():
        walk, person = each["walk_absolute_percent"], each["person_absolute_percent"]
        rows.append(
            (
                WAYS[way].label,
                number(walk["value"], 1),
                interval(walk, 1),
                number(walk["median"], 1),
                number(walk["p90"], 1),
                number(person["mean"], 1),
                number(person["median"], 1),
                number(person["p90"], 1),
                f"{each['total_percent']:+.1f}",
            )
        )
    return [
        Table(
            f"Steps, {name}: {told['people']} people, {told['walks']} walks, absolute error in % of the reference",
            ("way", "a walk: mean", "95 %", "median", "p90", "a person: mean", "median", "p90", "of the total"),
            rows,
            "A person's figure is the mean of the walks. Each walk lasts about half a minute and begins with standing "
            "still: a second missed at its start weighs.",
        )
    ]
