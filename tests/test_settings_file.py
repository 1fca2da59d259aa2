"""The wearer's file is theirs: only what was to change changes, a mistake has its line, and a change is seen once."""

import os
import re
import sys
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import default_profile, load_cues, load_profile
from monitor.errors import ConfigError
from monitor.settings_file import (
    HEAD,
    Change,
    Watched,
    as_toml,
    explained,
    line_of,
    profile_or_defaults,
    set_values,
    write_values,
)

SHIPPED = files("monitor").joinpath("default_profile.toml").read_text(encoding="utf-8")
MINE = """# mine, since May
anterior_axis = "-z"   # clip outwards

# --- how often
[budget]
most_per_hour = 4      # four
# apart_s = 60.0

# --- rules
[[alert]]
name = "sitting"       # é, 座る
limit = 1500.0
message = '''
[[alert]]
name = "not one"'''

# --- the sofa
[[profile]]
name = "sofa"
  [profile.band.sitting]
  tilt_deg = 15.0

# the end
"""
posix = pytest.mark.skipif(sys.platform == "win32", reason="links and modes as POSIX has them")


def read(text):
    return tomllib.loads(text)


# ---------------------------------------------------------------- set_values


def test_a_value_that_is_there_changes_in_its_line():
    new = set_values(MINE, [Change("budget.most_per_hour", 6), Change("anterior_axis", "+x")])
    assert new == MINE.replace("= 4 ", "= 6 ").replace('"-z"', '"+x"')


def test_a_new_value_comes_below_those_of_its_table_and_its_comments():
    new = set_values(MINE, [Change("budget.apart_s", 90.0)])
    assert new == MINE.replace("# apart_s = 60.0\n", "# apart_s = 60.0\napart_s = 90.0\n")
    text = "[budget]\nmost_per_hour = 4\n# about fading\n[fading]\nleast = 0.5\n"
    assert set_values(text, [Change("budget.apart_s", 9)]) == text.replace("4\n", "4\napart_s = 9\n")


def test_a_new_value_of_no_table_comes_before_all_tables():
    assert set_values("[budget]\napart_s = 1\n", [Change("anterior_axis", "+y")]) == (
        'anterior_axis = "+y"\n\n[budget]\napart_s = 1\n'
    )
    assert set_values("# mine\n\n[budget]\n", [Change("anterior_axis", "+y")]) == (
        '# mine\n\nanterior_axis = "+y"\n\n[budget]\n'
    )


def test_an_alert_is_found_by_its_name_and_made_where_there_is_none():
    new = set_values(MINE, [Change("limit", 1200.0, alert="sitting"), Change("on", value=False, alert="shift")])
    added = '\n\n[[alert]]\nname = "shift"\non = false'
    assert new.replace(added, "", 1) == MINE.replace("1500.0", "1200.0")
    assert '\n\n[[alert]]\nname = "shift"\non = false\n\n# --- the sofa\n[[profile]]' in new


def test_a_profile_has_bands_and_alerts_of_its_own():
    changes = [
        Change("band.sitting.tilt_deg", 12.0, profile="sofa"),
        Change("band.sitting.usual_tilt_deg", -25.0, profile="sofa"),
        Change("band.standing.tilt_deg", 9.0, profile="sofa"),
        Change("limit", 2700.0, alert="sitting", profile="sofa"),
        Change("limit", 7200.0, alert="sitting", profile="car"),
        Change("limit", 1800.0, alert="posture", profile="sofa"),
    ]
    new = set_values(MINE, changes)
    assert read(new)["profile"] == [
        {
            "name": "sofa",
            "band": {"sitting": {"tilt_deg": 12.0, "usual_tilt_deg": -25.0}, "standing": {"tilt_deg": 9.0}},
            "alert": [{"name": "sitting", "limit": 2700.0}, {"name": "posture", "limit": 1800.0}],
        },
        {"name": "car", "alert": [{"name": "sitting", "limit": 7200.0}]},
    ]
    assert read(new)["alert"] == read(MINE)["alert"]
    assert "  tilt_deg = 12.0\n  usual_tilt_deg = -25.0\n" in new
    assert set(MINE.replace("15.0", "12.0").split("\n")) < set(new.split("\n"))


@pytest.mark.parametrize(
    "text",
    [
        "band.sitting.tilt_deg = 9  # dotted\n[budget]\napart_s = 1\n",
        "[band]\nsitting.tilt_deg = 9  # dotted\nstep_deg_s = 0.1\n[budget]\napart_s = 1\n",
        "band = {sitting = {tilt_deg = 9}}  # in braces\n[budget]\napart_s = 1\n",
        "band = {step_deg_s = 0.1}  # in braces\n",
        "[band]\nsitting = {tilt_deg = 9}  # half\n",
        "[band.sitting]\ntilt_deg = 9\n[budget]\napart_s = 1\n# apart\n[band.standing]\ntilt_deg = 8  # out of order\n",
        '["band" . sitting]\n"tilt_deg" = 9  # in quotes\n',
        "[band.sitting]\ntilt_deg = 9  # no line end",
        "[budget]\napart_s = [\n  1, # ] [band]\n  2,\n] # several lines\n",
        "alert = []  # none\nprofile = []\n",
        'alert = [{name = "sitting", clear = 1}, # inline\n  {name = "other"}]\n',
        '[[profile]]\nname = "x"\n[budget]\napart_s = 1\n[profile.band]\nx = 1\n# late\n[[profile]]\nname="y"\n',
        '[[alert]]\nname = "sitting"\nlimit = 1 # one\n[[alert]]\nname = "sitting"\nlimit = 2 # two\n',
        "[[alert]]\nlimit = 1 # no name\n",
        '[[profile]]\nname = "x"\nalert = [{name = "sitting", limit = 3}] # inline within\n',
    ],
)
def test_every_way_of_writing_tables_is_understood(text):
    changes = [Change(f"band.{key}", 11.5) for key in ("sitting.tilt_deg", "sitting.sideways_deg", "standing.tilt_deg")]
    changes += [Change("limit", 99, alert="sitting"), Change("limit", 77, alert="sitting", profile="x")]
    changes += [Change("band.sitting.tilt_deg", 6, profile="x"), Change("anterior_axis", "+x")]
    new = set_values(text, changes)
    data = read(new)
    assert data["band"]["sitting"] == {"tilt_deg": 11.5, "sideways_deg": 11.5}
    assert data["band"]["standing"]["tilt_deg"] == 11.5
    assert [alert["limit"] for alert in data["alert"] if alert.get("name") == "sitting"][-1] == 99
    there = next(each for each in data["profile"] if each["name"] == "x")
    assert (there["band"]["sitting"]["tilt_deg"], there["alert"]) == (6, [{"name": "sitting", "limit": 77}])
    assert data["anterior_axis"] == "+x"
    for comment in (part.split("\n")[0] for part in text.split("#")[1:]):
        assert f"#{comment}" in new
    assert set_values(new, changes) == new


@pytest.mark.parametrize(
    ("text", "change", "says"),
    [
        ("band = 3\n", Change("band.sitting.tilt_deg", 1.0), "band is no table"),
        ("[alert]\nlimit = 1\n", Change("limit", 1.0, alert="sitting"), "alert is no array of tables"),
        ("[band.sitting]\ntilt_deg = 1\n", Change("band.sitting", 1.0), "band.sitting is a table"),
        ("[[alert]]\nname = 'a'\n", Change("alert", 1.0), "alert is a table"),
        ("band = \n", Change("band.step_deg_s", 1.0), "this is not valid TOML"),
    ],
)
def test_what_cannot_be_set_is_said(text, change, says):
    with pytest.raises(ConfigError, match=says) as caught:
        set_values(text, [change])
    assert "\n" not in str(caught.value)


def test_the_shipped_defaults_can_be_written_over_and_load(tmp_path):
    path = tmp_path / "profile.toml"
    changes = [
        Change("budget.most_per_hour", 2),
        Change("limit", 1500.0, alert="sitting"),
        Change("limit", 1600.0, alert="sitting", profile="sofa"),
        Change("message", "Auf, auf!", alert="sitting", profile="car"),
    ]
    path.write_text(SHIPPED, encoding="utf-8")
    write_values(path, changes)
    old, new = SHIPPED.split("\n"), path.read_text(encoding="utf-8").split("\n")
    assert [line for line in old if line.startswith("#")] == [line for line in new if line.startswith("#")]
    assert sum(before != after for before, after in zip(old, new, strict=True)) == 4
    prompts = load_profile(path).prompts
    assert prompts.budget.most_per_hour == 2
    limits = {place.name: rule.limit for place in prompts.places for rule in place.rules if rule.name == "sitting"}
    assert (limits["desk"], limits["sofa"]) == (1500.0, 1600.0)


words = st.text("abc_é #[]='\"\\", min_size=1, max_size=5)
bare = st.sampled_from(["a", "b", "band", "x-1", "limit"])
values = (
    st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
)
changes_made = st.lists(
    st.builds(
        Change,
        st.sampled_from(["p", "q"]) | st.builds("{}.{}".format, bare, st.sampled_from(["p", "q"])),
        values,
        alert=st.just("") | words,
        profile=st.just("") | words,
    ),
    min_size=1,
    max_size=4,
)


ODD = ["1", '"x # y"', "[1, 2]", "[\n 1, # ]\n]", '"""\n[z]\n"""', "'''\\'''", "{a = 1}"]


@st.composite
def own_files(draw):
    """A file with comments everywhere; its keys r0, r1, … are named by no change."""

    def remark():
        return f"# note {draw(words)}" if draw(st.booleans()) else ""

    def keys():
        odd = draw(st.lists(st.sampled_from(ODD), max_size=3))
        lines = [f"r{i} = {value} {remark()}\n{remark()}" for i, value in enumerate(odd)]
        return [*lines, *draw(st.lists(st.sampled_from(["p = 1", "q = 'a'  # note q"]), max_size=1))]

    lines = [remark(), *keys()]
    for name in draw(st.lists(bare, unique=True, max_size=3)):
        lines += [remark(), f"[{name}] {remark()}", *keys()]
    for array in ("alert", "profile"):
        for name in draw(st.lists(words, unique=True, max_size=2)):
            lines += [remark(), f"[[{array}]]", as_toml([Change("name", name)]), *keys()]
            if array == "profile" and draw(st.booleans()):
                lines += [remark(), "[profile.band]", *keys()]
            if array == "profile" and draw(st.booleans()):
                lines += ["[[profile.alert]]", as_toml([Change("name", draw(words))]), *keys(), remark()]
    return "\n".join([*lines, ""]).replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


def place_of(change, data):
    """The table and the key that a change means; tables that are not there are made."""
    for array, name in (("profile", change.profile), ("alert", change.alert)):
        if name:
            tables = data.setdefault(array, [])
            tables += [] if any(each.get("name") == name for each in tables) else [{"name": name}]
            data = next(each for each in tables if each.get("name") == name)
    *tables, key = change.key.split(".")
    for table in tables:
        data = data.setdefault(table, {})
    return data, key


@given(own_files(), changes_made)
def test_whatever_the_file_new_values_are_read_and_all_else_stays(text, changes):
    new = set_values(text, changes)
    data, expected = read(new), read(text)
    for change in changes:
        table, key = place_of(change, expected)
        table[key] = change.value
    assert data == expected
    last = {(change.key, change.alert, change.profile): change for change in changes}
    for change in last.values():
        table, key = place_of(change, data)
        assert type(table[key]) is type(change.value)
    remarks = re.compile(r"# note .*")
    assert remarks.findall(new) == remarks.findall(text)
    if text.count("\n") == text.count("\r\n") > 0:
        assert new.count("\n") == new.count("\r\n")
    assert set_values(new, list(last.values())) == new


# ---------------------------------------------------------------- write_values


def test_a_new_file_says_where_the_defaults_are_explained(tmp_path):
    path = tmp_path / "deep" / "er" / "profile.toml"
    write_values(path, [Change("limit", 1500.0, alert="sitting")])
    text = path.read_text(encoding="utf-8")
    assert text == HEAD + '\n[[alert]]\nname = "sitting"\nlimit = 1500.0\n'
    assert "docs/guide.md" in text.split("\n")[0]
    before = path.stat()
    write_values(path, [Change("limit", 1500.0, alert="sitting")])  # says it already: not written anew
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o077 == 0


def test_windows_line_ends_stay(tmp_path):
    path = tmp_path / "profile.toml"
    path.write_bytes(MINE.replace("\n", "\r\n").encode())
    write_values(path, [Change("budget.apart_s", 9.0), Change("limit", 7, alert="new"), Change("anterior_axis", "+x")])
    content = path.read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n") > MINE.count("\n")
    assert b"# apart_s = 60.0\r\napart_s = 9.0\r\n" in content


@posix
def test_permissions_and_links_stay(tmp_path):
    real = tmp_path / "dotfiles" / "sitwell.toml"
    real.parent.mkdir()
    real.write_text(MINE, encoding="utf-8")
    real.chmod(0o640)
    link = tmp_path / "profile.toml"
    link.symlink_to(real)
    write_values(link, [Change("budget.most_per_hour", 6)])
    assert link.is_symlink()
    assert read(real.read_text(encoding="utf-8"))["budget"]["most_per_hour"] == 6
    assert real.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in real.parent.iterdir()] == ["sitwell.toml"]
    real.unlink()
    write_values(link, [Change("anterior_axis", "+x")])  # a link to nothing is followed, too
    assert (link.is_symlink(), load_profile(real).anterior_axis) == (True, "+x")


def refusal(path):
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(ConfigError) as caught:
        write_values(path, [Change("budget.most_per_hour", 6)])
    assert (path.read_bytes() if path.is_file() else None) == before
    assert caught.value.path == str(path)
    assert re.match(rf"{re.escape(str(path))}(, line \d+)?: ", str(caught.value))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("content", [b"[budget\n", b"a = 1\na = 2\n", b"x = '\xff'\n", b"budget = 3\n"])
def test_a_faulty_file_is_left_alone(tmp_path, content):
    path = tmp_path / "profile.toml"
    path.write_bytes(content)
    refusal(path)
    assert [each.name for each in tmp_path.iterdir()] == ["profile.toml"]


def test_what_cannot_be_written_is_said(tmp_path):
    path = tmp_path / "profile.toml"
    path.write_text(MINE, encoding="utf-8")
    assert "cannot be written" in refusal(path / "profile.toml")
    assert "cannot be read" in refusal(tmp_path)
    path.chmod(0o444)
    assert "write-protected" in refusal(path)


def test_changes_can_be_pasted():
    assert as_toml([Change("limit", 1500.0, alert="sitting"), Change("band.sitting.tilt_deg", 12.0)]) == (
        '[[alert]]\nname = "sitting"\nlimit = 1500.0\n\n[band.sitting]\ntilt_deg = 12.0\n'
    )


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


# ---------------------------------------------------------------- Watched


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "profile.toml"
    file.write_text("[budget]\nmost_per_hour = 3\n", encoding="utf-8")
    return file


def most(path):
    return profile_or_defaults(path).prompts.budget.most_per_hour


def test_a_change_is_seen_once(path):
    watched = Watched(path, most)
    assert watched.poll() is None
    path.write_text("[budget]\nmost_per_hour = 5\n", encoding="utf-8")
    assert watched.poll() == 5
    assert [watched.poll() for _ in range(3)] == [None] * 3


def test_a_file_that_is_replaced_or_removed_is_a_change(path):
    watched = Watched(path, most)
    beside = path.with_name("new")
    beside.write_text("[budget]\nmost_per_hour = 2\n", encoding="utf-8")
    beside.replace(path)
    assert watched.poll() == 2
    path.unlink()
    path.write_text("[budget]\nmost_per_hour = 6\n", encoding="utf-8")
    assert watched.poll() == 6
    path.unlink()
    assert watched.poll() == default_profile().prompts.budget.most_per_hour
    assert watched.poll() is None
    write_values(path, [Change("budget.most_per_hour", 7)])
    assert watched.poll() == 7


def test_a_fault_is_told_once_with_its_line_and_its_mending_is_seen(path):
    watched = Watched(path, most)
    path.write_text("[budget]\nmost_per_hour = 70\n", encoding="utf-8")
    error = watched.poll()
    assert isinstance(error, ConfigError)
    assert f"{path}, line 2: " in str(error)
    os.utime(path)
    assert [watched.poll() for _ in range(3)] == [None] * 3
    path.write_text("[budget]\nmost_per_hour = 71\n", encoding="utf-8")
    assert isinstance(watched.poll(), ConfigError)
    path.write_text("[budget]\nmost_per_hour = 7\n", encoding="utf-8")
    assert watched.poll() == 7


def test_a_file_mended_within_one_tick_of_the_clock_is_not_lost(path):
    watched = Watched(path, most)
    path.write_text("[budget]\nmost_per_hour = x\n", encoding="utf-8")
    stamp = path.stat().st_mtime_ns
    assert isinstance(watched.poll(), ConfigError)
    path.write_text("[budget]\nmost_per_hour = 8\n", encoding="utf-8")
    os.utime(path, ns=(stamp, stamp))
    assert watched.poll() == 8
    path.write_text("[budget]\nmost_per_hour = 9\n", encoding="utf-8")
    os.utime(path, ns=(stamp, stamp))
    assert watched.poll() == 9


def test_any_loader_can_follow(path):
    watched = Watched(path, load_cues)
    path.write_text("[cues]\nbell = 'always'\n", encoding="utf-8")
    assert watched.poll().bell == "always"
    path.unlink()
    assert "cannot be read" in str(watched.poll())
    assert watched.poll() is None
