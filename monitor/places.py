"""Where files live on this computer, and its time zone. Imports nothing slow: `sitwell status` answers at once."""

import contextlib
import os
from datetime import datetime
from pathlib import Path

APP = "sitwell"


def profile_path() -> Path:
    """The wearer's own profile.toml; it need not exist."""
    from platformdirs import user_config_path

    return user_config_path(APP, appauthor=False) / "profile.toml"


def recordings_dir() -> Path:
    """Where sessions are recorded unless told otherwise."""
    from platformdirs import user_data_path

    return user_data_path(APP, appauthor=False) / "recordings"


def sites_dir() -> Path:
    """Where alignments are kept, one file a wear site."""
    return recordings_dir().with_name("sites")


def calibrations_dir() -> Path:
    """Where calibrations are kept, one file a sensor."""
    return recordings_dir().with_name("calibrations")


def locks_dir() -> Path:
    """Where sessions hold their sensors, one file a sensor."""
    return recordings_dir().with_name("locks")


def last_sensor() -> str | None:
    """Address of the sensor that was used last; None where none was."""
    return _remembered("last-sensor")


def remember_sensor(address: str) -> None:
    """Note the sensor that is used now; a folder that cannot be written to only costs the convenience."""
    _remember("last-sensor", address)


def last_recording() -> Path | None:
    """Where the newest session records, or has recorded, if that is not the recordings folder; for finding it again."""
    said = _remembered("last-recording")
    return Path(said) if said else None


def remember_recording(path: Path) -> None:
    """Note where a session records that was told to record elsewhere."""
    _remember("last-recording", str(path.absolute()))


def make_private_folder(folder: Path) -> None:
    """Make the folder, and those above it that are missing, for its owner only: it describes a body."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)


def _remembered(name: str) -> str | None:
    try:
        return recordings_dir().with_name(name).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _remember(name: str, text: str) -> None:
    path = recordings_dir().with_name(name)
    with contextlib.suppress(OSError):
        make_private_folder(path.parent)
        path.write_text(text + "\n", encoding="utf-8")


def local_zone() -> tuple[str, int]:
    """IANA name of this computer's time zone ("" where it cannot be told) and its present UTC offset, s."""
    offset = datetime.now().astimezone().utcoffset()
    seconds = int(offset.total_seconds()) if offset else 0
    name = os.environ.get("TZ", "").lstrip(":")
    if not name:
        _, found, zone = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")
        name = zone if found else ""
    return (name if "/" in name or name == "UTC" else ""), seconds
