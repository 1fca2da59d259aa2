"""diff, as a user types it: on the shipped recordings, two ways and two files."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.cli.diff import changes, diff, lines
from monitor.errors import SitwellError
from monitor.evaluation.differences import Differences, Moment

RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"
TOUR, MORNING = RECORDINGS / "tour.sqlite", RECORDINGS / "morning-acc-only.sqlite"


def run(*arguments):
    return CliRunner().invoke(diff, [str(each) for each in arguments], catch_exceptions=False)


def events(text, sign):
    return [line for line in text.splitlines() if line.startswith(f"{sign} ")]


@pytest.fixture(scope="module")
def sooner(tmp_path_factory):
    """A profile that asks sooner about a held tilt."""
    path = tmp_path_factory.mktemp("diff") / "sooner.toml"
    path.write_text("[[alert]]\nname = 'posture'\nlimit = 880\nhold_s = 4\n")
    return path


@pytest.fixture(scope="module")
def two_profiles(sooner):
    return run(TOUR, "--profile-b", sooner)


def test_a_recording_does_not_differ_from_itself():
    result = run(TOUR, TOUR, "--exit-code")
    assert result.exit_code == 0
    first, second, counts, seconds = result.stdout.splitlines()
    assert first == f"--- {TOUR}"
    assert second == f"+++ {TOUR}"
    assert " 0 changed, 0 only in the first, 0 only in the second" in counts
    assert "same posture in 100 %; tilt 0.00° apart on average, 0.00° at most" in seconds


def test_two_profiles_differ_where_they_should(two_profiles):
    assert two_profiles.exit_code == 0
    assert not events(two_profiles.stdout, "-") + events(two_profiles.stdout, "+")
    line, due, cleared = events(two_profiles.stdout, "~")
    assert cleared.startswith("~ 0:02:55 alert-cleared posture: comes 1 s earlier")
    assert due.startswith("~ 0:01:55 alert-due posture: comes ")
    assert line.startswith("~ 0:01:55 alert posture: comes ")
    assert " earlier, " in line
    assert "limit 880 instead of 900" in line
    assert "same posture in 100 %" in two_profiles.stdout
    assert not two_profiles.stderr


def test_beyond_the_tolerance_it_is_one_lost_and_one_won(sooner):
    result = run(TOUR, "--profile-b", sooner, "--within", "0.5s")
    assert [line[2:23] for line in events(result.stdout, "-")] == [
        "0:01:55 alert posture",
        "0:01:55 alert-due pos",
        "0:02:55 alert-cleared",
    ]
    line, *_ = events(result.stdout, "+")
    assert "alert posture: value " in line
    assert not events(result.stdout, "~")
    assert "3 only in the first, 3 only in the second" in result.stdout


def test_json_says_the_same(two_profiles, sooner):
    result = json.loads(run(TOUR, "--profile-b", sooner, "--json").stdout)
    assert result["differ"] is True
    assert result["b"].endswith("sooner.toml")
    assert not result["only_a"]
    assert not result["only_b"]
    changed, *_ = result["changed"]
    assert (changed["a"]["limit"], changed["b"]["limit"]) == (900.0, 880.0)
    assert ", ".join(changed["changes"]) in two_profiles.stdout
    assert f"{result['equal']} equal" in two_profiles.stdout
    assert result["seconds"]["seconds"] == result["seconds"]["same"] > 200


def test_all_lists_the_equal_ones_in_order_of_time():
    text = run(TOUR, TOUR, "--all").stdout
    listed = [line for line in text.splitlines() if line.startswith("  ")]
    assert f"{len(listed)} equal" in text
    assert "  0:00:27 bout sitting: 2 min 10 s long, steps 0" in listed
    assert listed == sorted(listed, key=lambda line: line[2:9])


def test_a_difference_is_exit_code_1_only_when_asked(sooner):
    assert run(TOUR, "--profile-b", sooner, "--exit-code").exit_code == 1
    assert run(TOUR, TOUR, "--json", "--exit-code").exit_code == 0


def test_the_gyroscope_can_be_left_out_of_one_side():
    text = run(TOUR, "--no-gyro-b").stdout
    assert text.startswith(f"--- {TOUR}\n+++ {TOUR}, without gyroscope\n")
    assert "0 only in the first, 0 only in the second" in text
    assert events(text, "~")


def test_one_recording_needs_two_ways(sooner):
    for more in ((), ("--profile", sooner), ("--no-gyro", "--no-gyro-b"), ("--hindsight",)):
        result = run(TOUR, *more)
        assert result.exit_code == 2
        assert "--profile-b" in result.stderr


def test_a_profile_for_both_is_for_both(sooner):
    assert run(TOUR, TOUR, "--profile", sooner, "--exit-code").exit_code == 0


def test_hindsight_is_for_both():
    result = run(TOUR, TOUR, "--hindsight", "--exit-code")
    assert result.exit_code == 0
    assert "same posture in 100 %" in result.stdout


@pytest.fixture
def half_a_minute_later(tmp_path):
    """The same recording, said to have begun 30.25 s later."""
    path = tmp_path / "later.sqlite"
    shutil.copy(TOUR, path)
    with sqlite3.connect(path) as db:
        ((said,),) = db.execute("SELECT value FROM meta WHERE key = 'started_utc_s'").fetchall()
        db.execute("UPDATE meta SET value = ? WHERE key = 'started_utc_s'", (json.dumps(json.loads(said) + 30.25),))
    db.close()
    return path


def test_two_starts_are_compared_on_session_time_unless_told(half_a_minute_later):
    assert run(TOUR, half_a_minute_later, "--exit-code").exit_code == 0
    result = run(TOUR, half_a_minute_later, "--align-utc", "--exit-code")
    assert result.exit_code == 1
    assert "30 more only in the first, 30 more only in the second" in result.stdout
    back = run(half_a_minute_later, TOUR, "--align-utc")
    assert "+ -0:00:30 posture unknown" in back.stdout


def test_a_recording_without_a_date_cannot_be_aligned_to_one(half_a_minute_later):
    with sqlite3.connect(half_a_minute_later) as db:
        db.execute("UPDATE meta SET value = '0.0' WHERE key = 'started_utc_s'")
    db.close()
    with pytest.raises(SitwellError, match="leave --align-utc out"):
        run(TOUR, half_a_minute_later, "--align-utc")


def test_two_different_sessions_differ_and_the_longer_one_goes_on():
    text = run(TOUR, MORNING).stdout
    assert " more only in the second; same posture in " in text
    assert [line for line in events(text, "+") if " gap: " in line]
    assert [line for line in events(text, "-") if " transition " in line]


def test_a_missing_recording_is_a_usage_error(tmp_path):
    assert run(TOUR, tmp_path / "none.sqlite").exit_code == 2


def test_lines_are_in_order_of_time_and_the_lost_before_the_won():
    def at(t_s, end_s=None, **details):
        return Moment("bout" if end_s else "alert", "sitting", t_s, end_s, tuple(details.items()))

    found = Differences([at(5.0)], [(at(3.0, 60.0, steps=1), at(3.5, 58.0, steps=2))], [at(9.0)], [at(9.0, 4000.0)])
    assert lines(found) == [
        "~ 0:00:03 bout sitting: starts 0.5 s later, ends 2 s earlier, steps 2 instead of 1",
        "- 0:00:09 alert sitting",
        "+ 0:00:09 bout sitting: 1 h 6 min long",
    ]
    assert lines(found, every=True)[1] == "  0:00:05 alert sitting"


def test_changes_name_what_only_one_has():
    a, b = Moment("alert", "x", 1.0, None, (("p", 0.5),)), Moment("alert", "x", 61.0, None, (("unit", "a b"),))
    assert changes(a, b) == ["comes 1 min later", "p none instead of 0.5", "unit 'a b' instead of none"]
