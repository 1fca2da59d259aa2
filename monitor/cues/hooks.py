"""The wearer's own commands: run without a shell, given the prompt as one JSON object, killed when they hang."""

import asyncio
import json
import math
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from monitor.stream import AlertRaised


class CueError(Exception):
    """A cue did not reach the wearer; the text says what to do."""


def as_json(alert: AlertRaised) -> str:
    """The prompt as one line of JSON in plain ASCII; a figure that is none is null."""
    told = {
        "type": "alert",
        "name": alert.name,
        "message": alert.message,
        "t_s": alert.t_s,
        "value": alert.value,
        "limit": alert.limit,
        "unit": alert.unit,
        "explain": dict(alert.explain),
        "again": alert.again,
    }
    return json.dumps(_finite(told), allow_nan=False)


def _finite(values: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            kept[key] = _finite(value)  # pyright: ignore[reportUnknownArgumentType]
        else:
            kept[key] = None if isinstance(value, float) and not math.isfinite(value) else value
    return kept


def named(command: tuple[str, ...]) -> str:
    """The command as the wearer would type it."""
    return shlex.join(command)


async def run_hook(command: tuple[str, ...], told: str, timeout_s: float) -> None:
    """Run it to its end with `told` on stdin. Raises CueError where it cannot start, fails or hangs.

    It leads a process group of its own: what it started dies with it when it hangs, and Ctrl-C does not reach it.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,  # ours is data, and the dashboard has the screen
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    except (OSError, ValueError) as error:
        raise CueError(f"The hook {named(command)} cannot be started ({error}): mend hooks in [cues].") from None
    try:
        async with asyncio.timeout(timeout_s):
            await process.communicate(told.encode() + b"\n")
    except TimeoutError:
        raise CueError(
            f"The hook {named(command)} was killed after {timeout_s:g} s: let it end sooner, or raise hook_timeout_s."
        ) from None
    finally:
        if process.returncode is None:  # it hangs, or the session ends
            await _kill(process)
    if process.returncode:
        raise CueError(f"The hook {named(command)} failed with {process.returncode}: run it by hand to see why.")


async def _kill(process: asyncio.subprocess.Process) -> None:
    """End the process and all that it started."""
    if sys.platform == "win32":
        ender = await asyncio.create_subprocess_exec(
            "taskkill",
            "/F",
            "/T",
            "/PID",
            str(process.pid),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await ender.wait()
    else:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
