"""The live screen: where each piece stands, and which pieces are redrawn how often."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Footer, Static

from monitor.dashboard.widgets import body, clocks, linkline, prompt, ribbon, trace
from monitor.dashboard.widgets.braille import Row
from monitor.dashboard.widgets.picture import ROLE_CLASSES, Picture
from monitor.dashboard.widgets.reading import Reading
from monitor.dashboard.widgets.scrubber import Scrubber
from monitor.snapshot import Snapshot
from monitor.stream import LinkState

WAITING = (
    "Looking for the sensor…\n\n"
    "Switch it on and keep it within a few metres.\n"
    "This screen fills by itself as soon as it sends."
)
OPENING = "Opening the recording…"
NOTHING_CAME = "The session has ended, and no data came.\n\nPress q to leave."


class LiveScreen(Screen[None]):
    """Classes: -empty before any data, -alert while a prompt stands, -lost without a link, -explaining, -strip, and
    -replay where there is a bar to seek on.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = ROLE_CLASSES

    def __init__(self, *, opening: bool, acting: bool) -> None:
        super().__init__(classes="-empty")
        self._acting = acting
        self._ended = False
        self._empty = Static(OPENING if opening else WAITING, id="empty")
        self._link = Picture(linkline.draw, id="link")
        self._strip = Picture(self._draw_strip, id="strip")
        self._scrubber = Scrubber(id="scrubber")
        self._body = Picture(body.draw, id="body", title="Pelvis from the side")
        self._reading = Reading(id="reading", title="Tilt")
        self._posture = Picture(clocks.draw_posture, id="posture")
        self._clocks = Picture(clocks.draw_clocks, id="clocks")
        self._trace = Picture(trace.draw, id="trace", title="Tilt, last 60 s")
        self._ribbon = Picture(ribbon.draw, id="ribbon", title="Day")
        self._prompt = Picture(self._draw_prompt, id="prompt", title="Next")
        self._explain = Picture(prompt.draw_explain, id="explain", title="Why")

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self._empty
        with Vertical(id="live"):
            yield self._link
            with Container(id="player"):
                yield self._strip
                yield self._scrubber
            with Horizontal(id="now"):
                yield self._body
                yield self._reading
                with Vertical(id="doing") as doing:
                    doing.border_title = "Now"
                    yield self._posture
                    yield self._clocks
            yield self._trace
            yield self._ribbon
            yield self._prompt
            yield self._explain
        yield Footer(compact=True)

    def show_digits(self, snapshot: Snapshot) -> None:
        """Everything that is cheap to read and to paint."""
        self.remove_class("-empty")
        self.set_class(snapshot.prompt is not None, "-alert")
        self.set_class(snapshot.link.state is LinkState.LOST, "-lost")
        self.set_class(snapshot.player is not None or self._ended, "-strip")
        self.set_class(snapshot.player is not None and not self._ended, "-replay")
        if snapshot.prompt is None:
            self.remove_class("-explaining")
        _entitle(self._prompt, prompt.title(snapshot))
        self._reading.show(snapshot)
        for picture in (
            self._link,
            self._strip,
            self._scrubber,
            self._body,
            self._posture,
            self._clocks,
            self._prompt,
            self._explain,
        ):
            picture.show(snapshot)

    def show_plots(self, snapshot: Snapshot) -> None:
        """What changes slowly and costs more."""
        self._trace.show(snapshot)
        self._ribbon.show(snapshot)
        _entitle(self._ribbon, ribbon.title(snapshot))

    def end(self) -> None:
        """Nothing will come any more; what is on the screen stays."""
        self._ended = True
        self._empty.update(NOTHING_CAME)

    def toggle_explain(self) -> None:
        """Open or close the figures behind the prompt."""
        self.toggle_class("-explaining")

    def _draw_strip(self, snapshot: Snapshot, columns: int, rows: int) -> Sequence[Row]:
        if self._ended:
            return [linkline.draw_ended(snapshot, columns)][:rows]
        return [linkline.draw_player(snapshot.player, columns)][:rows] if snapshot.player is not None else []

    def _draw_prompt(self, snapshot: Snapshot, columns: int, rows: int) -> Sequence[Row]:
        acting = self._acting and not self._ended
        keys = "[s] snooze 5 min  [d] done  [e] explain" if acting else "[e] explain"
        return prompt.draw(snapshot, columns, rows, keys=keys)


def _entitle(picture: Picture, title: str) -> None:
    """Setting a title repaints the border, so only where it changed."""
    if picture.border_title != title:
        picture.border_title = title
