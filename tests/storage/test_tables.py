"""What analyze writes: contract columns, adequate digits, NaN empty or null, one sentence for a bad name."""

import csv
import importlib.util
import json
import math
import subprocess
import sys
import typing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from monitor.errors import SitwellError
from monitor.storage.tables import (
    EPOCHS_COLUMNS,
    EVENT_TYPES,
    EVENTS_COLUMNS,
    SAMPLES_COLUMNS,
    EpochsTable,
    EventsTable,
    SamplesTable,
)
from monitor.stream import (
    AlertCleared,
    AlertRaised,
    BoutEnded,
    Break,
    Epoch,
    Event,
    Gap,
    Posture,
    PostureChanged,
    ReferenceChanged,
    SensorSilent,
)

nan = math.nan


def read_csv(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def read_jsonl(path):
    def refuse(text):
        raise AssertionError(text)

    return [json.loads(line, parse_constant=refuse) for line in path.read_text().splitlines()]


def write_samples(path, t_s, up, tilt_deg, obliquity_deg):
    with SamplesTable(path) as table:
        for start in range(0, len(t_s), 1000):
            rows = slice(start, start + 1000)
            table.write(t_s[rows], up[rows], tilt_deg[rows], obliquity_deg[rows])


def test_samples_csv_and_jsonl_by_the_contract(tmp_path):
    t_s = np.array([0.0, 0.01007, 12.5, 86399.999999])
    up = np.array([[0, 1, 0], [-0.1, 0.99, 1e-7], [-1e-7, -1, 0.1234565], [nan, nan, nan]])
    tilt_deg, obliquity_deg = np.array([nan, -3.25, 0.0004, -179.9996]), np.array([nan, 10.0, -0.0004, 5.5])
    write_samples(tmp_path / "a.csv", t_s, up, tilt_deg, obliquity_deg)
    assert (tmp_path / "a.csv").read_text().splitlines() == [
        "t_s,up_x,up_y,up_z,tilt_deg,obliquity_deg",
        "0.000000,0.000000,1.000000,0.000000,,",
        "0.010070,-0.100000,0.990000,0.000000,-3.250,10.000",
        "12.500000,0.000000,-1.000000,0.123456,0.000,0.000",
        "86399.999999,,,,-180.000,5.500",
    ]
    write_samples(tmp_path / "a.jsonl", t_s, up, tilt_deg, obliquity_deg)
    lines = read_jsonl(tmp_path / "a.jsonl")
    assert lines[1] == {"t_s": 0.01007, "up_x": -0.1, "up_y": 0.99, "up_z": 0, "tilt_deg": -3.25, "obliquity_deg": 10}
    assert lines[3] == {
        "t_s": 86399.999999,
        "up_x": None,
        "up_y": None,
        "up_z": None,
        "tilt_deg": -180,
        "obliquity_deg": 5.5,
    }


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(float, st.tuples(st.integers(1, 20), st.just(6)), elements=st.floats(-1e9, 1e9) | st.just(nan)))
def test_samples_say_what_a_formatted_number_says(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("t") / "a.csv"
    write_samples(path, values[:, 0], values[:, 1:4], values[:, 4], values[:, 5])
    for row, line in zip(values, read_csv(path), strict=True):
        for value, text, places in zip(row, line.values(), (6, 6, 6, 6, 3, 3), strict=True):
            if math.isnan(value):
                assert text == ""
            else:
                assert len(text.partition(".")[2]) == places
                assert float(text) == pytest.approx(value, abs=0.5 * 10**-places + 4e-16 * abs(value), rel=0)
                assert not (float(text) == 0 and text.startswith("-"))


def test_many_samples_in_small_blocks(tmp_path):
    random = np.random.default_rng(0)
    n = 30_000
    t_s = np.round(np.arange(n) / 99.3, 6)
    up = random.normal(size=(n, 3))
    with SamplesTable(tmp_path / "a.csv") as table:
        for start in range(0, n, 7):
            rows = slice(start, start + 7)
            table.write(t_s[rows], up[rows], 90 * up[rows, 0], 90 * up[rows, 1])
    again = np.loadtxt(tmp_path / "a.csv", delimiter=",", skiprows=1)
    assert np.array_equal(again[:, 0], t_s)
    assert np.abs(again[:, 1:4] - up).max() < 5.1e-7
    assert np.abs(again[:, 4] - 90 * up[:, 0]).max() < 5.1e-4


EPOCHS = [
    Epoch(0.0, Posture.NO_DATA, 1.0, nan, nan, nan, still=False, motion_mg=0.0, steps=0),
    Epoch(1.0, Posture.NOT_WORN, 0.98765432, -3.14159, -0.00001, 0.5, still=True, motion_mg=1.23456, steps=np.int64(2)),
]


def test_epochs(tmp_path):
    for name in ("a.csv", "a.jsonl"):
        with EpochsTable(tmp_path / name) as table:
            for epoch in EPOCHS:
                table.write(epoch)
    assert (tmp_path / "a.csv").read_text().splitlines() == [
        "t_s,posture,posture_p,tilt_deg,obliquity_deg,still,motion_mg,steps",
        "0.0,no-data,1.0,,,false,0.0,0",
        "1.0,not-worn,0.9877,-3.142,0.0,true,1.23,2",
    ]
    lines = read_jsonl(tmp_path / "a.jsonl")
    assert lines[0] == {
        "t_s": 0.0, "posture": "no-data", "posture_p": 1.0, "tilt_deg": None, "obliquity_deg": None,
        "still": False, "motion_mg": 0.0, "steps": 0,
    }  # fmt: skip
    assert lines[1]["steps"] == 2
    assert lines[1]["still"] is True


EVENTS = [
    EPOCHS[0],
    PostureChanged(3.0, Posture.UNKNOWN, Posture.SITTING, 0.9),
    BoutEnded(Posture.SITTING, 3.0, 33.5),
    Break(33.5, 40.0),
    ReferenceChanged(50.0, (0.0, 1.0, 0.0), 3, 1.5),
    AlertRaised(60.0, "tilt", 'Sit "up"', 15.0, 12.0, "deg", {"held_s": 90.0, "side": "front", "worst_deg": math.inf}),
    AlertCleared(70.0, "tilt", "recovered"),
    SensorSilent(80.0, 75.0),
    Gap(75.0, 90.0, "lost link"),
]


def test_events(tmp_path):
    for name in ("a.jsonl", "a.csv"):
        with EventsTable(tmp_path / name) as table:
            for event in EVENTS:
                table.write(event)
    lines = read_jsonl(tmp_path / "a.jsonl")
    assert lines == [
        {"type": "posture", "start_s": 3.0, "previous": "unknown", "posture": "sitting", "p": 0.9},
        {"type": "bout", "posture": "sitting", "start_s": 3.0, "end_s": 33.5, "steps": 0, "lying": ""},
        {"type": "break", "start_s": 33.5, "end_s": 40.0},
        {"type": "reference", "start_s": 50.0, "up": [0.0, 1.0, 0.0], "bouts": 3, "spread_deg": 1.5},
        {
            "type": "alert", "start_s": 60.0, "name": "tilt", "message": 'Sit "up"', "value": 15.0, "limit": 12.0,
            "unit": "deg", "explain": {"held_s": 90.0, "side": "front", "worst_deg": None}, "cue": "all", "again": 0,
        },
        {"type": "alert-cleared", "start_s": 70.0, "name": "tilt", "cause": "recovered"},
        {"type": "sensor-silent", "start_s": 80.0, "since_s": 75.0},
        {"type": "gap", "start_s": 75.0, "end_s": 90.0, "cause": "lost link"},
    ]  # fmt: skip
    rows = read_csv(tmp_path / "a.csv")
    for row, line in zip(rows, lines, strict=True):
        assert row["type"] == line.pop("type")
        assert float(row["start_s"]) == line.pop("start_s")
        assert row["end_s"] == str(line.pop("end_s", ""))
        assert json.loads(row["detail"]) == line


def test_every_event_has_a_type():
    assert set(EVENT_TYPES) == set(typing.get_args(Event)) - {Epoch} | {Gap}


@pytest.mark.parametrize("table", [SamplesTable, EpochsTable, EventsTable])
def test_bad_names_are_one_sentence(tmp_path, table):
    with pytest.raises(SitwellError, match=r"the ending must be one of \.csv, \.jsonl, \.parquet"):
        table(tmp_path / "a.xlsx")
    with pytest.raises(SitwellError, match="cannot be created"):
        table(tmp_path / "no" / "a.csv")
    if importlib.util.find_spec("pyarrow"):
        with pytest.raises(SitwellError, match="cannot be created"):
            table(tmp_path / "no" / "a.parquet")
    assert list(tmp_path.iterdir()) == []
    table(tmp_path / "A.CSV").close()
    assert len((tmp_path / "A.CSV").read_text().splitlines()) == 1


def test_a_full_disk_is_one_sentence(tmp_path):
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "import numpy as np\n"
        "from monitor.errors import SitwellError\n"
        "from monitor.storage.tables import SamplesTable\n"
        "a = np.zeros(5000)\n"
        "try:\n"
        "    with SamplesTable(sys.argv[1]) as table: table.write(a, np.zeros((5000, 3)), a, a)\n"
        "except SitwellError as error: print(error)\n"
    )
    command = [sys.executable, "-W", "error", "-c", code, str(tmp_path / "a.csv")]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.endswith("cannot be written (File too large): free some space on its disk.\n")
    assert run.stderr == ""


def test_parquet_holds_what_csv_holds(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra 'parquet' is not installed")
    random = np.random.default_rng(0)
    n = 70_000  # more than a group of rows
    t_s, up = np.arange(n) / 100.0, random.normal(0, 1, (n, 3))
    tilt_deg = np.where(random.random(n) < 0.3, nan, random.normal(0, 20, n))
    obliquity_deg = np.where(random.random(n) < 0.3, nan, random.normal(0, 1e-4, n))
    for ending in ("csv", "parquet"):
        write_samples(tmp_path / f"s.{ending}", t_s, up, tilt_deg, obliquity_deg)
        with EpochsTable(tmp_path / f"e.{ending}") as epochs, EventsTable(tmp_path / f"v.{ending}") as events:
            for epoch in EPOCHS:
                epochs.write(epoch)
            for event in EVENTS:
                events.write(event)
    for name in "sev":
        table = parquet.read_table(tmp_path / f"{name}.parquet")
        rows = read_csv(tmp_path / f"{name}.csv")
        assert table.column_names == list(rows[0])
        for column in table.column_names:
            kind, values = str(table.schema.field(column).type), table.column(column).to_pylist()
            make = {"double": float, "int32": int, "bool": "true".__eq__, "string": str}[kind]
            assert values == [make(row[column]) if row[column] or kind == "string" else None for row in rows]
    assert parquet.read_metadata(tmp_path / "s.parquet").num_row_groups == 2


def test_empty_parquet_tables_have_their_columns(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra 'parquet' is not installed")
    for table, columns in (
        (SamplesTable, SAMPLES_COLUMNS),
        (EpochsTable, EPOCHS_COLUMNS),
        (EventsTable, EVENTS_COLUMNS),
    ):
        table(tmp_path / "a.parquet").close()
        assert tuple(parquet.read_table(tmp_path / "a.parquet").column_names) == columns


def test_parquet_without_its_library_is_one_sentence(tmp_path):
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from monitor.errors import SitwellError\n"
        "from monitor.storage.tables import EpochsTable\n"
        "try: EpochsTable(sys.argv[1])\n"
        "except SitwellError as error: print(error)\n"
    )
    command = [sys.executable, "-W", "error", "-c", code, str(tmp_path / "a.parquet")]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    sentence = "Parquet needs the extra 'parquet': install it with pip install 'sitwell[parquet]'.\n"
    assert run.stdout == f"{tmp_path / 'a.parquet'}: {sentence}"
    assert list(tmp_path.iterdir()) == []
