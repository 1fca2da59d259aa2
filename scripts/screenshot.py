"""Draw the dashboard into an SVG: python scripts/screenshot.py OUT.svg [--size 120x40]."""

import argparse
import asyncio
from pathlib import Path

import numpy as np

from monitor.config import default_profile
from monitor.dashboard.app import Dashboard
from monitor.pipeline import Pipeline
from monitor.snapshot import Snapshot
from monitor.sources.simulator import SHORT_DAY, Wearer, script_of
from monitor.stream import Battery, Link, LinkState, Record, Samples, Tick
from monitor.summary import Summary

SETTLE_S = 0.3  # two polls of the dashboard
RATE_HZ = 100.0
ALERTING_S = 126.0  # the tour's prompt is on screen then


async def _draw(snapshot: Snapshot, size: tuple[int, int]) -> str:
    app = Dashboard(snapshot=lambda: snapshot, act=lambda _action, _seconds: None)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(SETTLE_S)
        return app.export_screenshot(title="sitwell")


def save_svg(snapshot: Snapshot, path: Path, size: tuple[int, int]) -> None:
    """Write the dashboard as it shows this snapshot at size = (columns, rows)."""
    path.write_text(asyncio.run(_draw(snapshot, size)), encoding="utf-8")


def simulated(seconds: float, seed: int = 1, *, slumping: bool = True) -> Snapshot:
    """The dashboard's state after so many seconds of the simulated tour at 100 Hz, without any radio.

    slumping=False lets the wearer of the tour sit upright throughout.
    """
    script = SHORT_DAY if slumping else script_of("stand 5 -2, walk 20, sit 400 -12")
    wearer, profile = Wearer(script, seed=seed), default_profile()
    pipeline = Pipeline(profile, RATE_HZ, gyro=True)
    summary = Summary(
        mode="demo",
        sensor="WT901BLE67",
        rate_hz=RATE_HZ,
        day_start_s=9 * 3600.0,
        recording="recordings/2026-03-02_090000-demo.sqlite",
    )
    records: list[Record] = [Link(0.0, LinkState.CONNECTED), Battery(0.5, 84)]
    for second in range(int(seconds)):
        t_s = np.round(np.arange(second, second + 1, 1.0 / RATE_HZ), 6)
        records += [Samples(t_s, *wearer(t_s)), Tick(second + 1.0)]
    for record in records:
        summary.push(record, pipeline.push(record), pipeline)
    return summary.snapshot(pipeline)


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", default="120x40", help="columns x rows")
    arguments = parser.parse_args()
    columns, rows = (int(part) for part in arguments.size.split("x"))
    save_svg(simulated(ALERTING_S), arguments.out, (columns, rows))


if __name__ == "__main__":
    main()
