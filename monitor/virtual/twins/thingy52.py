"""A virtual Nordic Thingy:52: motion, light, outputs, speaker, and a configuration that lies in flash."""

# bumble annotates its event emitters only in part.
# pyright: reportUnknownMemberType=false

import struct
from typing import Any, ClassVar

import numpy as np
from bumble import att
from bumble.device import Connection
from bumble.gatt import Characteristic, Service

from monitor.stream import Floats
from monitor.virtual.air import Air
from monitor.virtual.twins.twin import Out, Play, Structures, Twin

BASE = "EF68{}-9B35-4933-9B10-52FFA9740042"
LIMIT_G = 16.0  # the chip's widest range (unverified: the range is the firmware's)
FREQUENCIES_HZ = range(5, 201)
INTERVALS_MS = range(100, 5001)


class Thingy52Twin(Twin):
    """Streams raw motion while someone is subscribed to it; its other motion characteristics are there but silent.

    speaker_mode : as its last user left it; 1 is what plays tones
    """

    default_name: ClassVar[str] = "Thingy"
    default_address: ClassVar[str] = "E5:2F:52:00:00:52"
    default_clock_error: ClassVar[float] = 1.5e-4

    def __init__(self, air: Air, play: Play, *, speaker_mode: int = 3, **options: Any) -> None:
        super().__init__(air, play, **options)
        self.config = bytes.fromhex("6400F401F401320001")
        """Motion configuration; kept when it is switched off, and when the link ends."""
        self.sound = bytes((speaker_mode, 1))
        self.led = bytes.fromhex("020614AC0D")  # breathes in cyan
        self.pins = bytes(4)
        self.refused: list[bytes] = []
        self._raw = self.notifying(BASE.format("0406"), self.follow)

    @property
    def stream(self) -> Characteristic[bytes]:
        """Raw motion."""
        return self._raw

    @property
    def rate_hz(self) -> float:
        """The motion frequency that is configured."""
        return float(struct.unpack_from("<H", self.config, 6)[0])

    def services(self) -> list[Service]:
        """Configuration, user interface, motion, sound, battery."""
        quiet = [self.notifying(BASE.format(short)) for short in ("0402", "0403", "0404", "0407", "040A")]
        return [
            Service(
                BASE.format("0100"),
                [
                    self._kept("0101", self.name.encode()),
                    self._kept("0104", struct.pack("<4H", 6, 24, 0, 320)),
                    self._fixed("0107", bytes((2, 2, 0))),
                    self._kept("0108", bytes((0, 23, 0))),
                ],
            ),
            Service(
                BASE.format("0300"),
                [
                    self.writeable(BASE.format("0301"), self._set_led, read=lambda _: self.led, without_response=False),
                    self.notifying(BASE.format("0302")),
                    self.writeable(
                        BASE.format("0303"), self._set_pins, read=lambda _: self.pins, without_response=False
                    ),
                ],
            ),
            Service(
                BASE.format("0400"),
                [
                    self.writeable(
                        BASE.format("0401"), self._set_config, read=lambda _: self.config, without_response=False
                    ),
                    self._raw,
                    *quiet,
                ],
            ),
            Service(
                BASE.format("0500"),
                [
                    self.writeable(
                        BASE.format("0501"), self._set_sound, read=lambda _: self.sound, without_response=False
                    ),
                    self._speaker(),
                ],
            ),
            self.battery_service(),
        ]

    def advertisement(self) -> tuple[Structures, Structures]:
        """The configuration service."""
        return self.advertised(BASE.format("0100")), []

    def group(self, room: int) -> int:
        """One sample a notification, at every rate."""
        del room
        return 1

    def encode(self, first_index: int, t_s: Floats, acc_g: Floats, gyr_dps: Floats) -> list[Out]:
        """Acceleration of 10 binary places, rotation of 5, a magnetic field of about 50 uT of 4."""
        del first_index, t_s
        acc = np.rint(np.clip(acc_g, -LIMIT_G, LIMIT_G) * 1024)
        gyr = np.clip(np.rint(gyr_dps * 32), -32768, 32767)
        field = np.tile([320, -160, -720], (len(acc), 1))
        return [Out(self._raw, row.tobytes(), 1) for row in np.hstack([acc, gyr, field]).astype("<i2")]

    # ------------------------------------------------------------ what is written

    def _refuse(self, value: bytes, *, length: bool) -> att.ATT_Error:
        self.refused.append(value)
        return att.ATT_Error(att.ErrorCode.INVALID_ATTRIBUTE_LENGTH if length else att.ErrorCode.VALUE_NOT_ALLOWED)

    def _set_config(self, _connection: Connection, value: bytes) -> None:
        if len(value) != 9:
            raise self._refuse(value, length=True)
        *intervals_ms, frequency_hz, wakes = struct.unpack("<4HB", value)
        if not all(each in INTERVALS_MS for each in intervals_ms) or frequency_hz not in FREQUENCIES_HZ or wakes > 1:
            raise self._refuse(value, length=False)
        self.config = bytes(value)
        self.rate_changed()

    def _set_led(self, _connection: Connection, value: bytes) -> None:
        mode = value[0] if value else -1
        if len(value) != {0: 1, 1: 4, 2: 5, 3: 3}.get(mode, -1):
            raise self._refuse(value, length=True)
        colour = mode in {2, 3}
        if colour and not (1 <= value[1] <= 7 and 1 <= value[2] <= 100):
            raise self._refuse(value, length=False)
        self.led = bytes(value)
        if mode:
            self.note_cue("light", value)

    def _set_pins(self, _connection: Connection, value: bytes) -> None:
        if len(value) != 4:
            raise self._refuse(value, length=True)
        self.pins = bytes(value)
        if any(value):
            self.note_cue("motor", value)

    def _set_sound(self, _connection: Connection, value: bytes) -> None:
        if len(value) != 2:
            raise self._refuse(value, length=True)
        if value[0] not in {1, 2, 3} or value[1] not in {1, 2}:
            raise self._refuse(value, length=False)
        self.sound = bytes(value)

    def _play_tone(self, _connection: Connection, value: bytes) -> None:
        """Written without response: what cannot be played is left out."""
        if self.sound[0] == 1 and len(value) == 5 and value[4] <= 100:
            self.note_cue("buzzer", value)
        else:
            self.refused.append(value)

    # ------------------------------------------------------------ characteristics

    def _speaker(self) -> Characteristic[bytes]:
        speaker = self.writeable(BASE.format("0502"), self._play_tone)
        speaker.properties = Characteristic.Properties.WRITE_WITHOUT_RESPONSE
        return speaker

    def _kept(self, short: str, value: bytes) -> Characteristic[bytes]:
        """Takes and gives back whatever is written."""
        held = [value]

        def take(_connection: Connection, written: bytes) -> None:
            held[0] = written

        return self.writeable(BASE.format(short), take, read=lambda _: held[0], without_response=False)

    @staticmethod
    def _fixed(short: str, value: bytes) -> Characteristic[bytes]:
        return Characteristic[bytes](BASE.format(short), Characteristic.Properties.READ, Characteristic.READABLE, value)
