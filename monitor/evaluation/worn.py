"""Wear: every second of these recordings was worn, so none may be called not-worn."""

from collections.abc import Mapping, Sequence
from typing import Any

from monitor.evaluation.answers import WAYS, Answers, by_way
from monitor.evaluation.session import Session
from monitor.evaluation.tables import Table
from monitor.stream import Posture

Scored = dict[str, tuple[int, int]]  # by way: seconds called not-worn, seconds with data


def measure(session: Session, answers: Mapping[str, Answers]) -> Scored:
    """Counts of one session."""
    del session
    return {
        way: (
            sum(epoch.posture is Posture.NOT_WORN for epoch in each.epochs.values()),
            sum(epoch.posture is not Posture.NO_DATA for epoch in each.epochs.values()),
        )
        for way, each in answers.items()
    }


def figures(people: Mapping[str, Sequence[Scored]]) -> dict[str, Any]:
    """By way."""
    told: dict[str, Any] = {}
    for way, sessions in by_way(people).items():
        called, seconds = (sum(each[side] for several in sessions for each in several) for side in (0, 1))
        told[way] = {
            "seconds": seconds,
            "not_worn_seconds": called,
            "share": called / seconds if seconds else float("nan"),
        }
    return {"people": len(people), "ways": told}


def tables(name: str, told: Mapping[str, Any]) -> list[Table]:
    """What is printed and documented."""
    return [
        Table(
            f"Worn seconds called not-worn, {name}",
            ("way", "seconds", "not-worn", "share"),
            [
                (WAYS[way].label, str(each["seconds"]), str(each["not_worn_seconds"]), f"{100.0 * each['share']:.2f} %")
                for way, each in told["ways"].items()
            ],
        )
    ]
