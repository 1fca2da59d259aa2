"""Axivity CWA files, made by their published format: a header of 1024 bytes, then sectors of 512 bytes."""

import struct
from datetime import datetime, timedelta

import numpy as np

AX3, AX6 = 0x17, 0x64
RATE_CODES = {12.5: 7, 25.0: 8, 50.0: 9, 100.0: 10, 200.0: 11, 400.0: 12}


def packed_time(when):
    """A date and time (or its ISO text) in 32 bits: year (6), month (4), day (5), hour (5), minute (6), second (6)."""
    when = datetime.fromisoformat(str(when))
    fields = ((when.year - 2000, 26), (when.month, 22), (when.day, 17), (when.hour, 12), (when.minute, 6))
    return sum(value << shift for value, shift in fields) | when.second


def header(*, gyro=False, rate_hz=100.0, device=12345, hardware=None, firmware=45):
    out = bytearray(1024)
    struct.pack_into("<2sHBHIH", out, 0, b"MD", 1020, hardware or (AX6 if gyro else AX3), device, 7, 0)
    out[35] = 0x02 if gyro else 0x00  # 2000 deg/s
    out[36] = RATE_CODES[rate_hz] | 0x40
    out[41] = firmware
    out[42:44] = b"\xff\xff"
    out[64:512] = b"_c=Lab&_s=Study".ljust(448)
    return bytes(out)


def sealed(sector):
    """The sector with its last word such that the sum of all words is 0."""
    words = np.frombuffer(bytes(sector[:510]) + b"\0\0", "<u2")
    return bytes(sector[:510]) + struct.pack("<H", -int(words.sum()) & 0xFFFF)


def sector(
    number, when, counts, *, rate_hz=100.0, packed=False, index=0, fraction=0.0, acc_scale=4, gyr_scale=2, **more
):
    """One sector of counts (n, 3 or 6), the gyroscope's first; sample `index` was taken `fraction` after `when`.

    acc_scale: 1 g is 2**(8 + acc_scale); gyr_scale: 32768 is 8000 / 2**gyr_scale deg/s
    """
    counts = np.asarray(counts)
    n, axes = counts.shape
    bits = int(fraction * 32768)
    offset = index - ((bits << 1) * int(rate_hz) >> 16)  # what readers that know no fraction expect
    light = acc_scale << 13 | (gyr_scale << 10 if axes == 6 else 0) | more.get("light", 300)
    out = bytearray(512)
    struct.pack_into("<2sHHIII", out, 0, b"AX", 508, 0x8000 | bits, more.get("session", 7), number, packed_time(when))
    struct.pack_into(
        "<HHBBBB", out, 18, light, 250, 0, 200, RATE_CODES[rate_hz] | 0x40, axes << 4 | (0 if packed else 2)
    )
    struct.pack_into("<hH", out, 26, offset, n)
    data = pack(counts).tobytes() if packed else counts.astype("<i2").tobytes()
    out[30 : 30 + len(data)] = data
    return sealed(out)


def pack(counts):
    """(n, 3) integers of at most 10 bits times 2**e, e 0 to 3, as 32-bit words."""
    exponent = np.zeros(len(counts), dtype=np.int64)
    for e in (1, 2, 3):
        exponent[(counts < -512 << (e - 1)).any(axis=1) | (counts > (512 << (e - 1)) - 1).any(axis=1)] = e
    mantissa = counts.astype(np.int64) >> exponent[:, None]
    assert (mantissa << exponent[:, None] == counts).all(), "does not fit into 10 bits"
    x, y, z = (mantissa & 0x3FF).T
    return (x | y << 10 | z << 20 | exponent << 30).astype("<u4")


def per_sector(axes, *, packed=False):
    return 120 if packed else 480 // (2 * axes)


def recorded(counts, *, rate_hz=100.0, true_hz=None, start="2026-03-01 08:30", packed=False, **more):
    """The sectors of a recording without a break; true_hz: what the sensor's own clock really does.

    The clock was read at a sample within each sector, as the device does.
    """
    counts = np.asarray(counts)
    size = per_sector(counts.shape[1], packed=packed)
    out = []
    for number, first in enumerate(range(0, len(counts), size)):
        part = counts[first : first + size]
        index = len(part) // 2
        at_s = (first + index) / (true_hz or rate_hz)
        when = datetime.fromisoformat(start) + timedelta(seconds=int(at_s))
        fraction = at_s - int(at_s)
        full = np.zeros((size, counts.shape[1]), dtype=np.int64)
        full[: len(part)] = part
        made = bytearray(
            sector(
                more.get("number", 0) + number, when, full, rate_hz=rate_hz, packed=packed, index=index,
                fraction=fraction, **{key: value for key, value in more.items() if key != "number"},
            )
        )  # fmt: skip
        struct.pack_into("<H", made, 28, len(part))
        out.append(sealed(made))
    return out


def worn(n, *, gyro=False, packed=False, seed=0):
    """Counts of someone who sits and moves a little: (n, 3 or 6)."""
    random = np.random.default_rng(seed)
    one_g = 256 if packed else 4096
    acc = np.rint(np.array([0.1, 0.97, 0.2]) * one_g + random.normal(0, one_g / 100, (n, 3))).astype(np.int64)
    if packed:
        return acc
    return np.hstack([random.integers(-300, 300, (n, 3)), acc]) if gyro else acc
