"""Steps on the voisard set: the summed steps of `sitwell analyze` against every foot contact of the reference."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import datasets
import numpy as np
import product
from tables import Table, number


@dataclass(frozen=True, slots=True)
class Trial:
    """Steps of one walk: reference and answer."""

    person: str
    true: int
    found: int


def measure(path: Path) -> Trial:
    """Run one walk, accelerometer only; made to be called in a process of its own."""
    trial = datasets.read_voisard(path)
    with tempfile.TemporaryDirectory() as folder:
        source, recording = Path(folder, "in.csv"), Path(folder, "in.sqlite")
        datasets.write_csv(source, trial.rate_hz, trial.acc_g, None)
        product.run("import", source, recording)
        figures = product.analyze(recording)
    return Trial(trial.person, trial.steps, figures["steps"])


def tables(trials: Sequence[Trial]) -> list[Table]:
    """What is printed and documented."""
    errors = np.array([100.0 * (trial.found - trial.true) / trial.true for trial in trials])
    people = sorted({trial.person for trial in trials})
    total = 100.0 * (sum(trial.found for trial in trials) / sum(trial.true for trial in trials) - 1.0)
    row = (
        "accelerometer only",
        number(float(np.abs(errors).mean()), 1),
        number(float(np.median(np.abs(errors))), 1),
        number(float(np.percentile(np.abs(errors), 90.0)), 1),
        f"{total:+.1f}",
        "≤ 3",
    )
    return [
        Table(
            f"Steps, voisard: {len(people)} people, {len(trials)} walks, error in % of the reference",
            ("way", "mean absolute", "median absolute", "90th percentile", "of the total", "target, mean absolute"),
            [row],
            "Each walk lasts about half a minute and begins with standing still: a second missed at its start weighs.",
        )
    ]
