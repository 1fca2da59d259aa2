"""The braille raster, against dots placed by hand and against properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.dashboard.widgets.braille import blank, characters, compose, ellipse, polyline, scale

COORDINATES = st.floats(-1e6, 1e6) | st.just(float("nan")) | st.just(float("inf"))


@pytest.mark.parametrize(
    ("x", "y", "text"),
    [(0, 0, "⠁"), (0, 1, "⠂"), (0, 2, "⠄"), (1, 0, "⠈"), (1, 1, "⠐"), (1, 2, "⠠"), (0, 3, "⡀"), (1, 3, "⢀")],
)
def test_each_dot_has_its_unicode_place(x, y, text):
    dots = blank(1, 1)
    dots[y, x] = True
    assert characters(dots) == [text]


def test_a_full_character_and_an_empty_one():
    dots = blank(2, 1)
    dots[:, :2] = True
    assert characters(dots) == ["⣿⠀"]


def test_a_diagonal_has_no_holes():
    dots = blank(4, 2)
    polyline(dots, [0, 7], [0, 7])
    assert np.array_equal(dots, np.eye(8, dtype=bool))


def test_nan_interrupts_the_line():
    dots = blank(5, 1)
    polyline(dots, [0, 3, np.nan, 6, 9], [0, 0, 0, 0, 0])
    assert np.flatnonzero(dots[0]).tolist() == [0, 1, 2, 3, 6, 7, 8, 9]


def test_a_point_between_gaps_is_drawn():
    dots = blank(2, 1)
    polyline(dots, [np.nan, 2, np.nan], [0, 1, 0])
    assert np.argwhere(dots).tolist() == [[1, 2]]


def test_a_dashed_line_leaves_dots_out():
    dots = blank(6, 1)
    polyline(dots, [0, 11], [2, 2], dash=(2, 2))
    assert np.flatnonzero(dots[2]).tolist() == [0, 1, 4, 5, 8, 9]


@given(st.lists(st.tuples(COORDINATES, COORDINATES), max_size=12))
def test_any_points_stay_on_the_canvas_and_reversing_keeps_the_ends(points):
    dots = blank(10, 5)
    x = np.array([point[0] for point in points])
    y = np.array([point[1] for point in points])
    polyline(dots, x, y)
    assert dots.shape == (20, 20)
    for column, row in points:
        if 0 <= column <= 19 and 0 <= row <= 19:
            assert dots[round(row), round(column)]


def test_an_ellipse_turns_clockwise():
    upright, turned = blank(10, 5), blank(10, 5)
    ellipse(upright, (10.0, 10.0), 8.0, 2.0, 0.0)
    ellipse(turned, (10.0, 10.0), 8.0, 2.0, 45.0)
    assert upright[3, 10]
    assert not upright[10, 16]
    assert turned[5, 15]  # up and to the right
    assert not turned[5, 5]


def test_compose_gives_a_character_to_its_topmost_layer():
    below, above = blank(3, 1), blank(3, 1)
    below[0, :] = True
    above[3, 2] = True
    assert compose([("below", below), ("above", above)]) == [(("⠉", "below"), ("⡉", "above"), ("⠉", "below"))]


def test_compose_leaves_empty_characters_blank_and_without_a_role():
    dots = blank(3, 1)
    dots[0, 2] = True
    assert compose([("line", dots)]) == [((" ", ""), ("⠁", "line"), (" ", ""))]


def test_scale_puts_the_highest_value_in_the_first_row():
    assert scale(np.array([10.0, 0.0, -10.0]), -10.0, 10.0, 21).tolist() == [0.0, 10.0, 20.0]
