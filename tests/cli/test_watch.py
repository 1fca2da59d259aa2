"""demo and live as processes, the way a user runs them."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from commands import outcome, started

from monitor.storage.recording import Recording
from monitor.stream import Link, LinkState


def test_demo_headless_prints_one_json_object_and_records(tmp_path):
    code, out, err = outcome("demo", "--headless", "--for", "4s", "--speed", "10", "--json", home=tmp_path)
    assert code == 0, err
    figures = json.loads(out)
    assert figures["samples_received"] == pytest.approx(40 * 99.26, rel=0.08)
    assert figures["rate_hz"] == pytest.approx(99.26, rel=0.03)
    assert 0 < figures["latency_p50_ms"] <= figures["latency_p99_ms"] < 2000
    assert sum(figures["postures"].values()) == pytest.approx(40, abs=3)
    assert figures["postures"]["walking"] > 8
    assert abs(figures["tilt_deg"]) < 60
    assert str(tmp_path / "data") in figures["recording"]
    with Recording.open(figures["recording"]) as recording:
        assert recording.counts().samples == figures["samples_received"]
        assert recording.meta.zone == "Europe/Paris"
        assert recording.meta.source == "demo"


def test_demo_plays_a_recording_and_ends_with_it(tmp_path):
    first, second = tmp_path / "a.sqlite", tmp_path / "b.sqlite"
    code, _, err = outcome("demo", "--headless", "--for", "2s", "--speed", "15", "--out", first, home=tmp_path)
    assert code == 0, err
    code, out, err = outcome(
        "demo", "--headless", "--play", first, "--speed", "15", "--out", second, "--json", home=tmp_path
    )
    assert code == 0, err
    with Recording.open(first) as one, Recording.open(second) as two:
        assert two.duration_s == pytest.approx(one.duration_s, abs=4.0)
    assert json.loads(out)["postures"]["walking"] > 5


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_signal_ends_a_session_in_good_order(tmp_path, how):
    path = tmp_path / "r.sqlite"
    process = started("demo", "--headless", "--json", "--out", path, home=tmp_path)
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            time.sleep(0.3)
            if path.exists():
                with Recording.open(path) as recording:
                    if recording.duration_s > 2.0:
                        break
        process.send_signal(how)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0, err
    assert json.loads(out)["samples_received"] > 100
    with Recording.open(path) as recording:
        last = list(recording.records())[-1]
    assert isinstance(last, Link)
    assert last.state is LinkState.CLOSED


def test_live_without_bluetooth_is_one_sentence_and_exit_code_1(tmp_path):
    """Real: this runs the system's own Bluetooth. Where there is one, no known sensor is expected to be near."""
    process = started("live", "--headless", "--for", "1s", "--sensor", "WT901BLE-none", home=tmp_path)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert not out
    assert err.startswith("sitwell: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert not list(tmp_path.rglob("*.sqlite"))


def test_the_dashboard_without_a_terminal_says_what_to_do(tmp_path):
    for verb in (["demo"], ["live"]):
        code, _, err = outcome(*verb, home=tmp_path)
        assert code == 1
        assert "--headless" in err


@pytest.mark.parametrize(
    "arguments",
    [["demo", "--json"], ["demo", "--speed", "0"], ["demo", "--for", "soon", "--headless"], ["nonsense"]],
)
def test_usage_errors_exit_with_2(tmp_path, arguments):
    code, out, err = outcome(*arguments, home=tmp_path)
    assert code == 2
    assert not out
    assert "Usage:" in err


def test_an_existing_recording_is_never_overwritten(tmp_path):
    path = tmp_path / "mine.sqlite"
    path.write_text("mine")
    code, _, err = outcome("demo", "--headless", "--for", "1s", "--out", path, home=tmp_path)
    assert code == 1
    assert "exists already" in err
    assert path.read_text() == "mine"


def test_a_faulty_profile_is_refused_before_anything_is_recorded(tmp_path):
    profile = tmp_path / "p.toml"
    profile.write_text("[band.sitting]\ntilt_degs = 12\n")
    code, _, err = outcome("demo", "--headless", "--for", "1s", "--profile", profile, home=tmp_path)
    assert code == 1
    assert "did you mean 'tilt_deg'" in err
    assert not list(tmp_path.rglob("*.sqlite"))


def test_a_full_disk_ends_the_session_with_a_sentence_and_keeps_what_was_recorded(tmp_path):
    """Real: a file system of 1 MiB; where none can be mounted, a limit on the size of files."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", small], check=False, capture_output=True
        ).returncode
    )
    limit = [] if mounted else ["bash", "-c", 'ulimit -f 300; exec "$@"', "-"]
    path = small / "r.sqlite"
    try:
        env = os.environ | {"XDG_CONFIG_HOME": str(tmp_path)}
        out = subprocess.run(
            [
                *limit,
                sys.executable,
                "-m",
                "monitor",
                "demo",
                "--headless",
                "--speed",
                "40",
                "--for",
                "30s",
                "--out",
                path,
            ],
            capture_output=True,
            text=True,
            env=env,
            timeout=90,
            check=False,
        )
        assert out.returncode == 1, out
        assert out.stderr.startswith("sitwell: ")
        assert out.stderr.count("\n") == 1
        assert "is kept" in out.stderr
        with Recording.open(path) as recording:
            assert recording.duration_s > 5.0
            assert sum(1 for _ in recording.records()) > 5
    finally:
        if mounted:
            subprocess.run(["umount", small], check=True)


def test_without_bumble_the_demo_says_what_to_install(tmp_path):
    (tmp_path / "bumble.py").write_text("raise ModuleNotFoundError(\"No module named 'bumble'\", name='bumble')\n")
    env = os.environ | {"PYTHONPATH": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    out = subprocess.run(
        [sys.executable, "-m", "monitor", "demo", "--headless", "--for", "1s"],
        capture_output=True,
        text=True,
        env=env,
        timeout=60,
        check=False,
    )
    assert out.returncode == 1
    assert out.stderr == "sitwell: A virtual sensor needs bumble: install sitwell with its extra, sitwell[virtual].\n"
