"""The sensors that sitwell knows: one file a family, one line here."""

from collections.abc import Iterable

from monitor.devices.driver import Driver
from monitor.devices.witmotion import WITMOTION, same_uuid
from monitor.errors import SensorError

DRIVERS: tuple[Driver, ...] = (WITMOTION,)


def find_driver(name: str, service_uuids: Iterable[str]) -> Driver | None:
    """The first driver that claims an advertisement with this local name and these services; None if none does."""
    services = tuple(service_uuids)
    return next((driver for driver in DRIVERS if driver.matches(name, services)), None)


def driver_by_name(name: str) -> Driver:
    """The driver called `name`, upper or lower case alike. SensorError, naming those there are, if there is none."""
    for driver in DRIVERS:
        if driver.name.casefold() == name.casefold():
            return driver
    known = ", ".join(driver.name for driver in DRIVERS)
    raise SensorError(f"No sensor family is called {name!r}; sitwell knows: {known}.")


__all__ = ["DRIVERS", "driver_by_name", "find_driver", "same_uuid"]
