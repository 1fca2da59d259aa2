"""TOML to Profile: strict, so that a typo is an error with a suggestion, never silence."""

import functools
import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from monitor.config.cues import SENSOR_CUES, CueSettings, KeepSettings, cues_from, keeping_from
from monitor.config.prompts import KEYS, prompts_from
from monitor.config.strict import HIGHEST, filled, section, unknown
from monitor.errors import ConfigError
from monitor.places import profile_path
from monitor.profile import Profile
from monitor.signal.alignment import AXES, Alignment, Vec
from monitor.signal.calibration import Calibration
from monitor.states.rules import AlertSettings, alert_settings

__all__ = [
    "HIGHEST",
    "SENSOR_CUES",
    "CueSettings",
    "KeepSettings",
    "alignment_from",
    "calibration_from",
    "cues_from",
    "default_profile",
    "filled",
    "keeping_from",
    "load_cues",
    "load_keeping",
    "load_profile",
    "profile_from_mapping",
    "profile_from_recording",
    "profile_to_mapping",
]

_NO_ALIGNMENT = Alignment((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 2.0)  # types and defaults only: a table must say both ways


def default_profile() -> Profile:
    """What applies where the wearer says nothing."""
    return profile_from_mapping(_shipped(), Profile(), "default_profile.toml")


@functools.cache  # read only, and three times for every profile
def _shipped() -> dict[str, Any]:
    return tomllib.loads(files("monitor").joinpath("default_profile.toml").read_text(encoding="utf-8"))


def load_profile(path: Path | None = None) -> Profile:
    """The shipped defaults with the wearer's file laid over them. path: that file; None: the usual place, if it is
    there.

    Raises ConfigError for a file that cannot be read, and for any name, type or value that is not right.
    """
    base = default_profile()
    mapping, where = _own_settings(path)
    return profile_from_mapping(mapping, base, where)


def load_cues(path: Path | None = None) -> CueSettings:
    """How prompts reach the wearer: [cues] of the same file, else the defaults. Raises ConfigError as load_profile."""
    mapping, where = _own_settings(path)
    return cues_from(mapping.get("cues", {}), where)


def _own_settings(path: Path | None) -> tuple[Mapping[str, Any], str]:
    """What the wearer's file says, and its name; nothing where the usual one is not there."""
    own = path or profile_path()
    if path is None and not own.exists():
        return {}, str(own)
    try:
        text = own.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the profile cannot be read ({error}); check the path or leave out --profile", own) from None
    try:
        return tomllib.loads(text), str(own)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"this is not valid TOML: {error}", own) from None


def profile_to_mapping(profile: Profile) -> dict[str, Any]:
    """The profile as plain data, in the form profile_from_recording reads; kept in every recording."""
    values = asdict(profile)
    del values["settled"]  # how it is used, not what it is
    return values


def profile_from_recording(mapping: Mapping[str, Any], where: str) -> tuple[Profile, list[str]]:
    """The profile that a recording was made with, and its settings that this version does not know and leaves out.

    Raises ConfigError for a value that is not right.
    """
    left_out: list[str] = []
    base = Profile()
    like = {**profile_to_mapping(base), "alignment": asdict(_NO_ALIGNMENT), "prompts": None}
    profile = profile_from_mapping(known_settings(mapping, like, "", left_out), base, where)
    return (profile if "prompts" in mapping else replace(profile, prompts=default_profile().prompts)), left_out


def _recorded_prompts(value: Any, where: str) -> AlertSettings:
    try:
        return alert_settings(value)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"the settings of the prompts are not as they should be ({error})", where, "prompts"
        ) from None


def known_settings(
    mapping: Mapping[str, Any], like: Mapping[str, Any], prefix: str, left_out: list[str]
) -> dict[str, Any]:
    """What of `mapping` has a name that stands in `like`, tables within tables too; the other names go to left_out."""
    kept: dict[str, Any] = {}
    for key, value in mapping.items():
        if key not in like:
            left_out.append(prefix + key)
        elif isinstance(value, Mapping) and isinstance(like[key], Mapping):
            kept[key] = known_settings(
                cast("Mapping[str, Any]", value), cast("Mapping[str, Any]", like[key]), f"{prefix}{key}.", left_out
            )
        else:
            kept[key] = value
    return kept


def load_keeping(path: Path | None = None) -> KeepSettings:
    """What is kept of recordings: [recordings] of the same file. Raises ConfigError as load_profile."""
    mapping, where = _own_settings(path)
    return keeping_from(mapping.get("recordings", {}), where)


def profile_from_mapping(mapping: Mapping[str, Any], base: Profile, where: str = "profile") -> Profile:
    """`base` with the values of `mapping` laid over it, name by name. Raises ConfigError."""
    sections = {f.name: getattr(base, f.name) for f in fields(base) if is_dataclass(getattr(base, f.name))}
    others = ("alignment", "calibration", "prompts")
    sections = {name: each for name, each in sections.items() if name not in others}
    changes: dict[str, Any] = {}
    for key, value in mapping.items():
        match key:
            case "anterior_axis":
                if not isinstance(value, str) or value not in AXES:
                    raise ConfigError(f"anterior_axis is {value!r}; it must be one of {', '.join(AXES)}", where, key)
                changes[key] = value
            case "alignment":
                changes[key] = None if value is None else alignment_from(value, where)
            case "calibration":
                changes[key] = calibration_from(value, where)
            case "cues":
                cues_from(value, where)  # no part of what is computed: load_cues reads them
            case "recordings":
                keeping_from(value, where)  # neither: load_keeping reads them
            case "prompts":  # as a recording has them
                changes[key] = _recorded_prompts(value, where)
            case _ if key in sections:
                changes[key] = section(key, sections[key], value, where)
            case _ if key not in KEYS:
                known = ("anterior_axis", "alignment", "calibration", "cues", "recordings", *KEYS, *sections)
                raise ConfigError(unknown(key, known), where, key)
            case _:
                pass
    if any(key in mapping for key in KEYS):
        names = {place.name for place in base.prompts.places[1:]}
        shipped = [table for table in _shipped()["profile"] if table["name"] in names]
        changes["prompts"] = prompts_from(mapping, base.prompts, shipped, where)
    return replace(base, **changes)


def alignment_from(table: object, where: str) -> Alignment:
    """An [alignment] of a profile, a recording or a site file."""
    read = filled("alignment", _NO_ALIGNMENT, table, where)
    lengths = [math.sqrt(sum(x * x for x in v)) for v in (read.anterior, read.up)]
    if any(abs(length - 1.0) > 1e-3 for length in lengths):
        raise ConfigError("anterior and up of [alignment] must be there, each of length 1", where, "alignment.anterior")
    if any(abs(length - 1.0) > 1e-9 for length in lengths):  # written by hand with few digits
        scaled = [
            cast("Vec", tuple(x / length for x in v))
            for v, length in zip((read.anterior, read.up), lengths, strict=True)
        ]
        read = replace(read, anterior=scaled[0], up=scaled[1])
    if abs(sum(a * b for a, b in zip(read.anterior, read.up, strict=True))) > 0.5:
        raise ConfigError("anterior of [alignment] must lie across up", where, "alignment.anterior")
    if not 0.0 <= read.sd_deg <= 180.0:
        raise ConfigError(f"sd_deg of [alignment] is {read.sd_deg:g}; it must be 0 to 180", where, "alignment.sd_deg")
    if len(read.slump_range_deg) not in {0, 2}:
        raise ConfigError(
            "slump_range_deg of [alignment] must hold two tilts, seated upright and slumped, or none",
            where,
            "alignment.slump_range_deg",
        )
    if any(abs(tilt) > 180.0 for tilt in (*read.sitting_styles_deg, *read.slump_range_deg)):
        raise ConfigError("tilts of [alignment] must be within 180 degrees", where, "alignment.sitting_styles_deg")
    return read


def calibration_from(table: object, where: str) -> Calibration:
    """A [calibration] of a profile, a recording or a sensor's file."""
    read = filled("calibration", Calibration(), table, where)
    for key, values, low, high in (
        ("offset_g", read.offset_g, -0.5, 0.5),
        ("gain", read.gain, 0.5, 1.5),
        ("per_degree_g", read.per_degree_g, -0.1, 0.1),
        ("at_deg_c", (read.at_deg_c,), -60.0, 120.0),
    ):
        if any(not low <= value <= high for value in values):
            raise ConfigError(f"{key} of [calibration] must be {low:g} to {high:g}", where, f"calibration.{key}")
    return read
