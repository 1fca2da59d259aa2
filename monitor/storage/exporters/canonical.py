"""Canonical CSV. Importing it again gives back every bit of every value."""

from pathlib import Path
from typing import TextIO

from monitor.storage.exporters.writing import Outgoing, Progress, Texts, placed, samples_of
from monitor.storage.importers.canonical import ACC_COLUMNS, COLUMNS
from monitor.storage.recording import Recording

_ROWS = 8192


def export_csv(recording: Recording, out: Path | str | TextIO) -> int:
    """Write all samples as canonical CSV to a file (put in place when complete) or a stream; how many comes back."""
    return write_csv(Outgoing.of(recording), out)


def write_csv(outgoing: Outgoing, out: Path | str | TextIO, progress: Progress | None = None) -> int:
    """As export_csv. Raises SitwellError if the file cannot be written, RecordingError if no table can hold it."""
    if not isinstance(out, Path | str):
        return _write(outgoing, out, progress)
    with placed(Path(out)) as part, part.open("w", encoding="utf-8", newline="") as file:
        return _write(outgoing, file, progress)


def _write(outgoing: Outgoing, file: TextIO, progress: Progress | None) -> int:
    texts = Texts()
    gyro, blocks = samples_of(outgoing, progress)
    lines = [",".join(COLUMNS if gyro else ACC_COLUMNS)]
    written = 0
    for block in blocks:
        columns = [block.acc_g[:, axis] for axis in range(3)]
        if block.gyr_dps is not None:
            columns += [block.gyr_dps[:, axis] for axis in range(3)]
        values = [map(texts.__getitem__, column.tolist()) for column in columns]
        lines += map(",".join, zip(map(repr, block.t_s.tolist()), *values, strict=True))
        written += len(block)
        if len(lines) >= _ROWS:
            file.write("\n".join(lines) + "\n")
            lines.clear()
    if lines:
        file.write("\n".join(lines) + "\n")
    return written
