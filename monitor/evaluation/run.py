"""Which set is read by whom and scored for what, over processes; figures and tables of all of it."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal, cast

from monitor.evaluation import (
    alignment,
    clip,
    inclination,
    lag,
    posture,
    posture_tables,
    sitting,
    steps,
    targets,
    tilt,
    transitions,
    trials,
    walking,
    worn,
)
from monitor.evaluation.answers import Answers, answers
from monitor.evaluation.datasets import find, read_broad, read_hapt, read_sisfall, read_voisard
from monitor.evaluation.harth import read_harth
from monitor.evaluation.session import Session, number
from monitor.evaluation.tables import Table
from monitor.profile import Profile

People = Literal["all", "odd", "even"]


@dataclass(frozen=True, slots=True)
class Capability:
    """measure: a session and its answers to what is kept of it; figures: of people; tables: of figures."""

    measure: Callable[[Session, Mapping[str, Answers]], Any]
    figures: Callable[[Mapping[str, Sequence[Any]]], dict[str, Any]]
    tables: Callable[[str, Mapping[str, Any]], list[Table]]


CAPABILITIES = {
    "posture": Capability(posture.measure, posture.figures, posture_tables.tables),
    "walking": Capability(walking.measure, walking.figures, walking.tables),
    "transitions": Capability(transitions.measure, transitions.figures, transitions.tables),
    "trials": Capability(trials.measure, trials.figures, trials.tables),
    "sitting": Capability(
        lambda session, told: sitting.measure(session, told, Profile()), sitting.figures, sitting.tables
    ),
    "steps": Capability(steps.measure, steps.figures, steps.tables),
    "inclination": Capability(inclination.measure, inclination.figures, inclination.tables),
    "tilt": Capability(tilt.measure, tilt.figures, tilt.tables),
    "lag": Capability(lambda session, _: lag.measure(session, Profile()), lag.figures, lag.tables),
    "alignment": Capability(alignment.measure, alignment.figures, alignment.tables),
    "clip": Capability(lambda session, told: clip.measure(session, told, Profile()), clip.figures, clip.tables),
    "worn": Capability(worn.measure, worn.figures, worn.tables),
}
ORIENTED = {"inclination", "tilt"}
NOT_WORN_SETS = {"broad"}


@dataclass(frozen=True, slots=True)
class Dataset:
    """A set: its files, their reader, and what it can tell."""

    pattern: str
    read: Callable[[Path], Session]
    capabilities: tuple[str, ...]


FREE_LIVING = ("posture", "walking", "transitions", "sitting", "clip", "worn")
DATASETS = {
    "hapt": Dataset("*.npz", read_hapt, ("posture", "walking", "transitions", "lag", "tilt", "clip", "worn")),
    "sisfall": Dataset("*.npz", read_sisfall, ("trials", "alignment", "clip", "worn")),
    "voisard": Dataset("*.npz", read_voisard, ("steps", "walking", "tilt", "alignment", "clip", "worn")),
    "broad": Dataset("*.npz", read_broad, ("inclination",)),
    "harth": Dataset("*.csv", read_harth, FREE_LIVING),
    "har70plus": Dataset("*.csv", read_harth, FREE_LIVING),
}


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What is kept of one session, by capability."""

    name: str
    person: str
    parts: dict[str, Any] = field(default_factory=dict[str, Any])


def files(dataset: str, path: Path) -> list[Path]:
    """The files of a set in PATH or in a folder of its name there; raises RecordingError if there are none."""
    return find(path, dataset, DATASETS[dataset].pattern)


def measure_file(dataset: str, path: Path) -> Measured:
    """Read one file and measure all that its set can tell, with the shipped settings."""
    of = DATASETS[dataset]
    session = of.read(path)
    told = answers(session, Profile(), oriented=bool(ORIENTED & set(of.capabilities)))
    wanted = [name for name in of.capabilities if name != "lag" or session.lag]
    return Measured(session.name, session.person, {name: CAPABILITIES[name].measure(session, told) for name in wanted})


def measure(dataset: str, paths: Sequence[Path], jobs: int) -> Iterator[Measured]:
    """Every file, in order; the results do not depend on jobs, the number of processes."""
    if jobs <= 1 or len(paths) <= 1:
        for path in paths:
            yield measure_file(dataset, path)
        return
    with ProcessPoolExecutor(min(jobs, len(paths)), get_context("spawn")) as pool:
        try:
            yield from pool.map(measure_file, [dataset] * len(paths), paths)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def of_people(measured: Sequence[Measured], people: People) -> list[Measured]:
    """The sessions of odd-numbered people, of even-numbered ones, or all."""
    return [each for each in measured if people == "all" or (number(each.person) % 2 == 1) == (people == "odd")]


def figures(dataset: str, measured: Sequence[Measured]) -> dict[str, Any]:
    """Capability -> its figures."""
    told: dict[str, Any] = {}
    for name in DATASETS[dataset].capabilities:
        people: dict[str, list[Any]] = defaultdict(list)
        for each in measured:
            if name in each.parts:
                people[each.person].append(each.parts[name])
        if people:
            told[name] = CAPABILITIES[name].figures(people)
    return told


def halves(dataset: str, measured: Sequence[Measured]) -> list[tuple[str, dict[str, Any]]]:
    """(head, figures) of odd-numbered and of even-numbered people; none where nobody wore the sensor."""
    if dataset in NOT_WORN_SETS:
        return []
    sides: tuple[People, People] = ("odd", "even")
    return [(f"{side} people", figures(dataset, of_people(measured, side))) for side in sides]


def tables(dataset: str, told: Mapping[str, Any], sides: Sequence[tuple[str, Mapping[str, Any]]] = ()) -> list[Table]:
    """The tables of a set's figures, the targets first, with a column for each of `sides` (what halves gave)."""
    first = targets.table(dataset, told, sides)
    rest = [table for name, each in told.items() for table in CAPABILITIES[name].tables(dataset, each) if table.rows]
    return [first, *rest] if first else rest


def plain(node: Any) -> Any:
    """Figures as JSON holds them: NaN becomes null, floats are rounded to nine digits."""
    if isinstance(node, Mapping):
        return {str(key): plain(value) for key, value in cast("Mapping[Any, Any]", node).items()}
    if isinstance(node, list | tuple):
        return [plain(value) for value in cast("Sequence[Any]", node)]
    if isinstance(node, float):
        return None if math.isnan(node) else float(f"{node:.9g}")
    return node
