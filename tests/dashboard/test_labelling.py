"""Labelling on the ribbon, headless: every key on a real recording, what is saved, how it looks at every size."""

import re
import shutil
from dataclasses import replace

import pytest
from recorded import record, scripted
from textual.widgets import Input

from monitor.cli.label import editing, tags, wearing
from monitor.dashboard.goto import GotoScreen
from monitor.dashboard.help import HelpScreen
from monitor.dashboard.labelling import NOTHING, Labelling, WordsScreen
from monitor.dashboard.widgets import labels as drawn
from monitor.dashboard.widgets.labels import Drawing, Tag
from monitor.errors import RecordingError
from monitor.storage.labels import Label, labels
from monitor.stream import AlertRaised, Epoch

PROMPTS = [
    AlertRaised(700.0, "sitting", "Get up and walk a little.", 600.0, 600.0, "s", {"posture": "sitting"}),
    AlertRaised(2500.0, "tilt", "Sit tall.", 900.0, 900.0, "deg·s", {"tilt_deg": -30.0, "setting": "[[alert]] tilt"}),
]


@pytest.fixture(scope="module")
def hour(tmp_path_factory):
    """An hour from 10:00:00 on: a minute's walk, sitting until 10:21, standing until 10:26, sitting."""
    events = [*scripted("w60 s1200 f300 s2040"), *PROMPTS]
    return record(tmp_path_factory.mktemp("hour") / "hour.sqlite", events, "2026-03-02T10:00")


@pytest.fixture
def path(hour, tmp_path):
    """A copy of that hour."""
    return shutil.copy(hour, tmp_path / "hour.sqlite")


def labelling(path):
    return Labelling(wearing(path), tags(path), editing(path))


def text_of(app, selector):
    return ["".join(text for text, _ in row) for row in app.query_one(selector, Drawing)._rows]


def title_of(app):
    return app.query_one("#moment").border_title


def told(path):
    return [(label.start_s, label.end_s, label.label) for label in labels(path)]


async def press(pilot, *keys):
    """As pilot.press, which waits 60 ms after each key."""
    for key in keys:
        pilot.app.simulate_key(key)
    await pilot.pause()


async def write(app, pilot, key, words):
    """Press the key that asks, and answer; typing it all would take a test's seconds."""
    await pilot.press(key)
    app.screen.query_one(Input).value = words
    await pilot.press("enter")


# ------------------------------------------------------------------ going


async def test_keys_move_the_cursor(path):
    app = labelling(path)
    async with app.run_test(size=(100, 30)) as pilot:
        for keys, at_s in [
            (["right", "right", "shift+right", "full_stop"], 131.0),
            (["comma", "shift+left", "left"], 60.0),
            (["pagedown"], 660.0),
            (["pageup", "pageup"], 0.0),
            (["end"], 3600.0),
            (["right"], 3600.0),
            (["home", "left"], 0.0),
            (["right_square_bracket"], 60.0),
            (["right_square_bracket", "right_square_bracket"], 1560.0),
            (["left_square_bracket"], 1260.0),
            (["right_curly_bracket"], 2500.0),
            (["left_curly_bracket"], 700.0),
        ]:
            await press(pilot, *keys)
            assert app.cursor_s == at_s
        await press(pilot, "left_curly_bracket")
        assert (app.cursor_s, app.told) == (700.0, "There is no prompt before this.")
        assert title_of(app) == "Here: There is no prompt before this."
        await press(pilot, "right_parenthesis")
        assert app.told == "There is no label after this."
        await press(pilot, "right")
        assert title_of(app) == "Here"


async def test_g_goes_to_a_time(path):
    app = labelling(path)
    async with app.run_test(size=(100, 30)) as pilot:
        await write(app, pilot, "g", "10:25")
        assert app.cursor_s == 1500.0
        await write(app, pilot, "g", "+90s")
        assert app.cursor_s == 1590.0
        await write(app, pilot, "g", "9:00")
        assert isinstance(app.screen, GotoScreen)
        await pilot.press("escape")
        assert app.cursor_s == 1590.0


async def test_the_mouse_goes_there(path):
    app = labelling(path)
    async with app.run_test(size=(100, 30)) as pilot:
        whole = app.query_one("#all", Drawing)
        columns = whole.size.width - drawn.GUTTER
        await pilot.click("#all", offset=(2 + drawn.GUTTER + columns // 2, 2))
        assert app.cursor_s == pytest.approx(1800.0, abs=3600.0 / columns)
        near = app._view.window(app.query_one("#near", Drawing))
        await pilot.click("#near", offset=(2 + drawn.GUTTER + 5, 2))
        assert app.cursor_s == near.t_s(5)
        await pilot.click("#all", offset=(3, 2))  # on the names: the beginning
        assert app.cursor_s == 0.0


async def test_plus_and_minus_change_what_a_column_stands_for(path):
    app = labelling(path)
    async with app.run_test(size=(100, 30)) as pilot:
        assert app.query_one("#near").border_subtitle == "10 s a column"
        await press(pilot, "plus", "plus")
        assert app.query_one("#near").border_subtitle == "2 s a column"
        await press(pilot, *["minus"] * 9)
        assert app.query_one("#near").border_subtitle == "1 min a column"


# ------------------------------------------------------------------ saying


async def test_a_prompt_was_right_or_wrong(path):
    app = labelling(path)
    async with app.run_test(size=(100, 30)) as pilot:
        await press(pilot, "r")
        assert app.told.startswith("There is no prompt here")
        await press(pilot, "right_curly_bracket", "shift+right", "r")
        assert told(path) == [(700.0, 700.0, "right")]  # at the prompt, not where the cursor is
        assert title_of(app) == "Here: Saved: right, 10:11:40."
        await press(pilot, "r")
        assert app.told == "It says right already."
        await press(pilot, "w")
        assert labels(path) == [Label(1, 700.0, 700.0, "wrong")]
        assert any("✗" in row for row in text_of(app, "#all"))


async def test_numbers_say_a_posture_of_this_moment(path):
    app = labelling(path)
    async with app.run_test(size=(100, 30)) as pilot:
        await press(pilot, "1", "right", "2", "right", "3", "right", "4")
        assert told(path) == [
            (0.0, 0.0, "sitting"),
            (60.0, 60.0, "standing"),
            (120.0, 120.0, "walking"),
            (180.0, 180.0, "lying"),
        ]
        await press(pilot, "1")
        assert labels(path)[-1] == Label(4, 180.0, 180.0, "sitting")


async def test_space_begins_and_ends_a_spell(path):
    app = labelling(path)
    async with app.run_test(size=(100, 30)) as pilot:
        await press(pilot, "right", "space", "right", "right", "2")
        assert told(path) == [(60.0, 180.0, "standing")]
        assert app.spell is None
        await press(pilot, "pagedown", "space", "left", "space", "end")
        assert app.selected == (720.0, 780.0)
        assert any("═" in row for row in (await zoomed(app, pilot)))
        await write(app, pilot, "t", "lunch")
        assert told(path)[1] == (720.0, 780.0, "lunch")
        await pilot.press("space", "escape", "1")
        assert told(path)[2] == (3600.0, 3600.0, "sitting")


async def zoomed(app, pilot):
    """The near ribbon where the whole hour is in it."""
    await press(pilot, "minus", "minus")
    return text_of(app, "#near")


async def test_b_takes_the_bout(path):
    app = labelling(path)
    async with app.run_test(size=(100, 30)) as pilot:
        await press(pilot, "pagedown", "b", "3")
        assert told(path) == [(60.0, 1260.0, "walking")]
        await press(pilot, "end", "b")
        assert app.told == "There is no bout here."


async def test_words_and_notes(path):
    app = labelling(path)
    async with app.run_test(size=(100, 30)) as pilot:
        await write(app, pilot, "t", "at Ann's [desk]")
        assert title_of(app).replace("\\", "") == "Here: Saved: at Ann's [desk], 10:00:00."
        await write(app, pilot, "n", "by the window")
        assert labels(path) == [Label(1, 0.0, 0.0, "at Ann's [desk]", "by the window")]
        await pilot.press("t", "x", "escape")
        await pilot.press("t", "enter")
        assert len(labels(path)) == 1
        await pilot.press("pagedown", "n")
        assert app.told.startswith("There is no label here")
        assert not isinstance(app.screen, WordsScreen)


async def test_delete_removes_and_u_undoes_everything(path):
    app = labelling(path)
    async with app.run_test(size=(100, 30)) as pilot:
        await press(pilot, "1", "2", "right")
        await write(app, pilot, "t", "tea")
        await press(pilot, "left", "delete")
        assert told(path) == [(60.0, 60.0, "tea")]
        assert app.told == "Removed: standing, 10:00:00. u brings it back."
        await press(pilot, "u")
        assert told(path)[0] == (0.0, 0.0, "standing")
        await press(pilot, "u", "u")
        assert told(path) == [(0.0, 0.0, "sitting")]
        await press(pilot, "u", "u")
        assert (told(path), app.told) == ([], "There is nothing to undo.")
        await press(pilot, "backspace")
        assert app.told.startswith("There is no label here")


async def test_nothing_is_lost_if_the_screen_dies(path):
    app = labelling(path)
    async with app.run_test(size=(100, 30)) as pilot:
        await press(pilot, "1")
        assert told(path) == [(0.0, 0.0, "sitting")]  # while the screen still stands
    assert labelling(path).tags == (Tag(1, 0.0, 0.0, "sitting", "", "sitting"),)


async def test_what_cannot_be_saved_is_told_and_the_screen_goes_on(path):
    def refuse(number, tag):
        raise RecordingError("The disk is full: free some space.", path)

    app = Labelling(wearing(path), (), refuse)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await press(pilot, "1")
        assert [note.message for note in app._notifications] == ["The disk is full: free some space."]
        assert app.tags == ()
        await press(pilot, "u")
        assert app.told == "There is nothing to undo."


# ------------------------------------------------------------------ how it looks


async def test_the_moment_is_told_in_words(path):
    app = labelling(path)
    async with app.run_test(size=(100, 40)) as pilot:
        await press(pilot, "right_curly_bracket", "w")
        await write(app, pilot, "n", "was on the phone")
        text = "\n".join(text_of(app, "#moment"))
        assert "10:11:40  11:40 from the beginning" in text
        assert "▄ sitting, 90 % sure, for 20 min · tilt 0° ±1°, upright, at your zero · hips level" in text
        assert "✗ 10:11:40 wrong (was on the phone), label 1" in text
        assert "! 10:11:40 Get up and walk a little." in text
        assert "measured 10:00 against a limit of 10:00 · posture: sitting" in text
        assert text_of(app, "#title")[0].endswith("1 label, 2 prompts")


async def test_everything_fits_at_every_size(path):
    app = labelling(path)
    async with app.run_test(size=(200, 60)) as pilot:
        await press(pilot, "right_curly_bracket", "r", "right", "space", "right", "4")
        await write(app, pilot, "t", "x" * 70)
        for size in [(200, 60), (100, 30), (80, 24), (60, 20)]:
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert_all_fits(app)


def assert_all_fits(app):
    for selector in ("#title", "#all", "#near", "#moment"):
        widget = app.query_one(selector, Drawing)
        assert widget.size.height >= (1 if selector == "#title" else 4)
        assert all(len(row) <= widget.size.width for row in text_of(app, selector)), selector
    for selector in ("#all", "#near"):
        rows = text_of(app, selector)
        assert [row[:8] for row in rows[:4]] == [" " * 8, "posture ", "prompts ", "labels  "]
        assert "▼" in rows[0]
        assert rows[2].index("!") == rows[3].index("✓")  # the label stands under its prompt
    assert any("10:13:40" in row for row in text_of(app, "#moment"))


async def test_help_names_every_key(path):
    app = labelling(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        panel = app.screen.query_one("#help")
        assert panel.max_scroll_y == 0  # as high as 80x24 holds
        await pilot.press("question_mark", "q")
    assert app.return_code == 0


async def test_nothing_to_label_says_so(tmp_path):
    app = labelling(record(tmp_path / "none.sqlite", [], "2026-03-02T10:00"))
    async with app.run_test(size=(60, 20)) as pilot:
        shown = re.sub(r"&#160;", " ", app.export_screenshot())
        assert NOTHING.split("\n", maxsplit=1)[0] in shown
        await press(pilot, "right", "plus", "left_square_bracket")
        await pilot.press("q")


async def test_without_postures_it_says_what_to_do_and_labels_all_the_same(path):
    bare = replace(wearing(path), epochs=(), prompts=(), empty="No postures: do this.")
    app = Labelling(bare, (), editing(path))
    async with app.run_test(size=(60, 20)) as pilot:
        assert "No postures: do this." in text_of(app, "#all")[1]
        assert any("No postures: do this." in row for row in text_of(app, "#moment"))
        await press(pilot, "right", "1")
        assert told(path) == [(60.0, 60.0, "sitting")]


def test_the_cursor_knows_its_second(path):
    given = wearing(path)
    assert isinstance(given.epoch(60.9), Epoch)
    assert given.epoch(60.9).t_s == 60.0
    assert given.epoch(3600.0) is None
    assert given.span(1259.9).end_s == 1260.0
