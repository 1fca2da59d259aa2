"""Posture against labels of every second: confusion, people, bouts, sitting time, and whether its probability is true.

Beside it, where the session has a walking lead, the simplest published peer on the same seconds: the angle of the mean
acceleration to that of walking, cut at 11.6 and 64.9 degrees (Vaha-Ypya 2018).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitor.evaluation import scoring
from monitor.evaluation.answers import WAYS, Answers
from monitor.evaluation.scoring import CLASSES, SITTING, Bout, Counts
from monitor.evaluation.session import Session
from monitor.stream import Floats

APE_SIT_DEG, APE_LIE_DEG = 11.6, 64.9
PEER, PEER_LABEL = "ape-peer", "peer: APE rule, walking given"
MISSED = 0.1
BINS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)  # lower limits of posture_p


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """One session: by way, confusion (4, 5), bouts, and (bin, 3) answers with their sums of probability and of right.

    led: whether it has a walking lead; None where the set has none. beside: by way, (what, answer) -> seconds.
    """

    led: bool | None
    counts: dict[str, Counts]
    bouts: dict[str, list[Bout]]
    bins: dict[str, Floats]
    beside: dict[str, dict[tuple[str, str], int]]


def measure(session: Session, answers: Mapping[str, Answers]) -> Scored:
    """Score one session."""
    truth = session.truth
    told = {way: {second: each.posture(second) for second in truth} for way, each in answers.items()}
    if session.lead_s is not None:
        told[PEER] = _peer(session)
    beside: dict[str, dict[tuple[str, str], int]] = {}
    for way, each in answers.items():
        counts: dict[tuple[str, str], int] = defaultdict(int)
        for second, what in session.beside.items():
            counts[what, each.posture(second) or "no-data"] += 1
        beside[way] = dict(counts)
    return Scored(
        led=None if session.lead_s is None else session.lead_s > 0.0,
        counts={way: scoring.confusion(truth.values(), each.values()) for way, each in told.items()},
        bouts={way: scoring.bouts(truth, each) for way, each in told.items()},
        bins={way: _bins(truth, each) for way, each in answers.items()},
        beside=beside,
    )


def _peer(session: Session) -> dict[int, str | None]:
    """The rule of two cuts, with the walking lead as its zero; without one there is no answer, as in sitwell."""
    truth, lead_s, rate = session.truth, session.lead_s or 0.0, round(session.rate_hz)
    told: dict[int, str | None] = {second: "walking" if each == "walking" else None for second, each in truth.items()}
    if not truth or not lead_s:
        return told
    acc_g = session.samples.acc_g
    zero = acc_g[: round(lead_s * rate)].mean(axis=0)
    means = np.array([acc_g[second * rate : (second + 1) * rate].mean(axis=0) for second in truth])
    angles = scoring.angles_deg(means, np.broadcast_to(zero, means.shape))
    for second, angle in zip(truth, angles.tolist(), strict=True):
        lower = "lying" if angle > APE_LIE_DEG else "sitting"
        told[second] = told[second] or (lower if angle > APE_SIT_DEG else "standing")
    return told


def _bins(truth: Mapping[int, str], answers: Answers) -> Floats:
    sums = np.zeros((len(BINS), 3))
    for second, true in truth.items():
        epoch = answers.epochs.get(second)
        if epoch is not None and epoch.posture in CLASSES:
            place = int(np.searchsorted(BINS, epoch.posture_p, side="right")) - 1
            sums[place] += (1.0, epoch.posture_p, epoch.posture == true)
    return sums


# ---------------------------------------------------------------- figures


def figures(people: Mapping[str, Sequence[Scored]]) -> dict[str, Any]:
    """All figures by way; people: the sessions of each."""
    sessions = [each for several in people.values() for each in several if each.counts and _seconds(each)]
    ways = list(sessions[0].counts) if sessions else []
    return {
        "people": len({person for person, several in people.items() if any(map(_seconds, several))}),
        "sessions": len(sessions),
        "seconds": sum(map(_seconds, sessions)),
        "sessions_without_zero": sum(each.led is False for each in sessions),
        "ways": {way: _way(people, way) for way in ways},
    }


def _seconds(session: Scored) -> int:
    return int(next(iter(session.counts.values())).sum()) if session.counts else 0


def _way(people: Mapping[str, Sequence[Scored]], way: str) -> dict[str, Any]:
    counts = _by_person(people, way)
    pooled = np.sum(counts, axis=0)
    ba = scoring.pooled(counts, scoring.balanced_accuracy)
    led = {person: [each for each in several if each.led] for person, several in people.items()}
    told = {
        "balanced_accuracy": ba,
        "balanced_accuracy_with_zero": float(scoring.balanced_accuracy(np.sum(_by_person(led, way), axis=0)))
        if any(led.values())
        else float("nan"),
        "balanced_accuracy_people": scoring.by_person(counts, scoring.balanced_accuracy),
        "no_answer": scoring.unanswered(pooled),
        "found": dict(zip(CLASSES, scoring.recalls(pooled).tolist(), strict=True)),
        "sit_stand": scoring.pooled(counts, scoring.sit_stand),
        "sit_stand_people": scoring.by_person(counts, scoring.sit_stand),
        "sitting_time": _sitting_time(counts),
        "confusion": dict(zip(CLASSES, pooled.tolist(), strict=True)),
        "bouts": _bouts([bout for several in people.values() for each in several for bout in each.bouts[way]]),
    }
    if way in WAYS:
        told["calibration"] = _calibration([each.bins[way] for several in people.values() for each in several])
        told["beside"] = _beside([each.beside[way] for several in people.values() for each in several])
    return told


def _by_person(people: Mapping[str, Sequence[Scored]], way: str) -> list[Counts]:
    sums = [np.sum([each.counts[way] for each in several], axis=0) for several in people.values() if several]
    return [each for each in sums if each.sum()]


def _sitting_time(people: Sequence[Counts]) -> dict[str, Any]:
    """Seconds answered 'sitting' against seconds labelled so, each person's scored seconds together."""
    sat = np.array([each[SITTING].sum() for each in people], dtype=np.float64)
    told = np.array([each[:, SITTING].sum() for each in people], dtype=np.float64)
    scored = np.array([each.sum() for each in people], dtype=np.float64)
    has = sat > 0
    error = np.abs(told - sat)
    bias = scoring.pooled([np.array(pair) for pair in zip(told - sat, sat, strict=True)], scoring.ratio)
    return {
        "absolute_percent": scoring.spread((100.0 * error[has] / sat[has]).tolist()),
        "absolute_min_per_h": scoring.spread((60.0 * error / scored).tolist()),
        "bias_percent": {name: 100.0 * value for name, value in bias.items()},
    }


def _bouts(every: Sequence[Bout]) -> dict[str, float]:
    shares = {
        f"{'first' if first else 'later'}_{posture}": [
            bout.found for bout in every if bout.posture == posture and bout.first is first
        ]
        for posture in ("sitting", "standing")
        for first in (True, False)
    }
    seated = [bout for bout in every if bout.posture in {"sitting", "standing"}]
    return {
        **{name: float(np.mean(found)) if found else float("nan") for name, found in shares.items()},
        "bouts": float(len(seated)),
        "missed": float(sum(bout.found < MISSED for bout in seated)),
    }


def _calibration(sessions: Sequence[Floats]) -> dict[str, Any]:
    """Bins of posture_p, and the mean distance of probability and share right, weighted by answers."""
    sums = np.sum(sessions, axis=0)
    n = np.maximum(sums[:, 0], 1.0)
    rows = [
        {"from": low, "answers": float(each[0]), "mean_p": float(each[1] / many), "right": float(each[2] / many)}
        for low, each, many in zip(BINS, sums, n, strict=True)
    ]
    answered = sums[:, 0].sum()
    error = float(np.abs(sums[:, 1] - sums[:, 2]).sum() / answered) if answered else float("nan")
    return {"bins": rows, "expected_error": error}


def _beside(sessions: Sequence[Mapping[tuple[str, str], int]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for each in sessions:
        for (what, answer), seconds in each.items():
            row = found.setdefault(what, {})
            row[answer] = row.get(answer, 0) + seconds
    return found
