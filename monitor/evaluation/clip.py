"""The clip: how often it is said to have moved though it had not, and whether a move by a known angle is noticed.

Nobody's clip moved in these sets as far as is known. So the moves are computed: walks and a standing of one session are
put in a row, and from the middle of a standing on every sample is turned by a known angle about an axis across the
zero, within 0.1 s, with the angular rate that belongs to it. The walking is real, the move is not.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitor.evaluation import scoring
from monitor.evaluation.answers import WAYS, Answers, by_way
from monitor.evaluation.session import Session
from monitor.evaluation.tables import Table, interval, number, percent
from monitor.pipeline import Pipeline
from monitor.profile import Profile
from monitor.signal.orientation import unit
from monitor.stream import ClipMoved, Floats, Samples

MOVES_DEG = (0, 2, 4, 5, 8, 15, 90, 170)
LEAST_S = 10.0  # of each walk and standing
TURN_S = 0.1
CAUSES = ("step", "walking", "upside-down", "re-donned")
HOURS_A_DAY = 24.0  # of wearing: the strict reading of a day


@dataclass(frozen=True, slots=True)
class Move:
    """A computed move: its angle; cause of the first ClipMoved after it ('' if none) and seconds until that (NaN);
    angle between the zero at the end and the true one, deg.
    """

    moved_deg: int
    cause: str
    after_s: float
    error_deg: float


@dataclass(frozen=True, slots=True)
class Watched:
    """One session one way: its hours, cause of every ClipMoved in it, and the moves computed from it."""

    hours: float
    causes: tuple[str, ...]
    moves: tuple[Move, ...]


Scored = dict[str, Watched]


@dataclass(frozen=True, slots=True, eq=False)
class Staged:
    """Samples before and after the move; zero: mean up of both walks; axis: that of the move; unit, sensor frame."""

    before: Samples
    after: Samples
    zero: Floats
    axis: Floats


def measure(session: Session, answers: Mapping[str, Answers], profile: Profile) -> Scored:
    """By live way."""
    hours = len(session.samples) / session.rate_hz / 3600.0
    staged = stage(session)
    return {
        way: Watched(
            hours,
            tuple(event.cause for event in each.clips),
            _moves(staged, session.rate_hz, profile, gyro=WAYS[way].gyro) if staged else (),
        )
        for way, each in answers.items()
        if not WAYS[way].hindsight
    }


# ---------------------------------------------------------------- a computed move


def stage(session: Session) -> Staged | None:
    """walk, stand, walk, half a stand; then the other half, walk, stand, walk. None if the session has not got them."""
    walks = [_places(each, session.rate_hz) for each in session.walks if each[1] - each[0] >= LEAST_S][:2]
    stands = [_places(each, session.rate_hz) for each in session.stands if each[1] - each[0] >= LEAST_S]
    if len(walks) < 2 or not stands:
        return None
    stand = max(stands, key=len)
    half = len(stand) // 2
    before = np.concatenate((walks[0], stand, walks[1], stand[:half]))
    after = np.concatenate((stand[half:], walks[0], stand, walks[1]))
    zero = unit(session.samples.acc_g[np.concatenate(walks)].mean(axis=0)[None, :])[0]
    axis = np.random.default_rng(list(session.name.encode())).normal(size=3)
    axis -= (axis @ zero) * zero
    rate_hz = session.rate_hz
    return Staged(
        _row(session.samples, before, 0, rate_hz),
        _row(session.samples, after, len(before), rate_hz),
        zero,
        unit(axis[None, :])[0],
    )


def _places(span_s: scoring.Interval, rate_hz: float) -> scoring.Counts:
    return np.arange(round(span_s[0] * rate_hz), round(span_s[1] * rate_hz), dtype=np.int64)


def _row(samples: Samples, places: scoring.Counts, first: int, rate_hz: float) -> Samples:
    """These samples one after another, the first of them at first / rate_hz."""
    t_s = (first + np.arange(len(places))) / rate_hz
    gyr_dps = None if samples.gyr_dps is None else samples.gyr_dps[places]
    return Samples(t_s, samples.acc_g[places], gyr_dps)


def turn(samples: Samples, axis: Floats, moved_deg: float, rate_hz: float) -> Samples:
    """What the sensor gives if it turns in the first TURN_S so that up, as it sees it, turns by moved_deg about axis.

    axis: unit vector, sensor frame. Seen from the sensor the body turns the other way than the sensor does, so the
    angular rate of the move is against the axis.
    """
    steps = max(round(TURN_S * rate_hz), 1)
    angle_deg = moved_deg * np.minimum(np.arange(1, len(samples) + 1) / steps, 1.0)
    gyr_dps = samples.gyr_dps
    if gyr_dps is not None:
        rate_dps = np.diff(angle_deg, prepend=0.0) * rate_hz
        gyr_dps = _turned(gyr_dps, axis, angle_deg) - rate_dps[:, None] * axis
    return Samples(samples.t_s, _turned(samples.acc_g, axis, angle_deg), gyr_dps)


def _turned(vectors: Floats, axis: Floats, angle_deg: Floats) -> Floats:
    """Rows of (N, 3), each turned about the unit vector axis by its angle (Rodrigues)."""
    angle = np.radians(angle_deg)[:, None]
    along = (vectors @ axis)[:, None] * axis
    return along + (vectors - along) * np.cos(angle) + np.cross(axis, vectors) * np.sin(angle)


def _moves(staged: Staged, rate_hz: float, profile: Profile, *, gyro: bool) -> tuple[Move, ...]:
    pipeline = Pipeline(profile, rate_hz, gyro=gyro)
    pipeline.push(staged.before)
    return tuple(_move(pipeline.copy(), staged, moved_deg, rate_hz) for moved_deg in MOVES_DEG)


def _move(pipeline: Pipeline, staged: Staged, moved_deg: int, rate_hz: float) -> Move:
    begin_s = float(staged.after.t_s[0])
    events = [*pipeline.push(turn(staged.after, staged.axis, moved_deg, rate_hz)), *pipeline.finish()]
    told = [event for event in events if isinstance(event, ClipMoved) and event.t_s >= begin_s]
    zero = pipeline.reference
    true = _turned(staged.zero[None, :], staged.axis, np.array([float(moved_deg)]))
    return Move(
        moved_deg,
        told[0].cause if told else "",
        told[0].t_s - begin_s if told else float("nan"),
        float(scoring.angles_deg(np.array([zero.up]), true)[0]) if zero else float("nan"),
    )


# ---------------------------------------------------------------- figures


def figures(people: Mapping[str, Sequence[Scored]]) -> dict[str, Any]:
    """By way: false ones an hour, a day and by cause; for each angle the share noticed and how right the zero is."""
    return {"people": len(people), "ways": {way: _figures(each) for way, each in by_way(people).items()}}


def _figures(people: Sequence[Sequence[Watched]]) -> dict[str, Any]:
    counts = [
        np.array([sum(len(each.causes) for each in several), sum(each.hours for each in several)]) for several in people
    ]
    false = scoring.pooled(counts, scoring.ratio)
    causes = Counter(cause for several in people for each in several for cause in each.causes)
    moved = {str(deg): _of_angle(people, deg) for deg in MOVES_DEG}
    return {
        "hours": sum(float(each[1]) for each in counts),
        "false": sum(causes.values()),
        "false_per_h": {**false, "people": scoring.by_person(counts, scoring.ratio)},
        "false_per_day": {key: HOURS_A_DAY * value for key, value in false.items()},
        "causes": {cause: causes[cause] for cause in CAUSES},
        "moves": {deg: each for deg, each in moved.items() if each["sessions"]},
    }


def _of_angle(people: Sequence[Sequence[Watched]], moved_deg: int) -> dict[str, Any]:
    moves = [[move for each in several for move in each.moves if move.moved_deg == moved_deg] for several in people]
    every = [move for several in moves for move in several]
    sums = [np.array([sum(move.cause != "" for move in several), len(several)]) for several in moves]
    causes = Counter(move.cause for move in every if move.cause)
    return {
        "sessions": len(every),
        "told": {
            **scoring.pooled(sums, scoring.ratio),
            "people": scoring.by_person(sums, scoring.ratio),
        },
        "causes": {cause: causes[cause] for cause in CAUSES},
        "after_s": scoring.percentiles([move.after_s for move in every]),
        "error_deg": scoring.percentiles([move.error_deg for move in every]),
    }


# ---------------------------------------------------------------- tables


def tables(name: str, told: Mapping[str, Any]) -> list[Table]:
    """What is printed and documented."""
    ways: dict[str, Any] = told["ways"]
    if not ways:
        return []
    false = Table(
        f"The clip said to have moved, {name}: false ones, {next(iter(ways.values()))['hours']:.1f} h",
        ("way", "number", "an hour", "95 %", "a person: mean", "median", "p90", *CAUSES),
        [
            (
                WAYS[way].label,
                str(each["false"]),
                number(each["false_per_h"]["value"], 2),
                interval(each["false_per_h"], 2),
                *(number(each["false_per_h"]["people"][of], 2) for of in ("mean", "median", "p90")),
                *(str(each["causes"][cause]) for cause in CAUSES),
            )
            for way, each in ways.items()
        ],
        "As far as is known the sensor stayed where it was within each session, so every one counts as false. The "
        f"target is for a day of {HOURS_A_DAY:g} h of wearing; so few hours can hardly show it met, only missed.",
    )
    moves = Table(
        f"The clip turned by a known angle, {name}",
        (
            "angle, way",
            "sessions",
            "told",
            "95 %",
            "a person: p10",
            *CAUSES,
            "told after, s: median",
            "zero wrong by, deg: median",
            "p90",
            "most",
        ),
        [
            (f"{deg}°, {WAYS[way].label}", str(each["sessions"]), *_move_row(each))
            for way, of in ways.items()
            for deg, each in of["moves"].items()
        ],
        "Real walking, a computed move: walk, stand, walk, stand of one session; in the middle of the stand all that "
        "follows is turned about an axis across the zero within 0.1 s; then stand, walk, stand, walk. Told: within "
        "these two walks; at 0° every one is false. By cause: what the first said. The zero at the end is compared "
        "with the mean of both walks, turned likewise. The walks after the move are those before it, which flatters.",
    )
    return [false, moves] if moves.rows else [false]


def _move_row(each: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        percent(each["told"]["value"]),
        interval(each["told"]),
        percent(each["told"]["people"]["p10"]),
        *(str(each["causes"][cause]) for cause in CAUSES),
        number(each["after_s"]["median"], 0),
        *(number(each["error_deg"][of], 2) for of in ("median", "p90", "most")),
    )
