"""The dashboard: one live screen, fed by immutable snapshots. It fetches nothing and reads no clock.

def snapshot() -> Snapshot | None     polled; None until there is data
async def run() -> None               the session, started once the first frame is on the screen
def act(action, seconds) -> None      what the wearer did: ("snooze", 300.0), ("dismiss", 0.0), ("mark", 0.0)
"""

from collections.abc import Awaitable, Callable
from typing import ClassVar, Final

from textual.app import App
from textual.binding import Binding, BindingType
from textual.worker import Worker

from monitor.dashboard.goto import GotoScreen, position_s
from monitor.dashboard.help import HelpScreen, text
from monitor.dashboard.live import LiveScreen
from monitor.dashboard.player import PlayerControls
from monitor.dashboard.theme import NIGHT
from monitor.dashboard.widgets.scrubber import Scrubber
from monitor.errors import SitwellError
from monitor.snapshot import Prompt, Snapshot
from monitor.stream import Posture

DIGITS_HZ: Final = 5.0  # a changing number is read at 5 a second at most; more only costs CPU
PLOTS_HZ: Final = 2.0  # a column of the trace is about half a second wide, so nothing new is there to draw earlier
SNOOZE_S: Final = 300.0
SPEED, SKIP, BOUT, ALERT = (Binding.Group(word, compact=True) for word in ("speed", "10 s", "bout", "alert"))


class Dashboard(App[None]):
    """The program on the screen. `failure` holds the error of ours that ended the session, if one did."""

    CSS_PATH = "dashboard.tcss"
    TITLE = "sitwell"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - Textual declares no class variable here
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "quit"),
        Binding("s", "snooze", "snooze 5 min"),
        Binding("d", "dismiss", "done"),
        Binding("e", "explain", "explain"),
        Binding("y", "judge('right')", "right", show=False),
        Binding("w", "judge('wrong')", "wrong", show=False),
        Binding("m", "mark", "mark"),
        Binding("c", "correct", "correct"),
        Binding("space", "pause", "pause"),
        Binding("plus,equals_sign", "faster", "faster", key_display="+", group=SPEED),
        Binding("minus", "slower", "slower", key_display="−", group=SPEED),
        Binding("left", "skip(-10)", "back 10 s", key_display="←", group=SKIP),
        Binding("right", "skip(10)", "ahead 10 s", key_display="→", group=SKIP),
        Binding("shift+left", "skip(-60)", show=False),
        Binding("shift+right", "skip(60)", show=False),
        Binding("left_square_bracket", "bout(-1)", "bout before", key_display="[", group=BOUT),
        Binding("right_square_bracket", "bout(1)", "next bout", key_display="]", group=BOUT),
        Binding("left_curly_bracket", "alert(-1)", "alert before", key_display="{", group=ALERT),
        Binding("right_curly_bracket", "alert(1)", "next alert", key_display="}", group=ALERT),
        Binding("p", "alert(-1)", show=False),
        Binding("n", "alert(1)", show=False),
        Binding("home", "part(0.0)", show=False),
        Binding("end", "part(1.0)", show=False),
        *(Binding(str(tenth), f"part({tenth / 10})", show=False) for tenth in range(10)),
        Binding("g", "goto", "go to"),
        Binding("question_mark", "help", "help", key_display="?"),
    ]

    def __init__(
        self,
        *,
        snapshot: Callable[[], Snapshot | None],
        run: Callable[[], Awaitable[None]] | None = None,
        act: Callable[[str, float], None] | None = None,
        player: PlayerControls | None = None,
        label: Callable[[str], None] | None = None,
        opening: bool = False,
    ) -> None:
        """label: keeps a word on the moment shown, in a replay.

        opening: until there is data a recording is being read; else a sensor is being looked for.
        """
        super().__init__()
        self.failure: SitwellError | None = None
        self._poll = snapshot
        self._session = run
        self._act = act
        self._player = player
        self._label = label
        self._worker: Worker[None] | None = None
        self._leaving = False
        self._ended = False
        self._shown: Snapshot | None = None
        self._rung_for: tuple[str, float] | None = None
        self._live = LiveScreen(opening=opening or player is not None, acting=act is not None)
        self.register_theme(NIGHT)
        self.theme = NIGHT.name

    def get_default_screen(self) -> LiveScreen:
        """The live screen is the only one; help lies over it."""
        return self._live

    def on_ready(self) -> None:
        """Show what there is, then start the session behind the first frame."""
        self._show_digits()
        self._show_plots()
        self.set_interval(1.0 / DIGITS_HZ, self._show_digits)
        self.set_interval(1.0 / PLOTS_HZ, self._show_plots)
        self.call_after_refresh(self._begin)

    # ------------------------------------------------------------ the session

    def _begin(self) -> None:
        if self._session is not None:
            self._worker = self.run_worker(self._run_session(self._session), name="session")

    async def _run_session(self, run: Callable[[], Awaitable[None]]) -> None:
        try:
            await run()
        except SitwellError as error:
            self.failure = error
            self.exit(return_code=1)
        finally:
            if self._leaving and self.failure is None:
                self.exit()
        self._ended = True
        self._live.end()
        self._show_digits()
        self._show_plots()
        self.refresh_bindings()

    async def action_quit(self) -> None:
        """Let the session finish its recording, then close; a second q does not wait."""
        if self._worker is None or self._worker.is_finished or self._leaving:
            self.exit()
            return
        self._leaving = True
        self.notify("Closing the session. Press q again to leave at once.")
        self._worker.cancel()

    # ------------------------------------------------------------ the screen

    def _show_digits(self) -> None:
        snapshot = self._poll()
        if snapshot is None:
            return
        before, self._shown = self._shown, snapshot
        with self.batch_update():
            self._live.show_digits(snapshot)
            if before is None:
                self._show_plots()
        if before is None or (before.prompt is None) != (snapshot.prompt is None):
            self.refresh_bindings()
        seeking = snapshot.player is not None and snapshot.player.seeking
        self._ring(snapshot.prompt, silent=seeking)

    def _show_plots(self) -> None:
        if self._shown is not None:
            self._live.show_plots(self._shown)

    def _ring(self, prompt: Prompt | None, *, silent: bool) -> None:
        """Once for every new prompt; silent: not for those that a seek passes."""
        identity = (prompt.name, prompt.since_s) if prompt is not None else None
        if identity is not None and identity != self._rung_for and not silent:
            self.bell()
        self._rung_for = identity

    # ------------------------------------------------------------ the keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only keys that work now are in the footer."""
        prompting = self._shown is not None and self._shown.prompt is not None
        going = not self._ended and not self._leaving
        match action:
            case "snooze" | "dismiss":
                return prompting and self._act is not None and going
            case "explain":
                return prompting
            case "judge":
                return prompting and going and (self._act is not None or self._label is not None)
            case "mark":
                return self._shown is not None and going and (self._act is not None or self._label is not None)
            case "correct":
                return self._shown is not None and self._act is not None and going
            case "pause" | "faster" | "slower" | "skip" | "bout" | "alert" | "part" | "goto":
                return self._player is not None and going
            case _:
                return super().check_action(action, parameters)

    def action_snooze(self) -> None:
        """No prompt for a while."""
        self._tell("snooze", SNOOZE_S)

    def action_dismiss(self) -> None:
        """The wearer has done what the prompt asks."""
        self._tell("dismiss", 0.0)

    def action_mark(self) -> None:
        """The wearer marks this moment."""
        self._mark("mark")

    def action_judge(self, word: str) -> None:
        """The wearer says that the prompt is right, or wrong: `sitwell tune` learns from it."""
        self._mark(word)

    def action_correct(self) -> None:
        """The wearer says that the posture is not the one shown: standing for sitting, sitting for anything else."""
        if self._shown is None:
            return
        right = Posture.STANDING if self._shown.posture is Posture.SITTING else Posture.SITTING
        self._tell(right.value, 0.0)
        self.notify(f"Noted: you are {right.value}. It will know this way of holding yourself.", timeout=3.0)

    def action_explain(self) -> None:
        """Open or close the figures behind the prompt."""
        self._live.toggle_explain()

    def action_pause(self) -> None:
        """Pause the replay, or go on."""
        if self._player is not None:
            self._player.pause()

    def action_faster(self) -> None:
        """Replay one step faster."""
        if self._player is not None:
            self._player.faster()

    def action_slower(self) -> None:
        """Replay one step slower."""
        if self._player is not None:
            self._player.slower()

    def action_skip(self, seconds: float) -> None:
        """Go ahead in the replay, or back."""
        if self._player is not None:
            self._player.skip(seconds)

    def action_bout(self, step: int) -> None:
        """Go to the next change of posture, or the one before."""
        if self._player is not None:
            self._say(self._player.next_bout(step))

    def action_alert(self, step: int) -> None:
        """Go to the next alert, or the one before."""
        if self._player is not None:
            self._say(self._player.next_alert(step))

    def action_part(self, part: float) -> None:
        """Go to this part, 0 to 1, of the replay."""
        if self._player is not None and self._shown is not None and self._shown.player is not None:
            self._player.seek(part * self._shown.player.length_s)

    def on_scrubber_sought(self, event: Scrubber.Sought) -> None:
        """The mouse is on the bar."""
        self.action_part(event.part)

    def action_goto(self) -> None:
        """Ask for a time, and go there."""
        self.push_screen(GotoScreen(self._position_s), self._go)

    def _position_s(self, text: str) -> float:
        snapshot = self._shown
        if snapshot is None or snapshot.player is None:
            raise ValueError("The recording is still being opened: try again in a moment.")
        return position_s(text, snapshot.player, snapshot.clock)

    def _go(self, where_s: float | None) -> None:
        if self._player is not None and where_s is not None:
            self._player.seek(where_s)

    def _say(self, sentence: str) -> None:
        if sentence:
            self.notify(sentence, timeout=3.0)

    def action_help(self) -> None:
        """Keys and signs in words."""
        self.push_screen(HelpScreen(text()))

    def _mark(self, word: str) -> None:
        """Put a word on this moment."""
        if self._label is not None:
            self._label(word)
        else:
            self._tell(word, 0.0)
        if self._shown is not None:
            named = "" if word == "mark" else f" as {word}"
            self.notify(f"Marked {self._shown.clock}{named}.", timeout=2.0)

    def _tell(self, action: str, seconds: float) -> None:
        if self._act is not None:
            self._act(action, seconds)
