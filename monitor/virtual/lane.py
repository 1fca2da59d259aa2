"""One direction of a link: things due at given times, carried out strictly in the order they were put in."""

import asyncio
from collections import deque
from collections.abc import Callable


class Lane:
    """A queue with delays. Whatever the delays, nothing overtakes."""

    def __init__(self) -> None:
        self._queue: deque[tuple[float, Callable[[], None]]] = deque()
        self._handle: asyncio.Handle | None = None

    def push(self, delay_s: float, arrive: Callable[[], None]) -> None:
        """Call `arrive` after delay_s real seconds, or later where something ahead of it takes longer."""
        loop = asyncio.get_running_loop()
        self._queue.append((loop.time() + delay_s if delay_s > 0 else 0.0, arrive))
        if self._handle is None:
            self._wait(loop)

    def clear(self) -> None:
        """Forget what is still on its way."""
        self._queue.clear()
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        due_s = self._queue[0][0]
        self._handle = loop.call_at(due_s, self._run) if due_s > loop.time() else loop.call_soon(self._run)

    def _run(self) -> None:
        loop = asyncio.get_running_loop()
        self._handle = None
        try:
            # What arrives may send again; that waits for the next turn, so that this one ends.
            for _ in range(len(self._queue)):
                if not self._queue or self._queue[0][0] > loop.time():
                    break
                self._queue.popleft()[1]()
        finally:
            if self._queue and self._handle is None:
                self._wait(loop)
