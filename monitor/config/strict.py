"""Strict reading of settings: a typo is an error with a suggestion, never silence."""

import contextlib
import difflib
import math
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from monitor.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Table = TypeVar("Table", bound="DataclassInstance")
BELOW_ZERO = ("usual_tilt_deg", "usual_sideways_deg")  # ends of names: angles against the zero, of either sign
TEXTS = ("quiet.working_hours", "quiet.quiet_hours")
ZERO = {  # 0 says "none of it" here; in every other setting it would switch the computation off or break it
    "epochs.hole_s",
    "gait.min_periodicity",
    "gait.step_amplitude",
    "gait.refractory_s",
    "reference.min_cadence_hz",
    "posture.lag",
    "posture.min_p",
    "bouts.min_sitting_s",
    "bouts.bridge_s",
    "band.step_deg_s",
    "band.leak_deg_s",
    "budget.apart_s",
    "fading.baseline_days",
    "quiet.settle_s",
    "quiet.min_p",
    "quiet.snoozes_in_a_row",
    "debt.owed_min_per_h",
    "debt.standing_pays",
}
HIGHEST = {  # shares and probabilities, and the lag that the 3-s promise allows
    "epochs.min_coverage": 1.0,
    "gait.step_amplitude": 1.0,
    "gait.min_periodicity": 1.0,
    "posture.floor": 0.25,
    "posture.min_p": 1.0,
    "posture.lag": 2,
}


def filled(name: str, base: Table, table: object, where: str) -> Table:
    """`base` with the values of `table` laid over it, each of the kind that stands in `base`: a number, text, or a list
    of numbers, as long as that of `base` unless that is empty.
    """
    if not isinstance(table, dict):
        raise ConfigError(f"{name} must be a table: write [{name}] and its settings below it", where, name)
    values: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", table).items():
        full = f"{name}.{key}"
        like = getattr(base, key, None) if key in {f.name for f in fields(base)} else None
        if like is None:
            raise ConfigError(unknown(key, [f.name for f in fields(base)], f"in [{name}]"), where, full)
        values[key] = converted(value, like, full, where)
    return replace(base, **values)


def section(name: str, base: Any, table: object, where: str) -> Any:
    """`base` with the values of `table` laid over it, tables within tables too; numbers within their limits."""
    if not isinstance(table, dict):
        raise ConfigError(f"{name} must be a table: write [{name}] and its settings below it", where, name)
    known = {f.name for f in fields(base)}
    values: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", table).items():
        if key not in known:
            raise ConfigError(unknown(key, known, f"in [{name}]"), where, f"{name}.{key}")
        full = f"{name}.{key}"
        if is_dataclass(getattr(base, key)):
            values[key] = section(full, getattr(base, key), value, where)
            continue
        if full in TEXTS:
            values[key] = texts(value, full, where)
            continue
        values[key] = converted(value, getattr(base, key), full, where)
        numbers = cast("tuple[float, ...]", values[key] if isinstance(values[key], tuple) else (values[key],))
        may_be_0 = full.removeprefix("profile.") in ZERO
        if not full.endswith(BELOW_ZERO) and any(each < 0 or (each == 0 and not may_be_0) for each in numbers):
            least = "0 or more" if may_be_0 else "above 0"
            raise ConfigError(f"{full} is {value!r}; it must be {least}", where, full)
        if max(numbers, default=0.0) > HIGHEST.get(full, math.inf):
            raise ConfigError(f"{full} is {value!r}; it must be {HIGHEST[full]:g} or less", where, full)
    return replace(base, **values)


def texts(value: object, key: str, where: str) -> tuple[str, ...]:
    """`value` as texts: a list of them, or one."""
    given = cast("list[Any]", value) if isinstance(value, list | tuple) else [value]
    if not all(isinstance(each, str) for each in given):
        raise ConfigError(f"{key} must be a list of texts in quotes", where, key)
    return tuple(str(each) for each in given)


def converted(value: object, like: Any, key: str, where: str) -> Any:
    """`value` as text, a tuple of numbers or a number, whichever `like` is."""
    if isinstance(like, str):
        if not isinstance(value, str):
            raise ConfigError(f"{key} is {value!r}; it must be text in quotes", where, key)
        return value
    if not isinstance(like, tuple):
        return number(value, like, key, where)
    length = len(cast("tuple[float, ...]", like))
    if not isinstance(value, list | tuple) or (length and len(cast("list[Any]", value)) != length):
        raise ConfigError(f"{key} must be a list of {length or 'some'} numbers", where, key)
    return tuple(number(each, 0.0, key, where) for each in cast("list[Any]", value))


def number(value: object, like: float, key: str, where: str) -> float:
    """`value` as a number of the kind of `like`."""
    number = math.nan
    if isinstance(value, int | float) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):  # a whole number of hundreds of digits
            number = float(value)
    if not math.isfinite(number):
        raise ConfigError(f"{key} is {value!r}; it must be a number", where, key)
    if isinstance(like, int) and not isinstance(like, bool):
        if not number.is_integer():
            raise ConfigError(f"{key} is {value!r}; it must be a whole number", where, key)
        return int(number)
    return number


def unknown(key: str, known: Any, place: str = "") -> str:
    near = difflib.get_close_matches(key, list(known), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(known))}"
    return f"unknown name {key!r}{' ' + place if place else ''}; {hint}"


def one_of(words: tuple[str, ...], value: object, key: str, where: str) -> str:
    if value not in words:
        raise ConfigError(unknown(str(value), words, f"as {key}"), where, key)
    return str(value)
