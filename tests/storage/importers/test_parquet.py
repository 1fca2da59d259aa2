"""Parquet in: any that has the columns; each fault is one sentence with its row, and damaged files never crash."""

import json
import subprocess
import sys

import numpy as np
import pytest

from monitor.errors import FileFormatError, SitwellError
from monitor.storage.importers.parquet import read_parquet
from monitor.storage.importers.writing import write_recording

pa = pytest.importorskip("pyarrow", reason="the extra 'parquet' is not installed")
parquet = pytest.importorskip("pyarrow.parquet")

NAMES = ("time_s", "acc_x_g", "acc_y_g", "acc_z_g", "gyr_x_dps", "gyr_y_dps", "gyr_z_dps")


def columns(n=200, *, gyro=False):
    random = np.random.default_rng(1)
    values = [np.arange(n) / 50.0, *(random.normal(0, 0.1, (3, n)) + np.array([[0], [1], [0]]))]
    return dict(zip(NAMES, [*values, *random.normal(0, 5, (3, n))] if gyro else values, strict=False))


def write(path, table, **options):
    if isinstance(table, dict):
        table = pa.table(table)
    parquet.write_table(table, path, **options)
    return path


def rows_of(path):
    return np.concatenate(list(read_parquet(path).blocks))


@pytest.mark.parametrize("gyro", [True, False])
def test_columns_in_any_order_among_others(tmp_path, gyro):
    wanted = columns(gyro=gyro)
    shuffled = {"label": ["sit"] * 200, **dict(reversed(wanted.items()))}
    content = read_parquet(write(tmp_path / "a.parquet", shuffled, row_group_size=64))
    assert (content.sensor, content.gyro, content.rate_hz, content.started_utc_s) == ("Parquet", gyro, 0.0, 0.0)
    assert (np.concatenate(list(content.blocks)) == np.column_stack(list(wanted.values()))).all()
    report = write_recording(content=read_parquet(tmp_path / "a.parquet"), source=tmp_path / "a.parquet",
                             out_path=tmp_path / "a.sqlite")  # fmt: skip
    assert (report.samples, report.rate_hz) == (200, 50.0)
    assert content.read() == (tmp_path / "a.parquet").stat().st_size


@pytest.mark.parametrize("kind", ["float32", "float16", "int8", "int64", "uint32"])
def test_narrower_numbers_are_exact(tmp_path, kind):
    values = np.rint(np.linspace(0, 8, 200)).astype(kind)
    table = pa.table({"time_s": np.arange(200, dtype="int32"), "acc_x_g": values, "acc_y_g": values, "acc_z_g": values})
    assert (rows_of(write(tmp_path / "a.parquet", table))[:, 1] == values.astype(float)).all()


def test_zone_and_start_of_a_file_that_does_not_tell(tmp_path):
    path = write(tmp_path / "a.parquet", columns())
    content = read_parquet(path, zone="Europe/Vienna", start="2026-07-01 12:00:00")
    assert (content.zone, content.utc_offset_s, content.started_utc_s) == ("Europe/Vienna", 7200, 1782900000.0)


def changed(name, row, value):
    made = columns()
    made[name] = made[name].tolist()
    made[name][row] = value
    return made


FAULTS = {
    "null": (lambda: changed("acc_y_g", 70, None), "row 71: acc_y_g is empty"),
    "nan": (lambda: changed("acc_y_g", 70, float("nan")), "row 71: acc_y_g is nan"),
    "infinite": (lambda: changed("time_s", 199, float("inf")), "row 200: time_s is inf"),
    "large": (lambda: changed("acc_x_g", 0, 981.0), "row 1: acc_x_g is 981.0 g, more than 50 g"),
    "twice": (lambda: changed("time_s", 100, 99 / 50), "row 101: time_s 1.98 is not after"),
    "units": (lambda: {**columns(), "acc_y_g": np.full(200, 9.81)}, "divide by 9.80665"),
    "missing": (lambda: {k: v for k, v in columns().items() if k != "acc_z_g"}, "column acc_z_g is missing"),
    "half a gyroscope": (lambda: {**columns(), "gyr_x_dps": np.zeros(200)}, "column gyr_y_dps is missing"),
    "text": (lambda: {**columns(), "acc_y_g": ["1"] * 200}, "column acc_y_g holds string: make it float64"),
    "empty": (lambda: {name: values[:0] for name, values in columns().items()}, "there are no rows"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_one_sentence_with_its_row(tmp_path, case):
    made, words = FAULTS[case]
    path = write(tmp_path / "a.parquet", made(), row_group_size=64)
    with pytest.raises(FileFormatError) as caught:
        rows_of(path)
    assert words in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_column_twice_is_refused(tmp_path):
    table = pa.table(list(columns().values()) * 2, names=list(columns()) * 2)
    with pytest.raises(FileFormatError, match="is there twice"):
        read_parquet(write(tmp_path / "a.parquet", table))


TOLD = {"sensor": "WT", "zone": "", "firmware": "", "utc_offset_s": 0, "started_utc_s": 5, "rate_hz": 50.0}


@pytest.mark.parametrize(
    "said", ["{", "[]", "7", "[" * 5000, *({**TOLD, key: bad} for key, bad in [("sensor", 7), ("rate_hz", "50")]),
             {**TOLD, "utc_offset_s": True}, {**TOLD, "started_utc_s": 10**400}, {"sensor": "WT"}],
)  # fmt: skip
def test_what_is_said_of_the_session_is_not_trusted(tmp_path, said):
    text = said if isinstance(said, str) else json.dumps(said)
    table = pa.table(columns()).replace_schema_metadata({"sitwell": text})
    with pytest.raises(FileFormatError, match="what it says of its session"):
        read_parquet(write(tmp_path / "a.parquet", table))


def test_an_absurd_rate_is_measured_instead(tmp_path):
    said = json.dumps({**TOLD, "rate_hz": -1.0})
    content = read_parquet(
        write(tmp_path / "a.parquet", pa.table(columns()).replace_schema_metadata({"sitwell": said}))
    )
    assert (content.sensor, content.rate_hz, content.started_utc_s) == ("WT", 0.0, 5.0)


def test_what_is_no_parquet_is_refused(tmp_path):
    whole = write(tmp_path / "a.parquet", columns()).read_bytes()
    for data in (b"", b"PAR1", b"time_s,acc_x_g\n" * 100, whole[:-1], whole[: len(whole) // 2]):
        (tmp_path / "a.parquet").write_bytes(data)
        with pytest.raises(FileFormatError, match="not whole Parquet"):
            rows_of(tmp_path / "a.parquet")
    with pytest.raises(FileFormatError, match="cannot be read"):
        read_parquet(tmp_path / "none.parquet")


FUZZ = """
import sys, numpy as np
from pathlib import Path
from hypothesis import given, settings, strategies as st
from monitor.errors import FileFormatError
from monitor.storage.importers.parquet import read_parquet
path = Path(sys.argv[1])
whole = path.read_bytes()
@settings(max_examples=150, deadline=None, database=None, derandomize=True)
@given(st.data())
def fuzz(data):
    made = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(made) - 1) | st.integers(max(0, len(made) - 1500), len(made) - 1))
        if data.draw(st.sampled_from(["byte", "byte", "byte", "drop"])) == "byte":
            made[at] = data.draw(st.integers(0, 255))
        else:
            del made[at : at + data.draw(st.sampled_from([1, 8, 100]))]
    path.write_bytes(made)
    try:
        for rows in read_parquet(path).blocks:
            assert np.isfinite(rows).all() and len(rows)
    except FileFormatError as error:
        assert "\\n" not in str(error), error
fuzz()
"""


def test_mutated_files_never_crash(tmp_path):
    """In a process of its own: the decoder is not written in Python."""
    table = pa.table(columns()).replace_schema_metadata({"sitwell": json.dumps(TOLD)})
    path = write(tmp_path / "a.parquet", table, compression="zstd", row_group_size=64)
    command = [sys.executable, "-W", "error", "-c", FUZZ, str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3000:]


def test_the_missing_extra_is_named(tmp_path):
    path = write(tmp_path / "a.parquet", columns())
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from pathlib import Path\n"
        "from monitor.storage.importers.parquet import read_parquet\n"
        f"read_parquet(Path({str(path)!r}))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stderr.splitlines()[-1].endswith("install it with pip install 'sitwell[parquet]'.")
    assert SitwellError.__name__ in run.stderr
