"""Where the processor time of a live session goes: runs `sitwell demo --headless` in this process with meters in it.

python benchmarks/live_cost.py SECONDS RECORDING   prints one JSON object; made to be run in a process of its own.

Each function on the way of a packet is wrapped so that its time on the processor (of the thread, not of the wall)
counts for its part of sitwell, without what wrapped functions inside it take. What no meter sees, of all that the
process took, is the Bluetooth stack in software and the event loop. Start-up, scan and connection are left out.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

import product

SETTLE_S = 3.0  # session time until filters and caches are warm
CLIENT, PIPELINE, RECORDER, OTHER = "client", "pipeline", "recorder", "other"
SENSOR, RADIO = "sensor", "radio"


@dataclass(slots=True)
class Meter:
    """Processor seconds of this thread by part; the part that runs now is on top of the stack."""

    spent_s: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys((CLIENT, PIPELINE, RECORDER, OTHER, SENSOR), 0.0)
    )
    stack: list[str] = field(default_factory=lambda: [RADIO])
    since_s: float = 0.0

    def enter(self, part: str) -> None:
        """From now on the time belongs to `part`."""
        self._settle()
        self.stack.append(part)

    def leave(self) -> None:
        """Back to the part around it."""
        self._settle()
        self.stack.pop()

    def _settle(self) -> None:
        now_s = time.thread_time()
        part = self.stack[-1]
        self.spent_s[part] = self.spent_s.get(part, 0.0) + now_s - self.since_s
        self.since_s = now_s

    def over(self, owner: type, name: str, part: str) -> None:
        """Put a meter over a method."""
        original: Callable[..., Any] = getattr(owner, name)

        @wraps(original)
        def metered(*args: Any, **kwargs: Any) -> Any:
            self.enter(part)
            try:
                return original(*args, **kwargs)
            finally:
                self.leave()

        setattr(owner, name, metered)

    def over_generator(self, owner: type, name: str, part: str) -> None:
        """Put a meter over each step of a generator method."""
        original: Callable[..., Iterator[Any]] = getattr(owner, name)

        @wraps(original)
        def metered(*args: Any, **kwargs: Any) -> Iterator[Any]:
            steps = original(*args, **kwargs)
            while True:
                self.enter(part)
                try:
                    item = next(steps)
                except StopIteration:
                    return
                finally:
                    self.leave()
                yield item

        setattr(owner, name, metered)


@dataclass(slots=True)
class Reading:
    """All clocks at one moment."""

    wall_s: float
    process_s: float
    spent_s: dict[str, float]


def main() -> None:
    """Measure and print."""
    from monitor.cli.running import Latency
    from monitor.pipeline import Pipeline
    from monitor.session import Session
    from monitor.sources.ble.link import SensorLink
    from monitor.storage.recorder import Recorder
    from monitor.stream import Record, Samples
    from monitor.summary import Summary
    from monitor.virtual.twins.witmotion import WitMotionTwin

    seconds, recording = float(sys.argv[1]), Path(sys.argv[2])
    meter = Meter()
    first: list[Reading] = []
    last: list[Reading] = []
    packets = 0

    for owner, name, part in (
        (Session, "_push", OTHER),
        (Summary, "push", OTHER),
        (Latency, "on_packet", OTHER),
        (Pipeline, "push", PIPELINE),
        (Recorder, "write", RECORDER),
        (SensorLink, "_put", CLIENT),
        (WitMotionTwin, "_wake", SENSOR),
        (WitMotionTwin, "_send", RADIO),
    ):
        meter.over(owner, name, part)
    meter.over_generator(SensorLink, "_decode", CLIENT)

    push = Session._push  # noqa: SLF001

    def watched(session: Session, record: Record) -> None:
        nonlocal packets
        push(session, record)
        if isinstance(record, Samples) and float(record.t_s[0]) >= SETTLE_S:
            packets += bool(first)
            now = Reading(time.perf_counter(), time.process_time(), dict(meter.spent_s))
            (last if first else first)[:] = [now]

    Session._push = watched  # noqa: SLF001
    figures = json.loads(
        product.run("demo", "--headless", "--json", "--for", f"{seconds + SETTLE_S:g}s", "--out", recording)
    )
    begin, end = first[0], last[0]
    wall_s = end.wall_s - begin.wall_s
    shares = {part: 100.0 * (end.spent_s[part] - begin.spent_s[part]) / wall_s for part in end.spent_s if part != RADIO}
    shares[RADIO] = 100.0 * (end.process_s - begin.process_s) / wall_s - sum(shares.values())
    print(json.dumps({"percent": shares, "wall_s": wall_s, "packets_hz": packets / wall_s, "figures": figures}))


if __name__ == "__main__":
    main()
