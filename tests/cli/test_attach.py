"""status and attach beside a session that runs without a screen, each a process of its own."""

import json
import signal
import subprocess
import sys

from commands import environment, finished, told

from monitor.storage.recording import Recording
from monitor.storage.requests import ask
from monitor.stream import Mark, Wearer


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
