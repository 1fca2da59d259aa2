"""Whatever is wrong with a file or a disk is one sentence, and the file is left as it was."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import RecordingError
from monitor.storage.recorder import Recorder
from monitor.storage.recording import Recording
from monitor.storage.schema import SCHEMA_VERSION
from monitor.stream import Gap, Samples, Tick


@pytest.fixture
def recorded(tmp_path, meta, sensor):
    path = tmp_path / "day" / "a.sqlite"
    with Recorder.create(path, meta) as recorder:
        recorder.write(sensor(20_000))
    return path


def refusal(path) -> str:
    with pytest.raises(RecordingError) as caught, Recording.open(path) as recording:
        list(recording.records())
    message = str(caught.value)
    assert caught.value.path == str(path)
    assert str(path) in message
    assert message.endswith(".")
    assert "\n" not in message
    return message


def test_missing_folder_text_empty_and_foreign_files(tmp_path):
    assert "There is no recording" in refusal(tmp_path / "no.sqlite")
    assert "is a folder" in refusal(tmp_path)
    (tmp_path / "text.csv").write_text("time_s,acc_x_g,acc_y_g,acc_z_g\n")
    assert "sitwell import" in refusal(tmp_path / "text.csv")
    (tmp_path / "empty.sqlite").touch()
    assert "is empty" in refusal(tmp_path / "empty.sqlite")
    db = sqlite3.connect(tmp_path / "foreign.sqlite")
    db.execute("CREATE TABLE samples (a)")
    db.close()
    assert "not a recording" in refusal(tmp_path / "foreign.sqlite")
    (tmp_path / "head.sqlite").write_bytes(b"SQLite format 3\0")
    assert "is damaged" in refusal(tmp_path / "head.sqlite")


@pytest.mark.parametrize("percent", [1, 10, 50, 90, 99])
def test_truncated(recorded, percent):
    os.truncate(recorded, recorded.stat().st_size * percent // 100)
    assert "is damaged" in refusal(recorded)


@pytest.mark.parametrize("seed", range(8))
def test_pages_overwritten(recorded, sensor, seed):
    """SQLite has no checksums and may pass over damaged pages in silence: every sample is read or told as lost."""
    size = recorded.stat().st_size
    with recorded.open("r+b") as file:
        file.seek(size // 3 + seed * 500)
        file.write(np.random.default_rng(seed).bytes(size // 4))
    whole = sensor(20_000)
    with Recording.open(recorded) as recording:
        records = list(recording.records())
    blocks = [record for record in records if isinstance(record, Samples)]
    gaps = [record for record in records if isinstance(record, Gap)]
    assert {gap.cause for gap in gaps} == {"damaged"}
    assert 0.5 < sum(map(len, blocks)) / 20_000 < 0.9
    read = np.concatenate([block.t_s for block in blocks])
    place = np.searchsorted(whole.t_s, read)
    assert np.array_equal(np.concatenate([block.acc_g for block in blocks]), whole.acc_g[place])
    told = np.zeros(20_000, dtype=bool)
    for gap in gaps:
        told |= (whole.t_s >= gap.start_s) & (whole.t_s < gap.end_s)
    told[place] = True
    assert told.all()


def test_newer_schema_and_lacking_meta(recorded):
    db = sqlite3.connect(recorded)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    db.close()
    assert f"newer sitwell (schema {SCHEMA_VERSION + 1}" in refusal(recorded)
    db = sqlite3.connect(recorded)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    db.execute("DELETE FROM meta WHERE key = 'sensor'")
    db.commit()
    db.close()
    assert "sensor" in refusal(recorded)


def test_keys_of_meta_that_are_not_known_are_left_alone(recorded, meta):
    db = sqlite3.connect(recorded)
    db.execute("INSERT INTO meta VALUES ('mood', '\"good\"')")
    db.commit()
    db.close()
    with Recording.open(recorded) as recording:
        assert recording.meta == meta


def test_names_with_signs_that_mean_something_in_a_url(tmp_path, meta):
    path = tmp_path / "50% of #1? day.sqlite"
    Recorder.create(path, meta).close()
    with Recording.open(path) as recording:
        assert recording.meta == meta


def test_reading_changes_nothing(recorded):
    before = recorded.read_bytes()
    with Recording.open(recorded) as recording:
        assert recording.counts().samples == 20_000
        assert sum(len(record) for record in recording.records()) == 20_000
    assert recorded.read_bytes() == before
    assert [each.name for each in recorded.parent.iterdir()] == ["a.sqlite"]


_READ = """
import os, sys
from pathlib import Path
from monitor.errors import RecordingError
from monitor.storage.recording import Recording
from monitor.storage.schema import SCHEMA_VERSION
if os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
try:
    Path(sys.argv[1]).with_name("probe").touch()
except OSError:
    print("read-only")
try:
    with Recording.open(sys.argv[1]) as recording:
        print(sum(len(record) for record in recording.records()))
except RecordingError as error:
    print(error)
"""


def test_a_read_only_folder(recorded, meta):
    folder = Path(tempfile.mkdtemp())  # pytest's own folders are closed to other users
    try:
        shutil.copy(recorded, folder / "a.sqlite")
        with Recorder.create(folder / "live.sqlite", meta) as recorder:
            recorder.write(Tick(1.0))
            shutil.copy(folder / "live.sqlite", folder / "killed.sqlite")
            shutil.copy(folder / "live.sqlite-wal", folder / "killed.sqlite-wal")
        for each in folder.iterdir():
            each.chmod(0o444)
        folder.chmod(0o555)
        before = {each.name: each.read_bytes() for each in folder.iterdir()}
        for name, expected in [("a.sqlite", "20000"), ("killed.sqlite", "copy it and killed.sqlite-wal")]:
            run = subprocess.run(
                [sys.executable, "-c", _READ, str(folder / name)], capture_output=True, text=True, check=True
            )
            assert run.stdout.startswith("read-only\n")
            assert expected in run.stdout
        assert {each.name: each.read_bytes() for each in folder.iterdir()} == before
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_folder_that_cannot_be_made(tmp_path, meta):
    (tmp_path / "file").touch()
    with pytest.raises(RecordingError, match="choose a folder you can write to"):
        Recorder.create(tmp_path / "file" / "a.sqlite", meta)


def test_database_full_says_so_and_keeps_what_was_acknowledged(tmp_path, meta, sensor):
    """A full disk of one's own needs root: here SQLite refuses one more page, with the same SQLITE_FULL."""
    recorder = Recorder.create(tmp_path / "a.sqlite", meta)
    recorder._db.execute("PRAGMA max_page_count = 40")
    whole = sensor(99_300)
    pieces = [slice(start, start + 50) for start in range(0, len(whole), 50)]
    written = 0

    def write_all():
        nonlocal written
        for rows in pieces:
            written += 50
            recorder.write(Samples(whole.t_s[rows], whole.acc_g[rows], whole.gyr_dps[rows]))

    with pytest.raises(RecordingError, match=r"is full: free some space; the session up to 00:0\d:\d\d is kept\.$"):
        write_all()
    acknowledged_s = recorder.acknowledged_s
    assert 10 < acknowledged_s < 1000
    with Recording.open(tmp_path / "a.sqlite") as recording:
        assert sum(len(record) for record in recording.records()) == (whole.t_s < acknowledged_s).sum()
    recorder._db.execute("PRAGMA max_page_count = 100000")  # space was freed: nothing is lost after all
    recorder.write(Tick(1000.0))
    with Recording.open(tmp_path / "a.sqlite") as recording:
        assert recording.counts().samples == written
    recorder.close()


_FILL = """
import resource, sys
import numpy as np
from monitor.errors import RecordingError
from monitor.storage.recorder import Recorder
from monitor.storage.schema import Meta
from monitor.stream import Samples
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    recorder = Recorder.create(sys.argv[1], Meta("s", 100.0, False, 0.0, "", 0, "demo", "0"))
except RecordingError as error:
    print(error)
    sys.exit()
try:
    for second in range(100_000):
        t_s = second + np.arange(100) / 100
        recorder.write(Samples(t_s, np.sin(t_s)[:, None] * [1.0, 2.0, 3.0]))
except RecordingError as error:
    print(recorder.acknowledged_s)
    print(error)
recorder.close()
"""


@pytest.mark.parametrize("limit", [1_000_000, 5_000_000])
def test_a_disk_that_refuses(tmp_path, limit):
    """A real write fails in a real process, once in the -wal file, once in the file itself."""
    path = tmp_path / "a.sqlite"
    run = subprocess.run(
        [sys.executable, "-c", _FILL, str(path), str(limit)], capture_output=True, text=True, check=True
    )
    acknowledged_s, message = run.stdout.splitlines()
    seconds = int(float(acknowledged_s))
    assert seconds > 50
    assert f"the session up to 00:{seconds // 60:02d}:{seconds % 60:02d} is kept." in message
    assert str(path) in message
    with Recording.open(path) as recording:
        assert recording.counts().samples >= 100 * seconds
        assert sum(len(record) for record in recording.records(end_s=float(seconds))) == 100 * seconds


def test_a_disk_that_refuses_at_once_leaves_no_file(tmp_path):
    path = tmp_path / "a.sqlite"
    run = subprocess.run([sys.executable, "-c", _FILL, str(path), "2000"], capture_output=True, text=True, check=True)
    assert "cannot be created" in run.stdout
    assert list(tmp_path.iterdir()) == []
