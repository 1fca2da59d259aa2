"""A session through the analysis of the product: accelerometer only or with gyroscope, live or in hindsight."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from monitor.analysis import run, seats_of
from monitor.evaluation.session import Session
from monitor.pipeline import Pipeline
from monitor.profile import Profile
from monitor.signal.alignment import Vec
from monitor.signal.orientation import unit
from monitor.stream import (
    AlignmentChanged,
    Break,
    ClipMoved,
    Epoch,
    Event,
    Floats,
    Record,
    ReferenceChanged,
    Samples,
    Transition,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Way:
    """One way through the analysis, and how a table calls it."""

    label: str
    gyro: bool
    hindsight: bool


WAYS = {
    "acc-live": Way("accelerometer only, live", gyro=False, hindsight=False),
    "gyro-live": Way("with gyroscope, live", gyro=True, hindsight=False),
    "acc-hindsight": Way("accelerometer only, hindsight", gyro=False, hindsight=True),
    "gyro-hindsight": Way("with gyroscope, hindsight", gyro=True, hindsight=True),
}


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What came out one way.

    epochs : start of a second (whole s) -> its Epoch
    directions : second -> up that its tilt was made from, sensor frame
    t_s, up: (N,), (N, 3) of every sample, sensor frame; empty unless asked for
    """

    epochs: dict[int, Epoch]
    transitions: list[Transition]
    breaks: list[Break]
    directions: dict[int, Vec]
    t_s: Floats
    up: Floats
    zeros: list[ReferenceChanged] = field(default_factory=list[ReferenceChanged])
    alignments: list[AlignmentChanged] = field(default_factory=list[AlignmentChanged])
    clips: list[ClipMoved] = field(default_factory=list[ClipMoved])

    def posture(self, second: int) -> str | None:
        """The answer of a second, None if it got none."""
        epoch = self.epochs.get(second)
        return None if epoch is None else str(epoch.posture)

    def up_of_seconds(self) -> dict[int, Floats]:
        """Start of a second -> mean up of its samples, (3,), sensor frame."""
        seconds = np.floor(self.t_s).astype(np.int64)
        starts = np.flatnonzero(np.diff(seconds, prepend=-1))
        if not len(starts):
            return {}
        means = unit(np.add.reduceat(self.up, starts, axis=0))
        return dict(zip(seconds[starts].tolist(), means, strict=True))


def ways_of(people: Mapping[str, Sequence[Mapping[str, object]]]) -> list[str]:
    """The keys of WAYS that any session of these people was measured by, in their order."""
    return [way for way in WAYS if any(way in each for several in people.values() for each in several)]


def by_way(people: Mapping[str, Sequence[Mapping[str, T]]]) -> dict[str, list[list[T]]]:
    """Way -> for each person what that way gave in the sessions that have it."""
    return {
        way: [[each[way] for each in several if way in each] for several in people.values()] for way in ways_of(people)
    }


def answers(session: Session, profile: Profile, *, oriented: bool = False) -> dict[str, Answers]:
    """All ways that the sensor allows, by key of WAYS; oriented: keep the orientation of every sample."""
    known = seats_of(session.records(), session.rate_hz, profile)
    found: dict[str, Answers] = {}
    for key, way in WAYS.items():
        if way.gyro and session.samples.gyr_dps is None:
            continue
        events: list[Event] = []
        times: list[Floats] = [np.zeros(0)]
        ups: list[Floats] = [np.zeros((0, 3))]
        directions: dict[int, Vec] = {}

        def keep(
            record: Record,
            new: list[Event],
            pipeline: Pipeline,
            events: list[Event] = events,
            times: list[Floats] = times,
            ups: list[Floats] = ups,
            directions: dict[int, Vec] = directions,
        ) -> None:
            events.extend(new)
            directions.update(pipeline.directions)
            if oriented and isinstance(record, Samples):
                seen = pipeline.oriented
                times.append(seen.t_s)
                ups.append(seen.up)

        run(
            session.records(),
            session.rate_hz,
            profile,
            gyro=way.gyro,
            hindsight=way.hindsight,
            known=known if way.hindsight else (),
            sink=keep,
        )
        found[key] = Answers(
            epochs={int(event.t_s): event for event in events if isinstance(event, Epoch)},
            transitions=[event for event in events if isinstance(event, Transition)],
            breaks=[event for event in events if isinstance(event, Break)],
            directions=directions,
            t_s=np.concatenate(times),
            up=np.concatenate(ups),
            zeros=[event for event in events if isinstance(event, ReferenceChanged)],
            alignments=[event for event in events if isinstance(event, AlignmentChanged)],
            clips=[event for event in events if isinstance(event, ClipMoved)],
        )
    return found
