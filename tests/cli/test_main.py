"""The command as a whole: help, version, duration syntax."""

import json

import click
import pytest
from click.testing import CliRunner

from monitor import __version__
from monitor.cli import sitwell
from monitor.cli.options import Duration


def verbs(group, path=()):
    for name, command in sorted(group.commands.items()):
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from verbs(command, (*path, name))


@pytest.mark.parametrize(
    ("path", "command"), list(verbs(sitwell)), ids=lambda x: " ".join(x) if isinstance(x, tuple) else ""
)
def test_every_verb_and_option_has_help(path, command):
    result = CliRunner().invoke(sitwell, [*path, "--help"])
    assert result.exit_code == 0
    assert command.help
    assert command.get_short_help_str()
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


def test_version():
    assert CliRunner().invoke(sitwell, ["--version"]).output == f"sitwell {__version__}\n"


@pytest.mark.parametrize(
    ("text", "seconds"), [("20s", 20), ("5min", 300), ("1h30min", 5400), ("90", 90), ("1.5h", 5400), ("2 min", 120)]
)
def test_durations(text, seconds):
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "soon", "5 parsecs", "-3s", "1h-2"])
def test_no_durations(text):
    with pytest.raises(click.BadParameter):
        Duration().convert(text, None, None)


def test_config_path_and_show(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert "defaults apply" in CliRunner().invoke(sitwell, ["config", "path"]).output
    shown = json.loads(CliRunner().invoke(sitwell, ["config", "show"]).output)
    assert shown["prompts"]["places"][0]["band"]["sitting"]["tilt_deg"] == 10.0
    assert shown["cues"]["bell"] == "fallback"
