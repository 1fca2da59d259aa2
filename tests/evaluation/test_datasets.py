"""The readers on made-up files in the shape of the sets."""

import numpy as np
import pytest

from monitor.errors import FileFormatError, RecordingError
from monitor.evaluation import datasets
from monitor.stream import Gap, Samples


def test_the_lead_takes_the_longest_walks_first_and_cuts_the_last():
    label = np.array([1] * 3 + [5] * 2 + [1] * 5 + [2] * 4 + [1] * 4)
    lead = datasets.walking_lead(label, 11)
    assert lead.tolist() == [5, 6, 7, 8, 9, 14, 15, 16, 17, 0, 1]
    assert datasets.walking_lead(label, 100).tolist()[-1] == 2
    assert len(datasets.walking_lead(np.array([5, 5]), 10)) == 0


def test_only_seconds_wholly_in_one_label_are_scored():
    label = np.repeat([-1, 4, 8, 5, 0, 2, 1, 3, 6], [4, 7, 3, 6, 4, 4, 2, 2, 3])  # at 4 Hz; the last one is not whole
    truth = datasets.whole_seconds(label, 4.0, datasets.HAPT_POSTURES)
    assert truth == {1: "sitting", 4: "standing", 6: "walking"}


def test_a_hapt_session_is_preceded_by_its_own_walking(tmp_path):
    label = np.repeat([5, 7, 4, 8, 1, 0, 11, 12], [100, 50, 100, 40, 60, 30, 20, 10]).astype(np.int8)
    acc = np.arange(len(label) * 3, dtype=np.float32).reshape(-1, 3)
    np.savez(tmp_path / "user07_exp13.npz", acc_g=acc, gyr_dps=-acc, label=label, rate_hz=50.0)
    session = datasets.read_hapt(tmp_path / "user07_exp13.npz")
    assert (session.person, session.rate_hz, session.lead_s, session.ignored_s, session.lag) == (
        "user07", 50.0, 1.2, 1.2, True
    )  # fmt: skip
    assert (session.samples.acc_g[:60] == acc[290:350]).all()
    assert (session.samples.acc_g[60:] == acc).all()
    assert (session.samples.gyr_dps == -session.samples.acc_g).all()
    assert session.samples.t_s[:3].tolist() == [0.0, 0.02, 0.04]
    assert session.truth == {2: "standing", 5: "sitting", 7: "walking"}
    assert session.moves["stand-to-sit"] == [(3.2, 4.2)]
    assert session.moves["sit-to-stand"] == [(6.2, 7.0)]
    assert session.moves["stand-to-lie"] == [(8.8, 9.2)]
    assert session.moves["lie-to-sit"] == []
    assert session.moves["lie-to-stand"] == [(9.2, 9.4)]
    assert session.unlabelled == [(8.2, 8.8)]
    assert all(session.truth[second] == "walking" for a, b in session.walks for second in range(int(a) + 1, int(b)))
    assert [a for a, _ in session.stands] == [1.2]
    assert session.anterior is None


def test_broad_averages_three_samples_and_takes_the_truth_in_their_middle(tmp_path):
    acc = np.arange(24, dtype=np.float32).reshape(8, 3)
    quat = np.tile([1.0, 0.0, 0.0, 0.0], (8, 1))
    quat[4] = [np.sqrt(0.5), np.sqrt(0.5), 0.0, 0.0]  # a quarter turn about x: up is +y there
    moving = np.array([0, 1, 0, 0, 0, 1, 1, 1], dtype=bool)
    np.savez(tmp_path / "01_x.npz", acc_g=acc, gyr_dps=2 * acc, opt_quat=quat, movement=moving, rate_hz=300.0)
    trial = datasets.read_broad(tmp_path / "01_x.npz")
    assert (trial.rate_hz, trial.person) == (100.0, "01_x")
    assert trial.samples.acc_g.tolist() == [[3.0, 4.0, 5.0], [12.0, 13.0, 14.0]]
    assert trial.samples.gyr_dps.tolist() == [[6.0, 8.0, 10.0], [24.0, 26.0, 28.0]]
    np.testing.assert_allclose(trial.optical.up, [[0, 0, 1], [0, 1, 0]], atol=1e-7)
    assert trial.optical.moving.tolist() == [True, False]


def test_sisfall_puts_the_trials_in_order_with_a_gap_between(tmp_path):
    acc = np.arange(300, dtype=np.float32).reshape(100, 3)
    np.savez(
        tmp_path / "SA03.npz",
        acc_g=acc,
        gyr_dps=-acc,
        trial=np.array(["D07_SA03_R01", "D01_SA03_R01"]),
        start=np.array([0, 40]),
        stop=np.array([40, 100]),
        rate_hz=20.0,
    )
    session = datasets.read_sisfall(tmp_path / "SA03.npz")
    assert [(each.activity, each.start_s, each.end_s) for each in session.trials] == [
        ("D01", 0.0, 3.0),
        ("D07", 8.0, 10.0),
    ]
    assert (session.samples.acc_g == np.concatenate((acc[40:], acc[:40]))).all()
    records = list(session.records())
    assert [type(each) for each in records] == [Samples] * 3 + [Gap] + [Samples] * 2
    assert records[3].end_s == 8.0
    assert session.anterior == (0.0, 0.0, 1.0)


def test_voisard_walks_straight_on_and_turning(tmp_path):
    label = np.repeat([0, 1, 2, 1, 0], [100, 50, 50, 100, 100])
    acc = np.ones((400, 3), dtype=np.float32)
    events = np.zeros((7, 3), dtype=np.int64)
    np.savez(tmp_path / "4-1.npz", acc_g=acc, gyr_dps=acc, label=label, foot_events=events, subject=4, rate_hz=100.0)
    session = datasets.read_voisard(tmp_path / "4-1.npz")
    assert session.truth == {0: "standing", 1: "walking", 2: "walking", 3: "standing"}
    assert (session.person, session.steps) == ("4", 7)
    assert session.anterior == (0.0, 0.0, -1.0)


def test_files_are_found_in_the_folder_and_in_the_one_above_it(tmp_path):
    (tmp_path / "hapt").mkdir()
    names = [tmp_path / "hapt" / name for name in ("b.npz", "a.npz")]
    for name in names:
        name.touch()
    assert datasets.find(tmp_path, "hapt", "*.npz") == sorted(names)
    assert datasets.find(tmp_path / "hapt", "hapt", "*.npz") == sorted(names)
    assert datasets.find(names[0], "hapt", "*.npz") == [names[0]]


def test_what_is_not_there_is_said_with_what_to_do(tmp_path):
    with pytest.raises(RecordingError, match="is not there: name the folder"):
        datasets.find(tmp_path / "nowhere", "hapt", "*.npz")
    with pytest.raises(RecordingError, match=r"holds no \*\.npz, nor does"):
        datasets.find(tmp_path, "hapt", "*.npz")
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(FileFormatError, match=r"cannot be read as \.npz"):
        datasets.read_hapt(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", acc_g=np.zeros((3, 3)), gyr_dps=np.zeros((3, 3)), rate_hz=50.0)
    with pytest.raises(FileFormatError, match="holds no 'label'"):
        datasets.read_hapt(tmp_path / "other.npz")
