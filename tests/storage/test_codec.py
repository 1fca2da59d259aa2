"""JSON gives back every bit of what went in."""

import dataclasses
import json
import math
import typing
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.storage.codec import (
    decode_event,
    decode_record,
    encode_item,
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

floats = st.floats(width=64)
labels = st.text(max_size=8)


def items(union):
    """Every class of a union, each field filled by its type."""
    explain = st.dictionaries(labels, floats | labels, max_size=3)
    extra = {
        typing.get_type_hints(AlertRaised)["explain"]: explain,
        tuple[float, float, float]: st.tuples(floats, floats, floats),
        tuple[float, ...]: st.lists(floats, max_size=3).map(tuple),
        Mapping[str, typing.Any]: explain,
        Mapping[str, float]: st.dictionaries(labels, floats, max_size=3),
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
    assert json.loads(body) == ["no-data", 1.0, None, None, None, False, 0.0, 0, "", True]


def test_an_epoch_of_an_older_file_lacks_the_newest_fields():
    old = '["sitting",0.9,1.0,2.0,0.5,true,3.0,0]'
    assert decode_event("epoch", 3.0, old) == Epoch(3.0, Posture.SITTING, 0.9, 1.0, 2.0, 0.5, True, 3.0, 0)  # noqa: FBT003
    for body in ('["sitting",0.9]', '["sitting",0.9,1.0,2.0,0.5,true,3.0,0,"supine",true,1]'):
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
