"""The wearer's file is theirs: only what was to change changes, a mistake has its line, and a change is seen once."""

import re
import sys
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from own_files import changes_made, own_files

from monitor.config import load_profile
from monitor.config.editing import HEAD, Change, as_toml, set_values, write_values
from monitor.errors import ConfigError

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
