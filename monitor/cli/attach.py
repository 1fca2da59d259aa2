"""Verbs on a session that runs in another process: attach (the dashboard on it), status (one line)."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.cli.options import EXISTING
from monitor.errors import SitwellError

if TYPE_CHECKING:
    from monitor.storage.status import Running as RunningNow

NONE_RUNS = "No session is running: start one with `sitwell live`, or `sitwell live --headless` for the whole day."
LATE_S = 5.0  # without a word for so long, the session hangs or the computer sleeps


@click.command()
@click.argument("recording", required=False, type=EXISTING, metavar="[REC]")
def attach(recording: Path | None) -> None:
    """Open the dashboard on a session that runs without a screen.

    Follows the session's recording, REC, else the newest one that is being recorded. What you do here (snooze, done,
    mark, correct) reaches the session within two seconds; quitting leaves it running.
    """
    from monitor.cli.running import SLOW_IMPORTS, Running, check_terminal, load, on_screen

    found = sessions(recording)
    if not found:
        raise SitwellError(f"Nobody records {recording} now: `sitwell replay` shows it." if recording else NONE_RUNS)
    check_terminal()
    path, meta = found[0].path, found[0].meta
    running = Running("attached", path)

    async def run() -> None:
        await load(*SLOW_IMPORTS, "monitor.sources.follow")
        from monitor.config import profile_from_recording
        from monitor.sources.follow import FollowSource
        from monitor.storage.requests import ask

        profile, _ = profile_from_recording(meta.profile, str(path))
        running.ask = lambda request: ask(path, request)
        source = FollowSource(path)
        session = running.begin_on(meta, profile)
        running.ready = lambda: source.caught_up
        await session.run(source)

    on_screen(running, run)


@click.command()
@click.argument("recording", required=False, type=EXISTING, metavar="[REC]")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object: `running`, and all sessions with figures.")
def status(recording: Path | None, as_json: bool) -> None:
    """Tell in one line how the running session stands, fast enough for a status bar."""
    found = sessions(recording)
    if as_json:
        click.echo(json.dumps({"running": bool(found), "sessions": [_figures(each) for each in found]}))
        return
    if not found:
        click.echo("no session")
        return
    for each in found:
        click.echo(line(each))


def sessions(recording: Path | None) -> "list[RunningNow]":
    """The session that records this file, else all that are known to be running, the newest first."""
    from monitor.places import last_recording, recordings_dir
    from monitor.storage.status import running

    if recording is not None:
        return running((), (recording,))
    last = last_recording()
    return running((recordings_dir(),), (last,) if last else ())


def line(each: "RunningNow") -> str:
    """One line, such as: sitting 23 min · tilt −12° ±2° · 2 breaks · battery 87 %."""
    said = each.status
    if not said:
        return f"starting · {each.meta.sensor}"
    parts = [_posture(said)]
    if said["tilt_deg"] is not None:
        parts.append(f"tilt {said['tilt_deg']:+.0f}° ±{said['tilt_sd_deg'] or 0:.0f}°".replace("-", "−"))
    parts.append(f"{said['breaks']} break{'' if said['breaks'] == 1 else 's'}")
    if said["battery_percent"] is not None:
        parts.append(f"battery {said['battery_percent']} %")
    if said["link"] != "connected":
        parts.append(f"link {said['link']}")
    if said["prompt"]:
        parts.append(said["prompt"]["message"])
    elif said.get("quiet"):
        parts.append(_quiet(**said["quiet"]))
    if (late_s := _late_s(each)) > LATE_S:
        parts.append(f"nothing new for {_minutes(late_s)}")
    return " · ".join(parts)


def _posture(said: Any) -> str:
    clocks = {"sitting": said["sitting_s"], "standing": said["standing_s"]}
    seconds = clocks.get(said["posture"], said["t_s"] - said["posture_since_s"])
    return f"{said['posture'].replace('-', ' ')} {_minutes(seconds)}"


def _quiet(why: str, for_s: float | None) -> str:
    """Why no prompt comes now, and for how long yet."""
    words = {"baseline": "no prompts on the first day", "hours": "outside the hours for prompts"}.get(why, why)
    return words if for_s is None else f"{words}, {_minutes(for_s)} left"


def _minutes(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


def _late_s(each: "RunningNow") -> float:
    """For how long the session's file has not been written."""
    import time

    from monitor.storage.schema import companions

    files = [path for path in (each.path, companions(each.path)[0]) if path.exists()]
    return max(0.0, time.time() - max((path.stat().st_mtime for path in files), default=time.time()))


def _figures(each: "RunningNow") -> dict[str, Any]:
    return {
        "recording": str(each.path),
        "sensor": each.meta.sensor,
        "source": each.meta.source,
        "started_utc_s": each.meta.started_utc_s,
        "quiet_s": round(_late_s(each), 1),
        **each.status,
    }
