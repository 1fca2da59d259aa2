"""The body from the right side: a pelvis and spine that tilt as measured under the wearer's band. Pure.

The pelvis is what the sensor measures. Spine, head and leg are a schematic figure that follows it: they only make the
angle readable. Front is to the right, so anterior tilt turns clockwise. Nothing is exaggerated: 10° is drawn as 10°.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from monitor.dashboard.widgets.braille import DOWN, Dots, Row, blank, compose, ellipse, polyline
from monitor.dashboard.words import fit
from monitor.snapshot import Snapshot
from monitor.stream import Floats, Posture

# Sizes in parts of the picture's height.
HIP_HEIGHT = 0.26
SPINE_LENGTH = 0.46
PELVIS_ALONG, PELVIS_ACROSS = 0.07, 0.115
HEAD_RADIUS = 0.062
ARC_RADIUS = 0.73
THIGH_LENGTH = 0.30

ARC_DEG = 50.0  # the protractor ends here on both sides
CURVE_DEG = 15.0  # swing of the drawn spine's natural S
LEVELLING_DEG = (
    25.0  # up to this tilt a person keeps the head over the pelvis by bending the spine; beyond, the trunk goes along
)

NO_ZERO = ("no zero yet:", "walk ten steps")


def draw(snapshot: Snapshot, columns: int, rows: int) -> Sequence[Row]:
    """The figure, and a last row that says which side is front."""
    if snapshot.tilt_deg is None:
        return _centred(NO_ZERO, columns, rows)
    gap = max(columns - len("◂ back") - len("front ▸"), 1)
    sides: Row = (("◂ back" + " " * gap + "front ▸", "quiet"),)
    picture = figure(
        round(snapshot.tilt_deg), snapshot.band_deg, snapshot.posture, (columns, rows - 1), held=snapshot.moving
    )
    return [*picture, sides]


@lru_cache(maxsize=64)  # a quiet minute shows a handful of angles; the figure is the dearest picture of the 5 fps
def figure(
    tilt_deg: float, band_deg: tuple[float, float], posture: Posture, size: tuple[int, int], *, held: bool
) -> Sequence[Row]:
    """The figure alone, filling `size` = (columns, rows) characters; paler while the angle is held, not measured."""
    columns, rows = size
    zero, arc, band, bone, pelvis, pointer = (blank(columns, rows) for _ in range(6))
    unit = float(rows * DOWN)
    hip = (columns - 1.0, unit * (1.0 - HIP_HEIGHT))

    _ray(zero, hip, 0.0, (0.0, ARC_RADIUS * unit), (1, 3))
    _arc(arc, hip, ARC_RADIUS * unit, (-ARC_DEG, ARC_DEG), (1, 2))
    low, high = (float(np.clip(edge, -ARC_DEG, ARC_DEG)) for edge in band_deg)
    for thickness in (0.0, 1.0):
        _arc(band, hip, ARC_RADIUS * unit + thickness, (low, high), (1, 0))
    _leg(bone, hip, posture, unit)
    _spine(bone, hip, tilt_deg, unit)
    ellipse(pelvis, hip, PELVIS_ALONG * unit, PELVIS_ACROSS * unit, tilt_deg)
    _ray(pointer, hip, tilt_deg, ((ARC_RADIUS - 0.1) * unit, (ARC_RADIUS + 0.04) * unit), (1, 0))
    measured = "quiet" if held else "pelvis" if band_deg[0] <= tilt_deg <= band_deg[1] else "alert"
    return compose(
        [
            ("zero", zero),
            ("quiet", arc),
            ("band", band),
            ("bone", bone),
            ("quiet" if held else "pelvis", pelvis),
            (measured, pointer),
        ]
    )


def spine(tilt_deg: float, length: float) -> tuple[Floats, Floats]:
    """Points of the drawn spine from the pelvis up, relative to its foot: right +, up +."""
    part = np.linspace(0.0, 1.0, 48)
    levelled = float(np.clip(tilt_deg, -LEVELLING_DEG, LEVELLING_DEG))
    lean = tilt_deg - levelled * (1.0 - np.cos(np.pi * part)) + CURVE_DEG * np.cos(2.0 * np.pi * part)
    step = length / part.size
    return np.cumsum(np.sin(np.deg2rad(lean))) * step, np.cumsum(np.cos(np.deg2rad(lean))) * step


def _spine(dots: Dots, hip: tuple[float, float], tilt_deg: float, unit: float) -> None:
    sin, cos = np.sin(np.deg2rad(tilt_deg)), np.cos(np.deg2rad(tilt_deg))
    foot_x, foot_y = hip[0] + sin * PELVIS_ALONG * unit, hip[1] - cos * PELVIS_ALONG * unit
    right, up = spine(tilt_deg, SPINE_LENGTH * unit - PELVIS_ALONG * unit)
    for thickness in (0.0, 1.0):
        polyline(dots, foot_x + right - thickness, foot_y - up)
    toward_x, toward_y = right[-1] - right[-4], up[-1] - up[-4]
    reach = (HEAD_RADIUS * unit) / np.hypot(toward_x, toward_y)
    head = (foot_x + right[-1] + toward_x * reach, foot_y - up[-1] - toward_y * reach)
    ellipse(dots, head, HEAD_RADIUS * unit, HEAD_RADIUS * unit, 0.0)


def _leg(dots: Dots, hip: tuple[float, float], posture: Posture, unit: float) -> None:
    x, y = hip
    match posture:
        case Posture.SITTING:
            knee = x + THIGH_LENGTH * unit
            for thickness in (0.0, 1.0):
                polyline(dots, [x, knee, knee - thickness], [y + thickness, y + thickness, unit])
        case Posture.STANDING:
            for thickness in (0.0, 1.0):
                polyline(dots, [x + thickness, x + thickness], [y, unit])
        case Posture.WALKING:
            for swing in (-0.13, 0.13):
                polyline(dots, [x, x + swing * unit], [y, unit])
        case _:
            return


def _ray(
    dots: Dots, hip: tuple[float, float], angle_deg: float, reach: tuple[float, float], dash: tuple[int, int]
) -> None:
    ends = np.array(reach)
    turn = np.deg2rad(angle_deg)
    polyline(dots, hip[0] + ends * np.sin(turn), hip[1] - ends * np.cos(turn), dash=dash)


def _arc(
    dots: Dots, hip: tuple[float, float], radius: float, span_deg: tuple[float, float], dash: tuple[int, int]
) -> None:
    turn = np.deg2rad(np.linspace(*span_deg, 60))
    polyline(dots, hip[0] + radius * np.sin(turn), hip[1] - radius * np.cos(turn), dash=dash)


def _centred(lines: Sequence[str], columns: int, rows: int) -> Sequence[Row]:
    above = max((rows - len(lines)) // 2, 0)
    return [((" " * columns, ""),)] * above + [((fit(line, columns).center(columns), "quiet"),) for line in lines]
