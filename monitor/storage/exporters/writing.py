"""What every exporter takes (Outgoing), and how a file comes into being: whole or not at all."""

import contextlib
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Self

from monitor.errors import RecordingError, SitwellError
from monitor.storage.recording import Recording
from monitor.storage.schema import Meta
from monitor.stream import Record, Samples

KNOWN_AT_MOST = 200_000  # texts kept; a 16-bit sensor has 65,536 values for each of its two quantities

Progress = Callable[[float], None]  # session time reached, s


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is to be exported, once: a recording, or what was made of one. path: of the recording, for errors."""

    meta: Meta
    records: Iterable[Record]
    path: Path

    @classmethod
    def of(cls, recording: Recording) -> Self:
        """The whole recording as it is."""
        return cls(recording.meta, recording.records(), recording.path)


def samples_of(outgoing: Outgoing, progress: Progress | None = None) -> tuple[bool, Iterator[Samples]]:
    """Whether there is angular rate, and the blocks of samples.

    The blocks raise RecordingError where some have angular rate and others do not: no table can hold both.
    """
    blocks = (record for record in outgoing.records if isinstance(record, Samples))
    first = next(blocks, None)
    if first is None:
        return outgoing.meta.gyro, iter(())
    gyro = first.gyr_dps is not None

    def checked() -> Iterator[Samples]:
        for block in chain((first,), blocks):
            if gyro != (block.gyr_dps is not None):
                message = f"{outgoing.path} has samples with and without angular rate: one file cannot hold both."
                raise RecordingError(message, outgoing.path)
            yield block
            if progress is not None:
                progress(float(block.t_s[-1]))

    return gyro, checked()


@contextlib.contextmanager
def placed(path: Path) -> Generator[Path]:
    """A path beside `path`, with its ending, to write to; afterwards it takes its place, or goes.

    An OSError becomes a SitwellError.
    """
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        try:
            yield part
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise SitwellError(
            f"{path} cannot be written ({error.strerror or error}): check its folder and disk."
        ) from error


class Texts(dict[float, str]):
    """The text of a float; a sensor's values come again and again, so those known are kept.

    It is `make` of the value, by default the shortest text that reads back as the same one.
    """

    def __init__(self, make: Callable[[float], str] = repr) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, value: float) -> str:
        text = self._make(value)
        if value and len(self) < KNOWN_AT_MOST:  # 0.0 and -0.0 would be one key
            self[value] = text
        return text
