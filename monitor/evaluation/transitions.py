"""Rises, sit-downs, lying down and sitting up against labelled movements: found, rightly told, how long."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitor.evaluation import scoring
from monitor.evaluation.answers import WAYS, Answers, ways_of
from monitor.evaluation.scoring import Interval
from monitor.evaluation.session import Session
from monitor.evaluation.tables import Table, interval, number
from monitor.stream import Floats

KINDS = ("sit-to-stand", "stand-to-sit", "lie-to-sit", "sit-to-lie")
STRAIGHT = {"lie-to-sit": "lie-to-stand", "sit-to-lie": "stand-to-lie"}  # sitwell has no kind of its own for these
COUNTED = ("matched", "labelled", "told", "told_unlabelled", "straight_told", "straight_labelled")
MATCHED, LABELLED, FOUND, IN_UNLABELLED = range(4)


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """Of one kind in one session: counts (6,) in the order MATCHED ...; told less labelled length of the pairs, s."""

    counts: Floats
    length_s: list[float]


Scored = dict[str, dict[str, Moves]]


def measure(session: Session, answers: Mapping[str, Answers]) -> Scored:
    """By way and kind."""
    return {way: {kind: _moves(session, each, kind) for kind in KINDS} for way, each in answers.items()}


def _moves(session: Session, answers: Answers, kind: str) -> Moves:
    true = session.moves[kind]
    found: list[Interval] = [
        (each.start_s, each.end_s)
        for each in answers.transitions
        if each.kind == kind and each.start_s >= session.ignored_s
    ]
    pairs = scoring.matches(found, true)
    matched = {index for index, _ in pairs}
    rest = [each for index, each in enumerate(found) if index not in matched]
    straight = session.moves.get(STRAIGHT.get(kind, ""), [])
    right = {index for index, _ in scoring.matches(rest, straight)}  # told as the nearest kind there is
    middles = [sum(each) / 2.0 for index, each in enumerate(rest) if index not in right]
    unlabelled = sum(any(a <= middle < b for a, b in session.unlabelled) for middle in middles)
    length_s = [
        (found[index][1] - found[index][0]) - (true[other][1] - true[other][0])
        for index, other in pairs
        if true[other][1] > true[other][0]
    ]
    counts = (len(pairs), len(true), len(found) - len(right), unlabelled, len(right), len(straight))
    return Moves(np.array(counts, dtype=np.float64), length_s)


def recall(sums: Floats) -> Floats:
    """Share of the labelled ones that were found."""
    return scoring.ratio(sums[..., [MATCHED, LABELLED]])


def precision(sums: Floats) -> Floats:
    """Share of all told that match a label; those in unlabelled time are false."""
    return scoring.ratio(sums[..., [MATCHED, FOUND]])


def precision_labelled(sums: Floats) -> Floats:
    """The same without those in unlabelled time."""
    left = sums[..., FOUND] - sums[..., IN_UNLABELLED]
    return scoring.ratio(np.stack((sums[..., MATCHED], left), axis=-1))


def f1(sums: Floats) -> Floats:
    """Harmonic mean of recall and precision, unlabelled time included."""
    return scoring.f1(sums[..., [MATCHED, LABELLED, FOUND]])


def figures(people: Mapping[str, Sequence[Scored]]) -> dict[str, Any]:
    """By way and kind."""
    ways = ways_of(people)
    return {"people": len(people), "ways": {way: {kind: _figures(people, way, kind) for kind in KINDS} for way in ways}}


def _figures(people: Mapping[str, Sequence[Scored]], way: str, kind: str) -> dict[str, Any]:
    counts = [np.sum([each[way][kind].counts for each in several], axis=0) for several in people.values() if several]
    total = np.sum(counts, axis=0)
    lengths = np.array([s for several in people.values() for each in several for s in each[way][kind].length_s])
    return {
        **{name: int(total[place]) for place, name in enumerate(COUNTED)},
        "recall": scoring.pooled(counts, recall),
        "precision_all": scoring.pooled(counts, precision),
        "precision_labelled": scoring.pooled(counts, precision_labelled),
        "f1": scoring.pooled(counts, f1),
        "f1_people": scoring.by_person(counts, f1),
        "duration_bias_s": float(lengths.mean()) if len(lengths) else float("nan"),
        "duration_mae_s": float(np.abs(lengths).mean()) if len(lengths) else float("nan"),
    }


def tables(name: str, told: Mapping[str, Any]) -> list[Table]:
    """What is printed and documented: a table a kind, and one on people and lengths."""
    ways: dict[str, Any] = told["ways"]
    note = (
        "Told and labelled movements match one to one where they overlap within 1 s. 'All' counts what is told in "
        "unlabelled time as false, 'labelled' leaves it out; F1 is with 'all'."
    )
    heads = ("way", "found", "recall", "95 %", "precision, all", "95 %", "labelled", "F1", "95 %")
    single = [
        Table(
            f"{kind}, {name}: {next(iter(ways.values()))[kind]['labelled']} labelled",
            heads,
            [_row(way, each[kind]) for way, each in ways.items()],
            note if kind == KINDS[0] else _straight(kind, ways),
        )
        for kind in KINDS
    ]
    people = Table(
        f"The same, one F1 a person, and lengths in s, {name}",
        ("movement, way", "F1, mean", "95 %", "median", "p10", "length, bias", "mean absolute error"),
        [_people_row(f"{kind}, {WAYS[way].label}", each[kind]) for kind in KINDS for way, each in ways.items()],
        "Lengths told less lengths labelled, of the pairs that match; labels include the lean. Nothing where labels "
        "change in an instant.",
    )
    return [*single, people]


def _straight(kind: str, ways: Mapping[str, Any]) -> str:
    """What happened to movements straight between lying and standing."""
    if kind not in STRAIGHT:
        return ""
    told = "; ".join(f"{each[kind]['straight_told']} {WAYS[way].label}" for way, each in ways.items())
    labelled = next(iter(ways.values()))[kind]["straight_labelled"]
    return (
        f"{STRAIGHT[kind]} is no kind of sitwell's: to tell it as {kind} is neither demanded nor wrong. Of {labelled} "
        f"so told: {told}."
    )


def _row(way: str, each: Mapping[str, Any]) -> tuple[str, ...]:
    shown = [
        cell
        for key in ("recall", "precision_all", "precision_labelled", "f1")
        for cell in (number(each[key]["value"], 2), interval(each[key], 2))
    ]
    return (WAYS[way].label, str(each["matched"]), *shown[:5], *shown[6:])


def _people_row(label: str, each: Mapping[str, Any]) -> tuple[str, ...]:
    people, bias = each["f1_people"], each["duration_bias_s"]
    return (
        label,
        number(people["mean"], 2),
        interval(people, 2),
        number(people["median"], 2),
        number(people["p10"], 2),
        "–" if np.isnan(bias) else f"{bias:+.2f}",
        number(each["duration_mae_s"], 2),
    )
