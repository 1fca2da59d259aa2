"""Verbs about sensors: which sitwell knows (devices), and which are near (scan). And which one is meant."""

import contextlib
import json
import sys
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import click

from monitor.cli.options import Duration, json_option
from monitor.errors import SensorError

if TYPE_CHECKING:
    from monitor.devices.driver import Driver
    from monitor.sources.ble import Near, Sighting

SCAN_S = 6.0  # sensors that save power advertise once in a second or two
ANOTHER_S = 2.0  # so long a second one has to show itself before the only one is taken

radio_option = click.option(
    "--radio",
    "port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Use the radio that `sitwell virtual` offers on this port, instead of this computer's Bluetooth.",
)


@click.command()
@json_option
def devices(as_json: bool) -> None:
    """List the sensors that sitwell knows, and what each can do."""
    from monitor.devices import drivers, installed

    listed = [describe(driver) for driver in drivers()]
    if as_json:
        click.echo(json.dumps(listed))
        return
    rows = [("name", "models", "samples a second", "gyro", "clock", "cues")]
    rows += [
        (
            each["name"],
            ", ".join(each["models"]),
            " ".join(f"{rate:g}" for rate in each["rates_hz"]),
            "yes" if each["gyro"] else "no",
            "own" if each["clock"] else "none",
            ", ".join(each["cues"]) or "none",
        )
        for each in listed
    ]
    _table(rows)
    for fault in installed()[1]:
        click.echo(f"left out: {fault}", err=True)


def describe(driver: "Driver") -> dict[str, Any]:
    """What `sitwell devices --json` tells of a driver."""
    from monitor.virtual.twins import TWINS

    return {
        "name": driver.name,
        "models": list(driver.models),
        "rates_hz": list(driver.rates_hz),
        "default_rate_hz": driver.default_rate_hz,
        "gyro": driver.gyro,
        "battery": bool(driver.battery or driver.battery_request),
        "cues": sorted(driver.cues),
        "clock": driver.clock,
        "counter": driver.counter,
        "pairs": driver.pairs,
        "twin": driver.name in TWINS,
    }


@click.command()
@click.option("--all", "every", is_flag=True, help="List devices that sitwell does not know, too.")
@click.option(
    "--for", "for_s", type=Duration(), default=SCAN_S, show_default=True, metavar="TIME", help="How long to listen."
)
@radio_option
@json_option
def scan(every: bool, for_s: float, port: int | None, as_json: bool) -> None:
    """List the sensors that are near: signal, family, battery if they tell it, and what they can be used for."""
    if not as_json:
        click.echo(f"Listening for {for_s:g} s ...", err=True)
    import asyncio

    near = asyncio.run(_look(port, for_s))
    seen = sorted(near.seen.values(), key=lambda each: (each.driver is None, -each.rssi_dbm))
    listed = [each for each in seen if every or each.driver]
    if as_json:
        click.echo(json.dumps([_sighting(each) for each in listed]))
        return
    if listed:
        rows = [("name", "address", "signal", "family", "battery", "use")]
        rows += [
            (
                each.name or "(no name)",
                each.device.address,
                f"{each.rssi_dbm} dBm",
                each.driver.name if each.driver else "unknown",
                "?" if each.battery_percent is None else f"{each.battery_percent} %",
                _use(each),
            )
            for each in listed
        ]
        _table(rows)
    else:
        click.echo("No known sensor is in reach: switch it on and bring it near; `sitwell doctor` looks at Bluetooth.")
    hidden = len(seen) - len(listed)
    if hidden:
        click.echo(f"{hidden} other devices are near; --all lists them.", err=True)


async def _look(port: int | None, seconds: float) -> "Near":
    from monitor.cli.virtual import offered_radio
    from monitor.sources.ble import look_around

    async with offered_radio(port) as bluetooth:
        return await look_around(bluetooth.get("scan", {}), seconds)


def _sighting(each: "Sighting") -> dict[str, Any]:
    return {
        "name": each.name,
        "address": each.device.address,
        "rssi_dbm": each.rssi_dbm,
        "family": each.driver.name if each.driver else None,
        "battery_percent": each.battery_percent,
        "use": _use(each),
    }


def _use(each: "Sighting") -> str:
    if each.driver is None:
        return "sitwell does not know it"
    kind = "acceleration and rotation" if each.driver.gyro else "acceleration"
    return f"sitwell live --sensor {json.dumps(each.name) if ' ' in each.name else each.name}: {kind}"


def _table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def ask_for_sensor(port: int | None) -> str | None:
    """The sensor that is meant where none is named: the last used if it is near, the only one, or the one chosen.

    None leaves it to the session, which waits longer. Only for a terminal, before the dashboard begins.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    import asyncio

    from monitor.places import last_sensor

    click.echo("Looking for your sensor ...", err=True)
    last = last_sensor()
    near = asyncio.run(_near(port, last))
    if last and (used := near.called(last)):
        return used[0].device.address
    known = near.known()
    if len(known) < 2:
        return known[0].device.address if known else None
    for number, each in enumerate(known, 1):
        click.echo(f"  {number}  {each.name}  {each.driver.name}  {each.rssi_dbm} dBm", err=True)
    number = click.prompt("Which one", type=click.IntRange(1, len(known)), default=1, err=True)
    return known[number - 1].device.address


async def _near(port: int | None, last: str | None) -> "Near":
    """What is heard until the last used sensor is, or for long enough after the first known one."""
    from monitor.cli.virtual import offered_radio
    from monitor.sources.ble import until_clear

    async with offered_radio(port) as bluetooth:
        return await until_clear(bluetooth.get("scan", {}), last, wait_s=ANOTHER_S, timeout_s=SCAN_S)


@contextlib.contextmanager
def only_session(address: str) -> Generator[None]:
    """Hold this sensor for this process. SensorError where another session on this machine has it."""
    from filelock import FileLock, Timeout

    from monitor.places import locks_dir, make_private_folder

    folder = locks_dir()
    make_private_folder(folder)
    lock = FileLock(folder / f"{''.join(c if c.isalnum() else '-' for c in address)}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise SensorError(
            f"Another session has {address} already: end that one first, or use another sensor."
        ) from None
    try:
        yield
    finally:
        lock.release()
