"""Every sensor on the software radio, through bleak: rate, loss, time error, coming back, cue, bad packets.

python benchmarks/sensors.py [--quick] [--write] [NAME ...]   prints one table; --write makes docs/sensors.md of it

Each sensor's twin plays a signal that tells the time, so that the true time of every sample is known. Each sensor has
a process of its own, --jobs at a time. Simulated: the radio (no channels, no interference) and the sensors. What
is real: bleak, its client's whole way, sitwell from there on.
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from document import heading, show, verdict

from monitor.cli.virtual import virtual_sensor
from monitor.devices import DRIVERS, driver_by_name
from monitor.evaluation.tables import Table, number
from monitor.stream import BadPacket, Battery, Gap, Link, LinkState, Samples
from monitor.virtual.telling import telling, told_s

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "sensors.md"
JITTER_S = 0.2
INJECTED = 1000
COMES_BACK_S = 2.0
ERROR_S = {True: 0.02, False: 0.06}  # with a clock, without


@dataclass(frozen=True, slots=True)
class Plan:
    """How long each part takes, s."""

    clean_s: float
    jitter_s: float
    settle_s: float
    absence_s: float


FULL = Plan(60.0, 100.0, 60.0, 5.0)
QUICK = Plan(8.0, 30.0, 15.0, 2.0)


@dataclass(slots=True)
class Seen:
    """What came, by kind."""

    t_s: list[float] = field(default_factory=list[float])
    error_s: list[float] = field(default_factory=list[float])
    links: list[Link] = field(default_factory=list[Link])
    gap_s: float = 0.0
    bad: int = 0
    battery: int | None = None
    samples: int = 0


async def measure(name: str, plan: Plan) -> dict[str, Any]:
    """All figures of one sensor."""
    driver = driver_by_name(name)
    seen = Seen()
    async with virtual_sensor(telling, 1.0, name) as (source, twin):
        await source.find()
        rate_hz = driver.default_rate_hz
        zero_s = source.clock()

        async def read() -> None:
            async with aclosing(source.records()) as records:
                async for record in records:
                    match record:
                        case Samples():
                            # Session time 0 is zero_s of the clock that the twin keeps too.
                            true_s = record.t_s + zero_s - twin.origin_s
                            error_s = true_s - told_s(record.acc_g, true_s)
                            seen.t_s += record.t_s.tolist()
                            seen.error_s += error_s.tolist()
                            seen.samples += len(record)
                        case Link():
                            seen.links.append(record)
                        case Gap():
                            seen.gap_s += record.end_s - record.start_s
                        case BadPacket():
                            seen.bad += 1
                        case Battery():
                            seen.battery = record.percent
                        case _:
                            pass

        reading = asyncio.ensure_future(read())
        while not seen.t_s:
            await asyncio.sleep(0.05)
            if reading.done():
                reading.result()
        await asyncio.sleep(plan.clean_s)
        t_s = np.array(seen.t_s)
        steady = t_s[t_s > t_s[0] + 1.0]
        measured_hz = (len(steady) - 1) / (steady[-1] - steady[0])
        clean = {"measured_hz": measured_hz, "lost": round(seen.gap_s * measured_hz), "samples": seen.samples}

        cued = bool(driver.cues) and await source.cue(tuple(driver.cues))
        await asyncio.sleep(0.3)
        cues = sorted({kind for kind, _ in twin.cues}) if cued else []

        twin.air.lag(twin.name, 0.0, JITTER_S)
        begin = len(seen.t_s)
        await asyncio.sleep(plan.jitter_s)
        twin.air.lag(twin.name)
        since = np.array(seen.t_s[begin:])
        late = np.abs(np.array(seen.error_s[begin:]))[since > since[0] + plan.settle_s]

        bad_before, got_before = seen.bad, seen.samples
        chance = random.Random(1)
        for _ in range(INJECTED):
            twin.inject(chance.randbytes(chance.randint(1, 60)))
            await asyncio.sleep(0.002)
        await asyncio.sleep(1.5)
        survived = not reading.done() and seen.samples > got_before

        twin.air.out_of_range(twin.name)
        await asyncio.sleep(plan.absence_s)
        before = len([link for link in seen.links if link.state is LinkState.CONNECTED])
        twin.air.back(twin.name)
        back_s = time.monotonic()
        while len([link for link in seen.links if link.state is LinkState.CONNECTED]) <= before:
            await asyncio.sleep(0.01)
            if reading.done():
                reading.result()
        again_s = time.monotonic() - back_s
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    return clean | {
        "asked_hz": rate_hz,
        "p99_ms": float(np.percentile(late, 99)) * 1e3,
        "again_s": again_s,
        "cues": cues,
        "told": seen.bad - bad_before,
        "survived": survived,
        "battery": seen.battery,
    }


def row(name: str, figures: dict[str, Any]) -> tuple[str, ...]:
    """One sensor's line."""
    driver = driver_by_name(name)
    limit_s = ERROR_S[bool(driver.clock)]
    cue = ", ".join(figures["cues"]) or ("none there" if not driver.cues else "NOT delivered")
    return (
        name,
        f"{figures['asked_hz']:g} / {figures['measured_hz']:.2f}",
        f"{figures['lost']} of {figures['samples']}",
        f"{figures['p99_ms']:.1f}",
        f"{verdict(figures['p99_ms'] / 1e3, limit_s)} (≤ {limit_s * 1e3:g})",
        number(figures["again_s"], 2),
        verdict(figures["again_s"], COMES_BACK_S),
        cue,
        f"{'survived' if figures['survived'] else 'NOT survived'}, {figures['told']} told",
        "?" if figures["battery"] is None else f"{figures['battery']} %",
    )


def main() -> int:
    """Read the command line, measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="short runs: a look, not a measurement")
    parser.add_argument("--write", action="store_true", help="write docs/sensors.md")
    parser.add_argument("--jobs", type=int, default=2, help="sensors at a time, default 2")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", help="sensors; all of them without")
    arguments = parser.parse_args()
    plan = QUICK if arguments.quick else FULL
    names = arguments.names or [driver.name for driver in DRIVERS]
    if arguments.one:
        print(json.dumps(asyncio.run(measure(names[0], plan))))
        return 0
    rows: list[tuple[str, ...]] = []
    for pair in (names[at : at + arguments.jobs] for at in range(0, len(names), arguments.jobs)):
        command = [sys.executable, __file__, "--one", *(["--quick"] if arguments.quick else [])]
        running = [subprocess.Popen([*command, name], stdout=subprocess.PIPE, text=True) for name in pair]
        for name, process in zip(pair, running, strict=True):
            out, _ = process.communicate()
            rows.append(row(name, json.loads(out)) if process.returncode == 0 else (name, "FAILED", *[""] * 8))
            print("  ".join(rows[-1]), file=sys.stderr)
    table = Table(
        f"Each sensor's twin for {plan.clean_s:g} s on the software radio, through bleak",
        (
            "sensor",
            "asked / measured Hz",
            "samples lost",
            f"time error p99 under 0-{JITTER_S * 1e3:g} ms of jitter, ms",
            "target",
            f"back after {plan.absence_s:g} s away, s",
            f"≤ {COMES_BACK_S:g} s",
            "cue delivered",
            f"{INJECTED} bad packets",
            "battery",
        ),
        rows,
        f"Time error: against the twin's true time, after {plan.settle_s:g} s of jitter, for "
        f"{plan.jitter_s - plan.settle_s:g} s. The jitter is evenly spread and keeps the order of the packets; before "
        f"it there were {plan.clean_s:g} s without.",
    )
    show([table])
    if arguments.write:
        parts = [heading("Sensors", "python benchmarks/sensors.py --write"), table.markdown().replace("### ", "## ", 1)]
        DOCUMENT.write_text("\n".join(parts) + "\n", encoding="utf-8")
        print(f"written to {DOCUMENT.name}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
