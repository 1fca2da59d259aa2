"""replay without a screen: up to an event; and what it refuses."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from commands import finished
from decks import arrived, becomes, playing

from monitor.cli.files import analyze
from monitor.cli.replaying import Speed, replay
from monitor.dashboard.app import Dashboard
from monitor.dashboard.widgets.picture import Picture
from monitor.errors import SitwellError

TOUR = Path(__file__).resolve().parents[2] / "recordings" / "tour.sqlite"


def run(*arguments):
    return CliRunner().invoke(replay, [str(each) for each in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """The events table of the tour."""
    path = tmp_path_factory.mktemp("events") / "events.jsonl"
    CliRunner().invoke(analyze, [str(TOUR), "--events", str(path), "--json"], catch_exceptions=False)
    return path.read_text().splitlines()


@pytest.mark.parametrize("event", ["alert", "bout", "posture:walking", "transition", "bout#2"])
def test_until_prints_the_line_of_the_events_table(lines, event):
    kind, _, number = event.partition("#")
    kind, _, detail = kind.partition(":")
    meant = [line for line in lines if json.loads(line)["type"] == kind and detail in line.split('"previous"')[-1]]
    out = run(TOUR, "--until", event, "--headless")
    assert out.exit_code == 0
    assert out.stdout == meant[int(number or 1) - 1] + "\n"


def test_until_an_event_that_never_comes_is_one_sentence_and_exit_code_1(tmp_path):
    told = finished("replay", TOUR, "--until", "clip-moved", "--headless", home=tmp_path)
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith("sitwell: tour.sqlite has no clip-moved")
    assert told.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--headless"], "--headless goes with --until."),
        (["--until", "alrt", "--headless"], "did you mean 'alert'?"),
        (["--until", "bout:waking", "--headless"], "did you mean 'walking'?"),
        (["--until", "alert:never", "--headless"], "known are"),
        (["--speed", "0.05"], "a number from 0.1, or max"),
        (["--speed", "nan"], "a number from 0.1, or max"),
        (["--speed", "fast"], "a number from 0.1, or max"),
    ],
)
def test_usage_errors(arguments, told):
    out = run(TOUR, *arguments)
    assert out.exit_code == 2
    assert not out.stdout
    assert told in " ".join(out.stderr.split())


def test_a_recording_must_be_named():
    out = CliRunner().invoke(replay, [])
    assert out.exit_code == 2
    assert "Missing argument 'REC'" in out.stderr


def test_speeds():
    assert [Speed().convert(text, None, None) for text in ("0.1", "60", "max", "MAX")] == [
        0.1,
        60.0,
        *[float("inf")] * 2,
    ]


def test_without_a_terminal_it_says_what_to_do():
    with pytest.raises(SitwellError, match="--headless"):
        run(TOUR)


async def test_the_keys_and_the_bar_move_the_real_thing():
    async with playing(TOUR) as (running, deck, task):
        app = Dashboard(snapshot=running.snapshot, player=deck)
        async with app.run_test(size=(120, 40)) as pilot:
            await becomes(lambda: app._shown is not None and deck.player.alerts, task)
            await pilot.press("space", "n")
            await arrived(deck, task)
            app._show_digits()
            assert app._live.has_class("-alert")
            await pilot.press("shift+left")
            await arrived(deck, task)
            app._show_digits()
            assert not app._live.has_class("-alert")
            await pilot.press("g", *"0:03:20", "enter")
            await arrived(deck, task)
            assert deck.player.position_s == pytest.approx(200.0)
            await pilot.click("#scrubber", offset=(0, 0))
            await arrived(deck, task)
            assert deck.player.position_s == 0.0
            await pilot.press("end")
            await becomes(lambda: deck.player.ended, task)
            app._show_digits()
            await pilot.pause()
            strip = "".join(text for text, _ in app.query_one("#strip", Picture)._rows[0])
            assert strip.strip() == "■ ended, 4:08; ← goes back, q leaves"
            await pilot.press("left")
            await arrived(deck, task)
            assert deck.player.position_s == pytest.approx(238.0)
            assert not deck.player.ended
