"""The verb tune: tables, JSON, what is written, and its sentences."""

import json
import shutil
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from recorded import record, scripted

from monitor.cli.tune import tune
from monitor.cli.tune_days import read
from monitor.cli.tune_screen import day_name
from monitor.cli.tune_sweep import Other, shared, work
from monitor.config import load_profile
from monitor.errors import ConfigError, SitwellError
from monitor.storage import labels
from monitor.stream import Started
from monitor.tuning.knobs import knobs
from monitor.tuning.rerun import Tried
from monitor.tuning.suggest import together
from monitor.tuning.sweep import axis, grid

WORN = Started(0.0, 8 * 3600.0, 0, days_worn=9)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("days")
    for day in range(1, 5):
        path = folder / f"{day}.sqlite"
        record(path, [WORN, *scripted("s3300 w90 s2000 w90 s2000")], f"2026-06-0{day}T08:00")
        for t_s, said in ((1804.0, "wrong"), (2704.0, "right"), (5194.0, "wrong"), (7284.0, "wrong")):
            labels.add(path, t_s, t_s, said)
    return folder


@pytest.fixture
def days(made, tmp_path):
    """Four days of which each prompt is marked."""
    return Path(shutil.copytree(made, tmp_path / "recordings"))


@pytest.fixture
def own(tmp_path):
    """A profile of which only the rule for sitting asks."""
    path = tmp_path / "profile.toml"
    names = ("posture", "sideways", "standing", "shift", "breaks")
    path.write_text("".join(f'[[alert]]\nname = "{name}"\non = false\n' for name in names))
    return path


def run(*arguments):
    result = CliRunner().invoke(tune, list(map(str, arguments)))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_a_grid_is_printed_with_its_best_and_the_toml_to_paste(days, own):
    result = run("--recordings", days, "--profile", own, "--set", "sitting.limit_min=20:60:10")
    head, *lines = result.stdout.splitlines()
    assert head.split()[:2] == ["sitting.limit_min", "prompts/h"]
    assert lines[0].split()[:2] == ["now", "30"]
    assert len([line for line in lines if "*" in line]) >= 2
    toml = tomllib.loads(result.stdout.partition("# line")[2].partition("\n")[2])
    assert toml["alert"][0]["name"] == "sitting"
    assert set(toml["alert"][0]) == {"name", "limit", "clear"}


def test_json_has_every_setting_and_is_strict(days, own):
    result = run("--recordings", days, "--profile", own, "--set", "sitting.limit_min=30,45", "--json")
    told = json.loads(result.stdout, parse_constant=pytest.fail)
    assert (told["days"], told["sessions"], told["marks"]) == (4, 4, 16)
    at_30, at_45 = told["settings"]
    assert at_30["prompts"] == told["now"]["prompts"] == 16
    assert at_30["values"] == {"sitting.limit_min": 30.0}
    assert (at_45["prompts"], at_45["precision"], at_45["recall"], at_45["missed"]) == (4, 1.0, 1.0, 0)
    assert at_45["long_exposures"] == 4
    assert all(each["pareto"] for each in told["settings"]) == ("toml" in at_30)


def test_the_figures_are_those_after_pasting(days, own, tmp_path):
    swept = json.loads(
        run("--recordings", days, "--set", "sitting.limit_min=23", "--set", "posture.tilt_deg=7", "--json").stdout
    )
    pasted = tmp_path / "pasted.toml"
    pasted.write_text(swept["chosen"]["toml"])
    again = json.loads(run("--recordings", days, "--profile", pasted, "--set", "sitting.limit_min=23", "--json").stdout)
    assert again["now"]["prompts"] == swept["settings"][0]["prompts"]


def test_the_picked_line_is_written(days, own):
    result = run(
        "--recordings", days, "--profile", own, "--set", "sitting.limit_min=20,45", "--pick", 2, "--write", "--json"
    )
    assert "2 values written to" in result.stderr
    (rule,) = [each for each in load_profile(own).prompts.places[0].rules if each.name == "sitting"]
    assert (rule.limit, rule.clear) == (2700.0, 90.0)


def test_a_proposal_is_shown_with_both_figures_and_written_only_when_asked(days, own):
    before = own.read_text()
    result = run("--recordings", days, "--profile", own, "--suggest")
    assert "chosen on 2 days with 8 marks" in result.stdout
    assert "scored on 2 days with 8 marks" in result.stdout
    assert own.read_text() == before
    told = json.loads(run("--recordings", days, "--profile", own, "--suggest", "--write", "--json").stdout)
    assert told["holds"]
    assert told["scored_on"]["after"]["precision"] == 1.0
    assert load_profile(own).prompts.places[0].rules != load_profile().prompts.places[0].rules
    assert "sitting" in own.read_text()


def test_recordings_may_be_named(days):
    told = json.loads(run(days / "1.sqlite", days / "3.sqlite", "--set", "sitting.limit_min=30", "--json").stdout)
    assert told["sessions"] == 2


def test_a_recording_without_stored_events_is_made_anew(days):
    path = record(days / "9.sqlite", scripted("s60"), "2026-06-09T08:00", closed=False)
    assert len(read(path).marked.worn.seconds) == 0  # these have no samples: nothing comes out
    result = run("--recordings", days, "--days", 2, "--set", "sitting.limit_min=30", "--json")
    assert json.loads(result.stdout)["sessions"] == 1


def test_what_cannot_be_read_is_told_and_the_rest_is_tried(days):
    (days / "bad.sqlite").write_text("no")
    result = run("--recordings", days, "--set", "sitting.limit_min=30", "--json")
    assert "bad.sqlite" in result.stderr
    assert json.loads(result.stdout)["sessions"] == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "siting.limit_min=3"], "did you mean sitting.limit_min"),
        (["--set", "posture.tilt_deg=2:8:1"], "5 or more"),
        (["--set", "sitting.hold_s=0"], "1 second or more"),
        (["--set", "sitting.limit_min=30", "--pick", "2"], "--pick takes 1 to 1"),
        (["--place", "moon", "--set", "sitting.limit_min=30"], "no profile 'moon': there are desk, sofa"),
        ([], "no terminal for the tuner"),
    ],
)
def test_what_cannot_be_is_one_sentence(days, arguments, said):
    with pytest.raises((SitwellError, ConfigError), match=said):
        run("--recordings", days, *arguments)


def test_an_empty_folder_says_what_to_do(tmp_path):
    with pytest.raises(SitwellError, match="sitwell live"):
        run("--recordings", tmp_path, "--suggest")


@pytest.mark.parametrize("arguments", [["--set", "a=1", "--suggest"], ["--write"], ["--pick", "1"]])
def test_options_that_do_not_go_together_are_a_usage_error(arguments):
    assert run(*arguments).exit_code == 2


def test_knobs_are_listed():
    assert "sitting.limit_min" in run("--knobs").stdout
    (row,) = [each for each in json.loads(run("--knobs", "--json").stdout) if each["name"] == "sitting.limit_min"]
    assert (row["value"], row["unit"]) == (30.0, "min")


def test_two_processes_give_what_one_gives(days):
    sessions = [read(path) for path in sorted(days.glob("*.sqlite"))]
    marked, before = [each.marked for each in sessions], load_profile().prompts
    axes = (axis("sitting.limit_min=10:59.9:0.1", knobs(before.places[0])),)
    values = list(grid(axes))
    own = work(marked, before, axes, "desk")
    with Other() as other:
        while not other.ready(marked, own):
            pass
        both = shared(marked, own, values, other)
    assert str(both) == str(shared(marked, own, values, None))


def test_days_are_named():
    assert day_name("2026-06-01") == "Mon 1 Jun"
    assert day_name("tour") == "tour"
    assert isinstance(Tried(together([])[0]), Tried)
