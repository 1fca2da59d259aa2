"""What the tests of the storage share: a session's meta data and realistic samples."""

from collections.abc import Callable

import numpy as np
import pytest

from monitor.storage.schema import Meta
from monitor.stream import Samples


@pytest.fixture
def meta() -> Meta:
    return Meta(
        sensor="WT901BLE",
        rate_hz=99.3,
        gyro=True,
        started_utc_s=1_700_000_000.25,
        zone="Europe/Vienna",
        utc_offset_s=3600,
        source="live",
        app_version="0.1.0",
        profile={"limit_deg": 12, "rules": [{"name": "tilt"}]},
    )


@pytest.fixture
def sensor() -> Callable[..., Samples]:
    """Samples as a 16-bit sensor worn by someone who sits prints them: time to 1e-6 s, 1/2048 g, 125/2048 deg/s."""

    def make(n: int, start_s: float = 0.0, rate_hz: float = 99.3, seed: int = 0, *, gyro: bool = True) -> Samples:
        random = np.random.default_rng(seed)
        t_s = np.round(start_s + np.arange(n) / rate_hz, 6)
        breath = np.sin(2 * np.pi * 0.25 * t_s)[:, None]
        acc_g = np.rint((np.array([0.98, 0.1, 0.15]) + 0.004 * breath + random.normal(0, 4 / 2048, (n, 3))) * 2048)
        gyr_dps = np.rint((0.3 * breath + random.normal(0, 0.1, (n, 3))) * 2048 / 125)
        return Samples(t_s, acc_g / 2048, (gyr_dps + 0.0) * 125 / 2048 if gyro else None)

    return make
