"""Axivity CWA, the file of the AX3 and AX6 loggers, streamed.

A header of 1024 bytes is followed by sectors of 512 bytes, each with a checksum, a time stamp and 40 to 120 samples.
The format is that of the documents "ax3-technical" and "cwa" of the Open Movement project.

The samples are decoded by scikit-digital-health. Its decoder trusts what it reads, and writes one value past its
tables, so it gets short files made here of sectors that were checked: numbered from 0, with room for one more.
The times are worked out here: it leaves the fraction of the second out.
"""

import importlib
import math
import struct
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.errors import FileFormatError, SitwellError
from monitor.storage.importers.writing import RATES_HZ, Content
from monitor.stream import Floats

MISSING = "CWA files need the extra 'axivity': install it with pip install 'sitwell[axivity]'."

_HEADER_BYTES, _SECTOR_BYTES = 1024, 512
_SECTORS = 2048  # read at a time
_SECTOR = np.dtype(
    [
        ("magic", "S2"), ("length", "<u2"), ("fraction", "<u2"), ("session", "<u4"), ("number", "<u4"),
        ("stamp", "<u4"), ("light", "<u2"), ("temperature", "<u2"), ("events", "u1"), ("battery", "u1"),
        ("rate", "u1"), ("axes", "u1"), ("offset", "<i2"), ("count", "<u2"), ("data", "u1", 480), ("sum", "<u2"),
    ]
)  # fmt: skip
_SAMPLES = {0x32: 80, 0x30: 120, 0x62: 40}  # of a sector, by number of axes and packing
_AX6 = 0x64
_GYRO_RANGES = (2, 6)  # 2000 to 125 deg/s
_OVERLAP_S = 1.0  # a restart may come this much before what was written last, for the clock has whole samples only
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the sensor's clock knows no zone

Sectors: TypeAlias = NDArray[np.void]
Integers: TypeAlias = NDArray[np.int64]
_Bools: TypeAlias = NDArray[np.bool_]


def read_cwa(path: Path, zone: str = "") -> Content:
    """The samples of an AX3 or AX6. zone: IANA name of the zone its clock was set to, which the file does not tell.

    Raises FileFormatError, with the byte, here for a file that is no whole CWA, from `blocks` for a sector with a
    sound checksum that makes no sense. Damaged sectors are left out, and counted in the notes. Raises SitwellError if
    scikit-digital-health is missing.
    """
    file = _Cwa(path, _reader(path))
    from monitor.storage.importers.times import start_of

    start = (_EPOCH + timedelta(seconds=file.zero_s)).isoformat(" ")
    started_ns, utc_offset_s = start_of(start, zone, path)
    axes = "6, with angular rate" if file.gyro else "3, without angular rate"
    return Content(
        f"Axivity {file.model}",
        file.gyro,
        file.blocks(),
        started_utc_s=started_ns / 1_000_000_000,
        zone=zone,
        utc_offset_s=utc_offset_s,
        firmware=file.firmware,
        read=lambda: file.read,
        understood=("format        Axivity CWA", f"axes          {axes}", f"rate          {file.rate_hz:g} Hz, set"),
        notes=lambda: file.notes(zoneless=not zone),
    )


def _reader(path: Path) -> Any:
    try:
        return importlib.import_module("skdh.io").ReadCwa()
    except ImportError as error:
        raise SitwellError(f"{path}: {MISSING}") from error


@dataclass(frozen=True, slots=True)
class _Read:
    """Sectors with sound checksums, and at which byte each begins."""

    sectors: Sectors
    at: Integers

    def __add__(self, other: "_Read") -> "_Read":
        return _Read(np.concatenate((self.sectors, other.sectors)), np.concatenate((self.at, other.at)))

    def __getitem__(self, which: slice) -> "_Read":
        return _Read(self.sectors[which], self.at[which])

    def __len__(self) -> int:
        return len(self.sectors)


class _Cwa:
    """A CWA file: what its header and its first sound sector tell, and its samples."""

    def __init__(self, path: Path, reader: Any) -> None:
        self._path = path
        self._reader = reader
        self.read = 0  # bytes
        self._damaged = self._damaged_at = self._late = 0
        try:
            with path.open("rb") as file:
                header = file.read(_HEADER_BYTES)
                self._size = file.seek(0, 2)
        except OSError as error:
            raise self._unreadable(error) from error
        if len(header) < _HEADER_BYTES or header[:4] != b"MD" + struct.pack("<H", _HEADER_BYTES - 4):
            raise self._fault("there is no CWA header: copy the file again from the sensor", 0)
        if cut := (self._size - _HEADER_BYTES) % _SECTOR_BYTES:
            raise self._fault("the file ends within a sector: copy it again from the sensor", self._size - cut)
        self.model = "AX6" if header[4] == _AX6 else "AX3"
        self.firmware = str(header[41])
        first = next((read for read in self._reads() if len(read)), None)
        if first is None:
            raise self._fault("there is no sound sector: copy the file again from the sensor", _HEADER_BYTES)
        self._damaged = 0  # the sectors are read again
        self._axes, code = int(first.sectors["axes"][0]), int(first.sectors["rate"][0])
        self._code = code & 0x0F
        self.rate_hz = 3200 / (1 << 15 - self._code)
        if self._axes not in _SAMPLES:
            axes, packing = self._axes >> 4, self._axes & 0x0F
            message = f"{axes} axes in packing {packing} are not known here: export it as CSV by the sensor's software"
            raise self._fault(message, int(first.at[0]))
        if code == 0 or self.rate_hz < RATES_HZ[0]:
            message = "the sampling rate is not told: export the file as CSV by the sensor's software"
            raise self._fault(message, int(first.at[0]))
        self.gyro = self._axes >> 4 == 6
        self._check(first[:1])
        self.zero_s = 0
        index, at_s = self._anchors(first.sectors[:1])
        self.zero_s = math.floor(at_s[0] - index[0] / self.rate_hz - 0.1)  # the rate may be that much off

    def notes(self, *, zoneless: bool) -> Sequence[str]:
        """What was left out, and what is not known."""
        notes: list[str] = []
        if self._damaged:
            many = "sectors are" if self._damaged > 1 else "sector is"
            notes.append(
                f"{self._damaged} {many} damaged and left out, the first at byte {self._damaged_at}: "
                "copy the file again from the sensor if you still can."
            )
        if self._late:
            notes.append(f"{self._late} samples are not after those before them, and left out.")
        if zoneless:
            notes.append("The times tell no zone and are taken as they stand: --zone NAME tells it.")
        return notes

    def blocks(self) -> Iterator[Floats]:
        """(n, 4) or (n, 7): t_s, acceleration and angular rate; n >= 1. Sectors are timed by those beside them."""
        held: _Read | None = None
        done = 0  # of the sectors held
        last_s = -math.inf
        for read in self._reads():
            if len(read):
                self._check(read)
            held = read if held is None else held + read
            upto = len(held) - (0 if self.read >= self._size else 1)
            if upto > done:
                rows = self._in_order(self._rows(held, done, upto), held, done, last_s)
                if len(rows):
                    last_s = float(rows[-1, 0])
                    yield rows
                held, done = held[upto - 1 :], 1
        if last_s == -math.inf:
            raise self._fault("there are no samples in it: copy the file again from the sensor", _HEADER_BYTES)

    def _reads(self) -> Iterator[_Read]:
        """The sound sectors, some at a time."""
        try:
            with self._path.open("rb") as file:
                at = file.seek(_HEADER_BYTES)
                while data := file.read(_SECTORS * _SECTOR_BYTES):
                    data = data[: len(data) // _SECTOR_BYTES * _SECTOR_BYTES]
                    self.read = file.tell()
                    places = at + _SECTOR_BYTES * np.arange(len(data) // _SECTOR_BYTES)
                    sound = self._sound(data, places)
                    yield _Read(np.frombuffer(data, _SECTOR)[sound], places[sound])
                    at = file.tell()
        except OSError as error:
            raise self._unreadable(error) from error

    def _sound(self, data: bytes, places: Integers) -> _Bools:
        """Which sectors have samples that are whole; counts the damaged ones."""
        sectors = np.frombuffer(data, _SECTOR)
        raw = np.frombuffer(data, np.uint8).reshape(-1, _SECTOR_BYTES)
        whole: _Bools = (
            (sectors["magic"] == b"AX")
            & (sectors["length"] == _SECTOR_BYTES - 4)
            & (raw.view("<u2").sum(axis=1, dtype=np.uint16) == 0)
        )
        never_written: _Bools = (raw == raw[:, :1]).all(axis=1) & np.isin(raw[:, 0], (0x00, 0xFF))
        damaged = ~whole & ~never_written
        if damaged.any():
            if not self._damaged:
                self._damaged_at = int(places[int(np.argmax(damaged))])
            self._damaged += int(damaged.sum())
        return whole & (sectors["count"] > 0)

    def _check(self, read: _Read) -> None:
        """Raise FileFormatError at the first sector that is not as the first one told."""
        sectors = read.sectors
        self._refuse(sectors["axes"] != self._axes, read, "the axes change")
        self._refuse((sectors["rate"] & 0x0F) != self._code, read, "the sampling rate changes")
        self._refuse(sectors["count"] > _SAMPLES[self._axes], read, "it has more samples than a sector holds")
        if self.gyro:
            scale = sectors["light"] >> 10 & 0x07
            low, high = _GYRO_RANGES
            self._refuse((scale < low) | (scale > high), read, "the range of the gyroscope is none that is known")
        month, day, hour, minute, second = _fields(sectors["stamp"])[1:]
        bad = (month < 1) | (month > 12) | (day < 1) | (hour > 23) | (minute > 59) | (second > 59)
        self._refuse(bad, read, "there is no such date and time")

    def _refuse(self, bad: _Bools, read: _Read, what: str) -> None:
        if bad.any():
            message = f"{what}: export the file as CSV by the sensor's software"
            raise self._fault(message, int(read.at[int(np.argmax(bad))]))

    def _anchors(self, sectors: Sectors) -> tuple[Integers, Floats]:
        """Which sample of each sector, from its first, the clock was read at, and what it showed since zero_s, s."""
        year, month, day, hour, minute, second = _fields(sectors["stamp"])
        days = (np.datetime64("2000-01", "M") + (12 * year + month - 1)).astype("M8[D]").astype(np.int64) + day - 1
        whole_s = ((days * 24 + hour) * 60 + minute) * 60 + second - self.zero_s
        told = sectors["fraction"].astype(np.int64)
        fraction = np.where(told & 0x8000, (told & 0x7FFF) << 1, 0)  # in 1/65536 s
        # The index is made for readers that know no fraction: it is as many samples early as the fraction lasts.
        index = sectors["offset"].astype(np.int64) + (fraction * int(self.rate_hz) >> 16)
        return index, whole_s + fraction / 65536

    def _rows(self, read: _Read, start: int, stop: int) -> Floats:
        """The rows of some of the sectors; those on either side tell how fast the sensor samples."""
        sectors = read.sectors
        counts = sectors["count"].astype(np.int64)
        firsts = np.concatenate(([0], np.cumsum(counts)[:-1]))
        index, at_s = self._anchors(sectors)
        places = firsts + index
        before_s, after_s = self._steps(sectors, places, at_s)
        per = _SAMPLES[self._axes]
        some = slice(start, stop)
        samples = np.arange(per)[None, :] - index[some, None]  # after the clock was read
        step_s = np.where(samples > 0, after_s[some, None], before_s[some, None])
        t_s = np.round(at_s[some, None] + samples * step_s, 6)
        there = (np.arange(per)[None, :] < counts[some, None]).ravel()
        return np.column_stack((t_s.ravel()[there], self._values(sectors[some])[there]))

    def _steps(self, sectors: Sectors, places: Integers, at_s: Floats) -> tuple[Floats, Floats]:
        """Seconds from sample to sample before and after the clock was read, for each sector."""
        nominal_s = 1.0 / self.rate_hz
        apart, apart_s = np.diff(places), np.diff(at_s)
        follows = (np.diff(sectors["number"].astype(np.int64)) == 1) & (
            np.diff(sectors["session"].astype(np.int64)) == 0
        )
        near: _Bools = np.abs(apart_s - apart * nominal_s) <= 0.1 * np.abs(apart) * nominal_s
        known = follows & near & (apart > 0)
        steps_s = np.where(known, apart_s / np.maximum(apart, 1), np.nan)
        before_s, after_s = np.concatenate(([np.nan], steps_s)), np.concatenate((steps_s, [np.nan]))
        one_of = np.where(np.isnan(before_s), after_s, before_s)
        either_s = np.where(np.isnan(one_of), nominal_s, one_of)
        return np.where(np.isnan(before_s), either_s, before_s), np.where(np.isnan(after_s), either_s, after_s)

    def _values(self, sectors: Sectors) -> Floats:
        """(n * samples of a sector, 3 or 6): acceleration in g, angular rate in deg/s."""
        per = _SAMPLES[self._axes]
        clean = np.concatenate((sectors[:1], sectors))  # the first is overwritten by the second: room for one more
        fixed = {"fraction": 0, "session": 0, "events": 0, "rate": self._code, "offset": 0, "count": per, "sum": 0}
        for name, value in fixed.items():
            clean[name] = value
        clean["number"] = np.concatenate(([0], np.arange(len(sectors))))
        clean["stamp"] = 1 << 22 | 1 << 17
        words = clean.view(np.uint8).reshape(-1, _SECTOR_BYTES).view("<u2")
        words[:, -1] = -words.sum(axis=1, dtype=np.uint16)
        header = bytearray(_HEADER_BYTES)
        struct.pack_into("<2sH", header, 0, b"MD", _HEADER_BYTES - 4)
        header[35], header[36] = 0x02 if self.gyro else 0x00, self._code
        with tempfile.TemporaryDirectory() as folder:
            slice_path = Path(folder) / "slice.cwa"
            slice_path.write_bytes(bytes(header) + clean.tobytes())
            read = self._reader.predict(file=str(slice_path), tz_name="UTC")
        columns = [read["accel"], read["gyro"]] if self.gyro else [read["accel"]]
        values: Floats = np.hstack(columns)[: len(sectors) * per]
        return values

    def _in_order(self, rows: Floats, read: _Read, start: int, last_s: float) -> Floats:
        """The rows that are after all before them. Raises FileFormatError where the clock was put back."""
        latest = np.maximum.accumulate(np.concatenate(([last_s], rows[:, 0])))[:-1]
        later = rows[:, 0] > latest
        if later.all():
            return rows
        back_s = latest - rows[:, 0]
        if (back_s > _OVERLAP_S).any():
            row = int(np.argmax(back_s > _OVERLAP_S))
            sector = start + int(
                np.searchsorted(np.cumsum(read.sectors["count"][start:].astype(np.int64)), row, "right")
            )
            message = f"the clock goes back by {back_s[row]:.6g} s: export the file as CSV by the sensor's software"
            raise self._fault(message, int(read.at[sector]))
        self._late += int((~later).sum())
        return rows[later]

    def _fault(self, what: str, at: int) -> FileFormatError:
        problem, _, todo = what.partition(": ")
        return FileFormatError(f"{problem} (byte {at}): {todo}.", self._path)

    def _unreadable(self, error: OSError) -> FileFormatError:
        message = f"cannot be read ({error.strerror or error}): check its name and permissions."
        return FileFormatError(message, self._path)


def _fields(stamps: NDArray[np.uint32]) -> tuple[Integers, Integers, Integers, Integers, Integers, Integers]:
    """Year since 2000, month, day, hour, minute and second of packed times."""
    packed = stamps.astype(np.int64)
    return (
        packed >> 26 & 0x3F,
        packed >> 22 & 0x0F,
        packed >> 17 & 0x1F,
        packed >> 12 & 0x1F,
        packed >> 6 & 0x3F,
        packed & 0x3F,
    )
