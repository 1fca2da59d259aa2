"""The bell of the terminal."""

import sys
from typing import TextIO


def ring_bell(terminal: TextIO | None = None) -> bool:
    """Ring it; False where stderr is no terminal, so that nobody would hear it. Waits for a terminal that is held up.

    The stderr that the process began with is meant: a dashboard puts its own in place of it.
    """
    terminal = terminal or sys.__stderr__
    if terminal is None or terminal.closed or not terminal.isatty():
        return False
    terminal.write("\a")
    terminal.flush()
    return True
