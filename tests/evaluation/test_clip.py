"""The clip: false moves counted by hand, and computed moves of the simulated wearer."""

from dataclasses import replace

import numpy as np
import pytest

from monitor.evaluation import clip
from monitor.evaluation.clip import Move, Watched
from monitor.evaluation.datasets import read_hapt
from monitor.profile import Profile
from monitor.signal.orientation import Orientation, OrientationParams
from monitor.stream import ClipMoved, Samples


@pytest.fixture(scope="module")
def session(hapt_folder):
    return read_hapt(hapt_folder / "user01_exp01.npz")


@pytest.fixture(scope="module")
def staged(session):
    return clip.stage(session)


def test_a_row_of_walks_and_stands(session, staged):
    walks, stands = ([b - a for a, b in spans] for spans in (session.walks, session.stands))
    length = len(staged.before) + len(staged.after)
    assert length / 50.0 == pytest.approx(2 * sum(walks[:2]) + 3 * max(stands), abs=0.1)
    np.testing.assert_allclose(np.diff(np.concatenate((staged.before.t_s, staged.after.t_s))), 0.02)
    assert staged.axis @ staged.zero == pytest.approx(0.0, abs=1e-12)
    assert (staged.axis == clip.stage(session).axis).all()  # by the name, not by the time
    assert (staged.axis != clip.stage(replace(session, name="user02_exp03")).axis).any()


@pytest.mark.parametrize("without", [{"walks": [(0.0, 20.0)]}, {"stands": [(20.0, 29.0)]}])
def test_what_a_session_has_not_got_is_not_made_up(session, without):
    assert clip.stage(replace(session, **without)) is None


def test_the_turn_is_felt_by_the_gyroscope_as_by_gravity():
    axis = np.array([0.6, 0.0, 0.8])
    still = Samples(np.arange(100) / 50.0, np.tile([0.0, 1.0, 0.0], (100, 1)), np.zeros((100, 3)))
    moved = clip.turn(still, axis, 30.0, 50.0)
    orientation = Orientation(50.0, gyro=True, params=OrientationParams())
    ups = orientation.push(moved.acc_g, moved.gyr_dps)
    # With the rate against its sense, the filter would be 60 degrees off for a while.
    apart = np.degrees(np.arccos(np.clip(np.sum(ups * moved.acc_g, axis=1), -1.0, 1.0)))
    assert apart.max() < 1.0
    assert np.degrees(np.arccos(moved.acc_g[-1, 1])) == pytest.approx(30.0)
    np.testing.assert_allclose(moved.gyr_dps[:5], np.tile(-300.0 * axis, (5, 1)))
    assert not moved.gyr_dps[5:].any()


def test_no_turn_changes_nothing(staged):
    same = clip.turn(staged.after, staged.axis, 0.0, 50.0)
    np.testing.assert_allclose(same.acc_g, staged.after.acc_g, atol=1e-12)
    np.testing.assert_allclose(same.gyr_dps, staged.after.gyr_dps, atol=1e-9)


def test_moves_of_the_simulated_wearer_are_noticed_and_mended(session, told):
    found = clip.measure(session, {way: told([]) for way in ("acc-live", "gyro-live", "acc-hindsight")}, Profile())
    assert list(found) == ["acc-live", "gyro-live"]
    for each in found.values():
        moves = {move.moved_deg: move for move in each.moves}
        assert tuple(moves) == clip.MOVES_DEG
        assert moves[0].cause == ""
        assert moves[0].after_s != moves[0].after_s
        assert moves[170].cause == "upside-down"
        for deg in (5, 8, 15, 90, 170):
            assert moves[deg].cause, deg
            assert moves[deg].error_deg < 1.5, deg


def watched(*causes, hours=0.5, moves=()):
    return {"acc-live": Watched(hours, causes, tuple(moves))}


def test_figures_by_hand():
    people = {
        "user01": [
            watched("step", "walking", moves=[Move(5, "walking", 20.0, 1.0), Move(0, "", float("nan"), 0.2)]),
            watched(moves=[Move(5, "", float("nan"), 5.0), Move(0, "", float("nan"), 0.4)]),
        ],
        "user02": [watched("step", hours=1.0, moves=[Move(5, "step", 1.0, 0.5), Move(0, "", float("nan"), 0.6)])],
    }
    found = clip.figures(people)
    way = found["ways"]["acc-live"]
    assert (way["hours"], way["false"]) == (2.0, 3)
    assert way["false_per_h"]["value"] == pytest.approx(1.5)
    assert way["false_per_day"]["value"] == pytest.approx(36.0)
    assert way["false_per_h"]["people"]["mean"] == pytest.approx((2.0 + 1.0) / 2)
    assert way["causes"] == {"step": 2, "walking": 1, "upside-down": 0, "re-donned": 0}
    five = way["moves"]["5"]
    assert list(way["moves"]) == ["0", "5"]
    assert five["told"]["value"] == pytest.approx(2 / 3)
    assert (five["sessions"], five["causes"]["walking"], five["causes"]["step"]) == (3, 1, 1)
    assert (five["error_deg"]["median"], five["error_deg"]["most"]) == (1.0, 5.0)
    assert five["after_s"]["median"] == pytest.approx(10.5)
    assert way["moves"]["0"]["told"]["value"] == 0.0
    false, moves = clip.tables("hapt", found)
    assert all(len(row) == len(table.head) for table in (false, moves) for row in table.rows)
    assert false.rows[0][:3] == ("accelerometer only, live", "3", "1.50")
    assert moves.rows[1][:3] == ("5°, accelerometer only, live", "3", "66.7 %")


def test_clips_are_counted_where_there_are_no_walks_to_turn(told, blank):
    answers = replace(told([]), clips=[ClipMoved(50.0, "re-donned", 9.0, 40.0, repaired=True)])
    found = clip.figures({"SA01": [clip.measure(blank(3600), {"gyro-live": answers}, Profile())]})
    way = found["ways"]["gyro-live"]
    assert (way["false_per_h"]["value"], way["causes"]["re-donned"], way["moves"]) == (1.0, 1, {})
    assert len(clip.tables("sisfall", found)) == 1
