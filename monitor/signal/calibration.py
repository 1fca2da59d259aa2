"""The accelerometer's own errors: measured = gain · true + offset + drift · (temperature - at), each axis on its own.

Six still faces on a table give offset and gain (measurement facts, section 3). A clip on a belt never sees six faces:
in use only the scale can be followed, from |acc| at rest.
"""

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from monitor.errors import PoseError
from monitor.signal.alignment import Vec
from monitor.signal.poses import Check, Pose
from monitor.stream import Floats

FACES = ("+x", "-x", "+y", "-y", "+z", "-z")
FACE_COS = 0.94  # a face that points up within 20 degrees
LEAST_WARMING_C = 3.0  # two calibrations nearer than this tell noise, not drift


@dataclass(frozen=True, slots=True)
class Calibration:
    """Errors of one sensor's accelerometer; as it stands, none.

    offset_g     : per axis, g, at `at_deg_c`
    gain         : per axis, measured g for a true g
    per_degree_g : change of the offset with temperature, g per deg C
    at_deg_c     : temperature that `offset_g` belongs to
    """

    offset_g: Vec = (0.0, 0.0, 0.0)
    gain: Vec = (1.0, 1.0, 1.0)
    per_degree_g: Vec = (0.0, 0.0, 0.0)
    at_deg_c: float = 25.0

    @property
    def none(self) -> bool:
        """True where `apply` changes nothing."""
        return not any(self.offset_g) and not any(self.per_degree_g) and self.gain == (1.0, 1.0, 1.0)

    def apply(self, acc_g: Floats, deg_c: float | None = None) -> Floats:
        """True specific force (N, 3), g, from what was measured. deg_c: the sensor's temperature where it sends one."""
        if self.none:
            return acc_g
        warmer = 0.0 if deg_c is None else deg_c - self.at_deg_c
        out = np.empty_like(acc_g)
        for axis, (offset, gain, drift) in enumerate(zip(self.offset_g, self.gain, self.per_degree_g, strict=True)):
            out[:, axis] = (acc_g[:, axis] - (offset + drift * warmer)) / gain
        return out


@dataclass(frozen=True, slots=True)
class SixFaceParams:
    """Limits: of the residual | |acc| - 1 | over the faces, which shows faces that did not lie flat; of movement; of
    what a sound accelerometer can have.
    """

    residual_mg: float = 5.0
    sd_mg: float = 10.0
    offset_mg: float = 150.0
    gain_off: float = 0.1


@dataclass(frozen=True, slots=True)
class SixFace:
    """What the protocol gave. residual_mg: rms over the faces of | |acc| - 1 | after calibration."""

    calibration: Calibration
    residual_mg: float
    checks: tuple[Check, ...]


def six_face(poses: Sequence[Pose], deg_c: float | None = None, params: SixFaceParams = SixFaceParams()) -> SixFace:
    """Offset and gain from poses with each face up once, in any order; a face shown again counts with its mean.

    deg_c: temperature meanwhile, where the sensor sends one. Raises PoseError that names the faces missing.
    """
    shown: dict[str, list[Vec]] = {face: [] for face in FACES}
    for pose in poses:
        face = face_up(pose.acc_g)
        if face:
            shown[face].append(pose.acc_g)
    missing = [face for face, seen in shown.items() if not seen]
    if missing:
        raise PoseError(
            f"No pose has {' or '.join(missing)} up: lay the sensor on each of its six faces, flat, for five seconds."
        )
    means: dict[str, Floats] = {face: np.mean(seen, axis=0) for face, seen in shown.items()}
    highs = [float(means[face][axis]) for axis, face in enumerate(FACES[0::2])]
    lows = [float(means[face][axis]) for axis, face in enumerate(FACES[1::2])]
    offset = _three([0.5 * (high + low) for high, low in zip(highs, lows, strict=True)])
    gain = _three([0.5 * (high - low) for high, low in zip(highs, lows, strict=True)])
    calibration = Calibration(offset, gain)
    if deg_c is not None:
        calibration = replace(calibration, at_deg_c=deg_c)
    acc: Floats = calibration.apply(np.array(list(means.values())))
    off: Floats = np.sqrt((acc * acc).sum(axis=1)) - 1.0
    residual_mg = 1000.0 * math.sqrt(float((off * off).mean()))
    checks = (
        Check(
            "the residual over the faces", residual_mg, params.residual_mg, "mg", "lay each face flat on a level table."
        ),
        Check(
            "the movement on a face",
            max(pose.sd_mg for pose in poses),
            params.sd_mg,
            "mg",
            "let go of the sensor and do not touch the table.",
        ),
        Check(
            "the largest offset",
            1000.0 * max(map(abs, offset)),
            params.offset_mg,
            "mg",
            "repeat it; if it stays, the sensor is faulty or counts in another unit.",
        ),
        Check(
            "the largest error of scale",
            max(abs(each - 1.0) for each in gain),
            params.gain_off,
            "",
            "repeat it; if it stays, the sensor is faulty or counts in another unit.",
        ),
    )
    return SixFace(calibration, residual_mg, checks)


def face_up(acc_g: Vec) -> str:
    """Which of FACES points up in a still pose; "" where none does within 20 degrees."""
    norm = math.sqrt(sum(a * a for a in acc_g))
    axis = max(range(3), key=lambda each: abs(acc_g[each]))
    if norm == 0.0 or abs(acc_g[axis]) < FACE_COS * norm:
        return ""
    return FACES[2 * axis + (acc_g[axis] < 0.0)]


def across_temperatures(one: Calibration, other: Calibration) -> Calibration:
    """The drift with temperature from two six-face calibrations, each with its own at_deg_c; gains are averaged.

    Raises PoseError where the two temperatures are too near to tell a drift.
    """
    apart_c = other.at_deg_c - one.at_deg_c
    if abs(apart_c) < LEAST_WARMING_C:
        raise PoseError(
            f"The two calibrations are {abs(apart_c):.1f} degrees C apart; repeat one at least "
            f"{LEAST_WARMING_C:.0f} degrees warmer, such as after ten minutes on the body."
        )
    drift = [(b - a) / apart_c for a, b in zip(one.offset_g, other.offset_g, strict=True)]
    gain = [0.5 * (a + b) for a, b in zip(one.gain, other.gain, strict=True)]
    return replace(one, gain=_three(gain), per_degree_g=_three(drift))


def _three(values: list[float]) -> Vec:
    x, y, z = values
    return x, y, z


@dataclass(frozen=True, slots=True)
class ScaleParams:
    """keep: quiet seconds that the median runs over; least, most: what a sound accelerometer can show at rest, g."""

    keep: int = 121
    least: float = 0.8  # 5 % of scale and 100 mg of offset together are 15 %
    most: float = 1.2


class ScaleTracker:
    """|acc| of this sensor at rest in use, g: the running median of quiet seconds, so that odd ones do not count."""

    def __init__(self, params: ScaleParams) -> None:
        self._params = params
        self._recent: deque[float] = deque()
        self._sorted: list[float] = []

    @property
    def known(self) -> bool:
        """True once a quiet second was seen."""
        return bool(self._sorted)

    @property
    def scale_g(self) -> float:
        """The present value; 1 while unknown. A true |acc| is the measured one by this."""
        n = len(self._sorted)
        return 0.5 * (self._sorted[(n - 1) // 2] + self._sorted[n // 2]) if n else 1.0

    def push(self, vm_mean_g: float) -> float:
        """Take the mean |acc| of one quasi-static second, best of an upright wearer; give back scale_g."""
        value = min(max(vm_mean_g, self._params.least), self._params.most)
        if len(self._recent) == self._params.keep:
            del self._sorted[bisect_left(self._sorted, self._recent.popleft())]
        self._recent.append(value)
        insort(self._sorted, value)
        return self.scale_g
