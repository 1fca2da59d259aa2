"""What a year of wearing costs: disk, import, history. A simulated day, written once and dated anew for every day.

python benchmarks/scale.py [--quick] [--write] [--scratch FOLDER]   --write renews docs/scale.md
"""

import argparse
import json
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from zoneinfo import ZoneInfo

import batch_cost
from document import heading, shown, verdict, write_down

from monitor.evaluation.tables import Table, number
from monitor.storage.history import queries
from monitor.storage.history.reading import Maker
from monitor.storage.history.schema import open_history
from monitor.storage.history.store import rebuild, refresh
from monitor.storage.recording import Recording
from monitor.stream import Event

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
FIRST, BEGINS, ZONE = (
    date(2026, 1, 1),
    time_of_day(9),
    ZoneInfo("Europe/Vienna"),
)  # both changes of the clocks are in it
REBUILD_S, QUERY_MS, IMPORT_HZ = 300.0, 50.0, 1e6
QUERIES = 20
QUERIED = {
    "daily figures": queries.days,
    "bouts": queries.bouts,
    "breaks": queries.breaks,
    "transitions": queries.transitions,
    "alerts": queries.alerts,
    "sessions": queries.sessions,
}

INTRODUCTION = """\
A synthetic year: the simulated wearer's office day as a live session records it (six axes at 99.26 Hz, ticks, events),
copied for every day of the year and dated anew, in a zone whose clocks change twice. Every day is the same day, so disk
space is that of a year of such days, and nothing is learnt about how days differ. Nothing here is a test.
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to make."""

    days: int
    day_h: float
    imported_h: tuple[float, ...]


FULL = Plan(days=365, day_h=8.0, imported_h=(1.0, 8.0))
QUICK = Plan(days=14, day_h=0.5, imported_h=(0.1, 0.5))


def dated(day: Path, folder: Path, when: date) -> Path:
    """The same session on another day."""
    start = datetime.combine(when, BEGINS, ZONE)
    offset = start.utcoffset()
    path = folder / f"{when.isoformat()}_090000-live.sqlite"
    shutil.copyfile(day, path)
    said = {
        "started_utc_s": start.timestamp(),
        "zone": ZONE.key,
        "utc_offset_s": int(offset.total_seconds()) if offset else 0,
        "source": "live",
    }
    with closing(sqlite3.connect(path)) as db, db:
        db.executemany("UPDATE meta SET value = ? WHERE key = ?", [(json.dumps(v), k) for k, v in said.items()])
    return path


def events_of(recording: Recording) -> Iterable[Event]:
    """The year's recordings all have their events: making them anew would be another measurement."""
    raise ValueError(f"{recording.path} has no events of its own")


MAKER = Maker(events_of, 10.0, "scale")


def disk(day: Path, samples: int, plan: Plan) -> Table:
    """What a day takes, and a year of them."""
    size = day.stat().st_size
    with closing(sqlite3.connect(day)) as db:
        ((blobs,),) = db.execute("SELECT sum(length(data)) FROM samples").fetchall()
    rows = [
        ("samples a day, thousand", number(samples / 1e3, 0)),
        ("MB a day", number(size / 1e6, 1)),
        ("bytes a sample, everything", number(size / samples, 2)),
        ("bytes a sample, samples alone", number(blobs / samples, 2)),
        (f"GB in {plan.days} days", number(size * plan.days / 1e9, 2)),
    ]
    return Table(f"Disk: {plan.day_h:g} h a day, six axes", ("figure", "measured"), rows)


def importing(plan: Plan, environment: dict[str, str], folder: Path) -> Table:
    """Canonical CSV by length, the real command."""
    rows: list[tuple[str, ...]] = []
    costs: list[tuple[int, batch_cost.Cost]] = []
    for hours in plan.imported_h:
        made, csv, back = (folder / f"{hours:g}h{ending}" for ending in (".sqlite", ".csv", "-back.sqlite"))
        samples = batch_cost.synthesise(made, hours)
        batch_cost.run(["export", made, csv], environment)
        cost = batch_cost.run(["import", csv, back], environment)
        costs.append((samples, cost))
        megabytes, each = csv.stat().st_size / 1e6, back.stat().st_size / samples
        rows.append(
            (
                f"{hours:g} h",
                number(samples / 1e3, 0),
                number(megabytes, 0),
                *(number(value, 1) for value in (cost.wall_s, cost.cpu_s)),
                number(samples / cost.wall_s / 1e6, 2),
                number(cost.peak_mb, 0),
                number(each, 2),
            )
        )
        for path in (made, csv, back):
            path.unlink()
    (few, short), (many, long) = costs[0], costs[-1]
    wall_s, cpu_s = long.wall_s - short.wall_s, long.cpu_s - short.cpu_s
    rate_hz = (many - few) / wall_s
    more = number((many - few) / 1e3, 0), "", number(wall_s, 1), number(cpu_s, 1), number(rate_hz / 1e6, 2), "", ""
    rows.append(("the difference", *more))
    head = (
        "length",
        "thousand samples",
        "MB of text",
        "wall s",
        "processor s",
        "million samples a second",
        "peak MB",
        "bytes a sample",
    )
    note = f"Beyond the start of Python, at least {IMPORT_HZ / 1e6:g} million a second are wanted: "
    note += f"{verdict(-rate_hz, -IMPORT_HZ)}; of processor time it is {(many - few) / cpu_s / 1e6:.2f} million."
    return Table("Import of canonical CSV, seven columns", head, rows, note)


def history(plan: Plan, environment: dict[str, str], folder: Path) -> Table:
    """The history of the year: made anew, brought up to date, asked."""
    path = folder.with_name("history.sqlite")
    command = [sys.executable, str(Path(__file__).resolve()), "--rebuild", str(path), str(folder)]
    anew = batch_cost.measured(command, environment)
    rows = [
        ("made anew, wall s", number(anew.wall_s, 1), f"≤ {REBUILD_S:g}", verdict(anew.wall_s, REBUILD_S)),
        ("made anew, processor s", number(anew.cpu_s, 1), "", ""),
        ("made anew, peak MB of its largest process", number(anew.peak_mb, 0), "", ""),
        ("file, MB", number(path.stat().st_size / 1e6, 2), "", ""),
    ]
    with open_history(path) as db:
        if len(found := queries.days(db)) != plan.days:
            raise RuntimeError(f"the history has {len(found)} days of {plan.days}")
        rows.append(("nothing new, s", number(_took_s(lambda: refresh(db, folder, MAKER)), 2), "", ""))
        newest = max(folder.glob("*.sqlite"))
        os.utime(newest)
        rows.append(("one recording changed, s", number(_took_s(lambda: refresh(db, folder, MAKER)), 2), "", ""))
        for name, ask in QUERIED.items():
            count = len(ask(db))
            ms = 1e3 * statistics.median(_took_s(lambda ask=ask: ask(db)) for _ in range(QUERIES))
            rows.append((f"all {name} ({count}), ms", number(ms, 1), f"≤ {QUERY_MS:g}", verdict(ms, QUERY_MS)))
    listed = batch_cost.run(["sessions", "--folder", folder], environment)
    rows.append(("`sitwell sessions`, wall s", number(listed.wall_s, 1), "", ""))
    rows.append(("`sitwell sessions`, peak MB", number(listed.peak_mb, 0), "", ""))
    title = f"History of {plan.days} sessions of {plan.day_h:g} h, by the events stored in them"
    return Table(title, ("figure", "measured", "target", ""), rows)


def retention(plan: Plan, environment: dict[str, str], folder: Path) -> Table:
    """The older half forgotten by size, with the real command; it brings the history up to date first."""
    total = sum(path.stat().st_size for path in folder.glob("*.sqlite"))
    asked = total // 2
    cost = batch_cost.run(["forget", "--over", f"{asked}B", "--yes"], environment)
    kept = [path.stat().st_size for path in folder.glob("*.sqlite")]
    with open_history(folder.with_name("history.sqlite")) as db:
        told = len(queries.days(db))
    rows = [
        ("GB before, asked for", f"{total / 1e9:.2f}, {asked / 1e9:.2f}", "", ""),
        ("GB kept", number(sum(kept) / 1e9, 2), "not more", verdict(sum(kept), asked)),
        ("recordings kept", str(len(kept)), "", ""),
        ("days that the history still tells", str(told), str(plan.days), verdict(plan.days - told, 0)),
        ("wall s, the history brought up to date in it", number(cost.wall_s, 1), "", ""),
        ("peak MB of its largest process", number(cost.peak_mb, 0), "", ""),
    ]
    return Table("Retention: `sitwell forget --over`", ("figure", "measured", "target", ""), rows)


def _took_s(work: Callable[[], object]) -> float:
    begin_s = time.perf_counter()
    work()
    return time.perf_counter() - begin_s


def main() -> int:
    """Read the command line, make the year, measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two weeks of half hours: a look, not a measurement")
    parser.add_argument("--write", action="store_true", help="write docs/scale.md")
    parser.add_argument("--scratch", type=Path, help="where to make the year (8 GB); default: the system's place")
    parser.add_argument("--rebuild", nargs=2, type=Path, metavar=("HISTORY", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.rebuild:
        path, recordings = arguments.rebuild
        told = rebuild(path, recordings, MAKER)
        sys.stderr.write("".join(f"{sentence}\n" for sentence in told))
        return 1 if told else 0
    if arguments.quick and arguments.write:
        parser.error("--quick is too short to be written down.")
    plan = QUICK if arguments.quick else FULL
    begin_s = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as name:
        folder = Path(name)
        year = folder / "data" / "sitwell" / "recordings"  # where the commands look for it
        year.mkdir(parents=True)
        environment = {**os.environ, "HOME": name}
        environment |= {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
        day = folder / "day.sqlite"
        samples = batch_cost.synthesise(day, plan.day_h)
        needed = day.stat().st_size * plan.days + 4 * 10**8
        if shutil.disk_usage(folder).free < needed:
            parser.error(f"a year needs {needed / 1e9:.0f} GB here: name a roomier folder with --scratch.")
        results = [shown(disk(day, samples, plan)), shown(importing(plan, environment, folder))]
        for number_ in range(plan.days):
            dated(day, year, FIRST + timedelta(days=number_))
        results.append(shown(history(plan, environment, year)))
        results.append(shown(retention(plan, environment, year)))
    print(f"{time.perf_counter() - begin_s:.0f} s for the whole run", file=sys.stderr)
    if arguments.write:
        head = (heading("Scale", "python benchmarks/scale.py --write"), INTRODUCTION)
        write_down(DOCUMENT, head, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
