"""A scripted wearer: what a sensor clipped on the sacrum would measure at any instant of a scripted day.

What it is: rigid-body kinematics. A script of scenes gives the pelvis a sagittal tilt, an obliquity and a heading over
time; the angular rate is their exact derivative, the specific force is gravity turned by them plus linear
accelerations. Moves between scenes follow minimum-jerk curves; rising and sitting down lean forward and lift or lower
the pelvis by 0.35 m. Gait, sway, breathing and micro-motion are sums of sine waves, fidgets are short bumps. The sensor
adds a tilted mounting, a gyroscope bias and white noise.

What it is not: a person. Amplitudes are typical of healthy adults and fitted to nobody; there is no soft tissue, no
heel strike, no staircase, no warming up, and nobody sits that evenly. It exercises the software and shows what it does.
It says nothing about accuracy on people: measured data sets do that.

Frames. Body: X anterior, Y cranial, Z right. Sensor, as clipped: +x to the wearer's right, +y up, +z backwards; then
turned by `Mounting`. tilt_deg is anterior +, obliquity_deg right side up +, both 0 when standing upright.

Everything is a function of (script, seed, t): random access, any blocking, the same bits. Noise is a
hash of the instant.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.stream import Floats, Posture

Activity: TypeAlias = Literal["stand", "walk", "sit", "lie", "off"]

G0_MPS2: Final = 9.80665
SIT_DROP_M: Final = 0.35
RUN_SAMPLES: Final = 4096  # worked on at once: fits the processor's cache

POSTURE_OF: Final[dict[Activity, Posture]] = {
    "stand": Posture.STANDING,
    "walk": Posture.WALKING,
    "sit": Posture.SITTING,
    "lie": Posture.LYING,
    "off": Posture.NOT_WORN,
}
_HEIGHT_M: Final[dict[Activity, float]] = {
    "stand": 0.0,
    "walk": 0.0,
    "sit": -SIT_DROP_M,
    "lie": -SIT_DROP_M,
    "off": -0.2,
}
_FIDGETS_PER_MIN: Final[dict[Activity, float]] = {"stand": 1.0, "walk": 0.0, "sit": 0.6, "lie": 0.2, "off": 0.0}


@dataclass(frozen=True, slots=True)
class Scene:
    """One activity, held for `seconds`; the way into it from the scene before is part of it.

    tilt_deg, obliquity_deg : mean pose against upright standing; tilt -90 is supine, +90 prone, obliquity ±90 on a side
                              ('off': of the sensor itself; script_of takes 90, its back +z up, where none is named)
    change_s                : length of the way in; None: 1.5 to 2.5 s by the seed; 1 s between standing and walking,
                              3 s for lying down and taking off
    cadence_hz              : steps a second, walking only
    fidgets                 : False: the pose is held as asked
    """

    activity: Activity
    seconds: float
    tilt_deg: float = 0.0
    obliquity_deg: float = 0.0
    change_s: float | None = None
    cadence_hz: float = 1.85
    fidgets: bool = field(default=True, kw_only=True)


@dataclass(frozen=True, slots=True)
class Mounting:
    """How the clip sits against the pelvis: turned as if the pelvis itself had this tilt, obliquity and heading."""

    pitch_deg: float = 6.0
    roll_deg: float = -2.0
    yaw_deg: float = 0.0

    def matrix(self) -> Floats:
        """(3, 3): sensor vector = matrix @ body vector."""
        pitch, roll, yaw = np.radians([self.pitch_deg, -self.roll_deg, self.yaw_deg]).tolist()
        about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
        about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
        clipped = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
        return about_x @ about_z @ about_y @ clipped


@dataclass(frozen=True, slots=True)
class SensorErrors:
    """Standard deviations of the white noise; size of the constant gyroscope bias, whose direction is drawn; offset and
    gain of each axis of the accelerometer.
    """

    acc_noise_mg: float = 1.5
    gyr_noise_dps: float = 0.1
    gyr_bias_dps: float = 0.3
    acc_offset_mg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    acc_gain: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(slots=True)
class _Motion:
    """Pelvis over a run of instants, each (N,): angles in deg, their rates in deg/s, accelerations in g."""

    tilt: Floats
    tilt_rate: Floats
    obliquity: Floats
    obliquity_rate: Floats
    heading_rate: Floats
    forwards: Floats
    up: Floats
    right: Floats


@dataclass(frozen=True, slots=True)
class _Wave:
    """amplitude · sin(2π·cycles + phase). harmonic > 0: of the stride, whose pace wavers; else a plain frequency."""

    channel: Literal["tilt", "obliquity", "heading", "forwards", "up", "right"]
    amplitude: float
    frequency_hz: float
    phase: float
    harmonic: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """A scene with all its chances drawn. Times are seconds from its start."""

    scene: Scene
    start_s: float
    before: Scene
    change_s: float
    ramp_s: float
    lean_deg: float
    last: bool
    waves: tuple[_Wave, ...]
    fidget_start_s: Floats
    fidgets: Floats = field(repr=False)  # (n, 5): length_s, tilt_deg, obliquity_deg, forwards_g, right_g


class Wearer:
    """Samples of a scripted wearer: called with instants, it returns what the sensor measures at them."""

    def __init__(
        self,
        script: Sequence[Scene],
        seed: int = 1,
        mounting: Mounting = Mounting(),
        errors: SensorErrors = SensorErrors(),
    ) -> None:
        """ValueError for an empty script, a scene without length or a negative seed."""
        if not script or any(scene.seconds <= 0 for scene in script) or seed < 0:
            raise ValueError("a script needs scenes that last, and a seed of at least 0")
        self._seed = seed
        self._errors = errors
        self._matrix = mounting.matrix()
        direction = np.random.default_rng([seed, 0]).normal(size=3)
        self._bias_dps: Floats = direction * (errors.gyr_bias_dps / float(np.sqrt((direction**2).sum())))
        starts = np.concatenate(([0.0], np.cumsum([scene.seconds for scene in script])))
        self._starts_s = starts[:-1]
        self._duration_s = float(starts[-1])
        before = [script[0], *script[:-1]]
        self._plans = tuple(
            _plan(scene, prior, float(start_s), np.random.default_rng([seed, 1, number]), number, len(script))
            for number, (scene, prior, start_s) in enumerate(zip(script, before, self._starts_s, strict=True))
        )

    @property
    def duration_s(self) -> float:
        """Length of the script. Before 0 and after it the first and the last scene go on; the caller cuts."""
        return self._duration_s

    @property
    def ends(self) -> bool:
        """True: there is a last scene."""
        return True

    def __call__(self, t_s: Floats) -> tuple[Floats, Floats]:
        """acc_g (N, 3) and gyr_dps (N, 3) in the sensor frame at t_s (N,), in any order."""
        t_s = np.asarray(t_s, dtype=np.float64)
        acc_g, gyr_dps = np.empty((len(t_s), 3)), np.empty((len(t_s), 3))
        for plan, run in self._runs(t_s):
            force, rate = _body_vectors(_motion(plan, t_s[run] - plan.start_s))
            # Written out: a matrix product may round differently for other block lengths.
            for axis, (from_x, from_y, from_z) in enumerate(self._matrix.tolist()):
                acc_g[run, axis] = from_x * force[0] + from_y * force[1] + from_z * force[2]
                acc_g[run, axis] *= self._errors.acc_gain[axis]
                acc_g[run, axis] += self._errors.acc_offset_mg[axis] / 1000.0
                gyr_dps[run, axis] = from_x * rate[0] + from_y * rate[1] + from_z * rate[2]
            for axis in range(3):
                noise = _noise(t_s[run], self._seed, axis)
                acc_g[run, axis] += (self._errors.acc_noise_mg / 1000.0) * noise
                noise = _noise(t_s[run], self._seed, 3 + axis)
                gyr_dps[run, axis] += self._bias_dps[axis] + self._errors.gyr_noise_dps * noise
        return acc_g, gyr_dps

    def truth(self, t_s: Floats) -> tuple[NDArray[np.str_], Floats, Floats]:
        """Posture (values of stream.Posture), tilt_deg and obliquity_deg of the pelvis itself at t_s (N,).

        A posture begins half-way through the way into its scene. Angles are NaN while the sensor is not worn.
        """
        t_s = np.asarray(t_s, dtype=np.float64)
        posture: NDArray[np.str_] = np.empty(len(t_s), dtype="<U8")
        tilt_deg, obliquity_deg = np.empty(len(t_s)), np.empty(len(t_s))
        for plan, run in self._runs(t_s):
            since_s = t_s[run] - plan.start_s
            motion = _motion(plan, since_s)
            names = POSTURE_OF[plan.before.activity].value, POSTURE_OF[plan.scene.activity].value
            posture[run] = np.where(since_s < 0.5 * plan.change_s, *names)
            off = posture[run] == Posture.NOT_WORN.value
            tilt_deg[run] = np.where(off, np.nan, motion.tilt)
            obliquity_deg[run] = np.where(off, np.nan, motion.obliquity)
        return posture, tilt_deg, obliquity_deg

    def _runs(self, t_s: Floats) -> list[tuple[_Plan, slice | NDArray[np.intp]]]:
        """The instants sorted into stretches that lie in one scene each."""
        number = np.maximum(np.searchsorted(self._starts_s, t_s, side="right") - 1, 0)
        if not (np.diff(number) >= 0).all():
            return [(self._plans[each], np.flatnonzero(number == each)) for each in np.unique(number).tolist()]
        edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(t_s)]
        return [
            (self._plans[int(number[cut])], slice(cut, min(cut + RUN_SAMPLES, end)))
            for begin, end in pairwise(edges)
            for cut in range(begin, end, RUN_SAMPLES)
        ]


# ---------------------------------------------------------------- drawing a scene's chances


def _plan(scene: Scene, before: Scene, start_s: float, rng: np.random.Generator, number: int, scenes: int) -> _Plan:
    pair = {before.activity, scene.activity}
    usual_s = float(rng.uniform(1.5, 2.5))
    if pair == {"stand", "walk"}:
        usual_s = 1.0
    elif pair & {"lie", "off"}:
        usual_s = 3.0
    change_s = min(usual_s if scene.change_s is None else scene.change_s, 0.6 * scene.seconds) if number else 0.0
    lean_deg = float(rng.uniform(25.0, 35.0)) if "sit" in pair and pair & {"stand", "walk"} else 0.0
    ramp_s = min(1.5, 0.5 * (scene.seconds - change_s))
    starts, fidgets = _draw_fidgets(scene, change_s, rng)
    return _Plan(
        scene=scene,
        start_s=start_s,
        before=before,
        change_s=change_s,
        ramp_s=ramp_s,
        lean_deg=lean_deg,
        last=number == scenes - 1,
        waves=_draw_waves(scene, rng),
        fidget_start_s=starts,
        fidgets=fidgets,
    )


def _draw_waves(scene: Scene, rng: np.random.Generator) -> tuple[_Wave, ...]:
    """Amplitudes in degrees for angles, in g for accelerations."""

    def phase() -> float:
        return float(rng.uniform(0.0, 2.0 * np.pi))

    if scene.activity == "off":
        return ()
    if scene.activity == "walk":
        # Harmonics of the stride (two steps): even ones repeat every step, odd ones tell left from right.
        stride_hz, at = scene.cadence_hz / 2.0, phase()
        gait = (
            _Wave("up", 0.25, stride_hz, 2 * at, 2),
            _Wave("up", 0.08, stride_hz, phase(), 4),
            _Wave("up", 0.02, stride_hz, phase(), 1),
            _Wave("forwards", 0.12, stride_hz, 2 * at + 1.2, 2),
            _Wave("forwards", 0.05, stride_hz, phase(), 4),
            _Wave("right", 0.10, stride_hz, at, 1),
            _Wave("right", 0.05, stride_hz, phase(), 3),
            _Wave("tilt", 1.5, stride_hz, 2 * at + 0.6, 2),
            _Wave("obliquity", 4.0, stride_hz, at + 0.4, 1),
            _Wave("heading", 6.0, stride_hz, at + 2.0, 1),
        )
        return (*gait, _Wave("heading", 60.0, float(rng.uniform(0.02, 0.04)), phase()))
    sway = {"stand": 1.0, "sit": 0.5, "lie": 0.1}[scene.activity]
    waves = [
        _Wave("tilt", 0.3, float(rng.uniform(0.22, 0.28)), phase()),  # breathing
        _Wave("up", 0.001, float(rng.uniform(1.0, 1.25)), phase()),  # heartbeat
    ]
    for low_hz, high_hz in ((0.03, 0.08), (0.1, 0.25), (0.3, 0.6)):
        waves.append(_Wave("tilt", sway * float(rng.uniform(0.2, 0.5)), float(rng.uniform(low_hz, high_hz)), phase()))
        waves.append(
            _Wave("obliquity", sway * float(rng.uniform(0.1, 0.3)), float(rng.uniform(low_hz, high_hz)), phase())
        )
    waves.append(_Wave("heading", sway, float(rng.uniform(0.1, 0.3)), phase()))
    channels: tuple[Literal["forwards", "right", "up"], ...] = ("forwards", "right", "up")
    for channel in channels:
        for low_hz, high_hz in ((0.4, 1.0), (1.2, 2.8)):
            amplitude_g = 0.0025 * sway * float(rng.uniform(0.5, 1.3))
            waves.append(_Wave(channel, amplitude_g, float(rng.uniform(low_hz, high_hz)), phase()))
    return tuple(waves)


def _draw_fidgets(scene: Scene, change_s: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Starts (n,), s, and rows of length_s, tilt_deg, obliquity_deg, forwards_g, right_g; none overlaps the next."""
    free_s = scene.seconds - change_s - 4.0 if scene.fidgets else 0.0
    count = int(rng.poisson(_FIDGETS_PER_MIN[scene.activity] * free_s / 60.0)) if free_s > 0 else 0
    starts = np.sort(rng.uniform(change_s + 0.5, change_s + 0.5 + max(free_s, 0.0), count))
    length_s = rng.uniform(1.0, 3.0, count)
    angles = rng.uniform([1.0, 0.5], [4.0, 2.5], (count, 2)) * rng.choice([-1.0, 1.0], (count, 2))
    pushes = rng.uniform(0.015, 0.045, (count, 2))
    if count:
        length_s[:-1] = np.minimum(length_s[:-1], np.diff(starts))
        pushes *= (length_s > 0.8)[:, None]
        angles *= (length_s > 0.8)[:, None]
    return starts, np.column_stack([length_s, angles, pushes])


# ---------------------------------------------------------------- kinematics


def _motion(plan: _Plan, since_s: Floats) -> _Motion:
    """The pelvis at `since_s` seconds into a scene."""
    scene = plan.scene
    motion = _Motion(*np.zeros((8, len(since_s))))
    motion.tilt += scene.tilt_deg
    motion.obliquity += scene.obliquity_deg
    _add_change(motion, plan, since_s)
    envelope, envelope_rate = _envelope(plan, since_s)
    # Nobody walks like a clock: the stride runs up to 0.04 cycles early and late.
    waver_rps = 2.0 * np.pi * 0.13
    stride, stride_hz = np.zeros(1), np.zeros(1)
    if scene.activity == "walk":
        stride, stride_hz = 0.04 * np.sin(waver_rps * since_s), 0.04 * waver_rps * np.cos(waver_rps * since_s)
    for wave in plan.waves:
        if wave.harmonic:
            angle = 2.0 * np.pi * wave.harmonic * (wave.frequency_hz * since_s + stride) + wave.phase
            turn: Floats | float = 2.0 * np.pi * wave.harmonic * (wave.frequency_hz + stride_hz)
        else:
            turn = 2.0 * np.pi * wave.frequency_hz
            angle = turn * since_s + wave.phase
        value = wave.amplitude * np.sin(angle)
        if wave.channel in {"forwards", "up", "right"}:
            target: Floats = getattr(motion, wave.channel)
            target += envelope * value
            continue
        rate = envelope * (wave.amplitude * turn) * np.cos(angle)
        if wave.channel == "heading":
            # Only the rate of the heading can be felt, so it alone fades in: a turn may begin anywhere.
            motion.heading_rate += rate
            continue
        rate += envelope_rate * value
        if wave.channel == "tilt":
            motion.tilt += envelope * value
            motion.tilt_rate += rate
        else:
            motion.obliquity += envelope * value
            motion.obliquity_rate += rate
    if len(plan.fidget_start_s):
        _add_fidgets(motion, plan, since_s)
    return motion


def _add_change(motion: _Motion, plan: _Plan, since_s: Floats) -> None:
    """The way from the scene before: minimum jerk in the angles, a lean, a lift or a drop."""
    at = np.flatnonzero(since_s < plan.change_s)
    if not len(at) or not plan.change_s:
        return
    part = np.maximum(since_s[at] / plan.change_s, 0.0)
    to_go, rate = 1.0 - _min_jerk(part), _min_jerk_rate(part) / plan.change_s
    tilt_deg = plan.scene.tilt_deg - plan.before.tilt_deg
    obliquity_deg = plan.scene.obliquity_deg - plan.before.obliquity_deg
    lean, lean_rate = plan.lean_deg * np.sin(np.pi * part) ** 2, plan.lean_deg * np.pi * np.sin(2.0 * np.pi * part)
    motion.tilt[at] += lean - tilt_deg * to_go
    motion.tilt_rate[at] += lean_rate / plan.change_s + tilt_deg * rate
    motion.obliquity[at] -= obliquity_deg * to_go
    motion.obliquity_rate[at] += obliquity_deg * rate
    lift_m = _HEIGHT_M[plan.scene.activity] - _HEIGHT_M[plan.before.activity]
    # The lean comes before the rise; on the way down the two go together.
    begin, length = (0.3, 0.7) if lift_m > 0 else (0.0, 0.8)
    stroke = np.clip((part - begin) / length, 0.0, 1.0)
    pull = _min_jerk_acceleration(stroke) / (length * plan.change_s) ** 2 / G0_MPS2
    motion.up[at] += lift_m * pull
    motion.forwards[at] += 0.4 * lift_m * pull


def _envelope(plan: _Plan, since_s: Floats) -> tuple[Floats, Floats]:
    """0 while the pose changes and at the scene's end, 1 between; and its rate. The last scene has no end."""
    rise = np.clip((since_s - plan.change_s) / plan.ramp_s, 0.0, 1.0)
    fall = np.clip((plan.scene.seconds - since_s) / plan.ramp_s, 0.0, 1.0)
    if plan.last:
        fall = np.ones(len(since_s))
    up, down = _min_jerk(rise), _min_jerk(fall)
    rate = (_min_jerk_rate(rise) * down - up * _min_jerk_rate(fall)) / plan.ramp_s
    return up * down, rate


def _add_fidgets(motion: _Motion, plan: _Plan, since_s: Floats) -> None:
    number = np.searchsorted(plan.fidget_start_s, since_s, side="right") - 1
    at = np.flatnonzero(number >= 0)
    rows = plan.fidgets[number[at]]
    part = (since_s[at] - plan.fidget_start_s[number[at]]) / rows[:, 0]
    inside = part < 1.0
    at, rows, part = at[inside], rows[inside], part[inside]
    bump, rate = np.sin(np.pi * part) ** 2, np.pi * np.sin(2.0 * np.pi * part) / rows[:, 0]
    motion.tilt[at] += rows[:, 1] * bump
    motion.tilt_rate[at] += rows[:, 1] * rate
    motion.obliquity[at] += rows[:, 2] * bump
    motion.obliquity_rate[at] += rows[:, 2] * rate
    motion.forwards[at] += rows[:, 3] * bump * np.sin(4.0 * np.pi * part)
    motion.right[at] += rows[:, 4] * bump * np.cos(4.0 * np.pi * part)


def _body_vectors(motion: _Motion) -> tuple[tuple[Floats, Floats, Floats], tuple[Floats, Floats, Floats]]:
    """Specific force, g, and angular rate, deg/s, in the body frame; order heading, obliquity, tilt (Baker 2001)."""
    tilt, obliquity = np.radians(motion.tilt), np.radians(motion.obliquity)
    cos_t, sin_t, cos_o, sin_o = np.cos(tilt), np.sin(tilt), np.cos(obliquity), np.sin(obliquity)
    upright = 1.0 + motion.up
    level_y, level_z = cos_o * upright - sin_o * motion.right, sin_o * upright + cos_o * motion.right
    force = (cos_t * motion.forwards - sin_t * level_y, sin_t * motion.forwards + cos_t * level_y, level_z)
    turn_x, turn_y, turn_z = -motion.obliquity_rate, motion.heading_rate * cos_o, motion.heading_rate * sin_o
    rate = (cos_t * turn_x - sin_t * turn_y, sin_t * turn_x + cos_t * turn_y, turn_z - motion.tilt_rate)
    return force, rate


def _min_jerk(x: Floats) -> Floats:
    return x * x * x * (10.0 + x * (6.0 * x - 15.0))


def _min_jerk_rate(x: Floats) -> Floats:
    return 30.0 * x * x * (1.0 - x) * (1.0 - x)


def _min_jerk_acceleration(x: Floats) -> Floats:
    return 60.0 * x * (1.0 + x * (2.0 * x - 3.0))


def _noise(t_s: Floats, seed: int, channel: int) -> Floats:
    """White noise of mean 0 and standard deviation 1: a hash (SplitMix64) of the instant in microseconds."""
    key = np.uint64((seed * 0xD1342543DE82EF95 + (channel + 1) * 0x9E3779B97F4A7C15) % 2**64)
    mixed = np.rint(t_s * 1e6).astype(np.int64).view(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + key
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    # Four uniform numbers summed: near enough to normal, never beyond 3.5 standard deviations.
    quarters = mixed.view(np.uint16).reshape(-1, 4).sum(axis=1, dtype=np.int64)
    return (quarters - 2 * 65535) / (65536.0 * np.sqrt(1.0 / 3.0))


# ---------------------------------------------------------------- scripts


def script_of(text: str) -> tuple[Scene, ...]:
    """Scenes from words: `activity seconds [tilt_deg [obliquity_deg [change_s]]]`, separated by commas."""
    scenes: list[Scene] = []
    for part in text.split(","):
        words = part.split()
        known: Activity | None = next((each for each in POSTURE_OF if words[:1] == [each]), None)
        if known is None or not 2 <= len(words) <= 5:
            raise ValueError(f"{part.strip()!r} is no scene: activity seconds [tilt_deg [obliquity_deg [change_s]]]")
        flat = ["90"] if known == "off" and len(words) == 2 else []
        scenes.append(Scene(known, *map(float, [*words[1:], *flat])))
    return tuple(scenes)


SHORT_DAY: Final = script_of("""
    stand 5 -2, walk 20, sit 20 -12, sit 85 -42 1 6, sit 25 -11, stand 12 -2, walk 20,
    sit 25 -13, sit 30 -22 -2 5, stand 6 -1
""")
"""Four minutes: a walk that gives the zero, upright sitting, a deep slump from 0:45 to 2:10, a walk, sitting."""

ALIGNMENT: Final = tuple(
    replace(scene, fidgets=False)
    for scene in script_of("""
    stand 8 0 0, stand 4.5 42 0 1.5, stand 4 0 0 1.5, stand 4.5 38 0.5 1.5, stand 4 0 0 1.5, stand 4.5 45 -0.5 1.5,
    stand 4 0 0 1.5, sit 9 -10, sit 9 -28 1 2
""")
)
"""Guided alignment as asked: a still stand, three bows held, sitting upright, sitting slumped."""

SIX_FACE: Final = script_of("""
    off 9 90 0, off 9 0 0, off 9 0 90, off 9 -90 0, off 9 0 -90, off 9 180 0
""")
"""The sensor on its own on a table, nine seconds on each face; flat ones with Mounting(0, 0, 0)."""

DESK_DAY: Final = script_of("""
    stand 60 -2, walk 420, stand 40 -1, sit 900 -12, sit 1080 -30 1 20, sit 420 -14 -2, sit 660 -34 2 30, stand 20 -1,
    walk 150, stand 90 -2 3, walk 140, sit 1200 -13, sit 900 -18 -1 25, sit 1320 -36 2 40, stand 15, walk 100, stand 20,
    walk 90, sit 600 -11 1, sit 780 -20 3 15, stand 3000 -2 1 2, walk 60, stand 30 -2, walk 900, stand 200 -1 -3,
    sit 1500 -16 1, walk 840, sit 1500 -13, sit 1500 -33 -2 60, sit 300 -8, stand 20, walk 180, stand 60, walk 170,
    sit 1200 -14, sit 1800 -31 1 45, stand 25 -2, walk 110, sit 900 -17 -3 10, sit 1800 -34 2 60, stand 300 -3 4,
    sit 1500 -12, sit 600 -20 1 30, stand 30 -2, walk 600, stand 20 -1
""")
"""An office day of 7 h 50: ways in and home, desk work upright and slumped, breaks, 50 min standing, a lunch walk."""
