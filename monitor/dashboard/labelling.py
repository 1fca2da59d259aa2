"""Labelling a recording: a cursor on its ribbon, and one key for each thing the wearer has to say of it.

It fetches nothing: wearing and tags are given, and `edit` keeps what is said.

def edit(number, tag) -> (number, tags)    number None: a new label; tag None: remove it; gives all labels as they are
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar, Final, TypeAlias

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.markup import escape
from textual.screen import ModalScreen, Screen
from textual.widgets import Footer, Input, Static

from monitor.dashboard.goto import GotoScreen, position_s
from monitor.dashboard.help import HelpScreen
from monitor.dashboard.theme import NIGHT
from monitor.dashboard.widgets import labels
from monitor.dashboard.widgets.braille import Row
from monitor.dashboard.widgets.labels import Drawing, Tag, Wearing, Window
from monitor.dashboard.widgets.picture import ROLE_CLASSES
from monitor.dashboard.widgets.ribbon import legend_row
from monitor.dashboard.words import GLYPH, POSTURE_WORDS, clock, duration, fit
from monitor.errors import SitwellError
from monitor.snapshot import Player
from monitor.stream import Posture

Edit: TypeAlias = Callable[[int | None, Tag | None], tuple[int, tuple[Tag, ...]]]

POSTURES: Final = (Posture.SITTING, Posture.STANDING, Posture.WALKING, Posture.LYING)
CELLS_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)  # what a column of the near ribbon may stand for
USUAL_S: Final = 10.0  # and what it does, unless the recording is too short to fill the ribbon then
SAME_S: Final = 0.5  # labels of one kind whose times are this close are one: it changes
HERE: Final = "Here"
NOTHING: Final = "There is nothing in this recording to label.\n\nPress q to leave."
MOVE, BOUT, PROMPT, POSTURE = (Binding.Group(word, compact=True) for word in ("1 min", "bout", "prompt", "posture"))

_KEYS = (
    ("← →", "1 min; with shift 10 s; , and . 1 s; page up and down 10 min"),
    ("[ ]  { }  ( )", "bout before and next, prompt, label; home, end; g a time"),
    ("+ −", "the near ribbon closer, or with more around it"),
    ("r  w", "the prompt here was right; wrong"),
    ("1 2 3 4", "I was sitting, standing, walking, lying"),
    ("t  n", "words of your own; a note beside the label here"),
    ("space", "a spell begins, and ends; b takes the bout here; esc drops it"),
    ("delete  u", "remove the label here; undo the last change"),
    ("q", "quit; every change is saved already"),
)


class Labelling(App[None]):
    """The program on the screen."""

    CSS_PATH: ClassVar[list[str]] = ["dashboard.tcss", "labelling.tcss"]  # pyright: ignore[reportIncompatibleVariableOverride]
    TITLE = "sitwell"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-wide")]  # noqa: RUF012 - Textual declares no class variable here
    VERTICAL_BREAKPOINTS = [(0, "-short"), (28, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "quit"),
        Binding("question_mark", "help", "help", key_display="?"),
        Binding("r", "verdict('right')", "right"),
        Binding("w", "verdict('wrong')", "wrong"),
        *(
            Binding(str(number), f"say('{posture}')", posture.value, group=POSTURE)
            for number, posture in enumerate(POSTURES, 1)
        ),
        Binding("t", "words", "text"),
        Binding("space", "spell", "spell"),
        Binding("delete,backspace", "remove", "remove", key_display="del"),
        Binding("u", "undo", "undo"),
        Binding("left", "move(-60)", "back 1 min", key_display="←", group=MOVE),
        Binding("right", "move(60)", "ahead 1 min", key_display="→", group=MOVE),
        Binding("left_square_bracket", "bout(-1)", "bout before", key_display="[", group=BOUT),
        Binding("right_square_bracket", "bout(1)", "next bout", key_display="]", group=BOUT),
        Binding("left_curly_bracket", "prompt(-1)", "prompt before", key_display="{", group=PROMPT),
        Binding("right_curly_bracket", "prompt(1)", "next prompt", key_display="}", group=PROMPT),
        Binding("left_parenthesis", "label(-1)", show=False),
        Binding("right_parenthesis", "label(1)", show=False),
        Binding("shift+left", "move(-10)", show=False),
        Binding("shift+right", "move(10)", show=False),
        Binding("comma", "move(-1)", show=False),
        Binding("full_stop", "move(1)", show=False),
        Binding("pageup", "move(-600)", show=False),
        Binding("pagedown", "move(600)", show=False),
        Binding("home", "end(-1)", show=False),
        Binding("end", "end(1)", show=False),
        Binding("plus,equals_sign", "zoom(-1)", show=False),
        Binding("minus", "zoom(1)", show=False),
        Binding("b", "take_bout", show=False),
        Binding("n", "note", show=False),
        Binding("g", "goto", show=False),
        Binding("escape", "drop", show=False),
    ]

    def __init__(self, wearing: Wearing, tags: Sequence[Tag], edit: Edit) -> None:
        super().__init__()
        self.wearing = wearing
        self.tags = tuple(tags)
        self.cursor_s = wearing.start_s
        self.spell: tuple[float, float | None] | None = None  # where it began, and where it ended if it has
        self.told = ""  # the newest sentence about what was done
        self._cell_s: float | None = None
        self._edit = edit
        self._undo: list[tuple[int, Tag | None]] = []
        self._view = LabelScreen(self)
        self.register_theme(NIGHT)
        self.theme = NIGHT.name

    def get_default_screen(self) -> "LabelScreen":
        """The ribbons; help and inputs lie over them."""
        return self._view

    @property
    def selected(self) -> tuple[float, float] | None:
        """The spell, up to the cursor while it has no end of its own."""
        if self.spell is None:
            return None
        low, high = self.spell[0], self.cursor_s if self.spell[1] is None else self.spell[1]
        return min(low, high), max(low, high)

    def cell_s(self, columns: int) -> float:
        """What a column of the near ribbon stands for, s: as chosen, else as it fits."""
        if self._cell_s is not None:
            return self._cell_s
        return max(
            (each for each in CELLS_S if each <= USUAL_S and each * columns <= self.wearing.length_s), default=1.0
        )

    # ------------------------------------------------------------ going

    def go(self, t_s: float) -> None:
        """Put the cursor there, held within the recording."""
        self.told = ""
        self.cursor_s = min(max(t_s, self.wearing.start_s), self.wearing.end_s)
        self._view.show()

    def action_move(self, seconds: float) -> None:
        """Ahead, or back."""
        self.go(self.cursor_s + seconds)

    def action_end(self, step: int) -> None:
        """To the beginning, or the end."""
        self.go(self.wearing.start_s if step < 0 else self.wearing.end_s)

    def action_bout(self, step: int) -> None:
        """To the next change of posture, or the one before."""
        self._next([span.start_s for span in self.wearing.spans], step, "change of posture")

    def action_prompt(self, step: int) -> None:
        """To the next prompt, or the one before."""
        self._next([prompt.t_s for prompt in self.wearing.prompts], step, "prompt")

    def action_label(self, step: int) -> None:
        """To the next label, or the one before."""
        self._next([tag.start_s for tag in self.tags], step, "label")

    def _next(self, times_s: Sequence[float], step: int, what: str) -> None:
        there = [each for each in sorted(times_s) if (each - self.cursor_s) * step > 1e-6]
        if there:
            self.go(there[0] if step > 0 else there[-1])
        else:
            self._tell(f"There is no {what} {'after' if step > 0 else 'before'} this.")

    def action_zoom(self, step: int) -> None:
        """Show more around the cursor, or less."""
        at = CELLS_S.index(self.cell_s(self._view.columns)) + step
        self._cell_s = CELLS_S[min(max(at, 0), len(CELLS_S) - 1)]
        self._view.show()

    def action_goto(self) -> None:
        """Ask for a time, and go there."""
        wearing = self.wearing
        player = Player(self.cursor_s - wearing.start_s, wearing.length_s, 1.0, paused=True, ended=False)
        time = wearing.time(self.cursor_s)

        def gone(where_s: float | None) -> None:
            if where_s is not None:
                self.go(wearing.start_s + where_s)

        self.push_screen(GotoScreen(lambda text: position_s(text, player, time)), gone)

    def on_drawing_pressed(self, event: Drawing.Pressed) -> None:
        """The mouse is on a ribbon."""
        self.go(self._view.window(event.drawing).t_s(event.column))

    # ------------------------------------------------------------ saying

    def action_verdict(self, word: str) -> None:
        """Whether the prompt here was right."""
        prompt = labels.prompt_here(self.wearing, self.cursor_s)
        if prompt is None:
            self._tell("There is no prompt here: { and } go to one, ! marks them.")
            return
        self._say(word, (prompt.t_s, prompt.t_s))

    def action_say(self, word: str) -> None:
        """What the wearer was doing in the spell, or at this moment."""
        self._say(word, self.selected or (self.cursor_s, self.cursor_s))

    def _say(self, word: str, when: tuple[float, float], *, own: bool = False) -> None:
        """A new label, or another word for the one of the same kind on the same times."""
        tag = Tag(0, *when, word)
        kind = "" if own else "posture" if word in POSTURES else "verdict"
        before = next((each for each in self.tags if _kind(each) == kind and _together(each, tag)), None)
        if before is not None and before.label == word:
            self._tell(f"It says {word} already.")
        elif self._keep(before.number if before else None, replace(before, label=word) if before else tag, before):
            if when == self.selected:
                self.spell = None
            self._tell(f"Saved: {word}, {self._when(tag)}.")

    def action_words(self) -> None:
        """Ask for words of the wearer's own."""
        when = self.selected or (self.cursor_s, self.cursor_s)

        def said(text: str | None) -> None:
            if text:
                self._say(" ".join(text.split()), when, own=True)

        self.push_screen(WordsScreen("Label", "Words of your own, such as: coffee with Ann"), said)

    def action_note(self) -> None:
        """Ask for a note beside the label here."""
        here = self._here()
        if here is None:
            return

        def noted(text: str | None) -> None:
            if text is not None and self._keep(here.number, replace(here, note=" ".join(text.split())), here):
                self._tell(f"Saved: the note of {here.label}.")

        self.push_screen(WordsScreen("Note", f"Beside {here.label}, {self._when(here)}", here.note), noted)

    def action_remove(self) -> None:
        """Remove the label here."""
        here = self._here()
        if here is not None and self._keep(here.number, None, here):
            self._tell(f"Removed: {here.label}, {self._when(here)}. u brings it back.")

    def action_undo(self) -> None:
        """Take the last change back."""
        if not self._undo:
            self._tell("There is nothing to undo.")
            return
        number, before = self._undo[-1]
        if self._keep(number, before, None, undoing=True):
            self._undo.pop()
            self._tell("Undone." if before is None else f"Undone: {before.label}, {self._when(before)}.")

    def _keep(self, number: int | None, tag: Tag | None, before: Tag | None, *, undoing: bool = False) -> bool:
        """Have it saved; False, with the reason told, if it cannot be."""
        try:
            number, self.tags = self._edit(number, tag)
        except SitwellError as error:
            self.notify(str(error), severity="error", timeout=8.0)
            return False
        if not undoing:
            self._undo.append((number, before))
        self._view.show()
        return True

    def _here(self) -> Tag | None:
        here = labels.tags_here(self.tags, self.cursor_s)
        if not here:
            self._tell("There is no label here: ( and ) go to one.")
        return here[0] if here else None

    # ------------------------------------------------------------ spells

    def action_spell(self) -> None:
        """A spell begins here; again: it ends here."""
        if self.spell is None or self.spell[1] is not None:
            self.spell = (self.cursor_s, None)
            self._tell("A spell begins here: go to its end, then say what it is.")
        else:
            self.spell = (self.spell[0], self.cursor_s)
            self._tell("The spell ends here: 1 to 4 or t say what it is.")

    def action_take_bout(self) -> None:
        """The bout under the cursor is the spell."""
        span = self.wearing.span(self.cursor_s)
        if span is None:
            self._tell("There is no bout here.")
            return
        self.spell = (span.start_s, span.end_s)
        self._tell("The bout here is the spell.")

    def action_drop(self) -> None:
        """No spell after all."""
        self.spell = None
        self._tell("")

    # ------------------------------------------------------------ words

    def action_help(self) -> None:
        """Keys and signs in words."""
        self.push_screen(HelpScreen(help_text()))

    def _when(self, tag: Tag) -> str:
        start = self.wearing.time(tag.start_s)
        return f"{start} to {self.wearing.time(tag.end_s)}" if tag.end_s > tag.start_s else start

    def _tell(self, sentence: str) -> None:
        self.told = sentence
        self._view.show()


def _kind(tag: Tag) -> str:
    return "verdict" if tag.meaning in {"right", "wrong"} else "posture" if tag.meaning else ""


def _together(one: Tag, other: Tag) -> bool:
    return abs(one.start_s - other.start_s) < SAME_S and abs(one.end_s - other.end_s) < SAME_S


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


class LabelScreen(Screen[None]):
    """Both ribbons, and the moment in words. Class: -empty where there is nothing to label."""

    COMPONENT_CLASSES: ClassVar[set[str]] = ROLE_CLASSES

    def __init__(self, labelling: Labelling) -> None:
        super().__init__(classes="-empty" if labelling.wearing.length_s <= 0.0 else None)
        self._of = labelling
        self._title = Drawing(self._draw_title, id="title")
        self._all = Drawing(self._draw_all, id="all", title="Whole", dragged=True)
        self._near = Drawing(self._draw_near, id="near", title="Near")
        self._moment = Drawing(self._draw_moment, id="moment", title=HERE)

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield Static(NOTHING, id="nothing")
        yield self._title
        with Vertical(id="ribbons"):
            yield self._all
            yield self._near
        yield self._moment
        yield Footer(compact=True)

    def show(self) -> None:
        """Draw what has changed."""
        self._moment.border_title = escape(f"{HERE}: {self._of.told}" if self._of.told else HERE)
        for drawing in (self._title, self._all, self._near, self._moment):
            drawing.draw()

    @property
    def columns(self) -> int:
        """Of the ribbons."""
        return self._near.size.width - labels.GUTTER

    def window(self, drawing: Drawing) -> Window:
        """What this ribbon shows."""
        return self._window(drawing.size.width, near=drawing is self._near)

    def _window(self, columns: int, *, near: bool) -> Window:
        of, columns = self._of, columns - labels.GUTTER
        return (
            labels.near(of.wearing, of.cursor_s, of.cell_s(columns), columns)
            if near
            else labels.whole(of.wearing, columns)
        )

    def _draw_title(self, columns: int, _rows: int) -> Sequence[Row]:
        wearing = self._of.wearing
        right = f"{_count(len(self._of.tags), 'label')}, {_count(len(wearing.prompts), 'prompt')}"
        span = f"{wearing.time(wearing.start_s)[:5]} to {wearing.time(wearing.end_s)[:5]}, {clock(wearing.length_s)}"
        left = fit(f"{wearing.name}  {span}", columns - len(right) - 1)
        return [((left.ljust(columns - len(right)), "strong"), (right, "quiet"))]

    def _draw_all(self, columns: int, rows: int) -> Sequence[Row]:
        window, near = (self._window(columns, near=each) for each in (False, True))
        part = near.start_s, min(near.end_s, self._of.wearing.end_s)
        return self._ribbon(window, part, labels.WINDOW, rows)

    def _draw_near(self, columns: int, rows: int) -> Sequence[Row]:
        window = self._window(columns, near=True)
        self._near.border_subtitle = f"{duration(window.cell_s)} a column"
        return self._ribbon(window, self._of.selected, labels.SPELL, rows)

    def _ribbon(self, window: Window, part: tuple[float, float] | None, line: str, rows: int) -> list[Row]:
        of, (posture, prompt, label) = self._of, labels.NAMES
        drawn = [
            labels.named(" " * labels.GUTTER, labels.pointer(of.wearing, window, of.cursor_s, part, line)),
            labels.named(posture, labels.postures(of.wearing, window)),
            labels.named(prompt, labels.prompts(of.wearing, window)),
            labels.named(label, labels.said(of.tags, window)),
            labels.times(of.wearing, window),
        ]
        if not of.wearing.epochs:
            drawn[1] = ((posture, "quiet"), (fit(of.wearing.empty, window.columns), ""))
        return drawn[:rows]

    def _draw_moment(self, columns: int, rows: int) -> Sequence[Row]:
        of = self._of
        told = labels.moment(of.wearing, of.tags, of.cursor_s, of.selected, columns)
        if len(told) + 3 > rows:
            return told[:rows]
        symbols = f"{labels.PROMPT} prompt   {labels.RIGHT} right   {labels.WRONG} wrong   {labels.WORDS} your words"
        left = rows - len(told) - 2
        between = labels.listed(of.wearing, of.tags, of.cursor_s, columns, left)
        between = [*between, *([((" ", ""),)] * (left - len(between)))]
        return [*told, *between, legend_row(self._totals_s(), columns), ((fit(symbols, columns), "quiet"),)]

    def _totals_s(self) -> dict[Posture, float]:
        totals: dict[Posture, float] = {}
        for span in self._of.wearing.spans:
            totals[span.posture] = totals.get(span.posture, 0.0) + span.end_s - span.start_s
        return totals


class WordsScreen(ModalScreen[str | None]):
    """Asks for words. Gives them, or None where the wearer thinks better of it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "back", key_display="esc")]

    def __init__(self, title: str, how: str, words: str = "") -> None:
        super().__init__()
        self._asked, self._how, self._words = title, how, words

    def compose(self) -> ComposeResult:
        """One panel: the input, and what it is for."""
        with Vertical(id="words-panel") as panel:
            panel.border_title = self._asked
            words = Input(self._words, id="words-input", compact=True)
            words.cursor_blink = False  # nothing on this screen moves without a reason
            yield words
            yield Static(self._how, id="words-how", markup=False)
        yield Footer(compact=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take them."""
        self.dismiss(event.value)


def help_text() -> str:
    """The whole help; as wide and as high as 80x24 holds without scrolling."""
    keys = [f"{key:<14} {words}" for key, words in _KEYS]
    ribbon = "  ".join(f"{glyph} {POSTURE_WORDS[posture]}" for posture, glyph in GLYPH.items())
    signs = f"{labels.PROMPT} prompt  {labels.RIGHT} right  {labels.WRONG} wrong  {labels.WORDS} your words"
    said = "A posture you name has the sign of that posture in the row of labels."
    honest = "Labels change no figure: they stand beside what was measured."
    return "\n".join([*keys, "", "The ribbon:", ribbon, signs, said, "", honest])
