"""A guided protocol: tells step by step what to do, waits for stillness, and gives the still poses that it measured.

The steps are data (calibration/protocols/*.toml). Samples are looked at in tenths of a second, so that nothing depends
on how they are cut into blocks. The same engine takes a live sensor and a recording of somebody who did it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from monitor.signal.alignment import Vec, separation_deg, unit_vec, vec
from monitor.signal.poses import Pose
from monitor.stream import Samples, join

SLOT_S = 0.1
SETTLE_S = 0.5  # at the start of a hold the trunk still swings
REST_S = 0.5  # still for less is part of a movement
BACK_S = 1.0  # still for this long where the protocol began: a repetition is over
LINGER_S = 2.0  # in a wrong pose for this much longer than asked: say what is wrong
HOLE_SLOTS = 5  # longer without samples, and a hold is broken
TRIED_DEG = 8.0  # a pose this far off was meant, and is worth a word


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, and how it must turn out.

    id, say    : name of its poses; what the wearer is told
    back, hint : told between repetitions; told with a complaint about the pose
    seconds    : how long to be still
    times      : how often
    still_mg   : largest standard deviation of an axis in a tenth of a second
    still_deg  : largest turn away from the mean of the hold
    away_deg, most_deg : least and largest angle to the first pose of the protocol
    apart_deg  : least angle to each pose of this step
    near_deg   : largest angle to the first pose of this step
    change_deg : least angle to the pose before
    travel_deg : since the pose before, the trunk must have been this far from it at some moment
    return_deg : after each time, be still within this angle of the first pose; 0: no need
    patience_s : how long to wait for each pose
    """

    id: str = ""
    say: str = ""
    back: str = ""
    hint: str = ""
    seconds: float = 3.0
    times: int = 1
    still_mg: float = 30.0
    still_deg: float = 4.0
    away_deg: float = 0.0
    most_deg: float = 180.0
    apart_deg: float = 0.0
    near_deg: float = 180.0
    change_deg: float = 0.0
    travel_deg: float = 0.0
    return_deg: float = 0.0
    patience_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Protocol:
    """Steps in their order. name, title: what it is; site: how to wear the sensor meanwhile."""

    name: str
    title: str
    site: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is.

    step, say : the step's id and what to do now
    done, of  : repetitions of this step
    left_s    : how long still to be still; all of it while the pose is not held
    complaint : what was wrong last in this step, or ""
    returning : a repetition is done and the wearer is to come back
    finished, failed : all poses are there; it was given up, with the reason
    """

    step: str
    say: str
    done: int
    of: int
    left_s: float
    complaint: str
    finished: bool
    failed: str
    returning: bool = False


@dataclass(frozen=True, slots=True)
class _Slot:
    """A tenth of a second: n samples, their mean (g) and mean of squares, sums of rates and of their moments."""

    k: int
    start_s: float
    end_s: float
    n: int
    acc: Vec
    squares: Vec
    rate: Vec
    moments: tuple[float, ...]

    @property
    def sd_g(self) -> float:
        """Largest standard deviation of an axis."""
        return math.sqrt(max(0.0, *(s - a * a for s, a in zip(self.squares, self.acc, strict=True))))


@dataclass(slots=True)
class _Hold:
    """Slots in which the sensor kept still, and the sum of their means."""

    slots: list[_Slot] = field(default_factory=list[_Slot])
    total: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])

    @property
    def length_s(self) -> float:
        return len(self.slots) * SLOT_S

    def mean(self) -> Vec:
        n = len(self.slots)
        return self.total[0] / n, self.total[1] / n, self.total[2] / n

    def takes(self, slot: _Slot, step: Step) -> bool:
        """True while the sensor is as still as the step wants, and where it was."""
        if slot.sd_g * 1000.0 > step.still_mg:
            return False
        return not self.slots or math.dist(slot.acc, self.mean()) <= math.radians(step.still_deg)

    def add(self, slot: _Slot) -> None:
        self.slots.append(slot)
        for axis in range(3):
            self.total[axis] += slot.acc[axis]


class ProtocolRun:
    """One run of a protocol; feeds on samples. `poses` are those taken so far."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self.poses: list[Pose] = []
        self._rows: Samples | None = None
        self._number = 0
        self._done = 0
        self._returning = False
        self._hold = _Hold()
        self._held_here = False  # the present hold is one of the pose that is wanted
        self._wrong_here = ""  # what is wrong with it, if it was taken up since the last pose
        self._moved = False  # since the last pose
        self._last_k: int | None = None
        self._since_s: float | None = None  # when waiting for the present pose began
        self._from: Vec | None = None  # the pose before, or where the last repetition ended
        self._travelled_deg = 0.0
        self._bias: Vec = (0.0, 0.0, 0.0)
        self._turn = [0.0] * 6
        self._complaint = ""
        self._failed = ""

    # ------------------------------------------------------------ in

    def push(self, samples: Samples) -> None:
        """Take the next samples; blocks of any length."""
        for slot in self._slots(samples):
            self._take(slot)

    def finish(self) -> None:
        """No more samples: what is still missing is a failure."""
        if self._rows is not None and len(self._rows):
            for slot in _cut(self._rows, [0, len(self._rows)]):
                self._take(slot)
            self._rows = None
        if not self.finished and not self._failed:
            step = self._step
            times = f" ({self._done} of {step.times} done)" if step.times > 1 else ""
            self._fail(f"it ended in the step {step.id!r}{times}")

    # ------------------------------------------------------------ out

    @property
    def finished(self) -> bool:
        """All poses are there."""
        return self._number >= len(self._protocol.steps)

    @property
    def failed(self) -> str:
        """Why it was given up, or ""."""
        return self._failed

    @property
    def progress(self) -> Progress:
        """Where it is."""
        if self.finished:
            return Progress("", "", 0, 0, 0.0, "", finished=True, failed="")
        step = self._step
        need_s = BACK_S if self._returning else step.seconds + SETTLE_S
        held_s = self._hold.length_s if self._held_here else 0.0
        say = (step.back or step.say) if self._returning else step.say
        left_s = max(need_s - held_s, 0.0)
        return Progress(
            step.id,
            say,
            self._done,
            step.times,
            left_s,
            self._complaint,
            finished=False,
            failed=self._failed,
            returning=self._returning,
        )

    # ------------------------------------------------------------ samples to tenths of a second

    def _slots(self, samples: Samples) -> Iterator[_Slot]:
        if not len(samples):
            return
        rows = samples if self._rows is None else join((self._rows, samples))
        number = np.floor(rows.t_s / SLOT_S).astype(np.int64)
        edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist()]
        self._rows = rows.part(slice(edges[-1], len(rows)))
        yield from _cut(rows, edges)

    # ------------------------------------------------------------ tenths of a second to poses

    @property
    def _step(self) -> Step:
        return self._protocol.steps[self._number]

    def _take(self, slot: _Slot) -> None:
        if self.finished or self._failed:
            return
        step = self._step
        if self._since_s is None:
            self._since_s = slot.start_s
        if self._last_k is not None and slot.k - self._last_k > HOLE_SLOTS:
            self._break("no data for a moment: again")
        self._last_k = slot.k
        if not self._hold.takes(slot, step):
            self._break("you moved: again")
            if slot.sd_g * 1000.0 > step.still_mg:
                self._move(slot)
                self._patience(slot)
                return
        self._hold.add(slot)
        mean = self._hold.mean()
        if self._from is not None:
            self._travelled_deg = max(self._travelled_deg, separation_deg(unit_vec(slot.acc), self._from))
        wrong = self._wrong(step, unit_vec(mean))
        self._held_here = wrong is None
        if wrong is None and self._hold.length_s >= (BACK_S if self._returning else step.seconds + SETTLE_S) - 1e-9:
            self._accept(step, unit_vec(mean))
        elif wrong and self._hold.length_s > step.seconds + LINGER_S:
            self._complaint = wrong
        self._wrong_here = (wrong or "") if self._moved else ""
        self._patience(slot)

    def _move(self, slot: _Slot) -> None:
        """A slot of movement: how far it went, and about which axis."""
        self._moved = True
        if self._from is not None:
            self._travelled_deg = max(self._travelled_deg, separation_deg(unit_vec(slot.acc), self._from))
        self._add_turn(slot)

    def _add_turn(self, slot: _Slot) -> None:
        (wx, wy, wz), (bx, by, bz), n = slot.rate, self._bias, slot.n
        if not slot.moments:
            return
        xx, yy, zz, xy, xz, yz = slot.moments
        centred = (
            xx - 2.0 * bx * wx + n * bx * bx,
            yy - 2.0 * by * wy + n * by * by,
            zz - 2.0 * bz * wz + n * bz * bz,
            xy - bx * wy - by * wx + n * bx * by,
            xz - bx * wz - bz * wx + n * bx * bz,
            yz - by * wz - bz * wy + n * by * bz,
        )
        self._turn = [a + b for a, b in zip(self._turn, centred, strict=True)]

    def _break(self, complaint: str) -> None:
        """The sensor moved, and the hold is over."""
        if self._hold.length_s >= SETTLE_S + 0.5 and not self._returning:
            if self._held_here:
                self._complaint = complaint
            elif self._wrong_here:
                self._complaint = self._wrong_here
        self._moved = True
        self._end_hold()

    def _end_hold(self) -> None:
        """A long hold gives the gyroscope's bias and ends a movement; a short one is part of the movement."""
        hold, self._hold = self._hold, _Hold()
        self._held_here, self._wrong_here = False, ""
        if hold.length_s >= REST_S:
            n = sum(slot.n for slot in hold.slots)
            x, y, z = (sum(slot.rate[axis] for slot in hold.slots) / n for axis in range(3))
            self._bias = (x, y, z)
            self._turn = [0.0] * 6
        else:
            for slot in hold.slots:
                self._add_turn(slot)

    def _wrong(self, step: Step, up: Vec) -> str | None:
        """None where this is the pose wanted; else what to say about it, "" for nothing."""
        if not self.poses:
            return None
        first = unit_vec(self.poses[0].acc_g)
        from_first = separation_deg(up, first)
        if self._returning:
            return None if from_first <= step.return_deg else (step.back or "come back to where you began")
        if from_first < step.away_deg:
            tried = f"{from_first:.0f} degrees, at least {step.away_deg:.0f} are needed. {step.hint}".rstrip()
            return tried if from_first >= TRIED_DEG else ""
        if from_first > step.most_deg:
            return f"{from_first:.0f} degrees, at most {step.most_deg:.0f} are wanted. {step.hint}".rstrip()
        mine = [pose for pose in self.poses[len(self.poses) - self._done :] if pose.step == step.id]
        if any(separation_deg(up, unit_vec(pose.acc_g)) < step.apart_deg for pose in mine):
            return step.hint
        if mine and separation_deg(up, unit_vec(mine[0].acc_g)) > step.near_deg:
            return f"not the same way as before. {step.hint}".rstrip()
        if self._from is not None and separation_deg(up, self._from) < step.change_deg:
            return step.hint
        return None if self._travelled_deg >= step.travel_deg else ""

    def _accept(self, step: Step, up: Vec) -> None:
        """The hold is long enough."""
        self._complaint = ""
        self._since_s = self._hold.slots[-1].end_s
        if self._returning:
            self._returning = False
        else:
            self.poses.append(self._pose(step))
            self._done += 1
            self._returning = step.return_deg > 0.0
        self._from, self._travelled_deg = up, 0.0
        self._end_hold()
        self._moved = False
        if not self._returning and self._done == step.times:
            self._number += 1
            self._done = 0

    def _pose(self, step: Step) -> Pose:
        slots = self._hold.slots[-round(step.seconds / SLOT_S) :]
        n = sum(slot.n for slot in slots)
        x, y, z = (sum(slot.n * slot.acc[axis] for slot in slots) / n for axis in range(3))
        squares = [sum(slot.n * slot.squares[axis] for slot in slots) / n for axis in range(3)]
        sd_g = math.sqrt(max(0.0, *(s - a * a for s, a in zip(squares, (x, y, z), strict=True))))
        up = unit_vec((x, y, z))
        sway = sum(separation_deg(unit_vec(slot.acc), up) ** 2 for slot in slots) / len(slots)
        turn = tuple(self._turn) if any(self._turn) else ()
        return Pose(step.id, slots[0].start_s, slots[-1].end_s, (x, y, z), 1000.0 * sd_g, math.sqrt(sway), turn)

    def _patience(self, slot: _Slot) -> None:
        if self.finished or self._since_s is None:
            return
        step = self._step
        if slot.end_s - self._since_s > step.patience_s:
            times = f", time {self._done + 1} of {step.times}," if step.times > 1 else ""
            self._fail(f"the step {step.id!r}{times} was not done within {step.patience_s:.0f} seconds")

    def _fail(self, why: str) -> None:
        self._failed = f"{why}: {self._complaint}" if self._complaint else why


def _cut(rows: Samples, edges: Sequence[int]) -> Iterator[_Slot]:
    """Slots between the edges; every sum runs over the rows of its own slot alone."""
    for start, stop in pairwise(edges):
        acc = rows.acc_g[start:stop]
        rate, moments = (0.0, 0.0, 0.0), ()
        if rows.gyr_dps is not None:
            w = rows.gyr_dps[start:stop]
            x, y, z = w[:, 0], w[:, 1], w[:, 2]
            rate = vec(w.sum(axis=0))
            moments = tuple(float((a * b).sum()) for a, b in ((x, x), (y, y), (z, z), (x, y), (x, z), (y, z)))
        yield _Slot(
            k=math.floor(float(rows.t_s[start]) / SLOT_S),
            start_s=float(rows.t_s[start]),
            end_s=float(rows.t_s[stop - 1]),
            n=stop - start,
            acc=vec(acc.mean(axis=0)),
            squares=vec((acc * acc).mean(axis=0)),
            rate=rate,
            moments=moments,
        )
