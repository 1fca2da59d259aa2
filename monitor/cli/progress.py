"""A progress bar over session time, for the verbs that go through recordings."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

import click


@contextmanager
def session_progress(
    length_s: float, label: str, *, start_s: float | None = None, hidden: bool = False
) -> Generator[Callable[[float], None]]:
    """A bar on stderr, if someone is watching; what it yields takes the session time reached, s.

    start_s: session time of the beginning; None: the first time that is told
    """
    began_s = start_s
    with click.progressbar(
        length=max(int(length_s), 1), label=label, file=sys.stderr, hidden=hidden or not sys.stderr.isatty()
    ) as bar:

        def reached(t_s: float) -> None:
            nonlocal began_s
            began_s = t_s if began_s is None else began_s
            bar.update(max(int(t_s - began_s) - bar.pos, 0))

        yield reached
