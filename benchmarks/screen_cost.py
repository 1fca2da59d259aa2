"""What the dashboard costs: `sitwell demo` in a pseudo-terminal of 120 x 40, and the same session without a screen."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SITWELL = str(Path(sys.executable).with_name("sitwell"))
COLUMNS, ROWS = 120, 40
FIRST_FRAME, LIVE_FRAME = b"Looking for the sensor", b"Pelvis from the side"
WARM_S = 8.0  # until connection, first drawing and caches are done
LONGEST_S = 60.0


@dataclass(slots=True)
class Terminal:
    """A process on its own pseudo-terminal; what it writes is read and counted."""

    pid: int
    fd: int
    begin_s: float
    seen: bytes = b""
    count: int = 0

    @classmethod
    def start(cls, arguments: list[str], environment: Mapping[str, str]) -> "Terminal":
        """Start `sitwell ARGUMENTS` in a terminal of COLUMNS x ROWS."""
        begin_s = time.perf_counter()
        pid, fd = pty.fork()
        if pid == 0:
            size = struct.pack("HHHH", ROWS, COLUMNS, 0, 0)
            fcntl.ioctl(0, termios.TIOCSWINSZ, size)
            os.execvpe(SITWELL, [SITWELL, *arguments], dict(environment))
        return cls(pid, fd, begin_s)

    def read_until(self, until_s: float, mark: bytes | None = None) -> float | None:
        """Take what comes until perf_counter() is until_s, or `mark` has come: then the seconds since the start."""
        while (left_s := until_s - time.perf_counter()) > 0.0:
            ready, _, _ = select.select([self.fd], [], [], left_s)
            if not ready:
                break
            try:
                data = os.read(self.fd, 65_536)
            except OSError:  # the other end has closed
                break
            self.count += len(data)
            if mark is not None:
                self.seen = (self.seen + data)[-200_000:]
                if mark in self.seen:
                    return time.perf_counter() - self.begin_s
        return None

    def stop(self) -> None:
        """Ask it to quit as a wearer does; end it by its id if it does not."""
        os.write(self.fd, b"q")
        limit_s = time.perf_counter() + 10.0
        ended = 0
        while not ended and time.perf_counter() < limit_s:
            self.read_until(time.perf_counter() + 0.05)
            ended, _ = os.waitpid(self.pid, os.WNOHANG)
        if not ended:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


def cpu_s(pid: int) -> float:
    """Processor seconds of a running process so far, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Load:
    """Share of one core in percent, and bytes a second to the terminal."""

    percent: float
    bytes_per_s: float


def with_screen(seconds: float, environment: Mapping[str, str], out: Path) -> Load:
    """`sitwell demo` under the dashboard."""
    terminal = Terminal.start(["demo", "--out", str(out)], environment)
    try:
        terminal.read_until(terminal.begin_s + WARM_S)
        begin_s, before_s, before = time.perf_counter(), cpu_s(terminal.pid), terminal.count
        terminal.read_until(begin_s + seconds)
        lasted_s = time.perf_counter() - begin_s
        percent = 100.0 * (cpu_s(terminal.pid) - before_s) / lasted_s
        return Load(percent, (terminal.count - before) / lasted_s)
    finally:
        terminal.stop()


def without_screen(seconds: float, environment: Mapping[str, str], out: Path) -> Load:
    """`sitwell demo --headless`, measured in the same way."""
    command = [SITWELL, "demo", "--headless", "--out", str(out)]
    with subprocess.Popen(command, env=dict(environment), stdout=subprocess.DEVNULL) as process:
        time.sleep(WARM_S)
        begin_s, before_s = time.perf_counter(), cpu_s(process.pid)
        time.sleep(seconds)
        percent = 100.0 * (cpu_s(process.pid) - before_s) / (time.perf_counter() - begin_s)
        process.terminate()
    return Load(percent, 0.0)


def frame_times_s(environment: Mapping[str, str], out: Path) -> tuple[float, float]:
    """Seconds from the command to the first frame, and to the first frame with data."""
    terminal = Terminal.start(["demo", "--out", str(out)], environment)
    try:
        times = [terminal.read_until(terminal.begin_s + LONGEST_S, mark) for mark in (FIRST_FRAME, LIVE_FRAME)]
    finally:
        terminal.stop()
    first_s, live_s = times
    if first_s is None or live_s is None:
        raise RuntimeError("the dashboard did not come up")
    return first_s, live_s
