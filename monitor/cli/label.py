"""`sitwell label`: what the wearer says of a recording, on the ribbon or from the command line."""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.files import chosen_profile, clock
from monitor.cli.sessions import Named
from monitor.errors import SitwellError

if TYPE_CHECKING:
    from monitor.dashboard.labelling import Edit
    from monitor.dashboard.widgets.labels import Tag, Wearing
    from monitor.storage.labels import Label
    from monitor.storage.recording import Recording
    from monitor.stream import Event

NO_TERMINAL = "There is no terminal for the ribbon here: add --list, --add TIME LABEL or --remove N."
NONE_YET = "No labels yet: `sitwell label REC` opens the ribbon, `--add 10:32 wrong` adds one."
NO_POSTURES = "No postures could be made of this recording: `sitwell sessions info` tells what it holds."
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Times:
    """How the times of a recording are written. day_s: local time of day at session time 0, s."""

    start_s: float
    length_s: float
    day_s: float

    def of_day(self, t_s: float) -> str:
        """HH:MM:SS, local."""
        at_s = int(self.day_s + t_s) % _DAY_S
        return f"{at_s // 3600:02d}:{at_s // 60 % 60:02d}:{at_s % 60:02d}"

    def meant(self, text: str, here_s: float, option: str) -> float:
        """The session time that is meant, s, as in a replay at `here_s`; a usage error for anything else."""
        from monitor.dashboard.goto import position_s
        from monitor.snapshot import Player

        player = Player(here_s - self.start_s, self.length_s, 1.0, paused=True, ended=False)
        try:
            return self.start_s + position_s(text, player, self.of_day(here_s))
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint=option) from error


@click.command()
@click.argument("recording", type=Named(), metavar="REC")
@click.option("--list", "listed", is_flag=True, help="Print the labels.")
@click.option("--add", type=(str, str), metavar="TIME LABEL", help="Add a label, such as --add 10:32 wrong.")
@click.option(
    "--until", metavar="TIME", help="Where the added label ends, such as 10:40 or +5min; else it is a moment."
)
@click.option("--note", default="", metavar="TEXT", help="A note beside the added label.")
@click.option("--remove", type=int, metavar="N", help="Remove label number N; --list tells the numbers.")
@click.option("--json", "as_json", is_flag=True, help="With --list: print a JSON array.")
def label(
    recording: Path,
    listed: bool,
    add: tuple[str, str] | None,
    until: str | None,
    note: str,
    remove: int | None,
    as_json: bool,
) -> None:
    """Say afterwards what was so: which prompts were right or wrong, when you sat, stood, walked or lay.

    Without options, the ribbon of the recording is shown, and labels are set on it with one key each; every one is
    saved at once, u undoes, ? lists all keys. The marks you made while wearing are labels too, and can be edited. No
    label changes what a replay gives.

    \b
    right, wrong                       the prompt at this time was
    sitting, standing, walking, lying  "I was sitting" says the same
    anything else                      words of your own

    TIME is 1:20:00 or 80min from the beginning, 10:32 the time of day, and after --until +5min from there.
    """  # noqa: D301 - click takes the backspace itself as 'do not wrap'
    if add is None and (until is not None or note):
        raise click.UsageError("--until and --note go with --add.")
    if as_json and not listed:
        raise click.UsageError("--json goes with --list.")
    if add is None and remove is None and not listed:
        _show(recording)
        return
    from monitor.storage import labels

    if add is not None or remove is not None:
        labels.refuse_running(recording)  # before its times are looked at: they still grow
    times = _times(recording)
    if remove is not None:
        was = labels.remove(recording, remove)
        click.echo(f"removed {was.number}: {was.label}, {_when(was, times)}", err=True)
    if add is not None:
        start_s = times.meant(add[0], times.start_s, "--add")
        end_s = start_s if until is None else times.meant(until, start_s, "--until")
        new = labels.add(recording, start_s, end_s, add[1], note)
        click.echo(f"added {new.number}: {new.label}, {_when(new, times)}", err=True)
    if listed:
        _list(labels.labels(recording), times, as_json=as_json)


def _times(recording: Path) -> Times:
    from monitor.storage.recording import Recording

    with Recording.open(recording) as opened:
        return _times_of(opened)


def _times_of(opened: "Recording") -> Times:
    day_s = (opened.meta.started_utc_s + opened.meta.utc_offset_s) % _DAY_S
    return Times(opened.start_s, opened.duration_s, day_s)


def _when(label: "Label", times: Times) -> str:
    """'09:42:32' or '09:42:32 to 09:47:00'."""
    end = f" to {times.of_day(label.end_s)}" if label.end_s > label.start_s else ""
    return times.of_day(label.start_s) + end


def _list(found: "Iterable[Label]", times: Times, *, as_json: bool) -> None:
    from monitor.storage.labels import meaning

    if as_json:
        rows = [
            {
                "number": each.number,
                "start_s": each.start_s,
                "end_s": each.end_s,
                "time": times.of_day(each.start_s),
                "label": each.label,
                "note": each.note,
                "meaning": meaning(each.label),
            }
            for each in found
        ]
        click.echo(json.dumps(rows))
        return
    lines = [
        f"{each.number:>4}  {times.of_day(each.start_s)}  {clock(each.start_s - times.start_s)}  "
        f"{clock(each.end_s - each.start_s) if each.end_s > each.start_s else '':>7}  {each.label}"
        f"{f'  ({each.note})' if each.note else ''}"
        for each in found
    ]
    click.echo("\n".join(lines) if lines else NONE_YET)


# ---------------------------------------------------------------- the ribbon


def _show(recording: Path) -> None:
    if not (sys.stdout.isatty() and sys.stdin.isatty()):
        raise SitwellError(NO_TERMINAL)
    from monitor.dashboard.labelling import Labelling
    from monitor.storage.labels import refuse_running

    refuse_running(recording)
    Labelling(wearing(recording), tags(recording), editing(recording)).run()


def wearing(recording: Path) -> "Wearing":
    """What the ribbon shows: the events kept in the recording, else those that its settings give, made now."""
    from monitor.dashboard.widgets.labels import Wearing
    from monitor.storage.recording import Recording
    from monitor.stream import AlertRaised, Epoch

    with Recording.open(recording) as opened:
        times = _times_of(opened)
        lost: list[int] = []
        events = [event for event in opened.events(lost) if isinstance(event, Epoch | AlertRaised)]
        if not any(isinstance(event, Epoch) for event in events):
            events = _made(opened, times)
    return Wearing(
        name=recording.name,
        start_s=times.start_s,
        end_s=times.start_s + times.length_s,
        day_s=times.day_s,
        epochs=tuple(event for event in events if isinstance(event, Epoch)),
        prompts=tuple(event for event in events if isinstance(event, AlertRaised)),
        empty=NO_POSTURES,
    )


def _made(opened: "Recording", times: Times) -> "list[Event]":
    """The events of a recording that brings none, as an import; nothing of them is kept."""
    from monitor.cli.deck import events_of
    from monitor.cli.progress import session_progress
    from monitor.stream import AlertRaised, Epoch

    events: list[Event] = []
    profile = chosen_profile(opened, None)
    with session_progress(times.length_s, f"Analyzing {opened.path.name}", start_s=times.start_s) as reached:
        for event in events_of(opened, profile):
            if isinstance(event, Epoch | AlertRaised):
                events.append(event)
                reached(event.t_s)
    return events


def tags(recording: Path) -> "tuple[Tag, ...]":
    """The labels as the ribbon shows them."""
    from monitor.dashboard.widgets.labels import Tag
    from monitor.storage.labels import labels, meaning

    return tuple(
        Tag(each.number, each.start_s, each.end_s, each.label, each.note, str(meaning(each.label) or ""))
        for each in labels(recording)
    )


def editing(recording: Path) -> "Edit":
    """What the ribbon calls for each edit; it is on the disk when this returns."""
    from monitor.storage import labels

    def edit(number: int | None, tag: "Tag | None") -> "tuple[int, tuple[Tag, ...]]":
        if tag is None:
            number = labels.remove(recording, number or 0).number
        elif number is None:
            number = labels.add(recording, tag.start_s, tag.end_s, tag.label, tag.note).number
        else:
            labels.restore(recording, labels.Label(number, tag.start_s, tag.end_s, tag.label, tag.note))
        return number, tags(recording)

    return edit
