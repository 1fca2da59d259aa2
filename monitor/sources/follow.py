"""A session that another process records, followed in its file: all that has arrived, then what arrives."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from monitor.pipeline import BLOCK_S, joined
from monitor.storage.recording import Recording
from monitor.storage.schema import is_running
from monitor.stream import Record

LOOK_S = 0.25  # the session commits once a second
BREATH_RECORDS = 5  # records between two chances for the screen to draw while catching up


class FollowSource:
    """Ends when the session does, or its process is gone.

    What is there at the start comes in blocks of a minute, without the Ticks that say nothing, so that a whole day is
    caught up with in seconds; `caught_up` says when.
    """

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
                records = recording.arrived(done, newest)
                for number, record in enumerate(records if self.caught_up else joined(records, BLOCK_S), 1):
                    yield record
                    if number % BREATH_RECORDS == 0:
                        await asyncio.sleep(0)
                done = newest
                self.caught_up = True
                if not going:
                    return
                await asyncio.sleep(LOOK_S)
