"""How the screen looks: pictures at both sizes, that everything fits, and that nothing hangs on colour."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from textual.geometry import Region
from textual.widgets import Digits

import monitor.dashboard
from monitor.dashboard.app import Dashboard
from monitor.dashboard.widgets.picture import Picture

SMALL, LARGE = (80, 24), (120, 40)
FRAME_COLOURS = {"#c5c8c6", "#ff5f57", "#febc2e", "#28c840"}  # of the window that Rich draws around the screen
SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])


def dashboard(snapshot, **options):
    return Dashboard(snapshot=lambda: snapshot, **{"act": lambda _action, _seconds: None} | options)


@SIZES
def test_empty(snap_compare, size):
    assert snap_compare(dashboard(None), terminal_size=size)


@SIZES
def test_sitting(snap_compare, make_snapshot, size):
    assert snap_compare(dashboard(make_snapshot()), terminal_size=size)


@SIZES
def test_alerting_explained(snap_compare, make_alerting, size):
    assert snap_compare(dashboard(make_alerting()), terminal_size=size, press=["e"])


@SIZES
def test_link_lost(snap_compare, make_lost, size):
    assert snap_compare(dashboard(make_lost()), terminal_size=size)


@SIZES
def test_replay_paused(snap_compare, make_paused, controls, size):
    assert snap_compare(dashboard(make_paused(), act=None, player=controls), terminal_size=size)


@SIZES
def test_replay_seeking(snap_compare, make_paused, controls, size):
    player = replace(make_paused().player, goal_s=22_000.0)
    snapshot = make_paused(player=player)
    assert snap_compare(dashboard(snapshot, act=None, player=controls), terminal_size=size)


def test_go_to(snap_compare, make_paused, controls):
    app = dashboard(make_paused(), act=None, player=controls)
    assert snap_compare(app, terminal_size=SMALL, press=["g", *"25:00", "enter"])


def test_no_zero_yet(snap_compare, make_snapshot):
    snapshot = make_snapshot(tilt_deg=None, tilt_sd_deg=None, obliquity_deg=None, zero="none")
    assert snap_compare(dashboard(snapshot), terminal_size=SMALL)


def test_help(snap_compare, make_snapshot):
    assert snap_compare(dashboard(make_snapshot()), terminal_size=SMALL, press=["question_mark"])


@pytest.mark.parametrize("kind", ["make_snapshot", "make_alerting", "make_lost", "make_paused"])
async def test_everything_fits(request, kind):
    app = dashboard(request.getfixturevalue(kind)(), player=request.getfixturevalue("controls"))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        if kind == "make_alerting":
            await pilot.press("e")
        for size in (SMALL, (100, 30), LARGE, (80, 40), (120, 24), (200, 60)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            check_that_everything_fits(app.screen, size, replaying=kind == "make_paused")


def check_that_everything_fits(screen, size, *, replaying):
    whole = Region(0, 0, *size)
    hidden = {"player", "strip", "scrubber"} if not replaying else set()  # the first hides the others
    shown = [w for w in screen.query("#live, #live *, Footer") if w.display and w.id not in hidden]
    assert screen.query_one("#player").display == replaying
    assert len(shown) > 12
    for widget in shown:
        assert widget.region.area > 0, widget
        assert whole.contains_region(widget.region), widget
        assert widget.parent.region.contains_region(widget.region), widget
        if isinstance(widget, Picture):
            assert len(widget._rows) <= widget.size.height, widget
            assert all(sum(len(text) for text, _ in row) <= widget.size.width for row in widget._rows), widget
    digits = screen.query_one(Digits)
    assert digits.get_content_width(digits.size, digits.size) <= digits.size.width


@pytest.mark.parametrize("kind", ["make_snapshot", "make_alerting", "make_lost"])
async def test_no_color_is_honoured(request, monkeypatch, kind):
    monkeypatch.setenv("NO_COLOR", "1")
    app = dashboard(request.getfixturevalue(kind)())
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        plain = app.export_screenshot()
    colours = set(re.findall("#[0-9a-f]{6}", plain)) - FRAME_COLOURS
    assert len(colours) > 3
    assert all(colour[1:3] == colour[3:5] == colour[5:7] for colour in colours)


def test_no_file_of_the_dashboard_knows_a_clock_or_reaches_too_far():
    allowed = {
        "dashboard",
        "snapshot",
        "summary",
        "stream",
        "errors",
        "messages",
        "states",
        "tuning",
    }  # all of them pure
    files = list(Path(monitor.dashboard.__file__).parent.rglob("*.py"))
    assert len(files) > 10
    for file in files:
        imported = re.findall(r"^\s*(?:from|import) ([\w.]+)", file.read_text(encoding="utf-8"), re.MULTILINE)
        assert not {"time", "datetime"} & {name.partition(".")[0] for name in imported}, file
        assert {name.split(".")[1] for name in imported if name.startswith("monitor.")} <= allowed, file
