"""A virtual MetaMotion: module discovery, the three switches of each sensor, packed data, LED and motor."""

from typing import Any, ClassVar, TypeAlias

import numpy as np
from bumble.core import AdvertisingData
from bumble.device import Connection
from bumble.gatt import Characteristic, Service

from monitor.stream import Floats
from monitor.virtual.air import Air
from monitor.virtual.twins.twin import Out, Play, Structures, Twin

_TAIL = "-85cb-9195-d9dd-464cfbbae75a"
SERVICE, COMMAND, NOTIFY = f"326a9000{_TAIL}", f"326a9001{_TAIL}", f"326a9006{_TAIL}"

_ACC, _GYR = 0x03, 0x13
_RATES = {6: 25.0, 7: 50.0, 8: 100.0, 9: 200.0}
_Ids: TypeAlias = tuple[int, int]
_CHIPS: dict[
    str, tuple[_Ids, int, dict[int, int], _Ids, int]
] = {  # accelerometer and gyroscope: (implementation, revision), packed register, range code -> LSB
    "bmi160": ((1, 2), 0x1C, {0x03: 16384, 0x05: 8192, 0x08: 4096, 0x0C: 2048}, (0, 1), 0x07),
    "bmi270": ((4, 0), 0x05, {0x00: 16384, 0x01: 8192, 0x02: 4096, 0x03: 2048}, (1, 0), 0x05),
}
_GYR_LSB = {0: 16.4, 1: 32.8, 2: 65.6, 3: 131.2, 4: 262.4}


class MetaMotionTwin(Twin):
    """The board. chip: 'bmi160' (MetaMotion R, C) or 'bmi270' (S).

    Data flow when a sensor is subscribed to, enabled and started; all that is kept over a lost link, not over a reset.
    """

    default_name: ClassVar[str] = "MetaWear"
    default_address: ClassVar[str] = "E3:26:A9:00:00:52"
    default_clock_error: ClassVar[float] = 0.004

    def __init__(self, air: Air, play: Play, *, chip: str = "bmi160", **options: Any) -> None:
        super().__init__(air, play, **options)
        self._chip = _CHIPS[chip]
        self._conf: dict[int, tuple[int, int]] = {}
        self._switches: dict[int, set[int]] = {}
        self._listening: Connection | None = None
        self._notify = self.notifying(NOTIFY, self._subscribed)
        self.power_on(0.0)

    def services(self) -> list[Service]:
        """MetaWear's service, battery, device information."""
        table = [self.writeable(COMMAND, self._command), self._notify]
        information = self.information_service(maker="MbientLab Inc", model="5", firmware="1.5.0")
        return [Service(SERVICE, table), self.battery_service(), information]

    def advertisement(self) -> tuple[Structures, Structures]:
        """The service."""
        uuid = Service(SERVICE, []).uuid.to_pdu_bytes()
        return [(AdvertisingData.Type.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, uuid)], []

    @property
    def stream(self) -> Characteristic[bytes]:
        """Everything comes here."""
        return self._notify

    @property
    def rate_hz(self) -> float:
        """Output rate of the accelerometer, Hz."""
        return _RATES.get(self._conf[_ACC][0] & 0x0F, 100.0)

    def group(self, room: int) -> int:
        """Three samples a packet."""
        del room
        return 3

    def encode(self, first_index: int, t_s: Floats, acc_g: Floats, gyr_dps: Floats) -> list[Out]:
        """A packet of acceleration, and one of rotation where that runs too."""
        del first_index, t_s
        _, acc_register, ranges, _, gyr_register = self._chip
        outs = [Out(self._notify, _packet(_ACC, acc_register, acc_g * ranges[self._conf[_ACC][1]]), len(acc_g))]
        if self._runs(_GYR):
            outs.append(Out(self._notify, _packet(_GYR, gyr_register, gyr_dps * _GYR_LSB[self._conf[_GYR][1]]), 0))
        return outs

    def power_on(self, now_s: float) -> None:
        """Nothing runs."""
        del now_s
        self._conf = {_ACC: (0x28, next(iter(self._chip[2]))), _GYR: (0x28, 0)}
        self._switches = {_ACC: set(), _GYR: set()}

    def disconnected(self, connection: Connection) -> None:
        """What was asked of the sensors goes on."""
        if connection is self._listening:
            self._listening = None
        super().disconnected(connection)

    # ------------------------------------------------------------ commands

    def _runs(self, module: int) -> bool:
        packed = self._chip[1] if module == _ACC else self._chip[4]
        return {packed, 0x02, 0x01} <= self._switches[module]

    def _subscribed(self, connection: Connection, on: bool) -> None:
        self._listening = connection if on else None
        self._look()

    def _look(self) -> None:
        """Stream while the accelerometer runs and somebody listens."""
        if self._listening is not None and self._runs(_ACC):
            if self._listener is not self._listening:
                self.begin(self._listening)
        elif self._listener is not None:
            self.cease()

    def _command(self, connection: Connection, command: bytes) -> None:
        if len(command) < 2:
            return
        module, register, data = command[0], command[1], command[2:]
        if register & 0x80:
            if self._listening is connection:
                self.notify(connection, self._notify, self._reply(module, register))
        elif module in self._switches:
            self._sensor(module, register, data)
        elif module == 0x02 and register == 0x01:
            self.note_cue("light", command)
        elif module == 0x08 and register == 0x01:
            self.note_cue("motor", command)

    def _sensor(self, module: int, register: int, data: bytes) -> None:
        ranges = self._chip[2] if module == _ACC else _GYR_LSB
        if register == 0x03:
            if len(data) == 2 and data[0] & 0x0F in _RATES and data[1] in ranges:
                before = self.rate_hz
                self._conf[module] = (data[0], data[1])
                if self.rate_hz != before:
                    self.rate_changed()
        elif data:
            on = bool(data[0])
            (self._switches[module].add if on else self._switches[module].discard)(register)
            self._look()

    def _reply(self, module: int, register: int) -> bytes:
        head = bytes((module, register))
        if head == b"\x11\x8c":
            return head + bytes((self.battery_percent,)) + (4148).to_bytes(2, "little")
        found = {_ACC: self._chip[0], _GYR: self._chip[3], 0x02: (0, 1), 0x08: (0, 0), 0x11: (0, 3)}
        return head + bytes(found.get(module, ()))


def _packet(module: int, register: int, counts: Floats) -> bytes:
    raw = np.clip(np.rint(counts), -32768, 32767).astype("<i2")
    return bytes((module, register)) + raw.tobytes()
