"""Recordings of every schema version are read as they are, and can be brought to the present one."""

import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.errors import RecordingError
from monitor.storage.labels import labels
from monitor.storage.recorder import Recorder
from monitor.storage.recording import Recording
from monitor.storage.schema import MIGRATIONS, SCHEMA_VERSION, hold, is_running, meta_rows, upgrade
from monitor.storage.tables import EventsTable
from monitor.stream import BadPacket, Battery, Gap, LinkState, Mark, Samples, Temperature, Tick, Wearer

HERE = Path(__file__).parent
FIRST = HERE / "schema-1.sqlite"  # a minute of the simulated wearer, written by sitwell when schema 1 was the newest


def structure(path):
    db = sqlite3.connect(path)
    columns = {
        table: db.execute(f"PRAGMA table_info({table})").fetchall()
        for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetchall()
    }
    pragmas = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
    told = json.loads(db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()[0])
    db.close()
    return columns, pragmas, told


def content(path, tmp_path):
    """All that a recording holds, in a form that can be compared."""
    with Recording.open(path) as recording, EventsTable(tmp_path / f"{path.stem}.jsonl") as table:
        for event in recording.events():
            table.write(event)
        records = [(r.t_s.tolist(), r.acc_g.tolist()) if isinstance(r, Samples) else r for r in recording.records()]
        return recording.meta, records, (tmp_path / f"{path.stem}.jsonl")


def test_the_first_schema_is_read_as_it_is(tmp_path):
    path = tmp_path / "old.sqlite"
    shutil.copy(FIRST, path)
    before = path.read_bytes()
    meta, records, _ = content(path, tmp_path)
    assert (meta.sensor, meta.rate_hz, meta.zone) == ("simulated", 25.0, "Europe/Vienna")
    kinds = [type(r) for r in records]
    assert kinds.count(tuple) == 59
    assert kinds.count(Tick) == 60
    found = [r for r in records if isinstance(r, Battery | BadPacket | Gap | Mark | Temperature | Wearer)]
    assert found == [
        Battery(0.5, 87),
        Temperature(0.6, 31.5),
        Mark(31.2, "sitting", "a note"),
        Mark(36.0, "mark"),
        Wearer(36.0, "snooze", 300.0),
        Gap(40.0, 41.0, "lost packets"),
        BadPacket(40.5, "too short", "55aa"),
    ]
    assert records[-1].state is LinkState.CLOSED
    with Recording.open(path) as recording:
        assert recording.schema == 1
        assert recording.damage() == []
    assert sum(1 for _ in Recording.open(path).events()) == 81
    assert path.read_bytes() == before  # reading changes nothing


def test_the_first_schema_comes_up_to_date_and_holds_the_same(tmp_path, meta):
    path = tmp_path / "old.sqlite"
    shutil.copy(FIRST, path)
    before_meta, before, _ = content(path, tmp_path)
    assert upgrade(path) == 1
    assert upgrade(path) == SCHEMA_VERSION  # again: nothing to do
    after_meta, after, _ = content(path, tmp_path)
    assert (after_meta, after) == (before_meta, before)
    Recorder.create(tmp_path / "new.sqlite", meta).close()
    assert structure(path) == structure(tmp_path / "new.sqlite")
    assert structure(path)[1][1] == structure(path)[2] == SCHEMA_VERSION == len(MIGRATIONS)


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_every_older_schema_is_read_and_comes_up_to_date(tmp_path, meta, version):
    path = tmp_path / "old.sqlite"
    db = sqlite3.connect(path, isolation_level=None)
    for migration in MIGRATIONS[:version]:
        db.executescript(migration)
    rows = [(key, str(version) if key == "schema" else value) for key, value in meta_rows(meta)]
    db.executemany("INSERT INTO meta VALUES (?, ?)", rows)
    db.execute("INSERT INTO marks (seq, t_s, label, note) VALUES (1, 5.0, 'wrong', '')")
    db.close()
    assert [label.label for label in labels(path)] == ["wrong"]
    assert upgrade(path) == version
    assert [label.label for label in labels(path)] == ["wrong"]
    Recorder.create(tmp_path / "new.sqlite", meta).close()
    assert structure(path) == structure(tmp_path / "new.sqlite")


def test_the_events_of_the_first_schema_are_those_it_was_written_with(tmp_path):
    events = content(FIRST, tmp_path)[2]
    assert events.read_text() == (HERE / "schema-1.events.jsonl").read_text()


def test_a_migration_that_fails_changes_nothing(tmp_path, monkeypatch):
    path = tmp_path / "old.sqlite"
    shutil.copy(FIRST, path)
    broken = (MIGRATIONS[0], MIGRATIONS[1].replace("COMMIT", "INSERT INTO nothing VALUES (1); COMMIT"))
    monkeypatch.setattr("monitor.storage.schema.MIGRATIONS", broken)
    with pytest.raises(RecordingError, match="it is as it was"):
        upgrade(path)
    with Recording.open(path) as recording:
        assert recording.schema == 1
        assert recording.counts().samples == 1475


def test_a_running_recording_is_not_brought_up_to_date(tmp_path, meta):
    path = tmp_path / "a.sqlite"
    with Recorder.create(path, meta) as recorder:
        recorder.write(Tick(1.0))
        assert is_running(path)
        with pytest.raises(RecordingError, match="being recorded by another session"):
            upgrade(path)
    assert not is_running(path)


def test_a_lock_that_a_dead_process_left_is_none(tmp_path, meta):
    path = tmp_path / "a.sqlite"
    Recorder.create(path, replace(meta)).close()
    (tmp_path / "a.sqlite-lock").touch()
    assert not is_running(path)
    with hold(path):
        assert is_running(path)
    assert not (tmp_path / "a.sqlite-lock").exists()
