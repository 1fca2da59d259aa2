"""What it costs to try settings of the prompts on a month: one setting, a grid, a slider; and what a month looks like.

python benchmarks/tuning.py [--quick] [--write]   --write renews docs/tuning.md
"""

import argparse
import asyncio
import gc
import math
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import batch_cost
import scale
from document import heading, shown, verdict, write_down

from monitor.cli.tune_sweep import Other, shared, work
from monitor.config import default_profile
from monitor.dashboard.tuner import Tuner
from monitor.evaluation.tables import Table, number
from monitor.states.alerts import Alerts
from monitor.states.bouts import BoutParams, Bouts
from monitor.states.rules import HOUR_S, AlertSettings
from monitor.storage.stored_days import load
from monitor.stream import AlertDue, AlertRaised, Epoch, Event, Fidget, Posture, Started, Transition
from monitor.tuning.days import Worn, days_of, worn
from monitor.tuning.knobs import knobs
from monitor.tuning.rerun import Tried
from monitor.tuning.score import Yardstick
from monitor.tuning.suggest import Marked
from monitor.tuning.sweep import axis, grid

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "tuning.md"
SHIPPED = default_profile().prompts
ONE_MS, GRID_S, SLIDER_MS = 30.0, 2.0, 100.0
INTRODUCTION = """\
Thirty synthetic days of eight hours: random spells of sitting (a usual tilt that changes from spell to spell, and
drifts), standing and walking, a second each, with the measuring noise of the simulator's sensor. No two days are alike,
and none is a person's. Prompts equal those of the live engine, second by second: `tests/tuning/test_rerun.py` shows it
on random days and profiles, and through the whole signal chain. Nothing here is a test.
"""
SHIFTS_PER_S = 1 / 400  # posture shifts while seated
STARTS_S = 4.0  # the other process starts; reading thirty days takes longer
SLUMP = 0.35  # share of sitting spells that are held far from the usual tilt


def day(rng: Random, hours: float, slump: float = SLUMP, spell_min: tuple[float, float] = (5.0, 70.0)) -> list[Event]:
    """The stored events of one day: spells of sitting, each ended by some minutes on foot."""
    events: list[Event] = []
    k, end = 0, int(hours * 3600)
    while k < end:
        tilt = -15.0 + rng.gauss(0, 3) - (rng.uniform(12, 22) if rng.random() < slump else 0.0)
        for posture, seconds, deg in (
            (Posture.SITTING, int(60 * rng.uniform(*spell_min)), tilt),
            (Posture.STANDING, int(rng.uniform(2, 15)), 0.0),
            (Posture.WALKING, int(rng.uniform(20, 300)), 0.0),
        ):
            if posture is Posture.STANDING:
                events.append(Transition("sit-to-stand", k - 1.5, float(k), 0.95))
            held = deg
            for t_s in range(k, min(k + seconds, end)):
                held += rng.gauss(0, 0.05)
                now = round(held + rng.gauss(0, 0.6), 4)
                steps, still = (2, False) if posture is Posture.WALKING else (0, rng.random() < 0.95)
                events.append(Epoch(float(t_s), posture, 0.98, now, round(rng.gauss(1, 1), 4), 0.6, still, 3.0, steps))
                if posture is Posture.SITTING and rng.random() < SHIFTS_PER_S:
                    events.append(Fidget("posture-shift", t_s - 4.0, t_s - 1.0, 8.0))
            k += seconds
    return events


def month(days: int, hours: float) -> list[Worn]:
    """So many days, each its own."""
    return [worn(f"day {n}", n * 86_400.0, day(Random(n), hours), BoutParams()) for n in range(days)]


def variants(count: int) -> Iterator[AlertSettings]:
    """Settings that have little in common: nothing can be kept from one to the next."""
    turn = knobs(SHIPPED.places[0])
    for n in range(count):
        settings = turn["posture.tilt_deg"].set(SHIPPED, 6.0 + 10.0 * n / count)
        settings = turn["posture.limit_deg_min"].set(settings, 5.0 + 30.0 * n / count)
        yield turn["sitting.limit_min"].set(settings, 20.0 + 40.0 * n / count)


def one_setting(sessions: list[Worn]) -> Table:
    """Milliseconds for one setting; the first on these days, and the next ones."""
    began = time.perf_counter()
    days = days_of(sessions)
    laid_out_ms = 1000.0 * (time.perf_counter() - began)
    tried = Tried(days)
    began = time.perf_counter()
    prompts = tried.run(SHIPPED).prompts
    first_ms = 1000.0 * (time.perf_counter() - began)
    times: list[float] = []
    for settings in variants(50):
        began = time.perf_counter()
        tried.run(settings)
        times.append(1000.0 * (time.perf_counter() - began))
    ordered = sorted(times)
    rows = [
        ("seconds of the days", str(len(days.seconds)), "", ""),
        ("prompts under the shipped settings", str(len(prompts)), "", ""),
        ("ms, laying out the days", number(laid_out_ms, 0), "", ""),
        ("ms, the first setting", number(first_ms, 1), "", ""),
        ("ms, another setting, median of 50", number(statistics.median(times), 1), f"{ONE_MS:g}", ""),
        ("ms, the slowest of 50", number(ordered[-1], 1), f"{ONE_MS:g}", verdict(ordered[-1], ONE_MS)),
    ]
    return Table("One setting, everything of it changed", ("figure", "measured", "target", ""), rows)


def grids(sessions: list[Worn], each: int) -> Table:
    """A grid of each³ settings, and as many with a band and a limit of their own, on two processes."""
    turn = knobs(SHIPPED.places[0])
    marked = [Marked(one, one.name, ()) for one in sessions]
    span = f":{1.0 / (each - 1) * 10:g}"
    plans = {
        "band, exposure and sitting limit": (
            f"posture.tilt_deg=6:16{span}",
            f"posture.limit_deg_min=5:15{span}",
            f"sitting.limit_min=20:30{span}",
        ),
        "band and exposure limit alone": (
            f"posture.tilt_deg=6:16:{10.0 / (each * each - 1):.6f}",
            f"posture.limit_deg_min=5:15{span}",
        ),
    }
    rows: list[tuple[str, ...]] = []
    for name, texts in plans.items():
        axes = tuple(axis(text, turn) for text in texts)
        values = list(grid(axes))
        own = work(marked, SHIPPED, axes, "desk")
        with Other() as other:
            time.sleep(STARTS_S)  # as while the days are read
            began = time.perf_counter()
            scores = shared(marked, own, values, other)
            took_s = time.perf_counter() - began
        prompts = sum(score.prompts for score in scores)
        rows.append((name, str(len(values)), str(prompts), number(took_s, 2), f"{GRID_S:g}", verdict(took_s, GRID_S)))
    head = ("grid", "settings", "prompts in all", "s", "target for 1000", "")
    return Table("A grid, on two cores, figures and all", head, rows)


def slider(sessions: list[Worn]) -> Table:
    """Milliseconds from a key to the painted screen."""
    tried = Tried(days_of(sessions))
    yardstick = Yardstick(tried, SHIPPED)

    async def press() -> list[float]:
        app = Tuner(
            tried=tried,
            settings=SHIPPED,
            before=SHIPPED,
            yardstick=yardstick,
            clock=lambda _, t_s: f"{int(t_s) // 3600:02d}:{int(t_s) // 60 % 60:02d}",
            day=lambda session: f"day {session}",
            write=lambda _: "",
        )
        times: list[float] = []
        painted = app._display  # noqa: SLF001 - the moment at which a frame is written is not told otherwise
        frames: list[float] = []

        def display(*arguments: Any) -> None:
            painted(*arguments)
            frames.append(time.perf_counter())

        app._display = display  # noqa: SLF001
        async with app.run_test(size=(160, 50)) as pilot:
            await pilot.pause()
            for _ in range(len(knobs(SHIPPED.places[0]))):
                for key in ("right", "right", "right", "left"):
                    rerun, began = app.turning.rerun, time.perf_counter()
                    app.simulate_key(key)
                    while app.turning.rerun is rerun and time.perf_counter() - began < 1.0:  # noqa: ASYNC110
                        await asyncio.sleep(0)
                    frames.clear()
                    while not frames and time.perf_counter() - began < 1.0:  # noqa: ASYNC110
                        await asyncio.sleep(0)
                    times.append(1000.0 * (frames[-1] - began))
                    await pilot.pause()
                await pilot.press("down")
        return times

    gc.collect()
    times = sorted(asyncio.run(press()))
    late = sum(each > SLIDER_MS for each in times)
    rows = [
        ("presses, every threshold", str(len(times)), "", ""),
        ("ms, median", number(statistics.median(times), 0), "", ""),
        ("ms, 90 of 100 within", number(times[int(0.9 * len(times))], 0), f"{SLIDER_MS:g}", ""),
        ("ms, the slowest", number(times[-1], 0), f"{SLIDER_MS:g}", verdict(times[-1], SLIDER_MS)),
        ("presses over the target", str(late), "0", verdict(late, 0)),
    ]
    return Table("From a key on a slider to the screen, 160x50", ("figure", "measured", "target", ""), rows)


def reading(plan_days: int, hours: float) -> Table:
    """Opening a month of recordings: stored seconds read, as `sitwell tune` does before anything else."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data" / "sitwell" / "recordings"
        folder.mkdir(parents=True)
        path = Path(name) / "day.sqlite"
        batch_cost.synthesise(path, hours)
        began = time.perf_counter()
        load(path)
        one_s = time.perf_counter() - began
        for n in range(plan_days):
            scale.dated(path, folder, scale.FIRST + timedelta(days=n))
        environment = {**os.environ, "HOME": name, "XDG_DATA_HOME": str(folder.parents[1]), "XDG_CONFIG_HOME": name}
        cost = batch_cost.run(["tune", "--set", "sitting.limit_min=20:60:10", "--json"], environment)
        shutil.rmtree(folder)
    rows = [
        (f"s, one recording of {hours:g} h", number(one_s, 2)),
        (f"s, `sitwell tune --set` with 5 settings on {plan_days} days, all of it", number(cost.wall_s, 1)),
        ("MB, its largest process", number(cost.peak_mb, 0)),
    ]
    return Table("Opening the days", ("figure", "measured"), rows)


# ---------------------------------------------------------------- a month of a wearer


@dataclass(frozen=True, slots=True)
class Lived:
    """One day of the live engine. share: of the budget, by the weeks before."""

    prompts_s: list[float]
    spells: int
    worn_h: float
    share: float

    @property
    def most_in_an_hour(self) -> int:
        """Prompts in the fullest hour."""
        return max((sum(0.0 <= t_s - first < HOUR_S for t_s in self.prompts_s) for first in self.prompts_s), default=0)


def live(events: list[Event], started: Started, settings: AlertSettings) -> Lived:
    """One day, second by second."""
    alerts, bouts, found = Alerts(settings), Bouts(BoutParams()), list[Event]()
    alerts.start(started)
    for event, after in zip(events, [*events[1:], None], strict=True):
        if isinstance(event, Transition):
            bouts.rose(event.end_s)
        elif isinstance(event, Epoch):
            bouts.push(event)
            found += alerts.push(event, bouts.sitting_s, bouts.standing_s, shifted=isinstance(after, Fidget))
    prompts_s = [each.t_s for each in found if isinstance(each, AlertRaised)]
    spells = sum(isinstance(each, AlertDue) for each in found)
    return Lived(prompts_s, spells, sum(isinstance(each, Epoch) for each in events) / HOUR_S, alerts.prompter.share)


def per_h(days: list[Lived], prompts: bool) -> float:
    """Prompts, or spells beyond a limit, an hour worn."""
    count = sum(len(each.prompts_s) if prompts else each.spells for each in days)
    return count / sum(each.worn_h for each in days) if days else math.nan


def wearers(days: int, hours: float) -> Table:
    """What becomes of the prompts of one who improves, of one who falls back, of one who ignores them.

    need: 1 sits long and slumps often, 0 hardly does
    """
    kinds = {
        "improves": lambda part: 1.0 - part,
        "falls back after half": lambda part: 1.0 - 2.0 * part if part < 0.5 else 1.0,
        "ignores every prompt": lambda _: 1.0,
    }
    rows: list[tuple[str, ...]] = []
    for name, need in kinds.items():
        past: list[Lived] = []
        for n in range(days):
            now = need(n / days)
            rates = per_h(past[:7], prompts=False), per_h(past[-7:], prompts=False)
            events = day(Random(n), hours, 0.6 * now, (10.0, 20.0 + 70.0 * now))
            past.append(live(events, Started(0.0, 32_400.0, n % 7, n, *rates), SHIPPED))
        weeks = [past[begin : begin + 7] for begin in range(0, days, 7)]
        rows += [
            (name, "spells beyond a limit an hour", *(number(per_h(week, prompts=False), 2) for week in weeks)),
            ("", "part of the budget used", *(number(statistics.mean(d.share for d in week), 2) for week in weeks)),
            ("", "prompts an hour", *(number(per_h(week, prompts=True), 2) for week in weeks)),
            ("", "prompts in the fullest hour (at most 4)", *(str(max(d.most_in_an_hour for d in w)) for w in weeks)),
        ]
    head = ("simulated wearer", "", *(f"week {n + 1}" for n in range(math.ceil(days / 7))))
    return Table("A month of prompts, the first day silent", head, rows)


def main() -> int:
    """Read the command line, measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="five days of two hours: a look, not a measurement")
    parser.add_argument("--write", action="store_true", help="write docs/tuning.md")
    arguments = parser.parse_args()
    if arguments.quick and arguments.write:
        parser.error("--quick is too short to be written down.")
    days, hours = (5, 2.0) if arguments.quick else (30, 8.0)
    sessions = month(days, hours)
    results = [shown(one_setting(sessions)), shown(grids(sessions, 5 if arguments.quick else 10))]
    results += [shown(slider(sessions)), shown(reading(days, hours)), shown(wearers(days, hours))]
    if arguments.write:
        write_down(DOCUMENT, (heading("Tuning", "python benchmarks/tuning.py --write"), INTRODUCTION), results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
