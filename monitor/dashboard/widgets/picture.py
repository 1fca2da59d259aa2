"""Picture: the one widget that shows rows of text runs, and repaints only the rows that changed."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from monitor.dashboard.widgets.braille import Row
from monitor.snapshot import Snapshot
from monitor.stream import Posture

Draw: TypeAlias = Callable[[Snapshot, int, int], Sequence[Row]]  # snapshot, columns, rows -> what to show

ROLES = (
    "strong",
    "quiet",
    "good",
    "warn",
    "alert",
    "badge",
    "bone",
    "pelvis",
    "zero",
    "band",
    "trace",
    "bar",
    *Posture,
)
# The screen holds one component class a role: held by every picture, they would double the time to the first frame.
ROLE_CLASSES = {f"role--{role}" for role in ROLES}


class Picture(Widget):
    """Shows draw(snapshot, columns, rows). A run's role 'sitting badge' adds both styles to the panel's own."""

    DEFAULT_CSS = "Picture { height: 1; }"

    def __init__(self, draw: Draw, *, id: str, title: str = "") -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._draw = draw
        self._snapshot: Snapshot | None = None
        self._rows: Sequence[Row] = ()
        if title:
            self.border_title = title

    def show(self, snapshot: Snapshot) -> None:
        """Draw this snapshot; only rows that differ from what is on the screen are painted again."""
        self._snapshot = snapshot
        if not self.size:
            return
        rows = self._draw(snapshot, self.size.width, self.size.height)
        before, self._rows = self._rows, rows
        if len(before) != len(rows):
            self.refresh()
            return
        changed = [y for y, (old, new) in enumerate(zip(before, rows, strict=True)) if old != new]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def on_resize(self) -> None:
        """Draw again for the new size."""
        if self._snapshot is not None:
            self.show(self._snapshot)

    def render_line(self, y: int) -> Strip:
        """One row, cut or filled to the width."""
        base = self.rich_style
        row = self._rows[y] if y < len(self._rows) else ()
        strip = Strip([Segment(text, self._style(role, base)) for text, role in row])
        return strip.adjust_cell_length(self.size.width, base)

    def _style(self, role: str, base: Style) -> Style:
        for part in role.split():
            base += self.screen.get_component_rich_style(f"role--{part}", partial=True)
        return base
