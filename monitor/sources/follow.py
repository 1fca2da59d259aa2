"""A session that another process records, followed in its file: all that has arrived, then what arrives."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from monitor.storage.recording import Recording
from monitor.storage.schema import is_running
from monitor.stream import Record

LOOK_S = 0.25  # the session commits once a second
BREATH_RECORDS = 50  # records between two chances for the screen to draw while catching up


class FollowSource:
    """Ends when the session does, or its process is gone. caught_up: what was there at the start has been given."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.caught_up = False

    async def records(self) -> AsyncGenerator[Record]:
        """The records in the order of arrival."""
        with Recording.open(self._path) as recording:
            done = 0
            while True:
                going = is_running(self._path)  # asked first: what it wrote before it ended is read below
                newest = recording.newest
                for number, record in enumerate(recording.arrived(done, newest), 1):
                    yield record
                    if number % BREATH_RECORDS == 0:
                        await asyncio.sleep(0)
                done = newest
                self.caught_up = True
                if not going:
                    return
                await asyncio.sleep(LOOK_S)
