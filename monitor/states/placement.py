"""How the sensor sits on the wearer: the zero, the way to the front, and what happens when the clip moves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.signal.alignment import AXES, Alignment, Vec, frame, minimal_rotation, rotate, separation_deg, vec
from monitor.signal.autoalign import AutoAlign, AutoAlignParams
from monitor.signal.reference import UPSIDE_DOWN_DEG, Moved, Reference, ReferenceParams, ReferenceTracker
from monitor.stream import AlignmentChanged, ClipMoved, Event, Floats, LyingSide, ReferenceChanged

STANDING_DEG = 40.0  # a step of up is the clip's only while the wearer is upright: lying down turns the sensor too
GUIDED_LIMIT_DEG = 45.0  # a guided front so far from what walking and rises say belongs to another wearing
TOLD_DEG = 2.0  # a front that changes less is not told again


@dataclass(frozen=True, slots=True)
class Seat:
    """How the sensor sat from since_s on.

    anterior : the front, a unit vector, sensor frame; None if unknown
    cause    : of the move that brought it there, as in ClipMoved; empty for the first seat
    """

    since_s: float
    zero: Reference
    anterior: Vec | None = None
    cause: str = ""


class Placement:
    """Feeds on seconds and on what was found in the movements.

    anterior_axis, alignment : the front to begin with; a guided alignment goes before it and gives a first zero
    known                    : seats known beforehand, in order; then nothing is learnt (hindsight)
    """

    def __init__(
        self,
        params: ReferenceParams,
        automatic: AutoAlignParams,
        anterior_axis: str,
        alignment: Alignment | None,
        known: Sequence[Seat] = (),
    ) -> None:
        standing = Reference(alignment.up, 0, params.standing_spread_deg) if alignment and not known else None
        self._tracker = ReferenceTracker(params, standing)
        self._auto = AutoAlign(automatic)
        self._coming = list(known)
        self._learn = not known
        self._standing_spread_deg = params.standing_spread_deg
        self._guided = alignment is not None
        self._given: Vec = alignment.anterior if alignment else AXES[anterior_axis]
        self._told: AlignmentChanged | None = None
        self._seated_front = False  # the front comes from a seat known beforehand
        self.frames: list[tuple[float, Floats]] = []  # (since s, sensor to body), oldest first
        self.rotation: Floats | None = None  # that of the newest ClipMoved
        self.renewed_s = math.nan  # when the zero was last learnt
        if standing:
            self.frames.append((float("-inf"), frame(standing.up, self._given)))
        self._scheduled(float("-inf"))

    # ------------------------------------------------------------ answers

    @property
    def zero(self) -> Reference | None:
        """The wearer's zero."""
        return self._tracker.current

    @property
    def frame(self) -> Floats | None:
        """Sensor to body, (3, 3), rows X, Y, Z; None before there is a zero."""
        return self.frames[-1][1] if self.frames else None

    @property
    def front_known(self) -> bool:
        """Whether the front was measured, and not only given as an axis of the sensor."""
        return self._guided or self._told is not None or self._seated_front

    @property
    def good(self) -> bool:
        """False while the clip has moved and no walk has said where to."""
        return not self._tracker.doubted

    @property
    def spread_deg(self) -> float:
        """Standard uncertainty of the zero, deg; NaN before there is one."""
        zero = self._tracker.current
        if zero is None:
            return float("nan")
        return zero.spread_deg if self.good else max(zero.spread_deg, self._standing_spread_deg)

    def side(self, up: Vec) -> LyingSide:
        """How one lies whose up is this, sensor frame."""
        if self.frame is None:
            return LyingSide.NONE
        x, _, z = rotate(up, self.frame)
        if abs(x) >= abs(z):
            return LyingSide.SUPINE if x > 0.0 else LyingSide.PRONE
        return LyingSide.LEFT if z > 0.0 else LyingSide.RIGHT

    # ------------------------------------------------------------ what happens

    def second(
        self,
        k: int,
        acc_g: Floats,
        acc_mean: Vec,
        hardness: float,
        cadence_hz: float,
        roughness: float,
        *,
        walking: bool,
    ) -> list[Event]:
        """Take second k: acc_g (50, 3) on the grid, sensor frame; the other measures as ReferenceTracker has them."""
        if not self._learn:
            return self._scheduled(float(k))
        aligned = self._auto.second(acc_g, walking=walking)
        changed, moved = self._tracker.push(float(k), acc_mean, hardness, cadence_hz, roughness, walking=walking)
        events = [*self._moved(k + 2.0, moved), *self._renewed(k + 2.0)] if changed else []
        return events + self._aligned(k + 2.0) if aligned or changed else events

    def leant(self, t_s: float, path: Floats, before: Floats, after: Floats, *, rising: bool) -> list[Event]:
        """A rise or a sit-down, as AutoAlign.lean has it."""
        if not self._learn or not self._auto.lean(path, before, after, rising=rising):
            return []
        return self._aligned(t_s)

    def stood(self, t_s: float, up: Vec) -> list[Event]:
        """Up of the wearer standing, before the first walk."""
        if not self._learn or not self._tracker.stood(up):
            return []
        return [*self._renewed(t_s), *self._aligned(t_s)]

    def slipped(self, t_s: float, since_s: float, before: Vec, after: Vec) -> list[Event]:
        """The sensor turned on a body at rest, at since_s; t_s: when that became known."""
        zero = self._tracker.current
        if not self._learn or zero is None or max(separation_deg(up, zero.up) for up in (before, after)) > STANDING_DEG:
            return []
        moved = self._tracker.slipped(since_s, before, after)
        return [*self._moved(t_s, moved), *self._renewed(t_s)]

    def taken_off(self) -> None:
        """The sensor was not worn for a while."""
        if self._learn:  # else no walk would ever take the doubt away
            self._tracker.taken_off()

    def pause(self) -> None:
        """A gap."""
        self._tracker.pause()
        self._auto.pause()

    def forget_frames(self, until_s: float) -> None:
        """Samples up to until_s have been given out; the newest frame may hold from somewhat later."""
        while len(self.frames) > 1 and self.frames[1][0] <= until_s:
            self.frames.pop(0)

    # ------------------------------------------------------------ how

    def _scheduled(self, k: float) -> list[Event]:
        events: list[Event] = []
        while self._coming and self._coming[0].since_s <= k:
            seat = self._coming.pop(0)
            before, self._tracker.current = self._tracker.current, seat.zero
            if before:
                moved = Moved(seat.cause, before.up, seat.zero.up, seat.since_s)
                self.rotation = minimal_rotation(moved.before, moved.after)
                if moved.angle_deg <= UPSIDE_DOWN_DEG:
                    self._given = rotate(self._given, self.rotation)
                events.append(ClipMoved(k, moved.cause, moved.angle_deg, moved.since_s, repaired=True))
            self._given = seat.anterior or self._given
            self._seated_front = seat.anterior is not None
            events += self._renewed(k + 2.0)
        return events

    def _moved(self, t_s: float, moved: Moved | None) -> list[Event]:
        if moved is None:
            return []
        self.rotation = minimal_rotation(moved.before, moved.after)
        # A clip put on upside down has turned about the way to the front, which stays where it was.
        front = self._front(moved.before)[0]
        self._given = front if moved.cause == "upside-down" else rotate(front, self.rotation)
        if moved.cause in {"upside-down", "re-donned"}:
            self._auto.forget()
            self._told = None
        else:
            self._auto.turned(self.rotation)
        return [ClipMoved(t_s, moved.cause, moved.angle_deg, moved.since_s, repaired=self.good)]

    def _front(self, up: Vec) -> tuple[Vec, float, str]:
        """The way to the front across `up`, its standard uncertainty (deg; NaN where it was only given), its source."""
        found = self._auto.anterior(up) if self._learn else None
        if found and not (self._guided and separation_deg(found.anterior, self._given) < GUIDED_LIMIT_DEG):
            return found.anterior, found.sd_deg, found.source
        return self._given, float("nan"), "guided" if self._guided else "profile"

    def _renewed(self, t_s: float) -> list[Event]:
        zero = self._tracker.current
        if zero is None:
            return []
        self.renewed_s = t_s
        self.frames.append((t_s, frame(zero.up, self._front(zero.up)[0])))
        return [ReferenceChanged(t_s, zero.up, zero.bouts, zero.spread_deg)]

    def _aligned(self, t_s: float) -> list[Event]:
        """The votes for the front have changed."""
        zero = self._tracker.current
        if zero is None:
            return []
        anterior, sd_deg, source = self._front(zero.up)
        if source in {"guided", "profile"}:
            return []
        rotation = frame(zero.up, anterior)
        self.frames.append((t_s, rotation))
        front = vec(rotation[0])
        told = self._told
        if told and told.source == source and separation_deg(told.anterior, front) < TOLD_DEG:
            return []
        self._told = AlignmentChanged(t_s, front, sd_deg, source)
        return [self._told]
