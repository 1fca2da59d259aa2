"""The recorder beside others: a locked file, a second writer, requests of another process."""

import sqlite3
import subprocess
import sys
import time

import numpy as np
import pytest

from monitor.errors import RecordingError
from monitor.pipeline import Pipeline
from monitor.profile import Profile
from monitor.sources.simulator import DESK_DAY
from monitor.sources.simulator import Wearer as Simulated
from monitor.storage import recorder as recorder_module
from monitor.storage.recorder import Recorder
from monitor.storage.recording import Recording
from monitor.storage.requests import ask
from monitor.stream import Gap, Mark, Samples, Tick, Wearer

LOCK = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
"""
ASK = """
import sys
from pathlib import Path
from monitor.storage.requests import ask
from monitor.stream import Mark, Wearer
ask(Path(sys.argv[1]), Wearer(0.0, "snooze", 300.0))
ask(Path(sys.argv[1]), Mark(0.0, "standing", "said at another screen"))
"""


def locker(path):
    process = subprocess.Popen(
        [sys.executable, "-c", LOCK, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "locked\n"
    return process


def test_a_file_locked_by_another_process_costs_nothing(tmp_path, meta, sensor):
    path = tmp_path / "a.sqlite"
    whole = sensor(3000)
    with Recorder.create(path, meta) as recorder:
        recorder.write(whole.part(slice(0, 1000)))
        safe_s = recorder.acknowledged_s
        other = locker(path)
        began = time.monotonic()
        recorder.write(whole.part(slice(1000, 2000)))
        assert time.monotonic() - began < 1.0  # a live session does not stand still
        assert recorder.acknowledged_s == safe_s  # and promises nothing
        other.communicate("")
        recorder.write(whole.part(slice(2000, 3000)))
        assert recorder.acknowledged_s > safe_s
    with Recording.open(path) as recording:
        assert sum(len(r) for r in recording.records() if isinstance(r, Samples)) == 3000
        assert not any(isinstance(r, Gap) for r in recording.records())


def test_a_file_that_stays_locked_is_said_and_what_was_acknowledged_stays(tmp_path, meta, sensor, monkeypatch):
    monkeypatch.setattr(recorder_module, "_LOCKED_AT_MOST_S", 0.1)
    monkeypatch.setattr(recorder_module, "_CLOSING_S", 0.1)
    path = tmp_path / "a.sqlite"
    recorder = Recorder.create(path, meta)
    recorder.write(sensor(1000))
    other = locker(path)
    recorder.write(Tick(11.0))
    time.sleep(0.1)
    with pytest.raises(RecordingError, match=r"locked by another program: close .* 00:00:10 is kept"):
        recorder.write(Tick(12.0))
    recorder.close()
    other.communicate("")
    with Recording.open(path) as recording:
        assert sum(len(r) for r in recording.records() if isinstance(r, Samples)) >= 990


def test_two_writers_of_one_recording_are_refused(tmp_path, meta):
    """Even where the second one comes before the first has given the file its name."""
    path = tmp_path / "a.sqlite"
    with Recorder.create(path, meta) as recorder:
        with pytest.raises(RecordingError, match="exists already"):
            Recorder.create(path, meta)
        path.rename(tmp_path / "away.sqlite")
        with pytest.raises(RecordingError, match="being recorded by another session"):
            Recorder.create(path, meta)
        (tmp_path / "away.sqlite").rename(path)
        recorder.write(Tick(1.0))
    with Recording.open(path) as recording:
        assert list(recording.records()) == [Tick(1.0)]


def test_a_stranger_who_writes_rows_does_not_silently_cost_any(tmp_path, meta, sensor):
    """SQLite lets any program write. A number that it takes is refused aloud, and all before it stays."""
    path = tmp_path / "a.sqlite"
    recorder = Recorder.create(path, meta)
    recorder.write(sensor(993))
    with Recording.open(path) as recording:
        kept = recording.counts().samples
    db = sqlite3.connect(path)
    db.execute("INSERT INTO records SELECT max(seq) + 1, 9.0, 'tick', '{}', NULL FROM samples")
    db.execute("INSERT INTO samples SELECT max(seq) + 1, 9.0, 1, x'00', 0 FROM samples")
    db.commit()
    db.close()
    with pytest.raises(RecordingError, match="cannot be written"):
        recorder.write(Tick(10.0))
    recorder.close()
    with Recording.open(path) as recording:
        assert sum(len(r) for r in recording.records() if isinstance(r, Samples)) == kept


def test_what_another_process_asks_arrives_once_and_in_order(tmp_path, meta):
    path = tmp_path / "a.sqlite"
    with Recorder.create(path, meta) as recorder:
        recorder.write(Tick(1.0))
        assert recorder.requests() == []
        subprocess.run([sys.executable, "-c", ASK, str(path)], check=True)
        assert recorder.requests() == [Wearer(0.0, "snooze", 300.0), Mark(0.0, "standing", "said at another screen")]
        assert recorder.requests() == []
    with pytest.raises(RecordingError, match="has ended"):
        ask(path, Mark(0.0, "mark"))
    assert recorder.requests() == []


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"label": []', "null", '{"seconds": "x", "action": "snooze"}'])
def test_a_request_that_makes_no_sense_is_passed_over(tmp_path, meta, body):
    path = tmp_path / "a.sqlite"
    with Recorder.create(path, meta) as recorder:
        recorder.write(Tick(1.0))
        db = sqlite3.connect(path)
        for kind in ("mark", "wearer", "dance"):
            db.execute("INSERT INTO requests (kind, body) VALUES (?, ?)", (kind, body))
        db.commit()
        db.close()
        ask(path, Mark(0.0, "mark"))
        assert recorder.requests() == [Mark(0.0, "mark")]


def test_a_live_session_takes_at_most_seven_bytes_a_sample(tmp_path, meta):
    """Ticks, events and all; six axes at 100 Hz in a 16-bit sensor's numbers. benchmarks/scale.py has a whole day."""
    wearer, pipeline = Simulated(DESK_DAY), Pipeline(Profile(), 100.0, gyro=True)
    path = tmp_path / "a.sqlite"
    with Recorder.create(path, meta) as recorder:
        for second in range(1800):
            t_s = np.round(second + np.arange(100) / 100.0, 6)
            acc, gyr = wearer(t_s)
            block = Samples(t_s, np.round(acc * 2048.0) / 2048.0, np.round(gyr * 16.384) / 16.384)
            for record in (block, Tick(second + 1.0)):
                recorder.write(record, pipeline.push(record))
    assert path.stat().st_size / 180_000 <= 7.0
