"""Every Record and Event: what flows through sitwell, with its units and frames.

Sources yield Records (what arrived). The pipeline turns each Record into Events (what it means).
A recording is the Records written down in order, so a replay is the same computation as the live session.

Time is data: every `t_s` is seconds since the start of the session, on the session's own axis; nothing in the core
reads a clock. Intervals are half-open, [start, end). The sensor frame is what the device prints; docs/concepts.md
has the body frame.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


class Posture(StrEnum):
    """What the wearer does, at 1 s. UNKNOWN beats a guess; NO_DATA and NOT_WORN are never counted as sitting."""

    SITTING = "sitting"
    STANDING = "standing"
    WALKING = "walking"
    LYING = "lying"
    UNKNOWN = "unknown"
    NO_DATA = "no-data"
    NOT_WORN = "not-worn"


class LyingSide(StrEnum):
    """How the wearer lies: on the back, on the front, on the left or the right side. NONE: not lying, or not known."""

    NONE = ""
    SUPINE = "supine"
    PRONE = "prone"
    LEFT = "left"
    RIGHT = "right"


class LinkState(StrEnum):
    """The radio link to the sensor."""

    SEARCHING = "searching"
    CONNECTED = "connected"
    LOST = "lost"
    CLOSED = "closed"


# ---------------------------------------------------------------- Records


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """A block of samples of any length, in the sensor frame, uncalibrated.

    t_s      : (N,) strictly increasing, s
    acc_g    : (N, 3) specific force, g; at rest it is +1 g along the axis that points up
    gyr_dps  : (N, 3) angular rate, deg/s, or None where the sensor has no gyroscope
    """

    t_s: Floats
    acc_g: Floats
    gyr_dps: Floats | None = None

    def __post_init__(self) -> None:
        n = self.t_s.shape[0]
        if self.t_s.shape != (n,) or self.acc_g.shape != (n, 3):
            raise ValueError(f"t_s {self.t_s.shape} and acc_g {self.acc_g.shape} must be (N,) and (N, 3)")
        if self.gyr_dps is not None and self.gyr_dps.shape != (n, 3):
            raise ValueError(f"gyr_dps {self.gyr_dps.shape} must be ({n}, 3)")

    def __len__(self) -> int:
        return self.t_s.shape[0]

    def part(self, which: slice) -> "Samples":
        """Some of the rows, as views."""
        return Samples(self.t_s[which], self.acc_g[which], None if self.gyr_dps is None else self.gyr_dps[which])


def join(blocks: Sequence[Samples]) -> Samples:
    """Blocks that follow each other as one; all of them with angular rate, or none."""
    if len(blocks) == 1:
        return blocks[0]
    gyrs = [block.gyr_dps for block in blocks if block.gyr_dps is not None]
    return Samples(
        np.concatenate([block.t_s for block in blocks]),
        np.concatenate([block.acc_g for block in blocks]),
        np.concatenate(gyrs) if gyrs else None,
    )


@dataclass(frozen=True, slots=True)
class Gap:
    """No samples in [start_s, end_s): lost packets, a lost link, a hole in a file. Never counted as any posture."""

    start_s: float
    end_s: float
    cause: str

    @property
    def t_s(self) -> float:
        """When the gap became known: its end."""
        return self.end_s


@dataclass(frozen=True, slots=True)
class BadPacket:
    """A packet, or a part of one, that the driver refused; `payload` holds the bytes in hex."""

    t_s: float
    reason: str
    payload: str


@dataclass(frozen=True, slots=True)
class Link:
    """The link changed its state."""

    t_s: float
    state: LinkState
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Battery:
    """The sensor's battery, 0 to 100 %."""

    t_s: float
    percent: int


@dataclass(frozen=True, slots=True)
class Temperature:
    """What the sensor's own thermometer says, deg C: the accelerometer's offset drifts with it."""

    t_s: float
    deg_c: float


@dataclass(frozen=True, slots=True)
class Mark:
    """The wearer's label on this moment. A label that names a posture ('sitting', ...) corrects the posture model."""

    t_s: float
    label: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """Session time has reached t_s, samples or not; live sources make one a second, and recordings keep it."""

    t_s: float


@dataclass(frozen=True, slots=True)
class Wearer:
    """What the wearer did about prompts.

    action : 'snooze' (for `seconds`), 'dismiss', 'quiet' (for `seconds`; 0: no longer), 'meeting' (1 begins, 0 ends)
    """

    t_s: float
    action: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Started:
    """What was known when the session began, of the wall clock and of the days before it.

    local_s, weekday : local time of day at session time 0, s; 0 is Monday
    days_worn        : days worn before this one
    first_per_h, week_per_h : spells beyond a limit an hour worn, in the first week and in the last; NaN: not known
    asked_s          : prompts of the hour before, session time (below 0)
    aligned_d, calibrated_d : age of the guided alignment and of the sensor's calibration, days; NaN: there is none
    usual            : the middles of the wearer's bands as the days before left them, deg, by 'desk/sitting/tilt_deg'
    """

    t_s: float
    local_s: float
    weekday: int
    days_worn: int = 0
    first_per_h: float = math.nan
    week_per_h: float = math.nan
    asked_s: tuple[float, ...] = ()
    aligned_d: float = math.nan
    calibrated_d: float = math.nan
    usual: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def week_s(self) -> float:
        """Local time at session time 0, s since Monday 0:00."""
        return self.weekday * 86_400.0 + self.local_s


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """The wearer's settings of prompts have changed. values: the new ones, plain (states.rules.alert_settings)."""

    t_s: float
    values: Mapping[str, Any]


Record: TypeAlias = (
    Samples | Gap | BadPacket | Link | Battery | Temperature | Mark | Tick | Wearer | Started | SettingsChanged
)


def first_s(record: Record) -> float:
    """Session time of the record; of samples, that of the first."""
    return float(record.t_s[0]) if isinstance(record, Samples) else record.t_s


def last_s(record: Record) -> float:
    """Session time of the record; of samples, that of the last."""
    return float(record.t_s[-1]) if isinstance(record, Samples) else record.t_s


# ---------------------------------------------------------------- Events


@dataclass(frozen=True, slots=True)
class Epoch:
    """One second, [t_s, t_s + 1), published with a fixed lag of at most 3 s.

    posture_p     : probability of `posture`, 0 to 1
    tilt_deg      : sagittal tilt against the wearer's zero, anterior +; NaN until there is a zero
    obliquity_deg : frontal, right side up +; NaN until there is a zero
    tilt_sd_deg   : standard uncertainty of tilt_deg; NaN with it
    still         : True while quasi-static, so that the tilt is a new measurement; else the last one is held
    motion_mg     : mean absolute deviation of |acc| over the second, mg
    steps         : steps that fell into this second
    lying         : how the wearer lies, while lying
    placed        : False while the clip has moved and no walk has said where to: the tilt is a guess
    """

    t_s: float
    posture: Posture
    posture_p: float
    tilt_deg: float
    obliquity_deg: float
    tilt_sd_deg: float
    still: bool
    motion_mg: float
    steps: int
    lying: LyingSide = LyingSide.NONE
    placed: bool = True


@dataclass(frozen=True, slots=True)
class PostureChanged:
    """From t_s on the posture is `posture`, where it was `previous`."""

    t_s: float
    previous: Posture
    posture: Posture
    p: float


@dataclass(frozen=True, slots=True)
class Transition:
    """A movement between postures in [start_s, end_s). p: confidence, 0 to 1.

    kind : 'sit-to-stand', 'stand-to-sit', 'lie-to-sit', 'sit-to-lie'; or 'bow', which changes no posture: a deep lean
           that comes back, as in picking something up
    """

    kind: str
    start_s: float
    end_s: float
    p: float

    @property
    def t_s(self) -> float:
        """When the movement was over."""
        return self.end_s


@dataclass(frozen=True, slots=True)
class BoutEnded:
    """An uninterrupted spell of one posture in [start_s, end_s).

    steps : in it, so that a walking bout's cadence is steps / (end_s - start_s); lying: where most of a lying bout was
    """

    posture: Posture
    start_s: float
    end_s: float
    steps: int = 0
    lying: LyingSide = LyingSide.NONE

    @property
    def t_s(self) -> float:
        """When the bout ended."""
        return self.end_s


@dataclass(frozen=True, slots=True)
class Break:
    """An upright spell between two sitting spells (SBRN, Tremblay 2017), long enough to count, in [start_s, end_s)."""

    start_s: float
    end_s: float

    @property
    def t_s(self) -> float:
        """When the break ended: the wearer sat down again."""
        return self.end_s


@dataclass(frozen=True, slots=True)
class UprightShift:
    """An upright spell between two sitting spells that is too short for a break, in [start_s, end_s)."""

    start_s: float
    end_s: float

    @property
    def t_s(self) -> float:
        """When the wearer sat down again."""
        return self.end_s


@dataclass(frozen=True, slots=True)
class Fidget:
    """Movement while seated, in [start_s, end_s).

    kind: 'fidget', or 'posture-shift' where the trunk stays elsewhere, turned_deg away
    """

    kind: str
    start_s: float
    end_s: float
    turned_deg: float

    @property
    def t_s(self) -> float:
        """When it was over."""
        return self.end_s


@dataclass(frozen=True, slots=True)
class ClipMoved:
    """The sensor sits another way than before.

    cause    : 'walking' (two successive walks), 'step' (an abrupt change without movement), 'upside-down', 're-donned'
    angle_deg: between the old zero and the new one
    since_s  : the first walk, or the step, that shows it
    repaired : the zero is that of walking again; until then it is turned by the smallest rotation, and no tilt prompts
    """

    t_s: float
    cause: str
    angle_deg: float
    since_s: float
    repaired: bool


@dataclass(frozen=True, slots=True)
class AlignmentChanged:
    """Which way is front was learnt: unit vector in the sensor frame, across the zero. sd_deg: its uncertainty.

    source : 'walking', 'leans' (of rises and sit-downs) or 'walking and leans'
    """

    t_s: float
    anterior: tuple[float, float, float]
    sd_deg: float
    source: str


@dataclass(frozen=True, slots=True)
class ReferenceChanged:
    """The zero was learnt or renewed: mean 'up' of level walking, unit vector in the sensor frame."""

    t_s: float
    up: tuple[float, float, float]
    bouts: int
    spread_deg: float


@dataclass(frozen=True, slots=True)
class AlertDue:
    """A rule's limit was exceeded long enough, once in a spell. held: why no prompt came at once; '': it came."""

    t_s: float
    name: str
    value: float
    limit: float
    held: str


@dataclass(frozen=True, slots=True)
class AlertRaised:
    """A prompt. `explain` holds the measured figures behind it, by name with unit.

    cue: as in states.rules.AlertRule; again: prompts for the same before it
    """

    t_s: float
    name: str
    message: str
    value: float
    limit: float
    unit: str
    explain: Mapping[str, float | str]
    cue: str = "all"
    again: int = 0


@dataclass(frozen=True, slots=True)
class AlertCleared:
    """The prompt ended. cause: 'recovered', 'snoozed', 'quiet', 'dismissed', 'settings' or 'no data'."""

    t_s: float
    name: str
    cause: str


@dataclass(frozen=True, slots=True)
class Praised:
    """The wearer moved soon after the prompt of this name, seen by the sensor."""

    t_s: float
    name: str
    message: str


@dataclass(frozen=True, slots=True)
class SnoozeRefused:
    """A prompt was put off `in_a_row` times already: it stays."""

    t_s: float
    in_a_row: int


@dataclass(frozen=True, slots=True)
class ProfileChanged:
    """From t_s on the limits and bands of profile `name` apply."""

    t_s: float
    previous: str
    name: str


@dataclass(frozen=True, slots=True)
class BandFollowed:
    """The middle of the wearer's band in this posture and profile lies a degree or more from where it was told last."""

    t_s: float
    profile: str
    posture: Posture
    tilt_deg: float
    sideways_deg: float


@dataclass(frozen=True, slots=True)
class SensorSilent:
    """Nothing has arrived since `since_s`, though the session goes on."""

    t_s: float
    since_s: float


Event: TypeAlias = (
    Epoch
    | PostureChanged
    | Transition
    | BoutEnded
    | Break
    | UprightShift
    | Fidget
    | ClipMoved
    | AlignmentChanged
    | ReferenceChanged
    | AlertDue
    | AlertRaised
    | AlertCleared
    | Praised
    | SnoozeRefused
    | ProfileChanged
    | BandFollowed
    | SensorSilent
    | Wearer
    | Mark
    | Started
    | SettingsChanged
)
"""What the wearer said, and what was known at the start, is told among the events where it took effect."""
