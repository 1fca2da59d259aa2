"""The real `sitwell` command, called in this process."""

import contextlib
import io
from pathlib import Path

from monitor.cli import sitwell


def run(*arguments: str | Path) -> str:
    """Run `sitwell ARGUMENTS` and return what it printed; raises what it raises."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        sitwell.main([str(argument) for argument in arguments], prog_name="sitwell", standalone_mode=False)
    return out.getvalue()
