"""A process that is killed loses no acknowledged second, and another one may read while it writes."""

import random
import subprocess
import sys
import time

import numpy as np
import pytest

from monitor.storage.recorder import Recorder
from monitor.storage.recording import Recording
from monitor.stream import Break, Link, Samples, Tick

_WRITE = """
import sys
import numpy as np
from monitor.storage.recorder import Recorder
from monitor.storage.schema import Meta
from monitor.stream import Break, Samples, Tick
recorder = Recorder.create(sys.argv[1], Meta("s", 100.0, True, 0.0, "", 0, "demo", "0"))
said = 0.0
for second in range(1_000_000):
    for packet in range(5):
        k = 100 * second + 20 * packet + np.arange(20)
        values = np.stack([k % 7, k % 11, k % 13], axis=1) / 2048
        recorder.write(Samples(k / 100, values, values * 125))
        if recorder.acknowledged_s is not None and recorder.acknowledged_s > said:
            said = recorder.acknowledged_s
            print(said, flush=True)
    recorder.write(Tick(second + 1.0), [Break(float(second), second + 1.0)])
    said = recorder.acknowledged_s
    print(said, flush=True)
"""


def start(path) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", _WRITE, str(path)], stdout=subprocess.PIPE, text=True)


def check(path, acknowledged_s: float) -> None:
    """Every second up to there is in the file, to the bit, and nothing but whole transactions after it."""
    with Recording.open(path) as recording:
        blocks = [record for record in recording.records() if isinstance(record, Samples)]
        ticks = [record.t_s for record in recording.records() if isinstance(record, Tick)]
        breaks = list(recording.events())
    k = np.arange(sum(map(len, blocks)))
    values = np.stack([k % 7, k % 11, k % 13], axis=1) / 2048
    assert len(k) >= 100 * acknowledged_s
    assert np.array_equal(np.concatenate([block.t_s for block in blocks]), k / 100)
    assert np.array_equal(np.concatenate([block.acc_g for block in blocks]), values)
    assert np.array_equal(np.concatenate([block.gyr_dps for block in blocks]), values * 125)
    assert ticks == [number + 1.0 for number in range(len(ticks))]
    assert len(ticks) >= acknowledged_s
    assert breaks == [Break(t_s - 1.0, t_s) for t_s in ticks]


def test_kill_9_twenty_times(tmp_path):
    moments = random.Random(9)
    running = [start(tmp_path / "0.sqlite")]
    for number in range(20):
        if number < 19:  # the next one starts up meanwhile
            running.append(start(tmp_path / f"{number + 1}.sqlite"))
        child = running[number]
        first = child.stdout.readline()
        time.sleep(moments.uniform(0.0, 0.25))
        child.kill()
        lines = [first, *child.stdout.read().splitlines(keepends=True)]
        child.stdout.close()
        child.wait()
        acknowledged_s = float(next(line for line in reversed(lines) if line.endswith("\n")))
        assert acknowledged_s >= 1.0
        check(tmp_path / f"{number}.sqlite", acknowledged_s)


def test_a_second_process_reads_while_it_grows(tmp_path):
    path = tmp_path / "a.sqlite"
    child = start(path)
    try:
        seen = []
        child.stdout.readline()
        with Recording.open(path) as recording:
            for _ in range(5):
                acknowledged_s = float(child.stdout.readline())
                seen.append(recording.counts().samples)
                assert seen[-1] >= 100 * acknowledged_s
                blocks = [r for r in recording.records(end_s=acknowledged_s) if isinstance(r, Samples)]
                assert sum(map(len, blocks)) == 100 * acknowledged_s
                time.sleep(0.05)
        assert sorted(set(seen)) == seen
    finally:
        child.kill()
        child.stdout.read()
        child.stdout.close()
        child.wait()


def test_a_reader_that_stays_does_not_keep_the_writer_from_closing(tmp_path, meta, sensor):
    path = tmp_path / "a.sqlite"
    recorder = Recorder.create(path, meta)
    recorder.write(sensor(500))
    with Recording.open(path) as recording:
        assert recording.counts().samples == 497
        reading = recording.records()
        next(reading)
        recorder.write(Tick(5.1))
        began = time.monotonic()
        recorder.close()
        assert time.monotonic() - began < 2.0
        assert sum(len(record) for record in reading) == 397
        assert recording.counts().samples == 500
    path.with_name("copy.sqlite").write_bytes(path.read_bytes())  # complete without its -wal
    with Recording.open(path.with_name("copy.sqlite")) as recording:
        assert recording.counts().samples == 500


def test_link_and_marks_are_acknowledged_at_once(tmp_path, meta):
    with Recorder.create(tmp_path / "a.sqlite", meta) as recorder, Recording.open(tmp_path / "a.sqlite") as recording:
        recorder.write(Link(0.4, "lost"))
        assert recorder.acknowledged_s == pytest.approx(0.4)
        assert [record.t_s for record in recording.records()] == [0.4]
