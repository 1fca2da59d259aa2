"""Files of wear sites and sensors: what is written is read back to the last bit, what is wrong is one sentence."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import places, sites
from monitor.errors import ConfigError
from monitor.profile import Profile
from monitor.signal.alignment import Alignment
from monitor.signal.calibration import Calibration
from monitor.sites import (
    SensorCalibration,
    Site,
    calibration_path,
    fitted,
    load_calibration,
    load_site,
    save_calibration,
    save_site,
    site_path,
)

ALIGNMENT = Alignment(
    (0.0, 0.1986693307950612, -0.9800665778412416), (0.0, 0.9800665778412416, 0.1986693307950612), 2.1
)
SEATED = replace(ALIGNMENT, sitting_styles_deg=(-11.3, -27.8), slump_range_deg=(-11.3, -27.8))


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "recordings_dir", lambda: tmp_path / "recordings")


@pytest.mark.parametrize("alignment", [ALIGNMENT, SEATED])
def test_a_site_is_read_back_to_the_last_bit(alignment, tmp_path):
    site = Site("left-hip", alignment, 'WT"901\\é\x7f', "2026-01-02 03:04", {"the shallowest bow, degrees": 1.0 / 3.0})
    path = save_site(site)
    assert path == site_path("left-hip") == tmp_path / "sites" / "left-hip.toml"
    assert load_site(path) == site
    assert [p.name for p in path.parent.iterdir()] == ["left-hip.toml"]


def test_a_calibration_is_read_back_to_the_last_bit():
    of = SensorCalibration("WT901 (1/2)", Calibration((0.1 / 3, 0.0, -1e-7), (1.01, 1, 1), (0.0, 0.0, 4e-3), 31.0))
    path = save_calibration(of)
    assert path.name == "WT901--1-2-.toml"
    assert load_calibration(path) == of


def test_a_new_one_takes_the_place_of_the_old():
    save_site(Site("a", ALIGNMENT))
    path = save_site(Site("a", SEATED))
    assert load_site(path).alignment == SEATED


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30), st.floats(allow_nan=False, allow_infinity=False))
def test_any_text_and_number_is_valid_toml(text, number):
    if any("\ud800" <= c <= "\udfff" for c in text):
        return
    written = f"{sites._toml(text)} = {sites._toml_value(text)}\nn = {sites._toml_value((number,))}"
    read = tomllib.loads(written)
    assert read.get(text, [number]) in (text, [number])
    assert read["n"] == [number]


@pytest.mark.parametrize("name", ["", "../x", "a b", "-a", "x" * 70, "a/b"])
def test_a_name_that_would_leave_the_folder_is_refused(name):
    with pytest.raises(ConfigError, match="no name for a wear site"):
        site_path(name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"no \[alignment\]"),
        ("x = ", "not valid TOML"),
        ("sight = 'a'", "unknown name 'sight'"),
        ("made = 3\n[alignment]\nanterior = [1, 0, 0]\nup = [0, 1, 0]", "text in quotes"),
        ("[alignment]\nup = [0, 1, 0]", "length 1"),
        ("quality = 3\n[alignment]\nanterior = [1, 0, 0]\nup = [0, 1, 0]", "must be a table"),
        ("[quality]\nx = 'a'\n[alignment]\nanterior = [1, 0, 0]\nup = [0, 1, 0]", "must be a number"),
    ],
)
def test_a_wrong_file_is_one_sentence_with_its_path(text, words, tmp_path):
    path = tmp_path / "s.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words) as caught:
        load_site(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_read_or_written_is_told(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_site(tmp_path / "none.toml")
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_calibration(tmp_path / "b.toml")
    (tmp_path / "sites").write_text("a file where the folder should be")
    with pytest.raises(ConfigError, match="cannot be written"):
        save_site(Site("a", ALIGNMENT))


def test_a_profile_is_fitted_with_sensor_and_site():
    assert fitted(Profile(), "WT901") == Profile()
    calibration = Calibration((0.01, 0.0, 0.0))
    save_calibration(SensorCalibration("WT901", calibration))
    save_site(Site("sacrum", SEATED))
    save_site(Site("hip", ALIGNMENT))
    profile = fitted(Profile(), "WT901")
    assert profile.calibration == calibration
    assert profile.alignment == SEATED
    assert profile.posture.sitting_styles_deg == (11.3, 27.8)
    assert fitted(Profile(), "other").calibration.none
    assert fitted(Profile(), "other", "hip").alignment == ALIGNMENT
    own = Profile(alignment=ALIGNMENT, calibration=Calibration((0.02, 0.0, 0.0)))
    assert fitted(own, "WT901") == own
    with pytest.raises(ConfigError, match="sitwell align --site none"):
        fitted(Profile(), "other", "none")


def test_the_usual_place_of_both_is_beside_the_recordings():
    assert site_path("a").parent.parent == calibration_path("b").parent.parent == places.recordings_dir().parent


def test_the_shipped_examples_are_what_the_commands_write():
    examples = Path(__file__).resolve().parents[1] / "calibration" / "examples"
    site = load_site(examples / "sites" / "sacrum.toml")
    assert save_site(site).read_text() == (examples / "sites" / "sacrum.toml").read_text()
    (path,) = (examples / "calibrations").iterdir()
    assert save_calibration(load_calibration(path)).read_text() == path.read_text()
