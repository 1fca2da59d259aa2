"""`sitwell quiet`: no prompts for a while, said to the session that runs, whatever screen it has."""

from typing import Any

import click

from monitor.cli.options import Duration
from monitor.errors import SitwellError

LONGEST_S = 12 * 3600.0  # a working day; who wants no prompts at all takes the rules out


class Quiet(Duration):
    """As Duration; `off` is 0."""

    name = "quiet"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds, up to LONGEST_S; a usage error for anything else."""
        seconds = 0.0 if str(value).strip().lower() == "off" else super().convert(value, param, ctx)
        if not 0.0 <= seconds <= LONGEST_S:
            self.fail(f"{value!r} is too long; 12h is the most.", param, ctx)
        return seconds


@click.command()
@click.argument("seconds", type=Quiet(), metavar="TIME")
def quiet(seconds: float) -> None:
    """No prompts for TIME, such as 45min or 2h, as for a meeting; `off` ends it.

    It is said to every session that runs; everything is recorded meanwhile. Afterwards one prompt catches up, if it is
    still true, not all that fell into it. To go with your calendar, let that run this command.
    """
    from monitor.cli.attach import NONE_RUNS, sessions
    from monitor.storage.requests import ask
    from monitor.stream import Wearer

    found = sessions(None)
    if not found:
        raise SitwellError(NONE_RUNS)
    for each in found:
        ask(each.path, Wearer(0.0, "snooze", seconds))
    said = f"quiet for {seconds / 60:.0f} min" if seconds else "prompts come again"
    click.echo(f"{said}: {', '.join(each.meta.sensor for each in found)}", err=True)
