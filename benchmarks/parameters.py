"""How much each limit of posture and transitions matters, and what comes out where they are chosen on other people.

python benchmarks/parameters.py [--data FOLDER] [--write]   --write renews docs/parameters.md

Every parameter is moved alone, down and up by a quarter, on hapt and sisfall, accelerometer only, live. Then the
parameters are chosen on one half of the people, by what helped there, and scored on the other half, and the other way.
"""

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from accuracy import ABSENT, locate
from document import heading, show

from monitor import analysis
from monitor.evaluation import run, scoring
from monitor.evaluation.answers import Answers
from monitor.evaluation.posture import measure as measure_posture
from monitor.evaluation.session import number as person_number
from monitor.evaluation.tables import Table, number
from monitor.evaluation.transitions import f1
from monitor.evaluation.transitions import measure as measure_moves
from monitor.evaluation.trials import QUIET, SEATED, Counted
from monitor.evaluation.trials import measure as measure_trials
from monitor.profile import Profile
from monitor.stream import Epoch, Event, Transition

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "parameters.md"
WAY = "acc-live"
FACTORS = (0.75, 1.25)
SECTIONS = ("transitions", "posture")
LEFT_ALONE = {"lag", "min_p", "floor"}  # promises and safeguards, not limits on what is measured
HELPS = 0.001  # a change that gains less on one half is not taken there
HALVES = ("odd", "even")

INTRODUCTION = """\
Score: the mean of five shares, less .01 for each false rise or sit-down an hour in sisfall's walking, stairs, stumbles
and jumps: hapt's balanced accuracy of posture, F1 of rises and of sit-downs; sisfall's trials with exactly one rise,
and with exactly one sit-down. Accelerometer only, live. Each parameter was moved alone to three quarters and to five
quarters of what is shipped; the columns say by how much the score changes on odd-numbered and on even-numbered people.

A parameter that gains on one half and loses on the other is fitted as far as these people can tell. The rows are in the
order of how much they can lose.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """What one file gives to the score."""

    person: str
    posture: np.ndarray | None = None
    moves: Mapping[str, np.ndarray] | None = None
    trials: np.ndarray | None = None  # (4,): exact rises, exact sit-downs, trials with one of each, false ones
    quiet_h: float = 0.0


def measure(job: tuple[str, Path, Profile]) -> Part:
    """One file with one profile; made to be called in a process of its own."""
    dataset, path, profile = job
    session = run.DATASETS[dataset].read(path)
    events: list[Event] = []
    analysis.run(
        session.records(), session.rate_hz, profile, gyro=False, sink=lambda _record, new, _pipeline: events.extend(new)
    )
    told = Answers(
        epochs={int(event.t_s): event for event in events if isinstance(event, Epoch)},
        transitions=[event for event in events if isinstance(event, Transition)],
        breaks=[],
        directions={},
        t_s=np.zeros(0),
        up=np.zeros((0, 3)),
    )
    if dataset == "hapt":
        moves = measure_moves(session, {WAY: told})[WAY]
        counts = measure_posture(session, {WAY: told}).counts[WAY]
        return Part(session.person, counts, {kind: each.counts for kind, each in moves.items()})
    return _trials(session.person, measure_trials(session, {WAY: told})[WAY])


def _trials(person: str, trials: Sequence[Counted]) -> Part:
    once = [trial for trial in trials if trial.activity in SEATED]
    never = [trial for trial in trials if trial.activity in QUIET]
    counts = (
        sum(trial.rises == 1 for trial in once),
        sum(trial.sit_downs == 1 for trial in once),
        len(once),
        sum(trial.rises + trial.sit_downs for trial in never),
    )
    return Part(person, trials=np.array(counts, dtype=float), quiet_h=sum(trial.seconds for trial in never) / 3600.0)


def score(parts: Sequence[Part], half: str) -> float:
    """As the introduction has it."""
    mine = [part for part in parts if (person_number(part.person) % 2 == 1) == (half == "odd")]
    postures = np.sum([part.posture for part in mine if part.posture is not None], axis=0)
    moves = [part.moves for part in mine if part.moves]
    rises, sits = (
        float(f1(np.sum([each[kind] for each in moves], axis=0))) for kind in ("sit-to-stand", "stand-to-sit")
    )
    trials = np.sum([part.trials for part in mine if part.trials is not None], axis=0)
    hours = sum(part.quiet_h for part in mine)
    shares = (float(scoring.balanced_accuracy(postures)), rises, sits, trials[0] / trials[2], trials[1] / trials[2])
    return float(np.mean(shares)) - 0.01 * float(trials[3]) / hours


def variants() -> dict[tuple[str, float], Profile]:
    """(section.name, factor) -> the shipped profile with that one parameter moved."""
    base = Profile()
    found: dict[tuple[str, float], Profile] = {}
    for section in SECTIONS:
        params = getattr(base, section)
        for name in params.__dataclass_fields__:
            value = getattr(params, name)
            if not isinstance(value, float) or name in LEFT_ALONE or value == 0.0:
                continue
            for factor in FACTORS:
                moved = min(value * factor, 0.999) if name == "seen_p" else value * factor
                found[f"{section}.{name}", factor] = replace(base, **{section: replace(params, **{name: moved})})
    return found


def chosen(gains: Mapping[tuple[str, float], Mapping[str, float]], half: str) -> tuple[Profile, list[str]]:
    """The shipped profile with every move that gained on this half, the better of two of one parameter."""
    profile, taken = Profile(), []
    for name in {name for name, _ in gains}:
        factor = max(FACTORS, key=lambda each, name=name: gains[name, each][half])
        if gains[name, factor][half] < HELPS:
            continue
        section, _, field = name.partition(".")
        params = getattr(profile, section)
        profile = replace(profile, **{section: replace(params, **{field: getattr(params, field) * factor})})
        taken.append(f"{name} x {factor:g}")
    return profile, sorted(taken)


def main() -> int:
    """Read the command line, measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with hapt and sisfall; default: as in accuracy.py")
    parser.add_argument("--write", action="store_true", help="write docs/parameters.md")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    arguments = parser.parse_args()
    data = locate(arguments.data)
    if data is None:
        print(ABSENT)
        return 0
    paths = [(name, path) for name in ("hapt", "sisfall") for path in run.files(name, data)]
    begin_s = time.perf_counter()
    with ProcessPoolExecutor(arguments.jobs, get_context("spawn")) as pool:

        def of(profile: Profile) -> dict[str, float]:
            parts = list(pool.map(measure, [(name, path, profile) for name, path in paths], chunksize=4))
            return {half: score(parts, half) for half in HALVES}

        base = of(Profile())
        gains: dict[tuple[str, float], dict[str, float]] = {}
        moved = variants()
        for place, (key, profile) in enumerate(moved.items(), 1):
            gains[key] = {half: value - base[half] for half, value in of(profile).items()}
            print(f"\r{place} of {len(moved)}: {key[0]:<40}", end="", file=sys.stderr)
        picks = {half: chosen(gains, half) for half in HALVES}
        held_out = {half: of(picks[half][0]) for half in HALVES}
    print(f"\r{time.perf_counter() - begin_s:.0f} s for the whole run{'':<40}", file=sys.stderr)
    results = [_halves(base, picks, held_out), _moved(gains)]
    show(results)
    if arguments.write:
        parts = [heading("Parameters", "python benchmarks/parameters.py --write"), INTRODUCTION]
        parts += [table.markdown() + "\n" for table in results]
        DOCUMENT.write_text("\n".join(parts), encoding="utf-8")
    return 0


def _halves(
    base: Mapping[str, float],
    picks: Mapping[str, tuple[Profile, list[str]]],
    held_out: Mapping[str, Mapping[str, float]],
) -> Table:
    rows = [("as shipped", *(number(base[half]) for half in HALVES), "")]
    rows += [
        (f"chosen on {half} people", *(number(held_out[half][side]) for side in HALVES), "; ".join(picks[half][1]))
        for half in HALVES
    ]
    return Table(
        "Chosen on one half, scored on both",
        ("parameters", "score of odd people", "score of even people", "moves taken"),
        rows,
        "The honest figures of a choice are those of the half that it was not made on. What is shipped was looked at "
        "on both.",
    )


def _moved(gains: Mapping[tuple[str, float], Mapping[str, float]]) -> Table:
    names = sorted({name for name, _ in gains}, key=lambda name: min(min(gains[name, f].values()) for f in FACTORS))
    rows = []
    for name in names:
        section, _, field = name.partition(".")
        shipped = getattr(getattr(Profile(), section), field)
        cells = [f"{gains[name, factor][half]:+.3f}" for factor in FACTORS for half in HALVES]
        rows.append((name, f"{shipped:g}", *cells))
    heads = [f"x {factor:g}, {half}" for factor in FACTORS for half in HALVES]
    return Table("Each parameter moved alone: change of the score", ("parameter", "shipped", *heads), rows)


if __name__ == "__main__":
    sys.exit(main())
