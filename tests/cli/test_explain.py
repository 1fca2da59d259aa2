"""`sitwell explain`: every prompt with its figures, and a setting that really would have silenced it."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.cli import sitwell

ROOT = Path(__file__).parents[2]


def run(*arguments):
    return CliRunner().invoke(sitwell, [str(each) for each in arguments])


@pytest.mark.parametrize("name", ["tour", "morning-acc-only"])
def test_what_is_said_to_silence_a_prompt_silences_it(name, tmp_path):
    path = shutil.copy(ROOT / "recordings" / f"{name}.sqlite", tmp_path / "r.sqlite")
    (told,) = json.loads(run("explain", path, "--json").stdout)
    assert (told["name"], told["unit"]) == ("posture", "deg·s")
    assert told["value"] >= told["limit"]
    named = {each["set"]: each["to"] for each in told["silent_with"]}
    assert set(named) >= {"posture.tilt_deg", "posture.limit_deg_min"}
    for setting, text in (
        ("posture.tilt_deg", "[band.sitting]\ntilt_deg = {}\n"),
        ("posture.limit_deg_min", "[[alert]]\nname = 'posture'\nlimit = {}\n"),
    ):
        for less, silent in ((0.0, True), (1.0, False)):
            value = (named[setting] - less) * (60.0 if setting.endswith("min") else 1.0)
            own = tmp_path / "own.toml"
            own.write_text(text.format(value))
            events = tmp_path / "e.jsonl"
            assert run("analyze", path, "--profile", own, "--events", events).exit_code == 0
            assert ('"type": "alert",' not in events.read_text()) == silent


def test_in_words_it_says_how_sure_and_how_old(tmp_path):
    said = run("explain", ROOT / "recordings" / "tour.sqlite").stdout
    assert "1. 09:01  posture: " in said
    for part in ("against a limit of", "posture: 100 % sure", "tilt uncertainty: ±1°", "zero age: ", "profile: desk"):
        assert part in said
    assert "silent with posture.tilt_deg = " in said


def test_a_number_that_there_is_not_is_one_sentence():
    result = run("explain", ROOT / "recordings" / "tour.sqlite", "--number", 2)
    assert "name one of them with --number" in str(result.exception)
