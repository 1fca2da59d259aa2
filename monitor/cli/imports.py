"""Verb import: foreign files into recordings."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.files import clock
from monitor.cli.options import EXISTING, OUTPUT

if TYPE_CHECKING:
    from monitor.storage.importers import Options
    from monitor.storage.importers.mapping import Columns, Mapping

# As in formats.NAMES and times.FORMS, which import what is slow; a test compares them.
FORMAT_NAMES = ("canonical", "movella-dot", "metabase", "phyphox", "polar-sensor-logger", "witmotion", "harth")
TIME_UNITS = (
    *("s", "ms", "us", "ns", "unix-s", "unix-ms", "unix-us", "unix-ns"),
    *("device-s", "device-ms", "device-us", "device-ns", "device-us-32", "iso"),
)


class Three(click.ParamType["Columns"]):
    """Three columns, by name or by number from 1, between commas."""

    name = "X,Y,Z"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> "Columns":
        """The three names; a usage error for any other number of them."""
        names = [name.strip() for name in str(value).split(",")]
        if len(names) != 3 or not all(names):
            self.fail(f"{value!r} is not three columns; write X,Y,Z.", param, ctx)
        return names[0], names[1], names[2]


@click.command(name="import")
@click.argument("source", type=EXISTING, metavar="IN")
@click.argument("out", type=OUTPUT, metavar="OUT.sqlite", required=False)
@click.option("--format", "format_name", type=click.Choice(FORMAT_NAMES), help="Do not recognise it, it is this one.")
@click.option("--time", help="Column of the time; a date and a time of day may have two, DATE,TIME.")
@click.option(
    "--time-unit", type=click.Choice(TIME_UNITS), help="What the time counts; default: iso or s, as it looks."
)
@click.option("--acc", type=Three(), help="Columns of acceleration, by name or number.")
@click.option("--acc-unit", default="g", show_default=True, help="g, mg, m/s2, or how many counts are 1 g.")
@click.option("--gyr", type=Three(), help="Columns of angular rate.")
@click.option("--gyr-unit", default="dps", show_default=True, help="dps, mdps, rad/s, or how many counts are 1 deg/s.")
@click.option("--gyr-file", type=EXISTING, help="A second file of the same recording, with the angular rate.")
@click.option("--rate", "rate_hz", type=click.FloatRange(1.0, 10_000.0), help="Rows a second, where there is no time.")
@click.option("--zone", default="", help="Time zone of local times, such as Europe/Vienna.")
@click.option("--start", default="", help="Date and time of time 0, such as '2026-03-01 08:30:00'.")
@click.option("--device", default="", help="The sensor to take, where the file has rows of several.")
@click.option("--sensor", default="", help="Name of the sensor, to be kept in the recording.")
@click.option("--no-header", is_flag=True, help="The file has no line of names: columns go by number from 1.")
@click.option("--preview", "only_preview", is_flag=True, help="Print what was understood, and write nothing.")
def import_(
    source: Path,
    out: Path | None,
    format_name: str | None,
    time: str | None,
    time_unit: str | None,
    acc: "Columns | None",
    acc_unit: str,
    gyr: "Columns | None",
    gyr_unit: str,
    gyr_file: Path | None,
    rate_hz: float | None,
    zone: str,
    start: str,
    device: str,
    sensor: str,
    no_header: bool,
    only_preview: bool,
) -> None:
    """Make a recording of a file that something else recorded.

    Canonical CSV (time_s, acc_x_g, acc_y_g, acc_z_g and, with a gyroscope, gyr_x_dps, gyr_y_dps, gyr_z_dps), Axivity
    CWA, Parquet and the exports of the Movella DOT, MetaBase, phyphox, Polar Sensor Logger and WitMotion apps need no
    options. Any other CSV needs --acc and --time or --rate.
    """
    from monitor.storage.importers import Options

    mapping = None
    if acc is not None:
        if format_name:
            raise click.UsageError("--format knows its columns: leave --acc out.")
        mapping = _mapping(time, time_unit, rate_hz, zone, start, no_header=no_header)
    elif time or time_unit or rate_hz or no_header or gyr:
        raise click.UsageError("A file of your own columns needs --acc X,Y,Z too.")
    gyr_mapping = None
    if mapping is not None:
        gyr_mapping = _with(mapping, None, acc_unit, gyr, gyr_unit) if gyr and gyr_file else None
        mapping = _with(mapping, acc, acc_unit, None if gyr_file else gyr, gyr_unit)
    options = Options(format_name or "", mapping, gyr_file, gyr_mapping, device, sensor, zone, start)
    if only_preview:
        _preview(source, options)
    elif out is None:
        raise click.UsageError("Missing argument 'OUT.sqlite'.")
    else:
        _import(source, out, options)


def _mapping(
    time: str | None, time_unit: str | None, rate_hz: float | None, zone: str, start: str, *, no_header: bool
) -> "Mapping":
    from monitor.storage.importers.mapping import Mapping

    columns = tuple(name.strip() for name in (time or "").split(",")) if time else ()
    if bool(columns) == bool(rate_hz):
        raise click.UsageError("Give either --time COLUMN or --rate HZ.")
    if len(columns) > 2 or (len(columns) == 2 and time_unit not in {None, "iso"}):
        raise click.UsageError("--time takes one column, or DATE,TIME of a date and a time of day.")
    form = "iso" if len(columns) == 2 else time_unit or ""
    return Mapping(time=columns, time_form=form, rate_hz=rate_hz or 0.0, zone=zone, start=start, header=not no_header)


def _with(mapping: "Mapping", acc: "Columns | None", acc_unit: str, gyr: "Columns | None", gyr_unit: str) -> "Mapping":
    from dataclasses import replace

    return replace(mapping, acc=acc, acc_unit=acc_unit, gyr=gyr, gyr_unit=gyr_unit)


def _preview(source: Path, options: "Options") -> None:
    from monitor.storage.importers import open_content, peek
    from monitor.storage.importers.preview import preview

    content, first = peek(open_content(source, options))
    for line in (*preview(content, first), *content.notes()):
        click.echo(line)


def _import(source: Path, out: Path, options: "Options") -> None:
    from monitor.storage.importers import open_content, peek
    from monitor.storage.importers.preview import preview
    from monitor.storage.importers.writing import write_recording
    from monitor.storage.schema import refuse_existing

    refuse_existing(out)
    content, first = peek(open_content(source, options))
    if options.mapping is not None:
        for line in preview(content, first):
            click.echo(line, err=True)
    with click.progressbar(
        length=max(source.stat().st_size, 1), label="Importing", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        report = write_recording(content, source, out, lambda done, _: bar.update(done - bar.pos))
    for note in report.notes:
        click.echo(note, err=True)
    gaps = f", {report.gaps} gap{'s' if report.gaps != 1 else ''}" if report.gaps else ""
    click.echo(
        f"{out}: {report.samples} samples, {clock(report.end_s - report.start_s)} at {report.rate_hz:g} Hz, "
        f"{'with' if report.gyro else 'without'} gyroscope{gaps}",
        err=True,
    )
