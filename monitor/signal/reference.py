"""The wearer's zero: mean 'up' of level walking (the walking reference of Vaha-Ypya 2018), learnt without labels.

Every 8 s of uninterrupted level walking give one vector; the zero is the median of the last ones, so that it follows
slowly. Stairs tip the pelvis by up to 14 degrees: walking that is harder, slower or smoother than the wearer's usual is
left out. Two successive walks that agree with each other and not with the zero say that the clip has moved; the zero is
then theirs. One is enough where there is another reason to doubt the zero, and where up and down have changed places.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from monitor.signal.alignment import Vec, angle_deg, minimal_rotation, rotate, separation_deg
from monitor.signal.orientation import unit
from monitor.stream import Floats

UPSIDE_DOWN_DEG = 150.0


@dataclass(frozen=True, slots=True)
class ReferenceParams:
    """bout_s: seconds of walking that give one vector; keep: how many vectors the median runs over.

    harder, slower, smoother : how far a bout may be from the usual, as a ratio. One person's level walking keeps
                  1.13, 0.94 and 0.92; upstairs is smoother, downstairs harder (hapt, measured here)
    min_cadence_hz, most_cadence_hz, most_hard_g : below nobody walks, above one runs, and leans forward
    usual_bouts : how many bouts make a usual; forget_bouts: so many unusual ones in a row make another
    moved_deg   : angle to the zero beyond which the clip has moved (within a wear, bouts differ by 1.7 deg at most)
    turning_deg : a second that is so far from the mean of its bout belongs to no level walk
    apart_s     : a pause that makes two walks of one
    """

    bout_s: int = 8
    keep: int = 15
    min_cadence_hz: float = 1.2
    most_cadence_hz: float = 2.35
    most_hard_g: float = 0.55
    harder: float = 1.2
    slower: float = 0.93
    smoother: float = 0.87
    usual_bouts: int = 3
    forget_bouts: int = 20
    moved_deg: float = 3.0
    turning_deg: float = 30.0
    apart_s: int = 10
    # Assumed while there is only one vector; within-wear p90 is about 1 (facts, section 3).
    single_spread_deg: float = 1.0
    standing_spread_deg: float = 5.0  # of standing against walking, 2 to 10 (facts, section 3)


@dataclass(frozen=True, slots=True)
class Reference:
    """The zero: `up` (unit vector, sensor frame), how many bouts it rests on, and their median angle to it, deg."""

    up: Vec
    bouts: int
    spread_deg: float


@dataclass(frozen=True, slots=True)
class Moved:
    """The clip has moved: cause and since_s as in stream.ClipMoved; the zero before and after, unit, sensor frame."""

    cause: str
    before: Vec
    after: Vec
    since_s: float

    @property
    def angle_deg(self) -> float:
        """Between the two zeros."""
        return separation_deg(self.before, self.after)


@dataclass(frozen=True, slots=True)
class _Walked:
    """One bout: number of its walk, start in s, mean up."""

    walk: int
    since_s: float
    up: Vec


class ReferenceTracker:
    """Feeds on seconds; `current` is the zero, or None before the first walk."""

    def __init__(self, params: ReferenceParams, initial: Reference | None = None) -> None:
        self._params = params
        self.current = initial
        self.doubted: str = ""  # why the next walk is believed at once: a cause of stream.ClipMoved
        self._run: list[tuple[Vec, float, float, float]] = []
        self._vectors: deque[Vec] = deque(maxlen=params.keep)
        self._usual: deque[tuple[float, float, float]] = deque(maxlen=params.keep)
        self._unusual = 0  # bouts in a row
        self._idle_s = 0  # since the last walking second
        self._walk = 0  # number of the present walk
        self._suspects: list[_Walked] = []  # that do not fit the zero

    def push(
        self, t_s: float, acc_mean: Vec, hardness: float, cadence_hz: float, roughness: float, *, walking: bool
    ) -> tuple[bool, Moved | None]:
        """Take the second from t_s on: whether the zero changed, and whether that was because the clip has moved.

        acc_mean : g, sensor frame; hardness: sd of |acc|, g; cadence_hz: steps a second
        roughness: rms of the change of |acc| from grid point to grid point against its sd
        """
        if not walking:
            self._run.clear()
            self._idle_s += 1
            return False, None
        if self._idle_s >= self._params.apart_s:
            self._walk += 1
        self._idle_s = 0
        self._run.append((acc_mean, hardness, cadence_hz, roughness))
        if len(self._run) < self._params.bout_s:
            return False, None
        vectors, *measures = zip(*self._run, strict=True)
        self._run.clear()
        hard, cadence, rough = (float(np.median(np.array(each))) for each in measures)
        whole = np.array(vectors)
        mean = unit(np.mean(whole, axis=0)[None, :])[0].tolist()
        if float(angle_deg(unit(whole), np.array(mean)).max()) > self._params.turning_deg:
            return False, None  # still getting up, or bending down
        bout = _Walked(self._walk, t_s + 1.0 - self._params.bout_s, (mean[0], mean[1], mean[2]))
        if self.current is not None and separation_deg(bout.up, self.current.up) > UPSIDE_DOWN_DEG:
            return self._restart("upside-down", [bout])
        if not self._level(hard, cadence, rough):
            return False, None
        return self._walked(bout)

    def stood(self, up: Vec) -> bool:
        """Up of the wearer standing still, to do until the first walk. True where the zero changed."""
        if self.current is not None:
            return False
        self.current = Reference(up, 0, self._params.standing_spread_deg)
        return True

    def slipped(self, t_s: float, before: Vec, after: Vec) -> Moved | None:
        """The sensor turned from `before` to `after` (unit vectors of up) on a body at rest: the zero turns with it."""
        if self.current is None:
            return None
        old = self.current
        up = rotate(old.up, minimal_rotation(before, after))
        self.current = Reference(up, 0, self._params.standing_spread_deg)
        self._forget("step")
        return Moved("step", old.up, up, t_s)

    def taken_off(self) -> None:
        """The sensor was not worn: it may sit elsewhere now, so that one walk is enough to say so."""
        if self.current is not None and self.current.bouts > 0:
            self.doubted = "re-donned"
            self._suspects.clear()

    def pause(self) -> None:
        """A gap: a walk does not go on across it."""
        self._run.clear()
        self._idle_s = self._params.apart_s

    def _forget(self, doubt: str) -> None:
        self.doubted = doubt
        self._vectors.clear()
        self._suspects.clear()
        self._run.clear()

    def _walked(self, bout: _Walked) -> tuple[bool, Moved | None]:
        """A level bout, as a vector."""
        limit_deg = self._params.moved_deg
        # A zero from standing, or one mended after a step, is not that exact: walking takes its place without a word.
        exact = self.current is not None and self.current.bouts > 0
        away = exact and self.current is not None and separation_deg(bout.up, self.current.up) > limit_deg
        if self.doubted:
            cause, self.doubted = self.doubted, ""
            return self._restart(cause, [bout]) if away or cause == "step" else self._add(bout)
        if not away:
            self._suspects.clear()
            return self._add(bout)
        near = [each for each in self._suspects if separation_deg(each.up, bout.up) <= limit_deg]
        self._suspects = [*near, bout]
        if any(each.walk != bout.walk for each in near):
            return self._restart("walking", list(self._suspects))
        return False, None

    def _add(self, bout: _Walked) -> tuple[bool, Moved | None]:
        self._vectors.append(bout.up)
        self.current = self._median()
        return True, None

    def _restart(self, cause: str, bouts: list[_Walked]) -> tuple[bool, Moved | None]:
        old = self.current
        self._forget("")
        self._usual.clear()
        self._vectors.extend(each.up for each in bouts)
        self.current = self._median()
        return True, Moved(cause, old.up, self.current.up, bouts[0].since_s) if old else None

    def _level(self, hard: float, cadence_hz: float, rough: float) -> bool:
        """Whether this bout is the wearer's usual walking; the first few make the usual."""
        p = self._params
        if not p.min_cadence_hz <= cadence_hz <= p.most_cadence_hz or hard > p.most_hard_g:
            return False
        if len(self._usual) >= p.usual_bouts:
            usual_hard, usual_cadence, usual_rough = np.median(np.array(self._usual), axis=0).tolist()
            if (
                hard > p.harder * usual_hard
                or cadence_hz < p.slower * usual_cadence
                or rough < p.smoother * usual_rough
            ):
                self._unusual += 1
                if self._unusual >= p.forget_bouts:
                    self._usual.clear()
                return False
        self._unusual = 0
        self._usual.append((hard, cadence_hz, rough))
        return True

    def _median(self) -> Reference:
        vectors: Floats = np.array(self._vectors)
        up = unit(np.median(vectors, axis=0)[None, :])[0]
        spread = self._params.single_spread_deg
        if len(vectors) > 1:
            spread = max(float(np.median(angle_deg(vectors, up))), spread / len(vectors))
        return Reference((float(up[0]), float(up[1]), float(up[2])), len(vectors), spread)
