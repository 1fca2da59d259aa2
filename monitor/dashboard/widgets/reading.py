"""The tilt in big digits with what it means in words."""

from collections.abc import Sequence
from math import isfinite

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Digits

from monitor.dashboard.widgets.braille import Row
from monitor.dashboard.widgets.picture import Picture
from monitor.dashboard.words import against_band, degrees, direction, hips
from monitor.snapshot import Snapshot
from monitor.stream import Posture

NO_ANGLE = "--"


class Reading(Vertical):
    """Digits, uncertainty and words; class -moving while the value is held, -outside beyond the wearer's band."""

    def __init__(self, *, id: str, title: str) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.border_title = title
        self._digits = Digits(NO_ANGLE, id="digits")
        self._unit = Picture(draw_unit, id="unit")
        self._words = Picture(draw_words, id="words")

    def compose(self) -> ComposeResult:
        """Digits beside their unit, words below."""
        with Horizontal(id="angle"):
            yield self._digits
            yield self._unit
        yield self._words

    def show(self, snapshot: Snapshot) -> None:
        """Show this snapshot's tilt."""
        tilt_deg = snapshot.tilt_deg
        text = NO_ANGLE if tilt_deg is None else f"{round(tilt_deg):+d}" if round(tilt_deg) else "0"
        if self._digits.value != text:
            self._digits.update(text)
        self.set_class(snapshot.moving, "-moving")
        low, high = snapshot.band_deg
        self.set_class(tilt_deg is not None and not low <= tilt_deg <= high, "-outside")
        self._unit.show(snapshot)
        self._words.show(snapshot)


def draw_unit(snapshot: Snapshot, _columns: int, rows: int) -> Sequence[Row]:
    """The degree sign, and the uncertainty in whole degrees, never below one."""
    if snapshot.tilt_deg is None:
        return []
    sd_deg = snapshot.tilt_sd_deg
    spread = "" if sd_deg is None or not isfinite(sd_deg) else f"±{max(round(sd_deg), 1)}°"
    return [(("°", "strong"),), (), ((f" {spread}", ""),)][:rows]


def draw_words(snapshot: Snapshot, _columns: int, rows: int) -> Sequence[Row]:
    """Direction, band, hips, and whether the value is held; the last matters more than the blank rows before it."""
    if snapshot.tilt_deg is None:
        return [(("not known yet", "strong"),)][:rows]
    low, high = snapshot.band_deg
    outside = not low <= snapshot.tilt_deg <= high
    lines: list[Row] = [
        ((direction(snapshot.tilt_deg), "strong"),),
        ((against_band(snapshot.tilt_deg, snapshot.band_deg), "alert" if outside else "good"),),
    ]
    if snapshot.moving:
        why = "no data" if snapshot.posture is Posture.NO_DATA else "moving"
        lines.append(((f"{why}: value held", "warn"),))
    if snapshot.obliquity_deg is not None and isfinite(snapshot.obliquity_deg):
        lines.append(((hips(snapshot.obliquity_deg), "quiet"),))
    if rows > 5:
        lines += [((f"your band {degrees(low)} to {degrees(high)}", "quiet"),)]
        moved = snapshot.zero == "moved"
        lines += [(("clip moved: walk", "warn"),) if moved else ((f"zero: your {snapshot.zero}", "quiet"),)]
    return lines[:rows]
