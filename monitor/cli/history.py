"""Verbs on the history: history, forget."""

import csv
import json
import re
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from monitor.errors import RecordingError, SitwellError

if TYPE_CHECKING:
    import sqlite3

    from monitor.storage.history.queries import Day
    from monitor.storage.history.reading import Maker
    from monitor.storage.history.retention import Old
    from monitor.storage.recording import Recording
    from monitor.stream import Event

NEWEST = 14  # days shown where nothing else is asked for
WAIT_S = 2.0  # for another process that brings the history up to date, before what there is so far is shown
TOLD = 10  # sentences about single recordings, before only their number is told
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
MEANS = (
    "worn_s",
    "sitting_s",
    "standing_s",
    "walking_s",
    "lying_s",
    "longest_sitting_s",
    "breaks",
    "steps",
    "alerts",
)

DAY = click.DateTime(["%Y-%m-%d"])
FOLDER = click.option(
    "--recordings",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Another folder than your recordings folder.",
)


class Size(click.ParamType[float]):
    """Bytes, read from 5GB, 500 MB or a bare number of bytes."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Bytes as float; a usage error for anything else."""
        if isinstance(value, int | float):
            return float(value)
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)b?", str(value).strip().lower())
        if found is None:
            self.fail(f"{value!r} is no size; write 5GB or 500MB.", param, ctx)
        return float(found[1]) * UNITS[found[2]]


@dataclass(frozen=True, slots=True)
class Span:
    """Days from first to last, both included, and those before that they are compared with."""

    first: date
    last: date
    name: str = ""  # of the span before
    before: tuple[date, date] | None = None


@click.command()
@click.option("--days", "number", type=click.IntRange(1), help=f"The newest so many days; {NEWEST} unless told.")
@click.option("--week", is_flag=True, help="This week, with the week before to compare.")
@click.option("--month", is_flag=True, help="This month, with the month before to compare.")
@click.option("--from", "first", type=DAY, metavar="DATE", help="From this day on, such as 2026-03-01.")
@click.option("--to", "last", type=DAY, metavar="DATE", help="Up to this day.")
@click.option("--rebuild", "anew", is_flag=True, help="Make the history anew from all recordings.")
@click.option("--demo", is_flag=True, help="Show demonstrations, which are never among your own days.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--csv",
    "table",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    metavar="OUT.csv",
    help="Write every figure of these days; '-' writes to the standard output.",
)
@click.option("--force", is_flag=True, help="Replace OUT.csv if it is there.")
@FOLDER
def history(
    number: int | None,
    week: bool,
    month: bool,
    first: datetime | None,
    last: datetime | None,
    anew: bool,
    demo: bool,
    as_json: bool,
    table: Path | None,
    force: bool,
    folder: Path | None,
) -> None:
    """Show your days: how long you sat, stood and walked, and what became of it.

    Days are local to where they were recorded. The history is brought up to date from your recordings first.
    """
    from monitor.places import recordings_dir
    from monitor.storage.history.queries import days, newest_days
    from monitor.storage.history.schema import history_path, open_history

    span = _span(number, first, last, week=week, month=month)
    if as_json and str(table) == "-":
        raise click.UsageError("name one of --json and --csv - for the standard output.")
    if table is not None and str(table) != "-" and table.exists() and not force:
        raise SitwellError(f"{table} exists already: choose another name, or replace it with --force.")
    folder = folder or recordings_dir()
    path = history_path(folder, demo=demo)
    before: list[Day] = []
    if not (path.exists() or folder.is_dir()):
        shown, newest = before, None
    else:
        told = _bring_up_to_date(path, folder, anew=anew, demo=demo)
        _tell(told)
        with open_history(path) as db:
            shown = days(db, span.first, span.last) if span else newest_days(db, number or NEWEST)
            before = days(db, *span.before) if span and span.before else []
            newest = max((each.day for each in newest_days(db, 1)), default=None)
    if table is not None:
        _export(shown, table)
    if as_json:
        click.echo(json.dumps(_object(shown, before, span)))
    elif str(table) == "-":
        return
    elif not shown and not before:
        click.echo(_nothing(newest, folder, demo=demo))
    else:
        _print(shown, before, span)


@click.command(name="forget")
@click.option("--before", type=DAY, metavar="DATE", help="Recordings that ended before this day, such as 2026-03-01.")
@click.option("--over", type=Size(), metavar="SIZE", help="The oldest recordings, until at most so much is left: 5GB.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@FOLDER
def forget_(before: datetime | None, over: float | None, yes: bool, folder: Path | None) -> None:
    """Delete old recordings for good, and keep the figures of their days in the history."""
    from monitor.places import recordings_dir
    from monitor.storage.history.retention import beyond, deletable, ended_before
    from monitor.storage.history.schema import history_path, hold_history, open_history

    if (before is None) == (over is None):
        raise click.UsageError("name --before DATE or --over SIZE.")
    folder = folder or recordings_dir()
    path = history_path(folder)
    if not folder.is_dir():
        raise SitwellError(f"There is no folder {folder}: name that of your recordings with --recordings.")
    with hold_history(path, WAIT_S) as held, open_history(path) as db:
        if not held:
            raise SitwellError(f"{path} is being brought up to date by another sitwell: try again when that is done.")
        _refreshed(db, folder, demo=False)
        found, told = deletable(db, folder)
        _tell(told)
        chosen = ended_before(found, before.date()) if before else beyond(found, folder, over or 0.0)
        if not chosen:
            click.echo("There is nothing to forget.", err=True)
            return
        amount = f"{len(chosen)} recording{'s' if len(chosen) > 1 else ''}, {_megabytes(chosen)}"
        click.echo(f"{amount}: {chosen[0].path.name} to {chosen[-1].path.name}", err=True)
        if not yes:
            if not sys.stdin.isatty():
                raise SitwellError("Deleting needs your word: add --yes.")
            click.confirm("Delete them for good, and keep the figures of their days?", abort=True)
        _delete(db, chosen)


def take_in() -> None:
    """Bring the history of the recordings folder up to date, for the pace of the prompts; what fails is only said."""
    from monitor.places import recordings_dir
    from monitor.storage.history.schema import history_path

    folder = recordings_dir()
    if not folder.is_dir():  # nothing was recorded
        return
    try:
        _tell(_bring_up_to_date(history_path(folder), folder, anew=False, demo=False))
    except SitwellError as error:
        click.echo(f"sitwell: {error}", err=True)


def keep_at_most(most_bytes: float) -> None:
    """Forget the oldest recordings until the folder has at most so many bytes, and say so; what fails is only said."""
    from monitor.places import recordings_dir
    from monitor.storage.history.retention import beyond, deletable
    from monitor.storage.history.schema import history_path, hold_history, open_history

    folder = recordings_dir()
    try:
        with hold_history(history_path(folder), WAIT_S) as held, open_history(history_path(folder)) as db:
            if not held:
                return  # another sitwell is at it; the next session sees to it
            _refreshed(db, folder, demo=False)
            chosen = beyond(deletable(db, folder)[0], folder, most_bytes)
            if chosen:
                _delete(db, chosen)
    except SitwellError as error:
        click.echo(f"sitwell: {error}", err=True)


def events_of(recording: "Recording") -> "list[Event]":
    """What a recording means that has no events of its own, by its settings or else the wearer's."""
    from monitor.analysis import analyze
    from monitor.config import load_profile, profile_from_recording

    mapping = recording.meta.profile
    profile = profile_from_recording(mapping, str(recording.path))[0] if mapping else load_profile()
    events: list[Event] = []
    analyze(recording, profile, sink=lambda _, some, __: events.extend(some))
    return events


def maker() -> "Maker":
    """How the history makes events: by this version, and the wearer's settings of now."""
    import zlib

    from monitor import __version__
    from monitor.config import load_profile, profile_to_mapping
    from monitor.storage.history.reading import Maker

    profile = load_profile()
    settings = json.dumps(profile_to_mapping(profile), sort_keys=True)
    return Maker(events_of, profile.bouts.bridge_s, f"{__version__} {zlib.crc32(settings.encode()):08x}")


# ---------------------------------------------------------------- up to date


def _bring_up_to_date(path: Path, folder: Path, *, anew: bool, demo: bool) -> list[str]:
    """Sentences about what is left out."""
    from monitor.storage.history.schema import hold_history, open_history
    from monitor.storage.history.store import rebuild

    if not folder.is_dir():  # a disk that is not there just now: its sessions did happen
        return [f"There is no folder {folder}: these are the figures so far."]
    with hold_history(path, WAIT_S) as held:
        if not held:
            if anew:
                raise SitwellError(f"{path} is in use by another sitwell: try again when that one is done.")
            return ["Another sitwell is bringing the history up to date: these are the figures so far."]
        if anew:
            with _progress() as progress:
                return rebuild(path, folder, maker(), sources=_sources(demo=demo), progress=progress)
        with open_history(path) as db:
            return _refreshed(db, folder, demo=demo)


def _refreshed(db: "sqlite3.Connection", folder: Path, *, demo: bool) -> list[str]:
    from monitor.storage.history.store import refresh

    with _progress() as progress:
        return refresh(db, folder, maker(), sources=_sources(demo=demo), progress=progress)


def _sources(*, demo: bool) -> frozenset[str]:
    from monitor.storage.history.store import SOURCES

    return frozenset({"demo"}) if demo else SOURCES


@contextmanager
def _progress() -> Generator[Callable[[int, int], None]]:
    """A progress bar over recordings on stderr, if someone is watching and there is something to do."""
    bars: list[Any] = []

    def reached(done: int, total: int) -> None:
        if not bars:
            hidden = not sys.stderr.isatty()
            bars.append(click.progressbar(length=total, label="Reading recordings", file=sys.stderr, hidden=hidden))
            bars[0].__enter__()
        bars[0].update(done - bars[0].pos)

    try:
        yield reached
    finally:
        for bar in bars:
            bar.__exit__(None, None, None)


def _tell(sentences: Sequence[str]) -> None:
    for sentence in sentences[:TOLD]:
        click.echo(sentence, err=True)
    if len(sentences) > TOLD:
        click.echo(f"... and {len(sentences) - TOLD} more of the kind.", err=True)


def _delete(db: "sqlite3.Connection", chosen: "list[Old]") -> None:
    from monitor.storage.history.retention import let_go

    gone: list[Old] = []
    stayed: list[str] = []
    for each in chosen:
        try:
            let_go(db, each)
            gone.append(each)
        except RecordingError as error:
            stayed.append(str(error))
    click.echo(f"deleted {len(gone)}, {_megabytes(gone)}; the figures of their days are kept", err=True)
    _tell(stayed[1:])
    if stayed:
        raise SitwellError(stayed[0])


def _megabytes(recordings: "Iterable[Old]") -> str:
    return f"{sum(each.bytes for each in recordings) / 1e6:.1f} MB"


# ---------------------------------------------------------------- which days


def _span(number: int | None, first: datetime | None, last: datetime | None, *, week: bool, month: bool) -> Span | None:
    """The days asked for; None for the newest ones."""
    if sum((number is not None, week, month, first is not None or last is not None)) > 1:
        raise click.UsageError("name one of --days, --week, --month and --from/--to.")
    today = datetime.now().astimezone().date()
    if week:
        monday = today - timedelta(days=today.weekday())
        return _compared(monday, monday + timedelta(days=6), monday - timedelta(days=7), "week")
    if month:
        begins = today.replace(day=1)
        after = (begins + timedelta(days=31)).replace(day=1)
        return _compared(begins, after - timedelta(days=1), (begins - timedelta(days=1)).replace(day=1), "month")
    if first is None and last is None:
        return None
    span = Span(first.date() if first else date.min, last.date() if last else date.max)
    if span.first > span.last:
        raise click.UsageError(f"--from {span.first} is after --to {span.last}.")
    return span


def _compared(first: date, last: date, begins: date, name: str) -> Span:
    return Span(first, last, f"{name} before", (begins, first - timedelta(days=1)))


# ---------------------------------------------------------------- shown


def _flat(day: "Day") -> dict[str, Any]:
    """Every figure of a day by its name."""
    values = asdict(day)
    figures = values.pop("figures")
    rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in figures.items()}
    return {**values, **rounded, "day": str(day.day)}


def _mean(days: "Sequence[Day]") -> dict[str, float | None]:
    """Of the days on which the sensor was worn; a figure that a day does not have is left out of its mean."""
    worn = [_flat(day) for day in days if day.worn_s]
    mean: dict[str, float | None] = {}
    for name in MEANS:
        values = [day[name] for day in worn if day[name] is not None]
        mean[name] = round(sum(values) / len(values), 3) if values else None
    return mean


def _object(days: "Sequence[Day]", before: "Sequence[Day]", span: Span | None) -> dict[str, Any]:
    compared = {"before": {"days": len(before), "mean": _mean(before)}} if span and span.before else {}
    return {"days": [_flat(day) for day in days], "mean": _mean(days), **compared}


def _export(days: "Sequence[Day]", path: Path) -> None:
    from dataclasses import fields

    from monitor.states.day import Figures
    from monitor.storage.history.queries import Day

    names = [each.name for each in (*fields(Day)[:-1], *fields(Figures))]

    def write(file: IO[str]) -> None:
        rows = csv.DictWriter(file, names, lineterminator="\n")
        rows.writeheader()
        rows.writerows(_flat(day) for day in days)

    if str(path) == "-":
        write(sys.stdout)
        return
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            write(file)
    except OSError as error:
        raise SitwellError(f"{path} cannot be written ({error.strerror}): choose another place.") from error
    click.echo(f"{len(days)} day{'' if len(days) == 1 else 's'} written to {path}", err=True)


def _nothing(newest: date | None, folder: Path, *, demo: bool) -> str:
    if newest is not None:
        return f"There are no figures of these days; the newest day is {newest}: `sitwell history` shows the last ones."
    makes = "`sitwell demo` records one" if demo else "`sitwell live` records a session, `sitwell import` reads one in"
    return f"There is no day in {folder} yet: {makes}."


def _print(days: "Sequence[Day]", before: "Sequence[Day]", span: Span | None) -> None:
    head = ("", "worn", "sitting", "standing", "walking", "lying", "longest", "breaks", "steps", "prompts")
    rows = [head] + [(f"{day.day:%a} {day.day}", *_cells(_flat(day))) for day in days]
    if len(days) > 1:
        rows.append((f"mean of {len(days)}", *_cells(dict(_mean(days)))))
    if span and span.before:
        rows.append((span.name if before else f"no {span.name}", *_cells(dict(_mean(before)))))
    for label, *cells in rows:
        click.echo((f"{label:<15}" + "".join(f"{cell:>9}" for cell in cells)).rstrip())


def _cells(values: dict[str, Any]) -> list[str]:
    """Hours and minutes, and numbers; '-' for nothing."""
    return [_cell(values[name], seconds=name.endswith("_s")) for name in MEANS]


def _cell(value: float | None, *, seconds: bool) -> str:
    if value is None or (seconds and not value):
        return "-"
    if not seconds:
        return f"{value:.0f}"
    minutes = round(value / 60.0)
    return f"{minutes // 60}:{minutes % 60:02d}"
