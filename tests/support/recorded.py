"""Sessions by script, as events and as closed recordings that hold them."""

import functools
import re
import tempfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor.states.bouts import BoutParams, Bouts
from monitor.storage.history.schema import TABLES
from monitor.storage.recorder import Recorder
from monitor.storage.schema import Meta
from monitor.stream import AlertCleared, AlertRaised, Epoch, Link, LinkState, Posture, Tick, Transition

LETTER = {
    "s": Posture.SITTING,
    "f": Posture.STANDING,
    "w": Posture.WALKING,
    "l": Posture.LYING,
    "u": Posture.UNKNOWN,
    "n": Posture.NO_DATA,
    "o": Posture.NOT_WORN,
}


def scripted(script, start_s=0.0):
    """Events of a script such as 's600 w20 s60'; 'b300': not worn for the last 300 s, as is known now."""
    bouts, t_s, events = Bouts(BoutParams()), start_s, []
    for letter, seconds in re.findall(r"([a-z])(\d+)", script):
        if letter == "b":
            events += bouts.not_worn_since(max(t_s - int(seconds), start_s))
            continue
        for _ in range(int(seconds)):
            steps = 2 if letter == "w" else 0
            epoch = Epoch(t_s, LETTER[letter], 0.9, 0.0, 0.0, 1.0, still=True, motion_mg=3.0, steps=steps)
            events += [epoch, *bouts.push(epoch)]
            t_s += 1.0
    return events + bouts.finish()


def record(path, events, started, zone="Europe/Vienna", *, source="live", sensor="WT901BLE", closed=True):
    """A recording of these events, and of no samples. started: local date and time, or Unix time."""
    if isinstance(started, str):
        started = datetime.fromisoformat(started).replace(tzinfo=ZoneInfo(zone)).timestamp()
    path.parent.mkdir(parents=True, exist_ok=True)
    end_s = max((event.t_s + 1.0 for event in events if isinstance(event, Epoch)), default=0.0)
    with Recorder.create(path, Meta(sensor, 25.0, False, started, zone, 3600, source, "0")) as recorder:  # noqa: FBT003
        recorder.write(Link(0.0, LinkState.CONNECTED))
        recorder.write(Tick(end_s), events)
        if closed:
            recorder.write(Link(end_s, LinkState.CLOSED, "session ended"))
    return path


def five(folder):
    """Paths of five sessions: two days with two each, one of which goes over midnight, and two far away."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in _five().items():
        (folder / name).write_bytes(content)
    return [folder / name for name in _five()]


@functools.cache
def _five():
    more = [
        AlertRaised(50.0, "sitting", "Get up", 1800.0, 1800.0, "s", {}),
        AlertCleared(60.0, "sitting", "recovered"),
        Transition("sit-to-stand", 600.0, 602.0, 0.9),
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record(folder / "a.sqlite", [*scripted("s700 w70 s400"), *more], "2026-06-01T08:00")
        record(folder / "b.sqlite", scripted("s500 w100 s1500"), "2026-06-01T23:45")
        record(folder / "c.sqlite", scripted("w60 s1300 b700 o100"), "2026-06-02T12:00")
        record(folder / "d.sqlite", scripted("l300 w20"), "2026-06-02T02:00", "America/New_York")
        record(folder / "e.sqlite", scripted("s90"), "2026-06-01T15:00", "America/New_York")
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def dump(db):
    """Everything that a history holds, in a form that can be compared."""
    return {table: db.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}
