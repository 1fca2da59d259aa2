"""What a screen shows: one immutable Snapshot.

Plain data, so that every screen can be drawn without a sensor or a clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.stream import Floats, LinkState, Posture


@dataclass(frozen=True, slots=True)
class Clock:
    """A running clock against its limit, s. limit_s is None where no alert rule watches it."""

    seconds: float
    limit_s: float | None


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the day's ribbon: one posture in [start_s, end_s)."""

    start_s: float
    end_s: float
    posture: Posture


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the wearer is asked to do now, and why. `explain`: measured figures by name (deg, s, …)."""

    name: str
    message: str
    since_s: float
    value: float
    limit: float
    unit: str
    explain: Mapping[str, float | str]


@dataclass(frozen=True, slots=True)
class LinkView:
    """The sensor and the radio link to it. battery_percent is None while unknown; lost_percent of all samples due."""

    sensor: str
    state: LinkState
    battery_percent: int | None
    rate_hz: float
    received: int
    lost: int
    bad_packets: int
    cause: str = ""

    @property
    def lost_percent(self) -> float:
        """Samples lost in % of samples due; 0 before the first."""
        due = self.received + self.lost
        return 100.0 * self.lost / due if due else 0.0


@dataclass(frozen=True, slots=True)
class Player:
    """Where a replay is: position and length in s, speed as a factor (inf: as fast as it can), paused, ended.

    goal_s : where it is being sought to, s; None if it is not, inf where that is not known yet
    alerts : where alerts were raised, as parts (0 to 1) of the length, in order; none while they are being looked for
    """

    position_s: float
    length_s: float
    speed: float
    paused: bool
    ended: bool
    goal_s: float | None = None
    alerts: tuple[float, ...] = ()

    @property
    def seeking(self) -> bool:
        """True on the way to a goal."""
        return self.goal_s is not None


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """The tilt of the last 60 s. t_s: (N,) s; tilt_deg: (N,), NaN where it was not published."""

    t_s: Floats
    tilt_deg: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """All that the dashboard knows.

    mode          : 'live', 'demo' or 'replay'
    t_s           : session time, s; `clock` is the same moment as local time of day, 'HH:MM:SS'
    provisional   : posture of this very second, before the fixed lag confirms it
    tilt_deg      : sagittal, anterior +; None until there is a zero; the last steady value while `moving`
    tilt_sd_deg   : standard uncertainty of tilt_deg
    obliquity_deg : frontal, right side up +
    zero          : what the tilt is measured against: 'none', 'standing' until the first walk, 'walking', or 'moved'
                    where the clip has moved since
    band_deg      : (low, high) tilt that counts as within the wearer's band in this posture
    ribbon        : the session so far, oldest first
    totals_s      : seconds of each posture
    snoozed_s     : seconds of snooze left, 0 if none
    profile       : whose limits and bands apply
    quiet         : why no prompt may come now ('baseline', 'snoozed', 'quiet', 'meeting', 'hours') and for how long
                    yet, s (inf: not known); None if one may
    prompts_left, prompts_most : of the hour's budget
    praise        : what is said about a movement that followed a prompt, for some seconds; '' else
    """

    mode: str
    t_s: float
    clock: str
    posture: Posture
    posture_p: float
    posture_since_s: float
    provisional: Posture
    tilt_deg: float | None
    tilt_sd_deg: float | None
    obliquity_deg: float | None
    moving: bool
    zero: str
    band_deg: tuple[float, float]
    sitting: Clock
    standing: Clock
    trace: Trace
    ribbon: tuple[Span, ...]
    totals_s: Mapping[Posture, float]
    breaks: int
    steps: int
    prompt: Prompt | None
    snoozed_s: float
    link: LinkView
    recording: str
    profile: str = "desk"
    quiet: tuple[str, float] | None = None
    prompts_left: int = 4
    prompts_most: int = 4
    praise: str = ""
    player: Player | None = None
    notes: tuple[str, ...] = field(default=())
