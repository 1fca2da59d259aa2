"""`sitwell history` and `sitwell forget`, as a user types them."""

import csv
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from commands import environment, finished
from recorded import record, scripted

from monitor.cli.history import events_of, forget_, history, maker
from monitor.errors import SitwellError
from monitor.storage.editing import write_anew
from monitor.storage.history.schema import TABLES, hold_history, open_history
from monitor.storage.history.store import ALONE, refresh
from monitor.storage.recorder import Recorder
from monitor.storage.recording import Recording
from monitor.storage.schema import hold, is_running

ROOT = Path(__file__).parents[2]
TOUR = ROOT / "recordings" / "tour.sqlite"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


@pytest.fixture
def folder(home):
    folder = home / "data" / "sitwell" / "recordings"
    folder.mkdir(parents=True)
    return folder


def run(command, *arguments, code=0, said=None):
    """(stdout, stderr); stderr with the sentence that would end the command."""
    result = CliRunner().invoke(command, [str(each) for each in arguments], input=said)
    error = f"{result.exception}" if isinstance(result.exception, SitwellError) else ""
    assert (1 if error else result.exit_code) == code, result.output + repr(result.exception)
    return result.stdout, result.stderr + error


def two_days(folder):
    record(folder / "a.sqlite", scripted("s700 w70 s400"), "2026-06-01T08:00")
    record(folder / "b.sqlite", scripted("s500"), "2026-06-01T18:00")
    record(folder / "c.sqlite", scripted("w60 s1300"), "2026-06-03T12:00")


def test_a_line_for_each_day_and_the_mean(folder):
    two_days(folder)
    out, err = run(history)
    head, first, second, mean = out.splitlines()
    assert head.split() == ["worn", "sitting", "standing", "walking", "lying", "longest", "breaks", "steps", "prompts"]
    assert first.split() == ["Mon", "2026-06-01", "0:28", "0:27", "-", "0:01", "-", "0:12", "1", "140", "0"]
    assert second.split() == ["Wed", "2026-06-03", "0:23", "0:22", "-", "0:01", "-", "0:22", "0", "120", "0"]
    assert mean.split() == ["mean", "of", "2", "0:25", "0:24", "-", "0:01", "-", "0:17", "0", "130", "0"]
    assert err == ""
    assert folder.with_name("history.sqlite").exists()


def test_the_days_asked_for(folder):
    two_days(folder)
    assert [line.split()[1] for line in run(history, "--days", 1)[0].splitlines()[1:]] == ["2026-06-03"]
    out, _ = run(history, "--from", "2026-05-31", "--to", "2026-06-02")
    assert [line.split()[1] for line in out.splitlines()[1:]] == ["2026-06-01"]
    out, _ = run(history, "--from", "2026-06-04")
    assert (
        out
        == "There are no figures of these days; the newest day is 2026-06-03: `sitwell history` shows the last ones.\n"
    )
    for wrong in (["--days", 2, "--week"], ["--from", "2026-06-04", "--to", "2026-06-01"], ["--from", "yesterday"]):
        assert run(history, *wrong, code=2)[1]


@pytest.mark.parametrize("name", ["week", "month"])
def test_this_week_or_month_is_compared_with_the_one_before(folder, name):
    today = datetime.now().astimezone().date()
    begins = today - timedelta(days=today.weekday()) if name == "week" else today.replace(day=1)
    for number, day in enumerate((begins, begins - timedelta(days=1), begins - timedelta(days=70))):
        record(folder / f"{number}.sqlite", scripted(f"s{(number + 1) * 300}"), f"{day}T12:00")
    _, one, before = run(history, f"--{name}")[0].splitlines()
    assert one.split()[1:3] == [str(begins), "0:05"]
    assert before.split()[:4] == [name, "before", "0:10", "0:10"]
    told = json.loads(run(history, f"--{name}", "--json")[0])
    assert [day["day"] for day in told["days"]] == [str(begins)]
    assert (told["before"]["days"], told["before"]["mean"]["sitting_s"]) == (1, 600.0)
    (folder / "1.sqlite").unlink()
    assert run(history, f"--{name}")[0].splitlines()[-1].split()[:3] == ["no", name, "before"]
    (folder / "0.sqlite").unlink()
    assert "the newest day is" in run(history, f"--{name}")[0]


def test_json_and_csv_hold_every_figure(folder, tmp_path):
    two_days(folder)
    told = json.loads(run(history, "--json")[0])
    first = told["days"][0]
    assert (first["day"], first["sessions"], first["sitting_s"], first["w50_sitting_s"]) == (
        "2026-06-01",
        2,
        1600.0,
        500.0,
    )
    assert told["mean"]["sitting_s"] == 1450.0
    out, err = run(history, "--csv", tmp_path / "days.csv")
    assert "mean of 2" in out
    assert "2 days written" in err
    rows = list(csv.DictReader((tmp_path / "days.csv").read_text().splitlines()))
    assert [set(row) for row in rows] == [set(first)] * 2
    assert rows[0]["longest_sitting_s"] == str(first["longest_sitting_s"])
    assert rows[1]["breaks"] == "0"
    assert "--force" in run(history, "--csv", tmp_path / "days.csv", code=1)[1]
    assert run(history, "--csv", tmp_path / "days.csv", "--force")
    assert run(history, "--csv", "-")[0] == (tmp_path / "days.csv").read_text()
    assert "cannot be written" in run(history, "--csv", tmp_path / "no" / "days.csv", code=1)[1]
    assert run(history, "--csv", "-", "--json", code=2)


def test_nothing_yet_says_what_to_do_and_makes_nothing(home, folder):
    folder.rmdir()
    assert "`sitwell live` records a session" in run(history)[0]
    assert json.loads(run(history, "--json")[0])["days"] == []
    assert list(folder.parent.iterdir()) == []
    assert "There is no folder" in run(forget_, "--before", "2026-01-01", code=1)[1]


def test_demonstrations_are_shown_when_asked_for(folder):
    shutil.copy(TOUR, folder)
    assert "There is no day" in run(history)[0]
    assert run(history, "--demo")[0].splitlines()[1].split()[:2] == ["Mon", "2026-03-02"]
    assert "There is no day" in run(history)[0]


def test_a_session_without_events_is_analyzed_by_its_own_settings_or_yours(folder, home):
    with Recording.open(TOUR) as tour:
        for name, profile in (("own", tour.meta.profile), ("yours", {})):
            started_utc_s = tour.meta.started_utc_s + (0.0 if profile else 86_400.0)
            meta = replace(tour.meta, source="import", profile=profile, started_utc_s=started_utc_s)
            write_anew(meta, None, tour.records(), folder / f"{name}.sqlite")
    own, yours = json.loads(run(history, "--json")[0])["days"]
    assert own["upright_shifts"] == yours["upright_shifts"] == 1
    (home / "config" / "sitwell").mkdir(parents=True)
    (home / "config" / "sitwell" / "profile.toml").write_text("[bouts]\nshift_s = 50\n")
    own, changed = json.loads(run(history, "--json")[0])["days"]
    assert (own["upright_shifts"], changed["upright_shifts"]) == (1, 0)


def test_what_is_left_out_is_told_beside_the_data(folder):
    two_days(folder)
    for number in range(12):
        (folder / f"torn{number}.sqlite").write_bytes(TOUR.read_bytes()[:5000])
    out, err = run(history)
    assert len(out.splitlines()) == 4
    assert len(err.splitlines()) == 11
    assert err.splitlines()[-1] == "... and 2 more of the kind."


def test_while_another_one_writes_there_are_the_figures_so_far(folder, monkeypatch):
    monkeypatch.setattr(sys.modules["monitor.cli.history"], "WAIT_S", 0.05)  # not the verb
    two_days(folder)
    run(history)
    record(folder / "d.sqlite", scripted("s30"), "2026-06-04T12:00")
    with hold_history(folder.with_name("history.sqlite")):
        out, err = run(history)
        assert "2026-06-04" not in out
        assert "the figures so far" in err
        assert "try again" in run(history, "--rebuild", code=1)[1]
        assert "try again" in run(forget_, "--before", "2026-06-02", "--yes", code=1)[1]
    assert "2026-06-04" in run(history)[0]


def test_rebuild_mends_a_damaged_history(folder):
    two_days(folder)
    out, _ = run(history)
    folder.with_name("history.sqlite").write_bytes(b"nonsense" * 1000)
    assert "--rebuild" in run(history, code=1)[1]
    rebuilt, err = run(history, "--rebuild")
    assert (rebuilt, "history.sqlite.damaged" in err) == (out, True)
    assert run(history) == (out, "")


def test_recordings_that_are_away_leave_their_days(folder):
    two_days(folder)
    out, _ = run(history)
    folder.rename(folder.with_name("away"))
    assert run(history)[0] == out
    folder.with_name("away").rename(folder)


def test_another_folder_has_a_history_of_its_own(home, tmp_path):
    two_days(tmp_path / "mine")
    assert len(run(history, "--recordings", tmp_path / "mine")[0].splitlines()) == 4
    assert (tmp_path / "history-mine.sqlite").exists()


def test_many_recordings_are_read_by_two_processes_as_by_one(home, folder):
    shutil.copy(TOUR, folder)
    for number in range(ALONE + 1):
        path = folder / f"{number}.sqlite"
        record(path, scripted("s30 w12"), f"2026-06-{number + 1:02d}T23:59:50")
    script = home / "run.py"  # as `sitwell history`, whether it is among the verbs or not
    script.write_text("if __name__ == '__main__':\n    from monitor.cli.history import history\n    history()")
    out = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        check=False,
        env=environment(home) | {"PYTHONPATH": str(ROOT)},
        timeout=60,
    )
    assert (out.returncode, out.stderr) == (0, "")
    assert "mean of 10" in out.stdout  # the last one goes on into the next day
    with open_history(folder.with_name("history.sqlite")) as two, open_history(home / "one.sqlite") as one:
        refresh(one, folder, maker(), processes=1)
        for table in TABLES:
            assert two.execute(f"SELECT * FROM {table}").fetchall() == one.execute(f"SELECT * FROM {table}").fetchall()


def test_the_maker_is_another_one_when_your_settings_change(home):
    first = maker()
    assert (first.events_of, first.bridge_s) == (events_of, 10.0)
    assert maker() == first
    (home / "config" / "sitwell").mkdir(parents=True)
    (home / "config" / "sitwell" / "profile.toml").write_text("[bouts]\nbridge_s = 20\n")
    assert maker().bridge_s == 20.0
    assert maker().stamp != first.stamp


# ------------------------------------------------------------ forget


def test_forget_before_a_day_keeps_its_figures(folder):
    two_days(folder)
    out, _ = run(history)
    assert "add --yes" in run(forget_, "--before", "2026-06-02", code=1)[1]
    assert len(list(folder.iterdir())) == 3
    _, err = run(forget_, "--before", "2026-06-02", "--yes")
    assert "2 recordings" in err
    assert "the figures of their days are kept" in err
    assert [path.name for path in folder.iterdir()] == ["c.sqlite"]
    assert run(history)[0] == out
    assert run(history, "--rebuild")[0] == out
    assert "nothing to forget" in run(forget_, "--before", "2026-06-02", "--yes")[1]


def test_what_ended_before_a_day_is_told_by_the_zone_it_was_recorded_in(folder):
    record(folder / "east.sqlite", scripted("s3600"), "2026-06-01T23:00")  # ends at midnight
    record(folder / "late.sqlite", scripted("s3601"), "2026-06-02T23:00")
    record(folder / "west.sqlite", scripted("s60"), "2026-06-01T20:00", "America/New_York")  # the 2nd in Europe
    run(forget_, "--before", "2026-06-02", "--yes")
    assert [path.name for path in folder.iterdir()] == ["late.sqlite"]
    run(forget_, "--before", "2026-06-03", "--yes")
    assert [path.name for path in folder.iterdir()] == ["late.sqlite"]


def test_forget_over_a_size_deletes_the_oldest_until_it_fits(folder):
    two_days(folder)
    out, _ = run(history)
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    run(forget_, "--over", "1GB", "--yes")
    assert len(list(folder.iterdir())) == 3
    run(forget_, "--over", sizes["b.sqlite"] + sizes["c.sqlite"], "--yes")
    assert sorted(path.name for path in folder.iterdir()) == ["b.sqlite", "c.sqlite"]
    run(forget_, "--over", "0.1 kB", "--yes")
    assert list(folder.iterdir()) == []
    assert run(history)[0] == out
    for wrong in ([], ["--over", "1GB", "--before", "2026-06-02"], ["--over", "much"]):
        assert run(forget_, *wrong, code=2)


def test_what_the_history_does_not_hold_stays(folder):
    record(folder / "dateless.sqlite", scripted("s100"), 0.0)
    (folder / "torn.sqlite").write_bytes(TOUR.read_bytes()[:5000])
    record(folder / "demo.sqlite", scripted("s100"), "2026-05-01T08:00", source="demo")
    with Recording.open(TOUR) as tour:
        meta = replace(tour.meta, source="live")
    with Recorder.create(folder / "now.sqlite", meta):
        _, err = run(forget_, "--before", "2030-01-01", "--yes")
    assert "dateless.sqlite is not in the history" in err
    assert "now.sqlite is being recorded" in err
    assert "its end is missing" in err
    assert sorted(path.name for path in folder.glob("*.sqlite")) == ["dateless.sqlite", "now.sqlite", "torn.sqlite"]


def test_one_that_cannot_be_deleted_is_kept_whole(folder, monkeypatch):
    two_days(folder)
    out, _ = run(history)
    monkeypatch.setattr("monitor.storage.history.retention.is_running", lambda path: False)  # it starts just now
    with hold(folder / "a.sqlite"):
        assert is_running(folder / "a.sqlite")
        _, err = run(forget_, "--before", "2026-06-02", "--yes", code=1)
    assert "deleted 1," in err
    assert "is being recorded by another session" in err
    assert sorted(path.name for path in folder.glob("*.sqlite")) == ["a.sqlite", "c.sqlite"]
    assert run(history)[0] == out


@pytest.mark.skipif(os.name != "posix", reason="a terminal is made by pty")
def test_at_a_terminal_it_asks(home, folder):
    import pty

    two_days(folder)
    script = home / "run.py"
    script.write_text("from monitor.cli.history import forget_\nforget_()")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, script, "--before", "2026-06-02"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(home) | {"PYTHONPATH": str(ROOT)},
        text=True,
    ) as process:
        os.write(ours, b"n\n")
        out, err = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert "for good" in out + err
    assert len(list(folder.glob("*.sqlite"))) == 3


def test_after_live_the_oldest_go_until_the_size_of_the_settings_is_kept(home, folder):
    """Here it ends at once, for there is no Bluetooth: that a session failed does not matter."""
    two_days(folder)
    keep_gb = (folder / "c.sqlite").stat().st_size * 1.2e-9
    (home / "config" / "sitwell").mkdir(parents=True)
    (home / "config" / "sitwell" / "profile.toml").write_text(f"[recordings]\nkeep_gb = {keep_gb}\n")
    ended = finished("live", "--headless", "--sensor", "nobody", home=home)
    assert ended.returncode == 1
    assert "deleted 2" in ended.stderr
    assert [path.name for path in folder.glob("*.sqlite")] == ["c.sqlite"]
    out, _ = run(history, "--from", "2026-06-01", "--to", "2026-06-03", "--json")
    assert len(json.loads(out)["days"]) == 2
