"""Draw the dashboard into an SVG: python scripts/screenshot.py OUT.svg [--size 120x40]."""

import argparse
import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from monitor.dashboard.app import Dashboard
from monitor.snapshot import Clock, LinkView, Snapshot, Span, Trace
from monitor.stream import LinkState, Posture

SETTLE_S = 0.3  # two polls of the dashboard


async def _draw(snapshot: Snapshot, size: tuple[int, int]) -> str:
    app = Dashboard(snapshot=lambda: snapshot, act=lambda _action, _seconds: None)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(SETTLE_S)
        return app.export_screenshot(title="sitwell")


def save_svg(snapshot: Snapshot, path: Path, size: tuple[int, int]) -> None:
    """Write the dashboard as it shows this snapshot at size = (columns, rows)."""
    path.write_text(asyncio.run(_draw(snapshot, size)), encoding="utf-8")


def frames() -> Iterator[Snapshot]:
    """Snapshots to draw; the last one becomes the picture."""
    now_s = 1500.0
    t_s = np.arange(now_s - 60.0, now_s, 0.1)
    yield Snapshot(
        mode="demo",
        t_s=now_s,
        clock="09:25:00",
        posture=Posture.SITTING,
        posture_p=0.96,
        posture_since_s=300.0,
        provisional=Posture.SITTING,
        tilt_deg=-7.0,
        tilt_sd_deg=2.0,
        obliquity_deg=1.2,
        moving=False,
        zero="walking",
        band_deg=(-12.0, 8.0),
        sitting=Clock(1200.0, 1800.0),
        standing=Clock(0.0, 1200.0),
        trace=Trace(t_s, -4.0 - 3.0 * np.tanh((t_s - now_s + 30.0) / 8.0) + 0.8 * np.sin(t_s * 1.6)),
        ribbon=(
            Span(0.0, 200.0, Posture.STANDING),
            Span(200.0, 300.0, Posture.WALKING),
            Span(300.0, now_s, Posture.SITTING),
        ),
        totals_s={Posture.SITTING: 1200.0, Posture.STANDING: 200.0, Posture.WALKING: 100.0},
        breaks=0,
        steps=178,
        prompt=None,
        snoozed_s=0.0,
        link=LinkView("WT901BLE67", LinkState.CONNECTED, 84, 99.3, 148_950, 120, 0),
        recording="example.sqlite",
    )


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", default="120x40", help="columns x rows")
    arguments = parser.parse_args()
    columns, rows = (int(part) for part in arguments.size.split("x"))
    *_, last = frames()
    save_svg(last, arguments.out, (columns, rows))


if __name__ == "__main__":
    main()
