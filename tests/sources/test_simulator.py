"""The scripted wearer: the same bits however it is asked, physics that agree with its own truth, scripts that last."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.sources.simulator import (
    ALIGNMENT,
    DESK_DAY,
    POSTURE_OF,
    SHORT_DAY,
    SIX_FACE,
    Mounting,
    Scene,
    SensorErrors,
    Wearer,
    script_of,
)
from monitor.stream import Posture

PERFECT = SensorErrors(acc_noise_mg=0.0, gyr_noise_dps=0.0, gyr_bias_dps=0.0)
# Every activity, rising and sitting down, lying down, taking off and putting on again.
EVERYTHING = script_of("""
    stand 8 -2 1, walk 12 1 -1, sit 20 -12 2, sit 20 -24 -2 5, stand 8, sit 10 -15, lie 12 -90, lie 10 -60 20,
    stand 9, off 12, stand 8 -1, walk 10
""")


def clock(seconds, rate_hz=100.0):
    return np.arange(round(seconds * rate_hz)) / rate_hz


def up_of(tilt_deg, obliquity_deg):
    """Unit 'up' in the body frame (X anterior, Y cranial, Z right)."""
    tilt, obliquity = np.radians(tilt_deg), np.radians(obliquity_deg)
    return np.column_stack([-np.sin(tilt) * np.cos(obliquity), np.cos(tilt) * np.cos(obliquity), np.sin(obliquity)])


def inclination(up):
    """tilt_deg and obliquity_deg of unit 'up' vectors in the body frame."""
    return np.degrees(np.arctan2(-up[:, 0], up[:, 1])), np.degrees(np.arcsin(np.clip(up[:, 2], -1, 1)))


def test_the_same_script_and_seed_give_the_same_day_and_another_seed_another():
    t_s = clock(60)
    first, again, other = (Wearer(EVERYTHING, seed=seed)(t_s) for seed in (4, 4, 5))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert np.abs(first[0] - other[0]).max() > 0.01
    assert np.isfinite(first[0]).all()
    assert np.isfinite(first[1]).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 13_900), max_size=25), st.randoms(use_true_random=False))
def test_any_blocking_and_any_order_give_the_same_bits(places, random):
    t_s = clock(139)
    wearer = Wearer(EVERYTHING)
    acc_g, gyr_dps = wearer(t_s)
    posture, tilt_deg, obliquity_deg = wearer.truth(t_s)
    edges = [0, *sorted(places), len(t_s)]
    blocks = [slice(a, b) for a, b in pairwise(edges)]
    random.shuffle(blocks)
    for block in blocks:
        acc, gyr = Wearer(EVERYTHING)(t_s[block]) if len(blocks) < 4 else wearer(t_s[block])
        assert np.array_equal(acc, acc_g[block])
        assert np.array_equal(gyr, gyr_dps[block])
        part = wearer.truth(t_s[block])
        assert np.array_equal(part[0], posture[block])
        assert np.array_equal(part[1], tilt_deg[block], equal_nan=True)
        assert np.array_equal(part[2], obliquity_deg[block], equal_nan=True)


def test_single_and_shuffled_instants_agree_with_blocks():
    wearer, t_s = Wearer(EVERYTHING), clock(139, 50)[::37]
    acc_g, gyr_dps = wearer(t_s)
    shuffled = np.random.default_rng(0).permutation(len(t_s))
    assert np.array_equal(wearer(t_s[shuffled])[1], gyr_dps[shuffled])
    assert np.array_equal(wearer.truth(t_s[shuffled])[0], wearer.truth(t_s)[0][shuffled])
    for k, t in enumerate(t_s):
        acc, gyr = wearer(np.array([t]))
        assert np.array_equal(acc[0], acc_g[k])
        assert np.array_equal(gyr[0], gyr_dps[k])


def test_still_sitting_reads_one_g_and_the_direction_of_the_truth():
    wearer = Wearer((Scene("sit", 120, tilt_deg=-17, obliquity_deg=3),), errors=PERFECT)
    t_s = clock(120)
    acc_g, _ = wearer(t_s)
    _, tilt_deg, obliquity_deg = wearer.truth(t_s)
    assert np.median(np.abs(np.linalg.norm(acc_g, axis=1) - 1)) < 0.003
    tilt, obliquity = inclination(acc_g @ Mounting().matrix())
    assert np.sqrt(np.mean((tilt - tilt_deg) ** 2)) < 0.3
    assert np.sqrt(np.mean((obliquity - obliquity_deg) ** 2)) < 0.3
    assert abs(tilt_deg.mean() + 17) < 0.5
    assert abs(obliquity_deg.mean() - 3) < 0.3


def test_noise_and_bias_are_as_stated_and_white():
    t_s = clock(400)
    script = (Scene("sit", 400),)
    noisy, clean = Wearer(script), Wearer(script, errors=PERFECT)
    acc = noisy(t_s)[0] - clean(t_s)[0]
    gyr = noisy(t_s)[1] - clean(t_s)[1]
    assert acc.std(axis=0) == pytest.approx(0.0015, rel=0.02)
    assert np.abs(acc.mean(axis=0)).max() < 3e-5
    assert np.linalg.norm(gyr.mean(axis=0)) == pytest.approx(0.3, abs=0.005)
    white = np.hstack([acc / acc.std(axis=0), (gyr - gyr.mean(axis=0)) / gyr.std(axis=0)])
    assert np.abs(np.corrcoef(white.T) - np.eye(6)).max() < 0.02
    assert np.abs(np.mean(white[1:] * white[:-1], axis=0)).max() < 0.02


@pytest.mark.parametrize("mounting", [Mounting(), Mounting(-10, 5, 20)])
def test_the_gyroscope_integrates_to_the_inclination_through_every_scene(mounting):
    wearer = Wearer(EVERYTHING, mounting=mounting, errors=PERFECT)
    step_s, matrix = 0.01, mounting.matrix()
    t_s = clock(wearer.duration_s)
    _, rates_dps = wearer(t_s + step_s / 2)
    # What is fixed in the room turns against the sensor's own rate.
    ups = [matrix @ up_of(*(angle[:1] for angle in wearer.truth(t_s[:1])[1:]))[0]]
    turns = np.radians(rates_dps) * step_s
    for turn, angle in zip(turns, np.linalg.norm(turns, axis=1), strict=True):
        axis = turn / angle if angle else turn
        up = ups[-1]
        turned = up * np.cos(angle) - np.cross(axis, up) * np.sin(angle) + axis * (axis @ up) * (1 - np.cos(angle))
        ups.append(turned)
    _, tilt_deg, obliquity_deg = wearer.truth(t_s)
    tilt, obliquity = inclination(np.array(ups[:-1]) @ matrix)
    worn = np.isfinite(tilt_deg)
    assert np.abs(tilt - tilt_deg)[worn].max() < 0.2
    assert np.abs(obliquity - obliquity_deg)[worn].max() < 0.2


def test_rising_leans_forward_and_lifts_the_pelvis():
    wearer = Wearer((Scene("sit", 10, -15), Scene("stand", 10)), errors=PERFECT)
    t_s = clock(20)
    _, tilt_deg, _ = wearer.truth(t_s)
    lean = tilt_deg[(t_s > 10) & (t_s < 12.6)].max()
    assert 12 < lean < 35
    force = wearer(t_s)[0] @ Mounting().matrix()
    up = np.einsum("ij,ij->i", force, up_of(*wearer.truth(t_s)[1:])) - 1
    way = (t_s > 9.9) & (t_s < 12.7)
    velocity = np.cumsum(up[way]) * 9.80665 / 100
    assert abs(velocity[-1]) < 0.03
    assert np.sum(velocity) / 100 == pytest.approx(0.35, abs=0.03)


def test_a_walk_has_its_cadence_and_its_mean_is_upright():
    wearer = Wearer((Scene("walk", 60, cadence_hz=1.85),), errors=PERFECT)
    t_s = clock(60)
    force = wearer(t_s)[0] @ Mounting().matrix()
    up = force[500:-500, 1] - force[500:-500, 1].mean()
    spectrum = np.abs(np.fft.rfft(up * np.hanning(len(up))))
    assert np.fft.rfftfreq(len(up), 0.01)[spectrum.argmax()] == pytest.approx(1.85, abs=0.06)
    assert 0.15 < up.std() < 0.3
    tilt, obliquity = inclination(force[500:-500].mean(axis=0, keepdims=True))
    assert abs(tilt[0]) < 0.5
    assert abs(obliquity[0]) < 0.5


def test_a_sensor_that_is_off_shows_nothing_but_noise():
    wearer = Wearer(script_of("stand 20, off 100"))
    t_s = clock(120)
    posture, tilt_deg, _ = wearer.truth(t_s)
    assert np.isnan(tilt_deg[posture == "not-worn"]).all()
    assert np.isfinite(tilt_deg[posture != "not-worn"]).all()
    acc_g, _ = wearer(t_s[3000:])
    assert acc_g.std(axis=0).max() < 0.0016
    assert acc_g.mean(axis=0)[2] > 0.99


def test_truth_covers_every_instant_with_the_labels_of_the_stream():
    wearer = Wearer(EVERYTHING)
    t_s = np.concatenate(([-5.0], clock(wearer.duration_s), [wearer.duration_s + 60]))
    posture, tilt_deg, _ = wearer.truth(t_s)
    assert set(posture.tolist()) == {each.value for each in POSTURE_OF.values()}
    assert {Posture(label) for label in posture.tolist()} == set(POSTURE_OF.values())
    assert posture[0] == "standing"
    assert posture[-1] == "walking"
    assert np.isfinite(wearer(t_s)[0]).all()
    assert np.array_equal(np.isnan(tilt_deg), posture == "not-worn")
    # No jumps: the fastest change is that of taking the sensor off.
    inside = posture[1:-1] != "not-worn"
    assert np.abs(np.diff(tilt_deg[1:-1]))[inside[1:] & inside[:-1]].max() < 1.5


@pytest.mark.parametrize("mounting", [Mounting(), Mounting(0, 0, 0), Mounting(170, -35, 80)])
def test_a_mounting_is_a_right_handed_rotation(mounting):
    matrix = mounting.matrix()
    assert np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1.0)


def test_the_straight_mounting_is_right_up_back_and_pitch_reads_as_tilt():
    right, up, back = Mounting(0, 0, 0).matrix()
    assert right.tolist() == [0, 0, 1]
    assert up.tolist() == [0, 1, 0]
    assert back.tolist() == [-1, 0, 0]
    for pitch, roll in ((8.0, 0.0), (0.0, 5.0)):
        read = Mounting(pitch, roll).matrix() @ [0, 1, 0] @ Mounting(0, 0, 0).matrix()
        tilt, obliquity = inclination(read[None])
        assert tilt[0] == pytest.approx(pitch)
        assert obliquity[0] == pytest.approx(roll)


def test_the_shipped_days():
    short, desk = Wearer(SHORT_DAY), Wearer(DESK_DAY)
    assert 220 < short.duration_s < 260
    assert 7.5 * 3600 < desk.duration_s < 8.5 * 3600
    assert short.ends
    t_s = np.arange(0.0, short.duration_s, 0.5)
    posture, tilt_deg, _ = short.truth(t_s)
    assert set(posture.tolist()) == {"standing", "walking", "sitting"}
    slump = (t_s > 55) & (t_s < 120)
    assert (tilt_deg[slump] < -20).mean() > 0.95
    assert (tilt_deg[(t_s > 135) & (t_s < 150)] > -16).all()
    assert max(scene.seconds for scene in DESK_DAY if scene.activity == "stand") == 3000
    sitting = sum(scene.seconds for scene in DESK_DAY if scene.activity == "sit")
    assert 0.6 < sitting / desk.duration_s < 0.8


def test_fidgets_and_ways_in_differ_from_scene_to_scene():
    wearer = Wearer((Scene("sit", 600, -15),) * 3, errors=PERFECT)
    moved = [np.abs(wearer(clock(600) + start)[1]).max(axis=1) > 3 for start in (0.0, 600.0, 1200.0)]
    assert all(0.001 < part.mean() < 0.2 for part in moved)
    assert (moved[0] != moved[1]).any()


def test_the_six_face_script_shows_every_face_flat_and_the_sensors_own_errors():
    errors = SensorErrors(0.0, 0.0, 0.0, (20.0, -30.0, 40.0), (1.02, 0.98, 1.01))
    wearer = Wearer(SIX_FACE, mounting=Mounting(0, 0, 0), errors=errors)
    acc_g, _ = wearer(np.arange(6) * 9.0 + 6.0)
    faces = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0], [0, 0, -1], [-1, 0, 0], [0, -1, 0]])
    assert np.allclose(acc_g, faces * [1.02, 0.98, 1.01] + [0.02, -0.03, 0.04], atol=1e-9)


def test_the_alignment_script_bows_three_times_and_slumps():
    wearer = Wearer(ALIGNMENT, errors=PERFECT)
    posture, tilt_deg, _ = wearer.truth(clock(wearer.duration_s))
    assert set(posture.tolist()) == {"standing", "sitting"}
    assert np.sum(np.diff((tilt_deg > 30).astype(int)) == 1) == 3
    assert tilt_deg[-100:].mean() == pytest.approx(-28, abs=1)


def test_a_sensor_taken_off_lies_on_its_face_unless_told():
    assert script_of("off 5")[0] == script_of("off 5 90")[0]
    assert script_of("off 5 0")[0].tilt_deg == 0.0


@pytest.mark.parametrize("text", ["", "dance 5", "sit", "sit x", "sit 1 2 3 4 5", "sit 10,,stand 5"])
def test_script_of_refuses(text):
    with pytest.raises(ValueError, match=r"is no scene|could not convert"):
        script_of(text)


@pytest.mark.parametrize(("script", "seed"), [((), 1), ((Scene("sit", 0.0),), 1), ((Scene("sit", 5.0),), -1)])
def test_a_wearer_refuses_what_is_no_script(script, seed):
    with pytest.raises(ValueError, match="scenes that last"):
        Wearer(script, seed=seed)
