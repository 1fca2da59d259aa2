"""Notifications on a real bus of our own: shown, refused, hanging, no service, no bus."""

import asyncio
import socket
import subprocess
import sys

import pytest

from monitor.cues import desktop
from monitor.cues.desktop import Desktop, unavailable
from monitor.cues.hooks import CueError

linux = pytest.mark.skipif(sys.platform != "linux", reason="the bus of a Linux desktop")


def test_the_library_waits_for_its_first_use():
    code = "import sys, monitor.cues; print('\\n'.join(sys.modules))"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert "monitor.cues.desktop" in loaded
    assert not loaded & {"desktop_notifier", "dbus_fast", "bleak", "scipy", "textual", "monitor.config"}


@linux
async def test_it_is_shown(session_bus, notification_service):
    shower = Desktop()
    async with notification_service(session_bus) as shown:
        assert await unavailable() is None
        await shower.show("sitwell", "Stand up.")
        await shower.show("sitwell", "Walk.")
        shower.close()
        await shower.show("sitwell", "Sit tall.")
    shower.close()
    assert shown == [
        ("sitwell", "sitwell", "Stand up."),
        ("sitwell", "sitwell", "Walk."),
        ("sitwell", "sitwell", "Sit tall."),
    ]


@linux
async def test_two_at_a_time_are_both_shown(session_bus, notification_service):
    shower = Desktop()
    async with notification_service(session_bus) as shown:
        await asyncio.gather(shower.show("sitwell", "a"), shower.show("sitwell", "b"))
    shower.close()
    assert sorted(each[2] for each in shown) == ["a", "b"]


@linux
async def test_without_a_service_it_says_so(session_bus, caplog):
    assert "No notification service" in await unavailable()
    with pytest.raises(CueError, match="No notification service"):
        await Desktop().show("sitwell", "Stand up.")
    assert not caplog.records  # the library was not even asked


@linux
@pytest.mark.parametrize("address", [None, "unix:path=/tmp/sitwell-no-such-bus", "nonsense", "unix:path=/dev/null"])
async def test_without_a_bus_it_says_so(no_bus, monkeypatch, address):
    pytest.importorskip("dbus_fast")
    if address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    assert "no desktop here" in await unavailable()
    with pytest.raises(CueError, match=r"no desktop here.*desktop = false"):
        await Desktop().show("sitwell", "Stand up.")


@linux
async def test_a_bus_that_does_not_answer_is_left(no_bus, monkeypatch, tmp_path):
    pytest.importorskip("dbus_fast")
    path = tmp_path / "bus"
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={path}")
    monkeypatch.setattr(desktop, "PATIENCE_S", 0.3)

    with socket.socket(socket.AF_UNIX) as nobody:
        nobody.bind(str(path))
        nobody.listen()
        assert "no desktop here" in await unavailable()
        with pytest.raises(CueError, match=r"no desktop here|not answered"):
            await Desktop().show("sitwell", "Stand up.")


@linux
async def test_without_a_home_it_says_so(no_bus, monkeypatch):
    pytest.importorskip("dbus_fast")
    monkeypatch.delenv("HOME", raising=False)
    assert "no desktop here" in await unavailable()


@linux
async def test_what_the_service_refuses_counts_as_not_shown(session_bus, notification_service):
    shower = Desktop()
    async with notification_service(session_bus, refuses=True):
        with pytest.raises(CueError, match="refused"):
            await shower.show("sitwell", "Stand up.")
    async with notification_service(session_bus) as shown:  # and is asked again the next time
        await shower.show("sitwell", "Walk.")
    shower.close()
    assert [each[2] for each in shown] == ["Walk."]


SHOW = """
import asyncio
from monitor.cues.desktop import Desktop
from monitor.cues.hooks import CueError
try:
    asyncio.run(Desktop().show("sitwell", "Stand up."))
except CueError:
    print("not shown")
"""


@linux
async def test_the_library_does_not_write_over_the_screen(session_bus, notification_service):
    """In a process of its own: here pytest takes what is logged."""
    async with notification_service(session_bus, refuses=True):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SHOW, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        assert await process.communicate() == (b"not shown\n", b"")


@linux
async def test_a_service_that_hangs_is_left(session_bus, notification_service, monkeypatch):
    monkeypatch.setattr(desktop, "PATIENCE_S", 0.5)
    shower = Desktop()
    async with notification_service(session_bus, hangs=True):
        with pytest.raises(CueError, match=r"not answered for 0\.5 s"):
            await shower.show("sitwell", "Stand up.")


class Elsewhere:
    """What the library says on another system."""

    def __init__(self, capabilities, allowed):
        self.capabilities, self.allowed = capabilities, allowed

    async def get_capabilities(self):
        return self.capabilities

    async def has_authorisation(self):
        return self.allowed


@pytest.mark.parametrize(
    ("capabilities", "allowed", "says"),
    [(frozenset(), True, "This Python may not"), ({"title"}, False, "not allowed here"), ({"title"}, True, None)],
)
async def test_elsewhere_the_library_is_asked(monkeypatch, capabilities, allowed, says):
    monkeypatch.setattr(sys, "platform", "darwin")
    reason = await unavailable(Elsewhere(capabilities, allowed))
    assert (reason is None) if says is None else (says in reason)
