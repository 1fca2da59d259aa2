"""The guided protocols as they are shipped: calibration/protocols/*.toml to Protocol, strict."""

import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, cast

from monitor.config import filled
from monitor.errors import ConfigError
from monitor.states.protocol import Protocol, Step

ALIGNMENT, SIX_FACE = "alignment", "six-face"
WHOLE = ("seconds", "patience_s", "times", "still_mg", "still_deg")  # 0 of these would wait for ever, or for nothing


def protocols_dir() -> Traversable:
    """Where they are: inside an installed package, beside it in a checkout."""
    inside = files("monitor").joinpath("calibration", "protocols")
    return inside if inside.is_dir() else Path(__file__).resolve().parents[1] / "calibration" / "protocols"


def shipped(name: str) -> Protocol:
    """One of the shipped protocols: ALIGNMENT or SIX_FACE."""
    file = protocols_dir().joinpath(f"{name}.toml")
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"the protocol cannot be read ({error}); install sitwell anew", str(file)) from None
    return protocol_of(text, name, str(file))


def protocol_of(text: str, name: str, where: str) -> Protocol:
    """A protocol from TOML text. Raises ConfigError, one sentence, for anything that is not right in it."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"this is not valid TOML: {error}", where) from None
    unknown = next((key for key in table if key not in {"title", "site", "step"}), None)
    if unknown is not None:
        raise ConfigError(f"unknown name {unknown!r}; known are title, site, step", where, unknown)
    for key in ("title", "site"):
        if not isinstance(table.get(key), str):
            raise ConfigError(f"{key} must be there, as text in quotes", where, key)
    steps = table.get("step")
    if not isinstance(steps, list) or not steps:
        raise ConfigError("there must be steps, each below [[step]]", where, "step")
    read = tuple(_step(step, where) for step in cast("list[Any]", steps))
    return Protocol(name, str(table["title"]), str(table["site"]), read)


def _step(table: object, where: str) -> Step:
    step = filled("step", Step(), table, where)
    for key in ("id", "say"):
        if not getattr(step, key):
            raise ConfigError(f"every [[step]] needs {key}, as text in quotes", where, f"step.{key}")
    for key in WHOLE:
        if getattr(step, key) <= 0:
            raise ConfigError(f"{key} of step {step.id!r} must be above 0", where, f"step.{key}")
    return step
