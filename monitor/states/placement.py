"""How the sensor sits on the wearer: the zero, the way to the front, and what happens when the clip moves."""

from collections.abc import Sequence

from monitor.signal.alignment import AXES, Alignment, Vec, frame, minimal_rotation, rotate, separation_deg
from monitor.signal.reference import Moved, Reference, ReferenceParams, ReferenceTracker
from monitor.stream import ClipMoved, Event, Floats, LyingSide, ReferenceChanged

STANDING_DEG = 50.0  # a step of up is the clip's only while the wearer is upright: lying down turns the sensor too


class Placement:
    """Feeds on seconds and on what was found in the movements.

    zeros : the zero known beforehand as (from this second on, zero), in order; then nothing is learnt (hindsight)
    """

    def __init__(
        self,
        params: ReferenceParams,
        anterior_axis: str,
        alignment: Alignment | None,
        zeros: Sequence[tuple[float, Reference]] = (),
    ) -> None:
        standing = Reference(alignment.up, 0, params.standing_spread_deg) if alignment and not zeros else None
        self._tracker = ReferenceTracker(params, standing)
        self._coming = list(zeros)
        self._learn = not zeros
        self._standing_spread_deg = params.standing_spread_deg
        self.anterior: Vec = alignment.anterior if alignment else AXES[anterior_axis]
        self.frames: list[tuple[float, Floats]] = []  # (since s, sensor to body), oldest first
        self.rotation: Floats | None = None  # that of the newest ClipMoved
        if standing:
            self.frames.append((float("-inf"), frame(standing.up, self.anterior)))
        self._scheduled(float("-inf"))

    @property
    def zero(self) -> Reference | None:
        """The wearer's zero."""
        return self._tracker.current

    @property
    def frame(self) -> Floats | None:
        """Sensor to body, (3, 3), rows X, Y, Z; None before there is a zero."""
        return self.frames[-1][1] if self.frames else None

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

    def second(
        self, k: int, acc_mean: Vec, hardness: float, cadence_hz: float, roughness: float, *, walking: bool
    ) -> list[Event]:
        """Take second k; measures as ReferenceTracker has them."""
        if not self._learn:
            return self._scheduled(float(k))
        changed, moved = self._tracker.push(float(k), acc_mean, hardness, cadence_hz, roughness, walking=walking)
        if not changed:
            return []
        return [*self._moved(k + 2.0, moved), *self._renewed(k + 2.0)]

    def stood(self, t_s: float, up: Vec) -> list[Event]:
        """Up of the wearer standing, before the first walk."""
        return self._renewed(t_s) if self._learn and self._tracker.stood(up) else []

    def slipped(self, t_s: float, before: Vec, after: Vec) -> list[Event]:
        """The sensor turned on a body at rest."""
        zero = self._tracker.current
        if not self._learn or zero is None or max(separation_deg(up, zero.up) for up in (before, after)) > STANDING_DEG:
            return []
        moved = self._tracker.slipped(t_s, before, after)
        return [*self._moved(t_s, moved), *self._renewed(t_s)]

    def taken_off(self) -> None:
        """The sensor was not worn for a while."""
        self._tracker.taken_off()

    def pause(self) -> None:
        """A gap."""
        self._tracker.pause()

    def forget_frames(self) -> None:
        """Only the present frame is needed from now on."""
        self.frames = self.frames[-1:]

    def side(self, up: Vec) -> LyingSide:
        """How one lies whose up is this, sensor frame."""
        if self.frame is None:
            return LyingSide.NONE
        x, _, z = rotate(up, self.frame)
        if abs(x) >= abs(z):
            return LyingSide.SUPINE if x > 0.0 else LyingSide.PRONE
        return LyingSide.LEFT if z > 0.0 else LyingSide.RIGHT

    def _scheduled(self, k: float) -> list[Event]:
        events: list[Event] = []
        while self._coming and self._coming[0][0] <= k:
            _, zero = self._coming.pop(0)
            before, self._tracker.current = self._tracker.current, zero
            if before:
                self._turn(before.up, zero.up)
            events += self._renewed(k)
        return events

    def _moved(self, t_s: float, moved: Moved | None) -> list[Event]:
        if moved is None:
            return []
        self._turn(moved.before, moved.after, upside_down=moved.cause == "upside-down")
        return [ClipMoved(t_s, moved.cause, moved.angle_deg, moved.since_s, repaired=self.good)]

    def _turn(self, before: Vec, after: Vec, *, upside_down: bool = False) -> None:
        self.rotation = minimal_rotation(before, after)
        # A clip put on upside down has turned about the way to the front, which stays where it was.
        if not upside_down:
            self.anterior = rotate(self.anterior, self.rotation)

    def _renewed(self, t_s: float) -> list[Event]:
        zero = self._tracker.current
        if zero is None:
            return []
        self.frames.append((t_s, frame(zero.up, self.anterior)))
        return [ReferenceChanged(t_s, zero.up, zero.bouts, zero.spread_deg)]
