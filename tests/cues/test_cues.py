"""The sink: what is asked for is started, nothing waits for it, and no failure goes further than a sentence."""

import asyncio
import json
import os
import subprocess
import sys
import time

import pytest

from monitor import cues as module
from monitor.config import CueSettings
from monitor.cues import Cues
from monitor.cues.bell import ring_bell
from monitor.session import Session
from monitor.stream import Tick

PYTHON = (sys.executable, "-I", "-S", "-c")
QUIET = {"desktop": False, "sensor": (), "bell": "never"}
linux = pytest.mark.skipif(sys.platform != "linux", reason="the bus of a Linux desktop")


async def told_of(cues, *alerts):
    """Hand over the prompts and wait until nothing runs any more."""
    cues.write(Tick(0.0), alerts)
    async with asyncio.timeout(20.0):
        while cues._running:
            await asyncio.wait(cues._running)
    await cues.close()


class Bell:
    """A bell that counts; deaf: where nobody hears it."""

    def __init__(self, *, heard=True):
        self.rung, self.heard = 0, heard

    def __call__(self):
        self.rung += 1
        return self.heard


# ------------------------------------------------------------ the desktop and the bell


@linux
@pytest.mark.parametrize(("bell", "rings"), [("fallback", 0), ("always", 1), ("never", 0)])
async def test_where_the_desktop_shows_it_the_bell_is_a_fallback(session_bus, notification_service, alert, bell, rings):
    ring = Bell()
    cues = Cues(CueSettings(bell=bell), ring=ring)
    async with notification_service(session_bus) as shown:
        await told_of(cues, alert)
    assert shown == [("sitwell", "sitwell", alert.message)]
    assert ring.rung == rings
    assert cues.delivered == {"desktop": 1} | ({"bell": 1} if rings else {})
    assert not cues.failures


@linux
@pytest.mark.parametrize(("bell", "rings"), [("fallback", 2), ("always", 2), ("never", 0)])
async def test_without_a_desktop_the_bell_rings(no_bus, alert, bell, rings):
    ring, heard = Bell(), []
    cues = Cues(CueSettings(bell=bell), ring=ring, tell=heard.append)
    await told_of(cues, alert, alert)
    assert ring.rung == rings
    assert cues.delivered["bell"] == rings
    assert cues.failed == {"desktop": 2}
    assert len(cues.failures) == 1
    # Twice failed, once told; not at all where the bell is there to stand in.
    assert heard == ([] if bell == "fallback" else cues.failures)


async def test_with_the_desktop_switched_off_the_bell_rings(alert):
    ring = Bell()
    cues = Cues(CueSettings(desktop=False), ring=ring)
    await told_of(cues, alert)
    assert ring.rung == 1
    assert not cues.failures


async def test_a_bell_that_nobody_hears_is_no_delivery(alert):
    cues = Cues(CueSettings(desktop=False), ring=Bell(heard=False))
    await told_of(cues, alert)
    assert not cues.delivered
    assert "no terminal" in cues.failures[0]


async def test_a_dashboard_rings_its_own(alert):
    cues = Cues(CueSettings(desktop=False), ring=None)
    await told_of(cues, alert)
    assert not cues.delivered
    assert not cues.failures


RING = """
import asyncio
from monitor.config import CueSettings
from monitor.cues import Cues
from monitor.stream import AlertRaised, Tick

async def main():
    cues = Cues(CueSettings())
    cues.write(Tick(0.0), [AlertRaised(1.0, "sitting", "Up.", 2.0, 1.0, "s", {})])
    await cues.close()
    print(dict(cues.delivered), flush=True)

asyncio.run(main())
"""


def without_a_desktop():
    return {key: value for key, value in os.environ.items() if key not in {"DBUS_SESSION_BUS_ADDRESS", "DISPLAY"}}


@linux
def test_the_bell_of_a_real_terminal_rings_where_there_is_no_desktop():
    ours, theirs = os.openpty()
    done = subprocess.run(
        [sys.executable, "-c", RING], stdout=subprocess.PIPE, stderr=theirs, env=without_a_desktop(), check=True
    )
    os.close(theirs)
    assert os.read(ours, 1000) == b"\a"
    os.close(ours)
    assert done.stdout == b"{'bell': 1}\n"


@linux
def test_without_a_terminal_no_bell_gets_into_a_file():
    done = subprocess.run([sys.executable, "-c", RING], capture_output=True, env=without_a_desktop(), check=True)
    assert (done.stdout, done.stderr) == (b"{}\n", b"")


def test_no_stderr_at_all_is_no_bell(monkeypatch):
    monkeypatch.setattr(sys, "__stderr__", None)
    assert not ring_bell()


# ------------------------------------------------------------ the sensor


async def test_the_sensor_is_asked_in_the_order_of_preference(alert):
    asked = []

    async def give(kinds):
        asked.append(kinds)
        return True

    cues = Cues(CueSettings(desktop=False, bell="never", sensor=("light", "motor")), sensor_cue=give)
    await told_of(cues, alert)
    assert asked == [("light", "motor")]
    assert cues.delivered == {"sensor": 1}


@pytest.mark.parametrize("sensor", [(), ("motor",)])
async def test_a_sensor_is_not_asked_where_none_is_wanted_or_there(alert, sensor):
    async def give(kinds):
        pytest.fail("asked")

    cues = Cues(CueSettings(desktop=False, bell="never", sensor=sensor), sensor_cue=None if sensor else give)
    await told_of(cues, alert)
    assert not cues.delivered
    assert not cues.failures


@pytest.mark.parametrize("how", ["cannot", "raises", "hangs"])
async def test_a_sensor_that_gives_none_is_told_once(alert, monkeypatch, how):
    monkeypatch.setattr(module, "SENSOR_S", 0.2)

    async def give(kinds):
        if how == "raises":
            raise RuntimeError("link went away")
        if how == "hangs":
            await asyncio.sleep(60.0)
        return False

    cues = Cues(CueSettings(desktop=False, bell="never"), sensor_cue=give)
    await told_of(cues, alert, alert, alert)
    assert cues.failed == {"sensor": 3}
    assert len(cues.failures) == 1
    assert ("link went away" if how == "raises" else "motor, buzzer, light") in cues.failures[0]


# ------------------------------------------------------------ hooks


async def test_every_hook_gets_every_prompt(alert, tmp_path):
    write = "import os, sys; open(os.path.join(sys.argv[1], str(os.getpid())), 'w').write(sys.stdin.read())"
    hooks = ((*PYTHON, write, str(tmp_path)), (*PYTHON, write, str(tmp_path), "--again"))
    cues = Cues(CueSettings(**QUIET, hooks=hooks))
    await told_of(cues, alert, alert)
    got = [json.loads(path.read_text()) for path in tmp_path.iterdir()]
    assert len(got) == 4
    assert all(each["type"] == "alert" and each["name"] == "sitting" for each in got)
    assert list(cues.delivered.values()) == [2, 2]


async def test_a_failing_hook_is_told_once_and_the_others_go_on(alert, tmp_path):
    touch = (*PYTHON, "import sys; open(sys.argv[1], 'a').write('x')", str(tmp_path / "touched"))
    cues = Cues(CueSettings(**QUIET, hooks=((*PYTHON, "raise SystemExit(7)"), ("sitwell-no-such",), touch)))
    for _ in range(3):
        await told_of(cues, alert)
    assert (tmp_path / "touched").read_text() == "xxx"
    assert list(cues.failed.values()) == [3, 3]
    assert len(cues.failures) == 2


async def test_only_so_many_run_at_once(alert, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "HOOKS_AT_ONCE", 2)
    log = tmp_path / "log"
    code = (
        "import os, sys, time\n"
        "def say(what):\n"
        "    fd = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT); os.write(fd, what); os.close(fd)\n"
        "say(b'+'); time.sleep(0.2); say(b'-')"
    )
    cues = Cues(CueSettings(**QUIET, hooks=((*PYTHON, code, str(log)),) * 6))
    await told_of(cues, alert)
    said = log.read_text()
    assert said.count("+") == said.count("-") == 6
    assert max(said[:n].count("+") - said[:n].count("-") for n in range(len(said) + 1)) == 2


# ------------------------------------------------------------ the session goes on


async def test_writing_waits_for_nothing(alert):
    async def give(kinds):
        await asyncio.sleep(60.0)

    cues = Cues(
        CueSettings(**QUIET | {"sensor": ("motor",)}, hooks=((*PYTHON, "import time; time.sleep(60)"),)),
        sensor_cue=give,
    )
    began_s = time.perf_counter()
    cues.write(Tick(0.0), [alert])
    assert time.perf_counter() - began_s < 0.05
    for task in cues._running:
        task.cancel()
    await cues.close()


async def test_a_session_neither_waits_nor_ends(alert, monkeypatch):
    """The real loop, with a prompt on every record and every way hanging or failing."""
    monkeypatch.setattr(module, "GOODBYE_S", 0.0)

    class Pipeline:
        def push(self, record):
            return [alert]

        def finish(self):
            return []

    class Source:
        async def records(self):
            for t_s in range(100):
                yield Tick(float(t_s))
                await asyncio.sleep(0)

    async def give(kinds):
        raise OSError("the link is gone")

    def ring():
        raise OSError("the terminal is gone")

    class Kept:
        count = 0

        def write(self, record, events):
            self.count += 1

    hooks = ((*PYTHON, "import time; time.sleep(60)"), ("sitwell-no-such",))
    cues, kept = Cues(CueSettings(desktop=False, hooks=hooks), sensor_cue=give, ring=ring), Kept()
    began_s = time.perf_counter()
    await Session(Pipeline(), [cues, kept]).run(Source())
    assert time.perf_counter() - began_s < 1.0
    assert kept.count == 101
    await cues.close()
    assert cues.failed["sensor"] > 0
    assert cues.failed["bell"] > 0
    assert cues.failed["prompt"] > 0


async def test_closing_ends_what_still_runs(alert, monkeypatch):
    monkeypatch.setattr(module, "GOODBYE_S", 0.3)
    cues = Cues(CueSettings(**QUIET, hooks=((*PYTHON, "import time; time.sleep(60)"),), hook_timeout_s=60.0))
    cues.write(Tick(0.0), [alert])
    began_s = time.perf_counter()
    await cues.close()
    assert 0.25 < time.perf_counter() - began_s < 5.0
    assert not cues._running
    assert not cues.delivered


async def test_what_hangs_does_not_pile_up(alert, monkeypatch):
    monkeypatch.setattr(module, "MOST_RUNNING", 3)
    monkeypatch.setattr(module, "GOODBYE_S", 0.0)

    async def give(kinds):
        await asyncio.sleep(60.0)

    cues = Cues(CueSettings(**QUIET | {"sensor": ("motor",)}), sensor_cue=give)
    for _ in range(10):
        cues.write(Tick(0.0), [alert])
    assert len(cues._running) == 3
    assert cues.failed == {"prompt": 7}
    assert len(cues.failures) == 1
    await cues.close()


async def test_whatever_is_raised_goes_no_further(alert):
    def ring():
        raise OSError("the terminal is gone")

    def tell(sentence):
        raise ValueError(sentence)

    cues = Cues(CueSettings(desktop=False), ring=ring, tell=tell)
    await told_of(cues, alert)
    assert "the terminal is gone" in cues.failures[0]


async def test_other_events_give_no_cue():
    ring = Bell()
    cues = Cues(CueSettings(desktop=False), ring=ring)
    await told_of(cues)
    assert ring.rung == 0
