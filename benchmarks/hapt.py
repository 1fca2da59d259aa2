"""Posture on the hapt set: every session through `sitwell import` and `sitwell analyze`, against its video labels.

Beside it the simplest published peer on the same seconds: the angle of the mean acceleration to that of walking, cut at
11.6 and 64.9 degrees (Vaha-Ypya 2018).
"""

import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import datasets
import numpy as np
import product
import scoring
from scoring import Bout, Counts
from tables import Table, number

APE_SIT_DEG, APE_LIE_DEG = 11.6, 64.9
MISSED = 0.1
PEER = "peer: APE rule, walking given"
WAYS: dict[str, tuple[bool, tuple[str, ...]]] = {
    "accelerometer only": (False, ()),
    "with gyroscope": (True, ()),
    "accelerometer only, --hindsight": (False, ("--hindsight",)),
    "with gyroscope, --hindsight": (True, ("--hindsight",)),
}


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """Rises or sit-downs of one session: in the labels, in the answers, in both, and answered where no label is."""

    labelled: int
    found: int
    matched: int
    in_unlabelled: int


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """One session by every way and by the peer."""

    person: str
    lead: bool  # whether it had any level walking to precede it
    counts: dict[str, Counts]
    bouts: dict[str, list[Bout]]
    rises: dict[str, Moves]
    sits: dict[str, Moves]


def measure(path: Path) -> Scored:
    """Run one session; made to be called in a process of its own."""
    session = datasets.read_hapt(path)
    truth = datasets.scored_seconds(session.label, session.rate_hz)
    answers = {PEER: _peer(session, truth)}
    moves: dict[str, dict[str, list[scoring.Interval]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        recordings: dict[bool, Path] = {}
        for gyro in (False, True):
            source, recording = Path(folder, f"{gyro}.csv"), Path(folder, f"{gyro}.sqlite")
            datasets.write_csv(source, session.rate_hz, session.acc_g, session.gyr_dps if gyro else None)
            product.run("import", source, recording)
            recordings[gyro] = recording
        for way, (gyro, options) in WAYS.items():
            epochs, events = Path(folder, "epochs.csv"), Path(folder, "events.jsonl")
            product.analyze(recordings[gyro], "--epochs", epochs, "--events", events, *options)
            answers[way] = product.read_epochs(epochs)
            moves[way] = product.read_transitions(events)
    return Scored(
        person=session.person,
        lead=session.lead > 0,
        counts={way: scoring.confusion(truth.values(), map(each.get, truth)) for way, each in answers.items()},
        bouts={way: scoring.bouts(truth, each) for way, each in answers.items()},
        rises={way: _moves(session, moves[way].get("sit-to-stand", []), datasets.HAPT_RISE) for way in WAYS},
        sits={way: _moves(session, moves[way].get("stand-to-sit", []), datasets.HAPT_SIT_DOWN) for way in WAYS},
    )


def _peer(session: datasets.Hapt, truth: dict[int, str]) -> dict[int, str]:
    """The rule of two cuts, with the walking lead as its zero; without one there is no answer, as in sitwell."""
    answers = {second: posture for second, posture in truth.items() if posture == "walking"}
    if not truth or not session.lead:
        return answers
    rate = round(session.rate_hz)
    zero = session.acc_g[: session.lead].mean(axis=0)
    means = np.array([session.acc_g[second * rate : (second + 1) * rate].mean(axis=0) for second in truth])
    angles = scoring.angles_deg(means, np.broadcast_to(zero, means.shape))
    for second, angle in zip(truth, angles.tolist(), strict=True):
        lower = "lying" if angle > APE_LIE_DEG else "sitting"
        answers.setdefault(second, lower if angle > APE_SIT_DEG else "standing")
    return answers


def _moves(session: datasets.Hapt, told: list[scoring.Interval], label: int) -> Moves:
    """Transitions told against the labelled moves; those in the lead are left out."""
    rate = session.rate_hz
    true = [(a / rate, b / rate) for a, b in scoring.runs(session.label) if session.label[a] == label]
    found = [each for each in told if each[0] >= session.lead / rate]
    pairs = scoring.matches(found, true)
    unmatched = set(range(len(found))) - {index for index, _ in pairs}
    middles = [min(int(sum(found[index]) / 2.0 * rate), len(session.label) - 1) for index in unmatched]
    return Moves(len(true), len(found), len(pairs), sum(session.label[middle] == 0 for middle in middles))


def tables(sessions: Sequence[Scored]) -> list[Table]:
    """What is printed and documented."""
    scored = [session for session in sessions if session.counts[PEER].sum()]
    people = _by_person(scored)
    ways = [*WAYS, PEER]
    seconds = int(sum(session.counts[PEER].sum() for session in scored))
    posture = Table(
        f"Posture, hapt: {len(people)} people, {len(scored)} sessions, {seconds} seconds scored",
        ("way", "balanced accuracy", "95 % over people", "no answer", *(f"{name} found" for name in scoring.CLASSES)),
        [_posture_row(way, [each[way] for each in people.values()]) for way in ways],
        "Balanced accuracy: mean of the four shares found, pooled over people. No answer: `unknown`, `not-worn` or "
        "`no-data`, counted as wrong." + _without_zero(scored),
    )
    sit_stand = Table(
        "Sitting against standing, one figure a person, hapt",
        ("way", "pooled", "95 % over people", "mean", "median", "10th percentile", "weakest"),
        [_person_row(way, [each[way] for each in people.values()]) for way in ways],
        "Mean of the shares of sitting and of standing seconds found; any other answer is wrong.",
    )
    moves = Table(
        "Sitting down and rising, hapt",
        (
            "way",
            "rises found",
            "precision, labelled",
            "precision, all",
            "sit-downs found",
            "prec., labelled",
            "prec., all",
        ),
        [(way, *_moves_row(scored, "rises", way), *_moves_row(scored, "sits", way)) for way in WAYS],
        "A transition matches a labelled move that it overlaps within 1 s, one to one. 'All' counts transitions in "
        "unlabelled time as false, 'labelled' leaves them out. The detector works on |acc|; the gyroscope only "
        "helps to tell lying from sitting. Its stillness of 25 mg was chosen on the odd-numbered people.",
    )
    whole = Table(
        "Where it goes wrong: sitting and standing bout by bout, hapt",
        ("way", "1st sitting", "2nd sitting, from lying", "1st standing", "later standing", "bouts", "bouts missed"),
        [_bouts_row(way, scored) for way in ways],
        "Mean share found of a bout. Missed: less than a tenth of it was found.",
    )
    matrices = [
        Table(
            f"Seconds by label and answer, hapt, {way}",
            ("label", *scoring.CLASSES, "no answer"),
            [
                (name, *(str(value) for value in row))
                for name, row in zip(scoring.CLASSES, _pooled(people, way).tolist(), strict=True)
            ],
        )
        for way in ("accelerometer only", "with gyroscope")
    ]
    return [posture, sit_stand, whole, moves, *matrices]


def _by_person(sessions: Sequence[Scored]) -> dict[str, dict[str, Counts]]:
    people: dict[str, dict[str, Counts]] = defaultdict(dict)
    for session in sessions:
        for way, counts in session.counts.items():
            people[session.person][way] = people[session.person].get(way, np.zeros_like(counts)) + counts
    return people


def _without_zero(sessions: Sequence[Scored]) -> str:
    """What sessions without any level walking cost: there, sitting and standing must stay unknown."""
    absent = sum(not session.lead for session in sessions)
    if not absent:
        return ""
    rest = _by_person([session for session in sessions if session.lead])
    figures = (f"{number(scoring.balanced_accuracy(_pooled(rest, way)))} {way}" for way in (*WAYS, PEER))
    return f" Sessions without any level walking, so without a zero: {absent}. Without them: {'; '.join(figures)}."


def _pooled(people: dict[str, dict[str, Counts]], way: str) -> Counts:
    return np.sum([each[way] for each in people.values()], axis=0)


def _interval(people: list[Counts], statistic: Callable[[Counts], float]) -> str:
    low, high = scoring.bootstrap(people, statistic)
    return f"{number(low)}–{number(high)}"


def _posture_row(way: str, people: list[Counts]) -> tuple[str, ...]:
    pooled = np.sum(people, axis=0)
    return (
        way,
        number(scoring.balanced_accuracy(pooled)),
        _interval(people, scoring.balanced_accuracy),
        f"{100.0 * scoring.unanswered(pooled):.1f} %",
        *(number(value) for value in scoring.recalls(pooled).tolist()),
    )


def _person_row(way: str, people: list[Counts]) -> tuple[str, ...]:
    values = [scoring.sit_stand(counts) for counts in people]
    over = scoring.spread(values)
    pooled = scoring.sit_stand(np.sum(people, axis=0))
    spread = (number(value) for value in (over.mean, over.median, over.p10, min(values)))
    return (way, number(pooled), _interval(people, scoring.sit_stand), *spread)


def _bouts_row(way: str, sessions: Sequence[Scored]) -> tuple[str, ...]:
    every = [bout for session in sessions for bout in session.bouts[way] if bout.posture in {"sitting", "standing"}]
    shares = [
        number(float(np.mean([bout.found for bout in every if bout.posture == posture and bout.first is first])))
        for posture in ("sitting", "standing")
        for first in (True, False)
    ]
    return (way, *shares, str(len(every)), str(sum(bout.found < MISSED for bout in every)))


def _moves_row(sessions: Sequence[Scored], kind: str, way: str) -> tuple[str, str, str]:
    every: list[Moves] = [getattr(session, kind)[way] for session in sessions]
    labelled, found = sum(each.labelled for each in every), sum(each.found for each in every)
    matched, unlabelled = sum(each.matched for each in every), sum(each.in_unlabelled for each in every)
    return (
        f"{matched} of {labelled}",
        number(matched / max(found - unlabelled, 1), 2),
        number(matched / max(found, 1), 2),
    )
