"""Settings: what is left out stays, what is wrong is one sentence with the file, the name and what was meant."""

import json
import math
import tomllib
from dataclasses import fields, is_dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import config
from monitor.config import HIGHEST, load_profile, profile_from_mapping, profile_from_recording, profile_to_mapping
from monitor.config.strict import BELOW_ZERO, ZERO
from monitor.errors import ConfigError, SitwellError
from monitor.profile import Profile
from monitor.signal.alignment import Alignment, frame
from monitor.signal.calibration import Calibration
from monitor.states.rules import Band, BandParams

SECTIONS = {f.name: getattr(Profile(), f.name) for f in fields(Profile) if is_dataclass(getattr(Profile(), f.name))}
del SECTIONS["calibration"], SECTIONS["prompts"]  # vectors: below; prompts: test_prompts.py
SETTINGS = [
    f"{name}.{f.name}"
    for name, section in SECTIONS.items()
    for f in fields(section)
    if not isinstance(getattr(section, f.name), tuple) and not is_dataclass(getattr(section, f.name))
]


@pytest.fixture
def own(tmp_path):
    """Load this text as the wearer's own file."""

    def load(text):
        path = tmp_path / "profile.toml"
        path.write_text(text, encoding="utf-8")
        return load_profile(path)

    return load


def refusal(load, text):
    """The one sentence that a file is refused with; it names the file."""
    with pytest.raises(ConfigError) as caught:
        load(text)
    error = caught.value
    assert isinstance(error, SitwellError)
    assert error.path.endswith("profile.toml")
    assert str(error).startswith(f"{error.path}: ")
    assert "\n" not in str(error)
    return str(error).removeprefix(f"{error.path}: "), error.key


# ------------------------------------------------------------ what is right


def test_the_shipped_defaults_are_those_of_the_code_with_rules_and_profiles(monkeypatch, tmp_path):
    monkeypatch.setattr(config, "profile_path", lambda: tmp_path / "there is none.toml")
    profile = load_profile()
    assert replace(profile, prompts=Profile().prompts) == Profile()
    desk = replace(profile.prompts.places[0], rules=())
    assert replace(profile.prompts, places=(desk,)) == Profile().prompts
    assert [place.name for place in profile.prompts.places] == ["desk", "sofa", "standing-desk", "car"]


def test_the_file_in_its_usual_place_is_found(monkeypatch, tmp_path):
    path = tmp_path / "profile.toml"
    path.write_text("anterior_axis = '+x'\n")
    monkeypatch.setattr(config, "profile_path", lambda: path)
    assert load_profile().anterior_axis == "+x"


def test_what_a_file_leaves_out_stays(own):
    profile = own("anterior_axis = '+x'\n[band.sitting]\ntilt_deg = 12\n")
    assert profile.anterior_axis == "+x"
    band = profile.prompts.places[0].band
    assert band == replace(BandParams(), sitting=replace(BandParams().sitting, tilt_deg=12.0))
    assert isinstance(band.sitting.tilt_deg, float)
    assert [rule.name for rule in profile.prompts.places[0].rules][:3] == ["posture", "sideways", "sitting"]
    assert own("") == load_profile_defaults()


def test_every_setting_is_kept_in_a_recording(own):
    profile = own("[band.sitting]\ntilt_deg = 12\n[[profile]]\nname = 'train'\nhours = ['mon 08:00-09:00']")
    for written in (profile_to_mapping(profile), json.loads(json.dumps(profile_to_mapping(profile)))):
        assert profile_from_recording(written, "a recording") == (profile, [])


def test_what_a_recording_has_that_is_not_known_here_is_left_out_and_told(own):
    written = json.loads(json.dumps(profile_to_mapping(own(""))))
    written["mood"] = written["bouts"]["mood"] = 1
    assert profile_from_recording(written, "a recording") == (own(""), ["bouts.mood", "mood"])


@pytest.mark.parametrize("prompts", [3, {"places": [{}]}, {"places": [3]}, {"budget": 3}])
def test_prompts_of_a_recording_that_make_no_sense_are_refused(prompts):
    with pytest.raises(ConfigError) as caught:
        profile_from_recording({"prompts": prompts}, "a recording")
    assert caught.value.key == "prompts"


numbers = st.integers(1, 500).map(lambda n: n / 7.0)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from(SETTINGS), numbers, max_size=8))
def test_any_profile_survives_being_written_down(values):
    mapping = {}
    for name, value in values.items():
        section, key = name.split(".")
        whole = isinstance(getattr(SECTIONS[section], key), int)
        highest = HIGHEST.get(name, 99)
        mapping.setdefault(section, {})[key] = min(int(value) + 1, highest) if whole else min(value, highest)
    profile = profile_from_mapping(mapping, load_profile_defaults())
    for section, table in mapping.items():
        for key, value in table.items():
            assert getattr(getattr(profile, section), key) == value
            assert type(getattr(getattr(profile, section), key)) is type(getattr(SECTIONS[section], key))
    assert profile_from_recording(profile_to_mapping(profile), "there")[0] == profile


def load_profile_defaults():
    text = (config.files("monitor") / "default_profile.toml").read_text(encoding="utf-8")
    return profile_from_mapping(tomllib.loads(text), Profile())


# ------------------------------------------------------------ typos


@pytest.mark.parametrize(
    ("text", "meant", "key"),
    [
        ("anterior_axes = '-z'", "'anterior_axis'", "anterior_axes"),
        ("[bands]\n", "'band'", "bands"),
        ("[[alerts]]\nname = 'x'", "'alert'", "alerts"),
        ("[band]\nleak_deg = 9", "'leak_deg_s'", "band.leak_deg"),
        ("[band.siting]\ntilt_deg = 9", "'sitting'", "band.siting"),
        ("[band.sitting]\ntilt = 9", "'tilt_deg'", "band.sitting.tilt"),
        ("[budgets]\n", "'budget'", "budgets"),
        ("[bouts]\nbreaks_s = 9", "'break_s'", "bouts.breaks_s"),
    ],
)
def test_a_typo_is_told_with_the_nearest_name(own, text, meant, key):
    sentence, at = refusal(own, text)
    assert f"did you mean {meant}?" in sentence
    assert at == key


def test_where_nothing_is_near_all_names_are_told(own):
    sentence, _ = refusal(own, "[gait]\nxyzzy = 1")
    assert "known are impact_s, longest_step_s, min_periodicity, min_sd_mg, min_steps, min_swing_mg, " in sentence
    assert "[gait]" in sentence


# ------------------------------------------------------------ wrong values


@pytest.mark.parametrize(
    "value", ["true", "false", "'10'", "nan", "inf", "-inf", "[1]", "{a = 1}", "07:30:00", "1" * 400]
)
def test_what_is_no_number_is_refused(own, value):
    sentence, key = refusal(own, f"[band.sitting]\ntilt_deg = {value}")
    assert "band.sitting.tilt_deg is" in sentence
    assert sentence.endswith("it must be a number")
    assert key == "band.sitting.tilt_deg"
    assert "a number" in refusal(own, f"[bouts]\nbreak_s = {value}")[0]


def test_a_count_must_be_whole(own):
    assert "whole number" in refusal(own, "[wear]\nshaken_s = 12.5")[0]
    assert own("[wear]\nshaken_s = 20.0").wear.shaken_s == 20
    assert isinstance(own("[wear]\nshaken_s = 20.0").wear.shaken_s, int)


@pytest.mark.parametrize("setting", SETTINGS)
def test_no_setting_may_be_negative(own, setting):
    section, key = setting.split(".")
    sentence, at = refusal(own, f"[{section}]\n{key} = -3")
    assert sentence.startswith(f"{setting} is -3; it must be ")
    assert at == setting


@pytest.mark.parametrize(
    "setting",
    ["bouts.break_s", "bouts.walk_s", "gait.min_sd_mg", "reference.bout_s", "wear.shaken_s"],
)
def test_zero_is_refused_where_it_makes_no_sense(own, setting):
    section, key = setting.split(".")
    assert refusal(own, f"[{section}]\n{key} = 0") == (f"{setting} is 0; it must be above 0", setting)


@pytest.mark.parametrize("setting", ["bouts.bridge_s", "bouts.min_sitting_s", "posture.lag"])
def test_zero_is_taken_where_it_says_none(own, setting):
    section, key = setting.split(".")
    assert getattr(getattr(own(f"[{section}]\n{key} = 0"), section), key) == 0
    assert refusal(own, f"[{section}]\n{key} = -1")[0].endswith("it must be 0 or more")


def test_the_lists_of_exceptions_name_settings_that_exist():
    prompts = Profile().prompts
    known = set(SETTINGS) | {f"band.{f.name}" for f in fields(BandParams)}
    known |= {
        f"{name}.{f.name}" for name in ("debt", "budget", "fading", "quiet") for f in fields(getattr(prompts, name))
    }
    assert known >= ZERO | set(HIGHEST)
    assert {f.name for f in fields(Band)} >= set(BELOW_ZERO)


@pytest.mark.parametrize("value", ["'z'", "'+Z'", "3", "true", "['-z']", "{a = '-z'}"])
def test_an_axis_that_is_none_is_refused(own, value):
    sentence, key = refusal(own, f"anterior_axis = {value}")
    assert "it must be one of +x, -x, +y, -y, +z, -z" in sentence
    assert key == "anterior_axis"


@pytest.mark.parametrize("text", ["band = 3", "band = [1]", "[[band]]\nleak_deg_s = 3"])
def test_a_section_must_be_a_table(own, text):
    assert "[band]" in refusal(own, text)[0]


# ------------------------------------------------------------ files


def test_a_named_file_must_be_there(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        load_profile(tmp_path / "no such profile.toml")
    assert caught.value.path.endswith("no such profile.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_profile(tmp_path)


def test_what_is_no_toml_is_told_with_its_line(own, tmp_path):
    assert "line 2" in refusal(own, "[band]\nleak_deg_s = \n")[0]
    (tmp_path / "profile.toml").write_bytes(b"\xff\xfe\x00garbage")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_profile(tmp_path / "profile.toml")


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["anterior_axis", "alert", "band", "posture", "bandd", "profile", "quiet"])
        | st.text(max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["name", "limit", "measure", "lag", "sitting", "tilt_deg", "hours", "alert"])
                    | st.text(max_size=3),
                    inner,
                    max_size=3,
                )
            ),
            max_leaves=8,
        ),
        max_size=3,
    )
)
def test_whatever_stands_in_it_a_profile_or_one_sentence_comes_out(mapping):
    try:
        profile = profile_from_mapping(mapping, load_profile_defaults(), "a recording")
    except ConfigError as error:
        assert str(error).startswith("a recording: ")  # noqa: PT017 - either outcome is right
    else:
        assert profile_from_recording(profile_to_mapping(profile), "there")[0] == profile


@pytest.mark.parametrize("name", sorted(HIGHEST))
def test_what_is_above_its_range_is_refused(own, name):
    section, key = name.split(".")
    sentence, wrong = refusal(own, f"[{section}]\n{key} = 3")
    assert sentence.endswith("or less")
    assert wrong == name


# ------------------------------------------------------------ alignment and calibration


units = (
    st.tuples(*[st.floats(-1.0, 1.0)] * 3)
    .filter(lambda v: sum(x * x for x in v) > 0.01)
    .map(lambda v: tuple(x / math.hypot(*v) for x in v))
)


@settings(max_examples=50, deadline=None)
@given(units, units, st.floats(0.0, 180.0), st.lists(st.floats(-180.0, 180.0), max_size=3), st.booleans())
def test_an_alignment_survives_being_written_down(up, across, sd_deg, styles, ranged):
    anterior = frame(up, across)[0].tolist()
    slump = (-10.0, -25.0) if ranged else ()
    profile = Profile(
        alignment=Alignment(tuple(anterior), up, sd_deg, tuple(styles), slump),
        calibration=Calibration((0.01, -0.02, sd_deg / 1000.0), (0.98, 1.0, 1.02), (0.0, 0.0, 4e-3), 31.0),
    )
    written = json.loads(json.dumps(profile_to_mapping(profile)))
    assert profile_from_recording(written, "there") == (profile, [])


def test_no_alignment_is_none_again():
    assert (
        profile_from_mapping({"alignment": None}, Profile(alignment=Alignment((1, 0, 0), (0, 1, 0), 2.0))) == Profile()
    )


def test_few_digits_are_brought_to_length_1(own):
    alignment = own("[alignment]\nanterior = [0.174, 0, -0.985]\nup = [0, 1, 0]\n").alignment
    assert math.hypot(*alignment.anterior) == pytest.approx(1.0, abs=1e-12)
    assert alignment.sd_deg == 2.0


@pytest.mark.parametrize(
    ("text", "words", "key"),
    [
        ("[transitions.rest]\nquite_mg = 5", "'quiet_mg'", "transitions.rest.quite_mg"),
        ("[transitions.rest]\nquiet_mg = -5", "above 0", "transitions.rest.quiet_mg"),
        ("[transitions]\nrest = 5", "must be a table", "transitions.rest"),
        ("[posture]\nrecline_deg = [50]", "list of 2 numbers", "posture.recline_deg"),
        ("[posture]\nrecline_deg = [-50, 80]", "above 0", "posture.recline_deg"),
        ("[alignment]\nup = [0, 1, 0]", "each of length 1", "alignment.anterior"),
        ("[alignment]\nanterior = [2, 0, 0]\nup = [0, 1, 0]", "each of length 1", "alignment.anterior"),
        ("[alignment]\nanterior = [0.0, 1, 0]\nup = [0, 1, 0]", "across up", "alignment.anterior"),
        ("[alignment]\nanterior = [1, 0]\nup = [0, 1, 0]", "list of 3 numbers", "alignment.anterior"),
        ("[alignment]\nanterior = 1\nup = [0, 1, 0]", "list of 3 numbers", "alignment.anterior"),
        ("[alignment]\nanterior = [1, 0, 0]\nup = [0, nan, 0]", "must be a number", "alignment.up"),
        ("[alignment]\nanterior = [1, 0, 0]\nup = [0, 1, 0]\nsd_deg = -1", "0 to 180", "alignment.sd_deg"),
        ("[alignment]\nanterior = [1, 0, 0]\nup = [0, 1, 0]\nsd_deg = 'a'", "must be a number", "alignment.sd_deg"),
        (
            "[alignment]\nanterior = [1, 0, 0]\nup = [0, 1, 0]\nslump_range_deg = [1]",
            "two tilts",
            "alignment.slump_range_deg",
        ),
        (
            "[alignment]\nanterior = [1, 0, 0]\nup = [0, 1, 0]\nsitting_styles_deg = [400]",
            "within 180",
            "alignment.sitting_styles_deg",
        ),
        ("[alignment]\nanteriour = [1, 0, 0]", "'anterior'", "alignment.anteriour"),
        ("alignment = 3", "must be a table", "alignment"),
        ("[calibration]\ngain = [1, 1, 9.8]", "0.5 to 1.5", "calibration.gain"),
        ("[calibration]\noffset_g = [1, 0, 0]", "-0.5 to 0.5", "calibration.offset_g"),
        ("[calibration]\nper_degree_g = [1, 0, 0]", "-0.1 to 0.1", "calibration.per_degree_g"),
        ("[calibration]\nat_deg_c = 300", "-60 to 120", "calibration.at_deg_c"),
        ("calibration = []", "must be a table", "calibration"),
    ],
)
def test_a_wrong_list_alignment_or_calibration_is_refused(own, text, words, key):
    sentence, wrong = refusal(own, text)
    assert words in sentence
    assert wrong == key
