"""Which way is up: the gravity direction in the sensor frame.

With a gyroscope: VQF (Laidig & Seel 2023), fed in blocks live, its offline variant in hindsight. Without: a
2nd-order Butterworth low-pass of the specific force, causal at 1 Hz live (about 0.2 s late), zero-phase at 0.7 Hz in
hindsight; it is right only while quasi-static, and the epochs say when that is.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from vqf import VQF, offlineVQF

from monitor.signal.filters import SosFilter, lowpass, zero_phase
from monitor.stream import Floats

STANDARD_GRAVITY_MPS2 = 9.80665


@dataclass(frozen=True, slots=True)
class OrientationParams:
    """acc_cut_hz: live low-pass without gyroscope; offline_cut_hz: zero-phase low-pass in hindsight.

    most_bias_dps : largest gyroscope bias that VQF may find; 2 by its default, which a cheap sensor can pass
    """

    acc_cut_hz: float = 1.0
    offline_cut_hz: float = 0.7
    most_bias_dps: float = 5.0


def unit(v: Floats) -> Floats:
    """Rows of (N, 3) scaled to length 1; a zero row stays zero."""
    norm = np.sqrt(v[:, 0] * v[:, 0] + v[:, 1] * v[:, 1] + v[:, 2] * v[:, 2])
    return v / np.where(norm > 0.0, norm, 1.0)[:, None]


def up_from_quat(quat: Floats) -> Floats:
    """Earth's up in the sensor frame, (N, 3), from sensor-to-earth quaternions (N, 4), scalar first."""
    w, x, y, z = quat[:, 0], quat[:, 1], quat[:, 2], quat[:, 3]
    return np.stack((2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)), axis=1)


class Orientation:
    """The live estimator: causal, streaming."""

    def __init__(self, rate_hz: float, *, gyro: bool, params: OrientationParams) -> None:
        self._rate_hz = rate_hz
        self._params = params
        self._vqf = VQF(1.0 / rate_hz, biasClip=params.most_bias_dps) if gyro else None
        self._lowpass = SosFilter(lowpass(min(params.acc_cut_hz, 0.4 * rate_hz), rate_hz))

    def push(self, acc_g: Floats, gyr_dps: Floats | None) -> Floats:
        """Up, unit vectors (N, 3), sensor frame, for a block of acc_g (N, 3) and gyr_dps (N, 3) or None."""
        if self._vqf is None or gyr_dps is None:
            return unit(self._lowpass.push(acc_g))
        gyr = np.ascontiguousarray(np.deg2rad(gyr_dps))
        acc = np.ascontiguousarray(acc_g * STANDARD_GRAVITY_MPS2)
        return up_from_quat(self._vqf.updateBatch(gyr, acc)["quat6D"])

    def reset(self) -> None:
        """Start anew after a gap too long to bridge; the gyroscope bias is kept, for it belongs to the sensor."""
        self._lowpass.reset()
        if self._vqf is not None:
            bias, sigma = self._vqf.getBiasEstimate()
            self._vqf.resetState()
            self._vqf.setBiasEstimate(bias, sigma)

    def __getstate__(self) -> dict[str, Any]:
        """Parameters and moving state apart from VQF's object, which can be neither copied nor pickled."""
        state = self.__dict__.copy()
        state["_vqf"] = None if self._vqf is None else self._vqf.state
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if state["_vqf"] is not None:
            self._vqf = VQF(1.0 / self._rate_hz, biasClip=self._params.most_bias_dps)
            self._vqf.state = state["_vqf"]


def offline_up(acc_g: Floats, gyr_dps: Floats | None, rate_hz: float, params: OrientationParams) -> Floats:
    """Up, unit vectors (N, 3) in the sensor frame, of one piece without gaps, with the whole piece known."""
    if gyr_dps is not None:
        gyr = np.ascontiguousarray(np.deg2rad(gyr_dps))
        acc = np.ascontiguousarray(acc_g * STANDARD_GRAVITY_MPS2)
        return up_from_quat(offlineVQF(gyr, acc, None, 1.0 / rate_hz, {"biasClip": params.most_bias_dps})["quat6D"])
    sos = lowpass(min(params.offline_cut_hz, 0.4 * rate_hz), rate_hz)
    pad = min(len(acc_g) - 1, int(3.0 * rate_hz))
    return unit(zero_phase(sos, acc_g, pad) if pad > 0 else acc_g)
