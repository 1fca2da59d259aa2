"""Forward from walking and from leans, whatever the mounting; silence where it cannot be known."""

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from monitor.signal.autoalign import AutoAlign, AutoAlignParams, forward_of_lean, forward_of_walk
from monitor.signal.epochs import GRID_HZ
from monitor.signal.orientation import unit
from monitor.sources.simulator import Mounting, Scene, Wearer

P = AutoAlignParams()
ANTERIOR, CRANIAL, RIGHT = np.eye(3)
POINTS = 8 * GRID_HZ
mountings = st.tuples(*[st.floats(-math.pi, math.pi)] * 3).map(lambda v: Rotation.from_rotvec(v).as_matrix())


def walk(*, lead_deg=90.0, forward=0.6, cadence_hz=1.8, up_g=0.25, sideways_g=0.1, seed=0):
    """8 s in body axes (400, 3): X leads Y by lead_deg at the step, Z sways with the stride."""
    t = np.arange(POINTS) / GRID_HZ
    step = 2.0 * np.pi * cadence_hz * t + 0.3
    acc = np.stack(
        (
            forward * up_g * np.cos(step + math.radians(lead_deg)),
            1.0 + up_g * np.cos(step) + 0.06 * np.cos(2.0 * step + 1.0),
            sideways_g * np.sin(step / 2.0),
        ),
        axis=1,
    )
    return acc + np.random.default_rng(seed).normal(0.0, 0.01, acc.shape)


def movement(tilts_deg, sideways_deg=0.0):
    """up in body axes while the tilt (anterior +) passes through tilts_deg, rest to rest: path, before, after."""
    tilt = np.radians(np.interp(np.linspace(0.0, len(tilts_deg) - 1.0, 80), np.arange(len(tilts_deg)), tilts_deg))
    side = np.radians(sideways_deg) * np.sin(np.linspace(0.0, np.pi, 80))
    path = unit(np.stack((-np.sin(tilt), np.cos(tilt), np.tan(side)), axis=1))
    return path, path[0], path[-1]


def off_deg(vector, truth):
    return math.degrees(math.acos(np.clip(np.dot(vector, truth), -1.0, 1.0)))


def seen(aligner, acc):
    """The seconds of a walk, then one that is none."""
    for row in acc.reshape(-1, GRID_HZ, 3):
        aligner.second(row, walking=True)
    aligner.second(np.zeros((GRID_HZ, 3)), walking=False)


# ------------------------------------------------------------ one walk


@settings(max_examples=40, deadline=None)
@given(mountings, st.floats(60.0, 130.0), st.floats(0.4, 1.4), st.floats(1.3, 2.3))
def test_walking_tells_forward_in_any_mounting(mounting, lead_deg, forward, cadence_hz):
    acc = walk(lead_deg=lead_deg, forward=forward, cadence_hz=cadence_hz) @ mounting.T
    found = forward_of_walk(acc, P)
    assert found is not None
    assert off_deg(found, mounting @ ANTERIOR) < 4.0


@pytest.mark.parametrize(
    "strange",
    [
        {"cadence_hz": 2.7, "up_g": 1.0, "lead_deg": -70.0},  # running
        {"up_g": 0.45, "forward": 0.2, "lead_deg": -60.0},  # going downstairs
        {"lead_deg": 10.0},  # in phase: a nodding sensor
        {"lead_deg": 170.0},
        {"up_g": 0.02},  # hardly any step
    ],
)
def test_what_is_no_level_walk_tells_nothing(strange):
    assert forward_of_walk(walk(**strange), P) is None


def drifting(acc):
    """The forward movement slips against the steps: 0.45 of a turn in 8 s."""
    t = np.arange(POINTS) / GRID_HZ
    acc[:, 0] = 0.15 * np.cos(2.0 * np.pi * (1.8 + 0.45 / 8.0) * t + 0.3 + math.radians(9.0))
    return acc


def crosswise(acc):
    """At every step as much to one side as half of what goes forward, out of phase with it."""
    acc[:, 2] += 0.5 * np.roll(acc[:, 0], 7)
    return acc


@pytest.mark.parametrize(
    ("limit", "strange"),
    [
        ({"fastest_hz": 3.0}, walk(cadence_hz=2.6)),
        ({"most_g": 1.5}, walk(up_g=0.9)),
        ({"least_g": 0.01}, walk(up_g=0.03, sideways_g=0.0)),
        ({"least_forward": 0.1}, walk(forward=0.25)),
        ({"least_quadrature": 0.3}, walk(lead_deg=30.0)),
        ({"least_coherence": 0.5}, drifting(walk())),
        ({"most_crosswise": 1.0}, crosswise(walk())),
    ],
)
def test_every_limit_is_needed(limit, strange):
    assert forward_of_walk(strange, P) is None
    assert forward_of_walk(strange, replace(P, **limit)) is not None


def test_noise_and_a_sensor_in_free_fall_tell_nothing():
    rng = np.random.default_rng(5)
    assert all(forward_of_walk(CRANIAL + rng.normal(0.0, 0.2, (POINTS, 3)), P) is None for _ in range(50))
    assert forward_of_walk(np.zeros((POINTS, 3)), P) is None


def test_a_horizontal_movement_without_direction_tells_nothing():
    acc = walk(sideways_g=0.0)
    acc[:, 2] += np.roll(acc[:, 0], 7)  # a circle
    assert forward_of_walk(acc, P) is None


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("yaw_deg", [0.0, 75.0, 180.0])
def test_the_simulated_wearer_walks_forward(seed, yaw_deg):
    mounting = Mounting(yaw_deg=yaw_deg)
    acc, _ = Wearer([Scene("walk", 30.0)], seed=seed, mounting=mounting)(np.arange(5 * GRID_HZ, 13 * GRID_HZ) / GRID_HZ)
    found = forward_of_walk(acc, P)
    assert found is not None
    assert off_deg(found, mounting.matrix() @ ANTERIOR) < 12.0


# ------------------------------------------------------------ one lean


@settings(max_examples=40, deadline=None)
@given(mountings, st.sampled_from([(0, 30, 0), (-20, 25, 0), (-30, 10, -5), (10, 40, 5)]), st.floats(-4.0, 4.0))
def test_a_rise_or_a_sit_down_leans_forward_in_any_mounting(mounting, tilts, sideways):
    path, before, after = (mounting @ each.T for each in movement(tilts, sideways))
    rise = forward_of_lean(path.T, before, after, P, rising=True)
    sit_down = forward_of_lean(path.T[::-1], after, before, P, rising=False)
    for found in (rise, sit_down):
        assert found is not None
        assert off_deg(found, mounting @ ANTERIOR) < 12.0


@pytest.mark.parametrize("tilts", [(-44, 0), (30, 0), (-10, -9, 2, 0), (0, 3, 0)])
def test_a_seat_alone_never_tells_the_sign(tilts):
    assert forward_of_lean(*movement(tilts), P, rising=True) is None


def test_a_slump_that_deepens_before_the_rise_is_not_forward():
    # Seen in one wearer: the sacrum at -25 degrees went back to -35 before it came up.
    assert forward_of_lean(*movement((-25, -35, -2)), P, rising=True) is None


def test_a_twisted_rise_and_one_out_of_bed_tell_nothing():
    path, before, after = movement((0, 30, 0))
    path[:, 2] += 0.2 * np.sin(np.linspace(0.0, 2.0 * np.pi, len(path)))  # first to one side, then to the other
    assert forward_of_lean(unit(path), before, after, P, rising=True) is None
    assert forward_of_lean(*movement((-80, 30, 0)), P, rising=True) is None
    assert forward_of_lean(path[:1], before, after, P, rising=True) is None


# ------------------------------------------------------------ votes


def test_two_walks_or_three_leans_or_one_of_each_are_enough():
    up = (0.0, 1.0, 0.0)
    lean = movement((-10, 30, 0))
    for walks, leans, source in ((2, 0, "walking"), (0, 3, "leans"), (1, 1, "walking and leans")):
        aligner = AutoAlign(P)
        votes = [*["walk"] * walks, *["lean"] * leans]
        for vote in votes:
            assert aligner.anterior(up) is None
            if vote == "walk":
                seen(aligner, walk())
            else:
                assert aligner.lean(*lean, rising=True)
        answer = aligner.anterior(up)
        assert answer is not None
        assert (answer.source, answer.votes) == (source, len(votes))
        assert off_deg(answer.anterior, ANTERIOR) < 3.0
        assert 3.0 < answer.sd_deg < 6.5
        assert math.hypot(*answer.anterior) == pytest.approx(1.0)
        assert np.dot(answer.anterior, up) == pytest.approx(0.0, abs=1e-12)


def test_the_answer_lies_across_the_zero_that_is_asked_for():
    aligner = AutoAlign(P)
    for _ in range(2):
        seen(aligner, walk())
    zero = (math.sin(0.2), math.cos(0.2), 0.0)
    answer = aligner.anterior(zero)
    assert answer is not None
    assert off_deg(answer.anterior, (math.cos(0.2), -math.sin(0.2), 0.0)) < 3.0
    assert aligner.anterior((1.0, 0.0, 0.0)) is None  # forward as up: this is another mounting


def test_a_walk_broken_off_or_cut_by_a_gap_is_no_vote():
    aligner = AutoAlign(P)
    rows = walk().reshape(-1, GRID_HZ, 3)
    for stop in ("still", "gap"):
        assert not any(aligner.second(row, walking=True) for row in rows[:7])
        aligner.pause() if stop == "gap" else aligner.second(rows[0], walking=False)
    assert not any(aligner.second(row, walking=True) for row in rows[:7])
    assert aligner.second(rows[7], walking=True)


def test_one_wrong_vote_is_outvoted_but_not_at_the_start():
    up = (0.0, 1.0, 0.0)
    back = walk(lead_deg=-90.0)
    aligner = AutoAlign(P)
    seen(aligner, back)
    seen(aligner, walk())
    assert aligner.anterior(up) is None
    for _ in range(2):
        seen(aligner, walk())
        assert aligner.anterior(up) is None  # one against two, and against three: too many
    seen(aligner, walk())
    assert off_deg(aligner.anterior(up).anterior, ANTERIOR) < 3.0
    seen(aligner, back)
    assert off_deg(aligner.anterior(up).anterior, ANTERIOR) < 3.0


def test_where_the_votes_turn_round_nothing_is_said_until_they_are_sure_again():
    up = (0.0, 1.0, 0.0)
    aligner = AutoAlign(P)
    said = []
    for each in [walk()] * 4 + [walk(lead_deg=-90.0)] * 20:
        seen(aligner, each)
        answer = aligner.anterior(up)
        said.append(0 if answer is None else round(answer.anterior[0]))
    first_back = said.index(-1)
    assert said[1] == 1
    assert 0 in said[8:first_back]
    assert set(said[first_back:]) == {-1}


def test_kinds_that_disagree_widen_the_answer():
    up = (0.0, 1.0, 0.0)
    turn = Rotation.from_rotvec([0.0, math.radians(30.0), 0.0]).as_matrix()
    apart, together = AutoAlign(P), AutoAlign(P)
    for aligner, lean in (
        (apart, [each @ turn.T for each in movement((-10, 30, 0))]),
        (together, movement((-10, 30, 0))),
    ):
        for _ in range(3):
            seen(aligner, walk())
            aligner.lean(*lean, rising=True)
    assert apart.anterior(up).sd_deg > 2.0 * together.anterior(up).sd_deg
    between = off_deg(apart.anterior(up).anterior, ANTERIOR)
    assert 10.0 < between < 25.0


def test_enough_votes_and_one_a_walk_is_enough():
    aligner = AutoAlign(P)
    rows = walk().reshape(-1, GRID_HZ, 3)
    changed = [aligner.second(row, walking=True) for _ in range(P.keep_walks + 3) for row in rows]
    assert sum(changed) == P.keep_walks + 1
    aligner.second(rows[0], walking=False)
    assert sum(aligner.second(row, walking=True) for row in rows) == 1


def test_a_moved_clip_takes_the_votes_along_and_a_new_one_forgets_them():
    aligner = AutoAlign(P)
    for _ in range(2):
        seen(aligner, walk())
    aligner.lean(*movement((-10, 30, 0)), rising=True)
    up = (0.0, 1.0, 0.0)
    was = np.asarray(aligner.anterior(up).anterior)
    turn = Rotation.from_rotvec([0.1, 0.0, 0.2]).as_matrix()
    aligner.turned(turn)
    answer = aligner.anterior(tuple((turn @ up).tolist()))
    np.testing.assert_allclose(answer.anterior, turn @ was, atol=1e-12)
    assert answer.votes == 3
    aligner.forget()
    assert aligner.anterior(up) is None
    seen(aligner, walk())
    assert aligner.anterior(up) is None


def test_a_copy_goes_on_alike_and_alone():
    aligner = AutoAlign(P)
    seen(aligner, walk())
    rows = walk(seed=1).reshape(-1, GRID_HZ, 3)
    for row in rows[:4]:
        aligner.second(row, walking=True)
    copied = copy.deepcopy(aligner)
    for row in rows[4:]:
        copied.second(row, walking=True)
    assert aligner.anterior((0.0, 1.0, 0.0)) is None
    for row in rows[4:]:
        aligner.second(row, walking=True)
    assert copied.anterior((0.0, 1.0, 0.0)) == aligner.anterior((0.0, 1.0, 0.0)) is not None
