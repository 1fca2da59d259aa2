"""Canonical columns in Parquet, streamed, with what is known of the session; and rows of any columns for the tables."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from monitor.storage.exporters.writing import Outgoing, Progress, placed, samples_of
from monitor.storage.importers.canonical import ACC_COLUMNS, COLUMNS
from monitor.storage.importers.parquet import META_KEY, arrow
from monitor.storage.schema import meta_rows
from monitor.stream import Floats, Samples

GROUP_ROWS = 131_072  # at most so many different values: a dictionary always fits its page of 1 MiB
_LEVEL = 9  # of zstd


def write_parquet(outgoing: Outgoing, out: Path | str, progress: Progress | None = None) -> int:
    """Write all samples with the columns of canonical CSV, float64; how many comes back.

    Raises SitwellError if pyarrow is missing or the file cannot be written, RecordingError if no table can hold it.
    """
    path = Path(out)
    arrow(path)
    gyro, blocks = samples_of(outgoing, progress)
    names = COLUMNS if gyro else ACC_COLUMNS
    said = {key: json.loads(value) for key, value in meta_rows(outgoing.meta)}
    written = 0
    with placed(path) as part, ParquetRows(part, dict.fromkeys(names, "double"), said) as rows:
        held: list[Floats] = []
        count = 0
        for block in blocks:
            held.append(_columns(block))
            count += len(block)
            while count >= GROUP_ROWS:
                whole: Floats = np.concatenate(held, axis=1)
                rows.write(list(whole[:, :GROUP_ROWS]))
                held = [whole[:, GROUP_ROWS:].copy()]  # a view would keep all of it
                count -= GROUP_ROWS
                written += GROUP_ROWS
        if count:
            rest: Floats = np.concatenate(held, axis=1)
            rows.write(list(rest))
    return written + count


class ParquetRows:
    """A Parquet file that is being written; use it in a with statement, or close it.

    columns : name and type ("double", "string", "bool", "int32") of each; said: what the schema says of the session
    """

    def __init__(self, path: Path, columns: Mapping[str, str], said: Mapping[str, Any] | None = None) -> None:
        """Create the file, or empty it. Raises SitwellError if pyarrow is missing, OSError if it cannot be created."""
        self._pa, self._parquet = arrow(path)
        metadata = {} if said is None else {META_KEY: json.dumps(said).encode()}
        fields = [self._pa.field(name, self._pa.type_for_alias(kind)) for name, kind in columns.items()]
        self._schema = self._pa.schema(fields, metadata)
        self._file = path.open("wb")
        self._writer: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, columns: Sequence[Any]) -> None:
        """Add a group of rows, best GROUP_ROWS of them; None is a null."""
        arrays = [self._pa.array(values, each.type) for values, each in zip(columns, self._schema, strict=True)]
        self._opened(arrays).write_batch(self._pa.record_batch(arrays, schema=self._schema))

    def close(self) -> None:
        """Complete and close the file; harmless when closed already."""
        if self.closed:
            return
        try:
            self._opened([]).close()
        finally:
            self._file.close()

    @property
    def closed(self) -> bool:
        """Whether the file is closed."""
        return self._file.closed

    def _opened(self, arrays: Sequence[Any]) -> Any:
        """The writer. The first rows tell which columns have few values, which a dictionary stores best."""
        if self._writer is None:
            names: list[str] = self._schema.names
            few = [not arrays or self._is_few(array) for array in arrays] or [False] * len(names)
            floats = [str(each.type) == "double" for each in self._schema]
            self._writer = self._parquet.ParquetWriter(
                self._file,
                self._schema,
                compression="zstd",
                compression_level=_LEVEL,
                use_dictionary=[name for name, yes in zip(names, few, strict=True) if yes],
                use_byte_stream_split=[
                    name for name, yes, is_float in zip(names, few, floats, strict=True) if is_float and not yes
                ],
            )
        return self._writer

    @staticmethod
    def _is_few(array: Any) -> bool:
        return 4 * len(array.unique()) <= len(array)


def _columns(block: Samples) -> Floats:
    """(4 or 7, n), a column a row."""
    sets = [block.t_s[None, :], block.acc_g.T]
    if block.gyr_dps is not None:
        sets.append(block.gyr_dps.T)
    return np.concatenate(sets)
