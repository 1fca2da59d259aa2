"""Rises and sit-downs counted in scripted trials: how many each holds is known, when they happen is not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitor.evaluation import scoring
from monitor.evaluation.answers import WAYS, Answers, by_way
from monitor.evaluation.session import Session
from monitor.evaluation.tables import Table, interval, number, percent
from monitor.stream import Floats

KINDS = {"sit-to-stand": "rises", "stand-to-sit": "sit_downs", "bow": "bows"}
LYING = ("sit-to-lie", "lie-to-sit")
SEATED = ("D07", "D08", "D09", "D10")
BENDS = ("D16",)
QUIET = ("D01", "D02", "D03", "D04", "D05", "D06", "D18", "D19")
GROUPS = {  # label: activities
    "sit, stand up, slowly, half-height chair (D07)": ("D07",),
    "the same, quickly (D08)": ("D08",),
    "slowly, low chair (D09)": ("D09",),
    "quickly, low chair (D10)": ("D10",),
    "walk, jog (D01–D04)": ("D01", "D02", "D03", "D04"),
    "stairs (D05, D06)": ("D05", "D06"),
    "stumble, jump (D18, D19)": ("D18", "D19"),
    "a rise that collapses (D11)": ("D11",),
    "one squat, held (D15)": ("D15",),
    "bend forward, knees straight (D16)": ("D16",),
}


@dataclass(frozen=True, slots=True)
class Counted:
    """One trial one way: its activity, length in s, and what was told in it."""

    activity: str
    seconds: float
    rises: int
    sit_downs: int
    bows: int
    lying: int


Scored = dict[str, list[Counted]]


def measure(session: Session, answers: Mapping[str, Answers]) -> Scored:
    """By way; an event belongs to the trial in which its middle lies."""
    return {way: _counted(session, each) for way, each in answers.items()}


def _counted(session: Session, answers: Answers) -> list[Counted]:
    kinds = [*((kind,) for kind in KINDS), LYING]
    middles = [[(e.start_s + e.end_s) / 2.0 for e in answers.transitions if e.kind in of] for of in kinds]
    found: list[Counted] = []
    for trial in session.trials:
        inside = [sum(trial.start_s <= m < trial.end_s for m in of) for of in middles]
        found.append(Counted(trial.activity, trial.end_s - trial.start_s, *inside))
    return found


def figures(people: Mapping[str, Sequence[Scored]]) -> dict[str, Any]:
    """By way: exactness in the seated trials, false ones an hour, and every group."""
    return {
        "people": len(people),
        "ways": {
            way: _figures([[trial for each in several for trial in each] for several in sessions])
            for way, sessions in by_way(people).items()
        },
    }


def _figures(people: Sequence[Sequence[Counted]]) -> dict[str, Any]:
    seated = [[trial for trial in each if trial.activity in SEATED] for each in people]
    quiet = [[trial for trial in each if trial.activity in QUIET] for each in people]
    bends = [[trial for trial in each if trial.activity in BENDS] for each in people]
    every = [trial for each in people for trial in each]
    exact = {
        "rises_exact": [_sums(each, lambda trial: trial.rises == 1) for each in seated],
        "sit_downs_exact": [_sums(each, lambda trial: trial.sit_downs == 1) for each in seated],
        "both_exact": [_sums(each, lambda trial: trial.rises == trial.sit_downs == 1) for each in seated],
    }
    return {
        **{
            name: {
                "pooled": scoring.pooled(sums, scoring.ratio),
                "people": scoring.by_person(sums, scoring.ratio),
            }
            for name, sums in exact.items()
        },
        **{
            f"false_{what}_per_h": {
                **scoring.pooled([_hourly(each, what) for each in quiet], scoring.ratio),
                "people": scoring.by_person([_hourly(each, what) for each in quiet], scoring.ratio),
            }
            for what in ("rises", "sit_downs")
        },
        "bends": {
            "trials": sum(len(each) for each in bends),
            "bow": scoring.pooled([_sums(each, lambda trial: trial.bows > 0) for each in bends], scoring.ratio),
            "rise_or_sit_down": scoring.pooled(
                [_sums(each, lambda trial: trial.rises + trial.sit_downs > 0) for each in bends], scoring.ratio
            ),
            "lying": scoring.pooled([_sums(each, lambda trial: trial.lying > 0) for each in bends], scoring.ratio),
        },
        "quiet_hours": sum(trial.seconds for each in quiet for trial in each) / 3600.0,
        "groups": {
            label: _group([trial for trial in every if trial.activity in activities], int(activities[0] in SEATED))
            for label, activities in GROUPS.items()
        },
    }


def _sums(trials: Sequence[Counted], right: Callable[[Counted], bool]) -> Floats:
    return np.array([sum(map(right, trials)), len(trials)], dtype=np.float64)


def _hourly(trials: Sequence[Counted], what: str) -> Floats:
    return np.array([sum(getattr(trial, what) for trial in trials), sum(trial.seconds for trial in trials) / 3600.0])


def _group(trials: Sequence[Counted], held: int) -> dict[str, float]:
    """held: rises and sit-downs in each trial."""
    many = max(len(trials), 1)
    hours = sum(trial.seconds for trial in trials) / 3600.0
    return {
        "trials": float(len(trials)),
        "rises_exact": sum(trial.rises == held for trial in trials) / many,
        "sit_downs_exact": sum(trial.sit_downs == held for trial in trials) / many,
        **{f"{name}_a_trial": sum(getattr(trial, name) for trial in trials) / many for name in KINDS.values()},
        "rises_per_h": sum(trial.rises for trial in trials) / hours if hours else float("nan"),
        "sit_downs_per_h": sum(trial.sit_downs for trial in trials) / hours if hours else float("nan"),
    }


def tables(name: str, told: Mapping[str, Any]) -> list[Table]:
    """What is printed and documented."""
    ways: dict[str, Any] = told["ways"]
    exact = Table(
        f"One rise and one sit-down in each of D07 to D10, {name}: {told['people']} people, share of trials exact",
        ("what, way", "trials", "95 %", "a person: mean", "median", "p10"),
        [
            (
                f"{what}, {WAYS[way].label}",
                percent(each[key]["pooled"]["value"]),
                interval(each[key]["pooled"]),
                *(percent(each[key]["people"][of]) for of in ("mean", "median", "p10")),
            )
            for key, what in (("rises_exact", "rises"), ("sit_downs_exact", "sit-downs"), ("both_exact", "both"))
            for way, each in ways.items()
        ],
        "Exact: one was told in the trial, no more and no less.",
    )
    hours = next(iter(ways.values()))["quiet_hours"]
    false = Table(
        f"False ones an hour, {name}: {hours:.1f} h of walks, jogs, stairs, stumbles and jumps (D01–D06, D18, D19)",
        ("what, way", "an hour", "95 %", "a person: mean", "median", "p90"),
        [
            (
                f"{what}, {WAYS[way].label}",
                number(each[key]["value"], 2),
                interval(each[key], 2),
                *(number(each[key]["people"][of], 2) for of in ("mean", "median", "p90")),
            )
            for key, what in (("false_rises_per_h", "rises"), ("false_sit_downs_per_h", "sit-downs"))
            for way, each in ways.items()
        ],
    )
    groups = [
        Table(
            f"The same by group, {name}, {WAYS[way].label}",
            (
                "trials",
                "number",
                "rises exact",
                "sit-downs exact",
                "rises",
                "sit-downs",
                "bows",
                "rises/h",
                "sit-downs/h",
            ),
            [_group_row(label, each) for label, each in of["groups"].items()],
            "Exact: 1 in D07 to D10, 0 elsewhere. Rises, sit-downs and bows: told a trial. In D15 the pelvis sinks and "
            "lifts as on a chair, so no answer is right or wrong; in D16 a `bow` is right; D11 holds no rise, of its "
            "sit-downs nothing is said.",
        )
        for way, of in ways.items()
        if not WAYS[way].hindsight
    ]
    bends = Table(
        f"One bend forward with straight knees (D16), {name}: share of trials",
        (
            "way",
            "trials",
            "a bow told",
            "95 %",
            "a rise or a sit-down told",
            "95 %",
            "lying down or sitting up told",
            "95 %",
        ),
        [
            (
                WAYS[way].label,
                str(each["bends"]["trials"]),
                *(
                    text
                    for what in ("bow", "rise_or_sit_down", "lying")
                    for text in (percent(each["bends"][what]["value"]), interval(each["bends"][what]))
                ),
            )
            for way, each in ways.items()
        ],
        "A bow is right, all else is wrong; a trial may have several.",
    )
    return [exact, false, bends, *groups]


def _group_row(label: str, each: Mapping[str, float]) -> tuple[str, ...]:
    return (
        label,
        f"{each['trials']:.0f}",
        percent(each["rises_exact"], 0),
        percent(each["sit_downs_exact"], 0),
        *(number(each[f"{name}_a_trial"], 2) for name in KINDS.values()),
        number(each["rises_per_h"], 1),
        number(each["sit_downs_per_h"], 1),
    )
