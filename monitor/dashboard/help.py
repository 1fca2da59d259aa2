"""The help screen: every key and every sign in words."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from monitor.dashboard.words import GLYPH, POSTURE_WORDS

_KEYS = (
    ("q", "quit; the recording is closed properly first"),
    ("s  d", "answer a prompt: snooze it 5 minutes, or done"),
    ("e  y  w", "explain a prompt; mark it as right, or as wrong"),
    ("m  c", "mark this moment; correct: I stand, where it says sitting"),
    ("space  +  −", "in a replay: pause, faster, slower"),
    ("←→  g  0…9", "10 s (with shift 1 min), go to a time, to a tenth"),
    ("[ ]  { }", "bout before and next, alert before (p) and next (n)"),
)
_SIGNS = (
    ("+12°", "pelvis 12° forward (anterior) of your zero; − is back"),
    ("±2°", "the standard uncertainty of that figure"),
    ("zero", "your pelvis as you walk; learnt from ten steps"),
    ("moving", "too much motion to measure: the last value is held"),
    ("− − −", "the dashed lines, and the thick arc, bound your own band"),
    ("(…?)", "the posture of this second, not yet confirmed"),
)


def text() -> str:
    """The whole help; as wide and as high as 80x24 holds without scrolling."""
    keys = [f"{key:<12} {words}" for key, words in _KEYS]
    signs = [f"{sign:<12} {words}" for sign, words in _SIGNS]
    ribbon = "  ".join(f"{glyph} {POSTURE_WORDS[posture]}" for posture, glyph in GLYPH.items())
    honest = "Not a medical device. It tells change against your own zero, no more."
    return "\n".join([*keys, "", *signs, "", "The day:", ribbon, "", honest])


class HelpScreen(ModalScreen[None]):
    """Lies over a screen until a key closes it. said: every key and every sign of that screen in words."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark", "dismiss", "back", key_display="esc")]

    def __init__(self, said: str) -> None:
        super().__init__()
        self._said = said

    def compose(self) -> ComposeResult:
        """One panel, which scrolls where the terminal is lower than the text."""
        with VerticalScroll(id="help") as panel:
            panel.border_title = "Help"
            yield Static(self._said, markup=False)
        yield Footer(compact=True)
