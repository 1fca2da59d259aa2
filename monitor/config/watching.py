"""Following a file of settings while a session runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from monitor.config import default_profile, load_profile
from monitor.config.faults import explained
from monitor.errors import ConfigError
from monitor.profile import Profile

T = TypeVar("T")


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
