"""Causal filters with carried state: cutting a signal into blocks changes nothing, to the last bit."""

# scipy.signal's own type information is partly unknown.
# pyright: reportUnknownMemberType=false

from typing import cast

import numpy as np
from scipy import signal

from monitor.stream import Floats


def lowpass(cut_hz: float, rate_hz: float, order: int = 2) -> Floats:
    """Butterworth low-pass as second-order sections, (n_sections, 6)."""
    return cast("Floats", signal.butter(order, cut_hz, "lowpass", fs=rate_hz, output="sos"))


def bandpass(low_hz: float, high_hz: float, rate_hz: float, order: int = 2) -> Floats:
    """Butterworth band-pass as second-order sections, (n_sections, 6)."""
    return cast("Floats", signal.butter(order, (low_hz, high_hz), "bandpass", fs=rate_hz, output="sos"))


def fir_lowpass(cut_hz: float, rate_hz: float, taps: int) -> Floats:
    """Linear-phase low-pass (Hamming window), (taps,); its delay is (taps - 1) / 2 samples."""
    return cast("Floats", signal.firwin(taps, cut_hz, fs=rate_hz))


class SosFilter:
    """Second-order sections along axis 0 of (N, C) blocks; starts in the steady state of its first row."""

    def __init__(self, sos: Floats) -> None:
        self._sos = sos
        self._zi: Floats | None = None

    def push(self, x: Floats) -> Floats:
        """Filter the next rows; x and the result are (N, C)."""
        if not len(x):
            return x
        if self._zi is None:
            self._zi = signal.sosfilt_zi(self._sos)[:, :, None] * x[0]
        y, self._zi = signal.sosfilt(self._sos, x, axis=0, zi=self._zi)
        return y

    def reset(self) -> None:
        """Forget the past: the next row starts a new steady state."""
        self._zi = None


class ExponentialMean:
    """Running mean of a (N,) signal that forgets the fraction `share` with each value; starts from 0."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._zi = np.zeros(1)

    def push(self, x: Floats) -> Floats:
        """The mean after each of the next values."""
        y, self._zi = signal.lfilter([self._share], [1.0, self._share - 1.0], x, zi=self._zi)
        return y

    def reset(self) -> None:
        """Forget the past."""
        self._zi = np.zeros(1)


def zero_phase(sos: Floats, x: Floats, pad: int) -> Floats:
    """Forward and backward over all of x, (N, C); `pad` < N rows are mirrored at each end."""
    return cast("Floats", signal.sosfiltfilt(sos, x, axis=0, padlen=pad))
