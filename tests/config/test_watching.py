"""A change of the settings file is seen once, and a fault is told once."""

import os

import pytest

from monitor.config import default_profile, load_cues
from monitor.config.editing import Change, write_values
from monitor.config.watching import Watched, profile_or_defaults
from monitor.errors import ConfigError

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
