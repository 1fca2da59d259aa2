"""The data set that Motion-BIDS asks for, and every bit of the numbers in it."""

import csv
import json
import re
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from monitor.errors import RecordingError, SitwellError
from monitor.storage.exporters.motion_bids import Names, write_motion_bids
from monitor.storage.exporters.writing import Outgoing
from monitor.storage.recorder import Recorder
from monitor.storage.recording import Recording
from monitor.stream import Battery, Gap, Samples, Tick

MOTION = "sub-01/motion/sub-01_task-day_tracksys-imu_"


def export(path, root, names=None, **options):
    with Recording.open(path) as recording:
        return write_motion_bids(Outgoing.of(recording), root, names, **options)


def table(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file, "excel-tab"))


def samples_back(root, motion=MOTION):
    """What someone else reads of it: t_s, acc_g, gyr_dps, by the channels and their units alone."""
    channels = table(root / f"{motion}channels.tsv")
    names = [row[channels[0].index("name")] for row in channels[1:]]
    units = [row[channels[0].index("units")] for row in channels[1:]]
    start_s = Decimal(repr(json.loads((root / f"{motion}motion.json").read_text())["StartTime"]))
    make = {
        "s": lambda text: float(Decimal(text) + start_s),
        "m/s^2": lambda text: float(Decimal(text) / Decimal("9.80665")),
        "deg/s": float,
    }
    columns = zip(*table(root / f"{motion}motion.tsv"), strict=True)
    return names, [np.array(list(map(make[unit], column))) for unit, column in zip(units, columns, strict=True)]


def same_bits(columns, samples):
    sets = [samples.t_s[:, None], samples.acc_g]
    if samples.gyr_dps is not None:
        sets.append(samples.gyr_dps)
    expected = np.hstack(sets)
    values = np.column_stack(columns)
    return values.shape == expected.shape and ((values == expected) | ((values == 0.0) & (expected == 0.0))).all()


@pytest.mark.parametrize("gyro", [True, False])
def test_the_numbers_come_back_to_the_bit(tmp_path, meta, sensor, gyro):
    whole = sensor(20_000, start_s=12.5, gyro=gyro)
    with Recorder.create(tmp_path / "a.sqlite", meta) as recorder:
        recorder.write(Battery(12.0, 50))
        recorder.write(whole)
        recorder.write(Tick(300.0))
    assert export(tmp_path / "a.sqlite", tmp_path / "out") == 20_000
    names, columns = samples_back(tmp_path / "out")
    assert names == ["latency", "acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z"][: 7 if gyro else 4]
    assert same_bits(columns, whole)
    binary = np.array([[float(text) for text in row] for row in table(tmp_path / "out" / f"{MOTION}motion.tsv")])
    assert np.abs(binary[:, 1:4] / 9.80665 - whole.acc_g).max() < 1e-15


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_samples_come_back(tmp_path_factory, meta, data):
    n = data.draw(st.integers(1, 20))
    steps_s = data.draw(hnp.arrays(float, n, elements=st.floats(1e-7, 10.0)))
    t_s = data.draw(st.floats(-1e6, 1e6)) + np.cumsum(steps_s)
    finite = st.floats(allow_nan=False, allow_infinity=False)
    acc_g = data.draw(hnp.arrays(float, (n, 3), elements=st.floats(-16, 16)))
    samples = Samples(t_s, acc_g, data.draw(hnp.arrays(float, (n, 3), elements=finite)))
    folder = tmp_path_factory.mktemp("any")
    with Recorder.create(folder / "a.sqlite", meta) as recorder:
        recorder.write(samples)
    export(folder / "a.sqlite", folder / "out")
    assert same_bits(samples_back(folder / "out")[1], samples)
    text = (folder / "out" / f"{MOTION}motion.tsv").read_text()
    assert not set(text) - set("0123456789.-\t\n")


def test_a_gap_is_stepped_over_and_the_rate_is_that_between(tmp_path, meta, sensor):
    with Recorder.create(tmp_path / "a.sqlite", meta) as recorder:
        recorder.write(sensor(500))
        recorder.write(Gap(5.1, 60.0, "lost link"))
        recorder.write(sensor(500, 60.0))
    export(tmp_path / "a.sqlite", tmp_path / "out")
    latencies = [float(row[0]) for row in table(tmp_path / "out" / f"{MOTION}motion.tsv")]
    assert latencies[500] == 60.0
    sidecar = json.loads((tmp_path / "out" / f"{MOTION}motion.json").read_text())
    assert sidecar["SamplingFrequencyEffective"] == pytest.approx(99.3, rel=1e-5)
    assert sidecar["RecordingDuration"] == pytest.approx(60 + 499 / 99.3, abs=1e-6)


def test_the_files_are_those_the_standard_names(tmp_path, meta, sensor):
    with Recorder.create(tmp_path / "a.sqlite", meta) as recorder:
        recorder.write(sensor(100, 2.25))
    root = tmp_path / "out"
    export(tmp_path / "a.sqlite", root)
    export(tmp_path / "a.sqlite", root, Names("02", "walk", "a", "hip"))
    files = {each.relative_to(root).as_posix() for each in root.rglob("*") if each.is_file()}
    second = "sub-02/ses-a/motion/sub-02_ses-a_task-walk_tracksys-hip_"
    triplet = ("motion.tsv", "motion.json", "channels.tsv", "channels.json")
    assert files == {
        *(first + end for first in (MOTION, second) for end in triplet),
        *("README", "dataset_description.json", "participants.tsv"),
        *("sub-01/sub-01_scans.tsv", "sub-02/ses-a/sub-02_ses-a_scans.tsv"),
    }
    described = json.loads((root / "dataset_description.json").read_text())
    assert {"Name", "BIDSVersion"} <= set(described)
    assert table(root / "participants.tsv") == [["participant_id"], ["sub-01"], ["sub-02"]]
    began = "2023-11-14T22:13:22.500000Z"  # of the first sample, 2.25 s after the session's start
    assert table(root / "sub-01/sub-01_scans.tsv") == [
        ["filename", "acq_time"],
        ["motion/sub-01_task-day_tracksys-imu_motion.tsv", began],
    ]
    channels = table(root / f"{MOTION}channels.tsv")
    assert channels[0][:5] == ["name", "component", "type", "tracked_point", "units"]
    assert {row[2] for row in channels[1:]} == {"LATENCY", "ACCEL", "GYRO"}
    assert {row[1] for row in channels[1:]} == {"x", "y", "z", "n/a"}
    frames = json.loads((root / f"{MOTION}channels.json").read_text())["reference_frame"]["Levels"]
    assert {row[channels[0].index("reference_frame")] for row in channels[1:]} == {*frames, "n/a"}
    sidecar = json.loads((root / f"{second}motion.json").read_text())
    assert sidecar["TrackingSystemName"] == "hip"  # as in the name of the file, says the validator
    assert sidecar["TaskName"] == "walk"
    assert sidecar["SamplingFrequency"] == 99.3
    assert re.fullmatch(r"(-?\d+\.\d+\t){6}-?\d+\.\d+", (root / f"{second}motion.tsv").read_text().splitlines()[0])


def test_a_second_time_only_when_forced(tmp_path, meta, sensor):
    with Recorder.create(tmp_path / "a.sqlite", meta) as recorder:
        recorder.write(sensor(100))
    root = tmp_path / "out"
    export(tmp_path / "a.sqlite", root)
    (root / "participants.tsv").write_text("age\tparticipant_id\n40\tsub-01\n")  # the user's own columns
    before = table(root / "sub-01/sub-01_scans.tsv")
    with pytest.raises(SitwellError, match="--force"):
        export(tmp_path / "a.sqlite", root)
    export(tmp_path / "a.sqlite", root, force=True)
    export(tmp_path / "a.sqlite", root, Names("02"))
    assert table(root / "participants.tsv") == [["age", "participant_id"], ["40", "sub-01"], ["n/a", "sub-02"]]
    assert table(root / "sub-01/sub-01_scans.tsv") == before


def test_other_folders_and_labels_are_refused(tmp_path, meta, sensor):
    with Recorder.create(tmp_path / "a.sqlite", meta) as recorder:
        recorder.write(sensor(10))
        recorder.write(sensor(10, 1.0, gyro=False))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    with pytest.raises(SitwellError, match="something else than a BIDS data set"):
        export(tmp_path / "a.sqlite", tmp_path / "mine")
    with pytest.raises(SitwellError, match="is a file"):
        export(tmp_path / "a.sqlite", tmp_path / "mine" / "letter.txt")
    for bad in (Names, lambda label: Names(task=label), lambda label: Names(session=label)):
        with pytest.raises(SitwellError, match="letters and digits only"):
            bad("sub_1")
    with pytest.raises(SitwellError, match="letters and digits only"):
        Names("")
    with pytest.raises(RecordingError, match="with and without"):
        export(tmp_path / "a.sqlite", tmp_path / "out")
    assert not [each for each in (tmp_path / "out").rglob("*") if each.is_file()]


def test_an_unknown_start_is_not_made_up(tmp_path, meta, sensor):
    from dataclasses import replace

    with Recorder.create(tmp_path / "a.sqlite", replace(meta, started_utc_s=0.0)) as recorder:
        recorder.write(sensor(10))
    export(tmp_path / "a.sqlite", tmp_path / "out")
    assert table(tmp_path / "out" / "sub-01" / "sub-01_scans.tsv")[1][1] == "n/a"
