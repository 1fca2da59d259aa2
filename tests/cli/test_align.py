"""align and calibrate: in real processes on a virtual sensor over the software radio, and on recordings."""

import os
import re
import signal
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from commands import finished, started
from filelock import FileLock

from monitor.cli import sitwell
from monitor.errors import ConfigError, PoseError
from monitor.sites import load_calibration, load_site
from monitor.sources.simulator import ALIGNMENT, SIX_FACE, Mounting, SensorErrors, Wearer, script_of
from monitor.storage.recorder import Recorder
from monitor.storage.schema import Meta
from monitor.stream import Samples, Temperature


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """The folder that files are written to, here and in processes started from here."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "sitwell"


def process(*arguments):
    command = [sys.executable, "-m", "monitor", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=os.environ)
    return done.returncode, done.stdout, done.stderr


def run(*arguments):
    return CliRunner().invoke(sitwell, [str(a) for a in arguments], catch_exceptions=False)


def recorded(path, script, *, deg_c=None, **how):
    wearer = Wearer(script, **how)
    t = np.arange(0.0, wearer.duration_s, 0.01)
    recorder = Recorder.create(
        path,
        Meta("WT 1", 100.0, gyro=True, started_utc_s=0.0, zone="UTC", utc_offset_s=0, source="test", app_version="0"),
    )
    if deg_c is not None:
        recorder.write(Temperature(0.0, deg_c), [])
    recorder.write(Samples(t, *wearer(t)), [])
    recorder.close()
    return path


def test_align_on_the_virtual_sensor_writes_the_site(data):
    code, out, err = process("align", "--virtual", "--speed", "20")
    assert code == 0, err
    assert "Bow forward" in err
    assert "(3 of 3)" in err
    assert out.count("good ") == 6
    site = load_site(data / "sites" / "virtual.toml")
    truth = Mounting(12.0, -5.0, 25.0).matrix()
    assert np.degrees(np.arccos(site.alignment.anterior @ truth[:, 0])) < 2.0
    assert site.sensor.startswith("virtual-")
    assert site.quality["number_of_bows"] == 3.0


def test_calibrate_on_the_virtual_sensor_finds_its_errors(data):
    code, out, err = process("calibrate", "--virtual", "--speed", "20")
    assert code == 0, err
    (path,) = (data / "calibrations").iterdir()
    assert str(path) in out
    found = load_calibration(path).calibration
    np.testing.assert_allclose(found.offset_g, (0.018, -0.025, 0.040), atol=1e-3)
    np.testing.assert_allclose(found.gain, (1.01, 0.99, 1.02), atol=1e-3)


def test_calibrating_again_on_a_warm_sensor_measures_the_drift(tmp_path, data):
    flat = Mounting(0, 0, 0)
    cold = recorded(
        tmp_path / "c.sqlite",
        SIX_FACE,
        mounting=flat,
        deg_c=22.0,
        errors=SensorErrors(acc_offset_mg=(10.0, 0.0, -20.0)),
    )
    warm = recorded(
        tmp_path / "w.sqlite", SIX_FACE, mounting=flat, deg_c=32.0, errors=SensorErrors(acc_offset_mg=(10.0, 5.0, 20.0))
    )
    assert "drift" not in run("calibrate", cold).output
    assert "against 22 C before" in run("calibrate", warm).output
    (path,) = (data / "calibrations").iterdir()
    known = load_calibration(path)
    assert known.calibration.per_degree_g == pytest.approx((0.0, 0.0005, 0.004), abs=1e-4)
    assert known.calibration.at_deg_c == 22.0


def test_align_on_a_recording_takes_out_the_sensors_own_errors(tmp_path, data):
    errors = SensorErrors(acc_offset_mg=(60.0, -40.0, 80.0))
    run("calibrate", recorded(tmp_path / "f.sqlite", SIX_FACE, mounting=Mounting(0, 0, 0), errors=errors))
    mounting = Mounting(0.0, 0.0, 180.0)
    worn = recorded(tmp_path / "r.sqlite", (*script_of("walk 20"), *ALIGNMENT), mounting=mounting, errors=errors)
    result = run("align", worn, "--from", "20s", "--site", "front")
    assert result.exit_code == 0
    site = load_site(data / "sites" / "front.toml")
    assert site.sensor == "WT 1"
    assert np.degrees(np.arccos(site.alignment.up @ mounting.matrix()[:, 1])) < 1.0  # 4.6 degrees if left in


SIDEWAYS = "stand 4 0 40 1.5, stand 4 0 0 1.5"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("stand 20", "ended in the step 'bow'"),
        (f"stand 8 0 0, {SIDEWAYS}, {SIDEWAYS}, {SIDEWAYS}, sit 9 -10, sit 9 -28 0 2", "not to a side"),
    ],
)
def test_a_protocol_done_wrong_is_one_sentence_and_writes_nothing(tmp_path, script, words, data):
    path = recorded(tmp_path / "r.sqlite", script_of(script))
    with pytest.raises(PoseError, match=words) as caught:
        run("align", path)
    assert "othing was written" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not data.exists()
    if "bow" in words:
        code, _, err = process("align", str(path))
        assert (code, err.splitlines()[-1]) == (1, f"sitwell: {caught.value}")


@pytest.mark.parametrize("arguments", [["--from", "3s"], ["--virtual", "--sensor", "a"]])
def test_options_that_do_not_go_together_are_usage_errors(arguments):
    assert run("align", *arguments).exit_code == 2
    assert run("calibrate", *arguments).exit_code == 2


def test_a_site_without_a_name_is_refused_before_the_work():
    with pytest.raises(ConfigError, match="no name for a wear site"):
        run("align", "--virtual", "--site", "a/b")


def test_a_real_sensor_is_found_and_held_for_this_process_alone(tmp_path, data):
    """Through the software radio of another process: it is the only one near, and another session may have it."""
    offered = started("virtual", "--sensor", "witmotion", "--tcp", "0", home=tmp_path)
    try:
        port = re.search(r"--radio (\d+)", offered.stderr.readline()).group(1)
        process = started("align", "--radio", port, home=tmp_path)
        said = iter(process.stderr.readline, "")
        assert any("Measuring with WT901BLE67" in line for line in said)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert (data / "last-sensor").exists()
        [lock] = (data / "locks").glob("*.lock")
        with FileLock(lock):
            told = finished("calibrate", "--radio", port, home=tmp_path)
        assert told.returncode == 1
        assert "Another session has" in told.stderr
    finally:
        offered.kill()
        offered.communicate()
