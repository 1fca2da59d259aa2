"""Ten minutes of atheris a driver: no bytes, whatever they are, may raise out of a driver or give what cannot be.

python benchmarks/fuzz.py [--seconds 600] [--jobs 4] [NAME ...]   prints one table; needs `pip install atheris`

What is fuzzed: the decoder of a set-up connection, fed one notification after the other (its answers while being set up
are those of the sensor's twin), and the set-up itself, its answers being any bytes: only a SensorError may come of it.
"""

import argparse
import asyncio
import contextlib
import importlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from bleak import BleakClient
from document import show

from monitor.cli.virtual import virtual_sensor
from monitor.devices import DRIVERS, driver_by_name
from monitor.devices.driver import Decoder, Driver
from monitor.errors import SensorError
from monitor.evaluation.tables import Table
from monitor.sources.ble.reach import Reach

MOST_G, MOST_DPS = 64.0, 8000.0  # beyond any sensor's range: such a value is a misread one


async def answers(driver: Driver) -> list[bytes]:
    """What the twin's answers bring while it is set up, step by step."""
    brought: list[bytes] = []

    def still(t_s: Any) -> tuple[Any, Any]:
        up = np.tile([0.0, 0.0, 1.0], (len(t_s), 1))
        return up, np.zeros_like(up)

    async with virtual_sensor(still, 1.0, driver.name) as (source, _):
        found = await source.find()
        client = BleakClient(found.device, timeout=10.0, **source.connect)
        reach = Reach(driver, found.name, client, speed=1.0, on_packet=lambda _: None)
        do = reach._do  # noqa: SLF001 - the one place where every step goes through

        async def noted(step: Any) -> bytes:
            brought.append(await do(step))
            return brought[-1]

        reach._do = noted  # noqa: SLF001
        await reach.open(driver.default_rate_hz)
        await reach.close(stop=True)
    return brought


def set_up(driver: Driver, brought: list[bytes]) -> Decoder | None:
    """The decoder that these answers lead to; None where the driver refuses them."""
    steps = driver.setup(driver.default_rate_hz)
    replies = iter(brought)
    try:
        next(steps)
        for _ in range(200):
            steps.send(next(replies, b""))
    except StopIteration as finished:
        return finished.value
    except SensorError:
        return None
    raise AssertionError("a set-up without end")


def target(driver: Driver, good: list[bytes]) -> Callable[[bytes], None]:
    """One input: its first byte says what it is for, the rest is cut into notifications by length bytes."""

    def one(data: bytes) -> None:
        pieces: list[bytes] = []
        rest = data[1:]
        while rest:
            pieces.append(rest[1 : 1 + rest[0]])
            rest = rest[1 + rest[0] :]
        decoder = set_up(driver, pieces if data[:1] > b"\xc0" else good)
        if decoder is None:
            return
        for piece in pieces:
            decoded = decoder.feed(piece)
            n = len(decoded.acc_g)
            assert decoded.acc_g.shape == (n, 3)
            assert n <= 8 * max(len(piece), 64)
            assert np.isfinite(decoded.acc_g).all()
            assert np.abs(decoded.acc_g).max(initial=0.0) <= MOST_G
            if decoded.gyr_dps is not None:
                assert decoded.gyr_dps.shape == (n, 3)
                assert np.isfinite(decoded.gyr_dps).all()
                assert np.abs(decoded.gyr_dps).max(initial=0.0) <= MOST_DPS
            if decoded.t_s is not None:
                assert decoded.t_s.shape == (n,)
                assert np.isfinite(decoded.t_s).all()
            assert decoded.battery_percent is None or 0 <= decoded.battery_percent <= 100

    return one


def fuzz(name: str, seconds: int, good: list[bytes]) -> None:
    """Run atheris in this process; it ends the process itself."""
    import atheris

    for module in [each for each in sys.modules if each.startswith("monitor.devices")]:
        del sys.modules[module]
    with atheris.instrument_imports(include=["monitor.devices"]):
        devices = importlib.import_module("monitor.devices")
    driver = devices.driver_by_name(name)
    with tempfile.TemporaryDirectory() as corpus:
        Path(corpus, "empty").write_bytes(b"")
        Path(corpus, "one").write_bytes(b"\x00" + bytes((20,)) + bytes(20))
        atheris.Setup(
            [
                sys.argv[0],
                corpus,
                f"-max_total_time={seconds}",
                "-max_len=1024",
                "-verbosity=0",
                "-print_final_stats=1",
                "-rss_limit_mb=0",  # libFuzzer keeps what it compared, by gigabytes; no driver keeps anything
            ],
            target(driver, good),
        )
        atheris.Fuzz()


def main() -> int:
    """Read the command line, fuzz, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", help="sensors; all of them without")
    arguments = parser.parse_args()
    if arguments.one:
        fuzz(arguments.one, arguments.seconds, [bytes.fromhex(each) for each in json.loads(sys.stdin.read())])
        return 0
    names = arguments.names or [driver.name for driver in DRIVERS]
    rows: list[tuple[str, ...]] = []
    for at in range(0, len(names), arguments.jobs):
        running: list[tuple[str, subprocess.Popen[str]]] = []
        for name in names[at : at + arguments.jobs]:
            good = json.dumps([each.hex() for each in asyncio.run(answers(driver_by_name(name)))])
            command = [sys.executable, __file__, "--one", name, "--seconds", str(arguments.seconds)]
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(good)
            process.stdin.close()
            running.append((name, process))
        for name, process in running:
            assert process.stdout is not None
            out = process.stdout.read()
            process.wait()
            runs = next((line.split()[-1] for line in out.splitlines() if "number_of_executed_units" in line), "?")
            fine = process.returncode == 0
            rows.append((name, runs, "nothing raised" if fine else "RAISED"))
            if not fine:
                print(out[-4000:], file=sys.stderr)
    show([Table(f"atheris, {arguments.seconds} s a driver", ("driver", "inputs tried", "result"), rows)])
    return int(any(row[-1] == "RAISED" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
