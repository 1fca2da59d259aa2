"""Tables as text for a terminal and as Markdown for a document."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """A title, column heads and rows of text; `note` is a sentence below."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def text(self) -> str:
        """For the terminal: the first column to the left, the others to the right."""
        widths = [max(len(row[i]) for row in (self.head, *self.rows)) for i in range(len(self.head))]
        lines = [self._line(row, widths) for row in (self.head, *self.rows)]
        rule = "-" * len(lines[0])
        below = textwrap.wrap(self.note, max(len(rule), 80))
        return "\n".join([self.title, rule, lines[0], rule, *lines[1:], rule, *below])

    def markdown(self) -> str:
        """For the document."""
        rows = [f"| {' | '.join(row)} |" for row in (self.head, *self.rows)]
        rule = f"|{'---|' + '---:|' * (len(self.head) - 1)}"
        below = ["", self.note] if self.note else []
        return "\n".join([f"### {self.title}", "", rows[0], rule, *rows[1:], *below])

    @staticmethod
    def _line(row: Sequence[str], widths: Sequence[int]) -> str:
        first, *rest = zip(row, widths, strict=True)
        return "  ".join([first[0].ljust(first[1]), *(text.rjust(width) for text, width in rest)])


def number(value: float, decimals: int = 3) -> str:
    """A figure, or a dash where there is none."""
    return "–" if math.isnan(value) else f"{value:.{decimals}f}"


def percent(value: float, decimals: int = 1) -> str:
    """A share as percentage, or a dash."""
    return "–" if math.isnan(value) else f"{100.0 * value:.{decimals}f} %"


def interval(figure: Mapping[str, float], decimals: int = 3) -> str:
    """The 95 % interval of a figure that has one."""
    return f"{number(figure['low'], decimals)}–{number(figure['high'], decimals)}"
