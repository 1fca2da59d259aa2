"""Posture at 1 s: a hidden Markov model of walking, sitting, standing and lying with a fixed lag.

Walking <-> standing is common; sitting <-> standing and lying <-> anything else happen where a transition was seen, and
hardly ever without. Evidence in each second: |acc| spread and periodicity speak for walking, the angle to the walking
reference for lying, sitting or standing. That angle is one observation a bout, not one a second: people keep it for
minutes, and sit upright at times. So it counts in full only where it is new, and very little while it stays the same.
Without a reference sitting, standing and lying cannot be told apart and the answer is 'unknown'.
"""

import math
from collections import deque
from dataclasses import dataclass

from monitor.signal.alignment import Vec, rotate, separation_deg
from monitor.stream import Floats, Posture, Transition

STATES = (Posture.WALKING, Posture.SITTING, Posture.STANDING, Posture.LYING)
Four = tuple[float, float, float, float]
Matrix = tuple[Four, Four, Four, Four]
NEUTRAL: Four = (1.0, 1.0, 1.0, 1.0)

# Probability a second of changing without a transition seen, row: from, column: to, in the order of STATES.
# Rises and sit-downs are missed at times, above all out of walking. From lying one comes to sit before one stands.
# Sitting and standing are left about as often in all, so that an hour without evidence drifts to neither.
UNSEEN: Matrix = (
    (0.0, 0.002, 0.05, 0.002),
    (0.0002, 0.0, 0.0001, 0.002),
    (0.0012, 0.0001, 0.0, 0.001),
    (0.0001, 0.2, 0.0005, 0.0),
)
# Which changes a transition speaks for: (from, to), as places in STATES.
CHANGES: dict[str, tuple[tuple[int, int], ...]] = {
    "sit-to-stand": ((1, 2),),
    "stand-to-sit": ((2, 1), (0, 1)),
    "lie-to-sit": ((3, 1),),
    "sit-to-lie": ((1, 3), (2, 3)),
}
ARRIVES = {"sit-to-stand": Posture.STANDING, "stand-to-sit": Posture.SITTING, "lie-to-sit": Posture.SITTING}


@dataclass(frozen=True, slots=True)
class PostureParams:
    """Logistic midpoints and widths of the evidence; near the cuts 11.6 and 64.9 deg of Vaha-Ypya (2018).

    sit_most, stand_most     : most that an angle speaks (log likelihood ratio) for sitting, standing: upright sitting
                               is common, slouched standing is not
    recline_deg              : between these angles one may lie propped up or sit reclined: it counts recline_weight
    walk_own_share           : spread of |acc| in the window that a walking second has at most, for each mg of its own
    fresh_deg, fresh_weight  : an angle that changed by fresh_deg counts fresh_weight a second until it is remembered
    memory_s, steady_s       : how long until an angle is remembered; a steady one counts 1 / steady_s a second
    seen_p                   : probability of the change where a transition with p = 1 was seen
    sitting_styles_deg       : the wearer's own sitting angles to the zero, from guided alignment
    style_deg, style_weight  : a posture that the wearer named counts style_weight a second within style_deg of it
    """

    sit_mid_deg: float = 12.0
    sit_width_deg: float = 4.0
    sit_most: float = 4.0
    stand_most: float = 2.0
    lie_mid_deg: float = 64.9
    lie_width_deg: float = 4.0
    recline_deg: tuple[float, float] = (50.0, 80.0)
    recline_weight: float = 0.1
    walk_mid_mg: float = 55.0
    walk_width_mg: float = 12.0
    walk_periodicity: float = 0.3
    walk_own_share: float = 1.2
    fresh_deg: float = 3.0
    fresh_weight: float = 0.07
    memory_s: float = 8.0
    steady_s: float = 60.0
    seen_p: float = 0.98
    sitting_styles_deg: tuple[float, ...] = ()
    style_deg: float = 4.0
    style_weight: float = 1.0
    floor: float = 0.02
    lag: int = 2  # seconds of later evidence; with the centred window the answer is 3 s late
    min_p: float = 0.55


def logistic(x: float) -> float:
    """1 / (1 + e^-x), safe for any x."""
    return 1.0 / (1.0 + math.exp(-x)) if x > -700.0 else 0.0


def between(x: float, low: float, high: float) -> float:
    """x, or the limit that it passes."""
    return min(max(x, low), high)


def sitting_cut_deg(p: PostureParams) -> float:
    """Angle at which sitting and standing are as likely: half-way to the wearer's most upright style, 6 to 25 deg."""
    return between(min(p.sitting_styles_deg) / 2.0, 6.0, 25.0) if p.sitting_styles_deg else p.sit_mid_deg


def with_seen(kind: str, p: float, params: PostureParams) -> Matrix:
    """Probabilities a second where a transition of this kind was seen with confidence p."""
    rows = [list(row) for row in UNSEEN]
    for origin, target in CHANGES.get(kind, ()):
        rows[origin][target] = params.seen_p * max(p, 1e-6) ** 0.3
    return _staying(rows)


def _staying(rows: list[list[float]]) -> Matrix:
    """Fill the diagonal so that each row sums to 1; other changes give way to a seen one."""
    for place, row in enumerate(rows):
        row[place] = 0.0
        total = sum(row)
        if total > 1.0:
            row[:] = [value / total for value in row]
        row[place] = max(1.0 - sum(row), 0.0)
    a, b, c, d = ((row[0], row[1], row[2], row[3]) for row in rows)
    return a, b, c, d


USUAL: Matrix = _staying([list(row) for row in UNSEEN])


def _normal(v: Four) -> Four:
    total = v[0] + v[1] + v[2] + v[3]
    return (v[0] / total, v[1] / total, v[2] / total, v[3] / total)


def _forward(alpha: Four, t: Matrix, e: Four) -> Four:
    a, b, c, d = alpha
    return _normal(
        (
            (a * t[0][0] + b * t[1][0] + c * t[2][0] + d * t[3][0]) * e[0],
            (a * t[0][1] + b * t[1][1] + c * t[2][1] + d * t[3][1]) * e[1],
            (a * t[0][2] + b * t[1][2] + c * t[2][2] + d * t[3][2]) * e[2],
            (a * t[0][3] + b * t[1][3] + c * t[2][3] + d * t[3][3]) * e[3],
        )
    )


def _backward(beta: Four, t: Matrix, e: Four) -> Four:
    w, x, y, z = beta[0] * e[0], beta[1] * e[1], beta[2] * e[2], beta[3] * e[3]
    r0, r1, r2, r3 = t
    return (
        r0[0] * w + r0[1] * x + r0[2] * y + r0[3] * z,
        r1[0] * w + r1[1] * x + r1[2] * y + r1[3] * z,
        r2[0] * w + r2[1] * x + r2[2] * y + r2[3] * z,
        r3[0] * w + r3[1] * x + r3[2] * y + r3[3] * z,
    )


@dataclass(slots=True)
class _Pending:
    k: int
    evidence: Four
    matrix: Matrix


class PostureModel:
    """Forward probabilities with `lag` seconds of look-back (fixed-lag smoothing)."""

    def __init__(self, params: PostureParams) -> None:
        self._params = params
        self._cut_deg = sitting_cut_deg(params)
        self._alpha: Four = (0.25, 0.25, 0.25, 0.25)  # before the oldest pending second
        self._pending: deque[_Pending] = deque()
        self._seen: dict[int, Transition] = {}
        self._memory: Vec | None = None  # up as it has been lately
        self._known_s = 0  # how long there has been a memory
        self._named: list[tuple[Vec, Posture]] = []  # what the wearer said, with up at that time
        self._arrived: Posture | None = None  # where the last rise or sit-down seen since the last walk has led

    # ------------------------------------------------------------ evidence

    def evidence(self, up: Vec, angle_deg: float | None, sd_mg: float, periodicity: float) -> Four:
        """Likelihood of one second in each of STATES.

        up        : sensor frame; angle_deg: from the walking reference, None where there is none
        sd_mg     : spread of |acc| in and around the second; periodicity: as signal.gait has it
        """
        p = self._params
        walk = logistic((sd_mg - p.walk_mid_mg) / p.walk_width_mg) * min(
            1.0, max(0.0, periodicity) / p.walk_periodicity
        )
        static = 1.0 - walk
        if walk > 0.5:
            self._arrived = None
        if angle_deg is None:
            third = max(static / 3.0, p.floor)
            return (max(walk, p.floor), third, third, third)
        lie = between((angle_deg - p.lie_mid_deg) / p.lie_width_deg, -6.0, 6.0)
        if p.recline_deg[0] < angle_deg < p.recline_deg[1]:
            lie *= p.recline_weight
        lying = logistic(lie)
        sitting = logistic(self._sitting_ratio(up, angle_deg))
        upright = 2.0 * static * (1.0 - lying)
        return (
            max(walk, p.floor),
            max(upright * sitting, p.floor),
            max(upright * (1.0 - sitting), p.floor),
            max(static * lying, p.floor),
        )

    def _sitting_ratio(self, up: Vec, angle_deg: float) -> float:
        """Log likelihood ratio of sitting to standing that this second adds."""
        p = self._params
        memory = self._memory or up
        news = separation_deg(up, memory) if self._known_s >= p.memory_s else p.fresh_deg  # at first all is new
        self._known_s += 1
        share = 1.0 / p.memory_s
        x, y, z = (m + share * (u - m) for m, u in zip(memory, up, strict=True))
        norm = math.sqrt(x * x + y * y + z * z)
        self._memory = (x / norm, y / norm, z / norm) if norm > 0.0 else up
        ratio = between((angle_deg - self._cut_deg) / p.sit_width_deg, -p.stand_most, p.sit_most)
        weight = p.fresh_weight * min(1.0, (news / p.fresh_deg) ** 2)
        # A steady upright trunk says nothing more: seated people hold it for an hour.
        steady = 1.0 / p.steady_s if ratio > 0.0 else 0.0
        return ratio * (weight + steady) + self._named_ratio(up)

    def _named_ratio(self, up: Vec) -> float:
        """What the wearer said of such an up; against a rise or a sit-down that was seen it does not count."""
        p = self._params
        nearest, posture = p.style_deg, None
        for each, name in self._named:
            away = separation_deg(up, each)
            if away < nearest:
                nearest, posture = away, name
        if posture is None or self._arrived not in {None, posture}:
            return 0.0
        return p.style_weight if posture is Posture.SITTING else -p.style_weight

    def see(self, transition: Transition) -> None:
        """A transition was found; it speaks for the change into the second in which it ended."""
        if transition.kind not in CHANGES:
            return
        if transition.p >= 0.5:
            self._arrived = ARRIVES.get(transition.kind, self._arrived)
        # One that was told too late counts for the oldest second that still waits.
        k = int(transition.end_s)
        k = max(k, self._pending[0].k) if self._pending else k
        for each in self._pending:
            if each.k == k:
                each.matrix = with_seen(transition.kind, transition.p, self._params)
                return
        self._seen[k] = transition

    def correct(self, posture: Posture, up: Vec | None) -> None:
        """The wearer says what it is just now: believed at once, and remembered for this direction of up."""
        if posture not in STATES:
            return
        sure = tuple(1.0 if state is posture else self._params.floor**2 for state in STATES)
        self._alpha = _normal((sure[0], sure[1], sure[2], sure[3]))
        for each in self._pending:
            each.evidence, each.matrix = NEUTRAL, USUAL
        self._arrived = None
        if up is not None and posture in {Posture.SITTING, Posture.STANDING}:
            self._named = [each for each in self._named if separation_deg(each[0], up) >= self._params.style_deg]
            self._named.append((up, posture))

    def turn(self, rotation: Floats) -> None:
        """The sensor sits another way now: what is remembered in its frame turns with it."""
        self._memory = rotate(self._memory, rotation) if self._memory else None
        self._named = [(rotate(up, rotation), posture) for up, posture in self._named]

    # ------------------------------------------------------------ answers

    def push(self, k: int, e: Four) -> tuple[Posture, float] | None:
        """Take the evidence of second k; answer for the one `lag` before it (None in the first `lag` seconds)."""
        seen = self._seen.pop(k, None)
        matrix = USUAL if seen is None else with_seen(seen.kind, seen.p, self._params)
        self._pending.append(_Pending(k, e, matrix))
        return self._answer() if len(self._pending) > self._params.lag else None

    def drain(self) -> list[tuple[Posture, float]]:
        """End of the data: the answers still owed, oldest first; then the model is as new."""
        owed: list[tuple[Posture, float]] = []
        while self._pending:
            owed.append(self._answer())
        self._alpha = (0.25, 0.25, 0.25, 0.25)
        self._seen.clear()
        return owed

    @property
    def provisional(self) -> Posture:
        """Best answer for the newest second, without any later evidence."""
        if not self._pending:
            return Posture.UNKNOWN
        alpha = self._alpha
        for each in self._pending:
            alpha = _forward(alpha, each.matrix, each.evidence)
        return self._name(alpha)[0]

    def _answer(self) -> tuple[Posture, float]:
        oldest = self._pending.popleft()
        self._alpha = alpha = _forward(self._alpha, oldest.matrix, oldest.evidence)
        beta: Four = (1.0, 1.0, 1.0, 1.0)
        for each in reversed(self._pending):
            beta = _backward(beta, each.matrix, each.evidence)
        smoothed = _normal((alpha[0] * beta[0], alpha[1] * beta[1], alpha[2] * beta[2], alpha[3] * beta[3]))
        return self._name(smoothed)

    def _name(self, p: Four) -> tuple[Posture, float]:
        """The best state and its probability."""
        best = max(range(4), key=p.__getitem__)
        if p[best] < self._params.min_p:
            return Posture.UNKNOWN, 1.0 - p[best]
        return STATES[best], p[best]
