"""What the pipeline alone costs, without files: live and in hindsight, an hour to a month, and a packet at a time.

python benchmarks/pipeline_cost.py HOURS [HOURS ...]   prints one JSON object
"""

import json
import pickle
import sys
import time
from collections.abc import Iterator

import numpy as np

from monitor.analysis import run, seats_of
from monitor.config import default_profile
from monitor.pipeline import Pipeline
from monitor.sources.simulator import DESK_DAY, Wearer
from monitor.stream import Samples

RATE_HZ = 100.0
BLOCK_S = 60
PACKET = 4
HINDSIGHT_H = 8.0
PACKETS_S = 600.0


class Day:
    """Six-axis samples of the simulated office day, made once and repeated without end."""

    def __init__(self) -> None:
        wearer = Wearer(DESK_DAY)
        seconds = int(wearer.duration_s) // BLOCK_S * BLOCK_S
        self.t_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
        self.acc_g, self.gyr_dps = wearer(self.t_s)

    def blocks(self, hours: float) -> Iterator[Samples]:
        """Blocks of a minute."""
        size = round(BLOCK_S * RATE_HZ)
        for number in range(round(hours * 3600.0 / BLOCK_S)):
            start = number * size % len(self.t_s)
            part = slice(start, start + size)
            yield Samples(number * BLOCK_S + self.t_s[:size], self.acc_g[part], self.gyr_dps[part])


def lived(day: Day, hours: float, *, gyro: bool) -> tuple[float, float]:
    """Processor time, s, and size of the pickled pipeline at the end, kB."""
    pipeline = Pipeline(default_profile(), RATE_HZ, gyro=gyro)
    spent_s = 0.0
    for block in day.blocks(hours):
        begin_s = time.process_time()
        pipeline.push(block)
        spent_s += time.process_time() - begin_s
    return spent_s, len(pickle.dumps(pipeline)) / 1000.0


def looked_back(day: Day, hours: float, *, gyro: bool) -> float:
    """Processor time of the analysis in hindsight, s."""
    blocks = list(day.blocks(hours))
    profile = default_profile()
    begin_s = time.process_time()
    seats = seats_of(blocks, RATE_HZ, profile)
    run(blocks, RATE_HZ, profile, gyro=gyro, hindsight=True, known=seats)
    return time.process_time() - begin_s


def packets(day: Day, *, gyro: bool) -> list[float]:
    """Processor time of one push of PACKET samples, us: mean, median, 99th percentile."""
    pipeline = Pipeline(default_profile(), RATE_HZ, gyro=gyro)
    times: list[float] = []
    for block in day.blocks(PACKETS_S / 3600.0):
        for start in range(0, len(block), PACKET):
            packet = block.part(slice(start, start + PACKET))
            begin_s = time.thread_time()
            pipeline.push(packet)
            times.append(1e6 * (time.thread_time() - begin_s))
    return [float(np.mean(times)), *np.percentile(times, [50.0, 99.0]).tolist()]


def main() -> None:
    """Measure and print."""
    lengths = [float(word) for word in sys.argv[1:]]
    day = Day()
    ways = {"with gyroscope": True, "accelerometer only": False}
    print(
        json.dumps(
            {
                way: {
                    "live": {
                        str(hours): lived(day, hours, gyro=gyro) for hours in lengths if gyro or hours <= HINDSIGHT_H
                    },
                    "hindsight_s": looked_back(day, HINDSIGHT_H, gyro=gyro),
                    "packet_us": packets(day, gyro=gyro),
                }
                for way, gyro in ways.items()
            }
        )
    )


if __name__ == "__main__":
    main()
