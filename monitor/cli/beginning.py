"""What is known when a session begins: the hour, the days before it, and how old its alignment is."""

import contextlib
import json
import math
import sqlite3
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import SitwellError
from monitor.stream import Started

if TYPE_CHECKING:
    from monitor.profile import Profile

HOUR_S = 3600.0
NEWEST = 10  # recordings that are asked how the wearer sits usually


def started(
    began_utc_s: float, utc_offset_s: int, folder: Path, profile: "Profile", sensor: str, *, worn: bool
) -> Started:
    """The first record of a session.

    worn: by the wearer, so that the days before count; a demonstration begins without a baseline. What cannot be read
    is not known: a session begins in any case.
    """
    days, local_s = divmod(began_utc_s + utc_offset_s, 86_400.0)
    today = date.fromordinal(int(days) + date(1970, 1, 1).toordinal())
    known = Started(0.0, local_s=round(local_s, 3), weekday=today.weekday(), days_worn=1_000)
    if not worn:
        return known
    days_worn, first_per_h, week_per_h = _pace(folder, today)
    return replace(
        known,
        days_worn=days_worn,
        first_per_h=first_per_h,
        week_per_h=week_per_h,
        asked_s=recent_prompts(folder, began_utc_s),
        usual=usual(folder),
        **_ages(profile, sensor, began_utc_s),
    )


def _pace(folder: Path, today: date) -> tuple[int, float, float]:
    from monitor.storage.history.queries import pace
    from monitor.storage.history.schema import history_path, open_history

    path = history_path(folder)
    if path.exists():
        with contextlib.suppress(SitwellError), open_history(path) as db:
            return pace(db, today)
    return 0, math.nan, math.nan


def recent_prompts(folder: Path, now_utc_s: float) -> tuple[float, ...]:
    """Prompts of the hour before now, of sessions just ended, s before now (below 0): the budget goes on from them."""
    from monitor.storage.schema import open_for_reading

    found: list[float] = []
    for path in folder.glob("*-live*.sqlite") if folder.is_dir() else ():
        with contextlib.suppress(OSError, sqlite3.Error, SitwellError):
            if path.stat().st_mtime < now_utc_s - HOUR_S:
                continue
            db, meta = open_for_reading(path)
            with contextlib.closing(db):
                rows = db.execute("SELECT t_s FROM events WHERE kind = 'alert-raised'").fetchall()
            found += [meta.started_utc_s + t_s - now_utc_s for (t_s,) in rows]
    return tuple(sorted(round(t_s, 3) for t_s in found if -HOUR_S < t_s < 0.0))


def usual(folder: Path) -> dict[str, float]:
    """The middles of the wearer's bands, deg, as the newest sessions left them (Started.usual)."""
    from monitor.storage.schema import open_for_reading

    found: dict[str, float] = {}
    for path in sorted(folder.glob("*-live*.sqlite"), reverse=True)[:NEWEST] if folder.is_dir() else ():
        with contextlib.suppress(OSError, sqlite3.Error, SitwellError, ValueError, KeyError, TypeError):
            db, _ = open_for_reading(path)
            with contextlib.closing(db):
                rows = db.execute("SELECT body FROM events WHERE kind = 'band-followed' ORDER BY seq DESC").fetchall()
            for (body,) in rows:
                told = json.loads(body)
                for axis in ("tilt_deg", "sideways_deg"):
                    found.setdefault(f"{told['profile']}/{told['posture']}/{axis}", float(told[axis]))
    return found


def _ages(profile: "Profile", sensor: str, now_utc_s: float) -> dict[str, float]:
    """Days since the alignment and the calibration that apply were measured."""
    from monitor.sites import SITE, calibration_path, load_calibration, load_site, site_path

    ages: dict[str, float] = {}
    with contextlib.suppress(SitwellError, ValueError):
        path = site_path(SITE)
        if profile.alignment is not None and path.exists():
            ages["aligned_d"] = _days_since(load_site(path).made, now_utc_s)
    with contextlib.suppress(SitwellError, ValueError):
        path = calibration_path(sensor)
        if not profile.calibration.none and path.exists():
            ages["calibrated_d"] = _days_since(load_calibration(path).made, now_utc_s)
    return ages


def _days_since(made: str, now_utc_s: float) -> float:
    return round((now_utc_s - datetime.fromisoformat(made).timestamp()) / 86_400.0, 2)
