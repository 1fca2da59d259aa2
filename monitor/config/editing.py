"""The wearer's profile.toml as a text that is theirs: values set in place.

What stands there is never written anew: values are changed where they are, new ones put below their neighbours, and the
result is read again before it counts.
"""

import os
import re
import tempfile
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias, TypeGuard, cast

from monitor.config.faults import explained
from monitor.config.scanner import Keys, Statement, at_keys, plain, scanned
from monitor.errors import ConfigError
from monitor.places import make_private_folder

Value: TypeAlias = float | int | bool | str

HEAD = "# Your own settings for sitwell. What can be set, and where each default comes from: docs/guide.md\n"
_COMMENT = re.compile(r"[ \t]*#[^\n]*(?:\n|$)")


@dataclass(frozen=True, slots=True)
class Change:
    """One setting to write.

    key     : dotted, such as 'band.sitting.tilt_deg'; with `alert` a field of it, such as 'limit'
    alert   : name of the [[alert]]; profile: name of the [[profile]] that all of it stands in
    """

    key: str
    value: Value
    alert: str = ""
    profile: str = ""


def set_values(text: str, changes: Sequence[Change]) -> str:
    """`text` with the values set; comments, order, blank lines and line ends stay as they are.

    Tables that are not there are added. Raises ConfigError, without a path, for text that is not valid TOML, and where
    something else stands in the place of a table or a value.
    """
    for change in changes:
        table: Keys = ()
        for array, name in (("profile", change.profile), ("alert", change.alert)):
            if not name:
                continue
            table, there = _element(text, (*table, array), name, change.key.partition(".")[0])
            if not there:
                text = _with_value(text, (*table, "name"), name)
        text = _with_value(text, (*table, *change.key.split(".")), change.value)
    return text


def as_toml(changes: Sequence[Change]) -> str:
    """The same as a piece of TOML to paste into a profile.toml that says nothing of it yet."""
    return set_values("", changes)


def write_values(path: Path, changes: Sequence[Change]) -> None:
    """Set values in the file, whole or not at all; a new file and its folder are made for their owner only.

    Permissions, links and line ends stay. Raises ConfigError for a file that is not valid TOML or cannot be written;
    nothing is changed then.
    """
    real = Path(os.path.realpath(path))
    try:
        old = real.read_bytes().decode("utf-8") if real.exists() else ""
        if real.exists() and (not os.access(real, os.W_OK) or not real.stat().st_mode & 0o222):
            raise ConfigError("this file is write-protected; allow writing to it, or change it yourself", path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"this file cannot be read ({error}); move it away or mend it", path) from None
    try:
        new = set_values(old or HEAD, changes)
    except ConfigError as error:
        raise explained(path, ConfigError(str(error), path, error.key)) from None
    if new == old:
        return
    try:
        make_private_folder(real.parent)
        _replace(real, new.encode("utf-8"))
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"settings cannot be written here ({reason}); allow writing to its folder", path) from None


def _replace(real: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if real.exists():
            beside.chmod(real.stat().st_mode & 0o7777)
        beside.replace(real)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _read(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"this is not valid TOML: {error}; mend that first") from None


def _element(text: str, array: Keys, name: str, key: str) -> tuple[Keys, bool]:
    """Where in the array the table of that name is, or is to come, and whether it is there: the last, with the key."""
    tables = at_keys(_read(text), array)
    if not _is_tables(tables):
        return (*array, 0), False
    named = [i for i, each in enumerate(tables) if at_keys(each, ("name",)) == name]
    telling = [i for i in named if key in tables[i]]
    return (*array, (telling or named or [len(tables)])[-1]), bool(named)


def _with_value(text: str, keys: Keys, value: Value) -> str:
    data = _read(text)
    statements = scanned(text)
    for end in range(1, len(keys)):
        wanted = list if isinstance(keys[end], int) else dict
        if not isinstance(at_keys(data, keys[:end]), wanted | None):
            kind = "no array of tables" if wanted is list else "no table"
            raise ConfigError(f"{plain(keys[:end])} is {kind}; mend that before setting {plain(keys)}")
    there = at_keys(data, keys)
    if isinstance(there, dict) or _is_tables(there):
        raise ConfigError(f"{plain(keys)} is a table, so it cannot be set to {value!r}; name a key of it")
    around = [each for each in statements if not each.header and each.keys == keys[: len(each.keys)]]
    if around:
        start, end = around[0].start, around[0].end
        new = text[:start] + _changed(text[start:end], keys[len(around[0].table) :], value) + text[end:]
    else:
        new = _with_line(text, statements, keys, value)
    table: Any = data
    for key, below in pairwise(keys):
        if isinstance(key, str):
            table = table.setdefault(key, [] if isinstance(below, int) else {})
        else:
            table.extend([{}] if key == len(table) else [])
            table = table[key]
    table[keys[-1]] = value
    with suppress(tomllib.TOMLDecodeError):
        if tomllib.loads(new) == data:  # nothing of a wearer's file may be lost to an odd way of writing it
            return new
    raise ConfigError(f"{plain(keys)} cannot be set in a file written like this one; write it yourself")


def _with_line(text: str, statements: Sequence[Statement], keys: Keys, value: Value) -> str:
    """A new key below those of its table, or a new table with it."""
    table = keys[:-1]
    own = [each for each in statements if each.table == table]
    # A table that dotted keys have made cannot have a header: the new one must be dotted, too.
    dotted = [each for each in statements if len(each.table) < len(table) and each.keys[: len(table)] == table]
    if beside := own or [each for each in dotted if not each.header]:
        last = beside[-1]
        written = text[last.start : last.end]
        line = f"{written[: len(written) - len(written.lstrip())]}{_assigned(keys[len(last.table) :], value)}"
        return _inserted(text, _paragraph_end(text, last.end, statements), line)
    if not table:  # below the comment that the file begins with
        end = _paragraph_end(text, 0, statements)
        after = [""] if not end and text.strip() else []
        return _inserted(text, end, *([""] if end else []), _assigned(keys, value), *after)
    header = f"[[{_dotted(table)}]]" if isinstance(table[-1], int) else f"[{_dotted(table)}]"
    common = max((_common(each.keys, table) for each in statements), default=0)
    near = [each for each in statements if common and _common(each.keys, table) == common]
    end = _paragraph_end(text, near[-1].end, statements) if near else len(text)
    within = any(isinstance(key, int) for key in table[:-1])  # of a [[profile]]: it stays one paragraph
    before = text[:end].replace("\r", "")
    apart = [""] if before.strip() and not before.endswith("\n\n") and not within else []
    return _inserted(text, end, *apart, header, _assigned(keys[-1:], value))


def _changed(statement: str, keys: Keys, value: Any) -> str:
    """A `key = value` with its value changed, or what is within its brackets, or one added there."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        # Only this statement: of a whole file tomlkit may put tables elsewhere that stand between those of an array.
        document = tomlkit.parse(statement)
        node: Any = document
        done = 0
        while done < len(keys) - 1 and at_keys(node, keys[done : done + 1]) is not None:
            node = node[keys[done]]
            done += 1
        for key in reversed(keys[done + 1 :]):
            value = {key: value} if isinstance(key, str) else [value]
        if isinstance(keys[done], int):
            node.append(value)
        else:
            node[keys[done]] = value
        return document.as_string()
    except TOMLKitError as error:
        raise ConfigError(f"{plain(keys)} cannot be set ({error}); write it yourself") from None


def _paragraph_end(text: str, end: int, statements: Sequence[Statement]) -> int:
    """Behind the comment lines that follow directly, unless they in turn belong to a statement directly below them."""
    at = end
    while comment := _COMMENT.match(text, at):
        at = comment.end()
    return end if any(each.start == at for each in statements) else at


def _inserted(text: str, at: int, *lines: str) -> str:
    """Lines put at a place where a line begins, with line ends as the text has them."""
    first = text.find("\n")
    newline = "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"
    before = text[:at]
    if before and not before.endswith("\n"):
        before += newline
    return before + "".join(line + newline for line in lines) + text[at:]


def _is_tables(value: Any) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(value, list) and any(isinstance(each, dict) for each in cast("list[Any]", value))


def _common(a: Keys, b: Keys) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _assigned(keys: Keys, value: Value) -> str:
    import tomlkit

    return f"{_dotted(keys)} = {tomlkit.item(value).as_string()}"


def _dotted(keys: Keys) -> str:
    import tomlkit

    return ".".join(tomlkit.key(key).as_string() for key in keys if isinstance(key, str))
