"""Readers of hapt, sisfall, voisard and broad as .npz files: one file is one Session.

They are read in place and nothing of them is kept. Every sample goes in as it stands in the file.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import FileFormatError, RecordingError
from monitor.evaluation.scoring import Interval, runs
from monitor.evaluation.session import Optical, Session, Trial, number
from monitor.signal.alignment import AXES
from monitor.signal.orientation import up_from_quat
from monitor.signal.timebase import TIME_DECIMALS
from monitor.stream import Floats, Samples

LEAD_S = 60.0
TRIAL_GAP_S = 5.0
BROAD_AVERAGED = 3

HAPT_WALK, HAPT_STAND = 1, 5
HAPT_POSTURES = {1: "walking", 2: "walking", 3: "walking", 4: "sitting", 5: "standing", 6: "lying"}
HAPT_MOVES = {
    "sit-to-stand": (8,),
    "stand-to-sit": (7,),
    "lie-to-sit": (10,),
    "sit-to-lie": (9,),
    "lie-to-stand": (12,),
    "stand-to-lie": (11,),
}
VOISARD_STANDING = 0
SISFALL_FRONT = "+z"  # at the front of the belt, facing forward; y down
VOISARD_FRONT = "-z"  # at L5; x up, z backward


def find(path: Path, name: str, pattern: str) -> list[Path]:
    """The files of a set, sorted by name: PATH itself, PATH/pattern or PATH/name/pattern.

    Raises RecordingError, which says where they were looked for, if there are none.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise RecordingError(f"{path} is not there: name the folder that holds the files of {name}.", path)
    for folder in (path, path / name):
        found = sorted(folder.glob(pattern))
        if found:
            return found
    raise RecordingError(f"{path} holds no {pattern}, nor does {path / name}: name the folder of {name}.", path)


def arrays(path: Path, *names: str) -> dict[str, NDArray[Any]]:
    """Arrays of an .npz file; raises FileFormatError if it is none or one of them is missing."""
    try:
        held: Mapping[str, NDArray[Any]]
        with np.load(path) as held:
            missing = [name for name in names if name not in held]
            if missing:
                message = f"it holds no '{missing[0]}': is this a file of the set that --dataset names?"
                raise FileFormatError(message, path)
            return {name: held[name] for name in names}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise FileFormatError(f"it cannot be read as .npz ({error}): fetch it again.", path) from error


def samples(rate_hz: float, acc_g: NDArray[Any], gyr_dps: NDArray[Any], t_s: Floats | None = None) -> Samples:
    """Samples of arrays (N, 3); their times, if not given, run evenly from 0 s."""
    times = np.arange(len(acc_g)) / rate_hz if t_s is None else t_s
    return Samples(np.round(times, TIME_DECIMALS), acc_g.astype(np.float64), gyr_dps.astype(np.float64))


def whole_seconds(label: NDArray[np.int64], rate_hz: float, names: Mapping[int, str]) -> dict[int, str]:
    """Start (whole s) -> name of every second that lies wholly in one label; label (N,) runs evenly from 0 s."""
    truth: dict[int, str] = {}
    per_second = round(rate_hz)
    for second in range(len(label) // per_second):
        inside = label[second * per_second : (second + 1) * per_second]
        name = names.get(int(inside[0]))
        if name and (inside == inside[0]).all():
            truth[second] = name
    return truth


def spans(label: NDArray[np.int64], rate_hz: float, wanted: tuple[int, ...]) -> list[Interval]:
    """Every stretch of one label among `wanted`, s."""
    return [(a / rate_hz, b / rate_hz) for a, b in runs(label) if int(label[a]) in wanted]


# ---------------------------------------------------------------- hapt


def read_hapt(path: Path) -> Session:
    """A session preceded by up to 60 s of its own level walking, longest bouts first, as if walking to the desk."""
    held = arrays(path, "acc_g", "gyr_dps", "label", "rate_hz")
    label, rate_hz = held["label"].astype(np.int64), float(held["rate_hz"])
    lead = walking_lead(label, int(LEAD_S * rate_hz))
    order = np.concatenate((lead, np.arange(len(label))))
    person, _, experiment = path.stem.partition("_")
    label = np.concatenate((np.full(len(lead), -1), label))
    lead_s = len(lead) / rate_hz
    return Session(
        name=path.stem,
        person=person,
        rate_hz=rate_hz,
        samples=samples(rate_hz, held["acc_g"][order], held["gyr_dps"][order]),
        truth=whole_seconds(label, rate_hz, HAPT_POSTURES),
        moves={kind: spans(label, rate_hz, codes) for kind, codes in HAPT_MOVES.items()},
        unlabelled=spans(label, rate_hz, (0,)),
        walks=spans(label, rate_hz, (HAPT_WALK,)),
        stands=spans(label, rate_hz, (HAPT_STAND,)),
        lead_s=lead_s,
        ignored_s=lead_s,
        lag=number(experiment) % 4 == 1,
    )


def walking_lead(label: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Indices of up to `most` samples labelled as level walking, whole bouts in order of length, the last one cut."""
    walking = np.concatenate(([0], (label == HAPT_WALK).astype(np.int64), [0]))
    starts, ends = np.flatnonzero(np.diff(walking) == 1), np.flatnonzero(np.diff(walking) == -1)
    longest_first = np.argsort(starts - ends, kind="stable")
    bouts = [
        np.arange(a, b, dtype=np.int64)
        for a, b in zip(starts[longest_first].tolist(), ends[longest_first].tolist(), strict=True)
    ]
    return np.concatenate(bouts)[:most] if bouts else np.zeros(0, dtype=np.int64)


# ---------------------------------------------------------------- sisfall, voisard, broad


def read_sisfall(path: Path) -> Session:
    """All trials of one person in the order of their names, 5 s between them."""
    held = arrays(path, "acc_g", "gyr_dps", "trial", "start", "stop", "rate_hz")
    rate_hz = float(held["rate_hz"])
    acc: list[NDArray[Any]] = [np.zeros((0, 3))]
    gyr: list[NDArray[Any]] = [np.zeros((0, 3))]
    times = [np.zeros(0)]
    trials: list[Trial] = []
    start_s = 0.0
    order: list[int] = np.argsort(held["trial"], kind="stable").tolist()
    for place in order:
        name, a, b = str(held["trial"][place]), int(held["start"][place]), int(held["stop"][place])
        acc.append(held["acc_g"][a:b])
        gyr.append(held["gyr_dps"][a:b])
        times.append(start_s + np.arange(b - a) / rate_hz)
        end_s = start_s + (b - a) / rate_hz
        trials.append(Trial(name[:3], start_s, end_s))
        start_s = end_s + TRIAL_GAP_S
    t_s = np.concatenate(times)
    made = samples(rate_hz, np.concatenate(acc), np.concatenate(gyr), t_s)
    return Session(path.stem, path.stem, rate_hz, made, trials=trials, anterior=AXES[SISFALL_FRONT])


def read_voisard(path: Path) -> Session:
    """A walk there and back with a sensor at L5."""
    held = arrays(path, "acc_g", "gyr_dps", "label", "foot_events", "subject", "rate_hz")
    rate_hz = float(held["rate_hz"])
    walks = (held["label"] != VOISARD_STANDING).astype(np.int64)  # straight on or turning round
    return Session(
        name=path.stem,
        person=str(int(held["subject"])),
        rate_hz=rate_hz,
        samples=samples(rate_hz, held["acc_g"], held["gyr_dps"]),
        truth=whole_seconds(walks, rate_hz, {0: "standing", 1: "walking"}),
        steps=len(held["foot_events"]),
        anterior=AXES[VOISARD_FRONT],
    )


def read_broad(path: Path) -> Session:
    """An IMU moved by hand, BROAD_AVERAGED samples averaged into one; the truth is that in their middle."""
    held = arrays(path, "acc_g", "gyr_dps", "opt_quat", "movement", "rate_hz")
    rate_hz = float(held["rate_hz"]) / BROAD_AVERAGED
    acc_g, gyr_dps = _averaged(held["acc_g"]), _averaged(held["gyr_dps"])
    middle = slice(BROAD_AVERAGED // 2, len(acc_g) * BROAD_AVERAGED, BROAD_AVERAGED)
    up = up_from_quat(held["opt_quat"].astype(np.float64)[middle])
    return Session(
        name=path.stem,
        person=path.stem,
        rate_hz=rate_hz,
        samples=samples(rate_hz, acc_g, gyr_dps),
        optical=Optical(up, held["movement"].astype(np.bool_)[middle]),
    )


def _averaged(values: NDArray[Any]) -> Floats:
    whole = len(values) // BROAD_AVERAGED * BROAD_AVERAGED
    return values[:whole].astype(np.float64).reshape(-1, BROAD_AVERAGED, values.shape[1]).mean(axis=1)
