"""A virtual BBC micro:bit whose hex has the accelerometer service and needs no pairing."""

# bumble annotates its event emitters only in part.
# pyright: reportUnknownMemberType=false

from typing import Any, ClassVar

import numpy as np
from bumble import att
from bumble.device import Connection
from bumble.gatt import Characteristic, Service

from monitor.stream import Floats
from monitor.virtual.air import Air
from monitor.virtual.twins.twin import Out, Play, Structures, Twin

ACCELEROMETER = "E95D0753-251D-470A-A062-FA1922DFA9A8"
DATA = "E95DCA4B-251D-470A-A062-FA1922DFA9A8"
PERIOD = "E95DFB24-251D-470A-A062-FA1922DFA9A8"

PERIODS_MS = (1, 2, 5, 10, 20, 80, 160, 640)
STEP_MG = 16
COUNTS = (-128, 127)  # 8 bits of 16 mg (unverified: the facts tell the step, not the range)


class MicrobitTwin(Twin):
    """Streams while someone is subscribed. Another period than the accepted ones becomes the next longer one
    (unverified); 1 ms crashes it, as it does the real one.
    """

    default_name: ClassVar[str] = "BBC micro:bit [zatig]"
    default_address: ClassVar[str] = "D4:0B:17:00:00:B1"
    default_clock_error: ClassVar[float] = -3e-4

    def __init__(self, air: Air, play: Play, **options: Any) -> None:
        super().__init__(air, play, **options)
        self.period_ms = 20
        self.refused: list[bytes] = []
        self._latest = bytes(6)
        self._data = self.notifying(DATA, self.follow, read=lambda _: self._latest)

    @property
    def stream(self) -> Characteristic[bytes]:
        """The accelerometer's data."""
        return self._data

    def services(self) -> list[Service]:
        """The accelerometer alone: no battery."""
        period = self.writeable(PERIOD, self._set_period, read=self._period, without_response=False)
        return [Service(ACCELEROMETER, [self._data, period])]

    def advertisement(self) -> tuple[Structures, Structures]:
        """Its name alone; the service is found after connecting."""
        return [], []

    @property
    def rate_hz(self) -> float:
        """One sample a period."""
        return 1000.0 / self.period_ms

    def group(self, room: int) -> int:
        """Always one."""
        del room
        return 1

    def encode(self, first_index: int, t_s: Floats, acc_g: Floats, gyr_dps: Floats) -> list[Out]:
        """Whole steps of 16 mg, held at the ends of the range."""
        del first_index, t_s, gyr_dps
        counts = np.clip(np.rint(acc_g * 1000.0 / STEP_MG), *COUNTS)
        outs = [Out(self._data, row.tobytes(), 1) for row in (counts * STEP_MG).astype("<i2")]
        self._latest = outs[-1].payload if outs else self._latest
        return outs

    def power_on(self, now_s: float) -> None:
        """The period is not kept."""
        del now_s
        self.period_ms = 20

    def _period(self, _connection: Connection) -> bytes:
        return self.period_ms.to_bytes(2, "little")

    def _set_period(self, _connection: Connection, value: bytes) -> None:
        if len(value) != 2:
            self.refused.append(value)
            raise att.ATT_Error(att.ErrorCode.INVALID_ATTRIBUTE_LENGTH)
        asked_ms = int.from_bytes(value, "little")
        self.period_ms = next((each for each in PERIODS_MS if each >= asked_ms), PERIODS_MS[-1])
        if self.period_ms == 1:
            self.reboot()
            return
        self.rate_changed()
