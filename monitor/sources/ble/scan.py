"""What is near: advertisements, and which of them a driver knows. And what is wrong when Bluetooth does not work."""

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakError

from monitor.devices import find_driver
from monitor.devices.driver import BATTERY_SERVICE, Driver, same_uuid
from monitor.errors import SensorError

SCAN_S = 20.0  # a sensor that sleeps between advertisements shows itself within a few seconds
ANOTHER_S = 1.0  # after the first known sensor, so long for a second one to show itself
LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Sighting:
    """One device that advertises, as heard last. driver: None where no driver knows it; battery only if it says so."""

    device: BLEDevice
    driver: Driver | None
    name: str
    rssi_dbm: int
    battery_percent: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A sensor that advertises and that a driver knows."""

    device: BLEDevice
    driver: Driver
    name: str
    rssi_dbm: int


class Near:
    """All that has been heard since the scan began, by address."""

    def __init__(self) -> None:
        self.seen: dict[str, Sighting] = {}

    def hear(self, device: BLEDevice, advertisement: AdvertisementData) -> Sighting:
        """Take one advertisement. A name once heard stays: many advertisements come without."""
        last = self.seen.get(device.address)
        name = advertisement.local_name or device.name or (last.name if last else "")
        driver = find_driver(name, advertisement.service_uuids) or (last.driver if last else None)
        battery = _battery(advertisement.service_data)
        if battery is None and last:
            battery = last.battery_percent
        sighting = Sighting(device, driver, name, advertisement.rssi, battery)
        self.seen[device.address] = sighting
        return sighting

    def known(self) -> list[Found]:
        """Those that a driver knows, the strongest first."""
        found = [known for each in self.seen.values() if (known := as_found(each))]
        return sorted(found, key=lambda each: -each.rssi_dbm)

    def called(self, name: str) -> list[Found]:
        """Those that a driver knows and that are called so."""
        return [known for each in self.seen.values() if is_wanted(name, each) and (known := as_found(each))]


def as_found(sighting: Sighting) -> Found | None:
    """The sighting as a sensor to connect to; None where no driver knows it."""
    if sighting.driver is None:
        return None
    return Found(sighting.device, sighting.driver, sighting.name or sighting.driver.name, sighting.rssi_dbm)


def is_wanted(want: str, sighting: Sighting) -> bool:
    """Whether this is the one that is called `want`, by name, address, or name of its family; upper or lower case."""
    family = sighting.driver.name if sighting.driver else ""
    names = (sighting.device.address, sighting.name, sighting.device.name or "", family)
    return want.casefold() in {name.casefold() for name in names if name}


@contextlib.asynccontextmanager
async def listening(
    scan: Mapping[str, Any], heard: Callable[[Sighting], None] | None = None
) -> AsyncGenerator[Near, None]:
    """Scan while the context lasts. scan: keyword arguments of BleakScanner. Raises SensorError without Bluetooth."""
    near = Near()

    def on_advertisement(device: BLEDevice, advertisement: AdvertisementData) -> None:
        sighting = near.hear(device, advertisement)
        if heard:
            heard(sighting)

    try:
        async with BleakScanner(on_advertisement, **scan):
            yield near
    except (BleakError, OSError) as error:
        raise bluetooth_error(error) from None


async def look_around(scan: Mapping[str, Any], seconds: float) -> Near:
    """All that is heard in so many seconds."""
    async with listening(scan) as near:
        await asyncio.sleep(seconds)
    return near


async def until_clear(
    scan: Mapping[str, Any],
    name: str | None,
    *,
    wait_s: float | None = ANOTHER_S,
    timeout_s: float = SCAN_S,
) -> Near:
    """Listen until it is clear which sensor can be meant: what has been heard by then.

    name   : of the one to wait for
    wait_s : how long after the first known sensor another one may still show itself; None: only `name` will do
    """
    async with listening(scan) as near:
        end_s, settled_s = time.monotonic() + timeout_s, math.inf
        while (now_s := time.monotonic()) < min(end_s, settled_s):
            await asyncio.sleep(LOOK_S)
            if name and near.called(name):
                break
            if wait_s is not None and settled_s == math.inf and near.known():
                settled_s = now_s + wait_s
    return near


async def find(want: str | None, prefer: str | None, scan: Mapping[str, Any], timeout_s: float = SCAN_S) -> Found:
    """The sensor called `want`; without, the preferred one if it is in reach, else the only known one.

    Raises SensorError when there is none, several, or no Bluetooth.
    """
    name = want or prefer
    near = await until_clear(scan, name, wait_s=None if want else ANOTHER_S, timeout_s=timeout_s)
    if name and (called := near.called(name)):
        return called[0]
    return _only(near, want)


def _only(near: Near, want: str | None) -> Found:
    """The only known one; SensorError, saying what to do, where `want` was not found, or there is none or a choice."""
    known = near.known()
    if want:
        if any(is_wanted(want, each) for each in near.seen.values()):
            raise SensorError(
                f"{want} is in reach, but it is no sensor that sitwell knows; `sitwell devices` lists those that work."
            )
        raise SensorError(f"{want} is not in reach: switch it on, bring it near, and close other apps that use it.")
    if not known:
        raise SensorError("No known sensor is in reach: switch it on and bring it near, or try `sitwell demo`.")
    if len(known) > 1:
        names = ", ".join(sorted(f"{found.name} ({found.device.address})" for found in known))
        raise SensorError(f"Several sensors are in reach: choose one with --sensor NAME from {names}.")
    return known[0]


def _battery(service_data: Mapping[str, bytes]) -> int | None:
    """The charge that some sensors advertise."""
    for uuid, value in service_data.items():
        if same_uuid(uuid, BATTERY_SERVICE) and len(value) == 1 and value[0] <= 100:
            return value[0]
    return None


CURES = {
    BleakBluetoothNotAvailableReason.NO_BLUETOOTH: "This computer has no Bluetooth: plug in an adapter",
    BleakBluetoothNotAvailableReason.POWERED_OFF: "Bluetooth is off: switch it on",
    BleakBluetoothNotAvailableReason.DENIED_BY_USER: "This terminal may not use Bluetooth: allow it in the settings",
}


def bluetooth_error(error: BaseException) -> SensorError:
    """What is wrong with Bluetooth here, in one sentence that says what to do."""
    if isinstance(error, BleakBluetoothNotAvailableError):
        cure = CURES.get(error.reason, f"Bluetooth cannot be used here ({error.args[0]}): check the system's settings")
    elif "AccessDenied" in str(error):
        cure = "You may not use Bluetooth on this system: add yourself to the group bluetooth and log in again"
    elif isinstance(error, OSError) or "ServiceUnknown" in str(error):
        cure = "The Bluetooth service of this system is not running: start it (bluetoothd on Linux)"
    else:
        cure = f"Bluetooth failed ({reason(error)}): switch it off and on again"
    return SensorError(f"{cure}; `sitwell doctor` looks closer, `sitwell demo` works without it.")


def reason(error: BaseException) -> str:
    """What an error says, or its kind where it says nothing."""
    return str(error) or type(error).__name__
