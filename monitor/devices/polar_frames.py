"""Polar's acceleration frames: one notification each, raw or delta compressed (firmware-notes/polar.md).

A frame is refused whole or taken whole: its time is that of its last sample, so where the end cannot be read the times
of all the others are unknown.
"""

import struct
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.devices.driver import Decoded, nothing
from monitor.stream import Floats

ACCELERATION: Final = 0x02
DELTA: Final = 0x80
HEADER: Final = struct.Struct("<BQB")  # kind of measurement; ns, of the last sample; type of frame
REFERENCE_BYTES: Final = 6
RAW_BYTES: Final = {0x00: 1, 0x01: 2, 0x02: 3}  # type of frame -> bytes a value
DELTA_IN_G: Final = 0x80  # counts that a factor turns into g
DELTA_IN_MG: Final = 0x81

WIDEST_DELTA_BITS: Final = 17  # from one end of 16 bits to the other
G_PER_COUNT: Final = 2.44e-4
RANGE_G: Final = 16.0  # the widest that any of them has
RANGE_MARGIN: Final = 1.05  # 12 bits of 4 mg reach 8.19 g in a range that is called 8 g
STEP_TOLERANCE: Final = 0.1  # of the nominal period: beyond, a frame is missing or out of turn

OTHER_KIND: Final = "a Polar frame of another measurement than acceleration"
OTHER_TYPE: Final = "a Polar frame of a type that sitwell does not know"
TOO_SHORT: Final = "a Polar frame without samples"
TORN: Final = "a Polar frame that ends within a sample"
BAD_BLOCK: Final = "a Polar frame with differences that cannot be unpacked"
BEYOND: Final = "an acceleration beyond the range of the sensor"


@dataclass(frozen=True, slots=True)
class Scale:
    """What the start of the stream agreed on.

    range_g      : samples beyond it, with a little margin, cannot be
    g_per_count  : for frames of type 80
    mg_per_count : for frames of type 81
    """

    range_g: float = RANGE_G
    g_per_count: float = G_PER_COUNT
    mg_per_count: float = 1.0


class _Refused(Exception):  # noqa: N818 - not an error to anyone outside
    pass


def decode(payload: bytes, scale: Scale = Scale(), *, period_s: float = 0.0, origin_ns: int = 0) -> Decoded:
    """One notification -> its samples; t_s in s after origin_ns, period_s apart, the last at the frame's time.

    Never raises: a frame that cannot be read comes back in `bad`, without samples.
    """
    try:
        acc_g = _accelerations(payload, scale)
    except _Refused as refused:
        return nothing((str(refused), payload), gyro=False, clock=True)
    return Decoded(acc_g, None, t_s=_times((time_ns(payload) - origin_ns) / 1e9, len(acc_g), period_s))


def time_ns(payload: bytes) -> int:
    """The time of a frame's last sample, ns since 2000 where the sensor was ever told the time."""
    return int.from_bytes(payload[1:9], "little")


class PolarDecoder:
    """One connection's frames; keeps three numbers between them.

    Samples lie evenly between one frame's time and the next's, which tells the real rate (the H10's runs 1.8 % fast).
    Where a frame is missing or out of turn, and at the first one, the last spacing that was seen holds, else the
    nominal. Times are passed on as the sensor tells them, also where they go back.
    """

    def __init__(self, rate_hz: float, scale: Scale = Scale()) -> None:
        self._scale = scale
        self._nominal_s = self._period_s = 1.0 / rate_hz
        self._origin_ns: int | None = None
        self._last_ns = 0

    def feed(self, payload: bytes) -> Decoded:
        """Take one notification; t_s counts from the first frame's time."""
        decoded = decode(payload, self._scale)
        samples = len(decoded.acc_g)
        if not samples:
            return decoded
        now_ns = time_ns(payload)
        if self._origin_ns is None:
            self._origin_ns = now_ns
        else:
            seen_s = (now_ns - self._last_ns) / 1e9 / samples
            if abs(seen_s - self._nominal_s) <= STEP_TOLERANCE * self._nominal_s:
                self._period_s = seen_s
        self._last_ns = now_ns
        return replace(decoded, t_s=_times((now_ns - self._origin_ns) / 1e9, samples, self._period_s))


def _times(last_s: float, samples: int, period_s: float) -> Floats:
    return last_s - period_s * np.arange(samples - 1, -1, -1, dtype=np.float64)


def _accelerations(payload: bytes, scale: Scale) -> Floats:
    """(n, 3) g, n > 0."""
    if len(payload) <= HEADER.size:
        raise _Refused(TOO_SHORT)
    kind, _, frame_type = HEADER.unpack_from(payload)
    if kind != ACCELERATION:
        raise _Refused(OTHER_KIND)
    body = payload[HEADER.size :]
    if frame_type in RAW_BYTES:
        acc_g = _raw(body, RAW_BYTES[frame_type]) / 1000.0
    elif frame_type == DELTA_IN_G:
        acc_g = _unpacked(body) * scale.g_per_count
    elif frame_type == DELTA_IN_MG:
        acc_g = _unpacked(body) * scale.mg_per_count / 1000.0
    else:
        raise _Refused(OTHER_TYPE)
    if float(np.abs(acc_g).max()) > scale.range_g * RANGE_MARGIN:
        raise _Refused(BEYOND)
    return acc_g


def _raw(body: bytes, size: int) -> Floats:
    """Little-endian signed values of `size` bytes, three a sample."""
    if len(body) % (3 * size):
        raise _Refused(TORN)
    places: NDArray[np.uint8] = np.frombuffer(body, dtype=np.uint8).reshape(-1, size)
    wide: NDArray[np.uint8] = np.zeros((len(places), 4), dtype=np.uint8)
    wide[:, 4 - size :] = places  # at the upper end, so that the shift back extends the sign
    values: NDArray[np.int32] = wide.view("<i4")[:, 0] >> (8 * (4 - size))
    return values.astype(np.float64).reshape(-1, 3)


def _unpacked(body: bytes) -> Floats:
    """A first sample of 3 x 16 bits, then blocks: width, count, differences, least significant bit first."""
    if len(body) < REFERENCE_BYTES:
        raise _Refused(TORN)
    first: NDArray[np.int16] = np.frombuffer(body[:REFERENCE_BYTES], dtype="<i2")
    steps: list[NDArray[np.int64]] = [first.astype(np.int64).reshape(1, 3)]
    at = REFERENCE_BYTES
    while at < len(body):
        width, count = body[at], body[at + 1] if at + 1 < len(body) else 0
        end = at + 2 + (3 * count * width + 7) // 8
        # Differences of no bits would make many samples out of nothing.
        if not 0 < width <= WIDEST_DELTA_BITS or not count or end > len(body):
            raise _Refused(BAD_BLOCK)
        steps.append(_differences(body[at + 2 : end], width, count))
        at = end
    return np.cumsum(np.concatenate(steps), axis=0).astype(np.float64)


def _differences(packed: bytes, width: int, count: int) -> NDArray[np.int64]:
    """(count, 3) signed numbers of `width` bits."""
    bits = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), bitorder="little")[: 3 * count * width]
    weights: NDArray[np.int64] = np.left_shift(np.int64(1), np.arange(width, dtype=np.int64))
    weights[-1] = -weights[-1]  # two's complement
    return (bits.reshape(-1, width).astype(np.int64) @ weights).reshape(-1, 3)
