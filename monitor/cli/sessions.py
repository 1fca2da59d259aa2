"""`sitwell sessions`: what has been recorded, and what can be done with it."""

import json
import math
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.cli.files import clock
from monitor.cli.options import OUTPUT, Duration
from monitor.cli.progress import session_progress
from monitor.errors import RecordingError, SitwellError

if TYPE_CHECKING:
    from monitor.profile import Profile
    from monitor.storage.recording import Recording
    from monitor.storage.schema import Meta
    from monitor.stream import Record

FOLDER = click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), help="Another folder than your recordings folder."
)


class Named(click.ParamType[Path]):
    """A recording: its path, or its name in the recordings folder, with or without the ending."""

    name = "recording"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path of a file that exists; a usage error for anything else."""
        from monitor.places import recordings_dir

        places = (Path(value), recordings_dir() / value, recordings_dir() / f"{value}.sqlite")
        found = next((path for path in places if path.is_file()), None)
        if found is None:
            self.fail(f"there is no recording {value}: `sitwell sessions` lists them.", param, ctx)
        return found


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list. fault: why the recording cannot be read, else empty."""

    name: str
    started: str
    duration_s: float
    sensor: str
    source: str
    marks: int
    bytes: int
    running: bool
    fault: str


@click.group(invoke_without_command=True)
@FOLDER
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@click.pass_context
def sessions(ctx: click.Context, folder: Path | None, as_json: bool) -> None:
    """List what has been recorded, the newest last; or verify, trim, merge, anonymise or delete it."""
    if ctx.invoked_subcommand is not None:
        return
    from monitor.places import recordings_dir

    folder = folder or recordings_dir()
    rows = [_row(path) for path in sorted(folder.glob("*.sqlite"))]
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows]))
        return
    if not rows:
        click.echo(f"Nothing is recorded in {folder} yet: `sitwell live` or `sitwell demo` records a session.")
        return
    width = max(len(row.name) for row in rows)
    for row in rows:
        if row.fault:
            click.echo(f"{row.name:<{width}}  {row.fault}")
            continue
        ends = "running" if row.running else f"{row.marks} mark{'' if row.marks == 1 else 's'}" if row.marks else ""
        size = f"{row.bytes / 1e6:.1f} MB"
        line = f"{row.name:<{width}}  {row.started:<16}  {clock(row.duration_s):>9}  {size:>9}  {row.sensor}  {ends}"
        click.echo(line.rstrip())
    total = sum(row.bytes for row in rows)
    click.echo(f"{len(rows)} recording{'' if len(rows) == 1 else 's'}, {total / 1e6:.1f} MB in {folder}", err=True)


@sessions.command()
@click.argument("recordings", nargs=-1, type=Named(), metavar="[REC]...")
@FOLDER
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def verify(recordings: tuple[Path, ...], folder: Path | None, as_json: bool) -> None:
    """Read every second, check every checksum; without REC, of all recordings. Exits with 1 if anything is damaged."""
    from monitor.places import recordings_dir
    from monitor.storage.integrity import verify as read

    paths = list(recordings) or sorted((folder or recordings_dir()).glob("*.sqlite"))
    found: list[dict[str, Any]] = []
    for path in _bar(paths, "Verifying"):
        try:
            verdict = read(path)
            result = {**asdict(verdict), "path": str(path), "whole": verdict.whole, "fault": ""}
        except RecordingError as error:
            result = {"path": str(path), "whole": False, "fault": str(error)}
        found.append(result)
        if not as_json:
            click.echo(_verdict(result))
    if as_json:
        click.echo(json.dumps(found))
    if not all(each["whole"] for each in found):
        sys.exit(1)


@sessions.command()
@click.argument("recording", type=Named(), metavar="REC")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def info(recording: Path, as_json: bool) -> None:
    """Tell all that is known of a recording."""
    from monitor.storage.recording import Recording

    with Recording.open(recording) as opened:
        meta, counts = opened.meta, opened.counts()
        size = recording.stat().st_size
        figures = {
            "recording": str(recording),
            "started": _started(meta.started_utc_s, meta.utc_offset_s),
            **{name: value for name, value in asdict(meta).items() if name not in {"profile", "calibration"}},
            "schema": opened.schema,
            "duration_s": round(opened.duration_s, 3),
            **asdict(counts),
            "bytes": size,
            "bytes_per_sample": round(size / counts.samples, 2) if counts.samples else None,
            "own_settings": bool(meta.profile),
        }
    if as_json:
        click.echo(json.dumps(figures))
        return
    for name, value in figures.items():
        click.echo(f"{name:<18}{'' if value is None else value}")


@sessions.command()
@click.argument("recording", type=Named(), metavar="REC")
@click.argument("out", type=OUTPUT, metavar="OUT.sqlite")
@click.option("--from", "from_s", type=Duration(), default=0.0, metavar="TIME", help="Where to begin, such as 10min.")
@click.option("--to", "to_s", type=Duration(), metavar="TIME", help="Where to end, from the recording's beginning.")
def trim(recording: Path, out: Path, from_s: float, to_s: float | None) -> None:
    """Keep a part of a recording, in a new one. Times count from the beginning of REC; its own times stay."""
    from monitor.storage.editing import trimmed
    from monitor.storage.labels import carry
    from monitor.storage.recording import Recording

    def part(opened: "list[Recording]") -> "tuple[Meta, Iterator[Record]]":
        [whole] = opened
        end_s = float("inf") if to_s is None else whole.start_s + to_s
        return whole.meta, trimmed(whole, whole.start_s + from_s, end_s)

    _anew([recording], out, part)
    with Recording.open(recording) as whole:
        begins_s = whole.start_s
    end_s = math.inf if to_s is None else begins_s + to_s
    carry(recording, out, start_s=begins_s + from_s, end_s=end_s)


@sessions.command()
@click.argument("recordings", nargs=-1, required=True, type=Named(), metavar="REC REC...")
@click.argument("out", type=OUTPUT, metavar="OUT.sqlite")
def merge(recordings: tuple[Path, ...], out: Path) -> None:
    """Make one recording of several, of one sensor at one rate, in the order of their times."""
    from monitor.storage.editing import TIME_DIGITS, merged
    from monitor.storage.labels import carry
    from monitor.storage.recording import Recording

    if len(recordings) < 2:
        raise click.UsageError("name two recordings or more, then OUT.sqlite.")
    _anew(recordings, out, merged)
    starts: dict[Path, float] = {}
    for path in recordings:
        with Recording.open(path) as opened:
            starts[path] = opened.meta.started_utc_s
    for path, started_utc_s in starts.items():
        carry(path, out, by_s=round(started_utc_s - min(starts.values()), TIME_DIGITS))


@sessions.command()
@click.argument("recording", type=Named(), metavar="REC")
@click.argument("out", type=OUTPUT, metavar="OUT.sqlite")
def anonymise(recording: Path, out: Path) -> None:
    """Copy a recording without names, addresses, notes and dates, to be shown to others.

    How you move stays in it: that may tell you from others who are measured the same way.
    """
    from monitor.storage.editing import anonymous
    from monitor.storage.labels import carry, meaning
    from monitor.storage.recording import Recording

    _anew([recording], out, lambda opened: anonymous(opened[0]))
    with Recording.open(recording) as whole:
        by_s = -float(math.floor(whole.start_s))
    carry(recording, out, by_s=by_s, unnamed=lambda label: str(meaning(label) or "mark"))


@sessions.command()
@click.argument("recordings", nargs=-1, required=True, type=Named(), metavar="REC...")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(recordings: tuple[Path, ...], yes: bool) -> None:
    """Delete recordings for good, with all that was measured. `sitwell forget` keeps the daily figures."""
    from monitor.storage.editing import delete as remove

    for path in recordings:
        click.echo(str(path), err=True)
    if not yes:
        if not sys.stdin.isatty():
            raise SitwellError("Deleting needs your word: add --yes.")
        click.confirm(f"Delete {len(recordings)} recording{'s' if len(recordings) > 1 else ''} for good?", abort=True)
    for path in recordings:
        remove(path)


@sessions.command()
@click.argument("recordings", nargs=-1, required=True, type=Named(), metavar="REC...")
def upgrade(recordings: tuple[Path, ...]) -> None:
    """Bring recordings of an older sitwell to the present schema. Reading them needs no upgrade."""
    from monitor.storage.schema import SCHEMA_VERSION
    from monitor.storage.schema import upgrade as migrate

    for path in recordings:
        was = migrate(path)
        said = "is up to date" if was == SCHEMA_VERSION else f"schema {was} is now {SCHEMA_VERSION}"
        click.echo(f"{path}: {said}", err=True)


def _anew(
    paths: Iterable[Path], out: Path, choose: "Callable[[list[Recording]], tuple[Meta, Iterator[Record]]]"
) -> None:
    """Write what `choose` makes of the opened recordings: (meta, records)."""
    from monitor.storage.editing import write_anew
    from monitor.storage.recording import Recording

    with ExitStack() as stack:
        opened = [stack.enter_context(Recording.open(path)) for path in paths]
        meta, records = choose(opened)
        length_s = sum(each.duration_s for each in opened)
        with session_progress(length_s, f"Writing {out.name}") as progress:
            write_anew(meta, _profile(opened[0], meta.profile), records, out, progress)
    click.echo(f"written to {out}", err=True)


def _profile(recording: "Recording", mapping: Any) -> "Profile | None":
    from monitor.config import profile_from_recording

    return profile_from_recording(mapping, str(recording.path))[0] if mapping else None


def _bar(paths: list[Path], label: str) -> Generator[Path]:
    hidden = len(paths) < 2 or not sys.stderr.isatty()
    with click.progressbar(paths, label=label, file=sys.stderr, hidden=hidden) as bar:
        yield from bar


def _row(path: Path) -> Row:
    from monitor.storage.recording import Recording
    from monitor.storage.schema import is_running

    size = path.stat().st_size
    try:
        with Recording.open(path) as opened:
            marks, meta = opened.marks, opened.meta
            started = _started(meta.started_utc_s, meta.utc_offset_s)[:16]
            duration_s = round(opened.duration_s, 3)
    except RecordingError as error:
        return Row(path.stem, "", 0.0, "", "", 0, size, running=False, fault=str(error))
    return Row(
        path.stem,
        started,
        duration_s,
        meta.sensor,
        meta.source,
        marks,
        size,
        is_running(path),
        fault="",
    )


def _started(utc_s: float, offset_s: int) -> str:
    """Local date and time with the zone's offset; empty where the start is unknown."""
    if not utc_s:
        return ""
    zone = timezone(timedelta(seconds=offset_s)) if offset_s else UTC
    return datetime.fromtimestamp(utc_s, zone).isoformat(" ", "seconds")


def _verdict(result: dict[str, Any]) -> str:
    if result["fault"]:
        return result["fault"]
    if result["whole"]:
        return f"{result['path']}: whole, {clock(result['duration_s'])}"
    parts = [f"{clock(gap['start_s'])} to {clock(gap['end_s'])} damaged" for gap in result["damaged"][:5]]
    if len(result["damaged"]) > 5:
        parts.append(f"and {len(result['damaged']) - 5} more spells")
    if result["events"]:
        parts.append(f"{len(result['events'])} events damaged (`sitwell analyze` makes them anew)")
    if result["labels"]:
        parts.append(f"{len(result['labels'])} labels damaged (`sitwell label` shows the others)")
    parts += [f"SQLite: {line}" for line in result["database"][:1]]
    return f"{result['path']}: {'; '.join(parts)}. The rest can be read."
