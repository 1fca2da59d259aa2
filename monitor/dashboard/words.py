"""Figures and states in words and symbols. Pure."""

from collections.abc import Mapping
from typing import Final

from monitor.stream import LinkState, Posture

# Height means uprightness, so the ribbon reads without colour.
GLYPH: Final[Mapping[Posture, str]] = {
    Posture.STANDING: "█",
    Posture.WALKING: "▞",
    Posture.SITTING: "▄",
    Posture.LYING: "▁",
    Posture.UNKNOWN: "?",
    Posture.NO_DATA: "·",
    Posture.NOT_WORN: "×",
}

POSTURE_WORDS: Final[Mapping[Posture, str]] = {
    Posture.STANDING: "standing",
    Posture.WALKING: "walking",
    Posture.SITTING: "sitting",
    Posture.LYING: "lying",
    Posture.UNKNOWN: "not sure",
    Posture.NO_DATA: "no data",
    Posture.NOT_WORN: "not worn",
}

LINK_WORDS: Final[Mapping[LinkState, tuple[str, str]]] = {
    LinkState.SEARCHING: ("◌", "looking for it"),
    LinkState.CONNECTED: ("●", "connected"),
    LinkState.LOST: ("×", "link lost"),
    LinkState.CLOSED: ("○", "link closed"),
}

_DAY_S = 86_400


def clock(seconds: float) -> str:
    """'0:07', '12:34' or '1:02:03'; whole seconds, rounded down as clocks do. Negative counts as 0."""
    whole = max(int(seconds), 0)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def duration(seconds: float) -> str:
    """'35 s', '40 min' or '2 h 05'; rounded down."""
    whole = max(int(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 3600 else f"{whole // 3600} h {whole // 60 % 60:02d}"


def time_of_day(clock_now: str, ago_s: float) -> str:
    """'HH:MM' of the moment ago_s before 'HH:MM:SS'."""
    hours, minutes, seconds = (int(part) for part in clock_now.split(":"))
    then = int(hours * 3600 + minutes * 60 + seconds - ago_s) % _DAY_S
    return f"{then // 3600:02d}:{then // 60 % 60:02d}"


def degrees(value: float) -> str:
    """'+12°', '−8°' or '0°'."""
    whole = round(value)
    return f"{whole:+d}°".replace("-", "−") if whole else "0°"


def direction(tilt_deg: float) -> str:
    """Which way the pelvis tips."""
    whole = round(tilt_deg)
    if whole == 0:
        return "upright, at your zero"
    return "forward (anterior)" if whole > 0 else "back (posterior)"


def against_band(tilt_deg: float, band_deg: tuple[float, float]) -> str:
    """Where the tilt lies against the wearer's band."""
    low, high = band_deg
    beyond_deg = max(tilt_deg - high, low - tilt_deg)
    if beyond_deg <= 0.0:
        return "within your band"
    return f"{round(beyond_deg)}° beyond your band" if round(beyond_deg) else "less than 1° beyond your band"


def hips(obliquity_deg: float) -> str:
    """The frontal tilt, right side up +."""
    whole = round(obliquity_deg)
    if whole == 0:
        return "hips level"
    return f"hips {abs(whole)}° {'right' if whole > 0 else 'left'} side up"


def quantity(value: float | str, unit: str) -> str:
    """A measured figure with its unit, as the wearer reads it: seconds as a clock, degrees with a sign."""
    if isinstance(value, str):
        return value
    match unit:
        case "s":
            return clock(value)
        case "d":
            return f"{value:.0f} day{'' if round(value) == 1 else 's'}"
        case "deg":
            return degrees(value)
        case "p":
            return f"{100.0 * value:.0f} % sure"
        case "deg·s":
            return f"{value:.0f} degree-seconds"
        case "percent":
            return f"{value:g} %"
        case "hz":
            return f"{value:.1f} Hz"
        case _:
            return f"{round(value, 1):g} {unit}".rstrip()


def figure(name: str, value: float | str) -> tuple[str, str]:
    """An entry of Prompt.explain: ('held_s', 65.0) is ('held', '1:05'); a name's last part is the unit if known."""
    stem, _, unit = name.rpartition("_")
    known = unit if stem and unit in {"s", "d", "deg", "p", "percent", "hz", "g", "mg", "dps"} else ""
    if stem.endswith("_sd") and known == "deg" and not isinstance(value, str):
        return f"{stem.removesuffix('_sd')} uncertainty".replace("_", " "), f"±{max(round(value), 1)}°"
    return (stem if known else name).replace("_", " "), quantity(value, known)


def fit(text: str, width: int) -> str:
    """The text, cut with an ellipsis where it is wider than `width`."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"[: max(width, 0)]
