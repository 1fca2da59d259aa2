"""A notification of the desktop, and whether it was shown: the library claims success where there is no desktop.

Linux is asked itself: who has the name org.freedesktop.Notifications on the session bus, or would be started for it.
Elsewhere the library knows (a Python that is no app cannot notify on macOS), and the wearer may have refused.
"""

import asyncio
import importlib
import logging
import sys
from typing import TYPE_CHECKING, Any

from monitor.cues.hooks import CueError

if TYPE_CHECKING:
    from desktop_notifier import DesktopNotifier

APP = "sitwell"
SERVICE = "org.freedesktop.Notifications"
PATIENCE_S = 5.0  # a notification service that has to be started first takes up to a second or two
LIBRARY = "desktop_notifier"


class Desktop:
    """Sends notifications; the connection is made with the first and kept."""

    def __init__(self) -> None:
        self._notifier: DesktopNotifier | None = None
        self._one_at_a_time = asyncio.Lock()

    async def show(self, title: str, message: str) -> None:
        """Show a notification. Raises CueError, saying what to do, when it was not shown."""
        shown: list[bool] = []
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    self._notifier = self._notifier or await _notifier()
                    if reason := await unavailable(self._notifier):
                        raise CueError(reason)
                    await self._notifier.send(title, message, icon=None, on_dispatched=lambda: shown.append(True))
            except TimeoutError:
                raise CueError(
                    f"The desktop's notification service has not answered for {PATIENCE_S:g} s: start it anew."
                ) from None
            finally:
                if not shown:
                    self.close()  # the next one begins with a new connection
        if not shown:
            raise CueError("The desktop refused a notification: see whether it lets sitwell notify.")

    def close(self) -> None:
        """End the connection; the next notification makes a new one."""
        bus = getattr(getattr(self._notifier, "_backend", None), "bus", None)
        if bus is not None:
            bus.disconnect()
        self._notifier = None


async def unavailable(notifier: "DesktopNotifier | None" = None) -> str | None:
    """Why this desktop shows no notifications, in a sentence that says what to do; None where it does."""
    if sys.platform == "linux":
        return await _no_service()
    notifier = notifier or await _notifier()
    if not await notifier.get_capabilities():
        return "This Python may not send desktop notifications: only an installed app may, such as that of python.org."
    if not await notifier.has_authorisation():
        return "Desktop notifications are not allowed here: allow them for sitwell in the system's settings."
    return None


async def _no_service() -> str | None:
    await asyncio.to_thread(importlib.import_module, "dbus_fast.aio.message_bus")
    from dbus_fast import Message
    from dbus_fast.aio.message_bus import MessageBus

    try:
        bus = MessageBus()
    except Exception as error:  # noqa: BLE001 - a missing HOME, address, socket or permission: each raises its own kind
        return _no_bus(error)
    names: list[Any] = []
    try:
        async with asyncio.timeout(PATIENCE_S):
            await bus.connect()
            for member in ("ListNames", "ListActivatableNames"):
                reply = await bus.call(
                    Message(
                        destination="org.freedesktop.DBus",
                        path="/org/freedesktop/DBus",
                        interface="org.freedesktop.DBus",
                        member=member,
                    )
                )
                names += reply.body[0] if reply.body else []
    except Exception as error:  # noqa: BLE001 - as above
        return _no_bus(error)
    finally:
        bus.disconnect()
    if SERVICE not in names:
        return f"No notification service runs on this desktop ({SERVICE}): install one, such as dunst or mako."
    return None


def _no_bus(error: Exception) -> str:
    return (
        f"There is no desktop here to notify ({str(error) or type(error).__name__}): "
        "start sitwell inside the desktop, or set desktop = false in [cues]."
    )


async def _notifier() -> "DesktopNotifier":
    """The library, loaded now and beside the session, and kept from writing its warnings over the screen."""
    logger = logging.getLogger(LIBRARY)
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    await asyncio.to_thread(importlib.import_module, LIBRARY)
    from desktop_notifier import DesktopNotifier

    return DesktopNotifier(APP, None)
