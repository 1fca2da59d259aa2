"""The readers on made-up files in the shape of the sets."""

import numpy as np
import pytest

from monitor.storage.importers import import_csv
from monitor.storage.recording import Recording
from monitor.stream import Samples


def test_the_lead_takes_the_longest_walks_first_and_cuts_the_last(datasets):
    label = np.array([1] * 3 + [5] * 2 + [1] * 5 + [2] * 4 + [1] * 4)
    lead = datasets.walking_lead(label, 11)
    assert lead.tolist() == [5, 6, 7, 8, 9, 14, 15, 16, 17, 0, 1]
    assert datasets.walking_lead(label, 100).tolist()[-1] == 2
    assert len(datasets.walking_lead(np.array([5, 5]), 10)) == 0


def test_only_seconds_wholly_in_one_posture_are_scored(datasets):
    label = np.repeat([-1, 4, 8, 5, 0, 2, 6], [4, 7, 3, 6, 4, 4, 3])  # at 4 Hz; the last second is not complete
    assert datasets.scored_seconds(label, 4.0) == {1: "sitting", 4: "standing", 6: "walking"}


def test_a_session_is_preceded_by_its_own_walking(datasets, tmp_path):
    label = np.repeat([5, 1, 4], [100, 60, 100]).astype(np.int8)
    acc = np.arange(260 * 3, dtype=np.float32).reshape(-1, 3)
    np.savez(tmp_path / "user07_exp13.npz", acc_g=acc, gyr_dps=-acc, label=label, rate_hz=50.0)
    session = datasets.read_hapt(tmp_path / "user07_exp13.npz")
    assert (session.person, session.lead, session.rate_hz) == ("user07", 60, 50.0)
    assert (session.acc_g[:60] == acc[100:160]).all()
    assert (session.acc_g[60:] == acc).all()
    assert (session.gyr_dps == -session.acc_g).all()
    assert (session.label[:60] == -1).all()
    assert (session.label[60:] == label).all()


def test_broad_averages_three_samples_and_takes_the_truth_in_their_middle(datasets, tmp_path):
    acc = np.arange(24, dtype=np.float32).reshape(8, 3)
    quat = np.column_stack([np.arange(8.0), np.zeros((8, 3))])
    moving = np.array([0, 1, 0, 0, 0, 1, 1, 1], dtype=bool)
    np.savez(tmp_path / "01_x.npz", acc_g=acc, gyr_dps=2 * acc, opt_quat=quat, movement=moving, rate_hz=300.0)
    trial = datasets.read_broad(tmp_path / "01_x.npz")
    assert trial.rate_hz == 100.0
    assert trial.acc_g.tolist() == [[3.0, 4.0, 5.0], [12.0, 13.0, 14.0]]
    assert trial.gyr_dps.tolist() == [[6.0, 8.0, 10.0], [24.0, 26.0, 28.0]]
    assert trial.quat[:, 0].tolist() == [1.0, 4.0]
    assert trial.moving.tolist() == [True, False]


@pytest.mark.parametrize("gyro", [False, True])
def test_the_csv_imports_to_the_same_floats(datasets, tmp_path, gyro):
    rng = np.random.default_rng(1)
    acc = rng.normal(size=(230, 3)).astype(np.float32).astype(np.float64)
    gyr = 100.0 * rng.normal(size=(230, 3)) if gyro else None
    datasets.write_csv(tmp_path / "in.csv", 95.238, acc, gyr)
    report = import_csv(tmp_path / "in.csv", tmp_path / "out.sqlite")
    assert (report.samples, report.gaps, report.gyro) == (230, 0, gyro)
    with Recording.open(tmp_path / "out.sqlite") as recording:
        blocks = [record for record in recording.records() if isinstance(record, Samples)]
    assert (np.concatenate([block.acc_g for block in blocks]) == acc).all()
    if gyr is not None:
        assert (np.concatenate([block.gyr_dps for block in blocks]) == gyr).all()


def test_the_data_is_found_where_it_is_named_and_missed_where_it_is_not(datasets, tmp_path, monkeypatch):
    monkeypatch.delenv(datasets.ENVIRONMENT, raising=False)
    assert datasets.locate(tmp_path) is None
    (tmp_path / "hapt").mkdir()
    assert datasets.locate(tmp_path) == tmp_path.resolve()
    monkeypatch.setenv(datasets.ENVIRONMENT, str(tmp_path))
    assert datasets.locate() == tmp_path.resolve()
    assert datasets.files(tmp_path, "broad") == []
