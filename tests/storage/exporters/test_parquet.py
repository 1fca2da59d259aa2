"""Parquet out and in again: every bit of every value, and what is known of the session."""

import dataclasses
import json
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from monitor.errors import RecordingError, SitwellError
from monitor.storage.exporters.parquet import GROUP_ROWS, write_parquet
from monitor.storage.exporters.writing import Outgoing
from monitor.storage.importers.parquet import read_parquet
from monitor.storage.importers.writing import write_recording
from monitor.storage.recorder import Recorder
from monitor.storage.recording import Recording
from monitor.stream import Gap, Samples

parquet = pytest.importorskip("pyarrow.parquet", reason="the extra 'parquet' is not installed")


def bits(path):
    """All samples of a recording as bytes, its gaps, and its meta data."""
    with Recording.open(path) as recording:
        records, meta = list(recording.records()), recording.meta
    blocks = [record for record in records if isinstance(record, Samples)]
    sets = [np.concatenate([getattr(block, name) for block in blocks]) for name in ("t_s", "acc_g")]
    if blocks[0].gyr_dps is not None:
        sets.append(np.concatenate([block.gyr_dps for block in blocks]))
    return [each.tobytes() for each in sets], [record for record in records if isinstance(record, Gap)], meta


def export(path, out):
    with Recording.open(path) as recording:
        return write_parquet(Outgoing.of(recording), out)


def again(path, out):
    return write_recording(read_parquet(path), path, out)


@pytest.mark.parametrize("gyro", [True, False])
def test_out_and_in_again_is_the_same_recording(tmp_path, meta, sensor, gyro):
    meta = dataclasses.replace(meta, gyro=gyro, firmware="1.2")
    n = GROUP_ROWS + 20_000
    with Recorder.create(tmp_path / "a.sqlite", meta) as recorder:
        recorder.write(sensor(n - 1000, start_s=1e6, gyro=gyro))
        recorder.write(sensor(1000, start_s=1.01e6, gyro=gyro))
    assert export(tmp_path / "a.sqlite", tmp_path / "a.parquet") == n
    again(tmp_path / "a.parquet", tmp_path / "b.sqlite")
    values, gaps, back = bits(tmp_path / "b.sqlite")
    assert values == bits(tmp_path / "a.sqlite")[0]
    assert len(gaps) == 1  # found by its step of time, as in CSV
    kept = ("sensor", "rate_hz", "gyro", "started_utc_s", "zone", "utc_offset_s", "firmware")
    assert [getattr(back, name) for name in kept] == [getattr(meta, name) for name in kept]
    assert parquet.read_metadata(tmp_path / "a.parquet").num_row_groups == 2


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_samples_survive(tmp_path_factory, meta, data):
    n = data.draw(st.integers(2, 40))
    steps_s = data.draw(hnp.arrays(float, n, elements=st.floats(0.008, 0.012)))
    t_s = data.draw(st.floats(-1e6, 1e6)) + np.cumsum(steps_s)
    acc_g = data.draw(hnp.arrays(float, (n, 3), elements=st.floats(-4, 4) | st.sampled_from([0.0, -0.0])))
    finite = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, -0.0])
    gyr_dps = data.draw(st.none() | hnp.arrays(float, (n, 3), elements=finite))
    folder = tmp_path_factory.mktemp("any")
    with Recorder.create(folder / "a.sqlite", meta) as recorder:
        recorder.write(Samples(t_s, acc_g, gyr_dps))
    export(folder / "a.sqlite", folder / "a.parquet")
    again(folder / "a.parquet", folder / "b.sqlite")
    assert bits(folder / "b.sqlite")[0] == bits(folder / "a.sqlite")[0]


def test_others_read_columns_units_and_meta(tmp_path, meta, sensor):
    with Recorder.create(tmp_path / "a.sqlite", meta) as recorder:
        recorder.write(sensor(1000))
    export(tmp_path / "a.sqlite", tmp_path / "a.parquet")
    table = parquet.read_table(tmp_path / "a.parquet")
    assert table.column_names[:2] == ["time_s", "acc_x_g"]
    assert {str(field.type) for field in table.schema} == {"double"}
    said = json.loads(table.schema.metadata[b"sitwell"])
    assert said["units"] == {"t": "s", "acc": "g", "gyr": "dps"}
    assert said["profile"] == meta.profile
    assert said["zone"] == "Europe/Vienna"


def test_a_wearers_day_takes_less_than_six_bytes_a_sample(tmp_path, meta, sensor):
    n = 150_000
    with Recorder.create(tmp_path / "a.sqlite", meta) as recorder:
        recorder.write(sensor(n))
    export(tmp_path / "a.sqlite", tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 6 * n


def test_memory_is_flat(tmp_path, meta, sensor):
    """Pages of Arrow are counted by Arrow; what Python and NumPy hold does not grow."""
    peaks = []
    for n in (300_000, 900_000):
        blocks = (sensor(10_000, 200.0 * k) for k in range(n // 10_000))
        tracemalloc.start()
        assert write_parquet(Outgoing(meta, blocks, tmp_path / "none"), tmp_path / "a.parquet") == n
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_what_cannot_be_written_leaves_nothing(tmp_path, meta, sensor):
    with Recorder.create(tmp_path / "a.sqlite", meta) as recorder:
        recorder.write(sensor(10))
        recorder.write(sensor(10, 1.0, gyro=False))
    (tmp_path / "a.parquet").write_text("as it was")
    with pytest.raises(RecordingError, match="with and without"):
        export(tmp_path / "a.sqlite", tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").read_text() == "as it was"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.parquet", "a.sqlite"]
    with pytest.raises(SitwellError, match="cannot be written"):
        export(tmp_path / "a.sqlite", tmp_path / "no" / "a.parquet")


def test_an_empty_recording_is_an_empty_table(tmp_path, meta):
    Recorder.create(tmp_path / "a.sqlite", meta).close()
    assert export(tmp_path / "a.sqlite", tmp_path / "a.parquet") == 0
    assert parquet.read_table(tmp_path / "a.parquet").shape == (0, 7)


def test_the_missing_library_is_named(tmp_path, meta):
    Recorder.create(tmp_path / "a.sqlite", meta).close()
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from monitor.errors import SitwellError\n"
        "from monitor.storage.recording import Recording\n"
        "from monitor.storage.exporters.parquet import write_parquet\n"
        "from monitor.storage.exporters.writing import Outgoing\n"
        "with Recording.open(sys.argv[1]) as recording:\n"
        "    try: write_parquet(Outgoing.of(recording), sys.argv[2])\n"
        "    except SitwellError as error: print(error)\n"
    )
    command = [sys.executable, "-W", "error", "-c", code, str(tmp_path / "a.sqlite"), str(tmp_path / "a.parquet")]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.endswith("install it with pip install 'sitwell[parquet]'.\n")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.sqlite"]
