"""Blobs and JSON give back every bit of what went in."""

import dataclasses
import json
import math
import typing
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from monitor.storage.codec import (
    decode_event,
    decode_record,
    decode_samples,
    encode_item,
    encode_samples,
    kind_of,
    plain,
)
from monitor.stream import (
    AlertRaised,
    BadPacket,
    Battery,
    Epoch,
    Event,
    Gap,
    Link,
    LinkState,
    LyingSide,
    Mark,
    Posture,
    Record,
    ReferenceChanged,
    Samples,
    Tick,
)


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


# ---------------------------------------------------------------- JSON

floats = st.floats(width=64)
labels = st.text(max_size=8)


def items(union):
    """Every class of a union, each field filled by its type."""
    explain = st.dictionaries(labels, floats | labels, max_size=3)
    extra = {
        typing.get_type_hints(AlertRaised)["explain"]: explain,
        tuple[float, float, float]: st.tuples(floats, floats, floats),
    }
    by_type = {float: floats, str: labels, int: st.integers(), bool: st.booleans(), **extra}
    by_type |= {
        Posture: st.sampled_from(Posture),
        LinkState: st.sampled_from(LinkState),
        LyingSide: st.sampled_from(LyingSide),
    }
    classes = [c for c in typing.get_args(union) if c not in {Samples, Mark}]
    return st.one_of([st.builds(c, **{k: by_type[t] for k, t in typing.get_type_hints(c).items()}) for c in classes])


def same(a, b) -> bool:
    """Equal, NaN to NaN, -0.0 not to 0.0, enumerations as enumerations."""
    if isinstance(a, float) and isinstance(b, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, tuple):
        return isinstance(b, tuple) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return type(a) is type(b) and a == b


@given(items(Record))
def test_every_record_survives_json(record):
    again = decode_record(*encode_item(record))
    assert type(again) is type(record)
    assert all(same(getattr(record, f.name), getattr(again, f.name)) for f in dataclasses.fields(record))


@given(items(Event))
def test_every_event_survives_json(event):
    again = decode_event(*encode_item(event))
    assert type(again) is type(event)
    assert all(same(getattr(event, f.name), getattr(again, f.name)) for f in dataclasses.fields(event))


def test_kinds_are_kebab_case_and_nan_is_null():
    assert [kind_of(c) for c in (BadPacket, ReferenceChanged, Tick)] == ["bad-packet", "reference-changed", "tick"]
    epoch = Epoch(3.0, Posture.NO_DATA, 1.0, math.nan, math.nan, math.nan, still=False, motion_mg=0.0, steps=0)
    kind, t_s, body = encode_item(epoch)
    assert (kind, t_s) == ("epoch", 3.0)
    assert json.loads(body) == ["no-data", 1.0, None, None, None, False, 0.0, 0, ""]


def test_an_epoch_of_an_older_file_lacks_the_newest_fields():
    old = '["sitting",0.9,1.0,2.0,0.5,true,3.0,0]'
    assert decode_event("epoch", 3.0, old) == Epoch(3.0, Posture.SITTING, 0.9, 1.0, 2.0, 0.5, True, 3.0, 0)  # noqa: FBT003
    for body in ('["sitting",0.9]', '["sitting",0.9,1.0,2.0,0.5,true,3.0,0,"supine",1]'):
        with pytest.raises(ValueError, match="epoch"):
            decode_event("epoch", 3.0, body)
    assert json.loads(encode_item(Gap(1.0, 2.0, "lost"))[2]) == {"start_s": 1.0, "end_s": 2.0, "cause": "lost"}
    assert json.loads(encode_item(Battery(1.0, 80))[2]) == {"percent": 80}


def test_numpy_scalars_become_plain_numbers():
    alert = AlertRaised(np.float64(1.0), "tilt", "…", np.float32(2.5), np.int64(12), "deg", {"held_s": np.float64(9)})
    assert plain(alert)["value"] == 2.5
    assert json.loads(encode_item(alert)[2])["explain"] == {"held_s": 9.0}
    assert decode_event(*encode_item(alert)) == alert


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("nothing", "{}"),
        ("gap", "{}"),
        ("gap", "["),
        ("gap", "3"),
        ("link", '{"state":"sideways","cause":""}'),
        ("tick", '{"x":1}'),
    ],
)
def test_damaged_json_is_a_value_error(kind, body):
    with pytest.raises(ValueError):
        decode_record(kind, 1.0, body)


def test_events_are_no_records():
    with pytest.raises(ValueError, match="unknown kind"):
        decode_record(*encode_item(Epoch(0.0, Posture.SITTING, 1.0, 0.0, 0.0, 1.0, still=True, motion_mg=0.0, steps=0)))
    with pytest.raises(ValueError, match="unknown kind"):
        decode_event(*encode_item(Gap(0.0, 1.0, "lost packets")))
    assert decode_record(*encode_item(Link(1.0, LinkState.LOST, "out of range"))) == Link(
        1.0, LinkState.LOST, "out of range"
    )


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
            assert blob[7] == 2  # the order; see the layout at the top of codec.py
