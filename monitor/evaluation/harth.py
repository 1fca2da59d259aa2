"""Reader of HARTH (Logacjov 2021) and HAR70+ (Ustad 2023): one CSV file a person, hours of free living, video labels.

Columns are found by name: timestamp, back_x, back_y, back_z (g), label; the thigh's and an index may be there and are
not read. Nothing of these sets was at hand when this was written: it follows the published layout.
"""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import FileFormatError
from monitor.evaluation.scoring import Interval, runs
from monitor.evaluation.session import Session
from monitor.signal.timebase import TIME_DECIMALS
from monitor.storage.importers.writing import GAP_S, sampling_rate_hz
from monitor.stream import Floats, Samples

COLUMNS = ("timestamp", "back_x", "back_y", "back_z", "label")
WHOLE = 0.9  # of a second's samples: unequal steps leave one out now and then
BACKWARDS_S = 5.0  # a gap of unknown length stands where the clock was set back

CLASS = {1: "walking", 2: "walking", 4: "walking", 5: "walking", 6: "standing", 7: "sitting", 8: "lying"}
BESIDE = {
    3: "shuffling",
    13: "cycling, seated",
    14: "cycling, standing",
    130: "cycling, seated, at rest",
    140: "cycling, standing, at rest",
}
NAMES = ("sit", "stand", "lie")
BODY = {**dict.fromkeys((1, 2, 3, 4, 5, 6), "stand"), 7: "sit", 8: "lie"}


def read_harth(path: Path) -> Session:
    """A person's recording; seconds begin with the first sample, and only the sensor at the back goes in."""
    times, acc_g, label = _table(path)
    t_s, kept = _increasing((times - times[0]) / np.timedelta64(1, "us") / 1e6)
    acc_g, label = acc_g[kept], label[kept]
    rate_hz = sampling_rate_hz(t_s, path)
    names = {int(code): CLASS.get(int(code)) or BESIDE.get(int(code), "") for code in np.unique(label)}
    named = seconds(t_s, label, rate_hz)
    return Session(
        name=path.stem,
        person=path.stem,
        rate_hz=rate_hz,
        samples=Samples(np.round(t_s, TIME_DECIMALS), acc_g),
        truth={second: names[code] for second, code in named.items() if code in CLASS},
        beside={second: names[code] for second, code in named.items() if code in BESIDE},
        moves=_moves(t_s, label),
    )


def seconds(t_s: Floats, label: NDArray[np.int64], rate_hz: float) -> dict[int, int]:
    """Start (whole s) -> label of every second that lies wholly in one label, with hardly any sample missing."""
    whole = np.floor(t_s).astype(np.int64)
    found: dict[int, int] = {}
    for start, stop in runs(whole):
        if stop - start >= WHOLE * rate_hz and (label[start:stop] == label[start]).all():
            found[int(whole[start])] = int(label[start])
    return found


def _moves(t_s: Floats, label: NDArray[np.int64]) -> dict[str, list[Interval]]:
    """Changes between sitting, upright and lying at the instants where the label changes, gaps left out."""
    moves: dict[str, list[Interval]] = {f"{a}-to-{b}": [] for a in NAMES for b in NAMES if a != b}
    for at in (np.flatnonzero(label[1:] != label[:-1]) + 1).tolist():
        before, after = BODY.get(int(label[at - 1])), BODY.get(int(label[at]))
        if before and after and before != after and t_s[at] - t_s[at - 1] <= GAP_S:
            moves[f"{before}-to-{after}"].append((float(t_s[at]), float(t_s[at])))
    return moves


def _increasing(t_s: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Times that increase, and which rows they belong to: repeated and overtaken rows are dropped.

    Where the clock was set back by more than GAP_S, the rows go on after a gap of BACKWARDS_S.
    """
    steps = np.diff(t_s, prepend=t_s[0])
    back = steps < -GAP_S
    if back.any():
        t_s = t_s + np.cumsum(np.where(back, BACKWARDS_S - steps, 0.0))
    latest = np.maximum.accumulate(t_s)
    kept = np.concatenate(([True], t_s[1:] > latest[:-1]))
    return t_s[kept], kept


def _table(path: Path) -> tuple[NDArray[Any], Floats, NDArray[np.int64]]:
    """Time stamps (N,) datetime64, acc_g (N, 3) and labels (N,) of the rows that have no value missing."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            names = [name.strip().strip('"') for name in file.readline().split(",")]
            missing = [name for name in COLUMNS if name not in names]
            if missing:
                raise FileFormatError(f"column {missing[0]} is missing: needed are {', '.join(COLUMNS)}.", path, 1)
            kinds = [("timestamp", "S32"), ("x", "f8"), ("y", "f8"), ("z", "f8"), ("label", "f8")]
            places = [names.index(name) for name in COLUMNS]
            with warnings.catch_warnings(action="ignore", category=UserWarning):  # no rows: told below
                rows = np.loadtxt(
                    file, dtype=kinds, delimiter=",", comments=None, quotechar='"', usecols=places, ndmin=1
                )
        if not len(rows):
            raise FileFormatError("there are no rows below the header: fetch it again.", path, 2)
        times = rows["timestamp"].astype(np.str_).astype("datetime64[us]")
    except (OSError, ValueError) as error:
        raise FileFormatError(f"it cannot be read ({error}): mend that row, or remove it.", path) from error
    acc_g = np.stack((rows["x"], rows["y"], rows["z"]), axis=1)
    good = np.isfinite(acc_g).all(axis=1) & np.isfinite(rows["label"]) & ~np.isnat(times)
    if not good.any():
        raise FileFormatError("no row has all its values: fetch it again.", path)
    return times[good], acc_g[good], rows["label"][good].astype(np.int64)
