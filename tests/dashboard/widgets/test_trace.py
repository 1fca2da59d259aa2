"""Decimation of the trace, and what is drawn of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from monitor.dashboard.widgets.trace import LABEL_WIDTH, SPAN_S, axis, decimate, draw
from monitor.snapshot import Trace

COLUMNS = 30
VALUES = st.floats(-180, 180) | st.just(float("nan"))


@settings(max_examples=60)
@given(arrays(float, st.integers(0, 400), elements=VALUES))
def test_each_column_keeps_its_lowest_and_highest_and_no_more(value):
    t_s = 100.0 + np.arange(value.size) * 0.15
    end_s = 160.0
    x, y = decimate(t_s, value, end_s, COLUMNS)
    column = (x // 2).astype(int)
    column_s = SPAN_S / COLUMNS
    place = np.floor(t_s / column_s) - np.floor(end_s / column_s) + COLUMNS - 1
    for number in range(COLUMNS):
        inside = value[(place == number) & np.isfinite(value)]
        drawn = y[(column == number) & np.isfinite(y)]
        assert drawn.size == (2 if inside.size else 0)
        if inside.size:
            assert (drawn.min(), drawn.max()) == (inside.min(), inside.max())


def test_x_never_runs_backwards():
    t_s = np.arange(600) / 10.0
    x, _ = decimate(t_s, np.sin(t_s), 60.0, COLUMNS)
    assert (np.diff(x) > 0).all()


def test_extremes_come_in_the_order_of_the_slope():
    t_s = np.arange(600) / 10.0
    _, rising = decimate(t_s, t_s, 60.0, COLUMNS)
    _, falling = decimate(t_s, -t_s, 60.0, COLUMNS)
    assert (np.diff(rising) > 0).all()
    assert (np.diff(falling) < 0).all()


@pytest.mark.parametrize("missing", ["nan", "no samples"])
def test_a_gap_is_not_drawn_over(missing):
    t_s = np.arange(600) / 10.0
    value = np.ones(600)
    gap = (t_s > 20.0) & (t_s < 30.0)
    if missing == "nan":
        value[gap] = np.nan
    else:
        t_s, value = t_s[~gap], value[~gap]
    _, y = decimate(t_s, value, 60.0, COLUMNS)
    assert np.isnan(y).sum() == 1


def test_values_once_a_second_are_joined():
    t_s = np.arange(60.0)
    _, y = decimate(t_s, t_s, 60.0, 200)
    assert not np.isnan(y).any()


def test_nothing_of_the_window_gives_nothing():
    assert decimate(np.array([1.0]), np.array([1.0]), 500.0, COLUMNS)[0].size == 0
    assert decimate(np.empty(0), np.empty(0), 500.0, COLUMNS)[0].size == 0


@given(arrays(float, st.integers(0, 50), elements=VALUES), st.floats(-40, 40), st.floats(1, 40))
def test_the_axis_holds_the_values_the_band_and_the_zero(value, middle, half):
    low, high = axis(value, (middle - half, middle + half))
    finite = value[np.isfinite(value)]
    for needed in (0.0, middle - half, middle + half, *finite):
        assert low < needed < high
    assert (low % 10.0, high % 10.0) == (0.0, 0.0)


@pytest.mark.parametrize(("columns", "rows"), [(78, 5), (114, 11), (40, 2)])
def test_the_picture_fills_its_size(make_snapshot, columns, rows):
    picture = draw(make_snapshot(), columns, rows)
    assert len(picture) == rows
    assert {sum(len(text) for text, _ in row) for row in picture} == {columns}


def test_labels_stand_beside_the_band(make_snapshot):
    picture = draw(make_snapshot(band_deg=(-12.0, 8.0)), 80, 11)
    labels = {row[0] for row in picture if row[0][1] == "band"}
    assert {text.strip() for text, _ in labels} == {"+8°", "−12°"}
    for row in picture:
        if row[0][1] == "band":
            assert any(role == "band" for _, role in row[1:])


def test_a_gap_leaves_blank_columns(make_snapshot):
    t_s = np.arange(600) / 10.0
    tilt_deg = np.full(600, 5.0)
    tilt_deg[200:400] = np.nan
    picture = draw(make_snapshot(t_s=60.0, trace=Trace(t_s, tilt_deg)), 60 + LABEL_WIDTH, 8)
    line = next(row for row in picture if any(role == "trace" for _, role in row))
    cells = [role for text, role in line[1:] for _ in text]
    assert "trace" not in cells[20:38]
    assert set(cells[:18]) == {"trace"}
    assert set(cells[40:59]) == {"trace"}  # the last column begins at 60 s


def test_no_room_draws_nothing(make_snapshot):
    assert draw(make_snapshot(), LABEL_WIDTH + 3, 5) == []
    assert draw(make_snapshot(), 80, 1) == []
