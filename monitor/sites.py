"""What guided protocols leave behind: one TOML file a wear site (alignment), one a sensor (its own calibration)."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from monitor.config import alignment_from, calibration_from
from monitor.errors import ConfigError
from monitor.places import calibrations_dir, make_private_folder, sites_dir
from monitor.profile import Profile, with_styles
from monitor.signal.alignment import Alignment
from monitor.signal.calibration import Calibration

SITE = "sacrum"  # the wear site unless another is named


@dataclass(frozen=True, slots=True)
class Site:
    """Where and how the sensor is worn. made: local date and time, as text; quality: figures of the protocol."""

    name: str
    alignment: Alignment
    sensor: str = ""
    made: str = ""
    quality: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True)
class SensorCalibration:
    """The errors of one sensor; made and quality as in Site."""

    sensor: str
    calibration: Calibration
    made: str = ""
    quality: Mapping[str, float] = field(default_factory=dict[str, float])


def site_path(name: str) -> Path:
    """The file of a wear site; ConfigError for a name that cannot be one."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
        raise ConfigError(f"{name!r} is no name for a wear site: use letters, digits and '-', such as 'sacrum'")
    return sites_dir() / f"{name}.toml"


def calibration_path(sensor: str) -> Path:
    """The file of a sensor, by its name; what a file system may not take is replaced."""
    return calibrations_dir() / f"{re.sub(r'[^A-Za-z0-9_-]', '-', sensor)[:64] or 'sensor'}.toml"


def save_site(site: Site) -> Path:
    """Write the file, in place of an older one; where it is."""
    alignment = asdict(site.alignment)
    head = {"site": site.name, "sensor": site.sensor, "made": site.made}
    return _write(
        site_path(site.name),
        "How the sensor sits at this site, from `sitwell align`. Frames and signs: docs/concepts.md.",
        {"": head, "alignment": alignment, "quality": site.quality},
    )


def save_calibration(of: SensorCalibration) -> Path:
    """Write the file, in place of an older one; where it is."""
    return _write(
        calibration_path(of.sensor),
        "The accelerometer's own errors, from `sitwell calibrate`: measured = gain * true + offset.",
        {"": {"sensor": of.sensor, "made": of.made}, "calibration": asdict(of.calibration), "quality": of.quality},
    )


def load_site(path: Path) -> Site:
    """Read a wear site's file. Raises ConfigError, one sentence, for anything that is not right in it."""
    table = _read(path, {"site", "sensor", "made"}, "alignment")
    head = _head(table, path)
    alignment = alignment_from(table["alignment"], str(path))
    return Site(
        head.get("site") or path.stem, alignment, head.get("sensor", ""), head.get("made", ""), _quality(table, path)
    )


def load_calibration(path: Path) -> SensorCalibration:
    """Read a sensor's file. Raises ConfigError, one sentence, for anything that is not right in it."""
    table = _read(path, {"sensor", "made"}, "calibration")
    head = _head(table, path)
    calibration = calibration_from(table["calibration"], str(path))
    return SensorCalibration(head.get("sensor") or path.stem, calibration, head.get("made", ""), _quality(table, path))


def fitted(profile: Profile, sensor: str, site: str | None = None) -> Profile:
    """The profile with what is known of this sensor and this site laid over it, unless the profile says it itself.

    site: a name that must have a file; None: SITE, if it has one.
    """
    path = calibration_path(sensor)
    if profile.calibration.none and path.exists():
        profile = replace(profile, calibration=load_calibration(path).calibration)
    path = site_path(site or SITE)
    if site is None and (profile.alignment is not None or not path.exists()):
        return profile
    if not path.exists():
        raise ConfigError(f"there is no alignment for {site!r}: make one with `sitwell align --site {site}`", path)
    return with_styles(replace(profile, alignment=load_site(path).alignment))


def _read(path: Path, head: set[str], body: str) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"this cannot be read ({error}); make it anew, or remove it", path) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"this is not valid TOML: {error}", path) from None
    known = {*head, body, "quality"}
    unknown = next((key for key in table if key not in known), None)
    if unknown is not None:
        raise ConfigError(f"unknown name {unknown!r}; known are {', '.join(sorted(known))}", path, unknown)
    if body not in table:
        raise ConfigError(f"there is no [{body}] in it; make it anew, or remove it", path, body)
    return table


def _head(table: dict[str, Any], path: Path) -> dict[str, str]:
    head = {key: value for key, value in table.items() if not isinstance(value, dict) and key != "quality"}
    wrong = next((key for key, value in head.items() if not isinstance(value, str)), None)
    if wrong is not None:
        raise ConfigError(f"{wrong} is {head[wrong]!r}; it must be text in quotes", path, wrong)
    return head


def _quality(table: dict[str, Any], path: Path) -> dict[str, float]:
    quality = table.get("quality", {})
    if not isinstance(quality, dict):
        raise ConfigError("quality must be a table: write [quality] and its figures below it", path, "quality")
    figures = cast("dict[str, object]", quality)
    out: dict[str, float] = {}
    for key, value in figures.items():
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ConfigError(f"quality.{key} is {value!r}; it must be a number", path, f"quality.{key}")
        out[key] = float(value)
    return out


def _write(path: Path, comment: str, tables: Mapping[str, Mapping[str, Any]]) -> Path:
    """Text first beside the file, then in its place: a reader never sees half of it."""
    lines = [f"# {comment}"]
    for name, table in tables.items():
        lines += ["", f"[{name}]"] if name else []
        lines += [f"{_toml(key)} = {_toml_value(value)}" for key, value in table.items()]
    beside = path.with_suffix(".part")
    try:
        make_private_folder(path.parent)
        beside.write_text("\n".join(lines) + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise ConfigError(
            f"this cannot be written ({error}); check the folder and the space on the disk", path
        ) from None
    return path


def _toml(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _toml_value(key)


def _toml_value(value: str | float | tuple[float, ...]) -> str:
    """A basic string, a number or a list of numbers; a number reads back to the last bit."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml_value, value))}]"
    return repr(float(value))
