"""States kept on the way of a replay."""

import pytest

from monitor.pipeline import Pipeline
from monitor.profile import Profile
from monitor.sources.seeking import Checkpoints
from monitor.summary import Summary


@pytest.fixture
def session():
    summary = Summary(mode="replay", sensor="test", rate_hz=100.0, day_start_s=0.0, recording="r.sqlite")
    return Pipeline(Profile(), 100.0, gyro=True), summary


def test_states_are_kept_at_a_distance_and_the_nearest_before_is_found(session):
    kept = Checkpoints(5.0, *session, every_s=100.0)
    for seq in range(1, 400):
        kept.keep(seq, 5.0 + seq, *session)
    assert len(kept) == 4
    assert [kept.before(t_s).t_s for t_s in (-1.0, 5.0, 104.9, 105.0, 105.1, 1e9)] == [5.0, 5.0, 5.0, 5.0, 105.0, 305.0]
    assert kept.before(106.0).seq == 100


def test_what_is_given_out_may_change_and_what_is_kept_does_not(session, wear):
    kept = Checkpoints(0.0, *session)
    block = wear([("still", 3, 0)])
    for _ in range(2):
        pipeline, summary = kept.before(9.0).state()
        assert pipeline is not session[0]
        assert summary.received == 0
        summary.push(block, pipeline.push(block), pipeline)
        assert summary.received == 300
