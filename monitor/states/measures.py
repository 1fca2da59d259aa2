"""What the alert rules look at, second by second.

exposure       : degrees beyond the wearer's own band, summed over seconds; it leaks away within the band. Accumulated,
                 not instant: fewer cues and less bad posture (JEMS lab trial in the facts, section 4.6)
sitting, standing clocks : of states.bouts
unshifted      : seconds seated since the trunk last moved to another place
break debt     : seconds on foot that are owed for sitting

Exposure is reckoned in blocks of BLOCK_S seconds, by whole numbers of 1e-4 deg: sums of these are exact in any order,
so that monitor.tuning, which takes days at once, gives what Measures gives second by second.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.states.bouts import BLANK
from monitor.states.rules import BANDED, EXPOSURES, HOUR_S, MEASURES, AlertSettings, BandParams, DebtParams, Place
from monitor.stream import Epoch, Posture

BLOCK_S = 10  # exposure is reckoned once in so many seconds; a mean over it is no single jerk
PER_DEG = 10_000  # epochs are rounded to 1e-4 deg
FORGET_S = 300  # without data for so long anything may have happened (as BoutParams.forget_s)
RESET, WAIT, SITTING, STANDING = range(4)  # what a second is for the exposure


def units(value_deg: float) -> int:
    """Degrees as whole 1e-4 deg."""
    return round(value_deg * PER_DEG)


def kind_of_second(epoch: Epoch) -> int:
    """RESET: walked, lay, took it off, or the clip has moved; SITTING, STANDING: with a tilt; else WAIT."""
    if not epoch.placed or epoch.posture in {Posture.WALKING, Posture.LYING, Posture.NOT_WORN}:
        return RESET
    if epoch.posture not in BANDED or math.isnan(epoch.tilt_deg):
        return WAIT
    return SITTING if epoch.posture is Posture.SITTING else STANDING


@dataclass(slots=True)
class _Block:
    """Seconds of one block so far."""

    number: int
    place: str = ""
    reset: bool = False
    kinds: set[int] = field(default_factory=set[int])
    seconds: int = 0
    still: int = 0
    sums: list[int] = field(default_factory=lambda: [0, 0])  # of tilt and obliquity, 1e-4 deg


@dataclass(slots=True)
class _Exposure:
    """Along one axis, in 1e-4 deg·s."""

    sum: int = 0
    within_s: int = 0  # in one go
    beyond_s: int = 0  # in this build-up
    bands: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])  # beyond which: place and kind of second


class Measures:
    """Feeds on confirmed epochs with the clocks after them. `values` holds each of MEASURES, in its unit."""

    def __init__(self, settings: AlertSettings) -> None:
        self.values = dict.fromkeys(MEASURES, 0.0)
        self._exposures = (_Exposure(), _Exposure())
        self._usual: dict[tuple[str, int], list[int]] = {}  # by place and kind of second: tilt, sideways, 1e-4 deg
        self._carried: Mapping[tuple[str, int], tuple[int, int]] = {}
        self._told: dict[tuple[str, int], list[int]] = {}  # as _usual, where it was told last
        self._moved: list[tuple[tuple[str, int], tuple[int, int]]] = []  # not told yet
        self._block: _Block | None = None
        self._blank_s = 0
        self._unshifted_s = 0
        self._debt = 0  # s / 3600
        self.change(settings)

    def start(self, usual: Mapping[str, float]) -> None:
        """The bands go on from where the days before left them (Started.usual)."""
        self._carried = carried(usual)

    def change(self, settings: AlertSettings) -> None:
        """Other settings from here on; what was summed stays."""
        self._rates = debt_rates(settings.debt)
        self._bands = {place.name: place.band for place in settings.places}

    def usual_deg(self, place: Place, posture: Posture) -> tuple[float, float]:
        """The middle of the band in this posture, tilt and sideways, deg."""
        kind = SITTING if posture is Posture.SITTING else STANDING
        tilt, sideways = self._usual.get((place.name, kind)) or self._begin(place.name, place.band, kind)
        return tilt / PER_DEG, sideways / PER_DEG

    def beyond_s(self, measure: str) -> int:
        """Seconds beyond the band in this build-up; 0 for what is no exposure."""
        return self._exposures[_AXIS[measure]].beyond_s if measure in _AXIS else 0

    def beyond_only(self, measure: str, place: Place, posture: Posture) -> bool:
        """Whether all of this build-up lay beyond the band of this posture in this place."""
        kind = SITTING if posture is Posture.SITTING else STANDING
        return measure in _AXIS and self._exposures[_AXIS[measure]].bands == {(place.name, kind)}

    def _begin(self, place: str, band: BandParams, kind: int) -> tuple[int, int]:
        return self._carried.get((place, kind)) or usual_begin(band, kind)

    def followed(self) -> list[tuple[str, Posture, float, float]]:
        """(profile, posture, tilt, sideways) of the middles that came to lie a degree or more from where they were told
        last, since the last call.
        """
        moved, self._moved = self._moved, []
        return [
            (place, Posture.SITTING if kind == SITTING else Posture.STANDING, tilt / PER_DEG, sideways / PER_DEG)
            for (place, kind), (tilt, sideways) in moved
        ]

    def push(self, epoch: Epoch, sitting_s: float, standing_s: float, place: str, *, shifted: bool) -> None:
        """Take a second. shifted: a posture shift became known with it."""
        number = int(epoch.t_s) // BLOCK_S
        if self._block is None or number != self._block.number:
            if self._block is not None:
                self._close(self._block)
            self._block = _Block(number)
        self._count(epoch.posture, shifted=shifted)
        self._gather(self._block, epoch, place)
        values = self.values
        values["sitting_s"], values["standing_s"] = sitting_s, standing_s
        values["unshifted_s"] = float(self._unshifted_s)
        values["break_debt_s"] = self._debt / HOUR_S

    def _gather(self, block: _Block, epoch: Epoch, place: str) -> None:
        kind = kind_of_second(epoch)
        block.place = place
        if kind == RESET or self._blank_s >= FORGET_S:
            block.reset = True
        elif kind != WAIT:
            block.kinds.add(kind)
            block.seconds += 1
            block.still += epoch.still
            block.sums[0] += units(epoch.tilt_deg)
            block.sums[1] += units(epoch.obliquity_deg)

    def _close(self, block: _Block) -> None:
        """The block is over: sum what lay beyond the band, follow the usual tilt. Without a tilt, exposure waits."""
        band = self._bands[block.place] if block.place in self._bands else next(iter(self._bands.values()))
        if not block.reset and len(block.kinds) == 1:
            (kind,) = block.kinds
            key = block.place, kind
            if key not in self._usual:
                self._usual[key] = list(self._begin(block.place, band, kind))
                self._told[key] = list(self._usual[key])
            usual = self._usual[key]
            widths = half_widths(band, kind)
            for axis, exposure in enumerate(self._exposures):
                off = block.sums[axis] - block.seconds * usual[axis]
                if self._expose(exposure, abs(off) - block.seconds * widths[axis], block.seconds, band):
                    exposure.bands.add((block.place, kind))
                step = units(band.step_deg_s) * block.still
                usual[axis] += step if off > 0 else -step if off < 0 else 0
            if max(abs(now - told) for now, told in zip(usual, self._told[key], strict=True)) >= PER_DEG:
                self._told[key] = list(usual)
                self._moved.append((key, (usual[0], usual[1])))
        elif block.reset:
            for exposure in self._exposures:
                exposure.sum = exposure.beyond_s = 0
                exposure.bands.clear()
        for measure, axis in _AXIS.items():
            self.values[measure] = self._exposures[axis].sum / PER_DEG

    @staticmethod
    def _expose(exposure: _Exposure, beyond: int, seconds: int, band: BandParams) -> bool:
        """Let a block count; gives whether it lay beyond the band."""
        if beyond > 0:
            exposure.sum += beyond
            exposure.beyond_s += seconds
            exposure.within_s = 0
            return True
        exposure.within_s += seconds
        forgiven = exposure.within_s >= band.forget_s
        exposure.sum = 0 if forgiven else max(0, exposure.sum - units(band.leak_deg_s) * seconds)
        if exposure.sum == 0:
            exposure.beyond_s = 0
            exposure.bands.clear()
        return False

    def _count(self, posture: Posture, *, shifted: bool) -> None:
        if posture in BLANK:
            self._blank_s += 1
            if self._blank_s >= FORGET_S:
                self._unshifted_s = self._debt = 0
            return
        self._blank_s = 0
        self._unshifted_s = self._unshifted_s + 1 if posture is Posture.SITTING and not shifted else 0
        self._debt = max(0, self._debt + self._rates.get(posture, 0))


_AXIS = {measure: axis for axis, measure in enumerate(EXPOSURES)}


def debt_rates(params: DebtParams) -> dict[Posture, int]:
    """What a second of a posture adds to the debt, in s / 3600; below 0: it pays."""
    return {
        Posture.SITTING: round(60.0 * params.owed_min_per_h),
        Posture.STANDING: -round(HOUR_S * params.standing_pays),
        Posture.WALKING: -round(HOUR_S),
    }


def half_widths(band: BandParams, kind: int) -> tuple[int, int]:
    """Half the width of the band for this kind of second, tilt and sideways, 1e-4 deg."""
    own = band.sitting if kind == SITTING else band.standing
    return units(own.tilt_deg), units(own.sideways_deg)


def carried(usual: Mapping[str, float]) -> dict[tuple[str, int], tuple[int, int]]:
    """Started.usual by profile and kind of second, tilt and sideways, 1e-4 deg; what is not whole is left out."""
    found: dict[tuple[str, int], tuple[int, int]] = {}
    for name, tilt_deg in usual.items():
        place, posture, axis = [*name.rsplit("/", 2), "", ""][:3]
        sideways_deg = usual.get(f"{place}/{posture}/sideways_deg")
        if axis == "tilt_deg" and sideways_deg is not None and posture in BANDED:
            kind = SITTING if posture == Posture.SITTING else STANDING
            found[place, kind] = units(tilt_deg), units(sideways_deg)
    return found


def usual_begin(band: BandParams, kind: int) -> tuple[int, int]:
    """Where the middle of the band starts for this kind of second, tilt and sideways, 1e-4 deg."""
    own = band.sitting if kind == SITTING else band.standing
    return units(own.usual_tilt_deg), units(own.usual_sideways_deg)
