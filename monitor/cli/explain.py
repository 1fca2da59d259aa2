"""`sitwell explain`: why each prompt of a recording came, and what would have silenced it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.cli.options import EXISTING
from monitor.errors import SitwellError

if TYPE_CHECKING:
    from monitor.stream import AlertRaised, Event
    from monitor.tuning.prompted import Prompted
    from monitor.tuning.rerun import Tried

SAID = ("number", "t_s", "clock", "name", "message", "again", "value", "limit", "unit", "over_after_s", "silent_with")


@click.command()
@click.argument("recording", type=EXISTING, metavar="REC")
@click.option("--number", type=click.IntRange(min=1), help="Only this prompt, counted from 1.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def explain(recording: Path, number: int | None, as_json: bool) -> None:
    """Tell of every prompt what was measured, how surely, and which setting would have silenced it.

    By the settings that the recording was made with. What would have silenced a prompt is found by trying: a prompt of
    the same kind must not come later either, before what it asks about was over.
    """
    from monitor.cli.files import chosen_profile
    from monitor.cli.history import events_of
    from monitor.storage.recording import Recording
    from monitor.stream import AlertRaised
    from monitor.tuning.days import days_of, worn
    from monitor.tuning.rerun import Tried
    from monitor.tuning.silencing import silencing

    with Recording.open(recording) as opened:
        profile = chosen_profile(opened, None)
        events: list[Event] = list(opened.events()) or events_of(opened)
        began_utc_s, offset_s = opened.meta.started_utc_s, opened.meta.utc_offset_s
    raised = [event for event in events if isinstance(event, AlertRaised)]
    if number is not None and number > len(raised):
        many = f"{len(raised)} prompt{'' if len(raised) == 1 else 's'}"
        raise SitwellError(f"{recording.name} has {many}: name one of them with --number.")
    tried = Tried(days_of([worn(recording.stem, began_utc_s, events, profile.bouts)]))
    tuned = {(each.t_s, each.name): each for each in tried.run(profile.prompts).prompts}
    told: list[dict[str, Any]] = []
    for count, alert in enumerate(raised, 1):
        if number not in {None, count}:
            continue
        prompt = tuned.get((alert.t_s, alert.name))  # not there where settings changed during the session
        place = str(alert.explain.get("profile", "desk"))
        would = silencing(tried, profile.prompts, prompt, place) if prompt else []
        told.append(_figures(alert, count, began_utc_s + offset_s, tried, prompt, [(k.name, v) for k, v in would]))
    if as_json:
        click.echo(json.dumps(told))
        return
    for each in told:
        _print(each)
    if not told:
        click.echo(f"{recording.name}: no prompt came.")


def _figures(
    alert: "AlertRaised",
    count: int,
    local_s: float,
    tried: "Tried",
    prompt: "Prompted | None",
    would: list[tuple[str, float]],
) -> dict[str, Any]:
    seconds = tried.days.seconds
    end = None if prompt is None or prompt.end >= len(seconds) else float(seconds.now_s[prompt.end]) - alert.t_s
    return {
        "number": count,
        "t_s": alert.t_s,
        "clock": _clock(local_s + alert.t_s),
        "name": alert.name,
        "message": alert.message,
        "again": alert.again,
        "value": round(alert.value, 3),
        "limit": alert.limit,
        "unit": alert.unit,
        **{name: value for name, value in alert.explain.items() if name != "silent_with"},
        "over_after_s": end,
        "silent_with": [{"set": name, "to": round(value, 3)} for name, value in would],
    }


def _clock(local_s: float) -> str:
    return f"{int(local_s) % 86_400 // 3600:02d}:{int(local_s) // 60 % 60:02d}"


def _print(told: dict[str, Any]) -> None:
    """Some lines for one prompt."""
    from monitor.dashboard.words import figure, quantity

    again = f" (again, {told['again']} before it)" if told["again"] else ""
    click.echo(f"{told['number']}. {told['clock']}  {told['name']}{again}: {told['message']}")
    measured, limit = quantity(told["value"], told["unit"]), quantity(told["limit"], told["unit"])
    lasted = "" if told["over_after_s"] is None else f"; it was over {quantity(told['over_after_s'], 's')} later"
    click.echo(f"   measured {measured} against a limit of {limit}{lasted}")
    parts = [": ".join(figure(name, value)) for name, value in told.items() if name not in SAID]
    click.echo(f"   {', '.join(parts)}")
    would = " or ".join(f"{each['set']} = {each['to']:g}" for each in told["silent_with"])
    click.echo(f"   silent with {would}" if would else "   no single limit within its range would have silenced it")
