"""The sensors that sitwell knows: one file a family, one line here."""

from collections.abc import Iterable
from functools import cache
from importlib.metadata import entry_points

from monitor.devices.driver import Driver, same_uuid
from monitor.devices.metamotion import METAMOTION
from monitor.devices.microbit import MICROBIT
from monitor.devices.movella_dot import MOVELLA_DOT
from monitor.devices.movesense import MOVESENSE
from monitor.devices.open_imu import OPEN_IMU
from monitor.devices.polar import POLAR_H10, POLAR_SENSE
from monitor.devices.thingy52 import THINGY52
from monitor.devices.witmotion import WITMOTION
from monitor.errors import SensorError

DRIVERS: tuple[Driver, ...] = (
    WITMOTION,
    METAMOTION,
    MOVELLA_DOT,
    POLAR_H10,
    POLAR_SENSE,
    THINGY52,
    OPEN_IMU,
    MOVESENSE,
    MICROBIT,
)
ENTRY_POINTS = "sitwell.drivers"


@cache
def installed() -> tuple[tuple[Driver, ...], tuple[str, ...]]:
    """Drivers that other packages bring by the entry-point group `sitwell.drivers`, and what is wrong with the rest.

    Our own names are taken: a driver that reuses one is left out.
    """
    found: list[Driver] = []
    wrong: list[str] = []
    for entry in entry_points(group=ENTRY_POINTS):
        try:
            driver = entry.load()
        except Exception as error:  # noqa: BLE001 - other people's code may raise anything; ours must go on
            wrong.append(f"the driver {entry.name} could not be loaded ({error})")
            continue
        if not isinstance(driver, Driver):
            wrong.append(f"the driver {entry.name} is no monitor.devices.driver.Driver")
        elif driver.name in {each.name for each in (*DRIVERS, *found)}:
            wrong.append(f"the driver {entry.name} is left out: the name {driver.name} is taken")
        else:
            found.append(driver)
    return tuple(found), tuple(wrong)


def drivers() -> tuple[Driver, ...]:
    """All there are: ours, then those of other packages."""
    return DRIVERS + installed()[0]


def find_driver(name: str, service_uuids: Iterable[str]) -> Driver | None:
    """The first driver that claims an advertisement with this local name and these services; None if none does."""
    services = tuple(service_uuids)
    return next((driver for driver in drivers() if driver.matches(name, services)), None)


def driver_by_name(name: str) -> Driver:
    """The driver called `name`, upper or lower case alike. SensorError, naming those there are, if there is none."""
    for driver in drivers():
        if driver.name.casefold() == name.casefold():
            return driver
    known = ", ".join(driver.name for driver in drivers())
    raise SensorError(f"No sensor family is called {name!r}; sitwell knows: {known}.")


__all__ = ["DRIVERS", "driver_by_name", "drivers", "find_driver", "installed", "same_uuid"]
