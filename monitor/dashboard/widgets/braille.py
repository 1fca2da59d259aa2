"""A braille raster: boolean dots, two wide and four high a character, turned into rows of text runs. Pure."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitor.stream import Floats

Dots: TypeAlias = NDArray[np.bool_]  # (height, width), row 0 at the top
Run: TypeAlias = tuple[str, str]  # text and its role; a role names a component class of Picture
Row: TypeAlias = tuple[Run, ...]

ACROSS, DOWN = 2, 4  # dots in a braille character
_FIRST = 0x2800
_WEIGHT = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])  # Unicode 8-dot braille, row by row
_FAR = 4.0  # points are held within this many canvas sizes, so that a wild value cannot ask for endless dots


def blank(columns: int, rows: int) -> Dots:
    """An empty canvas for `columns` x `rows` characters."""
    return np.zeros((rows * DOWN, columns * ACROSS), dtype=bool)


def polyline(dots: Dots, x: ArrayLike, y: ArrayLike, *, dash: tuple[int, int] = (1, 0)) -> None:
    """Draw the line through the points (x, y) into `dots`; x right, y down, both in dots; NaN interrupts it.

    dash = (drawn, left out), counted in dots along the line. What lies outside the canvas is not drawn.
    """
    height, width = dots.shape
    px = np.clip(np.asarray(x, dtype=float), -_FAR * width, _FAR * width)
    py = np.clip(np.asarray(y, dtype=float), -_FAR * height, _FAR * height)
    finite = np.isfinite(px) & np.isfinite(py)
    joined = np.flatnonzero(finite[:-1] & finite[1:])
    dx, dy = px[joined + 1] - px[joined], py[joined + 1] - py[joined]
    steps = np.ceil(np.maximum(np.abs(dx), np.abs(dy))).astype(int)  # dots of each segment, its last point excluded
    total = int(steps.sum())
    along: Floats = np.arange(total, dtype=float) - np.repeat(np.cumsum(steps) - steps, steps)
    part: Floats = along / np.repeat(steps, steps)
    on_x: Floats = np.concatenate([np.repeat(px[joined], steps) + part * np.repeat(dx, steps), px[finite]])
    on_y: Floats = np.concatenate([np.repeat(py[joined], steps) + part * np.repeat(dy, steps), py[finite]])
    if dash[1]:
        drawn = np.arange(total) % sum(dash) < dash[0]
        on_x, on_y = on_x[:total][drawn], on_y[:total][drawn]
    column, row = np.rint(on_x).astype(int), np.rint(on_y).astype(int)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    dots[row[inside], column[inside]] = True


def ellipse(dots: Dots, centre: tuple[float, float], along: float, across: float, turn_deg: float) -> None:
    """Fill an ellipse; `along` is the half axis that points up before it is turned clockwise by turn_deg."""
    y, x = np.mgrid[: dots.shape[0], : dots.shape[1]]
    sin, cos = np.sin(np.deg2rad(turn_deg)), np.cos(np.deg2rad(turn_deg))
    right, up = x - centre[0], centre[1] - y
    dots |= ((right * sin + up * cos) / along) ** 2 + ((right * cos - up * sin) / across) ** 2 <= 1.0


def characters(dots: Dots) -> list[str]:
    """One string a character row."""
    height, width = dots.shape
    cells = dots.reshape(height // DOWN, DOWN, width // ACROSS, ACROSS)
    codes = _FIRST + (cells * _WEIGHT[None, :, None, :]).sum(axis=(1, 3))
    return ["".join(map(chr, row)) for row in codes]


def compose(layers: Sequence[tuple[str, Dots]]) -> list[Row]:
    """All layers in one picture; a character has the role of the last layer that has a dot in it, else ''."""
    whole = np.logical_or.reduce([dots for _, dots in layers])
    height, width = whole.shape
    top = np.zeros((height // DOWN, width // ACROSS), dtype=int)
    for number, (_, dots) in enumerate(layers, start=1):
        top[dots.reshape(height // DOWN, DOWN, width // ACROSS, ACROSS).any(axis=(1, 3))] = number
    roles = ["", *(role for role, _ in layers)]
    return [_runs(text, numbers, roles) for text, numbers in zip(characters(whole), top, strict=True)]


def _runs(text: str, numbers: NDArray[np.int_], roles: Sequence[str]) -> Row:
    text = text.replace(chr(_FIRST), " ")  # an empty braille cell shows faint rings in some fonts
    edges: list[int] = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(text)]
    return tuple((text[start:end], roles[int(numbers[start])]) for start, end in pairwise(edges) if end > start)


def scale(values: Floats, low: float, high: float, height: int) -> Floats:
    """Values to dot rows: `high` is row 0, `low` the last row."""
    return (high - values) / (high - low) * (height - 1)
