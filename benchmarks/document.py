"""The words that go with every measurement: machine, versions, date."""

import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from monitor import __version__
from monitor.evaluation.tables import Table


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


def shown(table: Table) -> Table:
    """The same table, printed as soon as it is there."""
    show([table])
    print(flush=True)
    return table


def write_down(document: Path, head: Sequence[str], tables: Sequence[Table], tail: str = "") -> None:
    """A generated document: its head, the tables as sections, what stands below."""
    parts = [*head, *(table.markdown().replace("### ", "## ", 1) + "\n" for table in tables)]
    document.parent.mkdir(exist_ok=True)
    document.write_text("\n".join([*parts, *([tail] if tail else [])]), encoding="utf-8")
    print(f"written to {document.name}", file=sys.stderr)


def verdict(value: float, target: float) -> str:
    """Whether a figure that should be small is at most its target."""
    return "met" if value <= target else "missed"
