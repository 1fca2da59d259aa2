"""Posture at 1 s: a hidden Markov model of walking, sitting, standing and lying with a fixed lag.

Transitions in words: walking <-> standing is common, sitting <-> standing and lying <-> anything rare, walking <->
sitting rarer still. Evidence in each second: |acc| spread and periodicity speak for walking, the angle to the
walking reference for lying, sitting or standing. Without a reference, the last three cannot be told apart and the
answer is 'unknown'.
"""

import math
from collections import deque
from dataclasses import dataclass

from monitor.stream import Posture

STATES = (Posture.WALKING, Posture.SITTING, Posture.STANDING, Posture.LYING)
Four = tuple[float, float, float, float]

# Probability a second, row: from, column: to. Between 0.001 and 0.01, sitting <-> standing changes balanced accuracy on
# hapt (odd-numbered people) by 0.002; the higher, the sooner a change is believed.
TRANSITION: tuple[Four, Four, Four, Four] = (
    (0.965, 0.003, 0.030, 0.002),
    (0.001, 0.991, 0.006, 0.002),
    (0.030, 0.006, 0.962, 0.002),
    (0.002, 0.002, 0.002, 0.994),
)


@dataclass(frozen=True, slots=True)
class PostureParams:
    """Logistic midpoints and widths of the evidence; 11.6 and 64.9 deg are the cuts of Vaha-Ypya (2018)."""

    sit_mid_deg: float = 11.6
    sit_width_deg: float = 3.5
    lie_mid_deg: float = 64.9
    lie_width_deg: float = 4.0
    walk_mid_mg: float = 55.0
    walk_width_mg: float = 12.0
    walk_periodicity: float = 0.3
    floor: float = 0.02
    lag: int = 2  # seconds of later evidence; with the centred window the answer is 3 s late
    min_p: float = 0.6


def logistic(x: float) -> float:
    """1 / (1 + e^-x), safe for any x."""
    return 1.0 / (1.0 + math.exp(-x)) if x > -700.0 else 0.0


def evidence(angle_deg: float | None, sd_mg: float, periodicity: float, p: PostureParams) -> Four:
    """Likelihood of one second in each of STATES. angle_deg: from the walking reference, None where there is none."""
    walk = logistic((sd_mg - p.walk_mid_mg) / p.walk_width_mg) * min(1.0, max(0.0, periodicity) / p.walk_periodicity)
    static = 1.0 - walk
    if angle_deg is None:
        third = max(static / 3.0, p.floor)
        return (max(walk, p.floor), third, third, third)
    lie = logistic((angle_deg - p.lie_mid_deg) / p.lie_width_deg)
    sit = logistic((angle_deg - p.sit_mid_deg) / p.sit_width_deg)
    upright = static * (1.0 - lie)
    top = 1.0 - p.floor
    return (
        min(max(walk, p.floor), top),
        min(max(upright * sit, p.floor), top),
        min(max(upright * (1.0 - sit), p.floor), top),
        min(max(static * lie, p.floor), top),
    )


def _normal(v: Four) -> Four:
    total = v[0] + v[1] + v[2] + v[3]
    return (v[0] / total, v[1] / total, v[2] / total, v[3] / total)


def _forward(alpha: Four, e: Four) -> Four:
    a, b, c, d = alpha
    t = TRANSITION
    return _normal(
        (
            (a * t[0][0] + b * t[1][0] + c * t[2][0] + d * t[3][0]) * e[0],
            (a * t[0][1] + b * t[1][1] + c * t[2][1] + d * t[3][1]) * e[1],
            (a * t[0][2] + b * t[1][2] + c * t[2][2] + d * t[3][2]) * e[2],
            (a * t[0][3] + b * t[1][3] + c * t[2][3] + d * t[3][3]) * e[3],
        )
    )


def _backward(beta: Four, e: Four) -> Four:
    w, x, y, z = beta[0] * e[0], beta[1] * e[1], beta[2] * e[2], beta[3] * e[3]
    r0, r1, r2, r3 = TRANSITION
    return (
        r0[0] * w + r0[1] * x + r0[2] * y + r0[3] * z,
        r1[0] * w + r1[1] * x + r1[2] * y + r1[3] * z,
        r2[0] * w + r2[1] * x + r2[2] * y + r2[3] * z,
        r3[0] * w + r3[1] * x + r3[2] * y + r3[3] * z,
    )


class PostureModel:
    """Forward probabilities with `lag` seconds of look-back (fixed-lag smoothing)."""

    def __init__(self, params: PostureParams) -> None:
        self._params = params
        self._alphas: deque[Four] = deque(maxlen=params.lag + 1)
        self._evidence: deque[Four] = deque(maxlen=params.lag + 1)

    def push(self, e: Four) -> tuple[Posture, float] | None:
        """Take the evidence of one second; answer for the one `lag` before it (None in the first `lag` seconds)."""
        prior = self._alphas[-1] if self._alphas else (0.25, 0.25, 0.25, 0.25)
        self._alphas.append(_forward(prior, e))
        self._evidence.append(e)
        return self._answer() if len(self._alphas) > self._params.lag else None

    def drain(self) -> list[tuple[Posture, float]]:
        """End of the data: the answers still owed, oldest first; then the model is as new."""
        owed: list[tuple[Posture, float]] = []
        if len(self._alphas) > self._params.lag:
            self._alphas.popleft()
            self._evidence.popleft()
        while self._alphas:
            owed.append(self._answer())
            self._alphas.popleft()
            self._evidence.popleft()
        return owed

    @property
    def provisional(self) -> Posture:
        """Best answer for the newest second, without any later evidence."""
        return self._name(self._alphas[-1], self._evidence[-1])[0] if self._alphas else Posture.UNKNOWN

    def _answer(self) -> tuple[Posture, float]:
        beta: Four = (1.0, 1.0, 1.0, 1.0)
        for e in list(self._evidence)[:0:-1]:
            beta = _backward(beta, e)
        alpha = self._alphas[0]
        smoothed = _normal((alpha[0] * beta[0], alpha[1] * beta[1], alpha[2] * beta[2], alpha[3] * beta[3]))
        return self._name(smoothed, self._evidence[0])

    def _name(self, p: Four, e: Four) -> tuple[Posture, float]:
        """The best state and its probability, which is no higher than what this second alone speaks for.

        Seconds of one bout err together, so the model's own probability soon says 1.00 where 88 % are right (hapt); the
        evidence of the single second is right about as often as it says.
        """
        best = max(range(4), key=p.__getitem__)
        if p[best] < self._params.min_p:
            return Posture.UNKNOWN, 1.0 - p[best]
        return STATES[best], min(p[best], _normal(e)[best])
