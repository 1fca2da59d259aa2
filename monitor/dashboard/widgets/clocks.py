"""What the wearer does now, and the two clocks against their limits. Pure."""

from collections.abc import Sequence

from monitor.dashboard.widgets.braille import Row
from monitor.dashboard.words import GLYPH, POSTURE_WORDS, clock
from monitor.snapshot import Clock, Snapshot
from monitor.stream import Posture

UNSURE = {Posture.UNKNOWN, Posture.NO_DATA, Posture.NOT_WORN}  # a probability beside these would say nothing
NAME_WIDTH = 9
NEAR = 0.8  # from this part of the limit on the bar warns


def draw_posture(snapshot: Snapshot, _columns: int, rows: int) -> Sequence[Row]:
    """The badge; how sure and for how long; the provisional posture in brackets where it differs."""
    word = POSTURE_WORDS[snapshot.posture]
    badge: Row = ((f" {GLYPH[snapshot.posture]} {word.upper()} ", f"{snapshot.posture} badge"),)
    if snapshot.provisional is not snapshot.posture:
        badge = (*badge, (f" ({POSTURE_WORDS[snapshot.provisional]}?)", "quiet"))
    since = clock(snapshot.t_s - snapshot.posture_since_s)
    sure = "" if snapshot.posture in UNSURE else f"{100.0 * snapshot.posture_p:.0f} % sure, "
    return [badge, ((f"{sure}for {since}", ""),)][:rows]


def draw_clocks(snapshot: Snapshot, columns: int, rows: int) -> Sequence[Row]:
    """Sitting and standing: a line of words and a bar each, a blank row between them where there is room."""
    sitting = clock_rows("Sitting", snapshot.sitting, columns)
    standing = clock_rows("Standing", snapshot.standing, columns)
    between: list[Row] = [()] if rows > 4 else []
    return [*sitting, *between, *standing][:rows]


def clock_rows(name: str, value: Clock, columns: int) -> list[Row]:
    """'Sitting 12:34 of 30:00' and its bar; without a limit, an empty bar."""
    if value.limit_s is None:
        return [
            ((f"{name:{NAME_WIDTH}}", "strong"), (f"{clock(value.seconds)}, no limit", "")),
            (("─" * columns, "quiet"),),
        ]
    over = value.seconds >= value.limit_s
    role = "alert" if over else "warn" if value.seconds >= NEAR * value.limit_s else "bar"
    text = f"{clock(value.seconds)} of {clock(value.limit_s)}"
    if over:
        excess = f", {clock(value.seconds - value.limit_s)} over"
        text += excess if len(text) + len(excess) + NAME_WIDTH <= columns else " over"
    return [
        ((f"{name:{NAME_WIDTH}}", "strong"), (text, "alert" if over else "")),
        bar(value.seconds / value.limit_s if value.limit_s > 0 else 1.0, columns, role),
    ]


def bar(part: float, columns: int, role: str) -> Row:
    """A line whose first `part` (0 to 1, held there) is heavy, to half a character."""
    halves = round(min(max(part, 0.0), 1.0) * columns * 2)
    heavy = "━" * (halves // 2) + "╸" * (halves % 2)
    return (heavy, role), ("─" * (columns - len(heavy)), "quiet")
