"""A virtual MetaMotion: module discovery, the three switches of each sensor, packed data, LED and motor."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from bumble.device import Connection
from bumble.gatt import Characteristic, Service

from monitor.stream import Floats
from monitor.virtual.air import Air
from monitor.virtual.twins.twin import Out, Play, Structures, Twin

_TAIL = "-85cb-9195-d9dd-464cfbbae75a"
SERVICE, COMMAND, NOTIFY = f"326a9000{_TAIL}", f"326a9001{_TAIL}", f"326a9006{_TAIL}"

_ACC, _GYR = 0x03, 0x13
_START, _SAMPLING, _CONFIG = 0x01, 0x02, 0x03
_RATES = {6: 25.0, 7: 50.0, 8: 100.0, 9: 200.0}
_DEFAULT_RATE_CODE = 8
_PATTERN_BYTES, _HAPTIC_BYTES, _INTERVAL_BYTES = 15, 4, 8
_FULL_DUTY = 248
_GYR_LSB = {0: 16.4, 1: 32.8, 2: 65.6, 3: 131.2, 4: 262.4}


@dataclass(frozen=True, slots=True)
class _Sensor:
    """One of the two on the board.

    ids            : implementation, revision
    conf           : what stands beside the rate in the configuration; with another the chip works otherwise
    single, packed : data registers, of one sample and of three
    lsb            : range code -> counts a unit
    """

    ids: tuple[int, int]
    conf: int
    single: int
    packed: int
    lsb: Mapping[int, float]


_BOARDS: Mapping[str, tuple[Mapping[int, _Sensor], str, str]] = {  # sensors, model, firmware
    "bmi160": (
        {
            _ACC: _Sensor((1, 2), 0x20, 0x04, 0x1C, {0x03: 16384, 0x05: 8192, 0x08: 4096, 0x0C: 2048}),
            _GYR: _Sensor((0, 1), 0x20, 0x05, 0x07, _GYR_LSB),
        },
        "5",
        "1.5.0",
    ),
    "bmi270": (
        {
            _ACC: _Sensor((4, 0), 0xA0, 0x04, 0x05, {0x00: 16384, 0x01: 8192, 0x02: 4096, 0x03: 2048}),
            _GYR: _Sensor((1, 0), 0x20, 0x04, 0x05, _GYR_LSB),
        },
        "8",
        "1.7.2",
    ),
}


class MetaMotionTwin(Twin):
    """The board. chip: 'bmi160' (MetaMotion R, C) or 'bmi270' (S).

    Data flow when a sensor is subscribed to, enabled and started; all that is kept over a lost link, not over a reset.
    refused: commands that mean nothing on this board, which it passes over.
    """

    default_name: ClassVar[str] = "MetaWear"
    default_address: ClassVar[str] = "E3:26:A9:00:00:52"
    default_clock_error: ClassVar[float] = 0.004

    def __init__(self, air: Air, play: Play, *, chip: str = "bmi160", **options: Any) -> None:
        super().__init__(air, play, **options)
        self._sensors, self._model, self._firmware = _BOARDS[chip]
        self.refused: list[bytes] = []
        self._conf: dict[int, tuple[int, int]] = {}
        self._switches: dict[int, set[int]] = {}
        self._pattern = False
        self._listening: Connection | None = None
        self._notify = self.notifying(NOTIFY, self._subscribed)
        self.power_on(0.0)

    def services(self) -> list[Service]:
        """MetaWear's service, battery, device information."""
        table = [self.writeable(COMMAND, self._command), self._notify]
        information = self.information_service(maker="MbientLab Inc", model=self._model, firmware=self._firmware)
        return [Service(SERVICE, table), self.battery_service(), information]

    def advertisement(self) -> tuple[Structures, Structures]:
        """The service."""
        return self.advertised(SERVICE), []

    @property
    def stream(self) -> Characteristic[bytes]:
        """Everything comes here."""
        return self._notify

    @property
    def rate_hz(self) -> float:
        """Output rate of the accelerometer, Hz."""
        return _RATES[self._conf[_ACC][0]]

    def group(self, room: int) -> int:
        """Three samples a packet."""
        del room
        return 3

    def encode(self, first_index: int, t_s: Floats, acc_g: Floats, gyr_dps: Floats) -> list[Out]:
        """Acceleration, then rotation, each where it runs: three samples a packet, or one where that is subscribed."""
        del first_index, t_s
        outs = self._packets(_ACC, acc_g) if self._runs(_ACC) else []
        rotation = self._packets(_GYR, gyr_dps) if self._runs(_GYR) else []
        if outs:  # a sample is counted once
            rotation = [Out(out.characteristic, out.payload, 0) for out in rotation]
        return outs + rotation

    def power_on(self, now_s: float) -> None:
        """Nothing runs, and the light has no pattern."""
        del now_s
        self._pattern = False
        self._conf = {module: (_DEFAULT_RATE_CODE, next(iter(each.lsb))) for module, each in self._sensors.items()}
        self._switches = {module: set() for module in self._sensors}

    def disconnected(self, connection: Connection) -> None:
        """What was asked of the sensors goes on."""
        if connection is self._listening:
            self._listening = None
        super().disconnected(connection)

    # ------------------------------------------------------------ commands

    def _runs(self, module: int) -> bool:
        switches, sensor = self._switches[module], self._sensors[module]
        return {_SAMPLING, _START} <= switches and not switches.isdisjoint({sensor.single, sensor.packed})

    def _packets(self, module: int, values: Floats) -> list[Out]:
        sensor, switches = self._sensors[module], self._switches[module]
        counts = np.clip(np.rint(values * sensor.lsb[self._conf[module][1]]), -32768, 32767).astype("<i2")
        if sensor.packed in switches:
            return [Out(self._notify, bytes((module, sensor.packed)) + counts.tobytes(), len(counts))]
        return [Out(self._notify, bytes((module, sensor.single)) + row.tobytes(), 1) for row in counts]

    def _subscribed(self, connection: Connection, on: bool) -> None:
        self._listening = connection if on else None
        self._look()

    def _look(self) -> None:
        """Stream while one of the sensors runs and somebody listens."""
        if self._listening is not None and (self._runs(_ACC) or self._runs(_GYR)):
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
        elif not (self._set(module, register, data) if module in self._switches else self._other(command)):
            self.refused.append(bytes(command))

    def _other(self, command: bytes) -> bool:
        """Light, motor, settings; False for what the board does not know."""
        match command[:2], command[2:]:
            case b"\x02\x03", data:  # colour, its levels and times
                known = len(data) == _PATTERN_BYTES
                self._pattern = self._pattern or known
            case b"\x02\x02", b"\x01":
                known, self._pattern = True, False
            case b"\x02\x01", b"\x01":
                known = True
                if self._pattern:
                    self.note_cue("light", command)
            case b"\x08\x01", data:  # duty, ms, which of motor and buzzer
                known = len(data) == _HAPTIC_BYTES and data[0] <= _FULL_DUTY and data[3] <= 1
                if known:
                    self.note_cue("buzzer" if data[3] else "motor", command)
            case b"\x11\x09", data:
                known = len(data) == _INTERVAL_BYTES
            case _:
                known = False
        return known

    def _set(self, module: int, register: int, data: bytes) -> bool:
        """A sensor's configuration or one of its switches; False for what it does not know."""
        sensor = self._sensors[module]
        if register == _CONFIG:
            if len(data) != 2 or data[0] - sensor.conf not in _RATES or data[1] not in sensor.lsb:
                return False
            before = self.rate_hz
            self._conf[module] = (data[0] - sensor.conf, data[1])
            if self.rate_hz != before:
                self.rate_changed()
            return True
        if register == _SAMPLING:
            known, on = data in {b"\x01\x00", b"\x00\x01"}, data[:1] == b"\x01"  # bits to set, bits to clear
        else:
            known = register in {_START, sensor.single, sensor.packed} and data in {b"\x00", b"\x01"}
            on = data == b"\x01"
        if not known:
            return False
        (self._switches[module].add if on else self._switches[module].discard)(register)
        self._look()
        return True

    def _reply(self, module: int, register: int) -> bytes:
        head = bytes((module, register))
        if head == b"\x11\x8c":
            return head + bytes((self.battery_percent,)) + (4148).to_bytes(2, "little")
        found = {0x01: (0, 0), 0x02: (0, 1), 0x08: (0, 0), **{each: it.ids for each, it in self._sensors.items()}}
        return head + bytes(found.get(module, ()) if register == 0x80 else ())
