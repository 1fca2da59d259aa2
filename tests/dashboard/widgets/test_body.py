"""The figure from the side: which way it leans, and what it does without an angle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.dashboard.widgets.body import draw, figure, spine
from monitor.stream import Posture

BAND = (-10.0, 10.0)


def cells(rows, role):
    return np.array([[r == role for text, r in row for _ in text] for row in rows])


def lean(rows, role):
    """Mean column of the role's cells, right of the middle positive."""
    found = cells(rows, role)
    return np.argwhere(found)[:, 1].mean() - (found.shape[1] - 1) / 2


@pytest.mark.parametrize(("columns", "rows"), [(22, 7), (36, 12), (60, 30)])
@given(tilt_deg=st.integers(-180, 180), posture=st.sampled_from(list(Posture)))
def test_any_angle_fills_the_picture_exactly(columns, rows, tilt_deg, posture):
    picture = figure(tilt_deg, BAND, posture, (columns, rows), held=False)
    assert len(picture) == rows
    assert {sum(len(text) for text, _ in row) for row in picture} == {columns}
    assert cells(picture, "pelvis").any()


def test_anterior_leans_to_the_front_which_is_right():
    forward = figure(25, BAND, Posture.LYING, (36, 12), held=False)
    back = figure(-25, BAND, Posture.LYING, (36, 12), held=False)
    assert lean(forward, "alert") > 3  # the pointer
    assert lean(back, "alert") < -3


@given(st.floats(1, 25))
def test_the_head_stays_nearer_the_pelvis_than_a_stiff_trunk_would(tilt_deg):
    right, up = spine(tilt_deg, 1.0)
    assert abs(right[-1] - spine(0.0, 1.0)[0][-1]) < np.sin(np.deg2rad(tilt_deg))
    assert up[-1] > 0.8


@given(st.floats(-180, 180))
def test_the_spine_keeps_its_length(tilt_deg):
    right, up = spine(tilt_deg, 1.0)
    assert np.hypot(np.diff(right), np.diff(up)).sum() == pytest.approx(47 / 48)


def test_beyond_the_band_the_pointer_alerts():
    assert not cells(figure(9, BAND, Posture.SITTING, (36, 12), held=False), "alert").any()
    assert cells(figure(11, BAND, Posture.SITTING, (36, 12), held=False), "alert").any()


def test_a_held_angle_is_drawn_pale():
    held = figure(11, BAND, Posture.SITTING, (36, 12), held=True)
    assert not cells(held, "alert").any()
    assert not cells(held, "pelvis").any()


def test_sitting_shows_the_thigh_to_the_front():
    sitting = figure(0, BAND, Posture.SITTING, (36, 12), held=False)
    standing = figure(0, BAND, Posture.STANDING, (36, 12), held=False)
    assert cells(sitting, "bone")[:, 24:].any()
    assert not cells(standing, "bone")[:, 24:].any()


def test_without_a_zero_there_are_words_and_no_figure(make_snapshot):
    picture = draw(make_snapshot(tilt_deg=None, tilt_sd_deg=None, obliquity_deg=None), 24, 8)
    said = " ".join("".join(text for text, _ in row).strip() for row in picture).strip()
    assert said == "no zero yet: walk ten steps"


def test_the_sides_are_named(make_snapshot):
    text, _ = draw(make_snapshot(), 24, 8)[-1][0]
    assert text == "◂ back           front ▸"
