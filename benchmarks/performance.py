"""What sitwell costs: processor, time, memory, disk; the real commands on the simulated wearer.

python benchmarks/performance.py [--quick] [--write]   --write renews docs/performance.md
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import batch_cost
import live_cost
import screen_cost
from document import heading, shown, verdict, write_down

from monitor.evaluation.tables import Table, number

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
HERE = Path(__file__).resolve().parent
PIPELINE_AND_RECORDER, DASHBOARD, VERSION_S, EIGHT_HOURS_S, GROWTH = 2.0, 10.0, 0.2, 5.0, 1.1
LENGTH_H, LIVE_S, BACK_S, PACKET_US = 8.0, 4.0, 6.0, 300.0
PARTS = {
    live_cost.CLIENT: "client: packet queue, decoding, time base",
    live_cost.PIPELINE: "pipeline",
    live_cost.RECORDER: "recorder",
    live_cost.OTHER: "summary, latency, session loop",
    live_cost.RADIO: "Bluetooth stack in software, event loop",
    live_cost.SENSOR: "simulated wearer and virtual sensor",
}

INTRODUCTION = """\
Each figure is a run of the real command on the machine named above. Nothing here is a test: nothing fails by being
slow. The data is the simulated wearer's office day in the number format of the virtual WitMotion WT901BLE, which has
six axes and runs at 99.26 Hz when asked for 100. Wall time on a shared machine varies by half, processor time by less.
"""

METHODS = """\
## How it was measured

- **Live.** One headless `sitwell demo` in real time. The functions on a packet's way are wrapped with meters of the
  thread's processor time, each without what it calls in another part. What the process took beyond all meters is the
  Bluetooth stack in software (both ends of it) and the event loop; with real hardware the system's Bluetooth takes its
  place, and there is no simulated wearer. Start-up and the first 3 s of samples are left out.
- **Dashboard.** `sitwell demo` in a pseudo-terminal that takes everything and answers nothing, and the same session
  with `--headless`; processor time from the system's own count, from the 8th second on. The dashboard is the
  difference. The terminal's own work is not in it.
- **First frame.** From the start of the command to the first text of the dashboard in the pseudo-terminal; median.
- **The pipeline alone.** Samples from memory into `Pipeline.push`; hindsight is both its passes. A month is the office
  day ninety-two times over, without a night.
- **Analysis, import, export.** Each command in a process of its own, start of Python included; memory is the largest
  resident size that the system counted. "All tables" writes samples and epochs as CSV, events as JSON lines.

## Not measured

A real sensor and the system's Bluetooth (BlueZ, CoreBluetooth, WinRT); Windows and macOS; battery use; what a terminal
spends on drawing; sessions longer than the tables say.
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure."""

    live_s: float
    screen_s: float
    starts: int
    frames: int
    short_h: float
    long_h: float
    pipeline_h: tuple[float, ...]


FULL = Plan(live_s=30.0, screen_s=30.0, starts=15, frames=5, short_h=1.0, long_h=8.0, pipeline_h=(1.0, 8.0, 720.0))
QUICK = Plan(live_s=8.0, screen_s=8.0, starts=5, frames=2, short_h=0.1, long_h=0.5, pipeline_h=(1.0, 8.0))


def live(plan: Plan, environment: Mapping[str, str], folder: Path) -> Table:
    """Processor time of a headless session by part."""
    command = [sys.executable, str(HERE / "live_cost.py"), str(plan.live_s), str(folder / "live.sqlite")]
    printed = subprocess.run(command, env=dict(environment), check=True, capture_output=True, text=True).stdout
    answer = json.loads(printed)
    percent, figures = answer["percent"], answer["figures"]
    both = percent[live_cost.PIPELINE] + percent[live_cost.RECORDER]
    rows = [(words, f"{percent[part]:.2f}", "", "") for part, words in PARTS.items()]
    rows += [
        ("pipeline and recorder", f"{both:.2f}", f"≤ {PIPELINE_AND_RECORDER:g}", verdict(both, PIPELINE_AND_RECORDER)),
        ("whole process", f"{sum(percent.values()):.2f}", "", ""),
    ]
    return Table(
        f"Live session without a screen, {plan.live_s:g} s: % of one core",
        ("part", "%", "target", ""),
        rows,
        f"{figures['rate_hz']:g} Hz, {answer['packets_hz']:.0f} packets a second, {figures['samples_lost']} samples "
        f"lost; from sending a packet to the end of its processing {figures['latency_p50_ms']:g} ms (median), "
        f"{figures['latency_p99_ms']:g} ms (99th percentile).",
    )


def dashboard(plan: Plan, environment: Mapping[str, str], folder: Path) -> Table:
    """The screen's share, and how soon it is there."""
    shown = screen_cost.with_screen(plan.screen_s, environment, folder / "shown.sqlite")
    hidden = screen_cost.without_screen(plan.screen_s, environment, folder / "hidden.sqlite")
    times = [screen_cost.frame_times_s(environment, folder / f"frame{run}.sqlite") for run in range(plan.frames)]
    share = shown.percent - hidden.percent
    first_s, data_s = (statistics.median(values) for values in zip(*times, strict=True))
    rows = [
        ("session with dashboard, % of one core", number(shown.percent, 1), "", ""),
        ("the same without", number(hidden.percent, 1), "", ""),
        ("dashboard, % of one core", number(share, 1), f"≤ {DASHBOARD:g}", verdict(share, DASHBOARD)),
        ("to the terminal, kB/s", number(shown.bytes_per_s / 1000.0, 1), "", ""),
        ("first frame, s", number(first_s, 2), "", ""),
        ("first frame with data, s", number(data_s, 2), "", ""),
    ]
    title = (
        f"Dashboard at {screen_cost.COLUMNS} x {screen_cost.ROWS}, 5 digits and 2 plots a second, {plan.screen_s:g} s"
    )
    return Table(title, ("figure", "measured", "target", ""), rows)


def start_up(plan: Plan, environment: Mapping[str, str]) -> Table:
    """`sitwell --version` against an empty Python."""
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "sitwell --version": [batch_cost.SITWELL, "--version"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(plan.starts):
        for name, command in commands.items():
            times[name].append(batch_cost.measured(command, environment).wall_s)
    rows = []
    for name, values in times.items():
        median_s = statistics.median(values)
        target = (f"≤ {VERSION_S:g}", verdict(median_s, VERSION_S)) if name == "sitwell --version" else ("", "")
        rows.append((name, number(median_s, 3), number(min(values), 3), *target))
    return Table(f"Start-up, {plan.starts} runs: seconds", ("command", "median", "best", "target", ""), rows)


def analysis(plan: Plan, environment: Mapping[str, str], recordings: Mapping[float, Path]) -> Table:
    """Time and memory of `sitwell analyze` by length and way."""
    folder = recordings[plan.short_h].parent
    tables: list[str | Path] = []
    for option in batch_cost.TABLES:
        tables += [option, folder / f"{option[2:]}{'.jsonl' if option == '--events' else '.csv'}"]
    ways: dict[str, list[str | Path]] = {
        "with gyroscope": [],
        "without gyroscope": ["--no-gyro"],
        "with gyroscope, --hindsight": ["--hindsight"],
        "without gyroscope, --hindsight": ["--no-gyro", "--hindsight"],
        "with gyroscope, all tables": tables,
    }
    rows: list[tuple[str, ...]] = []
    for way, options in ways.items():
        short, long = (
            batch_cost.run(["analyze", recordings[hours], "--json", *options], environment)
            for hours in (plan.short_h, plan.long_h)
        )
        growth = long.peak_mb / short.peak_mb
        per_hour_s = (long.cpu_s - short.cpu_s) / (plan.long_h - plan.short_h)
        rows.append(
            (
                way,
                *(number(value, 1) for value in (short.wall_s, long.wall_s, long.cpu_s)),
                number(per_hour_s, 2),
                verdict(long.wall_s, EIGHT_HOURS_S) if plan is FULL else "",
                *(number(value, 0) for value in (short.peak_mb, long.peak_mb)),
                verdict(growth, GROWTH),
            )
        )
    short_name, long_name = f"{plan.short_h:g} h", f"{plan.long_h:g} h"
    return Table(
        "Analysis of 100 Hz six-axis recordings",
        (
            "way",
            f"{short_name}, wall s",
            f"{long_name}, wall s",
            f"{long_name}, processor s",
            "processor s for each hour more",
            f"8 h in ≤ {EIGHT_HOURS_S:g} s (wall)",
            f"{short_name}, peak MB",
            f"{long_name}, peak MB",
            f"memory independent (≤ × {GROWTH:g})",
        ),
        rows,
    )


def pipeline(plan: Plan, environment: Mapping[str, str]) -> Table:
    """The computation alone, by length, in hindsight, and a packet at a time."""
    hours = [f"{each:g}" for each in plan.pipeline_h]
    command = [sys.executable, str(HERE / "pipeline_cost.py"), *hours]
    answer = json.loads(
        subprocess.run(command, env=dict(environment), check=True, capture_output=True, text=True).stdout
    )
    rows: list[tuple[str, ...]] = []
    for way, figures in answer.items():
        for each, (spent_s, kilobytes) in figures["live"].items():
            target = verdict(spent_s, LIVE_S) if float(each) == LENGTH_H else ""
            per_hour = number(spent_s / float(each), 3)
            rows.append((f"{way}, live, {float(each):g} h", number(spent_s, 2), per_hour, number(kilobytes, 0), target))
        looked_s = figures["hindsight_s"]
        rows.append(
            (f"{way}, hindsight, 8 h", number(looked_s, 2), number(looked_s / 8.0, 3), "", verdict(looked_s, BACK_S))
        )
        mean, median, p99 = figures["packet_us"]
        rows.append((f"{way}, a packet of 4: mean, us", number(mean, 0), "", "", verdict(mean, PACKET_US)))
        rows.append((f"{way}, a packet of 4: median and 99th percentile, us", f"{median:.0f}, {p99:.0f}", "", "", ""))
    return Table(
        "The pipeline alone, 100 Hz six-axis samples in blocks of a minute, one core: processor seconds",
        ("way", "measured", "for each hour", "state, kB", f"8 h in ≤ {LIVE_S:g} / {BACK_S:g} s; ≤ {PACKET_US:g} us"),
        rows,
        "State: the pickled pipeline at the end, which is what grows if anything does. The simulated day, repeated.",
    )


def files(plan: Plan, environment: Mapping[str, str], recording: Path, samples: int) -> Table:
    """Import, export, and the room that a sample takes."""
    exported, imported = recording.with_suffix(".csv"), recording.with_name("imported.sqlite")
    export = batch_cost.run(["export", recording, exported], environment)
    back = batch_cost.run(["import", exported, imported], environment)
    live_bytes, imported_bytes = recording.stat().st_size, imported.stat().st_size
    rows = [
        ("export, thousand samples a second", number(samples / export.wall_s / 1000.0, 0)),
        ("export, peak MB", number(export.peak_mb, 0)),
        ("import, thousand samples a second", number(samples / back.wall_s / 1000.0, 0)),
        ("import, peak MB", number(back.peak_mb, 0)),
        ("bytes a sample in a live recording, records and events included", number(live_bytes / samples, 1)),
        ("bytes a sample in an imported recording", number(imported_bytes / samples, 1)),
        ("bytes a sample as canonical CSV", number(exported.stat().st_size / samples, 1)),
        ("MB an hour in a live recording", number(live_bytes / 1e6 / plan.short_h, 1)),
    ]
    return Table(f"Files, {plan.short_h:g} h of 100 Hz six-axis data ({samples} samples)", ("figure", "measured"), rows)


def main() -> int:
    """Read the command line, measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="short runs: a look, not a measurement")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    arguments = parser.parse_args()
    if arguments.quick and arguments.write:
        parser.error("--quick is too short to be written down.")
    plan = QUICK if arguments.quick else FULL
    begin_s = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "HOME": name}
        environment |= {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
        environment.pop("NO_COLOR", None)
        results = [shown(start_up(plan, environment))]
        results += [shown(live(plan, environment, folder))]
        results += [shown(dashboard(plan, environment, folder))]
        results += [shown(pipeline(plan, environment))]
        recordings = {hours: folder / f"{hours:g}h.sqlite" for hours in (plan.short_h, plan.long_h)}
        counts = {hours: batch_cost.synthesise(path, hours) for hours, path in recordings.items()}
        results += [shown(analysis(plan, environment, recordings))]
        results += [shown(files(plan, environment, recordings[plan.short_h], counts[plan.short_h]))]
    print(f"{time.perf_counter() - begin_s:.0f} s for the whole run", file=sys.stderr)
    if arguments.write:
        head = (heading("Performance", "python benchmarks/performance.py --write"), INTRODUCTION)
        write_down(DOCUMENT, head, results, METHODS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
