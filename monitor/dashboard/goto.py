"""Going to a time: what the wearer may write, and the small input for it."""

import re
from collections.abc import Callable
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Footer, Input, Static

from monitor.dashboard.words import clock, time_of_day
from monitor.snapshot import Player

EXAMPLES: Final = "1:20:00 from the start · 10:35 time of day · +5min · −30s"
_DAY_S = 86_400.0
_UNITS_S = {"h": 3600.0, "min": 60.0, "m": 60.0, "s": 1.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:h|min|m|s))+")


def position_s(text: str, player: Player, clock_now: str) -> float:
    """The position that is meant, s from the start; clock_now: local time 'HH:MM:SS' at the player's position.

    H:MM:SS and 5min count from the start, +5min and -30s from here, HH:MM is the nearest such time of day. Raises
    ValueError with a sentence for anything else, and for what is not in the recording.
    """
    written = re.sub(r"\s+", "", text.lower()).replace("−", "-")
    sign = {"+": 1.0, "-": -1.0}.get(written[:1], 0.0)
    body = written[1:] if sign else written
    if long := re.fullmatch(r"(\d+):([0-5]\d):([0-5]\d)", body):
        hours, minutes, seconds = map(int, long.groups())
        length_s = 3600.0 * hours + 60.0 * minutes + seconds
    elif short := re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", body):
        hours, minutes = map(int, short.groups())
        length_s = 60.0 * (60.0 * hours + minutes) if not sign else 60.0 * hours + minutes  # +1:30 is a duration
        if not sign:
            return _at_time_of_day(length_s, body, player, clock_now)
    elif _DURATION.fullmatch(body):
        length_s = sum(float(number) * _UNITS_S[unit] for number, unit in re.findall(r"([\d.]+)(h|min|m|s)", body))
    else:
        raise ValueError(f"That is no time: write {EXAMPLES.replace(' · ', ', ')}.")
    wanted_s = player.position_s + sign * length_s if sign else length_s
    if not sign and wanted_s > player.length_s:
        raise ValueError(f"The recording is only {clock(player.length_s)} long.")
    return min(max(wanted_s, 0.0), player.length_s)


def _at_time_of_day(wanted_s: float, text: str, player: Player, clock_now: str) -> float:
    hours, minutes, seconds = map(int, clock_now.split(":"))
    first_s = player.position_s + wanted_s - (3600.0 * hours + 60.0 * minutes + seconds)
    nearest_s = first_s % _DAY_S  # the first such time on or after the start; then one a day
    nearest_s += _DAY_S * round(max(player.position_s - nearest_s, 0.0) / _DAY_S)
    while nearest_s > player.length_s and nearest_s >= _DAY_S:
        nearest_s -= _DAY_S
    if nearest_s > player.length_s:
        since_s = int(player.position_s) - 1.0  # the clock shows whole seconds, and may be one behind
        begin, end = (time_of_day(clock_now, since_s - at_s) for at_s in (0.0, player.length_s))
        raise ValueError(f"{text} is not in this recording, which goes from {begin} to {end}.")
    return nearest_s


class GotoScreen(ModalScreen[float | None]):
    """Asks where to go. Gives the position, or None where the wearer thinks better of it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "back", key_display="esc")]

    def __init__(self, resolve: Callable[[str], float]) -> None:
        """resolve: the position of what was written; raises ValueError with a sentence."""
        super().__init__()
        self._resolve = resolve

    def compose(self) -> ComposeResult:
        """One panel: the input, and what may be written."""
        with Vertical(id="goto") as panel:
            panel.border_title = "Go to"
            where = Input(id="where", compact=True)
            where.cursor_blink = False  # nothing on this screen moves without a reason
            yield where
            yield Static(EXAMPLES, id="how", markup=False)
        yield Footer(compact=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go there, or say why not."""
        try:
            where_s = self._resolve(event.value)
        except ValueError as error:
            self.query_one("#how", Static).update(str(error))
            return
        self.dismiss(where_s)
