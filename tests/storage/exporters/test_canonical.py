"""Out and in again is exact: values to the bit, files to the byte."""

import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from monitor.errors import RecordingError, SitwellError
from monitor.storage.exporters.canonical import export_csv
from monitor.storage.importers.canonical import import_csv
from monitor.storage.recorder import Recorder
from monitor.storage.recording import Recording
from monitor.stream import Battery, Gap, Samples, Tick


def bits(path):
    """All samples of a recording as bytes, and its gaps."""
    with Recording.open(path) as recording:
        records = list(recording.records())
    blocks = [record for record in records if isinstance(record, Samples)]
    columns = [np.concatenate([getattr(block, name) for block in blocks]) for name in ("t_s", "acc_g")]
    if blocks[0].gyr_dps is not None:
        columns.append(np.concatenate([block.gyr_dps for block in blocks]))
    return [column.tobytes() for column in columns], [record for record in records if isinstance(record, Gap)]


def export(path, out):
    with Recording.open(path) as recording:
        return export_csv(recording, out)


@pytest.mark.parametrize("gyro", [True, False])
def test_export_import_export_is_the_same_file(tmp_path, meta, sensor, gyro):
    whole = sensor(25_000, start_s=1e9, gyro=gyro)
    with Recorder.create(tmp_path / "a.sqlite", meta) as recorder:
        recorder.write(Battery(1e9, 50))
        recorder.write(whole)
        recorder.write(Tick(1e9 + 300))
    assert export(tmp_path / "a.sqlite", tmp_path / "a.csv") == 25_000
    import_csv(tmp_path / "a.csv", tmp_path / "b.sqlite")
    assert bits(tmp_path / "b.sqlite") == bits(tmp_path / "a.sqlite")
    export(tmp_path / "b.sqlite", tmp_path / "b.csv")
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 25_001


def test_import_export_import_is_the_same_recording(tmp_path):
    rows = (f"{k / 50 + 100 * (k > 70):.3f},0.{k}1234567890123,-0.0,1e-7" for k in range(200))
    lines = ["time_s,acc_y_g,acc_x_g,acc_z_g", *rows]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    import_csv(tmp_path / "a.csv", tmp_path / "a.sqlite")
    export(tmp_path / "a.sqlite", tmp_path / "b.csv")
    import_csv(tmp_path / "b.csv", tmp_path / "b.sqlite")
    assert bits(tmp_path / "a.sqlite") == bits(tmp_path / "b.sqlite")
    assert len(bits(tmp_path / "b.sqlite")[1]) == 1
    head, first = (tmp_path / "b.csv").read_text().splitlines()[:2]
    assert head == "time_s,acc_x_g,acc_y_g,acc_z_g"
    assert first == "0.0,-0.0,0.01234567890123,1e-07"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_samples_survive(tmp_path_factory, meta, data):
    n = data.draw(st.integers(3, 40))
    steps_s = data.draw(hnp.arrays(float, n, elements=st.floats(0.008, 0.012)))
    t_s = data.draw(st.floats(-1e6, 1e6)) + np.cumsum(steps_s)
    acc_g = data.draw(hnp.arrays(float, (n, 3), elements=st.floats(-4, 4)))
    finite = st.floats(allow_nan=False, allow_infinity=False)
    gyr_dps = data.draw(st.none() | hnp.arrays(float, (n, 3), elements=finite))
    folder = tmp_path_factory.mktemp("any")
    with Recorder.create(folder / "a.sqlite", meta) as recorder:
        recorder.write(Samples(t_s, acc_g, gyr_dps))
    export(folder / "a.sqlite", folder / "a.csv")
    import_csv(folder / "a.csv", folder / "b.sqlite")
    assert bits(folder / "b.sqlite") == bits(folder / "a.sqlite")


def test_to_a_stream_and_an_empty_recording(tmp_path, meta):
    Recorder.create(tmp_path / "a.sqlite", meta).close()
    stream = io.StringIO()
    assert export(tmp_path / "a.sqlite", stream) == 0
    assert stream.getvalue() == "time_s,acc_x_g,acc_y_g,acc_z_g,gyr_x_dps,gyr_y_dps,gyr_z_dps\n"


def test_samples_of_two_kinds_are_refused_and_nothing_is_left(tmp_path, meta, sensor):
    with Recorder.create(tmp_path / "a.sqlite", meta) as recorder:
        recorder.write(sensor(10))
        recorder.write(sensor(10, 1.0, gyro=False))
    (tmp_path / "a.csv").write_text("as it was")
    with pytest.raises(RecordingError, match="with and without"):
        export(tmp_path / "a.sqlite", tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "as it was"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.csv", "a.sqlite"]


def test_a_folder_that_is_not_there(tmp_path, meta):
    Recorder.create(tmp_path / "a.sqlite", meta).close()
    with pytest.raises(SitwellError, match="cannot be written"):
        export(tmp_path / "a.sqlite", tmp_path / "no" / "a.csv")
