"""The doctor on a system bus of our own with a small BlueZ on it, and its words for what other systems say."""

import asyncio
import contextlib
import json
import os
import socket
import sys
from types import SimpleNamespace

import pytest
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakDBusError, BleakError

from monitor import devices, places
from monitor.cli.doctor import OK, SKIPPED, WORDS, WRONG, drivers, recordings, versions, worded
from monitor.sources import doctor
from monitor.sources.doctor import Finding, Switch, examine, fact_of, judged_switches, switches

linux = pytest.mark.skipif(sys.platform != "linux", reason="the system bus of Linux")


@pytest.fixture
def system_bus(private_bus, monkeypatch):
    """`system_bus(rule)` -> address of a private system bus with this rule, which this process uses too."""

    def start(rule=""):
        address = private_bus(rule)
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        return address

    return start


@pytest.fixture(autouse=True)
def no_switches(tmp_path, monkeypatch):
    """This machine's own radio switches do not matter."""
    monkeypatch.setattr(doctor, "RFKILL", tmp_path / "rfkill")


@contextlib.asynccontextmanager
async def bluez(address, *adapters, near=(), silent=False):
    """A Bluetooth service with adapters (powered, roles) and with devices by name that a scan hears."""
    from dbus_fast import PropertyAccess
    from dbus_fast.aio import MessageBus
    from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

    class Device(ServiceInterface):
        def __init__(self, number, name):
            super().__init__("org.bluez.Device1")
            self.address, self.called = f"C0:FF:EE:00:00:{number:02X}", name

        @dbus_property(access=PropertyAccess.READ)
        def Address(self) -> "s":  # noqa: N802, F821
            return self.address

        @dbus_property(access=PropertyAccess.READ)
        def AddressType(self) -> "s":  # noqa: N802, F821
            return "public"

        @dbus_property(access=PropertyAccess.READ)
        def Name(self) -> "s":  # noqa: N802, F821
            return self.called

        @dbus_property(access=PropertyAccess.READ)
        def Alias(self) -> "s":  # noqa: N802, F821
            return self.called

        @dbus_property(access=PropertyAccess.READ)
        def RSSI(self) -> "n":  # noqa: N802, F821
            return -60

        @dbus_property(access=PropertyAccess.READ)
        def UUIDs(self) -> "as":  # noqa: N802, F722
            return []

        @dbus_property(access=PropertyAccess.READ)
        def Connected(self) -> "b":  # noqa: N802, F821
            return False

        @dbus_property(access=PropertyAccess.READ)
        def Adapter(self) -> "o":  # noqa: N802, F821
            return "/org/bluez/hci0"

    class Adapter(ServiceInterface):
        def __init__(self, powered, roles):
            super().__init__("org.bluez.Adapter1")
            self.powered, self.roles = powered, roles

        @dbus_property(access=PropertyAccess.READ)
        def Powered(self) -> "b":  # noqa: N802, F821
            return self.powered

        @dbus_property(access=PropertyAccess.READ)
        def Roles(self) -> "as":  # noqa: N802, F722
            return self.roles

        @dbus_method()
        def SetDiscoveryFilter(self, filters: "a{sv}"):  # noqa: N802, F722
            pass

        @dbus_method()
        def StartDiscovery(self):  # noqa: N802
            for number, name in enumerate(near):
                device = Device(number, name)
                bus.export(f"/org/bluez/hci0/dev_{device.address.replace(':', '_')}", device)

        @dbus_method()
        def StopDiscovery(self):  # noqa: N802
            pass

    bus = await MessageBus(bus_address=address).connect()
    for number, (powered, roles) in enumerate(adapters):
        bus.export(f"/org/bluez/hci{number}", Adapter(powered, roles))
    if silent:
        bus.add_message_handler(lambda message: message.member == "GetManagedObjects")
    await bus.request_name("org.bluez")
    try:
        yield
    finally:
        bus.disconnect()


BOTH = ["central", "peripheral"]


def facts(findings):
    return {each.check: each.fact for each in findings}


# ------------------------------------------------------------ Linux, step by step


@linux
@pytest.mark.parametrize("address", ["unix:path=/tmp/sitwell-no-such-bus", "nonsense", "unix:path=/dev/null"])
async def test_no_bus_at_all(monkeypatch, address):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
    assert facts(await examine(seconds=0.1)) == {
        "bus": "no-bus",
        "service": "skipped",
        "adapter": "skipped",
        "switch": "skipped",
        "power": "skipped",
        "scan": "skipped",
    }


@linux
async def test_a_bus_that_does_not_answer(monkeypatch, tmp_path):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path / 'bus'}")
    monkeypatch.setattr(doctor, "ANSWER_S", 0.3)

    with socket.socket(socket.AF_UNIX) as nobody:
        nobody.bind(str(tmp_path / "bus"))
        nobody.listen()
        assert facts(await examine(seconds=0.1))["bus"] == "no-bus"


@linux
async def test_no_service(system_bus):
    system_bus()
    found = facts(await examine(seconds=0.1))
    assert (found["bus"], found["service"], found["adapter"], found["scan"]) == (
        "ok",
        "no-service",
        "skipped",
        "skipped",
    )


@linux
async def test_a_user_without_the_right_to_use_it(system_bus):
    address = system_bus('<deny send_destination="org.bluez"/>')
    async with bluez(address, (True, BOTH)):
        found = facts(await examine(seconds=0.1))
    assert (found["bus"], found["service"], found["scan"]) == ("ok", "denied", "skipped")


@linux
async def test_a_service_that_does_not_answer(system_bus, monkeypatch):
    monkeypatch.setattr(doctor, "ANSWER_S", 0.3)
    async with bluez(system_bus(), (True, BOTH), silent=True):
        found = facts(await examine(seconds=0.1))
    assert (found["bus"], found["service"], found["adapter"]) == ("ok", "silent", "skipped")


@linux
@pytest.mark.parametrize(
    ("adapters", "adapter", "power"),
    [
        ([], "no-adapter", "skipped"),
        ([(True, ["peripheral"])], "no-low-energy", "skipped"),
        ([(False, BOTH)], "ok", "off"),
        ([(True, ["peripheral"]), (False, BOTH)], "ok", "off"),
    ],
)
async def test_an_adapter_that_is_missing_wrong_or_off(system_bus, adapters, adapter, power):
    async with bluez(system_bus(), *adapters):
        found = facts(await examine(seconds=0.1))
    assert (found["bus"], found["service"]) == ("ok", "ok")
    assert (found["adapter"], found["power"], found["scan"]) == (adapter, power, "skipped")


@linux
async def test_one_powered_adapter_is_enough(system_bus, monkeypatch):
    async def heard(scan, seconds):
        return Finding("scan", "ok", heard=7)

    monkeypatch.setattr(doctor, "listen", heard)
    async with bluez(system_bus(), (False, BOTH), (True, BOTH)):
        found = await examine(seconds=0.1)
    assert facts(found)["power"] == "ok"
    assert found[-1].heard == 7


# ------------------------------------------------------------ switches


def rfkill(folder, *radios):
    """What the kernel shows of switches (type, name, soft, hard)."""
    for number, values in enumerate(radios):
        radio = folder / f"rfkill{number}"
        radio.mkdir(parents=True)
        for key, value in zip(("type", "name", "soft", "hard"), values, strict=True):
            (radio / key).write_text(f"{value}\n")
    return folder


def test_switches_are_those_of_bluetooth(tmp_path):
    folder = rfkill(tmp_path / "r", ("wlan", "phy0", 1, 1), ("bluetooth", "hci0", 0, 0), ("bluetooth", "slider", 1, 0))
    assert switches(folder) == [Switch("hci0", soft=False, hard=False), Switch("slider", soft=True, hard=False)]
    assert switches(tmp_path / "none") is None


@pytest.mark.parametrize(
    ("blocking", "powered", "fact", "detail"),
    [
        (None, False, "skipped", ""),
        ([], False, "ok", ""),
        ([Switch("hci0", soft=True, hard=False)], False, "switched-off", "hci0"),
        ([Switch("hci0", soft=True, hard=True)], False, "blocked", "hci0"),
        ([Switch("hci0", soft=True, hard=True)], True, "ok", ""),  # that of another adapter
        ([Switch("a", soft=False, hard=True), Switch("b", soft=False, hard=True)], False, "blocked", "a, b"),
    ],
)
def test_a_switch_matters_where_no_adapter_is_powered(blocking, powered, fact, detail):
    assert judged_switches(blocking, powered=powered) == Finding("switch", fact, detail)


@linux
async def test_a_blocked_radio_is_told_beside_the_power(system_bus, tmp_path):
    rfkill(doctor.RFKILL, ("bluetooth", "hci0", 1, 0))
    async with bluez(system_bus(), (False, BOTH)):
        found = facts(await examine(seconds=0.1))
    assert (found["switch"], found["power"]) == ("switched-off", "off")


# ------------------------------------------------------------ the words

REASONS = {
    BleakBluetoothNotAvailableReason.NO_BLUETOOTH: "no-adapter",
    BleakBluetoothNotAvailableReason.NO_BLE_CENTRAL_ROLE: "no-low-energy",
    BleakBluetoothNotAvailableReason.POWERED_OFF: "off",
    BleakBluetoothNotAvailableReason.DENIED_BY_USER: "denied-by-user",
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM: "denied-by-system",
    BleakBluetoothNotAvailableReason.DENIED_BY_UNKNOWN: "denied",
    BleakBluetoothNotAvailableReason.UNKNOWN: "failed",
}


@pytest.mark.parametrize("reason", BleakBluetoothNotAvailableReason)
def test_every_reason_of_bleak_has_a_fact(reason):
    assert fact_of(BleakBluetoothNotAvailableError("it says why", reason)) == REASONS[reason]


@pytest.mark.parametrize(
    ("error", "fact"),
    [
        (BleakDBusError("org.freedesktop.DBus.Error.AccessDenied", ["no"]), "denied"),
        (BleakDBusError("org.freedesktop.DBus.Error.ServiceUnknown", ["no"]), "no-service"),
        (BleakDBusError("org.freedesktop.DBus.Error.NoReply", ["no"]), "silent"),
        (BleakError("who knows"), "failed"),
        (FileNotFoundError(2, "No such file"), "no-service"),
    ],
)
def test_other_errors_have_one_too(error, fact):
    assert fact_of(error) == fact


@pytest.mark.parametrize(
    ("system", "reason", "says"),
    [
        ("darwin", "DENIED_BY_USER", "Privacy & Security > Bluetooth"),
        ("darwin", "DENIED_BY_UNKNOWN", "Privacy & Security > Bluetooth"),
        ("darwin", "DENIED_BY_SYSTEM", "restricted by a profile"),
        ("darwin", "POWERED_OFF", "System Settings > Bluetooth"),
        ("darwin", "NO_BLUETOOTH", "plug one in"),
        ("win32", "POWERED_OFF", "Bluetooth & devices"),
        ("win32", "DENIED_BY_USER", "Radios"),
        ("win32", "NO_BLUETOOTH", "plug one in"),
        ("linux", "POWERED_OFF", "bluetoothctl power on"),
        ("linux", "UNKNOWN", "switch it off and on"),
    ],
)
def test_what_to_do_is_that_systems_own(system, reason, says):
    error = BleakBluetoothNotAvailableError("it says why", BleakBluetoothNotAvailableReason[reason])
    line = worded(Finding("scan", fact_of(error), str(error)), system)
    assert line.state == WRONG
    assert says in line.do
    assert "{" not in line.says


@pytest.mark.parametrize("fact", sorted({*doctor.FACTS.values(), *WORDS}))
@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_every_fact_has_words(fact, system):
    line = worded(Finding("scan", fact, "a\nb."), system)
    assert line.state == WRONG
    assert line.says
    assert line.do
    assert "\n" not in line.says
    if system != "linux":
        assert "sudo" not in line.do or fact in {"silent", "no-bus"}  # facts that only Linux has


@pytest.mark.parametrize(
    ("error", "fact"),
    [
        (BleakBluetoothNotAvailableError("off", BleakBluetoothNotAvailableReason.POWERED_OFF), "off"),
        (BleakBluetoothNotAvailableError("no", BleakBluetoothNotAvailableReason.DENIED_BY_USER), "denied-by-user"),
        (FileNotFoundError(2, "No such file"), "no-service"),
    ],
)
@pytest.mark.parametrize("system", ["darwin", "win32"])
async def test_elsewhere_the_scan_says_it_all(error, fact, system):
    """bleak's own scanner, over a backend that refuses as those systems do."""

    class Refuses:
        def __init__(self, *args, **kwargs):
            pass

        async def start(self):
            raise error

        async def stop(self):
            pass

    assert facts(await examine({"backend": Refuses}, 0.1, platform=system)) == {"scan": fact}


@pytest.mark.parametrize(
    ("finding", "state", "says"),
    [
        (Finding("scan", "ok", heard=1), OK, "1 device heard, none that sitwell knows"),
        (
            Finding("scan", "ok", heard=3, known=("WT901", "WT9")),
            OK,
            "3 devices heard, 2 that sitwell knows: WT901, WT9",
        ),
        (Finding("scan", "skipped"), SKIPPED, "what comes before it is wrong"),
        (Finding("switch", "skipped"), SKIPPED, "this system does not tell"),
        (Finding("adapter", "ok", "hci0"), OK, "hci0"),
    ],
)
def test_what_is_well_is_said_too(finding, state, says):
    line = worded(finding, "linux")
    assert (line.state, line.says) == (state, says)


# ------------------------------------------------------------ what else a session needs


def test_a_driver_that_does_not_load_is_told(monkeypatch):
    monkeypatch.setattr(devices, "installed", lambda: ((), ("the driver x could not be loaded (no\nmodule y)",)))
    line = drivers()
    assert (line.state, line.says) == (WRONG, "The driver x could not be loaded (no module y)")
    monkeypatch.setattr(devices, "installed", lambda: ((SimpleNamespace(name="Own"),), ()))
    assert drivers().says == "sitwell's own and Own"


def test_a_recordings_folder_that_cannot_be(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "recordings_dir", lambda: tmp_path / "not" / "there" / "yet")
    assert recordings().state == OK
    assert not (tmp_path / "not").exists()
    (tmp_path / "not").write_text("a file")
    line = recordings()
    assert line.state == WRONG
    assert "--out" in line.do


async def run(home, **environment):
    """The verb in a process of its own -> exit code, lines by check."""
    kept = {k: v for k, v in os.environ.items() if k not in {"DBUS_SESSION_BUS_ADDRESS", "DISPLAY"}}
    kept |= {"XDG_DATA_HOME": str(home / "data"), "XDG_CONFIG_HOME": str(home / "config")} | environment
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from monitor.cli.doctor import doctor; doctor()",
        "--json",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=kept,
    )
    out, err = await process.communicate()
    assert err == b""
    told = json.loads(out)
    assert told["ok"] == (process.returncode == 0)
    return process.returncode, {each["check"]: each for each in told["checks"]}


@linux
async def test_a_healthy_computer(system_bus, tmp_path):
    (tmp_path / "config" / "sitwell").mkdir(parents=True)
    (tmp_path / "config" / "sitwell" / "profile.toml").write_text("[cues]\ndesktop = false\n")
    address = system_bus()
    async with bluez(address, (True, BOTH), near=["WT901BLE67", "Kettle"]):
        code, told = await run(tmp_path, DBUS_SYSTEM_BUS_ADDRESS=address)
    assert told["scan"]["says"] == "2 devices heard, 1 that sitwell knows: WT901BLE67"
    assert told["settings"]["says"].endswith("profile.toml")
    assert told["desktop notifications"]["state"] == SKIPPED
    assert {each["state"] for each in told.values()} == {OK, SKIPPED}
    assert code == 0


@linux
async def test_a_sick_computer(system_bus, tmp_path):
    (tmp_path / "config" / "sitwell").mkdir(parents=True)
    (tmp_path / "config" / "sitwell" / "profile.toml").write_text("[cue]\n")
    address = system_bus()
    async with bluez(address, (False, BOTH)):
        code, told = await run(tmp_path, DBUS_SYSTEM_BUS_ADDRESS=address)
    assert code == 1
    assert told["adapter power"]["do"].startswith("switch it on")
    assert told["scan"]["state"] == SKIPPED
    assert "did you mean 'cues'" in told["settings"]["says"]


@linux
async def test_no_desktop_is_wrong_where_it_is_asked_for(monkeypatch, tmp_path):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/tmp/sitwell-no-such-bus")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from monitor.cli.doctor import doctor; doctor()",
        stdout=asyncio.subprocess.PIPE,
        env={k: v for k, v in os.environ.items() if k not in {"DBUS_SESSION_BUS_ADDRESS", "DISPLAY"}}
        | {"XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)},
    )
    out, _ = await process.communicate()
    lines = out.decode().splitlines()
    assert process.returncode == 1
    assert all(line.startswith((f"{OK} ", f"{WRONG} ", f"{SKIPPED} ")) and line.endswith(".") for line in lines)
    notifications = next(line for line in lines if "desktop notifications" in line)
    assert notifications.startswith(WRONG)
    assert notifications.endswith("set desktop = false in [cues].")


@pytest.mark.parametrize(("system", "state"), [(sys.platform, WRONG), ("plan9", OK)])
def test_a_package_that_only_another_system_needs_is_not_missing_here(monkeypatch, system, state):
    """Without the extras, whose packages bring tzdata along, `make test` failed on Linux for want of it."""
    needed = ["click>=8.1", f'no-such-package; sys_platform == "{system}"', 'nor-this; extra == "web"']
    monkeypatch.setattr("importlib.metadata.requires", lambda _: needed)
    assert versions().state == state
