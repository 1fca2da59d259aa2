"""Tilt while quasi-static, on people: how far the direction that an epoch publishes is from hindsight with gyroscope.

There is no optical truth for these sets. Hindsight with gyroscope stands for it; that is itself wrong by some tenths of
a degree (`broad`). Compared are directions, which need neither a zero nor an alignment.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from monitor.evaluation import scoring
from monitor.evaluation.answers import WAYS, Answers, by_way
from monitor.evaluation.session import Session
from monitor.evaluation.tables import Table, interval, number
from monitor.stream import Floats, Posture

TRUTH = "gyro-hindsight"
SETTLE_S = 30.0  # after a lead, whose joints no gyroscope can follow: ten time constants of the inclination correction
Scored = dict[str, Floats]  # by way: angle of each still second to the truth, deg


def measure(session: Session, answers: Mapping[str, Answers]) -> Scored:
    """Angles of the seconds that the way itself calls still and worn."""
    if TRUTH not in answers:
        return {}
    true = answers[TRUTH].up_of_seconds()
    since_s = session.lead_s + SETTLE_S if session.lead_s else 0.0
    found: Scored = {}
    for way, each in answers.items():
        if way == TRUTH:
            continue
        ups = each.directions
        seconds = [
            second
            for second, epoch in each.epochs.items()
            if epoch.still
            and epoch.posture is not Posture.NOT_WORN
            and second in true
            and second in ups
            and second >= since_s
        ]
        pairs = np.array([(ups[second], true[second]) for second in seconds]).reshape(-1, 2, 3)
        found[way] = scoring.angles_deg(pairs[:, 0], pairs[:, 1])
    return found


def figures(people: Mapping[str, Sequence[Scored]]) -> dict[str, Any]:
    """By way: RMSE pooled and over people, 95th percentile, deg."""
    told: dict[str, Any] = {}
    for way, sessions in by_way(people).items():
        angles = [np.concatenate(several) for several in sessions if several]
        every = np.concatenate(angles)
        sums = [np.array([(each * each).sum(), len(each)]) for each in angles]
        told[way] = {
            "seconds": len(every),
            "rmse_deg": scoring.pooled(sums, _rmse),
            "rmse_people_deg": scoring.spread([scoring.rms(each) for each in angles]),
            "p95_deg": float(np.percentile(every, 95.0)) if len(every) else float("nan"),
        }
    return {"people": len(people), "ways": told}


def _rmse(sums: Floats) -> Floats:
    return np.sqrt(scoring.ratio(sums))


def tables(name: str, told: Mapping[str, Any]) -> list[Table]:
    """What is printed and documented."""
    return [
        Table(
            f"Tilt while quasi-static, {name}: angle to hindsight with gyroscope, degrees",
            ("way", "still seconds", "RMSE", "95 %", "95th percentile", "a person: mean", "median", "p90"),
            [
                (
                    WAYS[way].label,
                    str(each["seconds"]),
                    number(each["rmse_deg"]["value"], 2),
                    interval(each["rmse_deg"], 2),
                    number(each["p95_deg"], 2),
                    *(number(each["rmse_people_deg"][of], 2) for of in ("mean", "median", "p90")),
                )
                for way, each in told["ways"].items()
            ],
            "Seconds flagged still and worn. Where the session has a walking lead, the lead and the 30 s after it are "
            "left out. Hindsight with gyroscope is itself wrong by some tenths of a degree: see inclination.",
        )
    ]
