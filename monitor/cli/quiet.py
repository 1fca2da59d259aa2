"""What is said to the session that runs, whatever screen it has: `sitwell quiet`, `meeting`, `profile`."""

from typing import TYPE_CHECKING, Any

import click

from monitor.cli.options import Duration
from monitor.errors import SitwellError

if TYPE_CHECKING:
    from monitor.stream import Mark, Wearer

LONGEST_S = 12 * 3600.0  # a working day; who wants no prompts at all switches the rules off


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
    still true, not all that fell into it. `off` ends a snooze, a meeting and the silent first day too.
    """
    from monitor.stream import Wearer

    _say(Wearer(0.0, "quiet", seconds), f"quiet for {seconds / 60:.0f} min" if seconds else "prompts come again")


@click.command()
@click.argument("state", type=click.Choice(["on", "off"]))
def meeting(state: str) -> None:
    """No prompts while you are in a meeting: a program that knows calls this with on, and with off afterwards.

    Without an off it ends after three hours ([quiet] meeting_most_s). For a meeting of known length say
    `sitwell quiet 45min`.
    """
    from monitor.stream import Wearer

    said = "quiet until `sitwell meeting off`" if state == "on" else "the meeting is over"
    _say(Wearer(0.0, "meeting", float(state == "on")), said)


@click.command()
@click.argument("name", required=False)
def profile(name: str | None) -> None:
    """Say where you are: desk, sofa, standing-desk, car, or a profile of your own, each with its limits and bands.

    It applies for the rest of the session; `auto` lets the hours of your profile.toml decide again. Without NAME, list
    the profiles.
    """
    from monitor.config import load_profile
    from monitor.states.rules import AUTO, place_named
    from monitor.stream import Mark

    settings = load_profile().prompts
    if name is None:
        for place in settings.places:
            limits = ", ".join(f"{rule.name} {rule.limit / 60:g} min" for rule in place.rules if rule.on)
            hours = f"  ({', '.join(place.hours)})" if place.hours else ""
            click.echo(f"{place.name:<15}{limits}{hours}")
        return
    chosen = place_named(settings, name)
    if chosen is None:
        known = ", ".join([*(place.name for place in settings.places), AUTO])
        raise SitwellError(f"There is no profile {name!r}: name one of {known}, or write it into your profile.toml.")
    _say(Mark(0.0, chosen, "profile"), f"profile {chosen}")


def _say(request: "Wearer | Mark", said: str) -> None:
    """Hand it to every session that runs."""
    from monitor.cli.attach import NONE_RUNS, sessions
    from monitor.storage.requests import ask

    found = sessions(None)
    if not found:
        raise SitwellError(NONE_RUNS)
    for each in found:
        ask(each.path, request)
    click.echo(f"{said}: {', '.join(each.meta.sensor for each in found)}", err=True)
