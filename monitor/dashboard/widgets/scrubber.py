"""The bar of a replay: where it is, where the alerts are, and a place to click or drag to."""

from collections.abc import Sequence
from itertools import groupby

from textual import events
from textual.message import Message

from monitor.dashboard.widgets.braille import Row
from monitor.dashboard.widgets.picture import Picture
from monitor.snapshot import Player, Snapshot

CURSOR, GOAL, ALERT = "█", "▒", "!"


def draw(snapshot: Snapshot, columns: int, rows: int) -> Sequence[Row]:
    """One line: played is heavy, '!' an alert, a block the position; on the way to a goal that one is hatched."""
    return [_line(snapshot.player, columns)][:rows] if snapshot.player is not None and columns > 0 else []


def _line(player: Player, columns: int) -> Row:
    here = cell(player.position_s / player.length_s if player.length_s > 0.0 else 1.0, columns)
    cells = [("━", "bar")] * here + [("─", "quiet")] * (columns - here)
    for alert in player.alerts:
        cells[cell(alert, columns)] = (ALERT, "alert")
    if player.goal_s is not None and player.goal_s <= player.length_s:
        cells[cell(player.goal_s / player.length_s if player.length_s > 0.0 else 1.0, columns)] = (GOAL, "strong")
    cells[here] = (CURSOR, "strong")
    return tuple(("".join(text for text, _ in run), role) for role, run in groupby(cells, key=lambda each: each[1]))


def cell(part: float, columns: int) -> int:
    """The column of a part (0 to 1, held there) of the whole: the ends are the first and the last column."""
    return round(min(max(part, 0.0), 1.0) * (columns - 1))


class Scrubber(Picture):
    """Tells where the mouse is pressed, and where it is drawn to."""

    class Sought(Message):
        """The wearer wants to be at this part, 0 to 1, of the replay."""

        def __init__(self, part: float) -> None:
            super().__init__()
            self.part = part

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own name
        super().__init__(draw, id=id)
        self._dragged: int | None = None  # the column it was drawn to last

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Go there, and follow the mouse until it is let go."""
        self.capture_mouse()
        self._drag_to(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow."""
        if self._dragged is not None:
            self._drag_to(event.x)

    def on_mouse_up(self) -> None:
        """Stay there."""
        self.release_mouse()
        self._dragged = None

    def _drag_to(self, x: int) -> None:
        column = min(max(x, 0), self.size.width - 1)
        if column != self._dragged:
            self._dragged = column
            self.post_message(self.Sought(column / max(self.size.width - 1, 1)))
