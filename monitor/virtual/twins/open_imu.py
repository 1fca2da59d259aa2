"""A virtual board that speaks the open profile: everything in it, with counters that wrap and what goes wrong."""

# bumble annotates its event emitters only in part.
# pyright: reportUnknownMemberType=false

import struct
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from bumble import att
from bumble.device import Connection
from bumble.gatt import Characteristic, CharacteristicValue, Service

from monitor.stream import Floats
from monitor.virtual.air import Air
from monitor.virtual.twins.twin import Out, Play, Structures, Twin

BASE = "0C43{}-F3E4-485E-9674-F9034E7D2AE9"
HEADER_BYTES = 8
ACC_BIT, GYRO_BIT, LED_BIT, MOTOR_BIT, TONE_BIT, BUTTON_BIT = (1 << bit for bit in range(6))
LSB_PER_G = (16384, 8192, 4096, 2048)
LSB_PER_DPS = (16.4, 32.8, 65.6, 131.2, 262.4)
CUES = {1: ("light", LED_BIT), 2: ("motor", MOTOR_BIT), 4: ("buzzer", TONE_BIT)}


@dataclass(frozen=True, slots=True)
class Settings:
    """The config characteristic."""

    rate_hz: int
    acc_code: int
    gyr_code: int
    kind: int
    samples: int

    def to_bytes(self) -> bytes:
        """Its 8 bytes."""
        return struct.pack("<HBBBBH", self.rate_hz, self.acc_code, self.gyr_code, self.kind, self.samples, 0)


class OpenImuTwin(Twin):
    """Streams while someone is subscribed. Its configuration outlives the link, not a reboot.

    capabilities   : bits of the info characteristic
    acc_ranges     : range bits of the info characteristic
    rates_hz       : least and most
    clock_start_us : what its clock shows when it is switched on; after a reboot it begins at 0
    first_number   : of its first packet
    """

    default_name: ClassVar[str] = "OPS-1a2b"
    default_address: ClassVar[str] = "C0:FF:EE:00:1A:2B"
    default_clock_error: ClassVar[float] = 2e-5

    def __init__(
        self,
        air: Air,
        play: Play,
        *,
        capabilities: int = 0x3F,
        acc_ranges: int = 0x0F,
        rates_hz: tuple[int, int] = (10, 200),
        clock_start_us: int = 0,
        first_number: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(air, play, **options)
        self.capabilities, self.acc_ranges, self.rates_hz = capabilities, acc_ranges, rates_hz
        self.refused: list[bytes] = []
        self.boots = 0
        self.settings = self._defaults()
        self._clock_start_us, self._number = clock_start_us, first_number
        self._restarted = True
        self._due_index: int | None = None  # of the next sample, where none is missing
        self._stream = self.notifying(BASE.format("0004"), self.follow)
        self._event = self.notifying(BASE.format("0006"), self._event_subscribed)
        self._event_listener: Connection | None = None

    @property
    def stream(self) -> Characteristic[bytes]:
        """Characteristic 0004."""
        return self._stream

    @property
    def rate_hz(self) -> float:
        """As configured."""
        return float(self.settings.rate_hz)

    @property
    def has_gyro(self) -> bool:
        """Whether its capabilities name a gyroscope."""
        return bool(self.capabilities & GYRO_BIT)

    def info(self) -> bytes:
        """The info characteristic; the boot id differs from boot to boot."""
        most = (244 - HEADER_BYTES) // (12 if self.has_gyro else 6)
        boot_id = 0x5EED0000 + self.boots
        return struct.pack("<BBHHBBI", 1, self.capabilities, *self.rates_hz, self.acc_ranges, most, boot_id)

    def services(self) -> list[Service]:
        """The profile, battery, device information."""
        info = Characteristic[bytes](
            BASE.format("0002"),
            Characteristic.Properties.READ,
            Characteristic.READABLE,
            CharacteristicValue[bytes](read=lambda _: self.info()),
        )
        config = self.writeable(
            BASE.format("0003"), self._configure, read=lambda _: self.settings.to_bytes(), without_response=False
        )
        cue = self.writeable(BASE.format("0005"), self._cue)
        return [
            Service(BASE.format("0001"), [info, config, self._stream, cue, self._event]),
            self.battery_service(),
            self.information_service(maker="sitwell", model="virtual board"),
        ]

    def advertisement(self) -> tuple[Structures, Structures]:
        """The service."""
        return self.advertised(BASE.format("0001")), []

    def power_on(self, now_s: float) -> None:
        """All settings as from the factory; after the first time, the counters too."""
        del now_s
        self.boots += 1
        self.settings = self._defaults()
        self._restarted = True
        if self.boots > 1:
            self._clock_start_us = self._number = 0

    def disconnected(self, connection: Connection) -> None:
        """Nobody listens for events either."""
        super().disconnected(connection)
        if self._event_listener is connection:
            self._event_listener = None

    def press_button(self) -> None:
        """Tell that the button was pressed, where someone wants to know."""
        if self._event_listener is not None and self.capabilities & BUTTON_BIT:
            event = struct.pack("<BBI", 1, 1, self.time_us(self.stream_time_s(self._clock())))
            self.notify(self._event_listener, self._event, event)

    def time_us(self, t_s: float) -> int:
        """What its clock shows at stream time t_s, us, wrapped at 2^32."""
        return (self._clock_start_us + int(self.device_time_s(t_s) * 1e6)) % 2**32

    # ------------------------------------------------------------ the stream

    def group(self, room: int) -> int:
        """As configured, or as many as fit; never more than fit."""
        fit = (min(room, 244) - HEADER_BYTES) // (12 if self.settings.kind else 6)
        return min(self.settings.samples or fit, fit)

    def encode(self, first_index: int, t_s: Floats, acc_g: Floats, gyr_dps: Floats) -> list[Out]:
        """One packet; it says where samples were not taken since the one before, and that the clock is new."""
        settings = self.settings
        dropped = self._due_index is not None and first_index != self._due_index
        self._due_index = first_index + len(acc_g)
        head = 1 << 5 | self._restarted << 4 | dropped << 3 | settings.kind
        ranges = settings.gyr_code << 4 | settings.acc_code
        columns = [acc_g * LSB_PER_G[settings.acc_code]]
        if settings.kind:
            columns.append(gyr_dps * LSB_PER_DPS[settings.gyr_code])
        samples = np.clip(np.rint(np.hstack(columns)), -32768, 32767).astype("<i2")
        header = struct.pack("<BBHI", head, ranges, self._number % 65536, self.time_us(float(t_s[0])))
        self._number += 1
        self._restarted = False
        return [Out(self._stream, header + samples.tobytes(), len(acc_g))]

    def cease(self) -> None:
        """What is not sent while nobody listens is not missing."""
        super().cease()
        self._due_index = None

    def _event_subscribed(self, connection: Connection, on: bool) -> None:
        self._event_listener = connection if on else None

    # ------------------------------------------------------------ what is written

    def _defaults(self) -> Settings:
        widest = max(self.acc_ranges.bit_length() - 1, 0)
        return Settings(max(self.rates_hz[0], min(50, self.rates_hz[1])), widest, 0, int(self.has_gyro), 0)

    def _refuse(self, value: bytes) -> att.ATT_Error:
        self.refused.append(value)
        return att.ATT_Error(att.ErrorCode.VALUE_NOT_ALLOWED)

    def _configure(self, _connection: Connection, value: bytes) -> None:
        if len(value) < 8:
            raise self._refuse(value)
        rate_hz, acc_code, gyr_code, kind, samples = struct.unpack_from("<HBBBB", value)
        in_range = self.rates_hz[0] <= rate_hz <= self.rates_hz[1] and acc_code < 4 and self.acc_ranges >> acc_code & 1
        if not in_range or kind > int(self.has_gyro) or (kind and gyr_code > 4):
            raise self._refuse(value)
        self.settings = Settings(rate_hz, acc_code, gyr_code if kind else 0, kind, samples)
        self.rate_changed()
        self._due_index = None

    def _cue(self, _connection: Connection, value: bytes) -> None:
        wanted = [cue for bit, cue in CUES.items() if value and value[0] & bit]
        given = [kind for kind, capability in wanted if self.capabilities & capability]
        if len(value) < 8 or (wanted and not given):
            raise self._refuse(value)
        for kind in given:
            self.note_cue(kind, value)
