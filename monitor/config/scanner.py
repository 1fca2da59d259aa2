"""Which statement of a TOML text stands in which line: tomllib, and tomlkit too, tell values only."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

Keys: TypeAlias = tuple[str | int, ...]  # from the root down; an int counts the tables of an array

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_DOTTED = re.compile(rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*")
_TOKEN = re.compile(
    r'''"""(?:\\.|[^\\])*?""""{0,2}|\'\'\'.*?\'\'\'\'{0,2}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|#[^\n]*|.''', re.DOTALL
)
_COMMENT = re.compile(r"[ \t]*#[^\n]*(?:\n|$)")


@dataclass(frozen=True, slots=True)
class Statement:
    """A header or a `key = value`. table: that it stands in; line: from 1; start, end: of its lines, in characters."""

    keys: Keys
    table: Keys
    header: bool
    line: int
    start: int
    end: int


def scanned(text: str) -> list[Statement]:
    """Every header and key of a text that tomllib accepts; what is within a value counts as part of it."""
    found: list[Statement] = []
    table: Keys = ()
    lengths: dict[Keys, int] = {}
    for start, end in _spans(text):
        body = text[start:end].lstrip()
        line = text.count("\n", 0, end - len(body)) + 1
        brackets = len(body) - len(body.lstrip("["))
        name = _DOTTED.match(body[brackets:].lstrip())
        if name is None:
            continue
        parts = key_parts(name.group())
        if not brackets:
            found.append(Statement((*table, *parts), table, header=False, line=line, start=start, end=end))
            continue
        table = ()
        for part in parts[:-1]:
            table += (part,)
            if table in lengths:  # a header below an array means its last table
                table += (lengths[table] - 1,)
        table += (parts[-1],)
        if brackets == 2:
            lengths[table] = lengths.get(table, 0) + 1
            table += (lengths[table] - 1,)
        found.append(Statement(table, table, header=True, line=line, start=start, end=end))
    return found


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each line, or lines where a value goes over several; the end is behind the line break."""
    start = depth = 0
    for token in _TOKEN.finditer(text):
        match token.group():
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
            case "\n" if depth == 0:
                yield start, token.end()
                start = token.end()
            case _:
                pass
    if start < len(text):
        yield start, len(text)


def key_parts(dotted: str) -> tuple[str, ...]:
    table: Any = tomllib.loads(f"{dotted} = 0")
    parts: list[str] = []
    while isinstance(table, dict):
        part, table = next(iter(cast("dict[str, Any]", table).items()))
        parts.append(part)
    return tuple(parts)


def at_keys(data: Any, keys: Keys) -> Any:
    """What stands at `keys`; None where nothing does."""
    for key in keys:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def plain(keys: Keys) -> str:
    return ".".join(key for key in keys if isinstance(key, str))
