"""Sliders for every threshold beside the days they are tried on. It fetches nothing, and `write` saves for it."""

import gc
from collections.abc import Callable
from typing import ClassVar, Final

from textual.app import App

from monitor.dashboard.theme import NIGHT
from monitor.dashboard.tuner_screen import TunerScreen
from monitor.dashboard.tuner_state import Play, Turning
from monitor.dashboard.widgets.days import Calendar
from monitor.states.rules import AlertSettings
from monitor.tuning.rerun import Tried
from monitor.tuning.score import Yardstick

EMPTY: Final = (
    "There are no stored seconds to try settings on.\n\n"
    "Wear the sensor for a day with `sitwell live`, or name other recordings; "
    "`sitwell sessions` lists what there is.\n\nPress q to leave."
)


class Tuner(App[Play | None]):
    """The program on the screen."""

    CSS_PATH: ClassVar[list[str]] = ["dashboard.tcss", "tuner.tcss"]  # pyright: ignore[reportIncompatibleVariableOverride]
    TITLE = "sitwell"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - Textual declares no class variable here
    VERTICAL_BREAKPOINTS = [(0, "-short"), (28, "-tall")]  # noqa: RUF012

    def __init__(
        self,
        *,
        tried: Tried,
        settings: AlertSettings,
        before: AlertSettings,
        yardstick: Yardstick,
        clock: Callable[[int, float], str],
        day: Callable[[int], str],
        write: Callable[[AlertSettings], str],
        cursor: tuple[int, float] | None = None,
        empty: str = EMPTY,
    ) -> None:
        """settings: to begin with; before: those of the config; cursor: the (session, session time) to stand at first.

        clock: (session, session time) -> local 'HH:MM'; day: session -> 'Mon 3 Nov'
        write: saves what differs from the config, and says so in a sentence; raises SitwellError
        empty: what to do where there are no days
        """
        super().__init__()
        calendar = Calendar(tried.days, clock, day)
        self.turning = Turning(tried, settings, before, yardstick, calendar, cursor)
        self._view = TunerScreen(self, self.turning, write, empty, in_days=cursor is not None)
        self.register_theme(NIGHT)
        self.theme = NIGHT.name

    @property
    def settings(self) -> AlertSettings:
        """As they are turned now."""
        return self.turning.settings

    def get_default_screen(self) -> TunerScreen:
        """Sliders and days; help and questions lie over them."""
        return self._view

    def on_mount(self) -> None:
        """The days stay in memory for good: looking through them for garbage would hold up a slider for 70 ms."""
        gc.freeze()

    def on_unmount(self) -> None:
        """They may go."""
        gc.unfreeze()
