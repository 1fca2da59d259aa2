"""A recording gives back what was written, in the order of arrival, to the bit; of a damaged one, all the rest."""

import sqlite3
import stat
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.errors import RecordingError
from monitor.storage.recorder import Recorder
from monitor.storage.recording import Recording
from monitor.stream import (
    BadPacket,
    Battery,
    Break,
    Epoch,
    Gap,
    Link,
    LinkState,
    Mark,
    Posture,
    PostureChanged,
    Samples,
    Tick,
    Wearer,
)


def cut(samples, *ends):
    """Pieces of a block, each ending at one of these rows."""
    starts = (0, *ends)
    return [
        Samples(samples.t_s[a:b], samples.acc_g[a:b], None if samples.gyr_dps is None else samples.gyr_dps[a:b])
        for a, b in zip(starts, (*ends, len(samples)), strict=True)
    ]


def flat(records):
    """Records with samples one by one as bytes, so that sequences compare whatever the blocks."""
    out = []
    for record in records:
        if isinstance(record, Samples):
            gyr = [b""] * len(record) if record.gyr_dps is None else [row.tobytes() for row in record.gyr_dps]
            out += [(t.tobytes(), a.tobytes(), g) for t, a, g in zip(record.t_s, record.acc_g, gyr, strict=True)]
        else:
            out.append(record)
    return out


def epoch(t_s):
    return Epoch(t_s, Posture.SITTING, 0.9, 1.25, -0.5, 0.4, still=True, motion_mg=3.2, steps=0)


def a_session(sensor):
    """Packets of four samples, a Tick a second, and one of everything."""
    whole = sensor(500)
    pieces = cut(whole, *range(4, 500, 4))
    records = [Link(0.0, LinkState.SEARCHING), Link(0.0, LinkState.CONNECTED), Battery(0.0, 87)]
    second = 1
    for piece in pieces:
        if piece.t_s[0] >= second:
            records.append(Tick(float(second)))
            second += 1
        if len(records) == 60:
            records += [
                BadPacket(1.3, "checksum", "55aa"),
                Gap(1.3, 1.31, "lost packets"),
                Mark(1.3, "tea", "à la menthe"),
            ]
        records.append(piece)
    return [*records, Wearer(5.0, "snooze", 600.0), Link(5.0, LinkState.CLOSED, "stopped")]


def test_round_trip_keeps_order_bits_meta_and_events(tmp_path, meta, sensor):
    records = a_session(sensor)
    events = [epoch(0.0), epoch(1.0), PostureChanged(2.0, Posture.UNKNOWN, Posture.SITTING, 0.9), Break(2.0, 4.0)]
    with Recorder.create(tmp_path / "a.sqlite", meta) as recorder:
        for number, record in enumerate(records):
            recorder.write(record, [events[number // 40]] if number % 40 == 0 else ())
    with Recording.open(tmp_path / "a.sqlite") as recording:
        assert flat(recording.records()) == flat(records)
        assert list(recording.events()) == events[: -(-len(records) // 40)]
        assert recording.meta == meta
        counts = recording.counts()
        assert (counts.samples, counts.marks, counts.events) == (500, 1, 4)
        assert counts.records == sum(not isinstance(r, Samples | Mark) for r in records)
        assert recording.start_s == 0.0
        assert recording.end_s == pytest.approx(499 / 99.3 + 1 / 99.3, abs=1e-5)
        assert recording.duration_s == recording.end_s


def test_one_blob_a_second_whether_or_not_ticks_come(tmp_path, meta, sensor):
    whole = sensor(993)
    with Recorder.create(tmp_path / "ticks.sqlite", meta) as recorder:
        second = 1.0
        for piece in cut(whole, *range(7, 993, 7)):
            if piece.t_s[-1] + 0.03 >= second:  # the radio's delay: the last samples of a second come after its Tick
                recorder.write(Tick(second))
                second += 1.0
            recorder.write(piece)
    with Recorder.create(tmp_path / "bulk.sqlite", meta) as recorder:
        recorder.write(whole)
    for name in ("ticks.sqlite", "bulk.sqlite"):
        with Recording.open(tmp_path / name) as recording:
            blocks = [record for record in recording.records() if isinstance(record, Samples)]
            assert 10 <= len(blocks) <= 11
            assert all(block.t_s[-1] - block.t_s[0] <= 1.5 for block in blocks)
            assert flat(blocks) == flat([whole])
    with Recording.open(tmp_path / "bulk.sqlite") as recording:
        assert [int(block.t_s[0]) for block in recording.records()] == list(range(10))


def test_acknowledged_is_what_a_reader_sees(tmp_path, meta, sensor):
    pieces = cut(sensor(400), *range(10, 400, 10))
    recorder = Recorder.create(tmp_path / "a.sqlite", meta)
    assert recorder.acknowledged_s is None
    with Recording.open(tmp_path / "a.sqlite") as recording:
        for number, piece in enumerate(pieces):
            recorder.write(piece)
            acknowledged_s = recorder.acknowledged_s or 0.0
            assert acknowledged_s == float(int(piece.t_s[-1]))
            seen = sum(len(record) for record in recording.records())
            assert seen == sum(int((p.t_s < acknowledged_s).sum()) for p in pieces[: number + 1])
        recorder.write(Mark(4.02, "now"))
        assert recorder.acknowledged_s == 4.02
        assert sum(isinstance(record, Mark) for record in recording.records()) == 1
        assert sum(len(record) for record in recording.records() if isinstance(record, Samples)) == 400
    recorder.close()
    recorder.close()
    with pytest.raises(RecordingError, match="closed"):
        recorder.write(Tick(5.0))


def test_gaps_and_a_change_of_sensor_split_blobs(tmp_path, meta, sensor):
    a, b, c = cut(sensor(60), 20, 40)
    records = [a, Gap(0.2, 0.3, "lost packets"), b, Samples(c.t_s, c.acc_g)]
    with Recorder.create(tmp_path / "a.sqlite", meta) as recorder:
        for record in records:
            recorder.write(record)
    with Recording.open(tmp_path / "a.sqlite") as recording:
        again = list(recording.records())
    assert [type(record) for record in again] == [type(record) for record in records]
    assert again[3].gyr_dps is None
    assert flat(again) == flat(records)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_blocks_and_any_records_come_back_in_order(tmp_path_factory, meta, data):
    t_s, records = 0.0, []
    for _ in range(data.draw(st.integers(1, 30))):
        kind = data.draw(st.sampled_from(["samples", "tick", "gap", "mark", "bad"]))
        if kind == "samples":
            steps_s = np.array(data.draw(st.lists(st.floats(1e-3, 3.0), min_size=1, max_size=12)))
            times = t_s + np.cumsum(steps_s)
            t_s = float(times[-1])
            records.append(Samples(times, np.sin(times)[:, None] * [1.0, 2.0, 3.0]))
        else:
            t_s += data.draw(st.floats(0.0, 2.0))
            made = {
                "tick": Tick(t_s),
                "gap": Gap(t_s, t_s + 0.1, "x"),
                "mark": Mark(t_s, "l"),
                "bad": BadPacket(t_s, "r", "00"),
            }
            records.append(made[kind])
    path = tmp_path_factory.mktemp("any") / "a.sqlite"
    with Recorder.create(path, meta) as recorder:
        for record in records:
            recorder.write(record)
    with Recording.open(path) as recording:
        assert flat(recording.records()) == flat(records)


def test_an_interval_is_cut_to_the_sample(tmp_path, meta, sensor):
    whole = sensor(99 * 60)
    with Recorder.create(tmp_path / "a.sqlite", meta) as recorder:
        for number, piece in enumerate(cut(whole, *range(99, len(whole), 99))):
            recorder.write(piece)
            recorder.write(Tick(number + 1.0))
        recorder.write(Gap(70.0, 3600.0, "lost link"))
        recorder.write(Samples(whole.t_s + 3600.0, whole.acc_g, whole.gyr_dps))
    with Recording.open(tmp_path / "a.sqlite") as recording:
        everything = list(recording.records())
        for start_s, end_s in [
            (0.0, 10.0),
            (20.35, 30.0),
            (59.0, 3601.5),
            (3610.0, None),
            (None, 5.5),
            (100.0, 200.0),
            (9e9, None),
        ]:
            low, high = start_s or 0.0, end_s or 1e12
            expected = []
            for record in everything:
                if isinstance(record, Samples):
                    inside = (record.t_s >= low) & (record.t_s < high)
                    expected.append(Samples(record.t_s[inside], record.acc_g[inside], record.gyr_dps[inside]))
                elif isinstance(record, Gap):
                    expected += [record] if record.end_s > low and record.start_s < high else []
                elif low <= record.t_s < high:
                    expected.append(record)
            assert flat(recording.records(start_s, end_s)) == flat(expected)


def test_a_damaged_second_is_a_gap_and_the_rest_is_read(tmp_path, meta, sensor):
    whole = sensor(993, gyro=False)
    path = tmp_path / "a.sqlite"
    with Recorder.create(path, meta) as recorder:
        recorder.write(whole)
        recorder.write(Battery(10.0, 50))
        recorder.write(Tick(10.0), [epoch(0.0)])
    db = sqlite3.connect(path)
    (seq, data) = db.execute("SELECT seq, data FROM samples WHERE t0_s >= 3 ORDER BY seq LIMIT 1").fetchone()
    db.execute("UPDATE samples SET data = ? WHERE seq = ?", (data[:50] + bytes([data[50] ^ 4]) + data[51:], seq))
    db.execute("UPDATE samples SET data = 'text' WHERE t0_s = (SELECT max(t0_s) FROM samples)")
    db.execute("UPDATE records SET body = '{' WHERE kind = 'battery'")
    db.commit()
    db.close()
    with Recording.open(path) as recording:
        records = list(recording.records())
        gaps = [record for record in records if isinstance(record, Gap)]
        assert [(int(gap.start_s), gap.cause) for gap in gaps] == [(3, "damaged"), (9, "damaged")]  # the battery too
        assert gaps[0].end_s == pytest.approx(4.0, abs=0.02)
        assert gaps[0].end_s <= records[records.index(gaps[0]) + 1].t_s[0]
        assert flat(r for r in records if isinstance(r, Samples)) == [
            row for row, t_s in zip(flat([whole]), whole.t_s, strict=True) if not 3 <= t_s < 4 and t_s < 9
        ]
        assert records[-1] == Tick(10.0)
        assert recording.end_s == pytest.approx(10.0, abs=0.02)


def test_a_damaged_event_is_said(tmp_path, meta):
    with Recorder.create(tmp_path / "a.sqlite", meta) as recorder:
        recorder.write(Tick(1.0), [epoch(0.0)])
    db = sqlite3.connect(tmp_path / "a.sqlite")
    db.execute("UPDATE events SET kind = 'epoche'")
    db.commit()
    db.close()
    with (
        Recording.open(tmp_path / "a.sqlite") as recording,
        pytest.raises(RecordingError, match="damaged event, number 1"),
    ):
        list(recording.events())


def test_damaged_events_are_numbered_and_the_rest_is_read(tmp_path, meta):
    with Recorder.create(tmp_path / "a.sqlite", meta) as recorder:
        recorder.write(Tick(6.0), [epoch(float(k)) for k in range(6)])
    db = sqlite3.connect(tmp_path / "a.sqlite")
    db.execute("UPDATE events SET kind = 'epoche' WHERE seq = 2")
    db.execute("UPDATE events SET body = replace(body, '1.25', '2.25') WHERE seq = 3")  # still an epoch
    db.execute("DELETE FROM events WHERE seq = 5")
    db.commit()
    db.close()
    lost = []
    with Recording.open(tmp_path / "a.sqlite") as recording:
        assert [event.t_s for event in recording.events(lost)] == [0.0, 3.0, 5.0]
    assert lost == [2, 3, 5]


@pytest.mark.parametrize("table", ["records", "marks", "events"])
def test_a_changed_row_that_still_reads_is_damage(tmp_path, meta, table):
    with Recorder.create(tmp_path / "a.sqlite", meta) as recorder:
        recorder.write(Mark(0.5, "sitting", "well"))
        recorder.write(Battery(1.0, 50))
        recorder.write(Tick(2.0), [Break(0.0, 1.0)])
    db = sqlite3.connect(tmp_path / "a.sqlite")
    db.execute(
        f"UPDATE {table} SET t_s = t_s + 1e-9 WHERE seq = 1 OR kind = 'battery'"
        if table == "records"
        else f"UPDATE {table} SET t_s = t_s + 1e-9 WHERE seq = 1"
    )
    db.commit()
    db.close()
    lost = []
    with Recording.open(tmp_path / "a.sqlite") as recording:
        list(recording.events(lost))
        assert (len(recording.damage()), len(lost)) == ((0, 1) if table == "events" else (1, 0))


def test_an_empty_recording_is_a_recording(tmp_path, meta):
    Recorder.create(tmp_path / "a.sqlite", replace(meta, rate_hz=0.0)).close()
    with Recording.open(tmp_path / "a.sqlite") as recording:
        assert list(recording.records()) == list(recording.events()) == []
        assert (recording.start_s, recording.end_s, recording.duration_s) == (0.0, 0.0, 0.0)
    with pytest.raises(RecordingError, match="closed"):
        list(recording.records())


def test_closing_while_reading_is_said(tmp_path, meta, sensor):
    with Recorder.create(tmp_path / "a.sqlite", meta) as recorder:
        recorder.write(sensor(99_300))
    recording = Recording.open(tmp_path / "a.sqlite")
    records = recording.records()
    next(records)
    recording.close()
    with pytest.raises(RecordingError, match="closed"):
        list(records)


def test_an_existing_file_is_never_overwritten(tmp_path, meta):
    (tmp_path / "a.sqlite").write_text("mine")
    with pytest.raises(RecordingError, match="exists already"):
        Recorder.create(tmp_path / "a.sqlite", meta)
    assert (tmp_path / "a.sqlite").read_text() == "mine"


def test_files_are_for_their_owner_only(tmp_path, meta):
    path = tmp_path / "new" / "data" / "a.sqlite"
    with Recorder.create(path, meta) as recorder:
        recorder.write(Tick(1.0))
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
        assert set(modes) == {"a.sqlite", "a.sqlite-wal", "a.sqlite-shm", "a.sqlite-lock"}
        assert set(modes.values()) == {0o600}
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["a.sqlite"]


def test_a_flood_of_bad_packets_is_committed_without_ticks(tmp_path, meta):
    recorder = Recorder.create(tmp_path / "a.sqlite", meta)
    for number in range(12_000):
        recorder.write(BadPacket(number / 1000, "garbage", "00"))
    with Recording.open(tmp_path / "a.sqlite") as recording:
        assert recording.counts().records == 10_000
    recorder.close()


def test_beyond_the_precision_of_seconds_nothing_hangs(tmp_path, meta):
    t_s = np.array([1e17, 1e17 + 16, np.inf])
    with Recorder.create(tmp_path / "a.sqlite", meta) as recorder:
        recorder.write(Samples(t_s, np.zeros((3, 3))))
        recorder.write(Samples(np.array([np.nan, 1.0]), np.zeros((2, 3))))
    with Recording.open(tmp_path / "a.sqlite") as recording:
        assert recording.counts().samples == 5
