"""The dashboard fed by the real pipeline on the simulated wearer: pictures at both sizes."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.dashboard.app import Dashboard

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "screenshot.py"
SIZES = [(80, 24), (120, 40)]


@pytest.fixture(scope="module")
def screenshot():
    spec = importlib.util.spec_from_file_location("screenshot", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
@pytest.mark.parametrize(
    ("seconds", "slumping"), [(10, True), (40, False), (126, True)], ids=["no-zero", "upright", "slump-prompted"]
)
def test_pictures_of_the_simulated_wearer(screenshot, snap_compare, size, seconds, slumping):
    snapshot = screenshot.simulated(seconds, slumping=slumping)
    assert (snapshot.prompt is not None) == (seconds == 126)
    assert (snapshot.zero == "none") == (seconds == 10)
    assert snap_compare(Dashboard(snapshot=lambda: snapshot, act=lambda *_: None), terminal_size=size)


def test_the_picture_in_the_readme_is_made_by_the_committed_script(screenshot, tmp_path):
    screenshot.save_svg(screenshot.simulated(screenshot.ALERTING_S), tmp_path / "d.svg", (120, 40))
    kept = SCRIPT.parents[1] / "docs" / "dashboard.svg"
    assert (tmp_path / "d.svg").read_text() == kept.read_text()


def test_the_picture_of_the_tuner_is_made_by_its_committed_script(tmp_path):
    script = SCRIPT.with_name("tuner_picture.py")
    subprocess.run([sys.executable, script, tmp_path / "t.svg"], check=True)
    assert (tmp_path / "t.svg").read_text(encoding="utf-8") == (SCRIPT.parents[1] / "docs" / "tuner.svg").read_text(
        encoding="utf-8"
    )
