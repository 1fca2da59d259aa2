"""replay: a recording in the dashboard, with seeking; or, up to one of its events, without a screen."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.cli.options import EXISTING, headless_option, profile_option
from monitor.cli.until import EventName, Wanted

if TYPE_CHECKING:
    from monitor.profile import Profile
    from monitor.storage.recording import Recording
    from monitor.stream import Event, Gap

SLOWEST = 0.1


class Speed(click.ParamType[float]):
    """Recorded seconds in a real second, from SLOWEST; max is inf."""

    name = "speed"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The speed as float; a usage error for anything else."""
        if str(value).strip().lower() == "max":
            return float("inf")
        try:
            speed = float(value)
        except ValueError:
            speed = 0.0
        if not speed >= SLOWEST:
            self.fail(f"{value!r} is no speed: write a number from {SLOWEST:g}, or max.", param, ctx)
        return speed


@click.command()
@click.argument("recording", type=EXISTING, metavar="REC")
@click.option(
    "--speed",
    type=Speed(),
    default="1",
    show_default=True,
    metavar="N|max",
    help="Recorded seconds in a real second, from 0.1; max: as fast as it can.",
)
@click.option(
    "--until",
    type=EventName(),
    metavar="EVENT",
    help="Go to the first such event and pause there: alert, alert:sitting, bout:walking, transition:sit-to-stand, "
    "posture:standing, gap, …; alert#3 is the third.",
)
@headless_option
@profile_option
def replay(recording: Path, speed: float, until: Wanted | None, headless: bool, profile_path: Path | None) -> None:
    """Show a recording in the dashboard: pause, change the speed, go to any time, bout or alert.

    Space pauses, + and - change the speed, the arrows, [ ], { } and g seek, and so does the mouse on the bar; ? lists
    all keys. With --until and --headless, the event is printed as a line of JSON, and there is no dashboard. Settings
    are those of --profile, else those that the recording was made with, else your own.
    """
    from monitor.cli.files import chosen_profile
    from monitor.cli.running import check_terminal
    from monitor.storage.recording import Recording
    from monitor.storage.tables import event_line

    if headless and until is None:
        raise click.UsageError("--headless goes with --until.")
    if not headless:
        check_terminal()
    with Recording.open(recording) as opened:
        profile = chosen_profile(opened, profile_path)
        if until is not None:
            until = until.checked(rule.name for place in profile.prompts.places for rule in place.rules)
        if headless and until is not None:
            click.echo(event_line(_first(opened, profile, until)))
        else:
            show(opened, profile, speed, until, stored=profile_path is None and bool(opened.meta.profile))


def _first(recording: "Recording", profile: "Profile", until: Wanted) -> "Event | Gap":
    from monitor.cli.deck import events_of, none_such

    event = until.first(events_of(recording, profile))
    if event is None:
        raise none_such(until, recording.path)
    return event


def show(
    recording: "Recording",
    profile: "Profile",
    speed: float = 1.0,
    until: Wanted | None = None,
    *,
    stored: bool = False,
    at_s: float | None = None,
) -> None:
    """The dashboard.

    stored: the events in the recording are those of this profile; at_s: where to begin, session time, s
    """
    from monitor.cli.deck import Deck, Finder
    from monitor.cli.running import SLOW_IMPORTS, Running, load, on_screen
    from monitor.sources.replay import ReplaySource

    running = Running("replay", recording.path)
    source = ReplaySource(recording, speed)
    finder = Finder(recording.path, profile, stored=stored, gaps=until is not None)
    deck = Deck(running, source, finder, until)
    if at_s is not None:
        deck.seek(at_s - source.start_s)

    async def run() -> None:
        await load(*SLOW_IMPORTS)
        running.begin_on(recording.meta, profile)
        running.player = lambda: deck.player
        await deck.run()

    on_screen(running, run, player=deck)
