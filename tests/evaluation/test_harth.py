"""The reader of HARTH and HAR70+ on files of that layout, made by the simulated wearer."""

import numpy as np
import pytest

from monitor.errors import FileFormatError
from monitor.evaluation import harth, run
from monitor.stream import Gap

START = np.datetime64("2019-01-12T00:00:00.000", "ms")
LABELS = {"walking": 1, "standing": 6, "sitting": 7, "lying": 8}
HEADER = "timestamp,back_x,back_y,back_z,thigh_x,thigh_y,thigh_z,label"


def rows(t_s, acc_g, label):
    """Lines as in the published files: milliseconds, six columns of acceleration, a label."""
    stamps = np.datetime_as_string(START + np.round(np.asarray(t_s) * 1000).astype("timedelta64[ms]"))
    return [
        f"{stamp.replace('T', ' ')},{x:.6f},{y:.6f},{z:.6f},-0.9,0.1,0.2,{code}"
        for stamp, (x, y, z), code in zip(stamps.tolist(), np.asarray(acc_g).tolist(), np.asarray(label), strict=True)
    ]


def write(path, lines, header=HEADER):
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def flat(t_s, label):
    return rows(t_s, np.tile([-1.0, 0.0, 0.0], (len(t_s), 1)), label)


@pytest.fixture(scope="module")
def folder(simulated, tmp_path_factory):
    """Two people of HARTH; the second file has an index column without a name."""
    folder = tmp_path_factory.mktemp("free") / "harth"
    folder.mkdir()
    acc, _, posture = simulated
    label = np.array([LABELS[each] for each in posture.tolist()])
    label[-200:] = 13
    lines = rows(np.arange(len(acc)) * 0.02, acc, label)
    write(folder / "S006.csv", lines)
    write(folder / "S009.csv", [f"{number},{line}" for number, line in enumerate(lines)], f",{HEADER}")
    return folder


def test_only_the_back_goes_in_and_the_labels_are_mapped(folder, simulated):
    session = harth.read_harth(folder / "S006.csv")
    assert (session.person, session.rate_hz) == ("S006", 50.0)
    np.testing.assert_allclose(session.samples.acc_g, simulated[0], atol=1e-6)
    assert session.samples.gyr_dps is None
    assert session.truth[5] == "walking"
    assert set(session.truth.values()) == {"walking", "standing", "sitting"}
    assert set(session.beside.values()) == {"cycling, seated"}
    assert [len(session.moves[kind]) for kind in ("sit-to-stand", "stand-to-sit")] == [1, 2]


def test_an_index_column_changes_nothing(folder):
    with_index, without = (harth.read_harth(folder / name) for name in ("S009.csv", "S006.csv"))
    assert with_index.truth == without.truth
    assert (with_index.samples.acc_g == without.samples.acc_g).all()


@pytest.mark.parametrize("dataset", ["harth", "har70plus"])
def test_the_set_is_scored_without_gyroscope(folder, dataset):
    measured = list(run.measure(dataset, run.files(dataset, folder), 1))
    told = run.figures(dataset, measured)
    assert list(told["posture"]["ways"]) == ["acc-live", "acc-hindsight"]
    assert told["posture"]["ways"]["acc-hindsight"]["found"]["sitting"] > 0.8
    assert told["sitting"]["ways"]["acc-live"]["labelled_per_h"]["value"] == 0.0
    assert all(len(row) == len(table.head) for table in run.tables(dataset, told) for row in table.rows)


def test_a_hole_in_time_is_a_gap_and_its_seconds_are_not_scored(tmp_path):
    t_s = np.concatenate((np.arange(0.0, 4.5, 0.02), np.arange(9.0, 12.0, 0.02)))
    session = harth.read_harth(write(tmp_path / "S010.csv", flat(t_s, np.full(len(t_s), 7))))
    assert list(session.truth) == [0, 1, 2, 3, 9, 10, 11]
    gaps = [each for each in session.records() if isinstance(each, Gap)]
    assert [(round(each.start_s, 2), each.end_s) for each in gaps] == [(4.48, 9.0)]


def test_a_change_of_label_across_a_gap_is_no_movement(tmp_path):
    t_s = np.concatenate((np.arange(0.0, 4.0, 0.02), np.arange(9.0, 12.0, 0.02)))
    label = np.where(t_s < 5.0, 7, 6)
    assert harth.read_harth(write(tmp_path / "S010.csv", flat(t_s, label))).moves["sit-to-stand"] == []


def test_movements_follow_from_the_labels(tmp_path):
    codes = [7, 6, 1, 7, 3, 7, 8, 7, 8, 6, 13, 7]
    label = np.repeat(codes, 100)
    moves = harth.read_harth(write(tmp_path / "501.csv", flat(np.arange(len(label)) * 0.02, label))).moves
    at = {kind: [round(start) for start, _ in found] for kind, found in moves.items()}
    assert at == {
        "sit-to-stand": [2, 8],
        "stand-to-sit": [6, 10],
        "lie-to-sit": [14],
        "sit-to-lie": [12, 16],
        "lie-to-stand": [18],
        "stand-to-lie": [],
    }


def test_unequal_steps_repeated_and_overtaken_rows_are_taken_as_they_are(tmp_path):
    rng = np.random.default_rng(1)
    t_s = np.round(np.arange(0.0, 10.0, 0.02) + rng.uniform(-0.005, 0.005, 500).clip(0.0), 3)
    t_s[100] = t_s[99]  # the same time twice
    t_s[200] = t_s[190]  # overtaken
    session = harth.read_harth(write(tmp_path / "S012.csv", flat(t_s, np.full(500, 7))))
    assert len(session.samples) == 498
    assert (np.diff(session.samples.t_s) > 0).all()
    assert session.rate_hz == pytest.approx(50.0, rel=0.02)
    assert len(session.truth) == 10


def test_a_clock_set_back_goes_on_after_a_gap(tmp_path):
    t_s = np.concatenate((np.arange(100.0, 105.0, 0.02), np.arange(20.0, 25.0, 0.02)))
    session = harth.read_harth(write(tmp_path / "S013.csv", flat(t_s, np.full(len(t_s), 7))))
    assert len(session.samples) == 500
    assert (np.diff(session.samples.t_s) > 0).all()
    assert sum(isinstance(each, Gap) for each in session.records()) == 1
    assert len(session.truth) >= 9


def test_rows_with_a_value_missing_are_left_out(tmp_path):
    lines = flat(np.arange(200) * 0.02, np.full(200, 7))
    lines[50] = lines[50].replace("-1.000000", "nan")
    assert len(harth.read_harth(write(tmp_path / "S014.csv", lines)).samples) == 199


@pytest.mark.parametrize(
    ("header", "lines", "message"),
    [
        ("time,back_x,back_y,back_z,label", ["1,2,3,4,5"], "line 1: column timestamp is missing"),
        (HEADER, ["2019-01-12 00:00:00.000,a,0,0,0,0,0,7"], "cannot be read"),
        (HEADER, ["yesterday,0,0,0,0,0,0,7"], "cannot be read"),
        (HEADER, ["2019-01-12 00:00:00.000,nan,0,0,0,0,0,7"], "no row has all its values"),
        (HEADER, ["2019-01-12 00:00:00.000,1,0,0,0,0,0,7"], "only one row"),
        (HEADER, [], "no rows below the header"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, header, lines, message):
    with pytest.raises(FileFormatError, match=message):
        harth.read_harth(write(tmp_path / "S015.csv", lines, header))
