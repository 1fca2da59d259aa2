"""Recordings -> foreign files: canonical CSV, streamed. Importing it again gives back every bit of every value."""

import os
from pathlib import Path
from typing import TextIO

from monitor.errors import RecordingError, SitwellError
from monitor.storage.importers.canonical import ACC_COLUMNS, COLUMNS
from monitor.storage.recording import Recording
from monitor.stream import Samples

_KNOWN_AT_MOST = 200_000  # texts kept; a 16-bit sensor has 65,536 values for each of its two quantities
_ROWS = 8192


def export_csv(recording: Recording, out: Path | str | TextIO) -> int:
    """Write all samples as canonical CSV to a file (put in place when complete) or a stream; how many comes back."""
    if not isinstance(out, Path | str):
        return _write(recording, out)
    path = Path(out)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            with part.open("w", encoding="utf-8", newline="") as file:
                written = _write(recording, file)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise SitwellError(
            f"{path} cannot be written ({error.strerror or error}): check its folder and disk."
        ) from error
    return written


class _Texts(dict[float, str]):
    """The shortest text of a float that reads back as the same one; a sensor's values come again and again."""

    def __missing__(self, value: float) -> str:
        text = repr(value)
        if value and len(self) < _KNOWN_AT_MOST:  # 0.0 and -0.0 would be one key
            self[value] = text
        return text


def _write(recording: Recording, file: TextIO) -> int:
    texts = _Texts()
    gyro: bool | None = None
    written = 0
    lines: list[str] = []
    for record in recording.records():
        if not isinstance(record, Samples):
            continue
        if gyro is None:
            gyro = record.gyr_dps is not None
            lines.append(",".join(COLUMNS if gyro else ACC_COLUMNS))
        if gyro != (record.gyr_dps is not None):
            message = f"{recording.path} has samples with and without angular rate: one CSV file cannot hold both."
            raise RecordingError(message, recording.path)
        columns = [record.acc_g[:, axis] for axis in range(3)]
        if record.gyr_dps is not None:
            columns += [record.gyr_dps[:, axis] for axis in range(3)]
        values = [map(texts.__getitem__, column.tolist()) for column in columns]
        lines += map(",".join, zip(map(repr, record.t_s.tolist()), *values, strict=True))
        written += len(record)
        if len(lines) >= _ROWS:
            file.write("\n".join(lines) + "\n")
            lines.clear()
    if gyro is None:
        lines.append(",".join(COLUMNS if recording.meta.gyro else ACC_COLUMNS))
    if lines:
        file.write("\n".join(lines) + "\n")
    return written
