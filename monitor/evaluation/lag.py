"""How late the live answers come: the pipeline is fed as a sensor feeds it, packet by packet."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from monitor.evaluation.answers import WAYS, ways_of
from monitor.evaluation.session import Session
from monitor.evaluation.tables import Table, number
from monitor.pipeline import Pipeline
from monitor.profile import Profile
from monitor.stream import Epoch, Event, Transition, last_s

PACKET_S = 0.04  # four samples of a sensor at 100 Hz
WHAT = ("posture", "transition")
Lags = dict[str, dict[str, list[float]]]


def measure(session: Session, profile: Profile) -> Lags:
    """By way and what: seconds from its end until it came out; a packet comes with its last sample."""
    found: Lags = {}
    for key, way in WAYS.items():
        if way.hindsight or (way.gyro and session.samples.gyr_dps is None):
            continue
        pipeline = Pipeline(profile, session.rate_hz, gyro=way.gyro)
        lags: dict[str, list[float]] = {what: [] for what in WHAT}
        for record in session.records(PACKET_S):
            for event in pipeline.push(record):
                kind, end_s = _ended(event)
                if kind:
                    lags[kind].append(last_s(record) - end_s)
        found[key] = lags  # what finish() gives was cut short by the end of the recording
    return found


def _ended(event: Event) -> tuple[str, float]:
    match event:
        case Epoch():
            return "posture", event.t_s + 1.0
        case Transition():
            return "transition", event.end_s
        case _:
            return "", 0.0


def figures(people: Mapping[str, Sequence[Lags]]) -> dict[str, Any]:
    """By way and what: how many, median, 95th percentile and worst, s."""
    every = [each for several in people.values() for each in several]
    told: dict[str, Any] = {}
    for way in ways_of(people):
        told[way] = {what: _figures([s for each in every for s in each[way][what]]) for what in WHAT}
    return {"people": len(people), "sessions": len(every), "ways": told}


def _figures(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {"number": 0.0, **dict.fromkeys(("median_s", "p95_s", "worst_s"), float("nan"))}
    median, p95, worst = np.percentile(np.array(values), [50.0, 95.0, 100.0]).tolist()
    return {"number": float(len(values)), "median_s": median, "p95_s": p95, "worst_s": worst}


def tables(name: str, told: Mapping[str, Any]) -> list[Table]:
    """What is printed and documented."""
    names = {"posture": "a second's posture", "transition": "a transition"}
    return [
        Table(
            f"How late the live answers come, {name}: {told['sessions']} sessions, s",
            ("way", "what", "number", "median", "95th percentile", "worst"),
            [
                (
                    WAYS[way].label,
                    names[what],
                    f"{row['number']:.0f}",
                    *(number(row[key], 2) for key in ("median_s", "p95_s", "worst_s")),
                )
                for way, each in told["ways"].items()
                for what, row in each.items()
            ],
            "From the end of the second or of the movement to the packet with which it came out; there is one every "
            f"{PACKET_S:g} s, and up to that much is in the figure. The screen shows a provisional posture at once.",
        )
    ]
