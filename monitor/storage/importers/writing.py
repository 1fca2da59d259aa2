"""What every importer gives (Content), and how it becomes a recording: streamed, split at gaps, all or nothing."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from monitor import __version__
from monitor.errors import FileFormatError, RecordingError
from monitor.storage.recorder import Recorder
from monitor.storage.schema import Meta, appearing
from monitor.stream import Floats, Gap, Samples

GAP_S = 0.5  # a longer step of time is a gap, if it is also longer than GAP_PERIODS sample periods
GAP_PERIODS = 5.0
RATES_HZ = (1.0, 10_000.0)

Progress = Callable[[int, int], None]  # bytes read, bytes in all


@dataclass(frozen=True, slots=True)
class Content:
    """What a foreign file holds, as far as it is known before its rows are read.

    sensor        : what made it, in a few words ("Movella DOT app", "Axivity AX6")
    gyro          : whether the rows have angular rate
    blocks        : rows (n, 4) or (n, 7), n >= 1: t_s s, acc_x y z g and, with `gyro`, gyr_x y z deg/s, all finite,
                    times strictly increasing over all blocks
    started_utc_s : Unix time of t_s = 0; 0.0 where the file does not tell
    zone          : IANA name of the time zone, "" where unknown; utc_offset_s: its offset from UTC at the start, s
    rate_hz       : samples a second where the file tells it; 0.0: measured from the first block
    read          : bytes of the file read so far, for the progress bar
    understood    : what was made of the file's columns, a line each, for the preview
    notes         : sentences on what was left out or may be wrong, complete once all rows are read
    """

    sensor: str
    gyro: bool
    blocks: Iterator[Floats]
    started_utc_s: float = 0.0
    zone: str = ""
    utc_offset_s: int = 0
    rate_hz: float = 0.0
    firmware: str = ""
    read: Callable[[], int] = lambda: 0
    understood: tuple[str, ...] = ()
    notes: Callable[[], Sequence[str]] = tuple


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What was imported. start_s, end_s: first and last time stamp, session time; notes: as in Content."""

    path: Path
    samples: int
    gaps: int
    rate_hz: float
    gyro: bool
    start_s: float
    end_s: float
    notes: tuple[str, ...] = ()


def write_recording(content: Content, source: Path, out_path: Path, progress: Progress | None = None) -> ImportReport:
    """Write the rows into a new recording; a longer step of time becomes a Gap. `source`: the file, for errors.

    Raises what `content.blocks` raises, FileFormatError if there are no rows or no sampling rate, RecordingError if
    `out_path` exists or cannot be written; nothing is left behind then.
    """
    size = source.stat().st_size
    recorder: Recorder | None = None
    samples = gaps = 0
    rate_hz = start_s = last_s = 0.0
    try:
        with appearing(out_path) as part, contextlib.ExitStack() as stack:
            for rows in content.blocks:
                if recorder is None:
                    rate_hz = content.rate_hz or sampling_rate_hz(rows[:, 0], source)
                    start_s = last_s = float(rows[0, 0])
                    recorder = stack.enter_context(Recorder.create(part, _meta(content, rate_hz)))
                gaps += _write_rows(recorder, rows, last_s, rate_hz)
                last_s = float(rows[-1, 0])
                samples += len(rows)
                if progress is not None:
                    progress(content.read(), size)
            if recorder is None:
                raise FileFormatError("there are no rows in it: export it again.", source)
    except RecordingError as error:
        if error.path == str(out_path):
            raise
        raise RecordingError(f"Nothing was imported into {out_path}: {error}", out_path) from error
    return ImportReport(out_path, samples, gaps, rate_hz, content.gyro, start_s, last_s, tuple(content.notes()))


def _write_rows(recorder: Recorder, rows: Floats, before_s: float, rate_hz: float) -> int:
    """Write rows that follow time `before_s`, cut at gaps; how many gaps there are."""
    steps_s = np.diff(rows[:, 0], prepend=before_s)
    cuts = np.flatnonzero(steps_s > max(GAP_S, GAP_PERIODS / rate_hz)).tolist()
    start = 0
    for at in cuts:
        if at > start:
            recorder.write(_samples(rows[start:at]))
        last_s = float(rows[at - 1, 0]) if at else before_s
        recorder.write(Gap(last_s + 1.0 / rate_hz, float(rows[at, 0]), "no samples in the file"))
        start = at
    recorder.write(_samples(rows[start:]))
    return len(cuts)


def sampling_rate_hz(t_s: Floats, path: Path) -> float:
    """Sampling rate of t_s (N,) to 6 digits, of the steps near the median: neither gaps nor coarse times bias it.

    Raises FileFormatError, which names `path`, if there is none that a sensor has.
    """
    if len(t_s) < 2:
        raise FileFormatError("there is only one row: a sampling rate needs two.", path, 2)
    steps_s = np.diff(t_s)
    median_s = float(np.median(steps_s))
    near_s = steps_s[(steps_s > 0.5 * median_s) & (steps_s < 1.5 * median_s)]
    step_s = float(near_s.mean()) if len(near_s) else median_s
    if not 1.0 / RATES_HZ[1] <= step_s <= 1.0 / RATES_HZ[0]:
        low, high = RATES_HZ
        raise FileFormatError(
            f"time_s steps by {step_s:.6g} s, not {low:.0f} to {high:.0f} times a second: is it in seconds?",
            path,
        )
    return float(f"{1.0 / step_s:.6g}")


def _meta(content: Content, rate_hz: float) -> Meta:
    return Meta(
        sensor=content.sensor,
        rate_hz=rate_hz,
        gyro=content.gyro,
        started_utc_s=content.started_utc_s,
        zone=content.zone,
        utc_offset_s=content.utc_offset_s,
        source="import",
        app_version=__version__,
        firmware=content.firmware,
    )


def _samples(rows: Floats) -> Samples:
    return Samples(rows[:, 0], rows[:, 1:4], rows[:, 4:7] if rows.shape[1] == 7 else None)
