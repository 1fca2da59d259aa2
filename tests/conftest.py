"""Shared fixtures: a made-up wearer as plain arrays, with no simulator in it, so that the core is tested on its own."""

import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from monitor.stream import Samples

# A run in the background ignores Ctrl-C, and so would every process that a test starts and then interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)


Spell = tuple[str, float, float]  # what, seconds, tilt in degrees


SEAT_M = 0.4
LEAN_DEG = 30.0


def wearing(spells: list[Spell], rate_hz: float = 100.0, seed: int = 0, start_s: float = 0.0) -> Samples:
    """A sensor with +y up and -z forward.

    'walk' adds a 1.8 Hz bounce, 'still' sways, 'off' is a table. 'sit' sways too, and begins with standing a while and
    then sitting down, unless seated already; 'walk' and 'stand' begin with a rise from the seat.
    """
    rng = np.random.default_rng(seed)
    acc, gyr = [], []
    last, seated = 0.0, False
    for what, seconds, tilt_deg in spells:
        n = round(seconds * rate_hz)
        t = np.arange(n) / rate_hz
        down, rise = what == "sit" and not seated, what in {"walk", "stand"} and seated
        seated = what == "sit" or (seated and not rise)
        way_s, begin_s = (1.8, 1.6 if down else 0.4) if down or rise else (1.0, 0.0)
        x = np.clip((t - begin_s) / way_s, 0.0, 1.0)
        height = (60.0 * x - 180.0 * x**2 + 120.0 * x**3) * SEAT_M / way_s**2 / 9.80665 * (float(rise) - float(down))
        tilt = last + (tilt_deg - last) * x + LEAN_DEG * float(rise or down) * np.sin(np.pi * x) ** 2
        last = tilt_deg
        tilt = np.deg2rad(tilt)
        noise = 0.0002 if what == "off" else 0.002
        if what in {"still", "sit", "stand"}:
            tilt = tilt + np.deg2rad(0.3) * np.sin(2 * np.pi * 0.25 * t)
        # anterior tilt turns the front down: up gets a part along -X = +z
        up = np.stack((np.zeros(n), np.cos(tilt), np.sin(tilt)), axis=1)
        bounce = 0.25 * np.sin(2 * np.pi * 1.8 * t) + 0.05 * np.sin(2 * np.pi * 3.6 * t) if what == "walk" else 0.0
        bounce = np.where(t >= begin_s + way_s, bounce, 0.0) if rise else bounce
        acc.append(up * (1.0 + height + np.asarray(bounce))[..., None] + rng.normal(0.0, noise, (n, 3)))
        rate = np.gradient(np.rad2deg(tilt), 1.0 / rate_hz) if n > 1 else np.zeros(n)
        gyr.append(np.stack((-rate, np.zeros(n), np.zeros(n)), axis=1) + rng.normal(0.0, 0.1, (n, 3)))
    a, g = np.concatenate(acc), np.concatenate(gyr)
    return Samples(start_s + np.arange(len(a)) / rate_hz, a, g)


@pytest.fixture
def wear() -> Callable[..., Samples]:
    """The function `wearing`."""
    return wearing


BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>{rule}
  </policy>
</busconfig>
"""


@pytest.fixture
def private_bus(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """`private_bus(rule)` -> address of a dbus-daemon of its own, with this rule in its policy."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed (.ci/run installs it)")
    pytest.importorskip("dbus_fast", reason="needs dbus-fast, which is for Linux")
    started: list[subprocess.Popen[str]] = []

    def start(rule: str = "") -> str:
        config = tmp_path / "bus.conf"
        config.write_text(BUS.format(rule=rule))
        daemon = subprocess.Popen(
            ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"], stdout=subprocess.PIPE, text=True
        )
        started.append(daemon)
        assert daemon.stdout is not None
        return daemon.stdout.readline().strip()

    yield start
    for daemon in started:
        daemon.terminate()
        daemon.communicate(timeout=10)
