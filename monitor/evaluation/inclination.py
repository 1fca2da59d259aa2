"""The direction of gravity against optical truth, and `vqf` itself on the same samples in the same run."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vqf import VQF, offlineVQF

from monitor.evaluation import scoring
from monitor.evaluation.answers import WAYS, Answers
from monitor.evaluation.session import Session
from monitor.evaluation.tables import Table, interval, number
from monitor.signal.orientation import STANDARD_GRAVITY_MPS2, up_from_quat
from monitor.stream import Floats

ONLINE, OFFLINE = "vqf-online-peer", "vqf-offline-peer"
PEERS = {"gyro-live": ONLINE, "gyro-hindsight": OFFLINE}
LABELS = {**{key: way.label for key, way in WAYS.items()}, ONLINE: "peer: vqf online", OFFLINE: "peer: vqf offline"}
ORDER = ("gyro-live", ONLINE, "gyro-hindsight", OFFLINE, "acc-live", "acc-hindsight")
Scored = dict[str, tuple[float, float]]  # by way: RMSE in deg where the sensor moves, where it rests


def measure(session: Session, answers: Mapping[str, Answers]) -> Scored:
    """RMSE of one trial."""
    optical, gyr_dps = session.optical, session.samples.gyr_dps
    if optical is None or gyr_dps is None:
        return {}
    ups = {way: each.up for way, each in answers.items()}
    gyr = np.ascontiguousarray(np.radians(gyr_dps))
    acc = np.ascontiguousarray(session.samples.acc_g * STANDARD_GRAVITY_MPS2)
    period_s = 1.0 / session.rate_hz
    ups[ONLINE] = up_from_quat(VQF(period_s).updateBatch(gyr, acc)["quat6D"])
    ups[OFFLINE] = up_from_quat(offlineVQF(gyr, acc, None, period_s)["quat6D"])
    seen = np.isfinite(optical.up[:, 0])
    return {way: _rmse(up, optical.up, seen, optical.moving) for way, up in ups.items()}


def _rmse(up: Floats, true: Floats, seen: NDArray[np.bool_], moving: NDArray[np.bool_]) -> tuple[float, float]:
    if len(up) != len(true):
        raise ValueError(f"{len(up)} samples came out, {len(true)} went in")
    error = scoring.angles_deg(up, true)
    return scoring.rms(error[seen & moving]), scoring.rms(error[seen & ~moving])


def figures(people: Mapping[str, Sequence[Scored]]) -> dict[str, Any]:
    """By way: RMSE over trials, and its ratio to that of vqf; `people` are trials here."""
    trials = [each for several in people.values() for each in several if each]
    means = {way: float(np.mean([each[way][0] for each in trials])) for way in ORDER} if trials else {}
    return {
        "trials": len(trials),
        "ways": {
            way: {
                "moving_deg": scoring.spread([each[way][0] for each in trials]),
                "resting_deg": scoring.spread([each[way][1] for each in trials]),
                **({"ratio_to_vqf": means[way] / means[PEERS[way]]} if way in PEERS else {}),
            }
            for way in means
        },
        "by_trial_deg": {name: {way: each[way][0] for way in ORDER} for name, (each, *_) in people.items()},
    }


def tables(name: str, told: Mapping[str, Any]) -> list[Table]:
    """What is printed and documented."""
    rows: list[tuple[str, ...]] = []
    for way, each in told["ways"].items():
        moving = each["moving_deg"]
        rows.append(
            (
                LABELS[way],
                number(moving["mean"]),
                interval(moving, 2),
                number(moving["median"]),
                number(moving["most"]),
                number(each["resting_deg"]["mean"]),
                number(each["ratio_to_vqf"], 4) if "ratio_to_vqf" in each else "",
            )
        )
    summary = Table(
        f"Inclination, {name}: {told['trials']} trials, RMSE in degrees",
        ("way", "moving, mean", "95 %", "median", "worst", "at rest, mean", "ratio to vqf"),
        rows,
        "Angle between the estimated and the optical 'up' in the sensor frame, samples averaged by three to 95 Hz. "
        "Without a gyroscope the direction is wrong while moving, whatever the filter; dashboard and epochs then hold "
        "the last still tilt.",
    )
    ways = ORDER[:4]
    single = Table(
        "The same, trial by trial, moving",
        ("trial", *(LABELS[way] for way in ways)),
        [(trial, *(number(each[way]) for way in ways)) for trial, each in told["by_trial_deg"].items()],
    )
    return [summary, single]
