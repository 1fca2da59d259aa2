"""What was understood of a foreign file, in a few lines: a wrong unit or column is seen before it is imported."""

from datetime import UTC, datetime, timedelta

import numpy as np

from monitor.storage.importers.writing import Content
from monitor.stream import Floats

ROWS = 3


def preview(content: Content, first: Floats) -> list[str]:
    """Lines of text. first: the first block of rows, (n, 4) or (n, 7), as `peek` gives it."""
    lines = [f"from          {content.sensor}", *content.understood]
    if content.started_utc_s:
        local = datetime.fromtimestamp(content.started_utc_s, UTC) + timedelta(seconds=content.utc_offset_s)
        offset = f"{content.utc_offset_s / 3600:+g} h from UTC"
        lines.append(f"time 0 is     {local:%Y-%m-%d %H:%M:%S} {content.zone or offset}")
    else:
        lines.append("time 0 is     not known: --start tells it")
    rate_hz = content.rate_hz or _rate_hz(first)
    lines.append(f"rate          {rate_hz:.4g} Hz" if rate_hz else "rate          not known from one row")
    if len(first):
        median = float(np.median(np.linalg.norm(first[:, 1:4], axis=1)))
        lines.append(f"median |acc|  {median:.3f} g in the first {len(first)} rows, at rest it is 1")
    names = ("time s", "acc x g", "acc y g", "acc z g", "gyr x dps", "gyr y dps", "gyr z dps")
    lines.append("".join(f"{name:>12}" for name in names[: first.shape[1]]))
    lines += ["".join(f"{value:>12.6g}" for value in row) for row in first[:ROWS].tolist()]
    return lines


def _rate_hz(first: Floats) -> float:
    step_s = float(np.median(np.diff(first[:, 0]))) if len(first) > 1 else 0.0
    return 1.0 / step_s if step_s > 0.0 else 0.0
