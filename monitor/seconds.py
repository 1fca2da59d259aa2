"""Second after second: what was measured in one, and in the movements, becomes postures, bouts, breaks and prompts.

A second is answered two seconds after its measures are in, when the posture model has looked that far ahead.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.profile import Profile, with_styles
from monitor.signal.alignment import Vec, direction_deg, separation_deg, unit_vec, vec
from monitor.signal.calibration import ScaleParams, ScaleTracker
from monitor.states.alerts import Alerts
from monitor.states.bouts import Bouts
from monitor.states.placement import Placement, Seat
from monitor.states.posture import CHANGES, NEUTRAL, Four, PostureModel
from monitor.states.restless import SHIFT, Restless
from monitor.states.spoken import posture_named
from monitor.states.transitions import Found, named
from monitor.states.wear import Wear
from monitor.stream import ClipMoved, Epoch, Event, Fidget, Floats, LyingSide, Posture, Transition

SEEN, SEEN_P = (Posture.SITTING, Posture.STANDING), 0.8  # what a transition tells without a zero, and how surely
SPOKEN = {"i", "am", "m", "im", "now", "just", "really", "already", "still"}  # beside a posture in a correction
ON_FOOT = (Posture.WALKING, Posture.STANDING, Posture.UNKNOWN)  # who sits or lies makes no steps
STALE_S = 6.0  # after a second's start: what was measured then is not how the wearer is now
DECIMALS = 4  # of an epoch's figures: beyond any sensor, and half as long to write down as every digit of a float
FILTER_SD_DEG = {True: 0.5, False: 1.1}  # with and without gyroscope, quasi-static (measurement facts, section 2)


@dataclass(slots=True)
class Measured:
    """One second as measured; names as in epochs.Features, window_* and rhythm of the 3-s window around it."""

    k: int
    present: bool
    acc: Floats
    acc_mean: list[float]
    axis_sd_mg: float
    fifths: list[float]
    up: list[float]
    vm_mean: float
    vm_sd_mg: float
    motion_mg: float
    rhythm: float
    cadence_hz: float
    window_sd_mg: float
    roughness: float


@dataclass(slots=True)
class _Second:
    """What was measured in one second, waiting for its posture."""

    k: int
    present: bool
    off_since_s: float | None  # since when the sensor has not been worn; None while it is
    up: Vec | None  # newest quasi-static up (with gyroscope: up of this second)
    still: bool
    axis_sd_mg: float
    motion_mg: float


class Seconds:
    """One wearing; known and placing as in Pipeline."""

    def __init__(
        self, profile: Profile, rate_hz: float, *, gyro: bool, known: Sequence[Seat], placing: bool = False
    ) -> None:
        self._profile = profile
        self._gyro = gyro
        self._placing = placing
        self.placement = Placement(
            profile.reference, profile.autoalign, profile.anterior_axis, profile.alignment, known
        )
        self._model = PostureModel(with_styles(profile).posture)
        self._wear = Wear(profile.wear, rate_hz)
        self.bouts = Bouts(profile.bouts)
        self._restless = Restless(profile.restless)
        self.alerts = Alerts(profile.prompts)
        self._scale = ScaleTracker(ScaleParams())
        self._found: list[Found] = []  # movements that wait for the second with which they became known
        self._counted: dict[int, int] = {}  # steps of seconds that wait for their posture
        self._seen_k = math.inf  # second from which on a transition has told the posture
        self._told_off_s: float | None = None
        self.still = False
        self._held: Vec | None = None
        self._waiting: list[_Second] = []
        self.directions: list[tuple[int, Vec]] = []

    # ------------------------------------------------------------ in

    def find(self, found: Sequence[Found]) -> None:
        """Movements, ahead of the seconds with which they became known."""
        self._found += found

    def count(self, first_k: int, steps: Sequence[int]) -> None:
        """Steps of the seconds from first_k on, before these are answered."""
        self._counted.update(enumerate(steps, first_k))

    def push(self, m: Measured) -> list[Event]:
        """The next second."""
        return self._seen(m.k + 1) + self._measured(m)

    def blank(self, k: int) -> list[Event]:
        """A second without data."""
        return self._second(self._blank_second(k), NEUTRAL)

    def pause(self) -> list[Event]:
        """Samples have stopped: what the movements still tell; nothing goes on across the gap."""
        events = self._seen(math.inf)
        self.placement.pause()
        self._wear.pause()
        self.still = False  # the tilt is held until there is a new one
        return events

    def finish(self) -> list[Event]:
        """The recording ends: all answers still owed."""
        events: list[Event] = []
        for second, (posture, p) in zip(self._waiting, self._model.drain(), strict=True):
            events += self._publish(second, posture, p)
        self._waiting = []
        return events + self.bouts.finish()

    def correct(self, t_s: float, label: str) -> list[Event]:
        """The wearer names a posture in a mark: 'I am standing.' Standing still also gives a first zero."""
        posture = posture_named(label, SPOKEN)
        if posture is None:
            return []
        newest = self._waiting[-1] if self._waiting else None
        up = newest.up if newest and newest.present and self._wear.worn and t_s < newest.k + STALE_S else None
        self._model.correct(posture, up)
        return self.placement.stood(t_s, up) if posture is Posture.STANDING and up and self.still else []

    # ------------------------------------------------------------ out

    @property
    def provisional(self) -> Posture:
        """Posture of the newest second, before later seconds confirm it."""
        if not self._wear.worn:
            return Posture.NOT_WORN
        posture = self._model.provisional
        known = self.placement.frames or self._told_apart(self._seen_k, posture, 1.0)
        return posture if known else Posture.UNKNOWN

    @property
    def tilt_sd_deg(self) -> float:
        """Standard uncertainty of a quasi-static tilt against the zero, deg; NaN before there is one."""
        return math.hypot(FILTER_SD_DEG[self._gyro], self.placement.spread_deg)

    # ------------------------------------------------------------ movements

    def _seen(self, until_k: float) -> list[Event]:
        """Transitions that became known with second until_k or before: as events, and as evidence for the posture."""
        events: list[Event] = []
        while self._found and self._found[0].known_k <= until_k:
            found = self._found.pop(0)
            # Samples before this may have been given out already: a new zero or front holds from here on.
            known_s = found.known_k + 1.0
            if found.slipped:
                turn = vec(found.before), vec(found.after)
                events += self._clip(self.placement.slipped(known_s, found.end_s, *turn))
                continue
            zero = self.placement.zero
            frame = self.placement.frame if self.placement.front_known else None
            transition = named(found, zero.up if zero else None, self._profile.transitions, frame)
            if transition:
                self._model.see(transition)
                if transition.kind in CHANGES:
                    self._seen_k = int(transition.end_s)
                if transition.kind == "sit-to-stand":
                    self.bouts.rose(transition.end_s)
                events.append(transition)
                events += self._stood(known_s, found, transition)
                events += self._leant(known_s, found, transition)
        return events

    def _stood(self, known_s: float, found: Found, transition: Transition) -> list[Event]:
        """Before the first walk, standing beside a seat that was taken or left gives a zero."""
        if transition.kind not in {"sit-to-stand", "stand-to-sit"} or not found.from_rest_to_rest:
            return []
        return self.placement.stood(known_s, vec(found.after if found.gained_m > 0.0 else found.before))

    def _leant(self, known_s: float, found: Found, transition: Transition) -> list[Event]:
        """Whoever rises or sits down leans forward: that tells the front."""
        if transition.kind not in {"sit-to-stand", "stand-to-sit"}:
            return []
        rising = transition.kind == "sit-to-stand"
        return self.placement.leant(known_s, found.path, found.before, found.after, rising=rising)

    def _clip(self, events: list[Event]) -> list[Event]:
        """Where the clip has moved, what the posture model remembers of the sensor's frame turns with it."""
        rotation = self.placement.rotation
        if rotation is not None and any(isinstance(event, ClipMoved) for event in events):
            self._model.turn(rotation)
        return events

    # ------------------------------------------------------------ seconds

    def _measured(self, m: Measured) -> list[Event]:
        """One second with all its features."""
        if not m.present:
            self.placement.pause()
            return self.blank(m.k)
        p = self._profile
        events: list[Event] = []
        walking = m.window_sd_mg >= p.gait.min_sd_mg and m.rhythm >= p.gait.min_periodicity
        acc_mean = (m.acc_mean[0], m.acc_mean[1], m.acc_mean[2])
        walk = acc_mean, m.window_sd_mg / 1000.0, m.cadence_hz, m.roughness
        events += self._clip(self.placement.second(m.k, m.acc, *walk, walking=walking))
        wider = p.epochs.still_leave if self.still else 1.0
        quiet = m.vm_sd_mg < wider * p.epochs.still_sd_mg
        if quiet:
            self._scale.push(m.vm_mean)
        self.still = quiet and abs(m.vm_mean - self._scale.scale_g) * 1000.0 < wider * p.epochs.still_offset_mg
        zero = self.placement.zero
        # At rest the mean acceleration is up, without what a filter still remembers.
        up = unit_vec(m.acc_mean if self.still else m.up)
        angle = None if zero is None else separation_deg(up, zero.up)
        if self.still:
            # Two estimates with errors of their own: together they are nearer than each.
            self._held = unit_vec([a + b for a, b in zip(up, m.up, strict=True)]) if self._gyro else up
        elif self._gyro:
            self._held = up
        was_worn = self._wear.worn
        if self._wear.push(m.k, acc_mean, m.axis_sd_mg, m.fifths) and not was_worn:
            self.placement.taken_off()
        if self._placing:
            return events
        # The window reaches a second beyond the walk on either side; the second itself does not.
        lively_mg = min(m.window_sd_mg, p.posture.walk_own_share * m.vm_sd_mg)
        second = _Second(
            m.k,
            present=True,
            off_since_s=self._off_since_s,
            up=self._held,
            still=self.still,
            axis_sd_mg=m.axis_sd_mg,
            motion_mg=m.motion_mg,
        )
        return events + self._second(second, self._model.evidence(up, angle, lively_mg, m.rhythm))

    def _blank_second(self, k: int) -> _Second:
        off_since_s = self._off_since_s
        return _Second(
            k, present=False, off_since_s=off_since_s, up=self._held, still=False, axis_sd_mg=0.0, motion_mg=0.0
        )

    def _second(self, second: _Second, e: Four) -> list[Event]:
        if self._placing:
            return []
        self._waiting.append(second)
        answer = self._model.push(second.k, e)
        return self._publish(self._waiting.pop(0), *answer) if answer else []

    @property
    def _off_since_s(self) -> float | None:
        return None if self._wear.worn else self._wear.since_s

    def _took_off(self, since_s: float | None) -> list[Event]:
        """The sensor is worn again, or has turned out not to have been worn for some minutes."""
        self._told_off_s = since_s
        return [] if since_s is None else self.bouts.not_worn_since(since_s)

    def _told_apart(self, k: float, posture: Posture, p: float) -> bool:
        """Whether a posture is known without a zero: walking by its rhythm, sitting and standing by a transition."""
        return posture is Posture.WALKING or (posture in SEEN and self._seen_k <= k < math.inf and p >= SEEN_P)

    def _publish(self, second: _Second, posture: Posture, p: float) -> list[Event]:
        frame = self.placement.frame
        if posture is Posture.WALKING and second.k > self._seen_k:
            self._seen_k = math.inf  # where one goes from here, no transition has told
        if frame is None and not self._told_apart(second.k, posture, p):
            posture, p = Posture.UNKNOWN, 1.0  # without a zero only a transition tells them apart
        if not second.present:
            posture, p = Posture.NO_DATA, 1.0
        elif second.off_since_s is not None:
            posture, p = Posture.NOT_WORN, 1.0
        steps = self._counted.pop(second.k, 0)
        tilt = obliquity = float("nan")
        side = LyingSide.NONE
        if second.up is not None:
            self.directions.append((second.k, second.up))
        if second.up is not None and frame is not None:
            tilt, obliquity = direction_deg(second.up, frame)
            if posture is Posture.LYING:
                side = self.placement.side(second.up)
        epoch = Epoch(
            t_s=float(second.k),
            posture=posture,
            posture_p=round(p, DECIMALS),
            tilt_deg=round(tilt, DECIMALS),
            obliquity_deg=round(obliquity, DECIMALS),
            tilt_sd_deg=round(self.tilt_sd_deg, DECIMALS),
            still=second.still,
            motion_mg=round(second.motion_mg, DECIMALS),
            steps=steps if posture in ON_FOOT else 0,
            lying=side,
            placed=self.placement.good,
        )
        events: list[Event] = [] if second.off_since_s == self._told_off_s else self._took_off(second.off_since_s)
        restless = self._restless.push(epoch, second.up, second.axis_sd_mg)
        events += [epoch, *self.bouts.push(epoch), *restless]
        self.alerts.zero_s = self.placement.renewed_s
        shifted = any(isinstance(event, Fidget) and event.kind == SHIFT for event in restless)
        return events + self.alerts.push(epoch, self.bouts.sitting_s, self.bouts.standing_s, shifted=shifted)
