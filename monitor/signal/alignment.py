"""Sensor frame to body frame, and the two angles a wearer sees.

Body frame (Wu 2002, pelvis): X anterior, Y cranial, Z right. Y is the wearer's zero (up while walking); X comes from
how the sensor is clipped on: one of its axes, or any direction found by an alignment (guided: guided.py).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from monitor.stream import Floats

Vec: TypeAlias = tuple[float, float, float]
"""A vector in the frame that the function names."""

AXES: dict[str, Vec] = {
    "+x": (1.0, 0.0, 0.0),
    "-x": (-1.0, 0.0, 0.0),
    "+y": (0.0, 1.0, 0.0),
    "-y": (0.0, -1.0, 0.0),
    "+z": (0.0, 0.0, 1.0),
    "-z": (0.0, 0.0, -1.0),
}
PARALLEL_COS = 0.87  # an anterior axis within 30 degrees of 'up' cannot tell front from back


@dataclass(frozen=True, slots=True)
class Alignment:
    """How the sensor sits on the pelvis.

    anterior           : the way to the front, unit vector in the sensor frame, across `up`
    up                 : 'up' of the wearer standing, unit vector in the sensor frame
    sd_deg             : standard uncertainty of `anterior` about `up`, deg
    sitting_styles_deg : tilt of the wearer's ways of sitting against standing, anterior +; may be empty
    slump_range_deg    : tilt seated upright and seated slumped, or empty
    """

    anterior: Vec
    up: Vec
    sd_deg: float
    sitting_styles_deg: tuple[float, ...] = ()
    slump_range_deg: tuple[float, ...] = ()


def vec(v: Floats) -> Vec:
    """The vector (3,) as plain floats."""
    x, y, z = v.tolist()
    return x, y, z


def unit_vec(v: Sequence[float]) -> Vec:
    """The unit vector along v; a zero stays zero."""
    x, y, z = v
    norm = math.sqrt(x * x + y * y + z * z) or 1.0
    return x / norm, y / norm, z / norm


def frame(up: Vec, anterior: Vec) -> Floats:
    """Rotation (3, 3), sensor to body, rows X, Y, Z; `up` is the zero, both unit vectors in the sensor frame.

    `anterior` is made to lie across `up`. Where it points along `up`, the sensor axis most across is taken: then the
    sign is arbitrary.
    """
    y = np.asarray(up, dtype=np.float64)
    hint = np.asarray(anterior)
    if abs(float(hint @ y)) > PARALLEL_COS:
        hint = np.zeros(3)
        hint[int(np.argmin(np.abs(y)))] = 1.0
    x = hint - float(hint @ y) * y
    x /= math.sqrt(float(x @ x))
    return np.stack((x, y, np.cross(x, y)))


def body_frame(up: Vec, anterior_axis: str) -> Floats:
    """As frame, with the front given as a key of AXES."""
    return frame(up, AXES[anterior_axis])


def minimal_rotation(before: Vec, after: Vec) -> Floats:
    """The smallest rotation (3, 3) that takes the unit vector `before` to `after` (Rodrigues).

    For opposite vectors it is half a turn about the sensor axis most across: one of many. Exact to 1e-9 up to 179 deg.
    """
    a, b = np.asarray(before), np.asarray(after)
    cosine = float(a @ b)
    if cosine < -1.0 + 1e-9:
        axis = np.zeros(3)
        axis[int(np.argmin(np.abs(a)))] = 1.0
        axis -= float(axis @ a) * a
        return 2.0 * np.outer(axis, axis) / float(axis @ axis) - np.eye(3)
    x, y, z = np.cross(a, b).tolist()
    turn = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + turn + turn @ turn / (1.0 + cosine)


def rotate(v: Vec, rotation: Floats) -> Vec:
    """The vector v turned, as plain floats."""
    x, y, z = (v[0] * row[0] + v[1] * row[1] + v[2] * row[2] for row in rotation.tolist())
    return x, y, z


def tilt_obliquity_deg(up: Floats, rotation: Floats) -> tuple[Floats, Floats]:
    """Sagittal tilt (anterior +) and obliquity (right side up +), deg, each (N,), of `up` (N, 3) in the sensor frame.

    tilt = atan2(-u_x, u_y), obliquity = asin(u_z) with u in the body frame (gravity part of Baker 2001).
    """
    # Written out: a matrix product may round differently for other block lengths.
    x, y, z = (up[:, 0] * row[0] + up[:, 1] * row[1] + up[:, 2] * row[2] for row in rotation)
    return np.rad2deg(np.arctan2(-x, y)), np.rad2deg(np.arcsin(np.clip(z, -1.0, 1.0)))


def direction_deg(up: Vec, rotation: Floats) -> tuple[float, float]:
    """As tilt_obliquity_deg, of one vector; plain floats are ten times faster than arrays of one row."""
    x, y, z = (up[0] * row[0] + up[1] * row[1] + up[2] * row[2] for row in rotation.tolist())
    return math.degrees(math.atan2(-x, y)), math.degrees(math.asin(min(max(z, -1.0), 1.0)))


def separation_deg(a: Vec, b: Vec) -> float:
    """As angle_deg, of two vectors."""
    return math.degrees(2.0 * math.asin(min(0.5 * math.dist(a, b), 1.0)))


def angle_deg(a: Floats, b: Floats) -> Floats:
    """Angle between rows of a (N, 3) and the vector b (3,), deg, (N,); both of unit length. Exact for small angles."""
    d = a - b
    half = 0.5 * np.sqrt(d[:, 0] * d[:, 0] + d[:, 1] * d[:, 1] + d[:, 2] * d[:, 2])
    return np.rad2deg(2.0 * np.arcsin(np.clip(half, 0.0, 1.0)))
