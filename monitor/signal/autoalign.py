"""Which way is forward, for a wearer who never calibrates: from walking and from the lean in rises, sit-downs and bows.

Walking: the trunk is an inverted pendulum over the foot, lowest and fastest while both feet are down. So forward and
vertical acceleration share the step frequency, and the forward one leads by a quarter of a step (Zijlstra & Hof 2003;
Kong 2016 found the axis, without its sign, likewise). Going downstairs and running turn the sign round; limits on
rhythm, strength and phase leave most of that out. Leans: whoever rises or sits down brings the trunk forward of both
ends of the movement. How it leans at rest says nothing, for one may sit slumped or bent forward.

Each 8 s of walking is one vote; each lean is half of one, for in some people the sacrum turns backward first. Votes far
from the best-supported direction are outvoted; nothing is said before enough agree and few do not.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.signal.alignment import Vec, vec
from monitor.signal.epochs import GRID_HZ
from monitor.stream import Floats

Source: TypeAlias = Literal["walking", "leans", "walking and leans"]

WALK_S = 8  # seconds of walking in one vote, as in the walking reference
PIECE_POINTS = 2 * GRID_HZ  # pieces of 2 s, half overlapping, for the cross-spectrum (Welch 1967)
SPECTRUM_POINTS = 2048  # zero-padded: 0.024 Hz apart
SAME_COS = math.cos(math.radians(45.0))  # votes within 45 degrees say the same

_WINDOW = np.hanning(WALK_S * GRID_HZ + 2)[1:-1]
_PIECE_WINDOW = np.hanning(PIECE_POINTS + 2)[1:-1] * (4.0 / (PIECE_POINTS + 1))
_HZ = np.fft.rfftfreq(SPECTRUM_POINTS, 1.0 / GRID_HZ)
_LOW, _HIGH = np.searchsorted(_HZ, (1.2, 3.3)).tolist()


@dataclass(frozen=True, slots=True)
class AutoAlignParams:
    """What counts as a vote, and when votes are believed.

    fastest_hz               : most steps a second of a walk
    least_g, most_g          : amplitude of the vertical acceleration at the step frequency
    least_forward            : forward amplitude for each unit of vertical; going downstairs has less
    least_coherence          : of both, over the pieces of a walk
    least_quadrature         : sine of the phase by which forward leads
    most_crosswise           : horizontal movement across the main direction, for each unit along it
    overshoot_deg            : least lean forward of both ends of a movement, less that backward
    most_crooked             : spread of a lean across its main direction, for each unit along it
    most_apart_deg           : between both ends of a movement that still is a rise or a sit-down
    keep_walks, keep_leans   : how many of the last votes count
    lean_share               : what a lean counts against a walk
    least_votes, most_against: to begin with: how many have to agree; others for each that agrees
    vote_sd_deg              : spread of single votes, assumed as if seen in `prior_votes` of them
    walk_bias_sd_deg, lean_bias_sd_deg : what more votes of the same kind cannot mend, over people
    """

    fastest_hz: float = 2.35
    least_g: float = 0.04
    most_g: float = 0.75
    least_forward: float = 0.35
    least_coherence: float = 0.93
    least_quadrature: float = 0.7
    most_crosswise: float = 0.3
    overshoot_deg: float = 6.0
    most_crooked: float = 0.2
    most_apart_deg: float = 50.0
    keep_walks: int = 16
    keep_leans: int = 12
    lean_share: float = 0.5
    least_votes: float = 1.5
    most_against: float = 0.25
    vote_sd_deg: float = 4.0
    prior_votes: float = 4.0
    walk_bias_sd_deg: float = 5.0
    lean_bias_sd_deg: float = 4.0


@dataclass(frozen=True, slots=True)
class Anterior:
    """The wearer's forward direction: unit vector in the sensor frame, across the zero it was asked for.

    sd_deg : its standard uncertainty about the zero; a tilt of d degrees shows as up to d * sin(sd) of obliquity
    votes  : how many agree
    """

    anterior: Vec
    sd_deg: float
    source: Source
    votes: int


class AutoAlign:
    """Feeds on seconds and on movements; `anterior` answers."""

    def __init__(self, params: AutoAlignParams) -> None:
        self._params = params
        self._run: list[Floats] = []
        self._walks: deque[Vec] = deque(maxlen=params.keep_walks)
        self._leans: deque[Vec] = deque(maxlen=params.keep_leans)
        self._sure = False

    # ------------------------------------------------------------ in

    def second(self, acc_g: Floats, *, walking: bool) -> bool:
        """Take one second on the grid, acc (50, 3), g, sensor frame. True where the answer may have changed."""
        if not walking:
            self._run.clear()
            return False
        if len(self._run) == WALK_S:
            return False  # this walk has had its say
        self._run.append(acc_g)
        if len(self._run) < WALK_S:
            return False
        walk = np.concatenate(self._run)
        # With plenty of votes one a walk is enough, and they reach further back.
        if len(self._walks) < self._params.keep_walks:
            self._run.clear()
        return self._add(self._walks, forward_of_walk(walk, self._params))

    def lean(self, path: Floats, before: Floats, after: Floats, *, rising: bool) -> bool:
        """Take a rise or a sit-down: up on its way, (N, 3), and at rest before and after, (3,); True as in `second`.

        Unit vectors in the sensor frame. A bow may be one backward, in a chair that tips: do not feed it.
        """
        return self._add(self._leans, forward_of_lean(path, before, after, self._params, rising=rising))

    def pause(self) -> None:
        """A gap: a walk does not go on across it."""
        self._run.clear()

    def turned(self, rotation: Floats) -> None:
        """The clip has moved: rotation (3, 3) takes vectors of the sensor frame before to those after."""
        self._run.clear()
        for votes in (self._walks, self._leans):
            moved: list[list[float]] = [(rotation @ np.asarray(vote)).tolist() for vote in votes]
            votes.clear()
            votes.extend((x, y, z) for x, y, z in moved)

    def forget(self) -> None:
        """The clip was taken off: begin anew."""
        self._run.clear()
        self._walks.clear()
        self._leans.clear()
        self._sure = False

    def _add(self, votes: deque[Vec], vote: Vec | None) -> bool:
        if vote is None:
            return False
        votes.append(vote)
        counts, agrees = self._counts(), self._agreeing()
        agreeing, others = float(counts[agrees].sum()), float(counts[~agrees].sum())
        if self._sure:
            self._sure = agreeing > others
        else:
            p = self._params
            self._sure = agreeing >= p.least_votes and others <= p.most_against * agreeing
        return True

    # ------------------------------------------------------------ out

    def anterior(self, up: Vec) -> Anterior | None:
        """Forward, across the zero `up` (unit vector, sensor frame); None until the votes are sure of it."""
        if not self._sure:
            return None
        votes = np.array([*self._walks, *self._leans])
        agrees = self._agreeing()
        y = np.asarray(up)
        x = votes[agrees].sum(axis=0)
        x -= float(x @ y) * y
        length = math.sqrt(float(x @ x))
        if length < 0.1 * agrees.sum():
            return None  # a zero that lies along what was forward: the clip sits otherwise than it did
        x /= length
        z = np.cross(x, y)
        angles = np.rad2deg(np.arctan2(votes @ z, votes @ x))
        walks = angles[: len(self._walks)][agrees[: len(self._walks)]]
        leans = angles[len(self._walks) :][agrees[len(self._walks) :]]
        p = self._params
        kinds = [
            (float(np.median(a)), self._variance(a, bias_deg))
            for a, bias_deg in ((walks, p.walk_bias_sd_deg), (leans, p.lean_bias_sd_deg))
            if len(a)
        ]
        weight = sum(1.0 / variance for _, variance in kinds)
        mean = sum(angle / variance for angle, variance in kinds) / weight
        # Kinds further apart than their uncertainties allow widen the answer (Birge 1932).
        apart = sum((angle - mean) ** 2 / variance for angle, variance in kinds)
        turn = math.radians(mean)
        source: Source = "walking and leans" if len(kinds) == 2 else "walking" if len(walks) else "leans"
        forward = vec(math.cos(turn) * x + math.sin(turn) * z)
        return Anterior(forward, math.sqrt(max(1.0, apart) / weight), source, int(agrees.sum()))

    def _counts(self) -> Floats:
        """What each vote counts, (V,), walks, then leans."""
        return np.array([1.0] * len(self._walks) + [self._params.lean_share] * len(self._leans))

    def _agreeing(self) -> NDArray[np.bool_]:
        """(V,): the votes that say what most of them say."""
        votes = np.array([*self._walks, *self._leans])
        same = votes @ votes.T > SAME_COS
        return same[int(np.argmax(same @ self._counts()))]

    def _variance(self, angles_deg: Floats, bias_sd_deg: float) -> float:
        """Of the median of votes of one kind, deg^2."""
        p = self._params
        scatter = float(((angles_deg - np.median(angles_deg)) ** 2).sum())
        n = len(angles_deg)
        single = (p.prior_votes * p.vote_sd_deg**2 + scatter) / (p.prior_votes + n - 1)
        return bias_sd_deg**2 + single / n


def forward_of_walk(acc_g: Floats, params: AutoAlignParams) -> Vec | None:
    """Forward in 8 s of walking, acc (400, 3) on the grid, g: a unit vector across its mean, sensor frame; or None."""
    mean = acc_g.mean(axis=0)
    length = math.sqrt(float(mean @ mean))
    if length < 0.5:
        return None
    y = mean / length
    moving = acc_g - mean
    spectrum = np.fft.rfft((moving @ y) * _WINDOW, SPECTRUM_POINTS)[_LOW:_HIGH]
    step_hz = float(_HZ[_LOW + int(np.argmax(np.abs(spectrum)))])
    turning = np.exp(-2j * np.pi * step_hz / GRID_HZ * np.arange(len(moving)))
    at_step = moving * turning[:, None]
    starts = range(0, len(moving) - PIECE_POINTS + 1, PIECE_POINTS // 2)
    pieces = np.array([_PIECE_WINDOW @ at_step[i : i + PIECE_POINTS] for i in starts])  # (P, 3) complex amplitudes, g
    vertical = pieces @ y
    across = pieces - vertical[:, None] * y
    power = float((np.abs(vertical) ** 2).mean())
    spread = (across[:, :, None] * across[:, None, :].conj()).real.mean(axis=0)
    powers, axes = np.linalg.eigh(spread)  # smallest first; the first is along y
    x = axes[:, 2]
    cross = complex((vertical.conj() * (across @ x)).mean())
    along, crosswise = float(powers[2]), max(float(powers[1]), 0.0)
    p = params
    if (
        step_hz > p.fastest_hz
        or not p.least_g**2 <= power <= p.most_g**2
        or along < p.least_forward**2 * power
        or abs(cross) < p.least_coherence * math.sqrt(power * along)
        or abs(cross.imag) < p.least_quadrature * abs(cross)
        or crosswise > p.most_crosswise**2 * along
    ):
        return None
    return vec(x if cross.imag > 0.0 else -x)


def forward_of_lean(
    path: Floats, before: Floats, after: Floats, params: AutoAlignParams, *, rising: bool
) -> Vec | None:
    """Forward in a lean, as AutoAlign.lean: a unit vector across its upright end, sensor frame; or None."""
    y = after if rising else before
    if len(path) < 2 or float(before @ after) < math.cos(math.radians(params.most_apart_deg)):
        return None
    way = np.concatenate((path, before[None, :], after[None, :])) - y
    way -= (way @ y)[:, None] * y
    centred = way - way.mean(axis=0)
    powers, axes = np.linalg.eigh(centred.T @ centred)
    if max(float(powers[1]), 0.0) > params.most_crooked**2 * float(powers[2]):
        return None
    # While the trunk leans forward, up turns backward in the sensor's frame.
    x = axes[:, 2]
    leant_deg = np.rad2deg(-(way @ x))
    seat_deg = float(leant_deg[-2] if rising else leant_deg[-1])  # against the upright end
    leant_deg = leant_deg[:-2]
    forward = max(float(leant_deg.max()) - max(seat_deg, 0.0), 0.0)
    backward = max(min(seat_deg, 0.0) - float(leant_deg.min()), 0.0)
    overshoot = forward - backward
    # Beyond the seat's own lean it may also be a slump that deepens before one rises.
    if abs(overshoot) < max(params.overshoot_deg, seat_deg if overshoot > 0.0 else -seat_deg):
        return None
    return vec(x if overshoot > 0.0 else -x)
