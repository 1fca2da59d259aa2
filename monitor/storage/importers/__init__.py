"""Foreign files -> recordings: canonical CSV, exports of known apps, any text by a Mapping, Axivity CWA, Parquet.

Nothing here imports what is slow before a file asks for it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.storage.importers.mapping import Mapping
    from monitor.storage.importers.writing import Content
    from monitor.stream import Floats


@dataclass(frozen=True, slots=True)
class Options:
    """What the user says of a file.

    format    : one of formats.NAMES; "" recognises it
    mapping   : how to read a text file of any other kind
    gyr_path  : a second file, with the angular rate; gyr_mapping: how to read it, None: as its format is recognised
    device    : the sensor whose rows to take, where a file has several
    sensor    : what made the file, instead of what is recognised
    zone      : IANA name of the zone of local times; start: date and time of session time 0
    """

    format: str = ""
    mapping: "Mapping | None" = None
    gyr_path: Path | None = None
    gyr_mapping: "Mapping | None" = None
    device: str = ""
    sensor: str = ""
    zone: str = ""
    start: str = ""


def open_content(path: Path, options: Options | None = None) -> "Content":
    """What a file holds. Raises FileFormatError if it is unknown, or its first rows are not as they should be.

    Its blocks raise FileFormatError at the first fault further down, with the line.
    """
    from dataclasses import replace

    options = options or Options()
    ending = path.suffix.lower()
    if ending == ".cwa":
        from monitor.storage.importers.axivity import read_cwa

        content = read_cwa(path, zone=options.zone)
    elif ending == ".parquet":
        from monitor.storage.importers.parquet import read_parquet

        content = read_parquet(path, options.zone, options.start)
    else:
        content = _text(path, options)
    return replace(content, sensor=options.sensor) if options.sensor else content


def peek(content: "Content") -> "tuple[Content, Floats]":
    """The same content, and its first block of rows. Raises FileFormatError if there is none."""
    import itertools
    from dataclasses import replace

    import numpy as np

    first = next(content.blocks, None)
    blocks: Iterator[Floats] = content.blocks if first is None else itertools.chain((first,), content.blocks)
    return replace(content, blocks=blocks), np.empty((0, 7)) if first is None else first


def _text(path: Path, options: Options) -> "Content":
    from dataclasses import replace

    from monitor.errors import FileFormatError
    from monitor.storage.importers.canonical import read_canonical
    from monitor.storage.importers.formats import recognise
    from monitor.storage.importers.mapped import read_mapped

    mapping, name = options.mapping, "columns as given"
    if mapping is None:
        name, mapping = recognise(path, options.format, options.zone, options.start, options.device)
    if mapping is None:
        if options.gyr_path is not None:
            raise FileFormatError("canonical CSV has its own columns of angular rate: leave --gyr-file out.", path)
        return read_canonical(path, options.zone, options.start)
    gyr_mapping = options.gyr_mapping
    if options.gyr_path is not None and gyr_mapping is None:
        known = "" if options.mapping else name
        _, gyr_mapping = recognise(options.gyr_path, known, options.zone, options.start, options.device)
        if gyr_mapping is None or gyr_mapping.gyr is None:
            message = "no angular rate was recognised in it: name its columns with --gyr X,Y,Z."
            raise FileFormatError(message, options.gyr_path)
    if options.gyr_path is None and mapping.acc is None:
        raise FileFormatError("it has only angular rate: import its acceleration, with this file as --gyr-file.", path)
    if gyr_mapping is not None:
        gyr_mapping = replace(gyr_mapping, acc=None)
    content = read_mapped(path, mapping, options.gyr_path, gyr_mapping)
    return replace(content, understood=(f"format        {name}", *content.understood))
