"""What the tuning screen is made of: a board that tells where the mouse is, the figures, and what lies over it."""

import math
from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.geometry import Region
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from monitor.dashboard.tuner_state import Turning
from monitor.dashboard.widgets import days, slider
from monitor.dashboard.widgets.braille import Row
from monitor.dashboard.widgets.picture import Picture
from monitor.dashboard.words import GLYPH, POSTURE_WORDS, duration, fit
from monitor.tuning.score import Score

NONE: Final = "–"
_NAME, _COLUMN = 22, 11
FAST: Final = 5  # steps with shift
TURN: Final = Binding.Group("turn", compact=True)
KEYS: Final[list[BindingType]] = [
    Binding("left", "across(-1)", "less, or the prompt before", key_display="←", group=TURN),
    Binding("right", "across(1)", "more, or the next prompt", key_display="→", group=TURN),
    Binding("shift+left", f"across(-{FAST})", show=False),
    Binding("shift+right", f"across({FAST})", show=False),
    Binding("up", "along(-1)", show=False),
    Binding("down", "along(1)", show=False),
    Binding("home", "along(-10000)", show=False),
    Binding("end", "along(10000)", show=False),
    Binding("tab,d,shift+tab", "other", "days", key_display="tab"),
    Binding("w", "write", "write"),
    Binding("q", "leave", "quit"),
    Binding("question_mark", "help", "help", key_display="?"),
    Binding("enter", "play", "play"),
    Binding("p", "profile", "profile"),
    Binding("r,0", "put_back", "put back", key_display="r"),
    Binding("R", "put_all_back", "all back"),
    Binding("pageup", "page(-1)", show=False),
    Binding("pagedown", "page(1)", show=False),
]
_HELP = (
    ("↑ ↓", "choose a threshold; home, end the first and the last"),
    ("← →", "turn it by one step; with shift by five"),
    ("0  r", "put it back as it is in your config; R puts all back"),
    ("p", "the next profile: desk, sofa, …"),
    ("tab  d", "to the days, and back"),
    ("  ← → ↑ ↓", "from prompt to prompt, from day to day"),
    ("  enter", "play this moment"),
    ("page up, down", "more days"),
    ("w", "write the changes into your config, after a question"),
    ("q", "quit; asks first if something is not written"),
)


class Board(Picture):
    """Shows what `rows` gives for its size, and paints the rows that changed; tells where the mouse is on it."""

    class Pressed(Message):
        """The mouse is pressed at (x, y) of the board; dragged: it was pressed before, and may be outside."""

        def __init__(self, board: "Board", x: int, y: int, *, dragged: bool) -> None:
            super().__init__()
            self.board, self.x, self.y, self.dragged = board, x, y, dragged

    class Wheeled(Message):
        """The wheel is turned; step: 1 down, -1 up."""

        def __init__(self, board: "Board", step: int) -> None:
            super().__init__()
            self.board, self.step = board, step

    def __init__(
        self,
        rows: Callable[[int, int], Sequence[Row]],
        *,
        id: str,  # noqa: A002 - Textual's own name
        title: str = "",
    ) -> None:
        super().__init__(lambda _snapshot, columns, height: rows(columns, height), id=id, title=title)
        self._of_size = rows
        self._held = False

    def draw(self) -> None:
        """Draw again."""
        if not self.size:
            return
        before, self._rows = self._rows, self._of_size(self.size.width, self.size.height)
        length = max(len(before), len(self._rows))
        old, new = ([*rows, *([()] * (length - len(rows)))] for rows in (before, self._rows))
        changed = [Region(0, y, self.size.width, 1) for y in range(length) if old[y] != new[y]]
        if changed:
            self.refresh(*changed)

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.draw()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Tell it, and follow the mouse until it is let go."""
        inside = event.get_content_offset(self)
        if inside is not None:
            self._held = True
            self.capture_mouse()
            self.post_message(self.Pressed(self, inside.x, inside.y, dragged=False))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow."""
        if self._held:
            where = event.get_content_offset_capture(self)
            self.post_message(self.Pressed(self, where.x, where.y, dragged=True))

    def on_mouse_up(self) -> None:
        """Stay there."""
        self._held = False
        self.release_mouse()

    def on_mouse_scroll_down(self) -> None:
        """Tell it."""
        self.post_message(self.Wheeled(self, 1))

    def on_mouse_scroll_up(self) -> None:
        """Tell it."""
        self.post_message(self.Wheeled(self, -1))


# ---------------------------------------------------------------- figures


def head(turning: Turning, columns: int) -> Row:
    """The profile on the sliders, how much was worn, and whether something is changed."""
    changed, score = len(turning.changes), turning.score
    count = len(turning.tried.days.sessions)
    worn = f"{count} session{'' if count == 1 else 's'}, {duration(score.worn_h * 3600.0)} worn"
    none = "" if turning.worn else ", in none of these"
    right = f"{slider.CHANGED} {changed} changed" if changed else "as in your config"
    left = fit(f"profile {turning.profile.name}{none}  {worn}", columns - len(right) - 1)
    return ((left.ljust(columns - len(right)), "strong"), (right, "warn" if changed else "quiet"))


def figures(now: Score, config: Score, columns: int, rows: int) -> list[Row]:
    """The figures beside those of the config's settings; in running text where there are too few rows for a table."""
    both = list(zip(_figures(now), _figures(config), strict=True))
    if len(both) + 1 > rows or columns < _NAME + 2 * _COLUMN + 3:
        return _running(both, columns, rows)
    head = f"{'':<{_NAME}}{'now':>{_COLUMN}}{'config':>{_COLUMN}}"
    drawn: list[Row] = [((head, "quiet"),)]
    for (name, _, value, words), (_, _, was, was_words) in both:
        change = _change(value, was) if words != was_words else ""
        drawn.append(
            (
                (name.ljust(_NAME), ""),
                (words.rjust(_COLUMN), "strong"),
                (was_words.rjust(_COLUMN), "quiet"),
                (f"  {change if columns >= _NAME + 2 * _COLUMN + 2 + len(change) else change[:1]}", "warn"),
            )
        )
    return drawn


def _running(both: list[tuple[tuple[str, str, float, str], ...]], columns: int, rows: int) -> list[Row]:
    """'0.71 an hour (0.83)', as many as fit, whole ones only."""
    drawn: list[list[tuple[str, str]]] = [[]]
    left = columns
    for (_, short, value, words), (_, _, was, was_words) in both:
        same = words == was_words
        parts = [(words, "strong"), (f" {short}", "")]
        parts += [] if same else [(f" ({was_words} {_sign(value, was)})".replace(" )", ")"), "quiet")]
        length = sum(len(text) for text, _ in parts)
        between = 3 if drawn[-1] else 0
        if length + between > left:
            if len(drawn) == rows or length > columns:
                continue
            drawn.append([])
            left, between = columns, 0
        drawn[-1] += [*([(" · ", "quiet")] if between else []), *parts]
        left -= length + between
    return [tuple(row) for row in drawn]


def _figures(score: Score) -> list[tuple[str, str, float, str]]:
    """(name, in short, value, in words) of each."""
    found = [
        ("prompts an hour", "an hour", score.prompts_per_h, f"{score.prompts_per_h:.2f}"),
        ("prompts in all", "prompts", float(score.prompts), str(score.prompts)),
        ("beyond the band", "beyond", score.exposure_min, duration(60.0 * score.exposure_min)),
        ("long exposures missed", "missed", float(score.missed), f"{score.missed} of {score.long_exposures}"),
        ("followed by a break", "followed", score.followed, _percent(score.followed)),
    ]
    marked = not (math.isnan(score.precision) and math.isnan(score.recall) and math.isnan(score.false_per_h))
    if marked:
        found += [
            ("right, where marked", "right", score.precision, _percent(score.precision)),
            ("found of your marks", "found", score.recall, _percent(score.recall)),
            ("wrong an hour", "wrong/h", score.false_per_h, _hourly(score.false_per_h)),
        ]
    return found


def _percent(share: float) -> str:
    return NONE if math.isnan(share) else f"{100.0 * share:.0f} %"


def _hourly(value: float) -> str:
    return NONE if math.isnan(value) else f"{value:.2f}"


def _sign(value: float, was: float) -> str:
    return "" if math.isnan(value) or math.isnan(was) or value == was else "▲" if value > was else "▼"


def _change(value: float, was: float) -> str:
    """'▲ more' or '▼ less'; empty where nothing changed."""
    return {"▲": "▲ more", "▼": "▼ less"}.get(_sign(value, was), "")


# ---------------------------------------------------------------- what lies over it


class AskScreen(ModalScreen[str]):
    """A question with some sentences above it. Gives the key that answered, '' where the wearer goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "answer('')", "back", key_display="esc"),
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
    ]

    def __init__(self, title: str, sentences: Sequence[str], answers: dict[str, str]) -> None:
        """answers: what the wearer may press, and what it does."""
        super().__init__()
        self._asked, self._sentences, self._answers = title, sentences, answers
        for key, words in answers.items():
            self._bindings.bind(key, f"answer('{key}')", words)

    def compose(self) -> ComposeResult:
        """One panel, which scrolls where there is more than the terminal holds."""
        with Vertical(id="ask") as panel:
            panel.border_title = self._asked
            with VerticalScroll(id="asked"):
                yield Static("\n".join(self._sentences), markup=False)
            yield Static(
                "   ".join(f"{key} {words}" for key, words in [*self._answers.items(), ("esc", "back")]),
                id="answers",
                markup=False,
            )
        yield Footer(compact=True)

    def action_answer(self, key: str) -> None:
        """Give it."""
        self.dismiss(key)

    def action_scroll(self, step: int) -> None:
        """Show more."""
        self.query_one("#asked").scroll_relative(y=step, animate=False)


def help_text() -> str:
    """The whole help; as wide and as high as 80x24 holds without scrolling."""
    keys = [f"{key:<14} {words}" for key, words in _HELP]
    ribbon = "  ".join(f"{glyph} {POSTURE_WORDS[posture]}" for posture, glyph in GLYPH.items())
    turned = f"{slider.CHANGED} changed   {slider.CONFIG} where your config has it   (15) what it has"
    signs = f"A letter is a prompt of the rule that has it: capital, new; {days.MISSING}, gone, against"
    same = f"your config. Within {duration(days.SAME_S)} of one of its rule it is the same prompt."
    honest = "You wore these days under the prompts of then; others might move you too."
    return "\n".join([*keys, "", "Sliders: " + turned, ribbon, "", signs, same, "", honest])
