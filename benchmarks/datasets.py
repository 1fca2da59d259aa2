"""Readers of the recordings for development that lie beside the project, and the canonical CSV made of them.

They were made by others, and stay where they are: everything is read in place and written to a temporary folder only.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ENVIRONMENT = "SITWELL_DATA"
ABSENT = "shared/data is not here: nothing measured. Name its place with --data or SITWELL_DATA."
LEAD_S = 60.0
BROAD_AVERAGED = 3

HAPT_WALK = 1
HAPT_POSTURES = {1: "walking", 2: "walking", 3: "walking", 4: "sitting", 5: "standing", 6: "lying"}
HAPT_RISE, HAPT_SIT_DOWN = 8, 7


def locate(option: Path | None = None) -> Path | None:
    """The folder with the sets: as named, as the environment has it, or beside the project; None if it is not there."""
    named = option or (Path(os.environ[ENVIRONMENT]) if os.environ.get(ENVIRONMENT) else None)
    folder = named or Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
    return folder.resolve() if (folder / "hapt").is_dir() or (folder / "broad").is_dir() else None


def files(data: Path, name: str) -> list[Path]:
    """The recordings of one set, in the order of their names; none if the set is absent."""
    return sorted((data / name).glob("*.npz"))


@dataclass(frozen=True, slots=True, eq=False)
class Hapt:
    """One session of the waist phone, walking lead first.

    label : (N,) activity of each sample; -1 in the lead, which is not scored
    lead  : number of samples in the lead
    """

    name: str
    person: str
    rate_hz: float
    acc_g: Floats
    gyr_dps: Floats
    label: NDArray[np.int64]
    lead: int


def read_hapt(path: Path) -> Hapt:
    """A session preceded by up to 60 s of its own level walking, longest bouts first, as if walking to the desk."""
    with np.load(path) as held:
        acc_g, gyr_dps = held["acc_g"].astype(np.float64), held["gyr_dps"].astype(np.float64)
        label, rate_hz = held["label"].astype(np.int64), float(held["rate_hz"])
    lead = walking_lead(label, int(LEAD_S * rate_hz))
    order = np.concatenate((lead, np.arange(len(label))))
    return Hapt(
        name=path.stem,
        person=path.stem.split("_")[0],
        rate_hz=rate_hz,
        acc_g=acc_g[order],
        gyr_dps=gyr_dps[order],
        label=np.concatenate((np.full(len(lead), -1), label)),
        lead=len(lead),
    )


def walking_lead(label: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Indices of up to `most` samples labelled as level walking, whole bouts in order of length, the last one cut."""
    walking = np.concatenate(([0], (label == HAPT_WALK).astype(np.int64), [0]))
    starts, ends = np.flatnonzero(np.diff(walking) == 1), np.flatnonzero(np.diff(walking) == -1)
    longest_first = np.argsort(starts - ends, kind="stable")
    bouts = [np.arange(starts[bout], ends[bout]) for bout in longest_first]
    return np.concatenate(bouts)[:most] if bouts else np.zeros(0, dtype=np.int64)


def scored_seconds(label: NDArray[np.int64], rate_hz: float) -> dict[int, str]:
    """Start (whole s) -> posture of every second that lies wholly in one label and has a posture."""
    truth: dict[int, str] = {}
    per_second = round(rate_hz)
    for second in range(len(label) // per_second):
        inside = label[second * per_second : (second + 1) * per_second]
        posture = HAPT_POSTURES.get(int(inside[0]))
        if posture and (inside == inside[0]).all():
            truth[second] = posture
    return truth


@dataclass(frozen=True, slots=True, eq=False)
class Broad:
    """One trial of an IMU moved by hand, averaged to about 95 Hz.

    quat   : (N, 4) optical orientation, sensor -> earth, at the middle of the average; NaN where the cameras lost it
    moving : (N,) bool, where to score
    """

    name: str
    rate_hz: float
    acc_g: Floats
    gyr_dps: Floats
    quat: Floats
    moving: NDArray[np.bool_]


def read_broad(path: Path) -> Broad:
    """A trial, BROAD_AVERAGED samples averaged into one."""
    with np.load(path) as held:
        acc_g, gyr_dps = _averaged(held["acc_g"]), _averaged(held["gyr_dps"])
        rate_hz = float(held["rate_hz"]) / BROAD_AVERAGED
        middle = slice(BROAD_AVERAGED // 2, len(acc_g) * BROAD_AVERAGED, BROAD_AVERAGED)
        quat = held["opt_quat"].astype(np.float64)[middle]
        moving = held["movement"][middle]
    return Broad(path.stem, rate_hz, acc_g, gyr_dps, quat, moving)


def _averaged(values: NDArray[np.float32]) -> Floats:
    whole = len(values) // BROAD_AVERAGED * BROAD_AVERAGED
    return values[:whole].astype(np.float64).reshape(-1, BROAD_AVERAGED, values.shape[1]).mean(axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Voisard:
    """One walk there and back with a sensor at L5. steps: how many foot contacts the reference has."""

    name: str
    person: str
    rate_hz: float
    acc_g: Floats
    gyr_dps: Floats
    steps: int


def read_voisard(path: Path) -> Voisard:
    """A trial as it is."""
    with np.load(path) as held:
        return Voisard(
            name=path.stem,
            person=str(int(held["subject"])),
            rate_hz=float(held["rate_hz"]),
            acc_g=held["acc_g"].astype(np.float64),
            gyr_dps=held["gyr_dps"].astype(np.float64),
            steps=len(held["foot_events"]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Sisfall:
    """All trials of one person, sensor at the front of the belt: (activity, samples (n, 3)), in the order of names."""

    person: str
    rate_hz: float
    trials: list[tuple[str, Floats]]


def read_sisfall(path: Path) -> Sisfall:
    """The accelerations of each trial; the activity is the first part of the trial's name."""
    with np.load(path) as held:
        acc_g = held["acc_g"].astype(np.float64)
        spans = sorted(zip(held["trial"].tolist(), held["start"].tolist(), held["stop"].tolist(), strict=True))
        return Sisfall(path.stem, float(held["rate_hz"]), [(str(name)[:3], acc_g[a:b]) for name, a, b in spans])


def write_trials(path: Path, held: Sisfall, gap_s: float) -> list[tuple[str, float, float]]:
    """Canonical CSV of all trials with gap_s between them; gives (activity, start s, end s) of each."""
    spans: list[tuple[str, float, float]] = []
    start_s = 0.0
    with path.open("w", encoding="utf-8") as file:
        file.write("time_s,acc_x_g,acc_y_g,acc_z_g\n")
        for activity, acc_g in held.trials:
            t_s = np.round(start_s + np.arange(len(acc_g)) / held.rate_hz, 6)
            texts = (map(repr, column.tolist()) for column in (t_s, *acc_g.T))
            file.writelines(",".join(row) + "\n" for row in zip(*texts, strict=True))
            spans.append((activity, start_s, start_s + len(acc_g) / held.rate_hz))
            start_s = round(spans[-1][2] + gap_s, 6)
    return spans


def write_csv(path: Path, rate_hz: float, acc_g: Floats, gyr_dps: Floats | None) -> None:
    """Canonical CSV; every value reads back as the same float. Time starts at 0."""
    t_s = np.round(np.arange(len(acc_g)) / rate_hz, 6)
    columns = [t_s, *acc_g.T, *(() if gyr_dps is None else gyr_dps.T)]
    header = "time_s,acc_x_g,acc_y_g,acc_z_g" + ("" if gyr_dps is None else ",gyr_x_dps,gyr_y_dps,gyr_z_dps")
    texts = (map(repr, column.tolist()) for column in columns)
    with path.open("w", encoding="utf-8") as file:
        file.write(header + "\n")
        file.writelines(",".join(row) + "\n" for row in zip(*texts, strict=True))
