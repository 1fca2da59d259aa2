"""What a session knows when it begins: the hour, the pace of the days before it, prompts just given."""

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitor.cli.beginning import recent_prompts, started
from monitor.config import default_profile
from monitor.signal.alignment import Alignment
from monitor.sites import Site, save_site
from monitor.storage.history.schema import history_path, open_history, transaction
from monitor.storage.recorder import Recorder
from monitor.storage.schema import Meta
from monitor.stream import AlertRaised, BandFollowed, Posture, Tick

NOW = datetime(2026, 3, 4, 9, 30, tzinfo=UTC).timestamp()  # a Wednesday
PROFILE = default_profile()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "recordings"
    folder.mkdir()
    return folder


def begin(folder, **others):
    return started(NOW, 3600, folder, PROFILE, "WT901", **{"worn": True, **others})


def days(folder, rows):
    """A history with these days: (ISO date, hours worn, spells)."""
    with open_history(history_path(folder)) as db, transaction(db):
        columns = [row[1] for row in db.execute("PRAGMA table_info(days)")]
        for day, hours, spells in rows:
            values = dict.fromkeys(columns, 0) | {"day": day, "worn_s": hours * 3600.0, "spells": spells}
            db.execute(f"INSERT INTO days VALUES ({', '.join('?' * len(columns))})", tuple(values.values()))


def test_the_hour_is_local_and_the_first_day_is_the_first(folder):
    first = begin(folder)
    assert (first.local_s, first.weekday, first.days_worn) == (10.5 * 3600, 2, 0)
    assert math.isnan(first.first_per_h)
    assert math.isnan(first.week_per_h)
    assert first.asked_s == ()


def test_a_demonstration_begins_without_a_baseline(folder):
    assert begin(folder, worn=False).days_worn >= 1000


def test_the_pace_is_that_of_the_first_week_and_of_the_last(folder):
    early = [(f"2026-01-{day:02d}", 8.0, 16) for day in range(5, 12)]
    late = [("2026-02-24", 8.0, 99), ("2026-02-25", 4.0, 4), ("2026-03-03", 4.0, 4), ("2026-03-04", 1.0, 50)]
    days(folder, early + late)
    begun = begin(folder)
    assert begun.days_worn == 10  # today is not among them
    assert (begun.first_per_h, begun.week_per_h) == (2.0, 1.0)


def test_days_before_spells_were_counted_do_not_make_the_first_week(folder):
    days(folder, [("2026-01-05", 8.0, 0), ("2026-01-06", 8.0, 0), ("2026-03-02", 4.0, 8)])
    begun = begin(folder)
    assert (begun.days_worn, begun.first_per_h, begun.week_per_h) == (3, 2.0, 2.0)


def test_prompts_of_a_session_that_just_ended_count_into_the_hour(folder):
    meta = Meta("WT901", 100.0, True, NOW - 4000.0, "", 0, "live", "0")  # noqa: FBT003
    with Recorder.create(folder / "2026-03-04_092000-live.sqlite", meta) as recorder:
        for t_s in (100.0, 1000.0, 3000.0):
            recorder.write(Tick(t_s), [AlertRaised(t_s, "sitting", "Up.", 1.0, 1.0, "s", {})])
    assert begin(folder).asked_s == (-3000.0, -1000.0)
    assert recent_prompts(folder / "nowhere", NOW) == ()


def test_the_age_of_the_alignment_is_known_where_it_applies(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    alignment = Alignment((0.0, 0.0, -1.0), (0.0, 1.0, 0.0), 1.0)
    made = datetime.fromtimestamp(NOW - 3 * 86_400).astimezone().isoformat()
    save_site(Site("sacrum", alignment, made=made))
    assert math.isnan(begin(folder).aligned_d)
    aligned = started(NOW, 0, folder, replace(PROFILE, alignment=alignment), "WT901", worn=True)
    assert aligned.aligned_d == 3.0


def test_the_usual_tilt_is_that_of_the_newest_session_that_told_it(folder):
    for day, deg, posture in ((1, -20.0, Posture.SITTING), (2, -22.0, Posture.SITTING), (3, 3.0, Posture.STANDING)):
        meta = Meta("WT901", 100.0, True, NOW - 86_400.0 * (4 - day), "", 0, "live", "0")  # noqa: FBT003
        with Recorder.create(folder / f"2026-03-0{day}_090000-live.sqlite", meta) as recorder:
            for t_s, away in ((10.0, 1.0), (20.0, 0.0)):
                recorder.write(Tick(t_s), [BandFollowed(t_s, "desk", posture, deg + away, 0.5)])
    (folder / "2026-03-09_090000-live.sqlite").write_bytes(b"torn")
    usual = begin(folder).usual
    assert usual["desk/sitting/tilt_deg"] == -22.0
    assert usual["desk/standing/tilt_deg"] == 3.0
    assert usual["desk/standing/sideways_deg"] == 0.5
