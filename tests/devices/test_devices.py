"""The list of drivers: finding one by advertisement and by name; what every driver must hold."""

import pytest

from monitor.devices import DRIVERS, driver_by_name, find_driver, same_uuid
from monitor.devices.driver import Driver
from monitor.errors import SensorError

VENDOR_TAIL = "0000ffe5-0000-1000-8000-00805f9a34fb"
SIG_TAIL = "0000FFE5-0000-1000-8000-00805F9B34FB"


@pytest.mark.parametrize(
    ("name", "services", "found"),
    [
        ("WT901BLE67", [], "WitMotion"),
        ("", [VENDOR_TAIL], "WitMotion"),
        ("clone", ["0000180f-0000-1000-8000-00805f9b34fb", SIG_TAIL], "WitMotion"),
        ("", ["FFE5"], "WitMotion"),
        ("NEWT", [], None),
        ("Polar H10", ["0000180d-0000-1000-8000-00805f9b34fb"], None),
        ("", ["", "nonsense", "ffe4"], None),
    ],
)
def test_find_driver(name, services, found):
    driver = find_driver(name, iter(services))
    assert (driver.name if driver else None) == found


def test_driver_by_name():
    assert driver_by_name("witmotion") is DRIVERS[0]
    with pytest.raises(SensorError, match=r"'toaster'; sitwell knows: WitMotion\."):
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
    assert driver.default_rate_hz in driver.rates_hz
    assert set(driver.real_rate_hz) <= set(driver.rates_hz)
    assert all(abs(real / asked - 1) < 0.02 for asked, real in driver.real_rate_hz.items())
    assert not same_uuid(driver.notify, driver.write)
    for rate_hz in driver.rates_hz:
        assert all(command.payload for command in driver.start(rate_hz))
    empty = driver.decoder().feed(b"")
    assert empty.acc_g.shape == (0, 3)
    assert (empty.gyr_dps is not None) == driver.gyro
    assert driver.decoder() is not driver.decoder()
