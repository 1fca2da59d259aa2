"""Every Record but Samples, and every Event <-> JSON, lossless; blobs.py has the samples."""

import dataclasses
import functools
import json
import math
import re
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeAlias

import numpy as np

from monitor.stream import (
    BadPacket,
    Battery,
    Epoch,
    Event,
    Gap,
    Link,
    Mark,
    Record,
    Samples,
    Temperature,
    Tick,
    Wearer,
)

Json: TypeAlias = "str | float | bool | list[Json] | dict[str, Json] | None"

Item: TypeAlias = Gap | BadPacket | Link | Battery | Temperature | Tick | Wearer | Mark | Event


def kind_of(item_type: type) -> str:
    """The name of a Record or Event in files: its class name in kebab case."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", item_type.__name__).lower()


def plain(item: Item) -> dict[str, Json]:
    """The item's fields as JSON values by name; NaN is null, an enumeration its value."""
    return {name: _plain(getattr(item, name)) for name in _shape(type(item))}


def encode_item(item: Item) -> tuple[str, float, str]:
    """(kind, t_s, body): body is JSON of all fields but t_s, which has a column of its own. Floats keep every bit.

    It is an object; of an Epoch, of which there is one a second, it is only the array of the values, in order.
    """
    fields = plain(item)
    fields.pop("t_s", None)
    body = list(fields.values()) if isinstance(item, Epoch) else fields
    return kind_of(type(item)), item.t_s, json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def decode_record(kind: str, t_s: float | None, body: str) -> Record:
    """Undo `encode_item` for a Record. Raises ValueError if it is none."""
    return typing.cast("Record", _decode(_RECORDS, kind, t_s, body))


def decode_event(kind: str, t_s: float | None, body: str) -> Event:
    """Undo `encode_item` for an Event. Raises ValueError if it is none."""
    return typing.cast("Event", _decode(_EVENTS, kind, t_s, body))


_RECORDS: dict[str, type] = {kind_of(t): t for t in typing.get_args(Record) if t not in {Samples, Mark}}
_EVENTS: dict[str, type] = {kind_of(t): t for t in typing.get_args(Event)}


def _plain(value: Any) -> Json:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, np.generic):
        return _plain(typing.cast("object", value.item()))
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in typing.cast("Mapping[str, Any]", value).items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in typing.cast("list[Any]", value)]
    return value


def _float(value: float | None) -> float:
    return math.nan if value is None else float(value)


@functools.cache
def _shape(item_type: type) -> dict[str, Callable[[Any], Any]]:
    """How to make each field of this dataclass from its JSON value."""
    hints = typing.get_type_hints(item_type)
    return {field.name: _maker(hints[field.name]) for field in dataclasses.fields(item_type)}


def _maker(hint: Any) -> Callable[[Any], Any]:
    if hint is float:
        return _float
    origin = typing.get_origin(hint)
    if origin is tuple:
        return lambda values: tuple(_float(value) for value in values)
    if origin is not None:  # Mapping[str, float | str]
        return lambda values: {key: math.nan if value is None else value for key, value in values.items()}
    return hint


def _decode(kinds: Mapping[str, type], kind: str, t_s: float | None, body: str) -> object:
    item_type = kinds.get(kind)
    if item_type is None:
        raise ValueError(f"unknown kind {kind!r}")
    try:
        shape = _shape(item_type)
        fields = json.loads(body)
        if isinstance(fields, list):
            names = [name for name in shape if name != "t_s"]
            values = typing.cast("list[Any]", fields)
            if len(values) > len(names):
                raise ValueError(f"{kind} has {len(values)} values, {len(names)} are known")
            fields = dict(zip(names, values, strict=False))  # older files lack the newest ones, which have defaults
        if "t_s" in shape:
            fields["t_s"] = t_s
        return item_type(**{name: shape[name](value) for name, value in fields.items()})
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{kind} is not as it should be: {error}") from error
