"""What is damaged is found, whatever it is; what is whole is said to be whole."""

import sqlite3

import numpy as np
import pytest

from monitor.storage.integrity import verify
from monitor.storage.recorder import Recorder
from monitor.stream import Break, Epoch, Mark, Posture, Tick


@pytest.fixture
def recorded(tmp_path, meta, sensor):
    path = tmp_path / "a.sqlite"
    with Recorder.create(path, meta) as recorder:
        for second in range(30):
            recorder.write(sensor(99, start_s=float(second), seed=second))
            epoch = Epoch(float(second), Posture.SITTING, 0.9, 1.5, 0.5, 0.5, still=True, motion_mg=2.0, steps=0)
            recorder.write(Tick(second + 1.0), [epoch])
        recorder.write(Mark(30.0, "mark"), [Break(1.0, 20.0)])
    return path


def test_a_whole_recording(recorded):
    verdict = verify(recorded)
    assert verdict.whole
    assert verdict.damaged_s == 0.0
    assert verdict.counts.samples == 30 * 99
    assert (verdict.counts.marks, verdict.counts.events) == (1, 31)


@pytest.mark.parametrize(
    ("statement", "damaged", "events"),
    [
        ("UPDATE samples SET data = zeroblob(length(data)) WHERE t0_s = 7", [(7, 8)], 0),
        ("UPDATE samples SET n = n + 1 WHERE t0_s = 7", [(7, 8)], 0),
        ("DELETE FROM samples WHERE t0_s IN (7, 8)", [(7, 9)], 0),
        ("DELETE FROM samples WHERE t0_s IN (7, 17)", [(7, 8), (17, 18)], 0),
        ("UPDATE marks SET label = 'standing'", [(30, 30)], 0),
        ("UPDATE events SET t_s = 19 WHERE kind = 'break'", [], 1),
        ("DELETE FROM events WHERE seq < 4", [], 3),
    ],
)
def test_each_kind_of_damage_is_found_and_located(recorded, statement, damaged, events):
    db = sqlite3.connect(recorded)
    db.execute(statement)
    db.commit()
    db.close()
    verdict = verify(recorded)
    assert not verdict.whole
    assert [(round(gap.start_s), round(gap.end_s)) for gap in verdict.damaged] == damaged
    assert len(verdict.events) == events
    assert verdict.database == ()


@pytest.mark.parametrize("seed", range(6))
def test_bytes_overwritten_anywhere_beyond_the_head_are_noticed(recorded, seed):
    random = np.random.default_rng(seed)
    size = recorded.stat().st_size
    with recorded.open("r+b") as file:
        file.seek(int(random.integers(12_000, size - 3000)))
        file.write(random.bytes(2000))
    verdict = verify(recorded)
    assert verdict.whole is False
