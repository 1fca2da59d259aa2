"""A still pose as it was measured: what guided alignment and six-face calibration are worked out from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pose:
    """Held still in [start_s, end_s).

    step     : the step of the protocol that asked for it
    acc_g    : mean specific force, sensor frame, g
    sd_mg    : largest standard deviation of an axis, mg
    sway_deg : rms angle between the means of tenths of a second and acc_g
    turn     : the movement into the pose: sums of xx, yy, zz, xy, xz, yz of the angular rate without its bias
               (deg/s)^2; empty without a gyroscope or without a movement
    """

    step: str
    start_s: float
    end_s: float
    acc_g: tuple[float, float, float]
    sd_mg: float = 0.0
    sway_deg: float = 0.0
    turn: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One figure of quality against its limit. advice: what to do about it, one sentence; more_is_better: limit is the
    least.
    """

    name: str
    value: float
    limit: float
    unit: str
    advice: str
    more_is_better: bool = False

    @property
    def ok(self) -> bool:
        """Within the limit."""
        return self.value >= self.limit if self.more_is_better else self.value <= self.limit


def fault(checks: tuple[Check, ...]) -> str:
    """The first figure beyond its limit in one sentence, with what to do; "" where all are within."""
    bad = next((check for check in checks if not check.ok), None)
    if bad is None:
        return ""
    word = "at least" if bad.more_is_better else "at most"
    unit = f" {bad.unit}" if bad.unit else ""
    return f"{bad.name} is {bad.value:.3g}{unit}, {word} {bad.limit:g}{unit} is needed: {bad.advice}"
