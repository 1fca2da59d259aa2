"""The tuner on the screen, and the replay of the moments that the wearer wants to see."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.cli.tune import LEAD_S, save, settings_changes

if TYPE_CHECKING:
    from monitor.cli.tune_days import Session
    from monitor.states.rules import AlertSettings


def open_tuner(sessions: "list[Session]", before: "AlertSettings", profile_path: Path | None) -> None:
    """Sliders over these days until the wearer leaves; a moment is replayed, and the sliders come back as they were."""
    from monitor.dashboard.tuner import Tuner
    from monitor.tuning.rerun import Tried
    from monitor.tuning.score import Yardstick
    from monitor.tuning.suggest import together

    days, labels = together([each.marked for each in sessions])
    tried = Tried(days)
    yardstick = Yardstick(tried, before, labels)
    config = [before]  # as the file has it by now
    settings, cursor = before, None
    while True:
        app = Tuner(
            tried=tried,
            settings=settings,
            before=config[0],
            yardstick=yardstick,
            clock=lambda session, t_s: sessions[session].clock(t_s),
            day=lambda session: day_name(sessions[session].marked.day),
            write=_writer(config, profile_path),
            cursor=cursor,
        )
        play = app.run()
        if play is None:
            return
        settings, cursor = app.settings, (play.session, play.t_s)
        _replay(sessions[play.session].path, settings, play.t_s)


def day_name(day: str) -> str:
    """'Mon 3 Nov' of an ISO date; of a recording without one its name."""
    try:
        there = date.fromisoformat(day)
    except ValueError:
        return day
    return f"{there:%a} {there.day} {there:%b}"


def _writer(config: "list[AlertSettings]", profile_path: Path | None) -> "Callable[[AlertSettings], str]":
    def write(settings: "AlertSettings") -> str:
        said = save(settings_changes(config[0], settings), profile_path)
        config[0] = settings
        return said

    return write


def _replay(path: Path, settings: "AlertSettings", t_s: float) -> None:
    """The dashboard from a minute before this moment on, with the prompts of these settings."""
    from dataclasses import replace

    from monitor.cli.files import chosen_profile
    from monitor.cli.replaying import show
    from monitor.storage.recording import Recording

    with Recording.open(path) as recording:
        show(recording, replace(chosen_profile(recording, None), prompts=settings, settled=True), at_s=t_s - LEAD_S)
