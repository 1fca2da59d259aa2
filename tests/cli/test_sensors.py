"""devices, scan, virtual and live --radio as processes: a sensor in one, its wearer in another."""

import contextlib
import json
import re
import signal
import subprocess
import sys

import pytest
from commands import environment, outcome

from monitor.cli.sensors import only_session
from monitor.devices import DRIVERS
from monitor.errors import SensorError
from monitor.storage.recording import Recording


@contextlib.contextmanager
def offered(sensor, home):
    """`sitwell virtual` in a process of its own -> the port that it offers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", "virtual", "--sensor", sensor, "--tcp", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env=environment(home),
    )
    try:
        line = process.stderr.readline()
        yield int(re.search(r"--radio (\d+)", line).group(1))
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_devices_lists_every_driver(tmp_path):
    code, out, _ = outcome("devices", "--json", home=tmp_path)
    assert code == 0
    listed = json.loads(out)
    assert [each["name"] for each in listed] == [driver.name for driver in DRIVERS]
    for each in listed:
        assert each["models"]
        assert each["rates_hz"]
        assert isinstance(each["gyro"], bool)
        assert isinstance(each["battery"], bool)
        assert isinstance(each["cues"], list)
        assert each["twin"] is True
    code, out, _ = outcome("devices", home=tmp_path)
    assert code == 0
    assert "WT901BLE" in out


def test_a_sensor_in_one_process_is_found_and_worn_in_another(tmp_path):
    with offered("witmotion", tmp_path) as port:
        code, out, err = outcome("scan", "--radio", port, "--for", "1.5s", "--json", home=tmp_path)
        assert code == 0, err
        (seen,) = json.loads(out)
        assert (seen["name"], seen["family"]) == ("WT901BLE67", "witmotion")
        assert -127 <= seen["rssi_dbm"] <= 20
        code, out, err = outcome("live", "--radio", port, "--headless", "--for", "3s", "--json", home=tmp_path)
        assert code == 0, err
        figures = json.loads(out)
        assert figures["samples_received"] > 200
        assert figures["samples_lost"] == 0
        with Recording.open(figures["recording"]) as recording:
            assert recording.meta.source == "live"
    assert (tmp_path / "data" / "sitwell" / "last-sensor").read_text().strip() == seen["address"]


def test_nobody_on_that_port_is_said(tmp_path):
    code, _, err = outcome("scan", "--radio", "1", home=tmp_path)
    assert code == 1
    assert "Nobody offers a radio on port 1" in err


@pytest.mark.parametrize("command", [("demo", "--headless", "--sensor", "toaster"), ("virtual", "--sensor", "toaster")])
def test_an_unknown_sensor_is_refused_by_name(command, tmp_path):
    code, _, err = outcome(*command, home=tmp_path)
    assert code == 1
    assert "'toaster'; sitwell knows: witmotion" in err


HOLD = """
import sys
from monitor.cli.sensors import only_session
with only_session(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_sessions_on_one_sensor_are_refused_and_a_dead_one_holds_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, "DC:00"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(tmp_path)
    )
    with holder:
        holder.stdout.readline()
        with pytest.raises(SensorError, match="Another session has DC:00"), only_session("DC:00"):
            pass
        with only_session("DC:01"):
            pass
        holder.kill()
    with only_session("DC:00"):
        pass
