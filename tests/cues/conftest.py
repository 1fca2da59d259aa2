"""A desktop of our own: a private dbus-daemon, and a service on it that takes notifications."""

import asyncio
import contextlib

import pytest

from monitor.stream import AlertRaised


@pytest.fixture
def alert():
    """A prompt with a figure that is none."""
    return AlertRaised(
        t_s=1830.0,
        name="sitting",
        message="Half an hour in the chair. Stand up — now.",
        value=1801.5,
        limit=1800.0,
        unit="s",
        explain={"sitting_s": 1801.5, "tilt_deg": float("nan"), "posture": "sitting"},
    )


@pytest.fixture
def session_bus(private_bus, monkeypatch):
    """Address of a private session bus, which this process uses too."""
    address = private_bus()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    return address


@pytest.fixture
def no_bus(monkeypatch):
    """No desktop: neither a bus nor a display that could lead to one."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)


@pytest.fixture
def notification_service():
    """`async with notification_service(address) as shown`: what was asked to be shown, as (app, title, message)."""

    @contextlib.asynccontextmanager
    async def serve(address, *, hangs=False, refuses=False):
        from dbus_fast import DBusError
        from dbus_fast.aio import MessageBus
        from dbus_fast.service import ServiceInterface, dbus_method

        shown = []

        class Notifications(ServiceInterface):
            def __init__(self):
                super().__init__("org.freedesktop.Notifications")

            @dbus_method()
            async def Notify(  # noqa: N802
                self,
                app: "s",  # noqa: F821
                replaces: "u",  # noqa: F821
                icon: "s",  # noqa: F821
                summary: "s",  # noqa: F821
                body: "s",  # noqa: F821
                actions: "as",  # noqa: F722
                hints: "a{sv}",  # noqa: F722
                expires: "i",  # noqa: F821
            ) -> "u":  # noqa: F821
                if hangs:
                    await asyncio.sleep(60.0)
                if refuses:
                    raise DBusError("org.freedesktop.DBus.Error.LimitsExceeded", "too many notifications")
                shown.append((app, summary, body))
                return len(shown)

            @dbus_method()
            def GetCapabilities(self) -> "as":  # noqa: N802, F722
                return ["body"]

            @dbus_method()
            def GetServerInformation(self) -> "ssss":  # noqa: N802, F821
                return ["mock", "nobody", "1", "1.2"]

        bus = await MessageBus(bus_address=address).connect()
        bus.export("/org/freedesktop/Notifications", Notifications())
        await bus.request_name("org.freedesktop.Notifications")
        try:
            yield shown
        finally:
            bus.disconnect()

    return serve
