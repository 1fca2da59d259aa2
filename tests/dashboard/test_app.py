"""The dashboard run headless: every key, the session behind it, and what it repaints."""

import asyncio
from dataclasses import replace

import pytest
from textual.widgets import Digits, Footer
from textual.widgets._footer import FooterKey

from monitor.dashboard.app import Dashboard
from monitor.dashboard.goto import GotoScreen
from monitor.dashboard.help import HelpScreen
from monitor.dashboard.widgets.picture import Picture
from monitor.errors import SensorError
from monitor.snapshot import Player


class Feed:
    """A snapshot source that a test changes, and what the wearer did."""

    def __init__(self, snapshot=None):
        self.snapshot = snapshot
        self.done = []

    def __call__(self):
        return self.snapshot

    def act(self, action, seconds):
        self.done.append((action, seconds))


async def poll(app, pilot):
    """What the two timers do, without waiting for them."""
    app._show_digits()
    app._show_plots()
    await pilot.pause()


def footer_keys(app):
    return [key.key_display for key in app.screen.query_one(Footer).query(FooterKey)]


def text_of(app, selector):
    return "\n".join("".join(text for text, _ in row) for row in app.query_one(selector, Picture)._rows)


# ------------------------------------------------------------------ keys


async def test_keys_tell_what_the_wearer_did(make_alerting):
    feed = Feed(make_alerting())
    app = Dashboard(snapshot=feed, act=feed.act)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("s")
        assert feed.done == [("snooze", 300.0)]
        await pilot.press("d")
        assert feed.done[1:] == [("dismiss", 0.0)]
        await pilot.press("m")
        assert feed.done[2:] == [("mark", 0.0)]
        await pilot.press("c")
        assert feed.done[3:] == [("standing", 0.0)]
        assert [note.message for note in app._notifications] == [
            "Marked 10:42:31.",
            "Noted: you are standing. It will know this way of holding yourself.",
        ]


async def test_a_prompt_is_marked_right_or_wrong_and_only_while_there_is_one(make_alerting, make_snapshot):
    feed = Feed(make_alerting())
    app = Dashboard(snapshot=feed, act=feed.act)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("y", "w")
        assert feed.done == [("right", 0.0), ("wrong", 0.0)]
        feed.snapshot = make_snapshot()
        await poll(app, pilot)
        await pilot.press("y", "w")
        assert len(feed.done) == 2


async def test_in_a_replay_marks_are_kept_as_labels(make_alerting, make_paused, controls):
    said = []
    feed = Feed(make_alerting(mode="replay", player=make_paused().player))
    app = Dashboard(snapshot=feed, player=controls, label=said.append)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("m", "y", "w", "s", "d", "c")
        assert said == ["mark", "right", "wrong"]
        assert [note.message for note in app._notifications][1] == "Marked 10:42:31 as right."


async def test_player_keys(make_paused, controls):
    app = Dashboard(snapshot=make_paused, player=controls)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("space", "plus", "equals_sign", "minus")
        assert controls.asked == ["pause", "faster", "faster", "slower"]
        assert footer_keys(app) == ["q", "space", "+", "−", "←", "→", "[", "]", "{", "}", "g", "?"]


async def test_seeking_keys(make_paused, controls):
    app = Dashboard(snapshot=make_paused, player=controls)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("left", "right", "shift+left", "shift+right")
        assert controls.asked == [("skip", -10), ("skip", 10), ("skip", -60), ("skip", 60)]
        controls.asked.clear()
        await pilot.press("left_square_bracket", "right_square_bracket")
        await pilot.press("left_curly_bracket", "right_curly_bracket", "p", "n")
        steps = [(what, step) for what in ("bout", "alert", "alert") for step in (-1, 1)]
        assert controls.asked == steps
        controls.asked.clear()
        await pilot.press("home", "end", "0", "3", "9")
        assert controls.asked == [("seek", pytest.approx(28_800.0 * part)) for part in (0.0, 1.0, 0.0, 0.3, 0.9)]
        assert not app._notifications


async def test_a_bout_or_alert_that_is_not_there_is_told(make_paused, controls):
    controls.refusal = "There is no alert after this."
    app = Dashboard(snapshot=make_paused, player=controls)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("n")
        assert [note.message for note in app._notifications] == [controls.refusal]


async def test_go_to_asks_for_a_time_and_says_what_is_wrong_with_it(make_paused, controls):
    app = Dashboard(snapshot=make_paused, player=controls)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("g", *"25:00:00", "enter")
        assert isinstance(app.screen, GotoScreen)
        assert "only 8:00:00 long" in str(app.screen.query_one("#how").content)
        assert controls.asked == []
        await pilot.press(*["backspace"] * 8, *"1:20:00", "enter")
        assert app.screen is app._live
        assert controls.asked == [("seek", 4800.0)]
        await pilot.press("g", *"+5min", "escape")
        assert app.screen is app._live
        assert len(controls.asked) == 1


async def test_the_bar_is_clicked_and_dragged(make_paused, controls):
    app = Dashboard(snapshot=make_paused, player=controls)
    async with app.run_test(size=(120, 40)) as pilot:
        await poll(app, pilot)
        last = app.query_one("#scrubber").size.width - 1
        await pilot.click("#scrubber", offset=(last // 2, 0))
        assert controls.asked == [("seek", pytest.approx(28_800.0 * (last // 2) / last))]
        controls.asked.clear()
        await pilot.hover("#scrubber", offset=(40, 0))
        assert controls.asked == []
        await pilot.mouse_down("#scrubber", offset=(0, 0))
        await pilot.hover("#scrubber", offset=(last, 0))
        await pilot.hover("#trace", offset=(60, 3))
        await pilot.mouse_up("#trace", offset=(60, 3))
        await pilot.hover("#scrubber", offset=(30, 0))
        assert controls.asked[:2] == [("seek", 0.0), ("seek", 28_800.0)]
        assert len(controls.asked) == 3


async def test_alerts_that_a_seek_passes_do_not_ring(make_alerting, make_paused, controls, monkeypatch):
    rung = []
    monkeypatch.setattr(Dashboard, "bell", lambda self: rung.append(self._shown.prompt.since_s))
    player = make_paused().player
    feed = Feed(make_paused())
    app = Dashboard(snapshot=feed, player=controls)
    async with app.run_test() as pilot:
        for goal_s in (9000.0, None):
            feed.snapshot = make_alerting(mode="replay", player=replace(player, goal_s=goal_s))
            await poll(app, pilot)
        assert rung == []
        for snapshot in (make_paused(), make_alerting(mode="replay", player=player)):
            feed.snapshot = snapshot
            await poll(app, pilot)
        assert len(rung) == 1


async def test_without_a_replay_there_is_nothing_to_seek_on(make_snapshot):
    app = Dashboard(snapshot=make_snapshot)
    async with app.run_test() as pilot:
        await poll(app, pilot)
        assert not app.query_one("#scrubber").display
        await pilot.press("g", "left", "5", "n")
        assert app.screen is app._live


async def test_explain_opens_closes_and_goes_with_the_prompt(make_alerting, make_snapshot):
    feed = Feed(make_alerting())
    app = Dashboard(snapshot=feed, act=feed.act)
    async with app.run_test() as pilot:
        await pilot.pause()
        panel = app.query_one("#explain")
        assert not panel.display
        await pilot.press("e")
        await pilot.pause()
        assert panel.display
        assert "against a limit of 30:00" in text_of(app, "#explain")
        await pilot.press("e")
        assert not panel.display
        await pilot.press("e")
        feed.snapshot = make_snapshot()
        await poll(app, pilot)
        assert not panel.display


async def test_help_opens_and_closes(make_snapshot):
    app = Dashboard(snapshot=make_snapshot)
    async with app.run_test() as pilot:
        for key in ("question_mark", "escape", "q"):
            await pilot.press("question_mark")
            assert isinstance(app.screen, HelpScreen)
            await pilot.press(key)
            assert app.screen is app._live
        assert app.is_running


async def test_q_leaves_at_once_without_a_session(make_snapshot):
    app = Dashboard(snapshot=make_snapshot)
    async with app.run_test() as pilot:
        await pilot.press("q")
    assert (app.return_code, app.failure) == (0, None)


async def test_only_keys_that_work_are_shown(make_snapshot, make_alerting):
    feed = Feed()
    app = Dashboard(snapshot=feed, act=feed.act)
    async with app.run_test() as pilot:
        await pilot.pause()
        assert footer_keys(app) == ["q", "?"]
        feed.snapshot = make_snapshot()
        await poll(app, pilot)
        assert footer_keys(app) == ["q", "m", "c", "?"]
        feed.snapshot = make_alerting()
        await poll(app, pilot)
        assert footer_keys(app) == ["q", "s", "d", "e", "m", "c", "?"]
        feed.snapshot = make_snapshot()
        await poll(app, pilot)
        assert footer_keys(app) == ["q", "m", "c", "?"]
        await pilot.press("s", "d", "e")
        assert feed.done == []


# ------------------------------------------------------------------ the session


async def test_the_session_starts_after_the_first_frame():
    seen = []
    app = Dashboard(snapshot=lambda: None, run=lambda: session())  # noqa: PLW0108 - it needs the app

    async def session():
        seen.append(app.query_one("#empty").region.size)
        await asyncio.Event().wait()

    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert seen == [(80, 23)]


async def test_an_error_of_ours_ends_the_dashboard_and_is_kept(make_snapshot):
    async def session():
        await asyncio.sleep(0)
        raise SensorError("Bluetooth is off. Switch it on and start again.")

    app = Dashboard(snapshot=make_snapshot, run=session)
    async with app.run_test() as pilot:
        await pilot.pause()
    assert app.return_code == 1
    assert isinstance(app.failure, SensorError)
    assert str(app.failure) == "Bluetooth is off. Switch it on and start again."


async def test_a_fault_in_the_session_is_not_swallowed(make_snapshot):
    async def session():
        raise ZeroDivisionError

    app = Dashboard(snapshot=make_snapshot, run=session)
    with pytest.raises(Exception, match="ZeroDivisionError") as caught:
        async with app.run_test() as pilot:
            await pilot.pause()
    assert isinstance(caught.value.error, ZeroDivisionError)
    assert app.failure is None


@pytest.mark.parametrize(("mode", "what"), [("live", "session"), ("replay", "replay")])
async def test_after_its_end_the_screen_stays_and_says_so(make_alerting, controls, mode, what):
    async def session():
        await asyncio.sleep(0)

    player = Player(60.0, 60.0, 1.0, paused=False, ended=True) if mode == "replay" else None
    feed = Feed(make_alerting(mode=mode, player=player))
    app = Dashboard(snapshot=feed, run=session, act=feed.act, player=controls if mode == "replay" else None)
    async with app.run_test() as pilot:
        await poll(app, pilot)
        assert text_of(app, "#strip").strip() == f"■ The {what} has ended. Press q to leave."
        assert app.query_one("#strip").display
        assert footer_keys(app) == ["q", "e", "?"]
        await pilot.press("s", "space")
        assert (feed.done, controls.asked) == ([], [])
        await pilot.press("q")
    assert app.return_code == 0


async def test_an_end_without_any_data_says_so():
    async def session():
        await asyncio.sleep(0)

    app = Dashboard(snapshot=lambda: None, run=session)
    async with app.run_test() as pilot:
        await pilot.pause()
        assert "no data came" in str(app.query_one("#empty").content)


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_leaving_lets_the_session_finish_its_work(make_snapshot, key):
    may_close, finished = asyncio.Event(), []

    async def session():
        try:
            await asyncio.Event().wait()
        finally:
            await may_close.wait()
            finished.append("closed")

    app = Dashboard(snapshot=make_snapshot, run=session)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press(key)
        await pilot.pause()
        assert not app._exit
        may_close.set()
        await pilot.pause()
        assert (app._exit, finished) == (True, ["closed"])
    assert (app.return_code, app.failure) == (0, None)


async def test_an_error_while_closing_is_kept(make_snapshot):
    async def session():
        try:
            await asyncio.Event().wait()
        finally:
            raise SensorError("The disk is full.")

    app = Dashboard(snapshot=make_snapshot, run=session)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("q")
        await pilot.pause()
    assert (app.return_code, str(app.failure)) == (1, "The disk is full.")


async def test_a_second_q_does_not_wait(make_snapshot):
    hold = asyncio.Event()

    async def session():
        try:
            await asyncio.Event().wait()
        finally:
            await hold.wait()

    app = Dashboard(snapshot=make_snapshot, run=session)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("q")
        await pilot.pause()
        assert not app._exit
        await pilot.press("q")
        assert app._exit
        hold.set()


# ------------------------------------------------------------------ what is shown


async def test_the_empty_state_gives_way_to_the_first_snapshot(make_snapshot):
    feed = Feed()
    app = Dashboard(snapshot=feed)
    async with app.run_test() as pilot:
        await pilot.pause()
        assert "Looking for the sensor" in str(app.query_one("#empty").content)
        assert not app.query_one("#live").display
        feed.snapshot = make_snapshot()
        plot = app.query_one("#trace", Picture)
        for _ in range(100):
            await pilot.pause(0.05)
            if plot._rows:
                break
        assert app.query_one("#live").display
        assert not app.query_one("#empty").display
        assert app.query_one(Digits).value == "+6"
        assert any(role == "trace" for row in plot._rows for _, role in row)


async def test_digits_follow_the_sign_and_the_state(make_snapshot):
    feed = Feed(make_snapshot())
    app = Dashboard(snapshot=feed)
    async with app.run_test() as pilot:
        for tilt_deg, moving, value, classes in (
            (-14.2, False, "-14", {"-outside"}),
            (-0.3, True, "0", {"-moving"}),
            (None, False, "--", set()),
        ):
            feed.snapshot = make_snapshot(tilt_deg=tilt_deg, moving=moving)
            await poll(app, pilot)
            assert app.query_one(Digits).value == value
            assert {c for c in app.query_one("#reading").classes if c.startswith("-")} == classes


async def test_the_bell_rings_once_for_every_new_prompt(make_alerting, make_snapshot, monkeypatch):
    rung = []
    monkeypatch.setattr(Dashboard, "bell", lambda self: rung.append(self._shown.prompt.since_s))
    first = make_alerting()
    second = replace(first, prompt=replace(first.prompt, since_s=first.prompt.since_s + 900.0))
    feed = Feed(first)
    app = Dashboard(snapshot=feed)
    async with app.run_test() as pilot:
        for snapshot in (first, second, second, make_snapshot(), second):
            feed.snapshot = snapshot
            await poll(app, pilot)
    assert rung == [first.prompt.since_s, second.prompt.since_s, second.prompt.since_s]


async def test_only_what_changed_is_painted_again(make_snapshot, monkeypatch):
    feed = Feed(make_snapshot())
    painted = []
    app = Dashboard(snapshot=feed)
    async with app.run_test(size=(120, 40)) as pilot:
        await poll(app, pilot)
        render = Picture.render_line

        def note(self, y):
            painted.append((self.id, y))
            return render(self, y)

        monkeypatch.setattr(Picture, "render_line", note)
        monkeypatch.setattr(Digits, "render", lambda self: pytest.fail("the digits did not change"))
        feed.snapshot = make_snapshot(tilt_deg=6.3)  # other values, the same picture
        await poll(app, pilot)
        assert painted == []
        feed.snapshot = make_snapshot(clock="10:42:32")
        await poll(app, pilot)
        assert set(painted) == {("link", 0)}


async def test_the_screen_is_drawn_again_after_a_resize(make_snapshot):
    app = Dashboard(snapshot=make_snapshot)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.resize_terminal(80, 24)
        await poll(app, pilot)
        for picture in app.query("#live Picture").results(Picture):
            assert all(sum(len(text) for text, _ in row) <= picture.size.width for row in picture._rows)
        assert app.screen.has_class("-narrow", "-short")
