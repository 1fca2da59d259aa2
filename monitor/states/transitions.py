"""Getting up, sitting down and lying down, as movements of their own: not read off the posture, but evidence beside it.

A second with a good match becomes a candidate; of candidates that overlap, the best one is a transition. It
must start (rise) or end (sit-down) in stillness. In walking there is none on either side, so stairs and stumbles do not
count. Lying before or after, told by the angle to the zero, makes it lie-to-sit or sit-to-lie. A deep bow and
straightening up move the pelvis much as sitting down and rising do, and are at times taken for them.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from monitor.signal.alignment import Vec, separation_deg
from monitor.signal.epochs import GRID_HZ
from monitor.signal.rises import AFTER_S, BEFORE_S, DURATIONS_S, PAD_S, Bank, quietest_mg
from monitor.stream import Floats, Transition

STIR_G = 0.02  # range of |acc| in a second below which nothing moves: the slowest rise makes 0.02
RESTLESS_G = 0.2  # range in every second above which nothing is still: 25 mg of spread stays far below it
SPAN_S = BEFORE_S + 1 + AFTER_S
SETTLE_S = 5  # whole seconds until no better candidate can come: the longest reach, and one


@dataclass(frozen=True, slots=True)
class TransitionParams:
    """Displacement in m and share of the energy explained that make a candidate; stillness, mg; the rest in s, deg."""

    least_m: float = 0.18
    most_m: float = 0.9
    rise_explained: float = 0.45
    sit_down_explained: float = 0.40
    quiet_mg: float = 25.0
    apart_s: float = 1.3
    lying_deg: float = 60.0


@dataclass(frozen=True, slots=True)
class _Candidate:
    centre_s: float
    duration_s: float
    moved_m: float
    explained: float


class Transitions:
    """Feeds on seconds; a transition comes out some six seconds after its end."""

    def __init__(self, params: TransitionParams) -> None:
        self._params = params
        self._bank = Bank()
        self._seconds: deque[tuple[int, Floats]] = deque(maxlen=SPAN_S)
        self._ups: deque[tuple[int, Vec]] = deque(maxlen=2 * SPAN_S)
        self._candidates: list[_Candidate] = []
        self._searched_s = -np.inf  # centres before it have been looked at
        self._known_s = (0.0, 0.0)  # start and end of the data in one piece; beyond, a constant stands in

    def push(self, k: int, vm: Floats, up: Vec, zero: Vec | None) -> list[Transition]:
        """Take the second [k, k + 1): |acc| on the grid (50,), g, up and the zero, both in the sensor frame."""
        events: list[Transition] = []
        if self._seconds and k != self._seconds[-1][0] + 1:
            events = self.flush(zero)
        if not self._seconds:
            self._known_s = (float(k), 0.0)
            self._seconds.extend((k - j, np.full(GRID_HZ, vm[0])) for j in range(BEFORE_S, 0, -1))
        self._seconds.append((k, vm))
        self._known_s = (self._known_s[0], k + 1.0)
        self._ups.append((k, up))
        return events + self._search(zero)

    def flush(self, zero: Vec | None) -> list[Transition]:
        """The data end here: answer what is still owed, from what is known."""
        events: list[Transition] = []
        if self._seconds:
            k, vm = self._seconds[-1]
            for j in range(AFTER_S + SETTLE_S):
                self._seconds.append((k + 1 + j, np.full(GRID_HZ, vm[-1])))
                events += self._search(zero)
        self._seconds.clear()
        self._ups.clear()
        self._candidates.clear()
        self._searched_s = -np.inf
        return events

    def _search(self, zero: Vec | None) -> list[Transition]:
        if len(self._seconds) < SPAN_S:
            return []
        k = self._seconds[BEFORE_S][0]
        vm = np.concatenate([row for _, row in self._seconds])
        candidate = self._best(k, vm) if self._moving_beside_stillness(vm) else None
        if candidate:
            self._candidates.append(candidate)
        return self._settled(k + 1.0, zero)

    def _moving_beside_stillness(self, vm: Floats) -> bool:
        """Cheap look before the search: most seconds of a day are either still throughout or moving throughout."""
        rows = vm.reshape(SPAN_S, GRID_HZ)
        spread = rows.max(axis=1) - rows.min(axis=1)
        return float(spread.max()) > STIR_G and float(spread.min()) < RESTLESS_G

    def _best(self, k: int, vm: Floats) -> _Candidate | None:
        """The best match centred in second k that starts or ends in stillness."""
        p = self._params
        moved, explained = self._bank.match(vm)
        needed = np.where(moved > 0.0, p.rise_explained, p.sit_down_explained)
        fits = (np.abs(moved) >= p.least_m) & (np.abs(moved) <= p.most_m) & (explained >= needed)
        if not fits.any():
            return None
        row, column = np.unravel_index(int(np.argmax(np.where(fits, explained, 0.0))), fits.shape)
        duration_s = DURATIONS_S[int(row)]
        centre = BEFORE_S * GRID_HZ + int(column)
        half = round(duration_s / 2.0 * GRID_HZ)
        known = slice(
            max(round((self._known_s[0] - k + BEFORE_S) * GRID_HZ), 0),
            round((self._known_s[1] - k + BEFORE_S) * GRID_HZ),
        )
        pad = round(PAD_S * GRID_HZ)
        if centre - half - pad < known.start or centre + half + pad > known.stop:
            return None  # seen in part only
        if moved[row, column] > 0.0:
            beside = vm[max(centre - half - round(1.6 * GRID_HZ), known.start) : centre - half + round(0.2 * GRID_HZ)]
        else:
            beside = vm[max(centre + half - round(0.2 * GRID_HZ), 0) : min(centre + half + 2 * GRID_HZ, known.stop)]
        if quietest_mg(beside) > p.quiet_mg:
            return None
        centre_s = k + int(column) / GRID_HZ
        return _Candidate(centre_s, duration_s, float(moved[row, column]), float(explained[row, column]))

    def _settled(self, searched_s: float, zero: Vec | None) -> list[Transition]:
        """Candidates that nothing better stands beside, once all is searched that could be better."""
        events: list[Transition] = []
        for each in self._candidates:
            ready_s = each.centre_s + self._reach_s(each.duration_s, DURATIONS_S[-1])
            if not self._searched_s < ready_s <= searched_s:
                continue  # too early, or answered before
            near = [
                c
                for c in self._candidates
                if c is not each and abs(c.centre_s - each.centre_s) <= self._reach_s(each.duration_s, c.duration_s)
            ]
            if all(c.explained < each.explained for c in near):
                events.append(self._named(each, zero))
        self._searched_s = searched_s
        self._candidates = [c for c in self._candidates if c.centre_s >= searched_s - 2.0 * SETTLE_S]
        return events

    def _reach_s(self, one_s: float, other_s: float) -> float:
        """How far apart the middles of two movements must be: they neither overlap nor stand too close."""
        return max(self._params.apart_s, (one_s + other_s) / 2.0)

    def _named(self, c: _Candidate, zero: Vec | None) -> Transition:
        start_s, end_s = c.centre_s - c.duration_s / 2.0, c.centre_s + c.duration_s / 2.0
        before, after = self._up_at(start_s - 1.0), self._up_at(end_s + 1.0)
        limit = self._params.lying_deg
        kind = "sit-to-stand" if c.moved_m > 0.0 else "stand-to-sit"
        if zero and before and separation_deg(before, zero) > limit:
            kind = "lie-to-sit"
        elif zero and after and separation_deg(after, zero) > limit:
            kind = "sit-to-lie"
        return Transition(kind, round(start_s, 2), round(end_s, 2), round(c.explained, 4))

    def _up_at(self, t_s: float) -> Vec | None:
        """Up of the second that holds t_s, or of the nearest one there is."""
        if not self._ups:
            return None
        return min(self._ups, key=lambda each: abs(each[0] + 0.5 - t_s))[1]
