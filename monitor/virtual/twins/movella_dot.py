"""A virtual Movella DOT: its control with visit bits, its measurement state, its clock in microseconds."""

import struct
from typing import Any, ClassVar

import numpy as np
from bumble.core import AdvertisingData
from bumble.device import Connection
from bumble.gatt import Characteristic, CharacteristicValue, Service

from monitor.stream import Floats
from monitor.virtual.air import Air
from monitor.virtual.twins.twin import Out, Play, Structures, Twin

_TAIL = "-4947-11e9-8646-d663bd873d93"
_RATES = (1, 4, 10, 12, 15, 20, 30, 60)
_MODE = 21
_G_MPS2 = 9.80665
_VISIT_IDENTIFY, _VISIT_RATE = 0x01, 0x10


def _uuid(short: int) -> str:
    return f"1517{short:04x}{_TAIL}"


class MovellaDotTwin(Twin):
    """The sensor. It measures on while the link is lost; notifications need a subscription and a start.

    clock_at_s : what its clock shows when it is switched on, s; it wraps every 4294.97 s
    """

    default_name: ClassVar[str] = "Movella DOT"
    default_address: ClassVar[str] = "D4:22:CD:00:0D:07"
    default_clock_error: ClassVar[float] = 0.00002

    def __init__(self, air: Air, play: Play, *, clock_at_s: float = 0.0, **options: Any) -> None:
        super().__init__(air, play, **options)
        self._clock_at_s = clock_at_s
        self._control = bytearray(32)
        self._control[24:26] = (60).to_bytes(2, "little")
        self._measuring = False
        self._subscriber: Connection | None = None
        self._payload = self.notifying(_uuid(0x2003), self._subscribed)
        self.refused: list[bytes] = []

    def services(self) -> list[Service]:
        """Configuration, measurement, battery, messages."""
        read = Characteristic.Properties.READ
        info = Characteristic[bytes](_uuid(0x1001), read, Characteristic.READABLE, bytes(28) + b"XS-T02")
        control = self.writeable(_uuid(0x1002), self._set, read=lambda _: bytes(self._control), without_response=False)
        start = self.writeable(
            _uuid(0x2001),
            self._measure,
            read=lambda _: bytes((1, self._measuring, _MODE)),
            without_response=False,
        )
        battery = Characteristic[bytes](
            _uuid(0x3001),
            read | Characteristic.Properties.NOTIFY,
            Characteristic.READABLE,
            CharacteristicValue[bytes](read=lambda _: bytes((self.battery_percent, 0))),
        )
        message = self.writeable(_uuid(0x7001), lambda _, command: self.refused.append(command), without_response=False)
        return [
            Service(_uuid(0x1000), [info, control, self.notifying(_uuid(0x1004))]),
            Service(
                _uuid(0x2000), [start, self.notifying(_uuid(0x2002)), self._payload, self.notifying(_uuid(0x2004))]
            ),
            Service(_uuid(0x3000), [battery]),
            Service(_uuid(0x7000), [message]),
        ]

    def advertisement(self) -> tuple[Structures, Structures]:
        """The maker's number; the name is added."""
        return [(AdvertisingData.Type.MANUFACTURER_SPECIFIC_DATA, (0x0886).to_bytes(2, "little"))], []

    @property
    def stream(self) -> Characteristic[bytes]:
        """The medium payload."""
        return self._payload

    @property
    def rate_hz(self) -> float:
        """Output rate of the control, Hz."""
        return float(int.from_bytes(self._control[24:26], "little"))

    def group(self, room: int) -> int:
        """One sample a notification."""
        del room
        return 1

    def encode(self, first_index: int, t_s: Floats, acc_g: Floats, gyr_dps: Floats) -> list[Out]:
        """40 bytes: clock, acceleration in m/s2, rotation in deg/s, and 12 bytes of nothing."""
        del first_index
        outs: list[Out] = []
        for at, acc, gyr in zip(t_s, np.clip(acc_g, -16.0, 16.0), np.clip(gyr_dps, -2000.0, 2000.0), strict=True):
            us = round((self.device_time_s(float(at)) + self._clock_at_s) * 1e6) % 2**32
            outs.append(Out(self._payload, struct.pack("<I6f12x", us, *(acc * _G_MPS2), *gyr), 1))
        return outs

    def power_on(self, now_s: float) -> None:
        """It does not measure, and has its usual rate."""
        del now_s
        self._measuring = False
        self._control[24:26] = (60).to_bytes(2, "little")

    def disconnected(self, connection: Connection) -> None:
        """The subscription goes with the link; the measurement does not."""
        if connection is self._subscriber:
            self._subscriber = None
        super().disconnected(connection)

    # ------------------------------------------------------------ commands

    def _subscribed(self, connection: Connection, on: bool) -> None:
        self._subscriber = connection if on else None
        if not on:
            self.cease()

    def _measure(self, connection: Connection, command: bytes) -> None:
        if len(command) != 3 or command[0] != 1 or command[1] > 1:
            self.refused.append(bytes(command))
        elif command[1] == 0:
            self._measuring = False
            self.cease()
        elif command[2] != _MODE or self._subscriber is not connection or self._measuring:
            self.refused.append(bytes(command))
        else:
            self._measuring = True
            self.begin(connection)

    def _set(self, _connection: Connection, command: bytes) -> None:
        if len(command) != 32:
            self.refused.append(bytes(command))
            return
        rate = int.from_bytes(command[24:26], "little")
        if command[0] & _VISIT_IDENTIFY and command[1] == 1:
            self.note_cue("light", command)
        if command[0] & _VISIT_RATE:
            if rate in _RATES and not self._measuring:
                self._control[24:26] = command[24:26]
                self.rate_changed()
            else:
                self.refused.append(bytes(command))
