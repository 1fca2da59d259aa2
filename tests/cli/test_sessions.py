"""`sitwell sessions` as a user types it."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner
from commands import finished

from monitor.cli import sitwell
from monitor.storage.labels import add, labels
from monitor.storage.recorder import Recorder
from monitor.storage.schema import SCHEMA_VERSION, Meta
from monitor.stream import Tick

ROOT = Path(__file__).parents[2]
TOUR = ROOT / "recordings" / "tour.sqlite"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "data" / "sitwell" / "recordings"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder.mkdir(parents=True)
    shutil.copy(TOUR, folder / "2026-03-02_090000-live.sqlite")
    shutil.copy(ROOT / "recordings" / "morning-acc-only.sqlite", folder)
    return folder


def run(*arguments, code=0, said=None):
    result = CliRunner().invoke(sitwell, ["sessions", *map(str, arguments)], input=said)
    error = str(result.exception) if result.exception and not isinstance(result.exception, SystemExit) else ""
    assert (1 if error else result.exit_code) == code, result.output + error
    return result.stdout + error


def test_the_list_names_everything_and_what_cannot_be_read(folder):
    (folder / "torn.sqlite").write_bytes(TOUR.read_bytes()[:5000])
    with Recorder.create(folder / "now.sqlite", Meta("Dot", 60.0, True, 1.8e9, "", 0, "live", "0")) as recorder:  # noqa: FBT003
        recorder.write(Tick(1.0))
        lines = run().splitlines()
    assert [line.split()[0] for line in lines] == ["2026-03-02_090000-live", "morning-acc-only", "now", "torn"]
    assert "2026-03-02 09:00" in lines[0]
    assert "0:04:08" in lines[0]
    assert "running" in lines[2]
    assert "its end is missing" in lines[3]
    rows = json.loads(run("--json"))
    assert [row["marks"] for row in rows] == [1, 1, 0, 0]
    assert [row["duration_s"] for row in rows] == [248.0, 560.0, 0.0, 0.0]


def test_nothing_recorded_yet_says_what_to_do(tmp_path):
    assert "`sitwell live`" in run("--folder", tmp_path)
    assert json.loads(run("--folder", tmp_path, "--json")) == []


def test_verify_finds_the_damaged_one_and_exits_with_1(folder):
    assert run("verify").count("whole") == 2
    path = folder / "morning-acc-only.sqlite"
    db = sqlite3.connect(path)
    db.execute("UPDATE samples SET crc = crc + 1 WHERE t0_s = 60")
    db.commit()
    db.close()
    out = run("verify", code=1)
    assert "0:01:00 to 0:01:01 damaged. The rest can be read." in out
    verdicts = json.loads(run("verify", "morning-acc-only", "--json", code=1))
    assert [each["whole"] for each in verdicts] == [False]


def test_info_by_name_or_path(folder):
    told = json.loads(run("info", "morning-acc-only", "--json"))
    assert told == json.loads(run("info", folder / "morning-acc-only.sqlite", "--json"))
    assert (told["rate_hz"], told["gyro"], told["schema"]) == (25.0, False, SCHEMA_VERSION)
    assert "bytes_per_sample" in run("info", "morning-acc-only")
    assert "there is no recording" in finished("sessions", "info", "nothing", home=folder).stderr


def test_trim_merge_and_anonymise_write_new_recordings(folder, tmp_path):
    a, b, c, d = (tmp_path / f"{name}.sqlite" for name in "abcd")
    run("trim", "2026-03-02_090000-live", a, "--to", "1min")
    run("trim", "2026-03-02_090000-live", b, "--from", "90s")
    run("merge", b, a, c)
    run("anonymise", c, d)
    told = [json.loads(run("info", path, "--json")) for path in (a, b, c, d)]
    assert [each["samples"] for each in told] == [6000, 15800, 21800, 21800]
    assert [bool(each["started"]) for each in told] == [True, True, True, False]
    assert all(each["events"] > 50 for each in told)
    assert "exists already" in run("trim", a, b, code=1)
    assert "two recordings or more" in finished("sessions", "merge", a, c, home=tmp_path).stderr


def test_delete_asks_first(folder):
    path = folder / "morning-acc-only.sqlite"
    assert "add --yes" in run("delete", "morning-acc-only", code=1)
    assert path.exists()
    run("delete", "morning-acc-only", "--yes")
    assert not path.exists()


def test_upgrade_brings_the_first_schema_up_to_date(folder):
    shutil.copy(ROOT / "tests" / "storage" / "schema-1.sqlite", folder / "old.sqlite")
    assert json.loads(run("info", "old", "--json"))["schema"] == 1
    run("upgrade", "old")
    assert json.loads(run("info", "old", "--json"))["schema"] == SCHEMA_VERSION
    assert "whole" in run("verify", "old")


def test_labels_go_along_into_a_part_a_whole_and_a_nameless_copy(tmp_path):
    for name in ("a", "b"):
        shutil.copy(TOUR, tmp_path / f"{name}.sqlite")
    add(tmp_path / "a.sqlite", 100.0, 120.0, "right", "as Ada said")
    add(tmp_path / "a.sqlite", 200.0, 200.0, "Ada sat")
    for arguments in (
        ["trim", "a.sqlite", "part.sqlite", "--from", "90s", "--to", "150s"],
        ["anonymise", "a.sqlite", "nameless.sqlite"],
    ):
        paths = [str(tmp_path / each) if each.endswith(".sqlite") else each for each in arguments]
        run(*paths)
    assert [(each.start_s, each.label) for each in labels(tmp_path / "part.sqlite")] == [(100.0, "right")]
    found = [(each.start_s, each.label, each.note) for each in labels(tmp_path / "nameless.sqlite")]
    assert found == [(100.0, "right", ""), (200.0, "mark", ""), (248.0, "mark", "")]
    run("verify", tmp_path / "part.sqlite")
