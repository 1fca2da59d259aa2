"""Make the shipped recordings and their golden events anew: python scripts/make_recordings.py.

Simulated wearer, no radio: the files depend on nothing but the code. Read the diff of tests/golden before committing.
"""

import hashlib
from pathlib import Path

import numpy as np

from monitor.analysis import analyze
from monitor.config import default_profile, profile_to_mapping
from monitor.sources.simulator import SHORT_DAY, Scene, Wearer, script_of
from monitor.storage.recorder import Recorder
from monitor.storage.recording import Recording
from monitor.storage.schema import Meta
from monitor.storage.tables import EventsTable
from monitor.stream import Battery, Gap, Link, LinkState, Mark, Record, Samples, Started, Tick

ROOT = Path(__file__).resolve().parents[1]
STARTED_UTC_S = 1_772_438_400.0  # 2026-03-02 08:00 UTC, a Monday
OFFSET_S = 3600

Sessions = dict[str, tuple[tuple[Scene, ...], float, bool, tuple[float, float] | None]]
# name: script, rate in Hz, gyroscope, seconds without a link
SESSIONS: Sessions = {
    "tour": (SHORT_DAY, 100.0, True, None),
    "morning-acc-only": (
        script_of("""
            stand 5 -2, walk 30, sit 120 -12, sit 150 -36, stand 20, walk 75, sit 90 -14, lie 40 -90, stand 10, walk 20
        """),
        25.0,
        False,
        (200.0, 212.0),
    ),
}


def records(script: tuple[Scene, ...], rate_hz: float, gyro: bool, away: tuple[float, float] | None) -> list[Record]:
    """What a session with the simulated wearer would bring: a block, and a tick, a second."""
    wearer = Wearer(script, seed=7)
    found: list[Record] = [
        Link(0.0, LinkState.SEARCHING),
        Started(0.0, local_s=(STARTED_UTC_S + OFFSET_S) % 86_400.0, weekday=0, days_worn=30),
        Link(0.0, LinkState.CONNECTED),
        Battery(1.0, 87),
    ]
    start_s, end_s = away or (np.inf, np.inf)
    for second in range(int(wearer.duration_s)):
        t_s = np.round(np.arange(second, second + 1, 1.0 / rate_hz), 6)
        if second == start_s:
            found.append(Link(start_s, LinkState.LOST, "the sensor went out of reach or was switched off"))
        if second == end_s:
            found += [Link(end_s, LinkState.CONNECTED), Gap(start_s, end_s, "link lost")]
        if not start_s <= second < end_s:
            acc, gyr = wearer(t_s)
            # As a 16-bit sensor at 16 g and 2000 deg/s prints them.
            acc, gyr = np.round(acc * 2048.0) / 2048.0, np.round(gyr * 16.384) / 16.384
            found.append(Samples(t_s, acc, gyr if gyro else None))
        found.append(Tick(second + 1.0))
    found.append(Mark(wearer.duration_s, "mark", "end of the simulated session"))
    found.append(Link(wearer.duration_s, LinkState.CLOSED, "session ended"))
    return found


def main() -> None:
    """Write recordings/*.sqlite, recordings/SHA256SUMS and tests/golden/*.events.jsonl."""
    sums = []
    for name, (script, rate_hz, gyro, away) in SESSIONS.items():
        path = ROOT / "recordings" / f"{name}.sqlite"
        path.unlink(missing_ok=True)
        profile = default_profile()
        meta = Meta(
            sensor="simulated WT901BLE",
            rate_hz=rate_hz,
            gyro=gyro,
            started_utc_s=STARTED_UTC_S,
            zone="Europe/Paris",
            utc_offset_s=OFFSET_S,
            source="demo",
            app_version="0.1.0",
            profile=profile_to_mapping(profile),
        )
        with Recorder.create(path, meta) as recorder:
            for record in records(script, rate_hz, gyro, away):
                recorder.write(record)
        path.chmod(0o644)  # nobody's body
        golden = ROOT / "tests" / "golden" / f"{name}.events.jsonl"
        golden.parent.mkdir(exist_ok=True)
        golden.unlink(missing_ok=True)
        with Recording.open(path) as recording, EventsTable(golden) as table:
            analyze(
                recording,
                profile,
                sink=lambda record, events, _: [
                    table.write(each) for each in ([record] if isinstance(record, Gap) else []) + events
                ],
            )
        sums.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}")
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")
    (ROOT / "recordings" / "SHA256SUMS").write_text("\n".join(sums) + "\n")


if __name__ == "__main__":
    main()
