"""A signal for a twin that tells its own time, so that the true time of every sample that arrives is known."""

import numpy as np

from monitor.stream import Floats

STEP_G = 1.0 / 32.0  # coarser than any sensor's step
LEVELS = 128  # within +-2 g, every sensor's least range
REPEATS_S = LEVELS * LEVELS / 1000.0


def telling(t_s: Floats) -> tuple[Floats, Floats]:
    """A `play`: acc x and y are the milliseconds of t_s in two digits to the base 128; no rotation."""
    ms = np.rint(t_s * 1000.0).astype(np.int64) % (LEVELS * LEVELS)
    digits = np.stack([ms % LEVELS, ms // LEVELS], axis=1)
    acc_g: Floats = np.zeros((len(ms), 3))
    acc_g[:, :2] = (digits - LEVELS // 2) * STEP_G
    return acc_g, np.zeros_like(acc_g)


def told_s(acc_g: Floats, near_s: Floats) -> Floats:
    """The time (n,) s that samples (n, 3) tell; it repeats every 16.384 s, so the one nearest to near_s (n,)."""
    digits = np.rint(acc_g[:, :2] / STEP_G) + LEVELS // 2
    within_s = (digits[:, 0] + digits[:, 1] * LEVELS) / 1000.0
    return within_s + np.rint((near_s - within_s) / REPEATS_S) * REPEATS_S
