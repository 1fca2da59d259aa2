"""The list of drivers: finding one by advertisement and by name; what every driver must hold."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from monitor.devices import DRIVERS, driver_by_name, drivers, find_driver, installed, same_uuid
from monitor.devices.driver import Ask, Command, Driver, Read, Subscribe
from monitor.errors import SensorError
from monitor.virtual.twins import TWINS

VENDOR_TAIL = "0000ffe5-0000-1000-8000-00805f9a34fb"
SIG_TAIL = "0000FFE5-0000-1000-8000-00805F9B34FB"


@pytest.mark.parametrize(
    ("name", "services", "found"),
    [
        ("WT901BLE67", [], "witmotion"),
        ("", [VENDOR_TAIL], "witmotion"),
        ("clone", ["0000180f-0000-1000-8000-00805f9b34fb", SIG_TAIL], "witmotion"),
        ("", ["FFE5"], "witmotion"),
        ("NEWT", [], None),
        ("Heart rate belt", ["0000180d-0000-1000-8000-00805f9b34fb"], None),
        ("", ["", "nonsense", "ffe4"], None),
    ],
)
def test_find_driver(name, services, found):
    driver = find_driver(name, iter(services))
    assert (driver.name if driver else None) == found


def test_driver_by_name():
    assert driver_by_name("witmotion") is DRIVERS[0]
    with pytest.raises(SensorError, match=r"'toaster'; sitwell knows: witmotion, "):
        driver_by_name("toaster")


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (VENDOR_TAIL, SIG_TAIL, True),
        ("ffe5", VENDOR_TAIL, True),
        ("0xFFE5", "ffe5", True),
        ("ffe4", VENDOR_TAIL, False),
    ],
)
def test_same_uuid(left, right, same):
    assert same_uuid(left, right) is same


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
def test_every_driver_is_complete(driver: Driver):
    assert driver.name == driver.name.lower()
    assert " " not in driver.name
    assert driver.models
    assert driver.default_rate_hz in driver.rates_hz
    assert list(driver.rates_hz) == sorted(set(driver.rates_hz))
    assert set(driver.real_rate_hz) <= set(driver.rates_hz)
    assert all(abs(real / asked - 1) < 0.02 for asked, real in driver.real_rate_hz.items())
    assert all(driver.cues.values())
    first = next(driver.setup(driver.default_rate_hz))
    assert isinstance(first, Subscribe | Read | Command | Ask)
    with pytest.raises(ValueError, match=r"not at 33\.5 Hz"):
        list(driver.setup(33.5))


def test_names_are_unique_and_each_driver_has_a_twin():
    names = [driver.name for driver in DRIVERS]
    assert len(set(names)) == len(names)
    assert set(names) == set(TWINS)


def entry(name, value):
    return SimpleNamespace(name=name, load=lambda: value() if callable(value) else value)


def test_drivers_of_other_packages_come_in_and_broken_ones_are_told(monkeypatch):
    def broken():
        raise ImportError("no module named toaster")

    stove = replace(DRIVERS[0], name="stove", matches=lambda name, _: name == "Stove")
    offered = [entry("stove", stove), entry("toaster", broken), entry("text", "nonsense"), entry("again", DRIVERS[0])]
    monkeypatch.setattr("monitor.devices.entry_points", lambda group: offered if group == "sitwell.drivers" else [])
    installed.cache_clear()
    try:
        assert drivers() == (*DRIVERS, stove)
        assert find_driver("Stove", []) is stove
        assert driver_by_name("STOVE") is stove
        wrong = " ".join(installed()[1])
        assert "toaster" in wrong
        assert "text" in wrong
        assert "witmotion is taken" in wrong
    finally:
        installed.cache_clear()
