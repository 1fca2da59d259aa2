"""The session so far as a ribbon of posture glyphs with a legend in words. Pure."""

from collections.abc import Mapping, Sequence

import numpy as np

from monitor.dashboard.widgets.braille import Row
from monitor.dashboard.words import GLYPH, POSTURE_WORDS, duration, time_of_day
from monitor.snapshot import Snapshot, Span
from monitor.stream import Posture

# The ribbon is as long as the first of these that holds the session, so that it fills up instead of being rescaled.
LENGTHS_S = tuple(minutes * 60.0 for minutes in (5, 10, 20, 30, 60, 120, 180, 240, 360, 480, 600, 720, 960, 1440))
CONFIRM_S = 5.0  # a posture is confirmed with a lag of at most 3 s, and spans end on whole seconds
AHEAD = " "
_ORDER = tuple(Posture)


def draw(snapshot: Snapshot, columns: int, rows: int) -> Sequence[Row]:
    """As many of ribbon, hours and legend as there are rows; the ribbon always, the legend before the hours."""
    start_s = snapshot.ribbon[0].start_s if snapshot.ribbon else snapshot.t_s
    length_s = ribbon_length(snapshot.t_s - start_s)
    ribbon = tuple(
        ((GLYPH[posture] if posture is not None else AHEAD) * count, posture or "quiet")
        for posture, count in runs(snapshot.ribbon, start_s, start_s + length_s, known_until(snapshot), columns)
    )
    hours = _hours(snapshot.clock, snapshot.t_s - start_s, length_s, columns)
    legend = legend_row(snapshot.totals_s, columns)
    return {1: [ribbon], 2: [ribbon, legend]}.get(rows, [ribbon, hours, legend])


def known_until(snapshot: Snapshot) -> float:
    """Up to when the ribbon is drawn, s: seconds that wait for their posture are ahead, not without data."""
    last_s = snapshot.ribbon[-1].end_s if snapshot.ribbon else snapshot.t_s
    return last_s if snapshot.t_s - last_s <= CONFIRM_S else snapshot.t_s


def ribbon_length(session_s: float) -> float:
    """How much time the whole ribbon stands for, s."""
    for length_s in LENGTHS_S:
        if session_s <= length_s:
            return length_s
    return session_s


def runs(
    spans: Sequence[Span], start_s: float, end_s: float, now_s: float, width: int
) -> list[tuple[Posture | None, int]]:
    """Postures and their widths in cells; the widths sum to `width`.

    A cell shows the posture that filled most of it; time that no span covers is NO_DATA; cells not yet begun are None.
    """
    edges_s = np.linspace(start_s, end_s, width + 1)
    share_s = np.zeros((len(_ORDER), width))
    for number, posture in enumerate(_ORDER):
        own = [span for span in spans if span.posture is posture and span.end_s > span.start_s]
        if own:
            share_s[number] = _covered(own, edges_s)
    past_s = np.clip(now_s - edges_s[:-1], 0.0, np.diff(edges_s))
    share_s[_ORDER.index(Posture.NO_DATA)] += np.maximum(past_s - share_s.sum(axis=0), 0.0)
    best: list[int] = share_s.argmax(axis=0).tolist()
    begun: list[bool] = (past_s > 0.0).tolist()
    joined: list[tuple[Posture | None, int]] = []
    for number, seen in zip(best, begun, strict=True):
        posture = _ORDER[number] if seen else None
        if joined and joined[-1][0] is posture:
            joined[-1] = (posture, joined[-1][1] + 1)
        else:
            joined.append((posture, 1))
    return joined


def legend_row(totals_s: Mapping[Posture, float], columns: int) -> Row:
    """Symbol, word and duration of each posture that occurred, the longest first; whole entries only."""
    longest = sorted(totals_s.items(), key=lambda item: -item[1])
    row: list[tuple[str, str]] = []
    left = columns
    for posture, seconds in longest:
        text = f" {POSTURE_WORDS[posture]} {duration(seconds)}"
        if seconds < 1.0 or len(text) + 1 > left:
            continue
        row += [(GLYPH[posture], posture), (text + "   ", "")]
        left -= len(text) + 4
    return tuple(row)


def title(snapshot: Snapshot) -> str:
    """The day's counts."""
    breaks = f"{snapshot.breaks} break{'' if snapshot.breaks == 1 else 's'}"
    return f"Day: {breaks} from sitting, {snapshot.steps} step{'' if snapshot.steps == 1 else 's'}"


def _covered(spans: Sequence[Span], edges_s: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float]:
    """Seconds of the spans between consecutive edges: differences of the time covered up to each edge."""
    bounds_s = np.array([(span.start_s, span.end_s) for span in spans])
    total_s = np.cumsum(bounds_s[:, 1] - bounds_s[:, 0])
    up_to_s = np.stack([total_s - (bounds_s[:, 1] - bounds_s[:, 0]), total_s], axis=1)
    return np.diff(np.interp(edges_s, bounds_s.ravel(), up_to_s.ravel())).tolist()


def _hours(clock: str, elapsed_s: float, length_s: float, columns: int) -> Row:
    marks = max(columns // 20, 1)
    text = ""
    for mark in range(marks + 1):
        at = round(mark * columns / marks)
        label = time_of_day(clock, elapsed_s - mark * length_s / marks)
        text = text.ljust(min(at, columns - len(label))) + label
    return ((text, "quiet"),)
