"""How the sensor sits, through the whole pipeline: simulated wearers whose clip is turned by known angles."""

import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from monitor.config import default_profile
from monitor.pipeline import Pipeline
from monitor.profile import Profile
from monitor.signal.alignment import Alignment
from monitor.signal.calibration import Calibration
from monitor.sources.simulator import Mounting, Wearer, script_of
from monitor.stream import (
    AlertRaised,
    AlignmentChanged,
    ClipMoved,
    Epoch,
    LyingSide,
    Mark,
    Posture,
    ReferenceChanged,
    Samples,
    Temperature,
)

WALKS = script_of("walk 30, stand 8, sit 40 -20, stand 5, walk 25, stand 8, walk 25, stand 5, sit 40 -25")


UPRIGHT = Mounting()


def worn(script=WALKS, mounting=UPRIGHT, seed=3, until_s=None):
    wearer = Wearer(script, seed=seed, mounting=mounting)
    t = np.arange(0.0, until_s or wearer.duration_s, 0.01)
    return wearer, Samples(t, *wearer(t))


def turned(samples, from_s, degrees, axis, *, felt=True):
    """The clip turns by `degrees` about `axis` (sensor frame) within 50 ms from from_s on; felt by the gyroscope."""
    at = int(np.searchsorted(samples.t_s, from_s))
    spread = np.clip((np.arange(len(samples)) - at) / 5.0, 0.0, 1.0)
    turn = Rotation.from_rotvec(np.radians(degrees) * spread[:, None] * np.asarray(axis, dtype=float))
    gyr = turn.apply(samples.gyr_dps)
    if felt:
        gyr[at : at + 5] -= degrees / 0.05 * np.asarray(axis, dtype=float)
    return Samples(samples.t_s, turn.apply(samples.acc_g), gyr)


def run(samples, *, gyro=True, profile=None, marks=()):
    pipeline = Pipeline(profile or Profile(), 100.0, gyro=gyro)
    events, start = [], 0
    for t_s, record in [*marks, (math.inf, None)]:
        stop = int(np.searchsorted(samples.t_s, t_s))
        events += pipeline.push(samples.part(slice(start, stop)))
        events += pipeline.push(record) if record else []
        start = stop
    return pipeline, events + pipeline.finish()


def epochs(events):
    return [e for e in events if isinstance(e, Epoch)]


def tilt_errors(events, wearer, from_s):
    seconds = [e for e in epochs(events) if e.still and e.t_s > from_s]
    _, tilt, _ = wearer.truth(np.array([e.t_s + 0.5 for e in seconds]))
    return np.array([e.tilt_deg for e in seconds]) - tilt


@pytest.mark.parametrize("gyro", [True, False])
@pytest.mark.parametrize(
    "mounting", [Mounting(yaw_deg=180), Mounting(yaw_deg=90), Mounting(roll_deg=175), Mounting(20, -8, -70)]
)
def test_a_wearer_who_never_calibrates_gets_signed_tilt(mounting, gyro):
    wearer, samples = worn(mounting=mounting)
    _, events = run(samples, gyro=gyro)
    fronts = [e for e in events if isinstance(e, AlignmentChanged)]
    assert fronts[0].t_s < 40.0
    front = np.array(fronts[-1].anterior)
    assert front @ (mounting.matrix() @ [1.0, 0.0, 0.0]) > math.cos(math.radians(8.0))
    assert np.abs(np.median(tilt_errors(events, wearer, 45.0))) < 1.5
    assert not [e for e in events if isinstance(e, ClipMoved)]


@pytest.mark.parametrize("gyro", [True, False])
def test_a_step_of_the_clip_is_told_mended_and_confirmed_by_the_next_walk(gyro):
    wearer, samples = worn()
    pipeline, events = run(turned(samples, 60.0, 9.0, [1, 0, 0]), gyro=gyro)
    step, walk = [e for e in events if isinstance(e, ClipMoved)]
    assert (step.cause, step.repaired) == ("step", False)
    assert 59.0 <= step.since_s <= 62.0
    assert step.angle_deg == pytest.approx(9.0, abs=1.5)
    assert walk.repaired
    assert walk.t_s > 88.0
    assert pipeline.placement_good
    assert np.abs(np.median(tilt_errors(events, wearer, 150.0))) < 1.5
    doubtful = [e for e in epochs(events) if step.t_s + 4 < e.t_s < walk.t_s - 6]
    assert all(e.tilt_sd_deg > 4.0 for e in doubtful)


def test_two_walks_show_a_clip_that_crept():
    wearer, samples = worn(script_of("walk 30, stand 8, sit 40 -20, stand 5, walk 25, stand 15, walk 25, sit 40 -25"))
    creeping = turned(samples, 79.0, 6.0, [1, 0, 0], felt=False)  # while standing up: no step is seen
    _, events = run(creeping, gyro=False)
    (moved,) = [e for e in events if isinstance(e, ClipMoved) and e.cause == "walking"]
    assert moved.repaired
    assert moved.angle_deg == pytest.approx(6.0, abs=1.0)
    assert moved.since_s < moved.t_s - 20.0
    assert np.abs(np.median(tilt_errors(events, wearer, 150.0))) < 1.5


@pytest.mark.parametrize("yaw_deg", [0.0, 180.0])
def test_put_on_upside_down_after_lunch(yaw_deg):
    """With the face inwards too: the front was learnt, and is not forgotten for the one in the profile."""
    script = script_of("walk 30, sit 30 -20, off 420 -60, stand 10, walk 12, stand 12, sit 40 -20")
    wearer, samples = worn(script, Mounting(yaw_deg=yaw_deg))
    lying = wearer.truth(samples.t_s)[0] == "not-worn"
    flipped = Rotation.from_rotvec([0.0, 0.0, math.pi])  # about the way to the front
    after = samples.t_s > samples.t_s[lying][-1]
    acc, gyr = samples.acc_g.copy(), samples.gyr_dps.copy()
    acc[after], gyr[after] = flipped.apply(acc[after]), flipped.apply(gyr[after])
    _, events = run(Samples(samples.t_s, acc, gyr))
    (moved,) = [e for e in events if isinstance(e, ClipMoved)]
    assert moved.cause == "upside-down"
    assert np.abs(np.median(tilt_errors(events, wearer, moved.t_s + 20.0))) < 2.0
    assert epochs(events)[-5].posture is Posture.SITTING


def test_put_on_again_a_little_otherwise():
    wearer, samples = worn(script_of("walk 30, sit 30 -20, off 420 -60, stand 10, walk 30, stand 5, sit 40 -20"))
    on_again = float(samples.t_s[wearer.truth(samples.t_s)[0] == "not-worn"][-1])
    _, events = run(turned(samples, on_again, 12.0, [1, 0, 0], felt=False), gyro=False)
    (moved,) = [e for e in events if isinstance(e, ClipMoved)]
    assert (moved.cause, moved.repaired) == ("re-donned", True)
    assert moved.angle_deg == pytest.approx(12.0, abs=1.5)


def test_no_tilt_is_prompted_while_the_clip_is_in_doubt():
    script = script_of("walk 30, stand 8, sit 30 -15, sit 300 -45, stand 5")
    _, samples = worn(script)

    def prompts(s):
        return [e for e in run(s, profile=default_profile())[1] if isinstance(e, AlertRaised) and e.name == "posture"]

    assert prompts(samples)
    assert not prompts(turned(samples, 55.0, 9.0, [0, 0, 1]))


def test_a_guided_alignment_gives_tilt_from_the_first_second_and_its_styles_move_the_cut():
    _, samples = worn(script_of("sit 60 -20"), Mounting(yaw_deg=90))
    matrix = Mounting(yaw_deg=90).matrix()
    up, anterior = (tuple((matrix @ axis).tolist()) for axis in ([0.0, 1.0, 0.0], [1.0, 0.0, 0.0]))
    guided = Profile(alignment=Alignment(anterior, up, 1.5, sitting_styles_deg=(-20.0, -34.0)))
    pipeline, events = run(samples, profile=guided)
    assert [e.tilt_deg for e in epochs(events)][5:] == pytest.approx([-20.0] * 55, abs=2.0)
    assert epochs(events)[-1].posture is Posture.SITTING
    assert pipeline.tilt_sd_deg > 4.0  # standing is no walk


def test_a_guided_front_holds_against_a_little_and_yields_to_another_wearing():
    mounting = Mounting(yaw_deg=180)
    _, samples = worn(mounting=mounting)
    matrix = mounting.matrix()
    up, right_way, wrong_way = (tuple((matrix @ axis).tolist()) for axis in ([0, 1, 0], [1, 0, 0], [-1, 0, 0]))
    _, events = run(samples, profile=Profile(alignment=Alignment(right_way, up, 1.5)))
    assert not [e for e in events if isinstance(e, AlignmentChanged)]
    _, events = run(samples, profile=Profile(alignment=Alignment(wrong_way, up, 1.5)))
    assert [e for e in events if isinstance(e, AlignmentChanged)]


@pytest.mark.parametrize(
    ("direction", "side"),
    [
        ([1, 0.1, 0.2], LyingSide.SUPINE),
        ([-1, 0, 0.2], LyingSide.PRONE),
        ([0.3, 0, 1], LyingSide.LEFT),
        ([0.3, 0, -1], LyingSide.RIGHT),
    ],
)
def test_how_one_lies(direction, side):
    """The part of the body that points up tells it: on the left side the right one does."""
    _, samples = worn(script_of("walk 30, stand 10"))
    body = np.asarray(direction) / np.linalg.norm(direction)
    still = np.tile(Mounting().matrix() @ body, (3000, 1)) + np.random.default_rng(0).normal(0, 0.003, (3000, 3))
    t = samples.t_s[-1] + 0.01 * (1 + np.arange(3000))
    whole = Samples(
        np.concatenate((samples.t_s, t)), np.concatenate((samples.acc_g, still)), np.zeros((len(samples) + 3000, 3))
    )
    _, events = run(whole, gyro=False)
    last = epochs(events)[-3]
    assert (last.posture, last.lying) == (Posture.LYING, side)


def test_before_lying_and_after_it_no_side_is_told():
    _, samples = worn()
    assert {e.lying for e in epochs(run(samples)[1])} == {LyingSide.NONE}


@pytest.mark.parametrize("label", ["standing", "I am standing", "Standing, really"])
def test_the_wearers_word_is_taken(label):
    _, samples = worn(script_of("walk 30, stand 8, sit 120 -20"))
    _, events = run(samples, marks=[(80.0, Mark(80.0, label))])
    seen = {e.t_s: e.posture for e in epochs(events)}
    assert seen[70.0] is Posture.SITTING
    assert {seen[t] for t in range(82, 150)} == {Posture.STANDING}


@pytest.mark.parametrize("label", ["coffee", "", "sitting or standing", "understanding", "pain after sitting"])
def test_a_mark_that_names_no_posture_changes_nothing(label):
    _, samples = worn(script_of("walk 30, stand 8, sit 40 -20"))
    events = run(samples, marks=[(60.0, Mark(60.0, label))])[1]
    assert repr([e for e in events if not isinstance(e, Mark)]) == repr(run(samples)[1])


def test_a_calibration_is_applied_with_the_temperature_that_the_sensor_sends():
    _, samples = worn(script_of("walk 30, stand 8, sit 60 -20"))
    known = Calibration(offset_g=(0.02, -0.03, 0.05), gain=(1.02, 0.98, 1.01), per_degree_g=(0.0, 0.0, 0.004))
    warmer = np.where(samples.t_s < 60.0, 0.0, 10.0)[:, None]
    errors = np.asarray(known.offset_g) + warmer * np.asarray(known.per_degree_g)
    wrong = Samples(samples.t_s, samples.acc_g * np.asarray(known.gain) + errors, samples.gyr_dps)
    right = [e.tilt_deg for e in epochs(run(samples, gyro=False)[1])][60:]
    profile = Profile(calibration=known)
    told = [(0.0, Temperature(0.0, 25.0)), (60.0, Temperature(60.0, 35.0))]
    mended = run(wrong, gyro=False, profile=profile, marks=told)[1]
    assert [e.tilt_deg for e in epochs(mended)][60:] == pytest.approx(right, abs=0.05)
    cold = run(wrong, gyro=False, profile=profile)[1]
    assert np.abs(np.array([e.tilt_deg for e in epochs(cold)][60:]) - right).max() > 1.5


def test_zeros_are_told_with_their_spread():
    _, events = run(worn()[1])
    spreads = [e.spread_deg for e in events if isinstance(e, ReferenceChanged) and e.bouts]
    assert spreads[0] == 1.0
    assert spreads[-1] < 0.7


def test_upside_down_keeps_the_front_that_was_learnt():
    """It fell back to the front of the profile."""
    mounting = Mounting(yaw_deg=180.0)  # the profile takes it for the other way round
    _, samples = worn(script_of("stand 5, walk 80, sit 30 -20, walk 12, stand 10"), mounting)
    at = int(np.searchsorted(samples.t_s, 110.0))
    half_turn = np.array([-1.0, -1.0, 1.0])  # about z, the way to the front
    over = np.where((np.arange(len(samples)) >= at)[:, None], half_turn, 1.0)
    pipeline, events = run(Samples(samples.t_s, samples.acc_g * over, samples.gyr_dps * over))
    (moved,) = [e for e in events if isinstance(e, ClipMoved)]
    assert moved.cause == "upside-down"
    learnt = [e for e in events if isinstance(e, AlignmentChanged)]
    assert learnt[0].t_s < 100.0
    frame = pipeline._seconds.placement.frames[-1][1]
    assert frame[0] @ learnt[0].anterior > 0.9


def test_the_word_standing_gives_a_first_zero():
    """A wearer who said 'I am standing.' before the first walk was still told 'unknown'."""
    _, samples = worn(script_of("stand 60"))
    for label, known in (("I am standing.", True), ("not standing", False), ("sitting or standing", False)):
        pipeline, events = run(samples, marks=[(20.0, Mark(20.0, label))])
        assert (pipeline.reference is not None) == known
        postures = {e.posture for e in events if isinstance(e, Epoch) and e.t_s >= 20.0}
        assert postures == {Posture.STANDING if known else Posture.UNKNOWN}


@pytest.mark.parametrize(("scale", "offset_g"), [(1.05, 0.1), (0.95, -0.1)])
def test_a_sensor_with_scale_and_offset_at_their_worst_comes_to_rest(scale, offset_g):
    """It was never still: no tilt at all without a gyroscope."""
    _, samples = worn()
    acc = scale * samples.acc_g + np.array([0.0, offset_g, 0.0])
    _, events = run(Samples(samples.t_s, acc, samples.gyr_dps), gyro=False)
    late = [e for e in events if isinstance(e, Epoch) and e.t_s > 140.0]
    assert np.mean([e.still for e in late if e.posture is Posture.SITTING]) > 0.8


@pytest.mark.parametrize(("said_s", "tied"), [(60.0, True), (100.0, False)])
def test_a_word_said_in_a_gap_is_not_tied_to_the_pose_before_it(said_s, tied):
    """'Standing', said while the link was lost, named the pose in which the wearer had last been seen, seated."""
    _, samples = worn(script_of("walk 30, sit 300 -20"))
    keep = (samples.t_s < 60.0) | (samples.t_s >= 110.0)
    holed = Samples(samples.t_s[keep], samples.acc_g[keep], samples.gyr_dps[keep])
    pipeline, _ = run(holed, marks=[(said_s, Mark(said_s, "standing"))])
    assert bool(pipeline._seconds._model._named) == tied
