"""The real `sitwell` commands, called in this process, and the files they write, read back."""

import contextlib
import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.cli import sitwell

Floats = NDArray[np.float64]


def run(*arguments: str | Path) -> str:
    """Run `sitwell ARGUMENTS` and return what it printed; raises what it raises."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        sitwell.main([str(argument) for argument in arguments], prog_name="sitwell", standalone_mode=False)
    return out.getvalue()


def analyze(recording: Path, *options: str | Path) -> dict[str, Any]:
    """`sitwell analyze --json` with the shipped settings, whatever the wearer's own say; its figures."""
    shipped = recording.with_name("shipped.toml")
    shipped.touch()
    return json.loads(run("analyze", recording, "--json", "--profile", shipped, *options))


def read_epochs(path: Path) -> dict[int, str]:
    """Start (whole s) -> posture."""
    with path.open(encoding="utf-8", newline="") as file:
        return {int(float(row["t_s"])): row["posture"] for row in csv.DictReader(file)}


def read_transitions(path: Path) -> dict[str, list[tuple[float, float]]]:
    """Kind of transition -> (start_s, end_s) of each."""
    found: dict[str, list[tuple[float, float]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event["type"] == "transition":
            found.setdefault(event["kind"], []).append((event["start_s"], event["end_s"]))
    return found


def read_up(path: Path) -> Floats:
    """(N, 3): up of every sample."""
    return np.loadtxt(path, delimiter=",", skiprows=1, usecols=(1, 2, 3), ndmin=2)
