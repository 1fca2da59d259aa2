"""Records in, events out: the one computation behind live, replay and analysis. Pure; see DESIGN: 'replay is live'.

A second [k, k + 1) is answered 3 s after its end: one second for the centred gait window, two for the posture model.
"""

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from monitor.profile import Profile
from monitor.seconds import Measured, Seconds
from monitor.signal.alignment import Vec, tilt_obliquity_deg
from monitor.signal.epochs import ANTI_ALIAS_HZ, GRID_HZ, Cut, Features, Gridder, features
from monitor.signal.filters import SosFilter, lowpass
from monitor.signal.gait import StepCounter, periodicity, windows3
from monitor.signal.orientation import Orientation
from monitor.signal.reference import Reference
from monitor.states.alerts import Alerts
from monitor.states.bouts import Bouts
from monitor.states.movements import Movements
from monitor.states.placement import Seat
from monitor.states.rules import alert_settings
from monitor.stream import (
    Event,
    Floats,
    Mark,
    Posture,
    Record,
    Samples,
    SensorSilent,
    SettingsChanged,
    Started,
    Temperature,
    Tick,
    Wearer,
    join,
)

BLOCK_S = 60.0  # samples pushed at once where there is no hurry: long enough for NumPy, short enough for memory
SILENT_AFTER_S = 3.0  # a sensor that streams says something many times a second; three seconds are no jitter
LONGEST_FILLED_GAP_S = 86_400  # a longer hole is a Gap in the recording but not one epoch a second


@dataclass(frozen=True, slots=True, eq=False)
class Oriented:
    """Samples after orientation: t_s (N,), up (N, 3) sensor frame, tilt_deg, obliquity_deg (N,); NaN without a zero."""

    t_s: Floats
    up: Floats
    tilt_deg: Floats
    obliquity_deg: Floats


class Pipeline:
    """One wearing, one sensor.

    known   : in hindsight, how the sensor sat over the whole wear; without it, that is learnt
    placing : learn how the sensor sits and nothing else: no postures, so no second is answered
    """

    def __init__(
        self, profile: Profile, rate_hz: float, *, gyro: bool, known: Sequence[Seat] = (), placing: bool = False
    ) -> None:
        self._profile = profile
        self.gyro = gyro
        self._orientation = Orientation(rate_hz, gyro=gyro, params=profile.orientation)
        self._anti_alias = SosFilter(lowpass(ANTI_ALIAS_HZ, rate_hz)) if rate_hz > 1.2 * GRID_HZ else None
        self._grid = Gridder(rate_hz, 6, profile.epochs)
        self._steps = StepCounter(profile.gait)
        self._unsettled = 0  # first second whose steps are not known yet
        self._moves = Movements(profile.transitions, gyro=gyro)
        self._seconds = Seconds(profile, rate_hz, gyro=gyro, known=known, placing=placing)
        self._placing = placing
        self._deg_c: float | None = None
        self._next_k: int | None = None
        self._last_t = np.nan
        self._silent = False
        self._pending: Features | None = None  # its last epoch waits for the one after it
        self._history: Floats = np.zeros((2, GRID_HZ))
        self._pieces: list[tuple[Floats, Floats]] = []

    # ------------------------------------------------------------ in

    def push(self, record: Record) -> list[Event]:
        """Take the next record; give back what it means. Records must come in the order of their arrival."""
        self._begin()
        if isinstance(record, Samples):
            return self._samples(record, None)
        if isinstance(record, Tick):
            return self._tick(record.t_s)
        alerts = self._seconds.alerts
        match record:
            case Wearer():
                return [record, *alerts.act(record)]
            case Mark():
                chosen = alerts.choose(record.t_s, record.label)
                return [record, *self._seconds.correct(record.t_s, record.label), *chosen]
            case Started():
                alerts.start(record)
                return [record]
            case SettingsChanged() if not self._profile.settled:
                return [record, *alerts.change(record.t_s, alert_settings(record.values))]
            case Temperature():
                self._deg_c = record.deg_c
            case _:
                pass
        return []  # Gap: the time stamps tell it; Link, Battery, BadPacket: for screens and files

    def push_oriented(self, samples: Samples, up: Floats) -> list[Event]:
        """As push, with up (N, 3) already known (hindsight)."""
        self._begin()
        return self._samples(samples, up)

    def finish(self) -> list[Event]:
        """The recording ends: all answers still owed."""
        self._begin()
        return self._end_segment() + self._seconds.finish()

    def _begin(self) -> None:
        self._pieces = []
        self._seconds.directions = []

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
        for since_s, rotation in self._seconds.placement.frames:
            from_here = t >= since_s
            tilt[from_here], obliquity[from_here] = tilt_obliquity_deg(up[from_here], rotation)
        return Oriented(t, up, tilt, obliquity)

    @property
    def directions(self) -> list[tuple[int, Vec]]:
        """(k, up) of each second that the last push answered: what its tilt was made from, sensor frame."""
        return self._seconds.directions

    @property
    def reference(self) -> Reference | None:
        """The wearer's zero."""
        return self._seconds.placement.zero

    @property
    def placement_good(self) -> bool:
        """False while the clip has moved and no walk has said where to: tilt is then a guess."""
        return self._seconds.placement.good

    @property
    def provisional(self) -> Posture:
        """Posture of the newest second, before later seconds confirm it."""
        if self._silent or self._next_k is None:
            return Posture.NO_DATA
        return self._seconds.provisional

    @property
    def moving(self) -> bool:
        """True while the newest second is too lively for a tilt without gyroscope."""
        return not self._seconds.still

    @property
    def bouts(self) -> Bouts:
        """The running clocks; read only."""
        return self._seconds.bouts

    @property
    def alerts(self) -> Alerts:
        """The rules' present state; read only."""
        return self._seconds.alerts

    @property
    def tilt_sd_deg(self) -> float:
        """Standard uncertainty of a quasi-static tilt against the zero, deg; NaN before there is one."""
        return self._seconds.tilt_sd_deg

    # ------------------------------------------------------------ samples to seconds

    def _samples(self, block: Samples, up: Floats | None) -> list[Event]:
        self._seconds.placement.forget_frames(self._last_t)
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
        cut = self._grid.close()
        events = self._epochs(cut)
        self._count(self._steps.flush(cut.filled))
        if self._pending is not None:
            last = self._pending
            self._pending = None
            events += self._windowed(last, windows3(self._history, self._history[1:])[:1])
        self._seconds.find(self._moves.flush())
        events += self._seconds.pause()
        self._orientation.reset()
        if self._anti_alias is not None:
            self._anti_alias.reset()
        return events

    def _blank(self, until_k: int) -> list[Event]:
        """Seconds without data up to until_k."""
        events: list[Event] = []
        if self._next_k is None:
            return events
        if until_k - self._next_k <= LONGEST_FILLED_GAP_S:
            for k in range(self._next_k, until_k):
                events += self._seconds.blank(k)
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
        if not self._placing:
            if not self._steps.running:
                self._unsettled = first
            self._count(self._steps.push(block.acc))
        waiting, self._pending = self._pending, block
        if waiting is None:
            self._history = np.stack((block.vm[0], block.vm[0]))
        windows = windows3(self._history, block.vm)
        self._history = np.concatenate((self._history, block.vm))[-2:]
        self._next_k = int(cut.k[-1]) + 1
        if waiting is not None:
            events += self._windowed(waiting, windows[:1])
        return events + self._windowed(block, windows[1:], skip_last=True)

    def _count(self, steps: list[int]) -> None:
        self._seconds.count(self._unsettled, steps)
        self._unsettled += len(steps)

    def _movements(self, cut: Cut, present: NDArray[np.bool_]) -> None:
        """Look for transitions, ahead of their postures; a second without enough data ends the search."""
        edges = [0, *(np.flatnonzero(present[1:] != present[:-1]) + 1).tolist(), len(present)]
        for start, stop in pairwise(edges):
            there = present[start]
            found = self._moves.push(int(cut.k[start]), cut.rows[start:stop]) if there else self._moves.flush()
            self._seconds.find(found)

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
        events: list[Event] = []
        columns = (
            block.k[which],
            block.present[which],
            block.acc_mean[which],
            1000.0 * block.acc_sd[which].max(axis=1),
            block.fifths[which],
            block.up[which],
            block.vm_mean[which],
            1000.0 * block.vm_sd[which],
            block.motion_mg[which],
            rhythm,
            1.0 / lag_s,
            sd_mg,
            roughness,
        )
        for acc, k, there, *row in zip(block.acc[which], *(column.tolist() for column in columns), strict=True):
            events += self._seconds.push(Measured(k, there, acc, *row))
        return events


def joined(records: Iterable[Record], block_s: float) -> Iterator[Record]:
    """The same stream with samples in blocks of up to block_s; ticks that say nothing new are left out.

    A Tick within SILENT_AFTER_S of the last sample changes nothing in the pipeline, so no event depends on it.
    """
    held: list[Samples] = []
    last_t = float("nan")
    for record in records:
        if isinstance(record, Tick) and record.t_s - last_t <= SILENT_AFTER_S:
            continue
        if isinstance(record, Samples):
            if not len(record):
                continue
            if held and float(record.t_s[-1] - held[0].t_s[0]) > block_s:
                yield join(held)
                held = []
            held.append(record)
            last_t = float(record.t_s[-1])
            continue
        if held:
            yield join(held)
            held = []
        yield record
    if held:
        yield join(held)
