"""How late even the least delayed packet is, where packets wait for each other: from the shape of their lateness.

Packets keep their order, so one is early only if all before it have arrived: where they follow each other faster than
the delays are long, hardly one is ever undelayed, and the line under the arrivals lies late. But none can be later than
the longest delay j, and many are nearly as late as that: the upper edge is sharp. With delays spread evenly over 0 to
j, a packet's delay is below d with probability prod min((d + i * step) / j, 1) over the packets i before it; the j by
which the lateness seen is likeliest says how far below the upper edge the undelayed ones would be. Lateness of another
shape says nothing, and nothing is taken off.
"""

import math
from typing import Final

import numpy as np

from monitor.stream import Floats

FEW: Final = 200  # fewer packets do not tell
ALONE: Final = 0.25  # packets that are usually late by less than this share of their step wait for nobody
EDGE: Final = 0.995  # the upper edge, so that a packet that once hung for a second does not move it
BIN_S: Final = 0.002
UNLIKE: Final = 0.08  # so far apart the two distributions may be (Kolmogorov's distance), else the shape is another
MOST: Final = 1.0  # no more than the usual lateness is taken off, whatever the shape


def least_delay_s(late_s: Floats, step_s: float) -> float:
    """How late the line under the arrivals is, s: at least 0.

    late_s : (N,) lateness of each packet above that line, s; step_s: time from one packet to the next, s
    """
    usual_s = float(np.median(late_s)) if len(late_s) else 0.0
    if len(late_s) < FEW or usual_s < ALONE * step_s:
        return 0.0
    edge_s = float(np.quantile(late_s, EDGE))
    under_s = np.clip(edge_s - late_s, 0.0, None)
    counts = np.bincount((under_s / BIN_S).astype(np.int64))
    longest_s = np.arange(edge_s, edge_s + MOST * usual_s + BIN_S, BIN_S)  # each j that may be
    edges_s = longest_s[:, None] - np.arange(len(counts) + 1) * BIN_S  # (j, bin): the delay at each edge of the bins
    below = np.ones_like(edges_s)
    for before in range(math.ceil(float(longest_s[-1]) / step_s) + 1):
        below *= np.clip((np.clip(edges_s, 0.0, None) + before * step_s) / longest_s[:, None], 0.0, 1.0)
    chance = np.clip(below[:, :-1] - below[:, 1:], 1e-9, None)
    together = max(1.0, edge_s / step_s)  # packets that waited for the same one are one observation
    likely = (np.log(chance) @ counts) / together
    best = int(likely.argmax())
    seen = np.cumsum(counts) / len(late_s)
    if np.abs(seen - (below[best, 0] - below[best, 1:])).max() > UNLIKE:
        return 0.0
    weights = np.exp(likely - likely.max())
    return float(weights @ longest_s / weights.sum()) - edge_s
