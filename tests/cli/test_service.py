"""The service files: what they say, that odd names come through, and that nothing of yours is overwritten."""

import os
import plistlib
import shutil
import stat
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli.service import KINDS, described, service, usual_kind
from monitor.cli.service_files import (
    launchd_agent,
    session_command,
    systemd_unit,
    systemd_word,
    windows_task,
    writable,
)
from monitor.cli.watch import live
from monitor.errors import SitwellError

TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
ESCAPES = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "t": "\t", "s": " "}
NASTY = " \"'%$&<>\\;#=`*?(){}[]|~^!\u00a0\u2028é–😀"


def _allowed(text):
    try:
        writable(text)
    except SitwellError:
        return False
    return True


words = st.text(st.sampled_from(NASTY) | st.characters(exclude_categories=["Cc", "Cs"]), max_size=12).filter(_allowed)
programs = words.map(lambda text: f"/opt/{text}/python")


def _items(value):
    """Split a systemd setting strictly as systemd.syntax(7) says; anything it leaves open is an error here."""
    items, at = [], 0
    while at < len(value):
        if value[at] == " ":
            at += 1
            continue
        quote = value[at] if value[at] in "\"'" else ""
        at += bool(quote)
        item = ""
        while at < len(value) and value[at] != (quote or " "):
            if value[at] == "\\":
                at += 1
                item += ESCAPES[value[at]]
            else:
                assert quote or value[at] not in "\"'", "a quote inside an item"
                item += value[at]
            at += 1
        assert quote or item != ";", "a new command begins"
        if quote:
            assert value[at] == quote, "the quote is not closed"
            at += 1
            assert at == len(value) or value[at] == " ", "something follows the quote"
        items.append(_halved(item, "%"))
    return items


def _halved(text, sign):
    """Undo the doubling of a sign; a lone one would be expanded."""
    assert sign not in text.replace(sign * 2, ""), f"a lone {sign}"
    return text.replace(sign * 2, sign)


def _command(unit):
    """What systemd would run: the program is taken as it stands, of arguments $ is expanded."""
    (line,) = [line for line in unit.split("\n") if line.startswith("ExecStart=")]
    assert not line.endswith("\\")
    program, *arguments = _items(line.partition("=")[2])
    assert program.startswith("/")
    assert not set(program) & set("\"'\\$")
    return [program, *(_halved(each, "$") for each in arguments)]


def _windows_words(line):
    """Split as the C runtime of a Windows program does."""
    found, word, quoted, at, begun = [], "", False, 0, False
    while at < len(line):
        if line[at] in " \t" and not quoted:
            if begun:
                found.append(word)
            word, begun = "", False
            at += 1
            continue
        begun = True
        slashes = 0
        while at < len(line) and line[at] == "\\":
            slashes += 1
            at += 1
        if at < len(line) and line[at] == '"':
            word += "\\" * (slashes // 2)
            if slashes % 2:
                word += '"'
            else:
                quoted = not quoted
            at += 1
        else:
            word += "\\" * slashes
            if at < len(line) and not (line[at] in " \t" and not quoted) and line[at] != "\\":
                word += line[at]
                at += 1
    return [*found, word] if begun else found


@given(programs, words, st.floats(0.5, 2000.0))
def test_systemd_gets_the_words_that_were_meant(python, sensor, rate_hz):
    meant = session_command(python, sensor, rate_hz)
    given_words = _command(systemd_unit(meant, {}))
    if given_words[0] == "/bin/sh":
        assert given_words[1:3] == ["-c", 'exec "$0" "$@"']
        given_words = given_words[3:]
    assert given_words == meant


@given(words)
def test_systemd_environment_comes_through_and_is_not_expanded(folder):
    unit = systemd_unit(session_command("/usr/bin/python3"), {"XDG_DATA_HOME": f"/{folder}"})
    (line,) = [line for line in unit.split("\n") if line.startswith("Environment=")]
    assert _items(line.partition("=")[2]) == [f"XDG_DATA_HOME=/{folder}"]


@given(programs, words, words)
def test_launchd_gets_the_words_that_were_meant(python, sensor, folder):
    meant = session_command(python, sensor)
    agent = plistlib.loads(launchd_agent(meant, {"XDG_DATA_HOME": folder}, f"/{folder}/service.log").encode())
    assert agent["ProgramArguments"] == meant
    assert agent["StandardErrorPath"] == f"/{folder}/service.log"
    assert agent["EnvironmentVariables"]["XDG_DATA_HOME"] == folder


@given(words, words, words)
def test_windows_gets_the_words_that_were_meant_or_says_why_not(folder, sensor, user):
    meant = session_command(f"C:\\{folder}\\python.exe", sensor)
    try:
        task = ET.fromstring(windows_task(meant, f"PC\\{user}").encode("utf-16"))
    except SitwellError:
        assert folder.count("%") > 1 or sensor.count("%") > 1
        return
    (run,) = task.iter(f"{TASK}Exec")
    assert run.findtext(f"{TASK}Command") == meant[0]
    assert _windows_words(run.findtext(f"{TASK}Arguments")) == meant[1:]
    assert {each.text for each in task.iter(f"{TASK}UserId")} == {f"PC\\{user}"}


@given(st.text(max_size=5), st.characters(categories=["Cc", "Cs"]), st.text(max_size=5))
def test_a_word_that_no_file_can_hold_is_refused_in_one_sentence(before, bad, after):
    for make in (
        lambda command: systemd_unit(command, {}),
        lambda command: launchd_agent(command, {}, "/log"),
        lambda command: windows_task(command, "me"),
    ):
        with pytest.raises(SitwellError, match=r"name the sensor by its address") as caught:
            make(session_command("/usr/bin/python3", before + bad + after))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("plain", "plain"),
        ("", '""'),
        ("two words", '"two words"'),
        ('say "a"', '"say \\"a\\""'),
        ("50%", '"50%%"'),
        ("back\\", '"back\\\\"'),
        (";", '";"'),
        ("#1", '"#1"'),
        ("it's", '"it\'s"'),
    ],
)
def test_systemd_quoting_is_what_its_manual_says(word, written):
    assert systemd_word(word) == written


def test_a_dollar_is_doubled_in_arguments_and_kept_from_the_program():
    line = next(
        line
        for line in systemd_unit(session_command("/a$HOME/python", "$USER"), {}).splitlines()
        if line.startswith("ExecStart=")
    )
    assert line == (
        'ExecStart=/bin/sh -c "exec \\"$$0\\" \\"$$@\\"" "/a$$HOME/python" -P -m monitor live --headless '
        '"--sensor=$$USER"'
    )


def _verified(unit, folder):
    """What systemd's own reader says against a unit; empty if nothing."""
    (folder / "run").mkdir()
    path = folder / "sitwell.service"
    path.write_text(unit)
    environment = os.environ | {"XDG_RUNTIME_DIR": str(folder / "run"), "HOME": str(folder)}
    command = ["systemd-analyze", "verify", "--user", "--man=no", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    return f"{done.stderr}{done.stdout}" + (f"exit {done.returncode}" if done.returncode else "")


def _program(path):
    """A stand-in of that name for this Python."""
    path.parent.mkdir(parents=True)
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


ODD_FOLDERS = ["plain", "two words; & more", "50% h%h", 'Bob\'s "files"', "$HOME ${USER} $$", "back\\slash\\", "é 😀 #"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("folder", ODD_FOLDERS)
def test_systemd_itself_finds_nothing_wrong(folder, tmp_path):
    python = _program(tmp_path / folder / "python")
    unit = systemd_unit(session_command(python, f"my {folder}", 12.5), {"XDG_DATA_HOME": str(tmp_path / folder)})
    assert not _verified(unit, tmp_path)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_itself_would_have_found_it(tmp_path):
    unit = systemd_unit(session_command(_program(tmp_path / "two words" / "python")), {})
    assert "not executable" in _verified(unit.replace('"', ""), tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize("folder", ["two words", "$HOME Bob's"])
def test_the_unit_s_command_starts_sitwell(folder, tmp_path):
    words_ = _command(systemd_unit(session_command(_program(tmp_path / folder / "python")), {}))
    (tmp_path / "monitor.py").write_text("raise SystemExit('the wrong monitor')")
    begin = words_[: words_.index("live")]
    done = subprocess.run([*begin, "--version"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout.startswith("sitwell "), done.stderr


def test_the_command_is_one_that_live_takes():
    command = session_command("/usr/bin/python3", "-odd name", 52.0)
    context = live.make_context("live", command[command.index("live") + 1 :])
    assert context.params["headless"] is True
    assert context.params["sensor"] == "-odd name"
    assert context.params["rate_hz"] == 52.0


def test_the_unit_survives_a_night_without_the_sensor_and_stops_cleanly():
    lines = systemd_unit(session_command("/usr/bin/python3"), {}).splitlines()
    unit, rest = lines[: lines.index("[Service]")], lines[lines.index("[Service]") :]
    assert "StartLimitIntervalSec=0" in unit
    assert {"Restart=on-failure", "RestartSec=30", "KillSignal=SIGTERM", "TimeoutStopSec=30"} <= set(rest)
    assert "WantedBy=default.target" in rest
    assert not [line for line in lines if line.startswith(("User=", "Group="))]


def test_the_agent_and_the_task_come_again_after_an_error():
    agent = plistlib.loads(launchd_agent(session_command("/usr/bin/python3"), {}, "/log").encode())
    assert agent["KeepAlive"] == {"SuccessfulExit": False}
    assert agent["ThrottleInterval"] == agent["ExitTimeOut"] == 30
    task = ET.fromstring(windows_task(session_command("C:\\python.exe"), "PC\\me"))

    def said(name):
        return [each.text for each in task.iter(f"{TASK}{name}")]

    assert said("MultipleInstancesPolicy") == ["IgnoreNew"]
    assert said("Interval") == ["PT1M", "PT1M"]
    assert said("ExecutionTimeLimit") == ["PT0S"]
    assert said("DisallowStartIfOnBatteries") == said("StopIfGoingOnBatteries") == ["false"]
    assert said("RunLevel") == ["LeastPrivilege"]


# ---------------------------------------------------------------- the verbs


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(service, [*arguments], catch_exceptions=False)


@pytest.mark.parametrize("kind", KINDS)
def test_install_writes_where_the_system_looks_and_tells_how_to_switch_it_on(kind, home):
    result = run("install", "--kind", kind)
    made = described(kind)
    assert made.path.is_relative_to(home)
    assert made.path.read_bytes() == made.data
    assert not result.stdout
    assert all(command in result.stderr for command in made.on)
    assert not list(made.path.parent.glob("*wants*"))  # it is not switched on


def test_each_system_has_its_place(home):
    assert described("systemd").path == home / "config" / "systemd" / "user" / "sitwell.service"
    assert described("launchd").path == home / "Library" / "LaunchAgents" / "local.sitwell.plist"
    assert described("windows").path.name == "sitwell-task.xml"
    assert {name: usual_kind(name) for name in ("linux", "darwin", "win32")} == {
        "linux": "systemd",
        "darwin": "launchd",
        "win32": "windows",
    }


def test_without_xdg_the_unit_goes_to_the_usual_folder_and_names_no_place(home, monkeypatch):
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.delenv("XDG_DATA_HOME")
    made = described("systemd")
    assert made.path == home / ".config" / "systemd" / "user" / "sitwell.service"
    assert "Environment=" not in made.text


def test_the_service_records_where_you_do(home):
    assert f"Environment=XDG_DATA_HOME={home / 'data'}" in described("systemd").text


def test_an_equal_file_is_left_alone(home):
    run("install", "--kind", "systemd")
    path = described("systemd").path
    before = path.stat()
    result = run("install", "--kind", "systemd")
    assert "there already" in result.stderr
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_another_file_is_replaced_only_when_told(home):
    path = described("systemd").path
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(SitwellError, match="--force"):
        run("install", "--kind", "systemd")
    assert path.read_text() == "mine"
    assert run("install", "--kind", "systemd", "--sensor", "a", "--force").exit_code == 0
    assert "--sensor=a" in path.read_text()
    with pytest.raises(SitwellError, match="says something else"):
        run("install", "--kind", "systemd", "--sensor", "b")


def test_a_link_is_replaced_and_what_it_points_to_is_kept(home):
    path, other = described("systemd").path, home / "other.service"
    path.parent.mkdir(parents=True)
    other.write_text("mine")
    path.symlink_to(other)
    run("install", "--kind", "systemd", "--force")
    assert other.read_text() == "mine"
    assert not path.is_symlink()


@pytest.mark.parametrize("kind", KINDS)
def test_print_is_the_file_on_stdout_and_nothing_else(kind, home):
    result = run("install", "--kind", kind, "--print", "--sensor", "my sensor", "--rate", "50")
    assert result.stdout == described(kind, "my sensor", 50.0).text
    assert not result.stderr
    assert not list(home.iterdir())


def test_uninstall_takes_the_file_and_what_switching_on_left(home):
    made = described("systemd")
    run("install", "--kind", "systemd")
    (link,) = made.links
    link.parent.mkdir()
    link.symlink_to(made.path)
    result = run("uninstall", "--kind", "systemd")
    assert not made.path.exists()
    assert not link.is_symlink()
    assert made.off[0] in result.stderr
    again = run("uninstall", "--kind", "systemd")
    assert "nothing to remove" in again.stderr
    assert again.exit_code == 0


@pytest.mark.parametrize("kind", KINDS)
def test_show_says_how_things_stand(kind, home):
    assert "not there" in run("show", "--kind", kind).stdout
    run("install", "--kind", kind, "--sensor", "a")
    shown = run("show", "--kind", kind, "--sensor", "a").stdout
    assert "(there, as " in shown
    assert described(kind, "a").text in shown
    assert all(command in shown for command in (*described(kind).on, *described(kind).off))
    other = run("show", "--kind", kind).stdout
    assert "(there, not as" in other
    assert "--sensor=a" in other


def test_a_place_that_cannot_be_written_is_told(home):
    (home / "config").write_text("a file where the folder should be")
    with pytest.raises(SitwellError, match="--print"):
        run("install", "--kind", "systemd")
