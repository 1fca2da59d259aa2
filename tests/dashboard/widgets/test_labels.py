"""Rows of a recording: windows, prompts and labels under the ribbon, and the words for a moment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.dashboard.widgets.labels import (
    Tag,
    Wearing,
    Window,
    listed,
    moment,
    near,
    pointer,
    postures,
    prompts,
    said,
    tags_here,
    times,
    whole,
)
from monitor.stream import AlertRaised, Epoch, Posture

NINE = 9 * 3600.0


def epoch(t_s, posture=Posture.SITTING):
    return Epoch(t_s, posture, 0.9, 5.0, 0.0, 1.0, still=True, motion_mg=1.0, steps=0)


def worn(length_s=100.0, *, start_s=0.0, prompts_s=(), posture=Posture.SITTING):
    epochs = tuple(epoch(start_s + second, posture) for second in range(int(length_s)))
    asked = tuple(AlertRaised(t_s, "a", "Get up", 1.0, 1.0, "s", {}) for t_s in prompts_s)
    return Wearing("a.sqlite", start_s, start_s + length_s, NINE, epochs, asked, "nothing")


def line(cells):
    return "".join(symbol for symbol, _ in cells)


def tag(start_s, end_s=None, meaning="", label="x", number=1):
    return Tag(number, start_s, start_s if end_s is None else end_s, label, "", meaning)


# ------------------------------------------------------------------ windows


@given(
    st.floats(0.0, 90_000.0),
    st.floats(0.0, 1.0),
    st.sampled_from([1.0, 2.0, 5.0, 10.0, 60.0]),
    st.integers(-3, 300),
    st.floats(-1e6, 1e6),
)
def test_the_cursor_is_in_both_windows(length_s, part, cell_s, columns, start_s):
    wearing = Wearing("a", start_s, start_s + length_s, NINE, (), (), "")
    cursor_s = wearing.start_s + part * wearing.length_s
    for window in (whole(wearing, columns), near(wearing, cursor_s, cell_s, columns)):
        assert window.start_s >= wearing.start_s
        assert window.columns >= 1
        assert window.cell(cursor_s) is not None or cursor_s >= wearing.end_s - 1e-3
        assert line(pointer(wearing, window, cursor_s, None, "-")).count("▼") == 1
        assert len(postures(wearing, window)) == window.columns


def test_a_window_does_not_go_beyond_the_recording_where_it_need_not():
    wearing = worn(1000.0)
    assert near(wearing, 0.0, 10.0, 50) == Window(0.0, 10.0, 50)
    assert near(wearing, 500.0, 10.0, 50) == Window(250.0, 10.0, 50)
    assert near(wearing, 1000.0, 10.0, 50) == Window(500.0, 10.0, 50)
    assert near(wearing, 1000.0, 60.0, 50) == Window(0.0, 60.0, 50)


# ------------------------------------------------------------------ rows


def test_the_ribbon_ends_where_the_recording_does():
    assert line(postures(worn(5.0), Window(0.0, 1.0, 8))) == "▄▄▄▄▄   "


def test_prompts_and_labels_stand_at_their_times():
    window = Window(10.0, 10.0, 9)
    assert line(prompts(worn(prompts_s=(5.0, 10.0, 55.0, 100.0)), window)) == "!   !   !"
    assert line(said([tag(5.0), tag(20.0), tag(55.0, meaning="right"), tag(100.0, meaning="wrong")], window)) == (
        " ◆  ✓   ✗"
    )


@pytest.mark.parametrize(
    ("labels", "drawn"),
    [
        ([tag(20.0, 50.0)], "  ◆──     "),
        ([tag(20.0, 50.0, "standing")], "  ███     "),
        ([tag(20.0, 50.1, "lying")], "  ▁▁▁▁    "),
        ([tag(21.0, 22.0, "walking")], "  ▞       "),
        ([tag(-50.0, 10.0, "sitting")], "▄         "),
        ([tag(-50.0, 0.0, "sitting")], "          "),
        ([tag(90.0, 500.0, "sitting")], "         ▄"),
        ([tag(100.0, 500.0, "sitting")], "          "),
        ([tag(-5.0, 500.0, "sitting"), tag(40.0, meaning="wrong")], "▄▄▄▄✗▄▄▄▄▄"),
        ([tag(40.0, meaning="wrong"), tag(41.0)], "    ✗     "),
        ([tag(40.0, meaning="standing"), tag(41.0)], "    █     "),
    ],
)
def test_labels_are_as_wide_as_they_are(labels, drawn):
    assert line(said(labels, Window(0.0, 10.0, 10))) == drawn


@given(
    st.lists(
        st.tuples(st.floats(0.0, 100.0), st.floats(0.0, 30.0), st.sampled_from(["", "right", "lying"])), max_size=6
    )
)
def test_every_label_shows_where_it_is_and_nothing_shows_elsewhere(spells):
    window = Window(0.0, 1.0, 100)
    labels = [tag(start_s, min(start_s + length_s, 100.0), meaning) for start_s, length_s, meaning in spells]
    cells = said(labels, window)
    for column, (symbol, _) in enumerate(cells):
        covered = any(
            each.start_s < column + 1.0 + 1e-9 and (each.end_s > column - 1e-9 or window.cell(each.start_s) == column)
            for each in labels
        )
        assert covered or symbol == " "
    for each in labels:
        at = window.cell(each.start_s)
        assert at is None or cells[at][0] != " "


def test_times_stand_where_they_belong():
    [(text, _)] = times(worn(600.0), Window(0.0, 10.0, 60))
    assert text[8:] == "09:00       09:02       09:04       09:06       09:08"
    [(text, _)] = times(worn(600.0), Window(7.0, 1.0, 30))
    assert text[8:] == " " * 3 + "09:00:10  09:00:20"


# ------------------------------------------------------------------ words


def test_what_is_nearest_and_shortest_comes_first():
    spell, inner = tag(0.0, 80.0, number=1), tag(40.0, 60.0, number=2)
    close, far = tag(52.0, number=3), tag(70.0, number=4)
    found = tags_here([spell, inner, close, far], 50.0)
    assert [each.number for each in found] == [3, 2, 1, 4]
    assert tags_here([spell], 80.1) == []
    assert tags_here([far], 30.0) == []


def words(rows):
    return ["".join(text for text, _ in row).rstrip() for row in rows]


def test_a_moment_without_anything_says_what_to_do():
    told = words(moment(worn(), [], 50.0, None, 80))
    assert told[0] == "09:00:50  0:50 from the beginning"
    assert told[2] == "  no label here: 1 to 4 say the posture, t anything else"
    assert words(moment(worn(posture=Posture.NO_DATA), [], 50.0, None, 80))[1].startswith("· no data, for 1 min")
    assert words(moment(worn(), [], 100.0, None, 80))[1] == "· no posture is known of this second"


def test_of_several_labels_the_one_that_keys_change_is_told():
    told = words(moment(worn(), [tag(0.0, 80.0, "lying", "lying"), tag(50.0, label="tea")], 50.0, None, 80))
    assert told[2:] == ["◆ 09:00:50 tea, label 1 (del removes this one)", "▁ 09:00:00 to 09:01:20 lying, label 1"]


@given(st.integers(1, 60), st.floats(0.0, 100.0))
def test_words_are_never_wider_than_the_screen(columns, t_s):
    wearing = worn(prompts_s=(50.0,))
    labels = [tag(10.0 * number, label="a long label of words", number=number) for number in range(9)]
    rows = moment(wearing, labels, t_s, (10.0, 20.0), columns)
    assert all(len(text) <= max(columns, 10) for text in words(rows))


@given(st.integers(0, 30), st.integers(0, 12), st.floats(0.0, 100.0))
def test_the_list_has_the_label_that_comes_next(rows, count, t_s):
    labels = [tag(100.0 / 12 * number, number=number) for number in range(count)]
    told = words(listed(worn(), labels, t_s, 40, rows))
    assert len(told) <= max(rows, 0)
    assert sum(text.startswith("▸") for text in told) == (1 if told else 0)
