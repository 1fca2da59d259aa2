"""The line of a mistake in a file of settings."""

import re
import tomllib
from pathlib import Path
from typing import Any, cast

from monitor.config import default_profile, profile_from_mapping
from monitor.config.scanner import Keys, at_keys, plain, scanned
from monitor.errors import ConfigError

_AT = re.compile(r"\(at line (\d+), (column \d+)\)")


def line_of(text: str, error: ConfigError) -> int | None:
    """The line, from 1, of what the error complains about; the table's header where it is not written there; else None.

    text: what the error was raised for.
    """
    if at := _AT.search(str(error)):
        return int(at.group(1))
    if "(at end of document)" in str(error):
        return text.rstrip("\n").count("\n") + 1
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    if not error.key:
        return None
    statements = scanned(text)
    element = _element_at_fault(data, error)
    within = [each for each in statements if each.keys[: len(element)] == element]
    if not within:  # an array within brackets: no table of it has a header
        within = [each for each in statements if each.keys == element[: len(each.keys)]][-1:]
    wanted = error.key
    while wanted:
        for each in within:
            if plain(each.keys) == wanted:
                return each.line
        wanted = wanted.rpartition(".")[0]
    below = [each for each in within if plain(each.keys).startswith(f"{error.key}.")]
    return below[0].line if below else None


def explained(path: Path, error: ConfigError) -> ConfigError:
    """The same error whose sentence names the line as well, where there is one."""
    if error.path not in {None, str(path)}:
        return error
    try:
        content = path.read_bytes()
    except OSError:
        return error
    try:
        line = line_of(content.decode("utf-8"), error)
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
    if line is None:
        return error
    message = _AT.sub(r"(\2)", str(error).removeprefix(f"{path}: "))
    told = ConfigError(message, f"{path}, line {line}", error.key)
    told.path = error.path
    return told


def _element_at_fault(data: dict[str, Any], error: ConfigError) -> Keys:
    """The table of an array that the error is about: of several the one that is refused in the same words when it is
    alone, else one that the sentence names; () where the setting stands in no array.
    """
    names = (error.key or "").split(".")
    elements: list[Keys] = [()]
    for array in ("profile", "alert"):
        if names[:1] == [array]:
            elements = [(*each, array, i) for each in elements for i in range(_length(at_keys(data, (*each, array))))]
            names = names[1:]
    if len(elements) == 1:
        return elements[0]
    for element in elements:
        try:
            profile_from_mapping(_alone(data, element), default_profile(), error.path or "profile")
        except ConfigError as again:
            if again.key == error.key and str(again) in {str(error), f"profile: {error}"}:
                return element
    named = [each for each in elements if repr(at_keys(data, (*each, "name"))) in str(error)]
    return (named or elements or [()])[0]


def _alone(data: Any, element: Keys) -> dict[str, Any]:
    """Of the file only this table, and what names those that it stands in."""
    inner: Any = at_keys(data, element)
    for end in range(len(element) - 2, -1, -2):
        inner = {element[end]: [inner]}
        if end:
            inner["name"] = at_keys(data, (*element[:end], "name"))
    return cast("dict[str, Any]", inner)


def _length(value: Any) -> int:
    return len(cast("list[Any]", value)) if isinstance(value, list) else 0
