"""The wearer's profile.toml as a text that is theirs: values set in place, the line of a mistake, changes followed.

What stands there is never written anew: values are changed where they are, new ones put below their neighbours, and the
result is read again before it counts.
"""

import os
import re
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Generic, TypeGuard, TypeVar, cast

from monitor.config import default_profile, load_profile, profile_from_mapping
from monitor.errors import ConfigError
from monitor.places import make_private_folder
from monitor.profile import Profile

T = TypeVar("T")
Value = float | int | bool | str
Keys = tuple[str | int, ...]  # from the root down; an int counts the tables of an array

HEAD = "# Your own settings for sitwell. What can be set, and where each default comes from: docs/guide.md\n"
_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_DOTTED = re.compile(rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*")
_TOKEN = re.compile(
    r'''"""(?:\\.|[^\\])*?""""{0,2}|\'\'\'.*?\'\'\'\'{0,2}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|#[^\n]*|.''', re.DOTALL
)
_COMMENT = re.compile(r"[ \t]*#[^\n]*(?:\n|$)")
_AT = re.compile(r"\(at line (\d+), (column \d+)\)")


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


# ---------------------------------------------------------------- what stands where


@dataclass(frozen=True, slots=True)
class _Statement:
    """A header or a `key = value`. table: that it stands in; line: from 1; start, end: of its lines, in characters."""

    keys: Keys
    table: Keys
    header: bool
    line: int
    start: int
    end: int


def _statements(text: str) -> list[_Statement]:
    """Every header and key of a text that tomllib accepts; what is within a value counts as part of it."""
    found: list[_Statement] = []
    table: Keys = ()
    lengths: dict[Keys, int] = {}
    for start, end in _spans(text):
        body = text[start:end].lstrip()
        line = text.count("\n", 0, end - len(body)) + 1
        brackets = len(body) - len(body.lstrip("["))
        name = _DOTTED.match(body[brackets:].lstrip())
        if name is None:
            continue
        parts = _parts(name.group())
        if not brackets:
            found.append(_Statement((*table, *parts), table, header=False, line=line, start=start, end=end))
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
        found.append(_Statement(table, table, header=True, line=line, start=start, end=end))
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


def _parts(dotted: str) -> tuple[str, ...]:
    table: Any = tomllib.loads(f"{dotted} = 0")
    parts: list[str] = []
    while isinstance(table, dict):
        part, table = next(iter(cast("dict[str, Any]", table).items()))
        parts.append(part)
    return tuple(parts)


def _at(data: Any, keys: Keys) -> Any:
    """What stands at `keys`; None where nothing does."""
    for key in keys:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return None
    return data


# ---------------------------------------------------------------- setting


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
    tables = _at(_read(text), array)
    if not _is_tables(tables):
        return (*array, 0), False
    named = [i for i, each in enumerate(tables) if _at(each, ("name",)) == name]
    telling = [i for i in named if key in tables[i]]
    return (*array, (telling or named or [len(tables)])[-1]), bool(named)


def _with_value(text: str, keys: Keys, value: Value) -> str:
    data = _read(text)
    statements = _statements(text)
    for end in range(1, len(keys)):
        wanted = list if isinstance(keys[end], int) else dict
        if not isinstance(_at(data, keys[:end]), wanted | None):
            kind = "no array of tables" if wanted is list else "no table"
            raise ConfigError(f"{_plain(keys[:end])} is {kind}; mend that before setting {_plain(keys)}")
    there = _at(data, keys)
    if isinstance(there, dict) or _is_tables(there):
        raise ConfigError(f"{_plain(keys)} is a table, so it cannot be set to {value!r}; name a key of it")
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
    raise ConfigError(f"{_plain(keys)} cannot be set in a file written like this one; write it yourself")


def _with_line(text: str, statements: Sequence[_Statement], keys: Keys, value: Value) -> str:
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
        while done < len(keys) - 1 and _at(node, keys[done : done + 1]) is not None:
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
        raise ConfigError(f"{_plain(keys)} cannot be set ({error}); write it yourself") from None


def _paragraph_end(text: str, end: int, statements: Sequence[_Statement]) -> int:
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


def _plain(keys: Keys) -> str:
    return ".".join(key for key in keys if isinstance(key, str))


# ---------------------------------------------------------------- the line of a mistake


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
    statements = _statements(text)
    element = _element_at_fault(data, error)
    within = [each for each in statements if each.keys[: len(element)] == element]
    if not within:  # an array within brackets: no table of it has a header
        within = [each for each in statements if each.keys == element[: len(each.keys)]][-1:]
    wanted = error.key
    while wanted:
        for each in within:
            if _plain(each.keys) == wanted:
                return each.line
        wanted = wanted.rpartition(".")[0]
    below = [each for each in within if _plain(each.keys).startswith(f"{error.key}.")]
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
            elements = [(*each, array, i) for each in elements for i in range(_length(_at(data, (*each, array))))]
            names = names[1:]
    if len(elements) == 1:
        return elements[0]
    for element in elements:
        try:
            profile_from_mapping(_alone(data, element), default_profile(), error.path or "profile")
        except ConfigError as again:
            if again.key == error.key and str(again) in {str(error), f"profile: {error}"}:
                return element
    named = [each for each in elements if repr(_at(data, (*each, "name"))) in str(error)]
    return (named or elements or [()])[0]


def _alone(data: Any, element: Keys) -> dict[str, Any]:
    """Of the file only this table, and what names those that it stands in."""
    inner: Any = _at(data, element)
    for end in range(len(element) - 2, -1, -2):
        inner = {element[end]: [inner]}
        if end:
            inner["name"] = _at(data, (*element[:end], "name"))
    return cast("dict[str, Any]", inner)


def _length(value: Any) -> int:
    return len(cast("list[Any]", value)) if isinstance(value, list) else 0


# ---------------------------------------------------------------- following


def profile_or_defaults(path: Path) -> Profile:
    """The wearer's file over the defaults, or these alone where it is not there. Raises ConfigError."""
    return load_profile(path) if path.exists() else default_profile()


class Watched(Generic[T]):
    """Follows one file: the caller polls it, about once a second. No thread, no clock.

    load: called with the path, also when the file has gone: profile_or_defaults gives the defaults then, load_profile
          refuses, which is told as any other error.
    What counts as seen is the file as it is when this is made: make it first, then load.
    """

    def __init__(self, path: Path, load: Callable[[Path], T]) -> None:
        self._path = path
        self._load = load
        self._stamp = _stamp(path)
        self._content = _content(path)
        self._settled = False

    def poll(self) -> T | ConfigError | None:
        """What the file says now, if that is not what it said at the last call; the error, with its line, if it cannot
        be used. None: nothing new. A file that is wrong in the same way is told once.
        """
        stamp = _stamp(self._path)
        if stamp == self._stamp and self._settled:
            return None
        content = _content(self._path)
        # Two writes within one tick of the file system's clock can leave the same stamp: after a change the next look,
        # and with a faulty file every look, compares what is in it.
        self._settled = stamp == self._stamp
        self._stamp = stamp
        if content == self._content:
            self._settled = self._settled and isinstance(content, bytes | None)
            return None
        self._content = content
        self._settled = False
        try:
            return self._load(self._path)
        except ConfigError as error:
            return explained(self._path, error)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        now = path.stat()
    except OSError:
        return None
    return now.st_mtime_ns, now.st_size, now.st_ino


def _content(path: Path) -> bytes | str | None:
    """What is in it; None: it is not there; text: why it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        return str(error)
