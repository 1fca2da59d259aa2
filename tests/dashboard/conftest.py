"""Snapshots for the dashboard's tests: a realistic morning, the same in every run."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from monitor.snapshot import Clock, LinkView, Player, Prompt, Snapshot, Span, Trace
from monitor.stream import LinkState, Posture

NOW_S = 5400.0


def morning() -> tuple[Span, ...]:
    """An hour and a half: bouts as (posture, minutes)."""
    bouts = [
        (Posture.UNKNOWN, 0.5),
        (Posture.WALKING, 2.0),
        (Posture.SITTING, 31.0),
        (Posture.STANDING, 9.0),
        (Posture.WALKING, 1.5),
        (Posture.SITTING, 18.0),
        (Posture.NO_DATA, 2.0),
        (Posture.SITTING, 6.0),
        (Posture.STANDING, 6.0),
        (Posture.WALKING, 1.4),
        (Posture.SITTING, 12.6),
    ]
    ends_s = np.cumsum([minutes * 60.0 for _, minutes in bouts])
    starts_s = np.concatenate([[0.0], ends_s[:-1]])
    return tuple(
        Span(float(start_s), float(end_s), posture)
        for (posture, _), start_s, end_s in zip(bouts, starts_s, ends_s, strict=True)
    )


def last_minute(now_s: float) -> Trace:
    """10 values a second that settle from -4 to +6 deg, with a gap of 4 s."""
    t_s = now_s - 60.0 + np.arange(600) / 10.0
    since_s = np.arange(600) / 10.0
    tilt_deg = 1.0 + 5.0 * np.tanh((since_s - 22.0) / 6.0) + 1.1 * np.sin(since_s * 1.7) + 0.4 * np.sin(since_s * 9.1)
    tilt_deg[(since_s > 40.0) & (since_s < 44.0)] = np.nan
    return Trace(t_s, tilt_deg)


def build(**changes: Any) -> Snapshot:
    """A calm snapshot with the given fields changed."""
    spans = morning()
    totals_s = {posture: sum(s.end_s - s.start_s for s in spans if s.posture is posture) for posture in Posture}
    link = LinkView("WT901BLE67", LinkState.CONNECTED, 76, 99.3, 536_100, 1_480, 0)
    calm = Snapshot(
        mode="live",
        t_s=NOW_S,
        clock="10:42:31",
        posture=Posture.SITTING,
        posture_p=0.97,
        posture_since_s=NOW_S - 754.0,
        provisional=Posture.SITTING,
        tilt_deg=6.2,
        tilt_sd_deg=1.8,
        obliquity_deg=-2.1,
        moving=False,
        zero="walking",
        band_deg=(-10.0, 10.0),
        sitting=Clock(754.0, 1800.0),
        standing=Clock(0.0, 1200.0),
        trace=last_minute(NOW_S),
        ribbon=spans,
        totals_s=totals_s,
        breaks=2,
        steps=1240,
        prompt=None,
        snoozed_s=0.0,
        link=link,
        recording="2026-03-02T0912.sqlite",
    )
    return replace(calm, **changes)


def build_alerting(**changes: Any) -> Snapshot:
    """Sitting too long, tilted back, with the prompt that says so."""
    prompt = Prompt(
        name="sitting",
        message="You have been sitting for half an hour. Stand up and walk a few steps.",
        since_s=NOW_S - 65.0,
        value=1865.0,
        limit=1800.0,
        unit="s",
        explain={
            "posture": "sitting",
            "posture_p": 0.97,
            "over_limit_s": 65.0,
            "tilt_deg": -14.2,
            "tilt_sd_deg": 1.8,
            "band_low_deg": -10.0,
            "band_high_deg": 10.0,
            "beyond_band_s": 131.0,
            "setting": "[[alert]] name = 'sitting', limit = 1800 s",
        },
    )
    alerting: dict[str, Any] = {
        "prompt": prompt,
        "tilt_deg": -14.2,
        "provisional": Posture.STANDING,
        "sitting": Clock(1865.0, 1800.0),
        "posture_since_s": NOW_S - 1865.0,
    }
    return build(**(alerting | changes))


def build_lost(**changes: Any) -> Snapshot:
    """The sensor went out of range."""
    link = LinkView("WT901BLE67", LinkState.LOST, 12, 0.0, 536_100, 9_480, 3, cause="out of range, trying again")
    lost: dict[str, Any] = {"link": link, "posture": Posture.NO_DATA, "provisional": Posture.NO_DATA, "posture_p": 1.0}
    return build(**(lost | {"posture_since_s": NOW_S - 41.0, "moving": True} | changes))


def build_paused(**changes: Any) -> Snapshot:
    """A replay, paused."""
    alerts = (0.066, 0.152, 0.44, 0.446, 0.81)
    player = Player(5400.0, 28_800.0, 8.0, paused=True, ended=False, alerts=alerts)
    return build(**({"mode": "replay", "player": player} | changes))


class Controls:
    """Player controls that keep what was asked of them; `refusal`: what they say to a next bout or alert."""

    def __init__(self) -> None:
        self.asked: list[str | tuple[str, float]] = []
        self.refusal = ""

    def pause(self) -> None:
        self.asked.append("pause")

    def faster(self) -> None:
        self.asked.append("faster")

    def slower(self) -> None:
        self.asked.append("slower")

    def seek(self, position_s: float) -> None:
        self.asked.append(("seek", position_s))

    def skip(self, seconds: float) -> None:
        self.asked.append(("skip", seconds))

    def next_bout(self, step: int) -> str:
        self.asked.append(("bout", step))
        return self.refusal

    def next_alert(self, step: int) -> str:
        self.asked.append(("alert", step))
        return self.refusal


@pytest.fixture
def make_snapshot() -> Callable[..., Snapshot]:
    return build


@pytest.fixture
def make_alerting() -> Callable[..., Snapshot]:
    return build_alerting


@pytest.fixture
def make_lost() -> Callable[..., Snapshot]:
    return build_lost


@pytest.fixture
def make_paused() -> Callable[..., Snapshot]:
    return build_paused


@pytest.fixture
def controls() -> Controls:
    return Controls()
