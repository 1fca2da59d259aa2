"""Sessions and answers made by hand, and one made by the simulated wearer."""

import numpy as np
import pytest

from monitor.evaluation.answers import Answers
from monitor.evaluation.session import Session
from monitor.sources.simulator import Scene, Wearer
from monitor.stream import Epoch, Posture, Samples

CODES = {"standing": 5, "walking": 1, "sitting": 4, "lying": 6}
SCRIPT = (
    Scene("walk", 30),
    Scene("stand", 15),
    Scene("sit", 40, tilt_deg=-18),
    Scene("stand", 15),
    Scene("walk", 20),
    Scene("sit", 20, tilt_deg=-18),
)


def told(postures, *, first=0, p=0.9, still=True, transitions=(), breaks=(), steps=0, t_s=None, up=None):
    """Answers of these postures, one a second from `first` on."""
    epochs = {
        second: Epoch(float(second), Posture(posture), p, 0.0, 0.0, 1.0, still=still, motion_mg=1.0, steps=steps)
        for second, posture in enumerate(postures, first)
    }
    t_s, up = (np.zeros(0), np.zeros((0, 3))) if t_s is None else (t_s, up)
    directions = {int(t): tuple(u) for t, u in zip(t_s.tolist(), up.tolist(), strict=True)}
    return Answers(epochs, list(transitions), list(breaks), directions, t_s, up)


def blank(seconds=10, rate_hz=10.0, **known):
    """A session with nothing in its samples."""
    n = round(seconds * rate_hz)
    acc = np.tile([0.0, 1.0, 0.0], (n, 1))
    return Session("s1", "user01", rate_hz, Samples(np.arange(n) / rate_hz, acc, np.zeros((n, 3))), **known)


@pytest.fixture(name="told")
def _told():
    return told


@pytest.fixture(name="blank")
def _blank():
    return blank


@pytest.fixture(scope="session")
def simulated():
    """acc_g, gyr_dps at 50 Hz, and posture of every sample, of SCRIPT."""
    wearer = Wearer(SCRIPT, seed=3)
    t_s = np.round(np.arange(0.0, wearer.duration_s, 0.02), 6)
    return (*wearer(t_s), wearer.truth(t_s)[0])


@pytest.fixture(scope="session")
def hapt_folder(simulated, tmp_path_factory):
    """Two sessions of two people in the layout of hapt."""
    folder = tmp_path_factory.mktemp("sets") / "hapt"
    folder.mkdir()
    acc, gyr, posture = simulated
    label = np.array([CODES[each] for each in posture.tolist()], dtype=np.int8)
    for at in np.flatnonzero(np.diff(label)):
        kind = {(5, 4): 7, (4, 5): 8}.get((label[at], label[at + 1]), 0)
        label[max(at - 50, 0) : at + 50] = kind or label[at]
    for name in ("user01_exp01", "user02_exp03"):
        np.savez(folder / f"{name}.npz", acc_g=acc, gyr_dps=gyr, label=label, rate_hz=50.0)
    return folder
