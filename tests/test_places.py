"""Where files live and what is remembered there."""

import stat
import subprocess
import sys
import time

import pytest

from monitor.places import last_sensor, local_zone, remember_sensor


def test_the_last_sensor_is_remembered(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert last_sensor() is None
    remember_sensor("DC:00:00:00:00:01")
    assert last_sensor() == "DC:00:00:00:00:01"


@pytest.mark.parametrize(("zone", "name"), [("Europe/Berlin", "Europe/Berlin"), (":UTC", "UTC"), ("CET-1CEST", "")])
def test_the_time_zone_is_an_iana_name_or_nothing(monkeypatch, zone, name):
    monkeypatch.setenv("TZ", zone)
    assert local_zone() == (name, time.localtime().tm_gmtoff)


def test_it_imports_nothing_slow():
    code = "import monitor.places, sys; print([m for m in ('numpy', 'scipy', 'asyncio') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"


def test_whatever_is_written_first_the_data_folder_is_for_its_owner_only(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    remember_sensor("DC:00:00:00:00:01")
    assert stat.S_IMODE((tmp_path / "data" / "sitwell").stat().st_mode) == 0o700
