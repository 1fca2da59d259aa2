"""A session's stored seconds, read in one go."""

import sqlite3
from dataclasses import fields, replace
from datetime import date
from random import Random

import numpy as np
import pytest
from recorded import record, scripted
from wearings import wearing

from monitor.errors import RecordingError
from monitor.states.bouts import BoutParams
from monitor.storage.recorder import Recorder
from monitor.storage.recording import Recording
from monitor.storage.stored_days import bout_params, load, local_day, newest
from monitor.stream import Link, LinkState, Posture, Tick, Wearer
from monitor.tuning.days import CODE, Seconds, worn


def same(one, other):
    columns = all(
        np.array_equal(getattr(one.seconds, each.name), getattr(other.seconds, each.name), equal_nan=True)
        for each in fields(Seconds)
    )
    return columns and (one.said, one.breaks, str(one.started)) == (other.said, other.breaks, str(other.started))


@pytest.mark.parametrize("seed", range(4))
def test_it_is_what_the_events_one_by_one_give(tmp_path, seed):
    path = record(tmp_path / "a.sqlite", wearing(Random(seed), 4000), "2026-06-01T08:00")
    loaded = load(path)
    with Recording.open(path) as recording:
        assert same(loaded, worn("a", 0.0, recording.events(), BoutParams()))
    assert loaded.name == "a"
    assert loaded.began_utc_s == 1780293600.0


def test_bouts_are_told_as_the_session_told_them(tmp_path, meta):
    path = tmp_path / "a.sqlite"
    events = scripted("s100 w40 s100")
    with Recorder.create(path, replace(meta, profile={"bouts": {"break_s": 30.0, "of_later": 1}})) as recorder:
        recorder.write(Tick(240.0), events)
        recorder.write(Link(240.0, LinkState.CLOSED))
    assert load(path).seconds.sitting_s[-1] == 100
    assert bout_params({}) == bout_params({"bouts": None}) == BoutParams()


def test_epochs_of_older_recordings_have_defaults(tmp_path):
    path = record(tmp_path / "a.sqlite", scripted("s30"), "2026-06-01T08:00")
    with sqlite3.connect(path) as db:
        body = '["sitting",0.9,null,null,null,true,3.0,0]'
        db.execute("UPDATE events SET body = ?, crc = NULL WHERE kind = 'epoch'", (body,))
    seconds = load(path).seconds
    assert seconds.placed.all()
    assert not seconds.tilted.any()
    assert (seconds.posture == CODE[Posture.SITTING]).all()


def test_sessions_that_were_not_closed_or_are_damaged_are_to_be_made_anew(tmp_path):
    events = scripted("s60")
    assert load(record(tmp_path / "killed.sqlite", events, "2026-06-01T08:00", closed=False)) is None
    assert load(record(tmp_path / "import.sqlite", [], "2026-06-01T08:00")) is None
    for number, damage in enumerate(
        (
            "UPDATE events SET body = replace(body, '0.9', '0.8') WHERE seq = 7",
            "DELETE FROM events WHERE seq = 7",
            "UPDATE events SET body = '[', crc = NULL WHERE seq = 7",
            "UPDATE events SET body = '[\"sitting\"]', crc = NULL WHERE seq = 7",
        )
    ):
        path = record(tmp_path / f"{number}.sqlite", events, "2026-06-01T08:00")
        with sqlite3.connect(path) as db:
            db.execute(damage)
        db.close()
        assert load(path) is None
    (tmp_path / "no.sqlite").write_text("no")
    with pytest.raises(RecordingError):
        load(tmp_path / "no.sqlite")


def test_a_running_session_is_read_as_far_as_it_is(tmp_path, meta):
    path = tmp_path / "a.sqlite"
    with Recorder.create(path, meta) as recorder:
        recorder.write(Tick(0.0), [*scripted("s20"), Wearer(19.0, "snooze", 300.0)])
        recorder.write(Tick(25.0))
        loaded = load(path)
        assert len(loaded.seconds) == 20
        assert loaded.said == ((20, Wearer(19.0, "snooze", 300.0)),)


def test_the_newest_days_are_local_ones_and_demonstrations_are_left_out(tmp_path):
    events = scripted("s10")
    for name, started, zone, source in (
        ("a", "2026-06-01T08:00", "Europe/Vienna", "live"),
        ("b", "2026-06-02T00:30", "Europe/Vienna", "live"),
        ("c", "2026-06-02T23:30", "America/New_York", "import"),  # in Vienna it is the 3rd
        ("d", "2026-06-04T09:00", "Europe/Vienna", "demo"),
        ("e", 0.0, "Europe/Vienna", "import"),
    ):
        record(tmp_path / f"{name}.sqlite", events, started, zone, source=source)
    (tmp_path / "f.sqlite").write_text("no")
    paths, faults = newest(tmp_path, 1, frozenset({"live", "import"}))
    assert [path.stem for path in paths] == ["b", "c"]
    assert len(faults) == 1
    assert [path.stem for path in newest(tmp_path, 5, frozenset({"live"}))[0]] == ["a", "b"]
    with Recording.open(tmp_path / "c.sqlite") as recording:
        assert local_day(recording.meta) == date(2026, 6, 2)
