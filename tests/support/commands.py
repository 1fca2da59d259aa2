"""The `sitwell` command as a process of its own, with data and settings below a test's folder."""

import json
import os
import subprocess
import sys
import time

import pytest


def environment(home):
    return os.environ | {
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "TZ": "Europe/Paris",
    }


def started(*arguments, home):
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(home),
    )


def finished(*arguments, home, timeout_s=60):
    """The completed process: returncode, stdout, stderr."""
    return subprocess.run(
        [sys.executable, "-m", "monitor", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(home),
        timeout=timeout_s,
    )


def outcome(*arguments, home, timeout_s=60):
    """(exit code, stdout, stderr) of the command run to its end."""
    done = finished(*arguments, home=home, timeout_s=timeout_s)
    return done.returncode, done.stdout, done.stderr


def told(home, until):
    """The first status --json of one session for which `until` holds."""
    end = time.monotonic() + 40.0
    while time.monotonic() < end:
        said = json.loads(finished("status", "--json", home=home).stdout)
        if said["running"] and until(said["sessions"][0]):
            return said["sessions"][0]
        time.sleep(0.2)
    pytest.fail("the session never said so")
