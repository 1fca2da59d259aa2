"""Layout of the day's ribbon, its hours and its legend."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.dashboard.widgets.ribbon import LENGTHS_S, draw, legend_row, ribbon_length, runs, title
from monitor.dashboard.words import GLYPH
from monitor.snapshot import Span
from monitor.stream import Posture


@st.composite
def days(draw_from):
    """Spans that follow one another, some with a hole before them, some empty."""
    pieces = draw_from(
        st.lists(st.tuples(st.floats(0, 4000), st.floats(0, 300), st.sampled_from(list(Posture))), max_size=25)
    )
    spans, at_s = [], draw_from(st.floats(0, 1000))
    for length_s, hole_s, posture in pieces:
        at_s += hole_s
        spans.append(Span(at_s, at_s + length_s, posture))
        at_s += length_s
    return tuple(spans)


@given(days(), st.integers(1, 200), st.floats(1, 90_000), st.floats(0, 1.2))
def test_widths_sum_to_the_width_and_neighbours_differ(spans, width, length_s, part):
    start_s = spans[0].start_s if spans else 0.0
    laid = runs(spans, start_s, start_s + length_s, start_s + part * length_s, width)
    assert sum(count for _, count in laid) == width
    assert all(count > 0 for _, count in laid)
    assert all(before[0] is not after[0] for before, after in pairwise(laid))


def test_a_cell_shows_what_filled_most_of_it():
    spans = (Span(0.0, 70.0, Posture.SITTING), Span(70.0, 100.0, Posture.STANDING), Span(100.0, 200.0, Posture.WALKING))
    assert runs(spans, 0.0, 200.0, 200.0, 2) == [(Posture.SITTING, 1), (Posture.WALKING, 1)]


def test_time_that_nothing_covers_is_no_data_and_never_the_neighbour():
    spans = (Span(0.0, 100.0, Posture.SITTING), Span(200.0, 300.0, Posture.SITTING))
    assert runs(spans, 0.0, 400.0, 300.0, 4) == [
        (Posture.SITTING, 1),
        (Posture.NO_DATA, 1),
        (Posture.SITTING, 1),
        (None, 1),
    ]


def test_seconds_that_wait_for_their_posture_are_not_called_no_data(make_snapshot):
    spans = (Span(0.0, 60.0, Posture.SITTING),)
    waiting = draw(make_snapshot(ribbon=spans, t_s=63.0), 300, 1)[0]  # a cell a second
    assert [(len(text), role) for text, role in waiting] == [(60, Posture.SITTING), (240, "quiet")]
    silent = draw(make_snapshot(ribbon=spans, t_s=70.0), 300, 1)[0]
    assert [(len(text), role) for text, role in silent][1] == (10, Posture.NO_DATA)


def test_the_length_grows_in_steps_and_always_holds_the_session():
    assert [ribbon_length(s) for s in (0.0, 300.0, 301.0, 3601.0)] == [300.0, 300.0, 600.0, 7200.0]
    for session_s in np.linspace(0, 2e5, 400):
        assert ribbon_length(session_s) >= session_s
    assert list(LENGTHS_S) == sorted(LENGTHS_S)


def test_more_rows_bring_the_legend_then_the_hours(make_snapshot):
    snapshot = make_snapshot()
    for rows in (1, 2, 3, 5):
        assert len(draw(snapshot, 78, rows)) == min(rows, 3)
    assert "".join(text for text, _ in draw(snapshot, 78, 3)[1]).startswith("09:12")


def test_every_posture_is_drawn_with_its_own_glyph(make_snapshot):
    spans = tuple(Span(i * 100.0, i * 100.0 + 100.0, posture) for i, posture in enumerate(Posture))
    ribbon = draw(make_snapshot(ribbon=spans, t_s=700.0), 84, 1)[0]
    assert [text[0] for text, role in ribbon if role != "quiet"] == [GLYPH[posture] for posture in Posture]
    assert len(set(GLYPH.values())) == len(Posture)


@given(st.integers(0, 160))
def test_the_legend_drops_whole_entries(width):
    row = legend_row({posture: 60.0 * (i + 1) for i, posture in enumerate(Posture)}, width)
    assert len("".join(text for text, _ in row).rstrip()) <= width
    assert all(text.endswith("   ") for text, role in row if role == "")


def test_an_empty_day_has_a_ribbon_of_nothing(make_snapshot):
    ribbon = draw(make_snapshot(ribbon=(), totals_s={}, t_s=0.0), 78, 2)
    assert "".join(text for text, _ in ribbon[0]).strip() == ""
    assert ribbon[1] == ()


@pytest.mark.parametrize(
    ("breaks", "steps", "text"),
    [(0, 0, "Day: 0 breaks from sitting, 0 steps"), (1, 1, "Day: 1 break from sitting, 1 step")],
)
def test_the_title_counts(make_snapshot, breaks, steps, text):
    assert title(make_snapshot(breaks=breaks, steps=steps)) == text
