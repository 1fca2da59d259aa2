"""Tables for a terminal and for a document, and the words that go with every measurement: machine, versions, date."""

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from monitor import __version__


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
        below = [self.note] if self.note else []
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


def machine() -> str:
    """Processor and software that the figures were taken on, in one sentence."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "vqf", "textual", "bumble"))
    return (
        f"{os.cpu_count()} cores of {_processor()}, {platform.system()}, Python {platform.python_version()}, {versions}"
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def heading(title: str, command: str) -> str:
    """First lines of a generated document."""
    today = datetime.now(UTC).date().isoformat()
    return f"# {title}\n\nWritten by `{command}`; do not edit. sitwell {__version__}, {today}, {machine()}.\n"


def show(tables: Sequence[Table]) -> None:
    """Print tables with a blank line between them."""
    sys.stdout.write("\n\n".join(table.text() for table in tables) + "\n")


def number(value: float, decimals: int = 3) -> str:
    """A figure, or a dash where there is none."""
    return "–" if value != value else f"{value:.{decimals}f}"  # noqa: PLR0124 - NaN


def verdict(value: float, target: float) -> str:
    """Whether a figure that should be small is at most its target."""
    return "met" if value <= target else "missed"
