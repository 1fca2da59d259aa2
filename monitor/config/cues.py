"""How a prompt reaches the wearer, and how much is kept: settings that are no part of what is computed."""

from dataclasses import dataclass, fields
from typing import Any, cast

from monitor.config.strict import filled, number, one_of, unknown
from monitor.errors import ConfigError

SENSOR_CUES = ("motor", "buzzer", "light")  # what a sensor can do, in the order in which it is noticed
BELLS = ("fallback", "always", "never")


@dataclass(frozen=True, slots=True)
class CueSettings:
    """[cues]: how a prompt reaches the wearer.

    desktop        : a notification of the desktop
    sensor         : kinds of cue asked of the sensor itself, the first that it has is given; empty: none
    bell           : the terminal's: 'fallback' where no desktop notification was shown, 'always', 'never'
    hooks          : commands to run, each a program and its arguments; they get the prompt as JSON on stdin
    hook_timeout_s : a command that runs longer is killed
    """

    desktop: bool = True
    sensor: tuple[str, ...] = SENSOR_CUES
    bell: str = "fallback"
    hooks: tuple[tuple[str, ...], ...] = ()
    hook_timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class KeepSettings:
    """[recordings]: how much is kept.

    keep_gb : after a live session the oldest recordings go until so many GB are left, and the history keeps the figures
              of their days; 0 keeps all
    """

    keep_gb: float = 0.0


def cues_from(table: object, where: str) -> CueSettings:
    """The [cues] of a profile."""
    if not isinstance(table, dict):
        raise ConfigError("cues must be a table: write [cues] and its settings below it", where, "cues")
    values: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", table).items():
        full = f"cues.{key}"
        match key:
            case "desktop":
                if not isinstance(value, bool):
                    raise ConfigError(f"{full} is {value!r}; it must be true or false", where, full)
                values[key] = value
            case "bell":
                values[key] = one_of(BELLS, value, full, where)
            case "sensor":
                kinds = cast("list[Any]", value) if isinstance(value, list) else [value]
                values[key] = tuple(one_of(SENSOR_CUES, kind, full, where) for kind in kinds)
            case "hooks":
                values[key] = _commands(value, full, where)
            case "hook_timeout_s":
                values[key] = number(value, 0.0, full, where)
                if not 0.0 < values[key] <= 600.0:
                    raise ConfigError(f"{full} is {value!r}; it must be above 0 and 600 or less", where, full)
            case _:
                raise ConfigError(unknown(key, [f.name for f in fields(CueSettings)], "in [cues]"), where, full)
    return CueSettings(**values)


def keeping_from(table: object, where: str) -> KeepSettings:
    """The [recordings] of a profile."""
    kept = filled("recordings", KeepSettings(), table, where)
    if kept.keep_gb < 0.0:
        message = f"keep_gb of [recordings] is {kept.keep_gb:g}; it must be 0, for all, or above"
        raise ConfigError(message, where, "recordings.keep_gb")
    return kept


def _commands(value: object, key: str, where: str) -> tuple[tuple[str, ...], ...]:
    commands: list[tuple[str, ...]] = []
    for command in cast("list[Any]", value) if isinstance(value, list) else [value]:
        words = tuple(cast("list[Any]", command)) if isinstance(command, list) else ()
        if not (words and words[0]) or any(not isinstance(word, str) or "\0" in word for word in words):
            raise ConfigError(
                f'{key} must be a list of commands, each a list of texts: [["say", "sit tall"]]', where, key
            )
        commands.append(words)
    return tuple(commands)
