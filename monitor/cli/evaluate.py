"""The verb evaluate: how right sitwell is on recordings with labels."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from monitor.errors import SitwellError

if TYPE_CHECKING:
    from monitor.evaluation.run import People

DATASETS = ("hapt", "sisfall", "voisard", "broad", "harth", "har70plus")


@click.command()
@click.argument("path", type=click.Path(path_type=Path), metavar="PATH")
@click.option("--dataset", required=True, type=click.Choice(DATASETS), help="Which set PATH holds.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes to work with; default: one a processor core.")
@click.option(
    "--people",
    type=click.Choice(["all", "odd", "even"]),
    default="all",
    show_default=True,
    help="Score only people with an odd or an even number: choose on some, report on others.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object instead of tables.")
def evaluate(path: Path, dataset: str, jobs: int | None, people: str, as_json: bool) -> None:
    """Measure how right sitwell is on a set of labelled recordings.

    PATH is the folder with the set's files, or the folder that holds that one. What they hold:

    \b
    hapt      .npz a session, userNN_expNN: acc_g, gyr_dps, label, rate_hz
    sisfall   .npz a person: acc_g, gyr_dps, trial, start, stop, rate_hz
    voisard   .npz a walk: acc_g, gyr_dps, label, foot_events, subject, rate_hz
    broad     .npz a trial: acc_g, gyr_dps, opt_quat, movement, rate_hz
    harth, har70plus
              the published .csv a person: timestamp, back_x, back_y, back_z, label

    Every recording goes through the analysis four ways, accelerometer only and with gyroscope, live and in hindsight,
    with the shipped settings. Tables give the mean, the median and the 10th-percentile person with 95 % intervals over
    people, and say which targets are met.
    """  # noqa: D301 - click takes the backspace itself as 'do not wrap'
    from monitor.evaluation import targets
    from monitor.evaluation.run import figures, files, halves, measure, of_people, plain, tables

    paths = files(dataset, path)
    with click.progressbar(
        measure(dataset, paths, jobs or os.cpu_count() or 1),
        length=len(paths),
        label=f"Measuring {dataset}",
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
    ) as bar:
        measured = list(bar)
    chosen = of_people(measured, cast("People", people))
    if not chosen:
        raise SitwellError(f"{path} holds nobody with an {people} number: leave --people out.")
    told = figures(dataset, chosen)
    if as_json:
        head = {"dataset": dataset, "people": people, "recordings": len(chosen)}
        click.echo(json.dumps({**head, "targets": plain(targets.plain(dataset, told)), "figures": plain(told)}))
        return
    sides = halves(dataset, measured) if people == "all" else []
    click.echo("\n\n".join(table.text() for table in tables(dataset, told, sides)))
