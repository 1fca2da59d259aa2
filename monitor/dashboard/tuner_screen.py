"""The screen of the tuning: its keys, the mouse, and when the days are tried anew."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.markup import escape
from textual.screen import Screen
from textual.widgets import Footer, Static

from monitor.dashboard.help import HelpScreen
from monitor.dashboard.tuner_state import Play, Turning
from monitor.dashboard.tuner_widgets import KEYS, AskScreen, Board, figures, head, help_text
from monitor.dashboard.widgets import days, slider
from monitor.dashboard.widgets.braille import Row
from monitor.dashboard.widgets.picture import ROLE_CLASSES
from monitor.errors import SitwellError
from monitor.states.rules import AlertSettings

NO_PROMPTS: Final = "No prompt would have come, nor with your config: lower a limit, or raise the budget."


class TunerScreen(Screen[None]):
    """Sliders, figures and days. Classes: -empty where there is no day, -days while the keys go to the days."""

    COMPONENT_CLASSES: ClassVar[set[str]] = ROLE_CLASSES
    BINDINGS: ClassVar[list[BindingType]] = KEYS

    def __init__(
        self,
        tuner: App[Play | None],
        turning: Turning,
        write: Callable[[AlertSettings], str],
        empty: str,
        *,
        in_days: bool,
    ) -> None:
        """As Tuner has it; in_days: the keys go to the days at first."""
        super().__init__(classes="-empty" if not turning.tried.days.sessions else None)
        self.of = turning
        self._tuner = tuner
        self.in_days = in_days
        self.top = 0  # the first day on the screen
        self._write, self._nothing = write, empty
        self._first_line = 0  # of the sliders
        self._follow = True  # the day under the cursor is brought onto the screen
        self._dragging = False  # a slider
        self._due = False
        self.set_class(in_days, "-days")
        self._head = Board(self._draw_head, id="head")
        self._sliders = Board(self._draw_knobs, id="knobs", title="Thresholds")
        self._figures = Board(self._draw_figures, id="figures", title="Figures")
        self._figures.set_class(bool(self.of.yardstick.labels), "-marked")
        self._days = Board(self._draw_days, id="days", title="Days")
        self._told = Board(self._draw_told, id="told", title="Prompt")

    def compose(self) -> ComposeResult:
        """Sliders on the left, what comes of them on the right; one under the other where it is narrow."""
        yield Static(self._nothing, id="nothing", markup=False)
        yield self._head
        with Container(id="both"):
            yield self._sliders
            with Vertical(id="right"):
                yield self._figures
                yield self._days
                yield self._told
        yield Footer(compact=True)

    def on_mount(self) -> None:  # the titles
        self.show()

    def show(self) -> None:
        """Draw what has changed."""
        of, knob = self.of, self.of.knob
        meaning = f": {knob.meaning}" if knob else ""
        self._sliders.border_title = escape(self._titled("Thresholds", not self.in_days) + meaning)
        self._sliders.border_subtitle = escape(knob.name) if knob else ""
        self._days.border_title = f"{self._titled('Days', self.in_days)}: {days.SIGNS}"
        for board in (self._head, self._sliders, self._figures, self._days, self._told):
            board.draw()
        count = len(of.tried.days.sessions)
        seen = self._visible
        self._days.border_subtitle = f"{self.top + 1} to {min(self.top + seen, count)} of {count}"

    @staticmethod
    def _titled(title: str, focused: bool) -> str:
        return f"{slider.CHOSEN} {title}" if focused else title

    # ------------------------------------------------------------ keys

    def action_across(self, step: int) -> None:
        """Turn the chosen threshold, or walk from prompt to prompt."""
        if self.in_days:
            self.of.walk(step)
            self._walked()
        elif self.of.turn(step):
            self._turned()

    def action_along(self, step: int) -> None:
        """Choose a threshold, or walk from day to day."""
        if not self.in_days:
            self.of.choose(step)
        elif abs(step) == 1:
            self.of.walk_days(step)
        else:
            self.of.walk(step)
        self._walked()

    def action_other(self) -> None:
        """The keys go to the days, or back to the thresholds."""
        self._focus(in_days=not self.in_days)

    def _focus(self, *, in_days: bool) -> None:
        self.in_days = in_days
        self.set_class(in_days, "-days")
        self._walked()

    def action_put_back(self) -> None:
        """As the config has this threshold."""
        if self.of.turn_to(None):
            self._turned()

    def action_put_all_back(self) -> None:
        """All of them."""
        self.of.put_all_back()
        self._turned()

    def action_profile(self) -> None:
        """Another profile on the sliders."""
        self.of.next_profile()
        self.show()

    def action_page(self, step: int) -> None:
        """Other days on the screen."""
        self._follow = False
        self.top += step * self._visible
        self.show()

    def action_play(self) -> None:
        """Leave, to see the moment under the cursor."""
        here = self.of.prompt
        if not self.in_days or here is None:
            self._focus(in_days=here is not None)
        else:
            self._tuner.exit(Play(here.prompt.session, here.prompt.t_s))

    def action_help(self) -> None:
        """Keys and signs in words."""
        self._tuner.push_screen(HelpScreen(help_text()))

    def action_write(self) -> None:
        """Ask, then save what is turned."""
        if not self.of.changes:
            self._tuner.notify("Nothing is changed: the thresholds are those of your config.")
            return

        def answered(key: str | None) -> None:
            if key == "y":
                self._save()

        ask = AskScreen("Write into your config?", self._listed, {"y": "write"})
        self._tuner.push_screen(ask, answered)

    def _save(self) -> bool:
        """Whether it could be."""
        try:
            sentence = self._write(self.of.settings)
        except SitwellError as error:
            self._tuner.notify(str(error), severity="error", timeout=8.0, markup=False)
            return False
        self._tuner.notify(sentence, markup=False)
        self.of.saved()
        self.show()
        return True

    def action_leave(self) -> None:
        """Quit; ask first if something would be lost."""
        if not self.of.changes:
            self._tuner.exit()
            return

        def answered(key: str | None) -> None:
            if key == "n" or (key == "y" and self._save()):
                self._tuner.exit()

        ask = AskScreen("Not written yet", self._listed, {"y": "write and quit", "n": "quit without"})
        self._tuner.push_screen(ask, answered)

    @property
    def _listed(self) -> list[str]:
        return [change.words for change in self.of.changes]

    # ------------------------------------------------------------ mouse

    def on_board_pressed(self, event: Board.Pressed) -> None:
        """A slider is drawn, or a prompt pressed."""
        if event.board is self._sliders:
            self._pressed_slider(event)
        elif event.board is self._days and not event.dragged:
            columns, rows = self._days.size.width - days.GUTTER, self._days.size.height
            session = self.top + (event.y - days.with_times(rows)) // 2
            self.of.go(session, self.of.calendar.local_at(event.x - days.GUTTER, columns))
            self._focus(in_days=True)

    def _pressed_slider(self, event: Board.Pressed) -> None:
        first, width = slider.slider_at(self._sliders.size.width)
        if not event.dragged:
            line = self._first_line + event.y
            lines = self.of.lines
            self._dragging = line < len(lines) and not isinstance(lines[line], str) and event.x >= first - 1
            if line < len(lines) and not isinstance(lines[line], str):
                self.of.line = line
            self._focus(in_days=False)
        knob = self.of.knob
        inside = self._dragging and (event.dragged or event.x <= first + width)
        if inside and knob and self.of.turn_to(slider.value_at(knob, event.x - first, width)):
            self._turned()

    def on_board_wheeled(self, event: Board.Wheeled) -> None:
        """More days, or the next threshold."""
        if event.board is self._days:
            self._follow = False
            self.top += event.step
        elif event.board is self._sliders:
            self.of.choose(event.step)
        self.show()

    # ------------------------------------------------------------ what comes of it

    def _walked(self) -> None:
        self._follow = True
        self.show()

    def _turned(self) -> None:
        """The slider moves at once; the days are tried anew when the keys that wait are done, once for them all."""
        self._head.draw()
        self._sliders.draw()
        if not self._due:
            self._due = self.call_after_refresh(self._try)

    def _try(self) -> None:
        self._due = False
        self.of.run()
        self.show()

    # ------------------------------------------------------------ drawn

    @property
    def _visible(self) -> int:
        """How many days are on the screen."""
        rows = self._days.size.height
        return max((rows - days.with_times(rows)) // 2, 1)

    def _draw_head(self, columns: int, _rows: int) -> Sequence[Row]:
        return [head(self.of, columns)]

    def _draw_knobs(self, columns: int, rows: int) -> Sequence[Row]:
        of, lines = self.of, self.of.lines
        self._first_line = slider.scrolled(self._first_line, of.line, rows, len(lines))
        off = [rule.name for rule in of.profile.rules if not rule.on]
        seen = list(enumerate(lines))[self._first_line : self._first_line + rows]
        return [
            slider.group_row(each, of.letters, off=each in off)
            if isinstance(each, str)
            else slider.knob_row(
                each,
                each.get(of.settings, of.profile.name),
                each.get(of.before, of.profile.name),
                columns,
                chosen=number == of.line,
            )
            for number, each in seen
        ]

    def _draw_figures(self, columns: int, rows: int) -> Sequence[Row]:
        return figures(self.of.score, self.of.config[1], columns, rows)

    def _draw_days(self, columns: int, rows: int) -> Sequence[Row]:
        of, count = self.of, len(self.of.tried.days.sessions)
        seen, here = self._visible, of.prompt
        if self._follow and here is not None:
            session = here.prompt.session
            self.top = min(max(self.top, session - seen + 1), session)
        self.top = max(min(self.top, count - seen), 0)
        drawn: list[Row] = [of.calendar.hours(max(columns - days.GUTTER, 1))] if days.with_times(rows) else []
        for session in range(self.top, min(self.top + seen, count)):
            cursor = here if self.in_days else None
            drawn += days.day_rows(of.calendar, session, of.of_day.get(session, ()), columns, of.letters, cursor)
        if len(drawn) < rows:
            drawn.append(days.legend(of.letters, columns))
        return drawn[:rows]

    def _draw_told(self, columns: int, rows: int) -> Sequence[Row]:
        sentences = self.of.told() or (NO_PROMPTS,)
        return days.told_rows(sentences, columns, rows)
