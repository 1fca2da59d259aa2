"""What files cost: analysis, import and export of long recordings, each as the real command in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from monitor import __version__
from monitor.devices.witmotion import WitMotionDecoder
from monitor.pipeline import Pipeline
from monitor.profile import Profile
from monitor.sources.simulator import DESK_DAY, Wearer
from monitor.storage.recorder import Recorder
from monitor.storage.schema import Meta
from monitor.stream import Link, LinkState, Samples, Tick
from monitor.virtual.twins.witmotion_registers import encode_frames

SITWELL = str(Path(sys.executable).with_name("sitwell"))
LAUNCHER = Path(__file__).resolve().with_name("launcher.py")
RATE_HZ = 99.26  # a WitMotion asked for 100 Hz
STRETCH_S = 60
TABLES = ("--samples", "--epochs", "--events")


@dataclass(frozen=True, slots=True)
class Cost:
    """One command: seconds on the wall and of processor, and the most memory it held."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def run(arguments: list[str | Path], environment: Mapping[str, str]) -> Cost:
    """Run `sitwell ARGUMENTS` to its end. Raises RuntimeError with its own words if it fails."""
    command = [SITWELL, *(str(argument) for argument in arguments)]
    return measured(command, environment)


def measured(command: list[str], environment: Mapping[str, str]) -> Cost:
    """Run a command to its end, alone, with its output thrown away."""
    launch = [sys.executable, "-I", str(LAUNCHER), *command]
    done = subprocess.run(launch, env=dict(environment), check=True, capture_output=True, text=True)
    code, wall_s, cpu_s, peak = json.loads(done.stdout)
    if code:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return Cost(wall_s, cpu_s, peak / 1e6)


def synthesise(path: Path, hours: float) -> int:
    """A recording as a live session leaves it: the simulated office day through the sensor's own number format.

    A Tick comes every second, and the events of the pipeline are kept. Returns the number of samples.
    """
    wearer = Wearer(DESK_DAY)
    meta = Meta("WT901BLE67 (simulated)", RATE_HZ, True, 0.0, "UTC", 0, "demo", __version__)  # noqa: FBT003
    decoder = WitMotionDecoder()
    pipeline = Pipeline(Profile(), RATE_HZ, gyro=True)
    count = 0
    with Recorder.create(path, meta) as recorder:
        for stretch in range(round(hours * 3600.0 / STRETCH_S)):
            until = int((stretch + 1) * STRETCH_S * RATE_HZ)
            t_s = np.round(np.arange(count, until) / RATE_HZ, 6)
            sent = decoder.feed(encode_frames(*wearer(t_s % wearer.duration_s)))
            if sent.gyr_dps is None or len(sent.acc_g) != len(t_s):
                raise ValueError("the sensor's number format lost samples")
            begin_s = stretch * STRETCH_S
            edges = np.searchsorted(t_s, np.arange(begin_s, begin_s + STRETCH_S + 1))
            for second in range(STRETCH_S):
                inside = slice(int(edges[second]), int(edges[second + 1]))
                for record in (
                    Samples(t_s[inside], sent.acc_g[inside], sent.gyr_dps[inside]),
                    Tick(float(begin_s + second + 1)),
                ):
                    recorder.write(record, pipeline.push(record))
            count = until
        closed = Link(round(hours * 3600.0), LinkState.CLOSED, "session ended")
        recorder.write(closed, pipeline.push(closed) + pipeline.finish())
    return count
