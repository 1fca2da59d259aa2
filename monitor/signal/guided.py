"""Guided alignment: the body frame from a still stand and three bows, sitting styles from seats taken.

Y is 'up' of the stand. Bowing turns the pelvis about Z, to the right: each bow held gives Z along Y x u_bow, and a
gyroscope gives the axis of the movement itself, the first eigenvector of its angular rate, signed by the same rule.
X is Y x Z. Nothing is assumed about the mounting (measurement facts, section 3).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from monitor.errors import PoseError
from monitor.signal.alignment import Alignment, direction_deg, frame, separation_deg, vec
from monitor.signal.orientation import unit
from monitor.signal.poses import Check, Pose
from monitor.stream import Floats

STAND, BOW, SIT_UPRIGHT, SIT_SLUMPED = "stand", "bow", "sit-upright", "sit-slumped"
OWN_SD_DEG = 3.0  # nobody bows exactly forward: 19 people against how their belts were worn, median 2.6, p90 6.6
LEAST_TURN_DEG = 8.0  # a bow of less says nothing about a direction
LEAST_SLUMP_DEG = 3.0  # a slump of less has neither a range nor a direction


@dataclass(frozen=True, slots=True)
class GuidedParams:
    """Limits of quality (measurement facts, section 3).

    bend_deg   : least angle of the shallowest bow to the stand
    ratio      : second by first singular value of the held bows across the stand: all go one way. Not of the angular
                 rate, where people twist a little on the way down (0.06 to 0.35, n = 19)
    repeat_deg : largest angle between the Z axes of two bows
    sway_deg   : rms sway of the stand
    aside_deg  : between the way of the slump and straight back: more means that the bows (or the slump) went sideways
    """

    bows: int = 3
    bend_deg: float = 25.0
    ratio: float = 0.15
    repeat_deg: float = 4.0
    sway_deg: float = 1.5
    aside_deg: float = 45.0


@dataclass(frozen=True, slots=True)
class Guided:
    """What the protocol gave: the alignment, and its figures of quality against their limits."""

    alignment: Alignment
    checks: tuple[Check, ...]


def align(poses: Sequence[Pose], params: GuidedParams = GuidedParams()) -> Guided:
    """The alignment from poses named STAND, BOW (several) and, if done, SIT_UPRIGHT and SIT_SLUMPED.

    Raises PoseError, in one sentence, where the poses cannot give a direction at all.
    """
    stands = _directions(poses, STAND)
    bows = [pose for pose in poses if pose.step == BOW]
    if not len(stands):
        raise PoseError("There is no standing pose: begin by standing still for a few seconds.")
    if not bows:
        raise PoseError("There is no bow: bow forward from the hips three times, holding each for two seconds.")
    up = vec(unit(stands.mean(axis=0)[None, :])[0])
    bends = _directions(poses, BOW)
    angles = [separation_deg(up, vec(bend)) for bend in bends]
    if max(angles) < LEAST_TURN_DEG:
        raise PoseError(f"The deepest bow was {max(angles):.0f} degrees: bow to between 30 and 60 degrees.")

    y = np.asarray(up)
    axes: Floats = np.cross(y, bends)  # length: sine of the bend, so that deep bows weigh more
    total = axes.sum(axis=0)
    if float(total @ total) < (0.5 * math.sin(math.radians(max(angles)))) ** 2:
        raise PoseError("The bows went opposite ways: bow forward each time.")
    right = _across(total, y)
    ratio = _ratio(np.linalg.svd(bends - (bends @ y)[:, None] * y, compute_uv=False).tolist())
    turns = [pose.turn for pose in bows]
    if all(turns):
        right = _principal(np.sum(turns, axis=0), right, y)
        axes = np.array([_principal(np.array(turn), axis, y) for turn, axis in zip(turns, axes, strict=True)])
    axes = np.array([_across(axis, y) for axis in axes])
    anterior = vec(np.cross(y, right))
    repeat_deg = max((separation_deg(vec(a), vec(b)) for a, b in combinations(axes, 2)), default=0.0)
    spread_deg = math.sqrt(sum(separation_deg(vec(a), vec(right)) ** 2 for a in axes) / max(len(axes) - 1, 1))

    rotation = frame(up, anterior)
    upright, slumped = (_sat(poses, step, rotation) for step in (SIT_UPRIGHT, SIT_SLUMPED))
    styles = tuple(sat[0] for sat in (upright, slumped) if sat)
    checks = (
        Check("the number of bows", len(bows), params.bows, "", "bow three times.", more_is_better=True),
        Check(
            "the shallowest bow",
            min(angles),
            params.bend_deg,
            "degrees",
            "bow deeper, from the hips, with the back straight.",
            more_is_better=True,
        ),
        Check("the sway of the stand", _sway(poses), params.sway_deg, "degrees", "stand still, feet apart."),
        Check("the spread of the bows across their plane", ratio, params.ratio, "", "bow straight ahead, no twist."),
        Check(
            "the angle between two bows",
            repeat_deg,
            params.repeat_deg,
            "degrees",
            "bow the same way each time, slowly.",
        ),
    )
    slump_range: tuple[float, ...] = ()
    if upright and slumped:
        turned = slumped[0] - upright[0], slumped[1] - upright[1]
        if math.hypot(*turned) >= LEAST_SLUMP_DEG:
            aside_deg = math.degrees(math.atan2(abs(turned[1]), -turned[0]))
            advice = "bow straight ahead, not to a side, and slump straight back."
            checks = (
                *checks,
                Check("the angle of the slump to the bows", aside_deg, params.aside_deg, "degrees", advice),
            )
        if turned[0] <= -LEAST_SLUMP_DEG:
            slump_range = styles
    sd_deg = math.hypot(OWN_SD_DEG, spread_deg / math.sqrt(len(axes)))
    return Guided(Alignment(anterior, up, sd_deg, styles, slump_range), checks)


def _directions(poses: Sequence[Pose], step: str) -> Floats:
    """Up in the poses of one step, unit vectors (N, 3)."""
    return unit(np.array([pose.acc_g for pose in poses if pose.step == step], dtype=np.float64).reshape(-1, 3))


def _across(v: Floats, y: Floats) -> Floats:
    """The part of v across y, of unit length."""
    v = v - float(v @ y) * y
    return v / math.sqrt(float(v @ v))


def _ratio(falling: list[float]) -> float:
    """Second by first singular value."""
    return falling[1] / falling[0] if len(falling) > 1 else 0.0


def _principal(turn: Floats, like: Floats, y: Floats) -> Floats:
    """Axis of a movement, across y and on the side of `like`; turn: sums of xx, yy, zz, xy, xz, yz."""
    xx, yy, zz, xy, xz, yz = turn.tolist()
    vectors = np.linalg.eigh(np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])).eigenvectors
    axis: Floats = vectors[:, 2] if float(vectors[:, 2] @ like) > 0.0 else -vectors[:, 2]
    return _across(axis, y)


def _sway(poses: Sequence[Pose]) -> float:
    return max(pose.sway_deg for pose in poses if pose.step == STAND)


def _sat(poses: Sequence[Pose], step: str, rotation: Floats) -> tuple[float, float] | None:
    """Tilt and obliquity of a seated pose against standing, deg; None where it was not done."""
    ups = _directions(poses, step)
    return direction_deg(vec(ups[-1]), rotation) if len(ups) else None
