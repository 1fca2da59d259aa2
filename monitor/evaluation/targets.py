"""What the figures should be, and whether they are: one row a target."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from monitor.evaluation.answers import WAYS
from monitor.evaluation.tables import Table, number

Sense = Literal["≥", "≤"]


@dataclass(frozen=True, slots=True)
class Target:
    """A figure at `path` below a set's capability and way; limits accelerometer only and with gyroscope, None: none."""

    label: str
    datasets: tuple[str, ...]
    capability: str
    path: tuple[str, ...]
    sense: Sense
    acc: float | None
    gyro: float | None
    decimals: int = 3
    hindsight: bool = False  # whether it is asked of hindsight, not of live


LABELLED = ("hapt", "harth", "har70plus")
WORN = ("hapt", "sisfall", "voisard", "harth", "har70plus")
REPEATED = ("hapt", "sisfall", "harth", "har70plus")  # with more than one walk a session, as the clip needs it
TARGETS = (
    Target("posture, balanced accuracy", LABELLED, "posture", ("balanced_accuracy", "value"), "≥", 0.94, 0.965),
    Target("sitting or standing, mean person", LABELLED, "posture", ("sit_stand_people", "mean"), "≥", 0.90, 0.95),
    Target("the same, 10th-percentile person", LABELLED, "posture", ("sit_stand_people", "p10"), "≥", 0.78, 0.85),
    Target("rises, recall", LABELLED, "transitions", ("sit-to-stand", "recall", "value"), "≥", 0.92, 0.95),
    Target(
        "rises, precision, all", LABELLED, "transitions", ("sit-to-stand", "precision_all", "value"), "≥", 0.92, 0.97
    ),
    Target("sit-downs, F1", LABELLED, "transitions", ("stand-to-sit", "f1", "value"), "≥", 0.85, 0.92),
    Target("trials with one rise, exact", ("sisfall",), "trials", ("rises_exact", "pooled", "value"), "≥", 0.92, 0.96),
    Target(
        "trials with one sit-down, exact",
        ("sisfall",),
        "trials",
        ("sit_downs_exact", "pooled", "value"),
        "≥",
        0.92,
        0.96,
    ),
    Target("false rises an hour", ("sisfall",), "trials", ("false_rises_per_h", "value"), "≤", 1.0, 0.5, 2),
    Target("false sit-downs an hour", ("sisfall",), "trials", ("false_sit_downs_per_h", "value"), "≤", 1.0, 0.5, 2),
    Target(
        "walking, sensitivity", (*LABELLED, "voisard"), "walking", ("sensitivity", "pooled", "value"), "≥", 0.93, 0.95
    ),
    Target(
        "walking, specificity", (*LABELLED, "voisard"), "walking", ("specificity", "pooled", "value"), "≥", 0.97, 0.98
    ),
    Target("steps, error a walk, %", ("voisard",), "steps", ("walk_absolute_percent", "value"), "≤", 3.0, 2.0, 1),
    Target("inclination moving, ratio to vqf", ("broad",), "inclination", ("ratio_to_vqf",), "≤", None, 1.0, 4),
    Target(
        "inclination moving, ratio to vqf",
        ("broad",),
        "inclination",
        ("ratio_to_vqf",),
        "≤",
        None,
        1.0,
        4,
        hindsight=True,
    ),
    Target("tilt while quasi-static, RMSE, deg", ("hapt", "voisard"), "tilt", ("rmse_deg", "value"), "≤", 1.0, 0.5, 2),
    Target("lag of a posture, 95th percentile, s", ("hapt",), "lag", ("posture", "p95_s"), "≤", 3.0, 3.0, 1),
    Target("lag of a transition, 95th percentile, s", ("hapt",), "lag", ("transition", "p95_s"), "≤", 2.5, 2.5, 1),
    Target(
        "clip turned by 5°, told within two walks", ("hapt",), "clip", ("moves", "5", "told", "value"), "≥", 0.95, 0.95
    ),
    Target("clip falsely said to have moved, a day", REPEATED, "clip", ("false_per_day", "value"), "≤", 0.2, 0.2, 1),
    Target(
        "worn seconds called not-worn",
        WORN,
        "worn",
        ("share",),
        "≤",
        0.0,
        0.0,
        4,
    ),
)


def figure(told: Mapping[str, Any], target: Target, way: str) -> float:
    """The figure of one way in what `run.figures` gave; NaN if it is not there."""
    node: Any = told.get(target.capability, {}).get("ways", {}).get(way)
    for key in target.path:
        node = cast("Mapping[str, Any]", node).get(key) if isinstance(node, Mapping) else None
    return float(node) if isinstance(node, int | float) else float("nan")


def met(value: float, target: Target, limit: float) -> bool:
    """Whether the figure, as it is printed, is good enough."""
    shown = round(value, target.decimals)
    return shown >= limit if target.sense == "≥" else shown <= limit


@dataclass(frozen=True, slots=True)
class Judged:
    """A target one way: its limit, the figure measured, and whether that is good enough."""

    target: Target
    way: str
    limit: float
    value: float
    met: bool


def judged(name: str, told: Mapping[str, Any]) -> list[Judged]:
    """Every target of the set `name` whose figure is there."""
    return [
        Judged(target, way, limit, value, met(value, target, limit))
        for target in TARGETS
        for way, limit in zip(_ways(target), (target.acc, target.gyro), strict=True)
        if name in target.datasets and limit is not None and not math.isnan(value := figure(told, target, way))
    ]


def table(name: str, told: Mapping[str, Any], halves: Sequence[tuple[str, Mapping[str, Any]]] = ()) -> Table | None:
    """Targets of the set `name` with figure and verdict, with a column for each of `halves` (head, figures)."""
    rows: list[tuple[str, ...]] = []
    for each in judged(name, told):
        target, way = each.target, each.way
        sides = [number(figure(half, target, way), target.decimals) for _, half in halves]
        verdict = "met" if each.met else "missed"
        shown = (f"{target.sense} {each.limit:g}", number(each.value, target.decimals), verdict)
        rows.append((target.label, WAYS[way].label, *shown, *sides))
    if not rows:
        return None
    note = "Both halves of the people were in sight while parameters were chosen: docs/parameters.md." if halves else ""
    heads = ("figure", "way", "target", "measured", "", *(head for head, _ in halves))
    return Table(f"Targets, {name}", heads, rows, note)


def plain(name: str, told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same as JSON holds it."""
    return [
        {
            "figure": each.target.label,
            "way": each.way,
            "sense": each.target.sense,
            "target": each.limit,
            "value": each.value,
            "met": each.met,
        }
        for each in judged(name, told)
    ]


def _ways(target: Target) -> tuple[str, str]:
    return ("acc-hindsight", "gyro-hindsight") if target.hindsight else ("acc-live", "gyro-live")
