"""`sitwell diff`: two recordings, or one recording two ways, event by event."""

import json
import sys
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.cli.files import analysis_progress, chosen_profile, clock
from monitor.cli.options import EXISTING, Duration
from monitor.cli.sessions import Named
from monitor.errors import RecordingError

if TYPE_CHECKING:
    from monitor.evaluation.differences import Agreement, Differences, Figure, Moment, Seconds
    from monitor.profile import Profile
    from monitor.storage.recording import Recording

CONFUSIONS = 3  # named in the line about seconds
DETAILS = 4  # named of an event that only one has


@dataclass(frozen=True, slots=True)
class Way:
    """One side: a recording and how it is analyzed. name: in a heading; shift_s: added to all times."""

    recording: "Recording"
    profile: "Profile"
    gyro: bool
    hindsight: bool
    name: str
    shift_s: float = 0.0


@click.command()
@click.argument("a", type=Named(), metavar="A")
@click.argument("b", type=Named(), required=False, metavar="[B]")
@click.option("--profile", "profile_path", type=EXISTING, help="Settings for both, instead of each recording's own.")
@click.option("--profile-b", "profile_b", type=EXISTING, help="Settings for the second analysis alone.")
@click.option(
    "--within",
    "within_s",
    type=Duration(),
    default="2s",
    show_default=True,
    metavar="TIME",
    help="How far apart two events may be and still be taken for one.",
)
@click.option("--hindsight", is_flag=True, help="Analyze both with the whole recording known, as in analyze.")
@click.option("--no-gyro", is_flag=True, help="Leave the gyroscope out of the first analysis.")
@click.option("--no-gyro-b", is_flag=True, help="Leave the gyroscope out of the second analysis.")
@click.option("--align-utc", is_flag=True, help="Compare by date and time of day instead of time since the start.")
@click.option("--all", "every", is_flag=True, help="List the events that are equal, too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if there is any difference.")
def diff(
    a: Path,
    b: Path | None,
    profile_path: Path | None,
    profile_b: Path | None,
    within_s: float,
    hindsight: bool,
    no_gyro: bool,
    no_gyro_b: bool,
    align_utc: bool,
    every: bool,
    as_json: bool,
    exit_code: bool,
) -> None:
    """Compare two recordings, or one recording analyzed in two ways, event by event and second by second.

    With A alone, say how the second analysis differs: --profile-b or --no-gyro-b. Without --profile, each recording
    has the settings that it was made with, else your own.

    \b
    - 0:12:03 bout sitting     only in the first
    + 0:12:03 bout sitting     only in the second
    ~ 0:12:03 bout sitting     in both, and how the second one differs

    Events of one type and kind are taken for one if they overlap or are within 2 s of each other (--within): one to
    one, as many as can be, with the least shift of their times. Times to 0.01 s and figures to two decimals count.
    """  # noqa: D301 - click takes the backspace itself as 'do not wrap'
    if b is None and profile_b is None and no_gyro == no_gyro_b:
        raise click.UsageError("One recording needs two ways: add --profile-b or --no-gyro-b, or name a second one.")
    from monitor.evaluation.differences import agreement, differences
    from monitor.storage.recording import Recording

    with ExitStack() as stack:
        first, second = (stack.enter_context(Recording.open(path)) for path in (a, b or a))
        shift_s = _shift_s(first, second) if align_utc else 0.0
        ways = [
            Way(first, chosen_profile(first, profile_path), not no_gyro, hindsight, _name(a, profile_path, no_gyro)),
            Way(
                second,
                chosen_profile(second, profile_b or profile_path),
                not no_gyro_b,
                hindsight,
                _name(b or a, profile_b or profile_path, no_gyro_b),
                shift_s,
            ),
        ]
        (moments_a, seconds_a), (moments_b, seconds_b) = (_analyzed(way, hidden=as_json) for way in ways)
    found = differences(moments_a, moments_b, within_s)
    agreed = agreement(seconds_a, seconds_b)
    differ = not (found.empty and agreed.full)
    if as_json:
        names = {"a": ways[0].name, "b": ways[1].name}
        click.echo(json.dumps({**names, "differ": differ, **_plain(found), **_figures(agreed)}))
    else:
        click.echo(f"--- {ways[0].name}\n+++ {ways[1].name}")
        for line in lines(found, every=every):
            click.echo(line)
        click.echo(f"events   {count_line(found)}")
        click.echo(f"seconds  {seconds_line(agreed)}")
    if exit_code and differ:
        sys.exit(1)


def _shift_s(first: "Recording", second: "Recording") -> float:
    for recording in (first, second):
        if not recording.meta.started_utc_s:
            raise RecordingError(
                f"{recording.path} does not say when it was recorded: leave --align-utc out.", recording.path
            )
    return second.meta.started_utc_s - first.meta.started_utc_s


def _name(path: Path, profile_path: Path | None, no_gyro: bool) -> str:
    parts = [str(path), f"profile {profile_path}" if profile_path else "", "without gyroscope" if no_gyro else ""]
    return ", ".join(part for part in parts if part)


def _analyzed(way: Way, *, hidden: bool) -> "tuple[list[Moment], Seconds]":
    """Everything that the analysis of one side gave rise to."""
    from monitor.analysis import analyze
    from monitor.evaluation.differences import Seconds, moment
    from monitor.pipeline import Pipeline
    from monitor.stream import Epoch, Event, Gap, Record

    moments: list[Moment] = []
    seconds = Seconds()

    def take(record: Record, events: list[Event], _: Pipeline) -> None:
        if isinstance(record, Gap):
            moments.append(moment(record, way.shift_s))
        for event in events:
            if isinstance(event, Epoch):
                seconds.add(event, way.shift_s)
            else:
                moments.append(moment(event, way.shift_s))

    with analysis_progress(way.recording, hidden=hidden) as progress:
        analyze(way.recording, way.profile, gyro=way.gyro, hindsight=way.hindsight, sink=take, progress=progress)
    return moments, seconds


# ---------------------------------------------------------------- words


def lines(found: "Differences", *, every: bool = False) -> list[str]:
    """One line an event, in order of time; `every`: with those that are equal."""
    entries = [(each, 1, f"- {_event(each)}") for each in found.only_a]
    entries += [(each, 2, f"+ {_event(each)}") for each in found.only_b]
    entries += [(a, 0, f"~ {_when(a)}: {', '.join(changes(a, b))}") for a, b in found.changed]
    entries += [(each, 0, f"  {_event(each)}") for each in found.equal if every]
    return [line for _, _, line in sorted(entries, key=lambda entry: (entry[0].start_s, entry[1], entry[2]))]


def _when(each: "Moment") -> str:
    sign = "-" if each.start_s < 0 else ""
    return f"{sign}{clock(abs(each.start_s))} {each.type}{f' {each.kind}' if each.kind else ''}"


def _event(each: "Moment") -> str:
    parts = [] if each.end_s is None else [f"{_span(each.end_s - each.start_s)} long"]
    known = [(name, value) for name, value in each.details if value not in {"", None} and name != "message"]
    parts += [f"{name} {_told(value)}" for name, value in known[:DETAILS]]
    parts += ["..."] if len(known) > DETAILS else []
    return f"{_when(each)}: {', '.join(parts)}" if parts else _when(each)


def changes(a: "Moment", b: "Moment") -> list[str]:
    """How b differs from a, in words."""
    said: list[str] = []
    if b.start_s != a.start_s:
        said.append(f"{'comes' if a.end_s is None else 'starts'} {_shift(b.start_s - a.start_s)}")
    if a.end_s is not None and b.until_s != a.until_s:
        said.append(f"ends {_shift(b.until_s - a.until_s)}")
    had, has = dict(a.details), dict(b.details)
    names = [*had, *(name for name in has if name not in had)]
    told = [(name, _told(has.get(name)), _told(had.get(name))) for name in names if had.get(name) != has.get(name)]
    return said + [f"{name} {now} instead of {before}" for name, now, before in told]


def _shift(seconds: float) -> str:
    return f"{_span(abs(seconds))} {'later' if seconds > 0 else 'earlier'}"


def _span(seconds: float) -> str:
    """3 s, 0.25 s, 2 min 5 s, 1 h 20 min."""
    if seconds < 60.0:
        return f"{round(seconds, 2):g} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole // 60 % 60} min"


def _told(value: "Figure") -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, tuple):
        return f"({', '.join(map(_told, value))})"
    if isinstance(value, float):
        return f"{value:.10g}"
    return f"{value!r}" if isinstance(value, str) and " " in value else str(value)


def count_line(found: "Differences") -> str:
    """How many events are equal, changed, and alone."""
    return (
        f"{len(found.equal)} equal, {len(found.changed)} changed, {len(found.only_a)} only in the first, "
        f"{len(found.only_b)} only in the second"
    )


def seconds_line(agreed: "Agreement") -> str:
    """How far both say the same of each second."""
    alone = [
        f"{count} more only in the {name}"
        for count, name in ((agreed.only_a, "first"), (agreed.only_b, "second"))
        if count
    ]
    parts = [", ".join([f"{agreed.seconds} compared", *alone])]
    if agreed.seconds:
        share = 100.0 * agreed.same / agreed.seconds
        rounded = "100" if agreed.same == agreed.seconds else f"{min(share, 99.9):.1f}"
        wrong = ", ".join(f"{a} → {b} {_span(count)}" for a, b, count in agreed.confusions[:CONFUSIONS])
        more = ", ..." if len(agreed.confusions) > CONFUSIONS else ""
        parts.append(f"same posture in {rounded} %{f' ({wrong}{more})' if wrong else ''}")
    if agreed.tilt_mean_deg is not None:
        parts.append(f"tilt {agreed.tilt_mean_deg:.2f}° apart on average, {agreed.tilt_max_deg:.2f}° at most")
    else:
        parts.append("no second has a tilt in both")
    if agreed.tilt_alone:
        parts.append(f"{agreed.tilt_alone} have one in one of them alone")
    return "; ".join(parts)


def _plain(found: "Differences") -> dict[str, Any]:
    return {
        "equal": len(found.equal),
        "changed": [{"a": _fields(a), "b": _fields(b), "changes": changes(a, b)} for a, b in found.changed],
        "only_a": [_fields(each) for each in found.only_a],
        "only_b": [_fields(each) for each in found.only_b],
    }


def _fields(each: "Moment") -> dict[str, Any]:
    ends = {} if each.end_s is None else {"end_s": each.end_s}
    return {"type": each.type, "kind": each.kind, "start_s": each.start_s, **ends, **dict(each.details)}


def _figures(agreed: "Agreement") -> dict[str, Any]:
    figures = asdict(agreed)
    figures["confusions"] = [{"a": a, "b": b, "seconds": count} for a, b, count in agreed.confusions]
    return {"seconds": figures}
