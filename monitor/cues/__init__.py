"""What reaches the wearer when a prompt is raised: the desktop, the sensor itself, the bell, commands of their own.

desktop   a notification of the desktop, and whether it was really shown
bell      the terminal's
hooks     the wearer's own commands, with the prompt as JSON on stdin
Cues      the sink that starts them; the session never waits for one, and none can end it
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from monitor.cues.bell import ring_bell
from monitor.cues.desktop import APP, Desktop
from monitor.cues.hooks import CueError, as_json, named, run_hook
from monitor.stream import AlertRaised, Event, Record

if TYPE_CHECKING:
    from monitor.config import CueSettings

HOOKS_AT_ONCE = 4
MOST_RUNNING = 64  # prompts come minutes apart: beyond this something hangs, and no more are started
SENSOR_S = 5.0  # a write over a link that is up takes some 0.1 s; a link that is just lost may never answer
GOODBYE_S = 2.0  # at the end of the session, what still runs has so long


class Cues:
    """A sink: on every AlertRaised it starts what the settings ask for.

    sensor_cue : gives the first of these kinds that the sensor has; True once it is sent. None: there is no sensor
    ring       : rings the bell, False where nobody hears it; None where the dashboard rings its own
    tell       : called with each sentence about a way that failed, once a way
    """

    def __init__(
        self,
        settings: "CueSettings",
        *,
        sensor_cue: Callable[[tuple[str, ...]], Awaitable[bool]] | None = None,
        ring: Callable[[], bool] | None = ring_bell,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.failures: list[str] = []
        """One sentence for each way that failed, as it failed first."""
        self.failed: Counter[str] = Counter()
        """How often each way failed."""
        self.delivered: Counter[str] = Counter()
        """How often each way reached the wearer."""
        self._settings, self._sensor_cue, self._ring, self._tell = settings, sensor_cue, ring, tell
        self._desktop = Desktop() if settings.desktop else None
        self._running: set[asyncio.Task[object]] = set()
        self._hooks_free = asyncio.Semaphore(HOOKS_AT_ONCE)

    def write(self, record: Record, events: Sequence[Event]) -> None:
        """Start the cues of each prompt; returns at once."""
        del record
        for event in events:
            if isinstance(event, AlertRaised):
                self._start(event)

    def change(self, settings: "CueSettings") -> None:
        """Other settings from here on."""
        self._settings = settings
        if settings.desktop and self._desktop is None:
            self._desktop = Desktop()
        elif not settings.desktop and self._desktop is not None:
            self._desktop.close()
            self._desktop = None

    async def close(self) -> None:
        """Give what still runs a moment, then end it."""
        if self._running:
            await asyncio.wait(self._running, timeout=GOODBYE_S)
        for task in tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._desktop:
            self._desktop.close()

    def _start(self, alert: AlertRaised) -> None:
        if len(self._running) >= MOST_RUNNING:
            self._fail("prompt", "A prompt was shown here only: the cues of earlier ones have not ended yet.")
            return
        cues: list[Coroutine[None, None, object]] = []
        if alert.cue != "screen" and (self._desktop or self._settings.bell != "never"):
            cues.append(self._show(alert))
        if alert.cue == "all" and self._settings.sensor and self._sensor_cue:
            cues.append(self._guarded("sensor", partial(self._cue_sensor, self._sensor_cue)))
        cues += [
            self._guarded(f"hook {named(each)}", partial(self._hook, each, alert)) for each in self._settings.hooks
        ]
        for cue in cues:
            task = asyncio.get_running_loop().create_task(cue)
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _show(self, alert: AlertRaised) -> None:
        """The desktop, and the bell where the settings want it."""
        shown = self._desktop is not None and await self._guarded(
            "desktop",
            partial(self._desktop.show, APP, alert.message),
            quiet=self._settings.bell == "fallback",  # the bell stands in: nothing to be told
        )
        wanted = self._settings.bell == "always" or (self._settings.bell == "fallback" and not shown)
        wanted = wanted and alert.cue == "all"
        if wanted and self._ring is not None:
            await self._guarded("bell", partial(self._bell, self._ring))

    async def _bell(self, ring: Callable[[], bool]) -> None:
        if not await asyncio.to_thread(ring):  # a terminal that is held up by Ctrl-S holds up a thread, not us
            raise CueError("The bell rang for nobody: there is no terminal on stderr.")

    async def _cue_sensor(self, sensor_cue: Callable[[tuple[str, ...]], Awaitable[bool]]) -> None:
        kinds = self._settings.sensor
        try:
            async with asyncio.timeout(SENSOR_S):
                given = await sensor_cue(kinds)
        except TimeoutError:
            given = False
        if not given:
            raise CueError(f"The sensor gave no cue: it was out of reach, or has none of {', '.join(kinds)}.")

    async def _hook(self, command: tuple[str, ...], alert: AlertRaised) -> None:
        async with self._hooks_free:
            await run_hook(command, as_json(alert), self._settings.hook_timeout_s)

    async def _guarded(self, way: str, cue: Callable[[], Awaitable[None]], *, quiet: bool = False) -> bool:
        """Whether the cue was delivered; what it raises is kept, and goes no further. quiet: kept, but not told."""
        try:
            await cue()
        except CueError as error:
            self._fail(way, str(error), quiet=quiet)
        except Exception as error:  # noqa: BLE001 - whatever a cue does, the session goes on, and the wearer is told
            self._fail(way, f"The {way} failed ({str(error) or type(error).__name__}): switch it off in [cues].")
        else:
            self.delivered[way] += 1
            return True
        return False

    def _fail(self, way: str, sentence: str, *, quiet: bool = False) -> None:
        self.failed[way] += 1
        if self.failed[way] == 1:
            self.failures.append(sentence)
            if self._tell and not quiet:
                with suppress(Exception):
                    self._tell(sentence)
