"""Movements between two rests, measured: how far up, how much lean, how long. states/transitions.py names them.

Runs of rest and movement are followed on the 50 Hz grid. Where a movement has come to rest again, the height gained is
measured from rest to rest; while it goes on, and where it has gone on too long, a bank of templates looks for a rise at
its start and for a sit-down at its end.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from monitor.signal.alignment import angle_deg
from monitor.signal.epochs import GRID_HZ
from monitor.signal.movement import Movement
from monitor.signal.orientation import unit
from monitor.signal.rises import DURATIONS_S, MARGIN_POINTS, Bank, Match, gained_m, height_m
from monitor.states.transitions import Found, TransitionParams
from monitor.stream import Floats

REST_POINTS = 20  # at rest for this long: a rest, and not a turning point
SETTLED_POINTS = 36  # of the rest after a movement: what the sensor says at rest
BEFORE_POINTS = 40  # of the rest before it
PAUSE_POINTS = 70  # a shorter rest may be a pause in a movement: half-way into a low seat
WIDEN_POINTS = 20
REACH_POINTS = 75  # a movement begins (ends) within this of the rest beside it
AHEAD_POINTS = 10
BESIDE_POINTS = 15  # a template's end is not that of the movement to the point
SETTLING_S = 0.3  # and who rises into a walk straightens a little longer
CONFIRM_POINTS = 40  # a rise into walking is believed when nothing better has come for this long
SLIP_POINTS = 80  # a step of up, drawn out by the smoothing
HISTORY_POINTS = 10 * GRID_HZ


@dataclass(frozen=True, slots=True)
class _Rest:
    """A rest that is over: the grid point after it, and what was measured at its end."""

    end: int
    level: float
    up: Floats


class Movements:
    """Feeds on seconds; a movement comes out at most 2.5 s after its end."""

    def __init__(self, params: TransitionParams, *, gyro: bool) -> None:
        self._params = params
        self._gyro = gyro
        self._bank = Bank()
        self._begin()

    def _begin(self) -> None:
        self._movement = Movement(self._params.rest, gyro=self._gyro)
        self._late = self._movement.delay  # answers for points before the first one are dropped
        self._next_k: int | None = None
        self._first = 0  # grid point of _vertical[0]
        self._vertical: Floats = np.zeros(0)
        self._up: Floats = np.zeros((0, 3))
        self._spread_mg: Floats = np.zeros(0)
        self._step_deg: Floats = np.zeros(0)
        self._last_rows: Floats | None = None
        self._since: int | None = None  # start of the present run at rest
        self._rest: _Rest | None = None  # the last confirmed one
        self._answered = True  # whether the movement before the present rest has been judged
        self._paused: _Rest | None = None  # the rest before the last, where that was a mere pause in a movement
        self._moved = False  # whether the movement before the present rest changed the height
        self._told_until: int | None = None  # end of what has been named of the present movement while it goes on

    def push(self, k: int, rows: Floats) -> list[Found]:
        """Take the seconds [k, k + E): rows (E, 50, 6), acc (g) and up on the grid, in the sensor frame."""
        events: list[Found] = []
        if self._next_k is not None and k != self._next_k:
            events = self.flush()
        if self._next_k is None:
            self._first = k * GRID_HZ
        self._next_k = k + len(rows)
        self._last_rows = rows[-1, -1:]
        return events + self._take(rows.reshape(-1, 6))

    def flush(self) -> list[Found]:
        """The data end here: answer what is still owed, from what is known."""
        events: list[Found] = []
        if self._last_rows is not None:
            events = self._take(np.repeat(self._last_rows, self._movement.delay, axis=0))
            end = self._first + len(self._vertical)
            if self._since is not None and not self._answered and end - self._since >= REST_POINTS:
                events += self._rest_reached(self._since, end)
            elif self._since is None or end - self._since < REST_POINTS:
                events += self._still_moving(end, final=True)
        self._begin()
        return events

    def _take(self, rows: Floats) -> list[Found]:
        track = self._movement.push(rows[:, :3], rows[:, 3:])
        skip = min(self._late, len(rows))
        self._late -= skip
        rest = track.rest[skip:]
        start = self._first + len(self._vertical)
        self._vertical = np.concatenate((self._vertical, track.vertical[skip:]))
        self._up = np.concatenate((self._up, track.up[skip:]))
        self._spread_mg = np.concatenate((self._spread_mg, track.spread_mg[skip:]))
        self._step_deg = np.concatenate((self._step_deg, track.step_deg[skip:]))
        events = self._follow(start, rest)
        surplus = len(self._vertical) - HISTORY_POINTS
        if surplus > 0:
            self._first += surplus
            self._vertical, self._up = self._vertical[surplus:], self._up[surplus:]
            self._spread_mg, self._step_deg = self._spread_mg[surplus:], self._step_deg[surplus:]
        return events

    def _follow(self, start: int, rest: NDArray[np.bool_]) -> list[Found]:
        """Walk along the runs of rest and movement, second by second as they were measured."""
        events: list[Found] = []
        stop = start + len(rest)
        at = start
        while at < stop:
            # The delay puts the end of a measured second here.
            tick = min(at + GRID_HZ - (at + self._movement.delay) % GRID_HZ, stop)
            if not (self._since is not None and self._answered and rest[at - start : tick - start].all()):
                events += self._second(at, rest[at - start : tick - start])
            at = tick
        return events

    def _second(self, start: int, rest: NDArray[np.bool_]) -> list[Found]:
        events: list[Found] = []
        stop = start + len(rest)
        changes = (np.flatnonzero(np.diff(rest)) + 1).tolist()
        for first, last in zip([0, *changes], [*changes, len(rest)], strict=True):
            if rest[first]:
                if self._since is None:
                    self._since, self._answered = start + first, False
                if not self._answered and start + last - self._since >= SETTLED_POINTS:
                    events += self._rest_reached(self._since, self._since + SETTLED_POINTS)
            elif self._since is not None:
                events += self._rest_left(start + first)
        if self._since is None or stop - self._since < REST_POINTS:
            events += self._still_moving(stop, final=False)
        return events

    def _rest_left(self, end: int) -> list[Found]:
        """Movement begins at `end`."""
        since, self._since = self._since, None
        events: list[Found] = []
        if since is None or (end - since < REST_POINTS and not self._answered):
            return events  # a turning point inside a movement
        if not self._answered:
            events = self._rest_reached(since, end)
        back = max(since, end - BEFORE_POINTS)
        pause = end - since < PAUSE_POINTS and not self._moved
        self._paused = self._rest if pause else None
        self._rest = _Rest(end, float(self._vertical[self._cut(back, end)].mean()), self._mean_up(back, end))
        self._told_until = None
        return events

    def _cut(self, start: int, stop: int) -> slice:
        """Grid points [start, stop) as places in the arrays."""
        return slice(max(start - self._first, 0), max(stop - self._first, 0))

    def _mean_up(self, start: int, stop: int) -> Floats:
        return unit(self._up[self._cut(start, stop)].mean(axis=0)[None, :])[0]

    # ------------------------------------------------------------ what a movement was

    def _rest_reached(self, start: int, known: int) -> list[Found]:
        """At rest again since `start`; `known`: end of what may be used of this rest."""
        self._answered = True
        level = float(self._vertical[self._cut(start, known)].mean())
        up = self._mean_up(start, known)
        before = self._rest
        told = self._told_until is not None
        if before is None or told or (start - before.end) / GRID_HZ > self._params.longest_s:
            return self._into_rest(start, known, level, up)
        found = self._between(before, start, known, level, up)
        self._moved = found is not None and found.moved
        if found is None:
            return []
        paused = self._paused
        if paused is None or (start - paused.end) / GRID_HZ > self._params.longest_s:
            return [found]
        return [replace(found, whole=self._between(paused, start, known, level, up))]

    def _between(self, before: _Rest, start: int, known: int, level: float, up: Floats) -> Found | None:
        """From rest to rest."""
        p = self._params
        begin = before.end
        turned_deg = float(angle_deg(before.up[None, :], up)[0])
        slipped = (
            turned_deg >= (p.slip_deg if self._gyro else p.slip_acc_only_deg)
            and start - begin <= SLIP_POINTS
            and float(self._spread_mg[self._cut(begin, start)].max()) < p.slip_mg
            and float(self._step_deg[self._cut(begin - WIDEN_POINTS, start + WIDEN_POINTS)].max()) >= 0.8 * turned_deg
        )
        if (start - begin) / GRID_HZ < p.shortest_s and not slipped:
            return None
        height = height_m(self._vertical[self._cut(begin - WIDEN_POINTS, start + WIDEN_POINTS)], before.level, level)
        gained = float(height[-1])
        way = float(np.abs(np.diff(height)).sum())
        path = self._up[self._cut(begin, start)]
        from_before, from_after = angle_deg(path, before.up), angle_deg(path, up)
        return Found(
            known_k=self._second_of(known),
            start_s=begin / GRID_HZ,
            end_s=start / GRID_HZ,
            before=before.up,
            after=up,
            gained_m=gained,
            moved=p.least_m <= abs(gained) <= p.most_m and way <= p.winding * abs(gained),
            p=min(1.0, abs(gained) / 0.25) * (0.5 + 0.5 * min(1.0, abs(gained) / max(way, 1e-9))),
            lean_deg=float(np.minimum(from_before, from_after).max()),
            leaning_deg=float((from_before if gained < 0.0 else from_after).max()),
            path=path.copy(),
            slipped=slipped,
        )

    def _still_moving(self, known: int, *, final: bool) -> list[Found]:
        """A rise out of the last rest into a movement that goes on. final: no more data will come."""
        p = self._params
        rest = self._rest
        if rest is None or self._told_until is not None:
            return []
        if known - rest.end > round(p.longest_s * GRID_HZ) + GRID_HZ:
            return []
        first = max(rest.end - AHEAD_POINTS - MARGIN_POINTS, self._first)
        vertical = self._vertical[self._cut(first, known)]
        if final:
            vertical = np.concatenate((vertical, np.full(MARGIN_POINTS, vertical[-1] if len(vertical) else 0.0)))
        anchor = slice(rest.end - AHEAD_POINTS - first, rest.end + REACH_POINTS - first)
        match = self._bank.best(vertical, anchor, +1, (p.least_template_m, p.most_template_m))
        if match is None or match.explained < p.explained or first + match.last > known:
            return []
        if not final and known - (first + match.last) < CONFIRM_POINTS:
            return []
        after = self._up[min(first + match.last + BESIDE_POINTS, known - 1) - self._first]
        gained = gained_m(self._vertical[self._cut(rest.end, first + match.last + BESIDE_POINTS)], rest.level)
        times_s = rest.end / GRID_HZ, (first + match.last) / GRID_HZ + SETTLING_S
        found = self._one_end(match, first, times_s, gained, known, rested=(rest.up, after))
        if found:
            self._told_until = first + match.last
        return found

    def _into_rest(self, start: int, known: int, level: float, up: Floats) -> list[Found]:
        """A sit-down out of a longer movement into the rest that begins at `start`."""
        p = self._params
        reach = REACH_POINTS + round(DURATIONS_S[-1] * GRID_HZ) + AHEAD_POINTS + MARGIN_POINTS
        first = max(start - reach, self._first)
        vertical = self._vertical[self._cut(first, known)]
        anchor = slice(start - REACH_POINTS - first, start + AHEAD_POINTS - first)
        match = self._bank.best(vertical, anchor, -1, (p.least_template_m, p.most_template_m))
        if match is None or match.explained < p.explained:
            return []
        if self._told_until is not None and first + match.first < self._told_until:
            return []  # the end of a rise
        before = self._up[max(first + match.first - BESIDE_POINTS, self._first) - self._first]
        sunk = gained_m(self._vertical[self._cut(first + match.first - BESIDE_POINTS, start)][::-1], level)
        times_s = (first + match.first) / GRID_HZ, start / GRID_HZ
        return self._one_end(match, first, times_s, sunk, known, rested=(before, up))

    def _one_end(
        self,
        match: Match,
        first: int,
        times_s: tuple[float, float],
        height_m: float,
        known: int,
        *,
        rested: tuple[Floats, Floats],
    ) -> list[Found]:
        """A movement that a template explains, if height and lean bear it out.

        first: grid point that the match counts from; rested: up before and after it, of which one is at rest
        """
        p = self._params
        before, after = rested
        path = self._up[self._cut(first + match.first - AHEAD_POINTS, first + match.last + AHEAD_POINTS)]
        from_before, from_after = angle_deg(path, before), angle_deg(path, after)
        lean = float(np.minimum(from_before, from_after).max())
        leaning = float((from_before if match.moved_m > 0.0 else from_after).max())  # from the end at rest
        if leaning < p.leaning_deg or lean > p.bow_deg or height_m < p.least_gained_m:
            return []
        return [
            Found(
                known_k=self._second_of(known),
                start_s=times_s[0],
                end_s=times_s[1],
                before=before,
                after=after,
                gained_m=match.moved_m,
                moved=True,
                p=match.explained,
                lean_deg=lean,
                leaning_deg=leaning,
                path=path.copy(),
                from_rest_to_rest=False,
            )
        ]

    def _second_of(self, known: int) -> int:
        """The second whose data reach grid point `known`."""
        return (known + self._movement.delay - 1) // GRID_HZ
