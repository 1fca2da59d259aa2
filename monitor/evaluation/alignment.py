"""The front as it is learnt without calibration: how far from the nominal mounting, on which side, and how soon.

No set says how the sensor really sat on each wearer, only how it was meant to sit. The angle therefore holds both: how
wrong the answer is, and how much people wore it turned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitor.evaluation import scoring
from monitor.evaluation.answers import WAYS, Answers, by_way
from monitor.evaluation.session import Session
from monitor.evaluation.tables import Table, interval, number, percent
from monitor.signal.alignment import Vec, frame, separation_deg
from monitor.stream import AlignmentChanged, Posture, ReferenceChanged

WRONG_DEG = 90.0


@dataclass(frozen=True, slots=True)
class Learnt:
    """One session one way; NaN where no front was told.

    angle_deg: between the front told last and the nominal one, both across the zero of that time
    first_s  : from the first sample until the first was told; walked_s: seconds called walking until then
    """

    angle_deg: float
    first_s: float
    walked_s: float


NOTHING = Learnt(float("nan"), float("nan"), float("nan"))
Scored = dict[str, Learnt]


def measure(session: Session, answers: Mapping[str, Answers]) -> Scored:
    """By live way; empty without a nominal front."""
    nominal = session.anterior
    if nominal is None:
        return {}
    begin_s = float(session.samples.t_s[0])
    return {way: _learnt(each, nominal, begin_s) for way, each in answers.items() if not WAYS[way].hindsight}


def _learnt(answers: Answers, nominal: Vec, begin_s: float) -> Learnt:
    if not answers.alignments:
        return NOTHING
    first, last = answers.alignments[0], answers.alignments[-1]
    walking = [epoch for epoch in answers.epochs.values() if epoch.posture is Posture.WALKING]
    return Learnt(
        angle_deg=_angle_deg(last, _zero_of(last, answers.zeros), nominal),
        first_s=first.t_s - begin_s,
        walked_s=float(sum(epoch.t_s < first.t_s for epoch in walking)),
    )


def _zero_of(told: AlignmentChanged, zeros: Sequence[ReferenceChanged]) -> Vec:
    """The zero that held when the front was told; there is always one before it."""
    return [zero.up for zero in zeros if zero.t_s <= told.t_s][-1]


def _angle_deg(told: AlignmentChanged, up: Vec, nominal: Vec) -> float:
    a, b = (frame(up, each)[0].tolist() for each in (told.anterior, nominal))
    return separation_deg((a[0], a[1], a[2]), (b[0], b[1], b[2]))


def figures(people: Mapping[str, Sequence[Scored]]) -> dict[str, Any]:
    """By way: share of sessions told, angle over people, share of wrong sides, seconds until told."""
    return {"people": len(people), "ways": {way: _figures(each) for way, each in by_way(people).items()}}


def _figures(people: Sequence[Sequence[Learnt]]) -> dict[str, Any]:
    told = [[each for each in several if not np.isnan(each.angle_deg)] for several in people]
    every = [each for several in told for each in several]
    wrong = [np.array([sum(each.angle_deg > WRONG_DEG for each in several), len(several)]) for several in told]
    shares = [np.array([len(some), len(several)]) for some, several in zip(told, people, strict=True)]
    return {
        "sessions": sum(len(several) for several in people),
        "told": scoring.pooled(shares, scoring.ratio),
        "angle_people_deg": scoring.spread([_mean([each.angle_deg for each in several]) for several in told]),
        "wrong_side": scoring.pooled(wrong, scoring.ratio),
        "first_s": scoring.percentiles([each.first_s for each in every]),
        "walked_s": scoring.percentiles([each.walked_s for each in every]),
    }


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def tables(name: str, told: Mapping[str, Any]) -> list[Table]:
    """What is printed and documented."""
    ways: dict[str, Any] = told["ways"]
    angle = Table(
        f"The front learnt without calibration, {name}: {told['people']} people, degrees to the nominal mounting",
        ("way", "a person: mean", "95 %", "median", "p10", "p90", "most", "wrong side", "95 %"),
        [
            (
                WAYS[way].label,
                number(each["angle_people_deg"]["mean"], 1),
                interval(each["angle_people_deg"], 1),
                *(number(each["angle_people_deg"][of], 1) for of in ("median", "p10", "p90", "most")),
                percent(each["wrong_side"]["value"]),
                interval(each["wrong_side"]),
            )
            for way, each in ways.items()
        ],
        "Of the front told last in each session, against the axis that was meant to point forward, both across the "
        "zero. How people really wore the sensor is not known, so the angle holds their turned belts too. Wrong side: "
        "more than 90 degrees, share of sessions with a front.",
    )
    soon = Table(
        f"How soon the front is learnt, {name}",
        ("way", "sessions", "with a front", "95 %", "seconds: median", "p90", "of them walking: median", "p90"),
        [
            (
                WAYS[way].label,
                str(each["sessions"]),
                percent(each["told"]["value"]),
                interval(each["told"]),
                *(number(each[what][of], 0) for what in ("first_s", "walked_s") for of in ("median", "p90")),
            )
            for way, each in ways.items()
        ],
        "Seconds from the start of a session until a front is first told, over the sessions that have one.",
    )
    return [angle, soon] if ways else []
