"""The demo in a real terminal (tmux): the dashboard draws, keys work, the recording is complete."""

import re
import shutil
import subprocess
import sys
import time
import uuid

import pytest

from monitor.storage.recording import Recording
from monitor.stream import Link, LinkState, Mark, Wearer

tmux = shutil.which("tmux")
pytestmark = pytest.mark.skipif(tmux is None, reason="tmux is not installed (.ci/run installs it)")


class Terminal:
    """A tmux session of its own server."""

    def __init__(self, command, size, home):
        self.server = f"sitwell-{uuid.uuid4().hex[:8]}"
        columns, rows = size
        environment = f"XDG_DATA_HOME={home}/data XDG_CONFIG_HOME={home}/config"
        size = ("-x", columns, "-y", rows)
        self.run("new-session", "-d", "-s", "t", *size, f"env -u COLUMNS -u LINES {environment} {command}; sleep 60")

    def run(self, *arguments):
        return subprocess.run(
            [tmux, "-L", self.server, *map(str, arguments)], capture_output=True, text=True, check=True
        ).stdout

    def keys(self, *keys):
        self.run("send-keys", "-t", "t", *keys)

    def screen(self):
        return self.run("capture-pane", "-p", "-t", "t")

    def wait_for(self, text, seconds=40.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            screen = self.screen()
            if text in screen:
                return screen
            time.sleep(0.2)
        pytest.fail(f"{text!r} did not come on screen:\n{self.screen()}")

    def close(self):
        self.run("kill-server")


@pytest.fixture
def terminal(tmp_path):
    opened = []

    def start(command, size=(120, 40)):
        opened.append(Terminal(command, size, tmp_path))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def test_demo_prompts_snoozes_and_leaves_a_complete_recording(terminal, tmp_path):
    path = tmp_path / "r.sqlite"
    screen = terminal(f"{sys.executable} -m monitor demo --speed 15 --out {path}")
    screen.wait_for("WT901BLE67 connected")
    screen.wait_for("zero: your walking")
    screen.keys("m")
    screen.wait_for("You have held one tilt for a while")
    screen.keys("e")
    screen.wait_for("limit")
    screen.keys("s")
    screen.wait_for("Snoozed")
    screen.keys("?")
    screen.wait_for("Not a medical device")
    screen.keys("Escape")
    screen.wait_for("q quit")  # else the terminal takes Escape and q for Alt-q
    screen.keys("q")
    screen.wait_for("recorded in")
    with Recording.open(path) as recording:
        records = list(recording.records())
    assert [r for r in records if isinstance(r, Mark)]
    assert [r for r in records if isinstance(r, Wearer) and r.action == "snooze"]
    assert records[-1].state is LinkState.CLOSED
    assert sum(isinstance(r, Link) for r in records) == 3


def test_replay_plays_pauses_and_changes_speed(terminal, tmp_path):
    root = subprocess.run(["git", "rev-parse", "--show-toplevel"], capture_output=True, text=True, check=True).stdout
    screen = terminal(f"{sys.executable} -m monitor replay {root.strip()}/recordings/tour.sqlite --speed 20", (80, 24))
    screen.wait_for("walking")
    screen.keys("Space")
    stood = screen.wait_for("paused")
    time.sleep(0.5)
    assert "paused" in screen.screen()
    assert stood
    screen.keys("+")
    screen.keys("Space")
    screen.wait_for("ended")
    screen.keys("q")


def test_a_failing_session_gives_the_terminal_back_and_one_sentence(terminal, tmp_path):
    profile = tmp_path / "p.toml"
    profile.write_text("[band.sitting]\ntilt_degs = 3\n")
    screen = terminal(f"{sys.executable} -m monitor demo --profile {profile}; echo code $?", (200, 24))
    shown = screen.wait_for("code 1")
    assert "did you mean 'tilt_deg'" in shown.replace("\n", "")


def test_attach_shows_a_headless_session_and_its_keys_reach_it(terminal, tmp_path):
    path = tmp_path / "r.sqlite"
    terminal(f"{sys.executable} -m monitor demo --headless --speed 15 --out {path}")
    while not path.exists():
        time.sleep(0.2)
    screen = terminal(f"{sys.executable} -m monitor attach {path}")
    screen.wait_for("sitwell attached")
    screen.wait_for("zero: your walking")
    screen.keys("m")
    screen.wait_for("You have held one tilt for a while")
    screen.keys("s")
    screen.wait_for("Snoozed")
    screen.keys("q")
    with Recording.open(path) as recording:
        said = [record for record in recording.records() if isinstance(record, Mark | Wearer)]
    assert [(type(record).__name__, getattr(record, "label", "")) for record in said] == [
        ("Mark", "mark"),
        ("Wearer", ""),
    ]


def test_with_two_sensors_near_and_none_named_live_asks_which_one(terminal, tmp_path):
    near = terminal(f"{sys.executable} -m monitor virtual --sensor polar-h10 --sensor witmotion --tcp 0")
    port = re.search(r"--radio (\d+)", near.wait_for("are on the air")).group(1)
    path = tmp_path / "r.sqlite"
    screen = terminal(f"{sys.executable} -m monitor live --radio {port} --out {path}")
    listed = screen.wait_for("Which one")
    number = re.search(r"(\d)  Polar H10", listed).group(1)
    assert "WT901BLE67" in listed
    screen.keys(number, "Enter")
    screen.wait_for("Polar H10")
    screen.wait_for("connected")
    screen.keys("q")
    screen.wait_for("recorded in")
    with Recording.open(path) as recording:
        assert recording.meta.sensor.startswith("Polar H10")


def test_replay_seeks_by_key_and_by_time(terminal):
    screen = terminal(f"{sys.executable} -m monitor replay recordings/tour.sqlite --speed 0.1")
    screen.wait_for("of 4:08")
    screen.keys("}")
    screen.wait_for("You have held one tilt for a while")
    screen.keys("g")
    screen.wait_for("Go to")
    screen.keys("0:03:00", "Enter")
    screen.wait_for("3:00 of 4:08")
    screen.keys("Left")
    screen.wait_for("2:50 of 4:08")
    screen.keys("q")
