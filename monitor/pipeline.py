"""Records in, events out: the one computation behind live, replay and analysis. Pure; see DESIGN: 'replay is live'.

A second [k, k + 1) is answered 3 s after its end: one second for the centred gait window, two for the posture model.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from monitor.signal.alignment import Alignment, Vec, direction_deg, separation_deg, tilt_obliquity_deg
from monitor.signal.autoalign import AutoAlignParams
from monitor.signal.calibration import Calibration, ScaleParams, ScaleTracker
from monitor.signal.epochs import ANTI_ALIAS_HZ, GRID_HZ, Cut, EpochParams, Features, Gridder, features
from monitor.signal.filters import SosFilter, lowpass
from monitor.signal.gait import GaitParams, StepCounter, periodicity, windows3
from monitor.signal.orientation import Orientation, OrientationParams
from monitor.signal.reference import Reference, ReferenceParams
from monitor.states.alerts import AlertRule, Alerts, BandParams
from monitor.states.bouts import BoutParams, Bouts
from monitor.states.movements import Movements
from monitor.states.placement import Placement, Seat
from monitor.states.posture import NEUTRAL, STATES, Four, PostureModel, PostureParams
from monitor.states.transitions import Found, TransitionParams, named
from monitor.states.wear import Wear, WearParams
from monitor.stream import (
    ClipMoved,
    Epoch,
    Event,
    Floats,
    LyingSide,
    Mark,
    Posture,
    Record,
    Samples,
    SensorSilent,
    Temperature,
    Tick,
    Transition,
    Wearer,
)

SILENT_AFTER_S = 3.0  # a sensor that streams says something many times a second; three seconds are no jitter
LONGEST_FILLED_GAP_S = 86_400  # a longer hole is a Gap in the recording but not one epoch a second
FILTER_SD_DEG = {True: 0.5, False: 1.1}  # with and without gyroscope, quasi-static (measurement facts, section 2)


@dataclass(frozen=True, slots=True)
class Profile:
    """Every parameter of the computation.

    anterior_axis : the sensor axis that points forward, a key of alignment.AXES
    alignment     : how the sensor sits, from a guided alignment; it goes before anterior_axis
    calibration   : the accelerometer's own errors
    """

    anterior_axis: str = "-z"
    alignment: Alignment | None = None
    calibration: Calibration = field(default_factory=Calibration)
    orientation: OrientationParams = field(default_factory=OrientationParams)
    epochs: EpochParams = field(default_factory=EpochParams)
    gait: GaitParams = field(default_factory=GaitParams)
    reference: ReferenceParams = field(default_factory=ReferenceParams)
    autoalign: AutoAlignParams = field(default_factory=AutoAlignParams)
    posture: PostureParams = field(default_factory=PostureParams)
    wear: WearParams = field(default_factory=WearParams)
    transitions: TransitionParams = field(default_factory=TransitionParams)
    bouts: BoutParams = field(default_factory=BoutParams)
    band: BandParams = field(default_factory=BandParams)
    alerts: tuple[AlertRule, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Oriented:
    """Samples after orientation: t_s (N,), up (N, 3) sensor frame, tilt_deg, obliquity_deg (N,); NaN without a zero."""

    t_s: Floats
    up: Floats
    tilt_deg: Floats
    obliquity_deg: Floats


@dataclass(frozen=True, slots=True)
class _Measured:
    """One second as measured; names as in epochs.Features, window_* and rhythm of the 3-s window around it."""

    k: int
    present: bool
    acc: Floats
    acc_mean: list[float]
    axis_sd_mg: float
    up: list[float]
    vm_mean: float
    vm_sd_mg: float
    motion_mg: float
    rhythm: float
    cadence_hz: float
    window_sd_mg: float
    roughness: float
    steps: int


@dataclass(frozen=True, slots=True)
class _Second:
    """What was measured in one second, waiting for its posture."""

    k: int
    present: bool
    worn: bool
    up: Vec | None  # newest quasi-static up (with gyroscope: up of this second)
    still: bool
    motion_mg: float
    steps: int


class Pipeline:
    """One wearing, one sensor.

    known : in hindsight, how the sensor sat over the whole wear; without it, that is learnt
    """

    def __init__(self, profile: Profile, rate_hz: float, *, gyro: bool, known: Sequence[Seat] = ()) -> None:
        self._profile = profile
        self.gyro = gyro
        self._orientation = Orientation(rate_hz, gyro=gyro, params=profile.orientation)
        self._anti_alias = SosFilter(lowpass(ANTI_ALIAS_HZ, rate_hz)) if rate_hz > 1.2 * GRID_HZ else None
        self._grid = Gridder(rate_hz, 6, profile.epochs)
        self._steps = StepCounter(profile.gait)
        self._placement = Placement(
            profile.reference, profile.autoalign, profile.anterior_axis, profile.alignment, known
        )
        self._model = PostureModel(_with_styles(profile))
        self._wear = Wear(profile.wear)
        self._moves = Movements(profile.transitions, gyro=gyro)
        self._found: list[Found] = []  # movements that wait for the second with which they became known
        self._bouts = Bouts(profile.bouts)
        self._alerts = Alerts(profile.alerts, profile.band)
        self._scale = ScaleTracker(ScaleParams())
        self._deg_c: float | None = None
        self._still = False
        self._held: Vec | None = None
        self._next_k: int | None = None
        self._last_t = np.nan
        self._silent = False
        self._pending: Features | None = None  # its last epoch waits for the one after it
        self._history: Floats = np.zeros((2, GRID_HZ))
        self._waiting: list[_Second] = []
        self._pieces: list[tuple[Floats, Floats]] = []

    # ------------------------------------------------------------ in

    def push(self, record: Record) -> list[Event]:
        """Take the next record; give back what it means. Records must come in the order of their arrival."""
        self._pieces = []
        if isinstance(record, Samples):
            return self._samples(record, None)
        if isinstance(record, Tick):
            return self._tick(record.t_s)
        if isinstance(record, Wearer):
            return self._alerts.act(record)
        if isinstance(record, Temperature):
            self._deg_c = record.deg_c
        elif isinstance(record, Mark):
            self._corrected(record.label)
        return []  # Gap: the time stamps tell it; Link, Battery, BadPacket: for screens and files

    def push_oriented(self, samples: Samples, up: Floats) -> list[Event]:
        """As push, with up (N, 3) already known (hindsight)."""
        self._pieces = []
        return self._samples(samples, up)

    def finish(self) -> list[Event]:
        """The recording ends: all answers still owed."""
        self._pieces = []
        events = self._end_segment()
        for second, (posture, p) in zip(self._waiting, self._model.drain(), strict=True):
            events += self._publish(second, posture, p)
        self._waiting = []
        return events + self._bouts.finish()

    def copy(self) -> "Pipeline":
        """The whole state, to go on from later: identical input gives identical events."""
        return copy.deepcopy(self)

    # ------------------------------------------------------------ out, between pushes

    @property
    def oriented(self) -> Oriented:
        """The samples of the last push with their orientation."""
        if not self._pieces:
            return Oriented(np.zeros(0), np.zeros((0, 3)), np.zeros(0), np.zeros(0))
        t = np.concatenate([piece[0] for piece in self._pieces])
        up = np.concatenate([piece[1] for piece in self._pieces])
        tilt, obliquity = np.full(len(t), np.nan), np.full(len(t), np.nan)
        for since_s, rotation in self._placement.frames:
            from_here = t >= since_s
            tilt[from_here], obliquity[from_here] = tilt_obliquity_deg(up[from_here], rotation)
        return Oriented(t, up, tilt, obliquity)

    @property
    def reference(self) -> Reference | None:
        """The wearer's zero."""
        return self._placement.zero

    @property
    def placement_good(self) -> bool:
        """False while the clip has moved and no walk has said where to: tilt is then a guess."""
        return self._placement.good

    @property
    def provisional(self) -> Posture:
        """Posture of the newest second, before later seconds confirm it."""
        if self._silent or self._next_k is None:
            return Posture.NO_DATA
        if not self._wear.worn:
            return Posture.NOT_WORN
        posture = self._model.provisional
        return posture if self._placement.frames or posture is Posture.WALKING else Posture.UNKNOWN

    @property
    def moving(self) -> bool:
        """True while the newest second is too lively for a tilt without gyroscope."""
        return not self._still

    @property
    def bouts(self) -> Bouts:
        """The running clocks; read only."""
        return self._bouts

    @property
    def alerts(self) -> Alerts:
        """The rules' present state; read only."""
        return self._alerts

    @property
    def tilt_sd_deg(self) -> float:
        """Standard uncertainty of a quasi-static tilt against the zero, deg; NaN before there is one."""
        return math.hypot(FILTER_SD_DEG[self.gyro], self._placement.spread_deg)

    # ------------------------------------------------------------ samples to seconds

    def _samples(self, block: Samples, up: Floats | None) -> list[Event]:
        self._placement.forget_frames()
        if not len(block):
            return []
        t = block.t_s
        steps = np.diff(t, prepend=self._last_t)
        if np.any(steps <= 0.0):
            raise ValueError("sample times must increase")
        self._silent = False
        events: list[Event] = []
        cuts = [0, *np.flatnonzero(steps > self._profile.epochs.reset_s).tolist(), len(t)]
        for start, stop in pairwise(cuts):
            if start == stop:
                continue
            if start in cuts[1:]:
                events += self._end_segment()
            piece = slice(start, stop)
            gyr = None if block.gyr_dps is None or not self.gyro else block.gyr_dps[piece]
            acc = self._profile.calibration.apply(block.acc_g[piece], self._deg_c)
            piece_up = self._orientation.push(acc, gyr) if up is None else up[piece]
            acc = acc if self._anti_alias is None else self._anti_alias.push(acc)
            events += self._epochs(self._grid.push(t[piece], np.concatenate((acc, piece_up), axis=1)))
            self._pieces.append((t[piece], piece_up))
        self._last_t = float(t[-1])
        return events

    def _tick(self, t_s: float) -> list[Event]:
        if np.isnan(self._last_t) or t_s - self._last_t <= SILENT_AFTER_S:
            return []
        events: list[Event] = []
        if not self._silent:
            events.append(SensorSilent(t_s, self._last_t))
            self._silent = True
            events += self._end_segment()
        return events + self._blank(int(t_s - SILENT_AFTER_S))

    def _end_segment(self) -> list[Event]:
        """Samples have stopped: answer what they still tell, and start the filters anew."""
        events = self._epochs(self._grid.close())
        if self._pending is not None:
            last = self._pending
            self._pending = None
            events += self._windowed(last, windows3(self._history, self._history[1:])[:1])
        self._found += self._moves.flush()
        events += self._seen(math.inf)
        self._orientation.reset()
        if self._anti_alias is not None:
            self._anti_alias.reset()
        self._steps.reset()
        self._placement.pause()
        self._wear.pause()
        self._still = False  # `moving` flags the tilt as held until there is a new one
        return events

    def _blank(self, until_k: int) -> list[Event]:
        """Seconds without data up to until_k."""
        events: list[Event] = []
        if self._next_k is None:
            return events
        if until_k - self._next_k <= LONGEST_FILLED_GAP_S:
            for k in range(self._next_k, until_k):
                events += self._second(self._blank_second(k), NEUTRAL)
        self._next_k = max(self._next_k, until_k)
        return events

    def _epochs(self, cut: Cut) -> list[Event]:
        fresh = cut.k >= (self._next_k if self._next_k is not None else cut.k[:1])
        if not fresh.any():
            return []
        cut = Cut(cut.k[fresh], cut.rows[fresh], cut.valid[fresh])
        first = int(cut.k[0])
        events: list[Event] = []
        if self._next_k is None:
            self._next_k = first
        elif first > self._next_k:
            events += self._blank(first)
        block = features(cut, self._profile.epochs.min_coverage)
        self._movements(cut, block.present)
        waiting, self._pending = self._pending, block
        if waiting is None:
            self._history = np.stack((block.vm[0], block.vm[0]))
        windows = windows3(self._history, block.vm)
        self._history = np.concatenate((self._history, block.vm))[-2:]
        self._next_k = int(cut.k[-1]) + 1
        if waiting is not None:
            events += self._windowed(waiting, windows[:1])
        return events + self._windowed(block, windows[1:], skip_last=True)

    def _movements(self, cut: Cut, present: NDArray[np.bool_]) -> None:
        """Look for transitions, ahead of their postures; a second without enough data ends the search."""
        edges = np.flatnonzero(np.diff(present, prepend=False, append=False)).tolist()
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            self._found += self._moves.push(int(cut.k[start]), cut.rows[start:stop])

    def _seen(self, until_k: float) -> list[Event]:
        """Transitions that became known with second until_k or before: as events, and as evidence for the posture."""
        events: list[Event] = []
        while self._found and self._found[0].known_k <= until_k:
            found = self._found.pop(0)
            if found.slipped:
                events += self._clip(self._placement.slipped(found.end_s, _vec(found.before), _vec(found.after)))
                continue
            zero = self._placement.zero
            transition = named(found, zero.up if zero else None, self._profile.transitions)
            if transition:
                self._model.see(transition)
                events.append(transition)
                events += self._stood(found, transition)
                events += self._leant(found, transition)
        return events

    def _stood(self, found: Found, transition: Transition) -> list[Event]:
        """Before the first walk, standing beside a seat that was taken or left gives a zero."""
        if transition.kind not in {"sit-to-stand", "stand-to-sit"} or not found.from_rest_to_rest:
            return []
        return self._placement.stood(transition.end_s, _vec(found.after if found.gained_m > 0.0 else found.before))

    def _leant(self, found: Found, transition: Transition) -> list[Event]:
        """Whoever rises or sits down leans forward: that tells the front."""
        if transition.kind not in {"sit-to-stand", "stand-to-sit"}:
            return []
        rising = transition.kind == "sit-to-stand"
        return self._placement.leant(transition.end_s, found.path, found.before, found.after, rising=rising)

    def _clip(self, events: list[Event]) -> list[Event]:
        """Where the clip has moved, what the posture model remembers of the sensor's frame turns with it."""
        rotation = self._placement.rotation
        if rotation is not None and any(isinstance(event, ClipMoved) for event in events):
            self._model.turn(rotation)
        return events

    def _corrected(self, label: str) -> None:
        """The wearer names a posture in a mark: 'standing', 'I am standing'."""
        words = label.lower().replace(",", " ").split()
        named_postures = [posture for posture in STATES if posture.value in words]
        if len(named_postures) == 1:
            self._model.correct(named_postures[0], self._held)

    def _windowed(self, block: Features, windows: Floats, *, skip_last: bool = False) -> list[Event]:
        """Seconds whose 3-s window is complete: the last one of a pending block, or all but the last of a new one."""
        which = slice(0, len(block.k) - 1) if skip_last else slice(len(block.k) - 1, len(block.k))
        if not len(windows):
            return []
        rhythm, lag_s = periodicity(windows)
        centred = windows - windows.mean(axis=1)[:, None]
        sd_mg = 1000.0 * np.sqrt((centred * centred).mean(axis=1))
        change = windows[:, 1:] - windows[:, :-1]
        roughness = 1000.0 * np.sqrt((change * change).mean(axis=1)) / np.maximum(sd_mg, 1e-6)
        steps = self._steps.push(block.vm[which])
        events: list[Event] = []
        columns = (
            block.k[which],
            block.present[which],
            block.acc_mean[which],
            1000.0 * block.acc_sd[which].max(axis=1),
            block.up[which],
            block.vm_mean[which],
            1000.0 * block.vm_sd[which],
            block.motion_mg[which],
            rhythm,
            1.0 / lag_s,
            sd_mg,
            roughness,
        )
        for acc, k, there, *row in zip(block.acc[which], *(column.tolist() for column in columns), steps, strict=True):
            measured = _Measured(k, there, acc, *row)
            events += self._seen(measured.k + 1) + self._measured(measured)
        return events

    def _measured(self, m: _Measured) -> list[Event]:
        """One second with all its features."""
        if not m.present:
            self._placement.pause()
            return self._second(self._blank_second(m.k), NEUTRAL)
        p = self._profile
        events: list[Event] = []
        walking = m.window_sd_mg >= p.gait.min_sd_mg and m.rhythm >= p.gait.min_periodicity
        acc_mean = (m.acc_mean[0], m.acc_mean[1], m.acc_mean[2])
        walk = acc_mean, m.window_sd_mg / 1000.0, m.cadence_hz, m.roughness
        events += self._clip(self._placement.second(m.k, m.acc, *walk, walking=walking))
        wider = p.epochs.still_leave if self._still else 1.0
        quiet = m.vm_sd_mg < wider * p.epochs.still_sd_mg
        if quiet:
            self._scale.push(m.vm_mean)
        self._still = quiet and abs(m.vm_mean - self._scale.scale_g) * 1000.0 < wider * p.epochs.still_offset_mg
        if self._still or self.gyro:
            self._held = (m.up[0], m.up[1], m.up[2])
        was_worn = self._wear.worn
        worn = self._wear.push(acc_mean, m.axis_sd_mg)
        if worn and not was_worn:
            self._placement.taken_off()
        zero = self._placement.zero
        # At rest the mean acceleration is up, without what a filter still remembers.
        x, y, z = m.acc_mean if self._still else m.up
        norm = math.sqrt(x * x + y * y + z * z)
        up = (x / norm, y / norm, z / norm) if norm > 0.0 else (0.0, 0.0, 0.0)
        angle = None if zero is None else separation_deg(up, zero.up)
        second = _Second(
            m.k, present=True, worn=worn, up=self._held, still=self._still, motion_mg=m.motion_mg, steps=m.steps
        )
        return events + self._second(second, self._model.evidence(up, angle, m.window_sd_mg, m.rhythm))

    # ------------------------------------------------------------ seconds to events

    def _blank_second(self, k: int) -> _Second:
        return _Second(k, present=False, worn=self._wear.worn, up=self._held, still=False, motion_mg=0.0, steps=0)

    def _second(self, second: _Second, e: Four) -> list[Event]:
        self._waiting.append(second)
        answer = self._model.push(second.k, e)
        return self._publish(self._waiting.pop(0), *answer) if answer else []

    def _publish(self, second: _Second, posture: Posture, p: float) -> list[Event]:
        frame = self._placement.frame
        if frame is None and posture is not Posture.WALKING:
            posture, p = Posture.UNKNOWN, 1.0  # what is not walking cannot be told apart without a zero
        if not second.present:
            posture, p = Posture.NO_DATA, 1.0
        elif not second.worn:
            posture, p = Posture.NOT_WORN, 1.0
        tilt = obliquity = float("nan")
        side = LyingSide.NONE
        if second.up is not None and frame is not None:
            tilt, obliquity = direction_deg(second.up, frame)
            if posture is Posture.LYING:
                side = self._placement.side(second.up)
        epoch = Epoch(
            t_s=float(second.k),
            posture=posture,
            posture_p=p,
            tilt_deg=tilt,
            obliquity_deg=obliquity,
            tilt_sd_deg=self.tilt_sd_deg,
            still=second.still,
            motion_mg=second.motion_mg,
            steps=second.steps if posture is Posture.WALKING else 0,
            lying=side,
        )
        events: list[Event] = [epoch, *self._bouts.push(epoch.t_s, posture, p)]
        clocks = self._bouts.sitting_s, self._bouts.standing_s
        return events + self._alerts.push(epoch, *clocks, tilt_good=self._placement.good)


def _with_styles(profile: Profile) -> PostureParams:
    """The posture parameters, with the sitting styles of a guided alignment where the profile names none."""
    own = profile.posture.sitting_styles_deg
    if own or profile.alignment is None:
        return profile.posture
    return replace(profile.posture, sitting_styles_deg=tuple(map(abs, profile.alignment.sitting_styles_deg)))


def _vec(v: Floats) -> Vec:
    x, y, z = v.tolist()
    return x, y, z
