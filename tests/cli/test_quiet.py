"""What is said to a session that runs: quiet, meeting, profile; and what it reads in the settings file."""

import pytest
from commands import finished, told

from monitor.storage.recording import Recording
from monitor.stream import Mark, ProfileChanged, SettingsChanged


def test_quiet_silences_the_session_that_runs_and_off_ends_it(tmp_path, headless):
    headless()
    told(tmp_path, lambda each: "t_s" in each)
    said = finished("quiet", "2h", home=tmp_path)
    assert (said.returncode, said.stderr) == (0, "quiet for 120 min: WT901BLE67\n")
    told(tmp_path, lambda each: (each["quiet"] or {}).get("for_s", 0) > 6000)
    assert "quiet, 1 h" in finished("status", home=tmp_path).stdout
    assert finished("quiet", "off", home=tmp_path).stderr == "prompts come again: WT901BLE67\n"
    told(tmp_path, lambda each: each["quiet"] is None)


@pytest.mark.parametrize(("time", "code"), [("13h", 2), ("soon", 2), ("5min", 1)])
def test_quiet_that_cannot_be_is_one_sentence(tmp_path, time, code):
    said = finished("quiet", time, home=tmp_path)
    assert said.returncode == code
    assert ("No session is running" in said.stderr) == (code == 1)


def test_a_meeting_is_quiet_until_it_is_over(tmp_path, headless):
    headless()
    told(tmp_path, lambda each: "t_s" in each)
    assert finished("meeting", "on", home=tmp_path).stderr == "quiet until `sitwell meeting off`: WT901BLE67\n"
    assert told(tmp_path, lambda each: each["quiet"])["quiet"]["why"] == "meeting"
    assert "meeting" in finished("status", home=tmp_path).stdout
    assert finished("meeting", "off", home=tmp_path).returncode == 0
    told(tmp_path, lambda each: each["quiet"] is None)
    assert finished("meeting", "perhaps", home=tmp_path).returncode == 2


def test_a_profile_is_chosen_by_command_and_its_limits_apply(tmp_path, headless):
    process = headless()
    assert told(tmp_path, lambda each: "t_s" in each)["profile"] == "desk"
    assert finished("profile", "Sofa", home=tmp_path).stderr == "profile sofa: WT901BLE67\n"
    said = told(tmp_path, lambda each: each["profile"] == "sofa")
    assert said["sitting_limit_s"] == 2700.0
    process.terminate()
    process.communicate(timeout=30)
    with Recording.open(said["recording"]) as opened:
        events = list(opened.events())
    assert [each.label for each in events if isinstance(each, Mark)] == ["sofa"]
    assert [(each.previous, each.name) for each in events if isinstance(each, ProfileChanged)] == [("desk", "sofa")]


def test_profiles_are_listed_and_an_unknown_one_is_one_sentence(tmp_path):
    listed = finished("profile", home=tmp_path).stdout
    assert [line.split()[0] for line in listed.splitlines()] == ["desk", "sofa", "standing-desk", "car"]
    said = finished("profile", "moon", home=tmp_path)
    assert said.returncode == 1
    assert said.stderr.startswith(
        "sitwell: There is no profile 'moon': name one of desk, sofa, standing-desk, car, auto"
    )


def test_a_change_in_the_file_applies_without_a_restart_and_a_faulty_one_changes_nothing(tmp_path, headless):
    own = tmp_path / "config" / "sitwell" / "profile.toml"
    process = headless()
    before = told(tmp_path, lambda each: "t_s" in each)
    assert before["sitting_limit_s"] == 1800.0
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text("[[alert]]\nname = 'sitting'\nlimit = 1200\n")
    changed = told(tmp_path, lambda each: each["sitting_limit_s"] == 1200.0)
    own.write_text("[[alert]]\nname = 'sitting'\nlimits = 600\n")
    later = told(tmp_path, lambda each: each["t_s"] > changed["t_s"] + 30.0)
    assert later["sitting_limit_s"] == 1200.0
    own.write_text("[[alert]]\nname = 'sitting'\nlimit = 600\n[bouts]\nbreak_s = 90\n")
    told(tmp_path, lambda each: each["sitting_limit_s"] == 600.0)
    own.unlink()
    told(tmp_path, lambda each: each["sitting_limit_s"] == 1800.0)
    process.terminate()
    _, err = process.communicate(timeout=30)
    assert "profile.toml, line 3: unknown name 'limits' in [[alert]] 'sitting'; did you mean 'limit'?" in err
    assert "The settings from before stay." in err
    assert "Changed outside the prompts (bouts): that applies from the next session." in err
    with Recording.open(later["recording"]) as opened:
        told_of = [each for each in opened.records() if isinstance(each, SettingsChanged)]
    limits = [each.values["places"][0]["rules"][2]["limit"] for each in told_of]
    assert limits == [1200.0, 600.0, 1800.0]
