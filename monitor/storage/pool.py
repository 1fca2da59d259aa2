"""Many files read by two processes, where there are enough of them."""

import contextlib
import os
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")


@contextlib.contextmanager
def worked(
    work: Callable[[Path], Result], paths: Sequence[Path], *, alone: int, processes: int | None = None
) -> Generator[Iterator[Result]]:
    """What `work` gives of each, in their order.

    alone: so many are read sooner than another process starts; processes: at most so many, default up to two
    """
    if processes is None:
        processes = min(2, os.cpu_count() or 1) if len(paths) > alone else 1
    if processes < 2:
        yield map(work, paths)
        return
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=leave_interrupts)
    try:
        yield pool.map(work, paths)
    finally:
        pool.shutdown(cancel_futures=True)


def leave_interrupts() -> None:
    """Ctrl-C is for the process that asked."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
