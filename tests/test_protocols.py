"""The shipped protocols: found in the checkout and in a wheel, read strictly."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.protocols import ALIGNMENT, SIX_FACE, protocol_of, protocols_dir, shipped

ROOT = Path(__file__).resolve().parents[1]
HEAD = "title = 'a'\nsite = 'b'\n"


def test_both_are_found_in_the_checkout():
    assert [step.id for step in shipped(ALIGNMENT).steps] == ["stand", "bow", "sit-upright", "sit-slumped"]
    (face,) = shipped(SIX_FACE).steps
    assert (face.times, face.seconds, face.id) == (6, 5.0, "face")
    assert "sacrum" in shipped(ALIGNMENT).site
    assert protocols_dir() == ROOT / "calibration" / "protocols"


def test_a_wheel_holds_them_where_they_are_looked_for(tmp_path):
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as file:
        file.extractall(installed)
    code = "import monitor.protocols as p; print(p.protocols_dir()); print(p.shipped('alignment').steps[1].times)"
    out = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={"PYTHONPATH": str(installed)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    where, times = out.stdout.split("\n")[:2]
    assert Path(where) == installed / "monitor" / "calibration" / "protocols"
    assert times == "3"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = ", "not valid TOML"),
        ("titel = 'a'", "unknown name 'titel'"),
        ("title = 'a'", "site must be there"),
        (HEAD, "there must be steps"),
        (f"{HEAD}step = 3", "there must be steps"),
        (f"{HEAD}[[step]]\nid = 'x'", "needs say"),
        (f"{HEAD}[[step]]\nid = 'x'\nsay = 'y'\nsecond = 3", "did you mean 'seconds'"),
        (f"{HEAD}[[step]]\nid = 'x'\nsay = 'y'\ntimes = 1.5", "whole number"),
        (f"{HEAD}[[step]]\nid = 'x'\nsay = 'y'\nseconds = 0", "above 0"),
        (f"{HEAD}[[step]]\nid = 'x'\nsay = 4", "text in quotes"),
    ],
)
def test_a_wrong_protocol_is_one_sentence(text, words):
    with pytest.raises(ConfigError, match=words) as caught:
        protocol_of(text, "x", "x.toml")
    assert str(caught.value).startswith("x.toml: ")
    assert "\n" not in str(caught.value)


def test_a_protocol_that_is_not_there_is_told():
    with pytest.raises(ConfigError, match="cannot be read"):
        shipped("none")
