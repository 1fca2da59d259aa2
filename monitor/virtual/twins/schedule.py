"""When a sensor's frames are due: a constant rate that does not drift, whatever the event loop does."""

import math


class Schedule:
    """Frame k is taken at start_s + k / rate_hz. The numbering goes on when the rate changes."""

    def __init__(self, rate_hz: float, start_s: float = 0.0) -> None:
        self.rate_hz = rate_hz
        self.next_index = 0
        """The first frame that has not been taken, counted since the sensor's start."""
        self._base_index = 0
        self._base_s = start_s

    def time_of(self, index: int) -> float:
        """When a frame is taken, s. Only for frames of the current rate."""
        return self._base_s + (index - self._base_index) / self.rate_hz

    def due(self, now_s: float) -> int:
        """How many frames, from next_index on, have been taken by now_s."""
        elapsed = (now_s - self._base_s) * self.rate_hz
        taken = self._base_index + math.floor(elapsed + 1e-9) + 1 if elapsed >= 0 else self._base_index
        return max(taken - self.next_index, 0)

    def take(self, count: int) -> None:
        """Count frames as taken, sent or not."""
        self.next_index += count

    def change_rate(self, rate_hz: float, now_s: float) -> None:
        """From now_s on at another rate: the next frame comes one new period later."""
        self.take(self.due(now_s))
        self._base_index = self.next_index
        self._base_s = now_s + 1.0 / rate_hz
        self.rate_hz = rate_hz
