"""The wearer's commands, as real processes: what they are told, and what becomes of one that fails or hangs."""

import asyncio
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.cues.hooks import CueError, as_json, named, run_hook

PYTHON = (sys.executable, "-I", "-S", "-c")
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc, to see what is alive")


def is_alive(pid):
    """Whether a process runs; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_it_is_told_the_prompt_as_one_json_line(alert, tmp_path):
    got = tmp_path / "got"
    command = (*PYTHON, "import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())", str(got))
    await run_hook(command, as_json(alert), 20.0)
    text = got.read_text(encoding="ascii")
    assert text.endswith("\n")
    assert text.count("\n") == 1
    assert json.loads(text) == {
        "type": "alert",
        "name": "sitting",
        "message": "Half an hour in the chair. Stand up — now.",
        "t_s": 1830.0,
        "value": 1801.5,
        "limit": 1800.0,
        "unit": "s",
        "explain": {"sitting_s": 1801.5, "tilt_deg": None, "posture": "sitting"},
        "again": 0,
    }


def test_a_figure_that_is_none_is_null(alert):
    told = json.loads(as_json(replace(alert, value=float("inf"), t_s=float("nan"))), parse_constant=pytest.fail)
    assert told["value"] is None
    assert told["t_s"] is None


async def test_no_shell_sees_the_command(alert, tmp_path):
    trap = tmp_path / "trap"
    got = tmp_path / "got"
    argument = f"; touch {trap} $(touch {trap}) `touch {trap}`"
    command = (*PYTHON, "import sys; open(sys.argv[1], 'w').write(sys.argv[2])", str(got), argument)
    await run_hook(command, as_json(alert), 20.0)
    assert got.read_text() == argument
    assert not trap.exists()


async def test_its_output_goes_nowhere(alert, capfd):
    await run_hook((*PYTHON, "import sys; print('out'); print('err', file=sys.stderr)"), as_json(alert), 20.0)
    assert capfd.readouterr() == ("", "")


async def test_one_that_does_not_read_is_no_failure(alert):
    huge = replace(alert, message="x" * 1_000_000)  # more than a pipe holds
    await run_hook((*PYTHON, "import os; os.close(0)"), as_json(huge), 20.0)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("sitwell-has-no-such-program", "--x"), "cannot be started"),
        ((os.devnull,), "cannot be started"),
        (("a\0b",), "cannot be started"),
        ((*PYTHON, "raise SystemExit(3)"), "failed with 3"),
    ],
)
async def test_one_that_fails_is_named_with_what_to_do(alert, command, says):
    with pytest.raises(CueError, match=says) as caught:
        await run_hook(command, as_json(alert), 20.0)
    assert named(command) in str(caught.value)


HANG = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"])
with open(sys.argv[1], "w") as file:
    file.write(str(child.pid) + "\\n")
time.sleep(60)
"""


async def within(seconds, holds):
    """Whether it comes to hold in that time."""
    end_s = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < end_s:  # noqa: ASYNC110 - another process tells us nothing
        await asyncio.sleep(0.02)
    return held


async def pid_in(path):
    """The child's process id, once the hook has written it."""
    assert await within(20.0, lambda: path.exists() and path.read_text().endswith("\n"))
    return int(path.read_text())


async def gone(pid):
    return await within(5.0, lambda: not is_alive(pid))


@needs_proc
async def test_one_that_hangs_is_killed_with_its_children(alert, tmp_path):
    path = tmp_path / "pid"
    began_s = time.monotonic()
    hook = asyncio.create_task(run_hook((*PYTHON, HANG, str(path)), as_json(alert), 3.0))
    child = await pid_in(path)
    assert is_alive(child)
    with pytest.raises(CueError, match="killed after 3 s"):
        await hook
    assert 2.9 < time.monotonic() - began_s < 10.0
    assert await gone(child)


@needs_proc
async def test_one_that_is_cancelled_is_killed_with_its_children(alert, tmp_path):
    path = tmp_path / "pid"
    hook = asyncio.create_task(run_hook((*PYTHON, HANG, str(path)), as_json(alert), 60.0))
    child = await pid_in(path)
    assert is_alive(child)
    hook.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hook
    assert await gone(child)
