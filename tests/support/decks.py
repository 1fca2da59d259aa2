"""Decks on a recording, run without a screen."""

import asyncio
from contextlib import asynccontextmanager

from monitor.cli.deck import Deck, Finder
from monitor.cli.files import chosen_profile
from monitor.cli.running import Running
from monitor.sources.replay import ReplaySource
from monitor.storage.recording import Recording

EVERY_S = 30.0  # between states kept: the recordings in tests are short


class Watched(Deck):
    """A deck that keeps what its sessions gave, by the time of the record."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.seen = []

    def saw(self, record, events):
        self.seen += events
        super().saw(record, events)


@asynccontextmanager
async def playing(path, **options):
    with Recording.open(path) as recording:
        running, deck = begun(recording, **options)
        task = asyncio.create_task(deck.run())
        try:
            yield running, deck, task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def becomes(true, task, seconds=20.0):
    """Wait until it does, or the task fails."""
    async with asyncio.timeout(seconds):
        while True:
            await asyncio.sleep(0.002)
            if task.done():
                task.result()
            if true():
                return


async def arrived(deck, task):
    """Wait until nothing is being sought."""
    await becomes(lambda: not (deck.player.seeking or deck._source.turning), task)


async def indexed(deck, task):
    await becomes(lambda: deck._index is not None, task)


def begun(recording, speed=1.0, until=None, **options):
    """A deck on a recording, ready to run."""
    profile = chosen_profile(recording, None)
    running = Running("replay", recording.path)
    meta = recording.meta
    running.begin(profile, sensor=meta.sensor, rate_hz=meta.rate_hz, gyro=meta.gyro, day_start_s=0.0, record=False)
    finder = Finder(recording.path, profile, stored=True, gaps=until is not None)
    deck = Watched(running, ReplaySource(recording, speed), finder, until, every_s=EVERY_S, **options)
    running.player = lambda: deck.player
    return running, deck
