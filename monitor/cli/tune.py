"""tune: settings of the prompts tried on recorded days, on the screen, as a grid, or as a proposal from the marks."""

import json
import math
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.cli.options import profile_option
from monitor.cli.sessions import Named
from monitor.errors import SitwellError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from monitor.cli.tune_days import Session
    from monitor.cli.tune_sweep import Other
    from monitor.config.editing import Change
    from monitor.profile import Profile
    from monitor.states.rules import AlertSettings
    from monitor.tuning.score import Score
    from monitor.tuning.suggest import Part
    from monitor.tuning.sweep import Axis

DAYS = 30
SHOWN = 40  # lines of a table; of a larger grid the best ones are shown
LEAD_S = 60.0  # a replay begins so long before the prompt
HEAD = ("prompts/h", "beyond min/h", "missed", "followed")
HEAD_OF_MARKS = ("precision", "recall", "false/h")


@click.command()
@click.argument("recordings", nargs=-1, type=Named(), metavar="[REC]...")
@click.option("--days", type=click.IntRange(1), default=DAYS, show_default=True, help="Without REC: the newest days.")
@click.option("--set", "ranges", multiple=True, metavar="NAME=LOW:HIGH:STEP", help="Try these values; also NAME=A,B,C.")
@click.option("--suggest", "suggesting", is_flag=True, help="Propose settings from your marks.")
@click.option("--knobs", "listing", is_flag=True, help="Print what can be set, and how it is set now.")
@click.option("--place", default="desk", show_default=True, metavar="NAME", help="The [[profile]] that is turned.")
@click.option("--pick", type=click.IntRange(1), metavar="N", help="Take line N of the table, not the proposed one.")
@click.option("--write", is_flag=True, help="Write what was chosen into your profile.toml, or into that of --profile.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--recordings",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Another folder than your recordings folder.",
)
@profile_option
def tune(
    recordings: tuple[Path, ...],
    days: int,
    ranges: tuple[str, ...],
    suggesting: bool,
    listing: bool,
    place: str,
    pick: int | None,
    write: bool,
    as_json: bool,
    folder: Path | None,
    profile_path: Path | None,
) -> None:
    """Try settings of the prompts on days that you have recorded.

    Without --set and --suggest a screen opens, with a slider for each threshold. Figures are those of a full replay
    under the same settings: prompts an hour worn, minutes beyond your band, long exposures (by the settings of now)
    without a prompt, and prompts that a break followed; and by your marks how many prompts were right, how many of
    those wanted came, and wrong ones an hour. That a break followed does not say that it came of the prompt.

    \b
    sitwell tune --set posture.tilt_deg=6:16:2 --set sitting.limit_min=20:60:10
    sitwell tune --suggest --write
    """  # noqa: D301 - click takes the backspace itself as 'do not wrap'
    from monitor.config import load_profile

    if ranges and suggesting:
        raise click.UsageError("name --set or --suggest.")
    if (pick is not None or write) and not (ranges or suggesting):
        raise click.UsageError("--pick and --write go with --set or --suggest.")
    if pick is not None and suggesting:
        raise click.UsageError("--pick goes with --set.")
    profile = load_profile(profile_path)
    before = profile.prompts
    names = [each.name for each in before.places]
    if place not in names:
        raise SitwellError(f"There is no profile {place!r}: there are {', '.join(names)}.")
    if listing:
        _list(before, place, as_json=as_json)
    elif ranges:
        axes = _axes(ranges, profile, place)
        values = _values(axes, pick)
        with _helper(len(values), len(recordings) or days) as other:
            sessions = _days(recordings, days, folder)
            _sweep(sessions, before, axes, values, place, pick, _saver(profile_path, write), other, as_json=as_json)
    elif suggesting:
        _suggest(_days(recordings, days, folder), before, place, _saver(profile_path, write), as_json=as_json)
    else:
        from monitor.cli.tune_screen import open_tuner

        if not (sys.stdout.isatty() and sys.stdin.isatty()):
            raise SitwellError("There is no terminal for the tuner here: add --set NAME=LOW:HIGH:STEP or --suggest.")
        open_tuner(_days(recordings, days, folder), before, profile_path)


def _days(recordings: tuple[Path, ...], days: int, folder: Path | None) -> "list[Session]":
    from monitor.cli.tune_days import sessions_of

    return sessions_of(recordings, days, folder)


def _list(before: "AlertSettings", place: str, *, as_json: bool) -> None:
    from monitor.tuning.knobs import knobs

    known = knobs(next(each for each in before.places if each.name == place))
    if as_json:
        rows = [
            {"name": each.name, "value": each.get(before, place), "unit": each.unit, "meaning": each.meaning}
            for each in known.values()
        ]
        click.echo(json.dumps(rows))
        return
    for each in known.values():
        click.echo(f"{each.name:<28} {each.get(before, place):>7g} {each.unit:<8} {each.meaning}")


# ---------------------------------------------------------------- what is written


def settings_changes(before: "AlertSettings", after: "AlertSettings") -> "list[Change]":
    """What a profile.toml is to say for the one to become the other."""
    from monitor.config.editing import Change
    from monitor.tuning.knobs import changes

    return [Change(each.key, each.value, each.alert, each.profile) for each in changes(before, after)]


def save(changes: "Sequence[Change]", profile_path: Path | None) -> str:
    """Write them, and say where. Raises ConfigError."""
    from monitor.config.editing import write_values
    from monitor.places import profile_path as usual

    path = profile_path or usual()
    if not changes:
        return f"Nothing to write: {path} has these settings."
    write_values(path, changes)
    return f"{len(changes)} value{'' if len(changes) == 1 else 's'} written to {path}"


def _saver(profile_path: Path | None, write: bool) -> "Callable[[Sequence[Change]], None]":
    def done(changes: "Sequence[Change]") -> None:
        if write:
            click.echo(save(changes, profile_path), err=True)

    return done


# ---------------------------------------------------------------- sweep


def _axes(ranges: Sequence[str], profile: "Profile", place: str) -> "tuple[Axis, ...]":
    """What is turned. Raises SitwellError for a name, a range or a value that cannot be."""
    import tomllib

    from monitor.config import profile_from_mapping
    from monitor.config.editing import as_toml
    from monitor.tuning.knobs import knobs
    from monitor.tuning.sweep import axis

    before = profile.prompts
    known = knobs(next(each for each in before.places if each.name == place))
    axes = tuple(axis(text, known) for text in ranges)
    for each in axes:
        for value in (min(each.values), max(each.values)):
            toml = as_toml(settings_changes(before, each.knob.set(before, value, place)))
            profile_from_mapping(tomllib.loads(toml), profile, f"{each.knob.name} = {value:g}")
    return axes


def _values(axes: "tuple[Axis, ...]", pick: int | None) -> "list[tuple[float, ...]]":
    from monitor.tuning.sweep import grid

    values = list(grid(axes))
    if pick is not None and pick > len(values):
        raise SitwellError(f"There are {len(values)} settings: --pick takes 1 to {len(values)}.")
    return values


def _helper(settings: int, days: int) -> "AbstractContextManager[Other | None]":
    """Another process where there is enough to do; it starts while the days are read."""
    from monitor.cli.tune_sweep import Other, worth_two

    return Other() if worth_two(settings, days) else nullcontext()


def _sweep(
    sessions: "list[Session]",
    before: "AlertSettings",
    axes: "tuple[Axis, ...]",
    values: "list[tuple[float, ...]]",
    place: str,
    pick: int | None,
    saved: "Callable[[Sequence[Change]], None]",
    other: "Other | None",
    *,
    as_json: bool,
) -> None:
    from monitor.cli.tune_sweep import shared, work
    from monitor.config.editing import as_toml
    from monitor.tuning.sweep import chosen, pareto, turned

    marked = [each.marked for each in sessions]
    own = work(marked, before, axes, place)
    scores = shared(marked, own, values, other)
    best = pareto(scores)
    rerun = own.tried.run(before)
    now = own.yardstick.score(own.tried, before, rerun)
    taken = pick - 1 if pick else chosen(scores, now)

    def toml(number: int) -> str:
        return as_toml(settings_changes(before, turned(before, axes, values[number], place)))

    if as_json:
        names = [each.knob.name for each in axes]
        rows = [
            {
                "values": dict(zip(names, each, strict=True)),
                **_figures(score),
                "pareto": is_best,
                **({"toml": toml(n)} if is_best else {}),
            }
            for n, (each, score, is_best) in enumerate(zip(values, scores, best, strict=True))
        ]
        present = {each.knob.name: each.knob.get(before, place) for each in axes}
        result = {
            **_days_object(sessions),
            "now": {"values": present, **_figures(now)},
            "settings": rows,
            "chosen": {
                "number": taken + 1,
                "values": dict(zip(names, values[taken], strict=True)),
                "toml": toml(taken),
            },
        }
        click.echo(json.dumps(result))
    else:
        present = tuple(each.knob.get(before, place) for each in axes)
        _table(axes, [(present, now), *zip(values, scores, strict=True)], best, taken, marks=bool(own.yardstick.labels))
        click.echo(f"\n# line {taken + 1}, for your profile.toml")
        click.echo(toml(taken) or "# as it is now\n", nl=False)
    saved(settings_changes(before, turned(before, axes, values[taken], place)))


def _table(
    axes: "tuple[Axis, ...]",
    rows: "list[tuple[tuple[float, ...], Score]]",
    best: Sequence[bool],
    taken: int,
    *,
    marks: bool,
) -> None:
    """rows: the present settings first."""
    numbers = sorted(range(len(best)), key=lambda n: (rows[n + 1][1].prompts_per_h, rows[n + 1][1].missed, n))
    if len(numbers) > SHOWN:
        numbers = [n for n in numbers if best[n]]
    hidden = len(best) - len(numbers[:SHOWN])
    numbers = numbers[:SHOWN]
    if taken not in numbers:
        numbers.append(taken)
    heads = [each.knob.name for each in axes] + [*HEAD, *(HEAD_OF_MARKS if marks else ())]
    lines = [["", "", *heads], ["now", "", *_row(*rows[0], marks=marks)]]
    lines += [[str(n + 1), "*" if best[n] else "", *_row(*rows[n + 1], marks=marks)] for n in numbers]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        click.echo("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    score = rows[0][1]
    click.echo(
        f"* no other one asks less, misses less{' and is right more often' if marks else ''}; "
        f"{score.worn_h:.1f} h worn, {score.long_exposures} long exposures"
        + (f"; {hidden} more with --json" if hidden else ""),
        err=True,
    )


def _row(values: Sequence[float], score: "Score", *, marks: bool) -> list[str]:
    beyond = score.exposure_min / score.worn_h if score.worn_h else math.nan
    cells = [f"{each:g}" for each in values]
    cells += [_number(score.prompts_per_h, 2), _number(beyond, 1), str(score.missed), _share(score.followed)]
    return [*cells, _share(score.precision), _share(score.recall), _number(score.false_per_h, 2)] if marks else cells


def _number(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{100.0 * value:.0f}%"


def _figures(score: "Score") -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value for name, value in asdict(score).items()
    }


def _days_object(sessions: "list[Session]") -> dict[str, Any]:
    return {
        "sessions": len(sessions),
        "days": len({each.marked.day for each in sessions}),
        "marks": sum(len(each.marked.labels) for each in sessions),
    }


# ---------------------------------------------------------------- proposal


def _suggest(
    sessions: "list[Session]",
    before: "AlertSettings",
    place: str,
    saved: "Callable[[Sequence[Change]], None]",
    *,
    as_json: bool,
) -> None:
    from monitor.config.editing import as_toml
    from monitor.tuning.suggest import suggest

    bar = click.progressbar(length=1000, label="Trying", file=sys.stderr, hidden=not sys.stderr.isatty())
    with bar:
        found = suggest(
            [each.marked for each in sessions],
            before,
            place,
            lambda part: bar.update(max(0, round(1000 * part) - bar.pos)),
        )
    changes = settings_changes(before, found.settings)
    toml = as_toml(changes) if changes else ""
    if as_json:
        parts = {"chosen_on": found.chosen, "scored_on": found.scored}
        result = {name: _part(part) for name, part in parts.items()}
        click.echo(json.dumps({**_days_object(sessions), **result, "holds": found.holds, "toml": toml}))
    else:
        for name, part in (("chosen on", found.chosen), ("scored on", found.scored)):
            click.echo(f"{name} {part.days} day{'s' if part.days != 1 else ''} with {part.marks} marks")
            for when, score in (("now", part.before), ("then", part.after)):
                click.echo(
                    f"  {when:<5} {score.prompts_per_h:.2f} prompts/h  precision {_share(score.precision):>4}  "
                    f"recall {_share(score.recall):>4}  {_number(score.false_per_h, 2)} false/h  {score.missed} missed"
                )
        click.echo(f"\n{toml}" if toml else "\nNo other settings fit these marks better.", nl=not toml)
    if changes and not found.holds:
        click.echo("On the days it was not chosen on, the marks do not bear it out: keep what you have.", err=True)
        return
    saved(changes)


def _part(part: "Part") -> dict[str, Any]:
    return {
        "days": part.days,
        "marks": part.marks,
        "before": _figures(part.before),
        "after": _figures(part.after),
    }
