"""Walking, second by second: found where it is labelled, and not told where it is not."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.evaluation import scoring
from monitor.evaluation.answers import WAYS, Answers, by_way
from monitor.evaluation.session import Session
from monitor.evaluation.tables import Table, interval, number

Counts = NDArray[np.int64]  # (2, 2): [walking, other] x [right, all]


def measure(session: Session, answers: Mapping[str, Answers]) -> dict[str, Counts]:
    """Counts of one session by way."""
    found: dict[str, Counts] = {}
    for way, each in answers.items():
        counts = np.zeros((2, 2), dtype=np.int64)
        for second, true in session.truth.items():
            walks = true == "walking"
            right = (each.posture(second) == "walking") == walks
            counts[0 if walks else 1] += (right, 1)
        found[way] = counts
    return found


def figures(people: Mapping[str, Sequence[dict[str, Counts]]]) -> dict[str, Any]:
    """Sensitivity and specificity by way, pooled and over people."""
    told: dict[str, Any] = {}
    for way, sessions in by_way(people).items():
        counts = [np.sum(several, axis=0) for several in sessions if several]
        told[way] = {
            key: {
                "pooled": scoring.pooled([each[side] for each in counts], scoring.ratio),
                "people": scoring.by_person([each[side] for each in counts], scoring.ratio),
                "seconds": int(np.sum([each[side, 1] for each in counts])),
            }
            for side, key in enumerate(("sensitivity", "specificity"))
        }
    return {"people": len(people), "ways": told}


def tables(name: str, told: Mapping[str, Any]) -> list[Table]:
    """What is printed and documented."""
    rows: list[tuple[str, ...]] = []
    for way, each in told["ways"].items():
        cells: list[str] = []
        for key in ("sensitivity", "specificity"):
            pooled, people = each[key]["pooled"], each[key]["people"]
            cells += [
                number(pooled["value"]),
                interval(pooled),
                *(number(people[of]) for of in ("mean", "median", "p10")),
            ]
        rows.append((WAYS[way].label, *cells))
    seconds = [next(iter(told["ways"].values()))[key]["seconds"] for key in ("sensitivity", "specificity")]
    return [
        Table(
            f"Walking, {name}: {seconds[0]} seconds of walking, {seconds[1]} of anything else",
            ("way", "sensitivity", "95 %", "mean", "median", "p10", "specificity", "95 %", "mean", "median", "p10"),
            rows,
            "Pooled over people; then the mean, median and 10th-percentile person. A second without an answer is not "
            "called walking.",
        )
    ]
