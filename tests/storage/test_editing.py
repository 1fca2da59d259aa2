"""Parts, wholes and nameless copies of recordings hold what they should, to the bit, and nothing else."""

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.config import default_profile, profile_to_mapping
from monitor.errors import RecordingError
from monitor.pipeline import Pipeline
from monitor.storage.codec import encode_item
from monitor.storage.editing import anonymous, delete, merged, trimmed, write_anew
from monitor.storage.recorder import Recorder
from monitor.storage.recording import Recording
from monitor.stream import (
    BadPacket,
    Battery,
    Epoch,
    Gap,
    Link,
    LinkState,
    Mark,
    Samples,
    SettingsChanged,
    Started,
    Tick,
    join,
)

TOUR = Path(__file__).parents[2] / "recordings" / "tour.sqlite"
PROFILE = default_profile()
NAMES = ["Ada's sensor", "DC:01:02:03:04:05", "Ada", "note of Ada", "Vienna", "ada wrote this", "beef"]


def samples(records):
    blocks = [r for r in records if isinstance(r, Samples)]
    return join(blocks) if blocks else None


def same(a, b):
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ("t_s", "acc_g", "gyr_dps"))


@given(st.floats(0.0, 240.0), st.floats(0.5, 120.0))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_part_has_every_sample_of_its_time_and_the_events_that_they_mean(tmp_path_factory, start_s, length_s):
    out = tmp_path_factory.mktemp("part") / "part.sqlite"
    end_s = start_s + length_s
    with Recording.open(TOUR) as whole:
        write_anew(whole.meta, PROFILE, trimmed(whole, start_s, end_s), out)
        with Recording.open(out) as part:
            records = list(part.records())
            assert same(samples(records), samples(whole.records(start_s, end_s)))
            pipeline = Pipeline(PROFILE, 100.0, gyro=True)
            meant = [event for record in records for event in pipeline.push(record)] + pipeline.finish()
            assert [encode_item(event) for event in part.events()] == [encode_item(event) for event in meant]
            assert (part.meta.started_utc_s, part.meta.profile) == (whole.meta.started_utc_s, whole.meta.profile)
    assert isinstance(records[0], Link)
    assert records[-1].state is LinkState.CLOSED


def test_a_part_with_nothing_in_it_is_refused_and_leaves_nothing(tmp_path):
    with Recording.open(TOUR) as whole, pytest.raises(RecordingError, match="nothing between these times"):
        write_anew(whole.meta, PROFILE, trimmed(whole, 900.0, 1000.0), tmp_path / "a.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_two_halves_make_the_whole_again(tmp_path):
    with Recording.open(TOUR) as whole:
        for name, (start_s, end_s) in {"a": (0.0, 100.0), "b": (100.0, 248.0)}.items():
            write_anew(whole.meta, None, trimmed(whole, start_s, end_s), tmp_path / f"{name}.sqlite")
        with Recording.open(tmp_path / "a.sqlite") as a, Recording.open(tmp_path / "b.sqlite") as b:
            meta, records = merged([b, a])  # whichever way they are named
            write_anew(meta, PROFILE, records, tmp_path / "ab.sqlite")
        with Recording.open(tmp_path / "ab.sqlite") as both:
            assert same(samples(both.records()), samples(whole.records()))
            assert not any(isinstance(r, Gap) for r in both.records())


def test_time_between_two_recordings_is_a_gap_by_their_clocks(tmp_path, meta, sensor):
    for name, later_s in {"a": 0.0, "b": 3600.5}.items():
        with Recorder.create(tmp_path / f"{name}.sqlite", replace(meta, started_utc_s=1e9 + later_s)) as recorder:
            recorder.write(sensor(993))
            recorder.write(Tick(10.0))
    with Recording.open(tmp_path / "a.sqlite") as a, Recording.open(tmp_path / "b.sqlite") as b:
        _, records = merged([a, b])
        found = list(records)
    [gap] = [r for r in found if isinstance(r, Gap)]
    assert (gap.start_s, gap.end_s) == (pytest.approx(10.0, abs=0.02), 3600.5)
    blocks = samples(found)
    assert len(blocks) == 2 * 993
    assert np.array_equal(blocks.acc_g[:993], blocks.acc_g[993:])
    assert np.array_equal(blocks.t_s[993:], np.round(blocks.t_s[:993] + 3600.5, 6))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rate_hz": 50.0}, "another sampling rate"),
        ({"gyro": False}, "other axes"),
        ({"started_utc_s": 0.0}, "does not tell when it began"),
        ({"started_utc_s": 1_700_000_003.0}, "begins before"),
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path, meta, change, words):
    for name, of in {"a": meta, "b": replace(meta, **change)}.items():
        with Recorder.create(tmp_path / f"{name}.sqlite", of) as recorder:
            recorder.write(Tick(1.0))
            recorder.write(Tick(9.0))
    with (
        Recording.open(tmp_path / "a.sqlite") as a,
        Recording.open(tmp_path / "b.sqlite") as b,
        pytest.raises(RecordingError, match=words),
    ):
        merged([a, b])


def test_a_nameless_copy_tells_neither_who_nor_where_nor_when(tmp_path, meta, sensor):
    prompts = json.loads(json.dumps(profile_to_mapping(PROFILE)["prompts"]))
    prompts["places"][0]["rules"][0] |= {"name": "Ada's own", "message": "ada wrote this"}
    prompts["places"][1] |= {"name": "at Ada's", "hours": ("mon 20:26-20:27",)}
    prompts["quiet"] |= {"quiet_hours": ("tue 20:26-20:28",)}
    telling = replace(
        meta,
        sensor="Ada's sensor",
        zone="Europe/Vienna",
        started_utc_s=1_772_438_400.0,
        profile=profile_to_mapping(PROFILE) | {"prompts": prompts},
        calibration={"sensor": "DC:01:02:03:04:05"},
        firmware="fw-4711",
    )
    whole = sensor(2000, start_s=1_772_438_400.25)  # an import that kept the time of day as it was
    with Recorder.create(tmp_path / "a.sqlite", telling) as recorder:
        recorder.write(Started(whole.t_s[0], local_s=73_560.5, weekday=1))
        recorder.write(SettingsChanged(whole.t_s[0], prompts))
        recorder.write(Link(whole.t_s[0], LinkState.CONNECTED, "DC:01:02:03:04:05 answered"))
        recorder.write(Link(whole.t_s[0], LinkState.LOST, "out of reach"))
        recorder.write(whole)
        recorder.write(Mark(whole.t_s[-1], "Ada", "note of Ada"))
        recorder.write(Mark(whole.t_s[-1], "sitting", "note of Ada"))
        recorder.write(BadPacket(whole.t_s[-1], "too short", "beef"))
        recorder.write(Battery(whole.t_s[-1], 50))
    with Recording.open(tmp_path / "a.sqlite") as recording:
        copied, records = anonymous(recording)
        write_anew(copied, PROFILE, records, tmp_path / "b.sqlite")
    raw = (tmp_path / "b.sqlite").read_bytes()
    assert not [name for name in [*NAMES, "fw-4711", "17724384", "2026", "20:2", "73560"] if name.encode() in raw]
    with Recording.open(tmp_path / "b.sqlite") as copy:
        found = list(copy.records())
        assert copy.meta.started_utc_s == 0.0
        assert [type(event) for event in copy.events()].count(Epoch) > 10
    block = samples(found)
    assert block.t_s[0] == 0.25
    assert np.allclose(block.t_s - 0.25, whole.t_s - whole.t_s[0], atol=1e-6)
    assert np.array_equal(block.acc_g, whole.acc_g)
    assert [(r.label, r.note) for r in found if isinstance(r, Mark)] == [("mark", ""), ("sitting", "")]
    assert [r.cause for r in found if isinstance(r, Link)] == ["", "out of reach"]
    assert Battery(block.t_s[-1], 50) in found


def test_deleting_takes_the_companions_and_spares_what_is_being_recorded(tmp_path, meta):
    path = tmp_path / "a.sqlite"
    recorder = Recorder.create(path, meta)
    recorder.write(Tick(1.0))
    with pytest.raises(RecordingError, match="being recorded"):
        delete(path)
    assert path.exists()
    recorder.close()
    db = sqlite3.connect(path)
    db.execute("UPDATE meta SET value = value")  # as after a crash: the -wal file stays
    db.commit()
    (tmp_path / "b.sqlite").touch()
    delete(path)
    db.close()
    assert [each.name for each in tmp_path.iterdir()] == ["b.sqlite"]
    with pytest.raises(RecordingError, match="no recording"):
        delete(path)
