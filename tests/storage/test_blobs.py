"""Blobs give back every bit of what went in, written one by one or many at once."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from monitor.storage.blobs import decode_samples, encode_cut, encode_samples
from monitor.stream import Samples, join


def bits(samples: Samples) -> list[bytes]:
    columns = [samples.t_s, samples.acc_g, *([] if samples.gyr_dps is None else [samples.gyr_dps])]
    return [np.ascontiguousarray(column).tobytes() for column in columns]


@st.composite
def any_samples(draw):
    """Blocks of any finite or other float64, on a grid or off it, one set of columns unlike the next."""
    n = draw(st.integers(0, 40))

    def columns(width):
        kind = draw(st.sampled_from(["any", "binary", "decimal", "constant", "counts"]))
        shape = (n, width)
        if kind == "any":
            return draw(hnp.arrays(np.float64, shape, elements=st.floats(width=64)))
        whole = draw(hnp.arrays(np.int64, shape, elements=st.integers(-(2**40), 2**40))).astype(float)
        if kind == "binary":
            return whole / 2.0 ** draw(st.integers(0, 50))
        if kind == "decimal":
            return whole / 10.0 ** draw(st.integers(0, 12))
        if kind == "constant":
            return np.full(shape, draw(st.floats(allow_nan=False)))
        return np.where(whole % 7 == 0, -0.0, whole % 100)

    return Samples(columns(1).reshape(n), columns(3), columns(3) if draw(st.booleans()) else None)


@given(any_samples())
def test_blob_round_trip_is_exact_for_any_float64(samples):
    again = decode_samples(encode_samples(samples))
    assert bits(again) == bits(samples)
    assert (again.gyr_dps is None) == (samples.gyr_dps is None)


@given(any_samples(), st.data())
def test_damaged_blob_is_decoded_or_refused_with_value_error_only(samples, data):
    blob = bytearray(encode_samples(samples))
    for _ in range(data.draw(st.integers(1, 3))):
        blob[data.draw(st.integers(0, min(len(blob), 60) - 1))] ^= data.draw(st.integers(1, 255))
    blob[3:7] = bytes(blob[3:5]) + b"\0\0"  # the number of samples stays small: no gigabytes in a test
    try:
        decode_samples(bytes(blob[: data.draw(st.integers(0, len(blob)))]))
    except ValueError:
        return


def test_a_16_bit_six_axis_sensor_takes_few_bytes(sensor):
    whole = sensor(6000)
    size = 0
    for start in range(0, 6000, 100):
        block = Samples(*(column[start : start + 100] for column in (whole.t_s, whole.acc_g, whole.gyr_dps)))
        blob = encode_samples(block)
        assert bits(decode_samples(blob)) == bits(block)
        size += len(blob)
    assert size / 6000 < 5.0
    floats = np.hstack((whole.t_s[:, None], whole.acc_g, whole.gyr_dps))
    assert size < 0.6 * len(zlib.compress(floats.T.tobytes(), 6))


@pytest.mark.parametrize(
    "blob", [b"", b"\x01", b"\x02\x02\x00\x00\x00\x00\x00", b"\x01\x09\x00\x01\x00\x00\x00", b"\x01\x03\x07\x05\0\0\0"]
)
def test_what_is_no_blob_is_refused(blob):
    with pytest.raises(ValueError, match="blob"):
        decode_samples(blob)


def test_trailing_bytes_are_refused(sensor):
    with pytest.raises(ValueError, match="expected"):
        decode_samples(encode_samples(sensor(10)) + b"\0")


def test_strided_columns_are_written_as_they_are(sensor):
    whole = sensor(50)
    wide = np.hstack((whole.acc_g, whole.gyr_dps))
    odd = Samples(whole.t_s[::2], wide[::2, :3], wide[::2, 3:])
    assert bits(decode_samples(encode_samples(odd))) == bits(odd)


@pytest.mark.parametrize("gyro", [True, False])
@pytest.mark.parametrize("timed", [True, False])
def test_smooth_movement_is_packed_by_second_differences(gyro, timed):
    t_s = np.round(np.arange(100) / 99.3, 6) if timed else np.sqrt(2.0 + np.arange(100))
    swing = 8000 * np.sin(2 * np.pi * 1.8 * np.arange(100) / 99.3)[:, None] * [1.0, -0.5, 0.2]
    whole = Samples(t_s, np.rint(swing) / 2048, np.rint(swing + 3) * 125 / 2048 if gyro else None)
    for n in (100, 3, 2, 1):
        part = Samples(whole.t_s[:n], whole.acc_g[:n], whole.gyr_dps[:n] if gyro else None)
        blob = encode_samples(part)
        assert bits(decode_samples(blob)) == bits(part)
        if n == 100:
            assert blob[7] == 2  # the order; see the layout at the top of blobs.py


@given(st.lists(any_samples().filter(len), min_size=1, max_size=5), st.booleans())
def test_many_blobs_at_once_hold_what_each_part_does(parts, gyro):
    parts = [Samples(p.t_s, p.acc_g, p.acc_g[:, ::-1] if gyro else None) for p in parts]
    starts = [0, *np.cumsum([len(part) for part in parts[:-1]]).tolist()]
    blobs = encode_cut(join(parts), starts)
    assert [bits(decode_samples(blob)) for blob in blobs] == [bits(part) for part in parts]


@pytest.mark.parametrize("gyro", [True, False])
@pytest.mark.parametrize("wild", [0, 1, 40, 2**20, 2**45])
def test_many_seconds_of_a_sensor_at_once(sensor, gyro, wild):
    """With some rows far away, so that the widths and the sizes of the opening rows differ from part to part."""
    whole = sensor(2000, gyro=gyro)
    acc = whole.acc_g.copy()
    acc[700:900:7] += wild
    acc[100:103] = -0.0
    acc[1500:1900] = 0.5
    odd = Samples(whole.t_s, acc, whole.gyr_dps)
    starts = [0, 99, 199, 204, 700, 1400, 1500, 1600, 1990]
    blobs = encode_cut(odd, starts)
    ends = [*starts[1:], 2000]
    parts = [odd.part(slice(start, end)) for start, end in zip(starts, ends, strict=True)]
    assert [bits(decode_samples(blob)) for blob in blobs] == [bits(part) for part in parts]
    alone = sum(len(encode_samples(part)) for part in parts)
    assert sum(map(len, blobs)) <= 1.1 * alone + 20


def test_parts_of_one_or_two_rows(sensor):
    whole = sensor(40)
    starts = [0, 1, 3, 30, 38, 39]
    blobs = encode_cut(whole, starts)
    assert np.array_equal(np.concatenate([decode_samples(blob).acc_g for blob in blobs]), whole.acc_g)
