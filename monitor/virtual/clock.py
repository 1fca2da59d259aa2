"""The wearer's time: seconds that may run faster than real ones."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeAlias

Clock: TypeAlias = Callable[[], float]
"""Gives the wearer's time in s; never goes back."""


class WearerClock:
    """Seconds of the wearer's time since the clock was made; `speed` of them pass in one real second."""

    def __init__(self, speed: float = 1.0) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self.speed = speed
        self._start_s = time.monotonic()

    def __call__(self) -> float:
        return (time.monotonic() - self._start_s) * self.speed


async def sleep_until(at_s: float, clock: Clock, speed: float = 1.0) -> None:
    """Return once `clock` shows at_s; `speed` is the clock's seconds per real second."""
    while (wait_s := at_s - clock()) > 0:  # noqa: ASYNC110 - a clock has no event to wait for; and it may be slow
        await asyncio.sleep(wait_s / speed)
