"""status and attach beside a session that runs without a screen, each a process of its own."""

import json
import signal
import subprocess
import sys
import time

import pytest
from commands import environment, finished, started

from monitor.storage.recording import Recording
from monitor.storage.requests import ask
from monitor.stream import Mark, Wearer


@pytest.fixture
def headless(tmp_path):
    running = []

    def start(*arguments):
        running.append(started("demo", "--headless", "--speed", "10", "--json", *arguments, home=tmp_path))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


def told(home, until):
    """The first status --json of one session for which `until` holds."""
    end = time.monotonic() + 40.0
    while time.monotonic() < end:
        said = json.loads(finished("status", "--json", home=home).stdout)
        if said["running"] and until(said["sessions"][0]):
            return said["sessions"][0]
        time.sleep(0.2)
    pytest.fail("the session never said so")


def test_status_without_a_session(tmp_path):
    told = finished("status", home=tmp_path)
    assert (told.returncode, told.stdout, told.stderr) == (0, "no session\n", "")
    assert json.loads(finished("status", "--json", home=tmp_path).stdout) == {"running": False, "sessions": []}
    told = finished("attach", home=tmp_path)
    assert told.returncode == 1
    assert "start one with `sitwell live`" in told.stderr


def test_a_headless_session_is_found_told_and_spoken_to(tmp_path, headless):
    process = headless()
    said = told(tmp_path, lambda each: each.get("tilt_deg") is not None)
    assert said["sensor"] == "WT901BLE67"
    assert said["link"] == "connected"
    assert said["postures_s"]["walking"] > 0
    line = finished("status", home=tmp_path).stdout
    assert line.count("\n") == 1
    assert "tilt" in line
    assert "battery" in line
    recording = tmp_path / "data" / "sitwell" / "recordings"
    [path] = recording.glob("*.sqlite")
    assert said["recording"] == str(path)
    ask(path, Wearer(0.0, "snooze", 300.0))
    ask(path, Mark(0.0, "standing"))
    assert told(tmp_path, lambda each: each["snoozed_s"] > 0)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert json.loads(out)["recording"] == str(path)
    with Recording.open(path) as opened:
        found = [r for r in opened.records() if isinstance(r, Mark | Wearer)]
        assert [type(r) for r in found] == [Wearer, Mark]
        assert all(said["t_s"] <= r.t_s <= opened.end_s for r in found)
    assert finished("status", home=tmp_path).stdout == "no session\n"
    told_then = finished("attach", path, home=tmp_path)
    assert told_then.returncode == 1
    assert "`sitwell replay` shows it" in told_then.stderr


def test_a_session_that_records_elsewhere_is_found_too(tmp_path, headless):
    path = tmp_path / "elsewhere" / "a.sqlite"
    headless("--out", path)
    assert told(tmp_path, lambda each: "t_s" in each)["recording"] == str(path)
    assert json.loads(finished("status", path, "--json", home=tmp_path).stdout)["running"]


def test_a_killed_session_is_no_session(tmp_path, headless):
    process = headless()
    told(tmp_path, lambda each: "t_s" in each)
    process.kill()
    process.communicate()
    assert finished("status", home=tmp_path).stdout == "no session\n"


def test_status_imports_nothing_slow(tmp_path):
    code = """
import sys
from monitor.cli.attach import sessions
sessions(None)
print([name for name in ("numpy", "scipy") if name in sys.modules])
"""
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment(tmp_path)
    )
    assert told.stdout == "[]\n"


def test_quiet_silences_the_session_that_runs_and_off_ends_it(tmp_path, headless):
    headless()
    told(tmp_path, lambda each: "t_s" in each)
    said = finished("quiet", "2h", home=tmp_path)
    assert (said.returncode, said.stderr) == (0, "quiet for 120 min: WT901BLE67\n")
    told(tmp_path, lambda each: each["snoozed_s"] > 6000)
    assert "snoozed 1 h" in finished("status", home=tmp_path).stdout
    assert finished("quiet", "off", home=tmp_path).stderr == "prompts come again: WT901BLE67\n"
    told(tmp_path, lambda each: each["snoozed_s"] == 0)


@pytest.mark.parametrize(("time", "code"), [("13h", 2), ("soon", 2), ("5min", 1)])
def test_quiet_that_cannot_be_is_one_sentence(tmp_path, time, code):
    said = finished("quiet", time, home=tmp_path)
    assert said.returncode == code
    assert ("No session is running" in said.stderr) == (code == 1)
