"""What stands in the way of Bluetooth here: facts only, one Finding a check; the command line has the words.

Linux is asked step by step, because there the steps fail one by one: the system bus, the service, its adapters, whether
one is powered, and the switches that can block the radio. Elsewhere the system says it all when a scan begins.
"""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from monitor.errors import SensorError

SCAN_S = 3.0
ANSWER_S = 5.0  # a service that is started on demand takes a second or two
RFKILL = Path("/sys/class/rfkill")
BLUEZ = "org.bluez"
OK = "ok"
SKIPPED = "skipped"

FACTS = {  # bleak's reasons, by name
    "NO_BLUETOOTH": "no-adapter",
    "NO_BLE_CENTRAL_ROLE": "no-low-energy",
    "POWERED_OFF": "off",
    "DENIED_BY_USER": "denied-by-user",
    "DENIED_BY_SYSTEM": "denied-by-system",
    "DENIED_BY_UNKNOWN": "denied",
}
ABSENT = ("ServiceUnknown", "NameHasNoOwner", ".Spawn.", "systemd1.")
"""Parts of the names of errors that say: nobody answers by that name, and nobody could be started for it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check.

    check  : 'bus', 'service', 'adapter', 'switch', 'power' or 'scan'
    fact   : 'ok', 'skipped', or what is wrong: a word of FACTS, 'no-bus', 'no-service', 'silent', 'switched-off',
             'blocked' or 'failed'
    detail : what the system itself says or calls it
    heard  : devices that advertise; known: names of those that a driver knows
    """

    check: str
    fact: str
    detail: str = ""
    heard: int = 0
    known: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Adapter:
    """A Bluetooth radio, as the service tells of it. central: it can connect to sensors."""

    name: str
    powered: bool
    central: bool


@dataclass(frozen=True, slots=True)
class Switch:
    """What can block a Bluetooth radio: soft, by a setting; hard, by a key or slider of the machine."""

    name: str
    soft: bool
    hard: bool


async def examine(
    scan: Mapping[str, Any] | None = None, seconds: float = SCAN_S, *, platform: str = sys.platform
) -> list[Finding]:
    """Every check in order; the scan only where nothing before it is wrong. scan: keyword arguments of BleakScanner."""
    found = await _linux() if platform == "linux" and not scan else []
    if any(each.fact not in {OK, SKIPPED} for each in found):
        return [*found, Finding("scan", SKIPPED)]
    return [*found, await listen(scan or {}, seconds)]


async def listen(scan: Mapping[str, Any], seconds: float) -> Finding:
    """What is heard in so many seconds."""
    try:
        from monitor.sources.ble import look_around

        near = await look_around(scan, seconds)
    except SensorError as error:
        cause = (
            error.__cause__ or error.__context__ or error
        )  # what bleak raised says more than the sentence made of it
        return Finding("scan", fact_of(cause), str(cause))
    except ImportError as error:
        return Finding("scan", "failed", str(error))
    return Finding("scan", OK, heard=len(near.seen), known=tuple(each.name for each in near.known()))


def fact_of(error: BaseException) -> str:
    """The fact behind what bleak raised."""
    reason = getattr(getattr(error, "reason", None), "name", "")
    if reason in FACTS:
        return FACTS[reason]
    return fact_named(str(error), "no-service" if isinstance(error, OSError) else "failed")


def fact_named(name: str, otherwise: str = "failed") -> str:
    """The fact behind the name of an error of the bus."""
    if "AccessDenied" in name:
        return "denied"
    if any(part in name for part in ABSENT):
        return "no-service"
    return "silent" if "NoReply" in name else otherwise


# ---------------------------------------------------------------- Linux


async def _linux() -> list[Finding]:
    found, adapters = await _asked()
    powered = any(each.powered for each in adapters)
    switch = judged_switches(switches(RFKILL), powered=powered)
    if not adapters:
        return [*found, switch, Finding("power", SKIPPED)]
    names = ", ".join(each.name for each in adapters)
    return [*found, switch, Finding("power", OK if powered else "off", names)]


def judged_switches(blocking: Sequence[Switch] | None, *, powered: bool) -> Finding:
    """Whether the radio is blocked; a switch of another radio does not matter where one is powered."""
    if blocking is None:
        return Finding("switch", SKIPPED)
    for fact, blocked in (
        ("blocked", [each.name for each in blocking if each.hard]),
        ("switched-off", [each.name for each in blocking if each.soft]),
    ):
        if blocked and not powered:
            return Finding("switch", fact, ", ".join(blocked))
    return Finding("switch", OK)


def switches(folder: Path) -> list[Switch] | None:
    """Those of Bluetooth radios that the kernel knows; None where it cannot be asked."""
    found: list[Switch] = []
    try:
        for each in sorted(folder.iterdir()):
            kind, name, soft, hard = (_text(each / key) for key in ("type", "name", "soft", "hard"))
            if kind == "bluetooth":
                found.append(Switch(name or each.name, soft == "1", hard == "1"))
    except OSError:
        return None
    return found


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip()


async def _asked() -> tuple[list[Finding], list[Adapter]]:
    """The bus, the service and its adapters, each only where the one before is there."""
    from dbus_fast import BusType, Message, MessageType
    from dbus_fast.aio.message_bus import MessageBus

    later = [Finding("service", SKIPPED), Finding("adapter", SKIPPED)]
    try:
        bus = MessageBus(bus_type=BusType.SYSTEM)
    except Exception as error:  # noqa: BLE001 - a missing or nonsensical address, or socket: each raises its own kind
        return [Finding("bus", "no-bus", _said(error)), *later], []
    try:
        async with asyncio.timeout(ANSWER_S):
            await bus.connect()
    except Exception as error:  # noqa: BLE001 - as above, and a bus that does not let us in
        bus.disconnect()
        return [Finding("bus", "no-bus", _said(error)), *later], []
    met = Finding("bus", OK)
    question = Message(
        destination=BLUEZ, path="/", interface="org.freedesktop.DBus.ObjectManager", member="GetManagedObjects"
    )
    try:
        async with asyncio.timeout(ANSWER_S):
            reply = await bus.call(question)
    except Exception as error:  # noqa: BLE001 - a bus that went away or broke its word
        fact = "silent" if isinstance(error, TimeoutError) else "failed"
        return [met, Finding("service", fact, _said(error)), later[1]], []
    finally:
        bus.disconnect()
    if reply.message_type is MessageType.ERROR:
        name = reply.error_name or "an error without a name"
        return [met, Finding("service", fact_named(name), name), later[1]], []
    adapters = adapters_in(reply.body[0] if reply.body else {})
    fact = OK if any(each.central for each in adapters) else "no-low-energy" if adapters else "no-adapter"
    names = ", ".join(each.name for each in adapters)
    return [met, Finding("service", OK), Finding("adapter", fact, names)], [each for each in adapters if each.central]


def adapters_in(objects: Any) -> list[Adapter]:
    """The radios among what the service manages: path -> interface -> property -> variant."""
    found: list[Adapter] = []
    managed = cast("dict[str, dict[str, dict[str, Any]]]", objects)
    for path, interfaces in sorted(managed.items()):
        values = {key: value.value for key, value in interfaces.get(f"{BLUEZ}.Adapter1", {}).items()}
        if values:
            roles = values.get("Roles", ["central"])  # older services do not say
            found.append(Adapter(path.rpartition("/")[2], bool(values.get("Powered")), "central" in roles))
    return found


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__
