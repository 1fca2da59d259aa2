"""Angular rate from a second file, interpolated at the times of the acceleration; both files streamed."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from monitor.errors import FileFormatError
from monitor.storage.importers.mapping import Tally
from monitor.storage.importers.writing import GAP_S
from monitor.stream import Floats


def paired(
    acc_rows: Iterator[Floats], gyr_rows: Iterator[Floats], tally: Tally, acc_path: Path, gyr_path: Path
) -> Iterator[Floats]:
    """(n, 7) of (n, 4) with acceleration and (n, 4) with angular rate, both by the same clock.

    Rows outside the second file, or in its gaps of more than GAP_S, have no angular rate and are left out and counted.
    Raises FileFormatError if no row has one.
    """
    held = np.empty((0, 4))
    none = True
    done = False
    for rows in acc_rows:
        while not done and (not len(held) or held[-1, 0] < rows[-1, 0]):
            following = next(gyr_rows, None)
            done = following is None
            if following is not None:
                # one row before these is enough to interpolate from
                before = max(int(np.searchsorted(held[:, 0], float(rows[0, 0]), side="right")) - 1, 0)
                held = np.concatenate((held[before:], following))
        both = _joined(rows, held)
        tally.outside += len(rows) - len(both)
        if len(both):
            none = False
            yield both
    if none:
        message = f"no row lies within the times of {gyr_path.name}: are both files of the same recording?"
        raise FileFormatError(message, acc_path)


def _joined(rows: Floats, gyr: Floats) -> Floats:
    t_s, known_s = rows[:, 0], gyr[:, 0]
    if not len(gyr):
        return np.empty((0, 7))
    after = np.searchsorted(known_s, t_s)
    above_s = known_s[np.minimum(after, len(gyr) - 1)]
    exact = above_s == t_s
    between = (after > 0) & (after < len(gyr)) & (above_s - known_s[np.maximum(after, 1) - 1] <= GAP_S)
    kept = exact | between
    out = np.empty((int(kept.sum()), 7))
    out[:, :4] = rows[kept]
    for axis in (1, 2, 3):
        out[:, 3 + axis] = np.interp(t_s[kept], known_s, gyr[:, axis])
    return out
