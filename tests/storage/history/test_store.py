"""The history of a folder of recordings: refresh, rebuild, forget."""

import itertools
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from recorded import dump, five, record, scripted

from monitor.analysis import analyze
from monitor.config import default_profile, profile_from_mapping
from monitor.profile import Profile
from monitor.storage.editing import delete, write_anew
from monitor.storage.history import queries
from monitor.storage.history.calendar import LocalDays
from monitor.storage.history.digest import Digester
from monitor.storage.history.reading import Maker, read
from monitor.storage.history.schema import (
    history_path,
    open_history,
)
from monitor.storage.history.store import SOURCES, forget, rebuild, refresh, remember
from monitor.storage.recorder import Recorder
from monitor.storage.recording import Recording
from monitor.stream import Link, LinkState, Tick

ROOT = Path(__file__).parents[3]
TOUR = ROOT / "recordings" / "tour.sqlite"
DAY = date(2026, 6, 1)
VIENNA = ZoneInfo("Europe/Vienna")


def events_of(recording):
    profile = profile_from_mapping(recording.meta.profile, Profile()) if recording.meta.profile else default_profile()
    events = []
    analyze(recording, profile, sink=lambda _, some, __: events.extend(some))
    return events


MAKER = Maker(events_of, 10.0, "test 1")


def written(path, **changes):
    """A recording of the tour with its events, as a session would have left it."""
    with Recording.open(TOUR) as tour:
        profile = profile_from_mapping(tour.meta.profile, Profile())
        write_anew(replace(tour.meta, source="live", **changes), profile, tour.records(), path)
    return path


# ------------------------------------------------------------ what it says


def test_stored_events_and_events_made_anew_give_the_figures_of_an_analysis(folder, db):
    written(folder / "live.sqlite")
    with Recording.open(TOUR) as tour:
        report = analyze(tour, profile_from_mapping(tour.meta.profile, Profile()))
        later = replace(tour.meta, source="import", started_utc_s=tour.meta.started_utc_s + 86_400.0)
        write_anew(later, None, tour.records(), folder / "import.sqlite")
    assert refresh(db, folder, MAKER) == []
    live, made = queries.days(db)
    assert live.figures == made.figures == report.day.figures()
    assert (str(live.day), str(made.day)) == ("2026-03-02", "2026-03-03")
    assert (live.alerts, live.sessions, live.worn_s) == (
        report.alerts,
        1,
        248.0 - live.no_data_s - live.figures.not_worn_s,
    )
    assert [row[0] for row in db.execute("SELECT made_by FROM sessions ORDER BY name")] == ["test 1", "stored"]
    (session,) = queries.sessions(db, last=live.day)
    assert (session.name, session.samples, session.source, session.counted) == ("live", 24_800, "live", True)
    assert session.ended_utc_s - session.started_utc_s == pytest.approx(248.0, abs=1.1)


def test_a_day_is_the_sum_of_its_sessions_in_whatever_zone(folder, db, paths):
    assert refresh(db, folder, MAKER) == []
    first, second = queries.days(db)
    assert (str(first.day), first.sessions, first.figures.sitting_s) == ("2026-06-01", 3, 1100.0 + 500.0 + 300.0 + 90.0)
    assert (first.figures.longest_sitting_s, first.figures.sitting_bouts) == (700.0, 5)
    assert (second.sessions, second.lying_s, second.figures.not_worn_s) == (3, 300.0, 800.0)
    assert second.figures.longest_sitting_s == 1200.0
    assert [each.name for each in queries.sessions(db, DAY, DAY)] == ["a", "e", "b"]


def test_what_happened_is_there_by_day(folder, db, paths):
    refresh(db, folder, MAKER)
    (alert,) = queries.alerts(db)
    assert (alert.session, alert.day, alert.name, alert.cause) == ("a", DAY, "sitting", "recovered")
    assert alert.cleared_utc_s - alert.raised_utc_s == 10.0
    assert [each.kind for each in queries.transitions(db, DAY, DAY)] == ["sit-to-stand"]
    assert [(each.session, each.kind) for each in queries.breaks(db)] == [("a", "break"), ("b", "break")]
    bouts = queries.bouts(db, DAY, DAY)
    assert [(each.session, each.posture) for each in bouts][:3] == [
        ("a", "sitting"),
        ("a", "walking"),
        ("a", "sitting"),
    ]
    for name in "abe":
        times = [each.start_utc_s for each in bouts if each.session == name]
        assert times == sorted(times) != []
    assert queries.newest_days(db, 1) == queries.days(db)[1:]
    assert queries.newest_days(db, 9) == queries.days(db)


# ------------------------------------------------------------ which recordings


def test_recordings_come_and_change_and_go_in_any_order_to_the_same_history(tmp_path):
    paths = five(tmp_path / "all")
    whole = history_path(tmp_path / "whole")
    rebuild(whole, tmp_path / "all", MAKER)
    with open_history(whole) as db:
        expected = dump(db)
    assert len(expected["days"]) == 2
    for number, order in enumerate(itertools.islice(itertools.permutations(paths), 0, None, 50)):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        record(folder / "a.sqlite", scripted("s10"), "2026-06-01T08:00")  # will change
        record(folder / "gone.sqlite", scripted("s50"), "2026-06-01T23:30")
        with open_history(history_path(folder)) as db:
            refresh(db, folder, MAKER)
            (folder / "gone.sqlite").unlink()
            for path in order:
                shutil.copy2(path, folder)
                refresh(db, folder, MAKER)
            assert dump(db) == expected


def test_nothing_is_read_twice(folder, db, paths):
    refresh(db, folder, MAKER)
    done = []
    refresh(db, folder, MAKER, progress=lambda *numbers: done.append(numbers))
    assert done == []
    refresh(db, folder, replace(MAKER, stamp="test 2"), progress=lambda *numbers: done.append(numbers))
    assert done == []  # stored events are the same for every version


def test_other_settings_make_events_anew_where_none_are_stored(folder, db):
    record(folder / "a.sqlite", scripted("s100"), "2026-06-01T08:00", closed=False)
    refresh(db, folder, replace(MAKER, events_of=lambda _: scripted("s70")))
    assert queries.days(db)[0].figures.sitting_s == 70.0
    refresh(db, folder, replace(MAKER, events_of=lambda _: scripted("s80")))
    assert queries.days(db)[0].figures.sitting_s == 70.0
    refresh(db, folder, replace(MAKER, events_of=lambda _: scripted("s80"), stamp="test 2"))
    assert queries.days(db)[0].figures.sitting_s == 80.0


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE events SET body = replace(body, 'sitting', 'walking') WHERE seq = 5",
        "DELETE FROM events WHERE seq = 5",
        "UPDATE events SET crc = NULL, body = '[1]' WHERE seq = 5",
        "DELETE FROM events",
        'UPDATE records SET body = \'{"state":"lost","cause":""}\' WHERE body LIKE \'%closed%\'',
    ],
)
def test_events_that_are_not_whole_are_made_anew(folder, db, damage):
    path = record(folder / "a.sqlite", scripted("s100"), "2026-06-01T08:00")
    with closing(sqlite3.connect(path)) as recording:
        recording.execute(damage)
        recording.commit()
    assert refresh(db, folder, replace(MAKER, events_of=lambda _: scripted("s70"))) == []
    assert queries.days(db)[0].figures.sitting_s == 70.0


def test_what_cannot_be_read_is_told_each_time_and_the_rest_is_done(folder, db):
    record(folder / "good.sqlite", scripted("s100"), "2026-06-01T08:00")
    record(folder / "dateless.sqlite", scripted("s100"), 0.0)
    record(folder / "demo.sqlite", scripted("s100"), "2026-06-01T08:00", source="demo")
    newer = record(folder / "newer.sqlite", scripted("s100"), "2026-06-01T18:00")
    with closing(sqlite3.connect(newer)) as recording:
        recording.execute("PRAGMA user_version = 99")
    record(folder / "odd.sqlite", scripted("s100"), 1e18)
    (folder / "torn.sqlite").write_bytes(TOUR.read_bytes()[:5000])
    for _ in range(2):
        told = refresh(db, folder, MAKER)
        assert [text.split()[0].split("/")[-1] for text in told] == [
            f"{name}.sqlite" for name in ("dateless", "newer", "odd", "torn")
        ]
        assert all(text.endswith(".") for text in told)
        assert [each.figures.sitting_s for each in queries.days(db)] == [100.0]


def test_what_a_newer_version_can_read_is_read_by_it(folder, db):
    path = record(folder / "newer.sqlite", scripted("s100"), "2026-06-01T18:00")
    with closing(sqlite3.connect(path)) as recording:
        recording.execute("PRAGMA user_version = 99")
    state = path.stat()
    assert len(refresh(db, folder, MAKER)) == 1
    with closing(sqlite3.connect(path)) as recording:
        recording.execute("PRAGMA user_version = 2")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert refresh(db, folder, replace(MAKER, stamp="test 2")) == []
    assert len(queries.days(db)) == 1


def test_demonstrations_are_a_history_of_their_own(folder, db):
    record(folder / "live.sqlite", scripted("s100"), "2026-06-01T08:00")
    record(folder / "demo.sqlite", scripted("s200"), "2026-06-01T18:00", source="demo")
    refresh(db, folder, MAKER, sources=frozenset({"demo"}))
    assert queries.days(db)[0].figures.sitting_s == 200.0
    refresh(db, folder, MAKER)
    assert queries.days(db)[0].figures.sitting_s == 100.0
    assert history_path(folder, demo=True) != history_path(folder) != history_path(folder.with_name("other"))


def test_a_session_that_goes_on_is_read_as_far_as_it_has_come(folder, db):
    events = scripted("s300")
    path = record(folder / "before.sqlite", scripted("s10"), "2026-06-01T07:00")
    with Recording.open(path) as before:
        meta = replace(before.meta, started_utc_s=before.meta.started_utc_s + 3600.0)
    with Recorder.create(folder / "now.sqlite", meta) as recorder:
        recorder.write(Tick(100.0), events[:100])
        refresh(db, folder, MAKER)
        assert queries.days(db)[0].figures.sitting_s > 100.0
        recorder.write(Tick(200.0), events[100:200])
        refresh(db, folder, MAKER)
        assert queries.days(db)[0].figures.sitting_s > 200.0
        assert queries.days(db)[0].figures.longest_sitting_s == 10.0
        recorder.write(Link(300.0, LinkState.CLOSED), events[200:])
    refresh(db, folder, MAKER)
    assert (queries.days(db)[0].figures.sitting_s, queries.days(db)[0].figures.longest_sitting_s) == (310.0, 300.0)


def test_of_recordings_at_the_same_time_the_longest_counts(folder, db):
    record(folder / "a-part.sqlite", scripted("s500"), "2026-06-01T08:10")
    record(folder / "whole.sqlite", scripted("s3000"), "2026-06-01T08:00")
    record(folder / "next.sqlite", scripted("s40"), "2026-06-01T08:50")
    assert refresh(db, folder, MAKER) == ["a-part is not counted: a longer recording has the same time."]
    assert queries.days(db)[0].figures.sitting_s == 3040.0
    assert [each.counted for each in queries.sessions(db)] == [True, False, True]
    assert {each.session for each in queries.bouts(db)} == {"whole", "next"}
    (folder / "whole.sqlite").unlink()
    assert refresh(db, folder, MAKER) == []
    assert queries.days(db)[0].figures.sitting_s == 540.0


def test_recordings_that_share_less_than_half_their_time_both_count(folder, db):
    record(folder / "a.sqlite", scripted("s1000"), "2026-06-01T08:00")
    record(folder / "b.sqlite", scripted("s800"), "2026-06-01T08:12")
    assert refresh(db, folder, MAKER) == []
    assert queries.days(db)[0].figures.sitting_s == 1800.0


@pytest.mark.parametrize("rows", [1, 7, 700])
def test_stored_events_are_the_same_by_pages_of_any_length(folder, rows, monkeypatch):
    path = five(folder)[2]
    whole = read(path, MAKER, SOURCES)
    with Recording.open(path) as recording:
        digester = Digester(LocalDays(recording.meta.started_utc_s, VIENNA), recording.meta.started_utc_s, 10.0)
        for event in recording.events():
            digester.push(event)
    assert whole.digest == digester.digest()
    monkeypatch.setattr("monitor.storage.history.reading._PAGE", rows)
    assert read(path, MAKER, SOURCES) == whole


# ------------------------------------------------------------ forgotten


def let_go(db, path):
    key = forget(db, path.stem)
    delete(path)
    return key


def test_the_figures_of_forgotten_sessions_stay_through_refresh_and_rebuild(folder, db, paths):
    refresh(db, folder, MAKER)
    days = queries.days(db)
    for number, path in enumerate(paths):
        let_go(db, path)
        assert refresh(db, folder, MAKER) == []
        assert queries.days(db) == days  # whole days and parts of them
        rebuild(history_path(folder), folder, MAKER)
        assert queries.days(db) == days
        assert len(queries.sessions(db)) == 4 - number
    for table in ("sessions", "bouts", "breaks", "transitions", "alerts"):
        assert not db.execute(f"SELECT * FROM {table}").fetchall()


def test_a_forgotten_recording_that_comes_back_counts_once(folder, db, tmp_path):
    path = record(folder / "a.sqlite", scripted("s100"), "2026-06-01T08:00")
    shutil.copy2(path, tmp_path / "backup")
    refresh(db, folder, MAKER)
    days = queries.days(db)
    let_go(db, path)
    shutil.copy2(tmp_path / "backup", path)
    told = refresh(db, folder, MAKER)
    assert told == ["a was forgotten and is there again: its days count already, it can be deleted."]
    assert queries.days(db) == days
    shutil.copy2(path, folder / "renamed.sqlite")
    assert refresh(db, folder, MAKER)[1] == "renamed is not counted: a longer recording has the same time."
    assert queries.days(db) == days


def test_another_recording_may_have_the_name_of_a_forgotten_one(folder, db):
    path = record(folder / "a.sqlite", scripted("s100"), "2026-06-01T08:00")
    refresh(db, folder, MAKER)
    let_go(db, path)
    record(path, scripted("s50"), "2026-06-01T18:00")
    assert refresh(db, folder, MAKER) == []
    assert queries.days(db)[0].figures.sitting_s == 150.0
    let_go(db, path)
    assert queries.days(db)[0].figures.sitting_s == 150.0


def test_a_session_that_could_not_be_deleted_is_remembered(folder, db):
    path = record(folder / "a.sqlite", scripted("s100"), "2026-06-01T08:00")
    refresh(db, folder, MAKER)
    before = dump(db)
    remember(db, forget(db, path.stem))
    assert queries.days(db) == []
    refresh(db, folder, MAKER)
    assert dump(db) == before


def test_one_that_does_not_count_leaves_nothing(folder, db):
    part = record(folder / "part.sqlite", scripted("s500"), "2026-06-01T08:10")
    record(folder / "whole.sqlite", scripted("s3000"), "2026-06-01T08:00")
    refresh(db, folder, MAKER)
    let_go(db, part)
    refresh(db, folder, MAKER)
    assert queries.days(db)[0].figures.sitting_s == 3000.0
    assert db.execute("SELECT count(*) FROM forgotten").fetchone() == (0,)
