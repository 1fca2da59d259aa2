"""The measuring half of a virtual Polar: its control point and how it packs acceleration. No radio, no clock."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from monitor.stream import Floats

ACC = 2
SETTINGS_OP, START_OP, STOP_OP = 1, 2, 3
OK, BAD_OP, BAD_TYPE, NOT_SUPPORTED, BAD_LENGTH, BAD_PARAMETER, ALREADY = range(7)
BAD_RESOLUTION, BAD_RATE, BAD_RANGE, BAD_MTU, BAD_CHANNELS, BAD_STATE, IN_CHARGER, DISK_FULL = range(7, 15)

RATE, RESOLUTION, RANGE, CHANNELS = 0, 1, 2, 4
_SIZES: Mapping[int, int] = {RATE: 2, RESOLUTION: 2, RANGE: 2, CHANNELS: 1}
_REFUSALS: Mapping[int, int] = {RATE: BAD_RATE, RESOLUTION: BAD_RESOLUTION, RANGE: BAD_RANGE, CHANNELS: BAD_CHANNELS}

HEADER_BYTES = 10
RAW_SAMPLE_BYTES = 6
_BLOCK_SAMPLES = 47


@dataclass(slots=True)
class ControlPoint:
    """What the control point knows.

    features   : what reading it brings, after the first byte 0F
    offer      : kind of setting -> values on offer
    start_tail : what follows status and `more` in the reply to a start
    in_charger : it then refuses to start
    listening  : the data characteristic is subscribed to; without, a start is refused (12: unverified)
    running    : kind of setting -> chosen value, while the stream runs. It outlives the link
    """

    features: bytes
    offer: Mapping[int, tuple[int, ...]]
    start_tail: bytes = b""
    in_charger: bool = False
    listening: bool = False
    running: dict[int, int] | None = None
    asked: list[bytes] = field(default_factory=list[bytes])

    def read(self) -> bytes:
        """The features, 17 bytes."""
        return (b"\x0f" + self.features).ljust(17, b"\x00")

    def write(self, command: bytes) -> bytes:
        """Obey; the reply to indicate."""
        self.asked.append(command)
        if len(command) < 2:
            return bytes((0xF0, *command[:1].ljust(1, b"\x00"), 0, BAD_LENGTH, 0))
        op, kind = command[:2]
        status, tail = self._obey(op, kind, command[2:])
        return bytes((0xF0, op, kind, status, 0)) + (tail if status == OK else b"")

    def _obey(self, op: int, kind: int, content: bytes) -> tuple[int, bytes]:
        if op not in {SETTINGS_OP, START_OP, STOP_OP}:
            return BAD_OP, b""
        if kind != ACC:
            return NOT_SUPPORTED, b""  # this twin measures nothing else
        if op == SETTINGS_OP:
            return (BAD_LENGTH, b"") if content else (OK, self._told_offer())
        if op == STOP_OP:
            if content:
                return BAD_LENGTH, b""
            was_running, self.running = self.running, None
            return (ALREADY if was_running is None else OK), b""
        if self.running is not None:
            return ALREADY, b""
        if self.in_charger:
            return IN_CHARGER, b""
        if not self.listening:
            return BAD_STATE, b""
        status, chosen = self._chosen(content)
        if status == OK:
            self.running = chosen
        return status, self.start_tail

    def _told_offer(self) -> bytes:
        return b"".join(
            bytes((kind, len(values))) + b"".join(value.to_bytes(_SIZES[kind], "little") for value in values)
            for kind, values in self.offer.items()
        )

    def _chosen(self, content: bytes) -> tuple[int, dict[int, int]]:
        """Each kind on offer once, one value each, and no other kind."""
        chosen: dict[int, int] = {}
        at = 0
        while at < len(content):
            kind = content[at]
            if kind not in self.offer or kind in chosen:
                return BAD_PARAMETER, {}
            end = at + 2 + _SIZES[kind]
            if content[at + 1 : at + 2] != b"\x01" or end > len(content):
                return BAD_LENGTH, {}
            value = int.from_bytes(content[at + 2 : end], "little")
            if value not in self.offer[kind]:
                return _REFUSALS[kind], {}
            chosen[kind] = value
            at = end
        return (OK, chosen) if set(chosen) == set(self.offer) else (BAD_PARAMETER, {})


def counts_mg(acc_g: Floats, range_g: float) -> NDArray[np.int64]:
    """What the sensor makes of it: whole mg, cut off at its range."""
    limit = round(range_g * 1000)
    return np.clip(np.rint(acc_g * 1000), -limit, limit - 1).astype(np.int64)


def raw_frame(mg: NDArray[np.int64], last_ns: int) -> bytes:
    """Type 01: 16 bits each."""
    return _header(last_ns, 0x01) + mg.astype("<i2").tobytes()


def delta_frames(mg: NDArray[np.int64], ends_ns: list[int], room_bytes: int) -> list[tuple[int, bytes]]:
    """Type 81: (samples, frame) of one or more frames that fit; ends_ns is the time of each sample."""
    frame = _header(ends_ns[-1], 0x81) + _delta_body(mg)
    if len(frame) <= room_bytes or len(mg) == 1:
        return [(len(mg), frame)]
    half = len(mg) // 2
    return delta_frames(mg[:half], ends_ns[:half], room_bytes) + delta_frames(mg[half:], ends_ns[half:], room_bytes)


def _header(last_ns: int, frame_type: int) -> bytes:
    return struct.pack("<BQB", ACC, last_ns, frame_type)


def _delta_body(mg: NDArray[np.int64]) -> bytes:
    body = mg[0].astype("<i2").tobytes()
    steps = np.diff(mg, axis=0)
    for at in range(0, len(steps), _BLOCK_SAMPLES):
        block = steps[at : at + _BLOCK_SAMPLES].ravel().tolist()
        width = max(max(step, ~step).bit_length() + 1 for step in block)
        stream = 0
        for place, step in enumerate(block):
            stream |= (step & ((1 << width) - 1)) << (place * width)
        body += bytes((width, len(block) // 3)) + stream.to_bytes((len(block) * width + 7) // 8, "little")
    return body
