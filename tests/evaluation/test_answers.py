"""A session through the analysis gives what a recording of it gives."""

import numpy as np
import pytest

from monitor.analysis import analyze
from monitor.evaluation.answers import WAYS, answers
from monitor.evaluation.datasets import read_hapt
from monitor.profile import Profile
from monitor.storage.recorder import Recorder
from monitor.storage.recording import Recording
from monitor.storage.schema import Meta
from monitor.stream import Epoch, Transition

META = Meta("test", 50.0, gyro=True, started_utc_s=0.0, zone="", utc_offset_s=0, source="import", app_version="0")


@pytest.fixture(scope="module")
def session(hapt_folder):
    return read_hapt(hapt_folder / "user01_exp01.npz")


@pytest.fixture(scope="module")
def all_ways(session):
    return answers(session, Profile(), oriented=True)


@pytest.mark.parametrize("key", WAYS)
def test_each_way_is_what_analyze_does_with_the_recording(session, all_ways, key, tmp_path):
    with Recorder.create(tmp_path / "r.sqlite", META) as recorder:
        for record in session.records():
            recorder.write(record)
    events = []
    with Recording.open(tmp_path / "r.sqlite") as recording:
        analyze(
            recording,
            Profile(),
            gyro=WAYS[key].gyro,
            hindsight=WAYS[key].hindsight,
            sink=lambda _record, new, _pipeline: events.extend(new),
        )
    found = all_ways[key]
    assert repr([each for each in events if isinstance(each, Epoch)]) == repr(list(found.epochs.values()))
    assert [each for each in events if isinstance(each, Transition)] == found.transitions
    assert len(found.epochs) > 150


def test_orientation_is_kept_only_where_it_is_asked_for(session, all_ways):
    assert all(len(each.up) == len(session.samples) for each in all_ways.values())
    assert all(not len(each.up) for each in answers(session, Profile()).values())


def test_the_up_of_a_second_is_the_mean_of_its_samples(told):
    up = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    found = told([], t_s=np.array([3.2, 3.9, 7.0]), up=up).up_of_seconds()
    assert list(found) == [3, 7]
    np.testing.assert_allclose(found[3], [np.sqrt(0.5), np.sqrt(0.5), 0.0])
    np.testing.assert_allclose(found[7], [0.0, 0.0, 1.0])
    assert told([]).up_of_seconds() == {}


def test_a_second_without_an_answer_has_no_posture(told):
    assert told(["sitting"]).posture(0) == "sitting"
    assert told(["sitting"]).posture(1) is None


def test_zeros_fronts_and_moves_of_the_clip_are_kept(session, all_ways):
    found = all_ways["gyro-live"]
    assert found.zeros[0].t_s < 30.0
    assert [each.source for each in found.alignments][:1] == ["walking"]
    assert found.clips == []
