"""Samples <-> blob: one block of samples written down, lossless for every float64.

A blob holds one block of n samples, little-endian. Its columns come in sets: time (1), acceleration (3), angular
rate (3). A set whose every value is k * (multiplier << shift) / divisor, k an integer, is packed; else it is deflated.

    head     format (1 byte, = 1), sets (1 byte, 2 or 3), which of them are packed (1 byte, a bit each), n (4 bytes)
    packed   order of the differences of the sensor's columns, 1 or 2 (1 byte); those of time are of order 1
             for each packed set: number of the divisor (1 byte), shift (1 byte), multiplier (2 bytes)
             bit width of each column (1 byte each)
             rows of one integer a column, each after its size in bytes (1 byte): the first k; the first difference if
             the order is 2 (0 for time); the least difference, which is taken off before packing
             the differences, row by row, each in its column's width, bits big-endian, zeros up to a whole byte
             number (4 bytes) and places (4 bytes each, row by row) of the zeros that are negative
    floats   for each set left: length (4 bytes), zlib of the first bytes of all its float64, the second ones, …

A set is packed only if that gives back every bit of every value; a sensor that prints 16-bit integers always gets it.
Packing takes 4 to 7 bytes a sample of a 6-axis sensor. zlib does not take fewer, and takes longer.
"""

import functools
import struct
import zlib
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.stream import Floats, Samples

Integers: TypeAlias = NDArray[np.int64]

_FORMAT = 1
_HEAD = struct.Struct("<BBBI")
_SCALE = struct.Struct("<BBH")
_COUNT = struct.Struct("<I")
_DIVISORS = (1e6, float(2**40), 1e9)  # their numbers in blobs are their places here
_DECIMAL_FIRST, _BINARY_FIRST = (0, 2), (1, 0, 2)
_EXACT = float(2**53)  # integers up to here are exact in float64
_MINUS_ZERO = -(2**63)  # the bits of -0.0 as an integer


def encode_samples(samples: Samples) -> bytes:
    """Write a block of any length as a blob; `decode_samples` gives back every bit of it."""
    n = len(samples)
    sets = [samples.t_s.reshape(n, 1), samples.acc_g]
    if samples.gyr_dps is not None:
        sets.append(samples.gyr_dps)
    sets = [np.ascontiguousarray(values, dtype=np.float64) for values in sets]
    scales: list[bytes] = []
    counts: list[Integers] = []
    packed: list[Floats] = []
    floats: list[bytes] = []
    which = 0
    for number, values in enumerate(sets if n else []):
        found = _as_integers(values, _BINARY_FIRST if number else _DECIMAL_FIRST)
        if found is None:
            planes = zlib.compress(values.T.copy().view(np.uint8).reshape(-1, 8).T.tobytes(), 1)
            floats += (_COUNT.pack(len(planes)), planes)
        else:
            which |= 1 << number
            scales.append(found[0])
            counts.append(found[1])
            packed.append(values)
    parts = [_HEAD.pack(_FORMAT, len(sets), which, n)]
    if which:
        parts += _pack(np.hstack(counts), which & 1, scales)
        negative = np.flatnonzero(np.hstack(packed).view(np.int64) == _MINUS_ZERO)
        parts += (_COUNT.pack(len(negative)), negative.astype("<u4").tobytes())
    return b"".join(parts + floats)


def encode_cut(samples: Samples, starts: Sequence[int]) -> list[bytes]:
    """Write a long block as several blobs, the first rows of which are `starts` (rising from 0): as encode_samples of
    each part, but several times as fast, for what can be done for all of them at once is.
    """
    n, ends = len(samples), [*starts[1:], len(samples)]
    many = [samples.t_s.reshape(n, 1), samples.acc_g, *([] if samples.gyr_dps is None else [samples.gyr_dps])]
    sets = [np.ascontiguousarray(values, dtype=np.float64) for values in many]
    found = [
        _as_integers(values, _BINARY_FIRST if number else _DECIMAL_FIRST) if n else None
        for number, values in enumerate(sets)
    ]
    packable = [each for each in found if each is not None]
    if len(packable) < len(sets) or min(np.diff([*starts, n]), default=0) < 3:
        return [encode_samples(samples.part(slice(start, end))) for start, end in zip(starts, ends, strict=True)]
    counts = np.hstack([each[1] for each in packable])
    scales = b"".join(each[0] for each in packable)
    negative = np.flatnonzero(np.hstack(sets).view(np.int64) == _MINUS_ZERO)
    return _pack_many(counts, np.array(starts), np.array(ends), (len(sets), scales), negative)


def decode_samples(blob: bytes) -> Samples:
    """Read a blob back. Raises ValueError if it is not one."""
    try:
        version, sets, which, n = _HEAD.unpack_from(blob)
        if version != _FORMAT or sets not in {2, 3} or which >= 1 << sets:
            raise ValueError(f"blob of an unknown format, {version}")
        if n == 0:
            return Samples(np.empty(0), np.empty((0, 3)), np.empty((0, 3)) if sets == 3 else None)
        at = _HEAD.size
        columns = [(3 if number else 1) if which >> number & 1 else 0 for number in range(sets)]
        values, at = _unpack(blob, at, n, columns) if which else (np.empty((n, 0)), at)
        out: list[Floats] = []
        start = 0
        for number, width in enumerate(columns):
            if width:
                out.append(values[:, start : start + width].copy())
                start += width
            else:
                (length,) = _COUNT.unpack_from(blob, at)
                at += _COUNT.size + length
                planes = np.frombuffer(zlib.decompress(blob[at - length : at]), dtype=np.uint8)
                out.append(planes.reshape(8, -1).T.copy().view(np.float64).reshape(3 if number else 1, n).T.copy())
    except (struct.error, zlib.error, IndexError, TypeError, MemoryError, OverflowError) as error:
        raise ValueError(f"blob cannot be decoded: {error}") from error
    if at != len(blob):
        raise ValueError(f"blob has {len(blob)} bytes, {at} expected")
    return Samples(out[0].reshape(n), out[1], out[2] if sets == 3 else None)


def _as_integers(values: Floats, order: tuple[int, ...]) -> tuple[bytes, Integers] | None:
    """(scale, least k) so that `values` are exactly k * scale; None if none of the divisors, tried in `order`, does."""
    top = max(float(values.max()), -float(values.min()))
    for number in order:
        divisor = _DIVISORS[number]
        if not top * divisor <= _EXACT:  # NaN and infinity end here too
            continue
        scaled = np.rint(values * divisor).astype(np.int64)
        if not (scaled / divisor == values).all():  # -0.0 passes as 0.0: the caller notes its places
            continue
        if values.shape[1] == 1:  # time: the differences are small whatever the scale
            return _SCALE.pack(number, 0, 1), scaled
        low = int(np.bitwise_or.reduce(scaled, axis=None))
        shift = (low & -low).bit_length() - 1 if low else 0
        scaled >>= shift
        multiplier = int(np.gcd.reduce(scaled, axis=None))
        if 1 < multiplier < 2**16:
            scaled //= multiplier
        else:
            multiplier = 1
        return _SCALE.pack(number, shift, multiplier), scaled
    return None


def _pack(counts: Integers, timed: int, scales: list[bytes]) -> list[bytes]:
    """The packed columns (n, c), up to the differences. timed: 1 if the first column is time, else 0."""
    order = 1
    rows = [counts[0]]
    rest = counts[1:] - counts[:-1]
    least, most = _range(rest)
    if len(rest) > 1 and counts.shape[1] > timed:
        second = rest.copy()
        second[0, timed:] = 0
        second[1:, timed:] -= rest[:-1, timed:]
        second_least, second_most = _range(second)
        if sum(_bits(second_most - second_least)) < sum(_bits(most - least)):
            first = rest[0].copy()
            first[:timed] = 0
            rows.append(first)
            order, rest, least, most = 2, second, second_least, second_most
    rows.append(least)
    widths = bytes(_bits(most - least))
    size, kept = _kept_bits(widths)
    parts = [bytes((order,)), *scales, widths]
    for row in rows:
        bytes_each = _size(row)
        parts += (bytes((bytes_each,)), row.astype(f"<i{bytes_each}").tobytes())
    if len(kept) and len(rest):
        bits = np.unpackbits((rest - least).astype(f">u{size}").view(np.uint8), axis=1)
        parts.append(np.packbits(bits.take(kept, axis=1)).tobytes())
    return parts


def _pack_many(
    counts: Integers, starts: Integers, ends: Integers, head: tuple[int, bytes], negative: NDArray[np.intp]
) -> list[bytes]:
    """As _pack of each part of counts (n, c), the first column of which is time, to whole blobs; head: sets, scales."""
    first = counts[1:] - counts[:-1]
    second = first.copy()
    second[1:, 1:] -= first[:-1, 1:]
    second[starts, 1:] = 0
    bounds = np.stack((starts, ends - 1), axis=1).ravel()[:-1]  # of the differences within each part

    def extremes(rest: Integers) -> tuple[Integers, Integers]:
        return np.minimum.reduceat(rest, bounds)[::2], np.maximum.reduceat(rest, bounds)[::2]

    (least_1, most_1), (least_2, most_2) = extremes(first), extremes(second)
    bits_1, bits_2 = _bits_of(most_1 - least_1), _bits_of(most_2 - least_2)
    twice = bits_2.sum(axis=1) < bits_1.sum(axis=1)
    least = np.where(twice[:, None], least_2, least_1)
    widths = np.where(twice[:, None], bits_2, bits_1).astype(np.uint8)
    lengths = np.append(np.diff(starts), len(counts) - starts[-1])
    rest = np.where(np.repeat(twice, lengths)[:-1, None], second, first) - np.repeat(least, lengths, axis=0)[:-1]
    opening = first[starts]
    opening[:, 0] = 0
    sizes = [_sizes(rows) for rows in (counts[starts], opening, least)]
    edges = np.append(starts, len(counts)) * counts.shape[1]
    places: list[int] = np.asarray(np.searchsorted(negative, edges), dtype=np.int64).tolist()
    container = next(size for size in (1, 2, 4, 8) if int(widths.max()) <= 8 * size)  # one for all parts
    bits = np.unpackbits(rest.astype(f">u{container}").view(np.uint8), axis=1)
    sets, scales = head
    blobs: list[bytes] = []
    for part, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        order = 2 if twice[part] else 1
        width = widths[part].tobytes()
        _, kept = _kept_bits(width, container)
        pieces = [_HEAD.pack(_FORMAT, sets, (1 << sets) - 1, end - start), bytes((order,)), scales, width]
        rows = [(counts[start], sizes[0]), (opening[part], sizes[1]), (least[part], sizes[2])]
        for row, each in (rows[0], rows[2]) if order == 1 else rows:
            pieces += (bytes((each[part],)), row.astype(f"<i{each[part]}").tobytes())
        if len(kept):
            pieces.append(np.packbits(bits[start : end - 1].take(kept, axis=1)).tobytes())
        zeros = negative[places[part] : places[part + 1]] - start * counts.shape[1]
        pieces += (_COUNT.pack(len(zeros)), zeros.astype("<u4").tobytes())
        blobs.append(b"".join(pieces))
    return blobs


def _bits_of(values: Integers) -> Integers:
    """The bit length of each, or one more where it is beyond what a float64 holds."""
    return np.frexp(values.astype(np.float64))[1].astype(np.int64)


def _sizes(rows: Integers) -> list[int]:
    """_size of each row."""
    bits = _bits_of(np.maximum(rows.max(axis=1), -rows.min(axis=1) - 1).clip(0)) + 1
    return np.select([bits <= 8, bits <= 16, bits <= 32], [1, 2, 4], 8).tolist()


def _unpack(blob: bytes, at: int, n: int, columns: list[int]) -> tuple[Floats, int]:
    """The values (n, c) of the packed sets, whose columns are given (0 if not packed), and where they end."""
    order = blob[at]
    at += 1
    width = sum(columns)
    scales: list[tuple[int, int, int, int]] = []
    for many in filter(None, columns):
        scales.append((many, *_SCALE.unpack_from(blob, at)))
        at += _SCALE.size
    size, kept = _kept_bits(blob[at : at + width])
    at += width
    rows: list[NDArray[np.signedinteger]] = []
    for _ in range(order + 1):
        rows.append(np.frombuffer(blob, dtype=f"<i{blob[at]}", count=width, offset=at + 1))
        at += 1 + width * blob[at]
    counts = np.empty((n, width), dtype=np.int64)
    counts[0] = rows[0]
    rest = counts[1:]
    many_bits = (n - 1) * len(kept)
    if many_bits:
        bits = np.zeros((n - 1, width * 8 * size), dtype=np.uint8)
        packed = np.frombuffer(blob, dtype=np.uint8, count=-(-many_bits // 8), offset=at)
        bits[:, kept] = np.unpackbits(packed, count=many_bits).reshape(n - 1, len(kept))
        np.add(np.packbits(bits, axis=1).view(f">u{size}"), rows[-1], out=rest, casting="unsafe")
        at += len(packed)
    else:
        rest[:] = rows[-1]
    if order == 2:
        timed = 1 if columns[0] else 0
        rest[0] += rows[1]
        rest[:, timed:].cumsum(axis=0, out=rest[:, timed:])
    counts.cumsum(axis=0, out=counts)
    multipliers, divisors = _scale_rows(tuple(scales))
    values = counts * multipliers / divisors
    (negatives,) = _COUNT.unpack_from(blob, at)
    at += _COUNT.size
    if negatives:
        values.reshape(-1)[np.frombuffer(blob, dtype="<u4", count=negatives, offset=at)] = -0.0
    return values, at + 4 * negatives


def _range(differences: Integers) -> tuple[Integers, Integers]:
    """The least and the greatest of each column; 0 where there are no rows."""
    if len(differences) == 0:
        none = np.zeros(differences.shape[1], dtype=np.int64)
        return none, none
    return differences.min(axis=0), differences.max(axis=0)


def _bits(row: Integers) -> list[int]:
    return [value.bit_length() for value in row.tolist()]


def _size(row: Integers) -> int:
    """How many bytes (1, 2, 4 or 8) hold each signed integer of this row."""
    bits = max(int(row.max()), -int(row.min()) - 1, 0).bit_length() + 1
    return 1 if bits <= 8 else 2 if bits <= 16 else 4 if bits <= 32 else 8


@functools.lru_cache(maxsize=4096)
def _kept_bits(widths: bytes, size: int = 0) -> tuple[int, NDArray[np.intp]]:
    """(container's bytes, which bits of a row of containers are kept) for these widths; size: 0 takes the least."""
    size = size or next((size for size in (1, 2, 4, 8) if max(widths) <= 8 * size), 0)
    if not size:
        raise ValueError("a column wider than 64 bits")
    kept = [column * 8 * size + bit for column, width in enumerate(widths) for bit in range(8 * size - width, 8 * size)]
    return size, np.array(kept, dtype=np.intp)


@functools.lru_cache(maxsize=256)
def _scale_rows(scales: tuple[tuple[int, int, int, int], ...]) -> tuple[Integers, Floats]:
    """(multiplier, divisor) of each column, from (columns, number of the divisor, shift, multiplier) of each set."""
    multipliers = [multiplier << shift for many, _, shift, multiplier in scales for _ in range(many)]
    divisors = [_DIVISORS[number] for many, number, _, _ in scales for _ in range(many)]
    return np.array(multipliers, dtype=np.int64), np.array(divisors)
