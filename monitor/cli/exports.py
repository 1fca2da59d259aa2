"""Verb export: recordings into foreign files."""

import math
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.files import Tables, chosen_profile
from monitor.cli.options import EXISTING
from monitor.cli.progress import session_progress
from monitor.errors import SitwellError

if TYPE_CHECKING:
    from monitor.profile import Profile
    from monitor.storage.exporters.writing import Outgoing, Progress
    from monitor.storage.recording import Recording

FORMATS = ("csv", "parquet", "motion-bids", "epochs", "events")
TABLES = ("epochs", "events")


@click.command()
@click.argument("recording", type=EXISTING, metavar="REC")
@click.argument("out", type=click.Path(allow_dash=True, path_type=Path), metavar="OUT")
@click.option("--format", "format_name", type=click.Choice(FORMATS), help="What to write; default: as OUT ends.")
@click.option("--anonymise", is_flag=True, help="Leave out names, addresses, notes and dates; time begins at 0.")
@click.option("--force", is_flag=True, help="Replace what is there.")
@click.option("--subject", help="Motion-BIDS: label of the wearer, letters and digits.  [default: 01]")
@click.option("--session", help="Motion-BIDS: label of the session.  [default: none]")
@click.option("--task", help="Motion-BIDS: label of what was done.  [default: day]")
def export(
    recording: Path,
    out: Path,
    format_name: str | None,
    anonymise: bool,
    force: bool,
    subject: str | None,
    session: str | None,
    task: str | None,
) -> None:
    """Write a recording as canonical CSV, Parquet or Motion-BIDS, or its epochs or events as a table.

    OUT.csv and OUT.parquet hold the samples; importing either again gives the same numbers to the last bit. '-' writes
    CSV to the standard output. Motion-BIDS takes a folder, and adds to the data set that is in it. Epochs and events
    are those of `sitwell analyze`, as .csv, .jsonl or .parquet.
    """
    from monitor.storage.recording import Recording

    labels = {name: value for name, value in (("subject", subject), ("session", session), ("task", task)) if value}
    kind = format_name or _by_ending(out, bids=bool(labels))
    if labels and kind != "motion-bids":
        raise click.UsageError("--subject, --session and --task belong to --format motion-bids.")
    if str(out) == "-" and kind != "csv":
        raise click.UsageError("Only CSV can be written to the standard output.")
    if kind != "motion-bids" and out.is_dir():
        raise SitwellError(f"{out} is a folder: name a file in it, or add --format motion-bids.")
    if kind != "motion-bids" and str(out) != "-" and out.exists() and not force:
        raise SitwellError(f"{out} exists already: choose another name, or replace it with --force.")
    with Recording.open(recording) as opened, _progress(opened, anonymise=anonymise) as progress:
        if kind in TABLES:
            _write_table(opened, kind, out, progress, anonymise=anonymise)
            written = kind
        else:
            outgoing = _outgoing(opened, anonymise=anonymise)
            written = f"{_write_samples(outgoing, kind, out, labels, progress, force=force)} samples"
    click.echo(f"{written} written", err=True)


def _by_ending(out: Path, *, bids: bool) -> str:
    ending = out.suffix.lower()
    if bids or (str(out) != "-" and out.is_dir()):
        return "motion-bids"
    if str(out) == "-" or ending == ".csv":
        return "csv"
    if ending == ".parquet":
        return "parquet"
    raise SitwellError(f"{out}: the ending must be .csv or .parquet: it chooses the format, or --format does.")


def _outgoing(recording: "Recording", *, anonymise: bool) -> "Outgoing":
    from monitor.storage.exporters.writing import Outgoing

    if not anonymise:
        return Outgoing.of(recording)
    from monitor.storage.editing import anonymous

    meta, records = anonymous(recording)
    return Outgoing(meta, records, recording.path)


def _write_samples(
    outgoing: "Outgoing", kind: str, out: Path, labels: dict[str, str], progress: "Progress", *, force: bool
) -> int:
    if kind == "parquet":
        from monitor.storage.exporters.parquet import write_parquet

        return write_parquet(outgoing, out, progress)
    if kind == "motion-bids":
        from monitor.storage.exporters.motion_bids import Names, write_motion_bids

        return write_motion_bids(outgoing, out, Names(**labels), progress, force=force)
    from monitor.storage.exporters.canonical import write_csv

    return write_csv(outgoing, sys.stdout if str(out) == "-" else out, progress)


def _write_table(recording: "Recording", kind: str, out: Path, progress: "Progress", *, anonymise: bool) -> None:
    """Epochs or events by a new analysis. Anonymised, the settings are the recording's own, else the default ones."""
    from monitor.storage.tables import ENDINGS

    if out.suffix.lower() not in ENDINGS:
        raise SitwellError(f"{out}: the ending must be one of {', '.join(ENDINGS)}: it chooses the format.")
    if not anonymise:
        _analyze(recording, chosen_profile(recording, None), kind, out, progress)
        return
    import tempfile

    from monitor.config import default_profile
    from monitor.storage.editing import write_anew
    from monitor.storage.recording import Recording

    outgoing = _outgoing(recording, anonymise=True)
    with tempfile.TemporaryDirectory() as folder:
        nameless = Path(folder) / "nameless.sqlite"
        write_anew(outgoing.meta, None, outgoing.records, nameless)
        with Recording.open(nameless) as opened:
            profile = chosen_profile(opened, None) if opened.meta.profile else default_profile()
            _analyze(opened, profile, kind, out, progress)


def _analyze(recording: "Recording", profile: "Profile", kind: str, out: Path, progress: "Progress") -> None:
    from monitor.analysis import analyze
    from monitor.storage.exporters.writing import placed

    if out.suffix.lower() == ".parquet":
        from monitor.storage.importers.parquet import arrow

        arrow(out)  # says what is missing before anything is begun
    with placed(out) as part:
        epochs, events = (part if kind == each else None for each in TABLES)
        with Tables(None, epochs, events) as tables:
            analyze(recording, profile, sink=tables.write, progress=progress)


def _progress(recording: "Recording", *, anonymise: bool) -> AbstractContextManager[Callable[[float], None]]:
    start_s = recording.start_s - (math.floor(recording.start_s) if anonymise else 0)
    return session_progress(recording.duration_s, f"Exporting {recording.path.name}", start_s=start_s)
