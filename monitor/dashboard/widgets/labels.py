"""A whole recording as a ribbon with its prompts and labels under it, and one moment of it in words. Pure."""

import textwrap
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final, TypeAlias

from textual import events
from textual.message import Message

from monitor.dashboard.widgets.braille import Row
from monitor.dashboard.widgets.picture import Picture
from monitor.dashboard.widgets.ribbon import runs
from monitor.dashboard.words import (
    GLYPH,
    POSTURE_WORDS,
    clock,
    degrees,
    direction,
    duration,
    figure,
    fit,
    hips,
    quantity,
)
from monitor.snapshot import Span
from monitor.states.day import add_span
from monitor.stream import AlertRaised, Epoch, Posture

Cells: TypeAlias = list[tuple[str, str]]  # a symbol and its role, one a column

HERE_S: Final = 30.0  # so near to the cursor, a prompt or a label is meant
AT_S: Final = 5.0  # so near, a moment goes before the spells around it
NAMES: Final = ("posture ", "prompts ", "labels  ")  # what stands before the rows
GUTTER: Final = len(NAMES[0])
PROMPT, RIGHT, WRONG, WORDS = "!", "✓", "✗", "◆"
CURSOR, WINDOW, SPELL = "▼", "─", "═"
_SYMBOLS: Final = {"right": (RIGHT, "good"), "wrong": (WRONG, "alert"), "": (WORDS, "strong")}
_OVER: Final = ("", "posture", "right", "wrong")  # what hides what, where two share a cell
_NONE: Final = (Posture.UNKNOWN, Posture.NO_DATA, Posture.NOT_WORN)
_DAY_S = 86_400
_STEPS_S: Final = (10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400)  # between two times under the ribbon


@dataclass(frozen=True, slots=True)
class Tag:
    """A label on [start_s, end_s). meaning: 'right', 'wrong', the name of a posture, or '' for words of one's own."""

    number: int
    start_s: float
    end_s: float
    label: str
    note: str = ""
    meaning: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Wearing:
    """A recording to label: epochs and prompts in order of time.

    day_s: local time of day at session time 0, s; empty: what to do where there are no epochs
    """

    name: str
    start_s: float
    end_s: float
    day_s: float
    epochs: tuple[Epoch, ...]
    prompts: tuple[AlertRaised, ...]
    empty: str
    spans: tuple[Span, ...] = field(init=False)
    times_s: tuple[float, ...] = field(init=False)  # of the epochs

    def __post_init__(self) -> None:
        object.__setattr__(self, "spans", _spans(self.epochs))
        object.__setattr__(self, "times_s", tuple(epoch.t_s for epoch in self.epochs))

    @property
    def length_s(self) -> float:
        """From beginning to end, s."""
        return self.end_s - self.start_s

    def epoch(self, t_s: float) -> Epoch | None:
        """The second that holds this time."""
        at = bisect_right(self.times_s, t_s) - 1
        return self.epochs[at] if at >= 0 and t_s < self.times_s[at] + 1.0 else None

    def span(self, t_s: float) -> Span | None:
        """The spell of one posture that holds this time."""
        return next((span for span in self.spans if span.start_s <= t_s < span.end_s), None)

    def time(self, t_s: float) -> str:
        """Local time of day, HH:MM:SS."""
        at_s = int(self.day_s + t_s) % _DAY_S
        return f"{at_s // 3600:02d}:{at_s // 60 % 60:02d}:{at_s % 60:02d}"


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the recording that a ribbon shows: `columns` cells of cell_s from start_s on."""

    start_s: float
    cell_s: float
    columns: int

    @property
    def end_s(self) -> float:
        """Where it ends, s."""
        return self.start_s + self.cell_s * self.columns

    def column(self, t_s: float) -> int:
        """The column of this time; -1 or `columns` where it is not in the window."""
        return min(max(int((t_s - self.start_s) // self.cell_s), -1), self.columns)

    def cell(self, t_s: float) -> int | None:
        """The column of a moment, None outside; the very end is in the last column."""
        at = self.column(t_s)
        if at == self.columns and t_s <= self.end_s + 1e-6:
            return at - 1
        return at if 0 <= at < self.columns else None

    def t_s(self, column: int) -> float:
        """Where this column begins; its middle would be no round time."""
        return self.start_s + self.cell_s * min(max(column, 0), self.columns - 1)


def whole(wearing: Wearing, columns: int) -> Window:
    """All of the recording."""
    return Window(wearing.start_s, max(wearing.length_s, 1.0) / max(columns, 1), max(columns, 1))


def near(wearing: Wearing, cursor_s: float, cell_s: float, columns: int) -> Window:
    """The surroundings of the cursor, in whole cells, within the recording."""
    columns = max(columns, 1)
    last = max(-int(-wearing.length_s // cell_s) - columns, 0)
    first = min(max(int((cursor_s - wearing.start_s) // cell_s) - columns // 2, 0), last)
    return Window(wearing.start_s + first * cell_s, cell_s, columns)


# ---------------------------------------------------------------- rows


def postures(wearing: Wearing, window: Window) -> Cells:
    """The ribbon; blank where the recording is over."""
    spans = [span for span in wearing.spans if span.end_s > window.start_s and span.start_s < window.end_s]
    drawn = runs(spans, window.start_s, window.end_s, wearing.end_s, window.columns)
    return [(GLYPH[posture] if posture else " ", posture or "quiet") for posture, count in drawn for _ in range(count)]


def prompts(wearing: Wearing, window: Window) -> Cells:
    """'!' at every prompt."""
    cells = _blank(window)
    for prompt in wearing.prompts:
        at = window.cell(prompt.t_s)
        if at is not None:
            cells[at] = (PROMPT, "warn")
    return cells


def said(tags: Sequence[Tag], window: Window) -> Cells:
    """The labels: spells as wide as they are, moments over them; of two in one cell, what says most."""
    cells = _blank(window)
    for tag in sorted(tags, key=lambda each: (each.end_s <= each.start_s, _OVER.index(_kind(each)))):
        symbol, role = symbol_of(tag)
        if tag.end_s <= tag.start_s:
            here = window.cell(tag.start_s)
            if here is not None:
                cells[here] = (symbol, role)
            continue
        low, high = window.column(tag.start_s), window.column(tag.end_s - 1e-6)  # it ends before its end
        for at in range(max(low, 0), min(max(high, low), window.columns - 1) + 1):
            cells[at] = (symbol if at == low or tag.meaning else "─", role)
    return cells


def pointer(wearing: Wearing, window: Window, cursor_s: float, part: tuple[float, float] | None, line: str) -> Cells:
    """The cursor above a ribbon; `part` of the time, the spell or what the other ribbon shows, is lined."""
    cells = _blank(window)
    if part is not None:
        low, high = (window.column(each) for each in part)
        for at in range(max(low, 0), min(high, window.columns - 1) + 1):
            cells[at] = (line, "quiet" if line == WINDOW else "strong")
    cells[min(max(window.column(min(cursor_s, wearing.end_s)), 0), window.columns - 1)] = (CURSOR, "strong")
    return cells


def times(wearing: Wearing, window: Window) -> Row:
    """Times of day under the ribbon, at round ones, each beginning where it belongs."""
    wide_s = 9.0 * window.cell_s
    step_s = next((each for each in _STEPS_S if each >= wide_s), 21_600)
    shown = slice(0, 8 if step_s < 60 else 5)
    first_s = window.start_s + -(wearing.day_s + window.start_s) % step_s
    text = ""
    for number in range(int((min(window.end_s, wearing.end_s) - first_s) // step_s) + 1):
        at = window.column(first_s + number * step_s + 1e-6)
        label = wearing.time(first_s + number * step_s + 1e-6)[shown]
        if at + len(label) <= window.columns:
            text = text.ljust(at) + label
    return ((" " * GUTTER + text, "quiet"),)


def symbol_of(tag: Tag) -> tuple[str, str]:
    """(symbol, role) of a label."""
    if _kind(tag) == "posture":
        return GLYPH[Posture(tag.meaning)], tag.meaning
    return _SYMBOLS[tag.meaning]


def named(name: str, cells: Cells) -> Row:
    """A row of cells, with its name before it."""
    joined = [("".join(symbol for symbol, _ in run), role) for role, run in groupby(cells, key=lambda each: each[1])]
    return ((name, "quiet"), *joined)


def _kind(tag: Tag) -> str:
    return tag.meaning if tag.meaning in _SYMBOLS else "posture"


def _blank(window: Window) -> Cells:
    return [(" ", "quiet")] * window.columns


def _spans(epochs: Sequence[Epoch]) -> tuple[Span, ...]:
    spans: list[Span] = []
    for epoch in epochs:
        add_span(spans, Span(epoch.t_s, epoch.t_s + 1.0, epoch.posture))
    return tuple(spans)


# ---------------------------------------------------------------- the moment in words


def prompt_here(wearing: Wearing, t_s: float) -> AlertRaised | None:
    """The prompt that is nearest, if it is near."""
    nearest = min(wearing.prompts, key=lambda each: abs(each.t_s - t_s), default=None)
    return nearest if nearest is not None and abs(nearest.t_s - t_s) <= HERE_S else None


def tags_here(tags: Sequence[Tag], t_s: float) -> list[Tag]:
    """The labels of this time: moments at it, then spells that hold it, the shortest first, then moments near it."""

    def away_s(tag: Tag) -> float:
        return max(tag.start_s - t_s, t_s - tag.end_s, 0.0)

    found = [tag for tag in tags if away_s(tag) <= (HERE_S if tag.end_s <= tag.start_s else 0.0)]
    return sorted(found, key=lambda each: (away_s(each) > AT_S, each.end_s - each.start_s, away_s(each)))


def moment(
    wearing: Wearing, tags: Sequence[Tag], t_s: float, spell: tuple[float, float] | None, columns: int
) -> list[Row]:
    """Time, posture, labels and the prompt with its figures, what matters most first; wrapped to the columns."""
    at = f"{wearing.time(t_s)}  "
    since = f"{clock(t_s - wearing.start_s)} from the beginning"
    rows: list[Row] = [((at, "strong"), (fit(since, columns - len(at)), "quiet"))]
    if spell is not None:
        length_s = spell[1] - spell[0]
        text = f"spell of {clock(length_s)} from {wearing.time(spell[0])}: 1 to 4 or t say what it is, esc drops it"
        rows += _wrapped(SPELL, "strong", text, columns)
    epoch = wearing.epoch(t_s)
    if epoch is not None:
        rows += _wrapped(GLYPH[epoch.posture], epoch.posture, _posture(epoch, wearing.span(t_s)), columns)
    else:
        told = "no posture is known of this second" if wearing.epochs else wearing.empty
        rows += _wrapped("·", "quiet", told, columns)
    here = tags_here(tags, t_s)
    for tag in here:
        first = tag is here[0] and len(here) > 1  # the one that keys change
        rows += _wrapped(*symbol_of(tag), _tag(wearing, tag) + (" (del removes this one)" if first else ""), columns)
    if not here and spell is None:
        rows += _wrapped(" ", "quiet", "no label here: 1 to 4 say the posture, t anything else", columns)
    prompt = prompt_here(wearing, t_s)
    if prompt is not None:
        rows += _wrapped(PROMPT, "warn", f"{wearing.time(prompt.t_s)} {prompt.message}", columns)
        rows += _wrapped(" ", "quiet", _why(prompt), columns)
    return rows


def listed(wearing: Wearing, tags: Sequence[Tag], t_s: float, columns: int, rows: int) -> list[Row]:
    """As many labels as there is room for, around this time, with an arrow at the one that comes next or is here."""
    if rows < 4 or not tags:
        return []
    room = rows - 3  # a blank line, the heading, and a blank line
    at = min(bisect_right([tag.start_s for tag in tags], t_s - HERE_S), len(tags) - 1)
    first = min(max(at - room // 2, 0), max(len(tags) - room, 0))
    told: list[Row] = [((" ", ""),), (("All labels, in order of time: ( and ) go from one to the next", "quiet"),)]
    for tag in tags[first : first + room]:
        symbol, role = symbol_of(tag)
        arrow = "▸ " if tag is tags[at] else "  "
        told.append(((arrow, "strong"), (f"{symbol} ", role), (fit(_tag(wearing, tag), columns - 4), "")))
    return told


def _posture(epoch: Epoch, span: Span | None) -> str:
    sure = f", {quantity(epoch.posture_p, 'p')}" if epoch.posture not in _NONE else ""
    parts = [f"{POSTURE_WORDS[epoch.posture]}{sure}"]
    if span is not None and span.end_s - span.start_s >= 2.0:
        parts[0] += f", for {duration(span.end_s - span.start_s)}"
    if epoch.tilt_deg == epoch.tilt_deg:
        sd_deg = epoch.tilt_sd_deg
        give = f" ±{max(round(sd_deg), 1)}°" if sd_deg == sd_deg else ""  # noqa: PLR0124
        parts.append(f"tilt {degrees(epoch.tilt_deg)}{give}, {direction(epoch.tilt_deg)}")
        parts.append(hips(epoch.obliquity_deg) + ("" if epoch.still else ", moving"))
    return " · ".join(parts)


def _tag(wearing: Wearing, tag: Tag) -> str:
    until = f" to {wearing.time(tag.end_s)}" if tag.end_s > tag.start_s else ""
    note = f" ({tag.note})" if tag.note else ""
    return f"{wearing.time(tag.start_s)}{until} {tag.label}{note}, label {tag.number}"


def _why(prompt: AlertRaised) -> str:
    told = f"measured {quantity(prompt.value, prompt.unit)} against a limit of {quantity(prompt.limit, prompt.unit)}"
    return " · ".join([told, *(": ".join(figure(name, value)) for name, value in prompt.explain.items())])


def _wrapped(symbol: str, role: str, text: str, columns: int) -> list[Row]:
    lines = textwrap.wrap(text, max(columns - 2, 1)) or [""]
    quiet = "quiet" if role == "quiet" else ""
    return [((f"{symbol if not at else ' '} ", role), (line, quiet)) for at, line in enumerate(lines)]


# ---------------------------------------------------------------- the widget


class Drawing(Picture):
    """Shows what `rows` gives for its size, whenever it is told to; tells where the mouse is pressed.

    dragged: also where it is drawn to then; not on a ribbon that moves under it.
    """

    class Pressed(Message):
        """The mouse is pressed, or drawn, on this column of the ribbon."""

        def __init__(self, drawing: "Drawing", column: int) -> None:
            super().__init__()
            self.drawing = drawing
            self.column = column

    def __init__(
        self,
        rows: Callable[[int, int], Sequence[Row]],
        *,
        id: str,  # noqa: A002 - Textual's own name
        title: str = "",
        dragged: bool = False,
    ) -> None:
        super().__init__(lambda _snapshot, columns, height: rows(columns, height), id=id, title=title)
        self._of_size = rows
        self._dragged = dragged
        self._held = False

    def draw(self) -> None:
        """Draw again."""
        if self.size:
            self._rows = self._of_size(self.size.width, self.size.height)
            self.refresh()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.draw()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Go there, and follow the mouse until it is let go."""
        self._held = self._dragged
        if self._held:
            self.capture_mouse()
        self._press(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow."""
        if self._held:
            self._press(event)

    def on_mouse_up(self) -> None:
        """Stay there."""
        self._held = False
        self.release_mouse()

    def _press(self, event: events.MouseEvent) -> None:
        inside = event.get_content_offset(self)
        if inside is not None:
            self.post_message(self.Pressed(self, inside.x - GUTTER))
