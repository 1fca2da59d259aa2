"""Motion-BIDS: a data set's folder with motion data as text without a header, and what it means beside it.

As the Brain Imaging Data Structure asks for motion since its version 1.9: times are latencies to the first sample, in
s; acceleration is in m/s^2, angular rate in deg/s. The text of an acceleration is the exact decimal product, so that
dividing it by 9.80665 in decimal arithmetic gives every bit back.
"""

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from monitor import __version__
from monitor.errors import SitwellError
from monitor.storage.exporters.writing import Outgoing, Progress, Texts, placed, samples_of
from monitor.storage.schema import Meta
from monitor.stream import Floats

BIDS_VERSION = "1.9.0"
MS2_PER_G = Decimal("9.80665")
TRACKED_POINT = "LowerBack"

_ROWS = 8192
_GAP_S = 0.5
_EXACT = Context(prec=2000)
_OTHER_KINDS = ("ANGACCEL", "JNTANG", "MAGN", "MISC", "ORNT", "POS", "VEL")
_LABEL = re.compile("[0-9A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Names:
    """The labels in the names of files, of letters and digits only; session "" leaves it out."""

    subject: str = "01"
    task: str = "day"
    session: str = ""
    tracksys: str = "imu"

    def __post_init__(self) -> None:
        for name in ("subject", "task", "session", "tracksys"):
            label = getattr(self, name)
            if not _LABEL.fullmatch(label) and (label or name != "session"):
                raise SitwellError(f"Motion-BIDS takes letters and digits only for the {name}: change {label!r}.")

    @property
    def folder(self) -> Path:
        """Of the subject or its session, in the data set."""
        folder = Path(f"sub-{self.subject}")
        return folder / f"ses-{self.session}" if self.session else folder

    @property
    def start(self) -> str:
        """With which the names of its files begin."""
        return "_".join(self.folder.parts)

    @property
    def motion(self) -> str:
        """With which the names of the motion files begin."""
        return f"{self.start}_task-{self.task}_tracksys-{self.tracksys}"


def write_motion_bids(
    outgoing: Outgoing,
    root: Path | str,
    names: Names | None = None,
    progress: Progress | None = None,
    *,
    force: bool = False,
) -> int:
    """Add all samples to the data set in the folder `root`, which is made where it is not there; how many comes back.

    force: replace the same subject, session and task. Raises SitwellError if `root` is another kind of folder, if the
    files are there already or cannot be written, RecordingError if no table can hold the samples.
    """
    root, names = Path(root), names or Names()
    if root.exists() and not root.is_dir():
        raise SitwellError(f"{root} is a file: Motion-BIDS takes a folder.")
    if root.exists() and any(root.iterdir()) and not (root / "dataset_description.json").is_file():
        raise SitwellError(f"{root} holds something else than a BIDS data set: name a new or an empty folder.")
    folder = root / names.folder / "motion"
    motion = folder / f"{names.motion}_motion.tsv"
    if motion.exists() and not force:
        raise SitwellError(f"{motion} exists already: choose another subject or task, or replace it with --force.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SitwellError(f"{folder} cannot be created ({error.strerror}): choose a folder of yours.") from error
    gyro, blocks = samples_of(outgoing, progress)
    with placed(motion) as part, part.open("w", encoding="ascii", newline="") as file:
        rows = _Rows(file)
        for block in blocks:
            rows.write(block.t_s, block.acc_g, block.gyr_dps)
        rows.flush()
    meta = outgoing.meta
    _write_json(folder / f"{names.motion}_motion.json", _sidecar(meta, names, rows, gyro=gyro))
    _write_tsv(folder / f"{names.motion}_channels.tsv", _channels(meta, gyro=gyro))
    _write_json(folder / f"{names.motion}_channels.json", _FRAME)
    _add_row(
        root / names.folder / f"{names.start}_scans.tsv",
        ("filename", "acq_time"),
        (f"motion/{motion.name}", _began(meta, rows)),
    )
    _describe(root)
    _add_row(root / "participants.tsv", ("participant_id",), (f"sub-{names.subject}",))
    return rows.count


class _Rows:
    """The motion file that is being written."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._acc, self._gyr = Texts(_ms2), Texts(_plain)
        self._lines: list[str] = []
        self.count = 0
        self.first_s: float | None = None
        self.last_s = 0.0
        self._steps = 0
        self._stepped_s = 0.0  # without gaps

    def write(self, t_s: Floats, acc_g: Floats, gyr_dps: Floats | None) -> None:
        """Add a block of rows."""
        before_s = float(t_s[0]) if self.first_s is None else self.last_s
        if self.first_s is None:
            self.first_s = float(t_s[0])
        steps_s = np.diff(t_s, prepend=before_s)
        near = (steps_s > 0.0) & (steps_s < _GAP_S)
        self._steps += int(near.sum())
        self._stepped_s += float(steps_s[near].sum())
        columns = [map(self._acc.__getitem__, acc_g[:, axis].tolist()) for axis in range(3)]
        if gyr_dps is not None:
            columns += [map(self._gyr.__getitem__, gyr_dps[:, axis].tolist()) for axis in range(3)]
        self._lines += map("\t".join, zip(_latencies(t_s, self.first_s), *columns, strict=True))
        self.count += len(t_s)
        self.last_s = float(t_s[-1])
        if len(self._lines) >= _ROWS:
            self.flush()

    @property
    def rate_hz(self) -> float | None:
        """Measured between gaps."""
        return float(f"{self._steps / self._stepped_s:.6g}") if self._steps else None

    def flush(self) -> None:
        """Write the rows that are held."""
        if self._lines:
            self._file.write("\n".join(self._lines) + "\n")
            self._lines.clear()


def _latencies(t_s: Floats, first_s: float) -> Sequence[str]:
    """Seconds since the first sample, exact, never with an exponent; as far as a microsecond where that is enough."""
    micro, first = np.rint(t_s * 1e6), np.rint(first_s * 1e6)
    if first / 1e6 == first_s and (np.abs(micro) < 2.0**52).all() and (micro / 1e6 == t_s).all():
        whole, part = np.divmod((micro - first).astype(np.int64), 1_000_000)
        if whole[0] >= 0:
            return [f"{seconds}.{micros:06d}" for seconds, micros in zip(whole.tolist(), part.tolist(), strict=True)]
    start = Decimal(repr(first_s))
    return [f"{_EXACT.subtract(Decimal(repr(time)), start):f}" for time in t_s.tolist()]


def _ms2(value_g: float) -> str:
    return f"{_EXACT.multiply(Decimal(repr(value_g)), MS2_PER_G):f}"


def _plain(value: float) -> str:
    text = repr(value)
    return f"{Decimal(text):f}" if "e" in text else text


def _sidecar(meta: Meta, names: Names, rows: _Rows, *, gyro: bool) -> dict[str, Any]:
    missing = "Lost samples are left out: the latencies step over them."
    return {
        "TaskName": names.task,
        "SamplingFrequency": meta.rate_hz,
        "TrackingSystemName": names.tracksys,
        "SamplingFrequencyEffective": rows.rate_hz or meta.rate_hz,
        "RecordingDuration": round(rows.last_s - (rows.first_s or 0.0), 6),
        "MotionChannelCount": 6 if gyro else 3,
        **{f"{kind}ChannelCount": 0 for kind in _OTHER_KINDS},
        "ACCELChannelCount": 3,
        "GYROChannelCount": 3 if gyro else 0,
        "LATENCYChannelCount": 1,
        "TrackedPointsCount": 1,
        "MissingValues": missing,
        "ManufacturersModelName": meta.sensor,
        "SoftwareVersions": meta.firmware or "n/a",
        "StartTime": rows.first_s or 0.0,  # session time of the first sample, s
    }


def _channels(meta: Meta, *, gyro: bool) -> list[tuple[str, ...]]:
    rate, point = f"{meta.rate_hz:.10g}", TRACKED_POINT
    rows = [
        ("name", "component", "type", "tracked_point", "units", "reference_frame", "sampling_frequency"),
        ("latency", "n/a", "LATENCY", "n/a", "s", "n/a", rate),
    ]
    rows += [(f"acc_{axis}", axis, "ACCEL", point, "m/s^2", "sensor", rate) for axis in "xyz"]
    if gyro:
        rows += [(f"gyro_{axis}", axis, "GYRO", point, "deg/s", "sensor", rate) for axis in "xyz"]
    return rows


_FRAME = {
    "reference_frame": {
        "Description": "Frame in which the channel is to be understood.",
        "Levels": {
            "sensor": {
                "Description": "Axes as printed on the sensor, which is worn at the lower back; they turn with it. "
                "At rest the acceleration is 1 g along the axis that points up.",
                "RotationRule": "right-hand",
            }
        },
    }
}


def _began(meta: Meta, rows: _Rows) -> str:
    """When the first sample was taken, UTC; "n/a" where that is unknown."""
    if not meta.started_utc_s or rows.first_s is None:
        return "n/a"
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=meta.started_utc_s + rows.first_s)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _describe(root: Path) -> None:
    """What every data set has, where it is not there."""
    if not (root / "dataset_description.json").exists():
        by = {"Name": "sitwell", "Version": __version__, "Description": "sitwell export --format motion-bids"}
        said = {
            "Name": "Motion at the lower back",
            "BIDSVersion": BIDS_VERSION,
            "DatasetType": "raw",
            "GeneratedBy": [by],
        }
        _write_json(root / "dataset_description.json", said)
    if not any(root.glob("README*")):
        text = (
            "Acceleration, and angular rate where the sensor has a gyroscope, at the lower back. Exported by sitwell.\n"
            "Files *_motion.tsv have no header: their columns are the rows of *_channels.tsv beside them.\n"
        )
        with placed(root / "README") as part:
            part.write_text(text, encoding="utf-8", newline="\n")


def _add_row(path: Path, head: Sequence[str], row: Sequence[str]) -> None:
    """Add a row to a table that may be there, in the place of the one with the same first column."""
    rows: list[list[str]] = [list(head)]
    if path.exists():
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows = [each for each in csv.reader(file, "excel-tab") if each] or rows
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise SitwellError(f"{path} cannot be read ({error}): name a new folder.") from error
    names = rows[0]
    if head[0] not in names:
        raise SitwellError(f"{path} has no column {head[0]}: name a new folder.")
    at = names.index(head[0])
    told = dict(zip(head, row, strict=True))
    rows = [each for each in rows if len(each) <= at or each[at] != row[0]] if len(head) > 1 else rows
    if all(len(each) <= at or each[at] != row[0] for each in rows):
        rows.append([told.get(name, "n/a") for name in names])
    _write_tsv(path, rows)


def _write_tsv(path: Path, rows: Sequence[Sequence[str]]) -> None:
    with placed(path) as part:
        part.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8", newline="\n")


def _write_json(path: Path, said: Mapping[str, Any]) -> None:
    with placed(path) as part:
        part.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
