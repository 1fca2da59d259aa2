"""Inclination on the broad set: `sitwell analyze --samples` against optical truth, and `vqf` on the same samples."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import datasets
import numpy as np
import product
import scoring
from numpy.typing import NDArray
from scoring import Floats
from tables import Table, number
from vqf import VQF, offlineVQF

STANDARD_GRAVITY_MPS2 = 9.80665
LIVE, HINDSIGHT = "sitwell, with gyroscope", "sitwell, with gyroscope, --hindsight"
ONLINE, OFFLINE = "peer: vqf online", "peer: vqf offline"
WAYS: dict[str, tuple[str, ...]] = {
    LIVE: (),
    HINDSIGHT: ("--hindsight",),
    "sitwell, accelerometer only": ("--no-gyro",),
    "sitwell, accelerometer only, --hindsight": ("--no-gyro", "--hindsight"),
}
TARGETS = {LIVE: "≤ 0.75", HINDSIGHT: "≤ 0.55"}


@dataclass(frozen=True, slots=True)
class Trial:
    """RMSE of the inclination, deg, by way: (where the sensor moves, where it rests)."""

    name: str
    rmse_deg: dict[str, tuple[float, float]]


def measure(path: Path) -> Trial:
    """Run one trial; made to be called in a process of its own."""
    trial = datasets.read_broad(path)
    found: dict[str, Floats] = {}
    with tempfile.TemporaryDirectory() as folder:
        source, recording, samples = (Path(folder, name) for name in ("in.csv", "in.sqlite", "samples.csv"))
        datasets.write_csv(source, trial.rate_hz, trial.acc_g, trial.gyr_dps)
        product.run("import", source, recording)
        for way, options in WAYS.items():
            product.analyze(recording, "--samples", samples, *options)
            found[way] = product.read_up(samples)
    gyr = np.ascontiguousarray(np.radians(trial.gyr_dps))
    acc = np.ascontiguousarray(trial.acc_g * STANDARD_GRAVITY_MPS2)
    period_s = 1.0 / trial.rate_hz
    found[ONLINE] = scoring.up_from_quat(VQF(period_s).updateBatch(gyr, acc)["quat6D"])
    found[OFFLINE] = scoring.up_from_quat(offlineVQF(gyr, acc, None, period_s)["quat6D"])
    true = scoring.up_from_quat(trial.quat)
    seen = ~np.isnan(true).any(axis=1)
    return Trial(trial.name, {way: _rmse(up, true, seen, trial.moving) for way, up in found.items()})


def _rmse(up: Floats, true: Floats, seen: NDArray[np.bool_], moving: NDArray[np.bool_]) -> tuple[float, float]:
    if len(up) != len(true):
        raise ValueError(f"{len(up)} samples came out, {len(true)} went in")
    error = scoring.angles_deg(up, true)
    return scoring.rms(error[seen & moving]), scoring.rms(error[seen & ~moving])


def tables(trials: Sequence[Trial]) -> list[Table]:
    """What is printed and documented."""
    ways = (LIVE, ONLINE, HINDSIGHT, OFFLINE, *(way for way in WAYS if way not in {LIVE, HINDSIGHT}))
    peer = {LIVE: ONLINE, HINDSIGHT: OFFLINE}
    means = {way: float(np.mean([trial.rmse_deg[way][0] for trial in trials])) for way in ways}
    rows = [
        (
            way,
            number(means[way]),
            number(float(np.median([trial.rmse_deg[way][0] for trial in trials]))),
            number(max(trial.rmse_deg[way][0] for trial in trials)),
            number(float(np.mean([trial.rmse_deg[way][1] for trial in trials]))),
            number(means[way] / means[peer[way]], 4) if way in peer else "",
            TARGETS.get(way, ""),
        )
        for way in ways
    ]
    summary = Table(
        f"Inclination, broad: {len(trials)} trials, RMSE in degrees",
        ("way", "moving, mean", "moving, median", "moving, worst", "at rest, mean", "ratio to vqf", "target"),
        rows,
        "Angle between the estimated and the optical 'up' in the sensor frame, samples averaged by three to 95 Hz. "
        "Without a gyroscope the direction is wrong while moving, whatever the filter; dashboard and epochs then hold "
        "the last still tilt.",
    )
    single = Table(
        "The same, trial by trial, moving",
        ("trial", *ways[:4]),
        [(trial.name, *(number(trial.rmse_deg[way][0]) for way in ways[:4])) for trial in trials],
    )
    return [summary, single]
