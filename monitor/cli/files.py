"""Verb analyze, and what other verbs on recordings share with it."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click

from monitor.cli.options import EXISTING, OUTPUT, json_option, profile_option
from monitor.cli.progress import session_progress

if TYPE_CHECKING:
    from monitor.analysis import Report
    from monitor.pipeline import Pipeline
    from monitor.profile import Profile
    from monitor.storage.recording import Recording
    from monitor.stream import Event, Record


@click.command()
@click.argument("recordings", nargs=-1, required=True, type=EXISTING, metavar="REC...")
@click.option("--hindsight", is_flag=True, help="Use the whole recording: its own walking zero, offline orientation.")
@click.option("--no-gyro", is_flag=True, help="Leave the gyroscope out, as if the sensor had none.")
@click.option("--samples", type=OUTPUT, help="Write orientation and tilt of every sample (.csv, .jsonl, .parquet).")
@click.option("--epochs", type=OUTPUT, help="Write posture and tilt of every second (.csv, .jsonl, .parquet).")
@click.option("--events", type=OUTPUT, help="Write bouts, breaks, alerts and gaps (.jsonl, .csv, .parquet).")
@profile_option
@json_option
def analyze(
    recordings: tuple[Path, ...],
    hindsight: bool,
    no_gyro: bool,
    samples: Path | None,
    epochs: Path | None,
    events: Path | None,
    profile_path: Path | None,
    as_json: bool,
) -> None:
    """Run recordings through the pipeline at full speed, and write what came out.

    Settings are those of --profile, else those that the recording was made with, else your own.
    """
    from monitor.storage.recording import Recording

    if len(recordings) > 1 and (samples or epochs or events):
        raise click.UsageError("--samples, --epochs and --events take one recording at a time.")
    results: list[dict[str, Any]] = []
    for path in recordings:
        with Recording.open(path) as recording:
            profile = chosen_profile(recording, profile_path)
            with Tables(samples, epochs, events) as tables, analysis_progress(recording, hidden=as_json) as progress:
                from monitor.analysis import analyze as run

                report = run(
                    recording,
                    profile,
                    gyro=not no_gyro,
                    hindsight=hindsight,
                    sink=tables.write if tables.any else None,
                    progress=progress,
                )
            results.append(_figures(recording, report))
    if as_json:
        click.echo(json.dumps(results[0] if len(results) == 1 else results))
        return
    for result in results:
        _print(result)


def chosen_profile(recording: "Recording", profile_path: Path | None) -> "Profile":
    """Settings for a recording: those named, else those it was made with, else the wearer's own."""
    from monitor.config import load_profile, profile_from_recording

    if profile_path is not None or not recording.meta.profile:
        return replace(load_profile(profile_path), settled=True)
    profile, left_out = profile_from_recording(recording.meta.profile, str(recording.path))
    if left_out:
        names = ", ".join(left_out[:3]) + (" ..." if len(left_out) > 3 else "")
        click.echo(
            f"{recording.path.name} was made by another version of sitwell: settings that this one does not know "
            f"({names}) are left out.",
            err=True,
        )
    return profile


class Tables:
    """The files that `analyze` writes, all of them optional."""

    def __init__(self, samples: Path | None, epochs: Path | None, events: Path | None) -> None:
        from monitor.storage.tables import EpochsTable, EventsTable, SamplesTable

        self._stack = ExitStack()
        with ExitStack() as stack:  # closes those already open if a later one is refused
            self._samples = stack.enter_context(SamplesTable(samples)) if samples else None
            self._epochs = stack.enter_context(EpochsTable(epochs)) if epochs else None
            self._events = stack.enter_context(EventsTable(events)) if events else None
            self._stack = stack.pop_all()
        self.any = bool(samples or epochs or events)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def write(self, record: "Record", events: "list[Event]", pipeline: "Pipeline") -> None:
        """Take one record of the analysis."""
        from monitor.stream import Epoch, Gap, Samples

        if self._samples and isinstance(record, Samples):
            oriented = pipeline.oriented  # worked out only where it is wanted
            self._samples.write(oriented.t_s, oriented.up, oriented.tilt_deg, oriented.obliquity_deg)
        if self._events and isinstance(record, Gap):
            self._events.write(record)
        for event in events:
            if isinstance(event, Epoch):
                if self._epochs:
                    self._epochs.write(event)
            elif self._events:
                self._events.write(event)


def analysis_progress(recording: "Recording", *, hidden: bool) -> AbstractContextManager[Callable[[float], None]]:
    """The progress bar of an analysis."""
    label = f"Analyzing {recording.path.name}"
    return session_progress(recording.duration_s, label, start_s=recording.start_s, hidden=hidden)


def _figures(recording: "Recording", report: "Report") -> dict[str, Any]:
    return {
        "recording": str(recording.path),
        "sensor": recording.meta.sensor,
        "rate_hz": recording.meta.rate_hz,
        "duration_s": round(recording.duration_s, 3),
        "samples": report.samples,
        "gap_s": round(report.gap_s, 3),
        "postures": {str(posture): seconds for posture, seconds in report.postures_s.items()},
        **{name: value if value is None else round(value, 3) for name, value in asdict(report.day.figures()).items()},
        "alerts": report.alerts,
        "zero": "walking" if report.zero_found else "none",
    }


def _print(figures: dict[str, Any]) -> None:
    click.echo(f"{figures['recording']}: {clock(figures['duration_s'])} of {figures['sensor']}")
    for posture, seconds in figures["postures"].items():
        if seconds:
            click.echo(f"  {posture:<10}{clock(seconds):>10}")
    for name, text in _lines(figures):
        click.echo(f"  {name:<10}{text}")
    if figures["zero"] == "none":
        click.echo("  No walk of 8 s was found, so there is no zero: sitting and standing stay unknown.")


def _lines(figures: dict[str, Any]) -> list[tuple[str, str]]:
    """The day in words: name and figures."""

    def row(name: str, count: int, words: str = "") -> tuple[str, str]:
        return name, f"{count:>10}   {words}".rstrip()

    def hourly(name: str) -> str:
        rate = figures[f"{name}_per_sitting_h"]
        return "" if rate is None else f"{rate:.1f} an hour of sitting"

    walks, cadence = figures["walking_bouts"], figures["cadence_steps_per_min"]
    pace = "" if cadence is None else f", {cadence:.0f} steps a minute"
    lines = [row("steps", figures["steps"], f"{walks} walk{'' if walks == 1 else 's'}{pace}" if walks else "")]
    if figures["sitting_bouts"]:
        over = ", ".join(f"{figures[f'sitting_bouts_over_{m}_min']} over {m} min" for m in (20, 30, 60))
        longest, median, half = (clock(figures[f"{name}_sitting_s"]) for name in ("longest", "median", "w50"))
        lines += [
            row("bouts", figures["sitting_bouts"], f"of sitting: {over}"),
            ("", f"{'':>10}   longest {longest}, median {median}, W50 {half}"),
        ]
    shorter = f"; shorter spells upright: {figures['upright_shifts']}" if figures["upright_shifts"] else ""
    return [
        *lines,
        row("breaks", figures["breaks"], (hourly("breaks") + shorter).removeprefix("; ")),
        row("fidgets", figures["fidgets"], hourly("fidgets")),
        row("shifts", figures["posture_shifts"], f"of posture while seated: {hourly('posture_shifts')}".rstrip(": ")),
        row("prompts", figures["alerts"]),
    ]


def clock(seconds: float) -> str:
    """H:MM:SS."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
