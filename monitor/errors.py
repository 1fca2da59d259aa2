"""Every error that sitwell raises on purpose.

SitwellError                 one sentence that says what to do next; the command line prints it and exits with 1
├── SensorError              Bluetooth or the sensor: off, not found, vanished, refused, unknown
├── RecordingError           a recording cannot be read or written            (path)
├── FileFormatError          a file to import is not what it should be        (path, line)
├── PoseError                what a guided protocol measured cannot be used
└── ConfigError              a setting is wrong                               (path, key)
"""

from pathlib import PurePath
from typing import Any


class SitwellError(Exception):
    """Base of all errors whose text is meant for the wearer."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Passes from process to process with text and attributes, whatever its constructor asks for."""
        return _again, (type(self), self.args), self.__dict__


def _again(kind: "type[SitwellError]", args: tuple[Any, ...]) -> SitwellError:
    return kind.__new__(kind, *args)


class SensorError(SitwellError):
    """Bluetooth or the sensor does not do what is needed."""


class RecordingError(SitwellError):
    """A recording cannot be opened, read or written."""

    def __init__(self, message: str, path: PurePath | str) -> None:
        super().__init__(message)
        self.path = str(path)


class FileFormatError(SitwellError):
    """A file to import is not in the format it claims; `line` counts from 1, the header included."""

    def __init__(self, message: str, path: PurePath | str, line: int | None = None) -> None:
        where = f"{path}, line {line}" if line is not None else str(path)
        super().__init__(f"{where}: {message}")
        self.path = str(path)
        self.line = line


class PoseError(SitwellError):
    """A guided alignment or calibration was not done as asked; the text says what to do anew."""


class ConfigError(SitwellError):
    """A setting has a wrong name, type or value."""

    def __init__(self, message: str, path: PurePath | str | None = None, key: str | None = None) -> None:
        super().__init__(f"{path}: {message}" if path is not None else message)
        self.path = str(path) if path is not None else None
        self.key = key
