"""The tuning on the screen, headless: every key on days of three sessions, the figures, how it looks at every size."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recorded import scripted
from textual.geometry import Region

from monitor.config import default_profile
from monitor.dashboard.help import HelpScreen
from monitor.dashboard.tuner import EMPTY, Tuner
from monitor.dashboard.tuner_screen import NO_PROMPTS
from monitor.dashboard.tuner_state import Play
from monitor.dashboard.tuner_widgets import AskScreen, Board, figures
from monitor.dashboard.widgets.days import GONE, GUTTER, KEPT, NEW, compared
from monitor.dashboard.widgets.slider import slider_at
from monitor.errors import ConfigError
from monitor.pipeline import Pipeline
from monitor.states.bouts import BoutParams
from monitor.storage.recording import Recording
from monitor.stream import Mark
from monitor.tuning.days import days_of, worn
from monitor.tuning.knobs import knobs
from monitor.tuning.rerun import Tried
from monitor.tuning.score import Label, Yardstick

SCRIPTS = ("w60 s3000 f120 w80 s4000", "f200 s2600 w90 s1500 f2700", "s2000 n30 s1500 w70 s900")
SIZES = ((60, 20), (80, 24), (120, 24), (200, 60))
CONFIG = replace(default_profile().prompts, fading=replace(default_profile().prompts.fading, baseline_days=0))
SESSIONS = [worn(f"{n}", n * 86_400.0, scripted(script), BoutParams()) for n, script in enumerate(SCRIPTS)]
MARKS = (Label(0, 1000.0, 1000.0, "wrong"), Label(0, 1860.0, 1860.0, "right"))


def clock(_session, t_s):
    minutes = int((9 * 3600 + t_s) // 60)
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"


def day(session):
    return f"{('Mon', 'Tue', 'Wed', 'Thu')[session]} {session + 3} Nov"


def tuner(sessions=SESSIONS, marks=(), **options):
    tried = Tried(days_of(sessions))
    usual = {"settings": CONFIG, "before": CONFIG, "clock": clock, "day": day, "write": lambda _settings: "Written."}
    return Tuner(tried=tried, yardstick=Yardstick(tried, CONFIG, marks), **usual | options)


def turn_of(app, name="posture.tilt_deg", place="desk"):
    return knobs(next(each for each in CONFIG.places if each.name == place))[name].get(app.settings, place)


def text_of(app, selector):
    return ["".join(text for text, _ in row) for row in app._view.query_one(selector, Board)._rows]


def all_text(app):
    return "\n".join(
        row for selector in ("#head", "#knobs", "#figures", "#days", "#told") for row in text_of(app, selector)
    )


async def press(pilot, *keys):
    """As pilot.press, which waits 60 ms after each key."""
    for key in keys:
        pilot.app.simulate_key(key)
        await pilot.pause()


# ------------------------------------------------------------------ thresholds


async def test_left_and_right_turn_the_chosen_threshold():
    app = tuner()
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "right", "right")
        assert turn_of(app) == 12.0
        await press(pilot, "shift+right")
        assert turn_of(app) == 17.0
        await press(pilot, "left", "shift+left")
        assert turn_of(app) == 11.0
        await press(pilot, *["shift+left"] * 3)
        assert turn_of(app) == 5.0  # no further
        assert "▸◆ band seated" in all_text(app)
        assert "◆ 1 changed" in text_of(app, "#head")[0]


async def test_up_and_down_choose_and_stay_on_the_screen():
    app = tuner()
    async with app.run_test(size=(60, 20)) as pilot:
        for _ in range(20):
            app.simulate_key("down")
            await press(pilot, "down")
            assert sum(row.startswith("▸") for row in text_of(app, "#knobs")) == 1
        assert any("sure at least" in row and row.startswith("▸") for row in text_of(app, "#knobs"))
        await press(pilot, "home")
        assert text_of(app, "#knobs")[:2][1].startswith("▸  band seated")
        await press(pilot, "end", "up")
        assert any("settled for" in row and row.startswith("▸") for row in text_of(app, "#knobs"))
        assert "none in the first seconds" in app._view.query_one("#knobs").border_title


async def test_r_and_0_put_one_back_and_capital_r_all():
    app = tuner()
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "right", "down", "down", "right", "right")
        assert (turn_of(app), turn_of(app, "posture.limit_deg_min")) == (11.0, 17.0)
        await press(pilot, "r")
        assert (turn_of(app), turn_of(app, "posture.limit_deg_min")) == (11.0, 15.0)
        await press(pilot, "right", "0", "R")
        assert app.settings is CONFIG
        assert "as in your config" in text_of(app, "#head")[0]
        assert "◆" not in all_text(app)


async def test_turned_there_and_back_nothing_is_changed():
    app = tuner()
    async with app.run_test(size=(120, 40)) as pilot:
        for _ in range(27):
            for key in ("right", "shift+right", "shift+left", "left", "down"):
                app.simulate_key(key)
        await pilot.pause()
        assert app.turning.line == len(app.turning.lines) - 1
        assert app.settings == CONFIG


async def test_p_goes_through_the_profiles():
    app = tuner()
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "p")
        assert text_of(app, "#head")[0].startswith("profile sofa, in none of these  3 sessions")
        await press(pilot, "right")
        assert (turn_of(app), turn_of(app, place="sofa")) == (10.0, 16.0)
        await press(pilot, "p", "p")
        assert "posture (off in this profile)" in all_text(app)
        await press(pilot, "p")
        assert text_of(app, "#head")[0].startswith("profile desk  3 sessions, 5 h")


async def test_a_profile_that_was_worn_changes_its_hours():
    sessions = [worn("0", 0.0, [*scripted("s1000"), Mark(1000.2, "sofa"), *scripted("s3000", 1001.0)], BoutParams())]
    app = tuner(sessions)
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "p")
        assert text_of(app, "#head")[0].startswith("profile sofa  1 session,")
        before = app.turning.rerun.prompts
        for key in ("down", "down", *["shift+right"] * 18):
            app.simulate_key(key)
        await pilot.pause()
        await pilot.pause()
        assert turn_of(app, "posture.limit_deg_min", "sofa") == 120.0
        assert app.turning.rerun.prompts != before
        assert app.turning.config[0].prompts == before


async def test_profiles_that_say_nothing_else_follow_the_desk():
    app = tuner()
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "right", "down", "down", "down", "right")  # band seated, held for
        widths = [turn_of(app, "posture.tilt_deg", each.name) for each in CONFIG.places]
        assert widths == [11.0, 15.0, 11.0, 15.0]
        assert {turn_of(app, "posture.hold_s", each.name) for each in CONFIG.places} == {6.0}
        await press(pilot, "p", "right", "p", "p", "p", "right")  # sofa goes its own way
        assert turn_of(app, "posture.hold_s", "sofa") == 7.0
        assert turn_of(app, "posture.hold_s", "car") == 7.0


async def test_a_profile_that_goes_its_own_way_is_not_taken_along_again():
    app = tuner()
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "down", "down", "down", "p", *["right"] * 4, "p", "p", "p", *["right"] * 6)
        assert app.turning.knob.name == "posture.hold_s"
        assert turn_of(app, "posture.hold_s") == 11.0  # past the sofa's
        assert turn_of(app, "posture.hold_s", "sofa") == 9.0
        await press(pilot, "p", "r", "p", "p", "p", "r")
        assert app.settings == CONFIG


async def test_the_mouse_draws_a_slider():
    app = tuner()
    async with app.run_test(size=(120, 40)) as pilot:
        board = app.query_one("#knobs", Board)
        first, width = slider_at(board.size.width)
        row = next(y for y, text in enumerate(text_of(app, "#knobs")) if "limit" in text)
        left, top = 2, 1  # frame and padding
        await pilot.mouse_down("#knobs", offset=(left + first + width - 1, top + row))
        assert turn_of(app, "posture.limit_deg_min") == 120.0
        await pilot.hover("#knobs", offset=(left + first, top + row + 2))  # below it: the same slider is held
        await pilot.mouse_up("#knobs", offset=(left + first, top + row + 2))
        await pilot.pause()
        assert turn_of(app, "posture.limit_deg_min") == 1.0
        await pilot.hover("#knobs", offset=(left + first + 3, top + row))
        assert turn_of(app, "posture.limit_deg_min") == 1.0
        await pilot.click("#knobs", offset=(left + 4, top + row + 1))  # on a name: chosen, not turned
        assert app.turning.knob.name == "posture.hold_s"
        assert len(app.turning.changes) == 1


# ------------------------------------------------------------------ what comes of it


async def test_new_and_gone_prompts_are_told_by_signs():
    app = tuner()
    async with app.run_test(size=(160, 40)) as pilot:
        before = "\n".join(text_of(app, "#days"))
        assert "−" not in before
        while app.turning.knob.name != "sitting.limit_min":
            await press(pilot, "down")
        await press(pilot, *["shift+left"] * 3)
        after = "\n".join(text_of(app, "#days")[:-1])
        assert "I" in after
        assert "−" in after
        states = {each.state for each in app.turning.shown}
        assert states == {KEPT, NEW, GONE}
        await press(pilot, "r")
        assert {each.state for each in app.turning.shown} == {KEPT}


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.sampled_from(
            ["right", "left", "shift+right", "shift+left", "down", "down", "up", "p", "r", "R", "d", "home"]
        ),
        max_size=25,
    )
)
def test_the_figures_are_those_of_a_fresh_run(keys):
    async def check():
        app = tuner(marks=MARKS)
        async with app.run_test(size=(140, 40)) as pilot:
            for key in keys:
                app.simulate_key(key)
            await pilot.pause()
            await pilot.pause()
            fresh = Tried(days_of(SESSIONS))
            rerun, config = fresh.run(app.settings), fresh.run(CONFIG)
            yardstick = Yardstick(fresh, CONFIG, MARKS)
            now, was = (yardstick.score(fresh, *each) for each in ((app.settings, rerun), (CONFIG, config)))
            size = app.query_one("#figures", Board).size
            assert app.query_one("#figures", Board)._rows == figures(now, was, size.width, size.height)
            assert app.turning.shown == compared(rerun.prompts, config.prompts)
            on_screen = sum(int(re.match(r"\d+", row.strip())[0]) for row in text_of(app, "#days")[2:7:2])
            assert on_screen == now.prompts

    asyncio.run(check())


async def test_keys_that_wait_are_tried_once_with_the_newest_value():
    app = tuner()
    async with app.run_test(size=(120, 40)) as pilot:
        reruns = []
        run = app.turning.tried.run
        seen = type("Seen", (Tried,), {"run": lambda self, settings: reruns.append(settings) or run(settings)})
        app.turning.tried = seen(app.turning.tried.days)
        for _ in range(12):
            app.simulate_key("right")
        await pilot.pause()
        await pilot.pause()
        assert turn_of(app) == 22.0
        assert len(reruns) <= 2
        assert reruns[-1] == app.settings
        assert app.turning.rerun.prompts == run(app.settings).prompts


# ------------------------------------------------------------------ days


async def test_tab_and_d_go_to_the_days_and_keys_walk_there():
    app = tuner()
    async with app.run_test(size=(120, 40)) as pilot:
        shown = app.turning.shown
        await press(pilot, "tab")
        assert "▼" in all_text(app)
        assert app._view.query_one("#days").border_title.startswith("▸ Days")
        await press(pilot, "right", "right")
        assert app.turning.prompt is shown[2]
        await press(pilot, "left")
        assert app.turning.prompt is shown[1]
        await press(pilot, "end")
        assert app.turning.prompt is shown[-1]
        await press(pilot, "right", "home", "left")
        assert app.turning.prompt is shown[0]
        await press(pilot, "down")
        assert app.turning.prompt.prompt.session == 1
        await press(pilot, "up", "up")
        assert app.turning.prompt.prompt.session == 0
        assert app.settings is CONFIG
        await press(pilot, "d", "right")
        assert app.settings is not CONFIG


async def test_the_prompt_under_the_cursor_is_told_in_words():
    app = tuner(marks=MARKS)
    async with app.run_test(size=(140, 40)) as pilot:
        await press(pilot, "tab")
        while app.turning.prompt.prompt.name != "sitting":
            await press(pilot, "right")
        told = " ".join(text_of(app, "#told"))
        assert re.search(r"Mon 3 Nov 09:3\d  sitting, as before", told)
        assert re.search(r"measured 30:0\d, limit 30:00", told)
        assert "no break within 5 min" in told
        assert re.search(r"your mark (here|\d+ \w+ (before|after)): right", told)


async def test_the_cursor_stays_at_its_moment_while_a_slider_turns():
    app = tuner()
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "tab", "down", "right", "right")
        where = app.turning.prompt.prompt
        await press(pilot, "tab", *["right"] * 3)
        now = app.turning.prompt.prompt
        assert now.session == where.session
        assert abs(now.t_s - where.t_s) < 600.0


async def test_enter_plays_the_moment():
    app = tuner()
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "right", "enter")  # from the thresholds it goes to the days first
        assert app._view.in_days
        await press(pilot, "right", "enter")
        prompt = app.turning.prompt.prompt
    assert app.return_value == Play(prompt.session, prompt.t_s)
    assert turn_of(app) == 11.0  # the caller opens the screen again with these

    again = tuner(settings=app.settings, cursor=(prompt.session, prompt.t_s))
    async with again.run_test(size=(120, 40)):
        assert again._view.in_days
        assert again.turning.prompt.prompt == prompt
        assert len(again.turning.changes) == 1


async def test_pages_of_days_and_the_mouse_on_a_prompt():
    sessions = [replace(SESSIONS[n % 3], name=str(n), began_utc_s=n * 86_400.0) for n in range(12)]
    app = tuner(sessions, day=lambda session: f"Day {session}")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        first = text_of(app, "#days")[1]
        assert "Day 0" in first
        await press(pilot, "pagedown")
        assert "Day 3" in text_of(app, "#days")[1]
        await press(pilot, *["pagedown"] * 9)
        assert "Day 11" in "".join(text_of(app, "#days"))
        await press(pilot, *["pageup"] * 9)
        assert text_of(app, "#days")[1] == first
        prompts = text_of(app, "#days")[4]
        column = next(x for x in range(GUTTER, len(prompts)) if prompts[x] != " ")
        await pilot.click("#days", offset=(1 + column, 1 + 4))
        assert app.turning.prompt.prompt.session == 1
        assert app._view.in_days


# ------------------------------------------------------------------ the config


async def test_w_asks_with_a_list_of_changes_and_writes():
    written = []
    app = tuner(write=lambda new: written.append(new) or "Written into profile.toml.")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await press(pilot, "w")
        assert [note.message for note in app._notifications] == [
            "Nothing is changed: the thresholds are those of your config."
        ]
        await press(pilot, "right", "end", "left", "w")
        assert isinstance(app.screen, AskScreen)
        asked = str(app.screen.query_one("#asked Static").render())
        assert asked == "posture: band seated 10 to 11° (desk, standing-desk)\nquiet: sure at least 0.7 to 0.65"
        await press(pilot, "escape")
        assert written == []
        await press(pilot, "w", "y")
        assert written == [app.settings]
        assert "Written into profile.toml." in [note.message for note in app._notifications]
        assert app.turning.changes == ()
        assert {each.state for each in app.turning.shown} == {KEPT}
        await press(pilot, "q")
    assert app.return_value is None
    assert app.return_code == 0


async def test_q_asks_if_something_is_not_written():
    app = tuner()
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "right", "q")
        assert isinstance(app.screen, AskScreen)
        await press(pilot, "escape")
        assert not isinstance(app.screen, AskScreen)
        await press(pilot, "q", "n")
        assert app._exit is True

    written = []
    app = tuner(write=lambda new: written.append(new) or "")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "right", "q", "y")
        assert app._exit is True
    assert written == [app.settings]


async def test_what_cannot_be_written_is_told_and_nothing_is_lost():
    def refuse(_settings):
        raise ConfigError("The disk is full: free some [space].")

    app = tuner(write=refuse)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await press(pilot, "right", "q", "y")
        assert [note.message for note in app._notifications] == ["The disk is full: free some [space]."]
        assert app._exit is False
        assert len(app.turning.changes) == 1


# ------------------------------------------------------------------ how it looks


@pytest.mark.parametrize("size", SIZES)
async def test_everything_fits_at_every_size(size):
    app = tuner(marks=MARKS)
    async with app.run_test(size=size) as pilot:
        for keys in (("right",), ("tab", "right"), ("up", "tab")):
            await press(pilot, *keys)
            await pilot.pause()
            for board in app.query(Board):
                assert board.size.height >= 1, board
                assert Region(0, 0, *size).contains_region(board.region), board
                assert len(board._rows) <= board.size.height, board
                assert all(sum(len(text) for text, _ in row) <= board.size.width for row in board._rows), board
            assert sum("─" in row or "●" in row for row in text_of(app, "#knobs")) >= 1
            assert any(row.startswith(("  Mon", "▸ Mon")) for row in text_of(app, "#days"))
            assert "an hour" in text_of(app, "#figures")[0] + text_of(app, "#figures")[1]
        side_by_side = app.query_one("#days").region.x > app.query_one("#knobs").region.x
        assert side_by_side == (size[0] >= 100)


async def test_it_flows_into_one_column_when_it_gets_narrow():
    app = tuner()
    async with app.run_test(size=(120, 40)) as pilot:
        assert app.query_one("#days").region.x > 0
        await pilot.resize_terminal(60, 20)
        await pilot.pause()
        assert app.query_one("#days").region.x == 0
        assert text_of(app, "#days")[0].strip()


async def test_no_color_is_honoured_and_nothing_hangs_on_colour(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    app = tuner()
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "right", "tab")
        plain = app.export_screenshot()
        colours = set(re.findall("#[0-9a-f]{6}", plain)) - {"#c5c8c6", "#ff5f57", "#febc2e", "#28c840"}
        assert all(colour[1:3] == colour[3:5] == colour[5:7] for colour in colours)
        assert "◆" in all_text(app)
        assert "▼" in all_text(app)


async def test_help_names_every_key():
    app = tuner()
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "question_mark")
        assert isinstance(app.screen, HelpScreen)
        panel = app.screen.query_one("#help")
        assert panel.max_scroll_y == 0  # as high as 80x24 holds
        await press(pilot, "escape")
        assert not isinstance(app.screen, HelpScreen)


@pytest.mark.parametrize("sessions", [[], [worn("0", 0.0, [], BoutParams())]], ids=["no sessions", "no seconds"])
async def test_without_days_it_says_what_to_do(sessions):
    app = tuner(sessions, empty=f"{EMPTY} Really.")
    async with app.run_test(size=(60, 20)) as pilot:
        shown = re.sub(r"&#160;", " ", app.export_screenshot())
        assert EMPTY.split("\n", maxsplit=1)[0] in shown
        assert "Really." in shown  # the caller's own words
        await press(pilot, "right", "left", "tab", "right", "down", "enter", "pagedown", "p", "r", "R", "w", "q")
    assert app.return_code == 0


async def test_without_prompts_it_says_so():
    app = tuner([worn("0", 0.0, scripted("w300"), BoutParams())])
    async with app.run_test(size=(120, 40)) as pilot:
        assert NO_PROMPTS.split(":", maxsplit=1)[0] in " ".join(text_of(app, "#told"))
        assert "–" in "".join(text_of(app, "#figures"))
        await press(pilot, "tab", "right", "down", "up", "home", "enter")
        assert app._exit is False


async def test_a_shipped_recording_can_be_tuned_once_its_seconds_are_worked_out():
    with Recording.open(Path(__file__).parents[2] / "recordings" / "tour.sqlite") as recording:
        assert list(recording.events()) == []  # as it is shipped
        pipeline = Pipeline(default_profile(), recording.meta.rate_hz, gyro=recording.meta.gyro)
        events = [event for record in recording.records() for event in pipeline.push(record)] + pipeline.finish()
    app = tuner([worn("tour", 0.0, events, BoutParams())])
    async with app.run_test(size=(100, 30)) as pilot:
        await press(pilot, "down", "down", *["shift+left"] * 3, "tab", "right")
        assert app.turning.rerun.prompts == Tried(app.turning.tried.days).run(app.settings).prompts
        assert any(glyph in "".join(text_of(app, "#days")) for glyph in "▄█▞")
