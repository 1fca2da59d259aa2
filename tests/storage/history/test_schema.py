"""The history's file: who may read it, what becomes of a damaged one, two processes at once, a year of it."""

import os
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from recorded import dump, record, scripted

from monitor.errors import SitwellError
from monitor.states.day import DaySums, Figures
from monitor.storage.editing import delete
from monitor.storage.history import queries
from monitor.storage.history.reading import Maker, read
from monitor.storage.history.schema import (
    MIGRATIONS,
    SCHEMA_VERSION,
    TABLES,
    history_path,
    hold_history,
    open_history,
)
from monitor.storage.history.store import SOURCES, _take, forget, rebuild, refresh
from monitor.stream import AlertRaised

ROOT = Path(__file__).parents[3]
MAKER = Maker(lambda _: [], 10.0, "test 1")


def test_the_tables_have_a_column_for_each_figure(db):
    def columns(table):
        return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]

    day = [each.name for each in fields(queries.Day)[:-1] if each.name != "spells"]
    assert columns("days") == [*day, *(each.name for each in fields(Figures)), "spells"]
    assert columns("session_days") == [
        "session",
        "day",
        *(each.name for each in fields(DaySums)[:-1]),
        "alerts",
        "spells",
    ]
    for kind, table in (
        (queries.Bout, "bouts"),
        (queries.Upright, "breaks"),
        (queries.Movement, "transitions"),
        (queries.Alert, "alerts"),
    ):
        assert [name for name in columns(table) if name != "n"] == list(kind._fields)
    assert set(TABLES) == {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_it_is_for_its_owner_only_and_has_a_version(folder, db):
    path = history_path(folder)
    assert path == folder.with_name("history.sqlite")
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0
    assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,) == (len(MIGRATIONS),)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_what_is_forgotten_is_not_in_the_file_any_more(folder):
    path = history_path(folder)
    words = [AlertRaised(50.0, "sitting", "Words of a private kind", 1800.0, 1800.0, "s", {})]
    record(folder / "a.sqlite", [*scripted("s100"), *words], "2026-06-01T08:00")
    with open_history(path) as db:
        refresh(db, folder, MAKER)
    assert b"Words of a private kind" in path.read_bytes()
    with open_history(path) as db:
        forget(db, "a")
        assert queries.days(db)[0].alerts == 1
    assert b"Words of a private kind" not in path.read_bytes()


def test_a_newer_or_foreign_file_is_left_alone(tmp_path):
    path = tmp_path / "history.sqlite"
    with open_history(path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(SitwellError, match="newer sitwell"), open_history(path):
        pass
    with pytest.raises(SitwellError, match="newer sitwell"):
        rebuild(path, tmp_path, MAKER)
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as other:
        other.execute("CREATE TABLE t (x)")
    with pytest.raises(SitwellError, match="not a history"), open_history(tmp_path / "other.sqlite"):
        pass
    with (
        pytest.raises(SitwellError, match="cannot be used"),
        open_history(tmp_path / "other.sqlite" / "history.sqlite"),
    ):
        pass


@pytest.mark.parametrize("damage", ["garbage", "page"])
def test_a_damaged_one_is_told_and_made_anew_with_what_can_be_saved(folder, damage, paths):
    path = history_path(folder)
    first, second = paths[:2]
    with open_history(path) as db:
        refresh(db, folder, MAKER)
        days = queries.days(db)
        forget(db, first.stem)
        delete(first)
        where = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'bouts'").fetchone()[0]
        (size,) = db.execute("PRAGMA page_size").fetchone()
    content = bytearray(path.read_bytes())
    content[(where - 1) * size : where * size] = bytes(size) if damage == "page" else b"?" * size
    path.write_bytes(b"garbage" * 1000 if damage == "garbage" else content)
    with pytest.raises(SitwellError, match="`sitwell history --rebuild`"), open_history(path) as db:
        queries.bouts(db)
    assert [text.split(":")[0] for text in rebuild(path, folder, MAKER)] == [
        f"The damaged history is kept as {path}.damaged"
    ]
    assert path.with_name("history.sqlite.damaged").exists()
    with open_history(path) as db:
        kept = 0.0 if damage == "garbage" else 1100.0
        assert queries.days(db)[0].figures.sitting_s == days[0].figures.sitting_s - 1100.0 + kept
        assert {each.session for each in queries.bouts(db)} == {"b", "c", "d", "e"}
    assert second.exists()
    assert not [each for each in path.parent.iterdir() if "part" in each.name]


def test_who_reads_during_a_rebuild_sees_the_old_or_the_new(folder, db):
    record(folder / "a.sqlite", scripted("s100"), "2026-06-01T08:00")
    refresh(db, folder, MAKER)
    record(folder / "b.sqlite", scripted("s100"), "2026-06-01T18:00")
    db.execute("BEGIN")
    assert queries.days(db)[0].sessions == 1
    rebuild(history_path(folder), folder, MAKER)
    assert queries.days(db)[0].sessions == 1
    db.execute("COMMIT")
    assert queries.days(db)[0].sessions == 2


def test_only_one_writes_at_a_time(tmp_path):
    path = tmp_path / "history.sqlite"
    with hold_history(path) as mine:
        assert mine
        with hold_history(path) as theirs:
            assert not theirs
    with hold_history(path) as again:
        assert again


def test_two_processes_at_once_end_at_the_same_history(folder, paths):
    code = textwrap.dedent("""
        import sys
        from pathlib import Path
        from monitor.storage.history.reading import Maker
        from monitor.storage.history.schema import history_path, hold_history, open_history
        from monitor.storage.history.store import refresh, rebuild
        folder = Path(sys.argv[1])
        maker = Maker(lambda recording: [], 10.0, "test 1")
        for number in range(6):
            with hold_history(history_path(folder), 30.0) as held, open_history(history_path(folder)) as db:
                assert held
                if number % 2:
                    rebuild(history_path(folder), folder, maker)
                else:
                    db.execute("UPDATE sessions SET size = -1")
                    refresh(db, folder, maker)
    """)
    workers = [
        subprocess.Popen([sys.executable, "-c", code, str(folder)], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [(worker.communicate(timeout=60)[1], worker.returncode) for worker in workers] == [("", 0), ("", 0)]
    with open_history(history_path(folder)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        together = dump(db)
        rebuild(history_path(folder), folder, MAKER)
        assert dump(db) == together


def test_a_refresh_that_was_broken_off_goes_on_where_it_was(folder, db, monkeypatch, paths):
    monkeypatch.setattr("monitor.storage.history.store.BATCH", 2)

    def stop(done, _):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        refresh(db, folder, MAKER, progress=stop)
    assert len(queries.sessions(db)) == 2
    done = []
    refresh(db, folder, MAKER, progress=lambda *numbers: done.append(numbers))
    assert done[-1] == (3, 3)
    before = dump(db)
    rebuild(history_path(folder), folder, MAKER)
    assert dump(db) == before


def test_a_year_is_asked_by_its_indexes(folder, db, paths):
    """Synthetic: one session a day of 50 bouts, 20 breaks, 40 transitions and 10 prompts, all alike. How long it takes
    is in benchmarks/scale.py.
    """
    session = read(paths[0], MAKER, SOURCES)

    def on(day, number):
        rows = session.digest
        many = {"bouts": 50, "breaks": 20, "transitions": 40, "alerts": 10}
        details = {name: [(day, *getattr(rows, name)[0][1:])] * count for name, count in many.items()}
        meta = replace(session.meta, started_utc_s=session.meta.started_utc_s + 86_400.0 * number)
        digest = replace(rows, days={day: rows.days["2026-06-01"]}, **details)
        return replace(session, meta=meta, ended_utc_s=session.ended_utc_s + 86_400.0 * number, digest=digest)

    year = [str(date(2026, 1, 1) + timedelta(days=number)) for number in range(365)]
    _take(db, [(day, (1, 1), on(day, number)) for number, day in enumerate(year)])
    asked = (queries.days, queries.sessions, queries.bouts, queries.breaks, queries.transitions, queries.alerts)
    for ask, rows in zip(asked, (1, 1, 50, 20, 40, 10), strict=True):
        assert len(ask(db)) == 365 * rows
        asked_for: list[str] = []
        db.set_trace_callback(asked_for.append)
        assert len(ask(db, date(2026, 1, 2), date(2026, 12, 30))) == 363 * rows
        db.set_trace_callback(None)
        plans = [step[3] for sql in asked_for for step in db.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()]
        assert plans
        scans = [step for step in plans if step.startswith("SCAN") and "USING" not in step]
        assert scans in ([], ["SCAN sessions"])  # they are few
    assert sum(day.figures.sitting_s for day in queries.days(db)) == 365 * 1100.0
