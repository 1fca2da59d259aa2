"""TOML to Profile: strict, so that a typo is an error with a suggestion, never silence."""

import contextlib
import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from monitor.errors import ConfigError
from monitor.places import profile_path
from monitor.profile import Profile
from monitor.signal.alignment import AXES, Alignment, Vec
from monitor.signal.calibration import Calibration
from monitor.states.alerts import MEASURES, AlertRule

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Table = TypeVar("Table", bound="DataclassInstance")
BELOW_ZERO = {"band.usual_sitting_deg", "band.usual_standing_deg"}  # angles against the zero: either sign
ZERO = {  # 0 says "none of it" here; in every other setting it would switch the computation off or break it
    "epochs.hole_s",
    "gait.min_periodicity",
    "gait.step_amplitude",
    "gait.refractory_s",
    "reference.min_cadence_hz",
    "posture.lag",
    "posture.min_p",
    "bouts.min_sitting_s",
    "bouts.bridge_s",
    "band.step_deg_s",
    "band.leak_deg_s",
}
HIGHEST = {  # shares and probabilities, and the lag that the 3-s promise allows
    "epochs.min_coverage": 1.0,
    "gait.step_amplitude": 1.0,
    "gait.min_periodicity": 1.0,
    "posture.floor": 0.25,
    "posture.min_p": 1.0,
    "posture.lag": 2,
}

SENSOR_CUES = ("motor", "buzzer", "light")  # what a sensor can do, in the order in which it is noticed
BELLS = ("fallback", "always", "never")

_NO_ALIGNMENT = Alignment((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 2.0)  # types and defaults only: a table must say both ways


@dataclass(frozen=True, slots=True)
class CueSettings:
    """[cues]: how a prompt reaches the wearer.

    desktop        : a notification of the desktop
    sensor         : kinds of cue asked of the sensor itself, the first that it has is given; empty: none
    bell           : the terminal's: 'fallback' where no desktop notification was shown, 'always', 'never'
    hooks          : commands to run, each a program and its arguments; they get the prompt as JSON on stdin
    hook_timeout_s : a command that runs longer is killed
    """

    desktop: bool = True
    sensor: tuple[str, ...] = SENSOR_CUES
    bell: str = "fallback"
    hooks: tuple[tuple[str, ...], ...] = ()
    hook_timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class KeepSettings:
    """[recordings]: how much is kept.

    keep_gb : after a live session the oldest recordings go until so many GB are left, and the history keeps the figures
              of their days; 0 keeps all
    """

    keep_gb: float = 0.0


def default_profile() -> Profile:
    """What applies where the wearer says nothing."""
    shipped = tomllib.loads(files("monitor").joinpath("default_profile.toml").read_text(encoding="utf-8"))
    return profile_from_mapping(shipped, Profile(), "default_profile.toml")


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
    """The profile as plain data, in the form profile_from_mapping reads; kept in every recording."""
    data = asdict(profile)
    data["alert"] = [dict(rule) for rule in data.pop("alerts")]
    return data


def profile_from_recording(mapping: Mapping[str, Any], where: str) -> tuple[Profile, list[str]]:
    """The profile that a recording was made with, and its settings that this version does not know and leaves out.

    Raises ConfigError for a value that is not right.
    """
    left_out: list[str] = []
    base = Profile()
    known = known_settings(mapping, profile_to_mapping(base) | {"alignment": asdict(_NO_ALIGNMENT)}, "", left_out)
    return profile_from_mapping(known, base, where), left_out


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
    """`base` with the values of `mapping` laid over it; alert rules are laid over those of the same name."""
    sections = {f.name: getattr(base, f.name) for f in fields(base) if is_dataclass(getattr(base, f.name))}
    sections = {name: section for name, section in sections.items() if not isinstance(section, Alignment | Calibration)}
    changes: dict[str, Any] = {}
    for key, value in mapping.items():
        if key == "anterior_axis":
            if not isinstance(value, str) or value not in AXES:
                raise ConfigError(f"anterior_axis is {value!r}; it must be one of {', '.join(AXES)}", where, key)
            changes[key] = value
        elif key == "alert":
            changes["alerts"] = _rules(value, base.alerts, where)
        elif key == "alignment":
            changes[key] = None if value is None else alignment_from(value, where)
        elif key == "calibration":
            changes[key] = calibration_from(value, where)
        elif key == "cues":
            cues_from(value, where)  # no part of what is computed: load_cues reads them
        elif key == "recordings":
            keeping_from(value, where)  # neither: load_keeping reads them
        elif key in sections:
            changes[key] = _section(key, sections[key], value, where)
        else:
            others = ("anterior_axis", "alert", "alignment", "calibration", "cues", "recordings")
            raise ConfigError(_unknown(key, [*others, *sections]), where, key)
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


def cues_from(table: object, where: str) -> CueSettings:
    """The [cues] of a profile."""
    if not isinstance(table, dict):
        raise ConfigError("cues must be a table: write [cues] and its settings below it", where, "cues")
    values: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", table).items():
        full = f"cues.{key}"
        match key:
            case "desktop":
                if not isinstance(value, bool):
                    raise ConfigError(f"{full} is {value!r}; it must be true or false", where, full)
                values[key] = value
            case "bell":
                values[key] = _one_of(BELLS, value, full, where)
            case "sensor":
                kinds = cast("list[Any]", value) if isinstance(value, list) else [value]
                values[key] = tuple(_one_of(SENSOR_CUES, kind, full, where) for kind in kinds)
            case "hooks":
                values[key] = _commands(value, full, where)
            case "hook_timeout_s":
                values[key] = _number(value, 0.0, full, where)
                if not 0.0 < values[key] <= 600.0:
                    raise ConfigError(f"{full} is {value!r}; it must be above 0 and 600 or less", where, full)
            case _:
                raise ConfigError(_unknown(key, [f.name for f in fields(CueSettings)], "in [cues]"), where, full)
    return CueSettings(**values)


def keeping_from(table: object, where: str) -> KeepSettings:
    """The [recordings] of a profile."""
    kept = filled("recordings", KeepSettings(), table, where)
    if kept.keep_gb < 0.0:
        message = f"keep_gb of [recordings] is {kept.keep_gb:g}; it must be 0, for all, or above"
        raise ConfigError(message, where, "recordings.keep_gb")
    return kept


def _one_of(words: tuple[str, ...], value: object, key: str, where: str) -> str:
    if value not in words:
        raise ConfigError(_unknown(str(value), words, f"as {key}"), where, key)
    return str(value)


def _commands(value: object, key: str, where: str) -> tuple[tuple[str, ...], ...]:
    commands: list[tuple[str, ...]] = []
    for command in cast("list[Any]", value) if isinstance(value, list) else [value]:
        words = tuple(cast("list[Any]", command)) if isinstance(command, list) else ()
        if not (words and words[0]) or any(not isinstance(word, str) or "\0" in word for word in words):
            raise ConfigError(
                f'{key} must be a list of commands, each a list of texts: [["say", "sit tall"]]', where, key
            )
        commands.append(words)
    return tuple(commands)


def filled(name: str, base: Table, table: object, where: str) -> Table:
    """`base` with the values of `table` laid over it, each of the kind that stands in `base`: a number, text, or a list
    of numbers, as long as that of `base` unless that is empty.
    """
    if not isinstance(table, dict):
        raise ConfigError(f"{name} must be a table: write [{name}] and its settings below it", where, name)
    values: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", table).items():
        full = f"{name}.{key}"
        like = getattr(base, key, None) if key in {f.name for f in fields(base)} else None
        if like is None:
            raise ConfigError(_unknown(key, [f.name for f in fields(base)], f"in [{name}]"), where, full)
        values[key] = _value(value, like, full, where)
    return replace(base, **values)


def _section(name: str, base: Any, table: object, where: str) -> Any:
    if not isinstance(table, dict):
        raise ConfigError(f"{name} must be a table: write [{name}] and its settings below it", where, name)
    known = {f.name for f in fields(base)}
    values: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", table).items():
        if key not in known:
            raise ConfigError(_unknown(key, known, f"in [{name}]"), where, f"{name}.{key}")
        full = f"{name}.{key}"
        if is_dataclass(getattr(base, key)):
            values[key] = _section(full, getattr(base, key), value, where)
            continue
        values[key] = _value(value, getattr(base, key), full, where)
        numbers = cast("tuple[float, ...]", values[key] if isinstance(values[key], tuple) else (values[key],))
        if full not in BELOW_ZERO and any(each < 0 or (each == 0 and full not in ZERO) for each in numbers):
            least = "0 or more" if full in ZERO else "above 0"
            raise ConfigError(f"{full} is {value!r}; it must be {least}", where, full)
        if max(numbers, default=0.0) > HIGHEST.get(full, math.inf):
            raise ConfigError(f"{full} is {value!r}; it must be {HIGHEST[full]:g} or less", where, full)
    return replace(base, **values)


def _rules(tables: object, base: tuple[AlertRule, ...], where: str) -> tuple[AlertRule, ...]:
    if not isinstance(tables, list):
        raise ConfigError("alert must be written as [[alert]], with two brackets", where, "alert")
    rules = {rule.name: rule for rule in base}
    known = [f.name for f in fields(AlertRule)]
    for entry in cast("list[object]", tables):
        table = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
        name = table.get("name")
        if not isinstance(name, str) or not name:
            raise ConfigError("every [[alert]] needs a name, such as name = 'sitting'", where, "alert.name")
        for key in table:
            if key not in known:
                raise ConfigError(_unknown(key, known, f"in [[alert]] {name!r}"), where, f"alert.{key}")
        given = asdict(rules[name]) if name in rules else {}
        given |= table
        missing = [key for key in known if key not in given]
        if missing:
            raise ConfigError(f"[[alert]] {name!r} lacks {', '.join(missing)}", where, "alert")
        rules[name] = _rule(given, where)
    return tuple(rules.values())


def _rule(given: Mapping[str, Any], where: str) -> AlertRule:
    name = given["name"]
    if not isinstance(given["measure"], str) or given["measure"] not in MEASURES:
        raise ConfigError(_unknown(str(given["measure"]), MEASURES, f"as measure of {name!r}"), where, "alert.measure")
    if not isinstance(given["message"], str):
        raise ConfigError(f"the message of {name!r} must be text in quotes", where, "alert.message")
    numbers = {
        key: _number(given[key], 0.0, f"{key} of alert {name!r}", where)
        for key in ("limit", "clear", "hold_s", "repeat_s")
    }
    if not 0.0 <= numbers["clear"] < numbers["limit"]:
        raise ConfigError(f"clear of alert {name!r} must be 0 or more and below its limit", where, "alert.clear")
    if numbers["hold_s"] < 1.0 or numbers["repeat_s"] < 1.0:
        raise ConfigError(f"hold_s and repeat_s of alert {name!r} must be 1 second or more", where, "alert.hold_s")
    return AlertRule(name=name, measure=given["measure"], message=given["message"], **numbers)


def _value(value: object, like: Any, key: str, where: str) -> Any:
    """`value` as text, a tuple of numbers or a number, whichever `like` is."""
    if isinstance(like, str):
        if not isinstance(value, str):
            raise ConfigError(f"{key} is {value!r}; it must be text in quotes", where, key)
        return value
    if not isinstance(like, tuple):
        return _number(value, like, key, where)
    length = len(cast("tuple[float, ...]", like))
    if not isinstance(value, list | tuple) or (length and len(cast("list[Any]", value)) != length):
        raise ConfigError(f"{key} must be a list of {length or 'some'} numbers", where, key)
    return tuple(_number(each, 0.0, key, where) for each in cast("list[Any]", value))


def _number(value: object, like: float, key: str, where: str) -> float:
    """`value` as a number of the kind of `like`."""
    number = math.nan
    if isinstance(value, int | float) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):  # a whole number of hundreds of digits
            number = float(value)
    if not math.isfinite(number):
        raise ConfigError(f"{key} is {value!r}; it must be a number", where, key)
    if isinstance(like, int) and not isinstance(like, bool):
        if not number.is_integer():
            raise ConfigError(f"{key} is {value!r}; it must be a whole number", where, key)
        return int(number)
    return number


def _unknown(key: str, known: Any, place: str = "") -> str:
    near = difflib.get_close_matches(key, list(known), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(known))}"
    return f"unknown name {key!r}{' ' + place if place else ''}; {hint}"
