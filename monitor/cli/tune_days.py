"""The days that settings are tried on: recordings read, those without stored events made anew, with a progress bar."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.errors import SitwellError

if TYPE_CHECKING:
    from monitor.storage.recording import Recording
    from monitor.stream import Event
    from monitor.tuning.days import Worn
    from monitor.tuning.suggest import Marked

ALONE = 4  # so many recordings are read sooner than another process starts


@dataclass(frozen=True, slots=True)
class Session:
    """A recording as it was read. local_s: local time of day at session time 0, s."""

    path: Path
    marked: "Marked"
    local_s: float

    def clock(self, t_s: float) -> str:
        """Local HH:MM at this session time."""
        at_s = int(self.local_s + t_s) % 86_400
        return f"{at_s // 3600:02d}:{at_s // 60 % 60:02d}"


def sessions_of(recordings: tuple[Path, ...], days: int, folder: Path | None) -> list[Session]:
    """Those named, or else of the newest so many days, in order of time. Raises SitwellError where there are none."""
    from monitor.places import recordings_dir
    from monitor.storage.history.store import SOURCES
    from monitor.storage.stored_days import newest

    paths, faults = [*dict.fromkeys(recordings)], list[str]()
    if not paths:
        folder = folder or recordings_dir()
        paths, faults = newest(folder, days, SOURCES)
        if not paths and not faults:
            raise SitwellError(
                f"There is no day in {folder} to try settings on: `sitwell live` records one, or name REC."
            )
    for fault in faults:
        click.echo(fault, err=True)
    found: list[Session] = []
    for each in _read_all(paths):
        if isinstance(each, Session):
            found.append(each)
        else:
            click.echo(each, err=True)
    found = [each for each in found if len(each.marked.worn.seconds)]
    if not found:
        raise SitwellError("There are no seconds in these recordings to try settings on: name others.")
    return sorted(found, key=lambda each: each.marked.worn.began_utc_s)


def _read_all(paths: list[Path]) -> Iterator[Session | str]:
    """Each recording as read, or the sentence that says why not."""
    from monitor.storage.pool import worked

    hidden = not sys.stderr.isatty()
    bar = click.progressbar(length=len(paths), label="Reading days", file=sys.stderr, hidden=hidden)
    with bar, worked(read if len(paths) > ALONE else read_alone, paths, alone=ALONE) as results:
        for each in results:
            bar.update(1)
            yield each


def read_alone(path: Path) -> Session | str:
    """As read, with a bar of its own where the events are made anew."""
    return read(path, shown=True)


def read(path: Path, *, shown: bool = False) -> Session | str:
    """A recording, or a sentence that says why it cannot be read."""
    from monitor.storage import labels
    from monitor.storage.recording import Recording
    from monitor.storage.stored_days import load, local_day
    from monitor.tuning.score import Label
    from monitor.tuning.suggest import Marked

    try:
        with Recording.open(path) as recording:
            meta = recording.meta
            worn = load(path) or _anew(recording, shown=shown)
        said = [(each, labels.meaning(each.label)) for each in labels.labels(path)]
        marks = tuple(Label(0, each.start_s, each.end_s, meaning) for each, meaning in said if meaning is not None)
        day = str(local_day(meta)) if meta.started_utc_s > 0.0 else path.stem
        local_s = (meta.started_utc_s + meta.utc_offset_s) % 86_400
        return Session(path, Marked(worn, day, marks), local_s)
    except SitwellError as error:
        return str(error)
    except (ArithmeticError, OSError, TypeError, ValueError) as error:
        return f"{path} is damaged ({error}): `sitwell sessions verify` tells where."


def _anew(recording: "Recording", *, shown: bool) -> "Worn":
    """What a recording means that has no events of its own, or not all: by the settings that it was made with."""
    from monitor.analysis import analyze
    from monitor.cli.files import chosen_profile
    from monitor.cli.progress import session_progress
    from monitor.tuning.days import worn

    profile = chosen_profile(recording, None)
    events: list[Event] = []
    with session_progress(recording.duration_s, f"Analyzing {recording.path.name}", hidden=not shown) as reached:
        analyze(recording, profile, sink=lambda _, some, __: events.extend(some), progress=reached)
    return worn(recording.path.stem, recording.meta.started_utc_s, events, profile.bouts)
