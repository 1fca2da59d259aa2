"""Rises and sit-downs on the sisfall set: how many the scripted trials hold is known, when they happen is not."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import datasets
import product
from tables import Table

GAP_S = 5.0
GROUPS = {  # label: (activities, rises and sit-downs that each trial holds; None where it is not said)
    "sit and stand up, slowly, half-height chair (D07)": (("D07",), 1),
    "the same, quickly (D08)": (("D08",), 1),
    "slowly, low chair (D09)": (("D09",), 1),
    "quickly, low chair (D10)": (("D10",), 1),
    "walk, jog (D01–D04)": (("D01", "D02", "D03", "D04"), 0),
    "stairs (D05, D06)": (("D05", "D06"), 0),
    "stumble, jump (D18, D19)": (("D18", "D19"), 0),
    "bend forward, knees straight (D16)": (("D16",), 0),
}


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial of one person: its activity, length in s, and the rises and sit-downs told in it."""

    person: str
    activity: str
    seconds: float
    rises: int
    sits: int


def measure(path: Path) -> list[Trial]:
    """One recording a person, trials in the order of their names with 5 s between, accelerometer only."""
    held = datasets.read_sisfall(path)
    with tempfile.TemporaryDirectory() as folder:
        source, recording, events = Path(folder, "in.csv"), Path(folder, "in.sqlite"), Path(folder, "events.jsonl")
        spans = datasets.write_trials(source, held, GAP_S)
        product.run("import", source, recording)
        product.analyze(recording, "--events", events)
        told = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    middles = [(each["kind"], (each["start_s"] + each["end_s"]) / 2.0) for each in told if each["type"] == "transition"]

    def count(kind: str, start_s: float, end_s: float) -> int:
        return sum(each == kind and start_s <= middle < end_s for each, middle in middles)

    return [
        Trial(path.stem, activity, b - a, count("sit-to-stand", a, b), count("stand-to-sit", a, b))
        for activity, a, b in spans
    ]


def tables(people: Sequence[Sequence[Trial]]) -> list[Table]:
    """What is printed and documented."""
    trials = [trial for person in people for trial in person]
    rows: list[tuple[str, ...]] = []
    for label, (activities, held) in GROUPS.items():
        group = [trial for trial in trials if trial.activity in activities]
        hours = sum(trial.seconds for trial in group) / 3600.0
        counts = [(trial.rises, trial.sits) for trial in group]
        exact = [f"{100.0 * sum(each[side] == held for each in counts) / len(group):.0f} %" for side in (0, 1)]
        hourly = ["" if held else f"{sum(each[side] for each in counts) / hours:.1f}" for side in (0, 1)]
        rows.append((label, str(len(group)), exact[0], exact[1], *hourly))
    return [
        Table(
            f"Rises and sit-downs, sisfall: {len(people)} people, accelerometer only",
            ("trials", "number", "rises exact", "sit-downs exact", "false rises an hour", "false sit-downs an hour"),
            rows,
            "Exact: the trial holds one rise and one sit-down (D07 to D10), or none, and that is what was told.",
        )
    ]
