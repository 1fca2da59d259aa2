"""Where Records come from: a sensor over Bluetooth, a recording, a simulated wearer.

Async; everything behind them is not.
"""

from collections.abc import AsyncGenerator
from typing import Protocol

from monitor.stream import Record


class Source(Protocol):
    """The seam to what arrives."""

    def records(self) -> AsyncGenerator[Record]:
        """Records in the order of arrival, until the end or until cancelled."""
        ...
