"""[cues] of the profile: read strictly, no part of what is computed, and never taken from a recording."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import config
from monitor.config import (
    CueSettings,
    cues_from,
    load_cues,
    load_keeping,
    load_profile,
    profile_from_recording,
    profile_to_mapping,
)
from monitor.errors import ConfigError
from monitor.profile import Profile

FULL = """
[cues]
desktop = false
sensor = ["light", "motor"]
bell = "always"
hooks = [["notify-team", "--quiet"], ["say"]]
hook_timeout_s = 2.5
"""


@pytest.fixture
def own(tmp_path):
    """A file with this text."""

    def write(text):
        path = tmp_path / "profile.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_what_is_said_applies(own):
    assert load_cues(own(FULL)) == CueSettings(
        desktop=False,
        sensor=("light", "motor"),
        bell="always",
        hooks=(("notify-team", "--quiet"), ("say",)),
        hook_timeout_s=2.5,
    )


def test_what_is_left_out_stays(own):
    assert load_cues(own("")) == CueSettings() == load_cues(own("[cues]\n")) == load_cues(own("anterior_axis = '+x'\n"))
    assert load_cues(own("[cues]\ndesktop = false\n")) == CueSettings(desktop=False)
    assert load_cues(own("[cues]\nsensor = []\nhooks = []\n")) == CueSettings(sensor=())


def test_the_usual_file_is_taken_where_it_is(own, monkeypatch, tmp_path):
    monkeypatch.setattr(config, "profile_path", lambda: tmp_path / "profile.toml")
    assert load_cues() == CueSettings()
    own(FULL)
    assert load_cues().bell == "always"


def test_one_kind_of_sensor_cue_needs_no_list(own):
    assert load_cues(own("[cues]\nsensor = 'light'\n")).sensor == ("light",)


def test_the_profile_is_the_same_with_them_and_without(own):
    assert load_profile(own(FULL)) == load_profile(own(""))


@pytest.mark.parametrize(
    ("line", "key", "says"),
    [
        ("dekstop = true", "cues.dekstop", "did you mean 'desktop'?"),
        ("x = 1", "cues.x", "known are bell, desktop, hook_timeout_s, hooks, sensor"),
        ("desktop = 'yes'", "cues.desktop", "true or false"),
        ("desktop = 1", "cues.desktop", "true or false"),
        ("bell = 'fallbak'", "cues.bell", "did you mean 'fallback'?"),
        ("bell = true", "cues.bell", "known are always, fallback, never"),
        ("sensor = ['moter']", "cues.sensor", "did you mean 'motor'?"),
        ("sensor = ['tail']", "cues.sensor", "known are buzzer, light, motor"),
        ("sensor = [['motor']]", "cues.sensor", "unknown name"),
        ("hooks = 'notify-team'", "cues.hooks", "each a list of texts"),
        ("hooks = ['notify-team', '--quiet']", "cues.hooks", "each a list of texts"),
        ("hooks = [[]]", "cues.hooks", "each a list of texts"),
        ("hooks = [['']]", "cues.hooks", "each a list of texts"),
        ("hooks = [['a', 1]]", "cues.hooks", "each a list of texts"),
        ('hooks = [["a\\u0000"]]', "cues.hooks", "each a list of texts"),
        ("hooks = {a = ['b']}", "cues.hooks", "each a list of texts"),
        ("hook_timeout_s = 0", "cues.hook_timeout_s", "above 0"),
        ("hook_timeout_s = 601", "cues.hook_timeout_s", "600 or less"),
        ("hook_timeout_s = nan", "cues.hook_timeout_s", "must be a number"),
        ("hook_timeout_s = true", "cues.hook_timeout_s", "must be a number"),
        ("hook_timeout_s = '10'", "cues.hook_timeout_s", "must be a number"),
    ],
)
@pytest.mark.parametrize("load", [load_cues, load_profile])
def test_what_is_wrong_is_one_sentence(own, load, line, key, says):
    with pytest.raises(ConfigError) as caught:
        load(own(f"[cues]\n{line}\n"))
    assert caught.value.key == key
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"{caught.value.path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("load", [load_cues, load_profile])
def test_no_table_is_refused(own, load):
    with pytest.raises(ConfigError, match=r"write \[cues\]"):
        load(own("cues = true\n"))


def test_a_misspelt_table_is_met_with_a_suggestion(own):
    with pytest.raises(ConfigError, match="did you mean 'cues'"):
        load_profile(own("[cue]\n"))


def test_a_recording_brings_no_commands():
    mapping = profile_to_mapping(Profile()) | {"cues": {"hooks": [["rm"]]}}
    assert profile_from_recording(mapping, "there") == (Profile(), ["cues"])
    assert "cues" not in profile_to_mapping(Profile())


json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(["desktop", "sensor", "bell", "hooks", "hook_timeout_s", "bel"])


@given(json | st.dictionaries(keys, json))
def test_anything_is_taken_or_refused(table):
    try:
        read = cues_from(table, "there")
    except ConfigError:
        return
    assert isinstance(read, CueSettings)
    assert all(isinstance(word, str) for command in read.hooks for word in command)
    assert 0.0 < read.hook_timeout_s <= 600.0


# ------------------------------------------------------------ [recordings]


def test_how_much_is_kept(own, monkeypatch, tmp_path):
    assert load_keeping(own("[recordings]\nkeep_gb = 2.5")).keep_gb == 2.5
    assert load_keeping(own("[recordings]\nkeep_gb = 5")).keep_gb == 5.0
    assert load_keeping(own("anterior_axis = '+x'")).keep_gb == 0.0


@pytest.mark.parametrize("load", [load_keeping, load_profile])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[recordings]\nkeep_gb = -1", "0, for all, or above"),
        ("[recordings]\nkeep_gb = 'all'", "must be a number"),
        ("[recordings]\nkeep = 1", "did you mean 'keep_gb'"),
        ("recordings = 3", "write [recordings]"),
    ],
)
def test_a_wrong_size_is_one_sentence(own, load, text, says):
    with pytest.raises(ConfigError) as caught:
        load(own(text))
    assert says in str(caught.value)
