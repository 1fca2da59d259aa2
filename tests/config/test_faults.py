"""A mistake in a file of settings has its line."""

import tomllib

import pytest
from hypothesis import given
from own_files import own_files

from monitor.config import load_profile
from monitor.config.faults import explained, line_of
from monitor.errors import ConfigError


def read(text):
    return tomllib.loads(text)


# ---------------------------------------------------------------- line_of

TWO = "[[alert]]\nname = 'posture'\nclear = 5.0\n\n[[alert]]\nname = 'sitting'\n"
PLACES = (
    "[[profile]]\nname = 'sofa'\n[profile.band.sitting]\ntilt_deg = 12\n[[profile.alert]]\nname = 'sitting'\n"
    "limit = 2000\n\n[[profile]]\nname = 'van'\n[profile.band.sitting]\n"
)
FAULTY = {
    "[budget\n": 1,
    "a = 1\nb = \n": 2,
    "[budget]\nmost_per_hour = 4\nmost_per_hour = 5\n": 3,
    "\n[quiet]\nquiet_hours = [\n": 3,
    "anterior_axis = 'up'\n": 1,
    "# one\n\n[budget]\napart_s = 1\nmost_per_hour = 70\n": 5,
    "[budget]\nmost_per_huor = 4\n": 2,
    "[budjet]\nmost_per_hour = 4\n": 1,
    "[budget]\n'most.per' = 4\n": 2,
    "budget.apart_s = 1\nbudget.most_per_hour = 70\n": 2,
    "[fading]\nleast = 1\n[budget]\n  most_per_hour = 'x' # y\n": 4,
    "[band.standing]\ntilt_deg = 9\n[band.sitting]\ntilt_deg = 2\n": 4,
    "[band]\nstep_deg_s = 0.1\nsitting.tilt_deg = 2\n": 3,
    "# x\nband = {sitting = {tilt_deg = 2}}\n": 2,
    "band = 3\n": 1,
    "[alert]\nname = 'sitting'\n": 1,
    "# x\n[alert.sitting]\nlimit = 3\n": 2,
    "[[alert]]\nname = 'posture'\nlimit = 500\n[[alert]]\nname = 'sitting'\nhold_s = -5\n": 6,
    "[[alert]]\nname = 'posture'\nlimit = 500\n[[alert]]\nlimit = 9\n": 4,
    TWO + "limit = 30.0\n": 5,  # below the default of clear, which is written nowhere
    TWO + "message = '''\nlimit = 1\n'''\nlimit = 'x'\n": 10,
    TWO + "limt = 3\n": 7,
    TWO + "measure = 'siting_s'\n": 7,
    TWO + "cue = 'motor'\n": 7,
    TWO + "[[alert]]\nname = 'mine'\nlimit = 1\n": 7,
    "# x\nalert = [\n {name = 'sitting', limit = -1}]\n": 2,
    PLACES + "tilt_deg = 3\n": 12,
    PLACES + "tilt_deg = 9\n[[profile.alert]]\nname = 'sitting'\nlimit = 3\nclear = 4\n": 16,
    PLACES + "[[profile]]\nhours = ['18:00-23:00']\n": 12,
    PLACES + "[[profile]]\nname = 'car'\nhours = ['18:00-']\n": 14,
    PLACES + "[profile.budget]\napart_s = 3\n": 12,
    "[quiet]\nsettle_s = 3\nquiet_hours = [\n  '12:00-13:00',\n  '25:00-26:00',\n]\n": 3,
    "[cues]\ndesktop = true\nbell = 'loud'\n": 3,
    "[recordings]\nkeep_gb = -1\n": 2,
    "[budget]\r\napart_s = 1\r\nmost_per_hour = 70\r\n": 3,
    "# é\n[budget]\nmost_per_hour = 70": 3,
    "# one\n# two\udcff\n": 2,
}


@pytest.mark.parametrize(("text", "line"), FAULTY.items())
def test_a_mistake_has_its_line(tmp_path, text, line):
    path = tmp_path / "profile.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError) as caught:
        load_profile(path)
    told = explained(path, caught.value)
    assert str(told).startswith(f"{path}, line {line}: ")
    assert str(told).count(f"line {line}") == 1
    assert (told.path, told.key) == (caught.value.path, caught.value.key)
    assert "\udcff" in text or line_of(text, caught.value) == line


def test_what_stands_nowhere_has_no_line(tmp_path):
    path = tmp_path / "profile.toml"
    path.write_text("[budget]\napart_s = 1\n", encoding="utf-8")
    for error in (
        ConfigError("x", path, "fading.least"),
        ConfigError("x", path),
        ConfigError("x", path, "alert.limit"),
        ConfigError("x", "default_profile.toml", "budget.apart_s"),
    ):
        assert explained(path, error) is error
    assert line_of("[[[", ConfigError("x", path, "budget")) is None
    assert explained(tmp_path / "none", ConfigError("x", tmp_path / "none", "budget")).key == "budget"


@given(own_files())
def test_every_key_is_found_in_its_line(text):
    for name in read(text):
        line = line_of(text, ConfigError("x", "p", name))
        assert line is not None
        assert name in text.split("\n")[line - 1]
