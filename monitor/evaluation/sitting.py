"""Breaks of sitting over hours: told an hour of sitting against those that the labels hold, by the same rule (SBRN)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from monitor.evaluation import scoring
from monitor.evaluation.answers import WAYS, Answers, by_way
from monitor.evaluation.session import Session
from monitor.evaluation.tables import Table, interval, number
from monitor.profile import Profile
from monitor.states.bouts import UPRIGHT, Bouts
from monitor.stream import Break, Epoch, Floats, Posture

BREAKS_TOLD, SAT_TOLD_S, BREAKS_TRUE, SAT_TRUE_S = range(4)
UPRIGHT_BESIDE = "shuffling"
Scored = dict[str, Floats]  # by way: (4,) in the order of BREAKS_TOLD ...


def measure(session: Session, answers: Mapping[str, Answers], profile: Profile) -> Scored:
    """Counts of one session; the labels go through the product's own rule for bouts."""
    labelled = session.truth | {
        second: "standing" if what == UPRIGHT_BESIDE else "unknown" for second, what in session.beside.items()
    }
    bouts = Bouts(profile.bouts)
    breaks, before = 0, Posture.UNKNOWN
    for second in range(min(labelled, default=0), max(labelled, default=-1) + 1):
        posture = Posture(labelled.get(second, "unknown"))
        if before is Posture.SITTING and posture in UPRIGHT:
            bouts.rose(float(second))  # whoever is labelled upright has risen
        breaks += sum(isinstance(event, Break) for event in bouts.push(_epoch(second, posture)))
        before = posture
    breaks += sum(isinstance(event, Break) for event in bouts.finish())
    sat = sum(what == "sitting" for what in labelled.values())
    return {
        way: np.array(
            [
                len(each.breaks),
                sum(epoch.posture is Posture.SITTING for second, epoch in each.epochs.items() if second in labelled),
                breaks,
                sat,
            ],
            dtype=np.float64,
        )
        for way, each in answers.items()
    }


def _epoch(second: int, posture: Posture) -> Epoch:
    nan = float("nan")
    return Epoch(float(second), posture, 1.0, nan, nan, nan, still=False, motion_mg=0.0, steps=0)


def figures(people: Mapping[str, Sequence[Scored]]) -> dict[str, Any]:
    """By way: breaks an hour of sitting, told and labelled, and the error a person."""
    told: dict[str, Any] = {}
    for way, sessions in by_way(people).items():
        sums = [np.sum(several, axis=0) for several in sessions if several]
        rates = [(_told(each), _true(each)) for each in sums]
        told[way] = {
            "told_per_h": scoring.pooled(sums, _told),
            "labelled_per_h": scoring.pooled(sums, _true),
            "error_per_h": scoring.spread([float(abs(a - b)) for a, b in rates]),
        }
    return {"people": len(people), "ways": told}


def _told(sums: Floats) -> Floats:
    return 3600.0 * scoring.ratio(sums[..., [BREAKS_TOLD, SAT_TOLD_S]])


def _true(sums: Floats) -> Floats:
    return 3600.0 * scoring.ratio(sums[..., [BREAKS_TRUE, SAT_TRUE_S]])


def tables(name: str, told: Mapping[str, Any]) -> list[Table]:
    """What is printed and documented."""
    return [
        Table(
            f"Breaks an hour of sitting, {name}: {told['people']} people",
            ("way", "told", "95 %", "labelled", "error a person, mean", "median", "90th percentile"),
            [
                (
                    WAYS[way].label,
                    number(each["told_per_h"]["value"], 2),
                    interval(each["told_per_h"], 2),
                    number(each["labelled_per_h"]["value"], 2),
                    *(number(each["error_per_h"][key], 2) for key in ("mean", "median", "p90")),
                )
                for way, each in told["ways"].items()
            ],
            "The labels go through the same rule: an upright spell between two sittings. Shuffling is upright; cycling "
            "is unknown, which ends a sitting without a break.",
        )
    ]
